#!/usr/bin/env bats
# No sentence without a witness. A promise of a statement has a name, in a comment behind
# it: <!-- promise: NAME -->. Each entry of causes.md says which promises it proves, each
# known-wrong program which one it breaks, and each trap of the statement which entry says
# the same: <!-- cause: ENTRY -->.

# The exercises whose promises have no names yet: these and no more, until there are none.
# Whoever names those of one takes it out.
NAMELESS="
"

# What no entry proves: the compiler does.
COMPILED=no-warning

setup() {
    load kit
    cd "$LAB" || return
}

# Of an exercise: a name a line.
promises() {
    grep -oE '<!-- promise: [a-z0-9-]+ -->' "$1/README.md" | cut -d ' ' -f 3
}
entries() { sed -n 's/^## //p' "tests/$1/causes.md"; }
proved() { sed -n 's/^- proves: //p' "tests/$1/causes.md" | tr -s ' ' '\n'; }
broken() { sed -n 's/^Breaks: *//p' "tests/$1"/bugs/*.patch; }

# The exercises whose promises have names.
named() {
    local exercise
    for exercise in $(exercises); do
        ! grep -q '<!-- promise: ' "$exercise/README.md" || echo "$exercise"
    done
}

# Fails where a line of FILE is not one of OTHER.
all_of() { # FILE OTHER WHAT_IT_SAYS
    local missing
    missing=$(comm -23 <(sort -u "$1") <(sort -u "$2"))
    [ -z "$missing" ] || fail "$3: $(paste -s -d ' ' <<<"$missing")"
}

@test "the promises of every statement have names, but where they long had none" {
    diff <(sed '/^$/d' <<<"$NAMELESS") <(comm -23 <(exercises) <(named)) ||
        fail "more: name the promises; fewer: take the exercise out of NAMELESS"
}

@test "names of promises are of a-z, 0-9 and -, stand once, and begin no line" {
    local exercise
    for exercise in $(named); do
        run grep -nE '^ *<!-- (promise|cause)' "$exercise/README.md"
        refute_output # it would end the paragraph
        assert_equal "$(grep -o '<!-- promise' "$exercise/README.md" | wc -l)" \
            "$(promises "$exercise" | wc -l)"
        run uniq -d < <(promises "$exercise" | sort)
        refute_output
    done
}

@test "every promise is proved by an entry of causes.md, and every entry proves one" {
    local exercise
    for exercise in $(named); do
        all_of <(promises "$exercise") <(proved "$exercise"; echo "$COMPILED") \
            "$exercise: no entry proves these"
        all_of <(proved "$exercise") <(promises "$exercise") \
            "$exercise: entries prove what the statement does not promise"
        run awk '
            /^## / && entry != "" && !proves { print entry " proves nothing" }
            /^## / { entry = $2; proves = 0 }
            /^- proves: / { proves = 1 }
            END { if (!proves) print entry " proves nothing" }' \
            "tests/$exercise/causes.md"
        refute_output
    done
}

@test "every entry of causes.md is told by a check, and what checks tell is there" {
    local exercise entry
    for exercise in $(named); do
        for entry in $(entries "$exercise"); do
            grep -qE "(^|[^a-z0-9-])$entry([^a-z0-9-]|\$)" "tests/$exercise"/*.ba* ||
                grep -qE "(about|tell) $entry([^a-z0-9-]|\$)" tests/lib/scene.bash ||
                fail "tests/$exercise/causes.md: no check tells $entry"
        done
        all_of <(sed '/^@test/d; s/^ *#.*//; s/ # .*//' "tests/$exercise"/*.ba* |
            grep -oE ' (scene|tell|tell_of|about) [a-z0-9-]+' | cut -d ' ' -f 3) \
            <(entries "$exercise") "$exercise: there is no entry for these"
    done
}

@test "every promise is broken by a known-wrong program, and each of these breaks one" {
    local exercise
    for exercise in $(named); do
        all_of <(promises "$exercise") <(broken "$exercise") \
            "$exercise: no known-wrong program breaks these"
        all_of <(broken "$exercise") <(promises "$exercise") \
            "$exercise: known-wrong programs break what the statement does not promise"
        run grep -L '^Breaks: ' "tests/$exercise"/bugs/*.patch
        refute_output
    done
}

# That the entry which catches such a program proves the promise it breaks: try_bug.

@test "every trap of a statement names the entry of causes.md that says the same" {
    local exercise
    for exercise in $(named); do
        run awk '/^## / { inside = $0 == "## Traps" }
            inside && /^\| / && ++row > 1 && !/<!-- cause: [a-z0-9-]+ --> \|$/' \
            "$exercise/README.md"
        refute_output
        all_of <(grep -oE '<!-- cause: [^ ]+' "$exercise/README.md" | cut -d ' ' -f 3) \
            <(entries "$exercise") "$exercise: traps name entries that are not there"
    done
}
