#!/usr/bin/env bats
# shellcheck disable=SC2028 # \n is for talk to expand
# ex04_multi: its programs under valgrind, and with clients that nobody here wrote; its
# two instruments, crowd and faults.

setup() {
    load ../kit/kit
    cd "$LAB" || return
    make -s solutions instruments
    STARTED=()
}
teardown() {
    local pid
    for pid in ${STARTED[@]+"${STARTED[@]}"}; do
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# Starts a command in the background and waits until it listens. Sets PID, PORT, OUT.
begin() { # COMMAND...
    OUT=$BATS_TEST_TMPDIR/out.${#STARTED[@]}
    "$@" >"$OUT" 2>"$OUT.err" 3>&- 4>&- &
    PID=$!
    STARTED+=("$PID")
    PORT=$(tests/stage/listening "$PID" 20)
}

# Ends the last of them by SIGTERM. Sets STATUS.
end() {
    kill -TERM "$PID"
    STATUS=0
    wait "$PID" || STATUS=$?
}

# Waits, 5 s at most, until the file has the line.
comes() { # FILE LINE
    local n
    for ((n = 0; n < 500; n++)); do
        ! grep -qxF -e "$2" "$1" || return 0
        sleep 0.01
    done
    fail "'$2' does not come: $(head -5 "$1")"
}

@test "valgrind finds nothing in the servers of ex04: memory, descriptors, threads" {
    local program valgrind=(valgrind -q --error-exitcode=99 --leak-check=full
        --show-leak-kinds=all --track-fds=yes --child-silent-after-fork=yes)
    for program in echo_fork chat_threads chat_poll; do
        begin "${valgrind[@]}" "ex04_multi/solution/$program" 0
        [ "$program" = echo_fork ] || tests/stage/crowd "$PORT" 5 5 10
        tests/stage/stage -t 20 <<END
alice connect 127.0.0.1:$PORT
alice send "x"*512
alice expect "line too long\n"
bob   connect 127.0.0.1:$PORT
bob   send "one\ntwo\n"
carol connect 127.0.0.1:$PORT
carol send "half"
carol taken
carol reset
END
        end
        [ "$STATUS" -eq 0 ] || fail "$program: status $STATUS: $(cat "$OUT.err")"
        # descriptors that stay open at the end are those that bats left to the program
        ! grep -qE 'Open (AF_INET|file descriptor .*socket)' "$OUT.err" ||
            fail "$(cat "$OUT.err")"
    done
    begin valgrind -q --tool=helgrind --error-exitcode=99 \
        ex04_multi/solution/chat_threads 0
    tests/stage/crowd "$PORT" 5 5 10
    end
    [ "$STATUS" -eq 0 ] || fail "helgrind: $(cat "$OUT.err")"
}

@test "nc and socat talk to each server of ex04" {
    local program
    begin ex04_multi/solution/echo_fork 0
    run bash -c "printf 'hello\r\nfrom nc\n' | timeout 5 nc -N 127.0.0.1 $PORT"
    assert_output $'hello\nfrom nc'
    run bash -c "printf 'hello\nfrom socat\n' | timeout 5 socat -t5 - TCP:127.0.0.1:$PORT"
    assert_output $'hello\nfrom socat'
    end
    assert_equal "$STATUS" 0
    for program in chat_threads chat_poll; do
        begin "ex04_multi/solution/$program" 0
        mkfifo "$BATS_TEST_TMPDIR/typed.$program"
        nc 127.0.0.1 "$PORT" <"$BATS_TEST_TMPDIR/typed.$program" \
            >"$BATS_TEST_TMPDIR/nc.$program" 3>&- 4>&- &
        STARTED+=("$!")
        exec 7>"$BATS_TEST_TMPDIR/typed.$program"
        # Two sockets: the listening one, and that of nc, which is #1 therefore.
        while [ "$(find "/proc/$PID/fd" -lname 'socket:*' | wc -l)" -lt 2 ]; do
            sleep 0.01
        done
        (while sleep 0.02; do echo "from socat"; done) 3>&- 4>&- 7>&- 2>/dev/null |
            socat - "TCP:127.0.0.1:$PORT" >"$BATS_TEST_TMPDIR/socat.$program" \
                3>&- 4>&- 7>&- &
        STARTED+=("$!")
        comes "$BATS_TEST_TMPDIR/nc.$program" "#2 from socat"
        echo "from nc" >&7
        comes "$BATS_TEST_TMPDIR/socat.$program" "#1 from nc"
        exec 7>&-
        end
        assert_equal "$STATUS" 0
    done
}

# What crowd says of a chat in which client 1 is told these lines, after client 2's first.
crowd_hears() { # LINE...
    local line
    {
        echo "chat listen 127.0.0.1:0"
        echo "a accept chat"
        echo "b accept chat"
        echo 'b until "line 0 ihgfedc\n"'
        for line in "#2 client 2 line 0 ihgfedc" "$@"; do echo "a send \"$line\\n\""; done
        echo "a drain"
    } >"$BATS_TEST_TMPDIR/script"
    begin tests/stage/stage -t 9 "$BATS_TEST_TMPDIR/script"
    run tests/stage/crowd -t 1 "$PORT" 2 2 2
    [ "$status" -eq 1 ]
}

@test "crowd says of a line that it is lost, cut, doubled, or under another's ID" {
    run tests/stage/crowd 1 2 2
    [ "$status" -eq 2 ]
    assert_output --partial "usage: crowd"
    run tests/stage/crowd -t 1 1 2 1 1
    [ "$status" -eq 1 ]
    assert_output --partial "can't connect: Connection refused"

    local line1="client 2 line 1 wvutsrqponmlkjihgfed"
    local line2="client 2 line 2 kjihgfedcbazyxwvutsrqponmlkjihgfe"
    crowd_hears "#2 $line1"
    assert_output "client 1 has received 2 lines of 3, and no more for 1 s"
    crowd_hears "#2 client 2 line 1 wvu"
    assert_output --partial "not whole"
    crowd_hears "#2 $line2"
    assert_output --partial "client 1 received line 2 of client 2 before an earlier one"
    crowd_hears "#2 $line1" "#2 $line1"
    assert_output --partial "client 1 received line 1 of client 2 twice"
    crowd_hears "#3 $line1"
    assert_output --partial "client 2 is called #2, and then #3"
    crowd_hears "#1 client 1 line 1 onmlkjihgfedc"
    assert_output --partial "its own line"
    crowd_hears "what?"
    assert_output --partial "what nobody sent so"
}

@test "faults: late threads, accept or fork fails, a broken pipe; each only where asked" {
    local faults=$LAB/tests/stage/faults.so
    begin env FAIL_FORK=1 LD_PRELOAD="$faults" ex04_multi/solution/echo_fork 0
    tests/stage/stage <<END
a connect 127.0.0.1:$PORT
a fin
b connect 127.0.0.1:$PORT
b send "here\n"
b expect "here\n"
END
    end
    assert_equal "$STATUS" 0
    grep -q "fork: Resource temporarily unavailable" "$OUT.err"
    run env FAIL_FORK=1 LD_PRELOAD="$faults" "$BASH" -c 'kill -0 -1'
    assert_output "kill(-1, 0): every process of this user"
    begin env FAIL_ACCEPT=EMFILE LD_PRELOAD="$faults" ex04_multi/solution/chat_poll 0
    tests/stage/crowd "$PORT" 2 2 5
    grep -q "accept: Too many open files" "$OUT.err"
    end
    begin env FAIL_ACCEPT=EINTR,ECONNABORTED,ENFILE LD_PRELOAD="$faults" \
        ex04_multi/solution/chat_threads 0
    tests/stage/crowd "$PORT" 2 2 5
    run cat "$OUT.err"
    assert_output "chat_threads: accept: Too many open files in system"
    end
    begin env EPIPE_AT="client 2 line 3" LD_PRELOAD="$faults" \
        ex04_multi/solution/chat_poll 0
    run tests/stage/crowd "$PORT" 3 2 5
    [ "$status" -eq 1 ]
    assert_output --regexp "^client [1-3]: " # it was closed: by FIN, or by RST
    end
    begin env LATE_THREADS=300 LD_PRELOAD="$faults" ex04_multi/solution/chat_threads 0
    tests/stage/stage <<END
a connect 127.0.0.1:$PORT
b connect 127.0.0.1:$PORT
b send "late\n"
a silent 150ms
a expect "#2 late\n"
END
    end
    begin env LD_PRELOAD="$faults" ex04_multi/solution/chat_threads 0
    tests/stage/crowd "$PORT" 3 3 5
    end
    assert_equal "$STATUS" 0
}
