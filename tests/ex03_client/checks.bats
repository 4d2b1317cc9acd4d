#!/usr/bin/env bats
# ex03_client: 20 points. The programs are clients: talk plays their servers, and in two
# checks nginx is one.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
load ../lib/lab

PLAY_S=$((START_S + TALK_S)) # for a conversation, the start of the program included
COPY_S=$((10 * PATIENCE))    # for 100 MB from nginx through the client
NOBODY="(ended without connecting)"

setup_file() {
    open_exercise ex03_client client echo_client
    name_addresses
    start_nginx
    first_start
}
teardown_file() {
    [ -z "$NGINX" ] || kill "$NGINX" 2>/dev/null || true
    close_exercise
}
setup() { prepare; }
teardown() {
    local pid
    for pid in $PEERS; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    tidy
}

# ---- What the checks share ----

prepare() {
    PEERS="" PLAYS=0 RUNS=()
    # What has hung once is not waited for as long again: the grade must come soon.
    [ ! -f "$BATS_FILE_TMPDIR/hangs" ] || PLAY_S=$PATIENCE START_S=$PATIENCE END_S=$PATIENCE
    ready
}

# Plays the server's side of a conversation beside the test, from standard input: `server`
# is the connection that the program under test makes. Sets PORT, where it is awaited.
play() { # [ADDRESS:PORT]
    local script
    AT=${1:-127.0.0.1:0}
    IFS= read -r -d '' script || true
    TRANSCRIPT=$T/talk.$((++PLAYS))
    "$TALK" -v -t "$PLAY_S" >"$TRANSCRIPT" 2>&1 3>&- 4>&- <<<"door listen $AT
server accept door
$script" &
    TALKS=$! PEERS="$PEERS $!"
    PORT=$("$LAB/tests/stage/listening" "$TALKS" "$START_S" 3>&- 4>&-)
}

one_side_ended() { ended || gone "$TALKS"; }

# Waits until the conversation is over, and fails where it went otherwise than written. Where
# the program has ended without a connection, a stand-in takes its place: nobody waits for it.
played() {
    local host=${AT%:*}
    host=${host#[} host=${host%]}
    await "$PLAY_S" one_side_ended || true
    if gone "$TALKS" || ! ended; then
        wait "$TALKS"
    else
        (echo "$NOBODY" >"/dev/tcp/$host/$PORT") 2>/dev/null || true
        wait "$TALKS" && ! holds_text "$NOBODY" "$TRANSCRIPT"
    fi
}

# The same, and until the program has ended: sets STATUS. Where it went otherwise than
# written, the test ends with what was said.
over() {
    played && ends && return
    ended || touch "$BATS_FILE_TMPDIR/hangs"
    blame "$(said)"
}

# The conversation and how the program stands, for a reader.
said() {
    if holds_text "$NOBODY" "$TRANSCRIPT"; then
        echo "no connection came there"
    else
        sed '/^listening on port/d' "$TRANSCRIPT"
    fi
    how_it_stands
}

# Several runs at once: keep notes one, recall takes it up again.
keep() { RUNS+=("$PID $OUT $ERR $PORT $TALKS $TRANSCRIPT $AT"); }
recall() { read -r PID OUT ERR PORT TALKS TRANSCRIPT AT <<<"$1"; } # NOTE

# The program that is started next reads FILE as its standard input.
# shellcheck disable=SC2016 # for the inner shell to expand
input() { UNDER=(${UNDER[@]+"${UNDER[@]}"} sh -c 'exec "$@" <"$0"' "$1"); } # FILE

# The program that is started next writes to a pipe, which COMMAND reads; to FILE instead.
into() { # COMMAND...
    mkfifo "$T/out.${#STARTED}"
    "$@" <"$T/out.${#STARTED}" >"$T/reader" 2>&1 3>&- 4>&- &
    READER=$! PEERS="$PEERS $!"
}
into_file() { ln -s "$1" "$T/out.${#STARTED}"; } # FILE

# A gate in a conversation: 'gate save $T/gate' waits there until it is opened.
make_gate() { mkfifo "$T/gate"; }
open_gate() { exec 7<>"$T/gate"; }

# Waits until the program has printed a text, or has ended.
shows() { # TEXT
    await "$START_S" holds_or_ended "$1" && holds_text "$1" "$OUT"
}
holds_or_ended() { holds_text "$1" "$OUT" || ended; }

# Tells whether the program has said something, and whether it names the server.
complains() { grep -qaE '^([^ ]*/)?(echo_)?client: .' "$ERR" && ! holds_text ': Success' "$ERR"; }
names_server() { # HOST
    complains && holds_text "$1" "$ERR" && grep -qaE "(^|[^0-9])$PORT([^0-9]|$)" "$ERR"
}

# Once for the file: where a program never connects there is nothing more to test, and its
# tests say so at once.
first_start() {
    [ ! -f "$BATS_FILE_TMPDIR/blocked" ] || return 0
    prepare
    T=$BATS_FILE_TMPDIR
    local program script n=0
    section "Step 3: connect"
    expected "a connection: nothing else can be tested before"
    because "socket() and connect() take what getaddrinfo() has found; each returns -1 when it fails."
    for program in $PROGRAMS; do
        ! blocked "$program" || continue
        script="server drain" # echo_client, whose input is empty, closes first
        [ "$program" = echo_client ] || script="server half-close
server drain"
        play <<<"$script"
        start "$program" 127.0.0.1 "$PORT"
        keep
    done
    for program in $PROGRAMS; do
        ! blocked "$program" || continue
        recall "${RUNS[n++]}"
        played || ended || touch "$T/hangs"
        ! { holds_text 'accept door' "$TRANSCRIPT" && ! holds_text "$NOBODY" "$TRANSCRIPT"; } || continue
        DID=""
        did "listened on port $PORT and started ./$program 127.0.0.1 $PORT"
        block "$program" "./$program 127.0.0.1 $PORT never connects to that port:
$(how_it_stands)"
    done
    stop_all
}

# Names that have several addresses, in a file that stands for /etc/hosts where we are in
# namespaces of our own: nobody else sees it. Sets NAMED where that works.
name_addresses() {
    export NAMED="" IPV6=""
    ! has_ipv6 || IPV6=1
    local hosts=$BATS_FILE_TMPDIR/hosts
    printf '%s\n' '127.0.0.1 localhost' '127.0.0.2 many.test' '127.0.0.3 many.test' \
        '127.0.0.4 many.test' '::1 both.test' '127.0.0.1 both.test' >"$hosts"
    ! own_hosts "$hosts" ||
        ! getent hosts many.test >/dev/null || NAMED=1
}

# Starts nginx, as whoever grades, on a free port, with files and a configuration of its
# own. Sets NGINX, its process.
start_nginx() {
    export NGINX="" NGINX_PORT="" SITE=$BATS_FILE_TMPDIR/nginx
    local nginx kind
    [ ! -f "$BATS_FILE_TMPDIR/blocked" ] || return 0
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || return 0
    mkdir -p "$SITE/www"
    echo '<h1>Hello from nginx</h1>' >"$SITE/www/index.html"
    ln -s "$BASH" "$SITE/www/binary"
    truncate -s 104857600 "$SITE/www/big"
    free_port
    {
        echo "user root root;" # in a user namespace that is who we are; else it is ignored
        echo "daemon off; master_process off; pid $SITE/pid; error_log $SITE/errors;"
        echo "events { worker_connections 64; } http { access_log off; root $SITE/www;"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $SITE/$kind;"
        done
        echo "types { text/html html; } server { listen 127.0.0.1:$PORT; } }"
    } >"$SITE/configuration"
    "$nginx" -p "$SITE" -c "$SITE/configuration" </dev/null >"$SITE/log" 2>&1 3>&- 4>&- &
    NGINX=$! NGINX_PORT=$PORT
}

# Waits for nginx; leaves the test out where there is none.
with_nginx() {
    [ -n "$NGINX" ] || skip "nginx is missing"
    "$LAB/tests/stage/listening" "$NGINX" "$START_S" >/dev/null 3>&- 4>&- ||
        skip "nginx does not start here: $(tail -n 1 "$SITE/log")"
    PORT=$NGINX_PORT
}

# ---- The checks ----

@test "[1] connects to the host and port it is given" {
    needs client
    section "Step 3: connect"
    local first
    play <<<""
    first=$PORT
    play "127.0.0.2:$first" <<'EOF'
other  accept door
server half-close
other  half-close
server drain
other  drain
EOF
    did "started ./client 127.0.0.2 $PORT, and once more before the first had an answer"
    expected "two connections to 127.0.0.2, port $PORT"
    because "argv[1] is the host and argv[2] the port: both go to getaddrinfo(). A client binds no port: the kernel gives each connection one of its own."
    start client 127.0.0.2 "$PORT"
    keep
    start client 127.0.0.2 "$PORT"
    played || blame "$(said)
$(recall "${RUNS[0]}" && how_it_stands)"
    ends || blame "$(said)"
    recall "${RUNS[0]}"
    ends || blame "$(said)"
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[2] asks for a page and prints what comes back" {
    needs client
    section "Step 4: send"
    play <<EOF
server save $T/request
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 23\r\n\r\n<h1>Good evening!</h1>\n"
server close
EOF
    did "started ./client 127.0.0.1 $PORT /evening.html"
    expected "a request for /evening.html, and a blank line at its end"
    because "The request is GET, a space, the path, a space, HTTP/1.1, and more lines; a blank line ends it. Every line ends in \\r\\n: the server waits for \\r\\n\\r\\n before it answers."
    start client 127.0.0.1 "$PORT" /evening.html
    over
    holds_text 'GET /evening.html HTTP/1.' "$T/request" || blame "$(said)"
    section "Step 5: receive"
    expected "the response on stdout, with the page <h1>Good evening!</h1>, and exit status 0"
    because "What recv() brings goes to stdout as it is. 0 from recv() means that the server has closed: that is the end, and all is well."
    { [ "$STATUS" -eq 0 ] && holds_text '<h1>Good evening!</h1>' "$OUT"; } || blame "$(said)"
}

@test "[1] sends lines and prints them as they come back" {
    needs echo_client
    section "Step 7: there and back"
    printf 'one\n\nthree\n' >"$T/input"
    play <<'EOF'
server expect "one\n"
server silent 20ms
server send "one\n"
server expect "\n"
server send "\n"
server expect "three\n"
server send "three\n"
server fin
EOF
    did "started ./echo_client 127.0.0.1 $PORT with the lines 'one', '' and 'three' on stdin"
    expected "each line sent with its LF, and the next only when it has come back; then FIN"
    because "One line at a time: send it, receive until it has come back, print it. An empty line is a line like another, and at the end of the input the socket is closed."
    input "$T/input"
    start echo_client 127.0.0.1 "$PORT"
    over
    expected "the same lines on stdout, and exit status 0"
    because "What has come back is printed, and nothing else. The end of the input is no failure."
    { [ "$STATUS" -eq 0 ] && cmp -s "$T/input" "$OUT"; } || blame "$(said)"
}

@test "[1] sends a complete HTTP/1.1 request" {
    needs client
    section "Step 4: send"
    local long n=0 path
    long=/$(head -c 4000 /dev/zero | tr '\0' l)
    for path in "" "/pages/a.html?lang=en&x=%20" "$long"; do
        play <<EOF
server save $T/request.$n
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\n\r\n"
server half-close
server drain
EOF
        start client 127.0.0.1 "$PORT" ${path:+"$path"}
        keep
        n=$((n + 1))
    done
    n=0
    for path in / "/pages/a.html?lang=en&x=%20" "$long"; do
        recall "${RUNS[n]}"
        request_is_complete "$T/request.$n" "$path"
        n=$((n + 1))
    done
}

# The request in FILE must ask for PATH, and hold all that the statement says.
request_is_complete() { # FILE PATH
    DID=""
    did "started ./client 127.0.0.1 $PORT with the path ${2:0:30}, and looked at the bytes of its request"
    expected "a request with a blank line at its end"
    because "The blank line (\\r\\n alone) ends the request. Without it the server waits for more."
    [ ${#2} -lt 1000 ] ||
        because "The path has 4001 bytes. Was it cut, or is the buffer for the request too small? snprintf() returns how many bytes it needs."
    over
    cut_message "$1" || blame "$(show_bytes "$1")"

    expected "the first line: GET ${2:0:30} HTTP/1.1"
    because "The request line is GET, a space, the path, a space and HTTP/1.1 (RFC 9112, section 3). Without PATH the path is /."
    [ ${#2} -lt 1000 ] ||
        because "The path has 4001 bytes. Was it cut, or is the buffer for the request too small? snprintf() returns how many bytes it needs."
    [ "$(head -n 1 "$1")" = "GET $2 HTTP/1.1"$'\r' ] || blame "$(show_bytes "$1" | cut -c 1-60)"

    expected "every line to end in CR LF"
    because "In HTTP a line of the head ends in \\r\\n (RFC 9112, section 2.2); \\n alone is the habit of some recipients, not the rule."
    ! grep -avq $'\r''$' "$1.head" || blame "$(show_bytes "$1")"

    expected "Host: 127.0.0.1:$PORT"
    because "In HTTP/1.1 a request must say for which host it is, with the port (RFC 9112, section 3.2): one server often has many names. Without it, servers answer 400."
    [ "$(field Host "$1.head")" = "127.0.0.1:$PORT" ] || blame "$(show_bytes "$1")"

    expected "Connection: close"
    because "In HTTP/1.1 the server keeps the connection open for the next request unless it is told: then recv() waits for an end that does not come (RFC 9112, section 9.6)."
    field Connection "$1.head" | grep -qix close || blame "$(show_bytes "$1")"

    expected "nothing after the blank line"
    because "A GET has no body. sizeof a string counts the NUL at its end, and sizeof an array counts all of it; strlen() counts the text."
    [ ! -s "$1.body" ] || blame "$(show_bytes "$1")"
}

@test "[1] prints the whole response, in however many pieces it comes" {
    needs client
    section "Step 5: receive"
    make_gate
    play <<EOF
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfirst"
gate   save $T/gate
server trickle 1ms "slowly"
server send "\0\xff%s%n\r\n\0"
server taken
server send "x"*8192
server taken
server send "y"*200000
server close
EOF
    {
        printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfirstslowly\000\377%%s%%n\r\n\000'
        head -c 8192 /dev/zero | tr '\0' x
        head -c 200000 /dev/zero | tr '\0' y
    } >"$T/whole"
    did "started ./client 127.0.0.1 $PORT, and sent the beginning of a response"
    expected "it on stdout, while the server still thinks about the rest"
    because "What has come goes out at once. printf() and fwrite() keep it in a buffer, where stdout is no terminal, until fflush(stdout); and recv() must not be asked to wait for more."
    start client 127.0.0.1 "$PORT"
    shows first || blame "nothing of it on stdout
$(how_it_stands)"

    open_gate
    did "sent the rest: byte by byte, with NUL bytes and % signs, then 200 KB; closed"
    expected "the same $(size "$T/whole") bytes on stdout, and exit status 0"
    because "One recv() is not one response: TCP is a stream of bytes without message boundaries. Receive until recv() returns 0, however little or much comes at a time."
    over
    [ "$(tr -cd '\000' <"$OUT" | wc -c)" -gt 0 ] ||
        because "NUL bytes are missing: printf(\"%s\"), puts() and strlen() end at the first of them. recv() says how many bytes have come: write as many."
    cmp -s "$T/whole" "$OUT" || blame "$(size "$OUT") bytes; $(cmp "$T/whole" "$OUT" 2>&1 | where)
$(show_bytes "$OUT" | cut -c 1-66 | head -6)"
    [ "$STATUS" -eq 0 ] || blame "$(status_text "$STATUS")
$(sed 's/^/stderr: /' "$ERR")"
}

@test "[1] gets from nginx what curl gets" {
    needs client
    with_nginx
    command -v curl >/dev/null || skip "curl is missing"
    section "Run it and look"
    local path n=0
    for path in / /binary /not-there; do
        start client 127.0.0.1 "$PORT" "$path"
        keep
    done
    expected "the same bytes from both, head and all, and exit status 0"
    for path in / /binary /not-there; do
        recall "${RUNS[n++]}"
        DID=""
        did "asked nginx for $path with ./client 127.0.0.1 $NGINX_PORT $path, and with curl"
        because "Where nginx answers 400, the request is not what it should be: are Host and the blank line there? Where a part is missing: receive until recv() returns 0, however long the page is."
        [ "$path" != /not-there ] ||
            because "A 404 is a response like another: it has been asked for, it goes to stdout, and that is no failure."
        curl -si --http1.1 -H 'Connection: close' --max-time "$TALK_S" -o "$T/curl" \
            "http://127.0.0.1:$NGINX_PORT$path" 3>&- 4>&-
        ends || blame "$(how_it_stands | cut -c 1-70 | head -12)"
        { [ "$STATUS" -eq 0 ] &&
            cmp -s <(grep -av '^Date: ' "$T/curl") <(grep -av '^Date: ' "$OUT"); } ||
            blame "$(size "$OUT") bytes, where curl got $(size "$T/curl"); $(status_text "$STATUS")
$(show_bytes "$OUT" | cut -c 1-66 | head -12)
$(sed 's/^/stderr: /' "$ERR")"
    done
}

# What cmp says of a first file and a second, that should be the same, about the second.
where() {
    sed -E -e 's/.*differ: (char|byte) ([0-9]+),.*/the first that is wrong is byte \2/' \
        -e 's/.*EOF on .* after byte ([0-9]+).*/the end comes after byte \1/'
}

# Skips the head of a response on standard input, and compares its body with FILE.
compare_body() { # FILE
    local line
    while IFS= read -r line && [ "$line" != $'\r' ]; do :; done
    cmp - "$1"
}

@test "[1] passes on 100 MB without keeping them" {
    needs client
    with_nginx
    section "Step 5: receive"
    did "asked nginx for a page of 100 MB, with 80 MB of memory allowed to ./client, and compared what came out with it"
    expected "the 104857600 bytes of the page, and exit status 0"
    because "A program that keeps the whole response needs as much memory as the server likes. Write what has come, then use the same buffer again."
    into compare_body "$SITE/www/big"
    LIMIT_MEMORY_KIB=81920 start client 127.0.0.1 "$PORT" /big
    if ! await "$COPY_S" ended; then
        because "It takes too long. Does it receive byte by byte? Each recv() is a call of the kernel: let it bring as much as a buffer of some KiB holds."
        blame "$(how_it_stands)"
    fi
    ends
    await "$PRINT_S" gone "$READER" || true
    [ "$STATUS" -ne 0 ] ||
        because "The page is cut, and that was not noticed. Is every byte written that recv() brings, until it returns 0? Has the connection been half-closed (shutdown) after the request? nginx takes that for the client's departure."
    { [ "$STATUS" -eq 0 ] && [ ! -s "$T/reader" ]; } ||
        blame "$(where <"$T/reader")
$(how_it_stands)"
}

@test "[1] takes a name, an IPv4 and an IPv6 address" {
    needs client echo_client
    with_localhost
    section "Step 2: getaddrinfo"
    local program host n=0 hosts=(localhost)
    [ -z "$IPV6" ] || hosts+=(::1)
    printf 'hello\n' >"$T/input"
    for host in "${hosts[@]}"; do
        play "$([ "$host" = ::1 ] && echo '[::1]' || echo 127.0.0.1):0" <<EOF
server save $T/request.$host
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\n\r\n"
server half-close
server drain
EOF
        start client "$host" "$PORT"
        keep
        play "$([ "$host" = ::1 ] && echo '[::1]' || echo 127.0.0.1):0" <<EOF
server expect "hello\n"
server send "hello\n"
server fin
EOF
        input "$T/input"
        start echo_client "$host" "$PORT"
        UNDER=()
        keep
    done
    for host in "${hosts[@]}"; do
        for program in client echo_client; do
            recall "${RUNS[n++]}"
            DID=""
            did "started ./$program $host $PORT"
            expected "a connection to $([ "$host" = ::1 ] && echo '[::1]' || echo 127.0.0.1), port $PORT"
            because "HOST is a name or an address, of IPv4 or IPv6. getaddrinfo() with AF_UNSPEC understands them all, and says which family the socket must have."
            over
            [ "$STATUS" -eq 0 ] || blame "$(said)"
        done
        [ "$host" = ::1 ] || continue
        DID=""
        did "started ./client ::1 $PORT"
        expected "Host: [::1]:$(cut -d ' ' -f 4 <<<"${RUNS[n - 2]}")"
        section "Step 4: send"
        because "The colons of an IPv6 address would hide the one before the port: in the field Host such an address stands in brackets. nginx answers 400 otherwise."
        [ "$(field Host "$T/request.::1")" = "[::1]:$(cut -d ' ' -f 4 <<<"${RUNS[n - 2]}")" ] ||
            blame "$(show_bytes "$T/request.::1")"
    done
}

@test "[1] tries each address of a name until one answers" {
    needs client echo_client
    [ -n "$NAMED" ] || skip "without namespaces no name can be given several addresses"
    section "Step 3: connect"
    local run name address n=0
    local runs=("client many.test 127.0.0.2" "client many.test 127.0.0.3"
        "client many.test 127.0.0.4" "echo_client many.test 127.0.0.2"
        "echo_client many.test 127.0.0.4" "client both.test 127.0.0.1")
    [ -z "$IPV6" ] || runs+=("client both.test [::1]")
    printf 'hello\n' >"$T/input"
    make_gate
    for run in "${runs[@]}"; do
        read -r program name address <<<"$run"
        if [ "$program" = client ]; then
            play "$address:0" <<EOF
server until "\r\n\r\n"
asked  save $T/asked.$n
server send "HTTP/1.1 200 OK\r\n\r\n"
gate   save $T/gate
server close
EOF
        else
            play "$address:0" <<EOF
server expect "hello\n"
server send "hello\n"
server fin
EOF
        fi
        input "$T/input"
        start "$program" "$name" "$PORT"
        UNDER=()
        keep
        n=$((n + 1))
    done
    local sockets=()
    for n in "${!runs[@]}"; do
        recall "${RUNS[n]}"
        [[ ${runs[n]} == echo_client* ]] || await "$PLAY_S" asked_or_over "$T/asked.$n" || break
        sockets[n]=$(find "/proc/$PID/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null |
            sort -u | wc -l) # two descriptors of one socket are no fault
    done
    open_gate
    for n in "${!runs[@]}"; do
        read -r program name address <<<"${runs[n]}"
        recall "${RUNS[n]}"
        DID=""
        did "gave the name $name the addresses $([ "$name" = both.test ] && echo '::1 and 127.0.0.1' || echo '127.0.0.2, 127.0.0.3 and 127.0.0.4'), listened on one of them alone, and started ./$program $name $PORT"
        expected "a connection to $address, and exit status 0"
        because "getaddrinfo() returns a list: go through ai_next, make a new socket for each address (they may be of different families), and give up only after the last has refused."
        over
        [ "$STATUS" -eq 0 ] || blame "$(said)"
        expected "one socket while it waits for the response"
        because "The socket of an address that refused must be closed before the next is tried."
        [ "${sockets[n]:-0}" -le 1 ] || blame "${sockets[n]} sockets in /proc/PID/fd"
    done
}
asked_or_over() { [ -f "$1" ] || one_side_ended; }

@test "[1] says which server it could not reach, and why" {
    needs client echo_client
    local program n=0 unknown=no-such-host.invalid rest
    free_port
    # Outside a namespace, a name server would be asked; it must not keep us waiting.
    UNDER=(env RES_OPTIONS="timeout:1 attempts:1")
    for program in $PROGRAMS; do
        start "$program" 127.0.0.1 "$PORT"
        keep
        start "$program" "$unknown" "$PORT"
        keep
    done
    for program in $PROGRAMS; do
        section "Step 3: connect"
        recall "${RUNS[n++]}"
        DID=""
        did "started ./$program 127.0.0.1 $PORT, where nobody listens"
        expected "'$program: 127.0.0.1 port $PORT: connect: Connection refused' on stderr, and exit status 1"
        because "connect() returns -1 when it fails, and errno says why: look at both before the next call changes errno. A message without host and port helps nobody who reads a log."
        { ends && [ "$STATUS" -eq 1 ] && names_server 127.0.0.1 &&
            holds_text 'Connection refused' "$ERR"; } || blame "$(how_it_stands)"

        section "Step 2: getaddrinfo"
        recall "${RUNS[n++]}"
        DID=""
        did "started ./$program $unknown $PORT: there is no such host"
        expected "'$program: $unknown port $PORT: getaddrinfo: ' and the reason on stderr, and exit status 1"
        because "getaddrinfo() returns 0, or an error of its own that gai_strerror() explains: errno, strerror() and perror() know nothing of it."
        { ends && [ "$STATUS" -eq 1 ] && names_server "$unknown"; } || blame "$(how_it_stands)"
        rest=$(sed -e "s/$unknown//g" -e 's/getaddrinfo//g' -e 's/[Hh]ost//g' "$ERR")
        grep -qiE 'name|resol|again|known|found|lookup' <<<"$rest" || blame "$(how_it_stands)"
    done
}

@test "[1] echoes a line as soon as it is typed" {
    needs echo_client
    section "Step 6: a line of input"
    mkfifo "$T/keys"
    play <<EOF
server expect "one\n"
came   save $T/came
server send "one\n"
server expect "two\n"
server send "two\n"
server fin
EOF
    input "$T/keys"
    exec 6<>"$T/keys"
    start echo_client 127.0.0.1 "$PORT"
    did "started ./echo_client 127.0.0.1 $PORT and typed 'one'"
    expected "'one' on stdout, before anything else is typed"
    because "The line came back, but it was not printed at once: printf() and fwrite() keep it in a buffer, where stdout is no terminal, until fflush(stdout)."
    printf 'one\n' >&6
    shows one || {
        [ -f "$T/came" ] ||
            because "The line was never sent. Send each line as soon as its LF has come: do not wait for a full buffer or for the end of the input."
        blame "$(how_it_stands)"
    }
    did "typed 'two'"
    expected "'two' on stdout"
    printf 'two\n' >&6
    shows two || blame "$(how_it_stands)"
    did "ended the input (Ctrl-D)"
    expected "FIN, and exit status 0"
    because "At the end of the input nothing is left to do: close the socket, return 0."
    exec 6>&-
    over
    [ "$STATUS" -eq 0 ] || blame "$(said)"
}

@test "[1] waits for the whole line, in however many pieces it comes back" {
    needs echo_client
    section "Step 7: there and back"
    printf 'one\ntwo\n' >"$T/input"
    input "$T/input"
    play <<'EOF'
server expect "one\n"
server send "o"
server taken
server send "ne"
server taken
server silent 20ms
server send "\n"
server expect "two\n"
server trickle 1ms "two\n"
server fin
EOF
    start echo_client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server expect "one\n"
server send "one\ntw"
server expect "two\n"
server send "o\n"
server fin
EOF
    start echo_client 127.0.0.1 "$PORT"
    keep
    did "let ./echo_client send 'one', and sent it back in three pieces"
    expected "'two' only when the whole of 'one' has come back; 'one' and 'two' on stdout"
    because "One recv() is not one line: TCP is a stream of bytes without message boundaries. Receive until the line is whole."
    recall "${RUNS[0]}"
    over
    { [ "$STATUS" -eq 0 ] && cmp -s "$T/input" "$OUT"; } || blame "$(said)"

    DID=""
    did "let ./echo_client send 'one', and sent 'one' back with the beginning of 'two' in the same segment"
    expected "'one' and 'two' on stdout, one after the other, and exit status 0"
    because "What one recv() brings may end one line and begin the next. Take no more than the line, or keep what is left over for the next one."
    recall "${RUNS[1]}"
    over
    { [ "$STATUS" -eq 0 ] && cmp -s "$T/input" "$OUT"; } || blame "$(said)"
}

@test "[1] takes any byte, and lines of up to 4096 bytes" {
    needs echo_client
    section "Step 6: a line of input"
    local n=0 text="a\0b\xff%s%n \x80\r"
    printf 'a\000b\377%%s%%n \200\r\n' >"$T/input.0"
    {
        head -c 4094 /dev/zero | tr '\0' s && echo
        head -c 4095 /dev/zero | tr '\0' m && echo
        printf last
    } >"$T/input.1"
    { echo short && head -c 4096 /dev/zero | tr '\0' l && echo; } >"$T/input.2"
    play <<EOF
server expect "$text\n"
server send "$text\n"
server fin
EOF
    input "$T/input.0"
    start echo_client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server expect "s"*4094
server expect "\n"
server send "s"*4094 "\n"
server expect "m"*4095
server expect "\n"
server send "m"*2000
server taken
server send "m"*2095 "\n"
server expect "last\n"
server send "last\n"
server fin
EOF
    UNDER=()
    input "$T/input.1"
    start echo_client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server expect "short\n"
server send "short\n"
server drain
EOF
    UNDER=()
    input "$T/input.2"
    start echo_client 127.0.0.1 "$PORT"
    keep

    did "gave ./echo_client a line with NUL bytes, % signs, bytes over 127 and a CR"
    expected "all of it sent, and the same on stdout"
    because "A line is bytes up to LF: strlen(), %s and fgets() alone know nothing of what follows a NUL. getc() or getline() tell how long the line is; send() and fwrite() take a length."
    recall "${RUNS[0]}"
    over
    { [ "$STATUS" -eq 0 ] && cmp -s "$T/input.0" "$OUT"; } || blame "$(said)"

    DID=""
    did "gave ./echo_client a line of 4095 bytes, one of 4096, and 'last' without LF; sent the second back in two pieces"
    expected "all three sent, each as one line that ends in LF, the same on stdout, and exit status 0"
    because "A line has up to 4096 bytes, its LF included: the buffer, or the test of the length, is too small. A last line without LF gets one."
    recall "${RUNS[1]}"
    over
    echo >>"$T/input.1"
    { [ "$STATUS" -eq 0 ] && cmp -s "$T/input.1" "$OUT"; } || blame "$(said)"

    DID=""
    did "gave ./echo_client the line 'short', and one of 4097 bytes"
    expected "'short' on stdout; then a message on stderr, and exit status 1"
    because "A line of more than 4096 bytes, its LF included, is too long: it is neither cut nor sent in two lines."
    recall "${RUNS[2]}"
    over
    { [ "$STATUS" -eq 1 ] && complains && [ "$(cat "$OUT")" = short ]; } || blame "$(said)"
}

@test "[1] says when the server breaks off, and ends with exit status 1" {
    needs client echo_client
    printf 'one\ntwo\n' >"$T/input"
    local n=0
    section "Step 5: receive"
    play <<'EOF'
server until "\r\n\r\n"
server close
EOF
    start client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\n\r\nhalf a pa"
server taken
server reset
EOF
    start client 127.0.0.1 "$PORT"
    keep
    input "$T/input"
    play <<'EOF'
server expect "one\n"
server half-close
server drain
EOF
    start echo_client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server expect "one\n"
server send "one\n"
server expect "two\n"
server send "t"
server taken
server half-close
server drain
EOF
    start echo_client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server expect "one\n"
server reset
EOF
    start echo_client 127.0.0.1 "$PORT"
    keep

    did "let ./client ask, and closed without a byte of response"
    broke_off
    DID=""
    did "let ./client ask, and reset the connection (RST) in the middle of the response"
    broke_off reset

    section "Step 7: there and back"
    DID=""
    did "let ./echo_client send 'one', and closed instead of sending it back"
    broke_off
    because "Nothing has come back. What is printed is what recv() has brought, not what was sent."
    expected "nothing on stdout"
    [ ! -s "$OUT" ] || blame "$(said)"
    DID=""
    did "let ./echo_client send two lines, and closed in the middle of the second's way back"
    broke_off
    expected "the first line alone on stdout"
    because "Only a whole line is printed: half of it is not what was sent."
    [ "$(cat "$OUT")" = one ] || blame "$(said)"
    DID=""
    did "let ./echo_client send 'one', and reset the connection (RST)"
    broke_off reset

    # FIN, then RST: from then on the first send() of the client fails with EPIPE.
    section "Step 4: send"
    mkfifo "$T/keys"
    UNDER=()
    input "$T/keys"
    play <<'EOF'
server half-close
server reset
EOF
    exec 6<>"$T/keys"
    start echo_client 127.0.0.1 "$PORT"
    DID=""
    did "closed and reset the connection of ./echo_client before the first line was typed"
    expected "a message on stderr that names host and port, and exit status 1"
    because "To a server that has left, send() raises SIGPIPE, which ends the program without a word. With MSG_NOSIGNAL, or SIGPIPE ignored, it returns -1 and EPIPE instead: check it."
    played || blame "$(said)"
    printf 'one\n' >&6
    exec 6>&-
    { ends && [ "$STATUS" -eq 1 ] && names_server 127.0.0.1; } || blame "$(said)"
}

# The next of the runs: its program must have ended with a message and exit status 1.
broke_off() { # [reset]
    recall "${RUNS[n]}"
    n=$((n + 1))
    expected "a message on stderr${1:+ that names host and port}, and exit status 1"
    because "recv() returns 0 when the server has closed. Before anything has come, or before all has come back, that is a failure; but 0 is no error, and errno says nothing of it: use words of your own (not perror, which says 'Success')."
    [ -z "$1" ] ||
        because "recv() returns -1 when the connection was reset: look at it, do not take it for a length or for the end, and say so with host and port."
    over
    { [ "$STATUS" -eq 1 ] && complains; } || blame "$(said)"
    [ -z "$1" ] || names_server 127.0.0.1 || blame "$(said)"
}

@test "[1] says when its output or its input fails" {
    needs client echo_client
    local full=$'HTTP/1.1 200 OK\\r\\n\\r\\nhello\\n'
    printf 'one\n' >"$T/input"
    section "Step 5: receive"
    expected "'write: No space left on device' on stderr, and exit status 1"
    because "Output fails too: on a full disk, for one. fwrite() and printf() often notice it only in fflush() or fclose(): check what those return."
    play <<EOF
server until "\r\n\r\n"
server send "$full"
server close
EOF
    into_file /dev/full
    start client 127.0.0.1 "$PORT"
    keep
    play <<'EOF'
server expect "one\n"
server send "one\n"
server drain
EOF
    into_file /dev/full
    input "$T/input"
    start echo_client 127.0.0.1 "$PORT"
    keep
    did "started ./client with a full disk as its stdout (/dev/full)"
    recall "${RUNS[0]}"
    over
    { [ "$STATUS" -eq 1 ] && holds_text 'No space left' "$ERR"; } || blame "$(said)"
    section "Step 7: there and back"
    DID=""
    did "started ./echo_client with a full disk as its stdout (/dev/full)"
    recall "${RUNS[1]}"
    over
    { [ "$STATUS" -eq 1 ] && holds_text 'No space left' "$ERR"; } || blame "$(said)"

    section "Step 6: a line of input"
    UNDER=()
    input /
    play <<'EOF'
server drain
EOF
    start echo_client 127.0.0.1 "$PORT"
    DID=""
    did "started ./echo_client with a directory as its stdin: reading it fails"
    expected "'Is a directory' on stderr, and exit status 1"
    because "EOF means the end of the input, or that reading has failed: ferror(stdin) tells which."
    over
    { [ "$STATUS" -eq 1 ] && holds_text 'Is a directory' "$ERR"; } || blame "$(said)"

    section "Step 5: receive"
    UNDER=()
    make_gate
    play <<EOF
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\n\r\n" "x"*1000
gate   save $T/gate
server send "x"*1000
server drain
EOF
    into head -c 10
    start client 127.0.0.1 "$PORT"
    DID=""
    did "started ./client 127.0.0.1 $PORT | head -c 10, and sent more when head had ended"
    expected "./client to end soon: by SIGPIPE, or with a message and exit status 1"
    because "Nobody reads its output any more. Without SIGPIPE (where it is ignored) the write fails with EPIPE: a program that does not look goes on for ever."
    await "$START_S" gone "$READER" || blame "head has got less than 10 bytes
$(how_it_stands)"
    open_gate
    played || true # it may have ended before the second send
    { ends && { [ "$STATUS" -eq 141 ] || { [ "$STATUS" -eq 1 ] && complains; }; }; } ||
        blame "$(said)"
}

@test "[1] sends everything when send() takes 3 bytes at a time" {
    needs client echo_client
    section "Step 4: send"
    expected "the whole request"
    because "send() returns how many bytes it took. Send the rest until nothing is left."
    printf 'a line of some length\n' >"$T/input"
    UNDER=(env SHORT_SEND=3 LD_PRELOAD=./short_io.so)
    play <<EOF
server save $T/request
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\n\r\n"
server half-close
server drain
EOF
    start client 127.0.0.1 "$PORT" /a/path
    keep
    input "$T/input"
    play <<'EOF'
server expect "a line of some length\n"
server send "a line of some length\n"
server fin
EOF
    start echo_client 127.0.0.1 "$PORT"
    keep
    did "let every send() of ./client take 3 bytes at most, as the kernel may when its buffer is full"
    recall "${RUNS[0]}"
    over
    { holds_text $'GET /a/path HTTP/1.1\r' "$T/request" && holds_text "127.0.0.1:$PORT"$'\r' "$T/request" &&
        [ "$STATUS" -eq 0 ]; } || blame "$(said)"
    DID=""
    did "let every send() of ./echo_client take 3 bytes at most"
    expected "the whole line"
    recall "${RUNS[1]}"
    over
    { [ "$STATUS" -eq 0 ] && cmp -s "$T/input" "$OUT"; } || blame "$(said)"
}

@test "[1] refuses a wrong command line with exit status 2" {
    needs client echo_client
    section "Step 1: the command line"
    expected "a line that begins with 'usage:' on stderr, exit status 2, and nothing done"
    local port n=0 words
    local commands=("client" "client 127.0.0.1" "client 127.0.0.1 80 / /" "client 127.0.0.1 80 index.html"
        "echo_client" "echo_client 127.0.0.1" "echo_client 127.0.0.1 80 /")
    local ports=(65536 70000 4294967376 99999999999999999999 -1 +80 80a 0x50 http ' 80' '80 ' '')
    # All are started before the first is looked at.
    for words in "${commands[@]}"; do
        # shellcheck disable=SC2086
        start $words
        keep
    done
    start client 127.0.0.1 80 ""
    keep
    commands+=("client 127.0.0.1 80 ''")
    for port in "${ports[@]}"; do
        start client 127.0.0.1 "$port"
        keep
        commands+=("client 127.0.0.1 '$port'")
    done
    for port in 65536 http '80 ' ''; do
        start echo_client 127.0.0.1 "$port"
        keep
        commands+=("echo_client 127.0.0.1 '$port'")
    done
    start client 127.0.0.1 65535
    keep
    for words in "${commands[@]}"; do
        because "A port is decimal, 0 to 65535, with nothing before or after it. getaddrinfo() takes names such as http too, atoi() takes 'abc' for 0 and '80a' for 80, and 70000 becomes 4464 in 16 bits."
        [[ $words != *index.html && $words != *"80 ''" ]] || because "PATH begins with '/'."
        [[ $words != *_client && $words != client && $words != *127.0.0.1 && $words != *" /" ]] ||
            because "The number of words is wrong: look at argc before argv[1] is used."
        recall "${RUNS[n++]}"
        DID=""
        did "started ./$words"
        refuses || blame "$(how_it_stands)"
    done
    DID=""
    did "started ./client 127.0.0.1 65535"
    expected "65535, the highest port, to be taken: exit status 1, as nobody listens there"
    because "A port has 16 bits."
    recall "${RUNS[n]}"
    { ends && [ "$STATUS" -ne 2 ]; } || blame "$(how_it_stands)"
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    section "Traps"
    with_sanitizers
    local n=0 label labels=()
    { head -c 4094 /dev/zero | tr '\0' s && echo && head -c 4095 /dev/zero | tr '\0' m && echo; } >"$T/longest"
    { head -c 4096 /dev/zero | tr '\0' l && echo; } >"$T/too-long"
    head -c 100000 /dev/zero >"$T/endless"
    printf 'one\n' >"$T/short"

    run_checked client "/" "got a response of 300 KB" <<'EOF'
server until "\r\n\r\n"
server send "HTTP/1.1 200 OK\r\n\r\n" "x"*300000
server close
EOF
    run_checked echo_client "$T/longest" "sent lines of 4095 and 4096 bytes" <<'EOF'
server expect "s"*4094
server expect "\n"
server send "s"*4094 "\n"
server expect "m"*4095
server expect "\n"
server send "m"*4095 "\n"
server fin
EOF
    run_checked client "/" "got RST instead of a response" <<'EOF'
server until "\r\n\r\n"
server reset
EOF
    run_checked client "/$(head -c 100000 /dev/zero | tr '\0' l)" "had a path of 100 KB" <<'EOF'
server half-close
server drain
EOF
    run_checked echo_client "$T/too-long" "was given a line of 4097 bytes" <<'EOF'
server half-close
server drain
EOF
    run_checked echo_client "$T/endless" "was given 100 KB of NUL bytes without LF" <<'EOF'
server half-close
server drain
EOF
    run_checked echo_client "$T/short" "sent 'one' and got 300 KB without LF back" <<'EOF'
server expect "one\n"
server send "x"*300000
server half-close
server drain
EOF
    run_checked echo_client "$T/short" "sent 'one' and got RST back" <<'EOF'
server expect "one\n"
server reset
EOF
    UNDER=()
    start client "$(head -c 3000 /dev/zero | tr '\0' h)" 80
    TALKS=0
    keep
    labels+=("./client was given a host name of 3000 bytes")

    for label in "${labels[@]}"; do
        recall "${RUNS[n++]}"
        STATUS=-1
        if [ "$TALKS" -eq 0 ] || played || ended; then ends || true; fi
        DID=""
        did "built the programs with -fsanitize=address,undefined; $label"
        expected "no word from the sanitizers"
        because "The first line names the mistake, the lines after it the place. A buffer of N bytes has no room for the N bytes that recv() may bring and a NUL after them; and -1 is no length."
        sanitizers_are_silent "Memory was not given back: what getaddrinfo() has allocated goes back with freeaddrinfo()."
        [ "$n" -gt 2 ] || [ "$STATUS" = 0 ] || {
            expected "the conversation to go as in the plain build"
            because "In this build every variable that is not initialised holds a strange value. One of yours is read before it is written: the hints for getaddrinfo() are an input, and must be zeroed."
            blame "$(said)"
        }
    done
}

# Starts a program built with sanitizers: client with a path, echo_client with its input.
# The conversation comes on standard input.
run_checked() { # PROGRAM PATH|FILE LABEL
    play
    UNDER=()
    if [ "$1" = client ]; then
        start client 127.0.0.1 "$PORT" "$2"
    else
        input "$2"
        start echo_client 127.0.0.1 "$PORT"
    fi
    keep
    labels+=("./$1 $3")
}
