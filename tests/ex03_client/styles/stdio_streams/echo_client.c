/* A right program of another style: getline() on both sides, SIGPIPE ignored. */

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int say(char **argv, const char *call, const char *why)
{
    fprintf(stderr, "%s: %s port %s: %s: %s\n", argv[0], argv[1], argv[2], call, why);
    return 1;
}

static int dial(char **argv)
{
    struct addrinfo hints = {0}, *list = NULL;
    hints.ai_socktype = SOCK_STREAM;
    int fd = -1, code = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (code != 0) {
        say(argv, "getaddrinfo", gai_strerror(code));
        exit(1);
    }
    int last = 0;
    const char *call = "";
    for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
        call = "socket";
        fd = socket(a->ai_family, SOCK_STREAM, 0);
        last = errno;
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            call = "connect";
            last = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        exit(say(argv, call, strerror(last)));
    return fd;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 3 || strspn(argv[2], "0123456789") != strlen(argv[2]) ||
        strtoul(argv[2], &end, 10) > 65535 || end == argv[2]) {
        fprintf(stderr, "usage: echo_client HOST PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int fd = dial(argv);
    FILE *from = fdopen(fd, "r"), *to = fdopen(dup(fd), "w");
    char *line = NULL, *answer = NULL;
    size_t room = 0, space = 0;
    ssize_t length, came;
    int status = 0;
    while (status == 0 && (length = getline(&line, &room, stdin)) > 0) {
        int whole = line[length - 1] == '\n';
        if (length + !whole > 4096) {
            fprintf(stderr, "echo_client: line too long\n");
            status = 1;
        } else if (fwrite(line, 1, (size_t)length, to) != (size_t)length ||
                   (!whole && putc('\n', to) == EOF) || fflush(to) == EOF) {
            status = say(argv, "write", strerror(errno));
        } else if (errno = 0, (came = getline(&answer, &space, from)) < 1) {
            status = say(argv, "read", errno ? strerror(errno) : "closed");
        } else if (answer[came - 1] != '\n') {
            status = say(argv, "read", errno ? strerror(errno) : "closed in a line");
        } else if (fwrite(answer, 1, (size_t)came, stdout) != (size_t)came ||
                   fflush(stdout)) {
            perror("echo_client: write");
            status = 1;
        }
    }
    if (ferror(stdin)) {
        perror("echo_client: getline");
        status = 1;
    }
    free(line);
    free(answer);
    fclose(to);
    fclose(from);
    return status;
}
