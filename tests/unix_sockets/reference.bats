#!/usr/bin/env bats
# unix_sockets: what the grading does not show. A client that nobody here wrote (socat),
# and the reference solutions under valgrind.

setup_file() {
    make -s -C "$BATS_TEST_DIRNAME/../.." instruments solutions
}

setup() {
    load ../kit/kit
    SOLUTION=$LAB/unix_sockets/solution
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [ -z "$SERVER" ] || kill -KILL "$SERVER" 2>/dev/null || true
}

# Starts a server, under what is named before it, and waits until it can be reached.
serve() { # COMMAND...
    "$@" >out 2>err 3>&- 4>&- &
    SERVER=$!
    "$LAB/tests/stage/listening" "$SERVER" 20 >/dev/null
}

# Ends the server, which must end with exit status 0.
stop() {
    kill -TERM "$SERVER"
    wait "$SERVER"
    SERVER=""
}

VALGRIND=(valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all
    --track-origins=yes --log-file=valgrind.%p)

# Demands that valgrind has said nothing.
no_word() {
    run cat valgrind.*
    refute_output
}

@test "socat talks to stream_server" {
    serve "$SOLUTION/stream_server" s
    run socat -t 5 - UNIX-CONNECT:s <<<"hello"
    assert_output hello
    head -c 300000 /dev/urandom >sent
    socat -t 5 - UNIX-CONNECT:s <sent >received
    cmp sent received
    stop
}

@test "socat is the server of stream_client" {
    socat UNIX-LISTEN:t EXEC:cat 3>&- 4>&- &
    until [ -S t ]; do sleep 0.01; done
    run "$SOLUTION/stream_client" t <<<"hello"
    assert_output hello
    wait
}

@test "socat sends datagrams to dgram_server, with and without a name" {
    serve "$SOLUTION/dgram_server" s
    printf nobody | socat -u - UNIX-SENDTO:s
    printf hello | socat -t 1 - UNIX-SENDTO:s,bind=client | od -An -tx1 >answer
    run cat answer
    assert_output " 00 00 00 05"
    run cat out
    assert_line "- 6 nobody"
    assert_line "client 5 hello"
    stop
}

@test "the programs talk to each other" {
    serve "$SOLUTION/dgram_server" s
    run "$SOLUTION/dgram_client" s hello
    assert_output 5
    stop
    serve "$SOLUTION/stream_server" s
    run "$SOLUTION/stream_client" s < <(printf 'one\ntwo')
    assert_output $'one\ntwo'
    stop
    [ ! -e s ]
}

@test "a server and its client in directories of their own" {
    mkdir here there
    (cd here && exec "$SOLUTION/dgram_server" s) >out 3>&- 4>&- &
    SERVER=$!
    "$LAB/tests/stage/listening" "$SERVER" 20
    cd there
    run "$SOLUTION/dgram_client" ../here/s hello
    assert_output 5
    stop
}

@test "valgrind finds nothing in the stream programs" {
    serve "${VALGRIND[@]}" "$SOLUTION/stream_server" s
    "$LAB/tests/stage/stage" -t 30 <<'END'
alice connect unix:s
alice send "x"*100000
alice half-close
alice expect "x"*100000
alice fin
bob connect unix:s
bob send "hello"
bob close
carol connect unix:s
carol half-close
carol fin
END
    run "${VALGRIND[@]}" "$SOLUTION/stream_client" s < <(printf 'one\n\ntwo\0')
    assert_success
    run "${VALGRIND[@]}" "$SOLUTION/stream_client" s < <(head -c 5000 /dev/zero)
    assert_failure 1
    run "${VALGRIND[@]}" "$SOLUTION/stream_client" nowhere </dev/null
    assert_failure 1
    stop
    no_word
}

@test "valgrind finds nothing in the datagram programs" {
    serve "${VALGRIND[@]}" "$SOLUTION/dgram_server" s
    "$LAB/tests/stage/stage" -t 30 <<'END'
alice connect unixgram:s
alice send "nobody"
bob bind unixgram:b
bob connect unixgram:s
bob send ""
bob expect "\0\0\0\0"
bob send "x"*65507
bob expect "\0\0\xff\xe3"
END
    run "${VALGRIND[@]}" "$SOLUTION/dgram_client" s hello
    assert_output 5
    run "${VALGRIND[@]}" "$SOLUTION/dgram_client" nowhere hello
    assert_failure 1
    stop
    no_word
}
