/* A right program of another style: read() and write(), a line cut out of one buffer. */

#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *program = "stream_client";

static void put(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w < 0)
            die("write");
        p += w;
        n -= (size_t)w;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        usage("PATH");
    struct sockaddr_un a = address_of(argv[1], "PATH");
    signal(SIGPIPE, SIG_IGN);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        fprintf(stderr, "%s: connect to %s: %s\n", program, argv[1], strerror(errno));
        return 1;
    }
    char line[4096], back[4096];
    size_t n = 0;
    for (bool end = false; !end;) {
        char c = '\n';
        ssize_t r = read(0, &c, 1);
        if (r < 0)
            die("read");
        end = r == 0;
        if (end && n == 0)
            break;
        if (end)
            c = '\n';
        if (n == sizeof(line)) {
            fprintf(stderr, "%s: line too long\n", program);
            return 1;
        }
        line[n++] = c;
        if (c != '\n')
            continue;
        put(fd, line, n);
        for (size_t got = 0; got < n;) {
            r = read(fd, back + got, n - got);
            if (r <= 0) {
                fprintf(stderr, "%s: the connection has ended\n", program);
                return 1;
            }
            got += (size_t)r;
        }
        put(1, back, n);
        n = 0;
    }
    return 0;
}
