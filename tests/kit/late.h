/* late.h: makes a program late, as on a busy machine. When it has just been started, a
   moment passes before and after each call that others can see, longer or shorter at
   random. */

#ifndef LATE_H
#define LATE_H

/* The macros below use an extension of gcc and clang, and no program uses all of them: a
   system header is not warned of. */
#pragma GCC system_header

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LATE_MS 100        /* from its first call on */
#define MOMENT_NS 10000000 /* at most, 10 ms */

static inline void pass_a_moment(void)
{
    static _Atomic long end_ms;
    struct timespec now;
    int saved = errno;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long now_ms = (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (end_ms == 0)
        end_ms = now_ms + LATE_MS;
    if (now_ms < end_ms)
        nanosleep(&(struct timespec){.tv_nsec = now.tv_nsec % MOMENT_NS}, NULL);
    errno = saved;
}

#define LATE(call)                                                                       \
    __extension__({                                                                      \
        pass_a_moment();                                                                 \
        __typeof__(call) result_ = (call);                                               \
        pass_a_moment();                                                                 \
        result_;                                                                         \
    })

#define accept(...) LATE(accept(__VA_ARGS__))
#define bind(...) LATE(bind(__VA_ARGS__))
#define close(...) LATE(close(__VA_ARGS__))
#define connect(...) LATE(connect(__VA_ARGS__))
#define fflush(...) LATE(fflush(__VA_ARGS__))
#define fork(...) LATE(fork(__VA_ARGS__))
#define fwrite(...) LATE(fwrite(__VA_ARGS__))
#define listen(...) LATE(listen(__VA_ARGS__))
#define poll(...) LATE(poll(__VA_ARGS__))
#define printf(...) LATE(printf(__VA_ARGS__))
#define pthread_create(...) LATE(pthread_create(__VA_ARGS__))
#define read(...) LATE(read(__VA_ARGS__))
#define recv(...) LATE(recv(__VA_ARGS__))
#define recvfrom(...) LATE(recvfrom(__VA_ARGS__))
#define send(...) LATE(send(__VA_ARGS__))
#define sendto(...) LATE(sendto(__VA_ARGS__))
#define shutdown(...) LATE(shutdown(__VA_ARGS__))
#define socket(...) LATE(socket(__VA_ARGS__))
#define waitpid(...) LATE(waitpid(__VA_ARGS__))
#define write(...) LATE(write(__VA_ARGS__))

#endif
