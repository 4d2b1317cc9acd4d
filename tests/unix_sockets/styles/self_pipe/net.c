/* A right program of another style: a self-pipe and poll() before each call that could
   block, fchmod() on the socket before bind(), a stream socket that asks and never
   waits. */

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int wake[2];
static char bound[108];
static struct stat mine;

void usage(const char *words)
{
    fprintf(stderr, "usage: %s %s\n", program, words);
    exit(2);
}

void die(const char *call)
{
    fprintf(stderr, "%s: %s: %s\n", program, call, strerror(errno));
    exit(1);
}

struct sockaddr_un address_of(const char *path, const char *words)
{
    struct sockaddr_un a;
    memset(&a, 0, sizeof(a));
    a.sun_family = AF_UNIX;
    if (snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) >= (int)sizeof(a.sun_path) ||
        path[0] == 0)
        usage(words);
    return a;
}

static void on_signal(int s)
{
    int e = errno;
    (void)s;
    if (write(wake[1], "!", 1) < 0)
        errno = 0;
    errno = e;
}

void catch_signals(void)
{
    struct sigaction sa;
    if (pipe(wake) < 0)
        die("pipe");
    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_signal;
    sa.sa_flags = SA_RESTART;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, 0);
    sigaction(SIGTERM, &sa, 0);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, 0);
}

bool readable(int fd)
{
    struct pollfd p[2] = {{wake[0], POLLIN, 0}, {fd, POLLIN, 0}};
    for (;;) {
        int n = poll(p, 2, -1);
        if (n < 0 && errno != EINTR)
            die("poll");
        if (n > 0 && p[0].revents)
            return false;
        if (n > 0)
            return true;
    }
}

bool signalled(void)
{
    struct pollfd p = {wake[0], POLLIN, 0};
    return poll(&p, 1, 0) > 0;
}

static int alive(const struct sockaddr_un *a)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_UNIX, types[i], 0);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        int r = connect(fd, (const struct sockaddr *)a, sizeof(*a));
        int e = errno;
        close(fd);
        if (r == 0 || e == EAGAIN)
            return 1;
        if (e != ECONNREFUSED && e != EPROTOTYPE)
            return 1;
        if (e == ECONNREFUSED)
            return 0;
    }
    return 1;
}

int open_server(const char *path, int type)
{
    struct sockaddr_un a = address_of(path, "PATH");
    struct stat st;
    int fd = socket(AF_UNIX, type, 0);
    if (fd < 0)
        die("socket");
    catch_signals();
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode) || alive(&a)) {
            errno = EADDRINUSE;
            die("bind");
        }
        unlink(path);
    }
    if (fchmod(fd, 0600) < 0)
        die("fchmod");
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        die("bind");
    strcpy(bound, path);
    lstat(path, &mine);
    if (type == SOCK_STREAM && listen(fd, 5) < 0) {
        int e = errno;
        unlink(path);
        errno = e;
        die("listen");
    }
    if (printf("listening on %s\n", path) < 0 || fflush(stdout) != 0) {
        int e = errno;
        unlink(path);
        errno = e;
        die("stdout");
    }
    return fd;
}

void close_server(int fd)
{
    struct stat st;
    close(fd);
    if (lstat(bound, &st) == 0 && st.st_ino == mine.st_ino && st.st_dev == mine.st_dev)
        unlink(bound);
}
