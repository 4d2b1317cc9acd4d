# A program that forks without end is ended whole, and what is said of it.
# shellcheck shell=bash disable=SC2154 # variables of lib/lab

MANY_PROCESSES=250 # half of LIMIT_PROCESSES in stage.h: no right program comes near

# Looks as long as the exercise is open, beside all the tests (see tests/stage/few.c).
watch_forks() {
    set -m
    "$LAB/tests/stage/few" "$MANY_PROCESSES" "$BATS_RUN_TMPDIR/" \
        </dev/null >/dev/null 2>&1 3>&- 4>&- &
    set +m
    disown # nobody who waits for all that he has begun is to wait for this
    WATCH=$!
    export WATCH
}

# Says of each program of this test that was ended for that how many processes it was.
how_many_processes() {
    local processes
    [ -s "$T.many" ] || return 0
    while read -r _ processes; do
        echo "it has become $processes processes: each fork() makes one more;" \
            "the lab has ended them"
    done <"$T.many"
}
