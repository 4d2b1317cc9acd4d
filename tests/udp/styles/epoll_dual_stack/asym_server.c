/* A right program of another style: an IPv6 socket that hears IPv4 too, epoll and
   signalfd, a socket that never blocks, recvmsg and sendmsg. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static char data[1 << 16];

static int quit(const char *call)
{
    fprintf(stderr, "asym_server: %s: %s\n", call, strerror(errno));
    return 1;
}

static void serve_one(int fd)
{
    struct sockaddr_in6 who;
    struct iovec io = {data, sizeof data};
    struct msghdr m = {
        .msg_name = &who, .msg_namelen = sizeof who, .msg_iov = &io, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &m, 0);
    if (n < 0) {
        if (errno != EAGAIN)
            quit("recvmsg");
        return;
    }
    char name[INET6_ADDRSTRLEN];
    const char *shown = inet_ntop(AF_INET6, &who.sin6_addr, name, sizeof name);
    if (strncmp(shown, "::ffff:", 7) == 0)
        shown += 7;
    uint32_t length = htobe32((uint32_t)n);
    printf("%s:%hu %zd ", shown, ntohs(who.sin6_port), n);
    for (ssize_t i = 0; i < n; i++)
        if (data[i] < 32 || data[i] > 126)
            data[i] = '.';
    fwrite(data, 1, (size_t)n, stdout);
    fputs("\n", stdout);
    if (fflush(stdout) != 0)
        quit("fflush");
    io = (struct iovec){&length, sizeof length};
    if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        quit("sendmsg");
}

int main(int argc, char **argv)
{
    unsigned port = 5005;
    char more;
    if (argc > 2 ||
        (argc == 2 && (argv[1][0] < '0' || argv[1][0] > '9' || strlen(argv[1]) > 5 ||
                       sscanf(argv[1], "%u%c", &port, &more) != 1 || port > 65535))) {
        fputs("Usage: asym_server [PORT]\n", stderr);
        return 2;
    }
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return quit("socket");
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int)) < 0)
        return quit("setsockopt");
    struct sockaddr_in6 own = {.sin6_family = AF_INET6,
                               .sin6_addr = in6addr_any,
                               .sin6_port = htons((uint16_t)port)};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int sfd = signalfd(-1, &set, 0), efd = epoll_create1(0);
    if (sfd < 0 || efd < 0)
        return quit(sfd < 0 ? "signalfd" : "epoll_create1");
    if (bind(fd, (void *)&own, sizeof own) < 0)
        return quit("bind");
    if (getsockname(fd, (void *)&own, &(socklen_t){sizeof own}) < 0)
        return quit("getsockname");
    if (dprintf(1, "listening on port %hu\n", ntohs(own.sin6_port)) < 0)
        return quit("dprintf");

    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(efd, EPOLL_CTL_ADD, fd, &e) < 0)
        return quit("epoll_ctl");
    e.data.fd = sfd;
    if (epoll_ctl(efd, EPOLL_CTL_ADD, sfd, &e) < 0)
        return quit("epoll_ctl");
    int ready;
    while ((ready = epoll_wait(efd, &e, 1, -1)) == 1 && e.data.fd == fd)
        serve_one(fd);
    if (ready < 0)
        return quit("epoll_wait");
    close(fd);
    return 0;
}
