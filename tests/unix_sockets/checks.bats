#!/usr/bin/env bats
# unix_sockets: 20 points. Every program, and the stage, runs in the check's own
# directory; paths are relative, so that they stay far below the 108 bytes of sun_path.
# (But for those of dgram_server's clients: it may have moved to another directory.) What
# a failed scene says stands in causes.md, under its name, of the program in PROGRAM.
# shellcheck disable=SC2034,SC2119,SC2120,SC2153 # variables of lib/lab; scenes on stdin
load ../lib/lab
load ../lib/scene

SERVERS="stream_server dgram_server"
FIRST_PATH=path_of_a_server_%d # longer than the 14 bytes of a struct sockaddr
printf -v A107 'a%.0s' {1..107}

setup_file() {
    open_exercise unix_sockets stream_server stream_client dgram_server dgram_client
    for PROGRAM in $SERVERS; do
        comes <<.
server start     ./$PROGRAM $FIRST_PATH
server reachable unix:$FIRST_PATH
server shows     "listening on"
.
    done
    PROGRAM=stream_client comes <<'.'
door   listen    unix:s
client start     ./stream_client s
peer   accept    door
.
    PROGRAM=dgram_client comes <<'.'
server bind      unixgram:s
client start     ./dgram_client s hello
server expect    "hello"
.
    blocked dgram_client ||
        for way in never_answers answers_late answers_junk is_deaf leaves_unanswered; do
            aside "$way"
        done
}
teardown_file() { close_exercise; }
setup() {
    ready
    OWN=$T/ # where the clients of dgram_server have their paths
    [ ${#T} -lt 80 ] || OWN=""
    LONG=$OWN$A107 LONG=${LONG:0:107}
}
teardown() { tidy; }

# Once for the file, for PROGRAM: where it does not come so far, nothing else of it can be
# tested. Another path, another datagram, or no word of it, is a check's own matter.
comes() {
    ! blocked "$PROGRAM" && ready || return 0
    enter_room "$BATS_FILE_TMPDIR/$PROGRAM"
    ! plays || return 0
    case $(<"$T.kinds")$(<"$T.seen") in
    *" unsaid"*) : >"$BATS_FILE_TMPDIR/mute.$PROGRAM" ;;
    *" elsewhere"* | *"server < "*) ;;
    *)
        (cd "$T" && find . -type s ! -name "$FIRST_PATH" -printf 'a socket at %P\n') \
            >>"$T.seen"
        about opens
        block "$PROGRAM" "$(last_of <"$T.seen")"
        ;;
    esac
}

# Fails the test for PARTY, or the first that failed in a scene with -k: with what ENTRY
# says of its program, and what was seen of it.
tell_first() { # PARTY ENTRY
    local seen party kind
    while read -r party kind && [ "${1:-$party}" != "$party" ]; do :; done <"$T.kinds"
    seen=$(awk -v party="$party" '
        /^ *[0-9.]+ / { own = $2 == party }
        /^[^ ]+ (ended with|is still running)/ { own = $1 == party }
        own' "$T.seen")
    echo "$party $kind" >"$T.kinds"
    [[ ! $seen =~ "start ".*[./]/?([a-z]+_(server|client)) ]] ||
        PROGRAM=${BASH_REMATCH[1]}
    tell "$2" "$seen"
}

# Steps that wait until a server can be reached, and has said so: then it is ready for
# everything. What is known to say nothing is not waited for.
up() { # PARTY PATH [PROGRAM]
    echo "$1 reachable unix:$2"
    [ -f "$BATS_FILE_TMPDIR/mute.${3:-$PROGRAM}" ] || echo "$1 shows \"listening on\""
}

# Steps that start the server PROGRAM.
serving() { # [PATH]
    echo "server start ./$PROGRAM ${1:-s}"
    up server "${1:-s}"
}

# Steps of a client of stream_server that is served.
served() { # PARTY [PATH]
    echo "$1 connect unix:${2:-s}
$1 send \"$1\"
$1 expect \"$1\"
$1 half-close
$1 fin"
}

# Steps of a client of dgram_server that gets its answer.
answered() { # PARTY [PATH]
    echo "$1 bind unixgram:$OWN$1
$1 connect unixgram:${2:-s}
$1 send \"hello\""
    printf '%s expect "\\0\\0\\0\\x05"\n' "$1"
}

# Steps that look whether a file is there.
look() { # there|gone PATH
    local not=""
    [ "$1" = there ] || not="! "
    echo "$1 start test $not-e $2
$1 exits 0"
}

# Steps that find no socket in this directory, or below it.
no_socket() {
    echo 'left start find . -type s
left exits 0
left prints-only ""'
}

@test "[1] both servers listen on the path they are given, and say so" {
    # shellcheck disable=SC2086
    needs $SERVERS
    for PROGRAM in $SERVERS; do
        scene listens-where-asked <<.
server start   ./$PROGRAM $FIRST_PATH
server listens unix:$FIRST_PATH
.
        scene listening-line <<.
server start      ./$PROGRAM $FIRST_PATH
server reachable  unix:$FIRST_PATH
server prints     "^listening on $FIRST_PATH$"
server prints-not "listening on .*[^d]$|.listening on"
.
    done
}

@test "[1] builds all four programs without a warning" {
    builds_without_a_warning
}

@test "[1] stream_server sends back what a client sends" {
    needs stream_server
    PROGRAM=stream_server
    scene echo <<.
$(serving)
alice  connect unix:s
alice  send    "hello\n"
alice  expect  "hello\n"
alice  send    "a\0b\x01\xff\r\n"
alice  expect  "a\0b\x01\xff\r\n"
alice  silent  10ms
alice  half-close
alice  fin
.
    scene echo-much <<.
$(serving)
alice  connect unix:s
alice  send    "0123456789"*30000
alice  half-close
alice  expect  "0123456789"*30000
alice  fin
.
    preloads
    scene short-send <<.
server with    SHORT_SEND=3 LD_PRELOAD=./short_io.so
$(serving)
alice  connect unix:s
alice  send    "hello world\n"
alice  expect  "hello world\n"
.
    scene slow-client <<.
server with    HASTE=100 LD_PRELOAD=./haste.so
$(serving)
alice  connect unix:s
alice  send    "hello"
alice  expect  "hello"
alice  pause   60ms
alice  send    "again"
alice  expect  "again"
alice  deaf
alice  send    "x"*205000
alice  pause   60ms
alice  hear
alice  half-close
alice  expect  "x"*205000
alice  fin
.
}

@test "[1] stream_server serves the next client, however the last one left" {
    needs stream_server
    PROGRAM=stream_server
    scene left-at-once <<.
$(serving)
alice  connect unix:s
alice  close
$(served bob)
.
    scene left-before-answer <<.
$(serving)
$(leaves_before_answer)
$(served bob)
.
    scene left-unread <<.
$(serving)
$(leaves_unread)
$(served bob)
.
    scene never-receives <<.
$(serving)
alice  deaf
alice  connect unix:s
alice  send    "x"*205000
alice  close
$(served bob)
.
    scene in-turn <<.
$(serving)
alice  connect unix:s
alice  send    "alice"
alice  expect  "alice"
bob    connect unix:s
bob    send    "bob"
carol  connect unix:s
carol  half-close
alice  send    "again"
alice  expect  "again"
alice  half-close
alice  fin
bob    expect  "bob"
bob    half-close
bob    fin
carol  fin
.
    scene stream-losses <<.
$(serving)
$(leave_in_all_ways)
server remember
$(leave_in_all_ways)
$(each 1 200 'dave connect unix:s' 'dave send "x"' 'dave expect "x"' 'dave close')
$(served bob)
server descriptors before
server memory  before+64
.
    scene no-descriptor <<.
$(serving)
$(no_descriptor_left)
server rests
server spare   all
carl   send    "carl"
carl   expect  "carl"
carl   close
$(served alice)
.
    ! strace_works || scene failing-accept <<.
$(accept_fails aborted ECONNABORTED)
$(accept_fails full ENOMEM)
.
}

# A client leaves before it gets its answer.
leaves_before_answer() {
    echo 'server stop
alice  connect unix:s
alice  send    "hello"
alice  close
server continue'
}

# A client leaves with an answer unread. What comes back for "a" is in its socket when the
# server has received "b".
leaves_unread() {
    echo 'carol  deaf
carol  connect unix:s
carol  send    "a"
carol  taken
carol  send    "b"
carol  taken
carol  close'
}

# A server has no descriptor for its next client. It may have one for bob, where it stands
# in accept() already, but none beside: bob leaves at once, without a word.
no_descriptor_left() {
    echo 'server spare   0
bob    connect unix:s
bob    close
carl   connect unix:s
server says    "^stream_server: (.*[ :])?accept4?([ :].*)?: Too many open files$"'
}

leave_in_all_ways() {
    leaves_before_answer
    served bob
    leaves_unread
    served bob
}

# The first accept() of a server fails.
accept_fails() { # PARTY ERROR
    local calls=accept,accept4
    echo "$1 under strace -D -f -qq -e trace=$calls -e inject=$calls:error=$2:when=1
$1 start ./stream_server $1.s
$1 reachable unix:$1.s"
    served "$1-client" "$1.s"
    echo "$1 says \"^stream_server: (.*[ :])?accept4?([ :].*)?: \""
}

@test "[1] stream_client prints each line that comes back" {
    needs stream_client
    scene lines <<'.'
door   listen unix:s
client keyboard
client start  ./stream_client s
peer   accept door
client types  "one\ntwo\nlast"
client types-end
peer   expect "one\n"
peer   silent 20ms
peer   send   "one\n"
peer   expect "two\n"
client prints-only "one\n"
peer   send   "two\n"
peer   expect "last\n"
peer   send   "last\n"
peer   fin
client exits  0
client prints-only "one\ntwo\nlast\n"
.
    scene no-line <<'.'
door   listen unix:s
client start  ./stream_client s
peer   accept door
peer   fin
client exits  0
client prints-only ""
.
    preloads
    scene other-line <<'.'
door   listen unix:s
client with   HASTE=100 LD_PRELOAD=./haste.so
client keyboard
client start  ./stream_client s
client types  "one\n"
peer   accept door
peer   expect "one\n"
peer   pause  60ms
peer   send   "ONE\n"
client prints-only "ONE\n"
client types-end
client exits  0
client prints-only "ONE\n"
.
}

@test "[1] stream_client sends and receives lines whole, up to 4096 bytes" {
    needs stream_client
    preloads
    scene whole-lines <<'.'
door   listen unix:s
client with   SHORT_SEND=7 SHORT_RECV=5 LD_PRELOAD=./short_io.so
client keyboard
client start  ./stream_client s
client types  "a\0b\xff\r %s%n\n\n" "x"*4095 "\n" "y"*4095
client types-end
peer   accept door
peer   expect "a\0b\xff\r %s%n\n"
peer   send   "a\0b\xff\r %s%n\n"
peer   expect "\n"
peer   send   "\n"
peer   expect "x"*4095 "\n"
peer   send   "x"*4000 5ms "x"*95 5ms "\n"
peer   expect "y"*4095 "\n"
peer   send   "y"*4095 "\n"
peer   fin
client exits  0
client prints-only "a\0b\xff\r %s%n\n\n" "x"*4095 "\n" "y"*4095 "\n"
.
    local line
    for line in '"x"*4096 "\n"' '"x"*4096'; do
        scene too-long <<.
door   listen unix:s
client keyboard
client start  ./stream_client s
client types  $line
client types-end
peer   accept door
peer   drain
client exits  1
client says   "^stream_client: ."
client prints-only ""
.
    done
}

@test "[1] dgram_server prints each datagram and answers its sender" {
    needs dgram_server
    PROGRAM=dgram_server
    scene answers <<.
$(serving)
alice  bind    unixgram:${OWN}a
alice  connect unixgram:s
bob    bind    unixgram:$LONG
bob    connect unixgram:s
alice  send    "hello"
alice  expect  "\0\0\0\x05"
bob    send    "hi"
bob    expect  "\0\0\0\x02"
alice  send    "x"*300
bob    send    "bob"
bob    expect  "\0\0\0\x03"
alice  expect  "\0\0\x01\x2c"
server shows   "\n${OWN}a 5 hello\n$LONG 2 hi\n"
server prints-last "\n${OWN}a 300 " "x"*300 "\n$LONG 3 bob\n"
.
}

@test "[1] dgram_server takes any datagram: empty, 65507 bytes, NULs" {
    needs dgram_server
    PROGRAM=dgram_server
    scene empty-datagram <<.
$(serving)
alice  bind    unixgram:${OWN}a
alice  connect unixgram:s
alice  send    ""
alice  expect  "\0\0\0\0"
alice  send    "hello"
alice  expect  "\0\0\0\x05"
server prints  "^${OWN}a 0 ?$"
.
    scene large-datagram <<.
$(serving)
alice  bind    unixgram:${OWN}a
alice  connect unixgram:s
alice  send    "y"*65507
alice  expect  "\0\0\xff\xe3"
server prints-last "\n${OWN}a 65507 " "y"*65507 "\n"
.
    scene unprintable <<.
$(serving)
alice  bind    unixgram:${OWN}a
alice  connect unixgram:s
alice  send    " a\0b\x01\x1b[2J\n\x7f\t\r\x80\xe9\xff%d~"
alice  expect  "\0\0\0\x13"
server prints-last "\n${OWN}a 19  a.b..[2J.......%d~\n"
.
    # alice stays: that a client has left is the next check's matter.
    scene too-large <<.
$(serving)
alice  bind    unixgram:${OWN}a
alice  connect unixgram:s
alice  send    "z"*100000
$(answered bob)
.
}

@test "[1] dgram_server goes on when a client can't be answered" {
    needs dgram_server
    PROGRAM=dgram_server
    scene nameless <<.
$(serving)
$(answered bob)
alice  connect unixgram:s
alice  send    "nobody"
bob    send    "hello"
bob    expect  "\0\0\0\x05"
server prints-last "\n${OWN}bob 5 hello\n- 6 nobody\n${OWN}bob 5 hello\n"
.
    scene client-gone <<.
$(serving)
$(clients_gone)
$(answered fred)
.
    scene answer-lost <<.
$(serving)
$(clients_gone)
server says    "^dgram_server: .*No such file or directory"
server says    "^dgram_server: .*Connection refused"
.
    scene dgram-losses <<.
$(serving)
$(clients_gone)
alice  connect unixgram:s
alice  send    "nobody"
$(answered bob)
server remember
$(each 1 200 'alice send "nobody"' 'bob send "x"' 'bob expect "\0\0\0\x01"')
$(clients_gone 2)
bob    send    "hello"
bob    expect  "\0\0\0\x05"
server descriptors before
server memory  before+64
.
    ! fills_queue >/dev/null || scene deaf-client <<.
$(serving)
eve    bind    unixgram:${OWN}e
eve    aim     unixgram:s
$(fills_queue | sed 's/^fill send/eve send/; /^fill/d')
$(each 1 5 'eve send "x"')
bob    bind    unixgram:${OWN}b
bob    connect unixgram:s
bob    send    "bob"
bob    expect  "\0\0\0\x03" within 900ms
.
}

# Two clients have gone when the server comes to answer: the path of one is there still.
clients_gone() { # [NAME]
    echo "server stop
carol  bind    unixgram:${OWN}c$1
carol  connect unixgram:s
carol  send    \"carol\"
carol  close
remove start   rm c$1
remove exits   0
dave   bind    unixgram:${OWN}d$1
dave   connect unixgram:s
dave   send    \"dave\"
dave   close
server continue"
}

@test "[1] dgram_client prints the answer, in network byte order" {
    needs dgram_client
    scene answer <<'.'
server bind   unixgram:s
client start  ./dgram_client s "hello world"
server expect "hello world"
server send   "\0\0\x01\x2c"
client exits  0
client prints-only "300\n"
.
    scene large-answer <<.
server bind   unixgram:s
client start  ./dgram_client s $(printf 'x%.0s' {1..5000})
server expect "x"*5000
server send   "\xff\xfe\xfd\xfc"
client exits  0
client prints-only "4294901244\n"
.
    scene two-clients <<'.'
one    bind   unixgram:s1
two    bind   unixgram:s2
first  start  ./dgram_client s1 one
one    expect "one"
second start  ./dgram_client s2 ""
two    expect ""
one    send   "\0\x01\0\x02"
two    send   "\0\0\0\0"
first  exits  0
second exits  0
first  prints-only "65538\n"
second prints-only "0\n"
.
}

# Beside the other checks: servers that give no answer, or no right one.
never_answers() {
    scene no-answer <<'.'
server bind   unixgram:s
client start  ./dgram_client s hello
server expect "hello"
server quiet  480ms
server expect "hello" within 200ms
server quiet  480ms
server expect "hello" within 200ms
client exits  1 within 680ms
client says   "no answer"
client prints-only ""
server silent 20ms
.
}
# Where all is so slow that an answer comes too late, it is tried again.
answers_late() {
    local script='server bind   unixgram:s
client start  ./dgram_client s hello
server expect "hello"
server expect "hello"
server expect "hello"
server pause  430ms
server send   "\0\0\0\x07"
client exits  0
client prints-only "7\n"'
    plays <<<"$script" || plays <<<"$script" || scene third-try <<<"$script"
}
answers_junk() {
    scene junk <<'.' || return
server bind   unixgram:s
client start  ./dgram_client s hello
server expect "hello"
server send   "" 100ms "abc" 100ms "abcde" 100ms "12345678"
server quiet  480ms
server expect "hello" within 200ms
server send   "\0\0\0" 100ms "\0\0\0\x07\0" 100ms "\0\0\0\x08"
client exits  0
client prints-only "8\n"
.
    # A client that is connected hears of no stranger.
    plays -k <<'.' || ! grep -q '^client ' "$T.kinds" || tell_first client stranger
server bind   unixgram:s
other  bind   unixgram:other
client start  ./dgram_client s hello
server expect "hello"
other  connect @server
other  send   "\0\0\0\x09"
server send   "\0\0\0\x05"
client exits  0
client prints-only "5\n"
.
}
is_deaf() {
    local full script
    full=$(fills_queue) || return 0
    scene deaf-server <<. || return
server bind    unixgram:s
$full
client start   ./dgram_client s hello
client exits   1
client says    "no answer"
client prints-only ""
$(each 1 "$(grep -c send <<<"$full")" 'server expect "x"')
again  start   ./dgram_client s hello
server expect  "hello"
server send    "\0\0\0\x05"
again  exits   0
.
    script="server bind unixgram:s
$full
client start   ./dgram_client s hello
server pause   200ms
$(each 1 "$(grep -c send <<<"$full")" 'server expect "x"')
server expect  \"hello\""
    plays <<<"$script" || plays <<<"$script" || scene deaf-for-a-while <<<"$script"
}

# Steps that send as many datagrams to the path s, from one that is nameless, as its queue
# takes (unix(7), max_dgram_qlen; it takes one more). Fails where that is very much.
fills_queue() {
    local room=10
    { read -r room </proc/sys/net/unix/max_dgram_qlen; } 2>/dev/null || true
    [ "$room" -le 1000 ] || return
    echo 'fill connect unixgram:s'
    each 0 "$room" 'fill send "x"'
}
leaves_unanswered() { leaves ""; }
leaves_without_server() { leaves "server close"; }

@test "[1] dgram_client asks three times, then says: no answer" {
    needs dgram_client
    told never_answers
    told answers_late
    told answers_junk
    told is_deaf
}

# Fails the test where one of these is still there.
leaves_nothing() { # ENTRY PATH...
    local path
    for path in "${@:2}"; do
        [ ! -e "$path" ] || tell "$1" "still there: $path
$(last_of <"$T.seen")"
    done
}

@test "[1] dgram_client has a path of its own, and removes it however it ends" {
    needs dgram_client
    local way answer='server send "\0\0\0\x05"'
    for way in "$answer" 'client signal INT' 'client signal TERM'; do
        leaves "$way"
        [[ $way == server* ]] ||
            ! grep -q '^ *[0-9.]* client *\. ends with exit status 0$' "$T.seen" ||
            tell signal-no-answer
    done
    leaves "$answer" "client into /dev/full"
    leaves "head reads client
head start true
head exits
$answer"
    told leaves_unanswered
    told leaves_without_server
    strace_works || return 0
    scene refused <<'.'
client under strace -D -f -qq -s 200 -o trace -e trace=?mkdir,mkdirat,bind
client start ./dgram_client nowhere hello
client exits 1
.
    leaves_nothing_of_trace refused-left "$T/trace"
}

# A client that is looked at when it has asked, and ends in one WAY: it has a path of its
# own, in the file own, and its directory's rights in rights; and it leaves nothing. It is
# held still, as it waits no longer than 1.5 s. Some calls that wait fail with EINTR after
# that (signal(7)): how it ends is not asked.
leaves() { # WAY [BEFORE]
    local own rights
    scene own-path -v <<. || return
server bind   unixgram:s
$2
client start  ./dgram_client s hello
server expect "hello"
client stop
look   into   own
look   start  "$LAB/tests/stage/listening" %client $START_S
look   exits  0
look   input  own
look   into   rights
look   start  sh -c "read own; $(outside own); exec stat -c %a \"\${own%/*}\""
look   exits  0
client continue
$1
client exits
.
    own=$(<"$T/own") rights=$(<"$T/rights")
    [[ $own == /* ]] || tell relative-path "the path $own" || return
    [[ $rights == *00 ]] ||
        tell not-private "$own, in a directory of mode $rights" || return
    eval "$(outside own)"
    leaves_nothing left-behind "$own" "${own%/*}"
}

# The same for what these files of strace tell that it has made.
leaves_nothing_of_trace() { # ENTRY FILE...
    local path
    while IFS= read -r path; do
        eval "$(outside path)"
        leaves_nothing "$1" "$path" || return
    done < <(sed -n -e 's/.*mkdir\(at\)\{0,1\}([^"]*"\([^"]*\)".* = 0.*/\2/p' \
        -e 's/.*bind(.*sun_path="\([^"]*\)".* = 0.*/\1/p' "${@:2}")
}

@test "[1] both servers remove their path on SIGINT and SIGTERM" {
    # shellcheck disable=SC2086
    needs $SERVERS
    local signal
    for PROGRAM in $SERVERS; do
        for signal in INT TERM; do
            scene removes-path <<.
$(serving)
server signal $signal
server exits  0 within 1s
$(look gone s)
.
        done
    done
    PROGRAM=stream_server
    scene signal-in-recv <<.
$(serving)
alice  connect unix:s
alice  send    "hello"
alice  expect  "hello"
server signal  TERM
server exits   0 within 1s
$(look gone s)
.
    # What the server can't send back does not fit into the client's socket, nor into its
    # own; what it has not received yet fits.
    scene signal-in-send <<.
$(serving)
alice  deaf
alice  connect unix:s
alice  send    "x"*205000
server rests
server signal  TERM
server exits   0 within 1s
$(look gone s)
.
    scene signal-in-pause <<.
$(serving)
$(no_descriptor_left)
server rests
server signal  TERM
server exits   0 within 1s
$(look gone s)
.
}

@test "[1] both servers make their socket mode 0600, from the first moment" {
    # shellcheck disable=SC2086
    needs $SERVERS
    for PROGRAM in $SERVERS; do
        scene mode <<.
server under   sh -c "umask 0; exec \"\$@\"" sh
$(serving)
mode   start   stat -c %a s
mode   prints  "^600$"
.
    done
    strace_works || return 0
    for PROGRAM in $SERVERS; do
        scene first-moment <<.
server under   sh -c "umask 0; exec \"\$@\"" sh $(stops_after bind)
server start   ./$PROGRAM s
server says    "stopped by SIGSTOP"
open   start   find . -type s -perm /077 -ls
open   exits   0
open   prints-only ""
server signal  CONT
server reachable unix:s
.
    done
}

# strace under which a program stops right after its first CALL, and it is said on stderr.
stops_after() { # CALLS
    echo "strace -D -f -qq -s 200 -e signal=stop -e trace=?mkdir,mkdirat,bind" \
        "-e inject=$1:signal=STOP:when=1"
}

@test "[1] both servers replace a dead server's socket, never a living one's" {
    # shellcheck disable=SC2086
    needs $SERVERS
    local other
    for PROGRAM in $SERVERS; do
        scene dead <<.
$(serving)
server signal  KILL
server exits
server start   ./$PROGRAM s
$(up server s)
.
    done
    for PROGRAM in $SERVERS; do
        for other in $SERVERS; do
            scene living <<.
other  start   ./$other s
$(up other s "$other")
server start   ./$PROGRAM s
server exits   1
server says    "^$PROGRAM: (.*[ :])?bind([ :].*)?: Address already in use$"
$([ "$other" = stream_server ] && served alice || answered alice)
.
        done
    done
    PROGRAM=stream_server
    # Some of the clients find the backlog full; what is sleeping in accept() may take one
    # more until it stands still.
    plays -k <<. || true
$(serving)
server stop
$(each 1 200 'c@ connect unix:s')
second start   ./stream_server s
second exits   1 within 900ms
second says    "^stream_server: .*Address already in use"
.
    ! grep -q '^second ' "$T.kinds" || tell_first second backlog-full
    PROGRAM=dgram_server
    ! fills_queue >/dev/null || scene queue-full <<.
$(serving)
server stop
$(fills_queue)
second start   ./dgram_server s
second exits   1 within 900ms
second says    "^dgram_server: .*Address already in use"
.
}

@test "[1] both servers never remove what is not theirs" {
    # shellcheck disable=SC2086
    needs $SERVERS
    local paths="file empty-file directory fifo file-link dead-link broken-link" path
    local reason="Address already in use|exists|not a socket"
    for PROGRAM in $SERVERS; do
        enter_room "$BATS_TEST_TMPDIR/not-$PROGRAM"
        cd "$T" && mkdir directory && echo "keep me" >file && : >empty-file && mkfifo fifo
        ln -s file file-link && ln -s dead dead-link && ln -s nothing broken-link
        plays -k < <(
            printf 'dead bind unixgram:dead\ndead close\n'
            for path in $paths; do echo "$path start ./$PROGRAM $path"; done
            for path in $paths; do
                echo "$path exits 1"
                echo "$path says \"^$PROGRAM: .*($reason)\""
            done
            look there dead
            echo 'all into  list
all start ls -l
all exits 0
all start sh -c "test -d directory -a -f empty-file -a -p fifo -a -L file-link"
all exits 0
all start sh -c "test -L dead-link -a -L broken-link -a ! -e nothing"
all exits 0
all start grep -q "keep me" file
all exits 0'
        ) || tell not-a-socket "$(<"$T.seen")
$(<"$T/list")"
    done
    for PROGRAM in $SERVERS; do
        scene path-of-another <<.
$(serving)
remove start   rm s
remove exits   0
other  bind    unixgram:s
server signal  TERM
server exits   0
$(look there s)
.
    done
    ! strace_works || for PROGRAM in $SERVERS; do
        # It may have looked first, and never come to bind().
        scene signal-in-use <<.
other  start   ./$PROGRAM s
$(up other s)
server under   $(stops_after bind)
server start   ./$PROGRAM s
server says    "stopped by SIGSTOP|Address already in use"
end    start   kill -s TERM %server
end    exits
end    start   kill -s CONT %server
end    exits
server exits
$(look there s)
.
    done
}

@test "[1] says which call failed, and ends with exit status 1" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    no_server stream_client listen unix:dead
    no_server dgram_client bind unixgram:dead hello
    PROGRAM=stream_client
    local way
    for way in 'peer expect "one\n"' $'peer expect "one\\n"\npeer send "on"' \
        $'peer deaf\nclient rests'; do
        scene closes-early <<.
door   listen unix:s
client keyboard
client start  ./stream_client s
peer   accept door
client types  "one\n"
$way
peer   close
client exits  1
client says   "^stream_client: ."
client says-not ": Success$"
.
    done
    scene closed-before <<'.'
door   listen unix:s
client keyboard
client start  ./stream_client s
peer   accept door
peer   close
client types  "one\n"
client exits  1
client says   "^stream_client: ."
.
    scene input-fails <<'.'
door   listen unix:s
client input  .
client start  ./stream_client s
client exits  1
client says   "^stream_client: .*: Is a directory$"
.
    output_fails
    ! strace_works || calls_fail
}

# Clients of a path that is not there, and of the socket of a dead server.
no_server() { # PROGRAM listen|bind ADDRESS [MESSAGE]
    PROGRAM=$1
    local no="No such file or directory" refused="Connection refused"
    scene no-server <<.
client start  ./$1 nowhere $4
client exits  1 within 400ms
client says   "^$1: (.*[ :])?(connect|sendto)([ :].*)?: $no$"
client says   "nowhere"
dead   $2     $3
dead   close
client start  ./$1 dead $4
client exits  1 within 400ms
client says   "^$1: (.*[ :])?(connect|sendto)([ :].*)?: $refused$"
client says   "dead"
.
    [ "$1" = stream_client ] || scene server-leaves <<.
server bind   unixgram:s
client start  ./dgram_client s hello
server expect "hello"
server close
client exits  1 within 680ms
client says   "^dgram_client: .*: Connection refused$"
.
}

# No program can print its first result.
output_fails() {
    local full="No space left on device"
    for PROGRAM in $SERVERS; do
        scene full-disk <<.
server into   /dev/full
server start  ./$PROGRAM s
server exits  1
server says   "^$PROGRAM: .*: $full$"
$(look gone s)
.
    done
    PROGRAM=stream_client
    scene full-disk <<.
door   listen unix:s
client into   /dev/full
client keyboard
client start  ./stream_client s
client types  "one\n"
peer   accept door
peer   expect "one\n"
peer   send   "one\n"
client exits  1
client says   "^stream_client: .*: $full$"
.
    PROGRAM=dgram_client
    scene full-disk <<.
server bind   unixgram:s
client into   /dev/full
client start  ./dgram_client s hello
server expect "hello"
server send   "\0\0\0\x05"
client exits  1
client says   "^dgram_client: .*: $full$"
.
    closed_output
    scene line-lost <<.
server into   out
server start  ./dgram_server s
server reachable unix:s
$(answered bob)
server full
$(answered carl | sed '$d')
server says   "^dgram_server: .*: File too large$"
.
}

# The output of a server is a pipe that nobody reads any more: either it goes on, or it
# ends and removes its path.
closed_output() {
    PROGRAM=dgram_server
    local begin
    begin="$(serving)
head   reads  server
head   start  true
head   exits
$(answered bob | sed '$d')"
    plays <<. || scene closed-output <<.
$begin
bob    expect "\0\0\0\x05"
bob    send   "again"
bob    expect "\0\0\0\x05"
server signal TERM
server exits
$(look gone s)
.
$begin
server exits
$(look gone s)
.
}

# Calls fail, each in a run of its own. A call that the program does not make can't fail.
calls_fail() {
    plays -k < <(
        echo "there bind unixgram:there"
        starts_first < <(
            failing socket socket stream_server s1
            failing bind bind stream_server s2
            failing listen listen stream_server s3
            failing socket socket dgram_server s4
            failing bind bind dgram_server s5
            failing recvfrom '?recvfrom,?recvmsg' dgram_server s6
            failing socket socket stream_client there
            failing socket socket dgram_client there hello
            failing mkdtemp '?mkdir,mkdirat' dgram_client there hello
            failing bind bind dgram_client there hello
        )
        echo 'left start find . -name s[1-5]
left exits 0
left prints-only ""'
    ) || blame_failing_call || return
    leaves_nothing_of_trace left-on-error "$T"/trace.*
}

# Blames the first program whose call has failed as it was to.
blame_failing_call() {
    local party kind
    while read -r party kind; do
        [ "$party" != left ] || tell_first left path-after-failure || return
        ! grep -qs INJECTED "$T/trace.$party" || tell_first "$party" failing-call ||
            return
    done < <(uniq "$T.kinds")
}

# The run in which CALL fails, by its name or another. Whether a server ends that can't
# receive one datagram, or goes on with the next, is up to it.
failing() { # CALL SYSTEM_CALLS PROGRAM ARGUMENT...
    local party=$1-$((++RUNS)) calls=${2//\?/} when=""
    [ "$1" != recvfrom ] || { when=:when=1; calls+=,recv; }
    echo "$party under strace -D -f -qq -o trace.$party -e inject=$2:error=ENOBUFS$when
$party start ./${*:3}"
    [ "$1" = recvfrom ] || echo "$party exits 1"
    echo "$party says \"^$3: (.*[ :])?($1|${calls//,/|})([ :].*)?: No buffer space\"
$party prints-not \"listening on .*s[1-5]\""
}

@test "[1] takes a path of 107 bytes, and refuses a wrong command line" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    local message
    plays -k < <(
        starts_first < <(
            for PROGRAM in $PROGRAMS; do
                message=""
                [ "$PROGRAM" != dgram_client ] || message=hello
                refused empty "$PROGRAM" '' $message
                refused long "$PROGRAM" "${A107}b" $message
                refused long "$PROGRAM" "$A107$A107" $message
                refused few "$PROGRAM"
                refused many "$PROGRAM" s $message again
                [ -z $message ] || refused few "$PROGRAM" s
            done
        )
        no_socket
    ) || tell_first "" command-line
    PROGRAM=stream_server
    scene longest-path <<.
$(serving "$A107")
client keyboard
client start  ./stream_client $A107
client types  "hello\n"
client types-end
client exits  0
client prints-only "hello\n"
.
    PROGRAM=dgram_server
    scene longest-path <<.
$(serving "$A107")
client start  ./dgram_client $A107 hello
client exits  0
client prints-only "5\n"
.
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    with_sanitizers
    plays -s -k <<. || true
stream start   ./stream_server s
dgram  start   ./dgram_server d
stream reachable unix:s
dgram  reachable unix:d
alice  connect unix:s
alice  send    "x"*70000
alice  half-close
alice  drain
bob    bind    unixgram:$LONG
bob    connect unixgram:d
bob    send    "y"*65507
bob    expect  "\0\0\xff\xe3"
bob    send    ""
bob    expect  "\0\0\0\0"
bob    send    "%s%n"
bob    expect  "\0\0\0\x04"
carol  connect unixgram:d
carol  send    "hello"
carol  send    "z"*100000
bob    send    "bob"
bob    expect  "\0\0\0\x03"
$(typed one '"x"*4095 "\n" "x"*4095')
$(typed two '"x"*4096 "\n"')
$(typed three '"x"*4096')
$(typed four '""')
five   start   ./dgram_client d hello
six    start   ./dgram_client d $(printf 'x%.0s' {1..4095})
five   exits
five   clean
six    exits
six    clean
dgram  clean
stream signal TERM
stream exits
stream clean
.
    ! grep -qE ' (sanitizer|leak)$' "$T.kinds" || {
        about sanitizers
        blame "$(sanitizers_said "$T.seen")"
    }
    ! grep -q '^bob ' "$T.kinds" || only_plain_answers
}

# Steps of a stream_client that is given these lines.
typed() { # PARTY DATA
    echo "$1 keyboard
$1 start ./stream_client s
$1 types $2
$1 types-end
$1 exits
$1 clean"
}

# Where the build with sanitizers does not answer, without a word: fails the test if the
# plain build does.
only_plain_answers() {
    spare_the_program
    local seen
    seen=$(<"$T.seen")
    CHECKS=""
    plays <<. || return 0
server start   ./dgram_server d
server reachable unix:d
$(answered bob d)
.
    tell uninitialised "$seen"
}

@test "[1] leaves no path behind, however early the signal comes" {
    # shellcheck disable=SC2086
    needs $SERVERS dgram_client
    with_strace
    local call signal=INT
    for PROGRAM in $SERVERS; do
        scene early-signal <<.
server under   $(stops_after bind)
server start   ./$PROGRAM s
server says    "stopped by SIGSTOP"
server signal  $signal
server signal  CONT
server exits
$(no_socket)
.
        signal=TERM
    done
    PROGRAM=dgram_client
    for call in '?mkdir,mkdirat' bind; do
        : >"$T/trace"
        scene early-signal <<.
there  bind    unixgram:s
client under   $(stops_after "$call") -o trace
client start   ./dgram_client s hello
trace  start   tail -n +1 -f trace
trace  shows   "stopped by SIGSTOP"
client signal  $signal
client signal  CONT
client exits
.
        leaves_nothing_of_trace early-signal "$T/trace"
        signal=INT
    done
}
