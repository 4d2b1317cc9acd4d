# What the server of ex01 asks of the kernel, by strace; and what it does when that fails.
# shellcheck shell=bash

# Whether these are the calls of the course, in their order.
in_order() { # CALLS, in one line
    local before='^socket( socket| bind| listen| close\(server_fd\))* '
    local client='(recv|send|shutdown|close)\(client_fd\)'
    local between="( accept| $client| (shutdown|close)\(server_fd\))*"
    local during="accept$between close\(client_fd\)"
    local after='( shutdown\(server_fd\))?( close\(server_fd\))+ $'
    [[ $1 =~ $before$during$after && $1 =~ bind\ listen.*\ accept.*\ send\(client_fd\) ]]
}

# Plays a visit to a server of which strace notes these calls, in $T/trace.
visited_under_strace() { # CALLS
    plays <<. || true
server under     strace -D -f -qq -o trace -e trace=$1
server start     ./server @port
server reachable @port
$(visit answer)
alice  close
server exits
.
}

# What strace is asked for, so that socket_calls can tell what became of each socket.
TRACED=network,read,readv,write,writev,sendfile,splice,dup,dup2,dup3,fcntl,close

# The calls on TCP sockets in FILE, a line "NAME CALL N" each: with the names the course
# gives to the descriptors, so that calls that do the same have the same name; and which
# of the calls of its kind of that thread it was. At the end, which descriptors were not
# closed.
socket_calls() { # FILE
    awk '
        # A call during which another thread made one is written in two parts.
        / <unfinished \.\.\.>$/ { sub(/ <unfinished \.\.\.>$/, ""); begun[$1] = $0; next }
        /<\.\.\. [a-z0-9_]+ resumed>/ {
            first = begun[$1]; sub(/^.* resumed>/, ""); $0 = first $0
        }
        {
            thread = $1
            if (first_thread == "") first_thread = thread
            sub(/^[0-9]+ +/, "")
            call = $0; sub(/\(.*/, "", call)
            fd = $0; sub(/^[^(]*\(/, "", fd)
            if (call == "splice") { split(fd, to, ", "); if (to[3] in name) fd = to[3] }
            sub(/[^-0-9].*/, "", fd)
            result = $0; sub(/.* = /, "", result); sub(/ .*/, "", result)
            made = result ~ /^[0-9]/
            # strace counts the calls of each thread: an Nth call of another than the
            # first is not made to fail where the first makes as many (0).
            nth = ++count[thread, call]
            if (thread != first_thread && count[first_thread, call] >= nth) nth = 0
        }
        call == "socket" && /AF_INET6?, SOCK_STREAM/ && made {
            open(result, "server_fd"); add("socket"); next
        }
        / EBADF / && ((thread, fd) in closed || fd < 0) {
            add(call "(" fd ")=EBADF"); next
        }
        # What one process has closed, another may still have (fork).
        !(fd in name) || (thread, fd) in closed { next }
        call ~ /^(bind|listen|setsockopt|getsockname)$/ { add(call); next }
        call ~ /^accept4?$/ { add("accept"); if (made) open(result, "client_fd"); next }
        (call ~ /^dup/ || /F_DUPFD/) && made { open(result, name[fd]); next }
        call ~ /^(send|write|splice)/ { add("send(" name[fd] ")"); next }
        call ~ /^(recv|read)/ { add("recv(" name[fd] ")"); next }
        call == "shutdown" { add("shutdown(" name[fd] ")"); next }
        call == "close" && result == 0 {
            add("close(" name[fd] ")"); opened[name[fd]]--
            closed[thread, fd] = 1
        }
        function open(fd, what, key) {
            name[fd] = what; opened[what]++
            for (key in closed) if (key ~ SUBSEP fd "$") delete closed[key]
        }
        function add(text) { print text, call, nth }
        END {
            if (opened["client_fd"] > 0) print "client_fd is left open"
            if (opened["server_fd"] > 0) print "server_fd is left open"
        }' "$1"
}

# Whether the program asks the kernel to end its connections with RST.
lingers() {
    strace_works || return 1
    visited_under_strace setsockopt
    grep -q 'SO_LINGER, {l_onoff=1, l_linger=0}' "$T/trace"
}

# Calls fail, each in a run of its own: those that the program has made in two visits.
calls_fail() {
    local kind=""
    plays -k < <(starts_first < <(
        traced page "$REQUEST"
        traced large '"a"*8192'
    )) || true
    ! plays -k < <(starts_first < <(failures)) || return 0
    [ -s "$T.kinds" ] || return
    while read -r kind; do
        ! grep -q INJECTED "$T/trace.${kind%% *}" || tell_of failing-call "$kind"
    done < <(grep -v '^to-' "$T.kinds")
}

# What the program calls in a visit, into trace.PARTY.
traced() { # PARTY REQUEST
    cat <<.
$1 under     strace -D -f -qq -o trace.$1 -e trace=$TRACED
$(asks "$1" "$2" "to-$1 half-close")
to-$1 close
$1 exits
.
}

# The scenes in which a call fails: of those on the client's socket the first and the
# last, and what is made for a 431.
failures() {
    local party calls nth
    socket_calls "$T/trace.page" | awk '
        $3 == "0" { next }
        /^(socket|setsockopt|bind|listen|getsockname) / { fails($1, $2) }
        /^accept / { fails("accept", "accept,accept4") }
        /^recv\(client/ { fails("recv", $2 " " $3) }
        /^send\(client/ { fails("send", $2 " " $3); last = $2 " " $3 }
        /^close\(/ { close_of[substr($1, 7, 6)] = $2 " " $3 }
        function fails(party, calls) {
            if (party in first) return
            print party, calls
            first[party] = calls
        }
        END {
            if (last != first["send"]) print "send-last", last
            for (name in close_of) print "close-" name, close_of[name]
        }' >"$T.failures"
    socket_calls "$T/trace.large" | awk '
        $3 == "0" { next }
        /^send\(client/ && !sent++ { print "send-big", $2, $3 }
        /^shutdown/ && !shut++ { print "shutdown-big", $2, $3 }
        /^recv/ && sent && !received++ { print "recv-big", $2, $3 }' >>"$T.failures"
    while read -r party calls nth; do
        failing "$party" "$calls" "$nth"
    done <"$T.failures"
}

# The run in which calls fail, or the Nth of them; a client comes where one can.
failing() { # PARTY CALLS N
    local port=@at${1//-/} data=$REQUEST
    [[ $1 != *-big ]] || data='"a"*8192'
    echo "$1 under strace -D -f -qq -o trace.$1 -e trace=$2" \
        "-e inject=$2:error=ENOBUFS${3:+:when=$3}"
    echo "$1 start ./server $port"
    case $1 in
    socket | setsockopt | bind | listen | getsockname) ;;
    accept) echo "$1 prints \"listening on port\"" ;;
    *) echo "$1 reachable $port" ;;
    esac
    case $1 in
    accept | recv* | send* | shutdown* | close*)
        printf "to-$1 %s\n" "connect $port" "send $data" half-close drain close ;;
    esac
    echo "$1 exits 1"
    echo "$1 says \"^server: ($(names_of "${1%%-*}")): No buffer space available\$\""
}

# The names that a call may have on stderr, also where the C library makes it.
names_of() { # CALL
    case $1 in
    socket) echo "socket|getaddrinfo" ;;
    accept) echo "accept4?" ;;
    recv) echo "[a-z]*(recv|read|get)[a-z]*" ;;
    send) echo "[a-z]*(send|write|splice|print|put|flush|close)[a-z]*" ;;
    close) echo "f?close" ;;
    *) echo "$1" ;;
    esac
}

# The first client has given up: an error, or the next is served.
accept_is_aborted() {
    plays -k <<. || true
server under strace -D -f -qq -o trace -e trace=accept,accept4 \
-e inject=accept,accept4:error=ECONNABORTED:when=1
server start     ./server @port
server prints    "listening on port"
alice  connect   @port
alice  save      answer
alice  send      $REQUEST
alice  drain
alice  close
server says      "^server: accept4?: Software caused connection abort\$"
server exits     0
.
    case $(sed '/^alice /d' "$T.kinds") in
    "") has_heading "$T/answer" || tell aborted-accept ;;
    "server status-1") ;;
    *) tell aborted-accept ;;
    esac
}
