#define _POSIX_C_SOURCE 200809L
#define ME "stream_client"
#include "unix.h"

enum { MOST = 4096 };

static int gone(void)
{
    fputs(ME ": the server has left before the line was back\n", stderr);
    return 1;
}

/* The line goes out while it comes back, through a socket that never blocks. */
static int exchange(int fd, const char *line, size_t length)
{
    char back[MOST];
    size_t sent = 0, got = 0;
    while (got < length) {
        ssize_t n =
            sent < length ? send(fd, line + sent, length - sent, MSG_NOSIGNAL) : 0;
        if (n < 0 && errno != EAGAIN)
            return err("send");
        sent += n > 0 ? (size_t)n : 0;
        await(fd, sent < length, -1);
        n = recv(fd, back + got, length - got, 0);
        if (n == 0)
            return gone();
        if (n < 0 && errno != EAGAIN)
            return err("recv");
        got += n > 0 ? (size_t)n : 0;
    }
    for (size_t done = 0; done < length;) {
        ssize_t n = write(STDOUT_FILENO, back + done, length - done);
        if (n < 0)
            return err("write");
        done += (size_t)n;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static char held[MOST + 1];
    size_t have = 0;
    struct sockaddr_un un;
    if (argc != 2 || fill(&un, argv[1]))
        return fputs("usage: " ME " PATH\n", stderr), 2;
    sigprocmask(SIG_BLOCK, NULL, &open_mask);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return err("socket");
    if (connect(fd, (struct sockaddr *)&un, sizeof un) != 0)
        return err("%s: connect", argv[1]);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int end = 0; !end || have > 0;) {
        char *lf = memchr(held, '\n', have);
        if (lf == NULL && have < sizeof held && !end) {
            ssize_t n = read(STDIN_FILENO, held + have, sizeof held - have);
            if (n < 0)
                return err("read");
            have += (size_t)n;
            end = n == 0;
            continue;
        }
        if (lf == NULL && have < MOST && end) {
            held[have++] = '\n';
            continue;
        }
        if (lf == NULL || lf >= held + MOST)
            return fputs(ME ": more than 4096 bytes in a line\n", stderr), 1;
        size_t length = (size_t)(lf - held) + 1;
        if (exchange(fd, held, length) != 0)
            return 1;
        memmove(held, held + length, have -= length);
    }
    return close(fd) == 0 ? 0 : err("close");
}
