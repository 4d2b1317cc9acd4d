#!/usr/bin/env bats
# ex03_client: 20 points. The programs are clients: the stage plays their servers, and in
# two checks nginx is one. What a failed scene says stands in causes.md, under its name.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
# shellcheck disable=SC2028,SC2119,SC2120 # scenes: on standard input, by echo
load ../lib/lab
load ../lib/scene
load ../lib/nginx

COPY_S=$((10 * PATIENCE)) # for 100 MB from nginx through the client

setup_file() {
    open_exercise ex03_client client echo_client
    name_addresses
    start_nginx
    must_connect client
    must_connect echo_client
    aside slow_response
    aside slow_line
    aside left_at_once
}
teardown_file() {
    [ -z "$NGINX" ] || kill "$NGINX" 2>/dev/null || true
    close_exercise
}
setup() { ready; }
teardown() { tidy; }

# ---- What the checks share ----

# Steps of a scene: PROGRAM is started, and its connection accepted.
started() { # [WORD...]
    echo "door listen @port
$PROGRAM start ./$PROGRAM 127.0.0.1 @port $*
server accept door"
}

# ./client has asked for PATH, and the server has received that.
asked() { # [PATH]
    PROGRAM=client
    started "$@"
    echo 'server until "\r\n\r\n"'
}

# ./echo_client gets what is typed, as a scene has it.
typed() { # DATA
    PROGRAM=echo_client
    echo "echo_client keyboard"
    started
    echo "echo_client types $1"
}

# It ends with a message that REGEX goes on with, and exit status 1.
gives_up() { # REGEX
    echo "$PROGRAM exits 1"
    echo "$PROGRAM says \"^([^ ]*/)?$PROGRAM: $1\""
    echo "$PROGRAM says-not \": Success\$\""
}

STRACE="strace -D -f -qq -o trace"

# The beginning of a message about the server, as the statement has it.
SERVER='127\\.0\\.0\\.1 port @port'

# Once for the file: where a program never connects there is nothing more to test, and its
# checks say so at once.
must_connect() { # PROGRAM
    { ready && ! blocked "$1"; } || return 0
    enter_room "$BATS_FILE_TMPDIR/opening"
    PROGRAM=$1
    plays < <(started) || { about connects; block "$1" "$(last_of <"$T.seen")"; }
}

# Names that have several addresses, in a file that stands for /etc/hosts where we are in
# namespaces of our own: nobody else sees it. Sets NAMED where that works.
name_addresses() {
    export NAMED="" IPV6=""
    ! has_ipv6 || IPV6=1
    local hosts=$BATS_FILE_TMPDIR/hosts
    printf '%s\n' '127.0.0.1 localhost' '127.0.0.2 many.test' '127.0.0.3 many.test' \
        '127.0.0.4 many.test' '::1 both.test' '127.0.0.1 both.test' \
        '127.0.0.2 far.test' '192.0.2.1 far.test' >"$hosts"
    ! own_hosts "$hosts" ||
        ! getent hosts many.test >/dev/null || NAMED=1
}

# Starts nginx, as whoever grades, on a free port, with files and a configuration of its
# own. Sets NGINX, its process.
start_nginx() {
    export NGINX="" NGINX_PORT="" SITE=$BATS_FILE_TMPDIR/nginx
    local nginx
    [ ! -f "$BATS_FILE_TMPDIR/blocked" ] || return 0
    nginx=$(find_nginx) || return 0
    mkdir -p "$SITE/www"
    echo '<h1>Hello from nginx</h1>' >"$SITE/www/index.html"
    ln -s "$LAB/tests/stage/fair" "$SITE/www/binary"
    truncate -s 104857600 "$SITE/www/big"
    free_port
    configure_nginx "$SITE" "127.0.0.1:$PORT"
    "$nginx" -p "$SITE" -c "$SITE/configuration" </dev/null >"$SITE/log" 2>&1 3>&- 4>&- &
    NGINX=$! NGINX_PORT=$PORT
}

# Waits for nginx; leaves the test out where there is none.
with_nginx() {
    [ -n "$NGINX" ] || skip "nginx is missing"
    "$LAB/tests/stage/listening" "$NGINX" "$START_S" >/dev/null 3>&- 4>&- ||
        skip "nginx does not start here: $(tail -n 1 "$SITE/log")"
}

# ---- Beside the checks ----

# A server takes its time, in the midst of a response or of a line; the program's own runs
# so fast that a moment is minutes.
HASTE="HASTE=400 LD_PRELOAD=./haste.so"

slow_response() {
    preloads
    scene slow-response <<.
client with   $HASTE
$(asked)
server silent 200ms
server send   "HTTP/1.1 200 OK\r\n\r\nfirst "
server silent 400ms
server send   "last"
server close
client prints-only "HTTP/1.1 200 OK\r\n\r\nfirst last"
client exits  0
.
}

slow_line() {
    preloads
    scene slow-line <<.
echo_client with $HASTE
$(typed '"one\n"')
server expect "one\n"
server silent 200ms
server send   "o"
server silent 400ms
server send   "ne\n"
echo_client shows "one\n"
echo_client types-end
server fin
echo_client exits 0
.
}

# A server leaves before ./client has sent its request: connect() takes its time there.
left_at_once() {
    PROGRAM=client
    ! strace_works || scene broken-pipe <<.
client under $STRACE -e trace=connect -e inject=connect:delay_exit=300000
$(started)
server half-close
server reset
$(gives_up "$SERVER: ")
.
}

# ---- The checks ----

@test "[1] connects to the host and port it is given" {
    needs client
    scene host-and-port <<'.'
door   listen 127.0.0.2:@port
client start  ./client 127.0.0.2 @port
server accept door
again  start  ./client 127.0.0.2 @port
other  accept door
server close
other  close
client exits
again  exits
.
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[2] asks for a page and prints what comes back" {
    needs client
    scene page <<'.'
door   listen @port
client start  ./client 127.0.0.1 @port /evening.html
server accept door
server expect "GET /evening.html HTTP/1."
server until  "\r\n\r\n"
server send   "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>Good evening!</h1>\n"
server close
client prints "<h1>Good evening!</h1>"
client exits  0
.
}

@test "[1] sends lines and prints them as they come back" {
    needs echo_client
    printf 'one\n\nthree\n' >"$T/lines"
    scene lines <<'.'
door   listen @port
echo_client input lines
echo_client start ./echo_client 127.0.0.1 @port
server accept door
server expect "one\n"
server silent 20ms
server send   "one\n"
server expect "\n"
server send   "\n"
server expect "three\n"
server send   "three\n"
server fin
echo_client prints-only "one\n\nthree\n"
echo_client exits 0
.
}

@test "[1] sends a complete HTTP/1.1 request" {
    needs client
    local rest
    requested
    rest=$((${#ANSWER} - 1)) # all of a request but its path
    requested '/pages/100%sure.html?lang=en&x=%20'
    requested "/$(printf "%$((8192 - rest - 1))s" | tr ' ' l)"
    # A longer one is sent whole, or not at all.
    long=/$(printf "%$((8192 - rest))s" | tr ' ' l)
    plays < <(served "$long") || scene too-long-request <<.
door   listen @port
client start  ./client 127.0.0.1 @port $long
$(PROGRAM=client gives_up .)
.
    [ -z "$LAB_ALONE" ] || usual_port
}

# The port of the web is no reason to leave it out. Only we may listen there.
usual_port() {
    scene usual-port < <(served /a/path | sed 's/@port/80/')
    is_complete /a/path || tell usual-port "$(show_bytes "$T/request")"
}

# A client asks for PATH, and gets a response.
served() { # PATH
    PROGRAM=client
    started "$1"
    echo "server save request
server expect \"GET ${1:-/} HTTP/1.1\\r\\n\"
server until \"\\r\\n\\r\\n\"
server send \"HTTP/1.1 200 OK\\r\\n\\r\\n\"
server half-close
server fin
client exits 0"
}

# Asks for PATH; the request must hold all that the statement says.
requested() { # [PATH]
    scene request < <(served "$1")
    is_complete "${1:-/}" || tell request "$(show_bytes "$T/request")"
}

# Whether the request in $T/request asks for PATH and is complete; where not, what is
# wrong becomes the kind of the failure.
is_complete() { # PATH
    local wrong=""
    read_message "$T/request"
    field Host
    [ "$VALUE" = "127.0.0.1:$(port_of_scene)" ] || wrong=host
    field Connection
    [ "${VALUE,,}" = close ] || wrong=connection
    [[ ${HEAD//$'\r\n'/} != *$'\n'* ]] || wrong=newlines
    [ "${HEAD%%$'\n'*}" = "GET $1 HTTP/1.1"$'\r' ] || wrong=first
    [ -z "$BODY$HAS_NUL" ] || wrong='more'
    echo "client $wrong" >"$T.kinds"
    [ -z "$wrong" ]
}

# The number of @port in the scene that has been played.
port_of_scene() { sed -n 's/^listening on port //p' "$T.seen"; }

@test "[1] prints the whole response, in however many pieces it comes" {
    needs client
    scene at-once <<.
$(asked)
server send    "HTTP/1.1 200 OK\r\n\r\nfirst"
client shows   "first"
server trickle 1ms "slowly\n"
server close
client prints-only "HTTP/1.1 200 OK\r\n\r\nfirstslowly\n"
client exits   0
.
    scene any-byte-back <<.
$(asked)
server send    "HTTP/1.1 200 OK\r\n\r\n\0\xff%s%n\r\n\0"
server close
client prints-only "HTTP/1.1 200 OK\r\n\r\n\0\xff%s%n\r\n\0"
client exits   0
.
    scene whatever-it-says <<.
$(asked)
server send    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" \
"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" "more"
server close
client prints-only "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" \
"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" "more"
client exits   0
.
    scene pieces <<.
$(asked)
server send    "HTTP/1.1 200 OK\r\n\r\n" 20ms "x"*8192 20ms "y"*200000
server close
client prints-only "HTTP/1.1 200 OK\r\n\r\n" "x"*8192 "y"*200000
client exits   0
.
    told slow_response
}

@test "[1] gets from nginx what curl gets" {
    needs client
    with_nginx
    command -v curl >/dev/null || skip "curl is missing"
    local path
    for path in / /binary /not-there; do
        scene "nginx" <<.
client into  mine
client start ./client 127.0.0.1 $NGINX_PORT $path
curl   start curl -si --http1.1 -H "Connection: close" -o curls \
http://127.0.0.1:$NGINX_PORT$path
curl   exits 0
client exits 0
.
        cmp -s <(grep -av '^Date: ' "$T/curls") <(grep -av '^Date: ' "$T/mine") ||
            tell nginx "$path: $(size "$T/mine") bytes, where curl got $(size "$T/curls")
$(show_bytes "$T/mine" | cut -c 1-66 | head -12)"
    done
}

@test "[1] passes on 100 MB without keeping them" {
    needs client
    scene memory <<.
$(asked)
server send   "HTTP/1.1 200 OK\r\n\r\n" "x"*200000
client shows  "x"*200000
client remember
server send   "x"*15000000
client memory before+4096
server close
client exits  0
.
    with_nginx
    mkfifo "$T/pipe"
    scene big -t "$COPY_S" <<.
reader start bash -c "$COMPARE" pipe $SITE/www/big
client into  pipe
client start ./client 127.0.0.1 $NGINX_PORT /big
client exits 0
reader exits 0
.
}

# Skips the head of the response in a pipe, and compares its body with a file.
# shellcheck disable=SC2016 # for the inner shell to expand
COMPARE='exec <$0; while read -r line && [ ${#line} -gt 1 ]; do :; done; exec cmp - $1'

@test "[1] takes a name, an IPv4 and an IPv6 address" {
    needs client echo_client
    with_localhost
    for PROGRAM in echo_client client; do
        scene name < <(reached localhost @port)
        asks_host localhost || tell name "$(show_bytes "$T/request")"
        [ -n "$IPV6" ] || continue
        scene ipv6 < <(reached ::1 "[::1]:@port")
        asks_host "[::1]" || tell brackets "$(show_bytes "$T/request")"
        scene ipv6 < <(reached 0:0::0:1 "[::1]:@port")
        asks_host "[0:0::0:1]" || tell brackets "$(show_bytes "$T/request")"
    done
}

# Whether the request, where there is one, names that host and the port of the scene.
asks_host() { # HOST
    [ "$PROGRAM" = client ] || return 0
    echo "client host" >"$T.kinds"
    read_message "$T/request" && field Host && [ "$VALUE" = "$1:$(port_of_scene)" ]
}

# PROGRAM is told that host, while a server listens there; it leaves no other socket open.
reached() { # HOST ADDRESS [WHAT STANDS BEFORE THE PORT]
    echo "door listen $2
$PROGRAM keyboard
$PROGRAM start ./$PROGRAM $1 $3@port
server accept door
server save request"
    if [ "$PROGRAM" = client ]; then
        echo 'server until "\r\n\r\n"
client sockets <=2
server send "HTTP/1.1 200 OK\r\n\r\n"
server half-close'
    else
        echo 'echo_client types "hello\n"
echo_client types-end
server expect "hello\n"
echo_client sockets <=2
server send "hello\n"
server fin'
    fi
    echo "$PROGRAM exits 0"
}

@test "[1] tries each address of a name until one answers" {
    needs client echo_client
    [ -n "$NAMED" ] || skip "without namespaces no name can be given several addresses"
    local address
    for PROGRAM in client echo_client; do
        for address in 127.0.0.2 127.0.0.3 127.0.0.4; do
            scene addresses < <(reached many.test "$address:@port")
        done
        scene families < <(reached both.test @port)
        [ -z "$IPV6" ] || scene families < <(reached both.test "[::1]:@port")
        ! strace_works || family_unknown
    done
}

# A kernel may lack the family of the first address: socket() fails, for that one alone.
family_unknown() {
    local first
    plays < <(strace_sockets && reached many.test 0.0.0.0:@port) || [ $? -eq 1 ]
    first=$(grep -n 'AF_INET6\?, SOCK_STREAM' "$T/trace" | head -n 1 | cut -d : -f 1)
    scene family < <(strace_sockets "error=EAFNOSUPPORT:when=$first" &&
        reached many.test 0.0.0.0:@port)
}
strace_sockets() { # [WHAT TO INJECT]
    echo "$PROGRAM under $STRACE -e trace=socket ${1:+-e inject=socket:$1}"
}

@test "[1] says which server it could not reach, and why" {
    needs client echo_client
    local unknown=no-such-host.invalid
    echo one >"$T/lines"
    for PROGRAM in client echo_client; do
        scene refused <<.
$PROGRAM start ./$PROGRAM 127.0.0.1 @port
$(gives_up "$SERVER: connect: Connection refused$")
.
        # Outside a namespace, a name server would be asked; it must not keep us waiting.
        scene unknown <<.
$PROGRAM with RES_OPTIONS="timeout:1 attempts:1"
$PROGRAM start ./$PROGRAM $unknown @port
$(gives_up "$unknown port @port: getaddrinfo: .*($UNKNOWN)")
.
        [ -z "$NAMED" ] || scene last-reason <<.
$PROGRAM start ./$PROGRAM far.test @port
$(gives_up "far\\\\.test port @port: connect: Network is unreachable$")
.
        strace_works || continue
        scene no-socket <<.
$(strace_sockets error=EMFILE)
$PROGRAM start ./$PROGRAM 127.0.0.1 @port
$(gives_up "$SERVER: socket: Too many open files$")
.
        send_fails
    done
}

# The first call that sends fails: one of these, as the program has it.
send_fails() {
    local call
    for call in sendto sendmsg write; do
        ! plays <<. || return 0
$PROGRAM input lines
$PROGRAM under $STRACE -e trace=$call -e inject=$call:error=ENOBUFS:when=1
$(started)
$PROGRAM exits within 1s
$(gives_up "$SERVER: [a-z]+: No buffer space available$")
.
        # Not what getaddrinfo() asks the kernel (netlink(7)).
        ! grep -v nlmsg "$T/trace" | grep -qE '\(([3-9]|[1-9][0-9]+),.*INJECTED' ||
            tell send-fails
    done
}

# A word of what gai_strerror() says, in any C library.
UNKNOWN='[Nn]ame|[Rr]esol|[Aa]gain|[Kk]nown|[Ff]ound|[Ll]ookup'

@test "[1] echoes a line as soon as it is typed" {
    needs echo_client
    scene typed <<.
$(typed '"on"')
server silent 20ms
echo_client types "e\n"
server expect "one\n"
server send   "one\n"
echo_client shows "one\n"
echo_client types "two\n"
server expect "two\n"
server send   "two\n"
echo_client shows "two\n"
echo_client types-end
server fin
echo_client exits 0
.
}

@test "[1] waits for the whole line, in however many pieces it comes back" {
    needs echo_client
    scene line-in-pieces <<.
$(typed '"one\ntwo\n"')
server expect "one\n"
server send   "o" 20ms "ne"
server silent 50ms
server send   "\n"
server expect "two\n"
server trickle 1ms "two\n"
echo_client types-end
server fin
echo_client prints-only "one\ntwo\n"
echo_client exits 0
.
    scene what-came <<.
$(typed '"one\n"')
server expect "one\n"
server send   "ONE\n"
echo_client types-end
server fin
echo_client prints-only "ONE\n"
echo_client exits 0
.
    scene early-line <<.
$(typed '"one\ntwo\n"')
server expect "one\n"
server send   "one\ntw"
server expect "two\n"
server send   "o\n"
echo_client types-end
server fin
echo_client prints-only "one\ntwo\n"
echo_client exits 0
.
    told slow_line
}

@test "[1] takes any byte, and lines of up to 4096 bytes" {
    needs echo_client
    local bytes
    scene nul-in-line < <(there_and_back '"a\0b\n"')
    scene cr-lf < <(there_and_back '"a\r\n"')
    bytes=$(printf '\\x%02x' {0..9} {11..255})
    scene any-byte < <(there_and_back "\"$bytes\\n\"")
    scene longest < <(there_and_back '"s"*4094 "\n"')
    scene longest < <(there_and_back '"m"*4095 "\n"')
    scene last-line < <(there_and_back '"last" "\n"' '"last"')
    scene last-line < <(there_and_back '"l"*4095 "\n"' '"l"*4095')
    scene no-line <<.
$(PROGRAM=echo_client started)
server fin
echo_client prints-only ""
echo_client exits 0
.
    too_long '%4096s\n'
    too_long '%4096s'
}

# A line that is too long comes after one that is not.
too_long() { # FORMAT
    local PROGRAM=echo_client
    # shellcheck disable=SC2059
    { echo short && printf "$1" ""; } >"$T/lines"
    scene too-long-line <<.
echo_client input lines
$(started)
server expect "short\n"
server send   "short\n"
server fin
echo_client prints-only "short\n"
$(gives_up .)
.
}

# What ./echo_client sends, and gets back, of what is typed (else the same).
there_and_back() { # DATA [TYPED]
    typed "${2:-$1}"
    echo "echo_client types-end
server expect $1
server send $1
server fin
echo_client prints-only $1
echo_client exits 0"
}

@test "[1] says when the server breaks off, and ends with exit status 1" {
    needs client echo_client
    PROGRAM=client
    scene no-response <<.
$(asked)
server close
$(gives_up .)
.
    scene reset <<.
$(asked)
server send  "HTTP/1.1 200 OK\r\n\r\nhalf a pa"
client shows "half a pa"
server reset
$(gives_up "$SERVER: [a-z]+: Connection reset by peer$")
.
    PROGRAM=echo_client
    scene no-echo <<.
$(typed '"one\n"')
server expect "one\n"
server half-close
$(gives_up .)
echo_client prints-only ""
.
    scene half-a-line <<.
$(typed '"one\ntwo\n"')
server expect "one\n"
server send   "one\n"
server expect "two\n"
server send   "t"
server half-close
$(gives_up .)
echo_client prints-only "one\n"
.
    scene reset <<.
$(typed '"one\n"')
server expect "one\n"
server reset
$(gives_up "$SERVER: [a-z]+: Connection reset by peer$")
.
    # FIN, then RST: from then on the first send() of the client fails with EPIPE.
    scene broken-pipe <<.
echo_client keyboard
$(started)
server half-close
server reset
echo_client types "one\n"
$(gives_up .)
echo_client says-not "^([^ ]*/)?echo_client: [a-z]+: Broken pipe$"
.
    ! strace_works || told left_at_once
}

@test "[1] says when its output or its input fails" {
    needs client echo_client
    PROGRAM=client
    scene full-disk <<.
client into /dev/full
$(asked)
server send   "HTTP/1.1 200 OK\r\n\r\nhello\n"
server close
$(gives_up "[a-z]+: No space left on device$")
.
    PROGRAM=echo_client
    scene full-disk <<.
echo_client into /dev/full
$(typed '"one\n"')
server expect "one\n"
server send   "one\n"
$(gives_up "[a-z]+: No space left on device$")
.
    for PROGRAM in client echo_client; do scene disk-fills < <(disk_fills); done
    PROGRAM=echo_client
    scene directory <<.
echo_client input /
$(started)
$(gives_up "[a-z]+: Is a directory$")
.
    PROGRAM=client
    plays <<. || grep -qx 'client signal-PIPE' "$T.kinds" || tell no-reader
$(asked)
head   reads client
head   start head -c 10
server send  "HTTP/1.1 200 OK\r\n\r\n" "x"*1000
head   exits 0
server send  "x"*1000
$(gives_up "[a-z]+: Broken pipe$")
.
}

# Its stdout is a file that may have a KiB: the rest of a piece is not taken.
disk_fills() {
    echo "$PROGRAM under bash -c \"trap '' XFSZ; ulimit -f 1; exec \$0 \$*\"
$PROGRAM into out"
    if [ "$PROGRAM" = client ]; then
        asked
        echo 'server send "HTTP/1.1 200 OK\r\n\r\n" "x"*2000
server close'
    else
        typed '"l"*2000 "\n"'
        echo 'server expect "l"*2000 "\n"
server send "l"*2000 "\n"
echo_client types-end'
    fi
    gives_up "[a-z]+: File too large$"
}

@test "[1] sends everything when send() takes 3 bytes at a time" {
    needs client echo_client
    preloads
    PROGRAM=client
    scene short-send < <(short_io && served /a/path)
    is_complete /a/path || tell short-send "$(show_bytes "$T/request")"
    PROGRAM=echo_client
    scene short-send < <(short_io && there_and_back '"a line of some length\n"')
}
short_io() { echo "$PROGRAM with SHORT_SEND=3 LD_PRELOAD=./short_io.so"; }

@test "[1] refuses a wrong command line with exit status 2" {
    needs client echo_client
    scene command-line -k < <(starts_first < <(
        refused few client
        refused few client 127.0.0.1
        refused many client 127.0.0.1 80 / /
        refused path client 127.0.0.1 80 index.html
        refused path client 127.0.0.1 80 ''
        refused few echo_client
        refused few echo_client 127.0.0.1
        refused many echo_client 127.0.0.1 80 /
        wrong_ports client
        wrong_ports echo_client
    ))
    for PROGRAM in client echo_client; do
        taken_by_others 65535 || scene highest-port <<.
$PROGRAM start ./$PROGRAM 127.0.0.1 65535
$(gives_up .)
$PROGRAM start ./$PROGRAM 127.0.0.1 0
$(gives_up .)
.
        # Either is fine: no port, or this one. (017777 is a number in octal, too; a port
        # that is free is so only by chance.)
        plays < <(reached 127.0.0.1 @port 0) || plays <<. || tell octal
$PROGRAM start ./$PROGRAM 127.0.0.1 017777
$PROGRAM exits 2
.
    done
}

wrong_ports() { # PROGRAM
    local port
    for port in 80a 0x50 http; do refused letters "$1" 127.0.0.1 "$port"; done
    for port in ' 80' '80 ' '\t80' '80\n'; do refused blank "$1" 127.0.0.1 "$port"; done
    for port in +80 -1 -0; do refused signed "$1" 127.0.0.1 "$port"; done
    refused empty "$1" 127.0.0.1 ''
    for port in 65536 70000; do refused high "$1" 127.0.0.1 "$port"; done
    for port in 4294967376 18446744073709551696; do
        refused huge "$1" 127.0.0.1 "$port"
    done
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    with_sanitizers
    local long program
    long=$(printf '%100000s' "" | tr ' ' l)
    echo "$long" >"$T/endless"
    printf '%s\n' "${long:0:4095}" "${long:0:4096}" >"$T/longest"
    echo one >"$T/one"
    : >"$T/nothing"
    plays -s -k < <(starts_first < <(
        sanitized page client nothing / 'expect "GET /"' 'until "\r\n\r\n"' \
            'send "HTTP/1.1 200 OK\r\n\r\n" "x"*300000' close
        sanitized no-page client nothing / 'until "\r\n\r\n"' reset
        sanitized path client nothing "/$long" half-close drain
        sanitized lines echo_client longest "" 'expect "l"*4095 "\n"' \
            'send "l"*4095 "\n"' half-close drain
        sanitized endless echo_client endless "" half-close drain
        sanitized more echo_client one "" 'expect "one\n"' 'send "x"*300000' \
            half-close drain
        sanitized no-echo echo_client one "" 'expect "one\n"' reset
        for program in client echo_client; do
            echo "refused-${program:0:4} start ./$program 127.0.0.1 @nobody
refused-${program:0:4} exits
refused-${program:0:4} clean"
        done
        echo "host start ./client ${long:0:3000} 80
host exits
host clean"
    )) || [ $? -eq 1 ]
    ! grep -qE ' (sanitizer|leak)$' "$T.kinds" || {
        about sanitizers
        blame "$(sanitizers_said "$T.seen")"
    }
    ! grep -qE '^(page|lines)' "$T.kinds" || only_plain_connects
}

# What the server does with one party's build with sanitizers.
sanitized() { # PARTY PROGRAM INPUT PATH STEP...
    local step
    echo "$1-door listen @${1//-/}
$1 input $3
$1 start ./$2 127.0.0.1 @${1//-/} $4
$1-server accept $1-door"
    for step in "${@:5}"; do echo "$1-server $step"; done
    echo "$1 exits
$1 clean"
}

# Where the build with sanitizers does not do it, without a word: fails the test if the
# plain build does.
only_plain_connects() {
    spare_the_program
    local seen
    seen=$(<"$T.seen")
    CHECKS=""
    ! plays < <(served /) || tell uninitialised "$seen"
}
