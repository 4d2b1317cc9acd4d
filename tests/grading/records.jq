# What bats tells of one exercise, line by line, becomes records. See records, which calls
# this, and README.md.

# What may be shown, whatever a program has printed: no control characters, and nothing
# that XML does not allow. Bytes that are no UTF-8 have become U+FFFD when they were read.
def clean:
    explode
    | map(if . == 9 then 32 else . end
        | select(. == 10 or (. > 31 and . < 127) or (. > 159 and . < 65534) or . > 65535))
    | implode;

# A text of a record that a check has written, or null.
def text: if type == "string" and . != "" then clean else null end;

def first_line: split("\n")[0];
def thousandths: . * 1000 | round | . / 1000;

# The checks of the test file, in order: {name, number, check, possible}.
def checks:
    [$tests | split("\n")[] | select(startswith("@test \"["))
        | capture("^@test \"(?<name>\\[(?<possible>[0-9]+)\\] (?<check>.*))\" \\{$")
        | .possible |= tonumber]
    | to_entries | map(.value + {number: (.key + 1)});

# Those that were asked for.
def asked_for: if $only == "" then . else map(select(.name | test($only))) end;

# The source that a check is about, where its name or the exercise leaves no choice.
def source_of($check):
    [$ARGS.positional[] | select(. != "net.c")] as $programs
    | [$programs[] | select(rtrimstr(".c") as $name | $check | test("\\b\($name)\\b"))]
    | if length == 0 then $programs else . end
    | if length == 1 then .[0] else null end;

# Where a failed check leads to: the line that the compiler or a sanitizer names, or the
# one where the step stands that is to be read: {file, line}.
def place_of($check; $said):
    source_of($check) as $source
    | [$said.seen // "" | match("\\b([A-Za-z0-9_]+[.]c):([0-9]+)"; "g").captures
        | {file: .[0].string, line: (.[1].string | tonumber)}
        | select(.file as $file | $ARGS.positional | index([$file]))] as $named
    | ($said.read.section // "" | capture("^Step (?<n>[0-9]+)").n? // null) as $step
    | [$steps | split("\n")[] | capture("^(?<file>.*):(?<line>[0-9]+):\\w+ (?<n>[0-9]+)$")
        | select(.n == $step) | {file, line: (.line | tonumber)}] as $stands
    | first($named[], ($stands[] | select(.file == $source)), $stands[],
        {file: $source, line: null});

# The record of a check.
def record($check; $verdict; $said; $reason; $seconds):
    place_of($check.check; $said) as $place_of
    | {exercise: $exercise, check: ($check.check | clean), number: $check.number,
        points: (if $verdict == "passed" then $check.possible else 0 end),
        possible: $check.possible, verdict: $verdict}
    + ($said | {scene, done, expected, seen, cause})
    + {read: $said.read, blocked: ($said.blocked // false), reason: ($reason | text),
        file: ($place_of.file | if . then "\($place)/\(.)" else null end),
        line: $place_of.line, seconds: $seconds};

# What a failed check has said: its last line that is a record, as blame writes it, or
# whatever else it has printed.
def said($lines):
    ([$lines[] | select(startswith("record {")) | .[7:] | fromjson? | objects] | last)
        // {seen: ($lines | join("\n"))}
    | {scene: (.scene | text), done: (.done | text), expected: (.expected | text), seen: (.seen | text),
        cause: (.cause | text), blocked: (.blocked == true), reason: (.reason | text),
        read: ((.read | objects | map_values(text) | {file, section}) // null)};

# Adds a record to the state: it is put out at once, and counted in the grade. After the
# first failed one nothing is, where it is the last that was asked for.
def put($record):
    if $first != "" and (.all | any(.verdict == "failed")) then .
    else .out += [$record] | .all += [$record] end;

# A check of which bats has told that it failed. Where no check of a program can be made,
# the first says so and has failed; for the others that reason is given.
def put_failed($check; $said; $seconds):
    if $said.blocked | not then put(record($check; "failed"; $said; null; $seconds))
    else
        ($said.reason // ($said.seen // "" | first_line | rtrimstr(":"))) as $reason
        | if $said.reason or .reasons[$said | tojson]
            then put(record($check; "not tested"; {}; $reason; $seconds))
            else put(record($check; "failed"; $said; $reason; $seconds)) end
        | .reasons[$said | tojson] = true
    end;

# The check that has been told last is complete.
def finish:
    .told as $told | .lines as $lines
    | first((.checks[] | select(.name == $told.name)), null) as $check
    | if $check == null then (if $told.failed then .note = said($lines) else . end)
        elif $told.failed then put_failed($check; said($lines); $told.seconds)
        else (if $told.reason then "left out" else "passed" end) as $verdict
            | put(record($check; $verdict; {}; $told.reason; $told.seconds)) end
    | .told = null | .lines = [];

# A line of bats that tells a result, as {name, failed, reason}.
def result:
    capture("^(?<failed>not )?ok [0-9]+ (?<name>.*)$")
    | {name, failed: (.failed != null), reason: null}
    | if .failed then .
        else . + (.name | capture("^(?<name>.*?) # skip ?(?<reason>.*)$") // {}) end;

# The checks of which bats has told nothing: what it has told instead, if anything, is
# why.
def put_the_rest:
    .note as $note | (.all | map(.number)) as $told
    | reduce (.checks[] | select(.number as $n | $told | index($n) | not)) as $check
        (.; put(record($check; "not tested"; $note;
            "it did not run: the grading was cut short"; null)));

# The record of the grade.
def grade:
    (.all | map(select(.verdict != "left out"))) as $made
    | {exercise: $exercise, points: ($made | map(.points) | add // 0),
        possible: ($made | map(.possible) | add // 0),
        left_out: (.all - $made | map(.possible) | add // 0),
        part_of: (if $only + $first == "" then null else checks | length end),
        lab: ($commit | first_line | text),
        tools: {cc: ($cc | first_line | text), bats: ($bats | first_line | text),
            kernel: $kernel},
        machine: {processors: ($processors | tonumber? // null)},
        patience: ($patience | tonumber? // null), seconds: (now - .began | thousandths)};

foreach (inputs, null) as $line (
    {checks: checks | asked_for, began: now, since: now, told: null, lines: [], note: {},
        out: [], all: [], reasons: {}};
    .out = []
    | if $line == null then finish | put_the_rest | .grade = grade
        elif $line | startswith("begin ") then finish | .since = now
        elif $line | test("^(not )?ok [0-9]") then
            finish
            | .told = ($line | result) + {seconds: (now - .since | thousandths)}
            | .since = now
        elif $line | startswith("#") then .lines += [$line[2:]]
        else . end;
    .out[],
    (.grade // empty | ., (select(.points < .possible) | "" | halt_error(1))))
