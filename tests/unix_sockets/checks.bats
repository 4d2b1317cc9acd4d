#!/usr/bin/env bats
# unix_sockets: 20 points. Paths here are relative: every program, and talk, runs in the
# check's own directory, so that the names stay far below the 108 bytes of sun_path.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
load ../lib/lab

SERVERS="stream_server dgram_server"
FIRST_PATH=path_of_a_server # longer than the 14 bytes of a struct sockaddr

setup_file() {
    open_exercise unix_sockets stream_server stream_client dgram_server dgram_client
    first_start
    behind ask_in_vain
}
teardown_file() { close_exercise; }
setup() {
    ready
    cd "$T" || return
}
teardown() {
    tidy
    no_talker
}

# Once for the file, all programs side by side: one that does nothing is not waited for in
# every check.
first_start() {
    local program
    for program in $PROGRAMS; do
        blocked "$program" || first_start_of "$program" &
    done
    wait
}
first_start_of() { # PROGRAM
    ready
    T=$BATS_FILE_TMPDIR/$1
    mkdir "$T"
    cd "$T" || return
    case $1 in
    *_server) first_start_of_server "$1" ;;
    *_client) first_start_of_client "$1" ;;
    esac
    stop_all
}
first_start_of_server() { # PROGRAM
    start "$1" "$FIRST_PATH"
    if listens; then
        echo "$PORT" >"$T/listens"
        await "$PRINT_S" printed || touch "$T.mute"
    else
        section "Step 3: bind"
        never_listens "$1" "$FIRST_PATH"
    fi
}
first_start_of_client() { # PROGRAM
    local expects=$'dgr expect "hello"\ndgr send "\\0\\0\\0\\x05"'
    [ "$1" = dgram_client ] || expects=$'peer accept srv\npeer close'
    beside gate <<END
srv  listen unix:stream
dgr  bind unixgram:dgram
gate listen unix:gate
$expects
END
    if [ "$1" = stream_client ]; then
        start "$1" stream
    else
        start "$1" dgram hello
    fi
    await "$END_S" one_is_over || true
    await "$PRINT_S" gone "$TALKER" || true
    { kill "$TALKER"; wait "$TALKER"; } 2>/dev/null || true
    if [ "$1" = stream_client ]; then
        section "Step 7: connect and talk"
        did "listened at the path stream, and started ./stream_client stream"
    else
        section "Step 9: an address of its own"
        did "bound a socket to the path dgram, and started ./dgram_client dgram hello"
    fi
    expected "it to come to its server: nothing else of it can be tested before"
    because "socket() and connect() or sendto() take a struct sockaddr_un with the path in it; each returns -1 when it fails."
    # The transcript is there only where the conversation came to its end.
    grep -qE '^ .* (<|accept) ' "$T/said" || block "$1" "./$1 does not come to its server:
$(how_it_stands)"
}
one_is_over() { ended || gone "$TALKER"; }

# Waits until a server listens and has said so: a datagram socket can be reached as soon as
# it is bound, before the server has done all that belongs to that. Where it is known to
# print nothing, that is not waited for again.
is_up() { # PROGRAM
    listens || return
    [ -f "$BATS_FILE_TMPDIR/$1.mute" ] || await "$PRINT_S" printed ||
        touch "$BATS_FILE_TMPDIR/$1.mute"
}

# Starts a server on a path and waits until it listens there.
serve_at() { # PROGRAM PATH
    start "$1" "$2"
    { is_up "$1" && [ "$PORT" = "$2" ]; } || {
        did "started ./$1 $2"
        expected "a socket at $2 that waits for clients"
        because "A server binds its socket as soon as it is started. What it says on stderr, if anything, tells which call failed."
        blame "${PORT:+it listens on $PORT
}$(how_it_stands)"
    }
}

# Plays the script on standard input beside the test; the transcript goes to $T/said.
# Returns when the script's first socket is there.
beside() { # PATH [SECONDS_MAX]
    no_talker
    cat >"$T/script"
    : >"$T/said"
    "$TALK" -v -t "$TALK_S" "$T/script" >"$T/said" 2>&1 </dev/null 3>&- 4>&- &
    TALKER=$!
    await "${2:-$START_S}" appeared "$1" || true
}
# Ends what plays beside, before another takes its paths: talk removes them at its end.
no_talker() {
    [ -n "$TALKER" ] || return 0
    { kill "$TALKER" && wait "$TALKER"; } 2>/dev/null || true
    TALKER=""
}
appeared() { holds_text "listening on $1"$'\n' "$T/said"; }

# Waits until the script that plays beside has come to `NAME listen unix:PATH`, and lets it
# go on, past `accept NAME`.
has_come_to() { await "$START_S" appeared "$1"; }
goes_on() { "$TALK" <<<"go connect unix:$1" >/dev/null 2>&1 3>&- 4>&- || true; }

# Waits until the script has been played; the test fails when a step of it did.
played() {
    local status=0
    wait "$TALKER" || status=$?
    TALKER=""
    [ "$status" -eq 0 ] || blame "$(transcript)
$(how_it_stands)"
}
transcript() { grep -v '^listening on' "$T/said"; }

# Waits for the end of a client that must end with exit status 0 and print TEXT.
prints() { # TEXT, as printf's format
    # shellcheck disable=SC2059
    printf "$1" >"$T/wanted"
    { ends && [ "$STATUS" -eq 0 ] && cmp -s "$T/wanted" "$OUT"; } || blame "$(how_it_stands)"
}

# Waits for the end of a program that must end with exit status 1 and say REGEX on stderr.
fails_with() { # REGEX
    { ends && [ "$STATUS" -eq 1 ] && grep -qE -e "$1" "$ERR"; } || blame "$(how_it_stands)"
}

# Leaves a socket at PATH that nobody has bound any more.
leave_dead() { # unix|unixgram PATH
    local command=listen
    [ "$1" = unix ] || command=bind
    "$TALK" -t 60 >/dev/null 2>&1 3>&- 4>&- <<<"dead $command $1:$2
dead silent 60s" &
    local pid=$!
    await "$START_S" test -S "$2"
    { kill -KILL "$pid"; wait "$pid"; } 2>/dev/null || true
}

# The next programs get standard input from the file in.
with_input() { # TEXT, as printf's format
    # shellcheck disable=SC2059
    printf "$1" >"$T/in"
    UNDER=(sh -c 'exec "$@" <in' sh)
}

@test "[1] both servers listen on the path they are given, and say so" {
    section "Step 3: bind"
    local server other
    did "started ./stream_server $FIRST_PATH and ./dgram_server $FIRST_PATH, each in a directory of its own, and looked with: ss -xl"
    expected "a socket at $FIRST_PATH that waits for clients, of both"
    other=$(cd "$BATS_FILE_TMPDIR" && find ./*_server -type s ! -name "$FIRST_PATH" | cut -d / -f 3)
    [ -z "$other" ] || {
        because "The path did not reach bind() as it was given: all of it goes to sun_path, and the length given to bind() is that of a struct sockaddr_un, not of a struct sockaddr."
        blame "there is a socket at ${other%%
*}"
    }
    # shellcheck disable=SC2086
    needs $SERVERS
    for server in $SERVERS; do
        [ "$(cat "$BATS_FILE_TMPDIR/$server/listens")" = "$FIRST_PATH" ] ||
            blame "$server: a socket at $(cat "$BATS_FILE_TMPDIR/$server/listens")"
    done

    section "Step 5: listen, and say where"
    for server in $SERVERS; do
        DID=""
        did "started ./$server $FIRST_PATH"
        expected "'listening on $FIRST_PATH' on stdout, as soon as it can be reached"
        because "Nothing was printed: where stdout is no terminal, printf() keeps what it prints until fflush(stdout)."
        local out=$BATS_FILE_TMPDIR/$server/out.0
        [ -s "$out" ] || blame "nothing on stdout while it listened"
        because "The line is other than the statement has it."
        [ "$(grep -a 'listening on' "$out")" = "listening on $FIRST_PATH" ] || blame "stdout: $(cat "$out")"
        because "Who reads by lines waits for the newline at the end."
        [ -z "$(tail -c 1 "$out")" ] || blame "no newline at the end of: $(cat "$out")"
    done
}

@test "[1] builds all four programs without a warning" {
    builds_without_a_warning
}

@test "[1] stream_server sends back what a client sends" {
    needs stream_server
    section "Step 6: accept and echo"
    did "started ./stream_server s, connected and sent some bytes"
    expected "the same bytes, and no others; the end of the connection when the client has half-closed"
    because "Every byte goes back as it came, also NUL: what recv() brings is no string, and recv() says how many bytes it is. 0 means that the client has no more; then close(client_fd)."
    serve_at stream_server s
    talk <<END
alice connect unix:s
alice send "hello\n"
alice expect "hello\n"
alice send "a\0b\x01\xff"
alice expect "a\0b\x01\xff"
alice silent 10ms
alice half-close
alice fin
END
    did "sent 300000 bytes, half-closed and received meanwhile"
    because "recv() brings no more than the buffer holds: receive and send again and again, until recv() returns 0."
    talk <<END
alice connect unix:s
alice send "0123456789"*30000
alice half-close
alice expect "0123456789"*30000
alice fin
END
    stop_all

    DID=""
    did "let every send() of ./stream_server take 3 bytes at most, as the kernel may when its buffer is full"
    because "send() returns how many bytes it took. Send the rest until nothing is left."
    UNDER=(env SHORT_SEND=3 LD_PRELOAD=./short_io.so)
    rm -f s
    serve_at stream_server s
    talk <<END
alice connect unix:s
alice send "hello world\n"
alice expect "hello world\n"
END
}

@test "[1] stream_server serves the next client, however the last one left" {
    needs stream_server
    section "Step 6: accept and echo"
    expected "the next client served"
    serve_at stream_server s
    local descriptors
    did "connected and left without a word"
    because "recv() returns 0 when the client has closed: close(client_fd), and back to accept()."
    talk <<END
alice connect unix:s
alice close
bob connect unix:s
bob send "bob"
bob expect "bob"
bob half-close
bob fin
END
    descriptors=$(count_descriptors)

    did "held ./stream_server still, connected, sent a line and left, and let it go on"
    because "To a client that has left, send() raises SIGPIPE, which ends the server without a word. With MSG_NOSIGNAL, or SIGPIPE ignored, it returns -1 and EPIPE instead: this client is over, the server is not."
    talk <<END
server stop $PID
alice connect unix:s
alice send "hello\n"
alice close
server continue $PID
bob connect unix:s
bob send "bob"
bob expect "bob"
bob half-close
bob fin
END

    did "left with an answer unread, which the server sees as 'Connection reset by peer'"
    because "-1 from recv() concerns this client alone: say it, close(client_fd), and go on with the next."
    # What comes back for "a" is in carol's socket when the server has received "b".
    talk <<END
carol deaf
carol connect unix:s
carol send "a"
carol taken
carol send "b"
carol taken
carol close
bob connect unix:s
bob send "bob"
bob expect "bob"
bob half-close
bob fin
END
    expected "as many open descriptors as after the first client: $descriptors"
    because "A client's socket was not closed: each accept() needs its close(client_fd), also where a call failed."
    [ "$(count_descriptors)" -eq "$descriptors" ] ||
        blame "$(count_descriptors) open descriptors"
    stop_all
    strace_works || return 0

    DID=""
    expected "the client served"
    because "accept() returns -1 when it fails; -1 is no descriptor, and no reason for a server to end: say it, wait a moment, try again."
    local error runs=()
    for error in ECONNABORTED EMFILE; do
        UNDER=(strace -D -f -qq -o "$T/trace" -e "trace=accept,accept4"
            -e "inject=accept,accept4:error=$error:when=1")
        start stream_server "$error"
        runs+=("$PID $OUT $ERR $error")
    done
    local run
    for run in "${runs[@]}"; do
        read -r PID OUT ERR error <<<"$run"
        DID=""
        did "made the first accept() of ./stream_server fail with $error (strace), and connected"
        listens || blame "$(how_it_stands)"
        talk <<END
alice connect unix:$error
alice send "hello\n"
alice expect "hello\n"
END
    done
}
count_descriptors() {
    local descriptors=("/proc/$PID/fd/"*)
    echo "${#descriptors[@]}"
}

@test "[1] stream_client prints each line that comes back" {
    needs stream_client
    section "Step 7: connect and talk"
    did "started ./stream_client s with the lines 'one', 'two' and 'last' (no LF after it) as its input, and played the server"
    expected "each line sent with its LF, and the next only when the line before is back"
    because "Send a line with its LF, receive until all of it is back, print it, and only then read the next. A last line without LF gets one."
    beside s <<END
srv  listen unix:s
peer accept srv
peer expect "one\n"
peer silent 20ms
peer send   "one\n"
peer expect "two\n"
gate listen unix:gate
go   accept gate
peer send   "two\n"
peer expect "last\n"
peer send   "last\n"
peer fin
END
    with_input 'one\ntwo\nlast'
    start stream_client s
    has_come_to gate || played || return
    cp "$OUT" "$T/early"
    goes_on gate
    played
    expected "the lines on stdout, and at the end of the input exit status 0"
    because "What came back is printed as it came, each line once."
    prints 'one\ntwo\nlast\n'
    expected "'one' on stdout before 'two' is sent"
    because "Where stdout is no terminal, printf() keeps what it prints until fflush(stdout): flush after each line."
    [ "$(cat "$T/early")" = one ] || blame "stdout was still empty"
}

@test "[1] stream_client sends and receives lines whole, up to 4096 bytes" {
    needs stream_client
    section "Step 7: connect and talk"
    did "gave ./stream_client a line with NUL and % in it, an empty one, and one of 4096 bytes with its LF; let its send() take 7 bytes and its recv() bring 5 at most"
    expected "each line sent whole, and printed whole when it is back"
    because "Any byte may stand in a line: no strlen(), no printf(line). send() and recv() may do less than they were asked for: call them again for the rest."
    beside s <<END
srv  listen unix:s
peer accept srv
peer expect "a\0b %s%n\n"
peer send   "a\0b %s%n\n"
peer expect "\n"
peer send   "\n"
peer expect "x"*4095
peer expect "\n"
peer send   "x"*4000 5ms "x"*95 5ms "\n"
peer fin
END
    local x
    x=$(head -c 4095 /dev/zero | tr '\0' x)
    with_input "a\\000b %%s%%n\\n\\n$x\\n"
    UNDER=(env SHORT_SEND=7 SHORT_RECV=5 LD_PRELOAD=./short_io.so "${UNDER[@]}")
    start stream_client s
    played
    prints "a\\000b %%s%%n\\n\\n$x\\n"

    DID=""
    did "gave ./stream_client a line of 4097 bytes, its LF included"
    expected "a message on stderr, exit status 1, and nothing printed"
    because "4096 bytes is the most; what is longer is told, not cut into two."
    rm -f s
    beside s <<END
srv  listen unix:s
peer accept srv
peer drain
END
    with_input "${x}x\\n"
    start stream_client s
    { ends && [ "$STATUS" -eq 1 ] && [ -s "$ERR" ] && [ ! -s "$OUT" ]; } || blame "$(how_it_stands)"
}

@test "[1] dgram_server prints each datagram and answers its sender" {
    needs dgram_server
    section "Step 8: receive and answer"
    did "started ./dgram_server s; two clients, at the paths a and b, sent datagrams to it"
    expected "to each the length of its own, 32 bits in network byte order (5 is 00 00 00 05)"
    because "recvfrom() tells the sender's address, sendto() goes there: from the server's own socket, to this client, anew for each datagram. The address length is an input too: before each recvfrom() it is set to the room there is. And htonl() makes network byte order of a number."
    serve_at dgram_server s
    talk <<END
alice bind unixgram:a
alice connect unixgram:s
bob bind unixgram:b
bob connect unixgram:s
alice send "hello"
alice expect "\0\0\0\x05"
bob send "hi"
bob expect "\0\0\0\x02"
alice send "x"*300
bob send "bob"
bob expect "\0\0\0\x03"
alice expect "\0\0\x01\x2c"
END
    expected "a line 'CLIENT_PATH LENGTH TEXT' for each on stdout, at once"
    because "Such a line for each datagram, then fflush(stdout). recvfrom() puts no NUL after the bytes, it says how many there are."
    printf '%s\n' "a 5 hello" "b 2 hi" "a 300 $(head -c 300 /dev/zero | tr '\0' x)" "b 3 bob" >"$T/wanted"
    await "$PRINT_S" printed_lines 5 || true
    sed 1d "$OUT" | cmp -s - "$T/wanted" || blame "$(how_it_stands)"
}
printed_lines() { [ "$(wc -l <"$OUT")" -ge "$1" ]; }

@test "[1] dgram_server takes any datagram: empty, 65507 bytes, NULs" {
    needs dgram_server
    section "Step 8: receive and answer"
    serve_at dgram_server s
    did "sent an empty datagram to ./dgram_server s"
    expected "the answer 0, and so for the next ones"
    because "For a datagram socket 0 from recvfrom() is a datagram with no bytes, not the end of anything."
    talk <<END
alice bind unixgram:a
alice connect unixgram:s
alice send ""
alice expect "\0\0\0\0"
alice send "hello"
alice expect "\0\0\0\x05"
END
    rm -f a
    did "sent one of 65507 bytes"
    expected "the answer 65507 (00 00 ff e3)"
    because "What does not fit into the buffer of recvfrom() is lost: it needs room for 65507 bytes."
    talk <<END
alice bind unixgram:a
alice connect unixgram:s
alice send "y"*65507
alice expect "\0\0\xff\xe3"
END
    rm -f a
    did "sent NUL, ESC and LF among letters"
    expected "the line 'a 10 a.b..[2J..' on stdout"
    because "The length comes from recvfrom(), not from strlen(); bytes that can't be printed are '.', or they would command the terminal."
    talk <<'END'
alice bind unixgram:a
alice connect unixgram:s
alice send "a\0b\x01\x1b[2J\n\x7f"
alice expect "\0\0\0\x0a"
END
    rm -f a
    await "$PRINT_S" printed_lines 5 || true
    tail -n 1 "$OUT" | grep -qxF 'a 10 a.b..[2J..' || blame "stdout, what has come since:
$(sed 1,4d "$OUT" >"$T/since" && show_bytes "$T/since")"
    expected "the line 'a 0' on stdout for the empty one, 'a 65507' and 65507 letters for the large one"
    because "Each datagram gets a line, with all of its text."
    { sed -n 2p "$OUT" | grep -qE '^a 0 ?$' &&
        sed -n 4p "$OUT" | grep -qE '^a 65507 y+$' && [ "$(sed -n 4p "$OUT" | wc -c)" -eq 65516 ]; } ||
        blame "stdout: $(cut -c 1-100 "$OUT")"

    did "sent one of 100000 bytes, more than is asked for"
    expected "the server to live, and to answer the next"
    because "Whatever comes, recvfrom() must not be allowed more bytes than the buffer has."
    # alice stays until the server has gone on: that one has left is the next check's matter.
    talk <<END
alice bind unixgram:a
alice connect unixgram:s
alice send "z"*100000
bob bind unixgram:b
bob connect unixgram:s
bob send "bob"
bob expect "\0\0\0\x03"
END
}

@test "[1] dgram_server goes on when a client can't be answered" {
    needs dgram_server
    section "Step 8: receive and answer"
    serve_at dgram_server s
    did "sent a datagram from a socket without a name"
    expected "the line '- 5 hello', no answer, and the next client answered"
    because "A client that has not called bind() has no path: the address that recvfrom() gives is empty. There is nobody to answer, and nothing wrong with the server."
    talk <<END
alice connect unixgram:s
alice send "hello"
bob bind unixgram:b
bob connect unixgram:s
bob send "bob"
bob expect "\0\0\0\x03"
END
    rm -f b
    await "$PRINT_S" printed_lines 3 || true
    sed -n 2p "$OUT" | grep -qx -e '- 5 hello' || blame "$(how_it_stands)"

    did "held ./dgram_server still while a client sent a datagram and closed, and another closed and removed its path; let it go on"
    expected "the next client answered"
    because "sendto() fails with ECONNREFUSED or ENOENT when the client has gone. That concerns this client alone: say it, and go on."
    talk <<END
server stop $PID
carol bind unixgram:c
carol connect unixgram:s
carol send "carol"
END
    rm -f c
    talk <<END
dave bind unixgram:d
dave connect unixgram:s
dave send "dave"
dave close
server continue $PID
fred bind unixgram:f
fred connect unixgram:s
fred send "fred!"
fred expect "\0\0\0\x05"
END
    rm -f d f

    local room
    room=$(cat /proc/sys/net/unix/max_dgram_qlen 2>/dev/null) || room=10
    [ "$room" -le 1000 ] || return 0
    did "had a client send $((room + 5)) datagrams and receive no answer, so that its queue was full"
    expected "the next client answered"
    because "Over AF_UNIX sendto() waits for room in the other's queue: one client that does not receive stops the server for all. With MSG_DONTWAIT it fails with EAGAIN instead: this answer is lost, as a network might lose it."
    {
        printf 'deaf bind unixgram:e\ndeaf aim unixgram:s\n'
        local i
        for ((i = 0; i < room + 5; i++)); do echo 'deaf send "x"'; done
        printf 'bob bind unixgram:b\nbob connect unixgram:s\nbob send "bob"\nbob expect "\\0\\0\\0\\x03"\n'
    } >"$T/deaf"
    talk <"$T/deaf"
}

@test "[1] dgram_client prints the answer, in network byte order" {
    needs dgram_client
    section "Step 10: ask"
    did "played the server for ./dgram_client s 'hello world' and answered 300, as 00 00 01 2c"
    expected "300 on stdout, exit status 0"
    because "The message goes out as one datagram, without a NUL after it. The answer is 32 bits in network byte order: ntohl()."
    beside gate <<END
srv  bind unixgram:s
gate listen unix:gate
srv  expect "hello world"
srv  send   "\0\0\x01\x2c"
END
    start dgram_client s 'hello world'
    played
    prints '300\n'

    DID=""
    did "started two ./dgram_client at the same time, one of them with an empty message; answered both when both had asked"
    expected "to each its own answer"
    because "Two clients can't have the same path: the second bind() fails, or takes the path from the first. mkdtemp() gives each a directory of its own. An empty message is a datagram as well."
    rm -f s
    beside gate <<END
one  bind unixgram:s1
two  bind unixgram:s2
gate listen unix:gate
one  expect "one"
two  expect ""
one  send   "\0\x01\0\x02"
two  send   "\0\0\0\0"
END
    start dgram_client s1 one
    local pid=$PID out=$OUT err=$ERR
    start dgram_client s2 ''
    played
    prints '0\n'
    PID=$pid OUT=$out ERR=$err
    prints '65538\n'
}

# Four clients that get no answer, or no right one, beside the other checks: it takes 1.5 s.
# Each has a directory under $BATS_FILE_TMPDIR, with the conversation (said) and how it
# ended (stands).
ask_in_vain() {
    ! blocked dgram_client || return 0
    ready
    local way
    for way in silent junk full second; do
        mkdir "$BATS_FILE_TMPDIR/$way"
        (
            T=$BATS_FILE_TMPDIR/$way
            cd "$T" || exit
            in_vain "$way" >lines
            beside gate <lines
            ! strace_works || watched_calls
            UNDER=("$LAB/tests/stage/fair" "$((6 * PATIENCE))" ${UNDER[@]+"${UNDER[@]}"})
            start dgram_client s hello
            wait "$PID" || STATUS=$?
            echo "${STATUS:-0}" >status
            [ "${STATUS:-0}" -ne 124 ] || echo "the program did not come to its end" >stands
            STATUS=""
            [ -f stands ] || how_it_stands >stands
            cp "$OUT" out
            cp "$ERR" err
            [ "$way" != full ] || kill "$TALKER"
            wait "$TALKER"
            echo "$?" >played
            stop_all
        ) &
    done
    wait
}
in_vain() { # WAY
    local i
    echo "srv bind unixgram:s"
    if [ "$1" = full ]; then
        echo "bob connect unixgram:s"
        for ((i = 0; i < $(cat /proc/sys/net/unix/max_dgram_qlen); i++)); do
            echo 'bob send "x"'
        done
    fi
    echo "gate listen unix:gate"
    [ "$1" = full ] || echo 'srv expect "hello"'
    case $1 in
    silent) printf 'srv expect "hello"\nsrv expect "hello"\nsrv silent 700ms\n' ;;
    second) printf 'srv expect "hello"\nsrv send "\\0\\0\\0\\x07"\n' ;;
    junk)
        for ((i = 0; i < 7; i++)); do
            echo 'srv send "" 100ms "abc" 100ms "abcde" 100ms "12345678" 100ms'
        done
        ;;
    full) echo "gate silent 60s" ;;
    esac
}

@test "[1] dgram_client asks three times, then says: no answer" {
    needs dgram_client
    section "Step 10: ask"
    finish ask_in_vain || true
    local ways=$BATS_FILE_TMPDIR
    in_way() { T=$ways/$1 DID=""; }
    stands() { transcript | last_of; cat "$T/stands"; }
    silent_end() { [ "$(cat "$T/status" 2>/dev/null)" = 1 ] && grep -q 'no answer' "$T/err" && [ ! -s "$T/out" ]; }

    in_way silent
    did "played a server that receives and never answers"
    expected "the message three times, then nothing more; 'no answer' on stderr, exit status 1"
    because "No answer within 500 ms: send it again, three times in all. recv() alone waits for ever: poll(), or SO_RCVTIMEO."
    { [ "$(cat "$T/played")" = 0 ] && silent_end; } || blame "$(stands)"
    local apart
    apart=$(transcript | awk '$3 == "<" { n++; if (n == 1) a = $1; if (n == 3) b = $1 } END { printf "%d", (b - a) * 1000 }')
    expected "500 ms between the tries"
    because "Each try waits 500 ms for its answer."
    [ "$apart" -ge 700 ] && [ "$apart" -le $((1000 + 800 * PATIENCE)) ] || blame "$(stands)"

    in_way second
    did "played a server that answers the second try"
    expected "its answer, 7, and exit status 0"
    because "After 500 ms the message is sent again, and the answer to that is as good."
    { [ "$(cat "$T/status")" = 0 ] && [ "$(cat "$T/out")" = 7 ]; } || blame "$(stands)"

    in_way junk
    did "played a server that answers every 100 ms, with 0, 3, 5 or 8 bytes"
    expected "these ignored, and 'no answer' after 1.5 s, as if they had not come"
    because "An answer has 4 bytes. What else comes is dropped, and the wait goes on up to the same moment: look at the clock, or each such datagram starts the 500 ms anew."
    { [ "$(cat "$T/played")" != 0 ] && silent_end; } || blame "$(stands)"

    in_way full
    did "played a server whose queue is full, as it does not receive"
    expected "'no answer' after 1.5 s"
    because "Over AF_UNIX send() waits as long as the server's queue is full. With MSG_DONTWAIT it returns -1 with EAGAIN: this try is lost, as a network might lose it."
    silent_end || blame "$(cat "$T/stands")"
}

@test "[1] dgram_client has a path of its own, and removes it however it ends" {
    needs dgram_client
    section "Step 9: an address of its own"
    local way
    for way in answer INT TERM; do
        DID=""
        waiting_client
        looks_private "$PORT"
        case $way in
        answer)
            did "answered it"
            because "Nobody else removes a path: unlink() the socket and rmdir() the directory before the end."
            goes_on asked
            ;;
        *)
            did "sent it SIG$way while it waited"
            because "A signal ends a program at once, unless it has a handler (sigaction). In it: unlink(), rmdir(), _exit()."
            expected "the program to wait for an answer, up to the signal"
            send_signal "$way"
            ;;
        esac
        expected "the program to end, and path and directory to be removed"
        ends || blame "$(how_it_stands)"
        [ ! -e "$PORT" ] || blame "still there: $PORT
$(how_it_stands)"
        [ ! -e "${PORT%/*}" ] || blame "still there: ${PORT%/*}
$(how_it_stands)"
        expected "another exit status than 0 after a signal: there was no answer"
        [ "$way" = answer ] || [ "$STATUS" -ne 0 ] || blame "$(how_it_stands)"
    done
    strace_works || return 0

    DID=""
    did "started ./dgram_client nowhere hello, where no server is"
    expected "nothing left behind"
    because "Every way out of the program has to pass unlink() and rmdir(): atexit() sees to it, or connect() before there is anything to remove."
    watched_calls
    start dgram_client nowhere hello
    ends || blame "$(how_it_stands)"
    leaves_nothing
    DID=""
    did "started ./dgram_client where there was no answer"
    finish ask_in_vain || true
    T=$BATS_FILE_TMPDIR/silent
    leaves_nothing
}

# Starts a client and waits until it has asked; sets PORT to its path. It waits for 1.5 s:
# where all is so slow that this was too short, it is started again.
waiting_client() {
    did "started ./dgram_client and looked with: ss -x"
    expected "a socket with a path of its own"
    because "The client's socket has no name, so the server has nobody to answer: bind() it to a path."
    local try
    for try in 1 2 3 4 5; do
        rm -f s gate asked
        beside gate <<'END'
srv  bind unixgram:s
gate listen unix:gate
srv  expect "hello"
all  listen unix:asked
go   accept all
srv  send "\0\0\0\x05"
END
        start dgram_client s hello
        has_come_to asked && listens && ! ended && return
        grep -q 'no answer' "$ERR" || break
    done
    blame "$(how_it_stands)"
}

# Fails the test when the path of a client is not its own alone.
looks_private() { # PATH
    expected "an absolute path, in a directory that others can't look into (mode 700)"
    because "A server runs in a directory of its own: it can't find a path that is relative to the client's."
    [ "${1#/}" != "$1" ] || blame "the path $1"
    because "Where others may look into the directory, they can remove the socket or put theirs there. mkdtemp() makes a directory that has a new name and the mode 700."
    local mode
    mode=$(stat -c %a "${1%/*}" 2>/dev/null) || return 0
    [[ $mode == *00 ]] || blame "$1, in a directory of mode $mode"
}

# The next program's directories and sockets are noted in $T/trace.
watched_calls() { # [EXPRESSION for strace]
    : >"$T/trace"
    UNDER=(strace -D -f -qq -s 200 -o "$T/trace" -e "trace=?mkdir,mkdirat,bind" "$@")
}
# Fails the test when a directory or a socket of which $T/trace tells is still there.
leaves_nothing() {
    local left
    left=$(sed -n -e 's/.*mkdir\(at\)\{0,1\}([^"]*"\([^"]*\)".* = 0.*/\2/p' \
        -e 's/.*bind(.*sun_path="\([^"]*\)".* = 0.*/\1/p' "$T/trace" |
        while IFS= read -r path; do [ ! -e "$path" ] || echo "$path"; done)
    [ -z "$left" ] || blame "still there: $left
$(how_it_stands)"
}

@test "[1] both servers remove their path on SIGINT and SIGTERM" {
    # shellcheck disable=SC2086
    needs $SERVERS
    section "Step 4: the signals"
    local server signal run
    local started=()
    for server in $SERVERS; do
        for signal in INT TERM; do
            start "$server" "$server.$signal"
            started+=("$PID $OUT $ERR $server $signal")
        done
    done
    for run in "${started[@]}"; do
        read -r PID OUT ERR server signal <<<"$run"
        DID=""
        did "started ./$server PATH and sent it SIG$signal"
        expected "the program to end with exit status 0, and its path to be removed"
        because "Without a handler (sigaction) the signal ends the program at once, and nobody removes the path. A handler that only sets a flag is no help where the program waits in accept() or recvfrom(), unless that call is interrupted (no SA_RESTART) and the flag looked at."
        is_up "$server" || blame "$(how_it_stands)"
        send_signal "$signal"
        { ends && [ "$STATUS" -eq 0 ] && [ ! -e "$server.$signal" ]; } ||
            blame "$(how_it_stands)
$(ls -l "$server.$signal" 2>&1)"
    done

    # Two clients that keep the server waiting: one says nothing, the other takes nothing.
    local busy
    for busy in 'alice send "hello"
alice expect "hello"' 'alice deaf
alice send "x"*300000'; do
        DID=""
        did "sent SIGTERM while a client was connected that $([ "${busy#*deaf}" = "$busy" ] && echo "said nothing" || echo "received nothing")"
        because "The signal comes while the server waits in recv() or send(): it has to end from there as well."
        serve_at stream_server s
        # Where what is sent does not fit, gate does not come: then the server waits as well.
        beside gate "$PRINT_S" <<END
alice connect unix:s
$busy
gate listen unix:gate
go   accept gate
END
        send_signal TERM
        { ends && [ "$STATUS" -eq 0 ] && [ ! -e s ]; } || blame "$(how_it_stands)
$(ls -l s 2>&1)"
        no_talker
        rm -f gate
    done
}

@test "[1] both servers make their socket mode 0600, from the first moment" {
    # shellcheck disable=SC2086
    needs $SERVERS
    section "Step 3: bind"
    local server mode
    for server in $SERVERS; do
        DID=""
        did "started ./$server $server.s with the umask 0, and looked with: ls -l"
        expected "mode 0600 (srw-------)"
        because "bind() makes the file with the mode 0777 less the umask: umask(0177) before it."
        UNDER=(sh -c 'umask 0; exec "$@"' sh)
        serve_at "$server" "$server.s"
        [ "$(stat -c %a "$server.s")" = 600 ] || blame "$(ls -l "$server.s")"
    done
    strace_works || return 0

    for server in $SERVERS; do
        DID=""
        did "stopped ./$server right after its bind() (strace), and looked with: ls -l"
        expected "no right for anybody but the owner, also at that moment"
        because "chmod() after bind() comes too late: in between, everybody can connect. The umask at bind() decides (or fchmod() on the socket before it)."
        rm -f "$server.s"
        : >"$T/trace"
        UNDER=(sh -c 'umask 0; exec "$@"' sh strace -D -f -qq -o "$T/trace" -e trace=bind -e signal=stop
            -e inject=bind:signal=STOP:when=1)
        start "$server" "$server.s"
        { await "$START_S" in_stop && ! ended; } || blame "$(how_it_stands)"
        mode=$(stat -c %a "$server.s" 2>/dev/null) || mode=000
        [[ $mode == *00 ]] || blame "$(ls -l "$server.s")"
        kill -CONT "$PID" 2>/dev/null || true
        listens || blame "$(how_it_stands)"
    done
}

@test "[1] both servers replace a dead server's socket, never a living one's" {
    # shellcheck disable=SC2086
    needs $SERVERS
    section "Step 3: bind"
    local server
    for server in $SERVERS; do
        DID=""
        did "killed ./$server PATH with SIGKILL, so that its socket stayed, and started it again"
        expected "it to replace the dead socket, and to listen"
        because "bind() says EADDRINUSE whenever there is a file at the path. connect() tells whether anybody is behind it: ECONNREFUSED, then the socket is dead; unlink() it and bind() again."
        serve_at "$server" "$server.s"
        { kill -KILL "$PID" && wait "$PID"; } 2>/dev/null || true
        start "$server" "$server.s"
        { is_up "$server" && [ "$PORT" = "$server.s" ]; } || blame "$(how_it_stands)"
    done

    # The two that are running now, each tried by both programs.
    local path
    for server in $SERVERS; do
        for path in stream_server.s dgram_server.s; do
            DID=""
            did "started ./$server $path, where a ${path%.s} was running"
            expected "'$server: bind: Address already in use' on stderr, exit status 1"
            because "Who removes the path without asking takes it from a server that is still running, which nobody can reach any more. Only ECONNREFUSED from connect() means that nobody is there; EPROTOTYPE says that a socket of another type lives."
            start "$server" "$path"
            ! listens || blame "it listens on $PORT
$(how_it_stands)"
            fails_with "^$server: .*Address already in use"
        done
    done
    did "and talked to the servers that were running"
    expected "them to be alive, and to be reached"
    talk <<'END'
alice connect unix:stream_server.s
alice send "hello"
alice expect "hello"
alice close
bob bind unixgram:b
bob connect unixgram:dgram_server.s
bob send "bob"
bob expect "\0\0\0\x03"
END
    stop_all
    rm -f -- *.s b

    DID=""
    did "held ./stream_server s still, filled its backlog with clients, and started another ./stream_server s"
    expected "'stream_server: bind: Address already in use' on stderr, exit status 1"
    because "connect() of a stream socket waits as long as the other's backlog is full. Ask with O_NONBLOCK (EAGAIN: somebody lives there) or with a datagram socket (EPROTOTYPE)."
    serve_at stream_server s
    local i
    {
        echo "server stop $PID" # what sleeps in accept() may take one more until it stands
        for ((i = 0; i < 200; i++)); do echo "c$i connect unix:s"; done
    } >"$T/clients"
    "$TALK" "$T/clients" >/dev/null 2>&1 3>&- 4>&- || true
    start stream_server s
    fails_with '^stream_server: .*Address already in use'
}

@test "[1] both servers never remove what is not theirs" {
    # shellcheck disable=SC2086
    needs $SERVERS
    section "Step 3: bind"
    leave_dead unixgram dead
    local server path run
    local started=()
    for server in $SERVERS; do
        mkdir "$server"
        echo "keep me" >"$server/file"
        mkdir "$server/directory"
        ln -s file "$server/link_to_a_file"
        ln -s ../dead "$server/link_to_a_dead_socket"
        ln -s nothing "$server/link_to_nothing"
        ls -l "$server" >"$T/$server.before"
        for path in file directory link_to_a_file link_to_a_dead_socket link_to_nothing; do
            start "$server" "$server/$path"
            started+=("$PID $OUT $ERR $server $path")
        done
    done
    for run in "${started[@]}"; do
        read -r PID OUT ERR server path <<<"$run"
        DID=""
        did "started ./$server $path, where PATH was a ${path//_/ }"
        expected "'$server: bind: Address already in use' on stderr, exit status 1, and nothing removed"
        because "Only the socket of a dead server may be removed. connect() says ECONNREFUSED of any file that is no socket as well: look first, with lstat() and S_ISSOCK. (stat() would look at what a symbolic link leads to.)"
        ! listens || blame "it listens on $PORT
$(ls -l "$server")"
        { [ -e dead ] && [ "$(ls -l "$server")" = "$(<"$server.before")" ] && [ "$(<"$server/file")" = "keep me" ]; } ||
            blame "$(ls -l "$server")"
        fails_with "^$server: .*(Address already in use|exists|not a socket)"
    done

    section "Step 4: the signals"
    for server in $SERVERS; do
        DID=""
        did "started ./$server s, removed s, started another ./$server s, and ended the first with SIGTERM"
        expected "the first to end with exit status 0, and the path of the second to be still there"
        because "The path has become another's. lstat() it after bind(), and remove it in the end only if it is the same file: st_dev and st_ino."
        rm -f s
        serve_at "$server" s
        local first="$PID $OUT $ERR"
        rm -f s
        serve_at "$server" s
        read -r PID OUT ERR <<<"$first"
        send_signal TERM
        { ends && [ "$STATUS" -eq 0 ] && [ -S s ]; } || blame "$(how_it_stands)
$(ls -l s 2>&1)"
    done
}

@test "[1] says which call failed, and ends with exit status 1" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    leave_dead unix dead_stream
    leave_dead unixgram dead_dgram
    local program reason path
    for program in stream_client dgram_client; do
        section "Step 7: connect and talk"
        [ "$program" = stream_client ] || section "Step 9: an address of its own"
        because "connect() returns -1 when it fails: say which call, which path and why, and end with 1. Nobody is there to wait for."
        for path in nowhere "dead_${program%_client}"; do
            reason="Connection refused"
            [ "$path" != nowhere ] || reason="No such file or directory"
            DID=""
            did "started ./$program $path: $([ "$path" = nowhere ] && echo "there is no such path" || echo "a dead server's socket")"
            expected "a message such as '$program: $path: connect: $reason' on stderr, exit status 1"
            if [ "$program" = stream_client ]; then
                start stream_client "$path"
            else
                start dgram_client "$path" hello
            fi
            fails_with "^$program: .*$path.*$reason"
        done
    done

    section "Step 7: connect and talk"
    expected "a message on stderr that begins with 'stream_client: ', exit status 1"
    DID=""
    did "played a server that closes when it has half of the line"
    because "recv() returns 0 when the server has closed: the line will not come back any more. 0 is no error, and errno says nothing of it: use words of your own (not perror, which says 'Success')."
    beside s <<'END'
srv  listen unix:s
peer accept srv
peer expect "one\n"
peer send "on"
peer close
END
    with_input 'one\n'
    start stream_client s
    played
    fails_with '^stream_client: .'
    ! grep -q ': Success$' "$ERR" || blame "$(how_it_stands)"

    rm -f s
    DID=""
    did "played a server that had closed before the client sent its first line"
    because "Where the server has closed, send() raises SIGPIPE, which ends the client without a word: MSG_NOSIGNAL, and look at the result."
    beside s <<'END'
srv  listen unix:s
peer accept srv
peer close
END
    mkfifo fifo
    UNDER=(sh -c 'exec "$@" <>fifo' sh)
    start stream_client s
    played
    printf 'one\n' >fifo
    fails_with '^stream_client: .'
    UNDER=()
    strace_works || return 0

    # The first calls fail, each in a run of its own; all are started before the first is
    # looked at. A call that the program does not make can't fail.
    local run runs=() call
    for run in "stream_server s1 socket" "stream_server s2 bind" "stream_server s3 listen" \
        "dgram_server s4 socket" "dgram_server s5 bind" "stream_client s6 socket" \
        "dgram_client s7 socket" "dgram_client $T/dgram bind"; do
        read -r program path call <<<"$run"
        UNDER=(strace -D -f -qq -o "$T/trace.${#runs[@]}" -e "trace=$call" -e "inject=$call:error=ENOBUFS")
        if [ "$call" = bind ] && [ "$program" = dgram_client ]; then
            beside gate <<'END'
srv  bind unixgram:dgram
gate listen unix:gate
gate silent 60s
END
            start dgram_client dgram hello
        elif [ "$program" = dgram_client ]; then
            start dgram_client "$path" hello
        else
            start "$program" "$path"
        fi
        runs+=("$PID $OUT $ERR $program $call")
    done
    local n=0
    for run in "${runs[@]}"; do
        read -r PID OUT ERR program call <<<"$run"
        DID=""
        did "made $call() of ./$program fail with ENOBUFS, 'No buffer space available' (strace)"
        expected "a message such as '$program: $call: No buffer space available' on stderr, and exit status 1"
        because "$call() can fail like every other call: look at its result, say on stderr which call failed and why, and end with 1."
        section "Step 2: socket"
        [ "$call" != bind ] || section "Step 3: bind"
        [ "$call" != listen ] || section "Step 5: listen, and say where"
        ends || true
        grep -q INJECTED "$T/trace.$((n++))" || continue
        fails_with "^$program: .*No buffer space available"
    done
}

@test "[1] takes a path of 107 bytes, and refuses a wrong command line" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    section "Step 1: the path"
    local a107 program path
    a107=$(head -c 107 /dev/zero | tr '\0' a)
    local started=() n=0
    for program in $PROGRAMS; do
        local message=()
        [ "$program" != dgram_client ] || message=(hello)
        for path in "" "${a107}b" "$a107$a107"; do
            start "$program" "$path" ${message[@]+"${message[@]}"}
            started+=("$PID $OUT $ERR $program with a path of ${#path} bytes")
        done
        start "$program"
        started+=("$PID $OUT $ERR $program without an argument")
        start "$program" s ${message[@]+"${message[@]}"} again
        started+=("$PID $OUT $ERR $program with an argument too many")
    done
    local run words
    for run in "${started[@]}"; do
        read -r PID OUT ERR words <<<"$run"
        DID=""
        did "started ./$words"
        expected "a line that begins with 'usage:' on stderr, exit status 2, and nothing done"
        because "sun_path has 108 bytes, the NUL at the end included: strlen(path) must be 1 to 107. strcpy() of more writes past its end, strncpy() makes another path of it."
        refuses || blame "$(how_it_stands)"
    done
    did "and looked for sockets"
    expected "none: nothing is done"
    because "strncpy() makes another path of one that is too long."
    [ -z "$(find . -type s)" ] || blame "$(find . -type s)"

    # shellcheck disable=SC2086
    needs $SERVERS
    local server
    for server in $SERVERS; do
        rm -f "$a107"
        DID=""
        did "started ./$server with a path of 107 bytes"
        expected "a socket with that path"
        because "107 bytes and the NUL fill sun_path: they are no error."
        start "$server" "$a107"
        { is_up "$server" && [ "$PORT" = "$a107" ]; } || blame "${PORT:+a socket at $PORT
}$(how_it_stands)"
        did "and the client with the same path"
        expected "it to find the server"
        if [ "$server" = stream_server ]; then
            with_input 'hello\n'
            start stream_client "$a107"
            prints 'hello\n'
            UNDER=()
        else
            start dgram_client "$a107" hello
            prints '5\n'
        fi
        stop_all
    done
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    section "Traps"
    with_sanitizers
    expected "no word from the sanitizers"
    because "The first line names the mistake, the lines after it the place. A buffer of N bytes has no room for the N bytes that recv() may bring and a NUL after them; nor is what recv() brings a string."
    local leak="What malloc() or getline() gave was not given back with free() when the program ended."
    serve_at stream_server s
    local stream="$PID $OUT $ERR"
    serve_at dgram_server d
    local dgram="$PID $OUT $ERR"
    local a107
    a107=$(head -c 107 /dev/zero | tr '\0' a)
    "$TALK" -v -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<END || true
alice connect unix:s
alice send "x"*70000
alice half-close
alice drain
bob bind unixgram:$a107
bob connect unixgram:d
bob send "y"*65507
bob expect "\0\0\xff\xe3"
bob send ""
bob expect "\0\0\0\0"
bob send "%s%n"
bob expect "\0\0\0\x04"
carol connect unixgram:d
carol send "hello"
carol send "z"*100000
bob send "bob"
bob expect "\0\0\0\x03"
END
    rm -f "$a107"
    did "built the servers with -fsanitize=address,undefined and sent 70000 bytes to ./stream_server; to ./dgram_server 65507, 0 and 100000 bytes, from a path of 107 bytes and from a socket without a name"
    read -r PID OUT ERR <<<"$stream"
    sanitizers_are_silent "$leak"
    read -r PID OUT ERR <<<"$dgram"
    sanitizers_are_silent "$leak"
    grep -q 'expect' "$T/transcript" && {
        because "In this build every variable that is not initialised holds a strange value. One of yours is read before it is written: the address length given to recvfrom() is an input too."
        blame "$(cat "$T/transcript" "$ERR")"
    }

    DID=""
    did "built the clients in the same way; gave ./stream_client lines of 4096 and 4097 bytes and some without LF, and ./dgram_client the servers"
    local x
    x=$(head -c 4095 /dev/zero | tr '\0' x)
    local input
    for input in "$x\\n\\n$x" "x${x}\\n" "${x}x" ''; do
        with_input "$input"
        start stream_client s
        ends || blame "$(how_it_stands)"
        sanitizers_are_silent "$leak"
    done
    UNDER=()
    start dgram_client d hello
    prints '5\n'
    sanitizers_are_silent "$leak"
    start dgram_client d "$x"
    prints '4095\n'
    sanitizers_are_silent "$leak"
}

@test "[1] leaves no path behind, however early the signal comes" {
    # shellcheck disable=SC2086
    needs $SERVERS dgram_client
    with_strace
    section "Step 4: the signals"
    expected "the program to end, and nothing to be left behind"
    because "From the moment the path exists it has to be removed. A handler that is there only later comes too late; one that is there before must not remove what is not yet ours. Block the signals (sigprocmask) before bind(), and unblock them when the handler is ready."
    local server
    for server in $SERVERS; do
        DID=""
        did "stopped ./$server s right after its bind() (strace), sent it SIGTERM, and let it go on"
        signalled_in bind "$server" s
    done
    section "Step 9: an address of its own"
    because "From the moment the directory exists it has to be removed. Block the signals (sigprocmask) before mkdtemp(), and unblock them when path and handler are ready."
    beside gate <<'END'
srv  bind unixgram:s
gate listen unix:gate
gate silent 60s
END
    local call
    for call in '?mkdir,mkdirat' bind; do
        DID=""
        did "stopped ./dgram_client s hello right after its ${call#?mkdir,} (strace), sent it SIGTERM, and let it go on"
        signalled_in "$call" dgram_client s hello
    done
}

# Starts a program that stops right after the first such call, and gets SIGTERM there. A
# signal to the process, as from kill: a thread of it may be the one that waits for it.
signalled_in() { # CALL PROGRAM ARGUMENT...
    watched_calls -e signal=stop -e "inject=$1:signal=STOP:when=1"
    shift
    start "$@"
    { await "$START_S" in_stop && ! ended; } || blame "no such call
$(how_it_stands)"
    send_signal TERM
    send_signal CONT
    ends || blame "$(how_it_stands)"
    leaves_nothing
}
in_stop() { ended || grep -q 'stopped by SIGSTOP' "$T/trace"; }
