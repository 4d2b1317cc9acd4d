/* A right program of another style: bind() before connect(), and a wait by poll() on the
   self-pipe and the socket. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const char *program = "dgram_client";

static char dir[64] = "/tmp/unix-lab-XXXXXX", path[80];

static int done(int status)
{
    unlink(path);
    rmdir(dir);
    return status;
}

static int complain(const char *call, const char *where)
{
    fprintf(stderr, "%s: %s: %s: %s\n", program, call, where, strerror(errno));
    return done(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char *argv[])
{
    if (argc != 3)
        usage("PATH MESSAGE");
    struct sockaddr_un to = address_of(argv[1], "PATH MESSAGE"), me;
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (s < 0)
        die("socket");
    catch_signals();
    if (!mkdtemp(dir))
        die("mkdtemp");
    sprintf(path, "%s/c", dir);
    me = address_of(path, "PATH MESSAGE");
    if (bind(s, (struct sockaddr *)&me, sizeof(me)) < 0)
        return complain("bind", path);
    if (connect(s, (struct sockaddr *)&to, sizeof(to)) < 0)
        return complain("connect", argv[1]);
    for (int i = 0; i < 3; i++) {
        double until = now() + .5;
        if (send(s, argv[2], strlen(argv[2]), MSG_DONTWAIT) < 0 && errno != EAGAIN)
            return complain("send", argv[1]);
        while (now() < until) {
            struct pollfd p = {s, POLLIN, 0};
            char b[64];
            if (signalled())
                return done(130);
            if (poll(&p, 1, 10) != 1)
                continue;
            if (recv(s, b, sizeof(b), MSG_DONTWAIT) == 4) {
                unsigned char *u = (unsigned char *)b;
                printf("%u\n", (unsigned)u[0] << 24 | (unsigned)u[1] << 16 |
                                   (unsigned)u[2] << 8 | u[3]);
                if (fflush(stdout) != 0)
                    return complain("write", "stdout");
                return done(0);
            }
        }
    }
    fprintf(stderr, "%s: no answer\n", program);
    return done(1);
}
