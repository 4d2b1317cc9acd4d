/* Zombies are taken in by the kernel (SA_NOCLDWAIT); the children are found by their
   process group. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

static void serve(int fd)
{
    char line[512];
    FILE *in = fdopen(fd, "r");
    long length = 0;
    while (in != NULL && (length = read_line(in, line, sizeof line)) >= 0) {
        line[length] = '\n';
        if (write_all(fd, line, (size_t)length + 1, 1) < 0)
            break;
    }
    if (length == -2)
        write_all(fd, "line too long\n", 14, 1);
}

int main(int argc, char **argv)
{
    int server_fd = start_server("echo_fork", argc, argv), fd;
    if (server_fd < 0)
        return 1;
    if (getpgrp() != getpid())
        setpgid(0, 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    action.sa_flags = SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
    while ((fd = next_client("echo_fork", server_fd)) >= 0) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGTERM, SIG_DFL);
            signal(SIGINT, SIG_IGN);
            if (stopping) /* noted before the last line but one */
                _exit(0);
            close(server_fd);
            serve(fd);
            _exit(0);
        }
        if (pid < 0)
            perror("echo_fork: fork");
        close(fd);
    }
    close(server_fd);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(NULL) > 0)
        ;
    return 0;
}
