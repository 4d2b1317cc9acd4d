/* asym_server.c: prints each datagram, and answers its sender with the length.

       ./asym_server [PORT]     then ./asym_client localhost 5005 hello

   1 port, 2 socket, 3 bind, 4 signals, 5 receive, 6 answer, 7 close: main() goes through
   these steps from top to bottom. No listen() and no accept(): one socket hears all
   clients, and each datagram says where it comes from.

   Left out on purpose: SO_REUSEADDR. UDP has no connections, so none that waits in
   TIME_WAIT; and with it a second server could bind the same port, and take the datagrams
   of the first. Nor is an answer sent twice: a client whose answer is lost asks again. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 5005
#define DATAGRAM_MAX 65507 /* bytes: the most that UDP carries over IPv4 (udp(7)) */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT]\n", program);
    return 2;
}

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "asym_server: bind: Address already in use", and returns 1, the exit status. */

/* TODO 4: SIGINT and SIGTERM end the server within a second, also while nobody writes to
   it. The handlers are there before it says that it listens. */

/* TODO 5: print_datagram(address, bytes, length): "ADDRESS:PORT LENGTH TEXT", and "." for
   each byte that can't be printed; then flush. */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1] by parse_port() of net.c, or DEFAULT_PORT where there is
       none. A wrong one gets the usage line and exit status 2, before anything else. */
    fputs("asym_server: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: a UDP socket over IPv4. */
    fputs("asym_server: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 3: bind it to the port, at every address of this machine (INADDR_ANY). */
    fputs("asym_server: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 4: from here on a signal is noticed. Now print "listening on port N" and
       flush. N is the real port, by getsockname(): for port 0 the kernel has chosen. */
    fputs("asym_server: TODO 4 is still to do\n", stderr);
    return 1;

    /* TODO 5: for each datagram, until a signal is to end the server: receive it, with
       its sender's address, and print it. One of no bytes is a message too.
       Then step 6: send its length to its sender, 32 bits in network byte order. When
       that fails, say so and go on: it is one client's loss. */
    fputs("asym_server: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 7: close the socket; exit status 0. */
    fputs("asym_server: TODO 7 is still to do\n", stderr);
    return 1;
}
