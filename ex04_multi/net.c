/* net.c: what the three servers of this directory share; net.h says what each function
   is for. A small library like this one is what every book on sockets begins with.

   Left out on purpose: IPv6, names instead of addresses (ex03 has both), and a reader
   that keeps more than one line's worth of bytes. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

#define BACKLOG 128       /* connections that may wait for accept() */
#define GOODBYE_RECVS 128 /* of what a client has sent before it is told to leave */

int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT]\n", program);
    return 2;
}

/* ---- The listening socket ---- */

/* TODO 1: parse_port(text), as in ex01. */

/* TODO 2: failed(program, call) and open_listener(program, port): steps 2, 3 and 4 of
   ex01, in one function. */

/* ---- Lines ---- */

/* TODO 3: receive(reader) and next_line(reader, line). A stream has no message
   boundaries: one recv() may bring half a line, or five. */

/* ---- Sending ---- */

/* TODO 4: send_all(fd, bytes, length, flags): send() may take only a part, so call it
   until nothing is left. with_id(message, id, line). say_goodbye(client_fd, text). */

/* ---- Signals ---- */

/* TODO 5: catch_signals(program, numbers), next_signal(signal_fd), forget_signals(). A
   flag that a loop looks at is not enough: the signal may come just after the look, and
   then the loop waits for a client. A byte in a pipe stays there until poll() sees it. */

/* ---- Clients ---- */

/* TODO 6: accept_client(program, server_fd) and await_client(program, server_fd,
   signal_fd). No error of accept() ends a server: each is one client's, or passes. */
