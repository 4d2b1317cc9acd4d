/* A right program of another style: the request in pieces, 512 bytes at a time back. */

#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4 || bad_port(argv[2]) || (argc == 4 && argv[3][0] != '/'))
        return fputs("usage: client HOST PORT [PATH]\n", stderr), 2;
    signal(SIGPIPE, SIG_IGN);
    int fd = dial("client", argv[1], argv[2]);
    if (fd == -1)
        return 1;
    const char *pieces[] = {"GET ",
                            argc == 4 ? argv[3] : "/",
                            " HTTP/1.1\r\nhost: ",
                            strchr(argv[1], ':') ? "[" : "",
                            argv[1],
                            strchr(argv[1], ':') ? "]:" : ":",
                            argv[2],
                            "\r\nconnection:close\r\n\r\n"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (write_fully(fd, pieces[i], strlen(pieces[i])))
            return fprintf(stderr, "client: %s port %s: write: %s\n", argv[1], argv[2],
                           strerror(errno)),
                   1;
    char some[512];
    int bytes = 0;
    for (ssize_t n; (n = read(fd, some, sizeof some)) != 0; bytes = 1) {
        if (n < 0)
            return fprintf(stderr, "client: %s port %s: read: %s\n", argv[1], argv[2],
                           strerror(errno)),
                   1;
        if (write_fully(1, some, (unsigned long)n))
            return perror("client: write"), 1;
    }
    if (!bytes)
        fprintf(stderr, "client: %s port %s: no response\n", argv[1], argv[2]);
    return close(fd) || !bytes;
}
