#!/usr/bin/env bats
# udp: 20 points, for three programs. The stage is the other side of each of them, and
# the bad network between: it loses, repeats, delays and mixes up datagrams. What a failed
# scene says stands in causes.md, under its name.
# shellcheck disable=SC2034,SC2119,SC2120,SC2153 # variables of lib/lab; scenes on stdin
load ../lib/lab
load ../lib/scene

setup_file() {
    open_exercise udp asym_server asym_client sym_peer
    name_localhost
    begin
    blocked asym_client || {
        aside silent_server
        aside lossy_network
        aside noisy_network
        aside server_leaves
    }
    blocked asym_server || blocked asym_client || blocked sym_peer || aside calls_fail
}
teardown_file() { close_exercise; }
setup() {
    ready
    local program
    for program in $PROGRAMS; do
        [[ $BATS_TEST_DESCRIPTION != *"] $program "* ]] || needs "$program"
    done
}
teardown() { tidy; }

# ---- What scenes begin with ----

# ./asym_server, and a client of it.
serves() {
    echo 'server start     ./asym_server @port
server reachable @port
alice  bind      udp:127.0.0.1:@alice
alice  connect   udp:127.0.0.1:@port'
}

# ./asym_client, and a server that it asks.
asks() { # MESSAGE, as a scene has it [HOST]
    echo "server bind      udp:127.0.0.1:@port
client start     ./asym_client ${2:-127.0.0.1} @port $1"
}

# ./sym_peer, at whose keyboard the scene types, and its peer, which hears what comes from
# LOCAL_PORT alone.
talks() {
    echo 'remote bind      udp:127.0.0.1:@remote
remote connect   udp:127.0.0.1:@local
local  keyboard
local  start     ./sym_peer @local 127.0.0.1 @remote'
}

# An address of this machine other than 127.0.0.1, into ADDRESS: in a network namespace of
# our own it gets one. Fails where it has none.
own_address() {
    ADDRESS=192.0.2.1
    [ -n "$LAB_ALONE" ] || ADDRESS=$(ip -4 -o address show scope global |
        awk 'NR == 1 { sub(/\/.*/, "", $4); print $4 }')
    [ -z "$LAB_ALONE" ] || ip address replace "$ADDRESS/32" dev lo
} 2>/dev/null

# ---- Whether a program begins at all ----

# Once for the file: a program that does not even begin is not tried again in each of its
# checks. Where none of the three begins there is nothing to test.
begin() {
    ready || return 0
    enter_room "$BATS_FILE_TMPDIR/opening"
    begins asym_server opens-asym_server <<<'server start ./asym_server @port
server reachable @port'
    begins asym_client opens-asym_client <<<"$(asks hello)
server expect \"hello\""
    begins sym_peer opens-sym_peer <<<"remote bind udp:127.0.0.1:@remote
local  keyboard
local  start  ./sym_peer @local 127.0.0.1 @remote
local  types  \"hello\n\"
remote expect \"hello\n\""
}

# Blocks a program that is not seen at all in the scene on standard input: of what is
# sent, any datagram will do.
begins() { # PROGRAM ENTRY
    blocked "$1" || plays || grep -qE '^ *[0-9.]+ (server|remote) +<' "$T.seen" || {
        about "$2"
        block "$1" "$(last_of <"$T.seen")"
    }
}

# ---- What several checks use ----

# Plays a scene of several programs, or of several command lines of one, and tells of the
# first party whose step fails. PROGRAM is its name, where it is not set.
scene_of_each() { # ENTRY
    local party
    ! plays -k || return 0
    read -r party _ <"$T.kinds"
    PROGRAM=${PROGRAM:-$party} tell_of "$party" "$1"
}

# Fails the test for one party of a scene that has gone on without it.
tell_of() { # PARTY ENTRY
    sed -i "/^$1 /!d" "$T.kinds"
    tell "$2" "$(grep -E "^ *[0-9.]+ $1 " "$T.seen")
$(sed -n "/^$1 /,/^[a-z_]*[-0-9]* \(ended\|is still\)/p" "$T.seen" | head -4)"
}

# Plays a scene that takes the times of the statement, up to three times: where the stage
# is given its processor too late, they have passed.
patiently() { # ENTRY
    local script
    script=$(cat)
    plays <<<"$script" || plays <<<"$script" || scene "$1" <<<"$script"
}

# For checks that need answers: where none at all has come before, none is waited for.
answers() {
    [ ! -f "$BATS_FILE_TMPDIR/mute" ] || not_tested "asym_server answers nobody"
}

@test "[1] asym_server listens on the port it is given, and says so" {
    scene server-port <<'.'
server start     ./asym_server @port
server listens   @port
.
    scene server-line <<'.'
server start      ./asym_server @port
server reachable  @port
server prints     "^listening on port @port$"
server prints-not "listening on port [0-9]*[^0-9]|.listening on port"
.
    # To a port that is closed, the second send() fails.
    scene every-address <<'.'
server start     ./asym_server @port
server reachable @port
alice  connect   udp:127.0.0.2:@port
alice  send      "hello" 1ms "hello"
.
    scene port-zero <<'.'
server start     ./asym_server 0
server listens   @chosen
server prints    "^listening on port @chosen$"
.
    taken_by_others 5005 -u || scene default-port <<'.'
server start     ./asym_server
server listens   5005
.
}

@test "[1] builds without a warning" {
    builds_without_a_warning
}

@test "[1] asym_server prints each datagram, and answers with its length" {
    scene prints-datagram <<.
$(serves)
alice  send      "hello"
server prints    "^127[.]0[.]0[.]1:@alice 5 hello$"
.
    plays -v <<. || { is_mute; tell answer; }
$(serves)
alice  send      "hi!"
alice  expect    "\0\0\0\x03"
alice  send      "x"*300
alice  expect    "\0\0\x01,"
.
    scene nothing-else <<.
$(serves)
alice  send      "hello"
alice  expect    "\0\0\0\x05"
alice  send      "ok"
alice  expect    "\0\0\0\x02"
server prints-last "listening on port @port\n" \
    "127.0.0.1:@alice 5 hello\n127.0.0.1:@alice 2 ok\n"
.
    scene line-of-another <<.
$(serves)
carol  bind      udp:127.0.0.2:@carol
carol  connect   udp:127.0.0.1:@port
alice  send      "alice is here"
carol  send      "333"
alice  send      "22"
server prints    "^127[.]0[.]0[.]2:@carol 3 333$"
server prints-not "^127[^ ]*-"
.
}

# Notes for the checks that need answers that not one has come.
is_mute() { grep -qE '^ *[0-9.]+ alice +<' "$T.seen" || : >"$BATS_FILE_TMPDIR/mute"; }

@test "[1] asym_client sends its message and prints the answer" {
    scene ask <<.
$(asks hello)
server expect    "hello"
server send      "\0\0\x01,"
client prints-only "300\n"
client exits     0
.
    scene largest-number <<.
$(asks hello)
server expect    "hello"
server send      "\xff\xff\xff\xfe"
client prints-only "4294967294\n"
client exits     0
.
    scene longest-message <<.
$(asks '"m"*65507')
server expect    "m"*65507
server send      "\0\0\xff\xe3"
client prints-only "65507\n"
.
    scene ask-elsewhere <<'.'
server bind      udp:127.0.0.2:@port
client start     ./asym_client 127.0.0.2 @port hello
server expect    "hello"
.
    with_localhost
    scene ask-by-name <<.
$(asks '""' localhost)
server expect    ""
server send      "\0\0\0\0"
client prints-only "0\n"
client exits     0
.
}

@test "[1] sym_peer sends each line as one datagram, from its own port" {
    scene line <<.
$(talks)
local  types     "hello\n"
remote expect    "hello\n"
.
    scene lines <<.
$(talks)
local  types     "hello\n"
remote expect    "hello\n"
local  types     "\n"
remote expect    "\n"
local  types     "never mind\n"
remote expect    "never mind\n"
.
    scene pieces <<.
$(talks)
local  types     "one\ntwo\nthree\n"
remote expect    "one\n"
remote expect    "two\n"
remote expect    "three\n"
local  types     "in two"
remote silent    20ms
local  types     " pieces\nand more"
remote expect    "in two pieces\n"
local  types     "\n"
remote expect    "and more\n"
.
    scene any-typed <<.
$(talks)
local  types     "a\0b\r\n\xff\n\xc3\xa9\n"
remote expect    "a\0b\r\n"
remote expect    "\xff\n"
remote expect    "\xc3\xa9\n"
.
    scene own-port-zero <<'.'
remote bind      udp:127.0.0.1:@remote
local  keyboard
local  start     ./sym_peer 0 127.0.0.1 @remote
local  types     "hello\n"
remote expect    "hello\n"
.
    scene peer-elsewhere <<'.'
remote bind      udp:127.0.0.2:@remote
local  keyboard
local  start     ./sym_peer @local 127.0.0.2 @remote
local  types     "hello\n"
remote expect    "hello\n"
.
    ! own_address || scene peer-address <<.
remote bind      udp:$ADDRESS:@remote
remote connect   udp:$ADDRESS:@local
local  keyboard
local  start     ./sym_peer @local $ADDRESS @remote
local  types     "hello\n"
remote expect    "hello\n"
.
    ! knows_localhost || scene peer-by-name <<'.'
remote bind      udp:127.0.0.1:@remote
local  keyboard
local  start     ./sym_peer @local localhost @remote
local  types     "hello\n"
remote expect    "hello\n"
.
}

@test "[1] sym_peer prints what comes, whether anything is typed or not" {
    scene silent-keyboard <<.
$(talks)
local  listens   @local
remote send      "un\n" "deux" "tr\x01ois\n"
local  prints-only "un\ndeux\ntr\x01ois\n"
local  rests
.
    scene both-at-once <<.
$(talks)
local  types     "ready\n"
remote expect    "ready\n"
remote send      "quatre\n"
local  types     "a\n"
remote send      "a\0b"
local  types     "b\nc\n"
remote send      "cinq\n" "\n" "six\n"
remote expect    "a\n"
remote expect    "b\n"
remote expect    "c\n"
local  prints-only "quatre\na\0b\ncinq\n\nsix\n"
.
    scene much-at-once <<.
$(talks)
local  types     "a line, and many more before the peer says a word\n"*100
$(each 1 100 'remote expect "a line, and many more before the peer says a word\n"')
remote send      "1\n" "2\n" "3\n" "4\n" "5\n" "6\n" "7\n" "8\n" "9\n"
local  prints-only "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
.
    scene long-heard <<.
$(talks)
local  listens   @local
remote send      "x"*65507
local  prints-only "x"*65507 "\n"
.
}

@test "[1] asym_server answers each client at its own address" {
    answers
    scene each-client <<.
$(serves)
bob    connect   udp:127.0.0.1:@port
carol  bind      udp:127.0.0.2:@alice
carol  connect   udp:127.0.0.1:@port
alice  send      "alice is here"
bob    send      "bob too"
alice  expect    "\0\0\0\x0d"
bob    expect    "\0\0\0\x07"
bob    send      "1" "1"
alice  send      "22"
carol  send      "333"
bob    send      "4444"
carol  expect    "\0\0\0\x03"
alice  expect    "\0\0\0\x02"
bob    expect    "\0\0\0\x01"
bob    expect    "\0\0\0\x01"
bob    expect    "\0\0\0\x04"
alice  silent    1ms
.
    scene no-loss <<.
$(serves)
alice  send      "x"*65507
alice  expect    "\0\0\xff\xe3"
server remember
$(each 1 300 'alice send "y"*1000' 'alice expect "\0\0\x03\xe8"')
server descriptors before
server memory    before+512
.
}

@test "[1] asym_server takes every datagram, from 0 to 65507 bytes" {
    answers
    scene empty-datagram <<.
$(serves)
alice  send      ""
alice  expect    "\0\0\0\0"
alice  send      "ok"
alice  expect    "\0\0\0\x02"
server prints    "^127[.]0[.]0[.]1:@alice 0 ?$"
server prints    "^127[.]0[.]0[.]1:@alice 2 ok$"
.
    scene any-bytes <<.
$(serves)
alice  send      "a\0b\x01\x7f\xff\nc"
alice  expect    "\0\0\0\x08"
server prints    "^127[.]0[.]0[.]1:@alice 8 a[.]b[.][.][.][.]c$"
.
    scene every-byte <<.
$(serves)
alice  send      $(every_byte)
server shows     " 256 " "."*32 " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQ" \
    "RSTUVWXYZ[\\\\]^_\`abcdefghijklmnopqrstuvwxyz{|}~" "."*129 "\n"
.
    scene longest-datagram <<.
$(serves)
alice  send      "x"*65507
alice  expect    "\0\0\xff\xe3"
alice  send      "y"
alice  expect    "\0\0\0\x01"
.
    scene longest-line <<.
$(serves)
alice  send      "x"*65507 "y"
server prints    "^127[.]0[.]0[.]1:@alice 1 y$"
server shows     " 65507 " "x"*65507 "\n"
.
}

# A string of the 256 bytes, as a scene has it.
every_byte() {
    awk 'BEGIN { for (i = 0; i < 256; i++) text = text sprintf("\\x%02x", i)
        print "\"" text "\"" }'
}

@test "[1] asym_server ends on SIGINT and SIGTERM with exit status 0" {
    local signal
    for signal in INT TERM; do
        scene signals <<.
$(serves)
alice  send      "hello"
server rests
server signal    $signal
server exits     0 within 1s
.
    done
    scene signal-among-datagrams <<.
$(serves)
server prints    "^listening on port"
$(each 1 100 'alice send "datagram @"')
server signal    TERM
server exits     0 within 1s
.
    strace_works || return 0
    # What brings the handlers about is slow, so that one comes too late that is installed
    # after the line.
    local calls=rt_sigaction,rt_sigprocmask,signalfd4
    scene signal-in-time <<.
server under     strace -D -f -qq -o trace -e trace=$calls \
-e inject=$calls:delay_enter=50000
server start     ./asym_server @port
server prints    "^listening on port"
server signal    TERM
server exits     0
.
}

@test "[1] sym_peer says goodbye, and sees its peer leave" {
    scene goodbye <<.
$(talks)
local  types     "bye\nbye"
remote expect    "bye\n"
local  types-end
remote expect    "bye"
remote expect    ""
local  exits     0
local  prints-not "."
.
    scene peer-left <<.
$(talks)
local  types     "hello\n"
remote expect    "hello\n"
remote send      "before\n" ""
local  prints-only "before\npeer left\n"
local  exits     0
.
}

@test "[1] sym_peer hears nobody but its peer" {
    scene strangers <<.
$(talks)
local  types     "hello\n"
remote expect    "hello\n"
eve    connect   udp:127.0.0.1:@local
eve    send      "I am your peer\n"
mallory bind     udp:127.0.0.2:@remote
mallory connect  udp:127.0.0.1:@local
mallory send     "so am I\n"
oscar  connect   udp:127.0.0.1:@local
oscar  send      ""
remote send      "it is me\n"
local  types     "I know\n"
remote expect    "I know\n"
local  prints-only "it is me\n"
.
}

@test "[1] sym_peer goes on when its peer is not there yet" {
    scene not-there-yet <<'.'
local  keyboard
local  start     ./sym_peer @local 127.0.0.1 @remote
local  types     "anybody there?\n"
local  rests
local  types     "anybody there?\n"
local  rests
local  types     "anybody there?\n"
local  rests
remote bind      udp:127.0.0.1:@remote
remote connect   udp:127.0.0.1:@local
local  types     "anybody there?\n" 50ms "anybody there?\n" 50ms "anybody there?\n"
remote expect    "anybody there?\n"
remote send      "welcome\n"
local  prints-only "welcome\n"
local  rests
.
}

@test "[1] sym_peer refuses a line over 1024 bytes, and goes on" {
    scene longest-typed <<.
$(talks)
local  types     "a"*1023 "\n"
remote expect    "a"*1023 "\n"
local  types     "b"*1000 20ms "b"*23 20ms "\n"
remote expect    "b"*1023 "\n"
.
    scene too-long <<.
$(talks)
local  types     "before\n"
remote expect    "before\n"
local  types     "c"*1024 "\nnext\n"
remote expect    "next\n"
local  types     "d"*100000 "\n"
local  types     "after\n"
remote expect    "after\n"
.
    scene refusal-said <<.
$(talks)
local  types     "c"*1024 "\nnext\n"
remote expect    "next\n"
local  says      "^sym_peer: ."
local  prints-not "."
.
    scene last-line-limit <<.
$(talks)
local  types     "e"*1024
local  types-end
remote expect    "e"*1024
remote expect    ""
local  exits     0
.
    scene last-line-too-long <<.
$(talks)
local  types     "f"*1025
local  types-end
remote expect    ""
local  says      "^sym_peer: ."
.
}

@test "[1] refuses a wrong command line with exit status 2" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    local PROGRAM=asym_server
    scene_of_each command-line < <(starts_first < <(
        wrong_port @
        more_wrong_ports @
        refused many "$PROGRAM" 5005 5006
    ))
    PROGRAM=asym_client
    scene_of_each command-line < <(starts_first < <(
        refused few "$PROGRAM"
        refused few "$PROGRAM" localhost 5005
        refused many "$PROGRAM" localhost 5005 two words
        wrong_port localhost @ hello
        more_wrong_ports localhost @ hello
    ))
    PROGRAM=sym_peer
    scene_of_each command-line < <(starts_first < <(
        refused few "$PROGRAM"
        refused few "$PROGRAM" 5001 localhost
        refused many "$PROGRAM" 5001 localhost 5002 5003
        wrong_port @ localhost 5002
        more_wrong_ports 5001 localhost @
        wrong_port 5001 localhost @
    ))
    taken_by_others 65535 -u || scene highest-port <<'.'
server start     ./asym_server 65535
server listens   65535
server prints    "^listening on port 65535$"
.
}

# Command lines of PROGRAM with a wrong port, in the place of @.
wrong_port() { # WORD...
    refused letters "$PROGRAM" "${@/#@/80a}"
    refused blank "$PROGRAM" "${@/#@/ 80}"
    refused signed "$PROGRAM" "${@/#@/-1}"
    refused empty "$PROGRAM" "${@/#@/}"
    refused high "$PROGRAM" "${@/#@/70000}"
    refused huge "$PROGRAM" "${@/#@/4294967376}"
}
more_wrong_ports() { # WORD...
    refused letters "$PROGRAM" "${@/#@/a80}"
    refused letters "$PROGRAM" "${@/#@/0x50}"
    refused blank "$PROGRAM" "${@/#@/80 }"
    refused signed "$PROGRAM" "${@/#@/+80}"
    refused high "$PROGRAM" "${@/#@/65536}"
    refused huge "$PROGRAM" "${@/#@/99999999999999999999}"
}

# Beside the other checks: a server that is never heard.
silent_server() {
    patiently silent-server <<.
$(asks '"anybody there?"')
server expect    "anybody there?"
client rests
server quiet     470ms
server expect    "anybody there?" within 600ms
server quiet     470ms
server expect    "anybody there?" within 600ms
client exits     1 within 650ms
server silent    1ms
client says      "^asym_client: [Nn]o answer"
client prints-not "."
.
}

@test "[1] asym_client gives up after three tries in 1.5 s" {
    told silent_server
}

# Beside the other checks: the first two datagrams are lost, the answer to the third is
# late, and another follows it.
lossy_network() {
    patiently lossy-network <<.
$(asks hello)
server expect    "hello"
server connect   @server
server expect    "hello"
server expect    "hello"
server quiet     420ms
server send      "\0\0\x01," "\0\0\x01-"
client prints-only "300\n"
client exits     0
.
}

@test "[1] asym_client sends again what the network loses" {
    told lossy_network
}

@test "[1] asym_client ignores what is no answer, and waits no longer for it" {
    scene no-answers <<.
$(asks hello)
server expect    "hello"
server send      "" "" "" "\x05" "abc" "\0\0\0\x05\0" "\0\0\0\0\0\0\0\x05" "five\n"
server quiet     100ms
server send      "\0\0\x01,"
client prints-only "300\n"
client exits     0
.
    scene strangers-answer <<.
$(asks hello)
server expect    "hello"
eve    connect   @server
eve    send      "\0\0\0c"
mallory bind     udp:127.0.0.2:@port
mallory connect  @server
mallory send     "\0\0\0d"
server send      "\0\0\x01,"
client prints-only "300\n"
client exits     0
.
    told noisy_network
}

# Beside the other checks: every 100 ms something that is no answer, for a second. What is
# too long or too short comes from the server, the rest from strangers.
noisy_network() {
    patiently noisy-network <<.
$(asks hello)
server expect    "hello"
$(each 1 5 'server send "abc" "" "\0\0\x01,\0" "3000\n" "\0\0\0\0\0\0\0\x05" 100ms' \
    'eve@ connect @server' 'eve@ send "\0\0\0c" 100ms')
server expect    "hello" within 100ms
server send      "\0\0\x01,"
client prints-only "300\n"
.
}

# Beside the other checks: the server is there for the first try, and not for the second.
server_leaves() {
    scene server-leaves <<.
$(asks hello)
server expect    "hello"
server close
client exits     1
client says      "^asym_client: [a-z]+: Connection refused"
.
}

@test "[1] asym_client says at once that the port is closed" {
    scene closed-port <<'.'
client start     ./asym_client 127.0.0.1 @port hello
client exits     1
client says      "^asym_client: [a-z]+: Connection refused"
.
    # Three times: who sleeps meanwhile is not noticed where the stage is late as well.
    local refused='client start ./asym_client 127.0.0.1 @port hello
client exits 1 within 250ms
'
    scene at-once <<<"$refused$refused$refused"
    told server_leaves
}

@test "[1] says which call failed, and ends with exit status 1" {
    # shellcheck disable=SC2086
    needs $PROGRAMS
    local PROGRAM=""
    scene_of_each port-taken <<'.'
other       bind  udp:0.0.0.0:@taken
asym_server start ./asym_server @taken
sym_peer    start ./sym_peer @taken 127.0.0.1 @remote
asym_server exits 1
asym_server says  "^asym_server: bind: Address already in use"
asym_server prints-not "listening"
sym_peer    exits 1
sym_peer    says  "^sym_peer: bind: Address already in use"
sym_peer    prints-not "."
.
    scene_of_each two-servers <<'.'
asym_server start     ./asym_server @port
asym_server reachable @port
second      start     ./asym_server @port
second      exits     1
second      says      "^asym_server: bind: Address already in use"
.
    scene_of_each unknown-host <<'.'
asym_client start ./asym_client "x"*70 @port hello
sym_peer    start ./sym_peer 0 "x"*70 @port
asym_client exits 1
asym_client says  "^asym_client: [a-z_0-9]+: ."
asym_client says-not ": Success$"
asym_client prints-not "."
sym_peer    exits 1
sym_peer    says  "^sym_peer: [a-z_0-9]+: ."
sym_peer    says-not ": Success$"
sym_peer    prints-not "."
.
    scene message-too-long <<'.'
client start     ./asym_client 127.0.0.1 @port "x"*65508
client exits     1
client says      "^asym_client: [a-z]+: Message too long"
client prints-not "."
.
    # To the broadcast address nobody may send who has not asked for it.
    local reason="(Permission denied|Network is unreachable)"
    scene_of_each no-way <<.
asym_client start ./asym_client 255.255.255.255 @port hello
sym_peer    keyboard
sym_peer    start ./sym_peer @local 255.255.255.255 @port
sym_peer    types "hello\n"
asym_client exits 1
asym_client says  "^asym_client: [a-z]+: $reason"
sym_peer    says  "^sym_peer: [a-z]+: $reason"
.
    scene_of_each full-output <<.
asym_server into  /dev/full
asym_server start ./asym_server @server
asym_client into  /dev/full
server bind       udp:127.0.0.1:@port
asym_client start ./asym_client 127.0.0.1 @port hello
sym_peer    into  /dev/full
$(talks | sed 's/^local /sym_peer /')
server expect     "hello"
server send       "\0\0\x01,"
sym_peer    types "ready\n"
remote expect     "ready\n"
remote send       "hello\n"
$(each_says exits 1)
$(each_says says '"^%: [a-z_]+: No space left on device"')
.
    scene farewell-lost <<.
local  into       /dev/full
$(talks)
local  types      "ready\n"
remote expect     "ready\n"
remote send       ""
local  exits      1
local  says       "^sym_peer: [a-z_]+: No space left on device"
.
    scene no-input <<'.'
local  input      .
local  start      ./sym_peer @local 127.0.0.1 @remote
local  exits      1
local  says       "^sym_peer: [a-z_]+: Is a directory"
.
    scene failed-line <<'.'
server into      out
server start     ./asym_server @port
server reachable @port
alice  connect   udp:127.0.0.1:@port
alice  send      "one"
alice  expect    "\0\0\0\x03"
server full
alice  send      "two"
server says      "^asym_server: [a-z_]+: File too large"
.
    told calls_fail
}

# A step of each of the three; % stands for its name.
each_says() { # COMMAND ARGUMENTS
    local program
    for program in $PROGRAMS; do echo "$program $1 ${2//%/$program}"; done
}

# What the party runs under, so that these calls fail.
fails() { # PARTY CALLS ERROR [WHEN]
    echo "$1 under strace -D -f -qq -o trace.$1 -e trace=$2 -e inject=$2:error=$3$4"
}

# Beside the other checks: calls fail, each in a run of its own. One that the program does
# not make can't fail.
calls_fail() {
    strace_works || return 0
    local PROGRAM party
    for PROGRAM in $PROGRAMS; do
        ! plays -k < <(
            failing socket socket
            failing getsockname getsockname
            failing wakes pipe,pipe2,eventfd2,signalfd4,epoll_create1
            failing waits poll,ppoll,select,pselect6,epoll_wait,epoll_pwait
            failing receives recvfrom,recvmsg,recvmmsg
        ) || continue
        while read -r party; do
            ! grep -q INJECTED "$T/trace.$party" ||
                tell_of "$party" failing-call || return
        done < <(cut -d ' ' -f 1 "$T.kinds")
    done
    local calls=sendto,sendmsg,sendmmsg
    scene failed-answer <<. || return
$(fails server $calls ENETUNREACH :when=1)
$(serves)
alice  send      "one"
bob    connect   udp:127.0.0.1:@port
bob    send      "two!"
bob    expect    "\0\0\0\x04"
server says      "^asym_server: [a-z]+: Network is unreachable"
.
}

# A run of PROGRAM in which the first of these calls fails. asym_server may go on then.
failing() { # PARTY CALLS
    fails "$1" "$2" ENOBUFS :when=1
    case $PROGRAM,$1 in
    asym_server,receives)
        cat <<.
$1    start     ./asym_server @$1
$1    reachable @$1
to-$1 connect   udp:127.0.0.1:@$1
to-$1 send      "hello"
.
        ;;
    asym_server,*) echo "$1 start ./asym_server @$1" ;;
    asym_client,*)
        cat <<.
to-$1 bind      udp:127.0.0.1:@$1
$1    start     ./asym_client 127.0.0.1 @$1 hello
.
        [ "$1" != receives ] || cat <<.
to-$1 expect    "hello"
to-$1 send      "\0\0\0\x05"
.
        ;;
    sym_peer,*)
        cat <<.
to-$1 bind      udp:127.0.0.1:@$1
$1    keyboard
$1    start     ./sym_peer 0 127.0.0.1 @$1
.
        [ "$1" != receives ] || cat <<.
$1    types     "hello\n"
to-$1 expect    "hello\n"
to-$1 send      "hello\n"
.
        ;;
    esac
    [[ $PROGRAM,$1 =~ ^asym_server,(waits|receives) ]] || echo "$1 exits 1"
    echo "$1 says \"^$PROGRAM: [a-z_0-9]+: No buffer space available\""
}

@test "[1] is clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    with_sanitizers
    sanitized asym_server <<.
$(serves)
alice  send      "hello"
alice  expect    "\0\0\0\x05"
alice  send      "" "%s%s%n" "\xff\0\x80" "x"*65507 "y"
alice  expect    "\0\0\0\0"
alice  expect    "\0\0\0\x06"
alice  expect    "\0\0\0\x03"
alice  expect    "\0\0\xff\xe3"
alice  expect    "\0\0\0\x01"
server signal    TERM
server exits
server clean
.
    sanitized asym_client <<.
$(asks hello)
server expect    "hello"
server send      "" "\x05" "\0\0\0\x05\0" "x"*65507 "x"*1024 "\0\0\x01,"
client exits
client clean
.
    sanitized sym_peer <<.
$(talks)
local  types     "a"*1023 "\n"
remote expect    "a"*1023 "\n"
local  types     "b"*1024
local  rests
local  types     "b"*4096 "\n%s%n\n" "d"*100000 "\nlast"
remote expect    "%s%n\n"
remote send      "x"*65507 "end\n" ""
local  exits
local  clean
.
}

# Plays the scene with the builds of PROGRAM that the sanitizers watch. Where they are
# silent and the scene fails, it is their doing only if the plain build plays it well.
sanitized() { # PROGRAM
    local script PROGRAM=$1 words seen
    script=$(cat)
    ! plays -s -k <<<"$script" || return 0
    words=$(sanitizers_said "$T.seen")
    [ -z "$words" ] || tell sanitizers "$words"
    seen=$(last_of <"$T.seen")
    spare_the_program
    CHECKS=""
    ! plays <<<"$script" || tell uninitialised "$seen"
    CHECKS=1
}
