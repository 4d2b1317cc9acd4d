# How the lab is packed: the same files make the same bytes. Comes after lib/kit.
# shellcheck shell=bash

# When the lab was last changed, in seconds.
last_change() {
    [ -z "${SOURCE_DATE_EPOCH:-}" ] || { echo "$SOURCE_DATE_EPOCH"; return; }
    git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile
}

# Copies what is handed out of these exercises into a directory, the starters as well.
copy_kit() { # DIRECTORY EXERCISE...
    local directory=$1 exercise
    shift
    kit_files "$@" | xargs cp --parents -t "$directory"
    for exercise; do
        write_starters "$exercise" "$directory/$exercise"
        mkdir "$directory/tests/$exercise/starter" # what `make reset` brings back
        cp "$directory/$exercise"/*.[ch] "$directory/tests/$exercise/starter"
    done
}

# Prints a tar archive of names in a directory, whose bytes depend on the files alone.
tar_of() { # DIRECTORY NAME...
    tar -C "$1" --sort=name --mtime="@$(last_change)" --owner=0 --group=0 \
        --numeric-owner --mode=u=rwX,go=rX --format=ustar -cf - "${@:2}"
}
