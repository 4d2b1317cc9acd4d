/* A right program of another style: read() and write() for everything. */

#include "net.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int bad_port(const char *port)
{
    long value = 0;
    const char *p = port;
    do
        if (!isdigit((unsigned char)*p) || (value = 10 * value + (*p - '0')) > 65535)
            return 1;
    while (*++p);
    return 0;
}

int dial(const char *me, const char *host, const char *port)
{
    struct addrinfo *found, *next;
    const char *call = "";
    int fd = -1, error = getaddrinfo(host, port, NULL, &found);
    if (error) {
        fprintf(stderr, "%s: %s port %s: getaddrinfo: %s\n", me, host, port,
                gai_strerror(error));
        return -1;
    }
    for (next = found; fd == -1 && next; next = next->ai_next) {
        if (next->ai_socktype != SOCK_STREAM)
            continue;
        call = "socket";
        fd = socket(next->ai_family, SOCK_STREAM, IPPROTO_TCP);
        error = errno;
        if (fd != -1 && connect(fd, next->ai_addr, next->ai_addrlen)) {
            call = "connect";
            error = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd == -1)
        fprintf(stderr, "%s: %s port %s: %s: %s\n", me, host, port, call,
                strerror(error));
    return fd;
}

int write_fully(int fd, const void *from, unsigned long n)
{
    const char *p = from;
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0)
            return -1;
        p += done;
        n -= (unsigned long)done;
    }
    return 0;
}
