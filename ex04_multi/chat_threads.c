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

/* TODO 12: serve_client(client), what each thread runs: receives lines and broadcasts
   them until the client has left, then closes its socket and frees its place. */

/* TODO 13: admit(chat, client_fd): a free place in the array, an id, a thread. The thread
   gets the address of its place, not of a variable that is the next client's soon. */

/* TODO 14: end_chat(chat): wakes every thread (shutdown() of its socket), joins it. */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. */
    fputs("chat_threads: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 5: catch SIGINT and SIGTERM, before anybody can know that we listen. */
    fputs("chat_threads: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: the listening socket. */
    fputs("chat_threads: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 13: accept, admit, and again, until SIGINT or SIGTERM comes. */
    fputs("chat_threads: TODO 13 is still to do\n", stderr);
    return 1;

    /* TODO 14: close the listening socket, end the chat; exit status 0. */
    fputs("chat_threads: TODO 14 is still to do\n", stderr);
    return 1;
}
