/* dgram_server.c: prints each datagram and answers its sender with the length.

       ./dgram_server PATH      then ./dgram_client PATH hello

   1 path, 2 socket, 3 bind, 4 signals, 5 say where, 8 receive and answer: main() goes
   through these steps from top to bottom; 3 and 4 are in net.c. No listen() and no
   accept(): one socket hears all clients. It is the asym_server of udp with another
   address.

   Left out on purpose: the abstract names of Linux, a client that has one counts as a
   client without a name; and a client that leaves hundreds of answers unread while it is
   connected to this server: they fill the buffer that all answers go through. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAM_MAX 65507 /* bytes; as over UDP, of which this is the most */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s PATH\n", program);
    return 2;
}

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "dgram_server: bind: Address already in use", and returns 1, the exit status. */

/* TODO 8: print_datagram(path, path_length, bytes, length): "PATH LENGTH TEXT", "-" for a
   client without a name, "." for each byte that can't be printed; then flush. */

int main(int argc, char **argv)
{
    if (argc != 2)
        return usage(argv[0]);

    /* TODO 1: address: the path argv[1], by set_path(). One that is empty or too long
       gets the usage line and exit status 2, before anything else is done. */
    fputs("dgram_server: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: a datagram socket of the family AF_UNIX. */
    fputs("dgram_server: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 3: bind it to the path, by bind_path(). */
    fputs("dgram_server: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 5: datagrams can come already: print "listening on PATH" and flush. */
    fputs("dgram_server: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 8: for ever: receive a datagram and its sender's address, print it, and send
       the length back, 32 bits in network byte order. A client without a name can't be
       answered. One that has gone, or does not receive, must not stop the server. */
    fputs("dgram_server: TODO 8 is still to do\n", stderr);
    return 1;
}
