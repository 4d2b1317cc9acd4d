# grades.csv: a row a student; first what the roster says of him, or the name. A cell that
# a spreadsheet would take for a formula is disarmed.

def disarmed: if type == "string" and test("^[=+@\t\r-]") then "'\(.)" else . end;
def grade: .points // "-"; # what Moodle takes for no grade

(.roster // null) as $header
| ((if $header then $header + ["handed in as"] else ["name", "participant"] end)
    + [.exercises[].short] + ["total", "notes"] | map(disarmed)),
(.students[]
    | (if $header then (.row // ($header | map(""))) + [.entry]
        else [.name, .participant] end | map(disarmed))
    + [.work[] | grade] + [grade]
    + [[.exceptions[] | "\(.kind)\(if .text == "" then "" else ": \(.text)" end)"]
        | join("; ") | disarmed])
| map(. // "") | @csv
