/* dgram_client.c: sends a message as one datagram and prints the answer, a number.

       ./dgram_client PATH MESSAGE

   1 path, 2 socket, 9 an address of its own, 10 ask: main() goes through these steps from
   top to bottom. It is the asym_client of udp with another address, and one thing more:
   over UDP the kernel gives a client that has not called bind() a port, over AF_UNIX it
   gives it nothing. So the client binds a path itself, and removes it. */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TRIES 3
#define WAIT_MS 500 /* for the answer to each */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s PATH MESSAGE\n", program);
    return 2;
}

/* TODO 2: failed(path, call): says on stderr which call failed and why, as in
   "dgram_client: s: connect: Connection refused", and returns 1, the exit status. */
/* BEGIN SOLUTION */
static int failed(const char *path, const char *call)
{
    fprintf(stderr, "dgram_client: %s: %s: %s\n", path, call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* TODO 9: bind_own_path(client_fd): makes a directory that nobody else can look into
   (mkdtemp), and binds client_fd to a path in it. Both are removed, however the program
   ends. */
/* BEGIN SOLUTION */
/* What the signal handler needs. Absolute: the server looks the path up from where it
   runs itself. */
static char directory[] = "/tmp/dgram_client.XXXXXX";
static char own_path[sizeof directory + sizeof "/socket"];

static void remove_both(void)
{
    unlink(own_path);
    rmdir(directory);
}

static void end_client(int signal_number)
{
    (void)signal_number;
    remove_both();
    _exit(1);
}

/* Both signals wait until there is something to remove, and a handler that does it. */
static int bind_own_path(int client_fd)
{
    struct sockaddr_un own;
    if (hold_signals() == -1)
        return failed(directory, "sigprocmask");
    if (mkdtemp(directory) == NULL)
        return failed(directory, "mkdtemp");
    if (atexit(remove_both) != 0)
        return failed(directory, "atexit");
    snprintf(own_path, sizeof own_path, "%s/socket", directory);
    if (set_path(&own, own_path) == -1 ||
        bind(client_fd, (struct sockaddr *)&own, sizeof own) == -1)
        return failed(own_path, "bind");
    if (end_on_signals(end_client) == -1)
        return failed(own_path, "sigaction");
    return 0;
}
/* END SOLUTION */

/* TODO 10: wait_for_answer(client_fd, &answer): receives, no longer than 500 ms in all;
   what is not 4 bytes long is no answer, and the wait goes on as if it had not come. */
/* BEGIN SOLUTION */
static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns 1 with the answer, 0 when none came in time, -1 with errno set. */
static int wait_for_answer(int client_fd, uint32_t *answer)
{
    long end = now_ms() + WAIT_MS;

    for (long left; (left = end - now_ms()) > 0;) {
        struct pollfd waiting = {.fd = client_fd, .events = POLLIN};
        int ready = poll(&waiting, 1, (int)left);
        if (ready <= 0)
            return ready;
        char bytes[sizeof *answer + 1]; /* one more: a longer datagram shows itself */
        ssize_t received = recv(client_fd, bytes, sizeof bytes, 0);
        if (received == -1)
            return -1;
        if (received == sizeof *answer) {
            memcpy(answer, bytes, sizeof *answer);
            *answer = ntohl(*answer);
            return 1;
        }
    }
    return 0;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc != 3)
        return usage(argv[0]);

    /* TODO 1: address: the path argv[1], by set_path(). One that is empty or too long
       gets the usage line and exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    struct sockaddr_un address;
    if (set_path(&address, argv[1]) == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 2: client_fd: a datagram socket of the family AF_UNIX. */
    /* BEGIN SOLUTION */
    int client_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (client_fd == -1)
        return failed(argv[1], "socket");
    /* END SOLUTION */

    /* TODO 9: connect it to the server. Nothing is sent; but from then on send() goes
       there, only what the server sends is received, and a dead socket is an error. Then
       bind_own_path(). */
    /* BEGIN SOLUTION */
    if (connect(client_fd, (struct sockaddr *)&address, sizeof address) == -1)
        return failed(argv[1], "connect");
    if (bind_own_path(client_fd) != 0)
        return 1;
    /* END SOLUTION */

    /* TODO 10: send the message and wait for the answer, up to three times. None came:
       "dgram_client: no answer", exit status 1. Else print it and flush. */
    /* BEGIN SOLUTION */
    uint32_t answer = 0;
    int answered = 0;
    for (int i = 0; i < TRIES && answered == 0; i++) {
        /* Where the server's queue is full, send() would wait for room, without end.
           With MSG_DONTWAIT it fails with EAGAIN: this try is lost. */
        if (send(client_fd, argv[2], strlen(argv[2]), MSG_DONTWAIT) == -1 &&
            errno != EAGAIN)
            return failed(argv[1], "send");
        answered = wait_for_answer(client_fd, &answer);
        if (answered == -1)
            return failed(argv[1], "recv");
    }
    if (answered == 0) {
        fputs("dgram_client: no answer\n", stderr);
        return 1;
    }
    printf("%" PRIu32 "\n", answer);
    if (fflush(stdout) == EOF)
        return failed(argv[1], "fflush");
    if (close(client_fd) == -1)
        return failed(argv[1], "close");
    return 0;
    /* END SOLUTION */
}
