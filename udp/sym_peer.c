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

/* What may happen when there is something to read, here or there. */
enum result { GO_ON, ENDED, BROKEN };

/* TODO 11: take_input(peer_fd, peer, line): reads from stdin what there is, and sends
   each line that is complete, its LF included. What is not complete waits in line. */

/* TODO 12: take_datagram(peer_fd, peer): receives one datagram and prints it, with a LF
   where it has none; then flush. One that the peer has not sent is ignored, an empty one
   from the peer is its goodbye. */

int main(int argc, char **argv)
{
    if (argc != 4)
        return usage(argv[0]);

    /* TODO 1: the ports: argv[1] and argv[3] by parse_port() of net.c. A wrong one gets
       the usage line and exit status 2, before anything else is done. */
    fputs("sym_peer: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 8: the peer's address, by find_host() of net.c. An unknown host: a message,
       as in "sym_peer: getaddrinfo: Name or service not known", exit status 1. */
    fputs("sym_peer: TODO 8 is still to do\n", stderr);
    return 1;

    /* TODO 2: peer_fd: a UDP socket over IPv4. */
    fputs("sym_peer: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 3: bind it to the local port, at every address of this machine. No connect():
       the address stands in each sendto(), and a peer that is not there is no error. */
    fputs("sym_peer: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 13: wait for stdin and for the socket at the same time, and take what has come
       there, until the input has ended or the peer has said goodbye. */
    fputs("sym_peer: TODO 13 is still to do\n", stderr);
    return 1;

    /* TODO 14: the peer has left: print "peer left". The input has ended: an empty
       datagram is our goodbye. Then close the socket; exit status 0. */
    fputs("sym_peer: TODO 14 is still to do\n", stderr);
    return 1;
}
