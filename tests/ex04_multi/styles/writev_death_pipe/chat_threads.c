/* The thread of main() waits for the end in sigwait(); another blocks in accept(), which
   shutdown() of the listening socket ends. Each client has a mutex of its own for what is
   sent to it, the array has one, too. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

enum { MOST = 100 };

struct client {
    int fd;
    uint64_t id;
    struct ring ring;
};

static struct client *array[MOST];
static pthread_rwlock_t array_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;
static int threads, server_fd, over;

static int put(struct client *to, struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 0};
    while (count > 0) {
        message.msg_iov = parts;
        message.msg_iovlen = (size_t)count;
        ssize_t n = sendmsg(to->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        for (; count > 0 && (size_t)n >= parts->iov_len; parts++, count--)
            n -= (ssize_t)parts->iov_len;
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + n;
            parts->iov_len -= (size_t)n;
        }
    }
    return 0;
}

static void tell_others(const struct client *from, const struct iovec parts[2])
{
    char head[32];
    int length = sprintf(head, "#%" PRIu64 " ", from->id);
    pthread_mutex_lock(&speaking);
    pthread_rwlock_rdlock(&array_lock);
    for (int i = 0; i < MOST; i++) {
        struct iovec all[4] = {{head, (size_t)length}, parts[0], parts[1], {"\n", 1}};
        if (array[i] != NULL && array[i] != from && put(array[i], all, 4) == -1)
            shutdown(array[i]->fd, SHUT_RDWR);
    }
    pthread_rwlock_unlock(&array_lock);
    pthread_mutex_unlock(&speaking);
}

static void *serve(void *argument)
{
    struct client *own = argument;
    struct iovec parts[2];
    int taken = 0;
    while (taken >= 0 && fill(own->fd, &own->ring) > 0)
        while ((taken = cut(&own->ring, parts)) > 0) {
            tell_others(own, parts);
            forget(&own->ring, taken);
        }
    pthread_rwlock_wrlock(&array_lock);
    for (int i = 0; i < MOST; i++)
        array[i] = array[i] == own ? NULL : array[i];
    pthread_rwlock_unlock(&array_lock);
    if (taken < 0)
        put(own, &(struct iovec){"line too long\n", 14}, 1);
    close(own->fd);
    free(own);
    pthread_mutex_lock(&counting);
    if (--threads == 0)
        pthread_cond_broadcast(&nobody);
    pthread_mutex_unlock(&counting);
    return NULL;
}

static void admit(int fd, uint64_t *admitted, const pthread_attr_t *detached)
{
    pthread_t thread;
    int i = 0;
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        close(fd);
        return;
    }
    client->fd = fd;
    pthread_rwlock_wrlock(&array_lock);
    while (i < MOST && array[i] != NULL)
        i++;
    if (i == MOST)
        put(client, &(struct iovec){"server full\n", 12}, 1);
    pthread_mutex_lock(&counting);
    client->id = *admitted + 1;
    int made = i < MOST && !over && pthread_create(&thread, detached, serve, client) == 0;
    threads += made;
    pthread_mutex_unlock(&counting);
    if (made) {
        array[i] = client;
        ++*admitted;
    } else {
        close(fd);
        free(client);
    }
    pthread_rwlock_unlock(&array_lock);
}

static void *accepts(void *unused)
{
    uint64_t admitted = 0;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 1 << 18);
    for (;;) {
        int fd = accept(server_fd, NULL, NULL);
        if (fd >= 0) {
            admit(fd, &admitted, &detached);
            continue;
        }
        struct timespec nap = {.tv_nsec = 5000000};
        int why = errno;
        pthread_mutex_lock(&counting);
        int end = over;
        pthread_mutex_unlock(&counting);
        if (end)
            break;
        if (why != EINTR && why != ECONNABORTED)
            nanosleep(&nap, NULL);
    }
    pthread_attr_destroy(&detached);
    return unused;
}

int main(int argc, char *argv[])
{
    int number;
    pthread_t thread;
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    server_fd = open_port("chat_threads", argc, argv, 0);
    if ((errno = pthread_create(&thread, NULL, accepts, NULL)) != 0) {
        complain("chat_threads", "pthread_create");
        return 1;
    }
    sigwait(&ours, &number);
    pthread_mutex_lock(&counting);
    over = 1;
    pthread_mutex_unlock(&counting);
    shutdown(server_fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(server_fd);
    pthread_rwlock_rdlock(&array_lock);
    for (int i = 0; i < MOST; i++)
        if (array[i] != NULL)
            shutdown(array[i]->fd, SHUT_RDWR);
    pthread_rwlock_unlock(&array_lock);
    pthread_mutex_lock(&counting);
    while (threads > 0)
        pthread_cond_wait(&nobody, &counting);
    pthread_mutex_unlock(&counting);
    return 0;
}
