/* sym_peer.c: two of these talk to each other, line by line, both at the same time.

       ./sym_peer 5001 localhost 5002          and in another terminal
       ./sym_peer 5002 localhost 5001

   1 ports, 8 address, 2 socket, 3 bind, 11 lines out, 12 datagrams in, 13 both at once,
   14 goodbye: main() goes through these steps from top to bottom. Nobody is server or
   client: both bind, and each knows the other's address before the first word.

   Left out on purpose: what asym_client does about losses. A line may be lost, come twice
   or come late, as one may miss a word in a talk; and so may the goodbye. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_BYTES 1024    /* of a line, its LF included */
#define DATAGRAM_MAX 65507 /* bytes: the most that UDP carries over IPv4 (udp(7)) */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s LOCAL_PORT HOST REMOTE_PORT\n", program);
    return 2;
}

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "sym_peer: bind: Address already in use", and returns 1, the exit status. */
/* BEGIN SOLUTION */
static int failed(const char *call)
{
    fprintf(stderr, "sym_peer: %s: %s\n", call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* What may happen when there is something to read, here or there. */
enum result { GO_ON, ENDED, BROKEN };

/* TODO 11: take_input(peer_fd, peer, line): reads from stdin what there is, and sends
   each line that is complete, its LF included. What is not complete waits in line. */
/* BEGIN SOLUTION */
/* The line that is being read. Its length counts on when the bytes have no more room, so
   that a line that is too long is noticed, and its end found. */
struct line {
    char bytes[LINE_BYTES];
    size_t length;
};

static enum result send_line(int peer_fd, const struct sockaddr_in *peer,
                             const struct line *line)
{
    if (line->length > LINE_BYTES) {
        fprintf(stderr, "sym_peer: a line of %zu bytes is not sent, %d are the most\n",
                line->length, LINE_BYTES);
        return GO_ON;
    }
    if (sendto(peer_fd, line->bytes, line->length, 0, (const struct sockaddr *)peer,
               sizeof *peer) == -1) {
        failed("sendto");
        return BROKEN;
    }
    return GO_ON;
}

/* read(), not fgets(): stdio would read more than one line, keep the rest to itself, and
   poll() would not know of it. */
static enum result take_input(int peer_fd, const struct sockaddr_in *peer,
                              struct line *line)
{
    char bytes[4096];
    enum result result = GO_ON;
    ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
    if (length == -1) {
        failed("read");
        return BROKEN;
    }
    for (ssize_t i = 0; i < length && result == GO_ON; i++) {
        if (line->length < LINE_BYTES)
            line->bytes[line->length] = bytes[i];
        line->length++;
        if (bytes[i] == '\n') {
            result = send_line(peer_fd, peer, line);
            line->length = 0;
        }
    }
    if (length > 0 || result != GO_ON)
        return result;
    if (line->length > 0 && send_line(peer_fd, peer, line) != GO_ON)
        return BROKEN;
    return ENDED;
}
/* END SOLUTION */

/* TODO 12: take_datagram(peer_fd, peer): receives one datagram and prints it, with a LF
   where it has none; then flush. One that the peer has not sent is ignored, an empty one
   from the peer is its goodbye. */
/* BEGIN SOLUTION */
static bool same_address(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

static enum result take_datagram(int peer_fd, const struct sockaddr_in *peer)
{
    char bytes[DATAGRAM_MAX];
    struct sockaddr_in sender;
    socklen_t sender_length = sizeof sender; /* in: the room; out: the address */
    ssize_t received = recvfrom(peer_fd, bytes, sizeof bytes, 0,
                                (struct sockaddr *)&sender, &sender_length);
    if (received == -1) {
        failed("recvfrom");
        return BROKEN;
    }
    if (!same_address(&sender, peer))
        return GO_ON;
    if (received == 0)
        return ENDED;
    fwrite(bytes, 1, (size_t)received, stdout);
    if (bytes[received - 1] != '\n')
        putchar('\n');
    if (fflush(stdout) == EOF) {
        failed("fflush");
        return BROKEN;
    }
    return GO_ON;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc != 4)
        return usage(argv[0]);

    /* TODO 1: the ports: argv[1] and argv[3] by parse_port() of net.c. A wrong one gets
       the usage line and exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    int local_port = parse_port(argv[1]), remote_port = parse_port(argv[3]);
    if (local_port == -1 || remote_port == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 8: the peer's address, by find_host() of net.c. An unknown host: a message,
       as in "sym_peer: getaddrinfo: Name or service not known", exit status 1. */
    /* BEGIN SOLUTION */
    struct sockaddr_in peer;
    int error = find_host(argv[2], remote_port, &peer);
    if (error != 0) {
        fprintf(stderr, "sym_peer: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    /* END SOLUTION */

    /* TODO 2: peer_fd: a UDP socket over IPv4. */
    /* BEGIN SOLUTION */
    int peer_fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (peer_fd == -1)
        return failed("socket");
    /* END SOLUTION */

    /* TODO 3: bind it to the local port, at every address of this machine. No connect():
       the address stands in each sendto(), and a peer that is not there is no error. */
    /* BEGIN SOLUTION */
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons((uint16_t)local_port);
    if (bind(peer_fd, (struct sockaddr *)&address, sizeof address) == -1)
        return failed("bind");
    /* END SOLUTION */

    /* TODO 13: wait for stdin and for the socket at the same time, and take what has come
       there, until the input has ended or the peer has said goodbye. */
    /* BEGIN SOLUTION */
    struct pollfd fds[] = {{.fd = peer_fd, .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    struct line line = {.length = 0};
    enum result heard = GO_ON, typed = GO_ON;
    while (heard == GO_ON && typed == GO_ON) {
        if (poll(fds, 2, -1) == -1)
            return failed("poll");
        if (fds[0].revents != 0)
            heard = take_datagram(peer_fd, &peer);
        if (fds[1].revents != 0)
            typed = take_input(peer_fd, &peer, &line);
    }
    if (heard == BROKEN || typed == BROKEN)
        return 1;
    /* END SOLUTION */

    /* TODO 14: the peer has left: print "peer left". The input has ended: an empty
       datagram is our goodbye. Then close the socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (heard == ENDED)
        puts("peer left");
    else if (sendto(peer_fd, "", 0, 0, (struct sockaddr *)&peer, sizeof peer) == -1)
        return failed("sendto");
    if (fflush(stdout) == EOF)
        return failed("fflush");
    if (close(peer_fd) == -1)
        return failed("close");
    return 0;
    /* END SOLUTION */
}
