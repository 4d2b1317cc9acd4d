/* A right program of another style: epoll, which a stopped process leaves with EINTR;
   accept4(); a page that is another each time; a line of its own before the right one. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}
static int port_of(int argc, char **argv)
{
    if (argc == 1)
        return 8080;
    const char *p = argv[1];
    long n = 0;
    int digits = 0;
    while (argc == 2 && p[digits] >= '0' && p[digits] <= '9') {
        n = n * 10 + (p[digits++] - '0');
        if (n > 65535)
            n = 65536;
    }
    if (argc != 2 || digits == 0 || p[digits] || n > 65535) {
        fprintf(stderr, "usage: server [PORT]\n  PORT is 0 to 65535\n");
        exit(2);
    }
    return (int)n;
}
static int listen_on(int port, int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), one = 1;
    if (fd == -1)
        die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        die("setsockopt");
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof a;
    if (bind(fd, (struct sockaddr *)&a, sizeof a) == -1)
        die("bind");
    if (listen(fd, 1) == -1)
        die("listen");
    if (getsockname(fd, (struct sockaddr *)&a, &n) == -1)
        die("getsockname");
    printf("listening on port %d\n", ntohs(a.sin_port));
    if (fflush(stdout) == EOF)
        die("fflush");
    return fd;
}
#define CHECK(call, x)                                                                   \
    do {                                                                                 \
        if ((x) == -1)                                                                   \
            die(call);                                                                   \
    } while (0)

/* 1 complete, 0 too large. */
static int request(int fd)
{
    char c;
    int seen = 0;
    for (int n = 0; n < 8192; n++) {
        ssize_t got = recv(fd, &c, 1, 0);
        if (got == -1)
            die("recv");
        if (got == 0) {
            fprintf(stderr, "server: recv: client left early\n");
            exit(1);
        }
        seen = c == "\r\n\r\n"[seen] ? seen + 1 : c == '\r';
        if (seen == 4)
            return 1;
    }
    return 0;
}
static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t s = send(fd, p, n, MSG_NOSIGNAL);
        if (s == -1)
            die("send");
        p += s;
        n -= (size_t)s;
    }
}

static void respond(int fd, int ok, const char *extra, const char *page)
{
    char head[1024];
    if (!ok)
        page = "too large\n";
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %s\r\n%sContent-Type: text/html; charset=utf-8\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                     ok ? "200 OK" : "431 Request Header Fields Too Large", extra,
                     strlen(page));
    send_all(fd, head, (size_t)n);
    send_all(fd, page, strlen(page));
}
static void linger(int fd)
{
    char b[4096];
    ssize_t n;
    CHECK("shutdown", shutdown(fd, SHUT_WR));
    while ((n = recv(fd, b, sizeof b, 0)) > 0)
        ;
    CHECK("recv", n);
}

static void wait_for(int ep, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    CHECK("epoll_ctl", epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    CHECK("epoll_wait", epoll_wait(ep, &e, 1, -1));
}
int main(int argc, char **argv)
{
    int port = port_of(argc, argv);
    puts("hello from ex01");
    int s = listen_on(port, 0), ep = epoll_create1(0);
    CHECK("epoll_create1", ep);
    wait_for(ep, s);
    int c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
    CHECK("accept4", c);
    int ok = request(c);
    char page[200];
    snprintf(page, sizeof page,
             "<html><body><h1>Hello World!</h1><!-- not <h1>Hi</h1> -->"
             "<p>%ld, process %ld</p><h1>Goodbye</h1></body></html>\n",
             (long)time(NULL), (long)getpid());
    respond(c, ok, "", page);
    if (!ok)
        linger(c);
    CHECK("close", close(c));
    CHECK("close", close(s));
    return 0;
}
