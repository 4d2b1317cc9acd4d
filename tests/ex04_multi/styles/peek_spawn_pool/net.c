/* Lines stay in the kernel until they are whole: recv() with MSG_PEEK, and SO_RCVLOWAT
   one higher than what has been seen. */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void say(const char *name, const char *call)
{
    fprintf(stderr, "%s: %s: %s\n", name, call, strerror(errno));
}

static void must(const char *name, const char *call, int result)
{
    if (result == -1) {
        say(name, call);
        exit(1);
    }
}

int listen_or_exit(const char *name, int argc, char **argv)
{
    unsigned port = argc > 1 ? 0 : 6667;
    const char *digit = argc > 1 ? argv[1] : "0";
    int on = 1;
    if (argc > 2 || *digit == '\0')
        port = 65536;
    for (; *digit != '\0' && port <= 65535 && argc > 1; digit++)
        port =
            *digit >= '0' && *digit <= '9' ? port * 10 + (unsigned)(*digit - '0') : 65536;
    if (port > 65535) {
        fprintf(stderr, "usage: %s [PORT], from 0 to 65535\n", name);
        exit(2);
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_port = htons((in_port_t)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(name, "socket", fd);
    must(name, "setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    must(name, "bind", bind(fd, (struct sockaddr *)&address, size));
    must(name, "listen", listen(fd, 64));
    must(name, "getsockname", getsockname(fd, (struct sockaddr *)&address, &size));
    printf("%s %d\n", "listening on port", ntohs(address.sin_port));
    must(name, "fflush", fflush(stdout));
    return fd;
}

static void wait_for_more_than(int fd, size_t bytes)
{
    int mark = (int)bytes + 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark);
}

long look(int fd, char bytes[LINE_MOST], size_t *seen)
{
    ssize_t n = recv(fd, bytes, LINE_MOST, MSG_PEEK);
    if (n == -1 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0)
        return -1;
    char *lf = memchr(bytes, '\n', (size_t)n);
    if (lf != NULL)
        return lf - bytes + 1;
    if (n == LINE_MOST)
        return -2;
    if ((size_t)n == *seen)
        return -1; /* nothing has been added: it is the end */
    *seen = (size_t)n;
    wait_for_more_than(fd, *seen);
    return 0;
}

long take(int fd, char bytes[LINE_MOST], long length)
{
    wait_for_more_than(fd, 0);
    if (recv(fd, bytes, (size_t)length, MSG_WAITALL) != length)
        return -1;
    if (length > 1 && bytes[length - 2] == '\r')
        bytes[--length - 1] = '\n';
    return length;
}

int send_whole(int fd, const char *bytes, size_t length, int flags)
{
    ssize_t n;
    for (; length > 0; bytes += n, length -= (size_t)n) {
        n = send(fd, bytes, length, flags | MSG_NOSIGNAL);
        if (n == -1 && errno != EINTR)
            return -1;
        n = n == -1 ? 0 : n;
    }
    return 0;
}
