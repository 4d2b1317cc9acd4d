# The checks of an exercise, by the names that bats knows them by.
# shellcheck shell=bash

TESTS=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)

# Prints the names of the checks of EXERCISE, in order: "[2] listens ...".
names_of() { sed -n 's/^@test "\(.*\)" {$/\1/p' "$TESTS/$1/checks.bats"; } # EXERCISE

# Of names on standard input, a regular expression (bats -f) that means these and no more.
pattern_of() { sed 's/[][().*+?|]/\\&/g' | paste -s -d '|' | sed 's/.*/^(&)$/'; }
