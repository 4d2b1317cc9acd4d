#!/usr/bin/env bats
# ex03's clients against servers that nobody wrote for them, and under valgrind.

setup_file() { make -s -C "$BATS_TEST_DIRNAME/../.." instruments solutions; }

setup() {
    load ../kit/kit
    cd "$BATS_TEST_TMPDIR" || return
    CLIENTS=$LAB/ex03_client/solution
}

# Starts a server in the background and waits until it listens. Sets PORT.
serve() { # COMMAND...
    beside "$@" >server.out 2>&1
    SERVER=$!
    PORT=$("$LAB/tests/stage/listening" "$SERVER" 10)
}

teardown() {
    [ -z "$SERVER" ] || kill -KILL -- "-$SERVER" 2>/dev/null || true
    wait "$SERVER" 2>/dev/null || true
}

@test "the servers of the other exercises: client gets what curl gets" {
    local server
    for server in "$LAB"/ex0[12]_*/solution/server; do
        serve "$server" 0
        run quietly "$CLIENTS/client" localhost "$PORT"
        assert_success
        assert_line --index 0 $'HTTP/1.1 200 OK\r'
        assert_output --partial "Hello World!"
        teardown
    done
}

@test "socat sends every line back: echo_client prints a whole program, byte by byte" {
    serve socat TCP-LISTEN:0,fork,reuseaddr EXEC:cat
    cp "$CLIENTS/client" input # any byte stands in it, and some lines are long
    tr '\0' '\n' <input | cut -b 1-4095 >lines
    timeout 20 "$CLIENTS/echo_client" 127.0.0.1 "$PORT" <lines >output 3>&- 4>&-
    cmp lines output
}

@test "valgrind finds nothing in either client, however the server behaves" {
    local program expected script
    printf 'one\ntwo\n' >lines
    while IFS='|' read -r program expected script; do
        serve "$LAB/tests/stage/stage" -t 20 \
            <(printf 'door listen 127.0.0.1:0\nserver accept door\n%b' "$script")
        run timeout 20 valgrind -q --error-exitcode=99 --leak-check=full --track-fds=no \
            --log-file=valgrind "$CLIENTS/$program" 127.0.0.1 "$PORT" <lines 3>&- 4>&-
        [ "$status" -eq "$expected" ] || fail "$program, $script: $output $(cat valgrind)"
        teardown
    done <<'END'
client|0|server until "\\r\\n\\r\\n"\nserver send "x"*200000\nserver close\n
client|1|server until "\\r\\n\\r\\n"\nserver reset\n
echo_client|0|server expect "one\\n"\nserver send "one\\ntwo\\n"\nserver drain\n
echo_client|1|server expect "one\\n"\nserver send "on"\nserver close\n
END
    run timeout 20 valgrind -q --error-exitcode=99 --leak-check=full --log-file=valgrind \
        "$CLIENTS/client" 127.0.0.1 1 3>&- 4>&-
    assert_failure 1
}

@test "with client alone done, its checks count, and the others say what is missing" {
    mkdir -p work/ex03_client
    cp "$LAB"/ex03_client/echo_client.c "$CLIENTS"/{client.c,net.[ch]} work/ex03_client
    run grade ex03_client WORK="$PWD/work"
    assert_failure
    assert_equal "$(points <<<"$output")" 8
    assert_output --partial "echo_client: TODO 1 is still to do"
    refute_output --partial "client: TODO 2"
}
