# How `take` finds out of which exercise a file is: by its directory, else by its name.
# shellcheck shell=bash disable=SC2034,SC2154 # variables of take

# Tells whether a directory's name is an exercise's: ex01_http_hello, ex01, Ex 1, ex01-x.
is_named_after() { # DIRECTORY EXERCISE
    local short=${2%%_*} letters digits
    letters=${short%%[0-9]*}
    digits=${short#"$letters"}
    digits=${digits#0}
    [[ ${1,,} =~ ^"$letters"[-_\ ]?0*"$digits"([^0-9a-z].*)?$ ]]
}

# Finds the exercise in whose directory something lies: sets PLACE and DISTANCE.
place() { # DIRECTORY
    local rest=$1 last exercise
    PLACE="" DISTANCE=0
    while [ -n "$rest" ] && [ "$DISTANCE" -le 1 ]; do
        last=${rest##*/}
        for exercise in "${all[@]}"; do
            ! is_named_after "$last" "$exercise" || { PLACE=$exercise; return; }
        done
        rest=${rest%"$last"}
        rest=${rest%/}
        DISTANCE=$((DISTANCE + 1))
    done
}

has() { [[ ${files[$1]} == *" $2 "* ]]; } # EXERCISE NAME
is_shared() { [[ $1 == net.[ch] ]]; }     # NAME

# Finds the directory of EXERCISE that is least deep, into DIRECTORY; SEVERAL is 1 where
# another is as good.
directory_of() { # EXERCISE
    local i rank best=999 found="" others=0 slashes
    for i in "${!paths[@]}"; do
        { [ "${places[i]}" = "$1" ] && has "$1" "${names[i]}"; } || continue
        slashes=${folders[i]//[!\/]/}
        rank=$((distances[i] * 100 + ${#slashes}))
        if [ "$rank" -lt "$best" ]; then
            best=$rank found=${paths[i]%/*} others=0
        elif [ "$rank" -eq "$best" ] && [ "${paths[i]%/*}" != "$found" ]; then
            others=1
        fi
    done
    DIRECTORY=$found SEVERAL=$others
}

declare -A chosen=() # EXERCISE: indices of its files

choose_by_directory() {
    local exercise i
    for exercise in "${graded[@]}"; do
        directory_of "$exercise"
        [ -n "$DIRECTORY" ] || continue
        [ "$SEVERAL" -eq 0 ] ||
            note where "there are several directories of $exercise: one was taken"
        for i in "${!paths[@]}"; do
            [ "${paths[i]%/*}" != "$DIRECTORY" ] || ! has "$exercise" "${names[i]}" ||
                chosen[$exercise]+=" $i"
        done
    done
}

# The exercises that are still without files and have one of this name, into OWNERS.
find_owners() { # NAME DIRECTORY
    local exercise
    OWNERS=()
    for exercise in "${graded[@]}"; do
        [ -n "${chosen[$exercise]:-}" ] && [ "${flat[$exercise]:-}" != "$2" ] && continue
        ! is_shared "$1" || [ "${flat[$exercise]:-}" = "$2" ] || continue
        ! has "$exercise" "$1" || OWNERS+=("$exercise")
    done
}

# Files in no exercise's directory: first the programs, then what they share.
declare -A flat=() # EXERCISE: the directory that its programs were found in
choose_by_name() { # is_shared|is_program
    local i path
    for i in "${!paths[@]}"; do
        { [ -z "${places[i]}" ] && "$1" "${names[i]}"; } || continue
        find_owners "${names[i]}" "${paths[i]%/*}"
        if [ "${#OWNERS[@]}" -eq 1 ]; then
            chosen[${OWNERS[0]}]+=" $i"
            flat[${OWNERS[0]}]=${paths[i]%/*}
        elif [ "${#OWNERS[@]}" -gt 1 ]; then
            path=${folders[i]:+${folders[i]}/}${names[i]}
            note where "$path lies in no exercise's directory: is it of ${OWNERS[*]}?"
        fi
    done
}
is_program() { ! is_shared "$1"; }
