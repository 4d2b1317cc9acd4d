#!/usr/bin/env bats
# What bats tells becomes records, and nothing else does; then what is made of records.

setup() {
    load ../kit/kit
    export LAB_FILE=$BATS_TEST_TMPDIR/lab.bats TERM=xterm
    # bats would take lines that begin with @test for tests of this file.
    printf '@%s\n' 'test "[2] listens" {' 'test "[3] answers #1 with \"it\" & more" {' \
        'test "[15] ends" {' >"$LAB_FILE"
}

records() { "$LAB/tests/grading/records" ex01_http_hello; }

# Of the records of standard input, what a filter of jq says.
of_records() { # FILTER
    run jq -rs "$1" < <(records)
}

# The board of the records of standard input.
board() { # [VARIABLE=VALUE...]
    run env "$@" "$LAB/tests/grading/render" ex01_http_hello < <(records)
}

# What bats tells of a failed check whose explanation has these fields.
failed() { # NUMBER NAME [FIELD VALUE...]
    printf 'not ok %s %s\n# (in test file lab.bats, line 9)\n' "$1" "$2"
    shift 2
    jq -nr '$ARGS.positional | [range(0; length; 2) as $n | {(.[$n]): .[$n + 1]}] | add
        | .blocked = (.blocked == "true")
        | .read = {file: "ex01_http_hello/README.md", section: (.section // "Traps")}
        | "# record \(tojson)"' --args "$@"
}

@test "all passed: the points, the grade, exit status 0" {
    printf '1..3\nsuite lab.bats\nbegin 1 [2] listens\nok 1 [2] listens\n%s\n%s\n' \
        'ok 2 [3] answers #1 with \"it\" & more' 'ok 3 [15] ends' >"$BATS_TEST_TMPDIR/tap"
    records <"$BATS_TEST_TMPDIR/tap" >"$BATS_TEST_TMPDIR/records"
    run jq -r '.verdict // "\(.points) of \(.possible), \(.left_out)"' \
        "$BATS_TEST_TMPDIR/records"
    assert_output "passed
passed
passed
20 of 20, 0"
    run jq -r 'select(.number == 2) | .check' "$BATS_TEST_TMPDIR/records"
    assert_output 'answers #1 with \"it\" & more'
    board <"$BATS_TEST_TMPDIR/tap"
    assert_line --index 0 "ex01_http_hello"
    assert_line "  ✓ 2/2   listens"
    assert_line "  20 of 20 points"
    assert_line "  next: read ex02_accept_loop/README.md"
}

@test "at full marks of the last exercise all is done, and a reference has no next" {
    printf '%s\n' 'ok 1 [2] listens' 'ok 2 [3] answers #1 with \"it\" & more' \
        'ok 3 [15] ends' >"$BATS_TEST_TMPDIR/tap"
    run "$LAB/tests/grading/render" unix_sockets < <(records <"$BATS_TEST_TMPDIR/tap")
    assert_line "  next: all done, this was the last exercise"
    board SOLUTION=1 <"$BATS_TEST_TMPDIR/tap"
    refute_output --partial "next:"
}

@test "of checks that were asked for, only these have records, and the points are none" {
    export ONLY=ends LAB_ONLY='^(\[15\] ends)$'
    of_records 'map(.check // .part_of) | join(", ")' <<<"ok 1 [15] ends"
    assert_output "ends, 3"
    of_records '.[0] | .number, .verdict' </dev/null
    assert_output "3
not tested"
    unset ONLY
    export FIRST=1
    of_records 'map(.check // .part_of) | join(", ")' < <(echo "ok 1 [2] listens"
        failed 2 '[3] answers #1 with \"it\" & more'
        failed 3 "[15] ends" blocked true)
    assert_output 'listens, answers #1 with \"it\" & more, 3'
    unset FIRST
    of_records '.[-1].part_of' </dev/null
    assert_output null
}

@test "the grade says what it was made with" {
    records </dev/null >"$BATS_TEST_TMPDIR/records" && fail "full marks"
    run jq -r 'select(.tools)
        | .tools.bats, .patience, .machine.processors, (.seconds | type)' \
        "$BATS_TEST_TMPDIR/records"
    assert_output "$(bats --version)
1
$(getconf _NPROCESSORS_ONLN)
number"
}

@test "a check's seconds are those from its beginning" {
    local told=$BATS_TEST_TMPDIR/told
    # shellcheck disable=SC2094 # it is to be read while it is written
    { # what is told first has been read when its record is there
        printf '%s\n' 'ok 1 [2] listens' 'begin 3 [15] ends'
        until [ -s "$told" ]; do sleep 0.02; done
        sleep 0.3
        echo 'ok 3 [15] ends'
    } | records >"$told" || true
    run jq 'select(.number == 3).seconds | . >= 0.3 and . < 5' "$told"
    assert_output true
}

@test "the first failed check stands in full at the end, the others in a line each" {
    board < <(echo "ok 1 [2] listens"
        failed 2 '[3] answers #1 with \"it\" & more' "done" "sent it" \
            expected "an answer" seen $'ok 3 [15] ends\n  * $HOME `date`' \
            cause "it broke" section "Step 2: socket"
        failed 3 "[15] ends" "done" "left")
    # shellcheck disable=SC2016 # it must not expand
    assert_output 'ex01_http_hello
  ✓ 2/2   listens
  ✗ 0/3   answers #1 with \"it\" & more
  ✗ 0/15  ends

  ✗ 0/3   answers #1 with \"it\" & more
    done      sent it
    expected  an answer
    seen      ok 3 [15] ends
                * $HOME `date`
    cause     it broke
    read      ex01_http_hello/README.md, "Step 2: socket"
  2 of 20 points
  next: answers #1 with \"it\" & more'
}

@test "V=1 shows every failed check in full, beneath its line" {
    board V=1 < <(failed 1 "[2] listens" "done" "sent it"
        failed 3 "[15] ends" "done" "left")
    assert_line --index 1 "  ✗ 0/2   listens"
    assert_line --index 2 "    done      sent it"
    assert_equal "$(grep -c 'done      sent it' <<<"$output")" 1
    assert_line "    done      left"
}

@test "what a failed check says without a record is shown as it is" {
    board <<'END'
not ok 1 [2] listens
# (in test file lab.bats, line 3)
# bash: no such command
END
    assert_line --partial "bash: no such command"
}

@test "what a check shows is never taken for a result, and its last record counts" {
    local lie='# record {"seen":"a lie","blocked":true,"verdict":"passed","points":2}'
    of_records '.[0], .[-1] | "\(.points) \(.verdict) \(.seen)"' \
        < <(printf '%s\n' "not ok 1 [2] listens" "$lie" "# ok 1 [2] listens" \
                "# record {nonsense"
            failed 1 "[2] listens" seen "the truth" | tail -n 1; echo "# ok 3 [15] ends")
    assert_output "0 failed the truth
0 null null"
    of_records '.[0] | "\(.points) \(.verdict) \(.seen)"' \
        < <(printf '%s\n' "ok 1 [2] listens" "$lie")
    assert_output "2 passed null"
    of_records '.[0] | .points' <<<"not ok 1 [2] listens
# record {\"seen\":{\"a\":1},\"read\":7,\"done\":[],\"blocked\":\"x\"}"
    assert_output 0
}

@test "a skipped check is left out, and said to be" {
    board <<'END'
1..3
ok 1 [2] listens
ok 2 [3] answers #1 with \"it\" & more # skip no Chromium here
ok 3 [15] ends
END
    assert_line '  - -/3   answers #1 with \"it\" & more'
    assert_line "    left out: no Chromium here"
    assert_line "  17 of 17 points (3 of 20 left out: they could not be tested here)"
    assert_line --partial "  next: read "
}

@test "a check that did not run scores 0, and is said not to have run" {
    board <<<"ok 1 [2] listens"
    assert_line '  · 0/3   answers #1 with \"it\" & more'
    assert_line "  · 0/15  ends"
    assert_line "  · not tested: it did not run: the grading was cut short"
    assert_line "  2 of 20 points"
    assert_line '  next: answers #1 with \"it\" & more'
    board </dev/null
    assert_line "  0 of 20 points"
    # shellcheck disable=SC2016 # bats's words
    board <<<'not ok 1 setup_file failed
# (from function `setup_file'"'"' in test file lab.bats, line 3)
# mkfifo: no space left on device'
    assert_line --partial "mkfifo: no space left on device"
    assert_line "  0 of 20 points"
}

@test "the reason that blocks every check is told once" {
    local name
    board < <(for name in "[2] listens" '[3] answers #1 with \"it\" & more' "[15] ends"
    do
        failed 1 "$name" "done" "compiled a.c" blocked true \
            seen $'a.c does not compile:\na.c:1: no'
    done)
    assert_equal "$(grep -c 'a.c:1: no' <<<"$output")" 1
    assert_line "  ✗ 0/2   listens"
    assert_line "  · 0/15  ends"
    assert_line "  · not tested: a.c does not compile"
    assert_line "  0 of 20 points"
}

@test "another reason that blocks checks is told as well" {
    board V=1 < <(failed 1 "[2] listens" "done" "compiled a.c" seen "no a.c" blocked true
        failed 2 '[3] answers #1 with \"it\" & more' "done" "compiled b.c" \
            seen "no b.c" blocked true
        failed 3 "[15] ends" "done" "compiled a.c" seen "no a.c" blocked true)
    assert_line "    done      compiled a.c"
    assert_line '  ✗ 0/3   answers #1 with \"it\" & more'
    assert_line "    done      compiled b.c"
    assert_line "  · 0/15  ends"
}

@test "a check that can't be made for a reason told before is not tested" {
    of_records '.[1] | .verdict, .reason' <<'END'
not ok 1 [2] listens
# record {"done":"x"}
not ok 3 [15] ends
# record {"reason":"it answers nobody","blocked":true}
END
    assert_output "not tested
it answers nobody"
}

@test "the file and line are the student's: of the compiler, or of the step to read" {
    of_records '.[0, 1] | "\(.file) \(.line)"' \
        < <(failed 1 "[2] listens" seen "server.c:12:3: error" section "Step 2: socket"
            failed 3 "[15] ends" seen "stdio.h:12" section "Step 2: socket")
    local file=ex01_http_hello/server.c
    assert_output "$file 12
$file $(grep -n -m 1 'TODO 2' "$LAB/$file" | cut -d : -f 1)"
}

@test "TAP has a line for each check, its reason beneath" {
    board FORMAT=tap < <(failed 1 "[2] listens" "done" "sent it"
        echo 'ok 2 [3] answers #1 with \"it\" & more # skip no Chromium')
    assert_line --index 0 "1..3"
    assert_line --index 1 "not ok 1 [2] listens"
    assert_line --index 2 "# done      sent it"
    assert_line 'ok 2 [3] answers #1 with \"it\" & more # skip no Chromium'
    assert_line "not ok 3 [15] ends"
    assert_line "# not tested: it did not run: the grading was cut short"
}

# A value in the JUnit report of the records of standard input.
in_junit() { # XPATH
    run xmllint --xpath "$1" - \
        < <(records | FORMAT=junit "$LAB/tests/grading/render" ex01_http_hello)
}

@test "JUnit names checks, points and the student's places" {
    {
        failed 1 "[2] listens" "done" "sent it" seen "server.c:7: x" cause '<&>"'
        echo 'ok 2 [3] answers #1 with \"it\" & more # skip no Chromium'
    } >"$BATS_TEST_TMPDIR/tap"
    in_junit 'concat(//testcase[1]/@classname, "|", //testcase[1]/@name, "|",
        //testcase[1]/@file, "|", //testcase[1]/@line, "|", //failure/@message)' \
        <"$BATS_TEST_TMPDIR/tap"
    assert_output 'ex01_http_hello|1 listens|ex01_http_hello/server.c|7|<&>"'
    in_junit 'concat(//testcase[2]/@name, "|", //testcase[2]/skipped/@message, "|",
        //testcase[2]//property[@name="possible"]/@value)' <"$BATS_TEST_TMPDIR/tap"
    assert_output '2 answers #1 with \"it\" & more|left out: no Chromium|3'
    in_junit 'concat(count(//failure), count(//skipped), count(//testcase))' \
        <"$BATS_TEST_TMPDIR/tap"
    assert_output 123
}

@test "JUnit is well-formed whatever bytes a record holds" {
    in_junit 'string(//failure)' < <(echo 'not ok 1 [2] listens'
        printf '# record {"seen":"a\\u0000\\u001b\\u0085\\ufffe ]]> &#0; \xff\xc3"}\n')
    assert_output --partial 'seen      a'
    assert_output --partial ' ]]> &#0; '
}

@test "the last of 24 lines hold the whole of the first failed check" {
    local long
    printf -v long 'word %.0s' {1..40}
    board < <(failed 1 "[2] listens" "done" "$long" expected "$long" cause "$long" \
        section "Step 2: socket" seen "$(
        printf '   0.001 alice  > "line"\n%.0s' {1..20}
        echo '   0.002 alice  ! expected FIN'
        printf 'stdout: %s\n' {1..20})")
    run tail -n 21 <<<"$output"
    assert_line --index 0 "  ✗ 0/2   listens"
    assert_line --partial "! expected FIN"
    assert_line --partial "more lines: V=1 shows all"
    assert_line --index 20 "  next: listens"
}

@test "a long line is broken at a space; what a compiler shows keeps its columns" {
    local code carets
    printf -v code '%70s' 'f(wrong);'
    printf -v carets '%70s' '^~~~~'
    board < <(failed 1 "[2] listens" "done" "$(printf 'word %.0s' {1..20})" \
        seen "server.c:1:2: error
    1 | $code
      | $carets")
    run awk 'length > 80' <<<"$output"
    refute_output
    board < <(failed 1 "[2] listens" seen "    1 | $code
      | $carets")
    # The carets are below what they were below.
    local above below
    above=$(sed -n 's/f(wrong.*//p' <<<"$output")
    below=$(sed -n 's/\^~~~~$//p' <<<"$output")
    assert_equal "$((${#above} + 4))" "${#below}"
}

@test "colour on a terminal only, and never with NO_COLOR" {
    records <<<"ok 1 [2] listens" >"$BATS_TEST_TMPDIR/records" || true
    local show="$LAB/tests/grading/render ex01_http_hello <$BATS_TEST_TMPDIR/records"
    run bash -c "$show | grep -c \$'\e'"
    assert_output 0
    run script -qec "$show" /dev/null
    assert_output --partial $'\e[32m✓\e[0m'
    NO_COLOR=1 run script -qec "$show" /dev/null
    refute_output --partial $'\e'
    TERM=dumb run script -qec "$show" /dev/null
    refute_output --partial $'\e'
}

@test "on a terminal and in a pipe it says the same" {
    records < <(echo "ok 1 [2] listens"; failed 3 "[15] ends" "done" x) \
        >"$BATS_TEST_TMPDIR/records" || true
    local show="$LAB/tests/grading/render ex01_http_hello <$BATS_TEST_TMPDIR/records"
    run bash -c "$show"
    local piped=$output
    run bash -c "script -qec '$show' /dev/null | sed 's/\x1b\[[0-9]*m//g' | tr -d '\r'"
    assert_output "$piped"
}

@test "of several exercises, the first failed check of all comes last" {
    local all="ok 1 [2] listens
ok 3 [15] ends
ok 2 [3] answers #1 with \\\"it\\\" & more"
    run "$LAB/tests/grading/render" ex01_http_hello ex02_accept_loop udp \
        < <(records <<<"$all"
            failed 1 "[2] listens" "done" "this" | records || true
            records </dev/null)
    assert_output --partial "
  20 of 20 points

ex02_accept_loop"
    assert_line "  next: listens"
    assert_equal "$(grep -c 'done      this' <<<"$output")" 1
    assert_equal "$(tail -n 1 <<<"$output")" "The whole lab: 20 of 60 points"
}
