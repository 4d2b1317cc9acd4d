/* chat_poll.c: a concurrent server in one process and one thread: the chat of
   chat_threads, to the byte.

       ./chat_poll [PORT]       then, in other terminals: nc localhost 6667

   poll() is the one place where it waits: for all sockets at once. What it does after
   that never waits, so that no client can delay another. Nothing happens at the same
   time, so there is no mutex.

   Left out on purpose: names, rooms, and queues of what a slow client has not taken yet.
   A client whose socket takes no more is closed. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

#define PROGRAM "chat_poll"
#define CLIENTS_MAX 100

struct client {
    struct reader reader; /* .fd is -1: this place is free */
    unsigned long id;
};

/* What poll() is asked: fds[i + FIRST] is the socket of clients[i], or -1, which poll()
   passes over. */
enum { SIGNAL, SERVER, FIRST };

struct chat {
    struct pollfd fds[FIRST + CLIENTS_MAX];
    struct client clients[CLIENTS_MAX];
    unsigned long last_id;
};

/* TODO 15: leave(chat, i): closes the socket of the client in place i, frees the place.
   broadcast(chat, from, line): "#ID line" to all the others, never waiting. */
/* BEGIN SOLUTION */
static void leave(struct chat *chat, int i)
{
    close(chat->clients[i].reader.fd);
    chat->clients[i].reader.fd = -1;
    chat->fds[FIRST + i].fd = -1;
}

static void broadcast(struct chat *chat, int from, const struct line *line)
{
    char message[MESSAGE_BYTES];
    size_t length = with_id(message, chat->clients[from].id, line);

    for (int to = 0; to < CLIENTS_MAX; to++) {
        int client_fd = chat->clients[to].reader.fd;
        if (to == from || client_fd == -1)
            continue;
        /* It takes no more, or is gone. */
        if (send_all(client_fd, message, length, MSG_DONTWAIT) == -1)
            leave(chat, to);
    }
}
/* END SOLUTION */

/* TODO 16: serve_client(chat, i): receives once, which does not wait when poll() has said
   that there is something, and broadcasts the lines that are complete now. */
/* BEGIN SOLUTION */
static void serve_client(struct chat *chat, int i)
{
    struct reader *reader = &chat->clients[i].reader;
    struct line line;
    enum next next;

    if (receive(reader) <= 0) {
        leave(chat, i);
        return;
    }
    while ((next = next_line(reader, &line)) == LINE)
        broadcast(chat, i, &line);
    if (next == TOO_LONG) {
        say_goodbye(reader->fd, "line too long\n");
        leave(chat, i);
    }
}
/* END SOLUTION */

/* TODO 17: admit(chat, client_fd): a free place in the array, and an id. */
/* BEGIN SOLUTION */
static void admit(struct chat *chat, int client_fd)
{
    for (int i = 0; i < CLIENTS_MAX; i++) {
        if (chat->clients[i].reader.fd != -1)
            continue;
        chat->clients[i] = (struct client){.reader.fd = client_fd, .id = ++chat->last_id};
        chat->fds[FIRST + i] = (struct pollfd){.fd = client_fd, .events = POLLIN};
        return;
    }
    say_goodbye(client_fd, "server full\n");
    close(client_fd);
}
/* END SOLUTION */

/* TODO 18: serve(chat): poll() for all, then serve those for whom something has come,
   until SIGINT or SIGTERM comes. Returns the exit status. */
/* BEGIN SOLUTION */
/* The clients whose sockets have something to tell. Not only POLLIN: POLLHUP and POLLERR
   come unasked, and until recv() has been called poll() tells them again and again. */
static void serve_clients(struct chat *chat)
{
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (chat->fds[FIRST + i].fd != -1 && chat->fds[FIRST + i].revents != 0)
            serve_client(chat, i);
}

static int serve(struct chat *chat)
{
    struct pollfd *server = &chat->fds[SERVER];
    for (;;) {
        /* during a pause the listening socket is not looked at */
        int ready = poll(chat->fds, FIRST + CLIENTS_MAX,
                         server->events == 0 ? ACCEPT_PAUSE_MS : -1);
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1)
            return failed(PROGRAM, "poll");
        if (chat->fds[SIGNAL].revents != 0)
            return 0;
        serve_clients(chat);
        server->events = POLLIN;
        if (server->revents == 0)
            continue;
        int client_fd = accept_client(PROGRAM, server->fd);
        if (client_fd >= 0)
            admit(chat, client_fd);
        else if (client_fd == SHORTAGE)
            server->events = 0;
    }
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

    /* TODO 18: serve, until SIGINT or SIGTERM comes. */
    /* BEGIN SOLUTION */
    struct chat chat = {.last_id = 0};
    for (int i = 0; i < CLIENTS_MAX; i++)
        chat.clients[i].reader.fd = chat.fds[FIRST + i].fd = -1;
    chat.fds[SIGNAL] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
    chat.fds[SERVER] = (struct pollfd){.fd = server_fd, .events = POLLIN};
    int status = serve(&chat);
    /* END SOLUTION */

    /* TODO 19: close every socket; exit status 0. */
    /* BEGIN SOLUTION */
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (chat.clients[i].reader.fd != -1)
            leave(&chat, i);
    close(server_fd);
    return status;
    /* END SOLUTION */
}
