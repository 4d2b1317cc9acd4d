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

/* TODO 8: fork_child(children, client_fd, ...): in the child serve the client, and end
   with _exit(); in the parent go on. After fork() both have every descriptor: each closes
   what is not its own. */

/* TODO 9: reap(children): waitpid() for every child that has ended. Until then it is a
   zombie. Several may have ended and only one SIGCHLD have come: they are not counted. */

/* TODO 10: end_children(children): they end with the server. SIGKILL, as a child may be
   waiting in send(), and has nothing to put in order. */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. */
    fputs("echo_fork: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 5: catch SIGINT, SIGTERM, SIGCHLD, before anybody can know that we listen. */
    fputs("echo_fork: TODO 5 is still to do\n", stderr);
    return 1;

    /* TODO 2: server_fd: the listening socket. */
    fputs("echo_fork: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 8: accept, fork, and again, until SIGINT or SIGTERM comes. SIGCHLD says that
       children have ended (TODO 9). */
    fputs("echo_fork: TODO 8 is still to do\n", stderr);
    return 1;

    /* TODO 10: close the listening socket, end the children; exit status 0. */
    fputs("echo_fork: TODO 10 is still to do\n", stderr);
    return 1;
}
