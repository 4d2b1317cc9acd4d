/* A right program of another style: SO_RCVTIMEO, set anew before each recv() to what is
   left of the 500 ms; a union for the answer. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "asym_client: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
    char *rest = "";
    if (argc == 4 && *argv[2] >= '0' && *argv[2] <= '9')
        if (strtoul(argv[2], &rest, 10) > 65535)
            rest = "too large";
    if (argc != 4 || *argv[2] < '0' || *argv[2] > '9' || *rest != '\0') {
        fprintf(stderr, "Usage: asym_client HOST PORT MESSAGE\n");
        return 2;
    }
    struct addrinfo hints = {0}, *found;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_DGRAM;
    int error = getaddrinfo(argv[1], argv[2], &hints, &found);
    if (error) {
        fprintf(stderr, "asym_client: getaddrinfo: %s: %s\n", argv[1],
                gai_strerror(error));
        return 1;
    }
    int fd = socket(found->ai_family, SOCK_DGRAM, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, found->ai_addr, found->ai_addrlen) < 0)
        die("connect");
    freeaddrinfo(found);

    union {
        uint32_t number;
        char bytes[64];
    } answer;
    for (int tries = 3; tries > 0; tries--) {
        if (write(fd, argv[3], strlen(argv[3])) < 0)
            die("write");
        double end = seconds() + 0.5;
        for (;;) {
            double left = end - seconds();
            if (left <= 0)
                break;
            /* 0 would mean: for ever */
            struct timeval limit = {0, (suseconds_t)(left * 1e6) + 1};
            if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
                die("setsockopt");
            ssize_t n = recv(fd, answer.bytes, sizeof answer.bytes, MSG_TRUNC);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                die("recv");
            if (n < 0)
                continue;
            if (n == 4) {
                printf("%u\n", ntohl(answer.number));
                if (fflush(stdout))
                    die("fflush");
                return 0;
            }
        }
    }
    fprintf(stderr, "asym_client: no answer from %s port %s\n", argv[1], argv[2]);
    return 1;
}
