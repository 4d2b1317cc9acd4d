/* A right program of another style: no descriptor ever blocks, IPv4 and IPv6 have a
   listener each, select() waits, and a socketpair tells it of signals. The page is a
   temporary file as well as FILE: both go through a pipe (splice). */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static int bell[2], tube[2], doors[2] = {-1, -1};
static unsigned long visits;

static void ring(int number)
{
    int kept = errno;
    if (send(bell[1], &number, sizeof number, MSG_DONTWAIT) == -1)
        errno = kept;
    errno = kept;
}

/* 1 where one of the two is ready, which is set; 0 too late, -1 rung. */
static int await(int a, int b, int writing, long ms, int *which)
{
    fd_set in, out;
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    int n;
    do {
        FD_ZERO(&in);
        FD_ZERO(&out);
        FD_SET(bell[0], &in);
        if (a != -1)
            FD_SET(a, writing ? &out : &in);
        if (b != -1)
            FD_SET(b, writing ? &out : &in);
        n = select(FD_SETSIZE, &in, &out, NULL, ms < 0 ? NULL : &limit);
    } while (n == -1 && errno == EINTR);
    if (n > 0 && FD_ISSET(bell[0], &in))
        return -1;
    if (which != NULL && n > 0)
        *which = a != -1 && FD_ISSET(a, writing ? &out : &in) ? a : b;
    return n;
}

static int gone(const char *call, const char *why)
{
    fprintf(stderr, "server: %s: %s\n", call, why);
    return -1;
}

/* Waits at most 2 s. */
static int ready(int fd, int writing)
{
    int n = await(fd, -1, writing, 2000, NULL);
    if (n == 0)
        gone("select", "nothing for 2 s");
    return n == 1;
}

static int put(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = ready(fd, 1) ? send(fd, text, length, MSG_NOSIGNAL) : -2;
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n < 0)
            return n == -2 ? -1 : gone("send", strerror(errno));
        text += n;
        length -= (size_t)n;
    }
    return 0;
}

/* Moves so many bytes of a file through the pipe to the client. */
static int pour(int fd, int file, size_t length)
{
    size_t inside = 0;
    while (length > 0 || inside > 0) {
        if (inside == 0) {
            ssize_t n = splice(file, NULL, tube[1], NULL, length, SPLICE_F_NONBLOCK);
            if (n < 1)
                return gone("splice", "the file has become shorter");
            inside = (size_t)n;
            length -= inside;
        }
        ssize_t n = ready(fd, 1) ? splice(tube[0], NULL, fd, NULL, inside,
                                          SPLICE_F_NONBLOCK | SPLICE_F_MOVE)
                                 : -2;
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n < 1) {
            char dropped[4096];
            if (n == -1)
                gone("splice", strerror(errno));
            while (read(tube[0], dropped, sizeof dropped) > 0)
                ;
            return -1;
        }
        inside -= (size_t)n;
    }
    return 0;
}

static int answer(int fd, const char *status, int file, size_t length, int body)
{
    char head[256];
    int n =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nCONTENT-LENGTH: %zu\r\n"
                 "CONTENT-TYPE: text/html; charset=utf-8\r\nCONNECTION: close\r\n\r\n",
                 status, length);
    if (put(fd, head, (size_t)n) == -1)
        return -1;
    return body && length > 0 ? pour(fd, file, length) : 0;
}

static void refuse(int fd, const char *status)
{
    char rest[999];
    answer(fd, status, -1, 0, 0);
    shutdown(fd, SHUT_WR);
    while (ready(fd, 0)) {
        ssize_t n = recv(fd, rest, sizeof rest, 0);
        if (n == 0 || (n == -1 && errno != EAGAIN))
            return;
    }
}

static int is(const char *from, const char *to, const char *word)
{
    return (size_t)(to - from) == strlen(word) && memcmp(from, word, strlen(word)) == 0;
}

static void serve(int fd, const char *path)
{
    char bytes[8192];
    size_t length = 0;
    const char *end = NULL;
    while (end == NULL) {
        if (length == sizeof bytes) {
            refuse(fd, "431 Request Header Fields Too Large");
            return;
        }
        if (!ready(fd, 0))
            return;
        ssize_t n = recv(fd, bytes + length, sizeof bytes - length, 0);
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n < 1) {
            gone("recv", n == 0 ? "the request ends early" : strerror(errno));
            return;
        }
        length += (size_t)n;
        end = memmem(bytes, length, "\r\n\r\n", 4);
    }
    end = memmem(bytes, length, "\r\n", 2);
    const char *a = memchr(bytes, ' ', (size_t)(end - bytes));
    const char *b = a == NULL ? NULL : memchr(a + 1, ' ', (size_t)(end - a - 1));
    if (b == NULL || a == bytes || b == a + 1 || end - b != 9 ||
        memcmp(b, " HTTP/1.", 8) != 0 || !isdigit((unsigned char)b[8])) {
        refuse(fd, "400 Bad Request");
        return;
    }
    int body = is(bytes, a, "GET");
    const char *query = memchr(a, '?', (size_t)(b - a));
    struct stat about = {.st_size = 0};
    int file = -1;
    if (!body && !is(bytes, a, "HEAD")) {
        refuse(fd, "501 Not Implemented");
        return;
    }
    if (is(a + 1, query == NULL ? b : query, "/") && path != NULL) {
        file = open(path, O_RDONLY | O_NONBLOCK);
    } else if (is(a + 1, query == NULL ? b : query, "/")) {
        file = memfd_create("page", 0);
        dprintf(file, "<html><body><h1 class=big>Hello World!</h1>\n<p>Visitor  %lu\n",
                visits + 1);
        lseek(file, 0, SEEK_SET);
        visits += (unsigned long)body;
    }
    if (file == -1 || fstat(file, &about) == -1 || !S_ISREG(about.st_mode))
        answer(fd, "404 Not Found", -1, 0, 0);
    else
        answer(fd, "200 OK", file, (size_t)about.st_size, body);
    if (file != -1)
        close(file);
}

/* A listener of that family at the port, which is set where it was 0. */
static int door(int family, const char *text, int *port)
{
    struct addrinfo hints = {.ai_family = family,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *found;
    char service[8];
    snprintf(service, sizeof service, "%d", *port);
    int error = getaddrinfo(NULL, *port == 0 ? text : service, &hints, &found), on = 1;
    if (error != 0)
        return gone("getaddrinfo", gai_strerror(error));
    const char *failed = "socket";
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd != -1) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        failed = bind(fd, found->ai_addr, found->ai_addrlen) == -1 ? "bind"
                 : listen(fd, 17) == -1                            ? "listen"
                                                                   : NULL;
    }
    int reason = errno;
    freeaddrinfo(found);
    if (failed != NULL) {
        if (fd != -1)
            close(fd);
        return gone(failed, strerror(reason));
    }
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &length) == -1)
        return gone("getsockname", strerror(errno));
    *port = ntohs(((struct sockaddr_in *)&own)->sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "8080";
    int port = strlen(text) > 5 ? 65536 : atoi(text);
    if (argc > 3 || *text == '\0' || text[strspn(text, "0123456789")] != '\0' ||
        port > 65535) {
        fprintf(stderr, "Usage: server [PORT [FILE]]\n");
        return 2;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, bell) == -1 || pipe2(tube, O_NONBLOCK) == -1)
        return gone("pipe", strerror(errno)), 1;
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    doors[0] = door(AF_INET, text, &port);
    if (doors[0] == -1)
        return 1;
    printf("listening on port %d\nand perhaps at IPv6, too\n", port);
    fflush(stdout);
    doors[1] = door(AF_INET6, text, &port);

    int fd, which = -1;
    while (await(doors[0], doors[1], 0, -1, &which) != -1) {
        fd = accept4(which, NULL, NULL, SOCK_NONBLOCK);
        if (fd == -1 && errno == EAGAIN)
            continue;
        if (fd == -1) {
            gone("accept", strerror(errno));
            if (await(-1, -1, 0, 500, NULL) == -1)
                break;
            continue;
        }
        serve(fd, argc > 2 ? argv[2] : NULL);
        close(fd);
    }
    close(doors[0]);
    if (doors[1] != -1)
        close(doors[1]);
    return 0;
}
