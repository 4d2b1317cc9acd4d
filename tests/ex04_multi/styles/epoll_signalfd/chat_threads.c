/* A mutex for each client and one for the array: a line goes to a copy of the array, and
   each client counts who still uses it. The accepting thread is not main's. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

struct client {
    int fd;
    unsigned long id;
    int users;             /* under the array's mutex */
    pthread_mutex_t mutex; /* while a line is sent to it */
};

static struct client *array[100];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int threads;

static void release(struct client *client)
{
    if (--client->users > 0)
        return;
    close(client->fd);
    pthread_mutex_destroy(&client->mutex);
    free(client);
}

static void tell(struct client *from, const char *line, size_t length)
{
    struct client *copy[100];
    char head[24];
    int count = 0;
    snprintf(head, sizeof head, "#%lu ", from->id);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 100; i++)
        if (array[i] != NULL && array[i] != from) {
            array[i]->users++;
            copy[count++] = array[i];
        }
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < count; i++) {
        pthread_mutex_lock(&copy[i]->mutex);
        if (send_parts(copy[i]->fd, head, line, length, MSG_DONTWAIT) == -1)
            shutdown(copy[i]->fd, SHUT_RDWR);
        pthread_mutex_unlock(&copy[i]->mutex);
    }
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < count; i++)
        release(copy[i]);
    pthread_mutex_unlock(&mutex);
}

static void *hear(void *argument)
{
    struct client *self = argument;
    char text[512];
    size_t length = 0;
    ssize_t n;
    while ((n = recv(self->fd, text + length, sizeof text - length, 0)) > 0) {
        char *start = text, *end = text + length + n, *lf;
        while ((lf = memchr(start, '\n', (size_t)(end - start))) != NULL) {
            size_t line = (size_t)(lf - start);
            if (line > 0 && start[line - 1] == '\r')
                start[--line] = '\n';
            tell(self, start, line + 1);
            start = lf + 1;
        }
        length = (size_t)(end - start);
        memmove(text, start, length);
        if (length == sizeof text)
            break;
    }
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 100; i++)
        if (array[i] == self)
            array[i] = NULL;
    pthread_mutex_unlock(&mutex);
    if (length == sizeof text) {
        pthread_mutex_lock(&self->mutex);
        send_parts(self->fd, "line too long\n", "", 0, MSG_DONTWAIT);
        pthread_mutex_unlock(&self->mutex);
    }
    shutdown(self->fd, SHUT_RDWR);
    pthread_mutex_lock(&mutex);
    release(self);
    threads--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static int stop_pipe[2];

static void admit(int fd, unsigned long *last)
{
    pthread_t thread;
    pthread_attr_t attributes;
    int place = 0;
    pthread_mutex_lock(&mutex);
    while (place < 100 && array[place] != NULL)
        place++;
    if (place == 100) {
        pthread_mutex_unlock(&mutex);
        send_parts(fd, "server full\n", "", 0, MSG_DONTWAIT);
        close(fd);
        return;
    }
    struct client *client = calloc(1, sizeof *client);
    client->fd = fd;
    client->id = ++*last;
    client->users = 1;
    pthread_mutex_init(&client->mutex, NULL);
    array[place] = client;
    threads++;
    pthread_mutex_unlock(&mutex);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 65536);
    if (pthread_create(&thread, &attributes, hear, client) != 0) {
        pthread_mutex_lock(&mutex);
        array[place] = NULL;
        threads--;
        --*last;
        pthread_mutex_unlock(&mutex);
        close(fd);
        free(client);
    }
    pthread_attr_destroy(&attributes);
}

static void *take_in(void *argument)
{
    int server_fd = *(int *)argument;
    unsigned long last = 0;
    struct pollfd fds[2] = {{stop_pipe[0], POLLIN, 0}, {server_fd, POLLIN, 0}};
    while (poll(fds, 2, -1) < 0 || fds[0].revents == 0) {
        int fd = accept4(server_fd, NULL, NULL, 0);
        if (fd >= 0)
            admit(fd, &last);
        else if (errno == EMFILE || errno == ENFILE)
            usleep(40000);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int signal_fd, server_fd = open_both("chat_threads", argc, argv, &signal_fd, 0);
    struct signalfd_siginfo signal_info;
    pthread_t accepting;
    if (pipe(stop_pipe) == -1) {
        perror("chat_threads: pipe");
        return 1;
    }
    errno = pthread_create(&accepting, NULL, take_in, &server_fd);
    if (errno != 0) {
        perror("chat_threads: pthread_create");
        return 1;
    }
    while (read(signal_fd, &signal_info, sizeof signal_info) < 0)
        ;
    close(stop_pipe[1]);
    pthread_join(accepting, NULL);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 100; i++)
        if (array[i] != NULL)
            shutdown(array[i]->fd, SHUT_RDWR);
    while (threads > 0)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    return 0;
}
