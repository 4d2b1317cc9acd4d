/* A right program of another style: epoll, descriptors that never block, one buffer for
   all input that is cut into lines with memchr, a dual-stack socket. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in6 peer;
static int fd;

static _Noreturn void quit(const char *call)
{
    fprintf(stderr, "sym_peer: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void out(const char *bytes, size_t n)
{
    if (n > 1024)
        fprintf(stderr, "sym_peer: a line of more than 1024 bytes is not sent\n");
    else if (sendto(fd, bytes, n, 0, (void *)&peer, sizeof peer) < 0)
        quit("sendto");
}

/* false at the end of input */
static bool typed(void)
{
    static char hold[8192];
    static size_t have;
    static bool drop;
    ssize_t n = read(0, hold + have, sizeof hold - have);
    if (n < 0 && errno != EAGAIN)
        quit("read");
    if (n < 0)
        return true;
    if (n == 0) {
        if (have > 0 && !drop)
            out(hold, have);
        return false;
    }
    have += (size_t)n;
    char *start = hold, *end;
    while ((end = memchr(start, '\n', (size_t)(hold + have - start))) != NULL) {
        if (!drop)
            out(start, (size_t)(end + 1 - start));
        drop = false;
        start = end + 1;
    }
    have -= (size_t)(start - hold);
    memmove(hold, start, have);
    if (have > 1024) {
        if (!drop)
            out(hold, have);
        drop = true;
        have = 0;
    }
    return true;
}

/* false when the peer has said goodbye */
static bool heard(void)
{
    static char b[65508];
    struct sockaddr_in6 from;
    ssize_t n =
        recvfrom(fd, b, 65507, MSG_DONTWAIT, (void *)&from, &(socklen_t){sizeof from});
    if (n < 0 && errno != EAGAIN)
        quit("recvfrom");
    if (n < 0)
        return true;
    if (memcmp(&from.sin6_addr, &peer.sin6_addr, 16) != 0 ||
        from.sin6_port != peer.sin6_port)
        return true;
    if (n > 0 && b[n - 1] != '\n')
        b[n++] = '\n';
    for (ssize_t done = 0; done < n;) {
        ssize_t w = write(1, b + done, (size_t)(n - done));
        if (w < 0)
            quit("write");
        done += w;
    }
    return n > 0;
}

static int number(const char *s)
{
    int value = 0, n = 0;
    for (; s[n] >= '0' && s[n] <= '9' && value <= 65535; n++)
        value = value * 10 + s[n] - '0';
    return n > 0 && s[n] == '\0' && value <= 65535 ? value : -1;
}

int main(int argc, char **argv)
{
    if (argc != 4 || number(argv[1]) < 0 || number(argv[3]) < 0) {
        fputs("usage: sym_peer LOCAL_PORT HOST REMOTE_PORT\n", stderr);
        return 2;
    }
    struct addrinfo *a, hints = {.ai_family = AF_INET6,
                                 .ai_flags = AI_V4MAPPED,
                                 .ai_socktype = SOCK_DGRAM};
    struct in_addr plain;
    char mapped[40];
    int e;
    if (strcmp(argv[2], "localhost") == 0)
        strcpy(mapped, "::ffff:127.0.0.1");
    else if (inet_pton(AF_INET, argv[2], &plain) == 1)
        snprintf(mapped, sizeof mapped, "::ffff:%s", argv[2]);
    else
        mapped[0] = '\0';
    e = getaddrinfo(mapped[0] ? mapped : argv[2], argv[3], &hints, &a);
    if (e != 0) {
        fprintf(stderr, "sym_peer: getaddrinfo: %s\n", gai_strerror(e));
        return 1;
    }
    memcpy(&peer, a->ai_addr, sizeof peer);
    freeaddrinfo(a);
    if ((fd = socket(AF_INET6, SOCK_DGRAM, 0)) < 0)
        quit("socket");
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    struct sockaddr_in6 own = {.sin6_family = AF_INET6,
                               .sin6_port = htons((uint16_t)number(argv[1]))};
    if (bind(fd, (void *)&own, sizeof own) < 0)
        quit("bind");
    int poller = epoll_create1(0);
    if (poller < 0)
        quit("epoll_create1");
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &ev);
    ev.data.fd = 0;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &ev) < 0) {
        /* A file is always ready, and can't be watched. */
        while (typed())
            continue;
        out("", 0);
        return 0;
    }
    fcntl(0, F_SETFL, O_NONBLOCK);
    for (;;) {
        if (epoll_wait(poller, &ev, 1, -1) < 0)
            quit("epoll_wait");
        if (ev.data.fd == fd && !heard())
            break;
        if (ev.data.fd == 0 && !typed()) {
            out("", 0);
            return 0;
        }
    }
    if (puts("peer left") == EOF || fflush(stdout) == EOF)
        quit("puts");
    return 0;
}
