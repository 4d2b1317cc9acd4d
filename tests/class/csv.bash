# Tables from other programs. mlr knows CSV, BOM and quotes.
# shellcheck shell=bash

# Prints the rows of a CSV file as JSON arrays, the header first; nothing where there is
# no file. The separator is the comma, semicolon or tab of which the header has most.
read_csv() { # FILE
    local header separator best=',' most=0
    [ -n "$1" ] || return 0
    header=$(head -n 1 "$1")
    for separator in ',' ';' $'\t'; do
        local without=${header//"$separator"/}
        [ $((${#header} - ${#without})) -le "$most" ] ||
            { most=$((${#header} - ${#without})) best=$separator; }
    done
    mlr --icsv --ojsonl --ifs "$best" --implicit-csv-header --allow-ragged-csv-input -S \
        cat "$1" | jq -c '[.[]]'
}
