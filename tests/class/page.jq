# The page of a class, of the object that collect makes: first what is out of the
# ordinary, then the map student by check, then the checks by how many fail.
include "html";

def several: .exercises | length > 1;
def plural($one): "\(.) \($one)\(if . == 1 then "" else "s" end)";
def student:
    if .id then "<a href=\"\(link)\">" + @html "\(.name)</a>" else @html "\(.name)" end;

# ---- Head ----

def median: sort | length as $n
    | if $n == 0 then null else (.[($n - 1) / 2 | floor] + .[$n / 2 | floor]) / 2 end;
def tenths: . * 10 | round | . / 10;

def head:
    [.students[] | .points | numbers] as $points
    | ([.exercises[].short] | join(", ")) as $what
    | @html "<h1>Grades of \($what)</h1>",
    "<p>\(.students | length | plural("student")), \($points | length) with a grade"
    + (if $points | length > 0 then
        "; mean \($points | add / length | tenths), median \($points | median | tenths)"
        + " of \([.exercises[].possible] | add) points" else "" end) + ". "
    + "Made \(.made). <a href=\"grades.csv\">grades.csv</a>"
    + " <a href=\"records.jsonl\">records.jsonl</a> <a href=\"junit.xml\">junit.xml</a>"
    + " <a href=\"alike.html\">alike.html</a></p>",
    (.left_out[] | @html "<p>Left out on this machine, and not counted: \(.short), "
        + @html "\(.check) (\(.reason)).</p>");

# ---- Out of the ordinary ----

def kinds: [
    ["error", "No grade, for a fault on our side", "The same command tries again."],
    ["nothing", "Nothing handed in", ""],
    ["build", "Did not build", ""],
    ["limit", "Hit a limit", "Too many processes, too much output or time."],
    ["unsteady", "Not steady", "Graded several times, with different verdicts."],
    ["same", "Same file as another", "Alike to the byte, and not the starter's."],
    ["starter", "The starter, unchanged", ""],
    ["intake", "Not all could be taken", ""],
    ["roster", "Not in the roster", ""]];

def exception: .student | student;

# Who has the same file, once for each file.
def same:
    [group_by([.text, (.ids + [.student.id] | sort)])[]
        | @html "<li>\(.[0].text): " + ([.[] | exception] | join(", ")) + "</li>"]
    | "<ul>", .[], "</ul>";

# Those of one kind: in a line where they have nothing more to say.
def exceptions_of($kind):
    map(select(.kind == $kind[0])) | select(length > 0)
    | @html "<h3>\($kind[1]) (\(length))</h3>",
    (select($kind[2] != "") | @html "<p class=\"dim\">\($kind[2])</p>"),
    if $kind[0] == "same" then same
    elif all(.text == "") then "<p>\([.[] | exception] | join(", "))</p>"
    else "<ul>", (.[] | "<li>\(exception): " + @html "\(.text)</li>"), "</ul>" end;

def exceptions:
    [.students[] | {id, name} as $student | .exceptions[] | . + {student: $student}]
    | "<h2>Out of the ordinary</h2>",
    if length == 0 then "<p>Nothing.</p>"
    else . as $all | kinds[] | . as $kind | $all | exceptions_of($kind) end;

# ---- The map ----

# The columns: {title, text, column, group, span}; each exercise's points come first.
def sortable($column): " data-column=\"\($column)\"";

def map_head:
    "<thead><tr><th rowspan=\"2\"\(sortable(0))><button>student</button></th>"
    + (if several then "<th rowspan=\"2\"\(sortable(1))><button>all</button></th>"
        else "" end)
    + ([.exercises[] | @html "<th class=\"first\" colspan=\"\(.checks | length + 1)\">"
        + @html "\(.exercise)</th>"] | join("")) + "</tr><tr>",
    (foreach .exercises[] as $exercise ({column: (if several then 2 else 1 end)};
        .from = .column | .column += ($exercise.checks | length) + 1;
        .from as $from
        | "<th class=\"first\"\(sortable($from))>" +
            "<button>of \($exercise.possible)</button></th>"
        + ([$exercise.checks[] | "<th class=\"v\"\(sortable($from + .number))" +
            @html " title=\"\(.check)\"><button>\(.number)</button></th>"]
            | join("")))),
    "</tr></thead>";

def points_cell($class): "<td class=\"number\($class)\" data-value=\"\(.points // -1)\">"
    + (if .error then "error" else .points // "–" | tostring end) + "</td>";

def cells($exercise):
    points_cell(" first")
    + if .checks | length == 0 then
            [$exercise.checks[] | "<td class=\"v\"></td>"] | join("")
        else [.checks[] | "<td class=\"v \(.verdict | class)\">\(.verdict | sign)</td>"]
            | join("") end;

def row($exercises; $several):
    "<tr><th>\(student)</th>"
    + (if $several then {points, error: (.work | any(.error))} | points_cell("")
        else "" end)
    + ([.work | to_entries[] | .key as $n | .value | cells($exercises[$n])] | join(""))
    + "</tr>";

def map_of_class:
    .exercises as $exercises | several as $several
    | "<h2>Student by check</h2>",
    "<p class=\"dim\">✓ passed, ✗ failed, · not tested, – left out. A click on a header "
    + "sorts; the checks have their names below.</p>",
    "<div class=\"scroll\"><table class=\"map\">", map_head, "<tbody>",
    (.students[] | row($exercises; $several)), "</tbody></table></div>";

# ---- The checks ----

# What the failed records of one check have in common: each cause, and whose it is.
def causes:
    group_by(.cause) | sort_by(-length)[]
    | "<p>\(if length > 1 then "\(length) × " else "" end)"
    + @html "\(.[0].cause // "no cause is known")"
    + (.[0].read | if . then @html " <small>\(.file), “\(.section)”</small>" else "" end)
    + "</p>",
    "<p class=\"who\">\([.[].student | student] | join(", "))</p>";

def check($graded):
    .failed as $failed | ($failed | length) as $n
    | "<div class=\"check\"><div><b>\($n)</b> of \($graded)"
    + "<div class=\"bar\"><div style=\"width: "
    + "\($n * 100 / $graded | round)%\"></div></div>"
    + (if .untested > 0 then "<small>\(.untested) not tested</small>" else "" end)
    + "</div><div>",
    @html "<b>\(.short).\(.number) \(.check)</b>", ($failed | causes), "</div></div>";

def checks:
    "<h2>What was not understood</h2>",
    (. as $class | [.exercises | to_entries[] | .key as $n | .value as $exercise
        | [$class.students[] | {id, name} as $student | .work[$n] | select(.checks)
            | .checks[] + {student: $student}] as $records
        | ([$class.students[].work[$n] | select(.points != null and .handed_in)] | length)
            as $graded
        | $exercise.checks[] | . as $check
        | [$records[] | select(.number == $check.number)]
        | {short: $exercise.short, number: $check.number, check: $check.check, $graded,
            failed: map(select(.verdict == "failed")),
            untested: (map(select(.verdict == "not tested")) | length)}
        | select((.failed | length) > 0)]
    | if length == 0 then "<p>No check has failed.</p>"
        else sort_by(-(.failed | length))[] | check(.graded) end);

page("Grades of \([.exercises[].short] | join(", "))"; $style; $script; $hash;
    head, exceptions, map_of_class, checks)
