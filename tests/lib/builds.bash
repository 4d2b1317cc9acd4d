# How the programs of an exercise are built.
# shellcheck shell=bash disable=SC2034,SC2154 # variables of lib/lab

SANITIZE="-O0 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all"

# Limits for the compiler, which a hand-in can keep busy as well.
COMPILE_CPU_S=60
COMPILE_FILE_KIB=102400
COMPILE_MEMORY_KIB=4194304

# Builds the programs, and the same with sanitizers in the background. What keeps the
# checks from being run is written to $BATS_FILE_TMPDIR/blocked, for ready.
open_exercise() { # DIRECTORY PROGRAM...
    trap - DEBUG # as in ready
    T=$BATS_FILE_TMPDIR/opening # blame takes it off what it shows
    export EXERCISE=$1 SOURCE=${WORK:-$LAB}/$1
    shift
    [ -z "$SOLUTION" ] || SOURCE=$SOURCE/solution
    export PLAIN=$BATS_FILE_TMPDIR/plain CHECKED=$BATS_FILE_TMPDIR/checked
    export PROGRAMS=$*
    export NOTHING=$BATS_FILE_TMPDIR/nothing
    mkdir "$PLAIN" "$CHECKED"
    mkfifo "$NOTHING"
    COMPILE=$(make -s -C "$LAB" compile-command instruments)
    export COMPILE
    local program
    compile_all "$PLAIN" || true
    section "Before you start"
    expected "a program: nothing else can be tested before"
    for program; do
        if [ ! -f "$SOURCE/$program.c" ]; then
            DID=""
            did "looked for $program.c"
            because "It has another name, or lies elsewhere. WORK=DIRECTORY holds a" \
                "directory $EXERCISE, and that the programs."
            block "$program" "there is no $program.c in $SOURCE"
        elif [ ! -x "$PLAIN/$program" ]; then
            DID=""
            did "compiled $program.c: $COMPILE"
            because "What the compiler says first names the place; what follows may" \
                "come of it."
            block "$program" "$program.c does not compile:
$(cat "$PLAIN/$program.log")"
        fi
    done
    behind compile_checked
}

# Compiles NAME.c into a directory; what the compiler says goes to NAME.log there. Of
# net.c, which an exercise's programs share, it makes net.o, of all others a program.
# LAB_BUILDS, where it is set, is a directory that keeps what has been compiled: the lab's
# own tests grade hundreds of submissions that differ in one file.
compile() { # NAME DIRECTORY [FLAG...]
    local name=$1 directory=$2 parts=("$SOURCE/$1.c") result=$1 kept=""
    shift 2
    if [ "$name" = net ]; then
        parts+=(-c) result=net.o
    elif [ -f "$directory/net.o" ]; then
        parts+=("$directory/net.o")
    fi
    : >"$directory/$name.log"
    if [ -n "$LAB_BUILDS" ]; then
        kept=$LAB_BUILDS/$result.$(sum_of_sources "$@")
        ! cp "$kept" "$directory/$result" 2>/dev/null || return 0
    fi
    # shellcheck disable=SC2086 # COMPILE is several words
    shut_in "$directory" $COMPILE "$@" -o "$directory/$result" "${parts[@]}" -pthread \
        >"$directory/$name.log" 2>&1 </dev/null || return
    # What the compiler has warned of is to be said each time.
    [ -z "$kept" ] || [ -s "$directory/$name.log" ] ||
        { cp "$directory/$result" "$kept.$$" && mv "$kept.$$" "$kept"; }
}

# Tells apart what is compiled with these flags.
sum_of_sources() { # FLAG...
    (cd "$SOURCE" && { echo "$*"; cat "$name.c" net.c ./*.h; } 2>/dev/null) |
        cksum | tr ' ' .
}

# Runs the compiler under limits; where cells are asked for, it sees of all that is the
# exercise's only the student's files, and can write to DIRECTORY alone.
shut_in() { # DIRECTORY COMMAND...
    local cell=()
    if [ -n "$LAB_CELL" ]; then
        cell=("$LAB/tests/stage/cell" -r "$SOURCE")
        [ ! -d "$SOURCE/solution" ] || cell+=(-x "$SOURCE/solution")
        cell+=("$1")
    fi
    (
        ulimit -c 0 -t "$COMPILE_CPU_S" -f "$COMPILE_FILE_KIB" -v "$COMPILE_MEMORY_KIB"
        exec "${cell[@]}" "${@:2}"
    )
}

# Compiles what the programs share, and then the programs, side by side.
compile_all() { # DIRECTORY [FLAG...]
    local directory=$1 name
    shift
    if [ -f "$SOURCE/net.c" ] && ! compile net "$directory" "$@"; then
        for name in $PROGRAMS; do cp "$directory/net.log" "$directory/$name.log"; done
        return 1
    fi
    for name in $PROGRAMS; do
        [ ! -f "$SOURCE/$name.c" ] || compile "$name" "$directory" "$@" 3>&- 4>&- &
    done
    wait
}

# Compiles all programs with the sanitizers and, where the compiler can, so that a
# variable that is not initialised holds a strange value each time.
compile_checked() {
    local program
    # shellcheck disable=SC2086
    compile_all "$CHECKED" $SANITIZE -ftrivial-auto-var-init=pattern || true
    for program in $PROGRAMS; do
        # shellcheck disable=SC2086
        [ ! -x "$PLAIN/$program" ] || [ -x "$CHECKED/$program" ] || {
            # shellcheck disable=SC2086
            compile_all "$CHECKED" $SANITIZE || true
            return
        }
    done
}

# For the test of that name: every program is there, and the compiler says nothing of it
# or of net.c.
builds_without_a_warning() {
    local program
    section "Before you start"
    expected "no word from the compiler"
    because "Each warning is a mistake, or a place that a reader takes for one."
    for program in net $PROGRAMS; do
        [ "$program" = net ] || [ -x "$PLAIN/$program" ] || needs "$program"
        DID=""
        did "compiled $program.c: $COMPILE"
        [ ! -s "$PLAIN/$program.log" ] || blame "$(cat "$PLAIN/$program.log")"
    done
}

# For a test of the build with sanitizers: waits for it, and leaves the test out where the
# compiler has none. What is started then is that build. It has to be the same program:
# one that names the sanitizers could be another there, or silence them.
with_sanitizers() {
    local program words
    # shellcheck disable=SC2086
    needs $PROGRAMS
    section "Before you start"
    expected "the program itself, checked: it says nothing to the sanitizers"
    did "looked for words of the sanitizers in the files"
    because "A program that is another one where it is checked, or that silences the" \
        "sanitizers, has not been checked. Take these words out."
    words=$(cd "$SOURCE" && grep -nE "$OF_SANITIZERS" -- *.[ch]) && blame "$words"
    finish compile_checked
    for program in $PROGRAMS; do
        [ ! -x "$CHECKED/$program" ] || continue
        has_sanitizers || skip "the compiler has no sanitizers here"
        DID=""
        did "compiled $program.c: $COMPILE $SANITIZE"
        blame "$(cat "$CHECKED/$program.log")"
    done
    DID=""
    export CHECKS=1
}
OF_SANITIZERS='__SANITIZE_|no_sanitize|__(asan|lsan|tsan|ubsan|sanitizer)_|_sanitizer\)'

# Can the compiler build a program with the sanitizers, and does it run?
has_sanitizers() {
    local own=$BATS_TEST_TMPDIR/own
    # shellcheck disable=SC2086
    $COMPILE $SANITIZE -x c -o "$own" - <<<"int main(void) { return 0; }" 2>/dev/null &&
        "$own" 2>/dev/null
}

# What of it helps: the first words, and the places in the exercise's own files.
sanitizers_said() { # FILE
    awk '
        { sub(/^stderr: /, "") }
        /Sanitizer|runtime error: |leak of |^  (Read|Write|Previous) / ||
        / is located |(allocated|freed|created) by / ||
        (/^ *#[0-9]+ / && index($0, ENVIRON["SOURCE"] "/")) {
            sub(/^==[0-9]+==/, ""); sub(/ 0x[0-9a-f]+ in /, " ")
            sub(/ \([^ ]*\+0x[0-9a-f]+\)/, "")
            print
        }' "$1" | head -12
}
