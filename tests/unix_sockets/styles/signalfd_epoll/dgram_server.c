/* A right program of another style: epoll and signalfd, a socket that never blocks. */
#define _GNU_SOURCE
#define NAME "dgram_server"
#include "server.h"

int main(int argc, char **argv)
{
    struct sockaddr_un address;
    socklen_t length;
    int signals, ep;
    if (make_address(&address, argc, argv, &length) == -1)
        return 2;
    int server_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server_fd == -1)
        return fail("socket");
    ep = make_epoll(&signals);
    if (take_path(server_fd, &address, length) == -1)
        return fail("bind");
    if (say_where(argv[1]) == -1)
        return 1;
    watch(ep, server_fd, EPOLLIN);

    char *bytes = malloc(65507);
    while (bytes != NULL && ready(ep, signals, argv[1]) == server_fd) {
        struct sockaddr_un from;
        socklen_t from_length = sizeof from;
        ssize_t n =
            recvfrom(server_fd, bytes, 65507, 0, (struct sockaddr *)&from, &from_length);
        if (n == -1) {
            fail("recvfrom");
            continue;
        }
        int named = from_length > sizeof from.sun_family && from.sun_path[0] != '\0';
        printf("%.*s %zd ", (int)sizeof from.sun_path, named ? from.sun_path : "-", n);
        for (ssize_t i = 0; i < n; i++)
            putchar(bytes[i] < 32 || bytes[i] > 126 ? '.' : bytes[i]);
        puts("");
        if (fflush(stdout) == EOF)
            fail("fflush");
        unsigned char answer[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                   (unsigned char)(n >> 8), (unsigned char)n};
        if (named &&
            sendto(server_fd, answer, 4, 0, (struct sockaddr *)&from, from_length) == -1)
            fail("sendto");
    }
    return 1;
}
