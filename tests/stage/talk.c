/* talk: plays a conversation with named parties against a program under test, and tells
   how it went. The language is in HELP below; `talk --help` prints it.

   One process, one poll(), no threads. The whole script is read before the first step, so
   that a mistake in it is told before anything is sent. While one party waits, what comes
   for the others is received and kept, up to INBOX_MAX bytes a party: then that party
   stops reading, as any program would. Datagrams stay in the kernel until their party
   asks for them, so that their boundaries are kept for us. */

#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "talk.h"

static const char HELP[] =
    "usage: talk [-v] [-t SECONDS] [SCRIPT]      (no SCRIPT: standard input)\n"
    "Plays the conversation, and shows it when a step fails (with -v: always).\n"
    "Exit status: 0 all went as written, 1 a step failed, 2 the script is wrong.\n"
    "\n"
    "A line is PARTY COMMAND ARGUMENTS, or a # comment. Commands:\n"
    "  connect ADDRESS     open a connection; for datagrams, name the other side\n"
    "                      (@PARTY: who sent that party its last datagram)\n"
    "  bind ADDRESS        take an address of one's own\n"
    "  aim ADDRESS         send datagrams there, without a connection (after bind)\n"
    "  listen ADDRESS      open a listening socket; prints 'listening on port N'\n"
    "  accept PARTY        accept the next connection of that listening party\n"
    "  send DATA...        send it all, waiting where a TIME stands between strings;\n"
    "                      an unconnected datagram socket answers its last sender\n"
    "  trickle TIME DATA   send one byte at a time, TIME apart\n"
    "  expect DATA         receive exactly this (one whole datagram)\n"
    "  until DATA          receive up to and including DATA\n"
    "  drain               receive up to the end, whatever comes\n"
    "  save FILE           from now on, write what is received to FILE as well\n"
    "  silent TIME         nothing comes for so long, not even the end\n"
    "  fin                 the other side has ended with FIN, and nothing is left\n"
    "  rst                 the other side has ended with RST\n"
    "  taken               wait until the other side has received all that was sent\n"
    "  half-close          send FIN: no more to send, still receiving\n"
    "  close               close the socket\n"
    "  reset               end the connection with RST\n"
    "  deaf                stop receiving (before connect: with a small buffer)\n"
    "  hear                receive again\n"
    "  stop PID            stop a process (SIGSTOP), wait until it stands still\n"
    "  continue PID        let it go on (SIGCONT)\n"
    "accept, expect, until, drain, fin, rst and taken may end in: within TIME\n"
    "\n"
    "ADDRESS   127.0.0.1:80  [::1]:80  udp:127.0.0.1:53  unix:PATH  unixgram:PATH\n"
    "DATA      \"text\" with \\n \\r \\t \\0 \\\\ \\\" \\xHH, or \"text\"*1000\n"
    "TIME      20ms or 2s\n";

/* ---- The transcript ---- */

/* Notes what happened. What a stream brings a party in a row becomes one event. */
static void note(struct talk *talk, const struct party *party, char kind,
                 const char *bytes, size_t length)
{
    int index = (int)(party - talk->parties);
    struct event *event =
        &talk->events[(talk->event_count + EVENTS_MAX - 1) % EVENTS_MAX];
    bool joins = talk->event_count > 0 && kind == '<' && event->kind == '<' &&
                 event->party == index && party->type == SOCK_STREAM;
    if (!joins) {
        event = &talk->events[talk->event_count++ % EVENTS_MAX];
        *event = (struct event){.at_ms = wall_ms(), .party = index, .kind = kind};
    }
    if (event->length < EVENT_BYTES) {
        size_t room = EVENT_BYTES - event->length;
        memcpy(event->bytes + event->length, bytes, length < room ? length : room);
    }
    event->length += length;
}

/* Notes a sentence. Result: false for '!', so that a step can end with it. */
static bool say(struct talk *talk, const struct party *party, char kind,
                const char *format, ...)
{
    char text[EVENT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    note(talk, party, kind, text, strlen(text));
    return kind != '!';
}

/* Writes one byte as it would stand in a script. Result: the columns it takes. */
static int escape(char out[8], char byte)
{
    static const char bytes[] = "\n\r\t\"\\", letters[] = "nrt\"\\";
    const char *known = byte == '\0' ? NULL : strchr(bytes, byte);
    if (known != NULL)
        return snprintf(out, 8, "\\%c", letters[known - bytes]);
    if (byte == '\0')
        return snprintf(out, 8, "\\0");
    bool plain = byte >= 0x20 && byte < 0x7f;
    return snprintf(out, 8, plain ? "%c" : "\\x%02x", (unsigned char)byte);
}

/* Writes bytes as a string in quotes, cut after QUOTE_WIDTH columns. Result: out. */
static char *quote(char out[QUOTE_WIDTH + 16], const char *bytes, size_t length)
{
    char *end = out;
    size_t i = 0;
    *end++ = '"';
    for (; i < length && end - out <= QUOTE_WIDTH; i++)
        end += escape(end, bytes[i]);
    strcpy(end, i < length ? "\"..." : "\"");
    return out;
}

/* Prints text of which each line but the first is indented. */
static void print_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        putchar(text[i]);
        if (text[i] == '\n')
            printf("%*s", NAME_WIDTH + 11, "");
    }
    putchar('\n');
}

/* Prints bytes as quoted lines that end where theirs do, each cut after SHOWN_WIDTH. */
static void print_bytes(const char *bytes, size_t kept, size_t length)
{
    size_t i = 0;
    int lines = 0;
    do {
        bool cut = false, whole = false;
        printf("%*s\"", lines == 0 ? 0 : NAME_WIDTH + 11, "");
        for (int columns = 0; i < kept && !whole; i++) {
            char shown[8];
            columns += escape(shown, bytes[i]);
            cut = columns > SHOWN_WIDTH;
            fputs(cut ? "" : shown, stdout);
            whole = bytes[i] == '\n';
        }
        puts(cut ? "\"..." : "\"");
    } while (++lines < EVENT_LINES && i < kept);
    if (i < length)
        printf("%*s... %zu bytes in all\n", NAME_WIDTH + 11, "", length);
}

static void print_event(const struct talk *talk, const struct event *event)
{
    size_t kept = event->length < EVENT_BYTES ? event->length : EVENT_BYTES;
    printf("%7.3f %-*s %c ", (double)event->at_ms / 1000, NAME_WIDTH,
           talk->parties[event->party].name, event->kind);
    if (event->kind == '>' || event->kind == '<')
        print_bytes(event->bytes, kept, event->length);
    else
        print_text(event->bytes, kept);
}

static void print_transcript(const struct talk *talk)
{
    int first = talk->event_count > EVENTS_MAX ? talk->event_count - EVENTS_MAX : 0;
    if (first > 0)
        printf("        (%d earlier events left out)\n", first);
    for (int i = first; i < talk->event_count; i++)
        print_event(talk, &talk->events[i % EVENTS_MAX]);
}

/* ---- Waiting: the one place where poll() is called ---- */

static bool ended(const struct party *party)
{
    return party->fin || party->rst;
}

static bool reads(const struct party *party)
{
    return party->fd != -1 && party->connected && !party->deaf && !ended(party) &&
           party->inbox_length < INBOX_MAX;
}

/* Receives what has come for a connection into its inbox. */
static void take_in(struct talk *talk, struct party *party)
{
    char *room = party->inbox + party->inbox_length;
    ssize_t received = recv(party->fd, room, INBOX_MAX - party->inbox_length, 0);
    if (received > 0) {
        note(talk, party, '<', room, (size_t)received);
        if (party->save != NULL)
            fwrite(room, 1, (size_t)received, party->save);
        party->inbox_length += (size_t)received;
    } else if (received == 0) {
        party->fin = say(talk, party, '.', "FIN received: the other side has ended");
    } else if (errno == ECONNRESET || errno == EPIPE) {
        party->rst = say(talk, party, '.', "RST received: the connection is reset");
    }
}

/* A deadline counts fair time: how late the machine gives out its processors is nobody's
   mistake. A pause, and a lower bound, count wall time. */
static struct moment deadline(long ms)
{
    return (struct moment){.ms = ms};
}

static struct moment pause_of(long ms)
{
    return (struct moment){.ms = wall_ms() + ms, .wall = true};
}

static bool is_past(struct moment moment)
{
    return moment.wall ? wall_ms() >= moment.ms : over(moment.ms);
}

/* Waits until something happens or that moment has come; what comes for the connections is
   received. Result: whether the events asked for this party have come. */
static bool wait_for(struct talk *talk, const struct party *party, short events,
                     struct moment until)
{
    struct pollfd fds[PARTIES_MAX];
    int happened;
    for (int i = 0; i < talk->party_count; i++) {
        const struct party *p = &talk->parties[i];
        fds[i].events = (short)((reads(p) ? POLLIN : 0) | (p == party ? events : 0));
        fds[i].fd = fds[i].events != 0 ? p->fd : -1;
        fds[i].revents = 0;
    }
    do {
        long left = until.ms - (until.wall ? wall_ms() : fair_ms());
        left = left < 0 ? 0 : left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS;
        happened = poll(fds, (nfds_t)talk->party_count, (int)left);
    } while (happened == 0 && !is_past(until));
    for (int i = 0; i < talk->party_count; i++)
        if (fds[i].revents != 0 && reads(&talk->parties[i]))
            take_in(talk, &talk->parties[i]);
    return (fds[party - talk->parties].revents & (events | POLLERR | POLLHUP)) != 0;
}

/* When this step must be over. */
static struct moment end_of(const struct talk *talk, const struct step *step)
{
    long end = fair_ms() + step->within_ms;
    return deadline(step->within_ms > 0 && end < talk->end_ms ? end : talk->end_ms);
}

static void pause_for(struct talk *talk, const struct party *party, int ms)
{
    for (struct moment until = pause_of(ms); !is_past(until);)
        wait_for(talk, party, 0, until);
}

/* ---- Addresses and sockets ---- */

static const char *path_of(const struct address *address)
{
    bool local = address->name.ss_family == AF_UNIX;
    return local ? ((const struct sockaddr_un *)&address->name)->sun_path : NULL;
}

static int port_of(const struct address *address)
{
    /* sin_port and sin6_port stand in the same place */
    return ntohs(((const struct sockaddr_in *)&address->name)->sin_port);
}

/* Makes a descriptor the party's own: never blocking, and sent pieces stay pieces. */
static bool adopt(struct talk *talk, struct party *party, int fd, int type)
{
    if (fd == -1)
        return say(talk, party, '!', "socket: %s", strerror(errno));
    if (party->fd != -1)
        close(party->fd);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    party->fd = fd;
    party->type = type;
    party->connected = party->fin = party->rst = false;
    party->inbox_length = 0;
    return true;
}

static bool open_socket(struct talk *talk, struct party *party,
                        const struct address *address)
{
    int size = DEAF_BUFFER, on = 1;
    if (party->fd != -1 && party->bound.length > 0)
        return true; /* bind came before */
    int fd = socket(address->name.ss_family, address->type, 0);
    if (!adopt(talk, party, fd, address->type))
        return false;
    if (party->deaf)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    /* Not for datagrams: there it lets two sockets share a port (socket(7)). */
    if (address->type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return true;
}

static bool play_connect(struct talk *talk, struct party *party, const struct step *step)
{
    int error = 0;
    socklen_t length = sizeof error;
    bool sender = step->address.length == 0; /* the address is @PARTY */
    const struct address *to =
        sender ? &talk->parties[step->other].sender : &step->address;
    if (to->length == 0)
        return say(talk, party, '!', "connect %s: no datagram has come there",
                   step->address.text);
    if (!open_socket(talk, party, to))
        return false;
    if (connect(party->fd, (const struct sockaddr *)&to->name, to->length) == -1)
        error = errno;
    bool done = error != EINPROGRESS;
    struct moment end = deadline(talk->end_ms);
    while (!done && !is_past(end)) /* others may be heard meanwhile */
        done = wait_for(talk, party, POLLOUT, end);
    if (done && error == EINPROGRESS)
        getsockopt(party->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    party->connected = error == 0 && party->type == SOCK_STREAM;
    return say(talk, party, error == 0 ? '.' : '!', "connect %s%s%s", step->address.text,
               error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
}

static bool play_bind(struct talk *talk, struct party *party, const struct step *step)
{
    const struct sockaddr *name = (const struct sockaddr *)&step->address.name;
    if (!open_socket(talk, party, &step->address))
        return false;
    if (bind(party->fd, name, step->address.length) == -1)
        return say(talk, party, '!', "bind %s: %s", step->address.text, strerror(errno));
    party->bound = step->address;
    return say(talk, party, '.', "%s %s", step->command->name, step->address.text);
}

static bool play_aim(struct talk *talk, struct party *party, const struct step *step)
{
    party->sender = step->address;
    return say(talk, party, '.', "aim %s", step->address.text);
}

static bool play_listen(struct talk *talk, struct party *party, const struct step *step)
{
    struct address own = {.length = sizeof own.name};
    if (!play_bind(talk, party, step))
        return false;
    if (listen(party->fd, BACKLOG) == -1)
        return say(talk, party, '!', "listen: %s", strerror(errno));
    getsockname(party->fd, (struct sockaddr *)&own.name, &own.length);
    if (path_of(&step->address) != NULL)
        printf("listening on %s\n", path_of(&step->address));
    else
        printf("listening on port %d\n", port_of(&own));
    fflush(stdout);
    return true;
}

static bool play_accept(struct talk *talk, struct party *party, const struct step *step)
{
    struct party *listener = &talk->parties[step->other];
    struct moment end = end_of(talk, step);
    while (!wait_for(talk, listener, POLLIN, end))
        if (is_past(end))
            return say(talk, party, '!', "expected a client to connect, but none came");
    party->connected = adopt(talk, party, accept(listener->fd, NULL, NULL), SOCK_STREAM);
    return party->connected && say(talk, party, '.', "accept %s", listener->name);
}

/* ---- Sending ---- */

/* Sends all of it, receiving meanwhile. Result: false when it failed, which is noted. */
static bool send_bytes(struct talk *talk, struct party *party, const char *bytes,
                       size_t length)
{
    const struct address *to = &party->sender;
    const void *name = party->bound.length > 0 && to->length > 0 ? &to->name : NULL;
    do {
        ssize_t sent = sendto(party->fd, bytes, length, MSG_NOSIGNAL, name,
                              name == NULL ? 0 : to->length);
        if (sent >= 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return say(talk, party, '!', "send: the other side has closed already");
        } else if (errno != EAGAIN) {
            return say(talk, party, '!', "send: %s", strerror(errno));
        } else if (!wait_for(talk, party, POLLOUT, deadline(talk->end_ms)) &&
                   is_past(deadline(talk->end_ms))) {
            return say(talk, party, '!', "send: %zu bytes are not taken", length);
        }
    } while (length > 0);
    return true;
}

/* send and trickle. */
static bool play_send(struct talk *talk, struct party *party, const struct step *step)
{
    if (step->time_ms > 0)
        say(talk, party, '.', "one byte each %d ms:", step->time_ms);
    for (const struct piece *p = step->pieces; p < step->pieces + step->piece_count;
         p++) {
        size_t at_once = step->time_ms > 0 ? 1 : p->length, sent = 0;
        if (p->bytes == NULL) {
            pause_for(talk, party, p->pause_ms);
            continue;
        }
        note(talk, party, '>', p->bytes, p->length);
        do {
            if (!send_bytes(talk, party, p->bytes + sent, at_once))
                return false;
            pause_for(talk, party, step->time_ms);
            sent += at_once;
        } while (sent < p->length);
    }
    return true;
}

/* ---- Receiving ---- */

/* Waits for more in the inbox. Result: false at the end, or when that moment has come. */
static bool more(struct talk *talk, struct party *party, struct moment until)
{
    size_t before = party->inbox_length;
    while (party->inbox_length == before && !ended(party) && !is_past(until))
        wait_for(talk, party, 0, until);
    return party->inbox_length > before;
}

static void consume(struct party *party, size_t length)
{
    party->inbox_length -= length;
    memmove(party->inbox, party->inbox + length, party->inbox_length);
}

static const char *what_came(const struct party *party)
{
    return party->fin ? "FIN came" : party->rst ? "RST came" : "nothing more came";
}

/* Receives one datagram into DATAGRAM_MAX bytes. Result: its length, -1 for none. */
static ssize_t take_datagram(struct talk *talk, struct party *party, char *bytes,
                             struct moment until)
{
    while (!wait_for(talk, party, POLLIN, until))
        if (is_past(until))
            return -1;
    party->sender =
        (struct address){.length = sizeof party->sender.name, .type = SOCK_DGRAM};
    ssize_t length =
        recvfrom(party->fd, bytes, DATAGRAM_MAX, 0,
                 (struct sockaddr *)&party->sender.name, &party->sender.length);
    if (length >= 0)
        note(talk, party, '<', bytes, (size_t)length);
    if (length > 0 && party->save != NULL)
        fwrite(bytes, 1, (size_t)length, party->save);
    return length;
}

static bool play_expect(struct talk *talk, struct party *party, const struct step *step)
{
    char wanted[QUOTE_WIDTH + 16], seen[QUOTE_WIDTH + 16];
    const char *bytes = step->pieces[0].bytes;
    size_t left = step->pieces[0].length;
    struct moment end = end_of(talk, step);
    if (party->type == SOCK_DGRAM) {
        static char datagram[DATAGRAM_MAX];
        ssize_t length = take_datagram(talk, party, datagram, end);
        return (length == (ssize_t)left && memcmp(datagram, bytes, left) == 0) ||
               say(talk, party, '!', "expected the datagram\n%s (%zu byte%s)%s",
                   quote(wanted, bytes, left), left, left == 1 ? "" : "s",
                   length == -1 ? ": none came" : "");
    }
    while (left > 0) {
        size_t n = party->inbox_length < left ? party->inbox_length : left;
        quote(wanted, bytes, left);
        if (memcmp(party->inbox, bytes, n) != 0)
            return say(talk, party, '!', "expected %s\nreceived %s", wanted,
                       quote(seen, party->inbox, party->inbox_length));
        if (n == 0 && !more(talk, party, end))
            return say(talk, party, '!', "expected %s\nbut %s", wanted, what_came(party));
        consume(party, n);
        bytes += n;
        left -= n;
    }
    return true;
}

static bool play_until(struct talk *talk, struct party *party, const struct step *step)
{
    const struct piece *mark = &step->pieces[0];
    char wanted[QUOTE_WIDTH + 16];
    struct moment end = end_of(talk, step);
    do {
        size_t i = 0;
        for (; i + mark->length <= party->inbox_length; i++)
            if (memcmp(party->inbox + i, mark->bytes, mark->length) == 0) {
                consume(party, i + mark->length);
                return true;
            }
        consume(party, i);
    } while (more(talk, party, end));
    return say(talk, party, '!', "expected to receive up to\n%s, but %s",
               quote(wanted, mark->bytes, mark->length), what_came(party));
}

/* Receives and drops all up to the end. Result: whether the end came in time. */
static bool drain(struct talk *talk, struct party *party, const struct step *step)
{
    struct moment end = end_of(talk, step);
    do
        party->inbox_length = 0;
    while (more(talk, party, end));
    return ended(party);
}

static bool play_drain(struct talk *talk, struct party *party, const struct step *step)
{
    return drain(talk, party, step) ||
           say(talk, party, '!', "expected the connection to end: it is still open");
}

static bool play_silent(struct talk *talk, struct party *party, const struct step *step)
{
    static char bytes[DATAGRAM_MAX];
    struct moment end = pause_of(step->time_ms);
    bool came = party->type == SOCK_DGRAM
                    ? take_datagram(talk, party, bytes, end) != -1
                    : party->inbox_length > 0 || more(talk, party, end) || ended(party);
    return say(talk, party, came ? '!' : '.', "%s for %d ms",
               came ? "expected nothing to come" : "nothing came", step->time_ms);
}

static bool play_save(struct talk *talk, struct party *party, const struct step *step)
{
    party->save = fopen(step->file, "w");
    return party->save != NULL ||
           say(talk, party, '!', "save %s: %s", step->file, strerror(errno));
}

/* ---- Ends ---- */

static int pending_error(const struct party *party)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(party->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

/* Bytes sent that the other side's kernel has not acknowledged yet or, for AF_UNIX, that
   the other side has not received (tcp(7), unix(7)). */
static int unacknowledged(const struct party *party)
{
    int bytes = 0;
    ioctl(party->fd, TIOCOUTQ, &bytes);
    return bytes;
}

/* FIN alone does not prove an orderly end: where bytes of ours reach the other side after
   it has closed, RST follows. It is certain once those bytes are acknowledged. */
static bool play_fin(struct talk *talk, struct party *party, const struct step *step)
{
    struct moment end = end_of(talk, step);
    if (party->inbox_length > 0 || more(talk, party, end))
        return say(talk, party, '!', "expected FIN, but more bytes came");
    if (!party->fin)
        return say(talk, party, '!', "expected FIN, but %s", what_came(party));
    int error = pending_error(party);
    while (error == 0 && unacknowledged(party) > 0 && !is_past(end)) {
        pause_for(talk, party, 1);
        error = pending_error(party);
    }
    return error == 0 || say(talk, party, '!',
                             "expected FIN alone, but RST followed:\n"
                             "the other side closed before all had arrived");
}

static bool play_rst(struct talk *talk, struct party *party, const struct step *step)
{
    return (drain(talk, party, step) && party->rst) ||
           say(talk, party, '!', "expected RST, but %s", what_came(party));
}

/* Bytes that wait unread at the other end of this TCP connection, when that end is on
   this machine and open: its line is found by the two ports (proc_pid_net(5)). */
static unsigned long unread_by_peer(const struct party *party)
{
    struct address own = {.length = sizeof own.name}, peer = {.length = sizeof peer.name};
    unsigned long unread = 0, column = 0;
    unsigned local = 0, remote = 0;
    char line[512];
    getsockname(party->fd, (struct sockaddr *)&own.name, &own.length);
    getpeername(party->fd, (struct sockaddr *)&peer.name, &peer.length);
    for (int i = 0; i < 2 && path_of(&own) == NULL; i++) {
        FILE *table = fopen(i == 0 ? "/proc/net/tcp" : "/proc/net/tcp6", "r");
        while (table != NULL && fgets(line, sizeof line, table) != NULL)
            if (sscanf(line, "%*d: %*[^:]:%x %*[^:]:%x %*x %*x:%lx", &local, &remote,
                       &column) == 3 &&
                (int)local == port_of(&peer) && (int)remote == port_of(&own))
                unread = column;
        if (table != NULL)
            fclose(table);
    }
    return unread;
}

static bool play_taken(struct talk *talk, struct party *party, const struct step *step)
{
    struct moment end = end_of(talk, step);
    while (unacknowledged(party) > 0 || unread_by_peer(party) > 0) {
        if (is_past(end) || party->rst || pending_error(party) != 0)
            return say(talk, party, '!', "expected the other side to receive all of it");
        pause_for(talk, party, 1);
    }
    return say(talk, party, '.', "the other side has received all of it");
}

static bool play_half_close(struct talk *talk, struct party *party,
                            const struct step *step)
{
    bool sent = shutdown(party->fd, SHUT_WR) == 0;
    return say(talk, party, sent ? '.' : '!', "%s: %s", step->command->name,
               sent ? "FIN sent" : strerror(errno));
}

/* close and reset. What waits unread is received first: it would make of FIN an RST. */
static bool play_close(struct talk *talk, struct party *party, const struct step *step)
{
    struct linger linger = {.l_onoff = step->command->name[0] == 'r', .l_linger = 0};
    setsockopt(party->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    wait_for(talk, party, 0, pause_of(0));
    close(party->fd);
    party->fd = -1;
    return say(talk, party, '.', "%s", linger.l_onoff ? "reset: RST sent" : "close");
}

/* deaf and hear. */
static bool play_deaf(struct talk *talk, struct party *party, const struct step *step)
{
    party->deaf = step->command->name[0] == 'd';
    return say(talk, party, '.', "%s",
               party->deaf ? "stops receiving" : "receives again");
}

/* ---- The process on the other side ---- */

/* Tells whether a process still moves, by its state as ps shows it; false where the
   system can't tell. */
static bool moves(pid_t pid)
{
    char path[32], state = '?';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "r");
    if (stat != NULL && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    if (stat != NULL)
        fclose(stat);
    return strchr("RSD", state) != NULL;
}

/* stop and continue. */
static bool play_stop(struct talk *talk, struct party *party, const struct step *step)
{
    bool stop = step->command->name[0] == 's';
    if (kill(step->pid, stop ? SIGSTOP : SIGCONT) == -1)
        return say(talk, party, '!', "%s: %s", step->command->name, strerror(errno));
    while (stop && moves(step->pid) && !is_past(deadline(talk->end_ms)))
        pause_for(talk, party, 1);
    return say(talk, party, '.', stop ? "stands still (SIGSTOP)" : "goes on (SIGCONT)");
}

const struct command COMMANDS[] = {
    {"connect", "s", play_connect},
    {"bind", "a", play_bind},
    {"aim", "*a", play_aim},
    {"listen", "a", play_listen},
    {"accept", "nw", play_accept},
    {"send", "*D", play_send},
    {"trickle", "*td", play_send},
    {"expect", "*dw", play_expect},
    {"until", "*dw", play_until},
    {"drain", "*w", play_drain},
    {"save", "f", play_save},
    {"silent", "*t", play_silent},
    {"fin", "*w", play_fin},
    {"rst", "*w", play_rst},
    {"taken", "*w", play_taken},
    {"half-close", "*", play_half_close},
    {"close", "*", play_close},
    {"reset", "*", play_close},
    {"deaf", "", play_deaf},
    {"hear", "", play_deaf},
    {"stop", "p", play_stop},
    {"continue", "p", play_stop},
    {NULL, NULL, NULL},
};

/* ---- The play ---- */

static bool play(struct talk *talk)
{
    fair_ms(); /* begins */
    for (int i = 0; i < talk->step_count; i++) {
        const struct step *step = &talk->steps[i];
        struct party *party = &talk->parties[step->party];
        if (party->fd == -1 && step->command->arguments[0] == '*')
            return say(talk, party, '!', "%s: no socket is open", step->command->name);
        if (!step->command->play(talk, party, step))
            return false;
    }
    return true;
}

/* Closes every socket, and removes the paths that were bound. */
static void close_all(struct talk *talk)
{
    for (struct party *p = talk->parties; p < talk->parties + talk->party_count; p++) {
        if (p->fd != -1)
            close(p->fd);
        if (p->save != NULL)
            fclose(p->save);
        if (path_of(&p->bound) != NULL)
            unlink(path_of(&p->bound));
    }
}

int main(int argc, char **argv)
{
    static struct talk talk;
    double seconds = DEADLINE_S;
    bool verbose = false;
    int option;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(HELP, stdout) == EOF;
    while ((option = getopt(argc, argv, "vt:")) != -1) {
        verbose = verbose || option == 'v';
        if (option == 't')
            seconds = atof(optarg);
        if (option == '?' || seconds <= 0)
            return fputs(HELP, stderr), WRONG_SCRIPT;
    }
    FILE *script = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (script == NULL || optind + 1 < argc) {
        fprintf(stderr, "talk: %s: %s\n", argv[optind],
                script == NULL ? strerror(errno) : "one script at a time");
        return WRONG_SCRIPT;
    }
    talk.end_ms = (long)(seconds * 1000);
    clock_watch_variable("LAB_WATCH");
    read_script(&talk, optind < argc ? argv[optind] : "stdin", script);
    bool well = play(&talk);
    close_all(&talk);
    if (!well || verbose)
        print_transcript(&talk);
    return well ? 0 : 1;
}
