# What a student's last gradings are kept in: .grades/EXERCISE.jsonl, the records as they
# are. `make check` tells what has changed since, `make next` and `make hint` show them.
# shellcheck shell=bash

KEPT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)/.grades

# Tells whether this grading is to be kept: of the student's own files, whole, and not for
# another program.
to_keep() {
    [ "${FORMAT:-pretty}" = pretty ] &&
        [ -z "${WORK:-}${SOLUTION:-}${LAB_ONLY:-}${LAB_FIRST:-}" ]
}

# Keeps the records of FILE, whole or not at all, so that gradings may run side by side.
# Where nothing was tested, or nothing can be written here, all stays as it is.
keep() { # EXERCISE FILE
    local new
    jq -es 'any(.verdict == "passed" or .verdict == "failed")' "$2" >/dev/null &&
        mkdir -p "$KEPT" && new=$(mktemp "$KEPT/.new.XXXXXX") || return 0
    { cp "$2" "$new" && mv -f "$new" "$KEPT/$1.jsonl"; } || rm -f "$new"
} 2>/dev/null

# Prints the records that are kept of these exercises: what can be read of them.
kept_records() { # EXERCISE...
    local exercise
    for exercise; do
        jq -Rc 'fromjson? | objects' "$KEPT/$exercise.jsonl" 2>/dev/null || true
    done
}

# Forgets the last grading of EXERCISE, and what was said about it.
forget() { rm -f "$KEPT/$1".*; } # EXERCISE
