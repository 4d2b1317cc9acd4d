/* The thread of main() starts the one that accepts, and leaves by pthread_exit(): the
   process goes on with the others (pthread_exit(3)). */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

enum { MOST = 100 };

static struct pollfd fds[3];
static struct client {
    int used, fd;
    unsigned long id;
} clients[MOST];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static int count;

static void tell(const struct client *from, const char *line, size_t length)
{
    char text[540];
    size_t head = (size_t)sprintf(text, "#%lu ", from->id);
    memcpy(text + head, line, length);
    pthread_mutex_lock(&mutex);
    for (struct client *c = clients; c < clients + MOST; c++)
        if (c->used && c != from && put(c->fd, text, head + length, 0) == -1)
            shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&mutex);
}

static void *serve(void *argument)
{
    struct client *own = argument;
    struct pollfd ready = {own->fd, POLLIN, 0};
    struct buffer *buffer = calloc(1, sizeof *buffer);
    char line[512];
    long length = 0;
    while (length != -1 && buffer != NULL &&
           (poll(&ready, 1, -1) == -1 || fill(own->fd, buffer) != -1))
        while ((length = line_of(buffer, line)) > 0)
            tell(own, line, (size_t)length);
    free(buffer);
    pthread_mutex_lock(&mutex);
    if (length == -1)
        put(own->fd, "line too long\n", 14, 0);
    close(own->fd);
    own->used = 0;
    count--;
    pthread_cond_signal(&left);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void admit(int fd)
{
    static unsigned long last;
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    int i = 0;
    while (i < MOST && clients[i].used)
        i++;
    if (i == MOST) {
        put(fd, "server full\n", 12, 0);
        close(fd);
    } else {
        clients[i] = (struct client){1, fd, last + 1};
        if (pthread_create(&thread, NULL, serve, &clients[i]) == 0) {
            pthread_detach(thread);
            last++;
            count++;
        } else {
            fputs("chat_threads: pthread_create: no thread\n", stderr);
            clients[i].used = 0;
            close(fd);
        }
    }
    pthread_mutex_unlock(&mutex);
}

static void *accepts(void *unused)
{
    (void)unused;
    for (;;) {
        if (poll(fds, 3, -1) == -1)
            continue;
        if (fds[2].revents != 0)
            break;
        for (int i = 0; i < 2; i++) {
            int fd = fds[i].revents == 0 ? -1 : take("chat_threads", &fds[i]);
            if (fd >= 0)
                admit(fd);
            if (fd == -2)
                poll(&fds[2], 1, 50);
        }
    }
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST; i++)
        if (clients[i].used)
            shutdown(clients[i].fd, SHUT_RDWR);
    while (count > 0)
        pthread_cond_wait(&left, &mutex);
    pthread_mutex_unlock(&mutex);
    exit(0);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    begin("chat_threads", argc, argv, fds);
    if (pthread_create(&thread, NULL, accepts, NULL) != 0) {
        fputs("chat_threads: pthread_create: no thread\n", stderr);
        return 1;
    }
    pthread_detach(thread);
    pthread_exit(NULL);
}
