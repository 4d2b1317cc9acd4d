/* The array is kept dense: the last client moves into the gap. Non-blocking sockets and a
   large buffer for all, a short one for each. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

static struct pollfd fds[101];
static struct {
    unsigned id;
    size_t length;
    char line[512];
    int dead;
} clients[101];
static nfds_t count = 1;
static unsigned last;

static void say(nfds_t from, const char *line, size_t length)
{
    char text[540];
    int head = snprintf(text, sizeof text, "#%u ", clients[from].id);
    memcpy(text + head, line, length);
    text[(size_t)head + length] = '\n';
    for (nfds_t i = 1; i < count; i++)
        if (i != from && !clients[i].dead &&
            write_all(fds[i].fd, text, (size_t)head + length + 1, 1) < 0)
            clients[i].dead = 1;
}

static void hear(nfds_t i)
{
    char bytes[4096];
    ssize_t n = read(fds[i].fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        clients[i].dead = 1;
    for (ssize_t k = 0; k < n && !clients[i].dead; k++) {
        clients[i].line[clients[i].length++] = bytes[k];
        if (bytes[k] == '\n') {
            size_t length = clients[i].length - 1;
            if (length > 0 && clients[i].line[length - 1] == '\r')
                length--;
            say(i, clients[i].line, length);
            clients[i].length = 0;
        } else if (clients[i].length == 512) {
            write_all(fds[i].fd, "line too long\n", 14, 1);
            clients[i].dead = 1;
        }
    }
}

int main(int argc, char **argv)
{
    fds[0].fd = start_server("chat_poll", argc, argv);
    fds[0].events = POLLIN;
    if (fds[0].fd < 0)
        return 1;
    while (!stopping) {
        if (poll(fds, count, 100) <= 0)
            continue;
        for (nfds_t i = 1; i < count; i++)
            if (fds[i].revents != 0 && !clients[i].dead)
                hear(i);
        for (nfds_t i = count - 1; i >= 1; i--)
            if (clients[i].dead) {
                close(fds[i].fd);
                count--;
                fds[i] = fds[count];
                clients[i] = clients[count];
            }
        if (fds[0].revents == 0)
            continue;
        int fd = accept(fds[0].fd, NULL, NULL);
        if (fd < 0) {
            struct timespec nap = {0, 20000000};
            if (errno != EINTR && errno != ECONNABORTED)
                nanosleep(&nap, NULL);
            continue;
        }
        fcntl(fd, F_SETFL, O_NONBLOCK);
        if (count == 101) {
            write_all(fd, "server full\n", 12, 1);
            close(fd);
            continue;
        }
        memset(&clients[count], 0, sizeof clients[count]);
        clients[count].id = ++last;
        fds[count].fd = fd;
        fds[count].events = POLLIN;
        fds[count++].revents = 0;
    }
    while (count-- > 1)
        close(fds[count].fd);
    close(fds[0].fd);
    return 0;
}
