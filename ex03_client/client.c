/* client.c: asks a web server for one page, and prints all that comes back.

       ./client HOST PORT [PATH]          ./client localhost 8080 /

   1 command line, 2 getaddrinfo, 3 connect, 4 send, 5 receive, 8 close: main() goes
   through these steps from top to bottom; 2 and 3 are done in net.c.

   Left out on purpose: understanding the response. Its head is printed like its body, a
   redirection is not followed, and a server that never closes is waited for. */

#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 8192 /* bytes of a request, its blank line included */
#define PIECE_MAX 65536  /* bytes received at once */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s HOST PORT [PATH]\n", program);
    return 2;
}

/* TODO 4: send_request(client_fd, server, path): the line GET, the fields Host and
   Connection, the blank line. */

/* TODO 5: print_response(client_fd, server): receives until the server has closed, and
   writes each piece to stdout as it is, at once. */

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4)
        return usage(argv[0]);

    /* TODO 1: the server: argv[1] and argv[2]; the path: argv[3], or "/" where there is
       none. A wrong port, or a path that does not begin with '/', gets the usage line and
       exit status 2, before anything else is done. */
    fputs("client: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 3: client_fd: a socket that is connected to the server, by connect_to(). */
    fputs("client: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 4: send the request. */
    fputs("client: TODO 4 is still to do\n", stderr);
    return 1;

    /* TODO 5: print the response. Not one byte: a message, exit status 1. */
    fputs("client: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 8: close the socket; exit status 0. */
    fputs("client: TODO 8 is still to do\n", stderr);
    return 1;
}
