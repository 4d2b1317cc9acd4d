/* A right program of another style: epoll and signalfd, the file sent by sendfile,
   recvmsg and writev, a pause by poll. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int signals, queue;
static bool over;

static int fail(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    return EXIT_FAILURE;
}

/* Whether the descriptor is ready; not if it is time to end. */
static bool wait_on(int fd, unsigned events, int ms)
{
    struct epoll_event wanted = {.events = events, .data.fd = fd}, got[2];
    epoll_ctl(queue, EPOLL_CTL_ADD, fd, &wanted);
    int n;
    do
        n = epoll_wait(queue, got, 2, ms);
    while (n == -1 && errno == EINTR);
    for (int i = 0; i < n; i++)
        over = over || got[i].data.fd == signals;
    epoll_ctl(queue, EPOLL_CTL_DEL, fd, NULL);
    return n > 0 && !over;
}

/* The length up to the blank line, 0 when the client is lost, -1 when it is too much. */
static int request_of(int fd, char *bytes)
{
    size_t have = 0;
    char *blank = NULL;
    while (blank == NULL) {
        if (have == 8192)
            return -1;
        struct iovec into = {bytes + have, 8192 - have};
        struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1};
        if (!wait_on(fd, EPOLLIN, 2000))
            return 0;
        ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
        if (n < 1)
            return 0;
        have += (size_t)n;
        blank = memmem(bytes, have, "\r\n\r\n", 4);
    }
    return (int)(blank - bytes) + 4;
}

static void reply(int fd, const char *status, const char *page, int file, size_t size,
                  bool all)
{
    char head[300];
    size_t page_size = page != NULL ? strlen(page) : size;
    int n = sprintf(head,
                    "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n"
                    "Content-Type: text/html; charset=\"utf-8\"\r\n\r\n",
                    status, page_size);
    struct iovec parts[2] = {{head, (size_t)n},
                             {(void *)(size_t)page, page != NULL && all ? page_size : 0}};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        if (!wait_on(fd, EPOLLOUT, 2000)) {
            fputs("server: writev: the client takes nothing\n", stderr);
            return;
        }
        ssize_t sent = writev(fd, parts, 2);
        if (sent == -1) {
            fail("writev");
            return;
        }
        for (int i = 0; i < 2; i++) {
            size_t part =
                (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            sent -= (ssize_t)part;
        }
    }
    for (off_t at = 0; file != -1 && all && (size_t)at < size;)
        if (!wait_on(fd, EPOLLOUT, 2000) ||
            sendfile(fd, file, &at, size - (size_t)at) < 1) {
            fail("sendfile");
            return;
        }
}

static void refuse(int fd, const char *status, bool all)
{
    char bytes[4096];
    reply(fd, status, "<p>sorry</p>", -1, 0, all);
    shutdown(fd, SHUT_WR);
    while (wait_on(fd, EPOLLIN, 2000) && recv(fd, bytes, sizeof bytes, 0) > 0)
        continue;
}

static void serve(int fd, const char *path)
{
    static int visitor = 1;
    char bytes[8192], page[100];
    int length = request_of(fd, bytes);
    if (length == 0) {
        fputs("server: recvmsg: no request\n", stderr);
        return;
    }
    if (length == -1) {
        refuse(fd, "431 Request Header Fields Too Large", true);
        return;
    }
    char *end = memmem(bytes, (size_t)length, "\r\n", 2);
    char *a = memchr(bytes, ' ', (size_t)(end - bytes));
    char *b = a == NULL ? NULL : memchr(a + 1, ' ', (size_t)(end - a - 1));
    if (b == NULL || a == bytes || b == a + 1 || end - b != 9 ||
        memcmp(b, " HTTP/1.", 8) != 0 || b[8] < '0' || b[8] > '9') {
        refuse(fd, "400 Bad Request", true);
        return;
    }
    bool get = a - bytes == 3 && memcmp(bytes, "GET", 3) == 0;
    bool head = a - bytes == 4 && memcmp(bytes, "HEAD", 4) == 0;
    char *query = memchr(a, '?', (size_t)(b - a));
    if (!get && !head) {
        refuse(fd, "501 Not Implemented", true);
    } else if (a[1] != '/' || (query == NULL ? b : query) != a + 2) {
        reply(fd, "404 Not Found", "<p>where?</p>", -1, 0, get);
    } else if (path != NULL) {
        struct stat about;
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file == -1 || fstat(file, &about) == -1 || !S_ISREG(about.st_mode))
            reply(fd, "404 Not Found", "", -1, 0, get);
        else
            reply(fd, "200 OK", NULL, file, (size_t)about.st_size, get);
        if (file != -1)
            close(file);
    } else {
        sprintf(page, "<!doctype html><h1>Hello World!</h1>\n<p>Visitor %d\n", visitor);
        visitor += get;
        reply(fd, "200 OK", page, -1, 0, get);
    }
}

int main(int argc, char **argv)
{
    char *end = "";
    unsigned long port = 8080;
    if (argc > 1)
        port =
            argv[1][0] >= '0' && argv[1][0] <= '9' ? strtoul(argv[1], &end, 10) : 65536;
    if (argc > 3 || *end != '\0' || port > 65535) {
        fputs("usage: server [PORT [FILE]]\n", stderr);
        return 2;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    queue = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = signals};
    epoll_ctl(queue, EPOLL_CTL_ADD, signals, &wanted);

    int lfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    socklen_t length = sizeof sa;
    if (lfd == -1 ||
        setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == -1)
        return fail("socket");
    if (bind(lfd, (void *)&sa, sizeof sa) == -1)
        return fail("bind");
    if (listen(lfd, 64) == -1)
        return fail("listen");
    getsockname(lfd, (void *)&sa, &length);
    dprintf(STDOUT_FILENO, "listening on port %hu\n", ntohs(sa.sin_port));

    while (!over) {
        if (!wait_on(lfd, EPOLLIN, -1))
            continue;
        int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd == -1) {
            fail("accept");
            poll(NULL, 0, 20);
            continue;
        }
        serve(fd, argc == 3 ? argv[2] : NULL);
        close(fd);
    }
    close(lfd);
    return 0;
}
