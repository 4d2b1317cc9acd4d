/* A right program of another style: all in a header; signals come only in pselect(),
   which looks at the flag and waits in one step. No call blocks elsewhere. */
#ifndef UNIX_H
#define UNIX_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t over;
static sigset_t open_mask; /* in pselect() */

static void note(int number)
{
    over = number;
}

static int err(const char *format, ...)
{
    int number = errno;
    va_list list;
    va_start(list, format);
    fputs(ME ": ", stderr);
    vfprintf(stderr, format, list);
    fprintf(stderr, ": %s\n", strerror(number));
    va_end(list);
    return 1;
}

static int fill(struct sockaddr_un *un, const char *path)
{
    if (path == NULL || !path[0] || strlen(path) > 107)
        return -1;
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    strcat(un->sun_path, path);
    return 0;
}

static inline void signals_only_in_pselect(void)
{
    struct sigaction sa = {.sa_handler = note};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &open_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
}

/* Waits until fd is ready, or for ms (-1: for ever). 1 ready, 0 time over, -1 a
   signal. */
static inline int await(int fd, int writing, long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    fd_set set;
    for (;;) {
        FD_ZERO(&set);
        if (fd >= 0)
            FD_SET(fd, &set);
        int n = pselect(fd + 1, writing ? NULL : &set, writing ? &set : NULL, NULL,
                        ms < 0 ? NULL : &time, &open_mask);
        if (over)
            return -1;
        if (n >= 0)
            return n;
    }
}

/* Like bind(), with the mode 0600, in the place of what is dead. */
static inline int bind_here(int fd, const struct sockaddr_un *un, struct stat *st)
{
    const struct sockaddr *sa = (const struct sockaddr *)un;
    mode_t mask = umask(0777 & ~0600);
    int result = bind(fd, sa, sizeof *un), saved = errno;
    if (result == -1 && saved == EADDRINUSE) {
        int type = SOCK_DGRAM, probe = socket(AF_UNIX, type, 0);
        if (probe != -1 && lstat(un->sun_path, st) == 0 &&
            (st->st_mode & S_IFMT) == S_IFSOCK && connect(probe, sa, sizeof *un) == -1 &&
            errno == ECONNREFUSED && remove(un->sun_path) == 0)
            result = bind(fd, sa, sizeof *un);
        close(probe);
    }
    umask(mask);
    if (result == 0)
        result = lstat(un->sun_path, st);
    else
        errno = saved;
    return result;
}

static inline int give_up(const struct sockaddr_un *un, const struct stat *st, int status)
{
    struct stat now;
    if (!lstat(un->sun_path, &now) && now.st_ino == st->st_ino &&
        now.st_dev == st->st_dev)
        unlink(un->sun_path);
    return status;
}

#endif
