# What this machine may lack. It is asked before a program is blamed for it, and only what
# the check at hand needs; what can't be tested is left out (skip), with the reason, and
# costs no point. What was found out once is not asked again in the same exercise.
# shellcheck shell=bash disable=SC2154 # variables of lib/lab

# Tells whether COMMAND succeeds, as it did when NAME was asked for the first time.
known() { # NAME COMMAND...
    local answer=$BATS_FILE_TMPDIR/machine.$1
    [ -f "$answer.yes" ] || [ -f "$answer.no" ] || { "${@:2}" && : >"$answer.yes"; } ||
        : >"$answer.no"
    [ -f "$answer.yes" ]
}

# ---- Names and addresses ----

# Tells whether `localhost` is 127.0.0.1: by /etc/hosts, or by another way that the system
# has for it. A root file system of debootstrap has no /etc/hosts.
knows_localhost() { known localhost localhost_is_named; }
localhost_is_named() {
    local address names
    while read -r address names; do
        [ "$address" != 127.0.0.1 ] || [[ " ${names//$'\t'/ } " != *" localhost "* ]] ||
            return 0
    done 2>/dev/null </etc/hosts
    getent ahostsv4 localhost 2>/dev/null | grep -q '^127\.0\.0\.1 '
}
with_localhost() {
    knows_localhost || skip "this machine does not know the name localhost (/etc/hosts)"
}

# Puts FILE in the place of /etc/hosts, or lays it into /etc where there is none. Only in
# namespaces of our own, where nobody else sees it; fails elsewhere.
own_hosts() { # FILE
    [ -n "$LAB_ALONE" ] || return 1
    local layer=$BATS_FILE_TMPDIR/etc
    mount --bind "$1" /etc/hosts 2>/dev/null || {
        mkdir "$layer" && cp "$1" "$layer/hosts" &&
            mount -t overlay -o "lowerdir=$layer:/etc" lab /etc
    } 2>/dev/null
}

# For setup_file: gives the grading the name localhost, where it lacks it and may have it.
name_localhost() {
    ! localhost_is_named || return 0
    printf '%s\n' '127.0.0.1 localhost' '::1 localhost' >"$BATS_FILE_TMPDIR/hosts"
    own_hosts "$BATS_FILE_TMPDIR/hosts" || true
}

# Tells whether there is ::1 (proc_pid_net(5)).
has_ipv6() {
    local address
    while read -r address _; do
        [ "$address" != 00000000000000000000000000000001 ] || return 0
    done 2>/dev/null </proc/net/if_inet6
    return 1
}

# ---- strace ----

# Tells whether it is there and may trace and make calls fail, as the checks have it do.
strace_works() { known strace strace_traces; }
strace_traces() {
    local seen=$BATS_FILE_TMPDIR/straced
    "$LAB/tests/stage/fair" "$END_S" strace -f -qq -o "$seen" -e trace=execve,socket \
        -e inject=socket:error=EMFILE true 2>/dev/null && [ -s "$seen" ]
}
with_strace() { strace_works || skip "strace is missing, or may not trace here"; }

# ---- Sanitizers ----

# Tells whether a program that does nothing builds and ends well with the sanitizers: in
# some containers the search for leaks is refused, under some kernels the memory that they
# reserve.
sanitizers_work() { known sanitizers sanitized_nothing_ends_well; }
sanitized_nothing_ends_well() {
    local nothing=$BATS_FILE_TMPDIR/does_nothing
    # shellcheck disable=SC2086
    echo 'int main(void) { return 0; }' |
        $COMPILE $SANITIZE -x c -o "$nothing" - 2>/dev/null &&
        "$LAB/tests/stage/fair" "$END_S" "$nothing"
} >/dev/null 2>&1

# ---- Chromium ----

# For a test that has a page rendered.
with_browser() {
    find_browser >/dev/null || skip "no Chromium here"
    BROWSES=1
}

# Tells whether it shows a page that the stage sends it.
browser_works() { known browser browser_shows_a_page; }
browser_shows_a_page() {
    "$STAGE" -t "$BROWSER_S" -d "$BATS_FILE_TMPDIR" >/dev/null 2>&1 3>&- 4>&- <<.
door    listen @web
browser start  "$LAB/tests/stage/browse" "$(find_browser)" http://127.0.0.1:@web/
server  accept door
server  until  "\r\n\r\n"
server  send   "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
server  send   "<link rel=icon href='data:,'><h1>The lab's own</h1>"
server  half-close
browser exits
browser prints "<h1>The lab's own"
.
}

# The browser for tests: the small headless build of Chromium first, as it starts fastest.
find_browser() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        command -v "$name" && return
    done
    return 1
}

# ---- Before a program is blamed ----

# Leaves the check out where what it has used does not work here at all. Asked only
# where a check fails: it costs nothing else.
spare_the_program() {
    [ -z "$CHECKS" ] || sanitizers_work ||
        skip "what is built with the sanitizers does not run here"
    [ -z "$BROWSES" ] || browser_works ||
        skip "Chromium does not show any page here, not the lab's own either"
}
