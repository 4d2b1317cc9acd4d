/* epoll with pointers, clients on the heap, and a descriptor in reserve for EMFILE. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

struct client {
    struct client *next;
    int fd, gone;
    unsigned long id;
    size_t length;
    char text[512];
};

static struct client *first;
static int count, spare;
static unsigned long last;

static void tell(struct client *from, const char *line, size_t length)
{
    char head[24];
    snprintf(head, sizeof head, "#%lu ", from->id);
    for (struct client *c = first; c != NULL; c = c->next)
        if (c != from && !c->gone &&
            send_parts(c->fd, head, line, length, MSG_DONTWAIT) == -1)
            c->gone = 1;
}

static void hear(struct client *c)
{
    if (c->gone)
        return;
    ssize_t n = recv(c->fd, c->text + c->length, 512 - c->length, MSG_DONTWAIT);
    if (n == -1) {
        c->gone = errno != EAGAIN && errno != EINTR;
    } else {
        char *start = c->text, *end = c->text + c->length + n, *lf;
        c->gone = n == 0;
        while ((lf = memchr(start, '\n', (size_t)(end - start))) != NULL) {
            size_t line = (size_t)(lf - start);
            if (line > 0 && start[line - 1] == '\r')
                start[--line] = '\n';
            tell(c, start, line + 1);
            start = lf + 1;
        }
        c->length = (size_t)(end - start);
        memmove(c->text, start, c->length);
        if (c->length == 512) {
            send_parts(c->fd, "line too long\n", "", 0, MSG_DONTWAIT);
            c->gone = 1;
        }
    }
}

static void bury(void)
{
    for (struct client **at = &first; *at != NULL;) {
        struct client *c = *at;
        if (!c->gone) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        close(c->fd);
        free(c);
        count--;
    }
}

static void take_in(int server_fd, int epoll_fd)
{
    int fd;
    while ((fd = accept4(server_fd, NULL, NULL, SOCK_NONBLOCK)) != -1 || errno == EINTR ||
           errno == ECONNABORTED) {
        if (fd == -1)
            continue;
        if (count == 100) {
            send_parts(fd, "server full\n", "", 0, MSG_DONTWAIT);
            close(fd);
            continue;
        }
        struct client *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->id = ++last;
        c->next = first;
        first = c;
        count++;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
    if (errno == EMFILE) { /* the one who waits is turned away */
        close(spare);
        close(accept(server_fd, NULL, NULL));
        spare = open("/dev/null", O_RDONLY);
    }
}

int main(int argc, char **argv)
{
    int signal_fd, server_fd = open_both("chat_poll", argc, argv, &signal_fd, 0);
    int epoll_fd = epoll_create1(0);
    spare = open("/dev/null", O_RDONLY);
    struct epoll_event events[16], event = {.events = EPOLLIN, .data.ptr = &server_fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, server_fd, &event);
    event.data.ptr = &signal_fd;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &event);
    for (int going = 1; going;) {
        int n = epoll_wait(epoll_fd, events, 16, -1), coming = 0;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &signal_fd)
                going = 0;
            else if (events[i].data.ptr == &server_fd)
                coming = 1;
            else
                hear(events[i].data.ptr);
        }
        bury();
        if (coming)
            take_in(server_fd, epoll_fd);
    }
    for (struct client *c = first; c != NULL; c = c->next)
        c->gone = 1;
    bury();
    close(server_fd);
    return 0;
}
