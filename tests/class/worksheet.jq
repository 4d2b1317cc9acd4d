# Moodle's grading worksheet, filled in. Its headers are in the language of the site, so
# columns are known by what stands in them: the first ends in the participant's number;
# the grade stands before the one that has the same number, the maximum, in every row.
# $rows: the worksheet; the input: the object that collect makes.

def number: if type == "string" then tonumber? // null else null end;

# The index of the grade's column, and the maximum.
def grade_column:
    ($rows[1:] | map(select(length > 1))) as $data
    | [range(2; $rows[0] | length) as $n
        | [$data[] | .[$n] | gsub(","; ".") | number] | unique
        | select(length == 1 and .[0] != null and .[0] > 0) | {index: ($n - 1), max: .[0]}
        | select(.index as $n | $data | all(.[$n] | . == "" or . == "-"
            or (gsub(","; ".") | number) != null))]
    | if length == 1 then .[0] else error("the worksheet has no column for the grade, or "
        + "more than one that may be it: \($rows[0] | join(", "))") end;

def hundredths: . * 100 | round | . / 100;

([.students[] | select(.participant != null and .points != null)
    | {key: .participant, value: .points}] | from_entries) as $points
| ([.exercises[].possible] | add) as $possible
| grade_column as $column
| $rows | to_entries[]
| if .key == 0 then .value
    else .value
        | (.[0] // "" | capture("(?<n>[0-9]+)$").n? // "") as $participant
        | if $points[$participant] == null then .
            else .[$column.index]
                = ($points[$participant] * $column.max / $possible
                    | hundredths | tostring)
            end
    end
| @csv
