# How `take` unpacks an archive that nobody can trust: it is looked through first; then
# only files with a wanted name are unpacked, under limits. bsdtar by itself goes neither
# through links nor above the directory it unpacks to.
# shellcheck shell=bash disable=SC2154 # variables of take

MAX_ENTRIES=10000  # of an archive
UNPACK_CPU_S=20    # for an archive
UNPACK_S=60        # on the wall
UNPACK_KIB=1048576 # of memory

# Runs bsdtar under limits: the size of a file it writes, its time, its memory.
bsdtar_within_limits() { # ARGUMENT...
    (
        ulimit -f "$MAX_KIB" -t "$UNPACK_CPU_S" -v "$UNPACK_KIB" -c 0
        LC_ALL=C.UTF-8 exec timeout -k 1 "$UNPACK_S" bsdtar "$@" </dev/null
    ) 2>/dev/null
}

# Lists an archive; then ENTRIES says how many it has, WANTED how many of these are
# wanted, and PATTERNS which (bsdtar fails where it does not find one).
look_through() { # ARCHIVE
    local names pattern status
    names=$(printf '%s|' "${!wanted[@]}")
    bsdtar_within_limits -tf "$1" | head -n "$((MAX_ENTRIES + 1))" >"$scratch/list" || {
        status=${PIPESTATUS[0]}
        [ "$status" -eq 141 ] || return "$status" # SIGPIPE: head had enough
    }
    ENTRIES=$(wc -l <"$scratch/list")
    grep -oE "(^|/)(${names%|})\$" "$scratch/list" >"$scratch/wanted" || true
    WANTED=$(wc -l <"$scratch/wanted")
    PATTERNS=()
    while read -r pattern; do
        PATTERNS+=(--include "${pattern/#\//*/}")
    done < <(sort -u "$scratch/wanted")
}

# Unpacks what is wanted of an archive into a directory.
unpack() { # ARCHIVE DIRECTORY
    local status=0 shown=${1##*/}
    mkdir "$2"
    look_through "$1" || status=$?
    if [ "$status" -eq 0 ] &&
        { [ "$ENTRIES" -gt "$MAX_ENTRIES" ] || [ "$WANTED" -gt "$MAX_FILES" ]; }; then
        note limit "$shown holds more files than any lab has: nothing of it was taken"
        return 1
    fi
    if [ "$status" -eq 0 ] && [ "$WANTED" -gt 0 ]; then
        bsdtar_within_limits -xf "$1" -C "$2" --no-same-owner --no-same-permissions \
            --no-acls --no-xattrs --no-fflags "${PATTERNS[@]}" || status=$?
    fi
    chmod -R u+rwX "$2"
    case $status in
    0) return 0 ;;
    # of timeout, SIGKILL, SIGXCPU, SIGXFSZ
    124 | 137 | 152 | 153) note limit "$shown is too large: nothing of it was taken" ;;
    *) note archive "$shown can't be read: is it a whole archive, without password?" ;;
    esac
    return 1
}
