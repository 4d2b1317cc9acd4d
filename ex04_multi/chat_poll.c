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

/* TODO 16: serve_client(chat, i): receives once, which does not wait when poll() has said
   that there is something, and broadcasts the lines that are complete now. */

/* TODO 17: admit(chat, client_fd): a free place in the array, and an id. */

/* TODO 18: serve(chat): poll() for all, then serve those for whom something has come,
   until SIGINT or SIGTERM comes. Returns the exit status. */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. */
    fputs("chat_poll: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 5: catch SIGINT and SIGTERM, before anybody can know that we listen. */
    fputs("chat_poll: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: the listening socket. */
    fputs("chat_poll: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 18: serve, until SIGINT or SIGTERM comes. */
    fputs("chat_poll: TODO 18 is still to do\n", stderr);
    return 1;

    /* TODO 19: close every socket; exit status 0. */
    fputs("chat_poll: TODO 19 is still to do\n", stderr);
    return 1;
}
