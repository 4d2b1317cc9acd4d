#!/usr/bin/env bats
# Every command of the lab says what it is for: --help prints the comment at its head.

setup() {
    load kit
    cd "$LAB" || return
}

# Those in which --help is still to be asked for: nobody else may join them.
MUTE=$(printf ' tests/grading/%s ' alone check grade records render)

# The commands: every script among the directories of commands that can be executed.
commands() {
    local file
    for file in tests/commands/* tests/grading/* tests/class/* tests/kit/*; do
        [ -d "$file" ] || [ ! -x "$file" ] || [[ $file == *.bats ]] || echo "$file"
    done
}

@test "--help and -h print what stands at the head of a command, in 90 columns" {
    local command option name
    for command in $(commands); do
        [[ $MUTE != *" $command "* ]] || continue
        name=${command##*/}
        for option in --help -h; do
            run quietly "$command" "$option"
            assert_success
            [[ $output =~ ^"$name"[\ :] ]] || fail "$command $option says: $output"
            refute_line --regexp '^(#|set )|.{91}'
        done
    done
}
