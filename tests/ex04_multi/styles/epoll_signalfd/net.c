/* What Linux offers: signalfd(2), accept4(2), epoll(7), sendmsg(2) with two parts. */
#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static void must(const char *name, const char *call, int result)
{
    if (result != -1)
        return;
    fprintf(stderr, "%s: %s: %s\n", name, call, strerror(errno));
    exit(1);
}

int open_both(const char *name, int argc, char **argv, int *signal_fd, int with_children)
{
    char rest;
    unsigned port = 6667;
    if (argc > 2 ||
        (argc == 2 &&
         (strlen(argv[1]) > 5 || strspn(argv[1], "0123456789") != strlen(argv[1]) ||
          sscanf(argv[1], "%u%c", &port, &rest) != 1 || port > 65535))) {
        fprintf(stderr, "usage: %s [PORT]\n", name);
        exit(2);
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (with_children)
        sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *signal_fd = signalfd(-1, &set, SFD_CLOEXEC);

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)port)};
    socklen_t size = sizeof address;
    must(name, "socket", fd);
    must(name, "signalfd", *signal_fd);
    must(name, "setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    must(name, "bind", bind(fd, (struct sockaddr *)&address, size));
    must(name, "listen", listen(fd, 1000));
    must(name, "getsockname", getsockname(fd, (struct sockaddr *)&address, &size));
    if (dprintf(1, "listening on port %d\n", ntohs(address.sin_port)) < 0)
        must(name, "dprintf", -1);
    return fd;
}

int send_parts(int fd, const char *head, const char *line, size_t length, int flags)
{
    struct iovec parts[2] = {{(void *)(size_t)head, strlen(head)},
                             {(void *)(size_t)line, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t sent = sendmsg(fd, &message, flags | MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        for (int i = 0; i < 2; i++) {
            size_t taken =
                (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + taken;
            parts[i].iov_len -= taken;
            sent -= (ssize_t)taken;
        }
    }
    return 0;
}
