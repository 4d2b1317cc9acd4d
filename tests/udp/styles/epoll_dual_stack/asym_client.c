/* A right program of another style: timerfd for the half seconds, and IP_RECVERR, which
   tells of ICMP without connect(); the sender is compared. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int quit(const char *call, const char *why)
{
    fprintf(stderr, "asym_client: %s: %s\n", call, why);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned port = 0;
    char more;
    if (argc != 4 || argv[2][0] < '0' || argv[2][0] > '9' || strlen(argv[2]) > 5 ||
        sscanf(argv[2], "%u%c", &port, &more) != 1 || port > 65535) {
        fputs("usage: asym_client HOST PORT MESSAGE\n", stderr);
        return 2;
    }
    struct hostent *host = gethostbyname2(argv[1], AF_INET);
    if (host == NULL)
        return quit("gethostbyname2", hstrerror(h_errno));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    memcpy(&to.sin_addr, host->h_addr_list[0], 4);

    int fd = socket(AF_INET, SOCK_DGRAM, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    if (fd < 0)
        return quit("socket", strerror(errno));
    if (timer < 0)
        return quit("timerfd_create", strerror(errno));
    if (setsockopt(fd, IPPROTO_IP, 11 /* IP_RECVERR */, &(int){1}, sizeof(int)) < 0)
        return quit("setsockopt", strerror(errno));
    struct itimerspec half = {{0, 500000000}, {0, 500000000}};
    timerfd_settime(timer, 0, &half, NULL);
    for (int sent = 0; sent < 3; sent++) {
        if (sendto(fd, argv[3], strlen(argv[3]), 0, (void *)&to, sizeof to) < 0)
            return quit("sendto", strerror(errno));
        for (;;) {
            struct pollfd p[2] = {{fd, POLLIN, 0}, {timer, POLLIN, 0}};
            if (poll(p, 2, -1) < 0)
                return quit("poll", strerror(errno));
            if (p[0].revents) {
                struct sockaddr_in from;
                socklen_t room = sizeof from;
                unsigned char b[8];
                ssize_t n = recvfrom(fd, b, sizeof b, MSG_TRUNC, (void *)&from, &room);
                if (n < 0)
                    return quit("recvfrom", strerror(errno));
                if (n == 4 && room == sizeof from && from.sin_port == to.sin_port &&
                    from.sin_addr.s_addr == to.sin_addr.s_addr) {
                    if (dprintf(1, "%u\n",
                                (unsigned)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]) < 0)
                        return quit("dprintf", strerror(errno));
                    return 0;
                }
            } else {
                unsigned long long ticks;
                if (read(timer, &ticks, 8) < 0)
                    return quit("read", strerror(errno));
                break;
            }
        }
    }
    fputs("asym_client: No answer\n", stderr);
    return 1;
}
