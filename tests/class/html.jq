# What the pages have in common. Whatever a hand-in wrote goes through @html: it is text.

# A page without anything from elsewhere; no script runs in it but that with the hash.
def page($title; $style; $script; $hash; body):
    (if $script == "" then "" else " script-src 'sha256-\($hash)';" end) as $allowed
    | "<!DOCTYPE html>", "<html lang=\"en\">", "<head>", "<meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
        + "\($allowed) style-src 'unsafe-inline'\">",
    @html "<title>\($title)</title>", "<style>\n\($style)</style>", "</head>", "<body>",
    body,
    (select($script != "") | "<script>\($script)</script>"),
    "</body>", "</html>";

# Where the feedback of a student lies, from the page of the class.
def link: "students/\(.id | @uri)/feedback.html";

# "15 of 20", or what stands for no grade.
def score:
    if .points == null then "no grade" else "\(.points) of \(.possible)" end;

# The sign of a verdict.
def sign: {passed: "✓", failed: "✗", "not tested": "·", "left out": "–"}[.];
def class: {passed: "p", failed: "f", "not tested": "n", "left out": "l"}[.];
