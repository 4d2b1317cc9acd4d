/* What both servers of this style do first: Linux all through. */
#ifndef SERVER_H
#define SERVER_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct stat own;

static int fail(const char *call)
{
    fprintf(stderr, NAME ": %s: %s\n", call, strerror(errno));
    return 1;
}

static int take_path(int fd, const struct sockaddr_un *a, socklen_t length)
{
    umask(0177);
    if (bind(fd, (const struct sockaddr *)a, length) == 0)
        return lstat(a->sun_path, &own);
    if (errno != EADDRINUSE)
        return -1;
    struct stat st;
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int dead = lstat(a->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
               connect(probe, (const struct sockaddr *)a, length) == -1 &&
               errno == ECONNREFUSED;
    close(probe);
    errno = EADDRINUSE;
    if (!dead || unlink(a->sun_path) == -1 ||
        bind(fd, (const struct sockaddr *)a, length) == -1)
        return -1;
    return lstat(a->sun_path, &own);
}

static int make_address(struct sockaddr_un *a, int argc, char **argv, socklen_t *length)
{
    size_t n = argc == 2 ? strlen(argv[1]) : 0;
    if (n < 1 || n > sizeof a->sun_path - 1) {
        fprintf(stderr, "usage: " NAME " PATH\n");
        return -1;
    }
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(a->sun_path, argv[1], n);
    /* no more than the path and its NUL */
    *length = (socklen_t)(sizeof a->sun_family + n + 1);
    return 0;
}

static int make_epoll(int *signals)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    *signals = signalfd(-1, &set, SFD_CLOEXEC);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = *signals};
    epoll_ctl(ep, EPOLL_CTL_ADD, *signals, &event);
    return ep;
}

static int say_where(const char *path)
{
    if (printf("listening on %s\n", path) >= 0 && fflush(stdout) == 0)
        return 0;
    fail("printf");
    unlink(path);
    return -1;
}

static void watch(int ep, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event) == -1)
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static void leave(const char *path)
{
    struct stat now;
    if (lstat(path, &now) == 0 && now.st_dev == own.st_dev && now.st_ino == own.st_ino)
        unlink(path);
    exit(0);
}

/* The descriptor that is ready; ends the program on a signal. */
static int ready(int ep, int signals, const char *path)
{
    struct epoll_event events[4];
    for (;;) {
        int n = epoll_wait(ep, events, 4, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == signals)
                leave(path);
        if (n > 0)
            return events[0].data.fd;
    }
}

#endif
