/* haste: preloaded into a program under test (LD_PRELOAD), makes its time run HASTE times
   as fast as it does: what it means to wait for a minute is over in a moment, and its
   clocks agree. So a check need not wait to see whether a program has a limit of time. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS = 1000000000, US = 1000000 };

static const struct timespec NO_TIME;
static const struct timeval NO_TIME_US;

/* The C library's own function of that name. */
static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static long haste(void)
{
    const char *text = getenv("HASTE");
    long times = text == NULL ? 1 : strtol(text, NULL, 10);
    return times < 1 ? 1 : times;
}

/* ---- What it waits for: divided, but never to nothing, which may mean for ever ---- */

static long long divided(long long time)
{
    return time <= 0 || time >= haste() ? time / haste() : 1;
}

static struct timespec sooner(struct timespec time)
{
    long long ns = divided((long long)time.tv_sec * NS + time.tv_nsec);
    return (struct timespec){ns / NS, ns % NS};
}

static struct timeval sooner_us(struct timeval time)
{
    long long us = divided((long long)time.tv_sec * US + time.tv_usec);
    return (struct timeval){us / US, us % US};
}

static int sooner_ms(int ms)
{
    return ms < 0 ? ms : (int)divided(ms);
}

int poll(struct pollfd *fds, nfds_t count, int ms)
{
    int (*next)(struct pollfd *, nfds_t, int) = real("poll");
    return next(fds, count, sooner_ms(ms));
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
          const sigset_t *mask)
{
    int (*next)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *) =
        real("ppoll");
    struct timespec less = sooner(time == NULL ? NO_TIME : *time);
    return next(fds, count, time == NULL ? NULL : &less, mask);
}

int select(int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *time)
{
    int (*next)(int, fd_set *, fd_set *, fd_set *, struct timeval *) = real("select");
    struct timeval less = sooner_us(time == NULL ? NO_TIME_US : *time);
    return next(count, in, out, other, time == NULL ? NULL : &less);
}

int pselect(int count, fd_set *in, fd_set *out, fd_set *other,
            const struct timespec *time, const sigset_t *mask)
{
    int (*next)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
                const sigset_t *) = real("pselect");
    struct timespec less = sooner(time == NULL ? NO_TIME : *time);
    return next(count, in, out, other, time == NULL ? NULL : &less, mask);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int ms)
{
    int (*next)(int, struct epoll_event *, int, int) = real("epoll_wait");
    return next(fd, events, count, sooner_ms(ms));
}

int epoll_pwait(int fd, struct epoll_event *events, int count, int ms,
                const sigset_t *mask)
{
    int (*next)(int, struct epoll_event *, int, int, const sigset_t *) =
        real("epoll_pwait");
    return next(fd, events, count, sooner_ms(ms), mask);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    int (*next)(int, int, int, const void *, socklen_t) = real("setsockopt");
    struct timeval less;
    if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO) &&
        length == sizeof less) {
        less = sooner_us(*(const struct timeval *)value);
        return next(fd, level, name, &less, sizeof less);
    }
    return next(fd, level, name, value, length);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    int (*next)(const struct timespec *, struct timespec *) = real("nanosleep");
    struct timespec less = sooner(*time);
    return next(&less, left);
}

unsigned int sleep(unsigned int seconds)
{
    struct timespec whole = {seconds, 0};
    return nanosleep(&whole, NULL) == -1 ? 1 : 0;
}

int usleep(useconds_t us)
{
    struct timespec whole = {us / US, 1000L * (us % US)};
    return nanosleep(&whole, NULL);
}

/* ---- Timers: divided ---- */

int setitimer(__itimer_which_t which, const struct itimerval *value,
              struct itimerval *old)
{
    int (*next)(__itimer_which_t, const struct itimerval *, struct itimerval *) =
        real("setitimer");
    struct itimerval less = {sooner_us(value->it_interval), sooner_us(value->it_value)};
    return next(which, &less, old);
}

unsigned int alarm(unsigned int seconds)
{
    struct itimerval whole = {.it_value = {seconds, 0}}, old = {.it_value = {0}};
    setitimer(ITIMER_REAL, &whole, &old);
    return (unsigned int)(old.it_value.tv_sec * haste() +
                          (old.it_value.tv_usec * haste() + US - 1) / US);
}

/* Only what is relative: what is absolute is seldom meant as a limit. */
int timer_settime(timer_t timer, int flags, const struct itimerspec *value,
                  struct itimerspec *old)
{
    int (*next)(timer_t, int, const struct itimerspec *, struct itimerspec *) =
        real("timer_settime");
    struct itimerspec less = {sooner(value->it_interval), sooner(value->it_value)};
    return next(timer, flags, flags & TIMER_ABSTIME ? value : &less, old);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value,
                    struct itimerspec *old)
{
    int (*next)(int, int, const struct itimerspec *, struct itimerspec *) =
        real("timerfd_settime");
    struct itimerspec less = {sooner(value->it_interval), sooner(value->it_value)};
    return next(fd, flags, flags & TFD_TIMER_ABSTIME ? value : &less, old);
}

/* ---- Clocks: multiplied, from the first look at them on ---- */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    enum { CLOCKS = 16 };
    static struct timespec first[CLOCKS];
    int (*next)(clockid_t, struct timespec *) = real("clock_gettime");
    int result = next(clock, time);
    if (result == -1 || clock < 0 || clock >= CLOCKS)
        return result;
    if (first[clock].tv_sec == 0)
        first[clock] = *time;
    long long ns = (long long)(time->tv_sec - first[clock].tv_sec) * NS +
                   (time->tv_nsec - first[clock].tv_nsec);
    ns = ns * haste() + first[clock].tv_nsec;
    *time = (struct timespec){first[clock].tv_sec + ns / NS, ns % NS};
    return 0;
}

time_t time(time_t *seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds != NULL)
        *seconds = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}
