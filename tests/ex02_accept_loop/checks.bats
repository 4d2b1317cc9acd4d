#!/usr/bin/env bats
# ex02_accept_loop: 20 points. Every server here serves one client after another. A client
# closes when it has its answer: a server may wait for that. What a failed scene says
# stands in causes.md, under its name.
# shellcheck disable=SC2034,SC2119,SC2120 # variables of lib/lab; scenes on standard input
load ../lib/lab
load ../lib/scene

HOST='\r\nHost: localhost\r\n\r\n'
BIG=16777216 # bytes: more than the kernel's buffers hold

setup_file() {
    open_exercise ex02_accept_loop server
    must_open server @port
    [ -f "$BATS_FILE_TMPDIR/blocked" ] || answers_at_all
    [ ! -f "$BATS_FILE_TMPDIR/mute" ] || return 0
    aside silent_clients
    aside slow_client
    aside deaf_client
    aside late_client
    ! find_browser >/dev/null || aside browser
}
teardown_file() { close_exercise; }
setup() { ready; }
teardown() { tidy; }

# Where not one byte comes to a client that has asked, most checks would wait in vain: why
# goes to $T/mute, for needs_answer.
answers_at_all() {
    plays <<. || { BLOCKS=true tell mute >"$T/mute" || true; }
server start     ./server @port
server reachable @port
alice  connect   @port
alice  send      $REQUEST
alice  expect    "H"
.
}
needs_answer() { blocked_by "$BATS_FILE_TMPDIR/mute"; }

# The scene on standard input, with ./server WORD... at @port.
served() { # ENTRY [WORD...]
    local script
    IFS= read -r -d '' script || true
    scene "$1" <<<"server start ./server @port ${*:2}
server reachable @port
$script"
}

# What a client does who sends a request, up to the end of the answer, which goes to a
# file named after him.
asks() { # PARTY DATA [PORT [half-close]]
    echo "$1 connect @${3:-port}
$1 save $1
$1 send $2
${4:+$1 $4}
$1 drain
$1 close"
}

# A server WAY with FILE, at a port of its own. What fails in a party WAY-CLIENT counts as
# WAY where a cause is chosen.
opens() { # WAY [FILE]
    echo "$1 start ./server @at$1 $2
$1 reachable @at$1"
}

# What the client of WAY does; steps of the server begin with that word.
does() { # WAY STEP...
    local step
    for step in "${@:2}"; do
        case $step in
        server*) echo "$1 ${step#server }" ;;
        connect) echo "$1-client connect @at$1" ;;
        *) echo "$1-client $step" ;;
        esac
    done
}

# The next client of WAY, who is to be served.
next() { # WAY
    echo "$1-next connect @at$1
$1-next send $REQUEST
$1-next expect \"HTTP/1.\"
$1-next drain
$1-next fin
$1-next close"
}

# Whether FILE is a response with this status.
has_status() { # FILE STATUS
    read_message "$T/$1" && [[ $HEAD =~ ^HTTP/1\.[01]\ $2[[:space:]] ]]
}

# Whether TEXT is the page of visitor N.
is_page() { # TEXT N
    local text=${1//$'\n'/ }
    [[ $text =~ \<[hH]1[^\>]*\>[[:space:]]*Hello\ World\![[:space:]]*\</[hH]1\> ]] ||
        return 1
    while [[ $text =~ \<[^\>]*\> ]]; do text=${text/"${BASH_REMATCH[0]}"/}; done
    [[ $text =~ Visitor[[:space:]]+$2([^0-9]|$) ]]
}

# Whether FILE is a response 200 with the page of visitor N.
greets() { has_status "$1" 200 && is_page "$BODY" "$2"; } # FILE N

# Fails the test where FILE does not greet visitor N, with what ENTRY says of that file.
must_greet() { # ENTRY FILE N
    greets "$2" "$3" || {
        echo "$2 differs" >"$T.kinds"
        tell "$1" "$(show_bytes "$T/$2")"
    }
}

@test "[2] serves one visitor after another, and counts them" {
    needs_answer
    served visits < <(
        asks first "$REQUEST"
        asks again "$REQUEST"
        asks third "$REQUEST"
        each 4 299 'more connect @port' "more send $REQUEST" 'more drain' 'more close'
        asks last "$REQUEST"
    )
    must_greet visits first 1
    must_greet visits again 2
    must_greet visits third 3
    must_greet visits last 300
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[1] listens on the port it is given, and says so" {
    scene listens-where-asked <<'.'
server start    ./server @port
server listens  @port
.
    served every-address <<'.'
alice connect 127.0.0.2:@port
.
    taken_by_others 8080 || scene default-port <<'.'
server start    ./server
server listens  8080
.
    plays <<'.' || says_it_late || tell listening-line
server start      ./server @port
server reachable  @port
server prints     "^listening on port @port$"
server prints-not "listening on port [0-9]*[^0-9]|.listening on port"
.
    scene port-zero <<'.'
server start    ./server 0
server listens  @chosen
server prints   "^listening on port @chosen$"
.
    ! strace_works || scene line-before-listen <<.
$(late listen)
server start   ./server @port
server prints  "^listening on port @port$"
alice  connect @port
.
}

# Has each of these calls of the next start begin late.
late() { # SYSTEM_CALL[,SYSTEM_CALL]...
    echo "server under strace -D -f -qq -o trace -e trace=$1 \
-e inject=$1:delay_enter=100000"
}

# Notes it where the line comes only with the end of the program. Fails in any case.
says_it_late() {
    local seen kinds
    seen=$(<"$T.seen") kinds=$(<"$T.kinds")
    plays <<'.' && kinds="server late"
server start     ./server @port
server reachable @port
server signal    TERM
server exits
server prints    "listening on port @port"
.
    echo "$seen" >"$T.seen"
    echo "$kinds" >"$T.kinds"
    return 1
}

@test "[1] refuses a wrong command line, and says when its port is taken" {
    scene command-line -k < <(starts_first < <(
        refused letters server a80
        refused letters server 80a
        refused letters server 0x50
        refused blank server ' 80'
        refused blank server '80 '
        refused blank server '\t80'
        refused signed server +80
        refused signed server -1
        refused signed server -0
        refused empty server ''
        refused high server 65536
        refused huge server 4294967376
        refused huge server 18446744073709551696
        refused file server 80a page.html
        refused many server 8080 page.html more
    ))
    taken_by_others 65535 || scene highest-port <<'.'
server start    ./server 65535
server listens  65535
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
    served port-taken <<'.'
second start     ./server @port
second exits     1
second says      "^server: (bind|listen): Address already in use"
.
    ! strace_works || scene failing-call -k < <(starts_first < <(
        failing socket "socket|getaddrinfo"
        failing listen listen
    ))
}

# A start in which that call fails.
failing() { # SYSTEM_CALL NAMES
    cat <<.
$1 under strace -D -f -qq -o trace.$1 -e trace=$1 -e inject=$1:error=ENOBUFS
$1 start ./server 0
$1 exits 1
$1 says  "^server: ($2): No buffer space available"
.
}

# Requests, a line each: the kind of request, the status that they get, and their bytes.
unserved() {
    cat <<.
target 404     "GET /favicon.ico HTTP/1.1$HOST"
target 404     "GET //?/ HTTP/1.1$HOST"
target 404     "GET /index.html HTTP/1.1$HOST"
target 404     "GET x HTTP/1.1$HOST"
target 404     "HEAD /x HTTP/1.1$HOST"
nul    404|400 "GET /\\0whatever HTTP/1.1$HOST"
long   404     "GET /" "x"*8000 " HTTP/1.1$HOST"
query  200     "GET /?name=x HTTP/1.1\r\nReferer: /favicon.ico HTTP/1.1\r\n\r\n"
query  200     "GET /? HTTP/1.1$HOST"
older  200     "GET / HTTP/1.0\r\n\r\n"
form   400     "hello$HOST"
form   400     "\r\n\r\n"
form   400     "GET$HOST"
form   400     "GET /$HOST"
form   400     "GET / $HOST"
form   400     "GET  HTTP/1.1$HOST"
form   400     "GET  / HTTP/1.1$HOST"
form   400     "GET /  HTTP/1.1$HOST"
form   400     " / HTTP/1.1$HOST"
form   400     " GET / HTTP/1.1$HOST"
form   400     "GET / x HTTP/1.1$HOST"
form   400     "GET\t/\tHTTP/1.1$HOST"
form   400     "GET /favicon.ico$HOST"
form   400     "POST /$HOST"
digit  400     "GET / HTTP/2.0$HOST"
digit  400     "GET / FTP/1.1$HOST"
digit  400     "GET / http/1.1$HOST"
digit  400     "GET / HTTP/1.x$HOST"
digit  400     "GET / HTTP/1.$HOST"
digit  400     "GET / HTTP/1.1x$HOST"
digit  400     "GET / HTTP/1.1 $HOST"
digit  400     "GET / HTTP/11$HOST"
method 501     "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
method 501     "OPTIONS * HTTP/1.1$HOST"
method 501     "GETS / HTTP/1.1$HOST"
method 501     "GE / HTTP/1.1$HOST"
method 501     "HEADER / HTTP/1.0$HOST"
method 501     "DELETE /favicon.ico HTTP/1.1$HOST"
fits   200     "GET / HTTP/1.1\r\nX-Long: " "x"*8164 "\r\n\r\n"
large  431     "GET / HTTP/1.1\r\nX-Long: " "x"*8168
.
}

@test "[1] answers what it does not serve with 404, 400, 501 and 431" {
    needs_answer
    local kind status data n=0 wrong="" visits=1
    served answers < <(
        while read -r kind status data; do asks "$kind-$((++n))" "$data"; done \
            < <(unserved)
        asks count-1 "$REQUEST"
    )
    : >"$T.kinds"
    while read -r kind status data; do
        visits=$((visits + (status == 200)))
        has_status "$kind-$((++n))" "($status)" || {
            echo "$kind differs" >>"$T.kinds"
            wrong+="${data:0:60}: expected $status, received ${HEAD%%$'\r'*}"$'\n'
        }
    done < <(unserved)
    [ -z "$wrong" ] || tell answers "$wrong"
    must_greet answers-count count-1 "$visits"
    # In one piece: the server is held still until all of it has come. Where RST takes the
    # answer with it, the check of that tells.
    plays < <(
        echo "server start     ./server @port
server reachable @port"
        for n in 8193 9000; do
            printf '%s\n' "server stop" "alice connect @port" \
                "alice send \"GET / HTTP/1.1\r\nX: \" \"x\"*$((n - 23)) \"\r\n\r\n\"" \
                "server continue" 'alice expect "HTTP/1.1 431 "' "alice close"
        done
    ) || grep -q ' rst$' "$T.kinds" || tell large-at-once
    served large-enough <<'.'
alice  connect @port
alice  send    "GET / HTTP/1.1\r\nX-Long: " "x"*8164 "\r\n\r"
server rests
alice  send    "\n"
alice  expect  "HTTP/1.1 200 "
.
}

# Requests whose responses are looked at, a line each: a server, the response's name, its
# status, and the bytes. HEAD comes after the GET that it is compared with.
responses() {
    cat <<.
page page   200_OK                              "GET / HTTP/1.1$HOST"
page head   200_OK                              "HEAD / HTTP/1.1$HOST"
page next   200_OK                              "GET / HTTP/1.1$HOST"
page other  404_Not_Found                       "GET /favicon.ico HTTP/1.1$HOST"
page head   404_Not_Found                       "HEAD /favicon.ico HTTP/1.1$HOST"
page form   400_Bad_Request                     "GET$HOST"
page method 501_Not_Implemented                 "DELETE / HTTP/1.1$HOST"
page large  431_Request_Header_Fields_Too_Large "x"*8192
file file   200_OK                              "GET / HTTP/1.1$HOST"
file head   200_OK                              "HEAD / HTTP/1.1$HOST"
lost lost   404_Not_Found                       "GET / HTTP/1.1$HOST"
lost head   404_Not_Found                       "HEAD / HTTP/1.1$HOST"
.
}

@test "[1] sends complete HTTP/1.1 responses, to HEAD without the page" {
    needs_answer
    local server name status data n=0 wrong="" first="" length=""
    echo '<h1>My page</h1>' >"$T/page.html"
    scene responses < <(
        opens page
        opens file page.html
        opens lost lost.html
        while read -r server name status data; do
            asks "$name-$((++n))" "$data" "at$server"
        done < <(responses)
    )
    : >"$T.kinds"
    n=0
    while read -r server name status data; do
        look_at "$name-$((++n))" "${status//_/ }"
    done < <(responses)
    [ -z "$wrong" ] || tell responses "$wrong$(show_bytes "$T/$first")"
    must_greet head-visit next-3 2
}

# Notes what is wrong with the response in FILE, and the length that it has. Another
# status is another check's matter, but for HEAD.
look_at() { # FILE STATUS
    local line
    read_message "$T/$1" || { fault "$1" blank "no blank line" && return; }
    [[ $1 == head* ]] || length=${#BODY}
    [[ $HEAD =~ ^HTTP/1\.[0-9]\ ${2%% *} ]] ||
        { [[ $1 != head* ]] || fault "$1" code "not $2"; return; }
    line=$'\n'${HEAD//$'\r\n'/}
    [[ $line == $'\n'"${HEAD//[$'\r\n']/}" && $ANSWER == *$'\n\r\n'* ]] ||
        fault "$1" ends "a line without CR LF"
    [ "${HEAD%%[$'\r\n']*}" = "HTTP/1.1 $2" ] || fault "$1" status "not HTTP/1.1 $2"
    while IFS= read -r line; do
        [[ -z $line || $line =~ ^[!-9\;-~]+: ]] || fault "$1" field "no field: $line"
    done <<<"${HEAD#*$'\n'}"
    [ -z "$HAS_NUL" ] || fault "$1" nul "a NUL byte"
    [[ $1 != head* ]] || [ -z "$BODY" ] || fault "$1" body "${#BODY} bytes of a page"
    field Content-Length
    [ "$VALUE" = "$length" ] || fault "$1" length "Content-Length is not $length"
    field Connection
    [ "${VALUE,,}" = close ] || fault "$1" close "no Connection: close"
    field Content-Type
    VALUE=${VALUE//[ \"]/}
    [[ $2 != 200* ]] || [ "${VALUE,,}" = "text/html;charset=utf-8" ] ||
        fault "$1" type "no Content-Type: text/html; charset=utf-8"
}

# Adds to the wrong ones of the test, and to $T.kinds for the cause.
fault() { # FILE KIND TEXT
    echo "$1 $2" >>"$T.kinds"
    wrong+="${1%-*}: $3"$'\n'
    first=${first:-$1}
}

@test "[1] sends FILE byte by byte, as it is at each visit" {
    needs_answer
    echo '<h1>My page</h1>' >"$T/short"
    echo '<h1>A page that is longer</h1>' >"$T/edited"
    echo '<h1>Another page, as long</h1>' >"$T/other"
    head -c 1048576 /dev/urandom >"$T/bytes"
    : >"$T/empty"
    head -c 12582912 /dev/zero >"$T/large"
    cp "$T/short" "$T/page.html"
    plays < <(
        echo "server start ./server @port page.html
server reachable @port"
        asks a-short "$REQUEST"
        changes a-edited cp edited page.html
        changes a-other cp other page.html
        changes a-bytes cp bytes page.html
        changes a-large cp large page.html
        changes a-empty cp empty page.html
        changes a-gone rm page.html
        changes a-directory mkdir page.html
        changes a-again sh -c '"rmdir page.html && cp short page.html"'
    ) || true
    brings short
    brings edited
    brings other
    brings bytes
    brings large
    brings empty
    has_status a-gone 404 || not_brought gone
    has_status a-directory 404 || not_brought directory
    cp "$T/short" "$T/again"
    brings again
}

# A visit after a change of the file.
changes() { # PARTY COMMAND WORD...
    echo "hand start ${*:2}
hand exits 0"
    asks "$1" "$REQUEST"
}

# Fails the test where the response a-NAME is not the file NAME of $T, byte by byte.
brings() { # NAME [ENTRY]
    local length all
    length=$(size "$T/$1") all=$(size "$T/a-$1")
    [ "$all" -ge "$length" ] || not_brought "$@"
    head -c "$((all - length))" "$T/a-$1" >"$T/head"
    { has_status head 200 && [ -z "$BODY" ] && field Content-Length &&
        [ "$VALUE" = "$length" ] && tail -c "$length" "$T/a-$1" | cmp -s "$T/$1" -; } ||
        not_brought "$@"
}

# Where a step has failed, what was seen tells more than the bytes.
not_brought() { # NAME [ENTRY]
    [ ! -s "$T.kinds" ] || { echo "$1 differs" >"$T.kinds" && tell "${2:-file}"; }
    echo "$1 differs" >"$T.kinds"
    tell "${2:-file}" "$(size "$T/a-$1") bytes came, head and page:
$(show_bytes "$T/a-$1")"
}

@test "[1] serves clients that come together in the order of their arrival" {
    needs_answer
    local n
    served order < <(
        echo "server stop"
        each 1 16 'c@ connect @port' 'c@ save c@' "c@ send $REQUEST"
        echo "server continue"
        each 1 16 'c@ drain' 'c@ close'
    )
    for ((n = 1; n <= 16; n++)); do must_greet order "c$n" "$n"; done
}

@test "[1] ends each connection with FIN, never with RST" {
    needs_answer
    served fin <<.
server stop
alice  connect @port
alice  send    $REQUEST
bob    connect @port
bob    send    "GET / HTTP/1.1\r\nCookie: " "c"*5970 "\r\n\r\n"
server continue
alice  expect  "HTTP/1."
alice  drain
alice  fin
alice  close
bob    expect  "HTTP/1."
bob    drain
bob    fin
.
    served fin-431 <<'.'
alice  connect @port
alice  send    "GET / HTTP/1.1\r\nX-Long: " "x"*8168
alice  expect  "HTTP/1."
alice  send    "a"*10000
server rests
alice  send    "a"*10000
server rests
alice  half-close
alice  drain
alice  fin
.
    served fin-post <<'.'
server stop
alice  connect @port
alice  send    "POST / HTTP/1.1\r\nContent-Length: 30000\r\n\r\n" "d"*20000
server continue
alice  expect  "HTTP/1."
server rests
alice  send    "d"*10000
server rests
alice  half-close
alice  drain
alice  fin
.
}

@test "[1] receives and sends in however many pieces it takes" {
    needs_answer
    served pieces <<'.'
alice  connect @port
alice  send    "GET / HT"
server rests
alice  send    "TP/1.1\r\nHost: localhost\r\n"
server rests
alice  send    "Accept: */*\n\n\r\n\r"
server rests
alice  silent  20ms
alice  send    "\n"
alice  expect  "HTTP/1."
alice  drain
alice  fin
.
    served any-byte <<'.'
alice  connect @port
alice  send    "GET / HTTP/1.1\r\nX-Any: \0\xff\r\r\n\r\n"
alice  expect  "HTTP/1."
alice  drain
alice  fin
.
    served half-closed <<.
alice  connect @port
alice  send    $REQUEST
alice  half-close
alice  expect  "HTTP/1."
alice  drain
alice  fin
.
    served stopped <<'.'
alice  connect @port
alice  send    "GET / HT"
server rests
server stop
server continue
server rests
alice  send    "TP/1.1\r\n\r\n"
alice  expect  "HTTP/1."
alice  drain
alice  fin
.
    served stopped-drain <<'.'
alice  connect @port
alice  send    "x"*8192
alice  expect  "HTTP/1."
server rests
server stop
server continue
server rests
alice  send    "a"*10000
server rests
alice  half-close
alice  drain
alice  fin
.
    preloads
    head -c 5000 /dev/urandom >"$T/page"
    scene short-send <<.
server with      SHORT_SEND=3 LD_PRELOAD=./short_io.so
server start     ./server @port page
server reachable @port
$(asks a-page "$REQUEST")
.
    brings page short-send
}
# A client leaves WAY with those steps; then the server holds what it held before.
leaves() { # WAY STEP...
    echo "$1 remember"
    does "$@"
    next "$1"
    echo "$1 descriptors before"
}

@test "[1] goes on when clients leave, at whatever stage" {
    needs_answer
    local way said='server says "^server: ."'
    head -c "$BIG" /dev/zero >"$T/page.html"
    scene left -k -t 2 < <(starts_first < <(
        for way in empty half reset cut queue unheard large file; do
            if [ "$way" = file ]; then opens file page.html; else opens "$way"; fi
            next "$way"
        done
        echo "file rests"
        leaves empty connect close
        leaves half connect 'send "GET / HT"' "server rests" close "$said"
        leaves reset connect 'send "GET / HT"' "server rests" reset "$said"
        leaves cut connect "save cut" 'send "GET / HTTP/1.1\r\nHost: local"' \
            half-close drain close "$said"
        leaves queue "server stop" connect reset "server continue" "$said"
        # FIN, then RST: from then on the first send() of the server fails with EPIPE.
        leaves unheard "server stop" connect "send $REQUEST" half-close reset \
            "server continue" "$said"
        leaves large connect 'send "x"*8192' 'expect "HTTP/1."' "server rests" reset
        leaves file deaf connect "send $REQUEST" hear 'expect "HTTP/1."' \
            deaf "server rests" reset "$said"
    ))
    ! holds_text ' 200 ' "$T/cut" || {
        echo "cut differs" >"$T.kinds"
        tell left "$(show_bytes "$T/cut")"
    }
}

# Ways to visit, a line each: its name, how often, the file (- for none), the bytes.
visits() {
    cat <<.
visit  999 -          "GET / HTTP/1.1$HOST"
file   99  page.html  "GET / HTTP/1.1$HOST"
head   9   page.html  "HEAD / HTTP/1.1$HOST"
lost   3   lost.html  "GET / HTTP/1.1$HOST"
dir    3   directory  "GET / HTTP/1.1$HOST"
other  3   -          "GET /x HTTP/1.1$HOST"
form   3   -          "GET$HOST"
large  3   -          "x"*8192
method 3   -          "POST / HTTP/1.1$HOST" "d"*100
half   3   -          "GET / HT"
.
}

# So many clients of WAY. (A thousand can't half-close: a scene has 4096 steps at most.)
clients() { # WAY TIMES DATA
    local steps=("connect @at$1" "send $3" half-close drain)
    [ "$2" -lt 100 ] || unset 'steps[2]'
    each 1 "$2" "${steps[@]/#/$1-client }"
    echo "$1-client close"
}

@test "[1] leaves no descriptor open after 1,000 visits" {
    needs_answer
    local way times file data
    head -c 4096 /dev/zero >"$T/page.html"
    mkdir "$T/directory"
    scene holdings -k < <(
        while read -r way times file data; do
            opens "$way" "${file#-}"
            clients "$way" 2 "$data"
        done < <(visits)
        echo "half rests"
        while read -r way times file data; do
            echo "$way remember"
            clients "$way" "$times" "$data"
            echo "$way descriptors before"
        done < <(visits)
        echo 'visit threads before
visit memory before+64
file memory before+64'
    )
}

# WAY has no free descriptor, and waits after an accept() that has failed. (One that waits
# in accept() already has a descriptor, for the first client.)
without_descriptors() { # WAY
    opens "$1"
    does "$1" "server rests" "server spare 0" connect close connect "send $REQUEST" \
        'server says "^server: accept4?: Too many open files"'
}

@test "[1] ends on SIGINT and SIGTERM within a second" {
    needs_answer
    local ways="int term deaf silent half large post" way
    head -c "$BIG" /dev/zero >"$T/page.html"
    scene signals -k -t 2 < <(
        starts_first < <(
            opens int
            opens term
            opens deaf page.html
            does deaf deaf connect "send $REQUEST"
            opens silent
            does silent connect
            opens half
            does half connect 'send "GET / HT"'
            opens large
            does large connect 'send "x"*8192' 'until "HTTP/1."'
            opens post
            does post connect "send \"POST / HTTP/1.1$HOST\"" 'until "HTTP/1."'
            echo "deaf rests
post rests"
            for way in $ways; do
                case $way in
                int | half | post) echo "$way signal INT" ;;
                *) echo "$way signal TERM" ;;
                esac
            done
            for way in $ways; do echo "$way exits 0 within 1200ms"; done
        )
    )
    ! strace_works || scene signal-at-once <<.
$(late rt_sigaction,rt_sigprocmask,signalfd4)
server start   ./server @port
server listens @port
server signal  TERM
server exits   0
.
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

@test "[1] goes on when accept() fails" {
    needs_answer
    scene no-descriptor < <(
        without_descriptors server
        echo 'server rests
server spare all
server-client expect "HTTP/1." within 1300ms
server-client drain
server-client fin'
    )
    scene signal-pause < <(
        without_descriptors server
        echo "server rests
server signal TERM
server exits 0 within 1200ms"
    )
    strace_works || return 0
    scene accept-pause < <(
        echo "server under strace -D -f -qq -ttt -o trace -e trace=accept,accept4"
        without_descriptors server
        echo "server-client silent 300ms"
    )
    is_slow_enough || tell accept-pause "$(grep -m 5 EMFILE "$T/trace")"
    scene accept-fails -k -t 3 < <(starts_first < <(
        accept_fails aborted ECONNABORTED
        accept_fails nfile ENFILE
        accept_fails nobufs ENOBUFS
        accept_fails nomem ENOMEM
        accept_fails proto EPROTO
    ))
}

# A server whose first accept() fails; then the client is served.
accept_fails() { # PARTY ERROR
    local calls=accept,accept4
    echo "$1 under strace -D -f -qq -o trace.$1 -e trace=$calls \
-e inject=$calls:error=$2:when=1"
    opens "$1"
    next "$1"
    echo "$1 says \"^server: accept4?: \""
}

# Whether 10 ms or more lie between two accept() that failed, by $T/trace.
is_slow_enough() {
    awk '/EMFILE/ { if (last > 0 && $2 - last < 0.01) exit fast = 1; last = $2 }
        END { exit fast }' "$T/trace"
}

# Beside the other checks: clients that say nothing, each with a server of its own.
silent_clients() {
    scene silent -k < <(starts_first < <(
        for way in spare half large post; do opens "$way"; done
        does spare connect
        does half connect 'send "GET / HT"'
        does large connect 'send "x"*9000' 'until "HTTP/1."'
        does post connect "send \"POST / HTTP/1.1$HOST\"" 'until "HTTP/1."'
        echo "large rests
post rests"
        for way in spare half large post; do
            echo "$way-next connect @at$way
$way-next send $REQUEST"
        done
        echo 'spare-next expect "HTTP/1." within 2500ms
half-next  expect "HTTP/1." within 600ms
large-next expect "HTTP/1." within 600ms
post-next  expect "HTTP/1." within 600ms'
        for way in spare half large post; do echo "$way-client drain within 600ms"; done
        for way in spare half; do echo "$way says \"^server: .\""; done
    ))
}

# Beside them: one that says a byte a second, which is not silent.
slow_client() {
    scene slow -t 12 <<'.'
server start     ./server @port
server reachable @port
alice connect @port
alice send    "G" 1500ms "ET / H" 1s "T" 1s "T" 1s "P" 1s "/1.1\r\nHost: local" 1500ms
alice send    "host\r\n\r\n"
alice expect  "HTTP/1."
alice drain
alice fin
.
}

@test "[1] lets a client that says nothing delay the next by no more than 2 s" {
    needs_answer
    told silent_clients
    told slow_client
}

# Beside them: one that takes nothing of FILE. Where the time of a call is limited, as by
# SO_SNDTIMEO, one that has taken a little is followed by one that waits anew.
deaf_client() {
    local limit=2600ms
    ! grep -qE 'SO_SNDTIMEO|alarm|timer' "$SOURCE"/*.c || limit=4600ms
    head -c "$BIG" /dev/zero >"$T/page.html"
    plays -t 15 <<. || why_send_waits
server start     ./server @port page.html
server reachable @port
alice  deaf
alice  connect   @port
alice  send      $REQUEST
bob    connect   @port
bob    send      $REQUEST
alice  dropped   $limit
bob    expect    "HTTP/1."
server says      "^server: ."
.
}

# Who has one of the two ways to limit send() is not told to take it.
why_send_waits() {
    ! grep -q SO_SNDTIMEO "$SOURCE"/*.c || echo "server timeout" >>"$T.kinds"
    ! grep -q POLLOUT "$SOURCE"/*.c || echo "server poll" >>"$T.kinds"
    tell deaf
}

# Beside them: one that takes some of it now and then, while the server is stopped twice,
# so that one of its calls has taken nothing when it is interrupted.
late_client() {
    head -c 25165824 /dev/zero >"$T/page.html" # more than it is asked for in 5 s
    plays -t 15 < <(
        cat <<.
server start     ./server @port page.html
server reachable @port
alice  connect   @port
alice  deaf
alice  save      a-page.html
alice  send      $REQUEST
server rests
server stop
server continue
server rests
server stop
server continue
alice  pause     1200ms
alice  hear
alice  until     "\r\n\r\n"
.
        each 1 5 'alice expect "\0"*2800000' "alice deaf" "alice pause 1200ms" \
            "alice hear"
        echo "alice drain
alice fin"
    ) || true
    brings page.html late
}

@test "[1] lets a client that takes nothing delay the next by no more than 2 s" {
    needs_answer
    told deaf_client
    told late_client
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    needs_answer
    with_sanitizers
    echo '<h1>My page</h1>' >"$T/page.html"
    head -c "$BIG" /dev/zero >"$T/big.html"
    local data way n=0
    plays -s -k < <(
        opens page
        opens file page.html
        while read -r data; do
            for way in page file; do
                asks "$way-$((++n))" "$data" "at$way" half-close
            done
        done <<.
"GET / HTTP/1.1$HOST"
"GE"
"GET /%s%s%s%n HTTP/1.1\r\nX: \0$HOST"
"GET / HTTP/1.1\r\nX: " "a"*8169 "\r\n\r\n"
"GET / HTTP/1.1\r\nX: " "a"*70000
"GET /" "a"*8174 " HTTP/1.1\r\n\r\n"
"a"*8188 "\r\n\r\n"
"GET /\r\n\r\n"
"\0\r\n\r\n"
" / HTTP/1.1\r\n\r\n"
"HEAD / HTTP/1.1\r\n\r\n"
"POST / HTTP/1.1\r\n\r\n" "d"*100
.
        opens big big.html
        does big deaf connect "send $REQUEST" "server rests" reset
        for way in page file big; do
            printf "$way %s\n" clean "signal TERM" exits clean
        done
    ) || true
    ! grep -qE ' (sanitizer|leak)$' "$T.kinds" ||
        tell sanitizers "$(sanitizers_said "$T.seen")"
    read_message "$T/page-1" || only_plain_answers
}

# Beside the other checks: two visits of a browser.
browser() {
    local n page
    scene browser -t "$BROWSER_S" < <(
        echo "server start     ./server @port
server reachable @port"
        for n in 1 2; do
            echo "browser into page.$n
browser start \"$LAB/tests/stage/browse\" \"$(find_browser)\" http://127.0.0.1:@port/
browser exits"
        done
    )
    for n in 1 2; do
        IFS= read -r -d '' page <"$T/page.$n" || true
        is_page "$page" "$n" || tell browser "Chromium's page $n: ${page:0:800}"
    done
}

@test "[1] counts the visits of a real browser (Chromium)" {
    needs_answer
    with_browser
    told browser
}
