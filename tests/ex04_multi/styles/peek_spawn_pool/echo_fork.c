/* A child is this program again, started by posix_spawn() with the client as its third
   descriptor; everything else closes itself on the way. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

enum { CLIENT = 3, MOST = 2000 };

extern char **environ;

static const char CHILD[] = "echo_fork-child";
static pid_t pids[MOST];

static int serve(void)
{
    char line[LINE_MOST];
    size_t seen = 0;
    long length;
    while ((length = look(CLIENT, line, &seen)) >= 0) {
        if (length == 0)
            continue;
        seen = 0;
        length = take(CLIENT, line, length);
        if (length == -1 || send_whole(CLIENT, line, (size_t)length, 0) == -1)
            return 0;
    }
    if (length == -2)
        send_whole(CLIENT, "line too long\n", 14, 0);
    return 0;
}

static void spawn(int client_fd, posix_spawnattr_t *attributes)
{
    char *arguments[] = {(char *)(size_t)CHILD, NULL};
    posix_spawn_file_actions_t actions;
    int place = 0;
    while (place < MOST - 1 && pids[place] != 0)
        place++;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, client_fd, CLIENT);
    errno = posix_spawn(&pids[place], "/proc/self/exe", &actions, attributes, arguments,
                        environ);
    if (errno != 0) {
        pids[place] = 0;
        say("echo_fork", "posix_spawn");
    }
    posix_spawn_file_actions_destroy(&actions);
}

static void reap(void)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        for (int i = 0; i < MOST; i++)
            pids[i] = pids[i] == pid ? 0 : pids[i];
}

int main(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], CHILD) == 0)
        return serve();
    sigset_t ours, none;
    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    struct pollfd fds[2] = {{signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK), POLLIN, 0},
                            {listen_or_exit("echo_fork", argc, argv), POLLIN, 0}};
    struct signalfd_siginfo come = {.ssi_signo = SIGCHLD};
    for (;;) {
        if (poll(fds, 2, -1) == -1)
            continue;
        if (fds[0].revents != 0 && read(fds[0].fd, &come, sizeof come) == sizeof come) {
            if (come.ssi_signo != SIGCHLD)
                break;
            reap();
        }
        int client_fd =
            fds[1].revents == 0 ? -1 : accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
        if (client_fd >= 0) {
            spawn(client_fd, &attributes);
            close(client_fd);
        } else if (fds[1].revents != 0 && errno != EAGAIN && errno != EINTR) {
            poll(fds, 1, PAUSE_MS);
        }
    }
    close(fds[1].fd);
    for (int i = 0; i < MOST; i++)
        if (pids[i] > 0)
            kill(pids[i], SIGTERM);
    while (wait(NULL) > 0)
        ;
    posix_spawnattr_destroy(&attributes);
    return 0;
}
