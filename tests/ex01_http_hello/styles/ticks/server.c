/* A right program of another style: it never blocks for more than a fifth of a second, as
   it says every now and then that it still waits; select(), and sockets that never block.
   */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void leave(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}

/* Waits until fd can be read, or written; every 200 ms there is time for other things. */
static void await(int fd, int writing)
{
    time_t begin = time(NULL);
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        struct timeval tick = {.tv_usec = 200000};
        int ready =
            select(fd + 1, writing ? NULL : &set, writing ? &set : NULL, NULL, &tick);
        if (ready == 1)
            return;
        if (ready == -1 && errno != EINTR)
            leave("select");
        if (time(NULL) - begin > 60) {
            fprintf(stderr, "still waiting\n");
            begin = time(NULL);
        }
    }
}

static ssize_t get(int fd, char *bytes, size_t size)
{
    ssize_t n;
    do {
        await(fd, 0);
        n = read(fd, bytes, size);
    } while (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
    if (n == -1)
        leave("read");
    return n;
}

static void put(int fd, const char *text)
{
    for (size_t done = 0; done < strlen(text);) {
        await(fd, 1);
        ssize_t n = send(fd, text + done, strlen(text) - done, MSG_NOSIGNAL);
        if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK)
            leave("send");
        done += n == -1 ? 0 : (size_t)n;
    }
}

static void never_block(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
        leave("fcntl");
}

int main(int argc, char **argv)
{
    long port = 8080;
    if (argc > 2 || (argc == 2 && (argv[1][0] == '\0' || strlen(argv[1]) > 8 ||
                                   strspn(argv[1], "0123456789") != strlen(argv[1]) ||
                                   (port = atol(argv[1])) > 65535))) {
        fprintf(stderr, "usage: server [PORT]\n");
        return 2;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (s == -1)
        leave("socket");
    never_block(s);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof a;
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        leave("setsockopt");
    if (bind(s, (struct sockaddr *)&a, sizeof a) == -1)
        leave("bind");
    if (listen(s, 16) == -1)
        leave("listen");
    if (getsockname(s, (struct sockaddr *)&a, &size) == -1)
        leave("getsockname");
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (printf("listening on port %u\n", ntohs(a.sin_port)) < 0)
        leave("printf");
    int c;
    do {
        await(s, 0);
        c = accept(s, NULL, NULL);
    } while (c == -1 && errno == EAGAIN);
    if (c == -1)
        leave("accept");
    never_block(c);

    char bytes[8192];
    size_t have = 0, at = 0;
    int complete = 0;
    while (!complete && have < sizeof bytes) {
        ssize_t n = get(c, bytes + have, sizeof bytes - have);
        if (n == 0) {
            fputs("server: the client went away\n", stderr);
            return 1;
        }
        have += (size_t)n;
        for (; at + 4 <= have && !complete; at++)
            complete = bytes[at] == '\r' && bytes[at + 1] == '\n' &&
                       bytes[at + 2] == '\r' && bytes[at + 3] == '\n';
    }
    put(c, complete ? "HTTP/1.1 200 OK\r\n"
                    : "HTTP/1.1 431 Request Header Fields Too Large\r\n");
    put(c, "Content-Type: text/html; charset=utf-8\r\nConnection: close\r\n");
    put(c, "Content-Length: 30\r\n");
    put(c, "\r\n");
    put(c,
        complete ? "<h1>Hello World!</h1>         " : "<h1>Not so much, please!</h1>\n");
    if (!complete) {
        if (shutdown(c, SHUT_WR) == -1)
            leave("shutdown");
        while (get(c, bytes, sizeof bytes) > 0)
            ;
    }
    if (close(c) == -1 || close(s) == -1)
        leave("close");
    return 0;
}
