/* A hundred threads are made before anybody comes; each waits for a client, serves it,
   and waits again. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

enum { MOST = 100 };

static struct place {
    int fd; /* -1: nobody; -2: the end */
    unsigned long id;
    pthread_t thread;
} places[MOST];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void tell_others(const struct place *own, const char *line, size_t length)
{
    char text[LINE_MOST + 32];
    int head = snprintf(text, sizeof text, "#%lu ", own->id);
    memcpy(text + head, line, length);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST; i++)
        if (&places[i] != own && places[i].fd >= 0 &&
            send_whole(places[i].fd, text, (size_t)head + length, MSG_DONTWAIT) == -1)
            shutdown(places[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&mutex);
}

static void serve(struct place *own, int fd)
{
    char line[LINE_MOST];
    size_t seen = 0;
    long length;
    while ((length = look(fd, line, &seen)) >= 0) {
        if (length == 0)
            continue;
        seen = 0;
        length = take(fd, line, length);
        if (length == -1)
            break;
        tell_others(own, line, (size_t)length);
    }
    if (length == -2) {
        pthread_mutex_lock(&mutex);
        send_whole(fd, "line too long\n", 14, MSG_DONTWAIT);
        pthread_mutex_unlock(&mutex);
    }
}

static void *live(void *argument)
{
    struct place *own = argument;
    pthread_mutex_lock(&mutex);
    for (;;) {
        while (own->fd == -1)
            pthread_cond_wait(&changed, &mutex);
        int fd = own->fd;
        if (fd == -2)
            break;
        pthread_mutex_unlock(&mutex);
        serve(own, fd);
        pthread_mutex_lock(&mutex);
        close(fd);
        own->fd = own->fd == -2 ? -2 : -1;
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void admit(int fd)
{
    static unsigned long last;
    int i = 0;
    pthread_mutex_lock(&mutex);
    while (i < MOST && places[i].fd != -1)
        i++;
    if (i == MOST) {
        send_whole(fd, "server full\n", 12, MSG_DONTWAIT);
        close(fd);
    } else {
        places[i].id = ++last;
        places[i].fd = fd;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    struct pollfd fds[2] = {{signalfd(-1, &ours, SFD_CLOEXEC), POLLIN, 0},
                            {listen_or_exit("chat_threads", argc, argv), POLLIN, 0}};
    for (int i = 0; i < MOST; i++) {
        places[i].fd = -1;
        if ((errno = pthread_create(&places[i].thread, NULL, live, &places[i])) != 0) {
            say("chat_threads", "pthread_create");
            return 1;
        }
    }
    while (poll(fds, 2, -1) == -1 || fds[0].revents == 0) {
        int fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            admit(fd);
        else if (errno != EAGAIN && errno != EINTR)
            poll(fds, 1, PAUSE_MS);
    }
    close(fds[1].fd);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST; i++) {
        if (places[i].fd >= 0)
            shutdown(places[i].fd, SHUT_RDWR);
        places[i].fd = -2;
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < MOST; i++)
        pthread_join(places[i].thread, NULL);
    return 0;
}
