/* A right program of another style: getdelim(), and a receive that peeks before it
   takes. */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char const NAME[] = "stream_client";

static int too_early(void)
{
    fprintf(stderr, "%s: the line has not come back: the server is gone\n", NAME);
    return 1;
}

static int bring_back(int fd, size_t length)
{
    while (length > 0) {
        char bytes[512];
        ssize_t n =
            recv(fd, bytes, sizeof bytes < length ? sizeof bytes : length, MSG_PEEK);
        if (n <= 0)
            return n == 0 ? too_early() : complain("recv", NULL);
        n = recv(fd, bytes, (size_t)n, MSG_WAITALL);
        if (n <= 0)
            return n == 0 ? too_early() : complain("recv", NULL);
        if (fwrite(bytes, (size_t)n, 1, stdout) != 1)
            return complain("fwrite", NULL);
        length -= (size_t)n;
    }
    return fflush(stdout) == EOF ? complain("fflush", NULL) : 0;
}

static int there(int fd, char const *line, size_t length)
{
    for (ssize_t sent; length > 0; line += sent, length -= (size_t)sent)
        if ((sent = write(fd, line, length)) == -1)
            return complain("write", NULL);
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_un to;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int failed = 0;
    if (argc != 2 || !address_of(argv[1], &to))
        return fprintf(stderr, "Usage: %s PATH\n", NAME), 2;
    signal(SIGPIPE, SIG_IGN);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1)
        return complain("socket", NULL);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
        return complain("connect", argv[1]);
    while (failed == 0 && (length = getdelim(&line, &room, '\n', stdin)) != -1) {
        bool ended = line[length - 1] == '\n';
        if (length + !ended > 4096) {
            failed = 1;
            fprintf(stderr, "%s: a line of %zd bytes is too long\n", NAME, length);
            break;
        }
        if (!ended)
            line[length++] = '\n'; /* in the place of the NUL */
        failed = there(fd, line, (size_t)length) || bring_back(fd, (size_t)length);
    }
    if (failed == 0 && ferror(stdin))
        failed = complain("getdelim", "stdin");
    free(line);
    close(fd);
    return failed;
}
