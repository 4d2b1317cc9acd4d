/* A right program of another style: a listening socket for IPv4 and one for IPv6, and a
   thread that writes the log while the other serves. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

#define PAGE "<!DOCTYPE html><html><body><h1>Hello World!</h1></body></html>\n"
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

/* IPv4 and IPv6 with a socket each; one port for both. */
static int listen_at(int family, int *port)
{
    int fd = socket(family, SOCK_STREAM, 0), one = 1;
    CHECK("socket", fd);
    CHECK("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    struct sockaddr_storage a = {.ss_family = (sa_family_t)family};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
    if (family == AF_INET6)
        CHECK("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one));
    if (family == AF_INET6)
        v6->sin6_port = htons((uint16_t)*port);
    else
        v4->sin_port = htons((uint16_t)*port);
    socklen_t n = family == AF_INET6 ? sizeof *v6 : sizeof *v4;
    CHECK("bind", bind(fd, (struct sockaddr *)&a, n));
    CHECK("listen", listen(fd, 4));
    CHECK("getsockname", getsockname(fd, (struct sockaddr *)&a, &n));
    *port = ntohs(family == AF_INET6 ? v6->sin6_port : v4->sin_port);
    return fd;
}
/* A second thread blocks in read() of a pipe and logs to stderr; the main one serves. */
static int log_pipe[2];
static void *logger(void *arg)
{
    char b[100];
    ssize_t n;
    while ((n = read(log_pipe[0], b, sizeof b)) > 0)
        if (write(2, b, (size_t)n) == -1)
            break;
    return arg;
}
static void say(const char *text)
{
    CHECK("write", write(log_pipe[1], text, strlen(text)));
}
int main(int argc, char **argv)
{
    int port = port_of(argc, argv);
    CHECK("pipe", pipe(log_pipe));
    pthread_t t;
    if ((errno = pthread_create(&t, NULL, logger, NULL)) != 0)
        die("pthread_create");
    int s4 = listen_at(AF_INET, &port), s6 = listen_at(AF_INET6, &port);
    printf("listening on port %d\n", port);
    if (fflush(stdout) == EOF)
        die("fflush");
    struct pollfd p[2] = {{.fd = s4, .events = POLLIN}, {.fd = s6, .events = POLLIN}};
    CHECK("poll", poll(p, 2, -1));
    int c = accept(p[0].revents ? s4 : s6, NULL, NULL);
    CHECK("accept", c);
    say("accepted\n");
    int ok = request(c);
    respond(c, ok, "", PAGE);
    if (!ok)
        linger(c);
    CHECK("close", close(c));
    CHECK("close", close(s4));
    CHECK("close", close(s6));
    CHECK("close", close(log_pipe[1]));
    if ((errno = pthread_join(t, NULL)) != 0)
        die("pthread_join");
    return 0;
}
