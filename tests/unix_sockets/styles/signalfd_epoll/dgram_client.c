/* A right program of another style: epoll with a timerfd and a signalfd, an unconnected
   socket that looks at the sender of what it receives. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[] = "/tmp/lab.XXXXXX", path[64];

static void clean(void)
{
    unlink(path);
    rmdir(directory);
}

static void fail(const char *call, const char *where)
{
    fprintf(stderr, "dgram_client: %s: %s: %s\n", call, where, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX}, own = {.sun_family = AF_UNIX};
    if (argc != 3 || argv[1][0] == '\0' || strlen(argv[1]) > 107) {
        fputs("usage: dgram_client PATH MESSAGE\n", stderr);
        return 2;
    }
    strcpy(to.sun_path, argv[1]);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd == -1)
        fail("socket", argv[1]);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &set, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    if (mkdtemp(directory) == NULL)
        fail("mkdtemp", directory);
    atexit(clean);
    sprintf(path, "%s/me", directory);
    strcpy(own.sun_path, path);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        fail("bind", path);

    for (int tries = 0; tries < 3; tries++) {
        if (sendto(fd, argv[2], strlen(argv[2]), 0, (struct sockaddr *)&to, sizeof to) ==
                -1 &&
            errno != EAGAIN)
            fail("sendto", argv[1]);
        struct itimerspec half = {.it_value.tv_nsec = 500000000};
        timerfd_settime(timer, 0, &half, NULL);
        struct pollfd fds[] = {{signals, POLLIN, 0}, {timer, POLLIN, 0}, {fd, POLLIN, 0}};
        while (poll(fds, 3, -1) > 0) {
            if (fds[0].revents)
                return 2;
            if (fds[1].revents)
                break;
            struct sockaddr_un from = {0};
            socklen_t length = sizeof from;
            uint32_t answer;
            ssize_t n = recvfrom(fd, &answer, sizeof answer, MSG_TRUNC,
                                 (struct sockaddr *)&from, &length);
            if (n == 4 && strcmp(from.sun_path, to.sun_path) == 0) {
                printf("%u\n", ntohl(answer));
                if (fflush(stdout) == EOF)
                    fail("fflush", "stdout");
                return 0;
            }
        }
    }
    fputs("dgram_client: no answer\n", stderr);
    return 1;
}
