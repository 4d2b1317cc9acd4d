/* A right program of another style: SO_RCVTIMEO set anew for what is left of the wait,
   and a thread that waits for the signals. */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/dgc-XXXXXX", sock[sizeof dir + 2];
static sigset_t both;

static void cleanup(void)
{
    unlink(sock);
    rmdir(dir);
}

static void *wait_for_signal(void *arg)
{
    int sig;
    sigwait(&both, &sig);
    cleanup();
    signal(sig, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &both, NULL);
    raise(sig);
    return arg;
}

static long ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int quit(const char *call, const char *path)
{
    fprintf(stderr, "dgram_client: %s %s: %s\n", call, path, strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct sockaddr_un un = {AF_LOCAL, ""}, me = {AF_LOCAL, ""};
    pthread_t thread;
    if (argc != 3 || !*argv[1] || strlen(argv[1]) > sizeof un.sun_path - 1) {
        fprintf(stderr, "usage: dgram_client PATH MESSAGE\n");
        exit(2);
    }
    strcpy(un.sun_path, argv[1]);
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    pthread_sigmask(SIG_BLOCK, &both, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(dir) == NULL)
        return quit("mkdtemp", dir);
    atexit(cleanup);
    int s = socket(PF_LOCAL, SOCK_DGRAM, 0);
    if (s < 0)
        return quit("socket", "");
    sprintf(sock, "%s/s", dir);
    strcpy(me.sun_path, sock);
    if (bind(s, (struct sockaddr *)&me, (socklen_t)SUN_LEN(&me)) < 0)
        return quit("bind", sock);
    pthread_create(&thread, NULL, wait_for_signal, NULL);
    if (connect(s, (struct sockaddr *)&un, (socklen_t)SUN_LEN(&un)) < 0)
        return quit("connect", argv[1]);
    for (int i = 0; i < 3; i++) {
        long end = ms() + 500, left;
        if (send(s, argv[2], strlen(argv[2]), MSG_DONTWAIT) < 0 && errno != EAGAIN)
            return quit("send", argv[1]);
        while ((left = end - ms()) > 0) {
            char b[8];
            uint32_t n;
            struct timeval tv = {left / 1000, left % 1000 * 1000};
            setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
            if (recv(s, b, sizeof b, 0) == sizeof n) {
                memcpy(&n, b, sizeof n);
                printf("%lu\n", (unsigned long)ntohl(n));
                if (fflush(stdout))
                    return quit("write", "stdout");
                return EXIT_SUCCESS;
            }
        }
    }
    fprintf(stderr, "dgram_client: no answer\n");
    return EXIT_FAILURE;
}
