# The last grades of exercises as bars, and what is next: of the first that has not its
# full points. Arguments: the exercises, whether they have records or not; $colours (not
# empty: with colours).
include "text";

def width: 20;
def short: split("_")[0];

# A grade, or null where there is none.
def bar:
    (if . == null or .possible == 0 then 0 else .points * width / .possible | floor end)
        as $full
    | (if $full == width then "32" else "33" end) as $colour
    | (if $full == 0 then "" else "#" * $full | painted($colour; $colours) end)
    + (if $full == width then "" else "-" * (width - $full) end);
def points: if . == null then "not graded yet" else "\(.points) of \(.possible)" end;

def full: . != null and .points == .possible;

# The command that comes next, or the check that is to be mended.
def next($exercise; $grade; $checks):
    ($exercise | short) as $short
    | if $grade == null then "next: make check-\($short)"
        else "next: \($short), \($checks | focus.check)" end;

[inputs] as $records
| [$ARGS.positional[] as $exercise
    | [$records[] | select(.exercise == $exercise)]
    | {$exercise, grade: (map(select(.tools)) | last), checks: map(select(.check))}]
    as $all
| ($all | map(.exercise | short | length) | max) as $column
| ($all[] | (.exercise | short) as $short
    | "\($short)\(" " * ($column + 2 - ($short | length)))\(.grade | bar)  "
    + (.grade | points)),
(first($all[] | select(.grade | full | not) | next(.exercise; .grade; .checks))
    // "all done, this was the last exercise")
