/* A right program of another style: the directory becomes the client's own, and its
   path is made absolute from there; ppoll() takes a timespec. */
#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

char const NAME[] = "dgram_client";

static char room[] = "/var/tmp/of-another-style.XXXXXX";
static struct sockaddr_un own;

static void tidy(void)
{
    unlink(own.sun_path);
    rmdir(room);
}

static void quit(int number)
{
    tidy();
    _exit(128 + number);
}

static struct timespec until(struct timespec end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long left = (end.tv_sec - now.tv_sec) * 1000000000LL + end.tv_nsec - now.tv_nsec;
    left = left < 0 ? 0 : left;
    return (struct timespec){left / 1000000000, left % 1000000000};
}

/* 1 an answer, 0 none, -1 an error that has been said. */
static int ask(int fd, char const *message, uint32_t *number)
{
    struct timespec end, left;
    if (send(fd, message, strlen(message), MSG_DONTWAIT) == -1 && errno != EAGAIN)
        return complain("send", message), -1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += 500000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    do {
        left = until(end);
        struct pollfd waits = {fd, POLLIN, 0};
        if (ppoll(&waits, 1, &left, NULL) != 1)
            continue;
        ssize_t length = recv(fd, number, sizeof *number, MSG_TRUNC);
        if (length == -1)
            return complain("recv", NULL), -1;
        if (length == sizeof *number)
            return 1;
    } while (left.tv_sec > 0 || left.tv_nsec > 0);
    return 0;
}

static bool has_place(int fd)
{
    static int const numbers[] = {SIGINT, SIGTERM};
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(room) == NULL)
        return complain("mkdtemp", room), false;
    atexit(tidy);
    own.sun_family = AF_UNIX;
    sprintf(own.sun_path, "%s/%d", room, (int)getpid());
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        return complain("bind", own.sun_path), false;
    for (int i = 0; i < 2; i++)
        sigaction(numbers[i], &(struct sigaction){.sa_handler = quit}, NULL);
    sigprocmask(SIG_UNBLOCK, &both, NULL);
    return true;
}

int main(int argc, char **argv)
{
    struct sockaddr_un to;
    uint32_t number;
    int answered = 0;
    if (argc != 3 || !address_of(argv[1], &to))
        return fprintf(stderr, "Usage: %s PATH MESSAGE\n", NAME), 2;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd == -1)
        return complain("socket", NULL);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
        return complain("connect", argv[1]);
    if (!has_place(fd))
        return 1;
    for (int i = 0; i < 3 && answered == 0; i++)
        answered = ask(fd, argv[2], &number);
    if (answered == 0)
        fprintf(stderr, "%s: no answer\n", NAME);
    if (answered != 1)
        return 1;
    if (printf("%lu\n", (unsigned long)ntohl(number)) < 0 || fflush(stdout) == EOF)
        return complain("printf", NULL);
    return 0;
}
