#!/usr/bin/env bats
# ex02_accept_loop: 20 points. Every server here serves one client after another.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
load ../lib/lab
load ../lib/http

# The limits of the statement are 2 s for a client, 1 s for a signal and 10 ms between two
# accept(); the rest is for the machine.
HELD_MS=$((2000 + 900 * PATIENCE))    # by a client that sends nothing
# By one that takes nothing. With SO_SNDTIMEO each send() that has taken something, if only a
# little as its time was over, is followed by one that waits anew: three waits on Linux 6.18.
BLOCKED_MS=$((3 * 2000 + 1900 * PATIENCE))
STOP_CS=$((100 + 60 * PATIENCE))      # from a signal to the end, in hundredths
BESIDE_S=$((10 * PATIENCE))           # for what runs beside the other checks
SPIN_MS=20                            # of the processor: more is a loop without a pause
BIG=8388608                           # bytes: more than the kernel's buffers hold

setup_file() {
    open_exercise ex02_accept_loop server
    first_start answers_at_all
    [ ! -f "$BATS_FILE_TMPDIR/mute" ] || return 0
    behind silent_clients
    behind deaf_clients
    ! find_browser >/dev/null || behind visits_in_browser
}
teardown_file() { close_exercise; }
setup() { ready; }
teardown() { tidy; }

# Where it sends not one byte to a client that has asked, most checks would wait for it in
# vain: why goes to $T/mute, for needs_answer.
answers_at_all() {
    "$TALK" -v -t "$TALK_S" >"$T/first_visit" 2>&1 3>&- 4>&- <<EOF || true
alice connect 127.0.0.1:$PORT
alice send "$REQUEST"
alice expect "H"
EOF
    section "Step 5: accept"
    did "started ./server $PORT and asked it for /"
    expected "an answer, whichever: little else can be tested before"
    because "Not one byte came. Accept the client, receive its request up to the blank line, send the response, close: steps 5 to 8."
    grep -q ' < "' "$T/first_visit" || BLOCKS=true blame "./server sends no answer to GET /:
$(cat "$T/first_visit")
$(how_it_stands)" >"$T/mute" || true
}

# For the checks that visit the server: fails at once where it answers nothing.
needs_answer() { blocked_by "$BATS_FILE_TMPDIR/mute"; }

# Sends a request as curl or a browser would; what is answered goes to $T/answer.
visit() { exchange "${1:-$REQUEST}"; } # [REQUEST]

# The number of the visitor whose response FILE holds; nothing where it is no 200.
visitor_in() { # FILE
    head -n 1 "$1" | grep -aqE '^HTTP/1\.[01] 200( |'$'\r''|$)' || return 0
    tr '\n' ' ' <"$1" | sed -e 's/<[^>]*>//g' |
        sed -n 's/.*Visitor[[:space:]]\{1,\}\([0-9]\{1,\}\).*/\1/p'
}

# Fails the test where the answer is no page with the greeting and this number.
greets() { # N
    expected "a response '200 OK' with the page: <h1>Hello World!</h1>, and Visitor $1"
    { cut_message "$T/answer" &&
        tr '\n' ' ' <"$T/answer.body" | grep -aqiE '<h1[^>]*>[[:space:]]*Hello World!' &&
        [ "$(visitor_in "$T/answer")" = "$1" ]; } ||
        blame "$(show_bytes "$T/answer")
$(how_it_stands)"
}

@test "[2] serves one visitor after another, and counts them" {
    section "Step 5: accept"
    needs_answer
    serve server
    did "started ./server $PORT, sent GET / and received up to the end"
    because "The answer is no HTTP response, or not this page. The first visitor has number 1."
    visit
    greets 1
    local n
    for n in 2 3; do
        did "did the same once more"
        expected "the next visitor to be served as the first was"
        because "After close(client_fd) the server goes back to accept(), and the next visitor has the next number: the counter lives as long as the server."
        visit
        greets "$n"
    done
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[1] listens on the port it is given, and says so" {
    section "Step 3: bind"
    listens_where_asked

    DID=""
    serve server
    did "started ./server $PORT and connected to 127.0.0.2"
    expected "a socket bound to every address of the machine (0.0.0.0)"
    because "bind() was given one address. INADDR_ANY stands for all of them; then 127.0.0.2, which is this machine too, can be connected to."
    talk <<<"alice connect 127.0.0.2:$PORT"

    section "Step 4: listen"
    DID=""
    did "started ./server $PORT"
    expected "'listening on port $PORT' on stdout, as soon as it can be reached"
    because "The line is missing or other than the statement has it. printf() keeps it in a buffer, where stdout is no terminal, until fflush(stdout)."
    { await "$PRINT_S" printed && says_port; } || blame "$(how_it_stands)"
    expected "a newline at the end of the line"
    because "Who reads by lines waits for the newline."
    [ -z "$(tail -c 1 "$OUT")" ] || blame "$(show_bytes "$OUT")"
    stop_all

    start server 0
    local zero="$PID $OUT $ERR"
    start server
    DID=""
    did "started ./server without an argument"
    expected "a listening socket on port 8080"
    because "Without an argument the port is 8080."
    { listens && [ "$PORT" -eq 8080 ]; } || taken_by_others 8080 || blame "$(how_it_stands)"

    read -r PID OUT ERR <<<"$zero"
    DID=""
    did "started ./server 0"
    expected "a port that the kernel has chosen, and its number on stdout"
    because "For port 0 the kernel chooses; getsockname() tells which, in network byte order: ntohs(). Before the call its last argument holds the size of the structure."
    listens || blame "$(how_it_stands)"
    { await "$PRINT_S" printed && says_port; } || blame "it listens on port $PORT
$(how_it_stands)"
}

@test "[1] refuses a wrong command line, and says when its port is taken" {
    section "Step 1: the port and the file"
    expected "a line that begins with 'usage:' on stderr, exit status 2, and nothing done"
    # All are started before the first is looked at.
    local word words wrong=(a80 80a ' 80' '80 ' +80 -1 -0 0x50 '' 65536 4294967376 18446744073709551696)
    local started=() n=0
    for word in "${wrong[@]}"; do
        start server "$word"
        started+=("$PID $OUT $ERR")
    done
    start server 80a page.html
    wrong+=('80a page.html') started+=("$PID $OUT $ERR")
    start server 8080 page.html more
    wrong+=('8080 page.html more') started+=("$PID $OUT $ERR")
    for words in "${wrong[@]}"; do
        read -r PID OUT ERR <<<"${started[n++]}"
        DID=""
        did "started ./server with '$words'"
        case $words in
        '') because "An empty argument is there (argc is 2), but it holds no digit: it is no port." ;;
        65536) because "A port has 16 bits: 65535 is the highest. sin_port would keep the low 16 bits of $words without a word." ;;
        *[0-9][0-9][0-9][0-9][0-9][0-9][0-9]*) because "The number does not fit an int, or not even a long: look after each digit whether it is above 65535, before it overflows." ;;
        *more) because "There are two arguments at most, the port and the file: argc is 4 here." ;;
        *) because "A port is made of digits alone. atoi() takes 'abc' for 0 and '80a' for 80; strtol() lets spaces and signs pass and stops at the first letter." ;;
        esac
        ! listens || blame "it listens on port $PORT"
        refuses || blame "$(how_it_stands)"
    done
    start server 65535
    DID=""
    did "started ./server 65535"
    expected "it to listen: 65535 is the highest port"
    because "A port has 16 bits, so 65535 is still one."
    listens || taken_by_others 65535 || blame "$(how_it_stands)"
    stop_all

    section "Step 3: bind"
    serve server
    local taken=$PORT
    start server "$taken"
    DID=""
    did "started ./server $taken while another copy of it listens there"
    expected "'server: bind: Address already in use' on stderr, and exit status 1"
    because "Every call can fail, and its result says so: check it, say on stderr which call failed and why (strerror or perror), and end with 1. What keeps a server from listening ends it; what goes wrong with one client does not."
    ! listens || blame "it listens on port $PORT: bind() failed, nobody looked, and listen() took any free port"
    { ends && [ "$STATUS" -eq 1 ] &&
        grep -qE '^server: (bind|listen): Address already in use' "$ERR"; } ||
        blame "$(how_it_stands)"
}

# COUNT letters x. (What talk sends as one string arrives in one piece on this machine.)
letters() { printf "%$1s" '' | tr ' ' x; } # COUNT

# Fails the test where a request, sent in one piece, does not get this status.
gets() { # STATUS REQUEST
    DID=""
    did "sent ${2:0:90}"
    expected "a response with status $1"
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "$2"
alice expect "HTTP/1.1 $1 "
alice drain
EOF
}

@test "[1] answers what it does not serve with 404, 400, 501 and 431" {
    needs_answer
    section "Step 7: answer"
    local line host='\r\nHost: localhost\r\n\r\n'
    serve server
    because "The target is the second word of the first line. Only '/' is served, and nothing that begins with it; browsers ask for /favicon.ico by themselves."
    gets 404 "GET /favicon.ico HTTP/1.1$host"
    gets 404 "GET //?/ HTTP/1.1$host"
    because "The first line may be as long as the whole request: a target of 8000 bytes does not fit into a small buffer."
    gets 404 "GET /$(letters 8000) HTTP/1.1$host"
    because "What follows a '?' is ignored, and what stands in the lines after the first is not part of the target."
    gets 200 "GET /?name=x HTTP/1.1\r\nReferer: /favicon.ico HTTP/1.1\r\n\r\n"
    because "HTTP/1.x stands for HTTP/1.0 as well, and a request may have no field at all."
    gets 200 "GET / HTTP/1.0\r\n\r\n"

    because "A first line is METHOD, TARGET and HTTP/1.x, with one space between them, and x is a digit. All else is 400, Bad Request. (sscanf() with %s takes several spaces for one.)"
    for line in hello 'GET /' 'GET / HTTP/2.0' 'GET / FTP/1.1' 'GET  HTTP/1.1' 'GET / x HTTP/1.1' \
        'GET  / HTTP/1.1' 'GET / HTTP/1.1x'; do
        gets 400 "$line$host"
    done
    because "A method other than GET and HEAD is 501, Not Implemented. The method is the whole first word."
    gets 501 "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    gets 501 "GETS / HTTP/1.1$host"

    section "Step 6: receive"
    because "8192 bytes, the blank line among them, are not too large: the buffer, or the test of the length, is too small."
    gets 200 "GET / HTTP/1.1\r\nX-Long: $(letters 8164)\r\n\r\n"
    because "A client must not make a server collect for ever: after 8192 bytes without a blank line it answers 431 and closes."
    gets 431 "GET / HTTP/1.1\r\nX-Long: $(letters 8168)"

    section "Step 7: answer"
    DID=""
    did "sent GET / to a server that has sent its page three times, and refused the rest"
    because "Only a GET of '/' counts: neither /favicon.ico, for which every browser asks, nor what is refused."
    visit
    greets 4
}

# Fails the test where $T/answer is no complete response with this status.
is_complete() { # STATUS
    local head=$T/answer.head length
    has_head

    expected "the status line: HTTP/1.1 $1"
    because "A status line is the version, a space, three digits, a space and a reason (RFC 9112, section 4)."
    head -n 1 "$head" | grep -qE "^HTTP/1\\.1 $1"$'\r''$' || blame "$(show_bytes "$head")"

    length=$(size "$T/answer.body")
    expected "Content-Length: $length, as the body has $length bytes"
    because "Content-Length counts the bytes after the blank line: those of this very page, and no NUL at the end."
    [ "$(field Content-Length "$head")" = "$length" ] || blame "$(show_bytes "$T/answer")"

    has_no_nul_and_closes
}

# Fails the test where $T/answer has another status, or anything after its blank line.
is_head() { # STATUS
    { cut_message "$T/answer" && [ ! -s "$T/answer.body" ] &&
        head -n 1 "$T/answer.head" | grep -q "^HTTP/1\\.1 $1 "; } ||
        blame "$(show_bytes "$T/answer")"
}

@test "[1] sends complete HTTP/1.1 responses, to HEAD without the page" {
    needs_answer
    section "Step 7: answer"
    local length status host='\r\nHost: localhost\r\n\r\n'
    serve server
    did "sent GET / and looked at the bytes of the response"
    visit
    is_complete '200 OK'
    expected "Content-Type: text/html; charset=utf-8"
    because "Without its type, a browser guesses what the bytes are; without the charset, what the letters are."
    field Content-Type "$T/answer.head" | tr -d ' ' | tr '[:upper:]' '[:lower:]' |
        grep -qx 'text/html;charset="\{0,1\}utf-8"\{0,1\}' || blame "$(show_bytes "$T/answer")"
    length=$(field Content-Length "$T/answer.head")

    DID=""
    did "sent HEAD / and looked at the bytes of the response"
    expected "the head that GET would bring, with Content-Length: $length, and no byte after its blank line"
    because "HEAD asks for the head alone (RFC 9110, section 9.3.2): the same status and fields, and no page."
    visit "HEAD / HTTP/1.1$host"
    is_head 200
    [ "$(field Content-Length "$T/answer.head")" = "$length" ] || blame "$(show_bytes "$T/answer")"

    DID=""
    did "sent HEAD /favicon.ico"
    expected "a response with status 404, and no byte after its blank line"
    visit "HEAD /favicon.ico HTTP/1.1$host"
    is_head 404

    DID=""
    did "sent GET /, HEAD / and GET / again"
    because "HEAD is not a visit: N counts the GETs of '/'."
    visit
    greets 2

    for status in '404 Not Found:GET /favicon.ico' '400 Bad Request:GET' '501 Not Implemented:DELETE /'; do
        DID=""
        did "sent ${status#*:} HTTP/1.1 and looked at the bytes of the response"
        visit "${status#*:} HTTP/1.1$host"
        is_complete "${status%:*}"
    done
}

# Fails the test where GET / does not bring a file of $T, byte by byte.
brings() { # FILE
    local length
    length=$(size "$T/$1")
    expected "a response '200 OK' with the $length bytes of $1, and Content-Length says so"
    visit
    { cut_message "$T/answer" && head -n 1 "$T/answer.head" | grep -q '^HTTP/1\.1 200 ' &&
        cmp -s "$T/$1" "$T/answer.body" &&
        [ "$(field Content-Length "$T/answer.head")" = "$length" ]; } || blame "$(what_came "$1")"
}

# What came instead of a file, for a reader.
what_came() { # FILE
    if cut_message "$T/answer"; then
        show_bytes "$T/answer.head"
        echo "and after the blank line $(size "$T/answer.body") bytes"
        cmp "$T/$1" "$T/answer.body" 2>&1 | sed -e "s|$T/answer.body|what came|" -e "s|$T/||" -e 's/^cmp: //'
    else
        show_bytes "$T/answer"
    fi
    how_it_stands
}

# Fails the test where GET / is not answered with 404.
brings_nothing() {
    expected "a response with status 404"
    visit
    head -n 1 "$T/answer" | grep -aq '^HTTP/1\.1 404 ' || blame "$(show_bytes "$T/answer")
$(how_it_stands)"
}

@test "[1] sends FILE byte by byte, as it is at each visit" {
    needs_answer
    section "Step 7: answer"
    echo '<h1>My page</h1>' >"$T/page.html"
    did "wrote a page to page.html, started ./server PORT page.html and sent GET /"
    because "With FILE, its bytes are the page."
    serve server page.html
    brings page.html

    did "wrote another page to the file and sent GET / again"
    because "The file is read for each visit, not once at the start: who changes it sees the new page at the next visit."
    echo '<h1>A page that is longer</h1>' >"$T/page.html"
    brings page.html

    DID=""
    did "started ./server PORT page.html, with 1 MiB of all kinds of bytes in it, and sent GET /"
    because "A file is no string: strlen(), %s and fgets() stop at its first NUL byte. No buffer of a fixed size holds every file: fstat() tells how large it is. And send() does not take so much at once: it returns how many bytes it took, send the rest."
    head -c 1048576 /dev/urandom >"$T/page.html"
    brings page.html

    did "emptied the file and sent GET / again"
    because "A file without a byte is a page without a byte: 200, and Content-Length: 0."
    : >"$T/page.html"
    brings page.html

    did "removed the file and sent GET / again"
    because "fopen() returns NULL: there is no such file now. That is this visitor's bad luck, and not the server's end."
    rm "$T/page.html"
    brings_nothing

    did "made a directory of that name and sent GET / again"
    because "A directory can be opened, but it is no file and can't be read: fread() fails, and fstat() says so before (S_ISREG)."
    mkdir "$T/page.html"
    brings_nothing

    did "wrote a file of that name and sent GET / again"
    because "The file is there again, so it is served again."
    rmdir "$T/page.html"
    echo '<h1>My other page</h1>' >"$T/page.html"
    brings page.html
}

@test "[1] serves clients that come together in the order of their arrival" {
    needs_answer
    section "Step 4: listen"
    did "held ./server still, let five clients connect and send GET / one after the other, and let it go on"
    expected "all five to be served, the first with Visitor 1, the fifth with Visitor 5"
    because "The kernel completes connections while the server is busy, and keeps them in the backlog, first come first served: listen(server_fd, 16) has room for them. Each accept() takes one out, and each has to be served before the next."
    serve server
    local name n=0 script="server stop $PID"
    for name in anna bob carol dave eve; do
        script="$script
$name connect 127.0.0.1:$PORT
$name save $T/$name
$name send \"$REQUEST\""
    done
    script="$script
server continue $PID"
    for name in anna bob carol dave eve; do
        script="$script
$name drain
$name fin
$name close"
    done
    talk <<<"$script"
    for name in anna bob carol dave eve; do
        n=$((n + 1))
        [ "$(visitor_in "$T/$name")" = "$n" ] || blame "$name, who came as number $n, got
$(show_bytes "$T/$name")"
    done
}

@test "[1] ends each connection with FIN, never with RST" {
    needs_answer
    section "Step 8: close"
    did "held ./server still until a whole request lay in its socket, then let it go on; and once more with a request of 6000 bytes"
    expected "the response, then FIN"
    because "close() with bytes of the request still unread makes the kernel send RST, and the client may lose the response: 'connection reset', now and then. Receive up to the blank line first, with as many recv() as that takes."
    serve server
    talk <<EOF
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  send "$REQUEST"
bob    connect 127.0.0.1:$PORT
bob    send "GET / HTTP/1.1\r\nCookie: " "c"*5970 "\r\n\r\n"
server continue $PID
alice  expect "HTTP/1.1 200 "
alice  drain
alice  fin
alice  close
bob    expect "HTTP/1.1 200 "
bob    drain
bob    fin
EOF
    DID=""
    did "sent 8192 bytes without a blank line, and more after the answer had come"
    expected "a response with status 431, then FIN; nothing of what came was left unread"
    because "Bytes were unread at close(), so the kernel sent RST. After the 431 half-close with shutdown(client_fd, SHUT_WR), and receive what still comes, up to the client's end (recv() returns 0); only then close."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nX-Long: $(letters 8168)"
alice expect "HTTP/1.1 431 "
alice send "a"*10000
alice taken
alice send "a"*10000
alice taken
alice half-close
alice drain
alice fin
EOF
    DID=""
    did "sent a POST with 20000 bytes of data while ./server was held still, then let it go on"
    expected "a response with status 501, then FIN"
    because "A POST brings data after its blank line. Who does not want them receives them all the same: close() with bytes unread sends RST. After the 501 do as after 431: half-close, receive up to the client's end, close."
    talk <<EOF
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  send "POST / HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" "d"*20000
server continue $PID
alice  expect "HTTP/1.1 501 "
alice  drain
alice  fin
EOF
}

@test "[1] receives and sends in however many pieces it takes" {
    needs_answer
    section "Step 6: receive"
    answers_pieces "HTTP/1.1 200 "
    DID=""
    did "sent a request with a NUL byte in one of its lines"
    expected "the response and FIN"
    because "What recv() brings is no string: strstr() and strlen() stop at the first NUL byte. Look for the blank line among the bytes you have counted, with memcmp()."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nX-Nul: \0\r\nHost: localhost\r\n\r\n"
alice expect "HTTP/1.1 200 "
alice drain
alice fin
EOF
    DID=""
    did "sent a request and half-closed at once, as nc -N does"
    expected "the response and FIN"
    because "A client that has no more to send still waits for its response: that recv() returns 0 matters only before the blank line."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
alice half-close
alice expect "HTTP/1.1 200 "
alice drain
alice fin
EOF
    DID=""
    did "sent half a request, stopped ./server as Ctrl-Z does, let it go on as fg does, and sent the other half"
    expected "the response: nothing is lost when a process stands still"
    because "A recv() with SO_RCVTIMEO returns -1 with EINTR when its process was stopped and goes on, and so does epoll_wait() (signal(7)). EINTR says that a signal has come, not that the client has gone: call it again, unless the signal was one that shall end the server."
    talk <<EOF
bob    connect 127.0.0.1:$PORT
bob    send "GET / HT"
bob    taken
bob    silent 30ms
server stop $PID
server continue $PID
bob    silent 30ms
bob    send "TP/1.1\r\n\r\n"
bob    expect "HTTP/1.1 200 "
bob    drain
bob    fin
EOF
    stop_all

    section "Step 7: answer"
    DID=""
    did "let every send() of ./server take 3 bytes at most, as the kernel may when its buffer is full, and sent GET /"
    because "send() returns how many bytes it took. Send the rest until nothing is left."
    head -c 5000 /dev/urandom >"$T/page.html"
    UNDER=(env SHORT_SEND=3 LD_PRELOAD=./short_io.so)
    serve server page.html
    brings page.html
}

# Fails the test where the next visitor is not served.
next_is_served() {
    expected "the next visitor to be served"
    talk <<EOF
next connect 127.0.0.1:$PORT
next send "$REQUEST"
next expect "HTTP/1.1 200 "
next drain
next fin
EOF
}

@test "[1] goes on when clients leave, at whatever stage" {
    needs_answer
    section "Step 8: close"
    head -c "$BIG" /dev/zero >"$T/page.html"
    serve server page.html
    local leave file="$PID $PORT $OUT $ERR"
    serve server
    did "connected and closed without sending a byte"
    because "recv() returns 0: the client has closed. Close its socket too, and go on to the next: only a signal ends the loop."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice close
EOF
    next_is_served

    for leave in close reset; do
        DID=""
        did "sent half a request and left ($leave)"
        because "recv() returns 0 when the client has closed, -1 when the connection was reset: a message, close, and on to the next. What one client does ends its connection, not the server."
        talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HT"
alice taken
alice $leave
EOF
        next_is_served
    done

    DID=""
    did "sent a request without its blank line and half-closed"
    expected "no page, as this request is not complete, and the end of the connection"
    because "recv() returned 0 before the blank line: the request was cut off, and who knows where. It gets no '200 OK'; its socket is closed. An early return or continue that jumps over close() leaves the client waiting."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice save $T/answer
alice send "GET / HTTP/1.1\r\nHost: localh"
alice half-close
alice drain
EOF
    ! grep -aq '^HTTP/1\.[01] 200' "$T/answer" || blame "$(show_bytes "$T/answer")"
    next_is_served

    DID=""
    did "connected, and reset the connection while it waited in the backlog"
    because "accept() gives a socket whose client has gone already: its first recv() fails with ECONNRESET. That ends this connection, not the server."
    talk <<EOF
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  reset
server continue $PID
EOF
    next_is_served

    section "Step 7: answer"
    DID=""
    did "sent a whole request and left before the response, while ./server was held still"
    because "To a client that has left, send() raises SIGPIPE, which ends the whole server without a word. With MSG_NOSIGNAL, or SIGPIPE ignored, it returns -1 and EPIPE instead: a message, close, and on to the next."
    # FIN, then RST: from then on the first send() of the server fails with EPIPE.
    talk <<EOF
server stop $PID
alice  connect 127.0.0.1:$PORT
alice  send "$REQUEST"
alice  half-close
alice  reset
server continue $PID
EOF
    next_is_served

    read -r PID PORT OUT ERR <<<"$file"
    DID=""
    did "asked for a file of 8 MiB, took its beginning and reset the connection"
    because "In the midst of a response send() returns -1 with ECONNRESET; who sends on gets EPIPE, and SIGPIPE. Give this response up, close, and on to the next."
    talk <<EOF
alice deaf
alice connect 127.0.0.1:$PORT
alice send "$REQUEST"
alice hear
alice expect "HTTP/1.1 200 "
alice deaf
alice reset
EOF
    next_is_served
}

# Tells whether the program sleeps (its state is S, proc_pid_stat(5)).
rests() {
    local state
    read -r state 2>/dev/null <"/proc/$PID/stat" || return
    [[ ${state##*) } == S* ]]
}

# What the program holds.
holdings() {
    echo "$(count_entries "/proc/$PID/fd") descriptors, $(count_entries "/proc/$PID/task") threads"
}
holds() { [ "$(holdings)" = "$1" ]; } # WHAT

@test "[1] leaves no descriptor open after 1,000 visits" {
    needs_answer
    command -v curl >/dev/null || skip "there is no curl here"
    [ -d "/proc/$$/fd" ] || skip "there is no /proc here"
    section "Step 8: close"
    serve server
    visit
    await "$PRINT_S" rests || true
    local before answers
    before=$(holdings)
    did "visited ./server once, and then 999 times more with curl"
    expected "every visit to be answered, the last with Visitor 1000"
    because "The server has not answered all of them in time. What each visit leaves open adds up, until accept() fails with EMFILE."
    "$LAB/tests/stage/fair" "$BESIDE_S" curl -s --fail-early \
        "http://127.0.0.1:$PORT/?[1-999]" >"$T/answers" 2>/dev/null 3>&- 4>&- || true
    answers=$(grep -ao 'Visitor' "$T/answers" | wc -l)
    { [ "$answers" -eq 999 ] &&
        tr '\n' ' ' <"$T/answers" | sed 's/<[^>]*>//g' | grep -aqE 'Visitor +1000'; } ||
        blame "$answers answers
$(how_it_stands | head -12)"
    did "looked at /proc/PID/fd"
    expected "$before, as after the first visit"
    because "Each accept() makes a new socket, and only close() gives its descriptor back. Every way through the loop has to come to it."
    await "$PRINT_S" holds "$before" || blame "$(holdings)
$(find "/proc/$PID/fd" -mindepth 1 -printf '%f %l\n' | sort -n | head -8)"

    local way
    for way in 'alice send "GET / HT"' 'alice send "x"*8192' 'alice send "GET /x HTTP/1.1\r\n\r\n"'; do
        DID=""
        did "sent ${way#* send } and left, three times, and looked at /proc/PID/fd"
        because "Here the server goes on to the next client without close(): an early return or continue jumps over it."
        for _ in 1 2 3; do
            talk <<EOF
alice connect 127.0.0.1:$PORT
$way
alice taken
alice half-close
alice drain
EOF
        done
        await "$PRINT_S" holds "$before" || blame "$(holdings)"
    done
    stop_all

    section "Step 7: answer"
    DID=""
    did "started ./server PORT page.html, visited it once and five times more, and looked at /proc/PID/fd"
    because "fopen() takes a descriptor, too, and fclose() gives it back."
    echo '<h1>My page</h1>' >"$T/page.html"
    serve server page.html
    visit
    await "$PRINT_S" rests || true
    before=$(holdings)
    expected "$before, as after the first visit"
    for _ in 1 2 3 4 5; do visit; done
    await "$PRINT_S" holds "$before" || blame "$(holdings)"
}

# Tells whether the program has accepted all who came to PORT, and sleeps again.
has_accepted() {
    [ "$(ss -Hltn "sport = :$PORT" | awk '{ print $2 }')" = 0 ] && rests
}

# Tells whether it sleeps, with bytes for a client of PORT that does not take them.
is_blocked() {
    local bytes
    bytes=$(ss -Htn state established "sport = :$PORT" | awk '{ print $2 }')
    [ "${bytes:-0}" -gt 0 ] && rests && sleep 0.02 && rests &&
        [ "$(ss -Htn state established "sport = :$PORT" | awk '{ print $2 }')" = "$bytes" ]
}

# Hundredths of a second since the start of the machine, into NOW_CS.
now() {
    local up
    read -r up _ </proc/uptime
    NOW_CS=$((10#${up/./}))
}

@test "[1] ends on SIGINT and SIGTERM within a second" {
    needs_answer
    [ -r /proc/uptime ] || skip "there is no /proc here"
    section "Step 9: the end"
    local runs=() each signal what since silent half deaf NOW_CS early=""
    head -c "$BIG" /dev/zero >"$T/page.html"
    serve server
    runs+=("$PID $PORT $OUT $ERR INT nobody was there")
    serve server
    runs+=("$PID $PORT $OUT $ERR TERM nobody was there")
    serve server
    silent=$PORT
    runs+=("$PID $PORT $OUT $ERR TERM a client was connected and said nothing")
    serve server
    half=$PORT
    runs+=("$PID $PORT $OUT $ERR INT a client had sent half a request")
    serve server page.html
    deaf=$PORT
    runs+=("$PID $PORT $OUT $ERR TERM a client did not take its response")
    set -m
    "$TALK" -t 60 >"$T/clients" 2>&1 3>&- 4>&- <<EOF &
silent connect 127.0.0.1:$silent
half   connect 127.0.0.1:$half
half   send "GET / HT"
deaf   deaf
deaf   connect 127.0.0.1:$deaf
deaf   send "$REQUEST"
half   taken
half   silent 60s
EOF
    set +m
    STARTED="$STARTED $!" # for stop_all
    # The signal comes when the program waits, and not on its way there.
    await "$PRINT_S" has_a_client "$deaf" || true
    for each in "${runs[@]}"; do
        read -r PID PORT OUT ERR signal what <<<"$each"
        case $what in
        *take*) await "$PRINT_S" is_blocked || true ;;
        *) await "$PRINT_S" has_accepted || true ;;
        esac
    done

    now
    since=$NOW_CS
    for each in "${runs[@]}"; do
        read -r PID PORT OUT ERR signal what <<<"$each"
        { ! ended && kill -"$signal" "$PID" 2>/dev/null; } || early="$early $PID "
    done
    for each in "${runs[@]}"; do
        read -r PID PORT OUT ERR signal what <<<"$each"
        DID=""
        did "sent SIG$signal to ./server while $what"
        expected "its end within a second, with exit status 0"
        [[ $early != *" $PID "* ]] || ended_early "$signal"
        while now && [ "$NOW_CS" -lt $((since + STOP_CS)) ] && ! ended; do sleep 0.01; done
        because "It goes on waiting. With SA_RESTART the kernel repeats accept() as if no signal had come; without it the call returns -1 with EINTR, and a look at the flag that the handler has set ends the loop."
        [ "$what" = "nobody was there" ] ||
            because "It goes on waiting for this client. A recv() or send() that is interrupted returns -1 with EINTR, or what it has got; every loop around one has to look at the flag before it calls again."
        ended || blame "the program is still running after $((NOW_CS - since))0 ms"
        STATUS=0
        wait "$PID" || STATUS=$?
        because "A signal without a handler ends the program at once, and the signal is its status. A handler (sigaction) makes an orderly end of it: leave the loop, close the sockets, return 0. An accept() that fails with EINTR then is no error."
        [ "$STATUS" -eq 0 ] || blame "$(how_it_stands)"
    done
}

has_a_client() { [ -n "$(ss -Htn state established "sport = :$1")" ]; } # PORT

@test "[1] can be started again at once on the same port" {
    section "Step 2: socket"
    starts_again_at_once
}

# The processor time that a process has used, in milliseconds, into CPU_MS.
cpu_of() { # PID
    local ns
    read -r ns _ <"/proc/$1/schedstat" || ns=0
    CPU_MS=$((ns / 1000000))
}

# Watches the program for 0.2 s, and for as long as it takes to use as much of the processor
# oneself as SPIN_MS five times: a loop without a pause gets its share meanwhile, however
# busy the machine is. Sets BUSY_MS, to what the program has used.
watch_it() {
    local before own CPU_MS NOW_CS until
    cpu_of "$PID"
    before=$CPU_MS
    cpu_of self
    own=$CPU_MS
    now
    until=$((NOW_CS + 20))
    BUSY_MS=0
    while ! ended && [ "$BUSY_MS" -le "$SPIN_MS" ]; do
        cpu_of self
        now
        [ "$NOW_CS" -lt "$until" ] || [ "$CPU_MS" -lt $((own + 5 * SPIN_MS)) ] || break
        cpu_of "$PID" 2>/dev/null
        BUSY_MS=$((CPU_MS - before))
    done
}

# The lowest descriptor that the program has not open.
lowest_free() {
    local n=0
    while [ -L "/proc/$PID/fd/$n" ]; do n=$((n + 1)); done
    echo "$n"
}

# A client comes while no descriptor is free for it. (Not for the first: an accept() that
# waits already has its descriptor.) The processor time used meanwhile tells whether the
# program waits or runs in circles.
comes_without_descriptor() {
    local BUSY_MS client
    serve server
    await "$PRINT_S" rests || true
    did "left ./server no free descriptor (prlimit --nofile), connected and sent GET /"
    expected "the server to rest between two accept()"
    because "accept() fails with EMFILE, and the client stays in the backlog: so the next accept() fails at once, and so on as fast as the processor can. Say it, and wait a little (100 ms) before the next."
    prlimit --pid "$PID" --nofile="$(lowest_free):"
    "$TALK" -t "$((2 * TALK_S))" >"$T/client" 2>&1 3>&- 4>&- <<EOF &
first  connect 127.0.0.1:$PORT
first  close
client connect 127.0.0.1:$PORT
client send "$REQUEST"
client expect "HTTP/1.1 200 "
client drain
client fin
EOF
    client=$!
    await "$TALK_S" request_waits || true
    watch_it
    [ "$BUSY_MS" -le "$SPIN_MS" ] || blame "$BUSY_MS ms of the processor used in a moment, and these lines said:
$(sort "$ERR" | uniq -c | sort -rn | head -3)"

    did "raised the limit again"
    expected "the client that has waited to be served"
    because "accept() failed with EMFILE: no descriptor was free. That passes, so it is no reason to end; nor is -1 a client's descriptor. Say it, wait a little and try again."
    ended || prlimit --pid "$PID" --nofile=64:
    wait "$client" || blame "$(cat "$T/client")
$(how_it_stands)"
}

@test "[1] goes on when accept() fails" {
    needs_answer
    section "Step 5: accept"
    local aborted=""
    if strace_works; then
        UNDER=(strace -D -f -qq -o "$T/trace" -e "trace=accept,accept4"
            -e "inject=accept,accept4:error=ECONNABORTED:when=1")
        serve server
        UNDER=()
        aborted="$PID $PORT $OUT $ERR"
    fi
    if command -v prlimit >/dev/null && [ -r "/proc/$$/schedstat" ]; then
        comes_without_descriptor
    else
        [ -n "$aborted" ] || skip "there is neither strace nor prlimit here"
    fi
    [ -n "$aborted" ] || return 0

    read -r PID PORT OUT ERR <<<"$aborted"
    DID=""
    did "made the first accept() of ./server fail with ECONNABORTED: that client has given up"
    because "accept() returns -1 when it fails. Say it, don't use -1 as a descriptor, and accept the next client."
    next_is_served
}

# Starts a server and, in the background, a conversation with it: standard input, where HERE
# is the server's address. What was said goes to $T/NAME, its exit status to $T/NAME.status.
converse() { # NAME ARGUMENT...
    local name=$1 script
    free_port
    start server "$PORT" "${@:2}"
    listens || return 0
    script=$(sed "s/ HERE$/ 127.0.0.1:$PORT/")
    {
        "$TALK" -v -t "$BESIDE_S" <<<"$script" >"$T/$name" 2>&1
        echo "$?" >"$T/$name.status"
    } 3>&- 4>&- &
    CONVERSATIONS="$CONVERSATIONS $!"
}

# Waits for all of them.
converse_to_the_end() {
    local pid
    for pid in $CONVERSATIONS; do wait "$pid" || true; done
    CONVERSATIONS=""
    stop_all
}

# Fails the test where the conversation did not go as written.
went_well() { # NAME
    [ "$(cat "$T/$1.status" 2>/dev/null)" = 0 ] || blame "$(cat "$T/$1" 2>/dev/null ||
        echo "no answer within $BESIDE_S seconds")"
}

# Beside the other checks: clients that say nothing, or little at a time.
silent_clients() {
    ready
    T=$BATS_FILE_TMPDIR/silent
    mkdir "$T"
    local next="next connect HERE
next send \"$REQUEST\"
next expect \"HTTP/1.1 200 \" within ${HELD_MS}ms"
    converse spare <<EOF
spare connect HERE
$next
EOF
    converse half <<EOF
half connect HERE
half send "GET / HT"
half taken
$next
EOF
    converse stays <<EOF
large connect HERE
large send "x"*9000
large expect "HTTP/1.1 431 "
$next
EOF
    converse slow <<EOF
slow connect HERE
slow send "GET / HTTP" 1200ms "/1.1\r\nHost: local" 1200ms "host\r\n\r\n"
slow expect "HTTP/1.1 200 "
slow drain
slow fin
EOF
    converse_to_the_end
}

@test "[1] lets a client that says nothing delay the next by no more than 2 s" {
    needs_answer
    section "Step 6: receive"
    finish silent_clients || true
    T=$BATS_FILE_TMPDIR/silent
    expected "the second client to be served within 2 s"
    did "let a client connect and say nothing, as a browser's spare connection does, and a second one send GET /"
    because "recv() blocks until a byte comes, so one silent client stops the server for all. Give it a limit of 2 s: SO_RCVTIMEO on the client's socket, or poll() before each recv(); then close, and on to the next."
    went_well spare

    DID=""
    did "let a client send half a request and no more, and a second one send GET /"
    because "The limit of 2 s is for every recv(), not only for the first."
    went_well half

    DID=""
    did "let a client send 9000 bytes without a blank line and stay after the 431, and a second one send GET /"
    because "After the 431 the server receives up to the client's end. This recv() needs the limit of 2 s as well."
    went_well stays

    DID=""
    did "sent a request in three pieces, 1.2 s between them"
    expected "the response: this client was never silent for 2 s"
    because "The 2 s begin anew with each byte that comes. Here they are shorter, or they count from the beginning of the request."
    went_well slow
}

# Beside the other checks: clients that do not receive.
deaf_clients() {
    ready
    T=$BATS_FILE_TMPDIR/deaf
    mkdir "$T"
    head -c "$BIG" /dev/zero >"$T/page.html"
    converse deaf page.html <<EOF
deaf deaf
deaf connect HERE
deaf send "$REQUEST"
next connect HERE
next send "$REQUEST"
next expect "HTTP/1.1 200 " within ${BLOCKED_MS}ms
EOF
    converse pause page.html <<EOF
pause save $T/answer
pause deaf
pause connect HERE
pause send "$REQUEST" 1400ms
pause hear
pause drain
pause fin
EOF
    converse_to_the_end
}

# Says why the limit of send() may be missing. Who has one of the two ways is not told to
# take it.
why_send_waits() {
    because "send() blocks when the kernel's buffers are full and the client takes nothing. Give it a limit of 2 s: SO_SNDTIMEO on the client's socket, or poll() for POLLOUT and a send() that does not block (MSG_DONTWAIT); then close, and on to the next."
    if grep -q SO_SNDTIMEO "$SOURCE"/*.c; then
        because "server.c names SO_SNDTIMEO. Is its struct timeval {2, 0}, and set on client_fd? A send() that returns -1 with EAGAIN has waited for 2 s in vain: close then, and do not call it again."
    elif grep -q POLLOUT "$SOURCE"/*.c; then
        because "server.c names POLLOUT. Is the limit of that poll() 2000 ms, and do you close when it returns 0? And has send() the flag MSG_DONTWAIT? Without it send() waits until it has taken everything, whatever poll() has said."
    fi
}

@test "[1] lets a client that takes nothing delay the next by no more than 2 s" {
    needs_answer
    section "Step 7: answer"
    finish deaf_clients || true
    T=$BATS_FILE_TMPDIR/deaf
    did "let a client ask for a file of 8 MiB and receive nothing of it, and a second one send GET /"
    expected "the second client to be served: after 2 s, or with SO_SNDTIMEO after three times 2 s"
    why_send_waits
    went_well deaf

    DID=""
    did "asked for a file of 8 MiB, received nothing for 1.4 s, and then everything"
    expected "all its bytes: this client took something in time"
    because "The 2 s begin anew whenever the client takes something. And a send() that returns less than you gave has taken a part: send the rest."
    went_well pause
    { cut_message "$T/answer" && cmp -s "$T/page.html" "$T/answer.body"; } ||
        blame "$(size "$T/answer") bytes, head and page"
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    needs_answer
    section "Traps"
    with_sanitizers
    echo '<h1>My page</h1>' >"$T/page.html"
    local servers=() each request early
    serve server
    servers+=("$PID $PORT $OUT $ERR")
    serve server page.html
    servers+=("$PID $PORT $OUT $ERR")
    local requests=('"GET / HTTP/1.1\r\n\r\n"' '"GE"' '"GET /%s%s%s%n HTTP/1.1\r\nX: \0\r\n\r\n"'
        '"GET / HTTP/1.1\r\nX: " "a"*8169 "\r\n\r\n"' '"GET / HTTP/1.1\r\nX: " "a"*70000'
        '"GET /" "a"*8174 " HTTP/1.1\r\n\r\n"' '"a"*8188 "\r\n\r\n"' '"GET /\r\n\r\n"'
        '"\0\r\n\r\n"' '" / HTTP/1.1\r\n\r\n"' '"HEAD / HTTP/1.1\r\n\r\n"')
    for each in "${servers[@]}"; do
        read -r PID PORT OUT ERR <<<"$each"
        for request in "${requests[@]}"; do
            DID=""
            did "built ./server with -fsanitize=address,undefined and sent $request"
            expected "no word from the sanitizers"
            because "The first line names the mistake, the lines after it the place. A buffer of N bytes has no room for the N bytes that recv() may bring and a NUL after them; nor is what recv() brings a string."
            "$TALK" -v -t "$TALK_S" >"$T/transcript" 2>&1 3>&- 4>&- <<EOF || true
alice connect 127.0.0.1:$PORT
alice send $request
alice taken
alice half-close
alice drain
EOF
            sanitizers_are_silent
            [ "$request" != "${requests[0]}" ] || grep -q '< "HTTP/1' "$T/transcript" ||
                answers_only_here
        done
        did "ended it with SIGTERM"
        because "What is left of malloc() at the end was given back by nobody: each visit leaves as much. Every malloc() has its free(), every fopen() its fclose(), on every way out."
        early=""
        ! ended || early=1
        kill -TERM "$PID" 2>/dev/null || true
        ends || blame "$(how_it_stands)"
        sanitizers_are_silent
        [ -z "$early" ] || ended_early TERM
    done
}

# Where the build with sanitizers does not answer, without a word.
answers_only_here() {
    local seen
    seen=$(cat "$T/transcript" "$ERR")
    only_plain_answers
    expected "a response"
    because "There is no response at all."
    blame "$seen"
}

# Two visits of a browser, beside the other checks: they take long. The pages as they were
# rendered go to $BATS_FILE_TMPDIR/page.1 and .2, how the server stood to .../stands.
visits_in_browser() {
    ready
    T=$BATS_FILE_TMPDIR
    free_port
    start server "$PORT"
    listens || return 0
    browse "http://127.0.0.1:$PORT/" "$T/page.1"
    browse "http://127.0.0.1:$PORT/" "$T/page.2"
    how_it_stands >"$T/stands"
    stop_all
}

@test "[1] counts the visits of a real browser (Chromium)" {
    needs_answer
    with_browser
    section "Run it and look"
    finish visits_in_browser || blame "Chromium has not ended"
    local n page
    for n in 1 2; do
        page=$BATS_FILE_TMPDIR/page.$n
        did "opened the page in Chromium and read what it rendered"
        expected "a page with the heading 'Hello World!' and the text 'Visitor $n'"
        because "The page did not reach the reader, or not with this number: the response breaks off, its head is wrong, a tag such as <title> is never closed, or /favicon.ico, for which Chromium asks too, was counted."
        [ -s "$page" ] || blame "Chromium shows no page: loading it failed
$(cat "$BATS_FILE_TMPDIR/stands")"
        { [[ $(headings "$page") == *"Hello World!"* ]] &&
            sed -e 's/<[^>]*>//g' "$page" | tr '\n' ' ' | grep -qE "Visitor +$n([^0-9]|\$)"; } ||
            blame "Chromium's page: $(head -c 800 "$page")
$(cat "$BATS_FILE_TMPDIR/stands")"
    done
}
