/* readv() into a ring, writev() out of it: no byte of a line is copied. */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void complain(const char *name, const char *call)
{
    const char *reason = strerror(errno);
    dprintf(STDERR_FILENO, "%s: %s: %s\n", name, call, reason);
}

static void check(const char *name, const char *call, int good)
{
    if (!good) {
        complain(name, call);
        exit(1);
    }
}

int open_port(const char *name, int argc, char *argv[], int flags)
{
    uint32_t port = 6667;
    if (argc > 1) {
        const char *c = argv[1];
        port = 0;
        do
            if (*c < '0' || *c > '9' || port > 65535)
                port = UINT32_MAX;
            else
                port = port * 10 + (uint32_t)(*c - '0');
        while (port != UINT32_MAX && *++c != '\0');
    }
    if (argc > 2 || port > 65535) {
        dprintf(STDERR_FILENO, "Usage: %s [PORT]\n", name);
        exit(2);
    }
    struct sockaddr_storage storage;
    struct sockaddr_in *own = (struct sockaddr_in *)&storage;
    socklen_t size = sizeof *own;
    memset(&storage, 0, sizeof storage);
    own->sin_family = AF_INET;
    own->sin_port = htons((uint16_t)port);
    int yes = 1, fd = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    check(name, "socket", fd >= 0);
    check(name, "setsockopt",
          setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
    check(name, "fcntl", fcntl(fd, F_SETFL, flags) == 0);
    check(name, "bind", bind(fd, (struct sockaddr *)own, size) == 0);
    check(name, "listen", listen(fd, 49) == 0);
    check(name, "getsockname", getsockname(fd, (struct sockaddr *)own, &size) == 0);
    char text[40];
    int length =
        snprintf(text, sizeof text, "listening on port %hu\n", ntohs(own->sin_port));
    check(name, "write", write(STDOUT_FILENO, text, (size_t)length) == length);
    return fd;
}

ssize_t fill(int fd, struct ring *ring)
{
    unsigned at = (ring->first + ring->count) % 512, room = 512 - ring->count;
    unsigned straight = at + room > 512 ? 512 - at : room;
    struct iovec free_parts[2] = {{ring->bytes + at, straight},
                                  {ring->bytes, room - straight}};
    ssize_t n = readv(fd, free_parts, 2);
    if (n > 0)
        ring->count += (unsigned)n;
    return n;
}

int cut(struct ring *ring, struct iovec parts[2])
{
    for (unsigned i = 0; i < ring->count; i++) {
        if (ring->bytes[(ring->first + i) % 512] != '\n')
            continue;
        unsigned end = i;
        if (i > 0 && ring->bytes[(ring->first + i - 1) % 512] == '\r')
            end--;
        unsigned straight = ring->first + end > 512 ? 512 - ring->first : end;
        parts[0] = (struct iovec){ring->bytes + ring->first, straight};
        parts[1] = (struct iovec){ring->bytes, end - straight};
        return (int)i + 1;
    }
    return ring->count == 512 ? -1 : 0;
}

void forget(struct ring *ring, int bytes)
{
    ring->first = (ring->first + (unsigned)bytes) % 512;
    ring->count -= (unsigned)bytes;
}

int write_parts(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t n = writev(fd, parts, count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        for (; count > 0 && (size_t)n >= parts->iov_len; parts++, count--)
            n -= (ssize_t)parts->iov_len;
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + n;
            parts->iov_len -= (size_t)n;
        }
    }
    return 0;
}
