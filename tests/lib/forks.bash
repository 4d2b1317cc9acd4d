# A program that forks without end is ended whole, and what is said of it.
# shellcheck shell=bash disable=SC2154 # variables of lib/lab

MANY_PROCESSES=$((LIMIT_PROCESSES / 2)) # no right program comes near

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

# Says of each program of this test that was ended for that how many processes it was; of
# one that still runs, and is not the stage's, how many it is, if many.
how_many_processes() {
    local processes many="it has become %d processes: each fork() makes one more"
    if [ -s "$T/many" ]; then
        while read -r _ processes; do
            # shellcheck disable=SC2059
            printf "$many; the lab has ended them\n" "$processes"
        done <"$T/many"
    elif [ -n "$STARTED" ]; then
        processes=$(processes_by group | wc -l)
        # shellcheck disable=SC2059
        [ "$processes" -lt "$MANY_PROCESSES" ] || printf "$many\n" "$processes"
    fi
}
