#define _GNU_SOURCE
#include "work.h"

#include <fcntl.h>

void (*at_end)(void);
static struct sockaddr_un place;
static struct statx made;
static sigset_t both;
static int last_status;

void trouble(const char *call)
{
    flockfile(stderr);
    fprintf(stderr, "%s: %s: %s\n", self, call, strerror(errno));
    funlockfile(stderr);
}

void name_it(struct sockaddr_un *un, const char *path, const char *usage)
{
    if (path == NULL || *path == '\0' ||
        memccpy(un->sun_path, path, '\0', sizeof un->sun_path) == NULL) {
        fprintf(stderr, "usage: %s %s\n", self, usage);
        exit(2);
    }
    un->sun_family = AF_UNIX;
}

static void *leave(void *none)
{
    pthread_exit(none);
}

/* pthread_exit() loads a library at its first call, and needs a descriptor for that: now
   there is one. */
static void exit_once(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, leave, NULL) == 0)
        pthread_join(thread, NULL);
}

static void *wait_for_signals(void *none)
{
    while (sigwaitinfo(&both, NULL) == -1)
        ;
    at_end();
    _exit(last_status);
    return none;
}

/* Before the first thread: all of them have the signals blocked. */
void be_done_on_signals(int status)
{
    pthread_t thread;
    exit_once();
    last_status = status;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGPIPE); /* stays pending: the call fails */
    pthread_sigmask(SIG_BLOCK, &both, NULL);
    sigdelset(&both, SIGPIPE);
    errno = pthread_create(&thread, NULL, wait_for_signals, NULL);
    if (errno != 0)
        exit((trouble("pthread_create"), 1));
    pthread_detach(thread);
}

void start_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, work, argument);
    if (errno != 0)
        exit((trouble("pthread_create"), 1));
    pthread_detach(thread);
    pthread_exit(NULL);
}

static int look(struct statx *file)
{
    return statx(AT_FDCWD, place.sun_path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_TYPE,
                 file);
}

static void remove_it(void)
{
    struct statx file;
    if (made.stx_ino != 0 && look(&file) == 0 && file.stx_ino == made.stx_ino &&
        file.stx_dev_minor == made.stx_dev_minor &&
        file.stx_dev_major == made.stx_dev_major)
        unlink(place.sun_path);
}

static int dead(void)
{
    struct statx file;
    if (look(&file) == -1 || (file.stx_mode & S_IFMT) != S_IFSOCK)
        return 0;
    int asks = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (asks == -1)
        return 0;
    int refused = connect(asks, (struct sockaddr *)&place, sizeof place) == -1 &&
                  errno == ECONNREFUSED;
    close(asks);
    return refused;
}

int listening(const char *path, int type)
{
    name_it(&place, path, "PATH");
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd == -1)
        exit((trouble("socket"), 1));
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    umask(0177);
    int bound = bind(fd, (struct sockaddr *)&place, sizeof place);
    if (bound == -1 && errno == EADDRINUSE) {
        if (dead() && unlink(place.sun_path) == 0)
            bound = bind(fd, (struct sockaddr *)&place, sizeof place);
        else
            errno = EADDRINUSE;
    }
    if (bound == -1)
        exit((trouble("bind"), 1));
    look(&made);
    at_end = remove_it;
    atexit(remove_it);
    be_done_on_signals(0);
    if (type == SOCK_STREAM && listen(fd, SOMAXCONN) == -1)
        exit((trouble("listen"), 1));
    char line[256];
    int length = snprintf(line, sizeof line, "listening on %s\n", path);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        exit((trouble("write"), 1));
    return fd;
}
