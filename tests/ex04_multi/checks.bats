#!/usr/bin/env bats
# ex04_multi: 20 points. One service, three ways to serve many clients: what is asked of
# several programs is one function here, called for each of them as PROGRAM. What a failed
# scene says stands in causes.md, under its name.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
load ../lib/lab
load ../lib/scene

ALL="echo_fork chat_threads chat_poll"
CHATS="chat_threads chat_poll"
MEMORY_MIB=16384 # of address space: a hundred threads reserve a lot and never touch it
LONG_S=$((30 * PATIENCE)) # for a scene of thousands of lines; each part has its own time

setup_file() {
    # shellcheck disable=SC2086
    open_exercise ex04_multi $ALL
    for PROGRAM in $ALL; do
        blocked "$PROGRAM" || must_open "$PROGRAM" @port
    done
    aside starts_under_strace
    aside early_signals
    for PROGRAM in $ALL; do
        blocked "$PROGRAM" || aside "visits_to_$PROGRAM"
    done
    blocked chat_threads || aside load_under_tsan
}
teardown_file() { close_exercise; }
setup() { ready; }
teardown() { tidy; }

# The scenes that follow are of this program.
only() { # PROGRAM
    needs "$1"
    PROGRAM=$1
}

# Calls COMMAND for each of the programs. Not in a condition, nor in what `aside` calls:
# there no command that fails ends what goes on after it.
for_each() { # PROGRAMS COMMAND...
    # shellcheck disable=SC2086
    needs $1
    for PROGRAM in $1; do "${@:2}"; done
}

# Plays the scene on standard input, in which PROGRAM is started first: only what stands
# there of its start (with, crowded, into) comes before that. A program may still open
# something when it can be reached: it rests before its descriptors are counted. Where
# it only disturbs the program to be stopped, as some calls that wait then fail with EINTR
# (signal(7)) and no client can cause that, the scene is played without.
serving() { # ENTRY [OPTION OF THE STAGE...]
    local script
    script=$(started)
    [[ $script != *LD_PRELOAD=* ]] || preloads
    ! plays -m "$MEMORY_MIB" "${@:2}" <<<"$script" || return 0
    if [[ $script == *"server stop"* ]] &&
        grep -q 'Interrupted system call' "$T.seen"; then
        plays -m "$MEMORY_MIB" "${@:2}" \
            < <(grep -vE ' (stop|continue)$' <<<"$script") && return
    fi
    tell "$1"
}
started() {
    awk -v program="$PROGRAM" '
        !/^server +(with|crowded|into) / { begin() }
        { print }
        END { begin() }
        function begin() {
            if (!begun++)
                print "server start ./" program " @port\nserver reachable @port"
        }'
}

# `bob heard "hello\n"` in a scene is that his line arrives: with echo_fork at himself, in
# a chat at alice, and what she says at bob. Alice comes first, the others as the alphabet
# has them.
heard() {
    awk -v program="$PROGRAM" '
        $2 == "heard" && program == "echo_fork" { sub(/heard/, "expect") }
        $2 == "heard" {
            id = index("abcdefgh", substr($1, 1, 1))
            sub(/^[a-z]+ +heard +"/, (id == 1 ? "bob" : "alice") " expect \"#" id " ")
        }
        { print }'
}

# Two who come, of whom one is served: what every server has to go on doing.
newcomers() {
    if [ "$PROGRAM" = echo_fork ]; then
        cat <<'.'
new    connect @port
new    send    "here\n"
new    expect  "here\n"
.
    else
        cat <<'.'
new    connect @port
too    connect @port
too    send    "here\n"
new    until   " here\n"
.
    fi
}

# Clients c1 to cLAST come and are all served.
come() { # LAST
    echo "c1 connect @port"
    if [ "$PROGRAM" = echo_fork ]; then
        each 2 "$1" 'c@ connect @port' 'c@ send "I am @\n"' 'c@ expect "I am @\n"'
    else
        each 2 "$1" 'c@ connect @port' 'c@ send "I am @\n"' 'c1 until "#@ I am @\n"'
    fi
}

# ---- 1, 2: it is there ----

@test "[1] echo_fork: sends each line back" {
    only echo_fork
    serving echo <<'.'
alice  connect @port
alice  send    "hello\n"
alice  expect  "hello\n"
alice  send    "\n"
alice  expect  "\n"
alice  send    "one\ntwo\n"
alice  expect  "one\ntwo\n"
.
}

@test "[1] all three build without a warning" {
    builds_without_a_warning
}

# ---- 3, 4: a chat ----

# That each who comes is heard proves that the server has admitted them. What a newcomer
# expects first is found with `until`, in every conversation with a chat: a line that was
# received before may be on its way to all, and a newcomer may hear it or not.
converses() {
    serving chat <<'.'
alice  connect @port
alice  send    "is anybody here?\n"
bob    connect @port
bob    send    "hello\n"
alice  expect  "#2 hello\n"
carol  connect @port
carol  send    "I am here\n"
alice  expect  "#3 I am here\n"
bob    until   "#3 I am here\n"
alice  send    "welcome\n"
bob    until   "#1 welcome\n"
carol  until   "#1 welcome\n"
bob    send    "\n"
alice  expect  "#2 \n"
carol  expect  "#2 \n"
bob    half-close
bob    fin
dave   connect @port
dave   send    "am I #2?\n"
alice  expect  "#4 am I #2?\n"
carol  expect  "#4 am I #2?\n"
erin   connect @port
erin   send    "am I?\n"
alice  expect  "#5 am I?\n"
carol  expect  "#5 am I?\n"
carol  send    "no\n"
alice  expect  "#3 no\n"
dave   until   "#3 no\n"
.
}

@test "[1] chat_threads: brings each line to all the others" {
    only chat_threads
    converses
    serving threads <<.
$(come 3)
server threads  >=2
server children 0
.
}

@test "[1] chat_poll: brings each line to all the others, with one thread" {
    only chat_poll
    converses
    serving one-thread <<.
$(come 3)
server threads  1
server children 0
.
}

# ---- 5: the command line ----

@test "[1] all three say where they listen, and refuse a wrong command line" {
    for_each "$ALL" says_where
    for_each "$ALL" refuses_others
    told starts_under_strace
}

says_where() {
    taken_by_others 6667 || scene default-port <<.
server start    ./$PROGRAM
server listens  6667
server prints   "^listening on port 6667$"
.
    scene port-zero <<.
server start    ./$PROGRAM 0
server listens  @chosen
server prints   "^listening on port @chosen$"
.
    serving every-address <<'.'
alice  connect  127.0.0.2:@port
.
    has_room || tell backlog "$(grep -a -e 'ended with' -e LISTEN "$T.seen")"
    scene port-taken <<.
server start    ./$PROGRAM @port
server listens  @port
second start    ./$PROGRAM @port
second exits    1
second says     "^$PROGRAM: (bind|listen): Address already in use$"
.
    scene full-disk <<.
server into     /dev/full
server start    ./$PROGRAM @port
server exits    1
server says     "^$PROGRAM: [a-z]+: No space left on device$"
.
}

# Beside the other checks. A call that the program does not make can't fail.
starts_under_strace() {
    strace_works || return 0
    for PROGRAM in $ALL; do
        { says_it_first && calls_fail; } || return
    done
}

says_it_first() {
    scene line-before-listen <<. || return
server under    strace -D -f -qq -s 200 -o trace -e trace=listen,write,writev
server start    ./$PROGRAM @port
server prints   "^listening on port @port$"
.
    awk '/ listen\(/ { listens = 1 }
        / writev?\(1, .*listening on port/ { exit !listens }' "$T/trace" ||
        tell line-before-listen \
            "$(grep -E ' listen\(| writev?\(1, ' "$T/trace" | cut -d ' ' -f 2-)"
}

calls_fail() {
    local party kind
    ! plays -k < <(starts_first < <(
        failing socket socket "socket|getaddrinfo"
        failing setsockopt setsockopt setsockopt
        failing listen listen listen
        failing getsockname getsockname getsockname
        failing pipe pipe,pipe2 pipe2?
        failing fcntl fcntl fcntl
    )) || return 0
    while read -r party kind; do
        grep -qE "(AF_INET|REUSEADDR|listen|getsockname|pipe|SETFL).*INJECTED" \
            "$T/trace.$party" 2>/dev/null || continue
        echo "$party $kind" >"$T.kinds"
        tell failing-call "$(grep -E "^ *[0-9.]+ $party " "$T.seen")
$(sed -n "/^$party /,/^[a-z]* \(ended\|is still\)/p" "$T.seen" | head -4)" || return
    done <"$T.kinds"
}

# The run in which CALL fails.
failing() { # CALL SYSTEM_CALLS NAMES
    cat <<.
$1 under strace -D -f -qq -o trace.$1 -e trace=$2 -e inject=$2:error=ENOBUFS
$1 start ./$PROGRAM @at$1
$1 exits 1
$1 says  "^$PROGRAM: ($3): No buffer space available$"
.
}

# Whether fifty clients may wait for accept() at a time: one more than ss shows as Send-Q.
has_room() {
    plays < <(started <<'.'
ss     start    ss -Hltn "sport = :@port"
ss     prints   "^LISTEN +[0-9]+ +(49|[5-9][0-9]|[0-9]{3,}) "
.
    )
}

refuses_others() {
    scene command-line -k < <(starts_first < <(
        refused high "$PROGRAM" 65536
        refused huge "$PROGRAM" 4294973963
        refused huge "$PROGRAM" 18446744073709558283
        refused signed "$PROGRAM" -1
        refused signed "$PROGRAM" -0
        refused signed "$PROGRAM" +8080
        refused letters "$PROGRAM" a8080
        refused letters "$PROGRAM" 8080a
        refused letters "$PROGRAM" 0x50
        refused blank "$PROGRAM" ' 8080'
        refused blank "$PROGRAM" '8080 '
        refused empty "$PROGRAM" ''
        refused many "$PROGRAM" 8080 8081
        refused many "$PROGRAM" 8080 8081 8082
    ))
    taken_by_others 65535 || scene highest-port <<.
server start    ./$PROGRAM 65535
server listens  65535
server prints   "^listening on port 65535$"
.
}

# ---- 6, 7, 8: processes ----

@test "[1] echo_fork: no client delays another, or ends the server" {
    only echo_fork
    serving one-at-a-time <<'.'
server into    out
mutea  connect @port
muteb  connect @port
muteb  send    "half a line"
alice  connect @port
bob    connect @port
alice  send    "one\n"
bob    send    "two\n"
bob    expect  "two\n"
alice  expect  "one\n"
alice  reset
bob    send    "three\n"
bob    expect  "three\n"
.
    [ "$(grep -c listening "$T/out")" -le 1 ] ||
        tell printed-twice "$(<"$T/out")"
    serving deaf-echo <<'.'
alice  deaf
alice  connect @port
alice  send    "I do not hear\n"*1000
bob    connect @port
bob    send    "here\n"
bob    expect  "here\n"
.
    fifty_at_once
    no_process_left
    accept_fails
    no_descriptor_left
}

# Where the backlog has room for fifty, which another check tells.
fifty_at_once() {
    ! has_room || serving fifty-at-once <<.
server stop
$(each 1 50 'c@ connect @port')
server continue
$(if [ "$PROGRAM" = echo_fork ]; then
        each 1 50 'c@ send "I am @\n"' 'c@ expect "I am @\n"'
    else
        each 2 50 'c@ send "I am @\n"' 'c1 until "#@ I am @\n"'
    fi)
.
}

# The process or thread for a client can't be made. Where another call makes it, that
# serves `first`, up to its half-close.
no_process_left() {
    serving no-process <<.
server with    FAIL_FORK=1 LD_PRELOAD=./faults.so
server rests
server remember
first  connect @port
first  half-close
$(newcomers)
first  drain
$(has_clients "$([ "$PROGRAM" = echo_fork ] && echo 1 || echo 2)")
server signal  TERM
server exits   0
server says-not "kill.-1"
.
    [ "$PROGRAM" = echo_fork ] || no_id_for_no_thread
}

# A client whose thread could not be made gets no ID and no place. Where it is served all
# the same, as another call makes the thread, there is nothing to see here.
no_id_for_no_thread() {
    plays -m "$MEMORY_MIB" < <(started <<'.'
server with    FAIL_FORK=1 LD_PRELOAD=./faults.so
first  connect @port
first  drain
new    connect @port
too    connect @port
too    send    "here\n"
new    expect  "#2 here\n"
new    send    "and I\n"
too    expect  "#1 and I\n"
too    send    "still\n"
new    expect  "#2 still\n"
.
    ) || grep -q '^first ' "$T.kinds" || tell id-for-no-thread
}

# EMFILE is a matter of descriptors, for which there is another scene.
accept_fails() {
    local errors=EINTR,ECONNABORTED,EPROTO,ENOBUFS,ENOMEM,EPERM
    serving accept-fails -t "$LONG_S" <<.
server with    FAIL_ACCEPT=$errors HASTE=20 LD_PRELOAD=./faults.so:./haste.so
$(newcomers)
.
}

# poll() wants a limit that is no lower than the number of its entries: hence `crowded`.
no_descriptor_left() {
    local talk='c1     until   "#2 still\n" within 500ms'
    [ "$PROGRAM" != echo_fork ] || talk='c2     expect  "still\n" within 500ms'
    serving no-descriptor <<.
server crowded 255
server rests
server remember
$(come 3)
c3     close
$(has_clients 2)
server spare   0
waits  connect @port
server rests
c2     send    "still\n"
$talk
server spare   all
$(newcomers)
.
    serving end-without-descriptors <<.
server crowded 255
$(newcomers)
server spare   0
waits  connect @port
server rests
server signal  TERM
server exits   0 within 1s
.
}

@test "[1] echo_fork: leaves no zombie" {
    only echo_fork
    serving zombies <<.
stays  connect @port
$(each 1 50 'eve connect @port' 'eve send "line @\n"' 'eve expect "line @\n"' 'eve close')
$(each 1 50 'eve connect @port' 'eve send "line @"' 'eve reset')
$(newcomers)
new    close
server rests # by then the last child has ended
server zombies  0
server children 1
.
    serving zombies-at-once <<.
$(each 1 8 'c@ connect @port' 'c@ send "here\n"' 'c@ expect "here\n"')
server rests # by then it has closed its own descriptor of each
server stop
$(each 1 8 'c@ half-close')
$(each 1 8 'c@ drain')
server rests # by then the last child has ended
server continue
server children 0
$(newcomers)
.
    told visits_to_echo_fork
}

@test "[1] echo_fork: parent and child close what is not theirs" {
    only echo_fork
    serving holders <<'.'
server rests
server remember
alice  connect  @port
alice  send     "one\n"
alice  expect   "one\n"
bob    connect  @port
bob    send     "two\n"
bob    expect   "two\n"
server listeners 1
server children 2
server sockets  before
alice  holders  1
bob    holders  1
.
    serving half-close <<'.'
carol  connect  @port
carol  send     "one\ntwo\n"
carol  half-close
carol  expect   "one\ntwo\n"
carol  fin
.
}

# ---- 9: lines ----

@test "[1] all three put lines together, however they come" {
    for_each "$ALL" lines_are_whole
    for_each "$ALL" long_lines_end
    for_each "$ALL" counts_are_short
    for_each "$ALL" comes_late
}

lines_are_whole() { serving lines < <(lines_in_pieces); }
lines_in_pieces() {
    heard <<'.'
alice  connect @port
bob    connect @port
bob    send    "here\n"
bob    heard   "here\n"
alice  send    "bon" 5ms "jour\n"
alice  heard   "bonjour\n"
alice  send    "alice's" 5ms
bob    send    "bob's" 5ms
alice  send    " line\n"
alice  heard   "alice's line\n"
bob    send    " line\n"
bob    heard   "bob's line\n"
alice  send    "one\ntwo\n\nthree\nfo"
alice  heard   "one\n"
alice  heard   "two\n"
alice  heard   "\n"
alice  heard   "three\n"
alice  send    "ur\n"
alice  heard   "four\n"
alice  trickle 1ms "five\n"
alice  heard   "five\n"
alice  send    "six\r\n"
alice  heard   "six\n"
alice  send    "seven\r" 5ms "\n"
alice  heard   "seven\n"
alice  send    "\r\n\r\r\n"
alice  heard   "\n"
alice  heard   "\r\n"
alice  send    "e\0ight\0\n\0\n"
alice  heard   "e\0ight\0\n"
alice  heard   "\0\n"
alice  send    "%s%s%n\r\rnine\n"
alice  heard   "%s%s%n\r\rnine\n"
alice  send    " \t\x01\x04\x1a\x7f\x80\xc3\xa9\xfe\xff \n\xff\n"
alice  heard   " \t\x01\x04\x1a\x7f\x80\xc3\xa9\xfe\xff \n"
alice  heard   "\xff\n"
alice  send    "\n"*200
alice  heard   "\n"*200
alice  send    "a"*511 5ms "\n"
alice  heard   "" "a"*511 "\n"
alice  send    "b"*510 "\r\n" "c"*511 "\n" "d"*300 5ms "d"*211 "\n"
alice  heard   "" "b"*510 "\n"
alice  heard   "" "c"*511 "\n"
alice  heard   "" "d"*511 "\n"
.
}

# Who is told to leave does not close: nobody may wait for that.
long_lines_end() {
    serving last-line < <(heard <<'.'
alice  connect @port
bob    connect @port
bob    send    "whole\nha" 5ms "lf"
bob    half-close
bob    heard   "whole\n"
bob    drain
carol  connect @port
carol  send    "I am carol\n" "ha"
carol  heard   "I am carol\n"
carol  reset
dave   connect @port
dave   send    "I am dave\n"
dave   heard   "I am dave\n"
.
    )
    serving too-long < <(heard <<.
server rests
server remember
alice  connect @port
bob    connect @port
bob    send    "b"*511 5ms "b"
bob    expect  "line too long\n"
bob    drain
carol  connect @port
carol  send    "here\n"
carol  heard   "here\n"
dave   connect @port
dave   send    "d"*511 "\r\n"
dave   expect  "line too long\n"
dave   drain
erin   connect @port
erin   send    "e"*5000
erin   expect  "line too long\n"
erin   drain
carol  send    "and here\n"
carol  heard   "and here\n"
$(has_clients 2)
.
    )
}

# That the server has come to hold so many clients, and no more, since `remember`.
has_clients() { # NUMBER
    if [ "$PROGRAM" = echo_fork ]; then
        printf 'server %s\n' "children $1" "sockets before"
    else
        echo "server sockets before+$1"
    fi
}

counts_are_short() {
    serving short-counts < <(
        echo "server with SHORT_SEND=3 SHORT_RECV=2 LD_PRELOAD=./short_io.so"
        lines_in_pieces
    )
}

# Five minutes, as the program counts them.
comes_late() {
    serving long-silence < <(heard <<'.'
server with    HASTE=1000 LD_PRELOAD=./haste.so
alice  connect @port
bob    connect @port
bob    send    "bon"
bob    silent  300ms
bob    send    "jour\n"
bob    heard   "bonjour\n"
.
    )
}

# ---- 10, 11: nobody delays anybody ----

FLOOD=$(printf '%0511d' 0)'\n'

delays_nobody() {
    serving silent-clients <<'.'
half   connect @port
half   send    "half a line"
alice  connect @port
alice  send    "here\n"
half   expect  "#2 here\n"
mute   connect @port
bob    connect @port
bob    send    "too\n"
alice  expect  "#4 too\n"
mute   until   "#4 too\n"
alice  send    "at last\n"
bob    until   "#2 at last\n"
mute   expect  "#2 at last\n"
server rests
.
    serving deaf-client -t "$LONG_S" <<.
server rests
server remember
deaf   deaf
deaf   connect @port
deaf   send    "I do not hear\n"
alice  connect @port
alice  send    "what?\n"
bob    connect @port
bob    send    "here\n"
alice  until   "#3 here\n"
$(each 1 64 "alice send \"$FLOOD\"*127 \"end @\\n\"" \
        'bob until "#2 end @\n" within 500ms')
server sockets before+2
deaf   hear
deaf   drain
.
    serving endless-client <<'.'
alice  connect @port
flood  start   bash -c "exec yes '' >/dev/tcp/127.0.0.1/@port"
alice  until   "#2 \n"
bob    connect @port
bob    send    "here\n"
alice  until   "#3 here\n"
server signal  TERM
server exits   0 within 1s
.
}

@test "[1] chat_threads: who never speaks or never receives delays no other" {
    only chat_threads
    delays_nobody
}

@test "[1] chat_poll: who never speaks or never receives delays no other" {
    only chat_poll
    delays_nobody
}

# ---- 12, 13: places ----

# A hundred clients, who are all in: c100 has heard all that was said before.
hundred() {
    come 100
    cat <<'.'
c50    send    "We are 100\n"
c100   until   "#50 We are 100\n"
.
}

has_places() {
    fifty_at_once
    serving at-once <<.
server with    LATE_THREADS=200 LD_PRELOAD=./faults.so
server stop
$(each 1 5 'c@ connect @port')
server continue
c5     send    "I am 5\n"
c1     expect  "#5 I am 5\n"
$(each 1 4 'c@ send "I am @\n"' 'c5 expect "#@ I am @\n"')
.
    serving server-full <<.
$(hundred)
server remember
full   connect @port
full   expect  "server full\n"
full   drain
c2     send    "still here\n"
c100   expect  "#2 still here\n"
$(each 1 10 'late connect @port' 'late expect "server full\n"' 'late drain')
server descriptors before
server rests
.
    # That the twenty who leave are gone is certain, at the latest, when the last has seen
    # its end: at least nineteen places are free then, however late one thread may be.
    serving places-again <<.
$(hundred)
c101   connect @port
c101   expect  "server full\n"
$(each 61 80 'c@ half-close' 'c@ drain')
$(each 101 119 'd@ connect @port' 'd@ send "new\n"' 'c100 expect "#@ new\n"')
c90    send    "one line each\n"
d101   until   "#119 new\n"
d101   expect  "#90 one line each\n"
d119   until   "#90 one line each\n"
.
}

@test "[1] chat_threads: has 100 places, and uses them again" {
    only chat_threads
    has_places
}

@test "[1] chat_poll: has 100 places, and uses them again" {
    only chat_poll
    has_places
}

# ---- 14, 15: what clients and the system may do ----

survives() {
    broken_pipe
    serving clients-leave <<.
server rests
server remember
alice  connect @port
bob    connect @port
carol  connect @port
dave   connect @port
dave   send    "here\n"
alice  expect  "#4 here\n"
bob    expect  "#4 here\n"
carol  expect  "#4 here\n"
server stop
alice  send    "a line for everybody\n"*100
bob    reset
carol  half-close
carol  reset
server continue
dave   expect  "#1 a line for everybody\n"*100
dave   send    "thank you\n"
alice  expect  "#4 thank you\n"
$(newcomers)
new    reset
too    half-close
too    drain
$(each 1 55 'eve connect @port' 'eve send "e"' 'eve reset')
server sockets before+2 # a hundred places: those who have left leave them, some time
$(each 1 55 'eve connect @port' 'eve send "e"' 'eve reset')
server sockets before+2
eve    connect @port
eve    send    "we were many\n"
alice  until   " we were many\n"
eve    close
alice  close
dave   close
server sockets before
server rests
.
    [ "$PROGRAM" = chat_poll ] || no_process_left
    accept_fails
    no_descriptor_left
}

# One of three meets a broken pipe, whoever comes first: the two others hear both lines.
broken_pipe() {
    local pipe="these words meet a broken pipe" entry=broken-pipe
    serving "$entry" <<.
server with    "EPIPE_AT=$pipe" LD_PRELOAD=./faults.so
alice  connect @port
$(each 2 4 'c@ connect @port' 'c@ send "here\n"' 'alice expect "#@ here\n"' 'c@ save c@')
alice  send    "$pipe\n"
alice  send    "the next\n"
alice  half-close
alice  drain
server signal  KILL
$(each 2 4 'c@ drain')
.
    [ "$(cat "$T"/c[234] | grep -c -e "^#1 $pipe\$" -e '^#1 the next$')" -eq 4 ] ||
        tell "$entry" "what the three received, after each other:
$(cat "$T"/c[234])"
}

@test "[1] chat_threads: survives whatever clients and the system do" {
    only chat_threads
    survives
}

@test "[1] chat_poll: survives whatever clients and the system do" {
    only chat_poll
    survives
}

# ---- 16, 17: many clients ----

@test "[1] both chats carry 20 clients at once, every line whole and in order" {
    for_each "$CHATS" carries_a_crowd
}

carries_a_crowd() {
    serving crowd -t "$LONG_S" < <(a_crowd 20 20 200)
    serving crowd-short -t "$LONG_S" < <(
        echo "server with SHORT_SEND=9 LD_PRELOAD=./short_io.so"
        a_crowd 8 8 50
    )
}

# A crowd as a party: its sentence, which is shown where it fails, says what is wrong.
a_crowd() { # CLIENTS SENDERS LINES
    cat <<.
crowd  with    LAB_WATCH=%server
crowd  start   "$LAB/tests/stage/crowd" -t $((TALK_S * 2)) @port $*
crowd  exits   0
.
}

# Beside the other checks: clients come, talk, and go. A thread may wait to be joined up
# to the next client, and memory to be used again: one looks first when some have been.
visits_to_chat_threads() { PROGRAM=chat_threads chat_visits; }
visits_to_chat_poll() { PROGRAM=chat_poll chat_visits; }
chat_visits() {
    serving visits -t "$LONG_S" <<.
server rests
server remember
host   connect @port
$(visitors 2 801)
$(too_long 20)
$(many_lines 822 2000)
server sockets before+1
server remember
$(visitors 823 2022)
$(too_long 100)
$(many_lines 2123 20000)
server sockets before
$(nothing_lost)
.
}

visitors() { # FIRST LAST
    each "$1" "$2" 'eve connect @port' 'eve send "@ is here\n"' \
        'host until "#@ @ is here\n"'
}

too_long() { # TIMES
    each 1 "$1" 'eve connect @port' 'eve send "e"*512' 'eve drain'
}

many_lines() { # ID LINES
    cat <<.
eve    connect @port
eve    send    "here\n"*$2 "e"*511 "\n"
host   until   "#$1 e"
host   expect  "e"*510 "\n"
eve    close
.
}

nothing_lost() {
    printf 'server %s\n' 'descriptors before' 'threads before' 'children before' \
        'memory before+100'
}

visits_to_echo_fork() {
    PROGRAM=echo_fork serving visits -t "$LONG_S" <<.
server rests
server remember
$(visits_of_echo 100)
$(too_long 20)
eve    close
server children before
server remember
$(visits_of_echo 1000)
$(too_long 100)
eve    close
$(nothing_lost)
.
}

visits_of_echo() { # TIMES
    each 1 "$1" 'eve connect @port' 'eve send "line @\n"' 'eve expect "line @\n"'
}

@test "[1] both chats let 2,000 clients come and go, and lose nothing" {
    # shellcheck disable=SC2086
    needs $CHATS
    told visits_to_chat_threads
    told visits_to_chat_poll
}

# ---- 18: the end ----

@test "[1] all three end within a second on SIGTERM, with 50 clients connected" {
    for_each "$ALL" ends_in_order
    told early_signals
}

# A client of echo_fork that does not receive keeps its child waiting in send().
ends_in_order() {
    serving sigterm <<.
$(come 50)
$([ "$PROGRAM" != echo_fork ] || cat <<'END'
deaf   deaf
deaf   connect @port
deaf   send    "here\n"
deaf   hear
deaf   expect  "here\n"
deaf   deaf
deaf   send    "not received\n"*1000
END
)
server signal  TERM
server exits   0 within 1s
server survivors 0
.
    scene time-wait <<.
before listen  0.0.0.0:@port
bob    connect @port
alice  accept  before
alice  close
bob    drain
bob    close
before close
server start   ./$PROGRAM @port
server listens @port
.
    serving sigint <<.
$(newcomers)
server signal  INT
server exits   0 within 1s
.
    serving nobody-there <<'.'
server rests
server signal  TERM
server exits   0 within 1s
.
}

# Beside the other checks: a signal that comes while listen() is being called.
early_signals() {
    strace_works || return 0
    for PROGRAM in $ALL; do
        scene early-signal <<. || return
server under   strace -D -f -qq -o trace -e inject=listen:delay_exit=300000
server start   ./$PROGRAM @port
server listens @port
server signal  TERM
server exits   0
.
    done
}

# ---- 19, 20: the sanitizers ----

@test "[1] all are clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    with_sanitizers
    for_each "$ALL" is_clean sanitizers lines_of_every_kind
    [ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -ge 2048 ] || return 0
    ulimit -n 2048
    for_each "$CHATS" is_clean many-descriptors above_1023
}

# Plays the steps that COMMAND prints with the plain build and then, for what the
# sanitizers say, with theirs. Where it only fails with theirs, without a word, that has
# one cause; where it fails with both, other checks tell why.
is_clean() { # ENTRY COMMAND
    local script plain=1
    CHECKS="" serving unserved < <(newcomers)
    script=$(started < <("$2"))
    CHECKS="" plays -k <<<"$script" || plain=""
    ! plays -s -k <<<"$script" || return 0
    ! grep -qE ' (sanitizer|leak)$' "$T.kinds" || tell "$1" "$(sanitizers_said "$T.seen")"
    [ -z "$plain" ] || tell uninitialised
}

ends_clean() {
    printf 'server %s\n' clean 'signal TERM' exits clean # leaks are told at the end
}

lines_of_every_kind() {
    lines_in_pieces
    cat <<'.'
long   connect @port
long   send    "l"*5000
long   drain
.
    [ "$PROGRAM" = echo_fork ] || {
        each 4 101 'c@ connect @port' 'c@ send "I am @\n"' 'bob until "#@ I am @\n"'
        cat <<'.'
c101   send    "z"*511 "\n"
bob    until   "#101 z"
bob    expect  "z"*510 "\n"
full   connect @port
full   drain
.
    }
    ends_clean
}

above_1023() {
    echo "server crowded 1023"
    newcomers
    ends_clean
}

# Beside the other checks: chat_threads built with ThreadSanitizer, and a crowd. Where its
# memory lies where this kernel randomizes too much, it is started without that.
load_under_tsan() {
    local PROGRAM=chat_threads fixed=""
    PROGRAMS=chat_threads compile_all "$T" -fsanitize=thread || return 0
    [ -x "$T/chat_threads" ] || return 0
    plays -s -b "$T" < <(started </dev/null) || fixed="server under setarch -R"
    plays -s -b "$T" < <(echo "$fixed"; started </dev/null) || return 0
    : >"$T/works"
    under_tsan races < <(a_crowd 10 10 30) || return
    under_tsan races < <(
        echo "host connect @port"
        each 1 30 'eve@ connect @port' 'eve@ send "here\n"' 'host until " here\n"' \
            'eve@ close'
        # Each eve leaves while 200 lines are on their way to her.
        each 31 60 'eve@ connect @port' 'eve@ send "here\n"' 'host until " here\n"' \
            'host send "to you\n"*200' 'eve@ reset'
    ) || return
    under_tsan races < <(
        come 100
        printf 'full %s\n' 'connect @port' drain
        each 2 100 'c@ send "here\n"'
        each 20 60 'c@ reset'
    )
}

under_tsan() { # ENTRY
    local steps
    steps=$(cat)
    plays -k -s -b "$T" -t "$LONG_S" < <(
        echo "$fixed"
        started <<<"$steps"
        ends_clean
    ) || ! grep -q ' sanitizer$' "$T.kinds" || tell "$1" "$(sanitizers_said "$T.seen")"
}

@test "[1] chat_threads: ThreadSanitizer is silent under load" {
    needs chat_threads
    told load_under_tsan
    [ -e "$BATS_FILE_TMPDIR/load_under_tsan/works" ] ||
        skip "the compiler has no ThreadSanitizer here, or it can't run"
}
