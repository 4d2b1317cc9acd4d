/* A right program of another style: the response goes from the socket to stdout through a
   pipe, by splice(2): it is never seen here. Descriptors are made high. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

static char **words;

static int say(const char *call, const char *why)
{
    fprintf(stderr, "client: %s port %s: %s: %s\n", words[1], words[2], call, why);
    return 1;
}

static bool is_port(const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
           number <= 65535;
}

/* Writes length bytes that wait in the pipe to stdout, which may take no splice(). */
static bool pour(int pipe_end, size_t length)
{
    char some[4096];
    while (length > 0) {
        ssize_t n = splice(pipe_end, NULL, STDOUT_FILENO, NULL, length, 0);
        if (n == -1 && errno == EINVAL) {
            n = read(pipe_end, some, length < sizeof some ? length : sizeof some);
            for (ssize_t out, done = 0; done < n; done += out)
                if ((out = write(STDOUT_FILENO, some + done, (size_t)(n - done))) == -1)
                    return false;
        }
        if (n <= 0)
            return false;
        length -= (size_t)n;
    }
    return true;
}

int main(int argc, char **argv)
{
    words = argv;
    if (argc < 3 || argc > 4 || !is_port(argv[2]) || (argc == 4 && *argv[3] != '/')) {
        dprintf(STDERR_FILENO, "usage: client HOST PORT [PATH]\n");
        return 2;
    }

    struct addrinfo *all,
        hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_CANONNAME};
    int low = -1, code = getaddrinfo(argv[1], argv[2], &hints, &all);
    if (code != 0)
        return say("getaddrinfo", gai_strerror(code));
    const char *call = "";
    for (struct addrinfo *at = all; at != NULL && low == -1; at = at->ai_next) {
        call = "socket";
        low = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (low != -1 && (call = "connect") &&
            connect(low, at->ai_addr, at->ai_addrlen) == -1) {
            code = errno;
            close(low);
            errno = code;
            low = -1;
        }
    }
    code = errno;
    freeaddrinfo(all);
    if (low == -1)
        return say(call, strerror(code));
    int fd = fcntl(low, F_DUPFD_CLOEXEC, 50), pipes[2];
    if (fd == -1 || close(low) == -1 || pipe2(pipes, O_CLOEXEC) == -1)
        return say("fcntl", strerror(errno));

    char *request;
    bool colons = strchr(argv[1], ':') != NULL;
    int length = asprintf(
        &request, "GET %s HTTP/1.1\r\nConnection: close\r\nHost: %s%s%s:%s\r\n\r\n",
        argc == 4 ? argv[3] : "/", colons ? "[" : "", argv[1], colons ? "]" : "",
        argv[2]);
    for (int sent = 0; sent < length;) {
        ssize_t n = send(fd, request + sent, (size_t)(length - sent), MSG_NOSIGNAL);
        if (n == -1)
            return say("send", strerror(errno));
        sent += (int)n;
    }
    free(request);

    bool any = false;
    for (;;) {
        ssize_t n = splice(fd, NULL, pipes[1], NULL, PIECE, SPLICE_F_MOVE);
        if (n == -1)
            return say("splice", strerror(errno));
        if (n == 0)
            break;
        any = true;
        if (!pour(pipes[0], (size_t)n)) {
            perror("client: splice");
            return 1;
        }
    }
    return any ? 0 : say("splice", "nothing came");
}
