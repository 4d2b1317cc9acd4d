/* A right program of another style: a socket that never blocks, and the tries counted by
   the clock: each is due 500 ms after the one before. Two buffers of 4 bytes (recvmsg),
   so that what is longer shows itself; MSG_WAITALL, which means nothing for datagrams. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int failed(const char *call)
{
    dprintf(2, "asym_client: %s: %s\n", call, strerror(errno));
    return 1;
}

static double ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    long port = argc == 4 && argv[2][0] != '\0' ? 0 : -1;
    for (const char *c = argc == 4 ? argv[2] : ""; *c != '\0' && port >= 0; c++)
        port = *c < '0' || *c > '9' || port > 6553 ? -1 : port * 10 + (*c - '0');
    if (port < 0 || port > 65535) {
        dprintf(2, "usage: asym_client HOST PORT MESSAGE\n");
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *to;
    int error = getaddrinfo(argv[1], argv[2], &hints, &to);
    if (error != 0) {
        dprintf(2, "asym_client: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return failed("socket");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return failed("fcntl");
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
        return failed("connect");
    freeaddrinfo(to);

    double due = ms();
    for (int sent = 0;;) {
        if (ms() >= due && sent == 3)
            break;
        if (ms() >= due) {
            if (send(fd, argv[3], strlen(argv[3]), 0) < 0)
                return failed("send");
            sent++;
            due = ms() + 500;
        }
        double left = due - ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, left > 0 ? (int)left + 1 : 0) < 0)
            return failed("poll");
        unsigned char bytes[2][4];
        struct iovec room[2] = {{bytes[0], 4}, {bytes[1], 4}};
        struct msghdr in = {.msg_iov = room, .msg_iovlen = 2};
        ssize_t n = recvmsg(fd, &in, MSG_WAITALL);
        if (n < 0 && errno != EAGAIN)
            return failed("recvmsg");
        if (n == 4) {
            uint32_t answer;
            memcpy(&answer, bytes[0], 4);
            if (dprintf(1, "%lu\n", (unsigned long)ntohl(answer)) < 0)
                return failed("dprintf");
            return 0;
        }
    }
    dprintf(2, "asym_client: no answer\n");
    return 1;
}
