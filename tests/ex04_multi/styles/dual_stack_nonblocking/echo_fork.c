/* The child reads and writes through stdio, with a descriptor for each direction. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

static void serve(int fd)
{
    char line[512];
    size_t length = 0;
    int byte, over;
    fcntl(fd, F_SETFL, 0);
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    while (in != NULL && out != NULL && (byte = getc(in)) != EOF) {
        line[length++] = (char)byte;
        over = length == sizeof line && byte != '\n';
        if (over)
            fputs("line too long\n", out);
        if (byte == '\n') {
            if (length > 1 && line[length - 2] == '\r')
                line[--length - 1] = '\n';
            fwrite(line, 1, length, out);
            length = 0;
        }
        if ((byte == '\n' || over) && (fflush(out) == EOF || over))
            return;
    }
}

int main(int argc, char **argv)
{
    struct pollfd fds[3];
    begin("echo_fork", argc, argv, fds);
    pid_t parent = getpid();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* the kernel takes them in */
    while (poll(fds, 3, -1) == -1 || fds[2].revents == 0) {
        for (int i = 0; i < 2; i++) {
            int fd = fds[i].revents == 0 ? -1 : take("echo_fork", &fds[i]);
            pid_t pid = fd < 0 ? 1 : fork();
            if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent)
                    _exit(1);
                sigset_t none;
                sigemptyset(&none);
                sigprocmask(SIG_SETMASK, &none, NULL);
                close(fds[0].fd);
                close(fds[1].fd);
                serve(fd);
                _exit(0);
            }
            if (pid == -1)
                perror("echo_fork: fork");
            if (fd >= 0)
                close(fd);
            if (fd == -2)
                poll(&fds[2], 1, 20);
        }
    }
    close(fds[0].fd);
    return 0;
}
