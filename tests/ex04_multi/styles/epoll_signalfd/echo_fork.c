/* The children die with their parent (prctl), which takes in all that have ended. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

static void serve(int fd)
{
    char text[512];
    size_t length = 0;
    ssize_t n;
    while ((n = read(fd, text + length, sizeof text - length)) > 0) {
        char *start = text, *end = text + length + n, *lf;
        while ((lf = memchr(start, '\n', (size_t)(end - start))) != NULL) {
            size_t line = (size_t)(lf - start);
            if (line > 0 && start[line - 1] == '\r')
                start[--line] = '\n';
            if (send_parts(fd, "", start, line + 1, 0) == -1)
                return;
            start = lf + 1;
        }
        length = (size_t)(end - start);
        memmove(text, start, length);
        if (length == sizeof text) {
            send_parts(fd, "line too long\n", "", 0, 0);
            return;
        }
    }
}

int main(int argc, char **argv)
{
    int signal_fd, server_fd = open_both("echo_fork", argc, argv, &signal_fd, 1);
    pid_t parent = getpid();
    struct pollfd fds[2] = {{signal_fd, POLLIN, 0}, {server_fd, POLLIN, 0}};
    int wait_ms = -1;
    for (;;) {
        fds[1].fd = wait_ms == -1 ? server_fd : -1;
        poll(fds, 2, wait_ms);
        wait_ms = -1;
        if (fds[0].revents != 0) {
            struct signalfd_siginfo signal_info;
            if (read(signal_fd, &signal_info, sizeof signal_info) > 0 &&
                signal_info.ssi_signo != SIGCHLD)
                break;
            while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
        }
        if (fds[1].revents == 0)
            continue;
        int fd = accept4(server_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd == -1) {
            wait_ms = 30;
            continue;
        }
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent)
                _exit(1);
            close(server_fd);
            close(signal_fd);
            serve(fd);
            _exit(0);
        }
        close(fd);
    }
    return 0;
}
