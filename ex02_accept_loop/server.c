/* server.c: an HTTP server that greets one browser after another, and counts them.

       ./server [PORT [FILE]]   then open http://localhost:8080/

   1 port, 2 socket, 3 bind, 4 listen, and for each client 5 accept, 6 receive, 7 send,
   8 close, until 9, a signal: main() goes through these steps from top to bottom.

   Left out on purpose: two clients at a time (ex04). So a client that sends a byte now
   and then is never silent for long, and keeps all others waiting. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PORT 8080
#define BACKLOG 16       /* connections that may wait for accept() */
#define REQUEST_MAX 8192 /* bytes of a request, its blank line included */
#define PATIENCE_MS 2000 /* a client that sends or takes nothing for so long is closed */
#define PAUSE_MS 100     /* after accept() has failed */
#define FOREVER (-1)     /* no limit, for poll() */

#define PAGE                                                                             \
    "<!DOCTYPE html>\n"                                                                  \
    "<html lang=\"en\">\n"                                                               \
    "<head><meta charset=\"utf-8\"><title>Hello</title></head>\n"                        \
    "<body><h1>Hello World!</h1><p>Visitor %lu</p></body>\n"                             \
    "</html>\n"

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT [FILE]]\n", program);
    return 2;
}

/* TODO 1: parse_port(text): the number that text spells in decimal, 0 to 65535, or -1
   when it spells none: "", "80a", " 80", "-1" and "65536" are not ports. */

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "server: bind: Address already in use", and returns 1, the exit status. */

/* TODO 9: SIGINT and SIGTERM end the server within a second, wherever it waits. The
   handlers are installed before step 4: as soon as it listens, a signal may come. */

/* TODO 6: receive_request(client_fd, bytes): receives until the blank line. A stream has
   no message boundaries: one recv() may bring one byte, or everything. A client that
   sends nothing for 2 s is given up. */

/* TODO 7: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left, or the client has taken nothing for 2 s. send_response(client_fd,
   status, page, length, only_head): the head, then, but for HEAD, the page.
   answer(client_fd, request, bytes, file): finds the response and sends it. */

int main(int argc, char **argv)
{
    if (argc > 3)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. A wrong one gets
       the usage line and exit status 2, before anything else is done. The file: argv[2],
       or NULL where there is none. */
    fputs("server: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: a TCP socket over IPv4. SO_REUSEADDR lets the server be started
       again at once, while the last connection still waits in TIME_WAIT. */
    fputs("server: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 3: bind it to the port, at every address of this machine (INADDR_ANY). Port
       and address go in network byte order. */
    fputs("server: TODO 3 is still to do\n", stderr);
    return 1;

    /* TODO 4: make it a listening socket, then print "listening on port N" and flush.
       N is the real port, by getsockname(): for port 0 the kernel has chosen one. */
    fputs("server: TODO 4 is still to do\n", stderr);
    return 1;

    for (;;) {
        /* TODO 5: accept the next client: client_fd, a socket for this client alone. When
           accept() fails there is still a next client: a message, a short wait, and once
           more. When a signal is to end the server, leave the loop. */
        fputs("server: TODO 5 is still to do\n", stderr);
        return 1;

        /* TODO 6: receive the request up to its blank line. A client that leaves earlier,
           or is silent for 2 s: a message, and on to step 8. */
        fputs("server: TODO 6 is still to do\n", stderr);
        return 1;

        /* TODO 7: send the response: "200 OK" and the page with the visitor's number, or
           the file; or 400, 404, 431 or 501. A client that leaves earlier, or takes
           nothing for 2 s: a message, and on to step 8. */
        fputs("server: TODO 7 is still to do\n", stderr);
        return 1;

        /* TODO 8: close the client's socket, whatever has happened, and back to 5. */
        fputs("server: TODO 8 is still to do\n", stderr);
        return 1;
    }

    /* TODO 9: close the listening socket; exit status 0. */
    fputs("server: TODO 9 is still to do\n", stderr);
    return 1;
}
