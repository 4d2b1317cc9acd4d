#!/usr/bin/env bats
# talk, the player of conversations: against socat and nc, which nobody here wrote, and
# against itself. It is built with the sanitizers here, which end it on any fault.

setup_file() {
    make -s -C "$BATS_TEST_DIRNAME/../.." instruments
    local tools=$BATS_TEST_DIRNAME
    # shellcheck disable=SC2046 # the flags are words
    $(make -s -C "$tools/../.." compile-command) -fsanitize=address,undefined \
        -fno-sanitize-recover=all -o "$BATS_FILE_TMPDIR/stage" \
        "$tools"/{stage,script,ports,peers,programs,outputs,looks,cells}.c \
        "$tools"/{transcript,wait,many,stamps,clock,proc,shut_in}.c
}

setup() {
    load ../kit/kit
    TALK=$BATS_FILE_TMPDIR/stage
    cd "$BATS_TEST_TMPDIR" || return
    PIDS=()
}

teardown() {
    local pid
    for pid in "${PIDS[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
}

# Plays the script on standard input.
play() { run quietly_talk "$@"; }
quietly_talk() { timeout 20 "$TALK" "$@" 3>&- 4>&-; }

# Starts a command in the background and waits until it listens. Sets PID and WHERE.
server() { # COMMAND...
    set -m
    "$@" </dev/null >server.out 2>server.err 3>&- 4>&- &
    PID=$!
    set +m
    PIDS+=("$PID")
    WHERE=$("$LAB/tests/stage/listening" "$PID" 5)
}

# A port that is free now.
free_port() { server nc -l -N 127.0.0.1 0 && kill "$PID" && PORT=$WHERE; }

@test "--help tells the language, in 80 columns" {
    run "$TALK" --help
    assert_success
    assert_line --index 0 --partial "usage: stage"
    local name
    for name in connect bind listen accept send trickle expect until drain save silent \
        fin rst taken half-close close reset deaf hear stop continue; do
        assert_line --regexp "^  $name "
    done
    run awk 'length > 80' <<<"$output"
    refute_output
}

@test "a TCP client: what goes out comes back from socat" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play -v <<EOF
# an echo
alice connect 127.0.0.1:$WHERE
alice send    "bon" 20ms
alice expect  "bon"
alice send    "jour\n" "\x00\xff\\\\ \""
alice expect  "jour\n\0\xff\\\\ \""
alice half-close
alice fin
EOF
    assert_success
    assert_line --regexp '^ +0\.[0-9]{3} alice  \. connect 127\.0\.0\.1:'"$WHERE"'$'
    assert_line --regexp '^ +[0-9.]+ alice  > "jour\\n"$'
    assert_line --regexp 'alice  < "bon"$'
    assert_line --partial 'FIN received'
}

@test "nothing is said when all went well, unless -v asks for it" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<<"alice connect 127.0.0.1:$WHERE"
    assert_success
    refute_output
}

@test "a failing step shows the conversation, and what was expected" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice send    "hello\r\n"
alice expect  "hullo\r\n"
alice expect  "never reached"
EOF
    assert_failure 1
    assert_line --regexp 'alice  > "hello\\r\\n"$'
    assert_line --regexp 'alice  < "hello\\r\\n"$'
    assert_line --regexp 'alice  ! expected "hullo\\r\\n"$'
    assert_line --regexp '^ +received "hello\\r\\n"$'
    refute_output --partial "never reached"
}

@test "nothing comes: expect says so when the deadline of the script is over" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play -t 0.3 <<EOF
alice connect 127.0.0.1:$WHERE
alice expect "x"
EOF
    assert_failure 1
    assert_line --regexp '^ +0\.(3|4)[0-9]+ alice  ! expected "x"$'
}

@test "within bounds one step" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice expect "x" within 50ms
EOF
    assert_failure 1
    assert_line --regexp '^ +0\.[01][0-9]+ alice  ! expected "x"$'
}

@test "until and drain: received in one go or byte by byte, 200 kB in bounded memory" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice trickle 1ms "GET / HTTP/1.1\r\n\r\n"
alice until "\r\n\r\n"
alice send "a"*100000 "END" "b"*100000
alice until "END"
alice half-close
alice drain
alice fin
EOF
    assert_success
}

@test "until says what it waited for" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice send "abc"
alice half-close
alice until "d"
EOF
    assert_failure 1
    assert_line --partial '! expected to receive up to'
    assert_line --regexp '^ +"d", but FIN came$'
}

@test "silent: fails when something comes, or the end" {
    server socat TCP-LISTEN:0,bind=127.0.0.1,fork EXEC:cat
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice silent 50ms
alice send "x"
alice silent 2s
EOF
    assert_failure 1
    assert_line --partial "nothing came for 50 ms"
    assert_line --partial "! expected nothing to come for 2000 ms"
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice half-close
alice silent 2s
EOF
    assert_failure 1
}

@test "nc connects to a party that listens" {
    cat >script <<EOF
host listen 127.0.0.1:0
bob  accept host
bob  expect "from nc\n"
bob  send   "to nc\n"
bob  close
EOF
    server "$TALK" script
    run timeout 5 nc -N 127.0.0.1 "$WHERE" <<<"from nc"
    assert_output "to nc"
    wait "$PID"
    run cat server.out
    assert_output "listening on port $WHERE"
}

@test "no client comes: accept says so" {
    play <<EOF
host listen 127.0.0.1:0
bob accept host within 50ms
EOF
    assert_failure 1
    assert_line --partial "! expected a client to connect, but none came"
}

@test "accept goes on waiting when something comes for another party" {
    free_port
    play <<END
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
alice send "something"
carol accept host within 50ms
END
    assert_failure
    local at
    at=$(sed -n 's/^ *\([0-9.]*\) carol .*none came$/\1/p' <<<"$output")
    awk -v at="$at" 'BEGIN { exit !(at >= 0.05) }' || fail "$output"
}

@test "FIN and RST are told apart, on either side" {
    free_port
    play <<EOF
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
bob   reset
alice rst
carol connect 127.0.0.1:$PORT
dave  accept host
carol close
dave  fin
EOF
    assert_success
    local end
    for end in "bob reset|alice fin|expected FIN, but RST came" \
        "bob close|alice rst|expected RST, but FIN came"; do
        IFS='|' read -r first second message <<<"$end"
        play <<EOF
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
$first
$second
EOF
        assert_failure 1
        assert_line --partial "! $message"
    done
}

@test "fin fails when bytes reach the other side after it has closed" {
    free_port
    play <<EOF
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
bob   close
alice send "too late"
alice fin
EOF
    assert_failure 1
    assert_line --partial "! expected FIN alone, but RST followed"
}

@test "fin fails while bytes are left that nobody expected" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 SYSTEM:'echo surplus'
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice fin
EOF
    assert_failure 1
    assert_line --partial "! expected FIN, but more bytes came"
}

@test "taken waits until the other side has received, and no longer" {
    free_port
    play <<EOF
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
bob   deaf
alice send "x"
alice taken within 50ms
EOF
    assert_failure 1
    assert_line --partial "! expected the other side to receive all of it"
    play <<EOF
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
alice send "x"
alice taken
bob   expect "x"
EOF
    assert_success
}

@test "a deaf party makes the sender's socket full; then it hears again" {
    free_port
    play -t 0.5 <<EOF
host  listen 127.0.0.1:$PORT
bob   deaf
bob   connect 127.0.0.1:$PORT
alice accept host
alice send "x"*16000000
EOF
    assert_failure 1
    assert_line --regexp '! send: [0-9]+ bytes are not taken'
    play <<EOF
host  listen 127.0.0.1:$PORT
bob   deaf
bob   connect 127.0.0.1:$PORT
alice accept host
alice send "x"*60000
bob   hear
bob   expect "x"*60000
EOF
    assert_success
}

@test "a party that nobody asks keeps no more than its inbox" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 SYSTEM:'head -c 100000000 /dev/zero'
    cat >script <<EOF
alice connect 127.0.0.1:$WHERE
alice until "\0\0"
alice silent 300ms
EOF
    run sh -c "ulimit -v 200000; '$LAB/tests/stage/stage' script"
    assert_failure 1
    assert_line --partial "! expected nothing to come for 300 ms"
}

@test "send to a side that has closed fails with the reason" {
    free_port
    play <<EOF
host  listen 127.0.0.1:$PORT
alice connect 127.0.0.1:$PORT
bob   accept host
bob   reset
alice rst
alice send "x"
EOF
    assert_failure 1
    assert_line --partial "! send: the other side has closed already"
}

@test "connecting to nobody says so" {
    free_port
    play <<<"alice connect 127.0.0.1:$PORT"
    assert_failure 1
    assert_line --partial "! connect 127.0.0.1:$PORT: Connection refused"
}

@test "IPv6" {
    server socat 'TCP6-LISTEN:0,bind=[::1]' EXEC:cat
    play <<EOF
alice connect [::1]:$WHERE
alice send "six"
alice taken
alice expect "six"
EOF
    assert_success
}

@test "UDP: socat answers, a datagram stays one datagram" {
    server socat UDP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<EOF
alice connect udp:127.0.0.1:$WHERE
alice send "one"
alice expect "one"
alice silent 20ms
EOF
    assert_success
}

@test "UDP: an unconnected party answers its last sender; an empty datagram is one" {
    free_port
    play <<EOF
host  bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$PORT
bob   connect udp:127.0.0.1:$PORT
alice send "a"
bob   send ""
host  expect "a"
host  send "for alice"
host  expect ""
host  send "for bob"
bob   expect "for bob"
alice expect "for alice"
EOF
    assert_success
    play <<EOF
host  bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$PORT
alice send "two words"
host  expect "two"
EOF
    assert_failure 1
    assert_line --regexp '^ +"two" \(3 bytes\)$'
}

@test "UDP: aim sends to an address, and hears everybody, as connect does not" {
    free_port
    local stranger="stranger bind udp:127.0.0.2:$PORT
stranger aim udp:127.0.0.3:$PORT
stranger send \"you don't know me\""
    play <<EOF
host  bind udp:127.0.0.1:$PORT
alice bind udp:127.0.0.3:$PORT
alice aim udp:127.0.0.1:$PORT
alice send "hello"
host  expect "hello"
$stranger
alice expect "you don't know me"
EOF
    assert_success
    play <<EOF
alice bind udp:127.0.0.3:$PORT
alice connect udp:127.0.0.1:$PORT
$stranger
alice silent 20ms
EOF
    assert_success
}

@test "UDP: a stranger can write to whoever has sent a datagram" {
    free_port
    play <<EOF
host  bind udp:127.0.0.1:$PORT
alice bind udp:127.0.0.2:$PORT
alice connect udp:127.0.0.1:$PORT
alice send "a"
host  expect "a"
eve   connect @host
eve   send "from elsewhere"
alice silent 20ms
host  connect @host
host  send "for alice"
alice expect "for alice"
EOF
    assert_success
    play <<EOF
host  bind udp:127.0.0.1:$PORT
eve   connect @host
EOF
    assert_failure 1
    assert_line --partial "connect @host: no datagram has come there"
}

@test "UDP: 65507 bytes" {
    free_port
    play <<EOF
host  bind udp:127.0.0.1:$PORT
alice connect udp:127.0.0.1:$PORT
alice send "x"*65507
host  expect "x"*65507
EOF
    assert_success
}

@test "AF_UNIX stream: socat on either side; the path is removed at the end" {
    server socat UNIX-LISTEN:echo.sock EXEC:cat
    play <<EOF
alice connect unix:echo.sock
alice send "x"
alice taken
alice expect "x"
EOF
    assert_success
    cat >script <<EOF
host listen unix:talk.sock
bob  accept host
bob  expect "from socat"
EOF
    server "$TALK" script
    assert_equal "$WHERE" talk.sock
    printf 'from socat' | timeout 5 socat - UNIX-CONNECT:talk.sock
    wait "$PID"
    [ ! -e talk.sock ]
}

@test "AF_UNIX datagrams: with a name there is an answer" {
    server socat UNIX-RECVFROM:host.sock,fork EXEC:cat
    play <<EOF
alice bind unixgram:alice.sock
alice connect unixgram:host.sock
alice send "x"
alice expect "x"
EOF
    assert_success
    [ ! -e alice.sock ]
    cat >script <<EOF
host bind unixgram:talk.sock
host expect "from socat"
EOF
    server "$TALK" script
    printf 'from socat' | timeout 5 socat - UNIX-SENDTO:talk.sock
    wait "$PID"
}

@test "save writes what is received, NUL bytes and all" {
    printf 'a\0b\r\n' >sent
    server socat TCP-LISTEN:0,bind=127.0.0.1 SYSTEM:'cat sent'
    play <<EOF
alice connect 127.0.0.1:$WHERE
alice save received
alice drain
EOF
    assert_success
    cmp sent received
}

@test "stop waits until the process stands still; continue lets it go on" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    play <<EOF
server stop $PID
alice connect 127.0.0.1:$WHERE
alice send "x"
alice silent 50ms
server continue $PID
alice expect "x"
EOF
    assert_success
}

@test "a mistake in the script: file, line and what was expected; nothing is done" {
    local line message
    while IFS='|' read -r line message; do
        printf 'host listen 127.0.0.1:0\n%s\n' "$line" >script
        run quietly_talk script
        assert_failure 2
        message=${message/#@/expected an address such as 127.0.0.1:8080, not }
        assert_output "stage: script:2: $message"
    done <<'EOF'
alice|expected a command after the party's name
alice shout "x"|unknown command "shout" (stage --help lists them)
alice connect|@""
alice connect 127.0.0.1|@"127.0.0.1"
alice connect 127.0.0.1:70000|@"127.0.0.1:70000"
alice connect localhost:80|@"localhost:80"
alice connect 127.0.0.1:80 now|unexpected "now" at the end of the line
alice send bonjour|expected a string in double quotes after send, not "bonjour"
alice send "bon|the string has no closing quote
alice send "\q"|unknown escape \q; known: \n \r \t \0 \\ \" \xHH
alice send "x"*0|a string is repeated 1 or more times, up to 16777216 bytes
alice send "x" 20|expected a time such as 20ms or 2s, not "20"
alice silent soon|expected a time such as 20ms or 2s, not "soon"
alice stop me|expected a process number after stop
alice save|expected a file's name after save
alice expect "x" within|unexpected "within" at the end of the line
a-very-long-name close|expected a party's name, of 1 to 15 letters, not "a-very-long-name"
EOF
    printf 'alice connect unix:%0108d\n' 0 >script
    run quietly_talk script
    assert_failure 2
    assert_output --partial "a path has 1 to 107 bytes"
}

@test "a command without a socket says so" {
    play <<<'alice send "x"'
    assert_failure 1
    assert_line --partial "alice  ! send: no socket is open"
}

@test "wrong command lines: exit status 2 and a word" {
    run quietly_talk no-such-file
    assert_failure 2
    assert_output "stage: no-such-file: No such file or directory"
    run quietly_talk -t 0 /dev/null
    assert_failure 2
    assert_output --partial "usage: stage"
    run quietly_talk -x
    assert_failure 2
    run quietly_talk one two
    assert_failure 2
}

@test "a long conversation is shown by its last events" {
    server socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    {
        echo "alice connect 127.0.0.1:$WHERE"
        for n in {1..100}; do
            printf 'alice send "%d\\n"\nalice expect "%d\\n"\n' "$n" "$n"
        done
        echo 'alice expect "x" within 20ms'
    } >script
    run quietly_talk script
    assert_failure 1
    assert_line --regexp '\([0-9]+ earlier events left out\)'
    assert_line --regexp 'alice  < "100\\n"'
    ((${#lines[@]} < 70))
}

@test "every word of the language is in its help and in README.md, with all kinds" {
    local word
    cd "$LAB/tests/stage" || return
    while read -r word; do
        grep -q "\`$word\`" README.md || fail "README.md: no $word"
        "$TALK" --help | grep -qw -e "$word" || fail "--help: no $word"
    done < <(sed -n 's/^    {"\([a-z-]*\)", ".*/\1/p' stage.c)
    while read -r word; do
        grep -q "\`$word\`" README.md || fail "README.md: no kind $word"
    done < <(grep -hoE 'fails\(stage, party,[^"]*"[a-z]+"' ./*.c | grep -oE '"[a-z]+"' |
        tr -d '"' | sort -u)
}
