#!/usr/bin/env bats
# A class is graded: each hand-in by itself, what was graded is kept, a fault on our side
# is no zero, and what comes of it says so. A grading takes seconds; here a stand-in does
# what the hand-in's first line says.
# shellcheck disable=SC2016 # filters of jq

setup_file() {
    load kit
    export COPY=$BATS_FILE_TMPDIR/lab
    copy_lab "$COPY"
    cat >"$COPY/tests/grading/grade" <<'END'
#!/usr/bin/env bash
# stands in for the grading of ex01: FIRST LINE is what it is to do
[ -z "$LAB_ONLY" ] || exit 0 # is there a sandbox? that is no matter here
read -r _ word rest <"$WORK/$1/server.c"
cd "$(dirname "$0")/../.." || exit
before=$(grep -c "^$word" "$GRADED")
echo "$word $rest" >>"$GRADED"
case $word in
dies) kill -9 $$ ;;
silent) exit 0 ;;
once) [ "$before" -gt 0 ] || exit 2 ;;
odd) [ "$before" -eq 0 ] || failing=3 ;;
fails) failing=8 ;;
esac
n=0
sed -n 's/^@test "\(.*\)" {$/\1/p' "tests/$1/checks.bats" | while read -r name; do
    n=$((n + 1))
    if [ "$word" = half ] && [ "$n" -gt 3 ]; then break; fi
    if [ "$n" != "${failing:-}" ]; then echo "ok $n $name"; continue; fi
    echo "not ok $n $name"
    jq -nr '{done: "sent <b>", seen: "</pre><script>boom()</script> =1+1",
        expected: "FIN", cause: "it sent RST",
        read: {file: "ex01_http_hello/README.md", section: "Step 6: receive"}}
        | "# record \(tojson)"'
done | tests/grading/records "$1"
exit 0
END
}

setup() {
    load kit
    cd "$COPY" || return
    export GRADED=$BATS_TEST_TMPDIR/graded
    IN=$BATS_TEST_TMPDIR/in OUT=$BATS_TEST_TMPDIR/out
    mkdir "$IN"
    : >"$GRADED"
}

# Hands in for a student: the first line is a comment with a word for the stand-in.
hand_in() { # NAME WORD...
    mkdir -p "$IN/$1/ex01_http_hello"
    { echo "// ${*:2}"; cat "$LAB/ex01_http_hello/server.c"; } \
        >"$IN/$1/ex01_http_hello/server.c"
}

grade_class() { # [VARIABLE=VALUE...]
    run quietly env GRADED="$GRADED" make -s grade ex01 SUBMISSIONS="$IN" OUT="$OUT" "$@"
}

# What has been graded since this was asked last, sorted.
graded() {
    run sort "$GRADED"
    : >"$GRADED"
}

# What a filter of jq says of the class.
of_class() { # FILTER
    run jq -r "$1" "$OUT/.kept/class.json"
}

@test "each is graded once; stopped, it goes on; what is new is graded alone, or AGAIN" {
    hand_in Anna right 1
    hand_in Bob fails 2
    hand_in Carl fails 2
    grade_class
    assert_success
    graded
    assert_output "fails 2
right 1" # Bob and Carl have the same file
    grade_class
    assert_success
    assert_line --partial "0 gradings to do, 2 in all"
    graded
    refute_output
    hand_in Bob right 3
    # As if it had been stopped before Anna's:
    rm "$OUT/.kept/grades/$(head -n 1 "$OUT/.kept/students.jsonl" |
        jq -r '.exercises[].key').1"
    grade_class
    assert_line --partial "2 gradings to do, 3 in all"
    graded
    assert_output "right 1
right 3"
    grade_class AGAIN='Ann*'
    graded
    assert_output "right 1"
    run cut -d , -f 1,3 "$OUT/grades.csv"
    assert_output '"name","ex01"
"Anna",20
"Bob",20
"Carl",19'
}

@test "what goes wrong on our side is no zero: an error, tried twice, then anew" {
    hand_in Anna right
    hand_in Bob dies
    hand_in Carl silent
    hand_in Dora half
    hand_in Emil once
    grade_class
    assert_failure 2 # of make
    assert_output --partial "Dora, ex01_http_hello: no grade, it was cut short before: se"
    run cut -d , -f 1,3,4 "$OUT/grades.csv"
    assert_output '"name","ex01","total"
"Anna",20,20
"Bob","-","-"
"Carl","-","-"
"Dora","-","-"
"Emil",20,20'
    graded
    assert_equal "$(grep -c dies <<<"$output")" 2
    of_class '.students[] | select(.name == "Bob") | .exceptions[].text'
    assert_output --partial "no grade, it ended with exit status 137 after 0 of 17 checks"
    run cat "$OUT/students/Bob/feedback.txt"
    assert_output --partial "could not be graded, for no fault of yours"
    run xmllint --xpath 'count(//testcase/error)' "$OUT/junit.xml"
    assert_output 3
    hand_in Bob right
    hand_in Carl right
    hand_in Dora right
    grade_class
    assert_success
}

@test "RUNS=2 says whose grades differ" {
    hand_in Anna right
    hand_in Bob odd
    grade_class RUNS=2
    assert_success
    of_class '.students[] | .name as $n | .exceptions[] | select(.kind == "unsteady")
        | "\($n): \(.text)"'
    assert_output "Bob: ex01: answers a request with the page (1 of 2)"
}

@test "who has handed in nothing, the starter, or another's file" {
    hand_in Anna right
    cp -r "$IN/Anna" "$IN/Bob"
    mkdir -p "$IN/Carl/ex01"
    cp "$LAB/ex01_http_hello/server.c" "$IN/Carl/ex01"
    mkdir "$IN/Dora"
    grade_class
    of_class '.students[] | .name as $n | .exceptions[] | select(.kind != "intake")
        | "\($n): \(.kind) \(.text) \(.ids // ["-"] | join(" "))"'
    assert_output "Anna: same ex01: server.c Bob
Bob: same ex01: server.c Anna
Carl: starter ex01 -
Dora: nothing  -"
    run cut -d , -f 1,3,4 "$OUT/grades.csv"
    assert_line '"Dora","-","-"'
    grade_class MISSING=0
    run cut -d , -f 1,3,4 "$OUT/grades.csv"
    assert_line '"Dora",0,0'
}

@test "a roster: who is missing, who is not in it; its columns come first" {
    hand_in "Anna  Ångström" right
    hand_in "b.bauer" right 2
    hand_in "Zoe Nobody" right 3
    printf '\xef\xbb\xbfVorname;Nachname;E-Mail\r\n%s\r\n%s\r\n%s\r\n' \
        'Anna;Ångström;anna@x.org' '"Bea; B.";Bauer;b.bauer@x.org' '=1+1;Carls;c@x' \
        >"$BATS_TEST_TMPDIR/roster.csv"
    grade_class ROSTER="$BATS_TEST_TMPDIR/roster.csv"
    assert_success
    run cut -d , -f 1-6 "$OUT/grades.csv"
    assert_output '"Vorname","Nachname","E-Mail","handed in as","ex01","total"
"'"'"'=1+1","Carls","c@x","","-","-"
"Anna","Ångström","anna@x.org","Anna  Ångström",20,20
"Bea; B.","Bauer","b.bauer@x.org","b.bauer",20,20
"","","","Zoe Nobody",20,20'
    of_class '.students[] | .name as $n | .exceptions[] | "\($n): \(.kind)"'
    assert_output "=1+1 Carls: nothing
Zoe Nobody: roster"
}

@test "nothing that a hand-in wrote is more than text" {
    hand_in '<img src=x onerror=boom()>' fails
    hand_in '=HYPERLINK("x")' fails
    grade_class
    local page
    for page in "$OUT/index.html" "$OUT"/students/*/feedback.html; do
        run grep -cE '<img|sent <b>|<script>boom|</pre><script' "$page"
        assert_output 0
    done
    run cat "$OUT/students/=HYPERLINK(_x_)/feedback.html"
    assert_output --partial '&lt;script&gt;boom()&lt;/script&gt;'
    run cat "$OUT/grades.csv"
    assert_line --partial "\"'=HYPERLINK(\"\"x\"\")\""
    xmllint --noout "$OUT/junit.xml"
    run jq -rs 'map(select(.verdict == "failed").student) | unique | .[]' \
        "$OUT/records.jsonl"
    assert_output '<img src=x onerror=boom()>
=HYPERLINK("x")'
}

# What Chromium makes of a page, after SCRIPT has run in it. The page's own rules would
# keep that from running: they are taken out.
in_browser() { # FILE SCRIPT
    local page=${1%/*}/tested.html
    { grep -v Content-Security-Policy "$1"; echo "<script>$2</script>"; } >"$page"
    run timeout 60 chromium-headless-shell --headless --no-sandbox --disable-gpu \
        --user-data-dir="$BATS_TEST_TMPDIR/profile" --dump-dom "file://$page" 2>/dev/null
}

@test "in a browser the map sorts, links lead to the feedback, no script breaks" {
    hand_in Anna right
    hand_in "Bob & Söhne #1?" fails
    hand_in Carl dies
    grade_class
    # shellcheck disable=SC2016 # JavaScript
    in_browser "$OUT/index.html" '
        const names = () => [...document.querySelectorAll(".map tbody th")]
            .map((cell) => cell.textContent).join("|");
        const click = (n) =>
            document.querySelector(`th[data-column="${n}"] button`).click();
        const said = [names()];
        click(1); said.push(names()); click(1); said.push(names());
        click(0); click(0); said.push(names());
        document.title = said.join("; ");'
    local bob="Bob &amp; Söhne #1?"
    local up="Anna|$bob|Carl" down="Carl|$bob|Anna"
    assert_output --partial "<title>$up; $down; $up; $down</title>"
    # With its rules, the page's own script runs, and no other.
    run timeout 60 chromium-headless-shell --headless --no-sandbox --disable-gpu \
        --enable-logging=stderr --user-data-dir="$BATS_TEST_TMPDIR/profile" --dump-dom \
        "file://$OUT/index.html"
    refute_output --partial "CONSOLE"
    local link
    while read -r link; do
        # shellcheck disable=SC2059 # %XX become bytes
        link=$(printf "${link//%/\\x}")
        [ -s "$OUT/$link" ] || fail "no $link"
    done < <(grep -oE 'href="[^"]+"' "$OUT/index.html" | cut -d '"' -f 2)
}

@test "mistakes in the command: one clear line and exit status 2" {
    local arguments message
    while IFS='|' read -r arguments message; do
        # shellcheck disable=SC2086
        run quietly make -s grade $arguments
        assert_failure 2
        assert_line --index 0 "$message"
    done <<END
|SUBMISSIONS=DIR: where are the hand-ins?
SUBMISSIONS=/none|SUBMISSIONS=/none: there is no such directory
SUBMISSIONS=$IN ROSTER=/none|ROSTER=/none: there is no such file
SUBMISSIONS=$IN RUNS=x|RUNS=x: it is 1 to 9
SUBMISSIONS=$IN OUT=$OUT|$IN: nothing has been handed in
END
}

@test "Moodle: the worksheet is filled in, whatever its language; feedback goes back" {
    hand_in "Anna Ö_12_assignsubmission_file" fails
    hand_in "Bob_13_assignsubmission_file_" right
    hand_in "Carl_14_assignsubmission_file" dies
    printf '%s\r\n' $'\xef\xbb\xbf'\
'Kennung,"Vollständiger Name",Status,Bewertung,"Höchste Bewertung",Änderbar,Notiz' \
        'Teilnehmer/in12,"Ö, Anna","Bewertung, spät",-,"100,00",Ja,"=1+1"' \
        'Teilnehmer/in13,Bob,Ja,"12,00","100,00",Ja,' \
        'Teilnehmer/in14,Carl,Ja,,"100,00",Ja,' >"$BATS_TEST_TMPDIR/worksheet.csv"
    grade_class WORKSHEET="$BATS_TEST_TMPDIR/worksheet.csv"
    run tail -n 3 "$OUT/moodle-worksheet.csv"
    assert_output '"Teilnehmer/in12","Ö, Anna","Bewertung, spät","95","100,00","Ja","=1+1"
"Teilnehmer/in13","Bob","Ja","100","100,00","Ja",""
"Teilnehmer/in14","Carl","Ja","","100,00","Ja",""'
    run unzip -Z1 "$OUT/moodle-feedback.zip"
    assert_line --regexp 'Anna Ö_12_assignsubmission_file/feedback.html$'
    assert_line --regexp 'Bob_13_assignsubmission_file/feedback.html$'
    grep -v 100 "$BATS_TEST_TMPDIR/worksheet.csv" >"$BATS_TEST_TMPDIR/other.csv"
    echo '1,2,3,4,5,6,7' >>"$BATS_TEST_TMPDIR/other.csv"
    grade_class WORKSHEET="$BATS_TEST_TMPDIR/other.csv"
    assert_failure
    assert_output --partial "the worksheet has no column for the grade"
}
