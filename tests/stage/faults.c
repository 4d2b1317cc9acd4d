/* faults: preloaded into a program under test (LD_PRELOAD), makes what may happen now and
   then happen each time, as the environment asks:

   LATE_THREADS=200            a new thread begins 200 ms after pthread_create() returns
   FAIL_ACCEPT=EINTR,EMFILE    the first accept() fails with EINTR, the next with EMFILE;
                               the errors of accept(2) are known
   FAIL_FORK=1                 the first fork(), posix_spawn() or pthread_create() after a
                               client was accepted fails with EAGAIN; and kill(-1, ...),
                               which would reach every process of this user, only says so
   EPIPE_AT=TEXT               the first send of bytes that hold TEXT fails as if that
                               client had left: EPIPE, and SIGPIPE where that is not
                               switched off (MSG_NOSIGNAL) */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The C library's own function of that name. */
static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static int accepted; /* clients, so far */

/* Whether the fork() or pthread_create() that calls it has to fail: one has. */
static bool no_process_left(void)
{
    static int failed;
    return getenv("FAIL_FORK") != NULL && accepted > 0 &&
           __atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST) == 0;
}

pid_t fork(void)
{
    pid_t (*next)(void) = real("fork");
    if (!no_process_left())
        return next();
    errno = EAGAIN;
    return -1;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[],
                char *const environment[])
{
    int (*next)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                const posix_spawnattr_t *, char *const[], char *const[]) =
        real("posix_spawn");
    if (no_process_left())
        return EAGAIN;
    return next(pid, path, actions, attributes, arguments, environment);
}

int kill(pid_t pid, int number)
{
    int (*next)(pid_t, int) = real("kill");
    if (pid != -1 || getenv("FAIL_FORK") == NULL)
        return next(pid, number);
    dprintf(STDERR_FILENO, "kill(-1, %d): every process of this user\n", number);
    return 0;
}

struct late {
    void *(*begin)(void *);
    void *argument;
};

static void *begin_late(void *argument)
{
    struct late late = *(struct late *)argument;
    const char *text = getenv("LATE_THREADS");
    long ms = text == NULL ? 0 : strtol(text, NULL, 10);
    struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    free(argument);
    while (nanosleep(&nap, &nap) == -1 && errno == EINTR)
        ;
    return late.begin(late.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*begin)(void *), void *argument)
{
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        real("pthread_create");
    if (no_process_left())
        return EAGAIN;
    struct late *late =
        getenv("LATE_THREADS") == NULL ? NULL : malloc(sizeof(struct late));
    if (late == NULL)
        return next(thread, attributes, begin, argument);
    *late = (struct late){begin, argument};
    return next(thread, attributes, begin_late, late);
}

/* The error that the next accept() has to fail with; 0 when it need not. */
static int next_error(void)
{
    static const struct {
        const char *name;
        int error;
    } known[] = {{"EINTR", EINTR},     {"ECONNABORTED", ECONNABORTED},
                 {"EMFILE", EMFILE},   {"ENFILE", ENFILE},
                 {"ENOBUFS", ENOBUFS}, {"ENOMEM", ENOMEM},
                 {"EPROTO", EPROTO},   {"EPERM", EPERM}};
    static int calls; /* one thread accepts at a time; two would only share the list */
    const char *name = getenv("FAIL_ACCEPT");
    for (int i = 0; name != NULL && *name != '\0' && i < calls; i++) {
        name += strcspn(name, ",");
        name += *name == ',';
    }
    if (name == NULL || *name == '\0')
        return 0;
    calls++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcspn(name, ",") == strlen(known[i].name) &&
            strncmp(name, known[i].name, strlen(known[i].name)) == 0)
            return known[i].error;
    fprintf(stderr, "faults: FAIL_ACCEPT=%s: this error is not known\n", name);
    abort();
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    int (*next)(int, struct sockaddr *, socklen_t *) = real("accept");
    int error = next_error(), client = -1;
    if (error == 0)
        client = next(fd, address, length);
    else
        errno = error;
    accepted += client != -1;
    return client;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int (*next)(int, struct sockaddr *, socklen_t *, int) = real("accept4");
    int error = next_error(), client = -1;
    if (error == 0)
        client = next(fd, address, length, flags);
    else
        errno = error;
    accepted += client != -1;
    return client;
}

/* Whether these bytes, on their way to a client, are to meet a broken pipe. Then errno is
   set, and SIGPIPE raised where flags allow it. */
static bool breaks(int fd, const void *bytes, size_t length, int flags)
{
    static int broken; /* once is enough; atomically, as threads send at the same time */
    const char *text = getenv("EPIPE_AT");
    int type = 0;
    socklen_t size = sizeof type;
    if (text == NULL || memmem(bytes, length, text, strlen(text)) == NULL ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1 ||
        __atomic_exchange_n(&broken, 1, __ATOMIC_SEQ_CST) == 1)
        return false;
    if ((flags & MSG_NOSIGNAL) == 0)
        raise(SIGPIPE);
    errno = EPIPE;
    return true;
}

static bool one_breaks(int fd, const struct iovec *buffers, size_t count, int flags)
{
    for (size_t i = 0; i < count; i++)
        if (breaks(fd, buffers[i].iov_base, buffers[i].iov_len, flags))
            return true;
    return false;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t (*next)(int, const void *, size_t, int) = real("send");
    return breaks(fd, bytes, length, flags) ? -1 : next(fd, bytes, length, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags,
               const struct sockaddr *to, socklen_t to_length)
{
    ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        real("sendto");
    return breaks(fd, bytes, length, flags)
               ? -1
               : next(fd, bytes, length, flags, to, to_length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    ssize_t (*next)(int, const void *, size_t) = real("write");
    return breaks(fd, bytes, length, 0) ? -1 : next(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *buffers, int count)
{
    ssize_t (*next)(int, const struct iovec *, int) = real("writev");
    return one_breaks(fd, buffers, (size_t)(count > 0 ? count : 0), 0)
               ? -1
               : next(fd, buffers, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int) = real("sendmsg");
    return one_breaks(fd, message->msg_iov, message->msg_iovlen, flags)
               ? -1
               : next(fd, message, flags);
}
