/* Signals by handler and flag without SA_RESTART, a timeout on accept() so that none is
   missed; lines read through stdio. */
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t stopping;

static void stop(int number)
{
    stopping = number;
}

static int die(const char *name, const char *call)
{
    fprintf(stderr, "%s: ", name);
    perror(call);
    return -1;
}

int start_server(const char *name, int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "6667";
    size_t length = strlen(word);
    long port = strtol(word, NULL, 10);
    if (argc > 2 || length == 0 || length > 5 || strspn(word, "0123456789") != length ||
        port > 65535) {
        fprintf(stderr, "usage: %s [PORT]\n", argv[0]);
        exit(2);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0;
    struct sockaddr_in6 address;
    memset(&address, 0, sizeof address);
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_any;
    address.sin6_port = htons((in_port_t)port);
    if (fd < 0)
        return die(name, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
        return die(name, "setsockopt");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return die(name, "bind");
    if (listen(fd, SOMAXCONN) < 0)
        return die(name, "listen");
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return die(name, "getsockname");
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (printf("listening on port %u\n", (unsigned)ntohs(address.sin6_port)) < 0)
        return die(name, "printf");
    return fd;
}

/* The next client, or -1 when it is time to stop. */
int next_client(const char *name, int server_fd)
{
    while (!stopping) {
        struct pollfd ready = {server_fd, POLLIN, 0};
        if (poll(&ready, 1, 100) <= 0)
            continue;
        int fd = accept(server_fd, NULL, NULL);
        if (fd >= 0)
            return fd;
        if (errno != EINTR && errno != ECONNABORTED) {
            struct timespec nap = {0, 50000000};
            die(name, "accept");
            nanosleep(&nap, NULL);
        }
    }
    return -1;
}

long read_line(FILE *in, char *line, size_t room)
{
    size_t length = 0;
    int byte;
    while ((byte = getc(in)) != EOF) {
        if (byte == '\n') {
            if (length > 0 && line[length - 1] == '\r')
                length--;
            return (long)length;
        }
        line[length++] = (char)byte;
        if (length == room)
            return -2;
    }
    return -1;
}

int write_all(int fd, const char *bytes, size_t length, int wait)
{
    while (length > 0) {
        ssize_t n =
            wait ? write(fd, bytes, length) : send(fd, bytes, length, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}
