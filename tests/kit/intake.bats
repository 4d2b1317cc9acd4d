#!/usr/bin/env bats
# What students hand in is taken in, however it is packed, and can do no harm.

setup_file() {
    load kit
    export KEPT=$BATS_FILE_TMPDIR/kept # of an exercise that all tests have
}

setup() {
    load kit
    IN=$BATS_TEST_TMPDIR/in
    mkdir "$IN"
    SERVER=$LAB/ex01_http_hello/solution/server.c
    cd "$IN" || return
}

# Takes in what stands in IN, of these exercises; the students then stand in $KEPT.
take_in() { # EXERCISE...
    run env -C "$LAB" tests/class/intake "$IN" "$BATS_TEST_TMPDIR/kept" "$@"
    assert_success
    STUDENTS=$BATS_TEST_TMPDIR/kept/students.jsonl
}

# What a filter of jq says of the students.
students() { # FILTER
    run jq -sr "$1" "$STUDENTS"
}

# A line a student: what was taken, and the kinds of the notes.
taken() {
    students '.[] | "\(.name): \([.exercises | to_entries[]
        | "\(.key[0:4]) \(.value.files | keys | join(" "))"] | join("; "))" +
        ([.notes[].kind] | if length > 0 then " (\(join(" ")))" else "" end)'
}

@test "a directory or an archive a student, a level deeper, flat, in any packing" {
    mkdir -p lab/ex01_http_hello "Ähm Ü/Ex 1" deep/home/me/ex01 flat/x
    cp "$SERVER" lab/ex01_http_hello
    cp "$SERVER" "Ähm Ü/Ex 1"
    cp "$SERVER" deep/home/me/ex01
    cp "$LAB"/udp/solution/{net.c,net.h,sym_peer.c} flat/x
    cp "$LAB"/ex03_client/solution/client.c flat/x
    tar -czf "tar gz.tar.gz" lab
    tar -czf tgz.tgz -C lab .
    tar -cf tar.tar lab
    zip -qr zip.zip "Ähm Ü"
    (cd lab/ex01_http_hello && zip -q ../../ex01_anna.zip server.c)
    rm -r lab
    take_in ex01_http_hello ex02_accept_loop ex03_client udp
    taken
    assert_output "deep: ex01 server.c
ex01_anna: ex01 server.c
flat: ex03 client.c net.c net.h; udp net.c net.h sym_peer.c (where where)
tar gz: ex01 server.c
tar: ex01 server.c
tgz: ex01 server.c
zip: ex01 server.c
Ähm Ü: ex01 server.c"
    # net.c and net.h could be of both.
    students '.[2].notes[0].text'
    assert_output --partial "net.c lies in no exercise's directory: is it of ex03"
}

@test "a file without an exercise's directory: of the only exercise that has it" {
    mkdir -p anna "bob/ex02"
    cp "$SERVER" anna
    cp "$SERVER" bob/ex02
    take_in ex01_http_hello ex02_accept_loop
    taken
    assert_output "anna:  (where)
bob: ex02 server.c"
    take_in ex01_http_hello
    taken
    assert_output "anna: ex01 server.c
bob:  (aside)"
}

@test "Moodle's names: one student with all that is his, his number kept" {
    mkdir "Anna B_12_assignsubmission_file" "Bob_13_assignsubmission_file_" \
        "Anna B_12_assignsubmission_onlinetext" "Bob_14_assignsubmission_file"
    cp "$SERVER" "Anna B_12_assignsubmission_file"
    tar -czf Bob_13_assignsubmission_file_/lab.tgz -C "$LAB/ex01_http_hello" \
        solution/server.c
    cp "$SERVER" "Zoé Ö_15_assignsubmission_file_server.c"
    cp "$LAB/udp/net.c" "Zoé Ö_15_assignsubmission_file_net.c"
    cp "$LAB/udp/sym_peer.c" "Zoé Ö_15_assignsubmission_file_sym_peer.c"
    take_in ex01_http_hello udp
    students '.[] | "\(.id)|\(.name)|\(.participant)|\(.exercises | keys | join(" "))"'
    assert_output "Anna B|Anna B|12|ex01_http_hello
Bob|Bob|13|
Bob_14|Bob|14|
Zoé Ö|Zoé Ö|15|ex01_http_hello udp"
}

# The SHA-256 of what was taken of the student NUMBER.
hash_of() { # NUMBER
    jq -sr ".[$1].exercises.ex01_http_hello.files[\"server.c\"]" "$STUDENTS"
}

@test "ends of line, a BOM and UTF-16 make no difference" {
    mkdir 1 2 3 4
    cp "$SERVER" 1
    sed 's/$/\r/' "$SERVER" >2/server.c
    { printf '\xef\xbb\xbf'; cat "$SERVER"; } >3/server.c
    { printf '\xff\xfe'; sed 's/$/\r/' "$SERVER" | iconv -t UTF-16LE; } >4/server.c
    take_in ex01_http_hello
    students '[.[].exercises[].key] | unique | length'
    assert_output 1
    run cat "$BATS_TEST_TMPDIR"/kept/files/*/ex01_http_hello/server.c
    assert_output "$(cat "$SERVER")"
}

@test "only the exercise's own files are taken, the rest is the lab's" {
    mkdir -p "anna/ex01_http_hello/solution" anna/tests/ex01_http_hello/starter anna/ex03
    cp "$SERVER" anna/ex01_http_hello
    touch anna/ex01_http_hello/{Makefile,util.h,checks.bats,solution/server.c} \
        anna/tests/ex01_http_hello/{checks.bats,starter/server.c}
    cp "$LAB"/ex03_client/{client,net}.c anna/ex03
    take_in ex01_http_hello ex03_client
    run find "$BATS_TEST_TMPDIR/kept/files" -type f -printf '%P\n'
    refute_output --regexp 'Makefile|util|bats|solution'
    students '.[0].notes[0].text'
    assert_output "ex01_http_hello has no such file, not taken: util.h"
    # net.h was not handed in: the starter's is as good.
    cmp "$BATS_TEST_TMPDIR"/kept/files/*/ex03_client/net.h "$LAB/ex03_client/net.h"
}

@test "a name is only a name: newline, blanks, quotes, an option, not UTF-8" {
    local name
    for name in $'two\nlines' "-rf" "a; touch x" '<img onerror>' $'M\xfcller' \
        "a:b" "a_b"; do
        mkdir "$IN/$name" && cp "$SERVER" "$IN/$name"
    done
    take_in ex01_http_hello
    students 'map(.id) | join("|")'
    assert_output "_-rf|_img onerror_|Müller|a_b|a; touch x|a_b-2|two_lines"
    students 'map(.name) | join("|")'
    assert_output --partial "<img onerror>|Müller|"
    assert_output --partial $'two\nlines'
}

@test "links lead nowhere: in a directory, in an archive, to a file or a directory" {
    local secret=$BATS_TEST_TMPDIR/secret
    mkdir -p "$secret" 1/ex01 2 pack/ex01 hard/ex01
    cp "$SERVER" "$secret"
    ln -s "$secret/server.c" 1/ex01
    ln -s "$secret" 2/ex01
    ln -s "$secret" 3
    ln -s "$secret/server.c" pack/ex01
    tar -cf 4.tar pack
    rm pack/ex01/server.c
    rmdir pack/ex01
    ln -s "$secret" pack/ex01 # a link, and beneath it a file
    tar -cf 5.tar pack/ex01
    rm -r pack/ex01
    mkdir pack/ex01
    echo "overwritten" >pack/ex01/server.c
    tar -rf 5.tar pack/ex01/server.c
    ln "$secret/server.c" hard/ex01/server.c
    tar -cPf 6.tar "$secret/server.c" hard/ex01/server.c
    tar -P --delete -f 6.tar "$secret/server.c"
    rm -r pack hard
    take_in ex01_http_hello
    taken
    assert_line "1:  (link)"
    assert_line --regexp "^2: "
    assert_line "3:  (link)"
    assert_line "4:  (link)"
    cmp "$secret/server.c" "$SERVER" # nothing was written through a link
    run find "$BATS_TEST_TMPDIR/kept/files" -type f -exec cat {} +
    refute_output --partial "socket(" # nothing was read through one
}

@test "an archive writes nowhere but where it is unpacked" {
    local outside=$BATS_TEST_TMPDIR/outside
    mkdir -p "$outside" ex01
    echo overwritten >ex01/server.c
    tar -cPf 1.tar --transform "s,^,$outside/," ex01/server.c
    tar -cPf 2.tar --transform "s,^ex01,../../../../../../../..$outside," ex01/server.c
    rm -r ex01
    take_in ex01_http_hello
    run find "$outside" -type f
    refute_output
}

@test "what is too large, or too much, or no archive, is left aside, and said to be" {
    mkdir -p big/ex01 pack/ex01
    truncate -s 2M big/ex01/server.c
    truncate -s 200M pack/ex01/server.c
    tar -czSf sparse.tgz pack
    (cd pack && zip -q ../bomb.zip ex01/server.c)
    echo "int main(void) { }" >pack/ex01/server.c
    yes pack/ex01/server.c | head -n 300 | tar --no-recursion -czf same.tgz -T -
    yes pack/ex01/server.c | head -n 10100 |
        tar --no-recursion --transform 's,server.c,readme,' -czf many.tgz -T -
    (cd pack && zip -q -P secret ../password.zip ex01/server.c)
    tar -cf - pack | gzip | head -c 100 >cut.tar.gz
    echo hello >empty.zip
    rm -r pack
    take_in ex01_http_hello
    taken
    assert_output "big:  (limit)
bomb:  (limit)
cut:  (archive)
empty:  (archive)
many:  (limit)
password:  (archive)
same:  (limit)
sparse:  (limit)"
}

@test "nothing of an exercise: said to be; nothing at all: an error" {
    mkdir empty readme
    touch readme/README.txt
    take_in ex01_http_hello
    taken
    assert_output "empty:  (aside)
readme:  (aside)"
    rm -r empty readme
    run env -C "$LAB" tests/class/intake "$IN" "$BATS_TEST_TMPDIR/kept" ex01_http_hello
    assert_failure 2
    assert_output --partial "nothing has been handed in"
}

@test "a key is of the files and of the checks that decide the grade" {
    local copy=$BATS_TEST_TMPDIR/lab first
    copy_lab "$copy"
    mkdir anna bob
    cp "$SERVER" anna
    cp "$SERVER" bob
    keys() { # of anna and bob
        env -C "$copy" tests/class/intake "$IN" "$BATS_TEST_TMPDIR/kept" ex01_http_hello
        jq -r '.exercises[].key' "$BATS_TEST_TMPDIR/kept/students.jsonl"
    }
    first=$(keys)
    echo "// changed" >>bob/server.c
    echo "# pretty" >>"$copy/tests/grading/pretty.jq"
    echo "# ex02" >>"$copy/tests/ex02_accept_loop/checks.bats"
    run keys
    assert_line --index 0 "${first%%$'\n'*}"
    refute_line --index 1 "${first%%$'\n'*}"
    echo "# ex01" >>"$copy/tests/ex01_http_hello/causes.md"
    run keys
    refute_line --index 0 "${first%%$'\n'*}"
}
