# For the head of a command: where it is asked for --help, or -h, prints the comment that
# the command begins with, and ends.
# shellcheck shell=bash
case ${1-} in
-h | --help)
    sed -n '1d; /^#/!q; s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
