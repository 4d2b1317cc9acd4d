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
/* BEGIN SOLUTION */
static int failed(const char *call)
{
    fprintf(stderr, "stream_server: %s: %s\n", call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* TODO 6: echo(client_fd): sends every byte back until the client has closed. A client
   that breaks off is said on stderr; the server goes on. */
/* BEGIN SOLUTION */
static void echo(int client_fd)
{
    char bytes[PIECE_MAX];

    for (;;) {
        ssize_t received = recv(client_fd, bytes, sizeof bytes, 0);
        if (received == -1)
            failed("recv");
        if (received <= 0)
            return;
        if (send_all(client_fd, bytes, (size_t)received) == -1) {
            failed("send");
            return;
        }
    }
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc != 2)
        return usage(argv[0]);

    /* TODO 1: address: the path argv[1], by set_path(). One that is empty or too long
       gets the usage line and exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    struct sockaddr_un address;
    if (set_path(&address, argv[1]) == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 2: server_fd: a stream socket of the family AF_UNIX. */
    /* BEGIN SOLUTION */
    int server_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (server_fd == -1)
        return failed("socket");
    /* END SOLUTION */

    /* TODO 3: bind it to the path, by bind_path(). */
    /* BEGIN SOLUTION */
    if (bind_path(server_fd, &address) == -1)
        return failed("bind");
    /* END SOLUTION */

    /* TODO 5: make it a listening socket, then print "listening on PATH" and flush. */
    /* BEGIN SOLUTION */
    if (listen(server_fd, BACKLOG) == -1)
        return failed("listen");
    printf("listening on %s\n", argv[1]);
    if (fflush(stdout) == EOF)
        return failed("fflush");
    /* END SOLUTION */

    /* TODO 6: for ever: accept a client, echo(), close its socket. accept() may fail for
       one client and work for the next: say so, pause a moment, go on. */
    /* BEGIN SOLUTION */
    for (;;) {
        int client_fd = accept(server_fd, NULL, NULL);
        if (client_fd == -1) {
            failed("accept");
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
            continue;
        }
        echo(client_fd);
        if (close(client_fd) == -1)
            failed("close");
    }
    /* END SOLUTION */
}
