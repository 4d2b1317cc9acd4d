/* server.c: an HTTP server that greets one browser, once.

       ./server [PORT]          then open http://localhost:8080/

   1 port, 2 socket, 3 bind, 4 listen, 5 accept, 6 receive, 7 send, 8 close: main()
   goes through these steps from top to bottom.

   Left out on purpose: a second client (ex02), a client that connects and stays
   silent (ex02), and what the request asks for: every request gets the same page. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 8080
#define BACKLOG 16       /* connections that may wait for accept() */
#define REQUEST_MAX 8192 /* bytes of a request, its blank line included */

#define PAGE                                                                             \
    "<!DOCTYPE html>\n"                                                                  \
    "<html lang=\"en\">\n"                                                               \
    "<head><meta charset=\"utf-8\"><title>Hello</title></head>\n"                        \
    "<body><h1>Hello World!</h1></body>\n"                                               \
    "</html>\n"

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT]\n", program);
    return 2;
}

/* TODO 1: parse_port(text): the number that text spells in decimal, 0 to 65535, or -1
   when it spells none: "", "80a", " 80", "-1" and "65536" are not ports. */

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "server: bind: Address already in use", and returns 1, the exit status. */

/* TODO 6: receive_request(client_fd): receives until the blank line. A stream has no
   message boundaries: one recv() may bring one byte, or everything. */

/* TODO 7: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left. send_response(client_fd, status, page): the head, then the page. */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. A wrong one gets
       the usage line and exit status 2, before anything else is done. */
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

    /* TODO 5: accept the first client: client_fd, a socket for this client alone. */
    fputs("server: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 6: receive the request up to its blank line. A client that leaves earlier: a
       message, exit status 1. More than 8 KiB without a blank line: step 7 sends
       "431 Request Header Fields Too Large", and what still comes is received too. */
    fputs("server: TODO 6 is still to do\n", stderr);
    return 1;

    /* TODO 7: send the response: "200 OK" and the page. */
    fputs("server: TODO 7 is still to do\n", stderr);
    return 1;

    /* TODO 8: close the client's socket, then the listening socket; exit status 0. */
    fputs("server: TODO 8 is still to do\n", stderr);
    return 1;
}
