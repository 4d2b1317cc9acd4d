/* asym_server.c: prints each datagram, and answers its sender with the length.

       ./asym_server [PORT]     then ./asym_client localhost 5005 hello

   1 port, 2 socket, 3 bind, 4 signals, 5 receive, 6 answer, 7 close: main() goes through
   these steps from top to bottom. No listen() and no accept(): one socket hears all
   clients, and each datagram says where it comes from.

   Left out on purpose: SO_REUSEADDR. UDP has no connections, so none that waits in
   TIME_WAIT; and with it a second server could bind the same port, and take the datagrams
   of the first. Nor is an answer sent twice: a client whose answer is lost asks again. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 5005
#define DATAGRAM_MAX 65507 /* bytes: the most that UDP carries over IPv4 (udp(7)) */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT]\n", program);
    return 2;
}

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "asym_server: bind: Address already in use", and returns 1, the exit status. */
/* BEGIN SOLUTION */
static int failed(const char *call)
{
    fprintf(stderr, "asym_server: %s: %s\n", call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* TODO 4: SIGINT and SIGTERM end the server within a second, also while nobody writes to
   it. The handlers are there before it says that it listens. */
/* BEGIN SOLUTION */
/* The handler writes a byte into stop_pipe[1], and wait_for_datagram() finds it in
   stop_pipe[0]. A flag alone is not enough: set between the test of the flag and a call
   that blocks, it is seen too late. A byte stays in the pipe. */
static int stop_pipe[2];

static void stop(int signal)
{
    (void)signal;
    int saved_errno = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    errno = saved_errno;
}

static int stop_on_signals(void)
{
    struct sigaction action = {0};
    action.sa_handler = stop;
    if (pipe(stop_pipe) == -1)
        return failed("pipe");
    /* A handler must never wait, for room in the pipe neither. */
    if (fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK) == -1)
        return failed("fcntl");
    if (sigaction(SIGINT, &action, NULL) == -1 || sigaction(SIGTERM, &action, NULL) == -1)
        return failed("sigaction");
    return 0;
}

/* The only place where this server waits. Returns 0 when a datagram has come, or -1 with
   errno set: EINTR when the server is to end. */
static int wait_for_datagram(int server_fd)
{
    struct pollfd fds[] = {{.fd = stop_pipe[0], .events = POLLIN},
                           {.fd = server_fd, .events = POLLIN}};
    int ready;

    /* A signal interrupts poll(); the next poll() finds the byte. */
    do
        ready = poll(fds, 2, -1);
    while (ready == -1 && errno == EINTR);
    if (ready == -1)
        return -1;
    if (fds[0].revents == 0)
        return 0;
    errno = EINTR;
    return -1;
}
/* END SOLUTION */

/* TODO 5: print_datagram(address, bytes, length): "ADDRESS:PORT LENGTH TEXT", and "." for
   each byte that can't be printed; then flush. */
/* BEGIN SOLUTION */
/* Any byte may come, and some of them would upset a terminal: only ASCII is shown. */
static void print_text(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        putchar(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
}

static void print_datagram(const struct sockaddr_in *address, const char *bytes,
                           size_t length)
{
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
    printf("%s:%d %zu ", host, ntohs(address->sin_port), length);
    print_text(bytes, length);
    putchar('\n');
    if (fflush(stdout) == EOF)
        failed("fflush");
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1] by parse_port() of net.c, or DEFAULT_PORT where there is
       none. A wrong one gets the usage line and exit status 2, before anything else. */
    /* BEGIN SOLUTION */
    int port = argc == 2 ? parse_port(argv[1]) : DEFAULT_PORT;
    if (port == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 2: server_fd: a UDP socket over IPv4. */
    /* BEGIN SOLUTION */
    int server_fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (server_fd == -1)
        return failed("socket");
    /* END SOLUTION */

    /* TODO 3: bind it to the port, at every address of this machine (INADDR_ANY). */
    /* BEGIN SOLUTION */
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons((uint16_t)port);
    if (bind(server_fd, (struct sockaddr *)&address, sizeof address) == -1)
        return failed("bind");
    /* END SOLUTION */

    /* TODO 4: from here on a signal is noticed. Now print "listening on port N" and
       flush. N is the real port, by getsockname(): for port 0 the kernel has chosen. */
    /* BEGIN SOLUTION */
    if (stop_on_signals() != 0)
        return 1;
    socklen_t address_length = sizeof address;
    if (getsockname(server_fd, (struct sockaddr *)&address, &address_length) == -1)
        return failed("getsockname");
    printf("listening on port %d\n", ntohs(address.sin_port));
    if (fflush(stdout) == EOF)
        return failed("fflush");
    /* END SOLUTION */

    /* TODO 5: for each datagram, until a signal is to end the server: receive it, with
       its sender's address, and print it. One of no bytes is a message too.
       Then step 6: send its length to its sender, 32 bits in network byte order. When
       that fails, say so and go on: it is one client's loss. */
    /* BEGIN SOLUTION */
    while (wait_for_datagram(server_fd) == 0) {
        char bytes[DATAGRAM_MAX];
        struct sockaddr_in client;
        socklen_t client_length = sizeof client; /* in: the room; out: the address */
        ssize_t received = recvfrom(server_fd, bytes, sizeof bytes, 0,
                                    (struct sockaddr *)&client, &client_length);
        if (received == -1)
            return failed("recvfrom");
        print_datagram(&client, bytes, (size_t)received);

        uint32_t answer = htonl((uint32_t)received);
        if (sendto(server_fd, &answer, sizeof answer, 0, (struct sockaddr *)&client,
                   client_length) == -1)
            failed("sendto");
    }
    if (errno != EINTR)
        return failed("poll");
    /* END SOLUTION */

    /* TODO 7: close the socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (close(server_fd) == -1)
        return failed("close");
    return 0;
    /* END SOLUTION */
}
