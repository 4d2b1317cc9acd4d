#!/usr/bin/env bats
# Hand-ins that have more in common than a class are shown side by side; what the starter
# gave, and what many have, is nothing in common.

setup() {
    load kit
    IN=$BATS_TEST_TMPDIR/in OUT=$BATS_TEST_TMPDIR/out
    mkdir -p "$OUT/.kept"
    local style
    for style in "$LAB"/tests/ex01_http_hello/styles/*/; do
        mkdir -p "$IN/$(basename "$style")"
        cp "$style/server.c" "$IN/$(basename "$style")"
    done
    STYLE=$style/server.c
}

look() {
    (cd "$LAB" && tests/class/intake "$IN" "$OUT/.kept" ex01_http_hello &&
        tests/class/alike "$OUT" ex01_http_hello)
}

# The pairs, a line each, the names in their order.
pairs() {
    run jq -r '[.sides[].who | map(.name) | join(", ")] | sort | join(" | ")' \
        "$OUT/.kept/alike.jsonl"
}

@test "a copy with other names and another layout, without comments, comes first" {
    mkdir "$IN/<b>copy" "$IN/starter" "$IN/starter too"
    gcc -fpreprocessed -dD -E -P "$STYLE" |
        sed -E 's/\b(client|fd|length|bytes|server)\b/\1_too/g' |
        clang-format --style=GNU >"$IN/<b>copy/server.c"
    cp "$LAB/ex01_http_hello/server.c" "$IN/starter"
    { cat "$LAB/ex01_http_hello/server.c"; echo "static int unused;"; } \
        >"$IN/starter too/server.c"
    look
    pairs
    assert_line --index 0 "<b>copy | $(basename "${STYLE%/*}")"
    refute_output --partial starter
    run jq '.share > 0.9' <(head -n 1 "$OUT/.kept/alike.jsonl")
    assert_output true
    run cat "$OUT/alike.html"
    assert_output --partial "&lt;b&gt;copy</a>"
    refute_output --partial "<b>"
    run grep -c '<mark>' "$OUT/alike.html"
    [ "$output" -gt 100 ]
}

@test "what a fifth of the class has is nothing in common" {
    local n
    for n in {1..8}; do
        mkdir "$IN/$n"
        { cat "$LAB/ex01_http_hello/solution/server.c"; echo "int own_${n}[$n];"; } \
            >"$IN/$n/server.c"
    done
    look
    pairs
    refute_line --regexp '^[0-9]+ [|] [0-9]+$'
}

@test "compare50 gets its tree: a directory a student, and the starter" {
    look
    cd "$OUT/compare50/ex01_http_hello"
    cmp starter/server.c "$LAB/ex01_http_hello/server.c"
    run ls submissions
    assert_output "$(ls "$IN")"
    cmp "submissions/$(basename "${STYLE%/*}")/server.c" "$STYLE"
}
