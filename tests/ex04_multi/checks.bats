#!/usr/bin/env bats
# ex04_multi: 20 points. One service, three ways to serve many clients: what is asked of
# chat_threads and of chat_poll is one text here, a function that is run for both.
# shellcheck disable=SC2034,SC2153 # variables of lib/lab
# shellcheck disable=SC2028,SC2054 # \n is for talk to expand; commas for faults.so
load ../lib/lab

ALL="echo_fork chat_threads chat_poll"
CHATS="chat_threads chat_poll"
FLOOD_S=$((300 * PATIENCE))    # for all of a flood; each part of it has TALK_S
LEAVE_S=$((1 * PATIENCE))      # from SIGTERM to the end
LIMIT_MEMORY_KIB=16777216      # a hundred threads reserve a lot that they never touch
BURST=50                       # clients connect at once, and wait for accept()
LATE_MS=200                    # how late a thread may begin, in the check of the burst
SPIN_LOOKS=8                   # so often it is looked whether a server works without a pause,
SPIN_EVERY_S=0.02              # and so much lies between two looks
VISITS=(800 1200)              # clients that come and go: before the first look, before the second
GROWTH_KIB=1024                # of resident memory, that the second may find more

setup_file() {
    # shellcheck disable=SC2086
    open_exercise ex04_multi $ALL
    first_start
    blocked chat_threads || behind load_under_tsan
    blocked chat_threads || behind visits_to_chat_threads
    blocked chat_poll || behind visits_to_chat_poll
}
teardown_file() { close_exercise; }
setup() {
    ready
    HELD="" HOLDS=0
}
teardown() {
    let_go
    tidy
}

# Once for the file: of a program that does not listen at all there is nothing to test,
# and every test of it says so at once. The three are started before the first is waited
# for.
first_start() {
    local program asked
    ready || return 0
    T=$BATS_FILE_TMPDIR
    for program in $ALL; do
        blocked "$program" || (
            mkdir "$T/$program" # its stdout and stderr by themselves
            T=$T/$program
            free_port
            start "$program" "$PORT"
            asked=$PORT
            section "Step 2: the listening socket"
            if listens; then
                listens_elsewhere "$asked"
            else
                never_listens "$program" "$asked"
            fi
            stop_all
        ) 3>&- 4>&- &
        NEXT_PORT=$((${NEXT_PORT:-20000} + 10))
    done
    wait
}

# ---- Conversations that stay open ----

# Plays the conversation on standard input beside the test; returns when it has come to
# the line `held`. Its parties stay connected until let_go. Where more lines follow, they
# are played meanwhile.
hold() { # [SECONDS_MAX]
    HOLDS=$((HOLDS + 1))
    local file=$T/held.$HOLDS # never one that has been used: what it says must be new
    sed -e 's/^held$/held listen 127.0.0.1:0/' -e '$s/^held .*/&\nheld silent 600s/' |
        "$TALK" -t "${1:-$TALK_S}" >"$file" 2>&1 3>&- 4>&- &
    HELD="$HELD $!"
    local pid=$!
    await "${1:-$TALK_S}" held_or_over "$pid" "$file" || true
    grep -q '^listening' "$file" || {
        names_full_backlog "$(<"$file")"
        blame "$(last_of <"$file")
$(how_it_stands)"
    }
}
held_or_over() { [ -s "$2" ] || gone "$1"; } # PID FILE
let_go() {
    local pid
    for pid in $HELD; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    HELD=""
}

# Lines of a script: the given ones for each number from FIRST to LAST, or down to it; @
# stands for the number. (bash is slow at this under bats, which traps every command.)
each() { # FIRST LAST LINE...
    awk 'BEGIN {
        first = ARGV[1] + 0; last = ARGV[2] + 0; step = first <= last ? 1 : -1
        for (n = first; n != last + step; n += step)
            for (i = 3; i < ARGC; i++) {
                line = ARGV[i]
                gsub(/@/, n, line)
                print line
            }
    }' "$@"
}

# How many of BURST connections the backlog has room for until accept() takes them, into
# ROOM: one more than listen() was told, on Linux, which ss shows as Send-Q. That it is
# enough is for one check to say: in all others no more come at once.
look_for_room() {
    ROOM=$(ss -Hltn "sport = :$PORT" | awk -v most="$BURST" '
        $3 >= room { room = $3 + 1 }
        END { print (NR == 0 || room > most ? most : room < 2 ? 2 : room) }')
}

# Clients c FIRST to LAST connect, as many at once as there is room for. The last of those
# says the lines, in which @ is its number: when it has been heard all have been accepted.
# LAST always does.
connect_all() { # FIRST LAST LINE...
    local from to
    look_for_room
    for ((from = $1; from <= $2; from = to + 1)); do
        to=$((from + ROOM - 1 < $2 ? from + ROOM - 1 : $2))
        each "$from" "$to" "c@ connect 127.0.0.1:$PORT"
        each "$to" "$to" "${@:3}"
    done
}

# ---- A process from outside ----

children() { processes_by parent; }
no_children() { [ -z "$(children)" ]; }
all_children_ended() { ! children | grep -qv 'Z$'; }

# The descriptors that are sockets, of the program.
count_sockets() {
    local found
    found=$(find "/proc/$PID/fd" -lname 'socket:*' -printf x 2>/dev/null)
    echo "${#found}"
}
sockets_are() { [ "$(count_sockets)" -eq "$1" ]; }

# "PID" of each process that holds such a socket of PORT, once a descriptor (ss -p).
holders() { # STATE...
    ss -Htnp "$@" "sport = :$PORT" | grep -o 'pid=[0-9]*' | cut -d = -f 2 || true
}

count_threads() { count_entries "/proc/$PID/task"; }

# What to run a program under so that its descriptors up to HIGHEST are taken.
# shellcheck disable=SC2016
crowded() { # HIGHEST
    UNDER=(bash -c 'for ((fd = 3; fd <= $0; fd++)); do eval "exec $fd</dev/null"; done; exec "$@"' "$1")
}

# ---- 1, 2: it is there ----

@test "[1] echo_fork: sends each line back" {
    section "Step 7: echo_fork, one process a client"
    needs echo_fork
    serve echo_fork
    did "started ./echo_fork $PORT, connected and sent lines"
    expected "each line to come back as it was sent, also an empty one"
    because "In the child: take the lines out of what recv() has brought, and send each one back, its LF included: as many bytes as the line has, not as the buffer has."
    talk <<END
alice connect 127.0.0.1:$PORT
alice send "hello\n"
alice expect "hello\n"
alice send "\n"
alice expect "\n"
alice send "one\ntwo\n"
alice expect "one\ntwo\n"
END
}

@test "[1] all three build without a warning" {
    builds_without_a_warning
}

# ---- 3, 4: a chat ----

# That each who comes is heard proves that the server has admitted them. What a newcomer
# expects first is found with `until`, in every conversation with a chat: a line that was
# received before may be on its way to all, and a newcomer may hear it or not.
converses() { # PROGRAM
    needs "$1"
    serve "$1"
    did "started ./$1 $PORT and let clients talk"
    expected "each line to reach all the other clients as '#ID line', and nobody else"
    because "Go through the array of clients and send to each but the one who spoke. ID counts the admitted clients from 1, and is not given twice."
    [ "$1" = chat_poll ] ||
        BECAUSE="$BECAUSE Only the first of them is heard? Who waits for a thread where it was created (pthread_join) serves one client at a time."
    hold <<END
alice connect 127.0.0.1:$PORT
alice send    "is anybody here?\n"
alice taken
bob   connect 127.0.0.1:$PORT
bob   send    "hello\n"
alice expect  "#2 hello\n"
carol connect 127.0.0.1:$PORT
carol send    "I am here\n"
alice expect  "#3 I am here\n"
bob   until   "#3 I am here\n"
alice send    "welcome\n"
bob   expect  "#1 welcome\n"
carol until   "#1 welcome\n"
bob   send    "\n"
alice expect  "#2 \n"
carol expect  "#2 \n"
bob   half-close
bob   fin
dave  connect 127.0.0.1:$PORT
dave  send    "am I #2?\n"
alice expect  "#4 am I #2?\n"
carol expect  "#4 am I #2?\n"
erin  connect 127.0.0.1:$PORT
erin  send    "am I?\n"
alice expect  "#5 am I?\n"
carol expect  "#5 am I?\n"
carol send    "no\n"
alice expect  "#3 no\n"
dave  until   "#3 no\n"
held
END
}

@test "[1] chat_threads: brings each line to all the others" {
    section "Step 11: chat_threads, a line to all the others"
    converses chat_threads
    did "counted its threads while three clients were connected"
    expected "one process, with a thread that accepts while others receive"
    because "chat_threads is the way with threads: pthread_create() for each client."
    { [ "$(count_threads)" -ge 2 ] && no_children; } ||
        blame "threads: $(count_threads), child processes: $(children | wc -l)"
}

@test "[1] chat_poll: brings each line to all the others, with one thread" {
    section "Step 15: chat_poll, a line to all the others"
    converses chat_poll
    did "counted its threads while three clients were connected"
    expected "one process with one thread"
    because "chat_poll is the way without threads and without fork(): one poll() waits for all sockets at once."
    { [ "$(count_threads)" -eq 1 ] && no_children; } ||
        blame "threads: $(count_threads), child processes: $(children | wc -l)"
}

# ---- 5: the command line ----

# Tells whether the program could not listen only because somebody else has that port: in a
# namespace of our own there is nobody else.
taken_by_others() { [ -z "$LAB_ALONE" ] && grep -q 'Address already in use' "$ERR"; }

@test "[1] all three say where they listen, and refuse a wrong command line" {
    # shellcheck disable=SC2086
    needs $ALL
    local program words n wrong=(65536 -1 80a ' 80' '' '8080 8081') started=()
    for program in $ALL; do
        says_where "$program"
    done

    section "Step 1: the port"
    expected "a line on stderr that begins with 'usage:', exit status 2, and nothing done"
    because "A port is decimal, 0 to 65535, with nothing before or after it; and one word is all there is."
    # All are started before the first is looked at.
    for program in $ALL; do
        for words in "${wrong[@]}"; do
            if [ "$words" = '8080 8081' ]; then
                start "$program" 8080 8081
            else
                start "$program" "$words"
            fi
            started+=("$PID $OUT $ERR $program")
        done
    done
    for ((n = 0; n < ${#started[@]}; n++)); do
        read -r PID OUT ERR program <<<"${started[n]}"
        DID=""
        did "started ./$program with '${wrong[n % ${#wrong[@]}]}'"
        refuses || blame "$(how_it_stands)"
    done
}

says_where() { # PROGRAM
    section "Step 2: the listening socket"
    DID=""
    start "$1"
    did "started ./$1 without an argument"
    expected "'listening on port 6667' on stdout, as soon as it can be reached"
    because "Without an argument the port is 6667. Flush what you print: where stdout is no terminal, printf() keeps it."
    listens || taken_by_others || blame "$(how_it_stands)"
    taken_by_others || { await "$PRINT_S" printed &&
        [ "$PORT $(head -n 1 "$OUT")" = "6667 listening on port 6667" ]; } ||
        blame "$(how_it_stands)${PORT:+
it listens on port $PORT}"
    stop_all

    start "$1" 0
    DID=""
    did "started ./$1 0"
    expected "a port that the kernel has chosen, at every address of the machine, and its number on stdout"
    because "For port 0 the kernel chooses; getsockname() tells which, in network byte order. INADDR_ANY stands for every address: then 127.0.0.2 can be connected to."
    listens || blame "$(how_it_stands)"
    { await "$PRINT_S" printed && [ "$(head -n 1 "$OUT")" = "listening on port $PORT" ]; } ||
        blame "it listens on port $PORT
$(how_it_stands)"
    talk <<<"alice connect 127.0.0.2:$PORT"

    DID=""
    did "started ./$1 0 and looked at its listening socket: ss -ltn"
    expected "a backlog (Send-Q) with room for $BURST connections that come at once"
    look_for_room
    because "Connection number $((ROOM + 1)) of $BURST finds no room in the backlog, and its connect() waits a second or more: is listen() told 128?"
    [ "$ROOM" -eq "$BURST" ] || blame "$(ss -ltn "sport = :$PORT")"

    local taken=$PORT first="$PID $OUT $ERR"
    start "$1" "$taken"
    DID=""
    did "started ./$1 $taken, where another program listens"
    expected "'$1: bind: Address already in use' on stderr, and exit status 1"
    because "Every call can fail, and its result says so: check it, say which call failed and why, and end with 1."
    { ends && [ "$STATUS" -eq 1 ] && grep -qE "^$1: (bind|listen): Address already in use" "$ERR"; } || {
        local seen
        seen=$(how_it_stands)
        read -r PID OUT ERR <<<"$first"
        ! ended || {
            DID=""
            did "started ./$1 0, connected to it and closed, and started another ./$1 there"
            expected "the first to be still there"
            because "The first ended by itself: what a client does, or the end of a child (EINTR), is no reason for a server to end."
            seen=$(how_it_stands)
        }
        blame "$seen"
    }
    stop_all
}

# ---- 6, 7, 8: processes ----

@test "[1] echo_fork: no client delays another, or ends the server" {
    needs echo_fork
    section "Step 8: echo_fork, accept and fork"
    serve echo_fork
    did "connected two clients that stay silent, then others that talk"
    expected "the others to be served at once"
    because "A server that waits for one client (recv, or waitpid right after fork) serves one at a time. The parent goes back to accept at once; the child serves its client, and ends."
    talk <<END
mute1 connect 127.0.0.1:$PORT
mute2 connect 127.0.0.1:$PORT
mute2 send    "half a line"
alice connect 127.0.0.1:$PORT
bob   connect 127.0.0.1:$PORT
alice send    "one\n"
bob   send    "two\n"
bob   expect  "two\n"
alice expect  "one\n"
alice reset
bob   send    "three\n"
bob   expect  "three\n"
END
    [ "$(grep -c listening "$OUT")" -le 1 ] || {
        because "fork() copies what printf() has kept, and each child prints it again at its exit(): flush before, and end a child with _exit()."
        expected "'listening on port $PORT' once"
        blame "$(how_it_stands)"
    }
    stop_all
    no_child_left echo_fork
    accept_fails echo_fork
    no_descriptor_left echo_fork
}

# The process or thread for a client can't be made.
no_child_left() { # PROGRAM
    local call="fork()"
    section "Step 8: echo_fork, accept and fork"
    because "fork() returns -1 when there is no child: say it, close that client, and go on. -1 is no PID to keep: kill(-1, ...) reaches every process that you may reach."
    [ "$1" = echo_fork ] || {
        call="pthread_create()"
        section "Step 13: chat_threads, a place and a thread for each"
        because "pthread_create() returns an error number when there is no thread: give the place back, close that client, and go on."
    }
    DID=""
    did "made one $call of ./$1 fail with EAGAIN, when a first client had come"
    expected "that client to be closed, and the next to be served"
    UNDER=(env FAIL_FORK=1 LD_PRELOAD=./faults.so)
    serve "$1"
    UNDER=()
    # Where another call makes the child or thread, that serves first, up to the half-close.
    talk < <(printf 'first connect 127.0.0.1:%d\nfirst half-close\n' "$PORT"; newcomers "$1"; echo "first drain")
    did "sent it SIGTERM"
    expected "its end, and that of no other process"
    send_signal TERM
    ends || blame "$(how_it_stands)"
    ! holds_text "kill(-1" "$ERR" || blame "$(how_it_stands)"
    stop_all
}

# A conversation of two newcomers, on standard output, that every server must carry on.
newcomers() { # PROGRAM
    case $1 in
    echo_fork) echo "\
new  connect 127.0.0.1:$PORT
new  send    \"here\\n\"
new  expect  \"here\\n\"" ;;
    *) echo "\
new  connect 127.0.0.1:$PORT
too  connect 127.0.0.1:$PORT
too  send    \"here\\n\"
new  until   \" here\\n\"" ;;
    esac
}

accept_fails() { # PROGRAM
    DID=""
    section "Step 6: accept"
    did "made the first accept() of ./$1 fail with EINTR, the second with ECONNABORTED"
    expected "the server to go on, and to serve those who come"
    because "accept() can fail because of a signal (EINTR) or of a client that has given up (ECONNABORTED): neither is a reason to end, and -1 is no descriptor."
    UNDER=(env FAIL_ACCEPT=EINTR,ECONNABORTED LD_PRELOAD=./faults.so)
    serve "$1"
    UNDER=()
    talk < <(newcomers "$1")
    stop_all
}

# Tells whether the program works without a pause: at most of several looks a thread runs, or
# waits for a processor (state R, proc_pid_stat(5)), however little of it is to be had.
spins() {
    local look state stat working=0
    for ((look = 0; look < SPIN_LOOKS; look++)); do
        sleep "$SPIN_EVERY_S"
        for stat in /proc/"$PID"/task/*/stat; do
            read -r state <"$stat" || continue
            state=${state##*) }
            [ "${state%% *}" != R ] || { working=$((working + 1)); break; }
        done
    done 2>/dev/null
    [ "$working" -gt "$((SPIN_LOOKS / 2))" ]
}

no_descriptor_left() { # PROGRAM
    local sockets free=0
    command -v prlimit >/dev/null || return 0
    DID=""
    section "Step 6: accept"
    did "left ./$1 no descriptor for a client that waits (accept fails with EMFILE)"
    expected "a server that waits, and serves again when there are descriptors"
    crowded 255 # poll() wants a limit that is no lower than the number of its entries
    serve "$1"
    UNDER=()
    sockets=$(count_sockets)
    talk < <(newcomers "$1")
    await "$PRINT_S" sockets_are "$sockets" || true
    # The lowest number that is free is the next that accept() would take.
    while [ -e "/proc/$PID/fd/$free" ]; do free=$((free + 1)); done
    prlimit --pid "$PID" --nofile="$free:"
    hold <<END
waits connect 127.0.0.1:$PORT
held
END
    because "poll() says again and again that a client waits, and accept() fails again and again: the loop keeps the processor busy for nothing. Leave the listening socket out of poll() for a while, or pause."
    ! spins || blame "it works without a pause
$(how_it_stands | head -5)"
    because "accept() with EMFILE is no reason to end: descriptors come back when clients leave."
    ! ended || blame "$(how_it_stands)"
    prlimit --pid "$PID" --nofile=512:
    let_go
    talk < <(newcomers "$1")
    stop_all
}

@test "[1] echo_fork: leaves no zombie" {
    needs echo_fork
    section "Step 9: echo_fork, children that have ended"
    serve echo_fork
    did "let 200 clients come and go, one after the other"
    expected "no child process left, without another client coming"
    because "A child that has ended stays as a zombie (Z) until its parent calls waitpid(). SIGCHLD tells when; a waitpid() before the next accept() comes only with the next client. And signals are not counted: one SIGCHLD may stand for several children."
    each 1 200 "eve connect 127.0.0.1:$PORT" 'eve send "line @\n"' 'eve expect "line @\n"' \
        'eve close' | talk
    await "$PRINT_S" no_children || {
        children | grep -q Z ||
            because "A child serves one client and then ends, with _exit(). One that does not falls back into the loop of accept()."
        blame "child processes: $(children | wc -l); the first, with PID and state:
$(children | head -5)"
    }

    did "connected 8 clients, held the parent still until their 8 children had ended, and let it go on"
    because "Eight children have ended, and one SIGCHLD came: signals are not counted. waitpid(-1, NULL, WNOHANG) in a loop, until it returns no child."
    { each 1 8 "c@ connect 127.0.0.1:$PORT" 'c@ send "here\n"' 'c@ expect "here\n"'
        echo "server stop $PID"; } | talk
    await "$END_S" all_children_ended || blame "its children do not end when their clients leave:
$(children)"
    send_signal CONT
    await "$PRINT_S" no_children || blame "child processes: $(children | wc -l); the first, with PID and state:
$(children)"

    because "SIGCHLD interrupts accept() or poll() (EINTR), and that is no reason to end: call it again."
    expected "the next client to be served"
    talk < <(newcomers echo_fork)
}

@test "[1] echo_fork: parent and child close what is not theirs" {
    needs echo_fork
    section "Step 8: echo_fork, accept and fork"
    serve echo_fork
    did "connected two clients to ./echo_fork and looked with ss -tnp which process holds what"
    expected "each client's line back"
    because "In the child: send back the lines of client_fd, which only the parent closes at once."
    hold <<END
alice connect 127.0.0.1:$PORT
alice send   "one\n"
alice expect "one\n"
bob   connect 127.0.0.1:$PORT
bob   send   "two\n"
bob   expect "two\n"
held
END
    expected "the listening socket in the parent alone"
    because "After fork() the child has every descriptor of its parent. Close server_fd there: else the port stays busy as long as a child lives."
    await "$PRINT_S" listener_in_parent_alone || blame "parent: $PID; the listening socket is held by: $(holders state listening | tr '\n' ' ')"
    expected "each client's socket in one child alone"
    because "After fork() parent and child both hold client_fd. The parent closes its own: else the client never sees the end, and the parent runs out of descriptors."
    await "$PRINT_S" clients_in_children_alone || blame "parent: $PID; the clients' sockets are held by: $(holders state established | tr '\n' ' ')"
    let_go

    did "let a client end its side (half-close)"
    expected "FIN, after its last line has come back"
    because "recv() returns 0 when the client has closed: then the child closes too, and ends."
    talk <<END
carol connect 127.0.0.1:$PORT
carol send   "one\ntwo\n"
carol half-close
carol expect "one\ntwo\n"
carol fin
END
}
listener_in_parent_alone() { [ "$(holders state listening)" = "$PID" ]; }
clients_in_children_alone() {
    [ "$(holders state established | wc -l)" -eq 2 ] &&
        [ "$(holders state established | sort -u | grep -cvx "$PID")" -eq 2 ]
}

# ---- 9: lines ----

# What a client sends, and the line that arrives of it. For echo_fork they arrive at the
# client itself, for a chat at another one. Prints the script.
lines_in_pieces() { # PROGRAM
    local a="bob expect \"#1 " b="alice expect \"#2 " first="bob until \"#1 "
    echo "alice connect 127.0.0.1:$PORT"
    echo 'alice send "I am alone\n"'
    echo 'alice taken'
    [ "$1" != echo_fork ] || echo 'alice expect "I am alone\n"'
    echo "bob   connect 127.0.0.1:$PORT"
    if [ "$1" = echo_fork ]; then
        a="alice expect \"" b="bob expect \"" first="alice expect \""
    else
        echo 'bob send "here\n"'
        echo 'alice expect "#2 here\n"'
    fi
    cat <<END
alice send "bon"
alice taken
alice send "jour\n"
${first}bonjour\n"
alice send "alice's"
alice taken
bob   send "bob's"
bob   taken
alice send " line\n"
${a}alice's line\n"
bob   send " line\n"
${b}bob's line\n"
alice send "one\ntwo\n\nthree\nfo"
${a}one\n"
${a}two\n"
${a}\n"
${a}three\n"
alice send "ur\n"
${a}four\n"
alice trickle 1ms "five\n"
${a}five\n"
alice send "six\r\n"
${a}six\n"
alice send "seven\r"
alice taken
alice send "\n"
${a}seven\n"
alice send "e\0ight\0\n"
${a}e\0ight\0\n"
alice send "%s%s%n\r\rnine\n"
${a}%s%s%n\r\rnine\n"
alice send "a"*511
alice taken
alice send "\n"
${a}" "a"*511 "\n"
alice send "b"*509 "\r\n" "c"*511 "\n" "d"*300
alice taken
alice send "d"*211 "\n"
${a}" "b"*509 "\n"
${a}" "c"*511 "\n"
${a}" "d"*511 "\n"
END
}

# The lines above, as talk wants them: one string after expect.
script_of() { # PROGRAM
    lines_in_pieces "$1" | awk '
        $2 == "expect" && /" "[a-d]"\*/ {
            party = $1; match($0, /"[a-d]"\*[0-9]+/)
            prefix = $0; sub(/^[a-z]+ +expect "/, "", prefix); sub(/".*/, "", prefix)
            if (prefix != "") print party " expect \"" prefix "\""
            print party " expect " substr($0, RSTART, RLENGTH)
            print party " expect \"\\n\""
            next
        }
        { print }'
}

@test "[1] all three put lines together, however they come" {
    # shellcheck disable=SC2086
    needs $ALL
    local program
    for program in $ALL; do lines_are_whole "$program"; done
    for program in $ALL; do long_lines_end "$program"; done
    for program in $ALL; do short_counts "$program"; done
}

lines_are_whole() { # PROGRAM
    section "Step 3: lines"
    DID=""
    serve "$1"
    did "sent lines to ./$1 in pieces, and several in one piece"
    expected "each line whole, by itself, without the CR before its LF"
    because "TCP is a stream of bytes without message boundaries: recv() may bring half a line or five. Keep, for each client by itself, what is not a whole line yet. A line is any bytes up to LF, and may hold 512 of them with its LF: neither NUL nor % are special."
    talk < <(script_of "$1")
    stop_all
}

long_lines_end() { # PROGRAM
    # Who hears a line, and how: the client itself, or alice.
    local hello='alice expect "here\n"' whole='dave expect "whole\n"' erin='erin expect "I am erin\n"'
    local after='alice expect "after\n"'
    if [ "$1" != echo_fork ]; then
        hello="" whole='alice expect "#4 whole\n"' erin='alice expect "#5 I am erin\n"'
        after='erin until "#3 after\n"'
    fi
    section "Step 3: lines"
    DID=""
    serve "$1"
    did "sent 512 bytes without LF to ./$1"
    expected "'line too long', and the end of that connection"
    because "A line may have 512 bytes, its LF included. When 512 have come and no LF is among them, the client is told and closed; else it could fill your memory."
    talk <<END
bob   connect 127.0.0.1:$PORT
bob   send "b"*512
bob   expect "line too long\n"
bob   drain
END
    did "sent 512 bytes and then LF"
    talk <<END
carol connect 127.0.0.1:$PORT
carol send "c"*512 "\n"
carol expect "line too long\n"
carol drain
END
    DID=""
    did "sent ./$1 a whole line and the half of another, and closed"
    expected "the whole line to arrive, and nothing of the half"
    because "A last line without LF is dropped: nobody can know whether it is complete."
    talk <<END
alice connect 127.0.0.1:$PORT
alice send "here\n"
alice taken
$hello
dave  connect 127.0.0.1:$PORT
dave  send "whole\nha"
dave  taken
dave  send "lf"
dave  half-close
$whole
dave  drain
erin  connect 127.0.0.1:$PORT
erin  send "I am erin\n"
$erin
alice send "after\n"
$after
END
    stop_all
}

short_counts() { # PROGRAM
    section "Step 4: sending"
    DID=""
    UNDER=(env SHORT_SEND=3 SHORT_RECV=2 LD_PRELOAD=./short_io.so)
    serve "$1"
    UNDER=()
    did "let every send() of ./$1 take 3 bytes at most, and every recv() bring 2"
    expected "the same lines as without that"
    because "send() and recv() return how many bytes they moved. Send the rest until nothing is left; receive until the line is complete."
    talk < <(script_of "$1" | grep -v 512)
    stop_all
}

# ---- 10, 11: nobody delays anybody ----

delays_nobody() { # PROGRAM
    needs "$1"
    serve "$1"
    did "connected a client that stays silent to ./$1, and one that has sent half a line"
    expected "the others to talk meanwhile"
    because "A recv() that waits for one client keeps all the others waiting. Receive from each in a thread of its own, or only where poll() says that something has come."
    talk <<END
half  connect 127.0.0.1:$PORT
half  send   "half a line"
half  taken
alice connect 127.0.0.1:$PORT
alice send   "here\n"
half  expect "#2 here\n"
mute  connect 127.0.0.1:$PORT
bob   connect 127.0.0.1:$PORT
bob   send   "too\n"
alice expect "#4 too\n"
mute  until  "#4 too\n"
alice send   "at last\n"
bob   until  "#2 at last\n"
mute  expect "#2 at last\n"
END
    stop_all

    serve "$1"
    local sockets
    sockets=$(count_sockets)
    DID=""
    did "connected a client that never receives, and sent 4 MB of lines from another to all"
    expected "all of them to arrive at a third"
    because "send() to a client that does not receive waits as soon as its socket is full, and whoever waits for that send (or for the mutex that it holds) waits too. MSG_DONTWAIT makes send() return -1 with EAGAIN instead: close that client."
    hold "$FLOOD_S" < <(
        echo "deaf  deaf
deaf  connect 127.0.0.1:$PORT
deaf  send    \"I do not hear\\n\"
deaf  taken
alice connect 127.0.0.1:$PORT
alice send    \"what?\\n\"
alice taken
bob   connect 127.0.0.1:$PORT
bob   send    \"here\\n\"
alice until   \"#3 here\\n\""
        each 1 64 "alice send \"$FLOOD\"*127 \"end @\\n\"" "bob until \"#2 end @\\n\" within ${TALK_S}s"
        echo held
    )
    expected "the server to have closed the client that never receives"
    because "A client whose socket takes no more has to be closed. Where it is only passed over, it loses lines, and nobody tells it."
    await "$PRINT_S" sockets_are "$((sockets + 2))" ||
        blame "the server still holds $(($(count_sockets) - sockets)) clients' sockets, not 2"
    let_go
    stop_all
}
FLOOD=$(printf '%0511d' 0)'\n'

@test "[1] chat_threads: who never speaks or never receives delays no other" {
    section "Step 11: chat_threads, a line to all the others"
    delays_nobody chat_threads
}

@test "[1] chat_poll: who never speaks or never receives delays no other" {
    section "Step 15: chat_poll, a line to all the others"
    delays_nobody chat_poll
}

# ---- 12, 13: places ----

# A hundred clients, c1 to c100; no more than 50 of them wait to be accepted at a time. The
# last of each 50 is heard by the first, and each of them may hear more; c100 has heard all
# that was said before.
hundred() {
    connect_all 1 50 'c@ send "I am @\n"' 'c1 until " I am @\n"'
    connect_all 51 100 'c@ send "I am @\n"' 'c1 until " I am @\n"'
    echo 'c50 send "We are 100\n"'
    echo 'c100 until " We are 100\n"'
}

# The same where others have places too: c100 finds none.
hundred_and_more() {
    hundred | sed -e '/ I am 99\\n/d' -e '/^c100 send/,$d' # nor may c99 find one
    echo 'c100 drain'
}

has_places() { # PROGRAM
    needs "$1"
    UNDER=(env LATE_THREADS="$LATE_MS" LD_PRELOAD=./faults.so)
    serve "$1"
    UNDER=()
    local n
    look_for_room
    n=$ROOM
    did "connected $n clients to ./$1 in one burst, and let each of them talk"
    expected "each client's line under its own ID"
    because "Several clients may wait when poll() returns: each has to get a place and an ID of its own."
    [ "$1" = chat_poll ] || {
        DID=""
        did "connected $n clients to ./$1 in one burst, each new thread beginning $LATE_MS ms late, and let each of them talk"
        because "The address of a variable that the next accept() changes was given to pthread_create(): the thread reads it too late, two threads serve one client, and nobody the other. Give each thread something of its own, such as the address of its place in the array."
    }
    hold <<END
server stop $PID
$(each 1 "$n" "c@ connect 127.0.0.1:$PORT")
server continue $PID
c$n    send "I am $n\n"
c1     expect "#$n I am $n\n"
$(each 1 "$((n - 1))" 'c@ send "I am @\n"' "c$n expect \"#@ I am @\\n\"")
held
END
    let_go
    stop_all

    DID=""
    serve "$1"
    did "connected 100 clients to ./$1, and then the 101st"
    expected "100 to be served, and the 101st to be told 'server full' and closed"
    because "There are 100 places. Look for a free one; where there is none, tell the client and close its socket. An index that is not checked writes behind the array."
    hold <<END
$(hundred)
full   connect 127.0.0.1:$PORT
full   expect "server full\n"
full   drain
c2     send "still here\n"
c100   expect "#2 still here\n"
held
END
    let_go
    stop_all

    # That the twenty who leave are gone is certain, at the latest, when the last has seen
    # its end: at least nineteen places are free then, however late one thread may be.
    DID=""
    serve "$1"
    did "connected 101 clients to ./$1, let 20 of them leave, and connected 19 more"
    expected "all 19 to be admitted, with IDs that go on counting"
    because "A client that has left gives its place back: it can be taken again. IDs are not: they count the admitted clients, and 'server full' admits nobody."
    talk <<END
$(hundred)
c101   connect 127.0.0.1:$PORT
c101   expect "server full\n"
$(each 61 80 'c@ half-close' 'c@ drain')
$(each 101 119 "d@ connect 127.0.0.1:$PORT" 'd@ send "new\n"' 'c100 expect "#@ new\n"')
c90    send "one line each\n"
d101   until "#119 new\n"
d101   expect "#90 one line each\n"
d119   until "#90 one line each\n"
END
    stop_all
}

@test "[1] chat_threads: has 100 places, and uses them again" {
    section "Step 13: chat_threads, a place and a thread for each"
    has_places chat_threads
}

@test "[1] chat_poll: has 100 places, and uses them again" {
    section "Step 17: chat_poll, a place for each"
    has_places chat_poll
}

# ---- 14, 15: what clients and the system may do ----

survives() { # PROGRAM
    needs "$1"
    local pipe="these words meet a broken pipe"
    section "Step 4: sending"
    UNDER=(env EPIPE_AT="$pipe" LD_PRELOAD=./faults.so)
    serve "$1"
    UNDER=()
    did "made one of ./$1's three sends of a line meet a client that has left (EPIPE)"
    expected "the line at the two others, and the next line too"
    because "To a client that has left, send() raises SIGPIPE, which ends the program without a word. With MSG_NOSIGNAL, or SIGPIPE ignored, it returns -1 and EPIPE instead: then go on with the next client."
    hold <<END
alice connect 127.0.0.1:$PORT
$(each 2 4 "c@ connect 127.0.0.1:$PORT" 'c@ send "here\n"' 'alice expect "#@ here\n"' "c@ save $T/c@")
alice send "$pipe\n"
alice send "the next\n"
alice half-close
alice drain
held
$(each 2 4 'c@ drain')
END
    ! ended || blame "$(how_it_stands)"
    kill -KILL "$PID" 2>/dev/null || true # it may have ended just now: what came tells
    await "$TALK_S" gone "${HELD# }" || true
    [ "$(cat "$T"/c[234] | grep -c "^#1 $pipe\$") $(cat "$T"/c[234] | grep -c '^#1 the next$')" = "2 2" ] ||
        blame "what the three clients received, after each other:
$(cat "$T"/c[234])"
    let_go
    stop_all

    DID=""
    serve "$1"
    local sockets
    sockets=$(count_sockets)
    did "held ./$1 still while one client sent 100 lines and two others left (one by RST), and let it go on"
    expected "all 100 lines at the fourth client, and newcomers served"
    because "An error of recv() or send() is the end of that one client: close it, and go on with the others. It is no reason to leave the loop, or to end the server."
    talk <<END
alice connect 127.0.0.1:$PORT
bob   connect 127.0.0.1:$PORT
carol connect 127.0.0.1:$PORT
dave  connect 127.0.0.1:$PORT
dave  send    "here\n"
alice expect  "#4 here\n"
bob   expect  "#4 here\n"
carol expect  "#4 here\n"
server stop $PID
alice send    "a line for everybody\n"*100
bob   reset
carol half-close
carol reset
server continue $PID
dave  expect  "#1 a line for everybody\n"*100
dave  send    "thank you\n"
alice expect  "#4 thank you\n"
$(newcomers "$1")
new   reset
too   half-close
too   drain
END
    did "let all clients leave, one by RST"
    expected "the server to hold no client's socket any more"
    because "recv() returns 0 when a client has closed, and -1 when it was reset; poll() tells POLLHUP or POLLERR then, beside POLLIN. In each case the client has left: close its socket, or the loop comes back to it for ever."
    await "$PRINT_S" sockets_are "$sockets" || {
        ! ended || because "An error of recv() is the end of that one client: close it, and go on with the others. It is no reason to end the server."
        ended || blame "clients' sockets that are still open: $(($(count_sockets) - sockets))
$(how_it_stands)"
        blame "$(how_it_stands)"
    }
    stop_all
    [ "$1" = chat_poll ] || no_child_left "$1"
    accept_fails "$1"
    no_descriptor_left "$1"
}
@test "[1] chat_threads: survives whatever clients and the system do" {
    survives chat_threads
}

@test "[1] chat_poll: survives whatever clients and the system do" {
    survives chat_poll
}

# ---- 16, 17: many clients ----

# Plays a crowd; on failure its sentence says what is wrong.
crowd() { # CLIENTS SENDERS LINES
    local said
    said=$("$LAB/tests/stage/crowd" -t "$((TALK_S * 2))" "$PORT" "$@" 3>&- 4>&-) ||
        blame "$said
$(how_it_stands)"
}

carries_a_crowd() { # PROGRAM
    DID=""
    serve "$1"
    did "connected 20 clients to ./$1, each of which sent 200 lines while it received"
    expected "every line at each of the 19 others: whole, once, and in its sender's order"
    because "Lines are lost or mixed where two threads change the array, or send to one client, at the same time without holding the mutex; or where what is left in a buffer is lost."
    crowd 20 20 200
    stop_all

    DID=""
    UNDER=(env SHORT_SEND=9 LD_PRELOAD=./short_io.so)
    serve "$1"
    UNDER=()
    did "did the same with 8 clients and 50 lines each, every send() of ./$1 taking 9 bytes at most"
    because "A line that needs several calls of send() can be mixed with another: hold the mutex from its first byte to its last."
    crowd 8 8 50
    stop_all
}

@test "[1] both chats carry 20 clients at once, every line whole and in order" {
    # shellcheck disable=SC2086
    needs $CHATS
    section "Step 11: chat_threads, a line to all the others"
    carries_a_crowd chat_threads
    section "Step 15: chat_poll, a line to all the others"
    carries_a_crowd chat_poll
}

# What the program uses: a line to compare, and its resident memory in KiB. A thread of a
# client that has just left may take a moment to end.
usage_of() {
    echo "descriptors: $(count_entries "/proc/$PID/fd")," \
        "threads: $(count_threads), child processes: $(children | wc -l)"
}
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$PID/status" 2>/dev/null; }
usage_is() { [ "$(usage_of)" = "$1" ]; }

# Many clients come, talk, and go; what went wrong goes to $BATS_FILE_TMPDIR/visits.PROGRAM.
visits_to_chat_threads() { visits chat_threads; }
visits_to_chat_poll() { visits chat_poll; }
visits() { # PROGRAM
    local said=$BATS_FILE_TMPDIR/visits.$1 before memory grown n
    ready
    T=$BATS_FILE_TMPDIR/of.$1
    mkdir "$T"
    NEXT_PORT=$((30000 + ${#1}))
    free_port
    start "$1" "$PORT"
    listens || { how_it_stands >"$said"; return; }
    for n in "${VISITS[@]}"; do
        {
            echo "host connect 127.0.0.1:$PORT"
            each 1 "$n" "eve connect 127.0.0.1:$PORT" 'eve send "@ is here\n"' 'host until " @ is here\n"'
        } >"$T/script"
        "$TALK" -t "$((TALK_S * 3))" "$T/script" >"$T/talk" 2>&1 ||
            { cat "$T/talk"; how_it_stands; } >"$said"
        [ ! -s "$said" ] || break
        await "$PRINT_S" sockets_are 1 || true
        if [ -z "$before" ]; then
            # one thread more or less may be waiting to be joined
            before=$(usage_of) memory=$(resident)
        elif ! await "$PRINT_S" usage_is "$before"; then
            { echo "before  $before"; echo "after   $(usage_of)"; } >"$said"
        else
            grown=$(($(resident) - memory))
            [ "$grown" -le "$GROWTH_KIB" ] || echo "memory grown by $grown KiB" >"$said"
        fi
    done
    stop_all
}

@test "[1] both chats let 2,000 clients come and go, and lose nothing" {
    # shellcheck disable=SC2086
    needs $CHATS
    local program
    section "Step 13: chat_threads, a place and a thread for each"
    for program in $CHATS; do
        DID=""
        did "let ${VISITS[0]} clients of ./$program come, talk and go, and then ${VISITS[1]} more"
        expected "each to be served, and the same descriptors, threads, processes and memory in use as before"
        because "Whatever a client gets has to be given back when it leaves: close() its socket; a thread is joined or detached, or its stack stays; what was allocated is freed."
        finish "visits_to_$program" || blame "it has not come to an end"
        [ ! -s "$BATS_FILE_TMPDIR/visits.$program" ] ||
            blame "$(last_of <"$BATS_FILE_TMPDIR/visits.$program")"
        section "Step 17: chat_poll, a place for each"
    done
}

# ---- 18: the end ----

# Fifty clients who have all been accepted. A client of echo_fork that does not receive keeps
# its child waiting in send().
fifty() { # PROGRAM
    if [ "$1" = echo_fork ]; then
        connect_all 1 50 'c@ send "here\n"' 'c@ expect "here\n"'
        echo "deaf deaf"
        echo "deaf connect 127.0.0.1:$PORT"
        echo 'deaf send "not received\n"*1000'
    else
        connect_all 1 50 'c@ send "here\n"' 'c1 until "#@ here\n"'
    fi
}

@test "[1] all three end within a second on SIGTERM, with 50 clients connected" {
    # shellcheck disable=SC2086
    needs $ALL
    section "Step 5: signals"
    local program n running=()
    for program in $ALL; do
        serve "$program"
        section "Step 6: accept"
        DID=""
        did "connected 50 clients to ./$program"
        expected "all of them to be accepted, the last to be served"
        because "Go back to accept() after each client, however many are connected already."
        hold < <(fifty "$program"; echo held)
        section "Step 5: signals"
        running+=("$PID $OUT $ERR $PORT $program")
    done
    for n in 0 1 2; do
        read -r PID OUT ERR PORT program <<<"${running[n]}"
        DID=""
        did "sent SIGTERM to ./$program with 50 clients connected"
        expected "exit status 0 within a second"
        because "Catch SIGTERM (sigaction) and let the loop see it: accept() and poll() return -1 with EINTR when no SA_RESTART is set, but only where they already wait. Threads that wait in recv() are woken by shutdown() of their socket."
        send_signal TERM
        { await "$LEAVE_S" ended && ends && [ "$STATUS" -eq 0 ]; } || blame "$(how_it_stands)"

        section "Step 10: echo_fork, the end"
        expected "no process that still serves a client"
        because "The children end with their server: it knows their PIDs, kill() ends them, waitpid() takes them in."
        [ -z "$(holders state established)" ] ||
            blame "$(holders state established | sort -u | wc -l) processes still hold clients' sockets"

        section "Step 2: the listening socket"
        did "started ./$program $PORT again"
        expected "it to listen there at once, and to end on SIGINT as well"
        because "The side that closes first keeps the port for a minute (TIME_WAIT), and bind() fails. SO_REUSEADDR, set to 1 before bind(), allows it."
        local asked=$PORT
        start "$program" "$asked"
        { listens && [ "$PORT" -eq "$asked" ]; } || blame "$(how_it_stands)"
        section "Step 5: signals"
        because "Ctrl-C in the terminal is SIGINT. Catch it as SIGTERM."
        talk < <(newcomers "$program")
        send_signal INT
        { await "$LEAVE_S" ended && ends && [ "$STATUS" -eq 0 ]; } || blame "$(how_it_stands)"
    done
}

# ---- 19, 20: the sanitizers ----

@test "[1] all are clean under AddressSanitizer and UndefinedBehaviorSanitizer" {
    section "Traps"
    with_sanitizers
    local program script
    for program in $ALL; do
        serve "$program"
        DID=""
        did "built ./$program with -fsanitize=address,undefined and sent lines of every kind"
        expected "no word from the sanitizers"
        because "The first line names the mistake, the lines after it the place. What recv() brings is no string, and a buffer that is full has no room for a NUL after it."
        {
            script_of "$program"
            [ "$program" = echo_fork ] || {
                hundred_and_more
            }
            echo "long connect 127.0.0.1:$PORT"
            echo 'long send "l"*5000'
            echo 'long drain'
        } >"$T/script"
        clean_run "$T/script"
    done
    [ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -ge 2048 ] || return 0
    ulimit -n 2048
    for program in $CHATS; do
        crowded 1023
        serve "$program"
        UNDER=()
        DID=""
        did "started ./$program with more than 1024 descriptors open, and let clients talk"
        expected "the clients to be served, and no word from the sanitizers"
        because "An fd_set of select() has room for the descriptors 0 to 1023, and FD_SET() of a higher one writes behind it; so does an array with the descriptor as its index."
        newcomers "$program" >"$T/script"
        clean_run "$T/script"
    done
}

# Plays the script, ends the program by SIGTERM (leaks are told at the end), and looks.
clean_run() { # SCRIPT
    local status=0 early=""
    "$TALK" -t "$((TALK_S * 2))" "$1" >"$T/transcript" 2>&1 3>&- 4>&- || status=$?
    ! ended || early=1
    kill -TERM "$PID" 2>/dev/null || true
    ends || true
    sanitizers_are_silent
    [ "$status" -eq 0 ] || {
        because "In this build every variable that is not initialised holds a strange value. One of yours may be read before it is written."
        blame "$(tail -20 "$T/transcript")
$(how_it_stands)"
    }
    [ -z "$early" ] || ended_early TERM
    stop_all
}

# Beside the other checks: chat_threads built with ThreadSanitizer, and a crowd. How it went
# goes to $BATS_FILE_TMPDIR/tsan: "works" when it could be started at all.
load_under_tsan() {
    local tsan=$BATS_FILE_TMPDIR/tsan
    mkdir "$tsan"
    ready
    T=$tsan
    PROGRAMS=chat_threads compile_all "$tsan" -fsanitize=thread && [ -x "$tsan/chat_threads" ] || return 0
    CHECKED=$tsan CHECKS=1
    NEXT_PORT=31000
    free_port
    start chat_threads "$PORT"
    if ! listens; then # its memory lies where this kernel randomizes too much
        UNDER=(setarch -R)
        free_port
        start chat_threads "$PORT"
        listens || return 0
    fi
    touch "$tsan/works"
    "$LAB/tests/stage/crowd" -t "$((TALK_S * 3))" "$PORT" 10 10 30 >"$tsan/crowd" 2>&1
    {
        each 1 30 "host connect 127.0.0.1:$PORT" "eve@ connect 127.0.0.1:$PORT" 'eve@ send "here\n"' \
            'host until " here\n"' 'eve@ close'
        # Each eve leaves while 200 lines are on their way to her.
        each 31 60 "eve@ connect 127.0.0.1:$PORT" 'eve@ send "here\n"' 'host until " here\n"' \
            'host send "to you\n"*200' 'eve@ reset'
        hundred_and_more
        each 1 98 'c@ send "here\n"'
        each 20 60 'c@ reset'
    } >"$tsan/script"
    "$TALK" -t "$((TALK_S * 3))" "$tsan/script" >"$tsan/transcript" 2>&1
    kill -TERM "$PID" 2>/dev/null || true
    ends || true
    cp "$ERR" "$tsan/err"
    stop_all
}

@test "[1] chat_threads: ThreadSanitizer is silent under load" {
    needs chat_threads
    section "Step 12: chat_threads, one thread a client"
    did "built ./chat_threads with -fsanitize=thread, let 10 clients talk at once, and others come and go"
    expected "no word from ThreadSanitizer"
    because "Two threads use the same memory at the same time, and one of them changes it. Whoever reads or changes the array of clients, or counts, holds the mutex. What a new thread gets must not be changed after pthread_create()."
    finish load_under_tsan || blame "it has not come to an end"
    ERR=$BATS_FILE_TMPDIR/tsan/err
    [ -e "$BATS_FILE_TMPDIR/tsan/works" ] || skip "the compiler has no ThreadSanitizer here, or it can't run"
    sanitizers_are_silent
    grep -q arrived "$BATS_FILE_TMPDIR/tsan/crowd" || blame "$(cat "$BATS_FILE_TMPDIR/tsan/crowd")"
}
