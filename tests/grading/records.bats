#!/usr/bin/env bats
# The scoreboard: what bats tells becomes points, and nothing else does.

setup() {
    load ../kit/kit
    export LAB_FILE=$BATS_TEST_TMPDIR/lab.bats LAB_TITLE=ex09_example
    export LAB_RESULT=$BATS_TEST_TMPDIR/result TERM=xterm
    # bats would take lines that begin with @test for tests of this file.
    printf '@%s\n' 'test "[2] listens" {' 'test "[3] answers #1 with \"it\" & more" {' \
        'test "[15] ends" {' >"$LAB_FILE"
}

board() { run "$LAB/tests/grading/scoreboard"; }

@test "all passed" {
    board <<'EOF'
1..3
suite lab.bats
begin 1 [2] listens
ok 1 [2] listens
ok 2 [3] answers #1 with \"it\" & more
ok 3 [15] ends
EOF
    assert_line "ex09_example"
    assert_line "  ✓ 2/2   listens"
    assert_line "  20 of 20 points"
    refute_output --partial "next:"
    assert_equal "$(cat "$LAB_RESULT")" "20 20 0"
}

@test "a failed check scores 0 and shows what it said, without the words of bats" {
    board <<'EOF'
1..3
ok 1 [2] listens
not ok 2 [3] answers #1 with \"it\" & more
# (from function `blame' in file tests/lib/lab.bash, line 50,
#  in test file tests/lab.bats, line 9)
#   `talk <<EOF' failed
# done      sent it
# expected  an answer
# seen      ok 3 [15] ends
#           * $HOME `date`
# read      README.md, "Step 2"
not ok 3 [15] ends
# done      left
EOF
    assert_line '  ✗ 0/3   answers #1 with \"it\" & more'
    assert_line "    done      sent it"
    assert_line "    seen      ok 3 [15] ends"
    # shellcheck disable=SC2016 # it must not expand
    assert_line '              * $HOME `date`'
    assert_line "  2 of 20 points"
    assert_line '  next: answers #1 with \"it\" & more'
    refute_output --partial "test file"
    refute_output --partial "EOF"
}

@test "what a failed check shows is never taken for a result" {
    board <<'EOF'
1..3
not ok 1 [2] listens
# done      started
# seen      x
# ok 1 [2] listens
# ok 3 [15] ends
EOF
    assert_line "  0 of 20 points"
}

@test "a skipped check is left out, and said to be" {
    board <<'EOF'
1..3
ok 1 [2] listens
ok 2 [3] answers #1 with \"it\" & more # skip no Chromium here
ok 3 [15] ends
EOF
    assert_line '  - -/3   answers #1 with \"it\" & more'
    assert_line "    left out: no Chromium here"
    assert_line "  17 of 17 points (3 of 20 left out: they could not be tested here)"
    assert_equal "$(cat "$LAB_RESULT")" "17 17 3"
}

@test "a check that did not run scores 0, and is said not to have run" {
    board <<'EOF'
1..3
ok 1 [2] listens
EOF
    assert_line '  ✗ 0/3   answers #1 with \"it\" & more'
    assert_line "  · 0/15  ends"
    assert_line "    the checks from here on did not run: the grading was cut short"
    assert_line "  2 of 20 points"
    board </dev/null
    assert_line "  0 of 20 points"
}

@test "the reason that blocks every check is shown once" {
    board <<'EOF'
1..3
not ok 1 [2] listens
# (in test file lab.bats, line 3)
#   `ready' failed
# blocked
# it does not compile
not ok 2 [3] answers #1 with \"it\" & more
# blocked
# it does not compile
not ok 3 [15] ends
# blocked
# it does not compile
EOF
    assert_equal "$(grep -c 'does not compile' <<<"$output")" 1
    assert_line "  ✗ 0/2   listens"
    assert_line "  · 0/15  ends"
    assert_line "  · not tested, for the reason given above"
    assert_line "  0 of 20 points"
}

@test "another reason that blocks checks is shown as well" {
    board <<'EOF'
1..3
not ok 1 [2] listens
# blocked
# done      compiled a.c
not ok 2 [3] answers #1 with \"it\" & more
# blocked
# done      compiled b.c
not ok 3 [15] ends
# blocked
# done      compiled a.c
EOF
    assert_line "    done      compiled a.c"
    assert_line '  ✗ 0/3   answers #1 with \"it\" & more'
    assert_line "    done      compiled b.c"
    assert_line "  · 0/15  ends"
}

@test "a check that has been made is told, whatever words it uses" {
    board <<'EOF'
1..3
not ok 1 [2] listens
# done      sent 'blocked'
# seen      stdout: blocked
not ok 2 [3] answers #1 with \"it\" & more
# done      sent 'blocked'
# seen      stdout: blocked
ok 3 [15] ends
EOF
    assert_equal "$(grep -c "seen      stdout: blocked" <<<"$output")" 2
    refute_output --partial "not tested"
}

@test "colour on a terminal only, and never with NO_COLOR" {
    printf '1..3\nok 1 [2] listens\n' >"$BATS_TEST_TMPDIR/tap"
    local show="$LAB/tests/grading/scoreboard <$BATS_TEST_TMPDIR/tap"
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
    printf '1..3\nok 1 [2] listens\nnot ok 3 [15] ends\n# done      x\n' >"$BATS_TEST_TMPDIR/tap"
    local show="$LAB/tests/grading/scoreboard <$BATS_TEST_TMPDIR/tap"
    run bash -c "$show"
    local piped=$output
    run bash -c "script -qec '$show' /dev/null | sed 's/\x1b\[[0-9]*m//g' | tr -d '\r'"
    assert_output "$piped"
}

@test "the board of the course's sketch fits 80 columns" {
    make -s -C "$LAB" instruments
    cp -r "$LAB/tests/ex01_http_hello/sketch" "$BATS_TEST_TMPDIR/ex01_http_hello"
    run quietly env WORK="$BATS_TEST_TMPDIR" "$LAB/tests/grading/grade" ex01_http_hello
    assert_failure
    assert_line --partial "read      ex01_http_hello/README.md"
    run awk 'length > 80' <<<"$output"
    refute_output
}
