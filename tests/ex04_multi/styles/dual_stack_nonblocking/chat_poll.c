/* An array without holes: the last client takes the place of one who has left. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

enum { OWN = 3, MOST = 100 };

static struct pollfd fds[OWN + MOST];
static struct client {
    struct buffer buffer;
    unsigned long long id;
    int leaves;
} clients[MOST];
static int count;
static unsigned long long admitted;

static void tell(int from, const char *line, size_t length)
{
    char text[540];
    size_t head = (size_t)sprintf(text, "#%llu ", clients[from].id);
    memcpy(text + head, line, length);
    for (int i = 0; i < count; i++)
        if (i != from && !clients[i].leaves)
            clients[i].leaves = put(fds[OWN + i].fd, text, head + length, 0) == -1;
}

static void hear(int i)
{
    char line[512];
    long length;
    if (fds[OWN + i].revents == 0 || clients[i].leaves)
        return;
    clients[i].leaves = fill(fds[OWN + i].fd, &clients[i].buffer) == -1;
    while (!clients[i].leaves && (length = line_of(&clients[i].buffer, line)) != 0) {
        if (length > 0) {
            tell(i, line, (size_t)length);
            continue;
        }
        put(fds[OWN + i].fd, "line too long\n", 14, 0);
        clients[i].leaves = 1;
    }
}

static int come(struct pollfd *server)
{
    int fd = take("chat_poll", server);
    if (fd < 0)
        return fd;
    if (count == MOST) {
        put(fd, "server full\n", 12, 0);
        close(fd);
        return 0;
    }
    clients[count] = (struct client){.id = ++admitted};
    fds[OWN + count++] = (struct pollfd){fd, POLLIN, 0};
    return 0;
}

int main(int argc, char **argv)
{
    int pause = 0;
    begin("chat_poll", argc, argv, fds);
    for (;;) {
        fds[0].events = fds[1].events = pause ? 0 : POLLIN;
        int ready = poll(fds, (nfds_t)(OWN + count), pause ? 30 : -1);
        if (ready == -1)
            continue;
        if (fds[2].revents != 0)
            break;
        for (int i = 0; i < count; i++)
            hear(i);
        for (int i = 0; i < count;) {
            if (!clients[i].leaves) {
                i++;
                continue;
            }
            close(fds[OWN + i].fd);
            fds[OWN + i] = fds[OWN + --count];
            clients[i] = clients[count];
        }
        pause = (fds[0].revents != 0 && come(&fds[0]) == -2) |
                (fds[1].revents != 0 && come(&fds[1]) == -2);
    }
    for (int i = 0; i < count; i++)
        close(fds[OWN + i].fd);
    return 0;
}
