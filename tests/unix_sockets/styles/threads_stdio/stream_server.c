/* A right program of another style: the connection as stdio, sigwait in a thread. */
#define _DEFAULT_SOURCE
#include "common.h"

int main(int argc, char **argv)
{
    int s = server_on("stream_server", argc, argv, SOCK_STREAM);
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c < 0) {
            perror("stream_server: accept");
            nanosleep(&(struct timespec){0, 5000000}, NULL);
            continue;
        }
        int d = dup(c);
        if (d < 0) {
            perror("stream_server: dup");
            close(c);
            continue;
        }
        FILE *in = fdopen(c, "r"), *out = fdopen(d, "w");
        char buf[512];
        ssize_t n;
        /* read() brings what is there, stdio's output sends all of it */
        while ((n = read(fileno(in), buf, sizeof buf)) > 0)
            if (fwrite(buf, 1, (size_t)n, out) != (size_t)n || fflush(out)) {
                perror("stream_server: write");
                break;
            }
        if (n < 0)
            perror("stream_server: read");
        fclose(out);
        fclose(in);
    }
}
