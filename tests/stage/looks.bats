#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2119,SC2120 # programs expand; scenes on standard input
# What the stage sees of programs from outside, what it types, how it prepares a start.

setup_file() { make -s -C "$BATS_TEST_DIRNAME/../.." instruments; }

setup() {
    load ../kit/kit
    cd "$BATS_TEST_TMPDIR" || return
}

play() { run timeout 60 "$LAB/tests/stage/stage" "$@" 3>&- 4>&-; }

# The kinds of failure in the file kinds, one for each step that has failed.
kinds_are() { assert_equal "$(sort kinds)" "$(printf '%s\n' "$@" | sort)"; }

@test "what is typed is read, and all that is printed can be asked for" {
    play -k -K kinds <<'.'
cat keyboard
cat start cat
cat types "one\n" "tw" 5ms "o"
cat shows "tw"
cat prints-only "one\n" "two"
cat prints-last "two"
cat types-end
cat exits 0
not keyboard
not start cat
not types "x\n"
not prints-only "y\n" within 1s
.
    assert_failure 1
    kinds_are "not differs"
}

@test "input, into, reads and crowded prepare a start" {
    printf 'a\nb\n' >text
    play <<'.'
file input text
file start cat
file prints-only "a\nb\n"
full into /dev/full
full start echo hello
full says "No space left"
full exits 1
yes start yes
head reads yes
head start head -n 1
head prints-only "y\n"
yes exits
crowd crowded 40
crowd start sleep 60
crowd descriptors >=41
crowd spare 2
look start prlimit --noheadings --output SOFT --pid %crowd --nofile
look prints "^ *(43|44)$"
.
    assert_success
}

@test "full: what is in a file stays, and nothing more goes in" {
    play <<'.'
file into out
file keyboard
file start bash -c "while read -r line; do echo $line || echo still here >&2; done"
file types "one\n"
file rests
file full
file types "two\n"
file says "File too large"
file says "still here"
.
    assert_success
    assert_equal "$(cat out)" one
}

@test "threads, children, zombies, sockets, memory: a wrong count is named" {
    play -K kinds -k <<'.'
family start bash -c "sleep 60 & sleep 60 & wait"
family children 2
family zombies 0
family threads 1
family remember
family children before
family memory before+4096
family descriptors before within 1s
alone start sleep 60
alone children >=1 within 20ms
sockets start sleep 60
sockets sockets 1 within 20ms
threads start sleep 60
threads threads 2 within 20ms
memory start sleep 60
memory memory 1 within 20ms
.
    assert_failure 1
    kinds_are "alone children" "sockets sockets" "threads threads" "memory memory"
}

@test "who holds a connection, who is left, who never rests" {
    play -K kinds -k <<'.'
server start socat TCP-LISTEN:@port,fork,reuseaddr EXEC:cat
server reachable @port
server listeners 1
alice connect @port
alice send "x"
alice expect "x"
alice holders <=2
alice reset
family start bash -c "sleep 60 & sleep 60"
family children 2
family signal KILL
family exits
family survivors 2
busy start bash -c "while :; do :; done"
busy rests
calm start sleep 60
calm rests
.
    assert_failure 1
    kinds_are "busy busy"
}

@test "datagrams are timed by the kernel's clock" {
    play -K kinds -k <<'.'
eve bind udp:127.0.0.1:@eve
bob connect udp:127.0.0.1:@eve
bob send "a" 60ms "b"
eve expect "a"
eve quiet 40ms
eve expect "b"
eve quiet 10ms
carol bind udp:127.0.0.1:@carol
dan connect udp:127.0.0.1:@carol
dan send "a" 20ms "b"
carol expect "a"
carol quiet 500ms
.
    assert_failure 1
    kinds_are "carol early"
}

@test "nobody waits for a program that has ended" {
    play -K kinds -k <<'.'
door listen @door
eve bind udp:127.0.0.1:@eve
quick start true
quick exits 0
server accept door
eve expect "hello"
.
    assert_failure 1
    kinds_are "server ended" "eve ended"
}

@test "a thread that lives on is looked at where main() has ended" {
    cat >main.c <<'END'
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
static void *live(void *argument)
{
    pause();
    return argument;
}
int main(void)
{
    pthread_t thread;
    listen(socket(AF_INET, SOCK_STREAM, 0), 1);
    pthread_create(&thread, NULL, live, NULL);
    pthread_exit(NULL);
}
END
    cc -pthread -o main main.c
    play <<'.'
main start ./main
main threads 1
main reachable @port
main sockets 1
main rests
.
    assert_success
}

@test "in a cell a program has no other files, processes or environment" {
    [ -n "$(command -v bwrap)" ] || skip "there is no bubblewrap here"
    mkdir room
    cat >look.c <<END
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
    printf("%s %s %d\n", access("$LAB/Makefile", F_OK) == 0 ? "files" : "none",
           getenv("SECRET") != NULL ? "environment" : "none",
           kill(-1, 0)); /* nobody else is there to get a signal */
    fflush(stdout);
    return fopen("$BATS_TEST_TMPDIR/mine", "w") != NULL || fopen("mine", "w") == NULL;
}
END
    cc -o look look.c
    SECRET=1 LAB_CELL=$LAB/tests/stage play -b . -d room <<'.'
look start ./look
look prints "^none none -1$"
look exits 0
.
    assert_success
}
