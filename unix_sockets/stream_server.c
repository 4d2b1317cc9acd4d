/* stream_server.c: sends back what its clients send, one client after the other.

       ./stream_server PATH     then ./stream_client PATH, or: nc -U PATH

   1 path, 2 socket, 3 bind, 4 signals, 5 listen, 6 accept and echo: main() goes through
   these steps from top to bottom; 3 and 4 are in net.c.

   Left out on purpose: a second client at the same time (ex04). While one is served the
   others wait in the backlog, however long that takes. */

#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 16     /* connections that may wait for accept() */
#define PIECE_MAX 8192 /* bytes received at a time */
#define PAUSE_MS 100   /* after accept() has failed */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s PATH\n", program);
    return 2;
}

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "stream_server: bind: Address already in use", and returns 1, the exit status. */

/* TODO 6: echo(client_fd): sends every byte back until the client has closed. A client
   that breaks off is said on stderr; the server goes on. */

int main(int argc, char **argv)
{
    if (argc != 2)
        return usage(argv[0]);

    /* TODO 1: address: the path argv[1], by set_path(). One that is empty or too long
       gets the usage line and exit status 2, before anything else is done. */
    fputs("stream_server: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: a stream socket of the family AF_UNIX. */
    fputs("stream_server: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 3: bind it to the path, by bind_path(). */
    fputs("stream_server: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 5: make it a listening socket, then print "listening on PATH" and flush. */
    fputs("stream_server: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 6: for ever: accept a client, echo(), close its socket. accept() may fail for
       one client and work for the next: say so, pause a moment, go on. */
    fputs("stream_server: TODO 6 is still to do\n", stderr);
    return 1;
}
