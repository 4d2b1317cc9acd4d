#!/usr/bin/env bats
# The grader is graded: right programs get all points, wrong ones are caught, and the
# message says why.

setup() { load kit; }

setup_file() { make -s -C "$BATS_TEST_DIRNAME/../.." instruments; }

@test "each exercise has 20 points" {
    local exercise
    for exercise in $(exercises); do
        run awk -F '[][]' '/^@test/ { n += $2 } END { print n }' \
            "$LAB/tests/$exercise/checks.bats"
        assert_output 20
    done
}

@test "right programs of other styles, and the references when they are late, score 20" {
    local exercise style late=$BATS_TEST_TMPDIR/late styles
    styles=$(sample styles)
    for exercise in $(exercises); do
        make_late "$LAB/$exercise/solution" "$late/$exercise/styles/late"
    done
    # With ALL=1 every style also when it is late.
    [ -z "$ALL" ] || for style in $styles; do
        exercise=$(basename "$(dirname "$(dirname "$style")")")
        make_late "$style" "$late/$exercise/styles/$(basename "$style")-late"
    done
    run in_parallel "$LAB/tests/kit/try_style" \
        < <(printf '%s\n' "$late"/*/styles/* "$styles")
    assert_success
    assert_line --partial /late:
}

# Copies programs so that they are late. What they define for the system's headers stays
# before the first of them.
make_late() { # DIRECTORY COPY
    mkdir -p "$2"
    cp "$1"/*.[ch] "$LAB/tests/kit/late.h" "$2"
    sed -i '0,/^#include/ s/^#include/#include "late.h"\n&/' "$2"/*.c
}

# Calls COMMAND with each line of standard input, twice as many at a time as there are
# processors: they also wait, but other files of tests run beside.
in_parallel() { # COMMAND [VARIABLE=VALUE...]
    timeout 5400 "${PERSON[@]}" "${@:2}" \
        xargs -d '\n' -P "$((2 * $(getconf _NPROCESSORS_ONLN)))" -n 1 "$1" 3>&- 4>&-
}

@test "with ALL=1: every style scores 20 also beside eight busy loops a core" {
    [ -n "$ALL" ] || skip "make test ALL=1 tries it"
    run "${PERSON[@]}" CONDITIONS=busy SAMPLE=1000 "$LAB/tests/commands/steady" 3>&- 4>&-
    assert_success
}

# That each starter scores 0 is in commands.bats: `make check` shows it.
@test "who knows no more than the course's sketch stands at about half, in 80 columns" {
    cp -r "$LAB/tests/ex01_http_hello/sketch" "$BATS_TEST_TMPDIR/ex01_http_hello"
    run grade ex01_http_hello WORK="$BATS_TEST_TMPDIR" V=1 FORMAT=pretty
    local points
    points=$(sed -n 's,^  \([0-9]*\) of 20 points$,\1,p' <<<"$output")
    ((points >= 8 && points <= 12)) || fail "the sketch scores $points: $output"
    assert_line --partial "read      ex01_http_hello/README.md"
    run awk 'length > 80' <<<"$output"
    refute_output
}

# A sample of them; with ALL=1 every one, and no other check comes first.
@test "known-wrong programs are caught by their own check, which names the cause" {
    mkdir "$BATS_TEST_TMPDIR/builds"
    run in_parallel "$LAB/tests/kit/try_bug" ALL="$ALL" \
        LAB_BUILDS="$BATS_TEST_TMPDIR/builds" < <(sample bugs)
    assert_success
}

@test "every check is the first to catch some known-wrong program" {
    local exercise
    # shellcheck source=tests/lib/checks.bash
    . "$LAB/tests/lib/checks.bash"
    for exercise in $(exercises); do
        run comm -23 \
            <(names_of "$exercise" | sed 's/^\[[0-9]*\] //' | sort) \
            <(sed -n 's/^Caught by:  //p' "$LAB/tests/$exercise/bugs"/*.patch | sort)
        refute_output # no check that catches nothing first
    done
}

@test "each known-wrong program says what it is" {
    run awk '
        function check() {
            if (file != "" && fields != 4)
                print file ": not all of Mistake, Seen, Caught by, Says"
        }
        FNR == 1 { check(); file = FILENAME; fields = 0; head = 1 }
        /^--- / { head = 0 }
        head && /^(Mistake|Seen|Caught by|Says): *[^ ]/ { fields++ }
        END { check() }' "$LAB"/tests/*/bugs/*.patch
    refute_output
}

# The starters of an exercise, of somebody who has come to TODO N, in DIRECTORY.
filled_in() { # EXERCISE N DIRECTORY
    local file
    mkdir -p "$3"
    for file in "$LAB/$1"/solution/*.[ch]; do
        "$LAB/tests/commands/starter" "$file" "$2" >"$3/${file##*/}"
    done
}

@test "whoever has come to a TODO is sent to it, also where main() stands elsewhere" {
    local exercise file program n numbers
    # shellcheck source=tests/lib/lab.bash
    . "$LAB/tests/lib/lab.bash"
    for exercise in $(exercises); do
        for file in "$LAB/$exercise"/solution/*.c; do
            program=$(basename "$file" .c)
            [ "$program" != net ] || continue
            numbers=$(cat "$file" "${file%/*}/net.c" 2>/dev/null |
                sed -n 's,^ */\* TODO \([0-9]*\):.*,\1,p' | sort -nu)
            for n in $numbers; do
                SOURCE=$BATS_TEST_TMPDIR/$exercise.$n
                [ -d "$SOURCE" ] || filled_in "$exercise" "$n" "$SOURCE"
                assert_equal "$program: $(first_open "$program" 99)" "$program: $n"
            done
        done
    done
    filled_in ex04_multi 2 "$BATS_TEST_TMPDIR/ex04_multi"
    run grade ex04_multi WORK="$BATS_TEST_TMPDIR" FORMAT=pretty LAB_ONLY="say where they"
    assert_output --partial "echo_fork: TODO 5 is still to do"
    assert_output --partial "nothing stands under TODO 2 yet"
    assert_output --partial 'README.md, "Step 2: the listening socket"'
}

# A submission of ex01 that is the C program on standard input; where SOON_S is set, its
# grade has to come within so many seconds of fair time.
submit() {
    mkdir -p "$BATS_TEST_TMPDIR/ex01_http_hello"
    cat >"$BATS_TEST_TMPDIR/ex01_http_hello/server.c"
    run quietly "$LAB/tests/stage/fair" "${SOON_S:-$KIT_S}" \
        env PATH="${NARROW:-$PLAIN_PATH}" WORK="$BATS_TEST_TMPDIR" LAB_ONLY="$SOME" \
        "$LAB/tests/grading/grade" ex01_http_hello
    assert_failure
    assert_line "  0 of 20 points"
}

# Of its checks; those that are not made score 0 too.
SOME='listens on the port it is given|builds without|answers a request with the page'

@test "a program that does not compile scores 0, with the compiler's words, once" {
    SOON_S=10 submit <<<'int main(void) { return nothing; } // a/b'
    assert_output --partial "server.c does not compile"
    assert_output --partial "// a/b"
    assert_output --partial "'nothing' undeclared"
    assert_equal "$(grep -c "'nothing' undeclared" <<<"$output")" 1
}

@test "a program that hangs at its start scores 0 within seconds" {
    SOON_S=10 submit <<<'int main(void) { for (;;) ; }'
    assert_output --partial "but it does not"
    assert_output --partial "server is still running"
}

@test "a program that ends at once scores 0" {
    submit <<<'int main(void) { return 0; }'
    assert_output --partial "server ended with exit status 0"
}

@test "a program that crashes scores 0, and the signal is named" {
    submit <<<'int main(void) { volatile int *p = 0; return *p; }'
    assert_output --partial "signal 11 (SIGSEGV)"
}

@test "a program that prints without end scores 0 within seconds" {
    SOON_S=10 submit <<<'#include <stdio.h>
int main(void) { for (;;) puts("ok 1 [2] listens on the port it is given"); }'
}

@test "a program that prints test results cannot grade itself" {
    submit <<<'#include <stdio.h>
#include <unistd.h>
int main(void)
{
    static const char lie[] = "ok 1 [2] listens on the port it is given\n"
                              "ok 3 [3] answers a request with the page\n";
    for (int fd = 1; fd < 20; fd++)
        (void)!write(fd, lie, sizeof lie - 1);
    return 0;
}'
    assert_output --partial "0/2   listens on the port it is given"
}

@test "whatever bytes a program prints, the JUnit report is well-formed" {
    mkdir "$BATS_TEST_TMPDIR/ex01_http_hello"
    cat >"$BATS_TEST_TMPDIR/ex01_http_hello/server.c" <<'END'
#include <stdio.h>
int main(void)
{
    for (int byte = 0; byte < 256; byte++)
        putchar(byte);
    puts("\n<&>]]>\xef\xbf\xbe");
}
END
    quietly env FORMAT=junit WORK="$BATS_TEST_TMPDIR" "$LAB/tests/grading/grade" \
        ex01_http_hello >"$BATS_TEST_TMPDIR/report.xml" && fail "full marks"
    grep -q "stdout: " "$BATS_TEST_TMPDIR/report.xml"
    xmllint --noout "$BATS_TEST_TMPDIR/report.xml"
}

@test "a program that silences the sanitizers, or is another one there, is told so" {
    local words
    mkdir "$BATS_TEST_TMPDIR/ex01_http_hello"
    while read -r words; do
        printf '%b\n' "$words" | cat - "$LAB/ex01_http_hello/solution/server.c" \
            >"$BATS_TEST_TMPDIR/ex01_http_hello/server.c"
        run grade ex01_http_hello WORK="$BATS_TEST_TMPDIR" FORMAT=pretty \
            LAB_ONLY=Sanitizer
        assert_failure
        assert_line --partial "✗ 0/1   is clean under AddressSanitizer"
        assert_output --partial "sanitizers, has not been checked"
    done <<'END'
#ifdef __SANITIZE_ADDRESS__\n#error none here\n#endif
const char *__asan_default_options(void);
END
}

@test "a check that breaks off without a word says whose mistake that is" {
    copy_lab "$BATS_TEST_TMPDIR/lab"
    local test=@test # no line here may begin like a test of this file
    cat >>"$BATS_TEST_TMPDIR/lab/tests/ex01_http_hello/checks.bats" <<END
$test "[1] breaks off" {
    did "something"
    cat "\$T/no-such-file"
}
END
    run quietly env SOLUTION=1 LAB_ONLY="breaks off" \
        "$BATS_TEST_TMPDIR/lab/tests/grading/grade" ex01_http_hello
    assert_failure
    assert_line "    done      something"
    assert_line "    expected  breaks off"
    assert_line '    read      ex01_http_hello/README.md, "The checks"'
    assert_output --partial "a mistake of the lab, not yours"
    assert_output --partial "no-such-file"
}

@test "no check breaks off at a signal to a program that has ended" {
    run grep -nE '^ *kill ' "$LAB"/tests/*/checks.bats "$LAB"/tests/lib/*.bash
    assert_output
    run grep -vE '2>/dev/null( \|\| true|; \})' <<<"$output"
    refute_output
}

# The checks that fail where PATCH is made to the solution of EXERCISE, of those that
# match; what they say goes to SAID.
failing() { # EXERCISE PATCH REGULAR_EXPRESSION
    mkdir "$BATS_TEST_TMPDIR/$1"
    cp "$LAB/$1"/solution/*.[ch] "$BATS_TEST_TMPDIR/$1"
    patch -s -p1 -d "$BATS_TEST_TMPDIR/$1" <"$LAB/tests/$1/bugs/$2.patch"
    SAID=$(grade "$1" WORK="$BATS_TEST_TMPDIR" LAB_ONLY="$3" FORMAT=json) || true
    run jq -r 'select(.verdict == "failed").check' <<<"$SAID"
}

@test "ex04: listen() with the 16 of ex01 costs one point, whose message names it" {
    failing ex04_multi backlog-of-16 'say where|has 100 places|end within|all are clean'
    assert_output "all three say where they listen, and refuse a wrong command line"
}

@test "udp: answers are seen also where nothing that is printed is flushed" {
    failing udp datagrams-not-flushed 'asym_server (prints|answers|takes)'
    assert_line --index 0 "asym_server prints each datagram, and answers with its length"
    assert_line --index 1 "asym_server takes every datagram, from 0 to 65507 bytes"
    assert_equal "${#lines[@]}" 2
    assert_equal "$(grep -c 'fflush(stdout)' <<<"$SAID")" 2
    run cat <<<"$SAID"
    refute_output --partial "a mistake of the lab"
}

# For the exercise whose turn it is a submission, $BATS_TEST_TMPDIR/NAME/EXERCISE, all of
# whose programs are the C program on standard input.
submit_in_turn() { # NAME
    local exercise work file
    cat >"$BATS_TEST_TMPDIR/program.c"
    for exercise in $(sample exercises); do
        work=$BATS_TEST_TMPDIR/$1/$exercise
        mkdir -p "$work/$exercise"
        for file in "$LAB/$exercise"/*.[ch]; do
            cp "$file" "$work/$exercise"
            [ "${file##*/}" = net.c ] || [ "${file##*.}" = h ] ||
                cp "$BATS_TEST_TMPDIR/program.c" "$work/$exercise/${file##*/}"
        done
    done
}

@test "who does nothing, or prints results without end, scores 0 for one reason, soon" {
    submit_in_turn idle <<<'#include <unistd.h>
int main(void) { for (;;) pause(); }'
    submit_in_turn endless <<<'#include <stdio.h>
int main(void) { for (;;) puts("ok 1 [2] listens on the port it is given"); }'
    run in_parallel "$LAB/tests/kit/try_dead" \
        < <(find "$BATS_TEST_TMPDIR" -mindepth 2 -maxdepth 2 -type d)
    assert_success
}

@test "a program that does not compile does not hide the others" {
    local exercise program
    while read -r exercise program; do
        mkdir "$BATS_TEST_TMPDIR/$exercise"
        cp "$LAB/$exercise"/solution/*.[ch] "$BATS_TEST_TMPDIR/$exercise"
        echo 'int main(void) { return nothing; }' >"$BATS_TEST_TMPDIR/$exercise/$program"
        run grade "$exercise" WORK="$BATS_TEST_TMPDIR" FORMAT=pretty
        assert_failure
        assert_output --partial "$program does not compile"
        assert_equal "$(grep -c "'nothing' undeclared" <<<"$output")" 1
        refute_output --partial "left out"
        refute_output --partial "lab.bash"
        assert_output --regexp "  ([4-9]|1[0-5]) of 20 points"
    done <<<"udp asym_client.c
unix_sockets dgram_client.c"
}

@test "an exercise that was not handed in scores 0, with a word that says so" {
    mkdir "$BATS_TEST_TMPDIR/empty"
    run quietly env WORK="$BATS_TEST_TMPDIR/empty" "$LAB/tests/grading/grade" \
        ex01_http_hello
    assert_failure
    assert_line "  0 of 20 points"
    assert_output --partial "there is no server.c in"
}

@test "grading leaves no process behind, with and without namespaces" {
    submit_fugitive
    without_namespaces
    submit_fugitive
}

# A program whose child leaves its process group, under a name of this run alone.
submit_fugitive() {
    submit <<EOF
#include <unistd.h>
int main(void)
{
    if (fork() == 0) {
        setsid();
        execlp("sleep", "fugitive-of-$$", "987", (char *)0);
    }
    pause();
}
EOF
    run pgrep -f "fugitive-of-$$"
    assert_failure
}
