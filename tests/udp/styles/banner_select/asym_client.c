/* A right program of another style: select() with what is left of the 500 ms, sendmsg()
   and recvmsg(), MSG_PEEK first; it says on stderr whom it asks, and how often. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void stop(const char *call, const char *why)
{
    fprintf(stderr, "asym_client: %s: %s\n", call, why);
    exit(1);
}

static struct timespec now(void)
{
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) == -1)
        stop("clock_gettime", strerror(errno));
    return time;
}

/* Microseconds until 500 ms after begin. */
static long left_us(struct timespec begin)
{
    struct timespec time = now();
    return 500000 - (time.tv_sec - begin.tv_sec) * 1000000 -
           (time.tv_nsec - begin.tv_nsec) / 1000;
}

static int try_once(int fd, char *message, uint32_t *number)
{
    struct iovec data = {message, strlen(message)};
    struct msghdr out = {.msg_iov = &data, .msg_iovlen = 1};
    if (sendmsg(fd, &out, 0) == -1)
        stop("sendmsg", strerror(errno));
    struct timespec begin = now();
    for (long us; (us = left_us(begin)) > 0;) {
        struct timeval left = {0, (suseconds_t)us};
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        int ready = select(fd + 1, &set, NULL, NULL, &left);
        if (ready == -1)
            stop("select", strerror(errno));
        if (ready == 0)
            return 0;
        unsigned char bytes[4];
        ssize_t length = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_TRUNC);
        if (length == -1)
            stop("recv", strerror(errno));
        struct iovec room = {bytes, sizeof bytes};
        struct msghdr in = {.msg_iov = &room, .msg_iovlen = 1};
        if (recvmsg(fd, &in, 0) == -1)
            stop("recvmsg", strerror(errno));
        if (length != 4 || (in.msg_flags & MSG_TRUNC) != 0)
            continue;
        *number = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                  (uint32_t)bytes[2] << 8 | bytes[3];
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 4 || argv[2][0] < '0' || argv[2][0] > '9' ||
        strtol(argv[2], &end, 10) > 65535 || *end != '\0') {
        fputs("usage: asym_client HOST PORT MESSAGE\n", stderr);
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET,
                             .ai_socktype = SOCK_DGRAM,
                             .ai_flags = AI_NUMERICSERV},
                    *list, *one;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list), fd = -1;
    if (error != 0)
        stop("getaddrinfo", gai_strerror(error));
    for (one = list; one != NULL; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd == -1)
            stop("socket", strerror(errno));
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        if (one->ai_next == NULL)
            stop("connect", strerror(errno));
        close(fd);
    }
    freeaddrinfo(list);
    uint32_t number;
    for (int i = 1; i <= 3; i++) {
        fprintf(stderr, "asym_client asks %s, port %s: %d\n", argv[1], argv[2], i);
        if (try_once(fd, argv[3], &number)) {
            if (printf("%lu\n", (unsigned long)number) < 0 || fclose(stdout) != 0)
                stop("printf", strerror(errno));
            return 0;
        }
    }
    fputs("asym_client: no answer\n", stderr);
    return 1;
}
