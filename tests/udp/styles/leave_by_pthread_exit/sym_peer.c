/* A right program of another style: a thread for each direction, and main() leaves by
   pthread_exit(); getline() and write(). */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;
static struct sockaddr_in peer;

static _Noreturn void fail(const char *call)
{
    fprintf(stderr, "sym_peer: %s: %s\n", call, strerror(errno));
    _exit(1);
}

static void print(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written == -1)
            fail("write");
        bytes += written;
        length -= (size_t)written;
    }
}

static void *hear(void *unused)
{
    static char text[65508];
    (void)unused;
    for (;;) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(fd, text, 65507, 0, (struct sockaddr *)&from, &size);
        if (length == -1)
            fail("recvfrom");
        if (from.sin_port != peer.sin_port ||
            from.sin_addr.s_addr != peer.sin_addr.s_addr)
            continue;
        if (length == 0) {
            print("peer left\n", 10);
            _exit(0);
        }
        if (text[length - 1] != '\n')
            text[length++] = '\n';
        print(text, (size_t)length);
    }
}

static void say(const char *bytes, size_t length)
{
    if (sendto(fd, bytes, length, 0, (struct sockaddr *)&peer, sizeof peer) == -1)
        fail("sendto");
}

static void *type(void *unused)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) != -1)
        if (length <= 1024)
            say(line, (size_t)length);
        else
            fprintf(stderr, "sym_peer: the line has %zd bytes, 1024 go\n", length);
    if (!feof(stdin))
        fail("getline");
    free(line);
    say("", 0);
    _exit(0);
    return unused;
}

static int port_of(const char *word)
{
    int port = 0;
    if (*word == '\0')
        return -1;
    for (; *word >= '0' && *word <= '9' && port < 65536; word++)
        port = port * 10 + *word - '0';
    return *word == '\0' && port < 65536 ? port : -1;
}

int main(int argc, char **argv)
{
    if (argc != 4 || port_of(argv[1]) == -1 || port_of(argv[3]) == -1) {
        fprintf(stderr, "usage: %s LOCAL_PORT HOST REMOTE_PORT\n", argv[0]);
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    int error = getaddrinfo(argv[2], argv[3], &hints, &found);
    if (error != 0) {
        fprintf(stderr, "sym_peer: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    memcpy(&peer, found->ai_addr, sizeof peer);
    freeaddrinfo(found);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1)
        fail("socket");
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_port = htons((in_port_t)port_of(argv[1]))};
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        fail("bind");
    pthread_t hears, types;
    if ((errno = pthread_create(&hears, NULL, hear, NULL)) != 0 ||
        (errno = pthread_create(&types, NULL, type, NULL)) != 0)
        fail("pthread_create");
    pthread_exit(NULL);
}
