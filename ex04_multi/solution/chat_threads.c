/* chat_threads.c: a concurrent server with one thread a client: a chat. What one client
   says is sent to all the others.

       ./chat_threads [PORT]    then, in other terminals: nc localhost 6667

   The thread of main() accepts, and does nothing else. Each client has a place in the
   array, and a thread that receives from it. All threads see the same array: whoever
   reads or changes it holds the mutex.

   Left out on purpose: names, rooms, and queues of what a slow client has not taken yet.
   A client whose socket takes no more is closed. */

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

#define PROGRAM "chat_threads"
#define CLIENTS_MAX 100

struct client {
    struct chat *chat;
    int fd; /* -1: this place is free */
    unsigned long id;
    bool has_thread; /* one that nobody has joined yet; for main()'s thread alone */
    pthread_t thread;
};

struct chat {
    pthread_mutex_t mutex; /* for every fd and id, and for what is sent to clients */
    struct client clients[CLIENTS_MAX];
    unsigned long last_id;
};

/* TODO 11: broadcast(from, line): "#ID line" to all the others. It holds the mutex while
   it sends, or the bytes of two lines could mix; so it may never wait: MSG_DONTWAIT. */
/* BEGIN SOLUTION */
static void broadcast(const struct client *from, const struct line *line)
{
    struct chat *chat = from->chat;
    char message[MESSAGE_BYTES];

    pthread_mutex_lock(&chat->mutex);
    size_t length = with_id(message, from->id, line);
    for (struct client *to = chat->clients; to < chat->clients + CLIENTS_MAX; to++) {
        if (to == from || to->fd == -1)
            continue;
        /* It takes no more, or is gone. Its own thread closes: shutdown() wakes it. */
        if (send_all(to->fd, message, length, MSG_DONTWAIT) == -1)
            shutdown(to->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&chat->mutex);
}
/* END SOLUTION */

/* TODO 12: serve_client(client), what each thread runs: receives lines and broadcasts
   them until the client has left, then closes its socket and frees its place. */
/* BEGIN SOLUTION */
/* close() under the mutex: its number may be the next client's at once, and nobody may
   send to it in between. */
static void leave(struct client *client, const char *goodbye)
{
    pthread_mutex_lock(&client->chat->mutex);
    if (goodbye != NULL)
        say_goodbye(client->fd, goodbye);
    close(client->fd);
    client->fd = -1;
    pthread_mutex_unlock(&client->chat->mutex);
}

static void *serve_client(void *argument)
{
    struct client *client = argument;
    struct reader reader = {.fd = client->fd};
    struct line line;
    enum next next;

    do {
        while ((next = next_line(&reader, &line)) == LINE)
            broadcast(client, &line);
    } while (next != TOO_LONG && receive(&reader) > 0);
    leave(client, next == TOO_LONG ? "line too long\n" : NULL);
    return NULL;
}
/* END SOLUTION */

/* TODO 13: admit(chat, client_fd): a free place in the array, an id, a thread. The thread
   gets the address of its place, not of a variable that is the next client's soon. */
/* BEGIN SOLUTION */
static struct client *free_place(struct chat *chat)
{
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (chat->clients[i].fd == -1)
            return &chat->clients[i];
    return NULL;
}

/* Gives the client a place and a thread. Returns false when no thread could be made. */
static bool take_place(struct client *client, int client_fd)
{
    /* The thread that had this place before has done all but return. Until it is joined,
       its stack stays. */
    if (client->has_thread)
        pthread_join(client->thread, NULL);
    client->fd = client_fd;
    client->id = client->chat->last_id + 1;
    client->has_thread = pthread_create(&client->thread, NULL, serve_client, client) == 0;
    if (!client->has_thread)
        client->fd = -1;
    else
        client->chat->last_id++;
    return client->has_thread;
}

static void admit(struct chat *chat, int client_fd)
{
    pthread_mutex_lock(&chat->mutex);
    struct client *client = free_place(chat);
    bool admitted = client != NULL && take_place(client, client_fd);
    pthread_mutex_unlock(&chat->mutex);
    if (admitted)
        return;
    if (client == NULL)
        say_goodbye(client_fd, "server full\n");
    else
        fprintf(stderr, "%s: pthread_create: no thread for a client\n", PROGRAM);
    close(client_fd);
}
/* END SOLUTION */

/* TODO 14: end_chat(chat): wakes every thread (shutdown() of its socket), joins it. */
/* BEGIN SOLUTION */
static void end_chat(struct chat *chat)
{
    pthread_mutex_lock(&chat->mutex);
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (chat->clients[i].fd != -1)
            shutdown(chat->clients[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&chat->mutex);
    /* without the mutex, which they need to leave */
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (chat->clients[i].has_thread)
            pthread_join(chat->clients[i].thread, NULL);
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. */
    /* BEGIN SOLUTION */
    int port = argc == 2 ? parse_port(argv[1]) : DEFAULT_PORT;
    if (port == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 5: catch SIGINT and SIGTERM, before anybody can know that we listen. */
    /* BEGIN SOLUTION */
    const int signals[] = {SIGINT, SIGTERM, 0};
    int signal_fd = catch_signals(PROGRAM, signals);
    if (signal_fd == -1)
        return 1;
    /* END SOLUTION */

    /* TODO 2: server_fd: the listening socket. */
    /* BEGIN SOLUTION */
    int server_fd = open_listener(PROGRAM, port);
    if (server_fd == -1)
        return 1;
    /* END SOLUTION */

    /* TODO 13: accept, admit, and again, until SIGINT or SIGTERM comes. */
    /* BEGIN SOLUTION */
    struct chat chat = {.mutex = PTHREAD_MUTEX_INITIALIZER, .last_id = 0};
    for (int i = 0; i < CLIENTS_MAX; i++)
        chat.clients[i] = (struct client){.chat = &chat, .fd = -1};
    int client_fd;
    while ((client_fd = await_client(PROGRAM, server_fd, signal_fd)) >= 0)
        admit(&chat, client_fd);
    /* END SOLUTION */

    /* TODO 14: close the listening socket, end the chat; exit status 0. */
    /* BEGIN SOLUTION */
    close(server_fd);
    end_chat(&chat);
    return client_fd == BROKEN;
    /* END SOLUTION */
}
