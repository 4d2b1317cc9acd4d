# Records as JUnit XML, one suite for each exercise: as GitLab and the actions of GitHub
# read it. The names are unique, and the file and line are the student's.
include "text";

# An attribute; nothing where there is no value.
def attribute($name; $value):
    if $value == null then "" else " \($name)=\"\($value | tostring | @html)\"" end;
def property($name; $value):
    "<property\(attribute("name"; $name))\(attribute("value"; $value))/>";
def properties:
    property("points"; .points) + property("possible"; .possible)
    | "<properties>\(.)</properties>";

# What says that a check has not passed.
def outcome:
    if .verdict == "failed" then
        attribute("message"; .cause // .seen // "")
        + ">\(explanation(null) | join("\n") | @html)</failure>"
        | "\n      <failure type=\"failed\"\(.)"
    elif .verdict == "passed" then ""
    else "\n      <skipped\(attribute("message"; "\(.verdict): \(.reason)"))/>" end;

def testcase:
    attribute("classname"; .exercise) + attribute("name"; "\(.number) \(.check)")
    + attribute("file"; .file) + attribute("line"; .line)
    + attribute("time"; .seconds // 0) + ">\n      \(properties)\(outcome)"
    | "    <testcase\(.)\n    </testcase>";

def count(condition): map(select(.verdict | condition)) | length;

# The checks of one exercise, and its grade.
def suite($checks; $grade):
    "  <testsuite\(attribute("name"; $grade.exercise))"
    + attribute("tests"; $checks | length)
    + attribute("failures"; $checks | count(. == "failed")) + attribute("errors"; 0)
    + attribute("skipped"; $checks | count(. == "not tested" or . == "left out"))
    + attribute("time"; $grade.seconds) + ">",
    "    \($grade | properties)", ($checks[] | testcase), "  </testsuite>";

# An exercise whose grading came to nothing, for no fault of the student's.
def no_grade:
    "  <testsuite\(attribute("name"; .exercise)) tests=\"1\" failures=\"0\" errors=\"1\">",
    "    <testcase\(attribute("classname"; .exercise)) name=\"is graded\">",
    "      <error\(attribute("message"; .reason))/>", "    </testcase>", "  </testsuite>";

"<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites>",
foreach inputs as $record ({checks: []};
    if $record.check then .checks += [$record] | .grade = null
    else .grade = $record end
    | if .grade.verdict == "error" then .suite = [.grade | no_grade] | .checks = []
        elif .grade then .suite = [suite(.checks; .grade)] | .checks = []
        else .suite = [] end;
    .suite[]),
"</testsuites>"
