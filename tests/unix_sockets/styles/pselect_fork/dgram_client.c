#define _POSIX_C_SOURCE 200809L
#define ME "dgram_client"
#include "unix.h"
#include <arpa/inet.h>
#include <stdint.h>

static char place[] = "/tmp/XXXXXX";
static struct sockaddr_un own;

static int end(int status)
{
    unlink(own.sun_path);
    rmdir(place);
    return status;
}

static long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    struct sockaddr_un un;
    if (argc != 3 || fill(&un, argv[1]))
        return fputs("usage: " ME " PATH MESSAGE\n", stderr), 2;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return err("socket");
    if (connect(fd, (struct sockaddr *)&un, sizeof un) != 0)
        return err("%s: connect", argv[1]);
    signals_only_in_pselect();
    if (mkdtemp(place) == NULL)
        return err("mkdtemp");
    snprintf(own.sun_path, sizeof own.sun_path, "%s/x", place);
    own.sun_family = AF_UNIX;
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0)
        return end(err("bind"));
    for (int tries = 3; tries-- > 0;) {
        long until = now() + 500, left;
        if (send(fd, argv[2], strlen(argv[2]), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
            errno != EAGAIN)
            return end(err("send"));
        while ((left = until - now()) > 0) {
            int ready = await(fd, 0, left);
            unsigned char four[8];
            if (ready < 0)
                return end(1);
            if (ready == 0)
                break;
            ssize_t n = recv(fd, four, sizeof four, MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN)
                return end(err("recv"));
            if (n != 4)
                continue;
            uint32_t number = 0;
            for (int i = 0; i < 4; i++)
                number = number << 8 | four[i];
            if (dprintf(STDOUT_FILENO, "%lu\n", (unsigned long)number) < 0)
                return end(err("write"));
            return end(0);
        }
    }
    fputs(ME ": no answer\n", stderr);
    return end(1);
}
