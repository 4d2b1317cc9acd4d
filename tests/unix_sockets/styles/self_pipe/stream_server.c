/* A right program of another style: read() and write(), one byte of state in a pipe. */

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *program = "stream_server";

/* Result: whether to go on with the next client. */
static bool serve(int c)
{
    static char buf[4096];
    ssize_t n;
    fcntl(c, F_SETFL, O_NONBLOCK);
    for (;;) {
        if (!readable(c))
            return false;
        n = read(c, buf, sizeof buf);
        if (n == 0)
            return true;
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            perror("stream_server: read");
            return true;
        }
        for (ssize_t done = 0; done < n;) {
            ssize_t w = write(c, buf + done, (size_t)(n - done));
            if (w > 0) {
                done += w;
                continue;
            }
            if (w < 0 && errno != EAGAIN) {
                perror("stream_server: write");
                return true;
            }
            /* Room again, or a signal: looked at every 50 ms. */
            struct pollfd p = {c, POLLOUT, 0};
            poll(&p, 1, 50);
            if (signalled())
                return false;
        }
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        usage("PATH");
    int s = open_server(argv[1], SOCK_STREAM);
    bool more = true;
    while (more && readable(s)) {
        int c = accept(s, 0, 0);
        if (c < 0) {
            perror("stream_server: accept");
            poll(0, 0, 20);
            continue;
        }
        more = serve(c);
        close(c);
    }
    close_server(s);
    return 0;
}
