#!/usr/bin/env bats
# udp: 20 points, for three programs. talk is the other side of each of them, and the bad
# network between: it loses, repeats, delays and mixes up datagrams.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # variables of lib/lab; each check has its own
load ../lib/lab

BESIDE_S=$((6 * PATIENCE)) # for a conversation that takes as long as the statement says,
TRIES=3                    # and so often it may be played
CONVERSATIONS="silent_server lossy_network noisy_network closed_port"

setup_file() {
    open_exercise udp asym_server asym_client sym_peer
    name_localhost
    first_starts
    local conversation
    for conversation in $CONVERSATIONS; do behind "$conversation"; done
}
teardown_file() { close_exercise; }
setup() {
    ready
    case $BATS_TEST_DESCRIPTION in
    *"] asym_server "*) needs asym_server ;;
    *"] asym_client "*) needs asym_client ;;
    *"] sym_peer "*) needs sym_peer ;;
    esac
}
teardown() { tidy; }

# ---- Starting the three programs ----

# Once for the file: a program that does not even begin is not tried again in each of its
# checks. Where none of the three begins there is nothing to test.
first_starts() {
    [ ! -f "$BATS_FILE_TMPDIR/blocked" ] || return 0
    local program begin=()
    for program in $PROGRAMS; do
        ! blocked "$program" || continue
        # shellcheck disable=SC2015
        ( "begin_$program" || true; stop_all ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
        begin+=("$!")
    done
    wait "${begin[@]}"
}

begin_asym_server() {
    beginning 0
    local asked=$PORT
    start asym_server "$asked"
    if listens; then
        echo "$asked $PORT" >"$BATS_FILE_TMPDIR/first_port"
    else
        section "Step 3: bind"
        never_listens asym_server "$asked"
    fi
}

begin_asym_client() {
    beginning 5
    held asym_client 127.0.0.1 "$PORT" hello
    sends_something || {
        section "Step 10: ask"
        never_sends asym_client "127.0.0.1 $PORT hello"
    }
}

begin_sym_peer() {
    beginning 6
    local other=$PORT
    free_port
    with_keyboard
    exec 5<>"$T/keyboard"
    echo hello >&5
    held sym_peer "$PORT" 127.0.0.1 "$other"
    local own=$PORT
    PORT=$other
    sends_something || {
        section "Step 11: lines out"
        never_sends sym_peer "$own 127.0.0.1 $other (and typed hello)"
    }
}

beginning() { # NUMBER, for ports of its own
    ready
    T=$BATS_FILE_TMPDIR/begin.$1
    mkdir "$T"
    own_port "$1"
}

# Blocks a program that sends nothing to talk, which is there before it, after section.
never_sends() { # PROGRAM ARGUMENTS
    did "bound a socket to port $PORT, and started ./$1 $2"
    expected "a datagram: nothing else of this program can be tested before"
    because "socket() comes first, then send() or sendto(); each returns -1 when it fails."
    block "$1" "./$1 $2 never sends a datagram:
$(how_it_stands)"
}

stands_still() {
    local stat
    read -r stat 2>/dev/null <"/proc/$PID/stat" && [[ $stat == *") T "* ]]
}

# Starts a program that stands still before its first step, until a conversation lets it go
# on (continue PID): by then the other side is there.
held() { # PROGRAM ARGUMENT...
    # shellcheck disable=SC2016 # for the inner shell to expand
    UNDER=(sh -c 'kill -STOP $$; exec "$@"' held "${UNDER[@]}")
    start "$@"
    UNDER=()
    await "$START_S" stands_still || true
}

# What is started next has a keyboard on which nobody types, and which stays: standard
# input that neither brings anything nor ends.
with_keyboard() {
    mkfifo "$T/keyboard"
    # shellcheck disable=SC2016
    UNDER=(sh -c 'keys=$1; shift; exec "$@" <>"$keys"' keyboard "$T/keyboard")
}

# Tells whether somebody has a UDP socket at PORT; connected or not, which `listens` knows
# only of the latter.
is_bound() { # PORT
    grep -qE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") " /proc/net/udp /proc/net/udp6
}
is_bound_or_ended() { is_bound "$1" || ended; }

# Somebody else has a UDP socket at PORT, and says nothing. Ends with the test.
hold_port() { # PORT
    set -m
    "$TALK" -t 60 >/dev/null 2>&1 3>&- 4>&- <<EOF &
other bind udp:0.0.0.0:$1
other silent 60s
EOF
    STARTED="$STARTED $!"
    set +m
    await "$START_S" is_bound "$1"
}

# A program that has nothing to do sleeps (state S) whenever one looks. Fails the test when
# it never does so five times in a row.
must_sleep() {
    local asleep=0 stat until=$((SECONDS + 1 + PRINT_S))
    while [ "$asleep" -lt 5 ]; do
        read -r stat <"/proc/$PID/stat" || return 0
        asleep=$((asleep + 1))
        [[ $stat == *") S "* ]] || asleep=0
        [ "$asleep" -gt 0 ] || [ "$SECONDS" -lt "$until" ] ||
            blame "it uses the processor without end: $(ps -o stat=,time= -p "$PID")"
        pause
    done
}

# ---- asym_client and its server ----

# The conversation on standard input: the server is bound to PORT, and only then the client
# begins.
with_server() {
    echo "server bind udp:127.0.0.1:$PORT"
    echo "client continue $PID"
    cat
}

# Tells whether the program sends any datagram to PORT, before it ends.
sends_something() {
    with_server <<<'server expect "hello"' |
        "$TALK" -v -t "$START_S" >"$T/begin" 2>&1 &
    local talking=$!
    await "$START_S" ended_or_gone "$talking" || true
    # What it has sent when it ends has arrived.
    ! ended || await "$PRINT_S" gone "$talking" || true
    kill "$talking" 2>/dev/null || true
    grep -q 'server <' "$T/begin"
}
ended_or_gone() { ended || gone "$1"; }

# Starts ./asym_client with MESSAGE and plays the conversation with it.
ask() { # HOST MESSAGE
    free_port
    did "started ./asym_client $1 $PORT '${2:0:20}'"
    held asym_client "$1" "$PORT" "$2"
    talk < <(with_server) # and no pipe: a subshell would not learn how the program ends
}

# The client must have printed NUMBER, and ended with status 0.
prints_number() { # NUMBER
    { ends && [ "$STATUS" -eq 0 ] && [ "$(cat "$OUT")" = "$1" ]; } ||
        blame "$(how_it_stands)"
}

# Does the same beside the checks: for judge, how it went goes to a directory of its own.
# Where both sides wait for a processor, the times of the statement pass meanwhile: what has
# not gone as written is tried again.
beside() { # CONVERSATION PORT MESSAGE
    ready
    local conversation try
    conversation=$(cat)
    T=$BATS_FILE_TMPDIR/$1.d PORT=$2
    for ((try = 0; try < TRIES; try++)); do
        rm -rf "$T"
        mkdir "$T"
        held asym_client 127.0.0.1 "$PORT" "$3"
        with_server <<<"$conversation" |
            "$TALK" -t "$BESIDE_S" >"$T/transcript" 2>&1 3>&- 4>&- && touch "$T/well"
        ends || STATUS=running
        echo "$STATUS" >"$T/status"
        how_it_stands >"$T/stands"
        cp "$OUT" "$T/printed"
        cp "$ERR" "$T/complained"
        stop_all
        if [ -f "$T/well" ] || [ "$STATUS" = running ]; then break; fi
    done
}

# Waits for it, and fails the test when it went otherwise than written. Sets ASIDE to the
# directory.
judge() { # CONVERSATION
    ASIDE=$BATS_FILE_TMPDIR/$1.d
    finish "$1" || blame "the conversation has not ended"
    [ -f "$ASIDE/well" ] || blame "$(cat "$ASIDE/transcript" "$ASIDE/stands")"
}

# The four conversations that need the time of the statement. Ports of their own: they
# run side by side.
own_port() { # NUMBER
    NEXT_PORT=$((23000 + 100 * $1))
    free_port
}

lossy_network() {
    own_port 1
    beside lossy_network "$PORT" hello <<EOF
server expect "hello"
server connect @server
server expect "hello" within $((2 * PATIENCE))s
server expect "hello" within $((2 * PATIENCE))s
server silent 250ms
server send "\0\0\x01," "\0\0\x01,"
EOF
}

silent_server() {
    own_port 2
    beside silent_server "$PORT" "anybody there?" <<EOF
server expect "anybody there?"
server silent 250ms
server expect "anybody there?" within $((650 * PATIENCE))ms
server silent 250ms
server expect "anybody there?" within $((650 * PATIENCE))ms
server silent 600ms
EOF
}

# Every 100 ms something that is no answer, for a second: from the server, too long or too
# short; from strangers, each with a socket of its own.
noisy_network() {
    own_port 3
    local n noise=("abc" "" "\0\0\x01,\0" "3000\n" "\0\0\0\0\0\0\0\x05")
    {
        echo 'server expect "hello"'
        for ((n = 0; n < 5 * PATIENCE; n++)); do
            printf '%s\n' "server send \"${noise[n % 5]}\" 100ms" \
                "eve$n connect @server" "eve$n send \"\0\0\0c\" 100ms"
        done
        printf '%s\n' 'server expect "hello" within 100ms' 'server send "\0\0\x01,"'
    } | beside noisy_network "$PORT" hello
}

# Two clients: one writes to a closed port; after it the other begins, to a server that is
# silent. Half-way to the second try of the other, the first must have ended: both run on
# the same machine, fast or slow.
closed_port() {
    own_port 4
    ready
    T=$BATS_FILE_TMPDIR/closed_port.d
    mkdir "$T"
    start asym_client 127.0.0.1 "$PORT" hello
    local first=$PID out=$OUT err=$ERR
    free_port
    held asym_client 127.0.0.1 "$PORT" hello
    with_server <<EOF | "$TALK" -t "$BESIDE_S" >"$T/transcript" 2>&1 3>&- 4>&- || true
server expect "hello"
server silent 250ms
EOF
    PID=$first OUT=$out ERR=$err
    ! ended || touch "$T/at_once"
    ends || STATUS=running
    echo "$STATUS" >"$T/status"
    how_it_stands >"$T/stands"
    cp "$ERR" "$T/complained"
    stop_all
}

# ---- sym_peer and its peer ----

# The ports of ./sym_peer and its peer, and two for the conversation itself.
peer_ports() {
    free_port && OWN=$PORT
    free_port && OTHER=$PORT
    free_port && KEYS=$PORT
    free_port && DONE=$PORT
}

# Starts ./sym_peer and plays the conversation on standard input with it, in which peer may
# take the address OTHER, and user types; then ./sym_peer must have printed TEXT. It still
# runs then, and so do its keyboard and its peer: end_chat ends them.
chat() { # TEXT, with the escapes of printf %b
    did "started ./sym_peer $OWN 127.0.0.1 $OTHER"
    printf '%b' "$1" >"$T/text"
    # shellcheck disable=SC2016
    UNDER=(bash -c 'kill -STOP $$; exec "${@:2}" <"/dev/tcp/127.0.0.1/$1"' keyboard "$KEYS")
    start sym_peer "$OWN" 127.0.0.1 "$OTHER"
    UNDER=()
    await "$START_S" stands_still || true
    {
        echo "keys listen 127.0.0.1:$KEYS"
        echo "program continue $PID"
        echo "user accept keys"
        cat
        # Its line tells us that all went as written so far; then all stays for a while.
        echo "done listen 127.0.0.1:$DONE"
        echo "keys silent $((PRINT_S + 1))s"
    } >"$T/script"
    set -m
    "$TALK" -v -t "$((TALK_S + PRINT_S + 2))" "$T/script" >"$T/transcript" 2>&1 3>&- 4>&- &
    CHAT=$!
    STARTED="$STARTED $CHAT"
    set +m
    await "$((TALK_S + PRINT_S + 2))" chat_over || true
    all_went || {
        wait "$CHAT" || true
        blame "$(shown_chat)"
    }
    await "$PRINT_S" printed_text || { wait "$CHAT" || true; blame "$(shown_chat)
the text on its stdout should be:
$(show_bytes "$T/text")"; }
}
all_went() { holds_text "listening on port $DONE"$'\n' "$T/transcript"; }
chat_over() { all_went || gone "$CHAT"; }
# A line about the port, as the server prints it, harms nobody.
printed_text() {
    cmp -s "$T/text" "$OUT" ||
        { grep -q '^listening on port' "$OUT" && sed '/^listening on port/d' "$OUT" | cmp -s "$T/text"; }
}
end_chat() {
    kill "$CHAT" 2>/dev/null || true
    wait "$CHAT" 2>/dev/null || true
}
# The transcript without what serves the test alone.
shown_chat() {
    grep -vE 'listening on port|  keys  |  done  |stands still|goes on' "$T/transcript"
    how_it_stands
}

# ---- asym_server ----

# Tells whether the program could not be bound only because somebody else has that port: in
# a namespace of our own there is nobody else.
taken_by_others() { [ -z "$LAB_ALONE" ] && grep -q 'Address already in use' "$ERR"; }

# For checks that need answers: where none at all has come before, none is waited for.
answers() {
    [ ! -f "$BATS_FILE_TMPDIR/mute" ] || not_tested "asym_server answers nobody"
}

# Notes for these checks that no answer at all has come, where $T/transcript shows none.
is_mute() {
    grep -q 'alice *<' "$T/transcript" || : >"$BATS_FILE_TMPDIR/mute"
}

# The program must have printed LINE, whole, while it runs.
prints() { # LINE
    await "$PRINT_S" grep -aqxF -- "$1" "$OUT" || blame "$(how_it_stands | cut -c 1-200)"
}

@test "[1] asym_server listens on the port it is given, and says so" {
    section "Step 3: bind"
    local asked bound_to
    read -r asked bound_to <"$BATS_FILE_TMPDIR/first_port"
    did "started ./asym_server $asked and looked with: ss -lun"
    expected "a UDP socket bound to port $asked"
    if [ "$bound_to" -ne "$asked" ]; then
        because "The port did not reach bind() as it was given: is argv[1] used, is the result of bind() checked?"
        [ "$bound_to" -ne $(((asked % 256) * 256 + asked / 256)) ] ||
            because "$bound_to is $asked with its two bytes swapped: sin_port is in network byte order, so it takes htons(port)."
        blame "a UDP socket bound to port $bound_to"
    fi

    serve asym_server
    did "started ./asym_server $PORT"
    expected "'listening on port $PORT' on stdout, as soon as it is bound"
    because "The line is missing or other than the statement has it."
    await "$PRINT_S" printed || {
        because "printf() keeps the line in a buffer, where stdout is no terminal, until fflush(stdout)."
        blame "nothing on stdout while it is bound
$(how_it_stands)"
    }
    says_port || blame "$(how_it_stands)"

    expected "a socket bound to every address of the machine: 0.0.0.0"
    because "bind() was given one address. INADDR_ANY stands for all of them."
    ss -Hlun "sport = :$PORT" | awk '{ print $4 }' | grep -qE '^(0\.0\.0\.0|\*|\[::\]):' ||
        blame "$(ss -Hlun "sport = :$PORT")"
    stop_all

    DID=""
    start asym_server 0
    did "started ./asym_server 0"
    expected "a port that the kernel has chosen, and its number on stdout"
    because "For port 0 the kernel chooses; getsockname() tells which, in network byte order."
    listens || blame "$(how_it_stands)"
    { await "$PRINT_S" printed && says_port; } || blame "it is bound to port $PORT
$(how_it_stands)"
    stop_all

    DID=""
    start asym_server
    did "started ./asym_server without an argument"
    expected "a socket bound to port 5005"
    because "Without an argument the port is 5005."
    { listens && [ "$PORT" -eq 5005 ]; } || taken_by_others || blame "$(how_it_stands)"
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[1] asym_server prints each datagram, and answers with its length" {
    section "Step 5: receive"
    serve asym_server
    local server=$PORT
    free_port
    did "started ./asym_server $server and sent the datagram 'hello' from port $PORT"
    expected "'127.0.0.1:$PORT 5 hello' on stdout"
    because "A line has the sender's address and port, as recvfrom() told them, the number of bytes, and the text."
    "$TALK" -v -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF || true
alice bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$server
alice send "hello"
alice expect "\0\0\0\x05" within ${PRINT_S}s
EOF
    await "$PRINT_S" grep -aqxF "127.0.0.1:$PORT 5 hello" "$OUT" || {
        is_mute
        grep -aq hello "$OUT" ||
            because "Nothing of it is on stdout. If you print it: printf() keeps it in a buffer, where stdout is no terminal, until fflush(stdout)."
        ! grep -aq ":$(((PORT % 256) * 256 + PORT / 256)) " "$OUT" ||
            because "This is port $PORT with its two bytes swapped: sin_port is in network byte order, ntohs() turns it round."
        blame "$(how_it_stands)
$(cat "$T/transcript")"
    }

    section "Step 6: answer"
    did "sent 'hi!' and 300 bytes"
    expected "an answer of 4 bytes for each datagram: 3 for 'hi!', then 300 for 300 bytes"
    local well=1
    "$TALK" -v -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF || well=0
alice bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$server
alice send "hi!"
alice expect "\0\0\0\x03"
alice send "x"*300
alice expect "\0\0\x01,"
EOF
    [ "$well" -eq 1 ] || {
        is_mute
        because "The answer is the number itself and no text: 4 bytes, the one of most weight first (network byte order). htonl() turns a uint32_t round. 300 is 00 00 01 2c; \\x2c is a comma."
        ! grep -q "none came" "$T/transcript" ||
            because "No answer came to the socket that has asked. It goes to the address that recvfrom() has stored, and through the socket that is bound: a client that is connected hears nobody who writes from another port."
        blame "$(cat "$T/transcript")
$(how_it_stands | cut -c 1-200)"
    }
}

@test "[1] asym_client sends its message and prints the answer" {
    section "Step 10: ask"
    expected "one datagram with the 5 bytes 'hello', and 300, the number in the answer, on stdout; exit status 0"
    because "The message goes as it is, in one datagram: strlen(argv[3]) bytes, without the NUL at its end."
    ask 127.0.0.1 hello <<EOF
server expect "hello"
server send "\0\0\x01,"
EOF
    because "The answer is 4 bytes in network byte order, the one of most weight first: ntohl() turns them round. Here they are 00 00 01 2c."
    prints_number 300
    stop_all

    with_localhost
    DID=""
    section "Step 8: the address"
    expected "the host found by its name too; an empty datagram for the empty message; 0 on stdout"
    because "getaddrinfo() knows names and addresses. An empty message is a datagram of no bytes, and 0 is an answer like another."
    ask localhost "" <<EOF
server expect ""
server send "\0\0\0\0"
EOF
    prints_number 0
}

@test "[1] sym_peer sends each line as one datagram, from its own port" {
    section "Step 11: lines out"
    peer_ports
    expected "each line as a datagram of its own, its LF included, from port $OWN"
    because "One datagram for a line, with its LF, through the socket that is bound to LOCAL_PORT: whoever knows that port hears nothing from another."
    chat "" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "hello\n"
peer expect "hello\n"
EOF
    end_chat
    stop_all

    DID=""
    expected "line after line to be sent, though the peer says nothing; an empty line too"
    because "Nobody waits for an answer here: after a line comes the next. The LF belongs to the line, so that an empty line is a datagram of one byte."
    peer_ports
    chat "" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "hello\n"
peer expect "hello\n"
user send "\n"
peer expect "\n"
user send "never mind\n"
peer expect "never mind\n"
EOF
    end_chat
    stop_all

    DID=""
    expected "a datagram for each line, in however many pieces the input comes"
    because "What read() brings may be half a line, or three. And where fgets() has taken three lines and given you one, poll() says that nothing is there to read: the others wait in the buffer of stdio."
    peer_ports
    chat "" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "one\ntwo\nthree\n"
peer expect "one\n"
peer expect "two\n"
peer expect "three\n"
user send "in two"
user taken
peer silent 20ms
user send " pieces\nand more"
peer expect "in two pieces\n"
user send "\n"
peer expect "and more\n"
EOF
    end_chat
}

@test "[1] sym_peer prints what comes, whether anything is typed or not" {
    section "Step 13: both at the same time"
    free_port && OTHER=$PORT
    free_port && OWN=$PORT
    with_keyboard
    start sym_peer "$OWN" 127.0.0.1 "$OTHER"
    UNDER=()
    await "$START_S" is_bound_or_ended "$OWN" || true
    did "started ./sym_peer $OWN 127.0.0.1 $OTHER, typed nothing, and sent it three datagrams"
    expected "all three on stdout, while it runs: the second with an LF, which it has not"
    because "Who waits for a line of stdin hears nobody meanwhile: wait for both at the same time (poll), and never for one alone. What is printed must be flushed."
    talk <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
peer send "un\n" "deux" "tr\x01ois\n"
EOF
    printf 'un\ndeux\ntr\001ois\n' >"$T/text"
    await "$PRINT_S" printed_text || blame "$(how_it_stands)
the text on its stdout should be:
$(show_bytes "$T/text")"
    expected "it to sleep while nobody says anything"
    because "Who asks again and again whether there is something (MSG_DONTWAIT, poll() with a time of 0) keeps the processor busy for nothing. poll() without a limit of time waits."
    must_sleep
    stop_all

    DID=""
    peer_ports
    expected "both sides to be heard, when they speak at the same moment and as often as they like"
    because "Nobody waits for an answer here. After a line of one side there may come another of the same side, or a hundred. And what comes is bytes: recvfrom() says how many, printf(\"%s\") ends at a NUL."
    chat 'quatre\na\0b\ncinq\n\nsix\n' <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "ready\n"
peer expect "ready\n"
peer send "quatre\n"
user send "a\n"
peer send "a\0b"
user send "b\nc\n"
peer send "cinq\n" "\n" "six\n"
peer expect "a\n"
peer expect "b\n"
peer expect "c\n"
EOF
    end_chat
    stop_all

    DID=""
    peer_ports
    expected "a datagram of 65507 bytes whole, with an LF after it"
    because "What is larger than the buffer is cut, and the rest of that datagram is lost: UDP carries up to 65507 bytes over IPv4."
    chat "$(printf '%65507s' '' | tr ' ' x)\\n" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "ready\n"
peer expect "ready\n"
peer send "x"*65507
EOF
    end_chat
}

@test "[1] asym_server answers each client at its own address" {
    answers
    section "Step 6: answer"
    serve asym_server
    did "started ./asym_server $PORT and sent datagrams from three sockets, in turn; one came twice, as a network may repeat it"
    expected "to each socket the lengths of its own datagrams, in order, from port $PORT"
    because "An answer goes to the address that recvfrom() stored for this very datagram, and through the socket that is bound to the port: a client that is connected hears nobody else."
    local server=$PORT
    free_port
    talk <<EOF
alice connect udp:127.0.0.1:$server
bob   connect udp:127.0.0.1:$server
carol bind udp:127.0.0.2:$PORT
carol connect udp:127.0.0.1:$server
alice send "alice is here"
bob   send "bob too"
alice expect "\0\0\0\x0d"
bob   expect "\0\0\0\x07"
bob   send "1" "1"
alice send "22"
carol send "333"
bob   send "4444"
carol expect "\0\0\0\x03"
alice expect "\0\0\0\x02"
bob   expect "\0\0\0\x01"
bob   expect "\0\0\0\x01"
bob   expect "\0\0\0\x04"
alice silent 1ms
EOF
}

@test "[1] asym_server takes every datagram, from 0 to 65507 bytes" {
    answers
    section "Step 5: receive"
    serve asym_server
    local server=$PORT
    free_port
    did "started ./asym_server $server"
    did "sent an empty datagram and one of 2 bytes"
    expected "the answers 0 and 2"
    because "A datagram of no bytes is a message like another: recvfrom() returns 0 for it, which over TCP would mean that the client has closed."
    talk <<EOF
alice bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$server
alice send ""
alice expect "\0\0\0\0"
alice send "ok"
alice expect "\0\0\0\x02"
EOF
    expected "'127.0.0.1:$PORT 0' and '127.0.0.1:$PORT 2 ok' on stdout"
    because "Each datagram has its line, the empty one too."
    grep -q 127.0.0.1 "$OUT" ||
        because "Nothing of it is on stdout. If you print it: printf() keeps it in a buffer, where stdout is no terminal, until fflush(stdout)."
    await "$PRINT_S" grep -aqE "^127\.0\.0\.1:$PORT 0 ?\$" "$OUT" || blame "$(how_it_stands)"
    prints "127.0.0.1:$PORT 2 ok"

    did "sent 'a', NUL, 'b', 1, 127, 255, LF, 'c'"
    expected "the answer 8, and '127.0.0.1:$PORT 8 a.b....c' on stdout"
    because "Any byte may come. recvfrom() says how many there are; a NUL ends a string of C, but no datagram, and what can't be printed is shown as a dot."
    talk <<EOF
alice bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$server
alice send "a\0b\x01\x7f\xff\nc"
alice expect "\0\0\0\x08"
EOF
    prints "127.0.0.1:$PORT 8 a.b....c"

    did "sent 65507 bytes, then 1"
    expected "the answers 65507 and 1"
    because "What is larger than the buffer is cut, and the rest of that datagram is lost: UDP carries up to 65507 bytes over IPv4."
    talk <<EOF
alice bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$server
alice send "x"*65507
alice expect "\0\0\xff\xe3"
alice send "y"
alice expect "\0\0\0\x01"
EOF
    expected "both on stdout, each as long as it is"
    because "The text is as long as the datagram: print the number of bytes that recvfrom() returned, not what is left in the buffer from the last one."
    prints "127.0.0.1:$PORT 1 y"
    await "$PRINT_S" long_line "127.0.0.1:$PORT 65507 x" || blame "no line with 65507 times x
$(how_it_stands | cut -c 1-200)"
}

# Tells whether there is a line that begins so and then has x up to 65507 of them.
long_line() { # BEGIN
    awk -v begin="$1" 'index($0, begin) == 1 && length($0) == length(begin) + 65506 { found = 1 }
        END { exit !found }' "$OUT"
}

@test "[1] asym_server ends on SIGINT and SIGTERM with exit status 0" {
    section "Step 4: signals"
    local signal
    for signal in INT TERM; do
        serve asym_server
        DID=""
        did "started ./asym_server $PORT and sent it a datagram"
        "$TALK" -t "$PRINT_S" >/dev/null 2>&1 3>&- 4>&- <<EOF || true
alice connect udp:127.0.0.1:$PORT
alice send "hello"
alice silent 1ms
EOF
        expected "it to sleep while nobody says anything"
        because "Who asks again and again whether there is something (MSG_DONTWAIT, poll() with a time of 0) keeps the processor busy for nothing."
        must_sleep
        did "sent SIG$signal while it waited for the next one"
        expected "it to end within a second, with exit status 0"
        because "A signal that nobody handles ends the program with another status (128 and its number)."
        send_signal "$signal"
        ends || {
            because "recvfrom() goes on waiting after the handler has run: signal() and SA_RESTART make it start again. Then a flag is seen only when the next datagram comes."
            blame "$(how_it_stands)"
        }
        [ "$STATUS" -eq 0 ] || blame "$(how_it_stands)"
        stop_all
    done
}

@test "[1] sym_peer says goodbye, and sees its peer leave" {
    section "Step 14: goodbye"
    peer_ports
    expected "the last line, though it has no LF, then an empty datagram"
    because "At the end of input (read() returns 0) what is left of a line is sent as it is, then an empty datagram: sendto() with a length of 0. There is no FIN in UDP."
    chat "" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "bye\nbye"
peer expect "bye\n"
user half-close
peer expect "bye"
peer expect ""
EOF
    did "ended its input"
    expected "exit status 0"
    { ends && [ "$STATUS" -eq 0 ]; } || blame "$(shown_chat)"
    end_chat
    stop_all

    DID=""
    section "Step 13: both at the same time"
    peer_ports
    hold_port "$OTHER"
    did "ran: echo bye | ./sym_peer $OWN 127.0.0.1 $OTHER"
    because "When a pipe has come to its end, poll() sets POLLHUP and not POLLIN. read() then returns 0: ask whether revents is 0 or not."
    mkfifo "$T/pipe"
    # shellcheck disable=SC2016
    UNDER=(sh -c 'pipe=$1; shift; exec "$@" <"$pipe"' keyboard "$T/pipe")
    start sym_peer "$OWN" 127.0.0.1 "$OTHER"
    UNDER=()
    # shellcheck disable=SC2016
    "$LAB/tests/stage/fair" "$START_S" sh -c 'echo bye >"$0"' "$T/pipe" || true
    { ends && [ "$STATUS" -eq 0 ]; } || blame "$(how_it_stands)"
    stop_all
    section "Step 14: goodbye"

    DID=""
    peer_ports
    expected "'peer left' on stdout, and exit status 0, though its own input goes on"
    because "An empty datagram is the peer's goodbye: recvfrom() returns 0. That is a datagram like another, which nobody but you gives a meaning."
    chat 'before\npeer left\n' <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "hello\n"
peer expect "hello\n"
peer send "before\n" ""
EOF
    did "sent it an empty datagram"
    { ends && [ "$STATUS" -eq 0 ]; } || blame "$(shown_chat)"
    end_chat
}

@test "[1] sym_peer hears nobody but its peer" {
    section "Step 12: datagrams in"
    peer_ports
    expected "what strangers send to be ignored, the empty datagram too; what is typed to go to the peer"
    because "recvfrom() tells who has sent the datagram: compare address and port with the peer's. And let it not overwrite the address that you send to, or a stranger takes over the talk."
    chat 'it is me\n' <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "hello\n"
peer expect "hello\n"
eve  bind udp:127.0.0.1:$DONE
eve  connect udp:127.0.0.1:$OWN
eve  send "I am your peer\n"
mallory bind udp:127.0.0.2:$OTHER
mallory connect udp:127.0.0.1:$OWN
mallory send "so am I\n"
oscar connect udp:127.0.0.1:$OWN
oscar send ""
peer send "it is me\n"
user send "I know\n"
peer expect "I know\n"
oscar silent 1ms
EOF
    end_chat
}

@test "[1] sym_peer goes on when its peer is not there yet" {
    section "Step 3: bind"
    peer_ports
    did "typed lines while nobody was at port $OTHER, and only then opened it"
    expected "the lines that are typed from then on to arrive, and the peer to be heard"
    because "To a closed port the other machine answers with ICMP, port unreachable. A socket that is connected gets it as ECONNREFUSED, from its next send() or recv(): here that is no reason to end. One that is not connected hears nothing of it."
    chat 'welcome\n' <<EOF
user send "anybody there?\n"
user taken
user send "anybody there?\n"
user taken
user send "anybody there?\n"
user taken
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "anybody there?\n" 50ms "anybody there?\n" 50ms "anybody there?\n"
user taken
peer expect "anybody there?\n"
peer send "welcome\n"
EOF
    ! ended || blame "$(shown_chat)"
    end_chat
}

@test "[1] sym_peer refuses a line over 1024 bytes, and goes on" {
    section "Step 11: lines out"
    peer_ports
    expected "a line of 1024 bytes, its LF included, in one datagram, in however many pieces it is typed"
    because "The buffer for a line, or the test of its length, is too small."
    chat "" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "a"*1023 "\n"
peer expect "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa$(printf '%975s' '' | tr ' ' a)\n"
user send "b"*1000
user taken
user send "b"*23
user taken
user send "\n"
peer expect "$(printf '%1023s' '' | tr ' ' b)\n"
EOF
    end_chat
    stop_all

    DID=""
    peer_ports
    expected "a line of 1025 bytes, and one of 100000, not to be sent, not even in part; the lines after them to be sent"
    because "A line that is too long ends at its LF too: what comes before belongs to it, and what comes after is the next line."
    chat "" <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "before\n"
peer expect "before\n"
user send "c"*1024 "\nnext\n"
peer expect "next\n"
user send "d"*100000
user taken
user send "\n"
user send "after\n"
peer expect "after\n"
EOF
    expected "a message on stderr"
    because "What is not sent has to be said, on stderr: stdout belongs to the peer."
    grep -q '^sym_peer: ' "$ERR" || blame "$(how_it_stands)"
    end_chat
}

@test "[1] refuses a wrong command line with exit status 2" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    section "Step 1: the port"
    expected "a line that begins with 'usage:' on stderr, exit status 2, and nothing done"
    because "A port is decimal, 0 to 65535, with nothing before or after it. atoi() takes 'abc' for 0 and '80a' for 80, and sin_port keeps only 16 bits of 70000."
    # All are started before the first is looked at.
    local wrong=(65536 70000 4294967376 99999999999999999999 -1 +80 80a a80 0x50 ' 80' '80 ' '')
    local word words=() started=() n=0
    begin() { # PROGRAM WORD...
        start "$@"
        started+=("$PID $OUT $ERR")
        words+=("./$1${2+ with $(printf "'%s' " "${@:2}")}")
    }
    for word in "${wrong[@]}"; do begin asym_server "$word"; done
    begin asym_server 5005 5006
    begin asym_client
    begin asym_client localhost 5005
    begin asym_client localhost 5005 two words
    for word in 70000 80a -1 ''; do begin asym_client localhost "$word" hello; done
    begin sym_peer
    begin sym_peer 5001 localhost
    begin sym_peer 5001 localhost 5002 5003
    for word in 65536 80a ' 80' ''; do
        begin sym_peer "$word" localhost 5002
        begin sym_peer 5001 localhost "$word"
    done
    for word in "${words[@]}"; do
        read -r PID OUT ERR <<<"${started[n++]}"
        DID=""
        did "started $word"
        ended || ! listens || blame "it is bound to port $PORT"
        refuses || blame "$(how_it_stands)"
    done
    start asym_server 65535
    DID=""
    did "started ./asym_server 65535"
    expected "65535, the highest port, to be taken"
    because "A port has 16 bits."
    listens || taken_by_others || blame "$(how_it_stands)"
}

@test "[1] asym_client gives up after three tries in 1.5 s" {
    section "Step 10: ask"
    did "started ./asym_client and did not answer"
    expected "three datagrams, 500 ms apart, and no fourth"
    because "A wait of 500 ms is tv_usec = 500000 in a struct timeval, 500 for poll(). The client tries three times in all, and waits once after each."
    judge silent_server
    expected "'no answer' on stderr, and exit status 1"
    because "No answer is a result too: say it, and let the exit status tell it."
    { [ "$(cat "$ASIDE/status")" = 1 ] && grep -qi 'no answer' "$ASIDE/complained" &&
        [ ! -s "$ASIDE/printed" ]; } || blame "$(cat "$ASIDE/stands")"
}

@test "[1] asym_client sends again what the network loses" {
    section "Step 10: ask"
    did "started ./asym_client, lost its first two datagrams, delayed the answer to the third by 250 ms, and sent that answer twice"
    expected "the same datagram three times, from the same port, and 300 printed once; exit status 0"
    because "A datagram may be lost, and nobody tells. When 500 ms have passed without an answer the client sends again, up to 3 times in all, through the same socket, so that a late answer still finds it; and it waits after the third as after the others."
    judge lossy_network
    { [ "$(cat "$ASIDE/status")" = 0 ] && [ "$(cat "$ASIDE/printed")" = 300 ]; } ||
        blame "$(cat "$ASIDE/transcript" "$ASIDE/stands")"
}

@test "[1] asym_client ignores what is no answer, and waits no longer for it" {
    section "Step 10: ask"
    expected "300 on stdout: what the 4 bytes from the server's own address say"
    because "An answer has exactly 4 bytes. A buffer of 4 cuts what is longer to 4, and looks right: make it larger. recv() returns 0 for an empty datagram, which is no end. What is ignored begins no new try either."
    ask 127.0.0.1 hello <<EOF
server expect "hello"
server send "" "" "" "\x05" "abc" "\0\0\0\x05\0" "\0\0\0\0\0\0\0\x05" "five\n"
server silent 100ms
server send "\0\0\x01,"
EOF
    prints_number 300
    stop_all

    DID=""
    did "wrote to the client from another socket before the server did"
    because "Whoever knows the port can write to it. connect() makes the kernel let in the server's datagrams alone; without it, recvfrom() tells the sender, address and port: compare."
    ask 127.0.0.1 hello <<EOF
server expect "hello"
eve    connect @server
eve    send "\0\0\0c"
mallory bind udp:127.0.0.2:$((PORT + 1))
mallory connect @server
mallory send "\0\0\0d"
server send "\0\0\x01,"
EOF
    prints_number 300

    DID=""
    did "started ./asym_client and sent it something every 100 ms, for a second: from the server what is no answer, from strangers what looks like one"
    expected "the second try after 500 ms all the same"
    because "Each wait ends 500 ms after it has begun. Who waits 500 ms again after each datagram that is ignored (SO_RCVTIMEO does, and poll() with the same time) may wait for ever: compute what is left, from clock_gettime(CLOCK_MONOTONIC)."
    judge noisy_network
    case $(cat "$ASIDE/printed") in
    "" | 300) ;;
    *) blame "$(cat "$ASIDE/transcript" "$ASIDE/stands")" ;;
    esac
}

@test "[1] asym_client says at once that the port is closed" {
    section "Step 9: connect"
    did "started ./asym_client with a port at which nobody is"
    expected "'asym_client: recv: Connection refused' on stderr, and exit status 1"
    because "The other machine answers with an ICMP message, port unreachable. The kernel gives it, as ECONNREFUSED, only to a socket that is connected: connect(), then send() and recv()."
    finish closed_port || blame "the client has not ended"
    ASIDE=$BATS_FILE_TMPDIR/closed_port.d
    { [ "$(cat "$ASIDE/status")" = 1 ] &&
        grep -qE '^asym_client: [a-z]+: Connection refused' "$ASIDE/complained"; } ||
        blame "$(cat "$ASIDE/stands")"
    expected "it at once: before 250 ms are over, in which another client without an answer still waits"
    because "The refusal is there as soon as the datagram is sent. recv() and poll() tell it without waiting; sleep() does not."
    [ -f "$ASIDE/at_once" ] || blame "it was said later than that
$(cat "$ASIDE/stands")"
}

@test "[1] says which call failed, and ends with exit status 1" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    section "Step 3: bind"
    free_port
    local taken=$PORT
    hold_port "$taken"
    free_port
    local program words
    for program in asym_server sym_peer; do
        words=()
        [ "$program" = asym_server ] || words=(127.0.0.1 "$PORT")
        start "$program" "$taken" "${words[@]}"
        DID=""
        did "started ./$program $taken${words[*]:+ ${words[*]}}, where another program has a socket"
        expected "'$program: bind: Address already in use' on stderr, and exit status 1"
        because "Every call can fail, and its result says so: check it, say on stderr which call failed and why (strerror or perror), and end with 1."
        says_failure "$program" bind "Address already in use"
    done

    section "Step 8: the address"
    DID=""
    local nobody
    nobody=$(printf '%70s' '' | tr ' ' x)
    for program in asym_client sym_peer; do
        words=("$nobody" "$taken" hello)
        [ "$program" = asym_client ] || words=(0 "$nobody" "$taken")
        start "$program" "${words[@]}"
        DID=""
        did "started ./$program with a host that nobody knows"
        expected "'$program: getaddrinfo: REASON' on stderr, and exit status 1"
        because "getaddrinfo() returns 0 when it has found something; another result is an error of its own, of which gai_strerror() knows the words. errno says nothing then."
        says_failure "$program" "[a-z_0-9]+" ".+"
    done

    section "Step 10: ask"
    start asym_client 127.0.0.1 "$taken" "$(printf '%65508s' '' | tr ' ' x)"
    DID=""
    did "started ./asym_client with a message of 65508 bytes"
    expected "'asym_client: send: Message too long' on stderr, and exit status 1"
    because "What does not fit into one datagram is not sent at all: send() returns -1."
    says_failure asym_client "[a-z]+" "Message too long"
    strace_works || return 0
    injected_failures
}

# The program must have ended with status 1 and said that CALL failed for REASON.
says_failure() { # PROGRAM CALL REASON, patterns
    { ends && [ "$STATUS" -eq 1 ] && grep -qE "^$1: $2: $3" "$ERR"; } ||
        blame "$(how_it_stands)"
    expected "nothing on stdout: what has failed is not announced"
    because "A line that says that something works comes after the call that makes it work."
    [ ! -s "$OUT" ] || blame "$(how_it_stands)"
}

# Failures made to order.
injected_failures() {
    section "Step 2: socket"
    local program started=()
    UNDER=(strace -D -f -qq -o /dev/null -e trace=socket -e inject=socket:error=EMFILE)
    start asym_server 0
    started+=("$PID $OUT $ERR")
    start asym_client 127.0.0.1 9 hello
    started+=("$PID $OUT $ERR")
    start sym_peer 0 127.0.0.1 9
    started+=("$PID $OUT $ERR")
    UNDER=()
    local n=0
    for program in asym_server asym_client sym_peer; do
        read -r PID OUT ERR <<<"${started[n++]}"
        DID=""
        did "made socket() of ./$program fail: it has no descriptor left"
        expected "'$program: socket: Too many open files' on stderr, and exit status 1"
        because "socket() returns -1 when it fails, and -1 is no descriptor: look before you use it. Another name on stderr means that it was used."
        says_failure "$program" socket "Too many open files"
    done

    section "Step 6: answer"
    UNDER=(strace -D -f -qq -o /dev/null -e "trace=sendto,sendmsg,sendmmsg"
        -e "inject=sendto,sendmsg,sendmmsg:error=ENETUNREACH:when=1")
    serve asym_server
    UNDER=()
    DID=""
    did "made the first answer of ./asym_server fail: there is no way to that client any more"
    expected "'asym_server: sendto: Network is unreachable' on stderr, and the next client answered"
    because "A client that can't be answered is that client's loss: say it, and go on with the next."
    talk <<EOF
alice connect udp:127.0.0.1:$PORT
alice send "one"
bob   connect udp:127.0.0.1:$PORT
bob   send "two!"
bob   expect "\0\0\0\x04"
EOF
    await "$PRINT_S" grep -qE '^asym_server: [a-z]+: Network is unreachable' "$ERR" ||
        blame "$(how_it_stands)"
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    section "Traps"
    with_sanitizers
    expected "no word from the sanitizers"
    because "The first line names the mistake, the lines after it the place. A buffer of N bytes has no room for the N bytes that recvfrom() may bring and a NUL after them; nor is what it brings a string."
    serve asym_server
    DID=""
    did "built ./asym_server with -fsanitize=address,undefined, sent it 'hello', nothing, '%s%n' and 65507 bytes"
    expected "the answer 5, and no word from the sanitizers"
    "$TALK" -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF || echo "$?" >"$T/unanswered"
alice connect udp:127.0.0.1:$PORT
alice send "hello"
alice expect "\0\0\0\x05"
alice send "" "%s%s%n" "\xff\0\x80" "x"*65507 "y"
alice expect "\0\0\0\0"
alice expect "\0\0\0\x06"
alice expect "\0\0\0\x03"
alice expect "\0\0\xff\xe3"
alice expect "\0\0\0\x01"
EOF
    sanitizers_are_silent
    [ ! -f "$T/unanswered" ] || {
        because "In this build every variable that is not initialised holds a strange value. One of yours is read before it is written: the address length given to recvfrom() is an input too, each time."
        blame "$(cat "$T/transcript" "$ERR")"
    }
    local early=""
    ! ended || early=1
    kill -TERM "$PID" 2>/dev/null || true
    ends || true
    sanitizers_are_silent
    [ -z "$early" ] || ended_early TERM
    stop_all

    DID=""
    expected "no word from the sanitizers"
    ask 127.0.0.1 hello <<EOF
server expect "hello"
server send "" "\x05" "\0\0\0\x05\0" "x"*65507 "x"*1024 "\0\0\x01,"
EOF
    ends || true
    sanitizers_are_silent
    stop_all

    DID=""
    peer_ports
    chat 'end\n' <<EOF
peer bind udp:127.0.0.1:$OTHER
peer connect udp:127.0.0.1:$OWN
user send "a"*1023 "\n"
user send "b"*1024
user taken
user send "b"*4096 "\n" "%s%n\n" "d"*100000 "\nlast"
user taken
peer send "end\n"
EOF
    end_chat
    ends || true
    sanitizers_are_silent
    stop_all
}
