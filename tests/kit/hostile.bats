#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# Hand-ins that want points they have not earned, or want to do harm, are graded in a
# sandbox: they score nothing, and nothing of ours changes.

setup_file() {
    make -s -C "$BATS_TEST_DIRNAME/../.." instruments solutions
    command -v bwrap >/dev/null || skip "there is no bubblewrap here"
}
setup() {
    load kit
    WORK=$BATS_TEST_TMPDIR/work
    mkdir -p "$WORK/ex01_http_hello" "$BATS_TEST_TMPDIR/neighbour"
    VICTIM=$BATS_TEST_TMPDIR/neighbour/server.c
    echo "a neighbour's work" >"$VICTIM"
}

# The hand-in: what it includes, then main(), from standard input.
hands_in() {
    {
        printf '#include <%s.h>\n' arpa/inet dirent fcntl signal stdio stdlib string \
            sys/socket sys/stat unistd
        cat
    } >"$WORK/ex01_http_hello/server.c"
}

# The same of a hand-in that has to run.
runs_for_nothing() {
    scores_nothing
    run grep -c "does not compile" "$BATS_TEST_TMPDIR/records"
    assert_output 0
}

# Grades it, and fails unless it scores nothing and each check has its record.
scores_nothing() {
    quietly env SANDBOX=1 FORMAT=json WORK="$WORK" "$LAB/tests/grading/grade" \
        ex01_http_hello >"$BATS_TEST_TMPDIR/records" 2>&1 || true
    run jq -s 'map(select(.check)) | length' "$BATS_TEST_TMPDIR/records"
    assert_output "$(grep -c '^@test' "$LAB/tests/ex01_http_hello/checks.bats")"
    run jq -s 'map(select(.check) | .points) | add' "$BATS_TEST_TMPDIR/records"
    assert_output 0
    assert_equal "$(<"$VICTIM")" "a neighbour's work"
    run git -C "$LAB" status --porcelain ex01_http_hello
    refute_output --partial server.c
}

@test "a sandbox changes no grade of a right program" {
    cp "$LAB"/ex01_http_hello/solution/*.c "$WORK/ex01_http_hello"
    run quietly env SANDBOX=1 WORK="$WORK" "$LAB/tests/grading/grade" ex01_http_hello
    assert_success
    assert_line --partial "20 of 20 points"
}

@test "the solution can't be included, nor a neighbour's work" {
    hands_in <<<"#include \"$LAB/ex01_http_hello/solution/server.c\""
    scores_nothing
    cp "$LAB/ex01_http_hello/solution/server.c" "$VICTIM"
    hands_in <<<"#include \"$VICTIM\""
    quietly env SANDBOX=1 WORK="$WORK" "$LAB/tests/grading/grade" ex01_http_hello \
        >"$BATS_TEST_TMPDIR/board" || true
    run grep -o '[0-9]* of 20 points' "$BATS_TEST_TMPDIR/board"
    assert_output "0 of 20 points"
}

@test "what is graded can't be written over, nor what is not the program's" {
    hands_in <<END
int main(int argc, char **argv)
{
    const char *targets[] = {"/proc/self/exe", argv[0], "$VICTIM",
                             "$LAB/ex01_http_hello/server.c"};
    (void)argc;
    for (int i = 0; i < 4; i++) {
        int fd = open(targets[i], O_WRONLY | O_TRUNC);
        if (fd != -1)
            printf("%s is open: %zd\n", targets[i], write(fd, "mine", 4));
        unlink(targets[i]);
    }
    return 0;
}
END
    runs_for_nothing
    run grep -c "is open" "$BATS_TEST_TMPDIR/records"
    assert_output 0
}

@test "no descriptor, process or pipe of the grader can be reached" {
    hands_in <<'END'
int main(void)
{
    for (int fd = 0; fd < 256; fd++)
        dprintf(fd, "ok 1 [2] listens on the port it is given\n"
                    "record {\"points\":20}\n");
    for (int pid = 1; pid < 32768; pid++)
        for (int fd = 0; fd < 64; fd++) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
            int other = open(path, O_WRONLY | O_NONBLOCK);
            if (other != -1)
                dprintf(other, "ok 1 [2] listens on the port it is given\n");
            if (other != -1)
                close(other);
        }
    return 0;
}
END
    runs_for_nothing
}

@test "kill(-1) reaches the program alone" {
    hands_in <<'END'
int main(void)
{
    kill(-1, SIGKILL);
    for (int pid = 1; pid < 32768; pid++)
        if (pid != getpid())
            kill(pid, SIGKILL);
    return 0;
}
END
    runs_for_nothing
}

@test "links that it leaves lead nowhere" {
    hands_in <<END
int main(void)
{
    const char *names[] = {"answer", "seen", "kinds", "trace", "answer.first",
                           "../room.seen", "../room.kinds", "short_io.so"};
    for (int i = 0; i < 8; i++) {
        unlink(names[i]);
        symlink("$VICTIM", names[i]);
    }
    mkfifo("answer.get", 0600);
    return 0;
}
END
    runs_for_nothing
}

@test "where no sandbox can be made nothing is graded, and it says why" {
    hands_in <<<'int main(void) { return 0; }'
    without_namespaces
    run quietly env SANDBOX=1 "PATH=$NARROW" WORK="$WORK" \
        "$LAB/tests/grading/grade" ex01_http_hello
    assert_failure 2
    assert_output --partial "no sandbox can be made here: there are no namespaces"
}
