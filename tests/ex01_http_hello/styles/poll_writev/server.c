/* A right program of another style: poll with sockets that never block, accept4, recvmsg
   and writev, MSG_DONTWAIT, an accept that tries again after an aborted connection. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char buffer[8192];

static int fail(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    return EXIT_FAILURE;
}

static void await(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    while (poll(&p, 1, -1) == -1 && errno == EINTR)
        continue;
}

/* 1 complete, 0 too large, -1 broken. */
static int take_request(int fd)
{
    size_t have = 0;
    while (memmem(buffer, have, "\r\n\r\n", 4) == NULL) {
        if (have == sizeof buffer)
            return 0;
        struct iovec into = {buffer + have, sizeof buffer - have};
        struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1};
        ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN) {
            await(fd, POLLIN);
            continue;
        }
        if (n == -1)
            fail("recvmsg");
        if (n == 0)
            fprintf(stderr, "server: recvmsg: the client is gone\n");
        if (n <= 0)
            return -1;
        have += (size_t)n;
    }
    return 1;
}

int main(int argc, char **argv)
{
    char *end = "";
    unsigned long port = 8080;
    if (argc == 2 && argv[1][0] >= '0' && argv[1][0] <= '9')
        port = strtoul(argv[1], &end, 10);
    else if (argc != 1)
        end = "wrong";
    if (*end != '\0' || port > 65535) {
        fputs("usage: server [PORT]\n", stderr);
        return 2;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);

    int lfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (lfd == -1)
        return fail("socket");
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    if (setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == -1)
        return fail("setsockopt");
    if (bind(lfd, (void *)&sa, sizeof sa) == -1)
        return fail("bind");
    if (listen(lfd, 1) == -1)
        return fail("listen");
    socklen_t length = sizeof sa;
    if (getsockname(lfd, (void *)&sa, &length) == -1)
        return fail("getsockname");
    if (dprintf(STDOUT_FILENO, "listening on port %hu\n", ntohs(sa.sin_port)) < 0)
        return fail("dprintf");

    int fd = -1;
    while (fd == -1) {
        await(lfd, POLLIN);
        fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd == -1 && errno == ECONNABORTED)
            fail("accept");
        else if (fd == -1 && errno != EAGAIN)
            return fail("accept");
    }

    int got = take_request(fd);
    if (got == -1)
        return EXIT_FAILURE;
    char page[] = "<!doctype html><title>hi</title><h1>\n  Hello World!\n</h1>",
         head[200];
    if (got == 0)
        strcpy(page, "no");
    int n =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"
                 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                 got ? "200 OK" : "431 Request Header Fields Too Large", strlen(page));
    struct iovec parts[] = {{head, (size_t)n}, {page, strlen(page)}};
    while (parts[1].iov_len > 0) {
        await(fd, POLLOUT);
        ssize_t sent = writev(fd, parts, 2);
        if (sent == -1)
            return fail("send");
        for (int i = 0; i < 2; i++) {
            size_t taken =
                (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + taken;
            parts[i].iov_len -= taken;
            sent -= (ssize_t)taken;
        }
    }
    if (got == 0) {
        ssize_t left;
        if (shutdown(fd, SHUT_WR) == -1)
            return fail("shutdown");
        do {
            await(fd, POLLIN);
            left = recv(fd, buffer, sizeof buffer, 0);
        } while (left > 0);
        if (left == -1)
            return fail("recv");
    }
    if (close(fd) == -1 || close(lfd) == -1)
        return fail("close");
    return 0;
}
