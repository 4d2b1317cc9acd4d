#!/usr/bin/env bats
# udp with peers that nobody here wrote, under valgrind, and through a bad network.

setup_file() { make -s -C "$BATS_TEST_DIRNAME/../.." solutions instruments; }

setup() {
    load ../kit/kit
    BIN=$LAB/udp/solution
    TALK=$LAB/tests/stage/stage
    cd "$BATS_TEST_TMPDIR" || return
    PIDS=()
}

teardown() { [ "${#PIDS[@]}" -eq 0 ] || kill -KILL "${PIDS[@]}" 2>/dev/null || true; }

# Starts a command in the background. Sets PID.
background() { # COMMAND...
    "$@" </dev/null >out 2>err 3>&- 4>&- &
    PID=$!
    PIDS+=("$PID")
}

# Starts a command in the background and waits until it has a UDP socket. Sets PORT.
bound() { # COMMAND...
    background "$@"
    PORT=$("$LAB/tests/stage/listening" "$PID" 20)
}

# A port that is free now.
free_port() { bound "$BIN/asym_server" 0 && kill "$PID" && wait "$PID"; }

eventually() { # COMMAND...
    local i
    for ((i = 0; i < 1000; i++)); do
        ! "$@" || return 0
        sleep 0.01
    done
    fail "never: $*"
}

# Tells whether somebody has a UDP socket at that port.
has_port() { grep -q ": 0*[0-9A-F]*:$(printf '%04X' "$1") " /proc/net/udp; }

# What 4 bytes on standard input say.
number() { od -An -tx1 | tr -d ' \n'; }

@test "socat and nc are answered by asym_server" {
    bound "$BIN/asym_server" 0
    run number < <(printf hello | socat -t 0.2 - "UDP:127.0.0.1:$PORT")
    assert_output 00000005
    run number < <(printf 'from nc\n' | timeout 5 nc -u -w 1 127.0.0.1 "$PORT")
    assert_output 00000008
    run cat out
    assert_line --regexp '^127\.0\.0\.1:[0-9]+ 5 hello$'
    assert_line --regexp '^127\.0\.0\.1:[0-9]+ 8 from nc\.$'
    kill "$PID"
    wait "$PID"
}

@test "asym_client prints the answer of a server that socat makes" {
    printf '#!/bin/sh\nprintf "\\000\\000\\001\\054"\n' >answer
    chmod +x answer
    bound socat UDP-RECVFROM:0,bind=127.0.0.1,fork EXEC:./answer
    run timeout 10 "$BIN/asym_client" localhost "$PORT" hello
    assert_success
    assert_output 300
}

@test "sym_peer talks with nc, both ways, until its input ends" {
    local theirs own peer
    free_port
    theirs=$PORT
    free_port
    own=$PORT
    mkfifo keys typed
    exec 7<>keys 8<>typed
    "$BIN/sym_peer" "$own" localhost "$theirs" <keys >heard 3>&- 4>&- 7>&- 8>&- &
    peer=$!
    timeout 20 nc -u -p "$theirs" 127.0.0.1 "$own" <typed >nc.heard 3>&- 4>&- 7>&- 8>&- &
    PIDS+=("$peer" "$!")
    eventually has_port "$own"
    eventually has_port "$theirs"
    echo "hello from nc" >&8
    eventually grep -qx "hello from nc" heard
    echo "hello, nc" >&7
    eventually grep -qx "hello, nc" nc.heard
    exec 7>&- 8>&-
    wait "$peer"
}

@test "through a network that loses, repeats and delays, the references find each other" {
    bound "$BIN/asym_server" 0
    local server=$PORT
    free_port
    cat >script <<END
net   bind udp:127.0.0.1:$PORT
far   connect udp:127.0.0.1:$server
net   expect "hello"
# lost; the second goes through, twice, and its answer is late
net   expect "hello"
far   send "hello" "hello"
far   expect "\0\0\0\x05"
far   expect "\0\0\0\x05"
net   expect "hello"
net   send "\0\0\0\x05" "\0\0\0\x05"
END
    "$TALK" -v script >transcript 3>&- 4>&- &
    local talking=$!
    eventually has_port "$PORT"
    run timeout 10 "$BIN/asym_client" 127.0.0.1 "$PORT" hello
    assert_success
    assert_output 5
    wait "$talking"
}

@test "valgrind finds nothing in the three programs" {
    local checked=(valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all
        --track-fds=yes)
    bound "${checked[@]}" --log-file=server.log "$BIN/asym_server" 0
    local server=$PORT
    run timeout 20 "${checked[@]}" --log-file=client.log \
        "$BIN/asym_client" localhost "$server" hello
    assert_output 5
    "$TALK" -t 20 <<END
alice connect udp:127.0.0.1:$server
alice send "" "a\0\xff" "x"*65507
alice expect "\0\0\0\0"
alice expect "\0\0\0\x03"
alice expect "\0\0\xff\xe3"
END
    kill "$PID"
    wait "$PID"
    free_port
    { printf 'a line\n'; head -c 3000 /dev/zero; printf '\nanother'; } |
        "${checked[@]}" --log-file=peer.log "$BIN/sym_peer" 0 127.0.0.1 "$PORT" 3>&- 4>&-
    mkfifo keys
    free_port
    local theirs=$PORT
    free_port
    "${checked[@]}" --log-file=heard.log "$BIN/sym_peer" "$PORT" 127.0.0.1 "$theirs" \
        <>keys >heard 3>&- 4>&- &
    local peer=$!
    PIDS+=("$peer")
    eventually has_port "$PORT"
    "$TALK" <<END
peer bind udp:127.0.0.1:$theirs
peer connect udp:127.0.0.1:$PORT
peer send "hello" "x"*65507 ""
END
    wait "$peer"
    assert_equal "$(tail -n 1 heard)" "peer left"
    # --track-fds names what is open at the end: nothing but standard input, output and
    # error, and the log.
    run cat server.log client.log peer.log heard.log
    refute_output --regexp 'Open (AF_INET|socket)'
}
