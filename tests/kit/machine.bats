#!/usr/bin/env bats
# What a machine lacks leaves out the checks that need it, and says so: the references
# keep all other points. Each lack is made here in namespaces of the test's own, or by a
# command that stands first in the PATH.

setup_file() { make -s -C "$BATS_TEST_DIRNAME/../.." instruments; }

setup() {
    load kit
    FIRST=$BATS_TEST_TMPDIR/first
    mkdir "$FIRST"
}

# What stands first in the PATH under this name: a script of standard input.
stand_in() { # NAME
    { echo '#!/bin/bash' && cat; } >"$FIRST/$1"
    chmod +x "$FIRST/$1"
}

# No namespaces of the grading's own: what the test has made stays as it is.
no_namespaces() { stand_in unshare <<<'exit 1'; }

# Grades of a reference the checks that match, under COMMAND, as TAP: how the scoreboard
# shows what is left out stands in scoreboard.bats. None of these checks may fail.
reference() { # EXERCISE REGULAR_EXPRESSION [COMMAND...]
    run quietly "${@:3}" env "PATH=$FIRST:$PLAIN_PATH" SOLUTION=1 FORMAT=tap \
        "LAB_ONLY=$2" "$LAB/tests/grading/grade" "$1"
    assert_line --regexp '^1\.\.[1-9]'
    assert_line --regexp "^ok .*($2)"
    refute_line --regexp "^not ok .*($2)"
}
is_left_out() { assert_line --partial "# skip $1"; } # REASON
nothing_left_out() { refute_output --partial "# skip"; }

# In namespaces of its own, in which SETUP has been done.
where() { # SETUP
    [ "$(id -u)" -eq 0 ] || skip "not root: the lack can't be made"
    # shellcheck disable=SC2016 # for the inner shell to expand
    WHERE=(unshare --mount --net bash -c "ip link set lo up && $1 && exec \"\$@\"" where)
}

files="printf 'hosts: files\n' >$BATS_RUN_TMPDIR/nss"
files="$files && mount --bind $BATS_RUN_TMPDIR/nss /etc/nsswitch.conf"
unnamed="mount --bind /dev/null /etc/hosts && $files"

@test "without the name localhost: left out where namespaces are missing, too" {
    local exercise checks='takes a name|tries each|prints the answer|wrong command'
    where "$unnamed"
    no_namespaces
    for exercise in ex03_client udp; do
        reference "$exercise" "$checks" "${WHERE[@]}"
        is_left_out "this machine does not know the name localhost (/etc/hosts)"
        assert_line --regexp '^ok .*\] refuses a wrong command line with exit status 2$'
    done
}

@test "without the name localhost the grading has its own, in its namespaces" {
    where "$unnamed"
    reference ex03_client 'takes a name|tries each' "${WHERE[@]}"
    nothing_left_out
    reference udp 'prints the answer' "${WHERE[@]}"
    nothing_left_out
}

@test "without /etc/hosts, as debootstrap leaves a system, the same" {
    # A copy of /etc without it, in the place of /etc.
    cp -a /etc "$BATS_TEST_TMPDIR"
    rm "$BATS_TEST_TMPDIR/etc/hosts"
    where "mount --bind '$BATS_TEST_TMPDIR/etc' /etc && $files"
    reference udp 'prints the answer' "${WHERE[@]}"
    nothing_left_out
    no_namespaces
    reference udp 'prints the answer' "${WHERE[@]}"
    is_left_out "this machine does not know the name localhost (/etc/hosts)"
}

@test "without IPv6 the scenes that need it are left out" {
    where "sysctl -q net.ipv6.conf.lo.disable_ipv6=1"
    no_namespaces
    reference ex03_client 'takes a name|tries each' "${WHERE[@]}"
    assert_line --regexp '^ok .*\] .*takes a name'
}

@test "where strace may not trace, its checks are left out" {
    stand_in strace <<'EOF'
echo "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted" >&2
exit 1
EOF
    reference ex01_http_hello 'makes the calls|which call failed'
    is_left_out "strace is missing, or may not trace here"
    assert_line --regexp '^ok .*\] .*says which call failed'
}

@test "where the compiler has no sanitizers, their checks are left out" {
    stand_in cc <<'EOF'
[[ "$*" != *-fsanitize=* ]] || { echo "cc: error: cannot find -lasan" >&2; exit 1; }
exec /usr/bin/cc "$@"
EOF
    reference ex04_multi 'Sanitizer|without a warning'
    is_left_out "the compiler has no sanitizers here"
    is_left_out "the compiler has no ThreadSanitizer here, or it can't run"
    assert_line --regexp '^ok .*\] .*build without a warning'
}

@test "where what is built with sanitizers does not run, their checks are left out" {
    # As where the memory that they reserve is not to be had: each program ends at once.
    printf '%s\n' '#include <unistd.h>' \
        '__attribute__((constructor)) static void end(void)' \
        '{ if (write(2, "AddressSanitizer: no", 20)) _exit(1); }' >"$FIRST/end.c"
    /usr/bin/cc -c -o "$FIRST/end.o" "$FIRST/end.c"
    stand_in cc <<EOF
exec /usr/bin/cc "\$@" \$([[ "\$*" != *-fsanitize=* ]] || echo -x none '$FIRST/end.o')
EOF
    local exercise
    for exercise in ex01_http_hello ex04_multi; do
        reference "$exercise" '] .*AddressSanitizer'
        is_left_out "what is built with the sanitizers does not run here"
    done
}

@test "where Chromium starts and shows nothing, its checks are left out" {
    stand_in chromium-headless-shell <<<'exit 1'
    local exercise
    for exercise in ex01_http_hello ex02_accept_loop; do
        reference "$exercise" 'Chromium'
        is_left_out "Chromium does not show any page here"
    done
}

@test "where Chromium works, a server that sends no page is still to blame" {
    local patch="$LAB/tests/ex01_http_hello/bugs"
    patch=$(grep -l '^Caught by: .*Chromium' "$patch"/*.patch | head -n 1)
    run quietly "$LAB/tests/kit/try_bug" "$patch"
    assert_success
}

@test "where /proc is not to be read, grading says so" {
    where "mount -t tmpfs none /proc"
    run quietly "${WHERE[@]}" "$LAB/tests/grading/grade" ex01_http_hello
    assert_failure 2
    assert_output "Grading needs /proc, and it can't be read on this machine."
}
