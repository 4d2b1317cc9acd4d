/* faults: preloaded into a program under test (LD_PRELOAD), makes what may happen now and
   then happen each time, as the environment asks:

   LATE_THREADS=200            a new thread begins 200 ms after pthread_create() returns
   FAIL_ACCEPT=EINTR,EMFILE    the first accept() fails with EINTR, the second with EMFILE;
                               known are EINTR, ECONNABORTED, EMFILE and ENFILE */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The C library's own function of that name. */
static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

struct late {
    void *(*begin)(void *);
    void *argument;
};

static void *begin_late(void *argument)
{
    struct late late = *(struct late *)argument;
    long ms = strtol(getenv("LATE_THREADS"), NULL, 10);
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
    } known[] = {{"EINTR", EINTR},
                 {"ECONNABORTED", ECONNABORTED},
                 {"EMFILE", EMFILE},
                 {"ENFILE", ENFILE}};
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
    return 0;
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    int (*next)(int, struct sockaddr *, socklen_t *) = real("accept");
    int error = next_error();
    if (error == 0)
        return next(fd, address, length);
    errno = error;
    return -1;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int (*next)(int, struct sockaddr *, socklen_t *, int) = real("accept4");
    int error = next_error();
    if (error == 0)
        return next(fd, address, length, flags);
    errno = error;
    return -1;
}
