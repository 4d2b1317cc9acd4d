/* A right program of another style: a timer's signal interrupts recv(); two handlers'
   worth of classic UNIX. The timer goes on, so that a signal between two calls is not the
   last one. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t late;

static void ring(int n)
{
    (void)n;
    late = 1;
}

static int error(const char *call)
{
    fprintf(stderr, "asym_client: %s: %s\n", call, strerror(errno));
    return 1;
}

int main(int argc, char *argv[])
{
    int i = 0, port = 0, n;
    if (argc == 4)
        for (; argv[2][i] >= '0' && argv[2][i] <= '9' && i < 6; i++)
            port = 10 * port + argv[2][i] - '0';
    if (i == 0 || argv[2][i] != '\0' || port > 65535) {
        fprintf(stderr, "usage: %s HOST PORT MESSAGE\n", argv[0]);
        return 2;
    }
    struct addrinfo hints, *list;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_DGRAM;
    if ((n = getaddrinfo(argv[1], argv[2], &hints, &list)) != 0) {
        fprintf(stderr, "asym_client: %s: %s\n", "getaddrinfo", gai_strerror(n));
        return 1;
    }
    int dS = socket(PF_INET, SOCK_DGRAM, 0);
    if (dS == -1)
        return error("socket");
    if (connect(dS, list->ai_addr, list->ai_addrlen) == -1)
        return error("connect");
    freeaddrinfo(list);

    struct sigaction sa = {0};
    sa.sa_handler = ring;
    sigaction(SIGALRM, &sa, NULL);
    /* first after 500 ms, then every 20 ms */
    struct itimerval timer = {{0, 20000}, {0, 500000}};
    for (i = 0; i < 3; i++) {
        /* The timer first: from here on the old one does not ring any more. */
        setitimer(ITIMER_REAL, &timer, NULL);
        late = 0;
        if (send(dS, argv[3], strlen(argv[3]), 0) == -1)
            return error("send");
        while (!late) {
            char r[100];
            ssize_t res = recv(dS, r, sizeof r, 0);
            if (res == -1 && errno == EINTR)
                continue;
            if (res == -1)
                return error("recv");
            if (res != 4)
                continue;
            uint32_t answer;
            memcpy(&answer, r, 4);
            printf("%lu\n", (unsigned long)ntohl(answer));
            if (fclose(stdout) == EOF)
                return error("fclose");
            close(dS);
            return 0;
        }
    }
    fprintf(stderr, "asym_client: no answer\n");
    return 1;
}
