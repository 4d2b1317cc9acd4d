# Checks as scenes: the stage plays them, and what a failed one says stands in the room's
# causes.md, an entry a scene. Comes after lib/lab.
# shellcheck shell=bash disable=SC2034 # variables of lib/lab

# Plays the scene on standard input; what was seen goes to $T.seen, and for each step that
# failed a line "PARTY KIND" to $T.kinds. CHECKS=1 takes the builds with sanitizers. Fails
# where a step has failed.
plays() { # [OPTION OF THE STAGE...]
    local builds=$PLAIN status=0
    [ -z "$CHECKS" ] || builds=$CHECKED
    LAB_NOTES=$BATS_FILE_TMPDIR "$STAGE" -t "$TALK_S" -b "$builds" -d "$T" \
        -K "$T.kinds" "$@" >"$T.seen" 2>&1 3>&- 4>&- || status=$?
    [ "$status" -ne 2 ] || cat "$T.seen" >"$T.shell" # a mistake of the lab
    [ -z "$LAB_CELL" ] || leave_plain_files
    return "$status"
}

# What a hostile program leaves in the room leads nowhere else, and makes nobody wait.
leave_plain_files() {
    find "$T" ! -type f ! -type d ! -name '*.so' -delete 2>/dev/null || true
}

# Steps of sh that change the path in a variable, as it is in a cell, which has a /tmp of
# its own (tests/stage/shut_in.c), into what it is out here.
outside() { # VARIABLE
    [ -n "$LAB_CELL" ] || echo :
    [ -z "$LAB_CELL" ] ||
        echo "case \$$1 in '$T'/*) ;; /tmp/*) $1='$T.tmp'\${$1#/tmp} ;; esac"
}

# Plays the scene on standard input; where it fails, so does the test, with what ENTRY
# says.
scene() { # ENTRY [OPTION OF THE STAGE...]
    plays "${@:2}" || tell "$1"
}

# Fails the test for a scene that has been played, with what ENTRY says of it and what was
# seen, or other words for that.
tell() { # ENTRY [SEEN]
    few_enough || return
    about "$1"
    blame "${2-$(last_of <"$T.seen")}"
}

# Where a program has become so many processes that the stage has ended it (many.c), that
# is the one reason for this test and all after it: it is not started again.
few_enough() {
    local note program many
    for note in "$BATS_FILE_TMPDIR"/*.many; do
        [ -f "$note" ] || continue
        program=$(basename "$note" .many)
        blocked "$program" || (
            DID="" && did "started ./$program"
            expected "a process or, for each client, one more"
            because "fork() comes in a loop without end, or a child comes to it as" \
                "well: a child that has done its work ends, with _exit()."
            section "The checks"
            many="it has become $(<"$note") processes: each fork() makes one more"
            block "$program" "$many; the lab has ended them"
        )
        [ "$program" != "${PROGRAM:-$PROGRAMS}" ] ||
            blocked_by "$BATS_FILE_TMPDIR/blocked.$program" || return
    done
}

# What causes.md says under "## ENTRY": sets DID, EXPECTED, SECTION and BECAUSE. A field
# is "- NAME: text", and goes on in lines that begin with two blanks. Of several of a name
# the first is taken that has in parentheses the program in PROGRAM, a party (up to its
# hyphen) or a kind of $T.kinds, or between slashes what matches $T.seen; else the one
# without. The word PROGRAM in a text stands for what the variable holds.
about() { # ENTRY
    local line inside="" field="" usual="" kinds seen name
    kinds=" $PROGRAM $(sed 's/-[^ ]* / /' "$T.kinds" | tr '\n' ' ') "
    seen=$(tr '\n' ' ' <"$T.seen")
    SCENE=$1 DID="" EXPECTED="" SECTION="" BECAUSE=""
    local usual_DID="" usual_EXPECTED="" usual_SECTION="" usual_BECAUSE=""
    while IFS= read -r line; do
        case $line in
        "## $1") inside=1 ;;
        "## "*) inside="" ;;
        *) [ -z "$inside" ] || take_field ;;
        esac
    done <"$LAB/tests/$EXERCISE/causes.md"
    for name in DID EXPECTED SECTION BECAUSE; do
        usual=usual_$name
        [ -n "${!name}" ] || printf -v "$name" %s "${!usual}"
        printf -v "$name" %s "${!name//PROGRAM/$PROGRAM}"
    done
}

# One line of an entry, for about, whose variables it sets.
take_field() {
    local condition name
    case $line in
    "- done"*) name=DID ;;
    "- expected"*) name=EXPECTED ;;
    "- read"*) name=SECTION ;;
    "- cause"*) name=BECAUSE ;;
    "  "*)
        [ -z "$field" ] || printf -v "$field" '%s %s' "${!field}" "${line#  }"
        return
        ;;
    *) name="" ;;
    esac
    field=""
    [ -n "$name" ] || return 0
    if [[ $line =~ ^-\ [a-z]+\ \( ]]; then
        condition=${line#*\(} condition=${condition%%\)*} line=${line#*\): }
        [ -n "${!name}" ] || ! holds_one "$condition" || field=$name
    elif [[ $line =~ ^-\ [a-z]+\ / ]]; then
        condition=${line#*/} condition=${condition%%/:*} line=${line#*/: }
        [ -n "${!name}" ] || ! [[ $seen =~ $condition ]] || field=$name
    else
        field=usual_$name line=${line#*: }
    fi
    [ -z "$field" ] || printf -v "$field" %s "$line"
}

# Whether one of these words is among those of this failure.
holds_one() { # WORDS
    local word
    for word in $1; do
        [[ $kinds != *" $word "* ]] || return 0
    done
    return 1
}

# Once for the file: where ./PROGRAM ARGUMENT... can't be reached at all, there is nothing
# more to test, and every test says so at once.
must_open() { # PROGRAM ARGUMENT...
    ready || return 0
    enter_room "$BATS_FILE_TMPDIR/opening"
    local status=0
    plays <<<"server start ./$*
server reachable @port" || status=$?
    [ "$status" -eq 0 ] || { about opens; block "$1" "$(last_of <"$T.seen")"; }
}

# Plays FUNCTION's scenes beside the tests, from setup_file on, as they take long; `told`
# tells later how that went. Where one scene is to be quick, they wait until asked for.
aside() { behind play_aside "$1"; } # FUNCTION
play_aside() { # FUNCTION
    ready
    enter_room "$BATS_FILE_TMPDIR/$1"
    { "$1" && : >"$T.well"; } >"$T.said" || true
}
told() { # FUNCTION
    finish play_aside "$1" || true
    [ ! -f "$BATS_FILE_TMPDIR/$1.well" ] || return 0
    spare_the_program
    : >"$BATS_TEST_TMPDIR/.told"
    cat "$BATS_FILE_TMPDIR/$1.said"
    return 1
}

# The scene on standard input with its starts first, so that no program waits for another.
starts_first() {
    awk '
        $2 ~ /^(listen|bind|under|with|input|keyboard|into|crowded|reads)$/ ||
            $2 ~ /^(start|types|types-end)$/ { print; next }
        { rest = rest $0 "\n" }
        END { printf "%s", rest }'
}

# A command line that is wrong in that way: the steps of a party of its own.
refused() { # WAY PROGRAM WORD...
    local word words="" party=$1-$((++REFUSED))
    for word in "${@:3}"; do words="$words \"$word\""; done
    cat <<.
$party start ./$2$words
$party exits 2
$party says "^[Uu][Ss][Aa][Gg][Ee]:"
$party prints-not "."
.
}

# Lines of a scene: the given ones for each number from FIRST to LAST, or down to it; @
# alone stands for the number. (bash is slow at this under bats, which traps every
# command.)
each() { # FIRST LAST LINE...
    awk 'BEGIN {
        first = ARGV[1] + 0; last = ARGV[2] + 0; step = first <= last ? 1 : -1
        for (n = first; n != last + step; n += step)
            for (i = 3; i < ARGC; i++) {
                line = ARGV[i]
                while (match(line, /@([^a-z]|$)/))
                    line = substr(line, 1, RSTART - 1) n substr(line, RSTART + 1)
                print line
            }
    }' "$@"
}

# ---- HTTP ----

REQUEST='"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: talk\r\nAccept: */*\r\n\r\n"'

# What a visit is: a scene's steps; what is answered goes to FILE.
visit() { # FILE
    echo "alice connect @port
alice save $1
alice send $REQUEST
alice drain"
}

# Where the build with sanitizers does not answer, without a word: fails the test if the
# plain build does.
only_plain_answers() {
    local seen
    spare_the_program
    seen=$(<"$T.seen")
    CHECKS=""
    plays <<. || return 0
server start     ./server @port
server reachable @port
$(visit answer)
.
    ! read_message "$T/answer" || tell uninitialised "$seen"
}

# Reads the HTTP message in FILE: sets ANSWER, HEAD (with the line end of its last line)
# and BODY; HAS_NUL where it holds a NUL byte, as bash keeps only what stands before it.
# Fails where it has no blank line, with or without CR.
read_message() { # FILE
    HAS_NUL="" HEAD="" BODY=""
    ! IFS= read -r -d '' ANSWER <"$1" || HAS_NUL=1
    local blank=$'\n\r\n'
    [[ $ANSWER == *"$blank"* ]] || blank=$'\n\n'
    [[ $ANSWER == *"$blank"* ]] || return 1
    HEAD=${ANSWER%%"$blank"*}$'\n' BODY=${ANSWER#*"$blank"}
}

# The value of a field of HEAD, into VALUE; of several, each after a line end.
field() { # NAME
    local line name
    VALUE=""
    while IFS= read -r line; do
        line=${line%$'\r'} name=${line%%:*}
        [[ ${name,,} == "${1,,}" && $line == *:* ]] || continue
        line=${line#*:}
        line=${line#"${line%%[! $'\t']*}"} line=${line%"${line##*[! $'\t']}"}
        VALUE=${VALUE:+$VALUE$'\n'}$line
    done <<<"$HEAD"
}
