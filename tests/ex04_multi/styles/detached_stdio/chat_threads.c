/* A linked list of clients on the heap; detached threads, counted. A client's first line
   is some time on its way, as on a busy machine: who comes meanwhile hears it. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

struct client {
    int fd;
    unsigned id;
    struct client *next;
};

static struct client *clients;
static unsigned count, last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gone = PTHREAD_COND_INITIALIZER;

static void tell_others(const struct client *from, const char *line, size_t length)
{
    char text[540];
    int head = snprintf(text, sizeof text, "#%u ", from->id);
    memcpy(text + head, line, length);
    text[(size_t)head + length] = '\n';
    pthread_mutex_lock(&lock);
    for (struct client *c = clients; c != NULL; c = c->next)
        if (c != from && write_all(c->fd, text, (size_t)head + length + 1, 0) < 0)
            shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&lock);
}

static void *talk(void *argument)
{
    struct client *self = argument;
    char line[512];
    FILE *in = fdopen(self->fd, "r");
    long length = read_line(in, line, sizeof line);
    if (self->id <= 120)
        poll(NULL, 0, 10);
    for (; length >= 0; length = read_line(in, line, sizeof line))
        tell_others(self, line, (size_t)length);
    pthread_mutex_lock(&lock);
    if (length == -2)
        write_all(self->fd, "line too long\n", 14, 0);
    struct client **at = &clients;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    fclose(in);
    free(self);
    count--;
    pthread_cond_signal(&gone);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv)
{
    int server_fd = start_server("chat_threads", argc, argv), fd;
    if (server_fd < 0)
        return 1;
    while ((fd = next_client("chat_threads", server_fd)) >= 0) {
        pthread_t thread;
        pthread_mutex_lock(&lock);
        struct client *client = count < 100 ? malloc(sizeof *client) : NULL;
        if (client == NULL) {
            pthread_mutex_unlock(&lock);
            write_all(fd, "server full\n", 12, 0);
            close(fd);
            continue;
        }
        *client = (struct client){fd, last + 1, clients};
        if (pthread_create(&thread, NULL, talk, client) == 0) {
            pthread_detach(thread);
            clients = client;
            count++;
            last++;
        } else {
            free(client);
            close(fd);
        }
        pthread_mutex_unlock(&lock);
    }
    close(server_fd);
    pthread_mutex_lock(&lock);
    for (struct client *c = clients; c != NULL; c = c->next)
        shutdown(c->fd, SHUT_RDWR);
    while (count > 0)
        pthread_cond_wait(&gone, &lock);
    pthread_mutex_unlock(&lock);
    return 0;
}
