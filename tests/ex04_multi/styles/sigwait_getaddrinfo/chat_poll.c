/* Two arrays that grow and shrink, poll() with a timeout and a flag, 100 bytes a turn. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t over;

static void stop(int number)
{
    over = number;
}

static void must(const char *name, const char *call, int result)
{
    if (result != -1)
        return;
    fprintf(stderr, "%s: %s: %s\n", name, call, strerror(errno));
    exit(1);
}

static int open_port(const char *name, int argc, char **argv)
{
    const char *port = argc > 1 ? argv[1] : "6667", *c = port;
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    while (isdigit((unsigned char)*c))
        c++;
    if (argc > 2 || *c != '\0' || c == port || c - port > 5 || atoi(port) > 65535) {
        fprintf(stderr, "usage: %s [PORT]\n", name);
        exit(2);
    }
    int error = getaddrinfo(NULL, port, &hints, &found);
    if (error != 0) {
        fprintf(stderr, "%s: getaddrinfo: %s\n", name, gai_strerror(error));
        exit(1);
    }
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol), on = 1;
    must(name, "socket", fd);
    must(name, "setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    must(name, "bind", bind(fd, found->ai_addr, found->ai_addrlen));
    must(name, "listen", listen(fd, 100));
    freeaddrinfo(found);
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    must(name, "getsockname", getsockname(fd, (struct sockaddr *)&own, &size));
    printf("listening on port %d\n", ntohs(own.sin_port));
    must(name, "fflush", fflush(stdout));
    return fd;
}

static struct pollfd fds[101];
static long ids[101];
static char lines[101][512];
static size_t lengths[101];
static int count;

static int put(int fd, const char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = send(fd, bytes + done, length - done, MSG_DONTWAIT);
        if (n <= 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

static void turn(int i)
{
    char bytes[100], out[600];
    ssize_t n = recv(fds[i].fd, bytes, sizeof bytes, 0);
    int head = sprintf(out, "#%ld ", ids[i]);
    if (n <= 0) {
        close(fds[i].fd);
        fds[i].fd = -1;
    }
    for (ssize_t k = 0; k < n; k++) {
        lines[i][lengths[i]++] = bytes[k];
        if (bytes[k] != '\n' && lengths[i] < 512)
            continue;
        if (bytes[k] != '\n') {
            put(fds[i].fd, "line too long\n", 14);
            close(fds[i].fd);
            fds[i].fd = -1;
            return;
        }
        if (lengths[i] > 1 && lines[i][lengths[i] - 2] == '\r')
            lines[i][--lengths[i] - 1] = '\n';
        memcpy(out + head, lines[i], lengths[i]);
        for (int to = 1; to <= count; to++)
            if (to != i && fds[to].fd != -1 &&
                !put(fds[to].fd, out, (size_t)head + lengths[i])) {
                close(fds[to].fd);
                fds[to].fd = -1;
            }
        lengths[i] = 0;
    }
}

int main(int argc, char **argv)
{
    long last = 0;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    fds[0].fd = open_port("chat_poll", argc, argv);
    while (!over) {
        fds[0].events = POLLIN;
        if (poll(fds, (nfds_t)count + 1, 200) <= 0)
            continue;
        for (int i = 1; i <= count; i++)
            if (fds[i].fd != -1 && fds[i].revents != 0)
                turn(i);
        int kept = 0;
        for (int i = 1; i <= count; i++) {
            if (fds[i].fd == -1)
                continue;
            kept++;
            fds[kept] = fds[i];
            ids[kept] = ids[i];
            if (kept != i)
                memcpy(lines[kept], lines[i], lengths[i]);
            lengths[kept] = lengths[i];
        }
        count = kept;
        if (fds[0].revents == 0)
            continue;
        int fd = accept(fds[0].fd, NULL, NULL);
        if (fd == -1) {
            poll(NULL, 0, 10);
        } else if (count == 100) {
            put(fd, "server full\n", 12);
            close(fd);
        } else {
            count++;
            fds[count] = (struct pollfd){fd, POLLIN, 0};
            ids[count] = ++last;
            lengths[count] = 0;
        }
    }
    return 0;
}
