/* Children hold the reading end of a pipe of which the parent holds the writing one: when
   that is closed, they end by themselves. The kernel takes them in. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

static volatile sig_atomic_t over;

static void end(int number)
{
    over = number;
}

/* Sends, and still sees the end of the parent. */
static int send_line(struct pollfd fds[2], struct iovec *parts)
{
    struct iovec all[3] = {parts[0], parts[1], {"\n", 1}};
    struct iovec *at = all;
    fds[0].events = POLLOUT;
    while (at < all + 3) {
        if (at->iov_len == 0) {
            at++;
            continue;
        }
        if (poll(fds, 2, -1) == -1)
            continue;
        if (fds[1].revents != 0)
            return -1;
        ssize_t n = write(fds[0].fd, at->iov_base, at->iov_len > 64 ? 64 : at->iov_len);
        if (n < 0)
            return -1;
        at->iov_base = (char *)at->iov_base + n;
        at->iov_len -= (size_t)n;
    }
    return 0;
}

static void serve(int fd, int death)
{
    struct ring ring = {.count = 0};
    struct iovec parts[2];
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {death, POLLIN, 0}};
    int taken;
    for (;;) {
        while ((taken = cut(&ring, parts)) > 0) {
            if (send_line(fds, parts) == -1)
                return;
            forget(&ring, taken);
        }
        if (taken < 0) {
            send_line(fds, (struct iovec[2]){{"line too ", 9}, {"long", 4}});
            return;
        }
        fds[0].events = POLLIN;
        if (poll(fds, 2, -1) == -1)
            continue;
        if (fds[1].revents != 0 || fill(fd, &ring) <= 0)
            return;
    }
}

int main(int argc, char *argv[])
{
    struct sigaction action = {.sa_handler = end};
    sigset_t ours, before;
    int death[2];
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    action.sa_handler = SIG_IGN;
    action.sa_flags = SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    int server_fd = open_port("echo_fork", argc, argv, 0);
    if (pipe(death) == -1) {
        complain("echo_fork", "pipe");
        return 1;
    }
    struct pollfd ready = {server_fd, POLLIN, 0};
    while (!over) {
        /* without a limit of time a signal just before poll() would be missed */
        if (poll(&ready, 1, 250) < 1)
            continue;
        int fd = accept(server_fd, NULL, NULL);
        if (fd < 0) {
            poll(NULL, 0, errno == EINTR ? 0 : 20);
            continue;
        }
        sigprocmask(SIG_BLOCK, &ours, &before);
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGTERM, SIG_IGN);
            signal(SIGINT, SIG_IGN);
            close(server_fd);
            close(death[1]);
            serve(fd, death[0]);
            _exit(EXIT_SUCCESS);
        }
        if (pid < 0)
            complain("echo_fork", "fork");
        sigprocmask(SIG_SETMASK, &before, NULL);
        close(fd);
    }
    close(server_fd);
    close(death[1]);
    while (wait(NULL) != -1 || errno == EINTR) /* up to ECHILD */
        ;
    return 0;
}
