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
/* BEGIN SOLUTION */
static int failed(const char *call)
{
    fprintf(stderr, "dgram_server: %s: %s\n", call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* TODO 8: print_datagram(path, path_length, bytes, length): "PATH LENGTH TEXT", "-" for a
   client without a name, "." for each byte that can't be printed; then flush. */
/* BEGIN SOLUTION */
/* Only these bytes are known to do nothing to a terminal. */
static void print_text(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        putchar(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
}

static void print_datagram(const char *path, size_t path_length, const char *bytes,
                           size_t length)
{
    if (path_length == 0)
        putchar('-');
    print_text(path, path_length);
    printf(" %zu ", length);
    print_text(bytes, length);
    putchar('\n');
    if (fflush(stdout) == EOF)
        failed("fflush");
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

    /* TODO 2: server_fd: a datagram socket of the family AF_UNIX. */
    /* BEGIN SOLUTION */
    int server_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (server_fd == -1)
        return failed("socket");
    /* END SOLUTION */

    /* TODO 3: bind it to the path, by bind_path(). */
    /* BEGIN SOLUTION */
    if (bind_path(server_fd, &address) == -1)
        return failed("bind");
    /* END SOLUTION */

    /* TODO 5: datagrams can come already: print "listening on PATH" and flush. */
    /* BEGIN SOLUTION */
    printf("listening on %s\n", argv[1]);
    if (fflush(stdout) == EOF)
        return failed("fflush");
    /* END SOLUTION */

    /* TODO 8: for ever: receive a datagram and its sender's address, print it, and send
       the length back, 32 bits in network byte order. A client without a name can't be
       answered. One that has gone, or does not receive, must not stop the server. */
    /* BEGIN SOLUTION */
    for (;;) {
        static char bytes[DATAGRAM_MAX];
        struct sockaddr_un client = {0};
        socklen_t client_length = sizeof client; /* in: the room; out: the address */
        ssize_t received = recvfrom(server_fd, bytes, sizeof bytes, 0,
                                    (struct sockaddr *)&client, &client_length);
        if (received == -1)
            return failed("recvfrom");

        /* Without a name the path stays empty, as it was before. A path may fill
           sun_path to the last byte, and then has no NUL. */
        size_t path_length = strnlen(client.sun_path, sizeof client.sun_path);
        print_datagram(client.sun_path, path_length, bytes, (size_t)received);
        if (path_length == 0)
            continue;

        /* MSG_DONTWAIT: where the client's queue is full, its answer is lost, as a
           network might lose it; waiting would make all others wait too. */
        uint32_t answer = htonl((uint32_t)received);
        if (sendto(server_fd, &answer, sizeof answer, MSG_DONTWAIT,
                   (struct sockaddr *)&client, client_length) == -1)
            failed("sendto");
    }
    /* END SOLUTION */
}
