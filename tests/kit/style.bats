#!/usr/bin/env bats
# shellcheck disable=SC2046,SC2013,SC2086 # the names of the lab's files hold no blanks
#
# What every file of the lab has in common: clean under the tools, statements that match
# the checks, starters that match the solutions.

setup() {
    load kit
    cd "$LAB" || return
}
teardown() { [ -z "$SERVER" ] || kill -- "-$SERVER" 2>/dev/null || true; }

# The lab's files, as git knows them.
files() { # PATTERN...
    git ls-files --cached --others --exclude-standard -- "$@"
}

# The sources that students read: solutions and starters; every file with a main there.
sources() { files '*/solution/*.c' 'ex*/*.c' 'udp/*.c' 'unix_sockets/*.c' | sort -u; }

flags() { make -s compile-command | cut -d ' ' -f 2-; }

# Calls COMMAND with each N words of standard input, as many at a time as there are
# processors.
each() { # N COMMAND...
    xargs -P "$(getconf _NPROCESSORS_ONLN)" -n "$@"
}

@test "starters are what make starters writes" {
    local solution starter
    for solution in */solution/*.[ch]; do
        starter=${solution/solution\//}
        tests/commands/starter "$solution" | diff -u "$starter" - ||
            fail "$starter is not the starter of $solution: run make starters"
    done
}

@test "no warning from gcc, clang and musl's gcc: solutions, starters, instruments" {
    local instruments=(tests/stage/{stage,script,listening}.c) compiler
    # Some of gcc's warnings come only where it goes on to write code.
    run each 1 gcc $(flags) -c -o /dev/null \
        < <(sources; printf '%s\n' "${instruments[@]}")
    assert_success
    refute_output
    for compiler in clang musl-gcc; do
        run "$compiler" $(flags) -fsyntax-only $(sources) "${instruments[@]}"
        assert_success
        refute_output
    done
}

@test "clang-format has nothing to change" {
    files '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

@test "clang-tidy is silent" {
    export TIDY_FLAGS
    TIDY_FLAGS=$(flags | sed 's/-Wpedantic//')
    # shellcheck disable=SC2016 # for the inner shell to expand
    run each 2 sh -c 'clang-tidy --quiet "$@" -- $TIDY_FLAGS 2>/dev/null' tidy \
        < <(files '*/solution/*.c' 'tests/stage/*.c')
    assert_success
}

@test "cppcheck is silent" {
    cppcheck -q --std=c11 --enable=warning,style,performance,portability \
        --error-exitcode=1 --suppress=missingIncludeSystem --inline-suppr \
        -D_POSIX_C_SOURCE=200809L \
        $(files '*/solution/*.c') tests/stage
}

@test "shellcheck is silent" {
    files tests .ci | xargs grep -lE '^#!.*(bash|bats)$|^# shellcheck shell=' |
        each 8 shellcheck -x
}

@test "valgrind finds nothing in the server of ex01, whatever the client does" {
    make -s solutions instruments
    local request port
    for request in 'send "GET / HTTP/1.1\r\n\r\n"' 'send "GET /"' 'send "x"*20000' \
        'silent 1ms'; do
        beside valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all \
            --track-fds=yes --log-file="$BATS_TEST_TMPDIR/valgrind" \
            ex01_http_hello/solution/server 0 >"$BATS_TEST_TMPDIR/out"
        SERVER=$!
        port=$(tests/stage/listening "$SERVER" 20)
        tests/stage/stage >/dev/null 3>&- 4>&- <<EOF || true
alice connect 127.0.0.1:$port
alice $request
alice half-close
alice drain
EOF
        status=0
        wait "$SERVER" || status=$?
        [ "$status" -le 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/valgrind")"
    done
}

@test "every statement lists its checks with their points, in order" {
    local exercise
    for exercise in $(exercises); do
        diff -u <(sed -n 's/^@test "\[\([0-9]*\)\] \(.*\)" {$/\1 \2/p' \
            "tests/$exercise/checks.bats") \
            <(sed -n '/^## The checks/,/^## /p' "$exercise/README.md" |
                sed -n 's/^| \([0-9][0-9]*\) | \(.*\) | [^|]* |$/\1 \2/p') ||
            fail "$exercise/README.md and its test file differ"
    done
}

@test "what a failed check gives to read stands in the statement" {
    local exercise section
    for exercise in $(exercises); do
        while read -r section; do
            grep -qxF "## $section" "$exercise/README.md" ||
                fail "$exercise/README.md has no section '$section'"
        done < <(
            sed -n 's/^- read: //p' "tests/$exercise/causes.md" | sort -u
            sed -n 's/^ *section "\([^$]*\)"$/\1/p' tests/lib/*.bash | sort -u
        )
    done
}

@test "every TODO of a starter has a step in the statement" {
    run awk '
        { exercise = FILENAME; sub(/\/.*/, "", exercise) }
        /^## Step [0-9]+:/ { step[exercise, $3 + 0] = 1 }
        match($0, /TODO [0-9]+/) && FILENAME ~ /\.c$/ {
            n = substr($0, RSTART + 5, RLENGTH - 5)
            if (!((exercise, n) in step)) print FILENAME ": no step " n
        }' $(files '*/README.md') $(sources | grep -v /solution/)
    refute_output
}

@test "files end with a newline, no line with a blank; tabs are in Makefiles only" {
    local file texts
    texts=$(files | grep -v '\.patch$')
    run grep -nE ' +$' $texts
    refute_output
    run grep -n $'\t' $(grep -v 'Makefile$' <<<"$texts")
    refute_output
    for file in $texts; do
        [ -z "$(tail -c 1 "$file")" ] || fail "$file has no newline at its end"
    done
}

@test "clangd shows the warnings of make" {
    local flag
    for flag in $(flags); do
        [[ $flag =~ ^(-O1|-g)$ ]] || grep -qF -- "$flag" .clangd ||
            fail ".clangd lacks $flag"
    done
}

@test "no line of C is longer than 90 columns" {
    run awk 'length > 90 { print FILENAME ": " FNR }' $(files '*.c' '*.h')
    refute_output
}

@test "no line of shell is longer than 90 columns" {
    run grep -nE '^.{91}' $(files tests .ci Makefile | grep -vE '\.(patch|[ch]|md|jq)$')
    refute_output
}
