/* O_NONBLOCK on every socket, poll() before whatever would wait; a socket for IPv4 and
   one for IPv6; a banner before the line that tells where it listens, and a line after
   it. */
#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(const char *name, const char *call, int result)
{
    if (result != -1)
        return;
    fprintf(stderr, "%s: %s: %s\n", name, call, strerror(errno));
    exit(1);
}

static int open_one(const char *name, int family, int *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr *address = family == AF_INET ? (void *)&four : (void *)&six;
    socklen_t size = family == AF_INET ? sizeof four : sizeof six;
    int on = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1 && family == AF_INET6)
        return -1; /* a machine without IPv6 */
    must(name, "socket", fd);
    four.sin_port = six.sin6_port = htons((in_port_t)*port);
    if (family == AF_INET6)
        must(name, "setsockopt",
             setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    must(name, "setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    int bound = bind(fd, address, size);
    if (family == AF_INET6 && bound == -1 && errno == EADDRNOTAVAIL) {
        close(fd);
        return -1;
    }
    must(name, "bind", bound);
    must(name, "listen", listen(fd, 200));
    must(name, "getsockname", getsockname(fd, address, &size));
    *port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
    return fd;
}

void begin(const char *name, int argc, char **argv, struct pollfd fds[3])
{
    char *end = "";
    const char *word = argc == 1 ? "6667" : argv[1];
    unsigned long number = strtoul(word, &end, 10);
    int port = (int)number;
    if (argc > 2 || *word < '0' || *word > '9' || *end != '\0' || number > 65535) {
        fprintf(stderr, "Usage: %s [PORT]\n", name);
        exit(2);
    }
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    must(name, "sigprocmask", sigprocmask(SIG_BLOCK, &ours, NULL));
    int signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    must(name, "signalfd", signals);
    must(name, "printf", printf("This is %s.\n", name) < 0 ? -1 : 0);
    fds[0] = (struct pollfd){open_one(name, AF_INET, &port), POLLIN, 0};
    fds[1] = (struct pollfd){open_one(name, AF_INET6, &port), POLLIN, 0};
    fds[2] = (struct pollfd){signals, POLLIN, 0};
    printf("listening on port %d\n", port);
    puts("Ctrl-C ends it.");
    must(name, "fflush", fflush(stdout) == EOF ? -1 : 0);
}

int take(const char *name, const struct pollfd *server)
{
    int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return fd;
    fprintf(stderr, "%s: accept4: %s\n", name, strerror(errno));
    return -2;
}

int fill(int fd, struct buffer *buffer)
{
    ssize_t n = recv(fd, buffer->bytes + buffer->length, 512 - buffer->length, 0);
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return 0;
    buffer->length += n > 0 ? (size_t)n : 0;
    return n > 0 ? 1 : -1;
}

long line_of(struct buffer *buffer, char line[512])
{
    char *lf = memchr(buffer->bytes, '\n', buffer->length);
    if (lf == NULL)
        return buffer->length == 512 ? -1 : 0;
    size_t length = (size_t)(lf + 1 - buffer->bytes), rest = buffer->length - length;
    memcpy(line, buffer->bytes, length);
    memmove(buffer->bytes, lf + 1, rest);
    buffer->length = rest;
    if (length > 1 && line[length - 2] == '\r')
        line[--length - 1] = '\n';
    return (long)length;
}

int put(int fd, const char *bytes, size_t length, int patient)
{
    struct pollfd room = {fd, POLLOUT, 0};
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (errno == EAGAIN && patient) {
            poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}
