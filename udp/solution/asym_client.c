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
/* BEGIN SOLUTION */
static int failed(const char *call)
{
    fprintf(stderr, "asym_client: %s: %s\n", call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* TODO 10: wait_for_answer(client_fd, &answer): receives, no longer than 500 ms in all;
   what is not 4 bytes long is no answer, and the wait goes on as if it had not come. */
/* BEGIN SOLUTION */
static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns 1 with the answer, 0 when none came in time, -1 with errno set. */
static int wait_for_answer(int client_fd, uint32_t *answer)
{
    long end = now_ms() + WAIT_MS;

    for (long left; (left = end - now_ms()) > 0;) {
        struct pollfd waiting = {.fd = client_fd, .events = POLLIN};
        int ready = poll(&waiting, 1, (int)left);
        if (ready <= 0)
            return ready;
        char bytes[sizeof *answer + 1]; /* one more: a longer datagram shows itself */
        ssize_t received = recv(client_fd, bytes, sizeof bytes, 0);
        if (received == -1)
            return -1;
        if (received == sizeof *answer) {
            memcpy(answer, bytes, sizeof *answer);
            *answer = ntohl(*answer);
            return 1;
        }
    }
    return 0;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc != 4)
        return usage(argv[0]);

    /* TODO 1: the port: argv[2] by parse_port() of net.c. A wrong one gets the usage line
       and exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    int port = parse_port(argv[2]);
    if (port == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 8: the server's address, by find_host() of net.c. An unknown host: a message,
       as in "asym_client: getaddrinfo: Name or service not known", exit status 1. */
    /* BEGIN SOLUTION */
    struct sockaddr_in server;
    int error = find_host(argv[1], port, &server);
    if (error != 0) {
        fprintf(stderr, "asym_client: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    /* END SOLUTION */

    /* TODO 2: client_fd: a UDP socket over IPv4. */
    /* BEGIN SOLUTION */
    int client_fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (client_fd == -1)
        return failed("socket");
    /* END SOLUTION */

    /* TODO 9: connect it to the server. Nothing is sent; but from then on send() goes
       there, only what the server sends is received, and a closed port is an error. */
    /* BEGIN SOLUTION */
    if (connect(client_fd, (struct sockaddr *)&server, sizeof server) == -1)
        return failed("connect");
    /* END SOLUTION */

    /* TODO 10: send the message and wait for the answer, up to three times. None came:
       "asym_client: no answer", exit status 1. Else print it and flush. */
    /* BEGIN SOLUTION */
    uint32_t answer = 0;
    int answered = 0;
    for (int i = 0; i < TRIES && answered == 0; i++) {
        if (send(client_fd, argv[3], strlen(argv[3]), 0) == -1)
            return failed("send");
        answered = wait_for_answer(client_fd, &answer);
        if (answered == -1)
            return failed("recv");
    }
    if (answered == 0) {
        fputs("asym_client: no answer\n", stderr);
        return 1;
    }
    printf("%" PRIu32 "\n", answer);
    if (fflush(stdout) == EOF)
        return failed("fflush");
    /* END SOLUTION */

    /* TODO 7: close the socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (close(client_fd) == -1)
        return failed("close");
    return 0;
    /* END SOLUTION */
}
