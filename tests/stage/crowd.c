/* crowd: plays many clients of a chat at the same time, and checks that every line
   arrives at each of the other clients whole, once, and in its sender's order.

       crowd [-t SECONDS] PORT CLIENTS SENDERS LINES

   CLIENTS connect one after the other (each is heard by the first before the next comes,
   so all are admitted). Then SENDERS of them send LINES lines each, all at once, some in
   pieces, some several at a time. Nobody sends when a client has yet to receive AHEAD
   lines: a right server never finds a socket full.

   It gives up where no line arrives for SECONDS of fair time (clock.h).

   Prints one sentence. Exit status: 0 all is well, 1 not, 2 wrong command line. */

#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum {
    CLIENTS_MAX = 200,
    DEADLINE_S = 10, /* for the whole, unless -t says otherwise */
    AHEAD = 300,     /* lines a client may have yet to receive */
    AT_ONCE = 5,     /* lines in one send, at most */
    TEXT_MAX = 128,  /* bytes of a line */
    INBOX_MAX = 65536
};

struct client {
    int fd;
    unsigned long id;      /* as the server tells it to the others; 0: not yet */
    int sent, received;    /* lines */
    int next[CLIENTS_MAX]; /* the line of each other client that comes next */
    char inbox[INBOX_MAX], outbox[AT_ONCE * TEXT_MAX];
    size_t inbox_length, outbox_length;
};

struct crowd {
    struct client *clients;
    int count, senders, lines;
    int all_sent;  /* lines, by all clients */
    long heard_ms; /* fair time at which the last line arrived */
    int seconds;   /* without a line */
};

/* Whether nothing has arrived for so long that nothing will: a slow machine may take its
   time for all of it. */
static bool stands_still(const struct crowd *crowd)
{
    return over(crowd->heard_ms + crowd->seconds * 1000L);
}

/* Says what is wrong and ends the program: the sentence is all that is asked for. */
static _Noreturn void wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    exit(1);
}

/* Writes line number n of client c, as it is sent: a text of its own, of varied length.
   Returns its length, the LF included. */
static size_t write_line(char text[TEXT_MAX], int c, int n)
{
    int length = snprintf(text, TEXT_MAX, "client %d line %d ", c + 1, n);
    for (int more = (c * 7 + n * 13) % 60; more > 0; more--)
        text[length++] = (char)('a' + (c + n + more) % 26);
    text[length++] = '\n';
    return (size_t)length;
}

static void connect_client(const struct crowd *crowd, struct client *client, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int on = 1, c = (int)(client - crowd->clients);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd == -1 ||
        connect(client->fd, (struct sockaddr *)&address, sizeof address) == -1)
        wrong("client %d can't connect: %s", c + 1, strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    /* Line 0 is what a client says as it comes: those who came before hear it. */
    for (int i = 0; i < crowd->count; i++)
        client->next[i] = i > c ? 0 : 1;
}

/* ---- Receiving ---- */

/* Checks one line that client `to` has received: text[0..length], without its LF. */
static void check_line(struct crowd *crowd, struct client *to, const char *text,
                       size_t length)
{
    char expected[TEXT_MAX];
    unsigned long id = 0;
    int from = 0, n = 0, own = (int)(to - crowd->clients) + 1;
    char shown[TEXT_MAX];
    snprintf(shown, sizeof shown, "%.*s", (int)(length < 100 ? length : 100), text);
    if (sscanf(shown, "#%lu client %d line %d ", &id, &from, &n) != 3 || from < 1 ||
        from > crowd->count || n < 0 || n > crowd->lines)
        wrong("client %d received what nobody sent so: \"%s\"", own, shown);
    size_t size = write_line(expected, from - 1, n), head = strcspn(text, " ") + 1;
    if (length - head != size - 1 || memcmp(text + head, expected, size - 1) != 0)
        wrong("client %d received a line that is not whole: \"%s\"", own, shown);
    struct client *sender = &crowd->clients[from - 1];
    if (sender == to)
        wrong("client %d received its own line: \"%s\"", own, shown);
    /* One who comes may still hear what was said just before. */
    if (n == 0 && from < own && to->next[from - 1] == 1)
        return;
    if (n != to->next[from - 1])
        wrong("client %d received line %d of client %d %s", own, n, from,
              n < to->next[from - 1] ? "twice, or too late" : "before an earlier one");
    if (sender->id == 0)
        sender->id = id;
    if (sender->id != id)
        wrong("client %d is called #%lu, and then #%lu", from, sender->id, id);
    to->next[from - 1]++;
    to->received++;
}

/* Receives what has come for a client, and checks the lines that are complete. */
static void take_in(struct crowd *crowd, struct client *client)
{
    ssize_t received = recv(client->fd, client->inbox + client->inbox_length,
                            sizeof client->inbox - client->inbox_length, 0);
    if (received == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received <= 0)
        wrong("client %d: %s after %d lines", (int)(client - crowd->clients) + 1,
              received == 0 ? "the server has closed the connection" : strerror(errno),
              client->received);
    crowd->heard_ms = fair_ms();
    client->inbox_length += (size_t)received;
    char *line = client->inbox, *end = client->inbox + client->inbox_length, *lf;
    while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        *lf = '\0';
        check_line(crowd, client, line, (size_t)(lf - line));
        line = lf + 1;
    }
    client->inbox_length = (size_t)(end - line);
    memmove(client->inbox, line, client->inbox_length);
    if (client->inbox_length == sizeof client->inbox)
        wrong("client %d received %d bytes without a line end",
              (int)(client - crowd->clients) + 1, INBOX_MAX);
}

/* ---- Sending ---- */

/* Sends what waits to be sent; where it is several lines, the last in two pieces. */
static void send_out(const struct crowd *crowd, struct client *client)
{
    while (client->outbox_length > 0) {
        size_t piece = client->outbox_length;
        if (piece > TEXT_MAX)
            piece -= 7;
        ssize_t sent = send(client->fd, client->outbox, piece, MSG_NOSIGNAL);
        if (sent == -1 && errno == EAGAIN)
            return;
        if (sent == -1)
            wrong("client %d: send: %s", (int)(client - crowd->clients) + 1,
                  strerror(errno));
        client->outbox_length -= (size_t)sent;
        memmove(client->outbox, client->outbox + sent, client->outbox_length);
    }
}

/* Whether every client has so little yet to receive that one more line may be sent. */
static bool may_send(const struct crowd *crowd)
{
    for (const struct client *c = crowd->clients; c < crowd->clients + crowd->count; c++)
        if (crowd->all_sent - c->sent - c->received >= AHEAD)
            return false;
    return true;
}

static void say_lines(struct crowd *crowd, struct client *client)
{
    int c = (int)(client - crowd->clients), at_once = 1 + (c + client->sent) % AT_ONCE;
    send_out(crowd, client);
    if (client->outbox_length > 0 || c >= crowd->senders)
        return;
    while (at_once-- > 0 && client->sent < crowd->lines && may_send(crowd)) {
        client->outbox_length +=
            write_line(client->outbox + client->outbox_length, c, client->sent + 1);
        client->sent++;
        crowd->all_sent++;
    }
    send_out(crowd, client);
}

/* ---- The whole ---- */

/* Lines that client c must have received when all is over: from those who came later
   also their line 0. */
static int lines_due(const struct crowd *crowd, int c)
{
    int others = crowd->senders - (c < crowd->senders ? 1 : 0);
    return others * crowd->lines + crowd->count - 1 - c;
}

static void wait_for_some(struct crowd *crowd, int clients)
{
    struct pollfd fds[CLIENTS_MAX];
    for (int i = 0; i < clients; i++)
        fds[i] = (struct pollfd){.fd = crowd->clients[i].fd, .events = POLLIN};
    poll(fds, (nfds_t)clients, 5);
    for (int i = 0; i < clients; i++)
        if (fds[i].revents != 0)
            take_in(crowd, &crowd->clients[i]);
}

static void come(struct crowd *crowd, int port)
{
    struct client *first = crowd->clients;
    for (int i = 0; i < crowd->count; i++) {
        struct client *client = &crowd->clients[i];
        connect_client(crowd, client, port);
        if (i == 0)
            continue;
        client->outbox_length = write_line(client->outbox, i, 0);
        send_out(crowd, client);
        while (first->next[i] == 0) {
            wait_for_some(crowd, i + 1);
            if (stands_still(crowd))
                wrong("client %d is connected, and its line does not arrive at client 1",
                      i + 1);
        }
    }
}

/* The first client that has not received all, or NULL. */
static const struct client *waiting(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++)
        if (crowd->clients[i].received < lines_due(crowd, i))
            return &crowd->clients[i];
    return NULL;
}

static void converse(struct crowd *crowd)
{
    const struct client *client;
    while ((client = waiting(crowd)) != NULL) {
        for (int i = 0; i < crowd->count; i++)
            say_lines(crowd, &crowd->clients[i]);
        wait_for_some(crowd, crowd->count);
        if (stands_still(crowd))
            wrong("client %d has received %d lines of %d, and no more for %d s",
                  (int)(client - crowd->clients) + 1, client->received,
                  lines_due(crowd, (int)(client - crowd->clients)), crowd->seconds);
    }
}

int main(int argc, char **argv)
{
    struct crowd crowd = {.seconds = DEADLINE_S};
    int option, port = 0;
    while ((option = getopt(argc, argv, "t:")) == 't')
        crowd.seconds = atoi(optarg);
    if (option == -1 && argc - optind == 4) {
        port = atoi(argv[optind]);
        crowd.count = atoi(argv[optind + 1]);
        crowd.senders = atoi(argv[optind + 2]);
        crowd.lines = atoi(argv[optind + 3]);
    }
    if (port < 1 || crowd.count < 2 || crowd.count > CLIENTS_MAX || crowd.senders < 1 ||
        crowd.senders > crowd.count || crowd.lines < 1 || crowd.seconds < 1) {
        fputs("usage: crowd [-t SECONDS] PORT CLIENTS SENDERS LINES\n", stderr);
        return 2;
    }
    crowd.clients = calloc((size_t)crowd.count, sizeof *crowd.clients);
    if (crowd.clients == NULL)
        return 2;
    clock_watch_variable("LAB_WATCH");
    crowd.heard_ms = fair_ms();
    come(&crowd, port);
    long came_ms = wall_ms();
    converse(&crowd);
    int arrived = 0;
    for (int i = 0; i < crowd.count; i++)
        arrived += crowd.clients[i].received - (crowd.count - 1 - i);
    printf("%d lines arrived in %.3f s\n", arrived, (double)(wall_ms() - came_ms) / 1000);
    free(crowd.clients);
    return 0;
}
