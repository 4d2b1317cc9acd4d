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
/* BEGIN SOLUTION */
/* Sends the request (RFC 9112, section 3). In the field Host, an IPv6 address stands in
   brackets, as its own colons would hide the one before the port (RFC 3986, 3.2.2).
   Returns 0, or -1 with errno set. */
static int send_request(int client_fd, const struct server *server, const char *path)
{
    bool ipv6 = strchr(server->host, ':') != NULL;
    char request[REQUEST_MAX + 1]; /* one more for snprintf()'s NUL */
    int length =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\n"
                 "Host: %s%s%s:%s\r\n"
                 "Connection: close\r\n"
                 "\r\n",
                 path, ipv6 ? "[" : "", server->host, ipv6 ? "]" : "", server->port);
    if (length < 0)
        return -1;
    if (length > REQUEST_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    return send_all(client_fd, request, (size_t)length);
}
/* END SOLUTION */

/* TODO 5: print_response(client_fd, server): receives until the server has closed, and
   writes each piece to stdout as it is, at once. */
/* BEGIN SOLUTION */
/* Returns 0, or 1 after a message: the exit status. No printf("%s"): a response may hold
   NUL bytes, and what recv() brings does not end in one. */
static int print_response(int client_fd, const struct server *server)
{
    static char bytes[PIECE_MAX];
    bool empty = true;

    for (;;) {
        ssize_t received = recv(client_fd, bytes, sizeof bytes, 0);
        if (received == -1)
            return failed(server, "recv", strerror(errno));
        if (received == 0)
            break;
        empty = false;
        if (fwrite(bytes, 1, (size_t)received, stdout) < (size_t)received ||
            fflush(stdout) == EOF) {
            perror("client: write");
            return 1;
        }
    }
    return empty ? failed(server, "recv", "the server has closed without a word") : 0;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4)
        return usage(argv[0]);

    /* TODO 1: the server: argv[1] and argv[2]; the path: argv[3], or "/" where there is
       none. A wrong port, or a path that does not begin with '/', gets the usage line and
       exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    struct server server = {.program = "client", .host = argv[1], .port = argv[2]};
    const char *path = argc == 4 ? argv[3] : "/";
    if (parse_port(server.port) == -1 || path[0] != '/')
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 3: client_fd: a socket that is connected to the server, by connect_to(). */
    /* BEGIN SOLUTION */
    int client_fd = connect_to(&server);
    if (client_fd == -1)
        return 1;
    /* END SOLUTION */

    /* TODO 4: send the request. */
    /* BEGIN SOLUTION */
    if (send_request(client_fd, &server, path) == -1)
        return failed(&server, "send", strerror(errno));
    /* END SOLUTION */

    /* TODO 5: print the response. Not one byte: a message, exit status 1. */
    /* BEGIN SOLUTION */
    if (print_response(client_fd, &server) != 0)
        return 1;
    /* END SOLUTION */

    /* TODO 8: close the socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (close(client_fd) == -1)
        return failed(&server, "close", strerror(errno));
    return 0;
    /* END SOLUTION */
}
