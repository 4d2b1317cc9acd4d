# The page of one student: of the object that collect makes of a class, the student.
include "html";

def field($name): select(. != null) | @html "<dt>\($name)</dt><dd>\(.)</dd>";
def seen: select(. != null) | @html "<dt>seen</dt><dd><pre>\(.)</pre></dd>";
def read: select(. != null)
    | @html "<dt>read</dt><dd>\(.file), “\(.section)”</dd>";

# What a failed check says.
def explanation:
    "<section class=\"failed\">",
    @html "<h3>✗ \(.points)/\(.possible) \(.check)</h3>", "<dl>",
    (.done | field("done")), (.expected | field("expected")), (.seen | seen),
    (.cause | field("cause")), (.read | read), "</dl>", "</section>";

def line:
    (if .verdict == "left out" then "–" else .points end) as $points
    | "<tr class=\"\(.verdict | class)\"><td>\(.verdict | sign)</td>"
    + "<td>\($points)/\(.possible)</td>"
    + @html "<td>\(.check)"
    + (if .verdict == "left out" then @html " <small>left out: \(.reason)</small>"
        else "" end)
    + "</td></tr>";

# Why checks were not tested, each reason once.
def reasons:
    [.checks[] | select(.verdict == "not tested").reason] | unique[]
    | @html "<p>· not tested: \(.)</p>";

def files:
    [.files | to_entries[] | @html "\(.key) <code>\(.value[0:12])</code>"] | join(", ")
    | "<p class=\"files\">graded: \(.) <small>(the beginning of its SHA-256)</small></p>";

def exercise:
    @html "<h2>\(.exercise)</h2>",
    if .handed_in | not then "<p>not handed in</p>"
    elif .error then
        "<p>This could not be graded, for no fault of yours: ask your teacher.</p>",
        files
    else
        "<p class=\"points\">\(score) points</p>",
        "<table>", (.checks[] | line), "</table>", reasons, files,
        (.checks[] | select(.verdict == "failed") | explanation)
    end;

page("\(.name): \(score)"; $style; ""; "";
    @html "<h1>\(.name)</h1>",
    (select(.work | length > 1) | "<p class=\"points\">\(score) points in all</p>"),
    (.notes | select(length > 0)
        | "<ul class=\"notes\">", (.[] | @html "<li>\(.text)</li>"), "</ul>"),
    (.work[] | exercise))
