/* A right program of another style: a socket that never blocks, poll(), sendmsg(). */

#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct target {
    const char *host, *port, *path;
};

static void give_up(const struct target *t, const char *call, const char *why)
{
    fprintf(stderr, "client: %s port %s: %s: %s\n", t->host, t->port, call, why);
    exit(1);
}

static void wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        ;
}

static const char *call; /* that was made last */

static int connect_one(const struct addrinfo *a)
{
    call = "socket";
    int error = 0,
        fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    a->ai_protocol);
    socklen_t size = sizeof error;
    if (fd < 0)
        return -1;
    call = "connect";
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
        error = errno;
        if (error == EINPROGRESS) {
            wait_for(fd, POLLOUT);
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

static void send_pieces(const struct target *t, int fd, struct iovec *v, size_t n)
{
    while (n > 0) {
        struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
        ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            wait_for(fd, POLLOUT);
            continue;
        }
        if (sent < 0)
            give_up(t, "sendmsg", strerror(errno));
        while (n > 0 && (size_t)sent >= v->iov_len) {
            sent -= (ssize_t)v->iov_len;
            v++;
            n--;
        }
        if (n > 0) {
            v->iov_base = (char *)v->iov_base + sent;
            v->iov_len -= (size_t)sent;
        }
    }
}

int main(int argc, char **argv)
{
    struct target t = {.path = "/"};
    if (argc >= 3) {
        t.host = argv[1];
        t.port = argv[2];
    }
    if (argc == 4)
        t.path = argv[3];
    int digits = 0;
    long port = -1;
    if (t.port != NULL && sscanf(t.port, "%5[0-9]%n", (char[6]){0}, &digits) == 1)
        port = strtol(t.port, NULL, 10);
    if (argc < 3 || argc > 4 || t.path[0] != '/' || port < 0 || port > 65535 ||
        t.port[digits] != '\0') {
        fprintf(stderr, "usage: %s HOST PORT [PATH]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);

    struct addrinfo *all,
        hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    int code = getaddrinfo(t.host, t.port, &hints, &all), fd = -1;
    if (code != 0)
        give_up(&t, "getaddrinfo", gai_strerror(code));
    for (struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next)
        fd = connect_one(a);
    if (fd < 0)
        give_up(&t, call, strerror(errno));
    freeaddrinfo(all);

    char *rest;
    int length = asprintf(
        &rest, " HTTP/1.1\r\nHost: %s%s%s:%s\r\nConnection: Close\r\n\r\n",
        strchr(t.host, ':') ? "[" : "", t.host, strchr(t.host, ':') ? "]" : "", t.port);
    struct iovec pieces[] = {
        {"GET ", 4}, {(char *)(size_t)t.path, strlen(t.path)}, {rest, (size_t)length}};
    send_pieces(&t, fd, pieces, 3);
    free(rest);

    size_t total = 0;
    char *page = malloc(1 << 18);
    for (;;) {
        struct iovec v = {page, 1 << 18};
        ssize_t n = readv(fd, &v, 1);
        if (n < 0 && errno == EAGAIN) {
            wait_for(fd, POLLIN);
            continue;
        }
        if (n < 0)
            give_up(&t, "readv", strerror(errno));
        if (n == 0)
            break;
        total += (size_t)n;
        for (char *p = page; n > 0;) {
            ssize_t out = write(STDOUT_FILENO, p, (size_t)n);
            if (out < 0) {
                fprintf(stderr, "client: write: %s\n", strerror(errno));
                return 1;
            }
            p += out;
            n -= out;
        }
    }
    free(page);
    if (total == 0)
        give_up(&t, "readv", "nothing came");
    return 0;
}
