# A program that forks without end is ended whole, and what is said of it.
# shellcheck shell=bash disable=SC2154 # variables of lib/lab

MANY_PROCESSES=$((LIMIT_PROCESSES / 2)) # no right program comes near

# Looks as long as the exercise is open, beside all the tests (see tests/stage/few.c).
watch_forks() {
    set -m
    "$LAB/tests/stage/few" "$MANY_PROCESSES" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR/" \
        </dev/null >/dev/null 2>&1 3>&- 4>&- &
    set +m
    disown # nobody who waits for all that he has begun is to wait for this
    WATCH=$!
    export WATCH
}

# Says how many processes the program is, or was when it was ended for that, if many.
how_many_processes() {
    local processes ended=""
    if [ -f "$BATS_FILE_TMPDIR/many.$PID" ]; then
        read -r processes <"$BATS_FILE_TMPDIR/many.$PID"
        ended="; the lab has ended them"
    else
        processes=$(processes_by group | wc -l)
    fi
    [ "$processes" -lt "$MANY_PROCESSES" ] ||
        echo "it has become $processes processes: each fork() makes one more$ended"
}
