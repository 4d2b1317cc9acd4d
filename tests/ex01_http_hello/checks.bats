#!/usr/bin/env bats
# ex01_http_hello: 20 points. Every server here serves one client, then ends. What a failed
# scene says stands in causes.md, under its name.
# shellcheck disable=SC2034,SC2119,SC2120 # variables of lib/lab; scenes on standard input
load ../lib/lab
load ../lib/scene

setup_file() {
    open_exercise ex01_http_hello server
    must_open server @port
    aside silent_client
    ! find_browser >/dev/null || aside browser
}
teardown_file() { close_exercise; }
setup() { ready; }
teardown() { tidy; }

# Plays a scene in which the program is stopped. Where that alone disturbs it, as some calls
# that wait then fail with EINTR (signal(7)) and no client can cause that, the scene is played
# without.
stopping() { # ENTRY [OPTION...]
    local script
    script=$(cat)
    ! plays "${@:2}" <<<"$script" || return 0
    if grep -q 'Interrupted system call' "$T/seen"; then
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
    read_message "$T/answer" && is_page || tell page "$(show_bytes "$T/answer")"
}

# Whether the message that was read is a response 200 with the page.
is_page() {
    [[ $HEAD =~ ^HTTP/1\.[01]\ 200[[:space:]] ]] &&
        [[ ${BODY,,} =~ \<h1[^\>]*\>[[:space:]]*hello\ world! ]]
}

@test "[1] serves one client, then ends with exit status 0" {
    scene ends <<.
server start     ./server @port
server reachable @port
$(visit answer)
server exits     0
.
}

@test "[1] makes the calls in their order and closes both sockets" {
    with_strace
    local calls="network,read,readv,write,writev,sendfile,dup,dup2,dup3,fcntl,close" sent
    plays <<. || true
server under     strace -D -f -qq -o trace -e trace=$calls
server start     ./server @port
server reachable @port
$(visit answer)
server exits
.
    socket_calls "$T/trace" >"$T/seen"
    sent=$(tr '\n' ' ' <"$T/seen")
    in_order "$sent" || tell order-of-calls "$(<"$T/seen")"
    awk '/ listen\(/ { listens = 1 }
        / writev?\(1, .*listening on port/ { exit !listens }' "$T/trace" ||
        tell line-before-listen \
            "$(grep -E ' listen\(| writev?\(1, ' "$T/trace" | cut -d ' ' -f 2-)"
}

# Whether these are the calls of the course, in their order.
in_order() { # CALLS, in one line
    local before='^socket( socket| bind| listen| close\(server_fd\))* '
    local client='(recv|send|shutdown|close)\(client_fd\)'
    local during="accept( accept| $client| shutdown\(server_fd\))* close\(client_fd\)"
    local after='( shutdown\(server_fd\))?( close\(server_fd\))+ $'
    [[ $1 =~ $before$during$after && $1 =~ bind\ listen.*\ accept.*\ send\(client_fd\) ]]
}

# The calls on TCP sockets in FILE, with the names the course gives to the descriptors:
# calls that do the same have the same name, repetitions are left out. At the end, which
# descriptors were not closed.
socket_calls() { # FILE
    awk '
        # A call during which another thread made one is written in two parts.
        / <unfinished \.\.\.>$/ { sub(/ <unfinished \.\.\.>$/, ""); begun[$1] = $0; next }
        /<\.\.\. [a-z0-9_]+ resumed>/ {
            first = begun[$1]; sub(/^.* resumed>/, ""); $0 = first $0
        }
        {
            sub(/^[0-9]+ +/, "")
            call = $0; sub(/\(.*/, "", call)
            fd = $0; sub(/^[^(]*\(/, "", fd); sub(/[^-0-9].*/, "", fd)
            result = $0; sub(/.* = /, "", result); sub(/ .*/, "", result)
        }
        call == "socket" && /AF_INET6?, SOCK_STREAM/ && result >= 0 {
            open(result, "server_fd"); add("socket"); next
        }
        / EBADF / && (fd in name || fd < 0) { add(call "(" fd ")=EBADF"); next }
        !(fd in name) { next }
        call == "bind" || call == "listen" { add(call); next }
        call ~ /^accept4?$/ {
            add("accept"); if (result ~ /^[0-9]/) open(result, "client_fd"); next
        }
        (call ~ /^dup/ || /F_DUPFD/) && result >= 0 { open(result, name[fd]); next }
        call ~ /^(send|write)/ { add("send(" name[fd] ")"); next }
        call ~ /^(recv|read)/ { add("recv(" name[fd] ")"); next }
        call == "shutdown" { add("shutdown(" name[fd] ")"); next }
        call == "close" && result == 0 { add("close(" name[fd] ")"); opened[name[fd]]-- }
        function open(fd, what) { name[fd] = what; opened[what]++ }
        function add(text) { if (text != last) print text; last = text }
        END {
            if (opened["client_fd"] > 0) add("client_fd is left open")
            if (opened["server_fd"] > 0) add("server_fd is left open")
        }' "$1"
}

@test "[1] sends a complete HTTP/1.1 response" {
    scene page <<.
server start     ./server @port
server reachable @port
$(visit answer)
.
    read_message "$T/answer" && [[ $ANSWER == *$'\n\r\n'* ]] ||
        tell blank-line "$(show_bytes "$T/answer")"
    [[ $'\n'${HEAD//$'\r\n'/} != *$'\n'*$'\n'* && ${HEAD//$'\r\n'/} != *$'\n'* ]] ||
        tell line-ends "$(show_bytes "$T/answer")"
    [ -z "$HAS_NUL" ] || tell nul-in-response "$(show_bytes "$T/answer")"
    local wrong
    wrong=$(faults_of_head)
    [ -z "$wrong" ] || {
        about head
        BECAUSE=$(cut -d : -f 2- <<<"$wrong" | head -n 1)
        BECAUSE=${BECAUSE# }
        blame "$(show_bytes "$T/answer")"
    }
    ! command -v iconv >/dev/null ||
        iconv -f UTF-8 -t UTF-8 <<<"$BODY" >/dev/null 2>&1 ||
        tell utf-8 "$(show_bytes "$T/answer")"
}

# What is wrong with the head that was read, a line "wrong: ..." each.
faults_of_head() {
    local line status=${HEAD%%$'\r'*}
    [ "$status" = "HTTP/1.1 200 OK" ] ||
        echo "wrong: The status line is HTTP/1.1 200 OK: the version, a space, three digits," \
            "a space and a reason (RFC 9112, section 4)."
    while IFS= read -r line; do
        [[ $line =~ ^[!-9\;-~]+: ]] ||
            echo "wrong: A line without a colon, or with a blank before it, is no field" \
                "(RFC 9112, section 5)."
    done < <(printf '%s' "$HEAD" | tail -n +2)
    field Content-Type
    VALUE=${VALUE//[ \"]/}
    [ "${VALUE,,}" = "text/html;charset=utf-8" ] ||
        echo "wrong: Content-Type: text/html; charset=utf-8, once: without its type, a browser" \
            "guesses what the bytes are; without the charset, what the letters are."
    field Content-Length
    [ "$VALUE" = "${#BODY}" ] ||
        echo "wrong: Content-Length is ${#BODY} here: it counts the bytes after the blank" \
            "line: strlen(page), with no NUL at the end and no more than was sent."
    field Connection
    [ "${VALUE,,}" = close ] ||
        echo "wrong: Connection: close is missing: in HTTP/1.1 a connection stays open unless" \
            "one side says that it will close it (RFC 9112, section 9.6)."
}

@test "[1] says on which port it listens, also for port 0" {
    plays <<'.' || says_it_late || tell listening-line
server start     ./server @port
server reachable @port
server prints    "^listening on port @port$"
server prints-not "listening on port [0-9]*[^0-9]|.listening on port"
.
    scene port-zero <<'.'
server start    ./server 0
server listens  @chosen
server prints   "^listening on port @chosen$"
.
}

# Notes it where the line comes only with the end of the program. Fails in any case.
says_it_late() {
    cp "$T/seen" "$T/seen.first"
    cp "$T/kinds" "$T/kinds.first"
    plays <<. && echo "server late" >>"$T/kinds.first"
server start     ./server @port
server reachable @port
$(visit answer)
server exits
server prints    "listening on port @port"
.
    mv "$T/seen.first" "$T/seen"
    mv "$T/kinds.first" "$T/kinds"
    return 1
}

@test "[1] ends the connection with FIN, never with RST" {
    stopping fin < <(answered_while_stopped "$REQUEST")
    stopping fin-long-request \
        < <(answered_while_stopped '"GET / HTTP/1.1\r\nCookie: " "c"*5970 "\r\n\r\n"')
}

# The server gets the request while it is held still, and has to answer it and end with FIN.
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

# Beside the other checks: a client that says nothing for a while.
silent_client() {
    scene silent-client <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "GET / HTTP/1.1\r\nHost: loc"
alice  silent    1200ms
alice  send      "alhost\r\n\r\n"
alice  expect    "HTTP/1."
alice  drain
.
}

@test "[1] waits for the whole request, in however many pieces it comes" {
    scene pieces <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "GET / HT"
alice  taken
alice  send      "TP/1.1\r\nHost: localhost\r\n"
alice  taken
alice  send      "Accept: */*\r\n\r"
alice  taken
alice  silent    20ms
alice  send      "\n"
alice  expect    "HTTP/1."
alice  drain
alice  fin
.
    scene nul-in-request <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "GET / HTTP/1.1\r\nX-Nul: \0\r\nHost: localhost\r\n\r\n"
alice  expect    "HTTP/1."
alice  drain
alice  fin
.
    scene more-after-request <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nmore"
alice  expect    "HTTP/1."
.
    told silent_client
    scene any-request <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "POST /form HTTP/1.0\r\n\r\n"
alice  half-close
alice  expect    "HTTP/1.1 200 "
alice  drain
alice  fin
.
}

@test "[1] says that a client left early, and ends with exit status 1" {
    left_early 'alice send "GET / HT"' "alice half-close" "alice drain"
    left_early 'alice send "GET / HT"' "alice taken" "alice reset"
    left_early "" "alice close" ""
    # FIN, then RST: from then on the first send() of the server fails with EPIPE.
    scene broken-pipe <<.
server start     ./server @port
server reachable @port
server stop
alice  connect   @port
alice  send      $REQUEST
alice  half-close
alice  reset
server continue
server exits     1
server says      "^server: ."
server says-not  ": Success$"
.
}

# A client leaves before its request is complete: three steps of its own, the last ones.
left_early() { # STEP STEP STEP
    scene client-left <<.
server start     ./server @port
server reachable @port
alice  connect   @port
alice  save      answer
$(printf '%s\n' "$@")
server exits     1
server says      "^server: ."
server says-not  ": Success$"
.
    ! holds_text 'HTTP/1.1 200' "$T/answer" ||
        tell client-left "$(show_bytes "$T/answer")"
}

@test "[1] sends the whole response when send() takes 3 bytes at a time" {
    preloads
    scene short-send <<.
server with      SHORT_SEND=3 LD_PRELOAD=./short_io.so
server start     ./server @port
server reachable @port
$(visit answer)
alice  fin
.
    { read_message "$T/answer" && is_page && is_whole; } ||
        tell short-send "$(size "$T/answer") bytes:
$(show_bytes "$T/answer")"
}

# Whether the body of the message that was read has its Content-Length. Where there is none,
# it has to end as a page does.
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
    scene command-line -k < <(starts_first < <(
        refused letters a80
        refused letters 80a
        refused blank ' 80'
        refused blank '80 '
        refused blank '\t80'
        refused signed +80
        refused signed -1
        refused signed -0
        refused letters 0x50
        refused empty ''
        refused high 65536
        refused high 70000
        refused huge 4294967376
        refused huge 18446744073709551696
        refused many 8080 8081
        refused many 8080 8081 8082
    ))
    taken_by_others 65535 || scene highest-port <<'.'
server start    ./server 65535
server listens  65535
.
    # Either is fine: no port, or this one.
    plays <<'.' || plays <<'.' || tell octal
server start    ./server 0@port
server listens  @port
.
server start    ./server 0@port
server exits    2
.
}

# A command line that is wrong in that way.
refused() { # WAY WORD...
    local word words="" party=$1-$((++REFUSED))
    for word in "${@:2}"; do words="$words \"$word\""; done
    cat <<.
$party start ./server$words
$party exits 2
$party says "^[Uu][Ss][Aa][Gg][Ee]:"
$party prints-not "."
.
}

@test "[1] answers 431 when 8 KiB hold no blank line" {
    scene too-large <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  save      answer
alice  send      "GET / HTTP/1.1\r\nX-Long: " "a"*8168
alice  expect    "HTTP/1.1 431 "
alice  send      "a"*10000
alice  taken
alice  half-close
alice  drain
alice  fin
.
    { read_message "$T/answer" && is_whole; } ||
        tell whole-431 "$(show_bytes "$T/answer")"
    scene whole-431 <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "a"*8192
alice  half-close
alice  drain
server exits     0 1
.
    scene large-enough <<'.'
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      "GET / HTTP/1.1\r\nX-Long: " "a"*8164 "\r\n\r"
alice  taken
alice  send      "\n"
alice  expect    "HTTP/1.1 200 "
alice  drain
alice  fin
.
}

@test "[1] says which call failed, and ends with exit status 1" {
    scene port-taken <<'.'
server start     ./server @port
server reachable @port
second start     ./server @port
second exits     1
second says      "^server: (bind|listen): Address already in use"
.
    strace_works || return 0
    calls_fail
    accept_is_aborted
}

# Calls fail, each in a run of its own. A call that the program does not make can't fail.
calls_fail() {
    local party kind
    ! plays -k < <(starts_first < <(
        failing socket socket "socket|getaddrinfo"
        failing setsockopt setsockopt setsockopt
        failing listen listen listen
        failing getsockname getsockname getsockname
        failing accept accept,accept4 "accept4?"
        failing send sendto,sendmsg,writev,sendfile "[a-z]+" :when=2
        failing write write "[a-z]+" :when=2 # the first is to stdout
    )) || return 0
    while read -r party kind; do
        was_injected "$party" || continue
        echo "$party $kind" >"$T/kinds"
        case $party in
        socket | setsockopt) tell_of "$party" "Step 2: socket" ;;
        accept) tell_of "$party" "Step 5: accept" ;;
        send | write) tell_of "$party" "Step 7: send" ;;
        *) tell_of "$party" "Step 4: listen" ;;
        esac
    done <"$T/kinds"
}

# The run in which CALL fails; a client comes where it listens.
failing() { # CALL SYSTEM_CALLS NAMES [WHEN]
    cat <<.
$1 under     strace -D -f -qq -o trace.$1 -e trace=$2 -e inject=$2:error=ENOBUFS$4
$1 start     ./server @at$1
.
    case $1 in
    send | write)
        cat <<.
$1 reachable @at$1
$1-client connect @at$1
$1-client send $REQUEST
.
        ;;
    esac
    cat <<.
$1 exits     1
$1 says      "^server: ($3)"
.
}

# Whether that call was made on a socket, and failed.
was_injected() { # CALL
    local fd='\(([3-9]|[1-9][0-9]+),'
    grep -qE "(AF_INET|SO_REUSEADDR|listen|getsockname|accept|$fd).*INJECTED" \
        "$T/trace.$1" 2>/dev/null
}

tell_of() { # PARTY SECTION
    about failing-call
    SECTION=$2
    blame "$(grep -E "^ *[0-9.]+ $1 " "$T/seen")
$(sed -n "/^$1 /,/^[a-z]* \(ended\|is still\)/p" "$T/seen" | head -4)"
}

# The first client has given up: an error, or the next is served.
accept_is_aborted() {
    local calls=accept,accept4
    local start="server under strace -D -f -qq -o trace -e trace=$calls \
-e inject=$calls:error=ECONNABORTED:when=1
server start     ./server @port"
    plays <<. || scene aborted-accept <<.
$start
server exits     1
server says      "^server: accept4?: "
.
$start
server reachable @port
alice  connect   @port
alice  send      $REQUEST
alice  expect    "HTTP/1."
alice  drain
server exits     0 1
server says      "^server: accept4?: "
.
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
    ! grep -qE ' (sanitizer|leak)$' "$T/kinds" || {
        about sanitizers
        blame "$(sanitizers_said "$T/seen")"
    }
    read_message "$T/answer.first" || only_plain_answers
}

# What one party's build with sanitizers is sent.
sanitized() { # PARTY REQUEST
    cat <<.
$1 start     ./server @at$1
$1 reachable @at$1
$1 stop
$1-client connect @at$1
$1-client save answer.$1
$1-client send $2
$1-client half-close
$1 continue
$1-client drain
$1 exits
$1 clean
.
}

# Where the build with sanitizers does not answer, without a word: fails the test if the
# plain build does.
only_plain_answers() {
    local seen
    spare_the_program
    seen=$(<"$T/seen")
    CHECKS=""
    plays <<. || return 0
server start     ./server @port
server reachable @port
$(visit answer)
.
    ! read_message "$T/answer" || tell uninitialised "$seen"
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
browser prints    "<h1[^>]*>[^<]*Hello World!"
.
}

@test "[1] shows the page in a real browser (Chromium)" {
    with_browser
    told browser
}
