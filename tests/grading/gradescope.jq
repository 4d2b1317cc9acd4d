# Records as Gradescope's results.json. What this machine can't make costs no point: the
# score is then that of the checks that were made, scaled to what all are worth.
include "text";

def short: split("_")[0];
def hundredths: . * 100 | round | . / 100;

def test:
    {number: "\(.exercise | short).\(.number)", name: .check, score: .points,
        max_score: .possible,
        status: (if .verdict == "passed" then "passed" else "failed" end),
        output: (if .verdict == "passed" then "" elif .verdict == "failed" then
            explanation(null) | join("\n") else "\(.verdict): \(.reason)" end),
        output_format: "text", tags: [.exercise, (select(.blocked) | "blocked")],
        extra_data: .};

def left_out: select(.verdict == "left out");

[inputs] as $records
| ($records | map(select(.check))) as $checks
| ($records | map(select(.tools))) as $grades
| ($records | map(select(.verdict == "error"))) as $errors
| ($grades | map(.points) | add // 0) as $points
| ($grades | map(.possible) | add // 0) as $possible
| ($grades | map(.left_out) | add // 0) as $left_out
| {tests: ($checks | map(select(.verdict != "left out") | test)),
    execution_time: ($grades | map(.seconds) | add // 0),
    stdout_visibility: "hidden",
    output: ([($errors[] | "\(.exercise | short) could not be graded, for no fault of "
            + "yours. Tell your teacher: \(.reason)"),
        ($checks[] | left_out | "Left out, and not counted: \(.exercise | short), "
            + "\(.check) (\(.reason)).")] | join("\n")),
    output_format: "text",
    extra_data: {grades: $grades, errors: $errors}}
| if $left_out > 0 and $possible > 0
    then .score = ($points * ($possible + $left_out) / $possible | hundredths)
    elif $checks == [] then .score = 0
    else . end
