/* A right program of another style: epoll, signalfd, accept4; one client at a time. */
#define _GNU_SOURCE
#define NAME "stream_server"
#include "server.h"

int main(int argc, char **argv)
{
    struct sockaddr_un address;
    socklen_t length;
    int signals, ep;
    if (make_address(&address, argc, argv, &length) == -1)
        return 2;
    int server_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server_fd == -1)
        return fail("socket");
    ep = make_epoll(&signals);
    if (take_path(server_fd, &address, length) == -1)
        return fail("bind");
    if (listen(server_fd, SOMAXCONN) == -1) {
        fail("listen");
        unlink(argv[1]);
        return 1;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    if (say_where(argv[1]) == -1)
        return 1;
    watch(ep, server_fd, EPOLLIN);

    for (;;) {
        ready(ep, signals, argv[1]);
        int client_fd = accept4(server_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client_fd == -1) {
            fail("accept4");
            usleep(100000);
            continue;
        }
        watch(ep, server_fd, 0);
        watch(ep, client_fd, EPOLLIN);
        char bytes[65536];
        size_t have = 0, done = 0;
        for (;;) {
            if (ready(ep, signals, argv[1]) != client_fd)
                continue;
            if (have == 0) {
                ssize_t n = recv(client_fd, bytes, sizeof bytes, 0);
                if (n == -1 && errno != EAGAIN)
                    fail("recv");
                if (n == 0 || (n == -1 && errno != EAGAIN))
                    break;
                have = n > 0 ? (size_t)n : 0;
                done = 0;
            }
            ssize_t n = send(client_fd, bytes + done, have - done, MSG_NOSIGNAL);
            if (n == -1 && errno != EAGAIN) {
                fail("send");
                break;
            }
            done += n > 0 ? (size_t)n : 0;
            if (done == have)
                have = 0;
            watch(ep, client_fd, have > 0 ? EPOLLOUT : EPOLLIN);
        }
        close(client_fd);
        watch(ep, server_fd, EPOLLIN);
    }
}
