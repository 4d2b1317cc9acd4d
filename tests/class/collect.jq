# What a class has handed in, and how it was graded, as one object. See collect, which
# calls this, and README.md.

def short: split("_")[0];
def sum: add // 0;

# ---- The exercises ----

def exercises:
    [$checks | split("\n")[] | select(. != "")
        | capture("^(?<exercise>[^\t]*)\t\\[(?<possible>[0-9]+)\\] (?<check>.*)$")
        | .possible |= tonumber] as $all
    | [$ARGS.positional[] as $exercise
        | [$all[] | select(.exercise == $exercise)] | to_entries
        | map({number: (.key + 1), check: .value.check, possible: .value.possible})
        | {exercise: $exercise, short: ($exercise | short), checks: .,
            possible: (map(.possible) | sum)}];

# ---- What one student has done of one exercise ----

# The grade of these files: that of the first run.
def grade($runs):
    (first($runs[] | select(.run == 1)) // {}) as $first
    | ($first.records // []) as $records
    | ($records | map(select(.check))) as $made
    | ($records | map(select(.tools)) | last // {}) as $grade
    | {error: ($records | map(select(.verdict == "error").reason) | first),
        points: $grade.points, possible: $grade.possible, left_out: $grade.left_out,
        seconds: $grade.seconds, lab: $grade.lab, checks: $made,
        grade: (if $grade == {} then null else $grade end)};

# The checks of which these runs say different things: the name, and how often it passed.
def unsteady($runs):
    [$runs[] | select(.records) | .records[] | select(.check)] | group_by(.number)
    | map(select(map(.verdict) | unique | length > 1)
        | "\(.[0].check) (\(map(select(.verdict == "passed")) | length) of \(length))");

def work($exercise; $handed; $gradings):
    if $handed == null then {exercise: $exercise, handed_in: false}
    else ($gradings[$handed.key] // []) as $runs
        | {exercise: $exercise, handed_in: true, key: $handed.key, files: $handed.files,
            unsteady: unsteady($runs)}
        + grade($runs)
        | if .points == null then .error = (.error // "it was not graded") else . end
    end;

# ---- Who they are ----

# A name as it is compared: case, blanks and underscores make no difference.
def plain: ascii_downcase | gsub("[\\s_]+"; " ") | sub("^ "; "") | sub(" $"; "");

# What a row of the roster may be called by: each of its cells, what stands before the @,
# and first and last name together, in both orders.
def names_of_row:
    [.[] | strings] as $cells
    | [$cells[], ($cells[] | select(contains("@")) | split("@")[0]),
        ($cells | select(length > 1)
            | "\(.[0]) \(.[1])", "\(.[1]) \(.[0])", "\(.[1]), \(.[0])")]
    | map(plain | select(. != "")) | unique;

# Adds to each student the row of the roster that is his, and to the students those rows
# that are nobody's.
def with_roster($rows):
    if $rows | length == 0 then map(.row = null)
    else ([$rows[1:] | to_entries[] | .key as $n | .value | names_of_row[]
            | {key: ., value: $n}] | reverse | from_entries) as $by_name
        | map(.row = ($by_name[.name | plain] // $by_name[.id | plain])) as $students
        | ($students | map(.row)) as $taken
        | $students + [$rows[1:] | to_entries[] | .key as $n
            | select($taken | index($n) | not)
            | (.value[:2] | map(select(. != "")) | join(" ")) as $name
            | {id: null, name: $name, participant: null, entry: null, notes: [],
                exercises: {}, row: $n}]
    end;

# ---- What is out of the ordinary ----

# The files that several have handed in alike, but for the starters: {hash: [ids]}.
def alike($students):
    ([$starters | split("\n")[] | select(. != "") | {key: .[:64], value: true}]
        | from_entries) as $starter
    | [$students[] | .id as $id | .exercises[] | .files | to_entries[]
        | select($starter[.value] | not) | {hash: .value, id: $id}]
    | group_by(.hash) | map({key: .[0].hash, value: (map(.id) | unique)})
    | map(select(.value | length > 1)) | from_entries;

def is_starter($exercise):
    .files | to_entries | all(.value as $hash
        | $starters | split("\n") | any(startswith($hash)));

# The first error of a compiler, without the spaces that make columns.
def compiler_says:
    split("\n") | (first(.[] | select(test("error: "))) // .[0]) | gsub("\\s+"; " ");

def exceptions_of_work($alike; $id):
    (.exercise | short) as $short
    | (select(.error) | {kind: "error", text: "\($short): no grade, \(.error)"}),
    (.checks // [] | [.[] | select(.verdict == "failed" and (.blocked)
            and (.seen // "" | contains("does not compile")))]
        | select(length > 0)
        | {kind: "build", text: "\($short): \(.[0].seen | compiler_says)"}),
    (.checks // [] | [.[] | select(.verdict == "failed" and (.seen // ""
            | test("SIG(XCPU|XFSZ)|it has become [0-9]+ processes")))]
        | select(length > 0)
        | {kind: "limit", text: "\($short): \(map(.check) | join("; "))"}),
    (.checks // [] | [.[] | select(.reason // "" | startswith("it did not run"))]
        | select(length > 0)
        | (.[0].number - 1) as $made
        | {kind: "limit", text: "\($short): its time was over after \($made) checks"}),
    (select(.unsteady // [] | length > 0)
        | {kind: "unsteady", text: "\($short): \(.unsteady | join("; "))"}),
    ((.files // {}) | to_entries[] | ($alike[.value] // empty) as $ids
        | {kind: "same", text: "\($short): \(.key)", ids: ($ids - [$id])}),
    (select(.handed_in and is_starter(.exercise))
        | {kind: "starter", text: $short});

def exceptions($alike; $roster):
    (select(.work | all(.handed_in | not)) | {kind: "nothing", text: ""}),
    (.id as $id | .work[] | exceptions_of_work($alike; $id)),
    (.notes[] | {kind: (if .kind == "error" then "error" else "intake" end), text}),
    (select(($roster | length > 0) and .row == null) | {kind: "roster", text: ""});

# ---- All of it ----

($gradings | group_by(.key) | map({key: .[0].key, value: .}) | from_entries) as $by_key
| alike($students) as $alike
| exercises as $exercises
| [$students | with_roster($roster)[]
    | .exercises as $handed
    | .work = [$exercises[] | work(.exercise; $handed[.exercise]; $by_key)
        | if .handed_in or $missing != "0" then .
            else .points = 0 end]
    | del(.exercises)
    | .points = (if .work | any(.error) then null
        else [.work[].points | numbers] | if length > 0 then add else null end end)
    | .possible = ([.work[].possible | numbers] | sum)
    | .exceptions = [exceptions($alike; $roster)]
    | .row = (if .row == null then null else $roster[1:][.row] end)]
| sort_by(.name | ascii_downcase)
| {made: (now | strftime("%Y-%m-%d %H:%M UTC")), runs: $runs, exercises: $exercises,
    roster: ($roster[0] // null), students: .,
    left_out: ([.[].work[] | (.exercise | short) as $short | .checks // [] | .[]
        | select(.verdict == "left out") | {short: $short, check, possible, reason}]
        | unique)}
