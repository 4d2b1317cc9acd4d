# What the checks of ex02 use beside lib/lab, as long as they are no scenes.
# shellcheck shell=bash disable=SC2034,SC2153 # variables of lib/lab and for the test files

REQUEST='GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: talk\r\nAccept: */*\r\n\r\n'

# Once for the file: where a server that is given a port does not listen at all, there is
# nothing more to test, and every test says so at once. COMMAND looks at it while it does.
first_start() { # [COMMAND]
    ready || return 0
    T=$BATS_FILE_TMPDIR
    free_port
    local asked=$PORT
    start server "$asked"
    if listens; then
        echo "$asked $PORT" >"$BATS_FILE_TMPDIR/first_port"
        listens_elsewhere "$asked"
        "${1:-:}"
    else
        section "Step 2: socket"
        never_listens server "$asked"
    fi
    stop_all
}

# Fails the test where the first start has found it at another port than it was given.
listens_where_asked() {
    local asked listens_on
    read -r asked listens_on <"$BATS_FILE_TMPDIR/first_port"
    did "started ./server $asked and looked with: ss -ltn"
    expected "a listening socket on port $asked"
    [ "$listens_on" -ne "$asked" ] || return 0
    because "The port did not reach bind() as it was given: is argv[1] used, is the result of bind() checked?"
    [ "$listens_on" -ne $(((asked % 256) * 256 + asked / 256)) ] ||
        because "$listens_on is $asked with its two bytes swapped: sin_port is in network byte order, so it takes htons(port) (with -Wconversion: htons((uint16_t)port))."
    blame "a listening socket on port $listens_on"
}

# Sends a request as curl or a browser would; what is answered goes to $T/answer.
exchange() { # REQUEST
    [ -n "$DID" ] || did "sent a request and received up to the end"
    [ -n "$EXPECTED" ] || expected "a response, and the end of the connection"
    [ -n "$BECAUSE" ] ||
        because "The request has come whole. Receive it up to its blank line, send the response, close: the client waits for all three."
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice save $T/answer
alice send "$1"
alice drain
EOF
}

# Tells whether bytes wait to be received from a connection to PORT.
request_waits() {
    local received
    while read -r received _; do
        [ "$received" -eq 0 ] || return 0
    done < <(ss -Htn state established "sport = :$PORT")
    return 1
}

# Fails the test where $T/answer has no blank line, or its head a line that does not end in
# CR LF. Leaves $T/answer.head and $T/answer.body.
has_head() {
    expected "a head, a blank line (CR LF alone), and a page"
    because "Without the blank line a browser takes the page for header fields, and shows nothing."
    cut_message "$T/answer" || blame "$(show_bytes "$T/answer")"

    expected "every line of the head to end in CR LF"
    because "In HTTP a line of the head ends in \\r\\n (RFC 9112, section 2.2); \\n alone is the habit of some recipients, not the rule."
    ! grep -avq $'\r''$' "$T/answer.head" || blame "$(show_bytes "$T/answer")"
}

# Fails the test where the response in $T/answer, which has_head has cut, holds a NUL byte
# or does not say that the connection ends.
has_no_nul_and_closes() {
    expected "no NUL byte in the response"
    because "sizeof a string counts the NUL at its end, and sizeof an array counts all of it; strlen() counts the text."
    [ "$(LC_ALL=C tr -cd '\000' <"$T/answer" | wc -c)" -eq 0 ] || blame "$(show_bytes "$T/answer")"

    expected "Connection: close"
    because "In HTTP/1.1 a connection stays open unless one side says that it will close it (RFC 9112, section 9.6)."
    field Connection "$T/answer.head" | grep -qix close || blame "$(show_bytes "$T/answer.head")"
}

# Fails the test where a request in four pieces does not get this answer.
answers_pieces() { # BEGINNING OF THE RESPONSE
    did "started ./server and sent the request in four pieces, each after the last was received"
    expected "no word before the blank line; then the response and FIN"
    because "One recv() is not one request: TCP is a stream of bytes without message boundaries. Receive until the blank line (\\r\\n\\r\\n) has come, even when it is cut in the middle."
    serve server
    talk <<EOF
alice connect 127.0.0.1:$PORT
alice send "GET / HT"
alice taken
alice send "TP/1.1\r\nHost: localhost\r\n"
alice taken
alice send "Accept: */*\r\n\r"
alice taken
alice silent 20ms
alice send "\n"
alice expect "$1"
alice drain
alice fin
EOF
}

# Fails the test where a port with a connection in TIME_WAIT can't be listened on.
starts_again_at_once() {
    free_port
    talk <<EOF
before listen 0.0.0.0:$PORT
bob    connect 127.0.0.1:$PORT
alice  accept before
alice  close
bob    drain
bob    close
before close
EOF
    did "left a connection of port $PORT in TIME_WAIT, as a server does that closes first, and started ./server $PORT"
    expected "it to listen on that port"
    because "The side that closes first keeps the port for a minute (TIME_WAIT), and bind() fails. SO_REUSEADDR, set to 1 before bind(), allows it."
    local asked=$PORT
    start server "$asked"
    listens || blame "$(how_it_stands)"
    [ "$PORT" -eq "$asked" ] || blame "it listens on port $PORT instead: bind() failed, nobody looked, and listen() took any free port"
}

# Where the build with sanitizers does not answer, without a word: fails the test and says
# why, if the plain build does.
only_plain_answers() {
    local seen
    seen=$(cat "$T/transcript" "$ERR")
    stop_all
    spare_the_program
    CHECKS=""
    serve server
    visit
    ! grep -aq '^HTTP/1' "$T/answer" || {
        because "In this build every variable that is not initialised holds a strange value. One of yours is read before it is written: the address length given to accept() is an input too."
        expected "the response, as from the plain build"
        blame "$seen"
    }
}
