/* echo_fork.c: a concurrent server with one process a client. It sends each line back.

       ./echo_fork [PORT]       then, in other terminals: nc localhost 6667

   The process that was started accepts, and does nothing else. For each client it forks
   a child, which talks with this one client, and ends.

   Left out on purpose: children that are made before the clients come, and a limit per
   client. A child waits for its client as long as the client likes: it delays nobody. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

#define PROGRAM "echo_fork"
#define CHILDREN_MAX 1000 /* so that a crowd of clients can't fill the machine */

struct children {
    pid_t pids[CHILDREN_MAX];
    size_t count;
};

/* TODO 7: serve_client(client_fd): sends each line back, until the client has closed. */
/* BEGIN SOLUTION */
static void serve_client(int client_fd)
{
    struct reader reader = {.fd = client_fd};
    struct line line;

    do {
        enum next next;
        while ((next = next_line(&reader, &line)) == LINE)
            if (send_all(client_fd, line.bytes, line.length, 0) == -1)
                return;
        if (next == TOO_LONG) {
            say_goodbye(client_fd, "line too long\n");
            return;
        }
    } while (receive(&reader) > 0);
}
/* END SOLUTION */

/* TODO 8: fork_child(children, client_fd, ...): in the child serve the client, and end
   with _exit(); in the parent go on. After fork() both have every descriptor: each closes
   what is not its own. */
/* BEGIN SOLUTION */
static void fork_child(struct children *children, int client_fd, int server_fd)
{
    if (children->count == CHILDREN_MAX) {
        fprintf(stderr, "%s: %d clients: no more at once\n", PROGRAM, CHILDREN_MAX);
        close(client_fd);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        forget_signals();
        close(server_fd);
        serve_client(client_fd);
        close(client_fd);
        _exit(0); /* not exit(): what stdio still holds is the parent's to write */
    }
    if (pid == -1)
        failed(PROGRAM, "fork");
    else
        children->pids[children->count++] = pid;
    close(client_fd); /* else the client would never see the end of its connection */
}
/* END SOLUTION */

/* TODO 9: reap(children): waitpid() for every child that has ended. Until then it is a
   zombie. Several may have ended and only one SIGCHLD have come: they are not counted. */
/* BEGIN SOLUTION */
static void reap(struct children *children)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        size_t i = 0;
        while (i < children->count && children->pids[i] != pid)
            i++;
        if (i == children->count)
            continue;
        children->count--; /* the last one takes its place */
        children->pids[i] = children->pids[children->count];
    }
}
/* END SOLUTION */

/* TODO 10: end_children(children): they end with the server. SIGKILL, as a child may be
   waiting in send(), and has nothing to put in order. */
/* BEGIN SOLUTION */
static void end_children(const struct children *children)
{
    for (size_t i = 0; i < children->count; i++)
        kill(children->pids[i], SIGKILL);
    pid_t pid;
    do /* until there is no child any more: ECHILD */
        pid = waitpid(-1, NULL, 0);
    while (pid > 0 || errno == EINTR);
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

    /* TODO 5: catch SIGINT, SIGTERM, SIGCHLD, before anybody can know that we listen. */
    /* BEGIN SOLUTION */
    const int signals[] = {SIGINT, SIGTERM, SIGCHLD, 0};
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

    /* TODO 8: accept, fork, and again, until SIGINT or SIGTERM comes. SIGCHLD says that
       children have ended (TODO 9). */
    /* BEGIN SOLUTION */
    struct children children = {.count = 0};
    int client_fd;
    for (;;) {
        client_fd = await_client(PROGRAM, server_fd, signal_fd);
        if (client_fd >= 0)
            fork_child(&children, client_fd, server_fd);
        else if (client_fd == SIGNALED && next_signal(signal_fd) == SIGCHLD)
            reap(&children);
        else
            break;
    }
    /* END SOLUTION */

    /* TODO 10: close the listening socket, end the children; exit status 0. */
    /* BEGIN SOLUTION */
    close(server_fd);
    end_children(&children);
    return client_fd == BROKEN;
    /* END SOLUTION */
}
