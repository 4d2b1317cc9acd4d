/* asym_client.c: sends a message as one datagram and prints the answer, a number.

       ./asym_client HOST PORT MESSAGE

   1 port, 8 address, 2 socket, 9 connect, 10 ask: main() goes through these steps from
   top to bottom. No bind(): with the first datagram the kernel gives the socket a port,
   and the server learns it from the datagram.

   Left out on purpose: a number in each message. The answer to the first try is as good
   as the answer to the third here; where two questions may have two answers, each answer
   has to say which question it belongs to. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TRIES 3
#define WAIT_MS 500 /* for the answer to each */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s HOST PORT MESSAGE\n", program);
    return 2;
}

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "asym_client: recv: Connection refused", and returns 1, the exit status. */

/* TODO 10: wait_for_answer(client_fd, &answer): receives, no longer than 500 ms in all;
   what is not 4 bytes long is no answer, and the wait goes on as if it had not come. */

int main(int argc, char **argv)
{
    if (argc != 4)
        return usage(argv[0]);

    /* TODO 1: the port: argv[2] by parse_port() of net.c. A wrong one gets the usage line
       and exit status 2, before anything else is done. */
    fputs("asym_client: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 8: the server's address, by find_host() of net.c. An unknown host: a message,
       as in "asym_client: getaddrinfo: Name or service not known", exit status 1. */
    fputs("asym_client: TODO 8 is still to do\n", stderr);
    return 1;

    /* TODO 2: client_fd: a UDP socket over IPv4. */
    fputs("asym_client: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 9: connect it to the server. Nothing is sent; but from then on send() goes
       there, only what the server sends is received, and a closed port is an error. */
    fputs("asym_client: TODO 9 is still to do\n", stderr);
    return 1;

    /* TODO 10: send the message and wait for the answer, up to three times. None came:
       "asym_client: no answer", exit status 1. Else print it and flush. */
    fputs("asym_client: TODO 10 is still to do\n", stderr);
    return 1;

    /* TODO 7: close the socket; exit status 0. */
    fputs("asym_client: TODO 7 is still to do\n", stderr);
    return 1;
}
