/* A right program of another style: neither stdin nor the socket ever blocks; poll(),
   then as much as there is from each; the socket is connected, and endures ECONNREFUSED.
   */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;

static _Noreturn void quit(const char *call)
{
    dprintf(2, "sym_peer: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void out(const char *bytes, size_t length)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (length > 1024) {
        dprintf(2, "sym_peer: a line is too long\n");
        return;
    }
    while (send(fd, bytes, length, 0) < 0)
        if (errno == EAGAIN)
            poll(&p, 1, -1);
        else if (errno != ECONNREFUSED) /* of the line before */
            quit("send");
}

/* All that has been typed; 0 at the end of input. */
static int typed(void)
{
    static char line[1025];
    static size_t length; /* 1025: too long, however long */
    char piece[700];
    ssize_t n;
    while ((n = read(0, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (length < sizeof line)
                line[length++] = piece[i];
            if (piece[i] == '\n') {
                out(line, length);
                length = 0;
            }
        }
    if (n < 0 && errno != EAGAIN)
        quit("read");
    if (n == 0 && length > 0)
        out(line, length);
    return n != 0;
}

static void print(const char *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, stdout) != length || fflush(stdout) == EOF)
        quit("fwrite");
}

/* All that has come; 0 when the peer has left. */
static int heard(void)
{
    static char text[65507];
    ssize_t n;
    while ((n = recv(fd, text, sizeof text, 0)) > 0) {
        print(text, (size_t)n);
        if (text[n - 1] != '\n')
            print("\n", 1);
    }
    if (n < 0 && errno != EAGAIN && errno != ECONNREFUSED)
        quit("recv");
    return n != 0;
}

static const char *port(const char *word)
{
    size_t n = strlen(word);
    if (n == 0 || n > 5 || strspn(word, "0123456789") != n || atoi(word) > 65535) {
        dprintf(2, "usage: sym_peer LOCAL_PORT HOST REMOTE_PORT\n");
        exit(2);
    }
    return word;
}

static struct addrinfo *find(const char *host, const char *service)
{
    struct addrinfo *found,
        hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE};
    int error = getaddrinfo(host, service, &hints, &found);
    if (error != 0) {
        dprintf(2, "sym_peer: getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    return found;
}

int main(int argc, char **argv)
{
    const char *local = port(argc == 4 ? argv[1] : ""), *remote = port(argv[3]);
    struct addrinfo *own = find(NULL, local), *peer = find(argv[2], remote);
    if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0)
        quit("socket");
    if (bind(fd, own->ai_addr, own->ai_addrlen) < 0)
        quit("bind");
    if (connect(fd, peer->ai_addr, peer->ai_addrlen) < 0)
        quit("connect");
    freeaddrinfo(own);
    freeaddrinfo(peer);
    int flags = fcntl(0, F_GETFL);
    if (flags < 0 || fcntl(0, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        quit("fcntl");
    for (;;) {
        struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        if (poll(p, 2, -1) < 0)
            quit("poll");
        if (p[1].revents != 0 && !heard()) {
            print("peer left\n", 10);
            return 0;
        }
        if (p[0].revents != 0 && !typed()) {
            out("", 0);
            return 0;
        }
    }
}
