# What the graded test files share: they `load lib/lab`, and read as the specification of
# their exercise. Everything here works under bats 1.8 and later, with bash 3.2 and later.
# shellcheck shell=bash disable=SC2034 # much of it is for the test files

export LC_ALL=C
LAB=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
TALK=$LAB/tests/stage/stage

# Every deadline of the tests, in seconds of fair time (tests/stage/clock.h): how late the
# machine gives out its processors does not count. LAB_PATIENCE=3 makes them three times as
# long. None is ever waited for where the program does what it should.
PATIENCE=${LAB_PATIENCE:-1}
START_S=$((3 * PATIENCE))    # from the start of a program to its listening socket
TALK_S=$((3 * PATIENCE))     # for a whole conversation
END_S=$((3 * PATIENCE))      # from what must end a program to its end
PRINT_S=$((3 * PATIENCE))    # for a line that must already have been printed
BROWSER_S=$((10 * PATIENCE)) # for a visit of a browser, its start included

ASKED_EACH_S=50 # what is waited for is asked for so often in a second, at least

SEEN_LINES=40       # of what a failed check has seen are kept, at most
PRINTED_LINES=12    # of what a program has printed are shown, where it failed,
PRINTED_BYTES=160   # and so much of each
TRANSCRIPT_LINES=16 # of a conversation are shown, the last

# Limits for every program under test, so that no mistake can hurt the machine.
LIMIT_CPU_S=10
LIMIT_FILE_KIB=20480
LIMIT_MEMORY_KIB=2097152
LIMIT_PROCESSES=500 # and threads, of all that is graded; for root, LAB_CGROUP has the same

# shellcheck source-path=SCRIPTDIR
. "$LAB/tests/lib/forks.bash"
# shellcheck source-path=SCRIPTDIR
. "$LAB/tests/lib/machine.bash"

SANITIZE="-O0 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all"

# ---- What a failed check says ----

# Notes for blame: what was done (lines add up), what should be seen, why it probably is
# not, and where the statement explains it.
did() { DID=${DID:+$DID, then }$1; }
expected() { EXPECTED=$1; }
because() { BECAUSE=$1; }
section() { SECTION=$1; }

# Ends the test as failed and says why, in one line that tests/grading/records takes for its
# record. BLOCKS=true says that nothing else can be tested before.
blame() { # SEEN, one line or several
    spare_the_program
    : >"${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/.told" # for tidy
    local seen=${1//"$PLAIN/"/./} # our own paths are of no interest
    seen=${seen//"$CHECKED/"/./}
    seen=${seen//"$SOURCE/"/}
    seen=${seen//"$T/"/}
    # What a check has not said yet: try_bug takes these words for a mistake of the lab.
    jq -Rsr --arg "done" "${DID:-began this check}" --arg cause "$BECAUSE" \
        --arg expected "${EXPECTED:-${BATS_TEST_DESCRIPTION#*] }}" \
        --arg file "$EXERCISE/README.md" --arg section "${SECTION:-The checks}" \
        --arg scene "${SCENE:-}" \
        --argjson blocked "${BLOCKS:-false}" --argjson lines "$SEEN_LINES" '
        [split("\n")[] | select(test("^ *$") | not) | .[0:400]] | .[0:$lines] | join("\n")
        | {scene: $scene, done: $done, expected: $expected, seen: ., cause: $cause,
            read: {file: $file, section: $section}, blocked: $blocked}
        | "record \(tojson)"' <<<"$seen"
    return 1
}

# Ends the test as one that can't be made, for a reason that another has told.
not_tested() { # REASON
    : >"$BATS_TEST_TMPDIR/.told"
    jq -nr --arg reason "$1" '"record \({reason: $reason, blocked: true} | tojson)"'
    return 1
}

# ---- Opening an exercise: build, and see whether the program starts at all ----

# Builds the programs, and the same with sanitizers in the background. What keeps the
# checks from being run is written to $BATS_FILE_TMPDIR/blocked, for ready.
open_exercise() { # DIRECTORY PROGRAM...
    trap - DEBUG # as in ready
    T=$BATS_FILE_TMPDIR # blame takes it off what it shows
    export EXERCISE=$1 SOURCE=${WORK:-$LAB}/$1
    shift
    [ -z "$SOLUTION" ] || SOURCE=$SOURCE/solution
    export PLAIN=$BATS_FILE_TMPDIR/plain CHECKED=$BATS_FILE_TMPDIR/checked
    export PROGRAMS=$*
    export NOTHING=$BATS_FILE_TMPDIR/nothing
    mkdir "$PLAIN" "$CHECKED"
    mkfifo "$NOTHING"
    COMPILE=$(make -s -C "$LAB" compile-command instruments)
    export COMPILE
    local program
    compile_all "$PLAIN" || true
    section "Before you start"
    expected "a program: nothing else can be tested before"
    for program; do
        if [ ! -f "$SOURCE/$program.c" ]; then
            DID=""
            did "looked for $program.c"
            because "It has another name, or lies elsewhere. WORK=DIRECTORY holds a directory $EXERCISE, and that the programs."
            block "$program" "there is no $program.c in $SOURCE"
        elif [ ! -x "$PLAIN/$program" ]; then
            DID=""
            did "compiled $program.c: $COMPILE"
            because "What the compiler says first names the place; what follows may come of it."
            block "$program" "$program.c does not compile:
$(cat "$PLAIN/$program.log")"
        fi
    done
    watch_forks
    behind compile_checked
}

# Notes why PROGRAM can't be tested at all, as blame says it; `needs` tells it. Where that is
# so for every program of the exercise, `ready` tells each test the reason of the first.
block() { # PROGRAM SEEN
    local program todo
    todo=$(sed -n 's/^stderr: .*TODO \([0-9]*\) is still to do$/\1/p' <<<"$2" | head -1)
    [ -z "$todo" ] || {
        because "The starter is filled in up to that TODO: the step of its number comes next."
        section "$(sed -n "s/^## \(Step $todo: \)/\1/p" "$LAB/$EXERCISE/README.md")"
    }
    BLOCKS=true blame "$2" >"$BATS_FILE_TMPDIR/blocked.$1" || true
    for program in $PROGRAMS; do
        blocked "$program" || return 0
    done
    cp "$BATS_FILE_TMPDIR/blocked.${PROGRAMS%% *}" "$BATS_FILE_TMPDIR/blocked"
}
blocked() { [ -f "$BATS_FILE_TMPDIR/blocked.$1" ]; } # PROGRAM

# Where FILE is there, tells it as the reason why a test can't be made, and fails.
blocked_by() { # FILE
    [ -f "$1" ] || return 0
    : >"$BATS_TEST_TMPDIR/.told"
    cat "$1"
    return 1
}

# For a test of some of several programs: fails it at once where one of them is blocked.
needs() { # PROGRAM...
    local program
    for program; do
        blocked_by "$BATS_FILE_TMPDIR/blocked.$program" || return
    done
}

# Runs a function beside the tests, from setup_file on; close_exercise ends it. With
# LAB_FIRST=1 only the first check that fails counts, and nothing is done before it is
# asked for; nor where several of the programs would be in each other's way.
behind() { # FUNCTION [ARGUMENT]
    [ -z "$LAB_FIRST" ] || return 0
    [ ! -f "$BATS_FILE_TMPDIR/blocked" ] && [ ! -f "$BATS_FILE_TMPDIR/one_by_one" ] || return 0
    set -m
    {
        NEXT_PORT=$((25000 + 500 * $(wc -w <<<"$BEHIND"))) # ports of its own, for free_port
        "$@" || true # nor does a command in it that fails break it off
        : >"$BATS_FILE_TMPDIR/${!#}.done"
    } </dev/null >/dev/null 2>&1 3>&- 4>&- &
    set +m
    echo "$!" >"$BATS_FILE_TMPDIR/${!#}.begun"
    BEHIND="$BEHIND $!"
    export BEHIND
}

# Waits until such a function has come to its end, which its own deadlines bring about;
# calls it when it has not begun. Fails when it has ended on its way.
finish() { # FUNCTION [ARGUMENT]
    local name=$BATS_FILE_TMPDIR/${!#}
    if [ ! -f "$name.begun" ]; then
        ("$@")
        return
    fi
    until [ -f "$name.done" ]; do
        ! gone "$(<"$name.begun")" || [ -f "$name.done" ] || return 1
        pause
    done
}

# For teardown_file.
close_exercise() {
    local pid
    for pid in $BEHIND $WATCH; do
        kill -KILL -- "-$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

# Compiles NAME.c into a directory; what the compiler says goes to NAME.log there. Of net.c,
# which an exercise's programs share, it makes net.o, of all others a program.
# LAB_BUILDS, where it is set, is a directory that keeps what has been compiled: the lab's
# own tests grade hundreds of submissions that differ in one file.
compile() { # NAME DIRECTORY [FLAG...]
    local name=$1 directory=$2 parts=("$1.c") result=$1 kept=""
    shift 2
    if [ "$name" = net ]; then
        parts+=(-c) result=net.o
    elif [ -f "$directory/net.o" ]; then
        parts+=("$directory/net.o")
    fi
    : >"$directory/$name.log"
    if [ -n "$LAB_BUILDS" ]; then
        kept=$LAB_BUILDS/$result.$(cd "$SOURCE" && { echo "$*"; cat "$name.c" net.c ./*.h; } 2>/dev/null | cksum | tr ' ' .)
        ! cp "$kept" "$directory/$result" 2>/dev/null || return 0
    fi
    (cd "$SOURCE" && $COMPILE "$@" -o "$directory/$result" "${parts[@]}" -pthread) \
        >"$directory/$name.log" 2>&1 </dev/null || return
    # What the compiler has warned of is to be said each time.
    [ -z "$kept" ] || [ -s "$directory/$name.log" ] ||
        { cp "$directory/$result" "$kept.$$" && mv "$kept.$$" "$kept"; }
}

# Compiles what the programs share, and then the programs, side by side.
compile_all() { # DIRECTORY [FLAG...]
    local directory=$1 name
    shift
    if [ -f "$SOURCE/net.c" ] && ! compile net "$directory" "$@"; then
        for name in $PROGRAMS; do cp "$directory/net.log" "$directory/$name.log"; done
        return 1
    fi
    for name in $PROGRAMS; do
        [ ! -f "$SOURCE/$name.c" ] || compile "$name" "$directory" "$@" 3>&- 4>&- &
    done
    wait
}

# Compiles all programs with the sanitizers and, where the compiler can, so that a variable
# that is not initialised holds a strange value each time.
compile_checked() {
    local program
    # shellcheck disable=SC2086
    compile_all "$CHECKED" $SANITIZE -ftrivial-auto-var-init=pattern || true
    for program in $PROGRAMS; do
        # shellcheck disable=SC2086
        [ ! -x "$PLAIN/$program" ] || [ -x "$CHECKED/$program" ] || { compile_all "$CHECKED" $SANITIZE || true; return; }
    done
}

# For the test of that name: every program is there, and the compiler says nothing of it
# or of net.c.
builds_without_a_warning() {
    local program
    section "Before you start"
    expected "no word from the compiler"
    because "Each warning is a mistake, or a place that a reader takes for one."
    for program in net $PROGRAMS; do
        [ "$program" = net ] || [ -x "$PLAIN/$program" ] || needs "$program"
        DID=""
        did "compiled $program.c: $COMPILE"
        [ ! -s "$PLAIN/$program.log" ] || blame "$(cat "$PLAIN/$program.log")"
    done
}

# For a test of the build with sanitizers: waits for it, and leaves the test out where the
# compiler has none. What is started then is that build.
with_sanitizers() {
    local program
    # shellcheck disable=SC2086
    needs $PROGRAMS
    finish compile_checked
    for program in $PROGRAMS; do
        [ -x "$CHECKED/$program" ] || skip "the compiler has no sanitizers here"
    done
    export CHECKS=1
}

# Fails the test where a sanitizer has said something on stderr: with its first words, and
# the places in the exercise's own files.
sanitizers_are_silent() { # [WHAT A LEAK MEANS]
    holds_text Sanitizer "$ERR" || holds_text 'runtime error: ' "$ERR" || return 0
    [ -z "$1" ] || ! holds_text LeakSanitizer "$ERR" || because "$1"
    blame "$(sanitizers_said "$ERR")"
}

# What of it helps: the first words, and the places in the exercise's own files.
sanitizers_said() { # FILE
    awk '
        { sub(/^stderr: /, "") }
        /Sanitizer|runtime error: |leak of |^  (Read|Write|Previous) / ||
        / is located |(allocated|freed|created) by / ||
        (/^ *#[0-9]+ / && index($0, ENVIRON["SOURCE"] "/")) {
            sub(/^==[0-9]+==/, ""); sub(/ 0x[0-9a-f]+ in /, " ")
            sub(/ \([^ ]*\+0x[0-9a-f]+\)/, "")
            print
        }' "$1" | head -12
}

# For setup: fails the test at once where there is nothing to test, with the one reason.
ready() {
    # bats notes every command, to name the one that failed: slow, and no help to a reader.
    # What it has noted so far would be a wrong name.
    trap - DEBUG
    BATS_DEBUG_LAST_STACK_TRACE=() BATS_DEBUG_LASTLAST_STACK_TRACE=()
    DID="" EXPECTED="" BECAUSE="" SECTION=""
    T=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
    exec 2>"$T/.shell" # what bash says, such as that a program was killed, is none of the reasons
    STARTED="" CHECKS="" BROWSES=""
    UNDER=()
    blocked_by "$BATS_FILE_TMPDIR/blocked"
}

# For teardown. A check that has failed without a word gets one.
tidy() {
    stop_all
    CHECKS="" BROWSES=""
    [ -n "$BATS_TEST_COMPLETED" ] || [ -f "$BATS_TEST_TMPDIR/.told" ] ||
        blame "the check broke off by itself: a mistake of the lab, not yours
$(tail -n 3 "$BATS_TEST_TMPDIR/.shell")" || true
    [ -z "$LAB_FIRST" ] || [ -n "$BATS_TEST_COMPLETED" ] ||
        not_tested "only the first check that fails counts here" \
            >"$BATS_FILE_TMPDIR/blocked" || true
} 2>/dev/null

# ---- The program under test ----

# Starts a program of the exercise in a process group of its own, under the limits, away
# from the descriptors of bats. UNDER holds what it is run under, if anything; CHECKS=1
# takes the build with sanitizers. Sets PID, OUT, ERR.
start() { # PROGRAM ARGUMENT...
    local program=${CHECKS:+$CHECKED}
    program=${program:-$PLAIN}/$1
    shift
    OUT=$T/out.${#STARTED} ERR=$T/err.${#STARTED}
    [[ ${UNDER[*]} != *LD_PRELOAD=* ]] || preloads
    set -m
    (
        ulimit -c 0 -t "$LIMIT_CPU_S" -f "$LIMIT_FILE_KIB"
        [ -n "$CHECKS" ] || ulimit -v "$LIMIT_MEMORY_KIB"
        [ -z "$LAB_COUNTED" ] || ulimit -u "$LIMIT_PROCESSES"
        [ -z "$LAB_CGROUP" ] || echo 0 >"$LAB_CGROUP/cgroup.procs" # 0: who writes it
        export LAB_TEST=$T
        cd "$T" && exec 5>&- 6>&- 7>&- 8>&- 9>&- "${UNDER[@]}" "$program" "$@"
    ) </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- &
    PID=$!
    set +m
    STARTED="$STARTED $PID"
    export LAB_WATCH=$STARTED # whose waits for a processor stop the clock of talk
}

# For LD_PRELOAD=./NAME.so, which takes no path with blanks: the lab's libraries lie where
# the programs run.
preloads() { ln -sf "$LAB"/tests/stage/*.so "$T"; }

# Waits, no longer than SECONDS_MAX, until COMMAND succeeds. These are fair seconds: those
# do not count in which the program waited for a processor, and there has to be time to ask
# often enough, as this shell may have to wait for one too.
await() { # SECONDS_MAX COMMAND...
    local begin=$SECONDS asked=0 seconds=$1 stood
    shift
    count_standing
    stood=$STOOD_MS
    until "$@"; do
        ((++asked))
        if [ $((SECONDS - begin)) -gt "$seconds" ] &&
            [ "$asked" -gt $((seconds * ASKED_EACH_S)) ]; then
            count_standing
            [ $((SECONDS - begin)) -le $((seconds + (STOOD_MS - stood) / 1000)) ] ||
                return 1
        fi
        pause
    done
}

# How long the program's threads have been ready to run and got no processor, all added,
# into STOOD_MS; 0 where the kernel does not tell (proc_pid_schedstat).
count_standing() {
    local file ns=0 all=0
    for file in /proc/"${PID:-none}"/task/*/schedstat; do
        { read -r _ ns _ <"$file" && all=$((all + ns)); } 2>/dev/null || true
    done
    STOOD_MS=$((all / 1000000))
}

# Passes a moment without a process for it, as sleep would be: nothing ever comes through
# this pipe. Before bash 4, read knows no fractions of a second.
pause() { read -rt 0.005 <>"$NOTHING" || [ $? -gt 128 ] || sleep 0.005; }

# What is asked often does without a process for it.

# Tells whether FILE, which may hold any bytes, holds TEXT.
holds_text() { # TEXT FILE
    local text
    # shellcheck disable=SC2094 # grep, too, only reads it
    if IFS= read -r -d '' text; then # FILE holds a NUL: bash can't keep what follows
        grep -qaF -e "$1" "$2"
    else
        [[ $text == *"$1"* ]]
    fi 2>/dev/null <"$2"
}

# The number of entries of a directory in /proc.
count_entries() { # DIRECTORY
    local entries=("$1"/*)
    [ "${entries[0]}" != "$1/*" ] || entries=()
    echo "${#entries[@]}"
}

# The size of FILE in bytes.
size() { echo "$(($(wc -c <"$1")))"; } # FILE

gone() { ! kill -0 -- "$1" 2>/dev/null; } # PID, or -PID for its whole process group
ended() { gone "$PID"; }
printed() { [ -s "$OUT" ]; }

# Tells whether stdout says that it listens on PORT, once and nothing else; other lines of
# the program's own may stand beside.
says_port() { [ "$(grep -a 'listening on port' "$OUT")" = "listening on port $PORT" ]; }

# Waits until the program listens, or has ended. Sets PORT to where it listens, which may
# not be where it should; fails, with PORT empty, when it does not listen.
listens() { PORT=$("$LAB/tests/stage/listening" "$PID" "$START_S" 3>&- 4>&-); }

# Waits until the program has ended. Sets STATUS, or fails when it has not.
ends() {
    await "$END_S" ended || return 1
    STATUS=0
    wait "$PID" || STATUS=$?
}

# Sends SIGNAL to the program, which must not have ended before.
send_signal() { # SIGNAL
    { ! ended && kill -s "$1" "$PID" 2>/dev/null; } || ended_early "$1"
}

# Fails the test of a program that had ended when SIGNAL was to be sent.
ended_early() { # SIGNAL
    because "It ended by itself, before the signal. How it ended, and what it said last, tell why."
    blame "it had ended before SIG$1 could be sent
$(how_it_stands)"
}

# Tells whether the program refuses its command line: a usage line on stderr, exit status 2,
# nothing else done.
refuses() {
    local line
    { ends && [ "$STATUS" -eq 2 ] && [ ! -s "$OUT" ]; } || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        [[ $line != [Uu][Ss][Aa][Gg][Ee]:* ]] || return 0
    done <"$ERR"
    return 1
}

# Notes that a program listens, at PORT, where it was not asked to: then it may not share
# its time with another.
listens_elsewhere() { # ASKED
    [ "$PORT" -eq "$1" ] || : >"$BATS_FILE_TMPDIR/one_by_one"
}

# Blocks a program that does not listen where its first start expects it to, after section.
never_listens() { # PROGRAM ARGUMENT
    did "started ./$1 $2"
    expected "a socket that listens there: nothing else can be tested before"
    because "socket() and bind() come first, then listen() where the socket is a stream; each returns -1 when it fails."
    if ended; then
        block "$1" "./$1 $2 ended before a client could reach it:
$(how_it_stands)"
    else
        block "$1" "./$1 $2 never listens:
$(how_it_stands)"
    fi
}

# Says how the program stands, for a reader.
how_it_stands() {
    if ! ended; then
        echo "the program is still running"
    else
        # A subshell, such as $(how_it_stands), may ask before the shell knows, or in vain.
        STATUS=0
        wait "$PID" 2>"$T/.wait" || STATUS=$?
        if [ "$STATUS" -eq -1 ] || grep -q "not a child" "$T/.wait"; then
            echo "the program has ended"
        else
            echo "the program ended with $(status_text "$STATUS")"
        fi
    fi
    how_many_processes
    shown stdout "$OUT"
    shown stderr "$ERR"
}

# The processes whose parent, or whose group, is the program: "PID STATE" each; a zombie's
# state is Z (proc_pid_stat(5)).
processes_by() { # parent|group
    local file stat state parent group
    for file in /proc/[0-9]*/stat; do
        read -r stat <"$file" || continue # it has just ended
        read -r state parent group _ <<<"${stat##*) }"
        [ "${!1}" != "$PID" ] || echo "${stat%% *} $state"
    done 2>/dev/null
}

# The first lines that a program has printed to one of its outputs, or of a long line its
# beginning.
shown() { # NAME FILE
    [ -s "$2" ] || return 0 # a pipe, too, has no size
    head -c 4000 "$2" | sed -n "1,${PRINTED_LINES} { s/^\(.\{$PRINTED_BYTES\}\).*/\1.../; s/^/$1: /p; }"
    [ "$(head -c 4000 "$2" | wc -l)" -le "$PRINTED_LINES" ] ||
        echo "$1: ... and more, $(size "$2") bytes in all"
}

status_text() { # STATUS
    case $1 in
    129 | 13[0-9] | 14[0-9] | 15[0-9])
        echo "signal $(($1 - 128)) (SIG$(kill -l "$(($1 - 128))"))" ;;
    *) echo "exit status $1" ;;
    esac
}

# Ends every program that this test has started, and all their children: without a process
# namespace also those that have left their process group, known by their environment.
stop_all() {
    local pid
    for pid in $STARTED; do
        kill -CONT -- "-$pid" 2>/dev/null || true
        kill -KILL -- "-$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        await "$END_S" gone "-$pid" || true # its children count against LIMIT_PROCESSES
    done
    [ -n "$LAB_ALONE" ] || [ -z "$STARTED" ] ||
        grep -lsz "^LAB_TEST=$T\$" /proc/[0-9]*/environ | cut -d / -f 3 |
        xargs kill -KILL 2>/dev/null || true
    STARTED=""
}

# A port that nothing uses, into PORT: outside the range for outgoing connections. In a
# namespace of our own nothing uses any, so each call takes the next; nor is any used twice,
# as a server without SO_REUSEADDR could not take it again (TIME_WAIT). None is the same when
# its bytes are swapped: htons() that is missing would not be missed.
free_port() {
    local used=""
    [ -n "$LAB_ALONE" ] || used=$(ss -Htuan | awk '{ print $5 "," }')
    while :; do
        if [ -n "$LAB_ALONE" ]; then
            NEXT_PORT=$((${NEXT_PORT:-20000 + 100 * ${BATS_TEST_NUMBER:-0}} + 1))
            PORT=$NEXT_PORT
        else
            PORT=$((20000 + RANDOM % 10000))
        fi
        [ $((PORT / 256)) -eq $((PORT % 256)) ] || [[ $used == *":$PORT,"* ]] || return 0
    done
}

# Tells whether the program could not listen only because somebody else has that port, or
# had it a minute ago: in a namespace of our own there is nobody else.
taken_by_others() { # PORT
    [ -z "$LAB_ALONE" ] && [ -n "$(ss -Htan "sport = :$1")" ]
}

# Starts a server on a free port and waits until it listens.
serve() { # PROGRAM ARGUMENT...
    free_port
    start "$1" "$PORT" "${@:2}"
    listens || {
        did "started ./$1 with a port"
        expected "a listening socket"
        because "A server listens as soon as it is started. What it says on stderr, if anything, tells which call failed."
        blame "$(how_it_stands)"
    }
}

# ---- Conversations ----

# Plays the conversation on standard input; its text may name PORT and PID. On failure
# the test ends with what came instead.
talk() {
    local transcript status=0
    transcript=$("$TALK" -t "$TALK_S" 2>&1 3>&- 4>&-) || status=$?
    [ "$status" -eq 0 ] || names_full_backlog "$transcript"
    [ "$status" -eq 0 ] || blame "$(last_of <<<"$transcript")
$(how_it_stands)"
}

# Where a client of the conversation waits in vain for its connection (SYN-SENT), as the
# backlog of PORT is full, that is the cause: ss shows who waits for accept() as the Recv-Q
# of the listening socket, and the backlog as its Send-Q.
names_full_backlog() { # TRANSCRIPT
    local waiting backlog
    [[ $1 == *" ! connect "*": Operation now in progress"* ]] || return 0
    read -r _ waiting backlog _ < <(ss -Hltn "sport = :$PORT") || return 0
    [ "$waiting" -le "$backlog" ] ||
        because "This connection found no room in the backlog: $waiting wait for accept(), and listen() was told $backlog. Does the program call accept()? Was listen() told the number that the statement names?"
}

# The end of a long transcript, where the step stands that failed; not from the middle of a
# step, whose further lines are indented.
last_of() { tail -n "$TRANSCRIPT_LINES" | awk '!/^            / { whole = 1 } whole'; }

# ---- HTTP ----

# Cuts an HTTP message in FILE into FILE.head and FILE.body at its first blank line, with
# or without CR. Fails when there is none.
cut_message() { # FILE
    local blank
    blank=$(grep -abn -m 1 '^'$'\r''\{0,1\}$' "$1") || return 1
    blank=${blank%%:*} # LINE:BYTE:
    head -n "$((blank - 1))" "$1" >"$1.head"
    tail -n "+$((blank + 1))" "$1" >"$1.body"
}

# The value of a field in a message's head, without CR.
field() { # NAME FILE.head
    awk -v name="$1" '
        { sub(/\r$/, "") }
        tolower(substr($0, 1, length(name) + 1)) == tolower(name ":") {
            value = substr($0, length(name) + 2)
            gsub(/^[ \t]+|[ \t]+$/, "", value)
            print value
        }' "$2"
}

# Shows bytes as talk would: one quoted line for each line, with its end.
show_bytes() { # FILE
    [ -s "$1" ] || { echo "nothing: not one byte"; return; }
    # An x after the last byte, so that the last line is told with or without its end.
    { head -c 1500 "$1"; printf x; } | LC_ALL=C sed -n 'l 0' | head -20 |
        sed -e 's/\\000/\\0/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/\$$/\\n"/' \
            -e '$ { s/x\\n"$/"/; /^""$/d; }'
}

# ---- The browser ----

# The browser for tests: the small headless build of Chromium first, as it starts fastest.
find_browser() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        command -v "$name" && return
    done
    return 1
}

# The page at URL as the browser has rendered it, into FILE; empty when it shows none.
browse() { # URL FILE
    (cd "$T" && exec "$LAB/tests/stage/fair" "$BROWSER_S" \
        "$LAB/tests/stage/browse" "$(find_browser)" "$1") \
        >"$2" </dev/null 3>&- 4>&- || true
}

# The texts of the <h1> of a rendered page, one a line.
headings() { # FILE
    tr '\n' ' ' <"$1" | grep -o '<h1[^>]*>[^<]*</h1>' | sed 's/<[^>]*>//g'
}
