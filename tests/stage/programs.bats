#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2119,SC2120 # programs expand; scenes on standard input
# The words of the stage for programs under test, with small programs of all kinds.

setup_file() { make -s -C "$BATS_TEST_DIRNAME/../.." instruments; }

setup() {
    load ../kit/kit
    cd "$BATS_TEST_TMPDIR" || return
}

# Makes an executable of the shell script on standard input.
program() { # NAME
    { echo '#!/bin/bash'; cat; } >"$1"
    chmod +x "$1"
}

play() { run timeout 60 "$LAB/tests/stage/stage" "$@" 3>&- 4>&-; }

@test "a program starts, prints, says and ends as the scene has it" {
    program greet <<<'echo "hello $1"; echo "oh: $WORD" >&2; exit 3'
    play <<'.'
server with   WORD=dear
server start  ./greet "two words"
server prints "^hello two words$"
server says   "^oh: dear$"
server prints-not "oh"
server exits  0 3
.
    assert_success
    refute_output
}

@test "each word fails with what was seen, and the kind of failure" {
    program greet <<<'printf "hel"; [ "$1" != wait ] || sleep 9; kill -PIPE $$'
    local step kind message
    play -K kinds <<'.'
server start ./greet
server exits 0
.
    assert_failure 1
    assert_output --partial "expected exit status 0"
    assert_output --partial "server ended with signal 13 (SIGPIPE)"
    assert_equal "$(cat kinds)" "server signal-PIPE"
    while IFS='|' read -r step kind message; do
        play -t 0.2 -K kinds < <(printf 'server start ./greet wait\nserver %s\n' "$step")
        assert_failure 1
        assert_output --partial "$message"
        assert_output --partial "server is still running"
        assert_output --partial "stdout: hel"
        assert_equal "$(cat kinds)" "server $kind"
    done <<'.'
exits 0|running|it is still running
prints "^hello"|unsaid|expected a line on stdout with ^hello
prints "^hel"|unended|but its line has no end
listens @port|never|expected it to listen, but it does not
.
    play -K kinds <<'.'
server start ./greet
server exits
server prints-not "h"
.
    assert_failure 1
    assert_output --partial "expected no line on stdout with h"
    assert_equal "$(cat kinds)" "server printed"
}

@test "where it listens is seen from outside, and a wrong place is named" {
    program elsewhere <<<'exec nc -l 127.0.0.1 "$1"'
    play -K kinds <<'.'
server start     ./elsewhere @port
server reachable @port
alice  connect   @port
alice  close
server exits
server start     ./elsewhere 0
server reachable @other
server listens   @other
server listens   @third
.
    assert_success
    play -K kinds <<'.'
host   bind    udp:127.0.0.1:@port
server start   ./elsewhere 0
server listens @port
.
    assert_failure
    assert_output --regexp "expected it to listen on port [0-9]+,.*but it listens on"
    assert_equal "$(cat kinds)" "server elsewhere"
}

@test "signals, stop and continue reach it; one that has ended is told" {
    program trapped <<'.'
trap "echo got it; exit 7" TERM
echo ready
while :; do sleep 0.01; done
.
    play <<'.'
server start  ./trapped
server prints "ready"
server stop
server continue
server signal TERM
server exits  7
server prints "got it"
.
    assert_success
    play <<'.'
server start  /bin/true
server exits  0
server signal TERM
.
    assert_failure
    assert_output --partial "SIGTERM comes too late: it has ended"
}

@test "with -k a party that fails leaves, and all failures are told" {
    program status <<<'exit "$1"'
    play -k -K kinds <<'.'
one   start ./status 1
two   start ./status 2
three start ./status 3
one   exits 0
two   exits 2
three exits 0
three says  "never asked"
.
    assert_failure
    refute_output --partial "two "
    assert_equal "$(cat kinds)" "one status-1
three status-3"
}

@test "a program that prints without end is cut, and shown in a few lines" {
    program endless <<<'yes "without end"'
    play -t 20 <<'.'
server start ./endless
server exits 0
.
    assert_failure
    assert_output --partial "and more,"
    assert [ "${#lines[@]}" -lt 20 ]
}

@test "at the end of a scene nothing that it started is left, not even what has gone" {
    program leaves <<<'setsid sleep "98765.$1" & echo ready; sleep 98765.2'
    play <<'.'
server start  ./leaves 1
server prints "ready"
.
    assert_success
    run pgrep -f 'sleep 98765'
    assert_failure
}

@test "a deadline is not over while a program waits for a processor" {
    local busy=() n
    for ((n = 0; n < 8 * $(nproc); n++)); do
        timeout 60 bash -c 'while :; do :; done' 3>&- 4>&- &
        busy+=("$!")
    done
    program works <<<'for ((n = 0; n < 100000; n++)); do :; done; echo done'
    play -t 3 <<'.'
server start  ./works
server exits  0
server prints "done"
.
    kill "${busy[@]}"
    assert_success
}

@test "fair ends a command and all its descendants when its time is over, not before" {
    run "$LAB/tests/stage/fair" 0.2 bash -c 'setsid sleep 98764 & sleep 98764'
    assert_failure 124
    run pgrep -f 'sleep 98764'
    assert_failure
    run "$LAB/tests/stage/fair" 20 bash -c 'exit 5'
    assert_failure 5
    run "$LAB/tests/stage/fair" 20 bash -c 'kill -TERM $$'
    assert_failure 143
}

# With a choice of 10,000 ports, two of 24 were the same in one scene of 36.
@test "ports of different names are different, also where nothing is bound yet" {
    local n names
    names=$(printf '@%s ' {a..x})
    for ((n = 0; n < 150; n++)); do
        play <<END
ports start sh -c "echo \$* | xargs -n 1 | sort | uniq -d" sh $names
ports exits 0
ports prints-only ""
END
        assert_success
    done
}
