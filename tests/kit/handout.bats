#!/usr/bin/env bats
# What students get: complete, and without a solution.

setup_file() {
    load kit
    export PACKED=$BATS_FILE_TMPDIR/packed
    mkdir "$PACKED"
    quietly make -s -C "$LAB" handout OUT="$BATS_FILE_TMPDIR/kit.tar.gz"
    tar -xzf "$BATS_FILE_TMPDIR/kit.tar.gz" -C "$PACKED"
}

setup() {
    load kit
    cd "$PACKED/socket-lab" || return
}

# The lines that stand between the markers of the solutions, and in no header.
secrets() {
    sed -n '/BEGIN SOLUTION/,/END SOLUTION/p' "$LAB"/*/solution/*.c |
        grep -v 'SOLUTION \*/' | sed 's/^ *//' | grep -E '.{30}' | sort -u |
        grep -vFf <(cat "$LAB"/*/solution/*.h)
}

@test "it holds nothing of a solution, nor the lab's own tests" {
    run find . -regex '.*/\(solution\|bugs\|styles\|sketch\|kit\|class\)\(/.*\)?' \
        -o -name reference.bats -o -name '*.patch'
    refute_output
    run grep -rlE '(BEGIN|END) SOLUTION \*/' --include='*.[ch]' .
    refute_output
    # The statements may show a line of code.
    run grep -rlFf <(secrets) --include='*.[ch]' --exclude-dir=stage .
    refute_output
}

@test "its starters are the lab's, whatever an instructor has tried in them" {
    local exercise
    for exercise in $(exercises); do
        diff -r "tests/$exercise/starter" "$exercise" | grep -vE '^Only in .*: [MR]' &&
            fail "$exercise differs"
    done
    cmp tests/ex01_http_hello/starter/server.c \
        <("$LAB/tests/commands/starter" "$LAB/ex01_http_hello/solution/server.c")
}

@test "the same lab makes the same bytes, whoever packs it where" {
    local copy=$BATS_TEST_TMPDIR/lab when
    when=$(git -C "$LAB" log -1 --format=%ct)
    copy_lab "$copy"
    umask 077
    chmod -R go= "$copy"
    quietly env TZ=Asia/Tokyo SOURCE_DATE_EPOCH="$when" make -s -C "$copy" handout
    cmp "$copy/socket-lab.tar.gz" "$BATS_FILE_TMPDIR/kit.tar.gz"
}

@test "every word of its help does what it says" {
    run quietly make help
    assert_success
    local own="demo|test|steady|mutants|solutions|starters|handout|grade"
    refute_output --regexp "make ($own)"
    run quietly make
    assert_success
    refute_output --partial warning
    run quietly make -s check-ex01
    assert_line "  0 of 20 points"
    run quietly make -s hint-ex01
    assert_line --index -1 "hint 1 of 2: make hint-ex01 opens the next"
    run quietly make -s next
    assert_line --index 0 "ex01  --------------------  0 of 20"
    assert_line --index -1 "next: ex01, listens on the port it is given"
    run quietly make -s check-ex01 ONLY=2
    assert_line "  1 of 17 checks run"
    run quietly make -s run-ex01 PORT=0
    assert_output --partial "TODO 1 is still to do"
    cp "$LAB/ex01_http_hello/solution/server.c" ex01_http_hello/server.c
    run quietly env LAB_ONLY="listens on the" make -s check-ex01
    assert_line "  ✓ 2/2   listens on the port it is given"
    run bash -c 'echo y | make -s reset-ex01'
    assert_success
    cmp ex01_http_hello/server.c tests/ex01_http_hello/starter/server.c
    cmp ex01_http_hello/server.c.before-reset-1 "$LAB/ex01_http_hello/solution/server.c"
    rm ex01_http_hello/server.c.before-reset-1
    beside make -s watch-ex01 >watch.out 2>&1
    until_grep '^watching' watch.out
    kill -- "-$!"
    run quietly env NO_INSTALL=1 make -s tools
    assert_success
    run quietly make clean
    assert_success
    [ ! -e ex01_http_hello/server ]
}

@test "what is not in it says so, in one line" {
    local word
    for word in demo test solutions starters handout show-ex01 "check-ex01 SOLUTION=1"; do
        # shellcheck disable=SC2086
        run quietly make -s $word
        assert_failure
        assert_output --partial "there is no "
    done
}

@test "its README names only words that it has, and files that it has" {
    local word link
    quietly make help >help.out
    grep -q "^$(jq -r .postCreateCommand .devcontainer/devcontainer.json) " help.out
    # shellcheck disable=SC2016 # the backquotes are the README's
    while read -r word; do
        grep -qE "^$word(-ex01)?( |$)" help.out || fail "make help has no '$word'"
    done < <(grep -oE '(`|    )make [a-z0-9-]+' README.md | grep -o 'make.*' | sort -u)
    while read -r link; do
        [ -e "$link" ] || fail "README.md leads to $link"
    done < <(grep -oE '\]\([^)]+\)' README.md | sed 's/](\(.*\))/\1/')
}

@test "no text for students names what is not in it" {
    local word
    run grep -rniE 'reference solution|known-wrong|/solution|solution/' --include='*.md' .
    refute_output
    # Whoever reads of a file of the lab finds it; an instrument, when it has been built.
    quietly make -s instruments
    while read -r word; do
        [ -e "$word" ] ||
            fail "there is no $word: $(grep -rlF "$word" --include='*.md' .)"
    done < <(grep -rhoE '\b(tests|ex0[0-9][a-z_]*|udp|unix_sockets)/[a-zA-Z0-9_./-]*' \
        --include='*.md' . | sed 's/[.-]*$//' | sort -u)
    # Nor does a message of a command.
    local absent='tests/([a-z]+/)?README|tests/(kit|class|mutants)|bugs/'
    run grep -rnE "(echo|printf|fail) .*($absent)" \
        tests/commands tests/grading tests/lib
    refute_output
}

@test "each of the twenty words in French is one that a statement uses" {
    local words word
    mapfile -t words < <(sed -n '/^## The words/,/^## If/s/^| \([a-z].*\)/\1/p' \
        README.md | awk -F ' [|] ?' '{ print $1; print $3 }')
    assert_equal "${#words[@]}" 20
    for word in "${words[@]//, /$'\n'}"; do
        while read -r word; do
            cat ./*/README.md | tr -d '*' | tr -s '\n ' ' ' | grep -qiwF "$word" ||
                fail "no statement says '$word'"
        done <<<"$word"
    done
}

# Every starter comes back, without solutions and without git.
@test "make reset brings every starter back, changed or lost, without git" {
    local exercise file
    path_without git
    for exercise in $(exercises); do
        for file in "$exercise"/*.[ch]; do echo "// a student's" >>"$file"; done
        rm "$file" # the last of them is lost
        run bash -c "echo y | PATH='$NARROW' make -s reset-${exercise%%_*}"
        assert_success
        for file in "tests/$exercise/starter"/*; do
            cmp "$file" "$exercise/${file##*/}"
            [ ! -e "$exercise/${file##*/}.before-reset-1" ] ||
                grep -q "a student's" "$exercise/${file##*/}.before-reset-1"
        done
        rm -f "$exercise"/*.before-reset-1
        run bash -c "cd $exercise && echo y | PATH='$NARROW' make -s reset"
        assert_output --partial "is the starter again"
        rm -f "$exercise"/*.before-reset-1
    done
    mv tests/ex01_http_hello/starter "$BATS_TEST_TMPDIR"
    run make -s reset-ex01
    assert_failure
    assert_output --partial "There is no starter of ex01_http_hello in this copy"
    mv "$BATS_TEST_TMPDIR/starter" tests/ex01_http_hello
}

@test "some exercises are handed out, the others are not mentioned" {
    quietly make -s -C "$LAB" handout ex01 udp OUT="$BATS_TEST_TMPDIR/some.tar.gz"
    tar -xzf "$BATS_TEST_TMPDIR/some.tar.gz" -C "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR/socket-lab" || return
    run make help
    assert_output --partial "all of them: ex01 udp"
    run grep -rlE 'ex0[2-4]_|unix_sockets' README.md tests/[eu]*
    refute_output
}

@test "SOLUTIONS=1 packs the solutions, without marks, to be unpacked over the kit" {
    quietly make -s -C "$LAB" handout SOLUTIONS=1 OUT="$BATS_TEST_TMPDIR/solutions.tar.gz"
    run tar -tzf "$BATS_TEST_TMPDIR/solutions.tar.gz"
    refute_line --regexp '^socket-lab/[^/]*/[^/]+\.[ch]$'
    echo "// a student's" >>ex01_http_hello/server.c
    tar -xzf "$BATS_TEST_TMPDIR/solutions.tar.gz" -C ..
    run tail -n 1 ex01_http_hello/server.c
    assert_output "// a student's"
    run grep -rlE '(BEGIN|END) SOLUTION' ./*/solution
    refute_output
    run quietly env LAB_ONLY="listens on the" make -s check-ex01 SOLUTION=1
    assert_line "  ✓ 2/2   listens on the port it is given"
    run quietly make -s show-ex01
    assert_output "$(<ex01_http_hello/solution/server.c)"
    run quietly make -s solutions
    assert_success
    run bash -c 'echo y | make -s reset-ex01'
    cmp ex01_http_hello/server.c tests/ex01_http_hello/starter/server.c
}
