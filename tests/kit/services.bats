#!/usr/bin/env bats
# What Gradescope, Classroom 50 and Autolab call to grade, in the places and ways in which
# they call it. Of ex01 only the first checks are made.

setup_file() {
    load kit
    export ZIP=$BATS_FILE_TMPDIR/autograder.zip BUNDLE=$BATS_FILE_TMPDIR/bundle
    quietly make -s -C "$LAB" gradescope ex01 OUT="$ZIP"
    quietly make -s -C "$LAB" classroom50 ex01 OUT="$BUNDLE"
    unzip -q "$ZIP" -d "$BATS_FILE_TMPDIR/source"
    quietly make -s -C "$BATS_FILE_TMPDIR/source/lab" instruments # as setup.sh does
}

setup() {
    load kit
    # A server that leaves RST behind, as people hand in: a file by itself.
    HANDED_IN=$BATS_TEST_TMPDIR/handed-in
    mkdir "$HANDED_IN"
    cp "$LAB/ex01_http_hello/solution/server.c" "$HANDED_IN"
    sed -i 's/"listening on port/"Listening on port/' "$HANDED_IN/server.c"
    ONLY=LAB_ONLY="listens on the port|builds without|says on which port"
}

# What Gradescope makes of the zip and a hand-in, for an ordinary user.
lay_out() {
    ROOT=$BATS_TEST_TMPDIR/autograder
    mkdir -p "$ROOT/results"
    cp -r "$BATS_FILE_TMPDIR/source" "$ROOT"
    cp "$ROOT/source/run_autograder" "$ROOT"
    mv "$HANDED_IN" "$ROOT/submission"
    RESULTS=$ROOT/results/results.json
    USER_OF_IT=()
    [ "$(id -u)" -ne 0 ] || {
        chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test "$BATS_TEST_TMPDIR"
        chown -R nobody "$ROOT"
        USER_OF_IT=(setpriv --reuid nobody --clear-groups)
    }
}

# With half a core, where we may ask for that (version 1 or 2 of cgroups).
run_autograder() {
    local half=/sys/fs/cgroup/cpu/lab-test.$$
    mkdir "$half" 2>/dev/null || half=/sys/fs/cgroup/lab-test.$$
    mkdir -p "$half" 2>/dev/null || half=$BATS_TEST_TMPDIR
    echo 50000 2>/dev/null >"$half/cpu.cfs_quota_us" || echo 50000 >"$half/cpu.max"
    # shellcheck disable=SC2016 # for the inner shell to expand
    run quietly bash -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$half" env -C "$ROOT" \
        AUTOGRADER="$ROOT" "$ONLY" "${USER_OF_IT[@]}" ./run_autograder
    [ "$half" = "$BATS_TEST_TMPDIR" ] || rmdir "$half"
}

@test "Gradescope: the zip is the same each time, and holds no solution" {
    quietly make -s -C "$LAB" gradescope ex01 OUT="$BATS_TEST_TMPDIR/again.zip"
    cmp "$ZIP" "$BATS_TEST_TMPDIR/again.zip"
    run unzip -l "$ZIP"
    assert_line --regexp ' run_autograder$'
    assert_line --regexp ' setup.sh$'
    refute_output --regexp '/(solution|bugs|styles|sketch|kit)/'
}

@test "Gradescope: results.json has the score and the causes" {
    lay_out
    run_autograder
    run jq -r '(.tests | map(.score) | add), (.tests | map(.max_score) | add),
        (.tests[] | select(.number == "ex01.7") | .status, .name, .output)' "$RESULTS"
    assert_line --index 0 3
    assert_line --index 1 20
    assert_line --index 2 failed
    assert_line --index 3 "says on which port it listens, also for port 0"
    assert_line --regexp '^cause  '
    # Nothing that its document does not name.
    run jq -c '([.tests[] | keys[]] | unique), keys' "$RESULTS"
    assert_output '["extra_data","max_score","name","number","output","output_format",'\
'"score","status","tags"]
["execution_time","extra_data","output","output_format","stdout_visibility","tests"]'
}

@test "Gradescope: results.json is there also when the run dies" {
    lay_out
    # shellcheck disable=SC2016 # for that script
    printf '#!/bin/sh\nkill -9 $PPID $$\n' >"$ROOT/source/lab/tests/class/single"
    run_autograder
    run jq -r '.score, .output' "$RESULTS"
    assert_line --index 0 0
    assert_output --partial "for no fault of yours"
}

@test "Gradescope: what is left out costs no point" {
    local records=$BATS_TEST_TMPDIR/records
    {
        echo '{"exercise":"ex01_x","check":"a","number":1,"points":9,"possible":9,
            "verdict":"passed","blocked":false}'
        echo '{"exercise":"ex01_x","check":"b","number":2,"points":0,"possible":1,
            "verdict":"left out","reason":"no Chromium","blocked":false}'
        echo '{"exercise":"ex01_x","points":9,"possible":9,"left_out":1,"tools":{},
            "seconds":1}'
    } >"$records"
    run jq -r '.score, .output' \
        <(FORMAT=gradescope "$LAB/tests/grading/render" ex01_x <"$records")
    assert_output "10
Left out, and not counted: ex01, b (no Chromium)."
}

# Calls the autograder as Classroom 50's runner does.
classroom50() {
    git -C "$HANDED_IN" init -q
    git -C "$HANDED_IN" add -A
    git -C "$HANDED_IN" -c user.name=x -c user.email=x commit -qm x
    run quietly env -C "$HANDED_IN" "$ONLY" CLASSROOM=c ASSIGNMENT=ex01 OWNER=anna \
        ASSIGNMENT_TYPE=individual SUBMISSION_TAG=submit/1 COMMIT_URL=https://x/1 \
        RELEASE_URL=https://x/2 REVIEW_URL=https://x/3 python3 "$BUNDLE/autograder.py"
}

@test "Classroom 50: result.json as its schema has it, the causes in the release" {
    classroom50
    assert_success # whatever the grade
    local result=$HANDED_IN/result.json
    run jq -r '.schema, .classroom, .assignment, .owner, .submission, .score,
        ."max-score", (.datetime | test("^[0-9-]{10}T[0-9:]{8}Z$")),
        (.tests | map((.score | type) + (.passed | type)) | unique[])' "$result"
    assert_output "classroom50/result/v1
c
ex01
anna
submit/1
3
20
true
numberboolean"
    assert_equal "$(jq -r .datetime "$result")" "$(TZ=UTC git -C "$HANDED_IN" show -s \
        --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)"
    run cat "$HANDED_IN/release-body.md"
    assert_line "## ex01_http_hello: 3 of 20 points"
    assert_line --regexp '^    cause  '
}

@test "Classroom 50: what could not be graded is no result" {
    cp -r "$BUNDLE" "$BATS_TEST_TMPDIR/bundle"
    BUNDLE=$BATS_TEST_TMPDIR/bundle
    echo "ex99_none" >"$BUNDLE/exercises"
    classroom50
    assert_failure 1
    [ ! -e "$HANDED_IN/result.json" ]
}

@test "Autolab: the last line is its own" {
    run quietly env "$ONLY" FORMAT=autolab TRUSTED=1 \
        "$LAB/tests/class/single" "$HANDED_IN" ex01_http_hello
    assert_failure 1
    assert_line "  ✗ 0/1   says on which port it listens, also for port 0"
    assert_line '{"scores":{"ex01":3}}'
}
