# What the graded test files share: they `load lib/lab`, and read as the specification of
# their exercise. Everything here works under bats 1.8 and later, with bash 3.2 and later.
# shellcheck shell=bash disable=SC2034 # much of it is for the test files

export LC_ALL=C
LAB=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
STAGE=$LAB/tests/stage/stage

# Every deadline of the tests, in seconds of fair time (tests/stage/clock.h): how late the
# machine gives out its processors does not count. LAB_PATIENCE=3 makes them three times
# as long. None is ever waited for where the program does what it should.
PATIENCE=${LAB_PATIENCE:-1}
START_S=$((3 * PATIENCE))    # from the start of a server of the lab's own to its socket
TALK_S=$((3 * PATIENCE))     # for a whole scene
END_S=$((3 * PATIENCE))      # for a small program of the lab's own
BROWSER_S=$((10 * PATIENCE)) # for a visit of a browser, its start included

SEEN_LINES=40       # of what a failed check has seen are kept, at most
PRINTED_LINES=12    # of a file are shown,
PRINTED_BYTES=160   # and so much of each
TRANSCRIPT_LINES=16 # of a scene are shown, the last

# shellcheck source-path=SCRIPTDIR
. "$LAB/tests/lib/machine.bash"
# shellcheck source-path=SCRIPTDIR
. "$LAB/tests/lib/builds.bash"

# ---- What a failed check says ----

# Notes for blame: what was done (lines add up), what should be seen, why it probably is
# not, and where the statement explains it.
did() { DID=${DID:+$DID, then }$1; }
expected() { EXPECTED=$1; }
because() { BECAUSE=$*; }
section() { SECTION=$1; }

# Ends the test as failed and says why, in one line that tests/grading/records takes for
# its record. BLOCKS=true says that nothing else can be tested before.
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

# ---- What can't be tested at all ----

# The first TODO of PROGRAM that is still to do, of those before LIMIT, as its files say;
# else LIMIT. One at the top of a file is done when something stands under it. Where the
# same number stands in main() too, main() decides: it has come to a TODO that is not the
# first where others, of functions that it calls later, are left.
first_open() { # PROGRAM LIMIT
    local file files=()
    for file in "$SOURCE/$1.c" "$SOURCE/net.c"; do
        [ ! -f "$file" ] || files+=("$file")
    done
    awk -v limit="$2" '
        function under(written) { # does something stand under the TODO?
            if (todo && written)
                done[todo] = 1
            todo = 0
        }
        FNR == 1 || /^ *\/\* TODO [0-9]+:/ { under(0) }
        /^ *\/\* TODO [0-9]+:/ { todo = $3 + 0; done[todo] += 0; comment = 1 }
        comment { comment = !/\*\//; next }
        /TODO [0-9]+ is still to do/ { left[todo] = 1 }
        /[^ ]/ { under(!/^\/\* ---- |^int main\(/) }
        END {
            under(0)
            for (n = 1; n < limit && !((n in left) || (n in done) && !done[n]); n++)
                ;
            print n
        }' "${files[@]}"
}

# Notes why PROGRAM can't be tested at all, as blame says it; `needs` tells it. Where that
# is so for every program of the exercise, `ready` tells each test the reason of the
# first.
block() { # PROGRAM SEEN
    local program todo open new=$BATS_FILE_TMPDIR/new.$BASHPID
    todo=$(sed -n 's/^stderr: .*TODO \([0-9]*\) is still to do$/\1/p' <<<"$2" | head -1)
    [ -z "$todo" ] || {
        open=$(first_open "$1" "$todo")
        if [ "$open" = "$todo" ]; then
            because "The starter is filled in up to that TODO:" \
                "the step of its number comes next."
        else
            because "main() has come to that TODO, but nothing stands under TODO $open" \
                "yet: its step comes next."
        fi
        section "$(sed -n "s/^## \(Step $open: \)/\1/p" "$LAB/$EXERCISE/README.md")"
    }
    # Whole or not at all: what runs beside may look for it now.
    BLOCKS=true blame "$2" >"$new" || true
    mv "$new" "$BATS_FILE_TMPDIR/blocked.$1"
    for program in $PROGRAMS; do
        blocked "$program" || return 0
    done
    cp "$BATS_FILE_TMPDIR/blocked.${PROGRAMS%% *}" "$new"
    mv "$new" "$BATS_FILE_TMPDIR/blocked"
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

# ---- Beside the tests ----

# Runs a function beside the tests, from setup_file on; close_exercise ends it. With
# LAB_FIRST=1 only the first check that fails counts, and nothing is done before it is
# asked for.
behind() { # FUNCTION [ARGUMENT]
    [ -z "$LAB_FIRST" ] || return 0
    [ ! -f "$BATS_FILE_TMPDIR/blocked" ] || return 0
    set -m
    {
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
    for pid in $BEHIND; do
        kill -KILL -- "-$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

# ---- Each test ----

# For setup: fails the test at once where there is nothing to test, with the one reason.
ready() {
    # bats notes every command, to name the one that failed: slow, and no help to a
    # reader. What it has noted so far would be a wrong name.
    trap - DEBUG
    BATS_DEBUG_LAST_STACK_TRACE=() BATS_DEBUG_LASTLAST_STACK_TRACE=()
    SCENE="" DID="" EXPECTED="" BECAUSE="" SECTION=""
    enter_room "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/room"
    # What bash says, such as that a program was killed, is none of the reasons.
    exec 2>"$T.shell"
    CHECKS="" BROWSES=""
    blocked_by "$BATS_FILE_TMPDIR/blocked"
}

# From now on programs run in that directory, T, where they may do what they like; what
# the lab notes of them stands beside it, in T.seen and the like.
enter_room() { # DIRECTORY
    T=$1
    mkdir -p "$T"
}

# For teardown. A check that has failed without a word gets one.
tidy() {
    CHECKS="" BROWSES=""
    [ -n "$BATS_TEST_COMPLETED" ] || [ -f "$BATS_TEST_TMPDIR/.told" ] ||
        blame "the check broke off by itself: a mistake of the lab, not yours
$(tail -n 3 "$T.shell")" || true
    [ -z "$LAB_FIRST" ] || [ -n "$BATS_TEST_COMPLETED" ] ||
        not_tested "only the first check that fails counts here" \
            >"$BATS_FILE_TMPDIR/blocked" || true
} 2>/dev/null

# For LD_PRELOAD=./NAME.so, which takes no path with blanks: the lab's libraries lie where
# the programs run.
preloads() { ln -sf "$LAB"/tests/stage/*.so "$T"; }

# A port that nothing uses, into PORT: outside the range for outgoing connections. In a
# namespace of our own nothing uses any, so each call takes the next; nor is any used
# twice, as a server without SO_REUSEADDR could not take it again (TIME_WAIT). None is the
# same when its bytes are swapped: htons() that is missing would not be missed.
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
taken_by_others() { # PORT [-u FOR UDP]
    [ -z "$LAB_ALONE" ] && [ -n "$(ss -Hna "${2:--t}" "sport = :$1")" ]
}

# ---- What stands in files ----

# Passes a moment without a process for it, as sleep would be: nothing ever comes through
# this pipe. Before bash 4, read knows no fractions of a second.
pause() { read -rt 0.005 <>"$NOTHING" || [ $? -gt 128 ] || sleep 0.005; }

gone() { ! kill -0 -- "$1" 2>/dev/null; } # PID, or -PID for its whole process group

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

# The size of FILE in bytes.
size() { echo "$(($(wc -c <"$1")))"; } # FILE

# The first lines that a program has printed to one of its outputs, or of a long line its
# beginning.
shown() { # NAME FILE
    [ -s "$2" ] || return 0 # a pipe, too, has no size
    head -c 4000 "$2" | sed -n -e "1,$PRINTED_LINES {
        s/^\(.\{$PRINTED_BYTES\}\).*/\1.../
        s/^/$1: /p
    }"
    [ "$(head -c 4000 "$2" | wc -l)" -le "$PRINTED_LINES" ] ||
        echo "$1: ... and more, $(size "$2") bytes in all"
}

# Shows bytes as the stage does: one quoted line for each line, with its end.
show_bytes() { # FILE
    [ -s "$1" ] || { echo "nothing: not one byte"; return; }
    # An x after the last byte, so that the last line is told with or without its end.
    { head -c 1500 "$1"; printf x; } | LC_ALL=C sed -n 'l 0' | head -20 |
        sed -e 's/\\000/\\0/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/\$$/\\n"/' \
            -e '$ { s/x\\n"$/"/; /^""$/d; }'
}

# The end of a long transcript, where the step stands that failed; not from the middle of
# a step, whose further lines are indented.
last_of() { tail -n "$TRANSCRIPT_LINES" | awk '!/^            / { whole = 1 } whole'; }

