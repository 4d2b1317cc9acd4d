#!/usr/bin/env bats
# ex02: what its reference solution is, beyond what students are graded for.

setup() {
    load ../kit/kit
    cd "$LAB" || return
    make -s solutions instruments
    BIG=$BATS_TEST_TMPDIR/big
    head -c 3000000 /dev/urandom >"$BIG"
}

# Starts the reference solution under a command, if one is given. Sets SERVER and URL.
serve() { # FILE COMMAND...
    local file=$1 port
    shift
    "$@" ex02_accept_loop/solution/server 0 "$file" \
        >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- 4>&- &
    SERVER=$!
    port=$(tests/stage/listening "$SERVER" 20)
    URL=http://127.0.0.1:$port/
}

teardown() { kill -KILL "$SERVER" 2>/dev/null || true; }

@test "valgrind finds nothing in the server of ex02, whatever its clients do" {
    serve "$BIG" valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all \
        --log-file="$BATS_TEST_TMPDIR/valgrind"
    local port=${URL##*:} request
    port=${port%/}
    for request in 'send "GET / HTTP/1.1\r\n\r\n"' 'send "HEAD / HTTP/1.1\r\n\r\n"' \
        'send "GET /"' 'send "GET /x?y HTTP/1.1\r\n\r\n"' 'send "\0\r\n\r\n"' \
        'send "x"*8188 "\r\n\r\n"' 'send "x"*20000' \
        'send "POST / HTTP/1.1\r\n\r\n" "d"*20000' 'silent 1ms'; do
        tests/stage/stage -t 10 >/dev/null 3>&- 4>&- <<EOF
alice connect 127.0.0.1:$port
alice $request
alice half-close
alice drain
EOF
    done
    tests/stage/stage 3>&- 4>&- <<EOF
alice connect 127.0.0.1:$port
alice send "GET / HTTP/1.1\r\n\r\n"
alice expect "HTTP/1.1 200 OK"
alice reset
EOF
    kill -TERM "$SERVER"
    local status=0
    wait "$SERVER" || status=$?
    [ "$status" -eq 0 ] || fail "exit status $status: $(cat "$BATS_TEST_TMPDIR/valgrind")"
}

@test "curl gets what it asks for, and no connection is reset" {
    serve "$BIG"
    curl -sS -o "$BATS_TEST_TMPDIR/got" "$URL"
    cmp "$BIG" "$BATS_TEST_TMPDIR/got"
    run curl -sSI "$URL"
    assert_success
    assert_output --partial 'Content-Length: 3000000'
    run curl -sS -o /dev/null -w '%{http_code}' "${URL}favicon.ico"
    assert_success
    assert_output 404
    run curl -sS -o /dev/null -w '%{http_code}' \
        -H "X-Long: $(head -c 20000 /dev/zero | tr '\0' x)" "$URL"
    assert_success
    assert_output 431
    run curl -sS -o /dev/null -w '%{http_code}' -H Expect: --data-binary "@$BIG" "$URL"
    assert_success
    assert_output 501
}

# A function of a C file, from its first line to the brace that ends it.
function_of() { # NAME FILE
    sed -n "/^static .*\\b$1(/,/^}/p" "$2"
}

@test "what ex01 has taught stands in ex02 word by word" {
    local name
    for name in parse_port failed has_blank_line; do
        run function_of "$name" ex02_accept_loop/solution/server.c
        assert_line '}'
        assert_output "$(function_of "$name" ex01_http_hello/solution/server.c)"
    done
    local steps='/TODO 2: server_fd/,/END SOLUTION/p; /TODO 3: bind/,/END SOLUTION/p'
    diff <(sed -n "$steps" ex01_http_hello/solution/server.c) \
        <(sed -n "$steps" ex02_accept_loop/solution/server.c)
}

# Its Traps say so: EINTR is no failure there.
@test "a signal is no failure: nothing is said of the client that it interrupts" {
    local way
    head -c 8388608 /dev/zero >"$BATS_TEST_TMPDIR/page.html"
    for way in 'send "GET / HT"' 'send "GET / HTTP/1.1\r\n\r\n"'; do
        tests/stage/stage -b ex02_accept_loop/solution 3>&- 4>&- <<EOF
server start     ./server @port $BATS_TEST_TMPDIR/page.html
server reachable @port
alice  deaf
alice  connect   @port
alice  $way
server rests
server signal    TERM
server exits     0 within 1s
server says-not  "."
EOF
    done
}
