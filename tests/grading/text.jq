# How a record reads: what the renderings for people share. No line is longer than 76
# columns, so that four more stand before it.

def painted($colour; $colours):
    if $colours == "" then . else "\u001b[\($colour)m\(.)\u001b[0m" end;

# Of the records of an exercise the check that is to be mended first.
def focus:
    first((.[] | select(.verdict == "failed")), (.[] | select(.verdict == "not tested")));

# Lines of at most 66 columns, broken at a space where there is one.
def fold:
    if length <= 66 then .
    else ((match("^.{0,65}\\S(?= |$)").string? // null) // .[0:66]) as $line
        | $line, (.[$line | length:] | sub("^ +"; "") | select(. != "") | fold) end;

# Lines of a source as a compiler shows them, with carets below: not folded, but cut, with
# the carets in sight, and all at the same columns.
def is_code: test("^ *[0-9]* \\| ?");
def cut_code:
    (map(capture("^(?<gutter> *[0-9]* \\| ?)(?<code>.*)$"))) as $lines
    | ([$lines[] | select(.gutter | test("[0-9]") | not).code | match("[~^]").offset]
        | max) as $caret
    | (if ($caret // 0) > 45 then $caret - 45 else 0 end) as $from
    | $lines[] | (.gutter + .code[$from:])[0:66];

# The lines of what was seen.
def seen_lines:
    reduce split("\n")[] as $line ([];
        if ($line | is_code) and (.[-1] | type) == "array" then .[-1] += [$line]
        elif $line | is_code then . + [[$line]]
        else . + [$line] end)
    | [.[] | if type == "array" then cut_code else fold end];

# As many of these lines as fit into $rows, and one that says how many do not. They are the
# first; of a conversation, those around the step that failed, and of the steps before it
# only the first line each.
def window($rows):
    if $rows == null or length <= $rows then .
    else length as $all | ([$rows - 1, 3] | max) as $n
        | ([range($all) as $i | select(.[$i] | test("^ *[0-9.]+ +\\S+ +! ")) | $i]
            | first) as $step
        | [to_entries[] | select(.key >= ($step // 0) or (.value | test("^ {12}") | not))]
        | ([map(.key) | index($step // 0), 0] | max + 2 + ($n / 3 | floor)) as $wanted
        | ([length, ([$n, $wanted] | max)] | min) as $stop
        | map(.value)[([$stop - $n, 0] | max):$stop]
        | . + ["(\($all - length) more lines: V=1 shows all)"] end;

# These lines after a label of ten columns.
def after($name):
    to_entries[] | (if .key == 0 then $name else "" end + " " * 10)[0:10] + .value;
def labelled($name): select(. != null) | [split("\n")[] | fold] | after($name);

# What a failed check says, as lines: all of it, or as $rows of them.
def explanation($rows):
    [(.done | labelled("done")), (.expected | labelled("expected"))] as $before
    | [(.cause | labelled("cause")),
        (.read | select(.) | "\(.file), \"\(.section)\"" | labelled("read"))] as $after
    | $before + [.seen // empty | seen_lines
        | window(if $rows then $rows - ($before + $after | length) else null end)
        | after("seen")] + $after
    + [select(.seen == null) | .reason | labelled("reason")];
