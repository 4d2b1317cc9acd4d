/* A right program of another style: one thread receives, one waits for the signals, and
   main() leaves by pthread_exit(): the process goes on with the others (pthread_exit(3)).
   */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;
static sigset_t ends;

static void say(const char *call, int error)
{
    fprintf(stderr, "asym_server: %s: %s\n", call, strerror(error));
}

static void must(int well, const char *call)
{
    if (well)
        return;
    say(call, errno);
    exit(1);
}

static void *wait_for_signal(void *unused)
{
    int number;
    (void)unused;
    sigwait(&ends, &number);
    close(fd);
    _exit(0);
}

static void *serve(void *unused)
{
    static char bytes[65536];
    (void)unused;
    for (;;) {
        struct sockaddr_in from;
        struct iovec room = {bytes, sizeof bytes};
        struct msghdr message = {.msg_name = &from,
                                 .msg_namelen = sizeof from,
                                 .msg_iov = &room,
                                 .msg_iovlen = 1};
        ssize_t length = recvmsg(fd, &message, 0);
        if (length == -1) {
            say("recvmsg", errno);
            continue;
        }
        char address[16];
        flockfile(stdout);
        printf("%s:%u %ld ", inet_ntop(AF_INET, &from.sin_addr, address, 16),
               ntohs(from.sin_port), (long)length);
        for (ssize_t i = 0; i < length; i++)
            putchar_unlocked(' ' <= bytes[i] && bytes[i] <= '~' ? bytes[i] : '.');
        putchar_unlocked('\n');
        if (fflush(stdout) == EOF)
            say("fflush", errno);
        funlockfile(stdout);
        uint32_t answer = htonl((uint32_t)length);
        room = (struct iovec){&answer, sizeof answer};
        if (sendmsg(fd, &message, 0) == -1)
            say("sendmsg", errno);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long port = 5005;
    if (argc == 2) {
        port = strspn(argv[1], "0123456789") == strlen(argv[1]) && *argv[1] != '\0'
                   ? strtol(argv[1], NULL, 10)
                   : -1;
    }
    if (argc > 2 || port < 0 || port > 65535) {
        fprintf(stderr, "usage: %s [PORT]\n", argv[0]);
        return 2;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* inherited by the threads */
    must((fd = socket(AF_INET, SOCK_DGRAM, 0)) != -1, "socket");
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    socklen_t size = sizeof own;
    must(bind(fd, (struct sockaddr *)&own, sizeof own) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&own, &size) == 0, "getsockname");
    pthread_t thread;
    must((errno = pthread_create(&thread, NULL, wait_for_signal, NULL)) == 0,
         "pthread_create");
    must(printf("listening on port %d\n", ntohs(own.sin_port)) > 0 && fflush(stdout) == 0,
         "printf");
    must((errno = pthread_create(&thread, NULL, serve, NULL)) == 0, "pthread_create");
    pthread_exit(NULL);
}
