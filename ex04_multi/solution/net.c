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
/* BEGIN SOLUTION */
int parse_port(const char *text)
{
    if (*text == '\0')
        return -1;
    int port = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        port = port * 10 + (*text - '0');
        if (port > 65535)
            return -1;
    }
    return port;
}
/* END SOLUTION */

/* TODO 2: failed(program, call) and open_listener(program, port): steps 2, 3 and 4 of
   ex01, in one function. */
/* BEGIN SOLUTION */
int failed(const char *program, const char *call)
{
    fprintf(stderr, "%s: %s: %s\n", program, call, strerror(errno));
    return 1;
}

static int give_up(const char *program, const char *call, int server_fd)
{
    failed(program, call);
    close(server_fd);
    return -1;
}

int open_listener(const char *program, int port)
{
    int server_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (server_fd == -1) {
        failed(program, "socket");
        return -1;
    }
    int on = 1;
    if (setsockopt(server_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return give_up(program, "setsockopt", server_fd);
    /* Between poll() and accept() a client may give up: then accept() must not wait. */
    if (fcntl(server_fd, F_SETFL, O_NONBLOCK) == -1)
        return give_up(program, "fcntl", server_fd);

    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons((uint16_t)port);
    if (bind(server_fd, (struct sockaddr *)&address, sizeof address) == -1)
        return give_up(program, "bind", server_fd);
    if (listen(server_fd, BACKLOG) == -1)
        return give_up(program, "listen", server_fd);

    socklen_t address_length = sizeof address;
    if (getsockname(server_fd, (struct sockaddr *)&address, &address_length) == -1)
        return give_up(program, "getsockname", server_fd);
    printf("listening on port %d\n", ntohs(address.sin_port));
    if (fflush(stdout) == EOF)
        return give_up(program, "fflush", server_fd);
    return server_fd;
}
/* END SOLUTION */

/* ---- Lines ---- */

/* TODO 3: receive(reader) and next_line(reader, line). A stream has no message
   boundaries: one recv() may bring half a line, or five. */
/* BEGIN SOLUTION */
ssize_t receive(struct reader *reader)
{
    ssize_t received;
    do /* a signal may come while we wait */
        received = recv(reader->fd, reader->bytes + reader->length,
                        sizeof reader->bytes - reader->length, 0);
    while (received == -1 && errno == EINTR);
    if (received > 0)
        reader->length += (size_t)received;
    return received;
}

enum next next_line(struct reader *reader, struct line *line)
{
    /* memchr() and not strchr(): a line may hold NUL bytes */
    const char *end = memchr(reader->bytes, '\n', reader->length);
    if (end == NULL)
        return reader->length == sizeof reader->bytes ? TOO_LONG : NO_LINE;

    size_t taken = (size_t)(end - reader->bytes) + 1;
    memcpy(line->bytes, reader->bytes, taken);
    line->length = taken;
    if (taken >= 2 && line->bytes[taken - 2] == '\r') {
        line->bytes[taken - 2] = '\n';
        line->length--;
    }
    reader->length -= taken;
    memmove(reader->bytes, reader->bytes + taken, reader->length);
    return LINE;
}
/* END SOLUTION */

/* ---- Sending ---- */

/* TODO 4: send_all(fd, bytes, length, flags): send() may take only a part, so call it
   until nothing is left. with_id(message, id, line). say_goodbye(client_fd, text). */
/* BEGIN SOLUTION */
int send_all(int fd, const char *bytes, size_t length, int flags)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, flags | MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

size_t with_id(char message[MESSAGE_BYTES], unsigned long id, const struct line *line)
{
    int length = snprintf(message, MESSAGE_BYTES, "#%lu ", id);
    if (length < 0)
        return 0;
    memcpy(message + length, line->bytes, line->length);
    return (size_t)length + line->length;
}

/* close() with bytes unread sends RST, and an RST can take with it what the client has to
   be told. So what has come already is received and dropped; not without end, as a client
   can send faster than we drop, and without waiting for more. */
void say_goodbye(int client_fd, const char *text)
{
    char bytes[LINE_BYTES];

    if (send_all(client_fd, text, strlen(text), MSG_DONTWAIT) == -1)
        return;
    shutdown(client_fd, SHUT_WR);
    for (int i = 0; i < GOODBYE_RECVS; i++)
        if (recv(client_fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
            return;
}
/* END SOLUTION */

/* ---- Signals ---- */

/* TODO 5: catch_signals(program, numbers), next_signal(signal_fd), forget_signals(). A
   flag that a loop looks at is not enough: the signal may come just after the look, and
   then the loop waits for a client. A byte in a pipe stays there until poll() sees it. */
/* BEGIN SOLUTION */
static int signal_pipe[2]; /* [1] is written by the handler, so it has to be global */

/* Only calls that signal-safety(7) lists, and errno as it was: the handler may run in the
   middle of anything. */
static void note_signal(int number)
{
    int saved = errno;
    char byte = (char)number;
    ssize_t written = write(signal_pipe[1], &byte, 1);
    (void)written; /* a full pipe wakes the loop as well */
    errno = saved;
}

int catch_signals(const char *program, const int *numbers)
{
    if (pipe(signal_pipe) == -1) {
        failed(program, "pipe");
        return -1;
    }
    /* A handler must never wait. */
    if (fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK) == -1) {
        failed(program, "fcntl");
        return -1;
    }

    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (; *numbers != 0; numbers++)
        if (sigaction(*numbers, &action, NULL) == -1) {
            failed(program, "sigaction");
            return -1;
        }
    return signal_pipe[0];
}

int next_signal(int signal_fd)
{
    char byte = 0;
    ssize_t taken;
    do
        taken = read(signal_fd, &byte, 1);
    while (taken == -1 && errno == EINTR);
    return byte;
}

void forget_signals(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    close(signal_pipe[0]);
    close(signal_pipe[1]);
}
/* END SOLUTION */

/* ---- Clients ---- */

/* TODO 6: accept_client(program, server_fd) and await_client(program, server_fd,
   signal_fd). No error of accept() ends a server: each is one client's, or passes. */
/* BEGIN SOLUTION */
int accept_client(const char *program, int server_fd)
{
    int client_fd = accept(server_fd, NULL, NULL);
    if (client_fd != -1)
        return client_fd;
    if (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN ||
        errno == EWOULDBLOCK)
        return NO_CLIENT;
    failed(program, "accept"); /* most likely EMFILE: no descriptor is left */
    return SHORTAGE;
}

int await_client(const char *program, int server_fd, int signal_fd)
{
    struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN},
                           {.fd = server_fd, .events = POLLIN}};
    for (;;) {
        /* during a pause the listening socket is not looked at */
        int ready = poll(fds, 2, fds[1].events == 0 ? ACCEPT_PAUSE_MS : -1);
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1) {
            failed(program, "poll");
            return BROKEN;
        }
        if (fds[0].revents != 0)
            return SIGNALED;
        fds[1].events = POLLIN;
        if (fds[1].revents == 0)
            continue;
        int client_fd = accept_client(program, server_fd);
        if (client_fd >= 0)
            return client_fd;
        if (client_fd == SHORTAGE)
            fds[1].events = 0;
    }
}
/* END SOLUTION */
