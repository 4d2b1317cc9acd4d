#!/usr/bin/env bats
# ex01_http_hello: 20 points. Every server here serves one client, then ends.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
load ../lib/lab
load ../lib/http

SILENT_MS=1200                 # of a client, in the middle of its request
BESIDE_S=$((START_S + TALK_S)) # for that conversation

setup_file() {
    open_exercise ex01_http_hello server
    first_start
    behind silent_client
    ! find_browser >/dev/null || behind visit_in_browser
}
teardown_file() { close_exercise; }
setup() { ready; }
teardown() { tidy; }

# Visits the server as curl or a browser would; what it answers goes to $T/answer.
visit() {
    did "started ./server $PORT, sent GET / and received up to the end"
    exchange "$REQUEST"
}

@test "[2] listens on the port it is given" {
    section "Step 3: bind"
    listens_where_asked

    serve server
    expected "a socket bound to every address of the machine (0.0.0.0)"
    because "bind() was given one address. INADDR_ANY stands for all of them; then 127.0.0.2, which is this machine too, can be connected to."
    did "started ./server $PORT and connected to 127.0.0.2"
    talk <<<"alice connect 127.0.0.2:$PORT"
    stop_all

    start server
    did "started ./server without an argument"
    expected "a listening socket on port 8080"
    because "Without an argument the port is 8080."
    { listens && [ "$PORT" -eq 8080 ]; } || taken_by_others 8080 || blame "$(how_it_stands)"
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[3] answers a request with the page" {
    section "Step 7: send"
    serve server
    expected "a response '200 OK', a blank line, and a page with <h1>Hello World!</h1>"
    because "The answer is no HTTP response, or not this page. Even the shortest has a status line, a blank line and a body."
    visit
    has_page "$T/answer" || blame "$(show_bytes "$T/answer")"
}

# Tells whether FILE holds a response 200 with the page; leaves FILE.head and FILE.body.
has_page() { # FILE
    head -n 1 "$1" | grep -aqE '^HTTP/1\.[01] 200( |'$'\r''|$)' && cut_message "$1" &&
        tr '\n' ' ' <"$1.body" | grep -aqiE '<h1[^>]*>[[:space:]]*Hello World!'
}

@test "[1] serves one client, then ends with exit status 0" {
    section "Step 8: close"
    serve server
    expected "the connection and the program to end, with exit status 0"
    because "After the response: close the client's socket, close the listening socket, return 0 from main."
    visit
    { ends && [ "$STATUS" -eq 0 ]; } || blame "$(how_it_stands)"
}

@test "[1] makes the calls in their order and closes both sockets" {
    strace_works || skip "strace is missing, or may not trace here"
    section "The calls"
    UNDER=(strace -D -f -qq -o "$T/trace" -e "trace=network,read,readv,write,writev,sendfile,dup,dup2,dup3,fcntl,close")
    serve server
    visit
    ends || true
    did "looked at the system calls with strace"
    expected "socket, bind, listen, accept; then on the client's socket: send, close; then close of the listening socket"
    local calls line
    calls=$(socket_calls "$T/trace")
    because "The calls are there, but not in this order, or not each on its own socket."
    case $calls in
    *EBADF*) because "A descriptor was used after close(), or was never open: what did accept() return?" ;;
    *"send(server_fd)"*) because "The listening socket only accepts; the client is answered through the socket that accept() returned." ;;
    *"client_fd is left open"*) because "close(client_fd) is missing. The kernel closes what a program leaves open at its end, but a server that goes on would keep it." ;;
    *"server_fd is left open"*) because "close(server_fd) is missing, or a second socket was made and forgotten. The kernel closes what a program leaves open at its end, but a server that goes on would keep it." ;;
    *"close(server_fd)"*"close(client_fd)"*) because "The client's socket is closed first, then the listening socket." ;;
    esac
    line=$(tr '\n' ' ' <<<"$calls")
    { grep -qE '^socket( socket| bind| listen| close\(server_fd\))* accept( accept|( recv| send| shutdown| close)\(client_fd\)| shutdown\(server_fd\))* close\(client_fd\)( shutdown\(server_fd\))?( close\(server_fd\))+ $' <<<"$line" &&
        grep -q 'bind listen.* accept.* send(client_fd)' <<<"$line"; } || blame "$calls"

    expected "'listening on port ...' to be printed after listen(): before it nobody can connect"
    because "Who reads the line connects at once. Print it when it is true."
    awk '/ listen\(/ { listens = 1 } / writev?\(1, .*listening on port/ { exit !listens }' "$T/trace" ||
        blame "$(grep -E ' listen\(| writev?\(1, ' "$T/trace" | cut -d ' ' -f 2-)"
}

# The calls on TCP sockets in FILE, with the names the course gives to the descriptors:
# calls that do the same have the same name, repetitions are left out. At the end, which
# descriptors were not closed.
socket_calls() { # FILE
    awk '
        # A call during which another thread made one is written in two parts.
        / <unfinished \.\.\.>$/ { sub(/ <unfinished \.\.\.>$/, ""); begun[$1] = $0; next }
        /<\.\.\. [a-z0-9_]+ resumed>/ { first = begun[$1]; sub(/^.* resumed>/, ""); $0 = first $0 }
        {
            sub(/^[0-9]+ +/, "")
            call = $0; sub(/\(.*/, "", call)
            fd = $0; sub(/^[^(]*\(/, "", fd); sub(/[^-0-9].*/, "", fd)
            result = $0; sub(/.* = /, "", result); sub(/ .*/, "", result)
        }
        call == "socket" && /AF_INET6?, SOCK_STREAM/ && result >= 0 { open(result, "server_fd"); add("socket"); next }
        / EBADF / && (fd in name || fd < 0) { add(call "(" fd ")=EBADF"); next }
        !(fd in name) { next }
        call == "bind" || call == "listen" { add(call); next }
        call ~ /^accept4?$/ { add("accept"); if (result >= 0) open(result, "client_fd"); next }
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
    section "Step 7: send"
    serve server
    visit
    did "looked at its bytes"
    local head=$T/answer.head
    has_head

    expected "the status line: HTTP/1.1 200 OK"
    because "A status line is the version, a space, three digits, a space and a reason (RFC 9112, section 4)."
    head -n 1 "$head" | grep -qx 'HTTP/1\.1 200 OK'$'\r' || blame "$(show_bytes "$head")"

    expected "every line after the status line to be a field: a name, a colon, a value"
    because "A line without a colon, or with a blank before it, is no field (RFC 9112, section 5)."
    ! tail -n +2 "$head" | grep -qavE '^[!-9;-~]+:' || blame "$(show_bytes "$head")"

    expected "Content-Type: text/html; charset=utf-8, once"
    because "Without its type, a browser guesses what the bytes are; without the charset, what the letters are."
    local type
    type=$(field Content-Type "$head" | tr -d ' "' | tr '[:upper:]' '[:lower:]')
    [ "$type" = "text/html;charset=utf-8" ] || blame "$(show_bytes "$head")"

    expected "a page in UTF-8, as its Content-Type says"
    because "A letter such as é is two bytes in UTF-8. Your editor has saved the file in another encoding."
    ! command -v iconv >/dev/null || iconv -f UTF-8 -t UTF-8 "$T/answer.body" >/dev/null 2>&1 ||
        blame "$(show_bytes "$T/answer.body")"

    local length
    length=$(size "$T/answer.body")
    expected "Content-Length: $length, as the body has $length bytes"
    because "Content-Length counts the bytes after the blank line: strlen(page), with no NUL at the end and no more than was sent."
    [ "$(field Content-Length "$head")" = "$length" ] || blame "$(show_bytes "$T/answer")"

    has_no_nul_and_closes
}

@test "[1] says on which port it listens, also for port 0" {
    section "Step 4: listen"
    serve server
    did "started ./server $PORT"
    expected "'listening on port $PORT' on stdout, as soon as it can be reached"
    because "The line is missing or other than the statement has it."
    await "$PRINT_S" printed || {
        local done=$DID
        visit
        DID=$done
        ends || true
        [ ! -s "$OUT" ] ||
            because "The line came only when the program ended: printf() keeps it in a buffer, where stdout is no terminal, until fflush(stdout)."
        blame "nothing on stdout while it listened
$(how_it_stands)"
    }
    says_port || blame "$(how_it_stands)"
    expected "a newline at the end of the line"
    because "Who reads by lines waits for the newline."
    [ -z "$(tail -c 1 "$OUT")" ] || blame "$(show_bytes "$OUT")"
    stop_all

    start server 0
    did "started ./server 0"
    expected "a port that the kernel has chosen, and its number on stdout"
    because "For port 0 the kernel chooses; getsockname() tells which, in network byte order: ntohs(). Before the call its last argument holds the size of the structure."
    listens || blame "$(how_it_stands)"
    expected "'listening on port $PORT' on stdout: this is where ss shows it"
    { await "$PRINT_S" printed && says_port; } || blame "$(how_it_stands)"
}

@test "[1] ends the connection with FIN, never with RST" {
    section "Step 6: receive"
    did "held ./server still until a whole request lay in its socket, then let it go on"
    expected "the response, then FIN"
    because "close() with bytes of the request still unread makes the kernel send RST. The client may lose the response: 'connection reset' in a browser, now and then."
    ends_with_fin "\"$REQUEST\""
    stop_all

    did "did the same with a request of 6000 bytes, as a browser with many cookies sends it"
    because "One recv() does not bring more than its buffer holds; what is left unread makes close() send RST. Receive again until the blank line has come."
    ends_with_fin '"GET / HTTP/1.1\r\nCookie: " "c"*5970 "\r\n\r\n"'
}

# The server gets the request while it is held still, and has to answer it and end with FIN.
ends_with_fin() { # REQUEST, as talk has it
    local right=1
    serve server
    "$TALK" -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF || right=0
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  send $1
server continue $PID
alice  expect "HTTP/1."
alice  drain
alice  fin
EOF
    [ "$right" -eq 0 ] || return 0
    disturbed || blame "$(cat "$T/transcript")
$(how_it_stands)"
    serve server
    talk <<EOF
alice  connect 127.0.0.1:$PORT
alice  send $1
alice  expect "HTTP/1."
alice  drain
alice  fin
EOF
}

# Tells whether it was holding the program still that ended it: some calls that wait
# (epoll_wait; accept and recv with a timeout) fail with EINTR when a stopped process goes
# on, see signal(7). No client can cause that.
disturbed() { grep -q 'Interrupted system call' "$ERR"; }

# Beside the other checks: a client that says nothing for a while.
silent_client() {
    ready
    T=$BATS_FILE_TMPDIR/silent
    mkdir "$T"
    free_port
    start server "$PORT"
    listens || return 0
    "$TALK" -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF && touch "$T/well"
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nHost: loc"
alice silent ${SILENT_MS}ms
alice send "alhost\r\n\r\n"
alice expect "HTTP/1."
alice drain
EOF
    how_it_stands >"$T/stands"
    stop_all
}

@test "[1] waits for the whole request, in however many pieces it comes" {
    section "Step 6: receive"
    answers_pieces "HTTP/1."
    stop_all

    DID=""
    did "sent a request with a NUL byte in one of its lines"
    expected "the response and FIN"
    because "What recv() brings is no string: strstr() and strlen() stop at the first NUL byte. Look for the blank line among the bytes you have counted, with memcmp()."
    serve server
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nX-Nul: \0\r\nHost: localhost\r\n\r\n"
alice expect "HTTP/1."
alice drain
alice fin
EOF
    stop_all

    DID=""
    did "sent a request and, with it, bytes that come after its blank line"
    expected "the response"
    because "The blank line need not be the last that recv() brings: look for it in all of the bytes."
    serve server
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nmore"
alice expect "HTTP/1."
EOF
    stop_all

    DID=""
    did "sent half a request, nothing for $SILENT_MS ms, and then the rest, as a person does who types it"
    expected "no word before the blank line; then the response"
    because "Who is silent for a while has not said everything: no limit of time ends a request, but its blank line."
    finish silent_client || true
    [ -f "$BATS_FILE_TMPDIR/silent/well" ] ||
        blame "$(cat "$BATS_FILE_TMPDIR/silent/transcript" "$BATS_FILE_TMPDIR/silent/stands")"

    DID=""
    did "sent another request (POST /form, HTTP/1.0) and half-closed, as nc -N does"
    expected "the same response, 200 OK"
    because "Every request gets the page, whatever it asks for; and a client that has no more to send still waits for it."
    serve server
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "POST /form HTTP/1.0\r\n\r\n"
alice half-close
alice expect "HTTP/1.1 200 "
alice drain
alice fin
EOF
}

@test "[1] says that a client left early, and ends with exit status 1" {
    section "Step 6: receive"
    local sent leave rest
    while read -r leave sent; do
        did "connected, sent $sent and left ($leave)"
        expected "a message on stderr that begins with 'server: ', no response, and exit status 1"
        because "recv() returns 0 when the client has closed, -1 when the connection was reset: in both cases there is no request to answer. 0 is no error, and errno says nothing of it: use words of your own (not perror, which says 'Success')."
        rest=""
        [ "$leave" != half-close ] || rest="alice drain"
        serve server
        talk <<EOF
alice connect 127.0.0.1:$PORT
alice save $T/answer
alice send $sent
alice taken
alice $leave
$rest
EOF
        { ends && said_that_it_failed && ! grep -aqs '^HTTP/1.1 200' "$T/answer"; } ||
            blame "$(show_bytes "$T/answer")
$(how_it_stands)"
        stop_all
        DID=""
    done <<'EOF'
half-close "GET / HT"
reset "GET / HT"
close ""
EOF

    did "sent a whole request and left before the response, while ./server was held still"
    expected "a message such as 'server: send: Broken pipe' on stderr, and exit status 1"
    because "To a client that has left, send() raises SIGPIPE, which ends the program without a word. With MSG_NOSIGNAL, or SIGPIPE ignored, it returns -1 and EPIPE instead: check it."
    section "Step 7: send"
    serve server
    # FIN, then RST: from then on the first send() of the server fails with EPIPE.
    talk <<EOF
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  send "$REQUEST"
alice  half-close
alice  reset
server continue $PID
EOF
    { ends && said_that_it_failed; } || blame "$(how_it_stands)"
}

# Tells whether the program has ended with 1 and a message of its own.
said_that_it_failed() {
    [ "$STATUS" -eq 1 ] && grep -q '^server: .' "$ERR" && ! grep -q ': Success$' "$ERR"
}

@test "[1] sends the whole response when send() takes 3 bytes at a time" {
    section "Step 7: send"
    UNDER=(env SHORT_SEND=3 LD_PRELOAD=./short_io.so)
    serve server
    did "let every send() of ./server take 3 bytes at most, as the kernel may when its buffer is full"
    did "sent GET / and received up to the end"
    expected "the whole response, with a page as long as its Content-Length says, and FIN"
    because "send() returns how many bytes it took. Send the rest until nothing is left. And RST, which comes when the request has not been received before close(), throws away what is still on its way."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice save $T/answer
alice send "$REQUEST"
alice drain
alice fin
EOF
    { has_page "$T/answer" && page_is_whole "$T/answer"; } ||
        blame "$(size "$T/answer") bytes:
$(show_bytes "$T/answer")"
}

# Tells whether the body of a message that has been cut has its Content-Length. Where there
# is none, it has to end as a page does.
page_is_whole() { # FILE
    local length
    length=$(field Content-Length "$1.head")
    if [ -n "$length" ]; then
        [ "$(size "$1.body")" = "$length" ]
    else
        grep -aqi '</html>\|</body>\|</h1>' "$1.body"
    fi
}

@test "[1] can be started again at once on the same port" {
    section "Step 2: socket"
    starts_again_at_once
}

@test "[1] refuses a wrong command line with exit status 2" {
    section "Step 1: the port"
    local words
    expected "a line that begins with 'usage:' on stderr, exit status 2, and nothing done"
    # All are started before the first is looked at.
    local wrong=(a80 80a ' 80' '80 ' $'\t80' +80 -1 -0 0x50 '' 65536 70000 4294967376 18446744073709551696)
    local started=() n=0
    for words in "${wrong[@]}"; do
        start server "$words"
        started+=("$PID $OUT $ERR")
    done
    start server 8080 8081
    wrong+=('8080 8081') started+=("$PID $OUT $ERR")
    start server 8080 8081 8082
    wrong+=('8080 8081 8082') started+=("$PID $OUT $ERR")
    for words in "${wrong[@]}"; do
        read -r PID OUT ERR <<<"${started[n++]}"
        DID=""
        did "started ./server with '$words'"
        case $words in
        '') because "An empty argument is there (argc is 2), but it holds no digit: it is no port." ;;
        65536 | 70000) because "A port has 16 bits: 65535 is the highest. sin_port would keep the low 16 bits of $words without a word." ;;
        *[0-9][0-9][0-9][0-9][0-9][0-9][0-9]*) because "The number does not fit an int, or not even a long: look after each digit whether it is above 65535, before it overflows." ;;
        8080*) because "There is one argument at most, so argc is 2 at most." ;;
        *) because "A port is made of digits alone. atoi() takes 'abc' for 0 and '80a' for 80; strtol() lets spaces and signs pass and stops at the first letter." ;;
        esac
        ! listens || blame "it listens on port $PORT"
        refuses || blame "$(how_it_stands)"
    done
    start server 65535
    did "started ./server 65535"
    expected "it to listen: 65535 is the highest port"
    because "A port has 16 bits, so 65535 is still one."
    listens || taken_by_others 65535 || blame "$(how_it_stands)"
    stop_all

    free_port
    local asked=$PORT
    DID=""
    did "started ./server with '0$asked'"
    expected "port $asked"
    because "A port is decimal: 020 is twenty. With base 0, strtol() takes a number that begins with 0 for octal."
    start server "0$asked"
    ! listens || [ "$PORT" -eq "$asked" ] || blame "it listens on port $PORT"
}

@test "[1] answers 431 when 8 KiB hold no blank line" {
    section "Step 6: receive"
    did "sent 8192 bytes without a blank line, and more after the answer had come"
    expected "a response with status 431, then FIN; nothing of what came was left unread"
    because "A client must not make a server collect for ever: after 8192 bytes without a blank line it answers 431 and closes. To end with FIN it half-closes (shutdown) and receives what still comes, until recv() returns 0."
    serve server
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice save $T/answer
alice send "GET / HTTP/1.1\r\nX-Long: " "a"*8168
alice expect "HTTP/1.1 431 "
alice send "a"*10000
alice taken
alice half-close
alice drain
alice fin
EOF
    expected "the answer to be whole, and ./server to end"
    because "The answer 431 is a response like the other: with its own Content-Length, and after it the sockets are closed and the program ends."
    { cut_message "$T/answer" && page_is_whole "$T/answer"; } || blame "$(show_bytes "$T/answer")"
    { ends && [ "$STATUS" -le 1 ]; } || blame "$(how_it_stands)"
    stop_all

    DID=""
    did "sent a request of 8192 bytes, its blank line included"
    expected "200 OK: it is not larger than 8 KiB"
    because "The buffer for the request, or the test of its length, is too small: 8192 bytes may come before the buffer is full."
    serve server
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nX-Long: " "a"*8164 "\r\n\r"
alice taken
alice send "\n"
alice expect "HTTP/1.1 200 "
alice drain
alice fin
EOF
}

@test "[1] says which call failed, and ends with exit status 1" {
    section "Step 3: bind"
    serve server
    start server "$PORT"
    did "started ./server $PORT twice: the second finds the port taken"
    expected "'server: bind: Address already in use' from the second on stderr, and exit status 1"
    because "Every call can fail, and its result says so: check it, say on stderr which call failed and why (strerror or perror), and end with 1."
    ! listens || blame "it listens on port $PORT: bind() failed, nobody looked, and listen() took any free port"
    { ends && [ "$STATUS" -eq 1 ] &&
        grep -qE '^server: (bind|listen): Address already in use' "$ERR"; } ||
        blame "$(how_it_stands)"
    stop_all
    strace_works || return 0

    other_failures
    DID=""
    section "Step 5: accept"
    did "made the first accept() of ./server fail with ECONNABORTED: that client has given up"
    expected "'server: accept: Software caused connection abort' on stderr; then exit status 1, or the next client served"
    because "accept() returns -1 when it fails; -1 is no descriptor. Check it before it is used."
    UNDER=(strace -D -f -qq -o "$T/trace" -e "trace=accept,accept4"
        -e "inject=accept,accept4:error=ECONNABORTED:when=1")
    free_port
    start server "$PORT"
    local next=1
    ! listens || "$TALK" -t "$TALK_S" >"$T/next" 2>&1 3>&- 4>&- <<EOF || next=0
alice connect 127.0.0.1:$PORT
alice send "$REQUEST"
alice expect "HTTP/1."
EOF
    { ends && [ "$STATUS" -le 1 ] && grep -qE '^server: accept4?: ' "$ERR"; } ||
        blame "$(how_it_stands)"
    [ "$STATUS" -eq 1 ] || [ "$next" -eq 1 ] || blame "$(how_it_stands)"
}

# Calls fail, each in a run of its own; all runs are started before the first is looked at.
# A call that the program does not make can't fail.
other_failures() {
    local call only runs=() n=0
    local calls=(socket setsockopt listen getsockname accept send write)
    for call in "${calls[@]}"; do
        local family=$call when=""
        case $call in
        accept) family=accept,accept4 ;;
        send) family=sendto,sendmsg,writev,sendfile when=:when=2 ;;
        write) when=:when=2 ;; # the first is to stdout
        esac
        UNDER=(strace -D -f -qq -o "$T/trace.$call" -e "trace=$family"
            -e "inject=$family:error=ENOBUFS$when")
        start server 0
        runs+=("$PID $OUT $ERR")
    done
    UNDER=()
    for call in "${calls[@]}"; do
        read -r PID OUT ERR <<<"${runs[n++]}"
        DID=""
        did "made $call() fail with ENOBUFS, 'No buffer space available'"
        expected "'server: $call: No buffer space available' on stderr, and exit status 1"
        because "$call() can fail like every other call: look at its result, say on stderr which call failed and why, and end with 1."
        only=$call
        case $call in
        socket) only="socket|getaddrinfo" ;;
        send | write) only="[a-z]" ;;
        esac
        case $call in
        socket | setsockopt) section "Step 2: socket" ;;
        accept) section "Step 5: accept" ;;
        send | write) section "Step 7: send" ;;
        *) section "Step 4: listen" ;;
        esac
        if [[ $call = accept || $call = send || $call = write ]]; then
            because "$call() returns -1 when it fails, the first time or any later one. Look at the result of each before you go on."
            ! listens || "$TALK" -t "$TALK_S" >/dev/null 2>&1 3>&- 4>&- <<EOF || true
alice connect 127.0.0.1:$PORT
alice send "$REQUEST"
alice drain
EOF
        fi
        ends || true
        grep -qE '(AF_INET|SO_REUSEADDR|listen|getsockname|accept|\(([3-9]|[1-9][0-9]+),).*INJECTED' \
            "$T/trace.$call" || continue
        { ended && [ "$STATUS" -eq 1 ] && grep -qE "^server: ($only)" "$ERR"; } ||
            blame "$(how_it_stands)"
    done
    stop_all
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    section "Traps"
    with_sanitizers
    expected "no word from the sanitizers"
    because "The first line names the mistake, the lines after it the place. A buffer of N bytes has no room for the N bytes that recv() may bring and a NUL after them; nor is what recv() brings a string."
    local requests=('"GET / HTTP/1.1\r\n\r\n"' '"GE"' '"GET /%s%s%s%n HTTP/1.1\r\nX: \0\r\n\r\n"'
        '"GET / HTTP/1.1\r\nX: " "a"*8169 "\r\n\r\n"' '"GET / HTTP/1.1\r\nX: " "a"*70000')
    local request started=() n=0
    for request in "${requests[@]}"; do
        free_port
        start server "$PORT"
        started+=("$PID $OUT $ERR")
    done
    for request in "${requests[@]}"; do
        read -r PID OUT ERR <<<"${started[n++]}"
        listens || blame "$(how_it_stands)"
        "$TALK" -v -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF || true
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  send $request
alice  half-close
server continue $PID
alice  drain
EOF
        ends || true
        DID=""
        did "built ./server with -fsanitize=address,undefined and sent $request"
        sanitizers_are_silent "What malloc() gave at the place that is named was never given back with free()."
        [ "$n" -ne 1 ] || grep -q '< "HTTP/1' "$T/transcript" || disturbed || only_plain_answers
    done
}

# A browser's visit, beside the other checks: it takes the longest. The page as it was
# rendered goes to $BATS_FILE_TMPDIR/page, how the server ended to .../stands.
visit_in_browser() {
    ready
    T=$BATS_FILE_TMPDIR
    free_port
    start server "$PORT"
    listens || return 0
    kill -STOP "$PID"
    browse "http://127.0.0.1:$PORT/" "$T/page" &
    local browser=$!
    await "$BROWSER_S" request_waits || true
    kill -CONT "$PID"
    wait "$browser"
    if disturbed; then
        serve server
        browse "http://127.0.0.1:$PORT/" "$T/page"
    fi
    how_it_stands >"$T/stands"
    stop_all
}

@test "[1] shows the page in a real browser (Chromium)" {
    find_browser >/dev/null || skip "no Chromium here"
    section "Run it and look"
    did "held ./server still until Chromium's request lay in its socket, let it go on, and read the page that Chromium rendered"
    expected "a page with the heading 'Hello World!'"
    because "The page did not reach the reader: the response breaks off or ends with RST, its head is wrong, or a tag such as <title> is never closed."
    finish visit_in_browser || blame "Chromium has not ended"
    local page=$BATS_FILE_TMPDIR/page
    [ -s "$page" ] || blame "Chromium shows no page: loading it failed
$(cat "$BATS_FILE_TMPDIR/stands")
$(curl_says)"
    [[ $(headings "$page") == *"Hello World!"* ]] || blame "Chromium's page: $(head -c 800 "$page")
$(cat "$BATS_FILE_TMPDIR/stands")"
}

# What curl says of a visit, for a reader: its error, where it has one.
curl_says() {
    serve server >/dev/null || return 0
    kill -STOP "$PID"
    curl -sS -m "$TALK_S" -o "$T/page" "http://127.0.0.1:$PORT/" 2>"$T/curl" &
    local client=$!
    await "$TALK_S" request_waits || true
    kill -CONT "$PID"
    if wait "$client"; then
        echo "curl gets a page of $(size "$T/page") bytes"
    else
        cat "$T/curl"
    fi
}
