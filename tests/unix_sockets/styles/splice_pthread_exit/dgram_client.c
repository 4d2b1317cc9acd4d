/* One thread waits for the answer, one for the signals, and main() has left. */
#define _GNU_SOURCE
#include "work.h"

#include <arpa/inet.h>
#include <poll.h>
#include <time.h>

const char *const self = "dgram_client";

static struct sockaddr_un own, to;
static char directory[] = "/tmp/client.of.a.thread.XXXXXX";
static const char *message;

static void away(void)
{
    unlink(own.sun_path);
    rmdir(directory);
}

static _Noreturn void stop(const char *call)
{
    if (call != NULL)
        trouble(call);
    away();
    _exit(call == NULL ? 0 : 1);
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Nothing more is printed than the number; what is not sent by `to` is dropped. */
static void *ask(void *argument)
{
    int fd = *(int *)argument;
    for (int i = 0; i < 3; i++) {
        long begun = milliseconds(), passed;
        if (sendto(fd, message, strlen(message), MSG_DONTWAIT, (struct sockaddr *)&to,
                   sizeof to) == -1 &&
            errno != EAGAIN)
            stop("sendto");
        while ((passed = milliseconds() - begun) < 500) {
            struct pollfd ready = {.fd = fd, .events = POLLIN};
            struct sockaddr_un from = {0};
            socklen_t room = sizeof from;
            char bytes[5], text[16];
            if (poll(&ready, 1, (int)(500 - passed)) <= 0)
                continue;
            ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT,
                                 (struct sockaddr *)&from, &room);
            if (n != 4 || strcmp(from.sun_path, to.sun_path) != 0)
                continue;
            uint32_t number;
            memcpy(&number, bytes, sizeof number);
            n = snprintf(text, sizeof text, "%lu\n", (unsigned long)ntohl(number));
            stop(write(STDOUT_FILENO, text, (size_t)n) == n ? NULL : "write");
        }
    }
    fprintf(stderr, "%s: no answer\n", self);
    away();
    _exit(1);
    return argument;
}

int main(int argc, char **argv)
{
    static int fd;
    name_it(&to, argc == 3 ? argv[1] : NULL, "PATH MESSAGE");
    message = argv[2];
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    int probe = fd == -1 ? -1 : dup(fd);
    if (probe == -1)
        return trouble(fd == -1 ? "socket" : "dup"), 1;
    if (connect(probe, (struct sockaddr *)&to, sizeof to) == -1 ||
        connect(probe, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(sa_family_t)) ==
            -1) {
        char call[sizeof to.sun_path + 16];
        snprintf(call, sizeof call, "%s: connect", to.sun_path);
        return trouble(call), 1;
    }
    close(probe);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    if (mkdtemp(directory) == NULL)
        return trouble("mkdtemp"), 1;
    at_end = away;
    snprintf(own.sun_path, sizeof own.sun_path, "%s/me", directory);
    own.sun_family = AF_UNIX;
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1) {
        trouble("bind");
        away();
        return 1;
    }
    be_done_on_signals(1);
    start_thread(ask, &fd);
}
