/* A right program of another style: a connected socket, one thread for each direction,
   fgets() and fputs(), ECONNREFUSED endured on both ways. */

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

static void die(const char *what)
{
    fprintf(stderr, "sym_peer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int port_of(const char *s)
{
    size_t n = strlen(s);
    long value =
        n > 0 && n < 6 && strspn(s, "0123456789") == n ? strtol(s, NULL, 10) : -1;
    if (value < 0 || value > 65535) {
        fprintf(stderr, "usage: sym_peer LOCAL_PORT HOST REMOTE_PORT\n");
        exit(2);
    }
    return (int)value;
}

static void *listen_to_peer(void *unused)
{
    static char buffer[65536];
    (void)unused;
    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n == -1 && (errno == ECONNREFUSED || errno == EINTR))
            continue;
        if (n == -1)
            die("recv");
        if (n == 0) {
            puts("peer left");
            if (fflush(stdout))
                die("fflush");
            exit(0);
        }
        fwrite(buffer, (size_t)n, 1, stdout);
        if (buffer[n - 1] != '\n')
            putc('\n', stdout);
        if (fflush(stdout))
            die("fflush");
    }
}

static void transmit(const void *bytes, size_t length)
{
    /* The refusal of the line before is told now, and this one has not been sent. */
    for (int i = 0; i < 2; i++)
        if (send(fd, bytes, length, 0) != -1)
            return;
        else if (errno != ECONNREFUSED)
            die("send");
}

int main(int argc, char *argv[])
{
    if (argc != 4)
        port_of("");
    int local = port_of(argv[1]);
    port_of(argv[3]);
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *peer;
    int error = getaddrinfo(argv[2], argv[3], &hints, &peer);
    if (error) {
        fprintf(stderr, "sym_peer: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)local)};
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        die("socket");
    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
        die("bind");
    if (connect(fd, peer->ai_addr, peer->ai_addrlen) < 0)
        die("connect");
    freeaddrinfo(peer);
    pthread_t thread;
    if (pthread_create(&thread, NULL, listen_to_peer, NULL) != 0)
        die("pthread_create");

    char line[1024 + 2];
    int c = 0;
    while (c != EOF) {
        size_t n = 0;
        while ((c = getchar()) != EOF) {
            if (n < sizeof line)
                line[n++] = (char)c;
            if (c == '\n')
                break;
        }
        if (n > 1024)
            fprintf(stderr, "sym_peer: line too long\n");
        else if (n > 0)
            transmit(line, n);
    }
    if (ferror(stdin))
        die("getchar");
    transmit("", 0);
    exit(0);
}
