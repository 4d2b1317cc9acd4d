#!/usr/bin/env bats
# The commands of the README, in a fresh copy of the lab, in a directory whose name has a
# space, as somebody who has just cloned it.

setup_file() {
    load kit
    COPY="$BATS_FILE_TMPDIR/a copy"
    copy_lab "$COPY"
    git -C "$COPY" init -q
    git -C "$COPY" add -A
    export COPY
}

setup() {
    load kit
    cd "$COPY" || return
    WATCHER=""
}

teardown() { [ -z "$WATCHER" ] || kill -- "-$WATCHER"; }

@test "make builds every exercise, a binary beside each source; then nothing is to do" {
    run quietly make
    assert_success
    refute_output --partial warning
    local source
    for source in ex*/*.c udp/*.c unix_sockets/*.c; do
        [ "$(basename "$source")" = net.c ] || [ -x "${source%.c}" ] ||
            fail "${source%.c} was not built"
    done
    run quietly make
    assert_output --partial "Nothing to be done"
}

@test "make ex01 builds one; make solutions the references; make clean removes them" {
    quietly make clean
    run quietly make ex01
    assert_success
    [ -x ex01_http_hello/server ]
    run quietly make solutions
    assert_success
    [ -x ex01_http_hello/solution/server ]
    quietly make all instruments
    run git ls-files --others --exclude-standard
    refute_output # all that is built, git ignores
    quietly make clean
    run git ls-files --others --ignored --exclude-standard --directory
    refute_output # and all of it is removed
}

@test "from inside an exercise: make, make check, make clean" {
    cd ex01_http_hello
    run quietly make
    assert_success
    [ -x server ]
    local passes="  ✓ 2/2   listens on the port it is given"
    local only=LAB_ONLY="listens on the"
    run quietly env "$only" make check
    assert_failure
    assert_line "  0 of 20 points"
    run quietly env "$only" make check SOLUTION=1
    assert_line "$passes"
    mkdir "../work here"
    cp -r solution "../work here/ex01_http_hello"
    run quietly env "$only" make check "WORK=../work here"
    assert_line "$passes"
    run quietly make clean
    assert_success
    [ ! -e server ]
}

@test "make help lists every command, in 80 columns" {
    run quietly make help
    assert_success
    local word
    for word in "" ex01 "check " check-ex01 run-ex01 watch-ex01 hint-ex01 show-ex01 next \
        reset-ex01 demo test solutions handout starters clean; do
        assert_output --partial "make $word"
    done
    run awk 'length > 80' <<<"$output"
    refute_output
}

@test "make check: each starter scores 0 and says what is to do; the exit status too" {
    run quietly make check
    assert_failure
    assert_equal "$(grep -c '^  0 of 20 points$' <<<"$output")" "$(exercises | wc -l)"
    # The first of them in full, at the end.
    assert_equal "$(grep -c 'TODO 1 is still to do$' <<<"$output")" 1
    assert_equal "$(grep -c '^  next: ' <<<"$output")" "$(exercises | wc -l)"
    assert_line "The whole lab: 0 of $((20 * $(exercises | wc -l))) points"
}

@test "WORK grades a copy that lies elsewhere, read-only, in a directory with spaces" {
    local work="$BATS_TEST_TMPDIR/Jean Dupont"
    mkdir -p "$work"
    cp -r ex01_http_hello/solution "$work/ex01_http_hello"
    chmod -R a-w "$work"
    run quietly make check-ex01 WORK="$work"
    chmod -R u+w "$work"
    assert_success
    assert_line "ex01_http_hello in $work"
    assert_line "  20 of 20 points"
    run ls "$work/ex01_http_hello"
    assert_output server.c
}

# How many checks these exercises have.
checks() { (cd tests && cat "${@/%//checks.bats}") | grep -c '^@test "\['; }

@test "FORMAT=tap, json and junit, for one exercise and for several" {
    local files=(ex01_http_hello ex02_accept_loop) many records=$BATS_TEST_TMPDIR/records
    many=$(checks "${files[@]}")
    quietly env FORMAT=json tests/grading/check "${files[@]}" >"$records" &&
        fail "full marks"
    run jq -rs 'map(select(.check).exercise) | length' "$records"
    assert_output "$many"
    run jq -r 'select(.tools).exercise' "$records"
    assert_output "$(printf '%s\n' "${files[@]}")"

    run env FORMAT=tap tests/grading/render "${files[@]}" <"$records"
    assert_line --index 0 "1..$many"
    assert_line --regexp '^not ok 1 \[2\] listens on the port it is given'
    env FORMAT=junit tests/grading/render "${files[@]}" <"$records" \
        >"$BATS_TEST_TMPDIR/report.xml"
    xmllint --noout "$BATS_TEST_TMPDIR/report.xml"
    run xmllint --xpath 'count(//testcase)' "$BATS_TEST_TMPDIR/report.xml"
    assert_output "$many"
    run quietly env LAB_ONLY="listens on the" make -s check-ex01 FORMAT=tap SOLUTION=1
    assert_line --regexp '^ok 1 \[2\] listens on the port it is given'
}

@test "mistakes in a command: one clear line and exit status 2" {
    local command message
    while IFS='|' read -r command message; do
        # shellcheck disable=SC2086
        run quietly make $command
        assert_failure 2
        assert_output --partial "$message"
        assert_equal "${#lines[@]}" 1
    done <<'EOF'
check-ex09|there is no exercise 'ex09', only ex01
run-ex09|there is no exercise 'ex09', only ex01
run|which exercise? make run-ex01
watch|which exercise? make watch-ex01
hint|which exercise? make hint-ex01
show|which exercise? make show-ex01
reset|which exercise? make reset-ex01
check WORK=/no/such/place|WORK=/no/such/place: there is no such directory
check-ex01 WORK=/no/such/place|WORK=/no/such/place: there is no such directory
check ONLY=3|ONLY and FIRST are for one exercise: make check-ex01
check-ex01 ONLY=18|ONLY=18: the checks of ex01_http_hello are 1 to 17
watch-ex01 ONLY=xyz|ONLY=xyz: no check of ex01_http_hello has these words in its name
check-ex01 FIRST=yes|FIRST=yes: it is 1
check-ex01 FIRST=1 FORMAT=junit|FORMAT=junit: with ONLY and FIRST it is pretty, tap
check FORMAT=html|FORMAT=html: it is one of pretty tap json junit
EOF
    run quietly tests/grading/grade
    assert_failure 2
    run quietly env WORK=/no/such/place tests/grading/grade ex01_http_hello
    assert_failure 2
    assert_output "WORK=/no/such/place: there is no such directory"
}

@test "without bats, grading says what to do" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$(command -v bash)" "$(command -v env)" "$(command -v dirname)" \
        "$BATS_TEST_TMPDIR/bin"
    run quietly env PATH="$BATS_TEST_TMPDIR/bin" tests/grading/grade ex01_http_hello
    assert_failure 2
    assert_output --partial "make tools"
}

@test "make tools ends with a line that says that all is there, or what is not" {
    run quietly make -s tools
    assert_success
    assert_equal "${#lines[@]}" 1
    assert_line --regexp '^All tools are there[.;]'
    path_without '(socat|chromium|google-chrome)'
    run quietly env PATH="$NARROW" NO_INSTALL=1 make -s tools
    assert_failure
    assert_line --index 0 --regexp '^missing: socat '
    refute_output --partial "All tools are there"
    # An installation that brings nothing.
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/apt-get"
    chmod +x "$BATS_TEST_TMPDIR/apt-get"
    ln -sf "$BATS_TEST_TMPDIR/apt-get" "$NARROW/apt-get"
    run quietly env PATH="$NARROW" make -s tools
    assert_failure
    assert_line "still missing: socat"
    ln -s "$(command -v socat)" "$NARROW/socat"
    run quietly env PATH="$NARROW" make -s tools
    assert_output --partial "All tools are there; without Chromium, checks in a browser"
}

@test "NO_INSTALL=1 only says what is missing" {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    local tool
    for tool in bash env id mktemp rm; do
        ln -sf "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin"
    done
    run env PATH="$BATS_TEST_TMPDIR/bin" NO_INSTALL=1 tests/commands/setup demo
    assert_failure
    assert_output --partial "missing: bats strace curl iproute2"
    run env NO_INSTALL=1 tests/commands/setup test
    assert_success
}

# With ALL=1 of all exercises; that each reference scores 20, late at that, is in
# grades.bats.
@test "make demo: the exchange, the page, 20 points; no process stays" {
    local chosen=ex01_http_hello
    [ -z "$ALL" ] || chosen=$(sample exercises)
    run quietly make demo EXERCISES="$(paste -s -d ' ' <<<"$chosen")"
    [ "$status" -eq 0 ] || fail "$(sed '/✗/,$!d' <<<"$output")" # CI may cut what is long
    assert_line --partial "http://localhost:"
    assert_line "   > GET / HTTP/1.1"
    assert_line "   < HTTP/1.1 200 OK"
    assert_line --regexp "the page reads +Hello World!"
    assert_equal "$(grep -c '^  20 of 20 points$' <<<"$output")" "$(wc -l <<<"$chosen")"
    refute_output --partial "left out"
    run awk 'length > 80' <<<"$output"
    refute_output
    run bash -c 'find /proc -maxdepth 2 -name exe -lname "$0/*" 2>/dev/null' "$COPY"
    refute_output
}

@test "make demo without Chromium uses curl, and on a taken port another one" {
    path_without 'chromium|google-chrome'
    quietly make -s instruments solutions
    socat TCP-LISTEN:8080,reuseaddr,fork /dev/null </dev/null >/dev/null 2>&1 3>&- 4>&- &
    local other=$!
    quietly "$LAB/tests/stage/listening" "$other" 5
    run quietly env PATH="$NARROW" tests/commands/demo
    kill "$other"
    assert_success
    assert_line --partial "with      curl"
    assert_line --regexp "the page reads +Hello World!"
    refute_line --partial "localhost:8080/"
}

# Starts `make run-EXERCISE` in the background, in a process group RUN, and waits for a
# word of it.
run_until() { # WORD EXERCISE VARIABLE=VALUE...
    mkdir -p "$BATS_TEST_TMPDIR/t"
    beside env TMPDIR="$BATS_TEST_TMPDIR/t" make -s "run-$2" "${@:3}" >run.out 2>&1
    RUN=$!
    until_grep "$1" run.out
}

# Presses Ctrl-C: every process of the group gets it. Then nothing may be left of the run.
ctrl_c() {
    kill -INT -- "-$RUN"
    wait "$RUN" || true
    leaves_nothing
}

# Fails where a program of the lab still runs, or a temporary file is left.
leaves_nothing() {
    run bash -c 'find /proc -maxdepth 2 -name exe -lname "$0/*" 2>/dev/null' "$COPY"
    refute_output
    run bash -c 'grep -lszF "TMPDIR=$0" /proc/[0-9]*/environ' "$BATS_TEST_TMPDIR/t"
    refute_output
    run find "$BATS_TEST_TMPDIR/t" -mindepth 1
    refute_output
}

# The programs of an exercise that can be run.
# shellcheck disable=SC2016 # the backquotes are the statement's
runnable() { sed -n 's/^- Run: `\([a-z_]*\) .*/\1/p' "$1/README.md"; }

@test "make run-ex01: the starter says what is missing, the solution serves the page" {
    quietly make -s clean # as in a fresh clone: it builds all that it needs
    run_until "ended with" ex01 PORT=0
    run cat run.out
    assert_output --partial "TODO 1 is still to do"
    assert_output --partial "server: ended with exit status 1"

    run_until "^Open http://localhost:" ex01 SOLUTION=1 PORT=0
    run curl -s "http://localhost:$(sed -n 's/^listening on port //p' run.out)/"
    assert_output --partial "<h1>Hello World!</h1>"
    wait "$RUN"
    run cat run.out
    assert_output --partial "server: ended with exit status 0"
}

@test "make run-ex01 opens the browser on a desktop, and says when a port is taken" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    # shellcheck disable=SC2016 # for the script to expand
    printf '#!/bin/sh\ncurl -s "$1" >"%s"\n' "$BATS_TEST_TMPDIR/page" \
        >"$BATS_TEST_TMPDIR/bin/xdg-open"
    chmod +x "$BATS_TEST_TMPDIR/bin/xdg-open"
    quietly make -s solutions
    run quietly env PATH="$BATS_TEST_TMPDIR/bin:$PLAIN_PATH" DISPLAY=:7 SOLUTION=1 \
        make -s run-ex01 PORT=0
    assert_success
    refute_output --partial "Open http"
    grep -q "Hello World!" "$BATS_TEST_TMPDIR/page"

    socat TCP-LISTEN:0,fork /dev/null </dev/null >/dev/null 2>&1 3>&- 4>&- &
    local other=$! port
    port=$(quietly "$LAB/tests/stage/listening" "$other" 5)
    run quietly make -s run-ex01 SOLUTION=1 PORT="$port"
    kill "$other"
    assert_failure
    assert_line "server: bind: Address already in use"
    assert_line --partial "Take another: make run-ex01 PORT=$((port + 1))"
}

@test "make run starts each program: a starter says what is missing" {
    local exercise program
    quietly make -s all
    for exercise in $(exercises); do
        assert_equal "$(runnable "$exercise" | sort)" "$(sources_of "$exercise" | sort)"
        for program in $(runnable "$exercise"); do
            run quietly env PROGRAM="$program" tests/commands/run "$exercise"
            assert_output --regexp ': TODO [0-9]+ is still to do'
        done
    done
}

# The programs that a student writes of an exercise.
sources_of() { (cd "$1" && printf '%s\n' *.c) | sed 's/\.c$//; /^net$/d'; }

@test "make run of a finished server says what to type; Ctrl-C leaves nothing behind" {
    local exercise program
    quietly make -s solutions
    for exercise in $(exercises); do
        for program in $(runnable "$exercise"); do
            [[ $program != sym_peer && $program != *client ]] || continue
            run_until "^(Ctrl-C ends it)" "${exercise%%_*}" SOLUTION=1 PORT=0 \
                PROGRAM="$program"
            ctrl_c
            run cat run.out
            assert_output --partial "$program: ended "
            refute_output --regexp '(localhost|127.0.0.1|TO:|-U) *(0|PATH)\b'
        done
    done
}

@test "make run of a finished client shows what its server answers; nothing stays" {
    local program exercise said
    mkdir "$BATS_TEST_TMPDIR/t"
    quietly make -s solutions
    while read -r program exercise said; do
        echo bonjour | timeout 60 "${PERSON[@]}" TMPDIR="$BATS_TEST_TMPDIR/t" \
            SOLUTION=1 make -s "run-$exercise" PROGRAM="$program" >run.out 2>&1 3>&- 4>&-
        run cat run.out
        assert_output --partial "$said"
        assert_line "$program: ended with exit status 0"
        leaves_nothing
    done <<'EOF'
client ex03 <h1>Hello from nginx</h1>
client ex03 > GET / HTTP/1.1\r\n
echo_client ex03 bonjour
asym_client udp 5
stream_client unix bonjour
dgram_client unix 5
EOF
}

@test "make run-ex04 starts the program that was changed last, or PROGRAM" {
    run quietly make -s run-ex04
    assert_line "This is echo_fork."
    echo >>ex04_multi/chat_poll.c
    echo >>ex04_multi/chat_threads.c
    touch -d '1 minute' ex04_multi/echo_fork.c # newer, and still the starter
    touch -d '1 minute ago' ex04_multi/chat_poll.c
    run quietly make -s run-ex04
    assert_line "This is chat_threads, the one that you changed last."
    assert_line "Another: make run-ex04 PROGRAM=echo_fork (or chat_poll)"
    assert_line "chat_threads: TODO 1 is still to do"
    run quietly make -s run-ex04 PROGRAM=chat_poll
    assert_line "chat_poll: TODO 1 is still to do"
    run quietly make -s run-ex04 PROGRAM=chat
    assert_line "PROGRAM=chat: it is one of echo_fork chat_threads chat_poll"
    cp "$LAB"/ex04_multi/*.c ex04_multi
}

@test "make run kills a program that Ctrl-C does not end, and its children, and says so" {
    cat >ex01_http_hello/server.c <<'EOF'
#define _DEFAULT_SOURCE
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    signal(SIGINT, SIG_IGN);
    if (fork() == 0)
        setsid();
    listen(socket(AF_INET, SOCK_STREAM, 0), 1);
    for (;;)
        pause();
}
EOF
    run_until "^(Ctrl-C ends it)" ex01
    ctrl_c
    cp "$LAB/ex01_http_hello/server.c" ex01_http_hello/server.c
    run cat run.out
    assert_line "server: did not end within a second of Ctrl-C; killed"
}

# The sample run at the top of a statement.
sample_run() { # EXERCISE
    sed -n '/^When it is done, this/,/^You need /s/^    //p' "$1/README.md"
}

# What differs from run to run becomes N.
without_numbers() { sed -E 's/[0-9]{5}/N/; s/client\.[A-Za-z0-9]{6}/client.N/'; }

# The commands of a sample run, whose output goes to FILE; the next waits until what is in
# the background listens, and the end until FILE has as many lines as the sample shows.
commands_of() { # EXERCISE FILE
    sample_run "$1" | sed -n 's/^\$ //p' |
        sed "s|&\$|\& '$LAB/tests/stage/listening' \$! 1 >/dev/null|"
    echo "for _ in {1..500}; do
        [ \"\$(wc -l <'$2')\" -lt $(sample_run "$1" | grep -vc '^\$ ') ] || break
        sleep 0.02
    done"
}

# Fails where lines of OUTPUT are others than in SAMPLE; "..." stands for any.
follows() { # SAMPLE OUTPUT
    local line n=0 any=""
    mapfile -t lines <"$2"
    while IFS= read -r line; do
        if [ "$line" = ... ]; then any=1; continue; fi
        while [ -n "$any" ] && ((n < ${#lines[@]})) && [ "${lines[n]}" != "$line" ]; do
            ((++n))
        done
        assert_equal "${lines[n]-}" "$line" || return
        any="" n=$((n + 1))
    done <"$1"
    [ -n "$any" ] || assert_equal "$n" "${#lines[@]}"
}

@test "the sample run of every statement is what its finished programs show" {
    local copy=$BATS_TEST_TMPDIR/lab exercise
    copy_lab "$copy"
    cd "$copy" || return
    for exercise in $(exercises); do cp "$exercise"/solution/*.[ch] "$exercise"; done
    quietly make -s all instruments
    quietly make -s -C "$LAB" instruments
    for exercise in $(exercises); do
        (cd "$exercise" && quietly "$LAB/tests/grading/alone" bash -c \
            "$(commands_of "../$exercise" "$copy/all")") >all 2>&1
        tr -d '\r' <all | without_numbers >out
        sample_run "$exercise" | grep -v '^\$ ' | without_numbers >sample
        [ -s sample ] || fail "$exercise/README.md has no sample run"
        follows sample out || fail "$exercise/README.md; seen: $(cat out)"
    done
}

# Puts what a grading of the solution says where a student's last one is kept.
keep_full_marks() {
    mkdir -p .grades
    quietly make -s check-ex01 SOLUTION=1 FORMAT=json >.grades/ex01_http_hello.jsonl
}

@test "make check-ex01 says what has changed since the last time" {
    keep_full_marks
    run quietly make -s check-ex01
    assert_line "  0 of 20 points (20 the last time)"
    assert_line --index -4 "  failed now, passed the last time:"
    assert_line --index -3 "    listens on the port it is given"
    assert_equal "$(jq -r 'select(.tools).points' .grades/ex01_http_hello.jsonl)" 0
    run quietly tests/grading/check ex01_http_hello
    assert_line "  0 of 20 points"
    refute_output --partial "the last time"
    run git status --porcelain --untracked-files=all .grades
    refute_output
    # Only what was tested is a grading; a file that is damaged is none.
    echo '{"tools": 1' >>.grades/ex01_http_hello.jsonl
    run quietly make -s check-ex01
    assert_line "  0 of 20 points"
    rm -r .grades
}

@test "a last grading is kept of a student's own, whole grading alone" {
    keep_full_marks
    cp .grades/ex01_http_hello.jsonl "$BATS_TEST_TMPDIR/kept"
    mkdir -p "$BATS_TEST_TMPDIR/work"
    cp -r ex01_http_hello "$BATS_TEST_TMPDIR/work"
    local how
    for how in WORK="$BATS_TEST_TMPDIR/work" FORMAT=tap FORMAT=autolab LAB_ONLY=FIN \
        SOLUTION=1; do
        run quietly env "$how" make -s check-ex01
        refute_output --partial "the last time"
        cmp .grades/ex01_http_hello.jsonl "$BATS_TEST_TMPDIR/kept"
    done
    quietly make -s clean
    cmp .grades/ex01_http_hello.jsonl "$BATS_TEST_TMPDIR/kept"
    echo y | make -s reset-ex01
    [ ! -e .grades/ex01_http_hello.jsonl ]
    rm -r .grades ex01_http_hello/*.before-reset-*
}

@test "gradings side by side keep one whole; where nothing can be kept, nothing is said" {
    quietly make -s instruments
    quietly make -s check-ex01 >/dev/null &
    quietly make -s check-ex01 >/dev/null || true
    wait "$!" || true
    assert_equal "$(ls -A .grades)" ex01_http_hello.jsonl
    assert_equal "$(jq -s 'map(select(.tools)) | length' .grades/*.jsonl)" 1
    rm -r .grades
    : >.grades # stands for a directory that can't be made, for root as well
    run quietly make -s check-ex01
    assert_line --index -1 --partial "Error 1"
    assert_line --index -2 "  next: listens on the port it is given"
    rm .grades
}

@test "make next: a bar an exercise, and the first that has not all its points" {
    run quietly make -s next
    assert_line --index 0 "ex01  --------------------  not graded yet"
    assert_line --index -1 "next: make check-ex01"
    mkdir .grades
    echo '{"exercise": "ex01_http_hello", "points": 20, "possible": 20, "tools": {}}' \
        >.grades/ex01_http_hello.jsonl
    run quietly make -s -C udp next
    assert_line --index 0 "ex01  ####################  20 of 20"
    assert_line --index 4 "udp   --------------------  not graded yet"
    assert_line --index -1 "next: make check-ex02"
    cat >.grades/ex02_accept_loop.jsonl <<'EOF'
{"exercise": "ex02_accept_loop", "check": "counts", "verdict": "not tested"}
{"exercise": "ex02_accept_loop", "check": "listens", "verdict": "failed"}
{"exercise": "ex02_accept_loop", "points": 13, "possible": 18, "tools": {}}
EOF
    run quietly make -s next
    assert_line --index 1 "ex02  ##############------  13 of 18"
    assert_line --index -1 "next: ex02, listens"
    run quietly script -qc "TERM=xterm make -s next" /dev/null
    assert_line --index 1 --partial $'\033[33m##############\033[0m------  13 of 18'
    run quietly script -qc "TERM=xterm NO_COLOR=1 make -s next" /dev/null
    refute_output --partial $'\033'
    rm -r .grades
}

# Keeps a last grading in which this check failed.
keep_failed() { # CHECK SECTION
    mkdir -p .grades
    jq -nc --arg check "$1" --arg section "$2" '{exercise: "ex01_http_hello"} + (
        {check: "listens", verdict: "passed"},
        {$check, verdict: "failed", expected: "one byte", seen: "none",
            cause: "It waits.", read: {file: "ex01_http_hello/README.md", $section},
            file: "ex01_http_hello/server.c", line: 12},
        {points: 2, possible: 20, tools: {}})' >.grades/ex01_http_hello.jsonl
}

@test "make hint-ex01: where to read, the cause, the solution; anew with another check" {
    run quietly make -s hint-ex01
    assert_failure 2
    assert_line "a hint is for the first check that failed: make check-ex01 first"
    keep_failed "accepts" "Step 5: accept"
    local opens="make hint-ex01 opens the next" hint=("accepts"
        "    expected  one byte"
        '    read      ex01_http_hello/README.md, "Step 5: accept"')
    run quietly make -s hint-ex01
    assert_output "$(printf '%s\n' "${hint[@]}" "hint 1 of 3: $opens")"
    hint+=("    cause     It waits." "    yours     ex01_http_hello/server.c, line 12")
    run quietly make -s -C ex01_http_hello hint
    assert_output "$(printf '%s\n' "${hint[@]}" "hint 2 of 3: $opens")"
    hint+=("    solution  ex01_http_hello/solution/server.c, TODO 5"
        "    int client_fd = accept(server_fd, NULL, NULL);"
        "    if (client_fd == -1)"
        '        return failed("accept");')
    run quietly make -s hint-ex01
    assert_output "$(printf '%s\n' "${hint[@]}" "hint 3 of 3: that is all there is")"

    # A grading in which the same check fails does not close them.
    keep_failed "accepts" "Step 5: accept"
    run quietly make -s hint-ex01
    assert_line "hint 3 of 3: that is all there is"
    keep_failed "sends" "Traps"
    run quietly make -s hint-ex01
    assert_line --index -1 "hint 1 of 2: $opens"
    keep_failed "receives" "Step 6: receive"
    printf '2\nreceives\n' >.grades/ex01_http_hello.hint
    run quietly make -s hint-ex01
    assert_line "enum request { COMPLETE, TOO_LARGE, BROKEN };"
    assert_equal "$(sed '1,/    solution/d' <<<"$output" | wc -l)" $((5 + 1))
    rm -r .grades
}

@test "ONLY makes some checks, FIRST=1 all up to one that fails, both no grade" {
    run quietly make -s check-ex01 SOLUTION=1 ONLY=2
    assert_success
    assert_line --index 1 "  ✓ 1/1   builds without a warning"
    assert_line --index 2 "  1 of 17 checks run"
    run quietly make -s -C ex01_http_hello check SOLUTION=1 ONLY='for PORT 0'
    assert_success
    assert_line --index 1 "  ✓ 1/1   says on which port it listens, also for port 0"
    refute_output --partial "points"

    sed 's/Hello World/Hallo/' ex01_http_hello/solution/server.c >ex01_http_hello/server.c
    run quietly make -s check-ex01 FIRST=1
    cp "$LAB/ex01_http_hello/server.c" ex01_http_hello
    assert_failure
    assert_line --index 3 "  ✗ 0/3   answers a request with the page"
    assert_line "  3 of 17 checks run"
    refute_output --partial "not tested"
    assert_line "  next: answers a request with the page"
    [ ! -e .grades ]
}

@test "make show-ex01 prints the solution without marks, each file by its name" {
    make -s show-ex01 >"$BATS_TEST_TMPDIR/shown"
    grep -v ' SOLUTION \*/' ex01_http_hello/solution/server.c |
        diff "$BATS_TEST_TMPDIR/shown" -
    run quietly make -s show-ex04
    local name
    for name in chat_poll chat_threads echo_fork net; do
        assert_line "/* ======== ex04_multi/solution/$name.c ======== */"
    done
    refute_output --partial "SOLUTION */"
    cd ex04_multi
    run quietly make -s show PROGRAM=net
    refute_output --partial "====="
    assert_output "$(grep -v ' SOLUTION \*/' solution/net.c)"
    run quietly make -s show PROGRAM=server
    assert_failure 2
    assert_line "PROGRAM=server: ex04_multi has no such program, only chat_poll\
 chat_threads echo_fork net"
}

@test "make reset-ex01 asks, keeps the old file and puts the starter back" {
    cp ex01_http_hello/solution/server.c ex01_http_hello/server.c
    run bash -c 'echo n | make -s reset-ex01' 3>&- 4>&-
    assert_output --partial "Nothing changed."
    cmp ex01_http_hello/solution/server.c ex01_http_hello/server.c
    run bash -c 'echo y | make -s reset-ex01'
    assert_success
    cmp ex01_http_hello/server.c "$LAB/ex01_http_hello/server.c"
    cmp ex01_http_hello/server.c.before-reset-1 ex01_http_hello/solution/server.c
    rm ex01_http_hello/server.c.before-reset-1
}

@test "preloaded libraries are found, whatever the directory is called" {
    quietly make -s instruments
    run quietly tests/kit/try_bug tests/ex01_http_hello/bugs/short-send.patch
    assert_success
}

@test "make watch-ex01 grades again at a save" {
    quietly make -s instruments
    beside tests/commands/watch ex01_http_hello >watch.out 2>&1
    WATCHER=$!
    until_grep '^watching' watch.out
    echo 'int main(void) { return 3; }' >ex01_http_hello/server.c
    until_grep 'exit status 3' watch.out
    kill -- "-$WATCHER"
    WATCHER=""
    cp "$LAB/ex01_http_hello/server.c" ex01_http_hello/server.c
    run cat watch.out
    assert_output --partial "TODO 1 is still to do"
    assert_output --partial "server ended with exit status 3"
}

# Runs a command of a shell in a copy of the lab as an ordinary user.
as_nobody() { # COMMAND
    [ "$(id -u)" -eq 0 ] || skip "not root: every other test has been an ordinary user's"
    local copy
    copy=$(mktemp -d /tmp/lab-of-nobody.XXXXXX)
    copy_lab "$copy"
    chown -R nobody "$copy"
    run quietly su -s /bin/bash nobody -c "cd '$copy' && $1"
    rm -rf "$copy"
}

@test "an ordinary user gets the same grades as root" {
    local exercise
    for exercise in $(sample exercises); do
        as_nobody "make -s check-${exercise%%_*} SOLUTION=1"
        assert_success
        assert_line --regexp "^  ([0-9]+) of \1 points"
    done
}

@test "a program that forks without end hurts neither the machine nor another check" {
    su -s /bin/bash nobody -c 'unshare --user true' ||
        skip "no namespaces, no limit of processes"
    as_nobody "sed -i 's/_exit(0);.*/for (;;) if (fork() == -1) pause();/' \
            ex04_multi/solution/echo_fork.c &&
        LAB_ONLY='leaves no zombie|whatever clients' make -s check-ex04 SOLUTION=1"
    assert_failure 2
    assert_line --regexp '^  ✗ .* echo_fork: leaves no zombie$'
    assert_line --regexp 'it has become [0-9]{3} processes'
    assert_line --regexp '^  ✓ .* chat_threads: survives'
    assert_line --regexp '^  ✓ .* chat_poll: survives'
}

# A server that forks without end and without a pause, in a cgroup of its own: whatever
# becomes of it, this machine is safe.
@test "as root, too, a program that forks without end is ended, and soon" {
    local pids=/sys/fs/cgroup/pids/lab-test.$$
    { [ "$(id -u)" -eq 0 ] && mkdir "$pids" 2>/dev/null; } ||
        skip "not root, or no cgroup"
    echo 2000 >"$pids/pids.max"
    mkdir -p "$BATS_TEST_TMPDIR/ex01_http_hello"
    echo '#include <unistd.h>
        int main(void) { for (;;) fork(); }' >"$BATS_TEST_TMPDIR/ex01_http_hello/server.c"
    quietly make -s instruments
    # shellcheck disable=SC2016 # for the inner shell to expand
    run quietly bash -c 'echo 0 >"$1/cgroup.procs" && WORK=$2 tests/stage/fair 15 \
        tests/grading/grade ex01_http_hello' bash "$pids" "$BATS_TEST_TMPDIR"
    local peak
    peak=$(cat "$pids/pids.peak")
    rmdir "$pids"
    assert_failure 1
    assert_line --regexp 'it has become [0-9]{3} processes: each fork\(\) makes one more'
    assert_equal "$(grep -c 'it has become' <<<"$output")" 1
    assert_line "  0 of 20 points"
    [ "$peak" -lt 700 ]
}

@test "where there are no namespaces, grades are the same" {
    without_namespaces
    run quietly env PATH="$NARROW" make -s check-ex01 SOLUTION=1
    assert_success
    assert_line "  20 of 20 points"
}

@test "where there are no namespaces, a port that somebody else has costs no point" {
    without_namespaces
    quietly make -s instruments
    socat TCP-LISTEN:8080,reuseaddr,fork /dev/null </dev/null >/dev/null 2>&1 3>&- 4>&- &
    local other=$!
    quietly tests/stage/listening "$other" 5
    run quietly env PATH="$NARROW" LAB_ONLY="listens on the" make -s check-ex01 SOLUTION=1
    kill "$other"
    assert_line "  ✓ 2/2   listens on the port it is given"
}

@test "where strace and Chromium are missing, their checks are left out, and said to be" {
    path_without 'strace|chromium|google-chrome'
    run quietly env PATH="$NARROW" make -s check-ex01 SOLUTION=1
    assert_success
    assert_line --partial "18 of 18 points (2 of 20 left out"
    assert_line --partial "left out: no Chromium here"
    assert_line --partial "left out: strace is missing"
}
