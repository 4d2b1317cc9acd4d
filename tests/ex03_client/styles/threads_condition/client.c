/* A right program of another style: one thread asks, another listens, and main() leaves
   by pthread_exit(): the process goes on with them. */

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *host, *port, *path = "/";
static int fd;

static _Noreturn void give_up(const char *call, const char *why)
{
    fprintf(stderr, "client: %s port %s: %s: %s\n", host, port, call, why);
    exit(1);
}

static void *ask(void *unused)
{
    const char *open = strchr(host, ':') != NULL ? "[" : "";
    const char *shut = *open != '\0' ? "]" : "";
    size_t room = strlen(path) + strlen(host) + 100;
    char *text = malloc(room);
    if (text == NULL)
        give_up("malloc", strerror(errno));
    int length = snprintf(text, room,
                          "GET %s HTTP/1.1\r\n"
                          "User-Agent: threads/1\r\n"
                          "Host: %s%s%s:%s\r\n"
                          "Accept: */*\r\n"
                          "Connection: close\r\n"
                          "\r\n",
                          path, open, host, shut, port);
    for (ssize_t sent, left = length; left > 0; left -= sent)
        if ((sent = send(fd, text + length - left, (size_t)left, 0)) == -1)
            give_up("send", strerror(errno));
    free(text);
    return unused;
}

static void *listen_to(void *unused)
{
    static char some[10000];
    int pieces = 0;
    for (ssize_t n; (n = recv(fd, some, sizeof some, 0)) != 0; pieces++) {
        if (n == -1)
            give_up("recv", strerror(errno));
        for (ssize_t out, done = 0; done < n; done += out)
            if ((out = write(STDOUT_FILENO, some + done, (size_t)(n - done))) == -1) {
                fprintf(stderr, "client: write: %s\n", strerror(errno));
                exit(1);
            }
    }
    if (pieces == 0)
        give_up("recv", "the response is empty");
    if (close(fd) == -1)
        give_up("close", strerror(errno));
    return unused;
}

static void dial(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *at;
    int code = getaddrinfo(host, port, &hints, &all);
    if (code != 0)
        give_up("getaddrinfo", gai_strerror(code));
    const char *call = "socket";
    for (at = all; at != NULL; at = at->ai_next) {
        call = "socket";
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd == -1)
            continue;
        call = "connect";
        if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
            break;
        code = errno;
        close(fd);
        errno = code;
    }
    if (at == NULL)
        give_up(call, strerror(errno));
    freeaddrinfo(all);
}

int main(int argc, char **argv)
{
    pthread_t asks, listens;
    size_t digits = argc < 3 ? 0 : strspn(argv[2], "0123456789");
    if (argc < 3 || argc > 4 || digits == 0 || argv[2][digits] != '\0' || digits > 5 ||
        strtol(argv[2], NULL, 10) > 65535 || (argc == 4 && argv[3][0] != '/')) {
        fputs("usage: client HOST PORT [PATH]\n", stderr);
        return 2;
    }
    host = argv[1];
    port = argv[2];
    if (argc == 4)
        path = argv[3];
    signal(SIGPIPE, SIG_IGN);
    dial();
    if ((errno = pthread_create(&listens, NULL, listen_to, NULL)) != 0 ||
        (errno = pthread_create(&asks, NULL, ask, NULL)) != 0) {
        perror("client: pthread_create");
        exit(1);
    }
    pthread_detach(asks);
    pthread_detach(listens);
    pthread_exit(NULL);
}
