/* Arrays that grow as clients come; whoever has left is swept out before the
   next poll. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

struct client {
    struct ring ring;
    uint64_t id;
    char gone;
};

static struct client **clients;
static struct pollfd *fds; /* two more than clients */
static size_t count, room;
static int wake[2];

static void end(int number)
{
    int before = errno;
    ssize_t n = write(wake[1], &number, 1);
    errno = n < 0 ? before : before;
}

static void tell_others(size_t from, const struct iovec parts[2])
{
    char head[32];
    int length = sprintf(head, "#%" PRIu64 " ", clients[from]->id);
    for (size_t i = 0; i < count; i++) {
        struct iovec all[4] = {{head, (size_t)length}, parts[0], parts[1], {"\n", 1}};
        if (i != from && !clients[i]->gone)
            clients[i]->gone = write_parts(fds[2 + i].fd, all, 4) == -1;
    }
}

static void hear(size_t i)
{
    struct iovec parts[2];
    struct client *client = clients[i];
    int taken;
    ssize_t n = fill(fds[2 + i].fd, &client->ring);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        client->gone = 1;
    while (n > 0 && (taken = cut(&client->ring, parts)) != 0) {
        if (taken < 0) {
            parts[0] = (struct iovec){"line too long\n", 14};
            write_parts(fds[2 + i].fd, parts, 1);
            client->gone = 1;
            break;
        }
        tell_others(i, parts);
        forget(&client->ring, taken);
    }
}

static void come(int server_fd)
{
    static uint64_t admitted;
    int fd = accept(server_fd, NULL, NULL);
    if (fd < 0) {
        fds[1].events =
            errno == EMFILE || errno == ENFILE || errno == ENOBUFS ? 0 : POLLIN;
        return;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct client *client = NULL;
    if (count == 100) {
        write_parts(fd, &(struct iovec){"server full\n", 12}, 1);
    } else if (count < room || (room += 10) > 0) {
        struct client **more = realloc(clients, room * sizeof(struct client *));
        clients = more == NULL ? clients : more;
        struct pollfd *more_fds = realloc(fds, (room + 2) * sizeof(struct pollfd));
        fds = more_fds == NULL ? fds : more_fds;
        client = more == NULL || more_fds == NULL ? NULL : calloc(1, sizeof *client);
    }
    if (client == NULL) {
        close(fd);
        return;
    }
    client->id = ++admitted;
    clients[count] = client;
    fds[2 + count++] = (struct pollfd){fd, POLLIN, 0};
}

static void sweep(int all)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (clients[i]->gone || all) {
            close(fds[2 + i].fd);
            free(clients[i]);
            continue;
        }
        clients[kept] = clients[i];
        fds[2 + kept++] = fds[2 + i];
    }
    count = kept;
}

int main(int argc, char *argv[])
{
    struct sigaction action = {.sa_handler = end};
    if (pipe(wake) == -1) {
        complain("chat_poll", "pipe");
        return 1;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    int server_fd = open_port("chat_poll", argc, argv, O_NONBLOCK);
    fds = calloc(2, sizeof *fds);
    if (fds == NULL) {
        complain("chat_poll", "calloc");
        return 1;
    }
    fds[0] = (struct pollfd){wake[0], POLLIN, 0};
    fds[1] = (struct pollfd){server_fd, POLLIN, 0};
    for (;;) {
        int ready = poll(fds, (nfds_t)count + 2, fds[1].events == 0 ? 60 : -1);
        fds[1].events = POLLIN;
        if (ready < 1)
            continue;
        if (fds[0].revents != 0)
            break;
        size_t here = count;
        for (size_t i = 0; i < here; i++)
            if (fds[2 + i].revents != 0 && !clients[i]->gone)
                hear(i);
        int somebody = fds[1].revents != 0;
        sweep(0);
        if (somebody)
            come(server_fd);
    }
    sweep(1);
    close(server_fd);
    free(clients);
    free(fds);
    return 0;
}
