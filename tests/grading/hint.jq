# Hints for the check of these records that is to be mended first: what is expected and
# where to read, then the likely cause and the place, then lines of the solution, a few
# more each time. Arguments: $code (of the solution, or ""), $source (where that stands),
# $lines (so many of it at a time), $opened (how many hints), $command (opens the next).
include "text";

def indented: "    \(.)";
def place: if .line then "\(.file), line \(.line)" else .file end;

# The hints that there are, each as its lines.
def hints:
    [(.expected | labelled("expected")),
        (select(.seen == null) | .reason | labelled("reason")),
        (.read | select(.) | "\(.file), \"\(.section)\"" | labelled("read"))
        | indented],
    [(.cause | labelled("cause")), (place | labelled("yours")) | indented],
    ($code | split("\n") | map(select(test("\\S"))) | range(0; length; $lines) as $n
        | [select($n == 0) | "solution  \($source)" | indented] + .[$n:$n + $lines]);

[inputs | select(.check)] | focus
| [hints | select(length > 0)] as $hints
| ([$opened, ($hints | length)] | min) as $n
| .check, $hints[:$n][][],
    "hint \($n) of \($hints | length): " + if $n < ($hints | length)
        then "\($command) opens the next" else "that is all there is" end
