/* echo_client.c: sends lines to an echo server, one after the other, and prints them as
   they come back.

       ./echo_client HOST PORT

   1 command line, 2 getaddrinfo, 3 connect, 6 a line of input, 7 there and back, 8 close:
   main() goes through these steps from top to bottom; 2 and 3 are done in net.c.

   Left out on purpose: to notice a server that closes while the user is typing. That
   would need to wait for two descriptors at once (ex04). */

#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_SIZE 4096 /* bytes of the longest line, its LF included */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s HOST PORT\n", program);
    return 2;
}

/* TODO 6: read_line(line): the next line of stdin, with its LF; a last line without one
   gets one. A line of more than LINE_SIZE bytes: a message, exit status 1. */

/* TODO 7: receive_all(client_fd, server, bytes, length): receives until length bytes have
   come. The line that comes back is as long as the one that was sent, but recv() may
   bring it in pieces. */

int main(int argc, char **argv)
{
    if (argc != 3)
        return usage(argv[0]);

    /* TODO 1: the server: argv[1] and argv[2]. A wrong port gets the usage line and exit
       status 2, before anything else is done. */
    fputs("echo_client: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 3: client_fd: a socket that is connected to the server, by connect_to(). */
    fputs("echo_client: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 6: a line of input, until there is none. Each one goes there and back (step 7)
       before the next is read. */
    fputs("echo_client: TODO 6 is still to do\n", stderr);
    return 1;

    /* TODO 8: close the socket; exit status 0. */
    fputs("echo_client: TODO 8 is still to do\n", stderr);
    return 1;
}
