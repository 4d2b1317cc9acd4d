# What a student gets of the lab. All functions are called at its top.
# shellcheck shell=bash

# The directory with the files of which the starters of EXERCISE are made: its solution,
# or, in a copy that was handed out, the starters themselves.
origin_of() { # EXERCISE
    [ -d "tests/$1/starter" ] && echo "tests/$1/starter" || echo "$1/solution"
}

# The names of the files that a student writes of EXERCISE.
files_of() { # EXERCISE
    local file
    for file in "$(origin_of "$1")"/*.[ch]; do echo "${file##*/}"; done
}

# Writes the starters of EXERCISE into DIRECTORY.
write_starters() { # EXERCISE DIRECTORY
    local file
    for file in "$(origin_of "$1")"/*.[ch]; do
        tests/commands/starter "$file" >"$2/${file##*/}"
    done
}

# Prints a source of a solution without the marks of which starters are made.
unmarked() { # FILE
    sed '/\/\* BEGIN SOLUTION \*\//d; /\/\* END SOLUTION \*\//d' "$1"
}

# The lab's files that are handed out as they are, sorted: all that a student's commands
# need for these exercises, and nothing that gives a solution away. Not what make builds.
kit_files() { # EXERCISE...
    local exercise
    {
        printf '%s\n' Makefile LICENSE README.md \
            .clang-format .clangd .devcontainer/devcontainer.json .editorconfig \
            .gitignore \
            tests/commands/{hint,next,reset,run,setup,show,starter,watch}
        for exercise; do
            printf '%s\n' "$exercise/Makefile" "$exercise/README.md"
            find "tests/$exercise" -maxdepth 1 -type f \
                ! -name reference.bats ! -name equal.md
        done
        find tests/lib tests/stage tests/grading -maxdepth 1 -type f \
            ! -name '*.bats' ! -path tests/grading/README.md ! -path tests/grading/class
    } | grep -v '~$' | xargs grep -lI '' | LC_ALL=C sort
}
