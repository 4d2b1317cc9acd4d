/* A right program of another style: a child sends the request, the parent receives;
   what it has to tell goes through writev(). Both connections, if any, were made by
   dial.h. */

#include "dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child. Its exit status tells the parent of errno. */
static _Noreturn void ask(int fd, char **argv)
{
    int colon = strchr(argv[1], ':') != NULL;
    const char *words[] = {"GET ",
                           argv[3] != NULL ? argv[3] : "/",
                           " HTTP/1.1\r\nConnection: close\r\nHost: ",
                           colon ? "[" : "",
                           argv[1],
                           colon ? "]:" : ":",
                           argv[2],
                           "\r\n\r\n"};
    size_t length = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        length += strlen(words[i]);
    char *all = calloc(length + 1, 1);
    if (all == NULL)
        _exit(errno);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        strcat(all, words[i]);
    for (size_t done = 0; done < length;) {
        ssize_t n = send(fd, all + done, length - done, MSG_NOSIGNAL);
        if (n == -1)
            _exit(errno);
        done += (size_t)n;
    }
    free(all);
    _exit(0);
}

int main(int argc, char **argv)
{
    if ((argc != 3 && argc != 4) || !good_port(argv[2]) ||
        (argc == 4 && argv[3][0] != '/')) {
        fprintf(stderr, "usage: client HOST PORT [PATH]\n");
        return 2;
    }
    int fd = dial("client", argv[1], argv[2]), status = 0;
    if (fd == -1)
        return 1;
    pid_t child = fork();
    if (child == -1)
        return perror("client: fork"), 1;
    if (child == 0)
        ask(fd, argv);
    if (waitpid(child, &status, 0) == -1)
        return perror("client: waitpid"), 1;
    if (status != 0)
        return complain("client", argv[1], argv[2], "send",
                        WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "killed");

    static char first[1000], second[3000];
    struct iovec parts[] = {{first, sizeof first}, {second, sizeof second}};
    size_t total = 0;
    ssize_t n;
    while ((n = readv(fd, parts, 2)) > 0) {
        size_t a = (size_t)n < sizeof first ? (size_t)n : sizeof first;
        total += (size_t)n;
        if (fwrite(first, 1, a, stdout) < a ||
            fwrite(second, 1, (size_t)n - a, stdout) < (size_t)n - a || fflush(stdout))
            return perror("client: fflush"), 1;
    }
    if (n == -1)
        return complain("client", argv[1], argv[2], "readv", strerror(errno));
    if (total == 0)
        return complain("client", argv[1], argv[2], "readv", "no bytes");
    if (close(fd) == -1)
        return complain("client", argv[1], argv[2], "close", strerror(errno));
    return 0;
}
