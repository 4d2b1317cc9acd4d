/* A right program of another style: read() from stdin into a buffer of its own, and
   MSG_WAITALL for the line's way back. */

#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 4096

static char *host, *port;

static int broken(const char *call, const char *why)
{
    fprintf(stderr, "echo_client: %s port %s: %s: %s\n", host, port, call, why);
    return 1;
}

/* One line, LF included, there, back and out. */
static int echo(int fd, const char *line, size_t length)
{
    char back[MOST];
    if (write_fully(fd, line, length))
        return broken("write", strerror(errno));
    ssize_t n = recv(fd, back, length, MSG_WAITALL);
    if (n < 0)
        return broken("recv", strerror(errno));
    if ((size_t)n < length)
        return broken("recv", "end of file");
    if (write_fully(STDOUT_FILENO, back, length)) {
        perror("echo_client: write");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || bad_port(argv[2]))
        return fputs("usage: echo_client HOST PORT\n", stderr), 2;
    host = argv[1];
    port = argv[2];
    signal(SIGPIPE, SIG_IGN);
    int fd = dial("echo_client", host, port);
    if (fd < 0)
        return 1;

    char input[MOST + 1], *lf;
    size_t have = 0;
    for (;;) {
        while ((lf = memchr(input, '\n', have)) != NULL) {
            size_t length = (size_t)(lf - input) + 1;
            if (length > MOST)
                break;
            if (echo(fd, input, length))
                return 1;
            have -= length;
            memmove(input, input + length, have);
        }
        if (have > MOST || (have == MOST && lf == NULL)) {
            fputs("echo_client: line too long\n", stderr);
            return 1;
        }
        ssize_t n = read(STDIN_FILENO, input + have, sizeof input - have);
        if (n < 0) {
            perror("echo_client: read");
            return 1;
        }
        if (n == 0)
            break;
        have += (size_t)n;
    }
    if (have > 0) {
        input[have++] = '\n';
        if (echo(fd, input, have))
            return 1;
    }
    close(fd);
    return 0;
}
