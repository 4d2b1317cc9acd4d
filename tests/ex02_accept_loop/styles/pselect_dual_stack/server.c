/* A right program of another style: IPv6 and IPv4 at once, signals that are let in only
   by pselect, sockets that never block, the whole response in one buffer, no HEAD of its
   own: the same response, cut. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static sigset_t open_mask;
static volatile sig_atomic_t signalled;

static void note(int number)
{
    signalled = number;
}

/* 1 ready, 0 too late, -1 signalled. */
static int ready(int fd, int writing, int seconds)
{
    if (signalled)
        return -1;
    fd_set set;
    struct timespec limit = {seconds, 0};
    FD_ZERO(&set);
    FD_SET(fd, &set);
    int n = pselect(fd + 1, writing ? NULL : &set, writing ? &set : NULL, NULL,
                    seconds < 0 ? NULL : &limit, &open_mask);
    return signalled ? -1 : n;
}

static char *slurp(const char *path, size_t *size)
{
    char *all = NULL;
    size_t room = 0;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY);
    *size = 0;
    while (fd != -1 && n > 0) {
        if (room - *size < 65536)
            all = realloc(all, room += 1 << 20);
        n = read(fd, all + *size, room - *size);
        if (n > 0)
            *size += (size_t)n;
    }
    if (fd != -1)
        close(fd);
    if (n < 0 || fd == -1) {
        free(all);
        return NULL;
    }
    return all;
}

static void put(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        if (ready(fd, 1, 2) != 1) {
            fputs("server: send: the client takes nothing\n", stderr);
            return;
        }
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n == -1) {
            fprintf(stderr, "server: send: %s\n", strerror(errno));
            return;
        }
        bytes += n;
        size -= (size_t)n;
    }
}

static void respond(int fd, const char *status, const char *page, size_t size, int whole)
{
    char *all = malloc(size + 300);
    size_t n = (size_t)sprintf(all,
                               "HTTP/1.1 %s\r\ncontent-type: text/html;charset=UTF-8\r\n"
                               "content-length: %zu\r\nconnection: close\r\n\r\n",
                               status, size);
    memcpy(all + n, page, size);
    put(fd, all, whole ? n + size : n);
    free(all);
}

/* 0 a request, 431, or -1. */
static int take(int fd, char *into)
{
    size_t have = 0;
    while (memmem(into, have, "\r\n\r\n", 4) == NULL) {
        if (have == 8192)
            return 431;
        if (ready(fd, 0, 2) != 1)
            return -1;
        ssize_t n = recv(fd, into + have, 8192 - have, 0);
        if (n <= 0)
            return -1;
        have += (size_t)n;
    }
    into[have] = 0;
    return 0;
}

static void linger(int fd)
{
    char dump[512];
    shutdown(fd, SHUT_WR);
    while (ready(fd, 0, 2) == 1 && recv(fd, dump, sizeof dump, 0) > 0)
        ;
}

static void serve(int fd, const char *path, unsigned *visitors)
{
    char request[8193], method[8193], target[8193], version[3], text[200] = "<p>no</p>";
    int end = 0;
    int state = take(fd, request);
    if (state == -1) {
        fputs("server: recv: no whole request has come\n", stderr);
        return;
    }
    if (state == 431) {
        respond(fd, "431 Request Header Fields Too Large", text, 9, 1);
        linger(fd);
        return;
    }
    int n = sscanf(request, "%[^ \r\n] %[^ \r\n] HTTP/1.%2[0-9]%n", method, target,
                   version, &end);
    size_t plain = n == 3 ? strlen(method) + 1 + strlen(target) + 8 + strlen(version) : 0;
    if (n != 3 || strlen(version) != 1 || (size_t)end != plain ||
        memcmp(request + end, "\r\n", 2) != 0) {
        respond(fd, "400 Bad Request", text, 9, 1);
        linger(fd);
        return;
    }
    int get = !strcmp(method, "GET");
    if (!get && strcmp(method, "HEAD")) {
        respond(fd, "501 Not Implemented", text, 9, 1);
        linger(fd);
        return;
    }
    char *query = strchr(target, '?');
    if (query != NULL)
        *query = 0;
    if (strcmp(target, "/")) {
        respond(fd, "404 Not Found", text, 9, get);
    } else if (path == NULL) {
        *visitors += (unsigned)get;
        n = sprintf(text, "<body><h1>\nHello World!\n</h1><p>Visitor\n<b>%u</b></body>",
                    get ? *visitors : *visitors + 1);
        respond(fd, "200 OK", text, (size_t)n, get);
    } else {
        size_t size;
        char *page = slurp(path, &size);
        respond(fd, page ? "200 OK" : "404 Not Found", page ? page : "", page ? size : 0,
                get);
        free(page);
    }
}

int main(int argc, char *argv[])
{
    const char *port = argc > 1 ? argv[1] : "8080";
    char *rest;
    if (argc > 3 || port[0] < '0' || port[0] > '9' || strtoul(port, &rest, 10) > 65535 ||
        *rest != 0) {
        fprintf(stderr, "Usage: server [PORT [FILE]]\n");
        return 2;
    }
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &open_mask);
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    int lfd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 self = {.sin6_family = AF_INET6,
                                .sin6_port = htons((in_port_t)strtoul(port, NULL, 10))};
    socklen_t length = sizeof self;
    if (lfd == -1) {
        perror("server: socket");
        return 1;
    }
    setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(lfd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    const char *failed = bind(lfd, (void *)&self, sizeof self) ? "bind"
                         : listen(lfd, SOMAXCONN)              ? "listen"
                                                               : NULL;
    if (failed != NULL || getsockname(lfd, (void *)&self, &length)) {
        fprintf(stderr, "server: %s: %s\n", failed != NULL ? failed : "getsockname",
                strerror(errno));
        return 1;
    }
    fcntl(lfd, F_SETFL, O_NONBLOCK);
    dprintf(1, "listening on port %d\n", ntohs(self.sin6_port));

    unsigned visitors = 0;
    int state;
    while ((state = ready(lfd, 0, -1)) != -1) {
        int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK);
        if (fd == -1) {
            fprintf(stderr, "server: accept: %s\n", strerror(errno));
            struct timespec pause = {.tv_nsec = 200000000};
            pselect(0, NULL, NULL, NULL, &pause, &open_mask);
            continue;
        }
        serve(fd, argc > 2 ? argv[2] : NULL, &visitors);
        close(fd);
    }
    close(lfd);
    return 0;
}
