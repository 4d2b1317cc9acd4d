/* The bytes go from the client through a pipe back to it, and never come here. */
#define _GNU_SOURCE
#include "work.h"

#include <fcntl.h>
#include <time.h>

const char *const self = "stream_server";

static void round_trip(int client, const int ends[2])
{
    for (;;) {
        ssize_t came = splice(client, NULL, ends[1], NULL, 1 << 16, SPLICE_F_MOVE), went;
        if (came == -1)
            trouble("splice");
        if (came <= 0)
            return;
        for (; came > 0; came -= went)
            if ((went = splice(ends[0], NULL, client, NULL, (size_t)came,
                               SPLICE_F_MOVE)) == -1) {
                trouble("splice");
                return;
            }
    }
}

static void *serve(void *argument)
{
    int fd = *(int *)argument;
    for (;;) {
        int ends[2], client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (client == -1 || pipe2(ends, O_CLOEXEC) == -1) {
            trouble(client == -1 ? "accept4" : "pipe2");
            if (client != -1)
                close(client);
            clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 200000000}, NULL);
            continue;
        }
        round_trip(client, ends); /* what is left in the pipe goes with it */
        close(ends[0]);
        close(ends[1]);
        close(client);
    }
    return argument;
}

int main(int argc, char **argv)
{
    static int fd;
    fd = listening(argc == 2 ? argv[1] : NULL, SOCK_STREAM);
    start_thread(serve, &fd);
}
