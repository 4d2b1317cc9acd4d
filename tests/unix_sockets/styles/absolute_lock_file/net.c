/* A right program of another style: a lock on PATH.lock keeps two servers that
   start in the same moment apart, and the path becomes absolute, so that the
   server can leave its directory, as daemons do. The lock file stays: to remove it
   would open the race again. */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sockaddr_un here;
static struct stat mine;

int complain(char const *call, char const *about)
{
    int error = errno;
    fprintf(stderr, "%s: ", NAME);
    if (about != NULL)
        fprintf(stderr, "%s: ", about);
    fprintf(stderr, "%s: %s\n", call, strerror(error));
    return 1;
}

bool address_of(char const *path, struct sockaddr_un *address)
{
    size_t length = strnlen(path, sizeof address->sun_path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length == 0 || length == sizeof address->sun_path)
        return false;
    memcpy(address->sun_path, path, length);
    return true;
}

/* Where it fits, the absolute path; then the server moves to the root. */
static void make_absolute(void)
{
    char directory[sizeof here.sun_path], all[2 * sizeof here.sun_path];
    if (here.sun_path[0] == '/' || getcwd(directory, sizeof directory) == NULL)
        return;
    int length = snprintf(all, sizeof all, "%s/%s", directory, here.sun_path);
    if (length >= (int)sizeof here.sun_path)
        return;
    strcpy(here.sun_path, all);
    if (chdir("/") == -1)
        complain("chdir", "/");
}

static void leave(void)
{
    struct stat now;
    if (lstat(here.sun_path, &now) == 0 && now.st_ino == mine.st_ino &&
        now.st_dev == mine.st_dev)
        unlink(here.sun_path);
}

static void on_signal(int number)
{
    leave();
    _exit(number == SIGPIPE ? 1 : 0);
}

/* Holds the lock for as long as it lives; nobody waits for it. */
static bool is_alone(char const *path)
{
    char name[sizeof here.sun_path + sizeof ".lock"];
    snprintf(name, sizeof name, "%s.lock", path);
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock == -1)
        return false;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    errno = EADDRINUSE;
    return false;
}

static bool is_dead(void)
{
    struct stat file;
    int asker = socket(AF_UNIX, SOCK_DGRAM, 0);
    bool dead = asker != -1 && lstat(here.sun_path, &file) == 0 &&
                S_ISSOCK(file.st_mode) &&
                connect(asker, (struct sockaddr *)&here, sizeof here) == -1 &&
                errno == ECONNREFUSED;
    if (asker != -1)
        close(asker);
    return dead;
}

static int bound(int type)
{
    int fd = socket(AF_UNIX, type, 0);
    if (fd == -1 || fchmod(fd, 0600) == -1)
        return complain("socket", NULL), -1;
    umask(0177);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) == 0)
        return fd;
    int error = errno;
    if (error == EADDRINUSE && is_dead() && unlink(here.sun_path) == 0 &&
        bind(fd, (struct sockaddr *)&here, sizeof here) == 0)
        return fd;
    errno = error;
    return complain("bind", NULL), -1;
}

int serve_at(char const *path, int type)
{
    static int const numbers[] = {SIGINT, SIGTERM, SIGPIPE};
    sigset_t all, before;
    if (!address_of(path, &here))
        return fprintf(stderr, "usage: %s PATH\n", NAME), -2;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    make_absolute();
    /* The question comes first: a path that is another's gets no lock file beside it. */
    if (access(here.sun_path, F_OK) == 0 && !is_dead())
        return errno = EADDRINUSE, complain("bind", NULL), -1;
    if (!is_alone(here.sun_path))
        return complain("bind", NULL), -1;
    int fd = bound(type);
    if (fd == -1)
        return -1;
    lstat(here.sun_path, &mine);
    atexit(leave);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (type == SOCK_STREAM && listen(fd, 64) == -1)
        return complain("listen", NULL), -1;
    if (printf("%s %d, of another style\nlistening on %s\n", NAME, (int)getpid(), path) <
            0 ||
        fflush(stdout) != 0)
        return complain("printf", NULL), -1;
    return fd;
}
