# What the lab's own tests share.
# shellcheck shell=bash

bats_load_library bats-support
bats_load_library bats-assert

LAB=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
KIT_S=600 # no command that a test runs takes longer

# The environment of a person who has set nothing, and whose bats is not within ours.
export LC_ALL=C.UTF-8
PLAIN_PATH=$(tr : '\n' <<<"$PATH" | grep -v 'libexec/bats-core$' | paste -s -d :)
PERSON=(env -i "PATH=$PLAIN_PATH" "HOME=$HOME" LC_ALL=C.UTF-8 TERM=dumb)

# Runs a command as that person would, without a terminal, bounded in time.
quietly() { timeout "$KIT_S" "${PERSON[@]}" "$@" </dev/null 3>&- 4>&-; }

# The same in the background, in a process group of its own: `kill -- -$!` ends it whole.
beside() {
    set -m
    "${PERSON[@]}" "$@" </dev/null 3>&- 4>&- &
    set +m
}

# Waits until a line of FILE matches.
until_grep() { # REGULAR_EXPRESSION FILE
    local until=$((SECONDS + 60))
    until grep -q "$1" "$2"; do
        ((SECONDS < until)) || fail "waited for: $1
$(cat "$2")"
        sleep 0.02
    done
}

# Copies what git knows of the lab (as it is in the working tree) into a directory.
copy_lab() { # DIRECTORY
    mkdir -p "$1"
    git -C "$LAB" ls-files -z --cached --others --exclude-standard |
        (cd "$LAB" && xargs -0 cp --parents -t "$1")
}

# A directory with every command of the PATH but those that match, into NARROW.
path_without() { # REGULAR_EXPRESSION
    local directory
    NARROW=$BATS_TEST_TMPDIR/bin
    mkdir "$NARROW"
    tr : '\n' <<<"$PLAIN_PATH" | while read -r directory; do
        [ ! -d "$directory" ] ||
            find "$directory/" -maxdepth 1 ! -type d -printf '%p\n' |
            grep -Ev "/($1)[^/]*$"
    done | xargs -d '\n' ln -s -t "$NARROW" 2>/dev/null || true
}

# A PATH in which unshare fails, as on systems without namespaces, into NARROW.
without_namespaces() {
    mkdir -p "$BATS_TEST_TMPDIR/no-namespaces"
    printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/no-namespaces/unshare"
    chmod +x "$BATS_TEST_TMPDIR/no-namespaces/unshare"
    export NARROW=$BATS_TEST_TMPDIR/no-namespaces:$PLAIN_PATH
}

# The exercises, by their directories.
exercises() { (cd "$LAB/tests" && dirname -- */checks.bats); }

# What `make check` says of DIRECTORY's exercise, as TAP: no colours, one line a check.
grade() { # EXERCISE [VARIABLE=VALUE...]
    local exercise=$1
    shift
    quietly env FORMAT=tap "$@" "$LAB/tests/grading/grade" "$exercise"
}

# What is tried this time of the programs with a known grade, or of the exercises; the
# log says how to try the same again.
sample() { # bugs|styles|exercises
    echo "# of the $1: $("$LAB/tests/kit/sample" which)" >&3
    "$LAB/tests/kit/sample" "$1"
}

# The points in TAP on standard input.
points() {
    sed -n 's/^ok [0-9]* \[\([0-9]*\)\].*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}
