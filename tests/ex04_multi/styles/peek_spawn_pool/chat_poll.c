/* Nothing is kept of a line that is not whole: it stays in the kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

enum { MOST = 100, OWN = 2 };

static struct pollfd fds[OWN + MOST];
static unsigned long ids[MOST], last;
static size_t seen[MOST];

static void drop(int i)
{
    close(fds[OWN + i].fd);
    fds[OWN + i].fd = -1;
}

static void tell_others(int from, const char *line, size_t length)
{
    char text[LINE_MOST + 32];
    int head = snprintf(text, sizeof text, "#%lu ", ids[from]);
    memcpy(text + head, line, length);
    for (int i = 0; i < MOST; i++)
        if (i != from && fds[OWN + i].fd != -1 &&
            send_whole(fds[OWN + i].fd, text, (size_t)head + length, MSG_DONTWAIT) == -1)
            drop(i);
}

/* One line a turn: what is left is there at the next poll(). */
static void hear(int i)
{
    char line[LINE_MOST];
    long length = look(fds[OWN + i].fd, line, &seen[i]);
    if (length > 0) {
        seen[i] = 0;
        length = take(fds[OWN + i].fd, line, length);
        if (length > 0)
            tell_others(i, line, (size_t)length);
    }
    if (length == -2)
        send_whole(fds[OWN + i].fd, "line too long\n", 14, MSG_DONTWAIT);
    if (length < 0)
        drop(i);
}

static void admit(int fd)
{
    for (int i = 0; i < MOST; i++)
        if (fds[OWN + i].fd == -1) {
            fds[OWN + i] = (struct pollfd){fd, POLLIN, 0};
            ids[i] = ++last;
            seen[i] = 0;
            return;
        }
    send_whole(fd, "server full\n", 12, MSG_DONTWAIT);
    close(fd);
}

int main(int argc, char **argv)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    for (int i = 0; i < MOST; i++)
        fds[OWN + i].fd = -1;
    fds[0] = (struct pollfd){signalfd(-1, &ours, SFD_CLOEXEC), POLLIN, 0};
    fds[1] = (struct pollfd){listen_or_exit("chat_poll", argc, argv), POLLIN, 0};
    for (;;) {
        int ready = poll(fds, OWN + MOST, fds[1].events == 0 ? PAUSE_MS : -1);
        if (ready == -1)
            continue;
        if (fds[0].revents != 0)
            break;
        for (int i = 0; i < MOST; i++)
            if (fds[OWN + i].fd != -1 && fds[OWN + i].revents != 0)
                hear(i);
        fds[1].events = POLLIN;
        if (fds[1].revents == 0)
            continue;
        int fd = accept4(fds[1].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            admit(fd);
        else if (errno != EAGAIN && errno != EINTR)
            fds[1].events = 0;
    }
    for (int i = 0; i < MOST; i++)
        if (fds[OWN + i].fd != -1)
            drop(i);
    close(fds[1].fd);
    return 0;
}
