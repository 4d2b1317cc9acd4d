# Records as a student sees them, each check as soon as its record comes: a line a check;
# then, last on the screen, the first failed check in full, the points, and what is next.
# Of several exercises each has its lines and points, and the first failed check of all
# comes at the end.
#
# Arguments: the exercises, in the order of the records; $where (after the name: what of
# it is graded), $next (what comes after this exercise, or ""), $verbose (not empty: every
# failed check in full beneath its line), $colours (not empty: with colours).
include "text";

def rows: 24; # of the smallest screen
def rows_around: 6; # its title, points, next, two lines of make, the prompt

def paint($colour): if $colours == "" then . else "\u001b[\($colour)m\(.)\u001b[0m" end;
def bold: paint("1");
def dim: paint("2");
def mark:
    if . == "passed" then "✓" | paint("32")
    elif . == "failed" then "✗" | paint("31")
    elif . == "not tested" then "·" | paint("31")
    else "-" | paint("33") end;

def several: $ARGS.positional | length > 1;
def title: . + $where | bold;

# The line of a check: "  ✓ 2/2   listens on the port it is given".
def line(name):
    (if .verdict == "left out" then "-" else .points end) as $points
    | "  \(.verdict | mark) \("\($points)/\(.possible)     "[0:5]) \(.check | name)";
def in_full($rows): explanation($rows)[] | "    \(.)";

# What stands beneath the line of a check.
def beneath:
    if .verdict == "left out" then "    left out: \(.reason)" | dim
    elif $verbose != "" and .verdict == "failed" then in_full(null)
    else empty end;

def points:
    (.possible + .left_out) as $all
    | ("  \(.points) of \(.possible) points" | bold)
    + if .left_out == 0 then ""
        else " (\(.left_out) of \($all) left out: they could not be tested here)" end;

# Why checks were not tested, each reason once.
def reasons:
    reduce .[] as $reason ([]; if index([$reason]) then . else . + [$reason] end)
    | .[] | "not tested: \(.)" | fold | "  \("·" | paint("31")) \(.)";

# The check that is to be mended first.
def focus:
    first((.[] | select(.verdict == "failed")), (.[] | select(.verdict == "not tested")));
def focus_in_full($rows): line(bold), in_full($rows);

# What comes after the checks of an exercise.
def summary($checks):
    ([$checks | focus] | first) as $first
    | [$checks[] | select(.verdict == "not tested").reason] as $untested
    | ($untested | reasons),
    (select($first and $verbose == "" and (several | not))
        | $first | "", focus_in_full(rows - rows_around)),
    points,
    if $first then "  next: \($first.check)"
        elif several or $next == "" then empty
        else "  next: \($next)" end;

# What comes after several exercises.
def total:
    (select(.first and $verbose == "") | .first
        | "", (.exercise | title), focus_in_full(rows - rows_around - 2)),
    "",
    "The whole lab: \(.points) of \(.possible) points"
    + if .left_out == 0 then ""
        else " (\(.left_out) left out: they could not be tested here)" end;

($ARGS.positional[0] | title),
foreach (inputs, null) as $record (
    {out: [], checks: [], first: null, graded: 0, points: 0, possible: 0, left_out: 0};
    if $record == null then .out = [select(several) | total]
    elif $record.check then .checks += [$record] | .out = [$record | line(.), beneath]
    else .checks as $checks
        | .out = [$record | summary($checks)]
        | .graded += 1
        | if .graded < ($ARGS.positional | length)
            then .out += ["", ($ARGS.positional[.graded] | title)] else . end
        | .first = (.first // ([$checks | focus] | first))
        | .points += $record.points | .possible += $record.possible
        | .left_out += $record.left_out | .checks = [] end;
    .out[])
