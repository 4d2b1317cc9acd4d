#!/usr/bin/env bats
# After a change of a solution the known-wrong programs are made anew.

setup() {
    load kit
    copy_lab "$BATS_TEST_TMPDIR/lab"
    cd "$BATS_TEST_TMPDIR/lab" || return
    rm -rf .git tests/*/bugs
    mkdir tests/ex01_http_hello/bugs
    cp "$LAB"/tests/ex01_http_hello/bugs/{accept-silent,no-htons}.patch \
        tests/ex01_http_hello/bugs
    git init -q
    git add ex01_http_hello tests
    git -c user.name=lab -c user.email=lab@localhost commit -qm "as it was"
}

@test "refit fits patches to a changed solution, and keeps their headers" {
    local patch=tests/ex01_http_hello/bugs/accept-silent.patch
    sed -i '1i /* A line more. */' ex01_http_hello/solution/server.c
    run tests/kit/refit
    assert_success
    assert_output "2 patches written anew, 0 left"
    diff <(sed '/^@@/d' "$LAB/$patch") <(sed '/^@@/d' "$patch")
    run patch --dry-run -p1 -d ex01_http_hello/solution <"$patch"
    assert_success
    refute_output --partial offset
}

@test "refit names what needs a hand, and leaves it as it was" {
    sed -i 's/= htons(.*/= port;/; s/return failed("accept");/return 1;/' \
        ex01_http_hello/solution/server.c
    run tests/kit/refit
    assert_failure 1
    assert_line --regexp 'accept-silent.patch: (changes the same lines|nothing is left)'
    assert_line --regexp 'no-htons.patch: (changes the same lines|nothing is left)'
    assert_line "0 patches written anew, 2 left"
    cmp "$LAB/tests/ex01_http_hello/bugs/no-htons.patch" \
        tests/ex01_http_hello/bugs/no-htons.patch
}

@test "refit needs a commit that is there" {
    run tests/kit/refit no-such-commit
    assert_failure 2
    assert_output "refit: there is no commit no-such-commit"
}
