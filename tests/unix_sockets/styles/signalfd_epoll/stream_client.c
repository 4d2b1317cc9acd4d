/* A right program of another style: getline() and a receive that waits for all. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *call, const char *path)
{
    fprintf(stderr, "stream_client: %s %s: %s\n", call, path, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) - 1 >= sizeof address.sun_path - 1) {
        fputs("usage: stream_client PATH\n", stderr);
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1)
        die("socket", argv[1]);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1)
        die("connect", argv[1]);

    setvbuf(stdout, NULL, _IOLBF, 0);
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
        if (line[length - 1] != '\n') {
            line = realloc(line, (size_t)length + 1);
            if (line == NULL)
                die("realloc", argv[1]);
            line[length++] = '\n';
        }
        if (length > 4096) {
            fputs("stream_client: more than 4096 bytes\n", stderr);
            free(line);
            return 1;
        }
        for (ssize_t sent = 0, n; sent < length; sent += n)
            if ((n = send(fd, line + sent, (size_t)(length - sent), MSG_NOSIGNAL)) == -1)
                die("send", argv[1]);
        for (ssize_t got = 0, n; got < length; got += n) {
            n = recv(fd, line + got, (size_t)(length - got), MSG_WAITALL);
            if (n <= 0) {
                fprintf(stderr, "stream_client: recv %s: %s\n", argv[1],
                        n == 0 ? "end of file" : strerror(errno));
                free(line);
                return 1;
            }
        }
        if (fwrite(line, 1, (size_t)length, stdout) != (size_t)length ||
            fflush(stdout) == EOF)
            die("fwrite", "stdout");
    }
    if (ferror(stdin))
        die("getline", "stdin");
    free(line);
    return 0;
}
