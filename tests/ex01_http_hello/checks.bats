#!/usr/bin/env bats
# ex01_http_hello: 20 points. Every server here serves one client, then ends. What a
# failed scene says stands in causes.md, under its name.
# shellcheck disable=SC2034,SC2119,SC2120 # variables of lib/lab; scenes on standard input
load ../lib/lab
load ../lib/scene
load calls

setup_file() {
    open_exercise ex01_http_hello server
    must_open server @port
    aside silent_client
    ! find_browser >/dev/null || aside browser
}
teardown_file() { close_exercise; }
setup() { ready; }
teardown() { tidy; }

# Plays a scene in which the program is stopped. Where that alone disturbs it, as some
# calls that wait then fail with EINTR (signal(7)) and no client can cause that, the scene
# is played without.
stopping() { # ENTRY [OPTION...]
    local script
    script=$(cat)
    ! plays "${@:2}" <<<"$script" || return 0
    if grep -q 'Interrupted system call' "$T.seen"; then
        scene "$@" < <(grep -vE ' (stop|continue|pending)$' <<<"$script")
    else
        tell "$1"
    fi
}

@test "[2] listens on the port it is given" {
    scene listens-where-asked <<'.'
server start    ./server @port
server listens  @port
.
    scene every-address <<'.'
server start     ./server @port
server reachable @port
alice  connect   127.0.0.2:@port
.
    taken_by_others 8080 || scene default-port <<'.'
server start    ./server
server listens  8080
.
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[3] answers a request with the page" {
    scene page <<.
server start     ./server @port
server reachable @port
$(visit answer)
.
    read_message "$T/answer" && [[ $HEAD =~ ^HTTP/1\.[01]\ 200[[:space:]] ]] ||
        tell page "$(show_bytes "$T/answer")"
    show_bytes "$T/answer" >"$T.seen"
    has_heading "$T/answer" || tell heading
}

# Whether the body of a message has the heading of the page.
has_heading() { # FILE
    read_message "$1" || return 1
    local blanks='[[:space:]]*' h1='[Hh]1'
    [[ $BODY =~ \<$h1([[:space:]][^\>]*)?\>${blanks}Hello\ World!$blanks\</$h1$blanks\> ]]
}

@test "[1] serves one client, then ends with exit status 0" {
    scene ends <<.
server start     ./server @port
server reachable @port
$(visit answer)
alice  close
server exits     0
.
}

@test "[1] makes the calls in their order and closes both sockets" {
    with_strace
    local sent
    visited_under_strace "$TRACED"
    socket_calls "$T/trace" |
        sed -E '/^[gs]et/d; s/ [a-z0-9]+ [0-9]+$//' | uniq >"$T.seen"
    sent=$(tr '\n' ' ' <"$T.seen")
    in_order "$sent" || tell order-of-calls "$(<"$T.seen")"
    awk '/ listen\(/ { listens = 1 }
        / writev?\(1, .*listening on port/ { exit !listens }' "$T/trace" ||
        tell line-before-listen \
            "$(grep -E ' listen\(| writev?\(1, ' "$T/trace" | cut -d ' ' -f 2-)"
}

@test "[1] sends a complete HTTP/1.1 response, whatever is asked for" {
    local name
    plays -k < <(starts_first < <(
        asks first "$REQUEST"
        asks icon '"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n"'
        asks form '"POST /form HTTP/1.0\r\n\r\n"' "to-form half-close"
        asks other '"DELETE /a/%20?b=c HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n"'
        asks words '"hello\r\n\r\n"'
    )) || true
    name=$(faults_of "$T/answer.first" "HTTP/1.1 200 OK" | head -n 1)
    [ -z "$name" ] || tell "$name" "$(show_bytes "$T/answer.first")"
    for name in icon form other words; do
        { [ -z "$(faults_of "$T/answer.$name" "HTTP/1.1 200 OK")" ] &&
            has_heading "$T/answer.$name"; } || tell any-request "$(of_party "$name")"
    done
}

# What one party is asked; the answer goes to answer.PARTY.
asks() { # PARTY REQUEST [STEP]
    cat <<.
$1 start     ./server @at${1//-/}
$1 reachable @at${1//-/}
to-$1 connect @at${1//-/}
to-$1 save answer.$1
to-$1 send $2
$3
to-$1 drain
.
}

# Fails the test for one party of a scene with many, or its client.
tell_of() { # ENTRY PARTY_AND_KIND
    [ -n "$2" ] || return # the scene is wrong: a mistake of the lab
    echo "${2#to-}" >"$T.kinds"
    tell "$1" "$(of_party "$(cut -d ' ' -f 1 "$T.kinds")")"
}

# What happened to that party of a scene with many, and to its client.
of_party() { # PARTY
    grep -E "^ *[0-9.]+ (to-)?$1 " "$T.seen" || true
    sed -n "/^$1 /,/^[-a-z0-9]* \(ended\|is still\)/p" "$T.seen" | head -n 4
}

# What is wrong with a message, as causes.md has it: a name a line.
faults_of() { # FILE STATUS_LINE
    { read_message "$1" && [[ $ANSWER == *$'\n\r\n'* ]]; } || { echo blank-line; return; }
    [[ ${HEAD//$'\r\n'/} != *[$'\r\n']* ]] || echo line-ends
    [ -z "$HAS_NUL" ] || echo nul-in-response
    [ "${HEAD%%$'\r'*}" = "$2" ] || echo status-line
    ! tail -n +2 <<<"${HEAD%$'\n'}" | grep -qvE '^[!-9;-~]+:' || echo field-form
    field Content-Type
    VALUE=${VALUE//[ \"]/}
    [ -z "$BODY$VALUE" ] || [ "${VALUE,,}" = "text/html;charset=utf-8" ] ||
        echo content-type
    field Content-Length
    [ "$VALUE" = "${#BODY}" ] || echo content-length
    field Connection
    [ "${VALUE,,}" = close ] || echo connection-close
    field Transfer-Encoding
    [ -z "$VALUE" ] || echo transfer-encoding
    ! command -v iconv >/dev/null ||
        iconv -f UTF-8 -t UTF-8 <<<"$BODY" >/dev/null 2>&1 || echo utf-8
}

@test "[1] says on which port it listens, also for port 0" {
    plays <<'.' || { when_it_says_so; tell listening-line; }
server start     ./server @port
server reachable @port
server prints    "^listening on port @port$" within 1s
server prints-not "listening on port [0-9]*[^0-9]|.listening on port"
.
    scene port-zero <<'.'
server start     ./server 0
server listens   @chosen
server prints    "^listening on port @chosen$"
second start     ./server 0
second listens   @other
second prints    "^listening on port @other$"
.
}

# Notes it where the line comes when a client does, or with the end of the program.
when_it_says_so() {
    cp "$T.seen" "$T.seen.first"
    cp "$T.kinds" "$T.kinds.first"
    says_so_after "alice connect @port" && echo "server visited" >>"$T.kinds.first"
    says_so_after "$(visit answer)
alice close
server exits" && echo "server late" >>"$T.kinds.first"
    mv "$T.seen.first" "$T.seen"
    mv "$T.kinds.first" "$T.kinds"
}
says_so_after() { # STEPS
    plays <<.
server start     ./server @port
server reachable @port
$1
server prints    "listening on port @port" within 1s
.
}

@test "[1] ends the connection with FIN, never with RST" {
    plays < <(answered_while_stopped "$REQUEST") || ! lingers ||
        tell lingering "$(<"$T/trace")"
    stopping fin < <(answered_while_stopped "$REQUEST")
    stopping fin-long-request \
        < <(answered_while_stopped '"GET / HTTP/1.1\r\nCookie: " "c"*5970 "\r\n\r\n"')
}

# The server gets the request while it is held still, and has to answer and end with FIN.
answered_while_stopped() { # REQUEST, as a scene has it
    cat <<.
server start     ./server @port
server reachable @port
server stop
alice  connect   @port
alice  send      $1
server continue
alice  expect    "HTTP/1."
alice  drain
alice  fin
.
}

# Beside the other checks: a client that says nothing for a while, in a program whose time
# runs so fast that a moment is minutes.
silent_client() {
    preloads
    scene silent-client <<'.'
server with      HASTE=400 LD_PRELOAD=./haste.so
server start     ./server @port
server reachable @port
host   listen    @elsewhere
bob    connect   @elsewhere
bob    silent    200ms
alice  connect   @port
alice  silent    200ms
alice  send      "GET / HTTP/1.1\r\nHost: loc"
alice  silent    400ms
alice  send      "alhost\r\n\r\n"
alice  expect    "HTTP/1."
alice  drain
.
}

@test "[1] waits for the whole request, in however many pieces it comes" {
    in_pieces pieces '"GET / HT"' '"TP/1.1\r\nHost: localhost\r\n"' \
        '"Accept: */*\r\n\r"' '"\n"'
    in_pieces pieces '"GET / HTTP/1.1\r\nHost: localhost\r"' '"\n\r\n"'
    in_pieces pieces '"GET / HTTP/1.1\r\nHost: localhost\r\n"' '"\r\n"'
    in_pieces no-blank-line '"GET / HTTP/1.1\r\nA: b\n\nC: d\r\n\nE: f\r\rG: h\n\r\n"' \
        '"\r\n"'
    in_pieces no-blank-line '"GET / HTTP/1.1\r\nA: b\r\n\rC: d\r\n"' '"\r\n"'
    in_pieces cr-before-blank-line '"GET / HTTP/1.1\r\nHost: localhost\r"' '"\r\n\r\n"'
    in_pieces nul-in-request '"GET / HTTP/1.1\r\nX-Nul: \0\r\nHost: localhost\r\n\r\n"'
    in_pieces high-bytes '"GET /\x80\xff HTTP/1.1\r\nX: \xc3\xa9 \xff\xff\r\n\r\n"'
    scene more-after-request <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nmore"
alice  expect    "HTTP/1."
.
    told silent_client
}

# A request comes in these pieces, each after the last has been received; or, where a
# program leaves them in the kernel until all have come (MSG_PEEK), after it rests.
in_pieces() { # ENTRY PIECE...
    plays < <(pieces_after "alice taken" "${@:2}") ||
        scene "$1" < <(pieces_after "server rests" "${@:2}")
}
pieces_after() { # STEP PIECE...
    cat <<.
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      $2
$([ "$#" -eq 2 ] || printf "$1\\nalice send %s\\n" "${@:3}")
alice  expect    "HTTP/1.1 ${STATUS:-200} "
alice  drain
alice  fin
.
}

@test "[1] says that a client left early, and ends with exit status 1" {
    local case
    plays -k < <(starts_first < <(
        leaves half '"GET / HT"' half-close
        leaves half-reset '"GET / HT"' reset
        leaves nothing "" close
        leaves silent-reset "" reset
        leaves almost '"GET / HTTP/1.1\r\nX-Long: " "a"*8164 "\r\n\r"' half-close
    )) || tell_of client-left "$(head -n 1 "$T.kinds")"
    for case in "$T"/answer.*; do
        [ ! -s "$case" ] || tell client-left "$(show_bytes "$case")"
    done
    broken_pipe "$REQUEST"
    broken_pipe '"a"*8192'
    preloads
    # Where the program sends in a way that the fault does not know, it comes to its end.
    plays <<. || has_heading "$T/answer" || tell broken-pipe
server with      EPIPE_AT=World LD_PRELOAD=./faults.so
server start     ./server @port
server reachable @port
$(visit answer)
server exits     1
server says      "^server: ."
server says-not  ": Success$"
.
}

# A client leaves before its request is complete.
leaves() { # PARTY REQUEST STEP
    cat <<.
$1 start     ./server @at${1//-/}
$1 reachable @at${1//-/}
to-$1 connect @at${1//-/}
to-$1 save answer.$1
${2:+to-$1 send $2}
$([ "$1" != half-reset ] || echo "$1 rests")
to-$1 $3
$([ "$3" != half-close ] || echo "to-$1 drain")
$1 exits     1
$1 says      "^server: ."
$1 says-not  ": Success$"
.
}

# The client leaves when its request is there. FIN, then RST: from then on the first
# send() of the server fails with EPIPE.
broken_pipe() { # REQUEST
    scene broken-pipe <<.
server start     ./server @port
server reachable @port
server stop
alice  connect   @port
alice  send      $1
alice  half-close
alice  reset
server continue
server exits     1
server says      "^server: ."
server says-not  ": Success$"
.
}

@test "[1] sends the whole response when send() takes 3 bytes at a time" {
    preloads
    scene short-send < <(a_little_at_a_time "$REQUEST")
    { has_heading "$T/answer" && is_whole; } ||
        tell short-send "$(size "$T/answer") bytes:
$(show_bytes "$T/answer")"
}

# A visit to a server that sends no more than 3 bytes in one call.
a_little_at_a_time() { # REQUEST
    cat <<.
server with      SHORT_SEND=3 LD_PRELOAD=./short_io.so
server start     ./server @port
server reachable @port
alice  connect   @port
alice  save      answer
alice  send      $1
alice  half-close
alice  drain
alice  fin
.
}

# Whether the body of the message that was read has its Content-Length. Where there is
# none, it has to end as a page does.
is_whole() {
    field Content-Length
    if [ -n "$VALUE" ]; then
        [ "${#BODY}" = "$VALUE" ]
    else
        [[ ${BODY,,} =~ \</(html|body|h1)\> ]]
    fi
}

@test "[1] can be started again at once on the same port" {
    scene time-wait <<'.'
before listen   0.0.0.0:@port
bob    connect  @port
alice  accept   before
alice  close
bob    drain
bob    close
before close
server start    ./server @port
server listens  @port
.
}

@test "[1] refuses a wrong command line with exit status 2" {
    plays -k < <(starts_first < <(
        each_refused letters a80 80a 80: 8/0 80.0 0x50 -h
        each_refused blank ' 80' '80 ' '\t80' '80\n'
        each_refused signed +80 -1 -0
        each_refused empty ''
        each_refused high 65536 70000 131152
        each_refused huge 3000000000 4294967376 18446744073709551696
        each_refused many '8080" "8081' '8080" "8081" "8082' '" "'
    )) || tell_of command-line "$(head -n 1 "$T.kinds")"
    ! strace_works || nothing_else_is_done
    taken_by_others 65535 || scene highest-port <<'.'
server start    ./server 65535
server listens  65535
server prints   "^listening on port 65535$"
.
    # Either is fine: no port, or this one. (017777 is a number in octal, too; a port that
    # is free is so only by chance.)
    plays <<'.' || plays <<'.' || tell octal
server start    ./server 0@port
server listens  @port
.
server start    ./server 017777
server exits    2
.
}

# Command lines that are wrong in that way, of a word each; of more where that word holds
# the quotes between them.
each_refused() { # WAY WORDS...
    local words
    for words in "${@:2}"; do refused "$1" server "$words"; done
}

# Where a command line is wrong, no socket is made.
nothing_else_is_done() {
    local words
    for words in 80a '8080" "8081'; do
        scene nothing-else <<.
server under    strace -D -f -qq -o trace -e trace=socket
server start    ./server "$words"
server exits    2
.
        ! grep -qE 'AF_INET6?, SOCK_STREAM' "$T/trace" ||
            tell nothing-else "$(cut -d ' ' -f 2- "$T/trace")"
    done
}

@test "[1] answers 431 when 8 KiB hold no blank line" {
    scene too-large <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  save      answer
alice  send      "GET / HTTP/1.1\r\nX-Long: " "a"*8168
alice  expect    "HTTP/1.1 431 "
alice  send      "a"*200000
alice  taken
alice  drain
alice  send      "and more"
alice  taken
alice  send      "a"
alice  taken
alice  send      "nd more"
alice  taken
alice  half-close
server exits     0 1
alice  fin
.
    local wrong
    wrong=$(faults_of "$T/answer" "HTTP/1.1 431 Request Header Fields Too Large")
    [ -z "$wrong" ] || tell whole-431 "wrong: ${wrong//$'\n'/, }
$(show_bytes "$T/answer")"
    preloads
    scene short-send-431 < <(a_little_at_a_time '"a"*8192')
    { read_message "$T/answer" && is_whole; } ||
        tell short-send-431 "$(size "$T/answer") bytes:
$(show_bytes "$T/answer")"
    in_pieces large-enough '"GET / HTTP/1.1\r\nX-Long: " "a"*8164 "\r\n\r"' '"\n"'
    in_pieces large-enough '"GET / HTTP/1.1\r\nX-Long: " "a"*8164 "\r\n\r\n"'
    STATUS=431
    in_pieces one-too-many '"GET / HTTP/1.1\r\nX-Long: " "a"*8165 "\r\n\r\n"'
    in_pieces one-too-many '"GET / HTTP/1.1\r\nX-Long: " "a"*9000 "\r\n\r\n"'
}

@test "[1] says which call failed, and ends with exit status 1" {
    scene port-taken <<'.'
server start     ./server @port
server reachable @port
second start     ./server @port
second exits     1
second says      "^server: (bind|listen): Address already in use$"
.
    scene full-disk <<'.'
server into      /dev/full
server start     ./server @port
server exits     1
server says      "^server: [a-z]+: No space left on device$"
.
    strace_works || return 0
    calls_fail
    accept_is_aborted
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    with_sanitizers
    plays -s -k < <(starts_first < <(
        sanitized first "$REQUEST"
        sanitized short '"GE"'
        sanitized percent '"GET /%s%s%s%n HTTP/1.1\r\nX: \0\r\n\r\n"'
        sanitized full '"GET / HTTP/1.1\r\nX: " "a"*8169 "\r\n\r\n"'
        sanitized long '"GET / HTTP/1.1\r\nX: " "a"*70000'
    )) || true
    ! grep -qE ' (sanitizer|leak)$' "$T.kinds" || {
        about sanitizers
        blame "$(sanitizers_said "$T.seen")"
    }
    read_message "$T/answer.first" || only_plain_answers
}

# What one party's build with sanitizers is sent.
sanitized() { # PARTY REQUEST
    cat <<.
$1 start     ./server @at${1//-/}
$1 reachable @at${1//-/}
$1 stop
to-$1 connect @at${1//-/}
to-$1 save answer.$1
to-$1 send $2
to-$1 half-close
$1 continue
to-$1 drain
$1 exits
$1 clean
.
}

# Beside the other checks: a browser's visit.
browser() {
    stopping browser -t "$BROWSER_S" <<.
server  start     ./server @port
server  reachable @port
server  stop
browser start     "$LAB/tests/stage/browse" "$(find_browser)" http://127.0.0.1:@port/
server  pending
server  continue
browser exits
browser prints    "(<h1[^>]*>|^) *Hello World! *(</h1>|$)"
.
}

@test "[1] shows the page in a real browser (Chromium)" {
    with_browser
    told browser
}
