# Records as a student sees them, each check as soon as its record comes: a line a check;
# then, last on the screen, the first failed check in full, the points, and what is next.
# Of several exercises each has its lines and points, and the first failed check of all
# comes at the end.
#
# Arguments: the exercises, in the order of the records; $where (after the name: what of
# it is graded), $next (what comes after this exercise, or ""), $verbose (not empty: every
# failed check in full beneath its line), $colours (not empty: with colours), $before (the
# records of the last time, in any order).
include "text";

def rows: 24; # of the smallest screen
def rows_around: 6; # its title, points, next, two lines of make, the prompt
def rows_of_broken: 3; # names of checks that passed the last time, at most

def paint($colour): painted($colour; $colours);
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

# What the points were the last time, where they were others.
def last_time:
    .points as $points | .exercise as $exercise
    | $before[] | select(.exercise == $exercise and .tools and .points != $points)
    | "(\(.points) the last time)";

def points:
    (.possible + .left_out) as $all
    | "(\(.left_out) of \($all) left out: they could not be tested here)" as $left_out
    | [("  \(.points) of \(.possible) points" | bold)]
    + (if .left_out == 0 then [] else [$left_out] end)
    + [last_time]
    | if length < 3 then join(" ") else (.[:2] | join(" ")), "  \(.[2])" end;

# Of these checks, those that have failed, and passed the last time.
def broken:
    [$before[] | select(.verdict == "passed") | {exercise, check}] as $passed
    | map(select(.verdict == "failed") | . as $now
        | select(any($passed[]; . == ($now | {exercise, check}))));

# Their names, a line each, in as many rows as there are for them.
def names_of_broken:
    if length == 0 then empty
    else "  failed now, passed the last time:",
        (.[:rows_of_broken][] | "    \(.check)"),
        if length > rows_of_broken then "    and \(length - rows_of_broken) more"
            else empty end
    end;

# Why checks were not tested, each reason once.
def reasons:
    reduce .[] as $reason ([]; if index([$reason]) then . else . + [$reason] end)
    | .[] | "not tested: \(.)" | fold | "  \("·" | paint("31")) \(.)";

def focus_in_full($rows): line(bold), in_full($rows);

# What comes after the checks of an exercise.
def summary($checks):
    ([$checks | focus] | first) as $first
    | [$checks[] | select(.verdict == "not tested").reason] as $untested
    | [$checks | broken | names_of_broken] as $broken
    | ($untested | reasons),
    (select($first and $verbose == "" and (several | not))
        | $first | "", focus_in_full(rows - rows_around - ($broken | length))),
    if .part_of then "  \($checks | length) of \(.part_of) checks run" | bold
        else points end,
    $broken[],
    if $first then "  next: \($first.check)"
        elif .part_of then "  next: all checks, for a grade"
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
