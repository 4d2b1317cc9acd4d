/* A right program of another style: a thread receives what comes; main() sends, and waits
   for it with pthread_cond_timedwait() on the monotonic clock. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came;
static int fd, done;
static uint32_t answer;

static _Noreturn void fail(const char *call, const char *why)
{
    fprintf(stderr, "asym_client: %s: %s\n", call, why);
    _exit(1);
}

static void *receive(void *unused)
{
    char bytes[16];
    ssize_t length;
    (void)unused;
    do {
        length = recv(fd, bytes, sizeof bytes, 0);
        if (length == -1)
            fail("recv", strerror(errno));
    } while (length != sizeof answer);
    pthread_mutex_lock(&lock);
    memcpy(&answer, bytes, sizeof answer);
    done = 1;
    pthread_cond_signal(&came);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv)
{
    size_t digits = argc == 4 ? strspn(argv[2], "0123456789") : 0;
    if (digits == 0 || digits > 5 || argv[2][digits] != '\0' || atoi(argv[2]) > 65535) {
        fputs("usage: asym_client HOST PORT MESSAGE\n", stderr);
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    int error = getaddrinfo(argv[1], argv[2], &hints, &found);
    if (error != 0)
        fail("getaddrinfo", gai_strerror(error));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1)
        fail("socket", strerror(errno));
    if (connect(fd, found->ai_addr, found->ai_addrlen) == -1)
        fail("connect", strerror(errno));
    freeaddrinfo(found);

    pthread_condattr_t clock;
    pthread_t thread;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&came, &clock);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 3 && !done; i++) {
        struct timespec until;
        if (send(fd, argv[3], strlen(argv[3]), 0) == -1)
            fail("send", strerror(errno));
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += 500000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (i == 0 && (errno = pthread_create(&thread, NULL, receive, NULL)) != 0)
            fail("pthread_create", strerror(errno));
        while (!done && pthread_cond_timedwait(&came, &lock, &until) == 0)
            ;
    }
    if (!done) {
        fputs("asym_client: no answer\n", stderr);
        _exit(1); /* the other thread still waits */
    }
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    if (printf("%u\n", (unsigned)ntohl(answer)) < 0 || fflush(stdout) == EOF)
        fail("printf", strerror(errno));
    return 0;
}
