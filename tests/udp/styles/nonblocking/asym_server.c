/* A right program of another style: a socket that never blocks; ppoll() lets the signals
   in, and all that waits is received before it is asked again. The lines are made in
   memory and written with one write() each. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static int failed(const char *call)
{
    dprintf(2, "asym_server: %s: %s\n", call, strerror(errno));
    return 1;
}

/* false: not all of it, with errno */
static bool print(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(1, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

static int take_one(int fd)
{
    static char line[65507 + 64], bytes[65507];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : failed("recvfrom") - 2;
    int at =
        sprintf(line, "%s:%d %zd ", inet_ntoa(from.sin_addr), ntohs(from.sin_port), n);
    for (ssize_t i = 0; i < n; i++)
        line[at++] = bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.';
    line[at++] = '\n';
    if (!print(line, (size_t)at))
        failed("write");
    uint32_t answer = htonl((uint32_t)n);
    if (sendto(fd, &answer, sizeof answer, 0, (struct sockaddr *)&from, size) < 0)
        failed("sendto");
    return 1;
}

int main(int argc, char **argv)
{
    unsigned port = 5005;
    int used = 0;
    if (argc > 2 || (argc == 2 && (argv[1][0] < '0' || argv[1][0] > '9' ||
                                   sscanf(argv[1], "%6u%n", &port, &used) != 1 ||
                                   argv[1][used] != '\0' || port > 65535))) {
        dprintf(2, "usage: asym_server [PORT]\n");
        return 2;
    }
    sigset_t both, before;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &both, &before) < 0 ||
        sigaction(SIGINT, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
        return failed("sigaction");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed("socket");
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
        return failed("bind");
    socklen_t size = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &size) < 0)
        return failed("getsockname");
    char line[64];
    int length = sprintf(line, "listening on port %u\n", ntohs(own.sin_port));
    if (!print(line, (size_t)length))
        return failed("write");
    while (!stop) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = ppoll(&p, 1, NULL, &before);
        if (ready < 0 && errno != EINTR)
            return failed("ppoll");
        if (ready > 0)
            for (int i = 0; i < 50 && take_one(fd) > 0; i++) /* then a signal may come */
                ;
    }
    close(fd);
    return 0;
}
