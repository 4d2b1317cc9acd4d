# Records as Markdown, for the summary of a job or the text of a release. Whatever a
# program has printed stands in indented blocks, where it is code.
include "text";

# A line of prose: no HTML, no mark of a table.
def prose: gsub("\\s+"; " ") | @html | gsub("\\|"; "\\|");

def sign: {passed: "✓", failed: "✗", "not tested": "·", "left out": "–"}[.];
def row:
    (if .verdict == "left out" then "–" else .points end) as $points
    | "| \(.verdict | sign) | \($points)/\(.possible) | \(.check | prose) |";

def block: "", ("    " + (split("\n")[])), "";
def in_full:
    "", "### ✗ \(.check | prose)", (explanation(null) | join("\n") | block);

def reasons:
    [.[] | select(.verdict == "not tested" or .verdict == "left out")
        | "\(.verdict): \(.reason)"] | unique[] | block;

def exercise($checks):
    if .verdict == "error" then
        "", "## \(.exercise): no grade", "", "For no fault of yours: ask your teacher.",
        (.reason | block)
    else "", "## \(.exercise): \(.points) of \(.possible) points", "",
        "| | points | check |", "|---|---|---|", ($checks[] | row),
        ($checks | reasons), ($checks[] | select(.verdict == "failed") | in_full)
    end;

foreach inputs as $record ({checks: []};
    if $record.check then .checks += [$record] | .out = []
    else .out = [.checks as $checks | $record | exercise($checks)] | .checks = [] end;
    .out[])
