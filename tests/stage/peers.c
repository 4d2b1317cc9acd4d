/* peers.c: the parties that talk through sockets of the stage's own. */

#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "proc.h"
#include "stage.h"

/* ---- Addresses and sockets ---- */

/* The address of a step as its script has it, with the number of its port. */
static const char *shown(struct stage *stage, const struct step *step)
{
    static char text[EVENT_BYTES];
    if (step->address.port == -1)
        return step->address.text;
    snprintf(text, sizeof text, "%s", step->address.text[0] == '@' ? "127.0.0.1:" : "");
    with_ports(stage, text + strlen(text), sizeof text - strlen(text),
               step->address.text);
    return text;
}

/* The address of a step, with the number of its port where the script has a name. */
static struct address address_of(struct stage *stage, const struct step *step)
{
    struct address address = step->address;
    if (address.length > 0 && address.port != -1)
        ((struct sockaddr_in *)&address.name)->sin_port =
            htons((uint16_t)number_of(stage, address.port));
    return address;
}

const char *path_of(const struct address *address)
{
    bool local = address->name.ss_family == AF_UNIX;
    return local ? ((const struct sockaddr_un *)&address->name)->sun_path : NULL;
}

int port_of(const struct address *address)
{
    /* sin_port and sin6_port stand in the same place */
    return ntohs(((const struct sockaddr_in *)&address->name)->sin_port);
}

/* Makes a descriptor the party's own: never blocking, and sent pieces stay pieces. */
static bool adopt(struct stage *stage, struct party *party, int fd, int type)
{
    if (fd == -1)
        return say(stage, party, '!', "socket: %s", strerror(errno));
    if (party->fd != -1)
        close(party->fd);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (type == SOCK_DGRAM)
        ask_for_stamps(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    party->fd = fd;
    party->type = type;
    party->connected = party->fin = party->rst = false;
    party->inbox_length = 0;
    return true;
}

static bool open_socket(struct stage *stage, struct party *party,
                        const struct address *address)
{
    int size = DEAF_BUFFER, on = 1;
    if (party->fd != -1 && party->bound.length > 0)
        return true; /* bind came before */
    int fd = socket(address->name.ss_family, address->type, 0);
    if (!adopt(stage, party, fd, address->type))
        return false;
    if (party->deaf)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    /* Not for datagrams: there it lets two sockets share a port (socket(7)). */
    if (address->type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return true;
}

bool play_connect(struct stage *stage, struct party *party, const struct step *step)
{
    int error = 0;
    socklen_t length = sizeof error;
    bool sender = step->address.length == 0; /* the address is @PARTY */
    const struct address named = address_of(stage, step);
    const struct address *to = sender ? &stage->parties[step->other].sender : &named;
    if (to->length == 0)
        return say(stage, party, '!', "connect %s: no datagram has come there",
                   step->address.text);
    if (!open_socket(stage, party, to))
        return false;
    if (connect(party->fd, (const struct sockaddr *)&to->name, to->length) == -1)
        error = errno;
    bool done = error != EINPROGRESS;
    struct moment end = deadline(stage->end_ms);
    while (!done && !is_past(end)) /* others may be heard meanwhile */
        done = wait_for(stage, party, POLLOUT, end);
    if (done && error == EINPROGRESS)
        getsockopt(party->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    party->connected = error == 0 && party->type == SOCK_STREAM;
    if (error != 0)
        return fails(stage, party,
                     error == ECONNREFUSED ? "refused"
                     : done                ? "failed"
                                           : "backlog",
                     "connect %s: %s", shown(stage, step),
                     done ? strerror(error)
                          : "nobody accepts it, and the backlog is full");
    return say(stage, party, '.', "connect %s", shown(stage, step));
}

bool play_bind(struct stage *stage, struct party *party, const struct step *step)
{
    const struct address address = address_of(stage, step);
    const struct sockaddr *name = (const struct sockaddr *)&address.name;
    if (!open_socket(stage, party, &address))
        return false;
    if (bind(party->fd, name, address.length) == -1)
        return say(stage, party, '!', "bind %s: %s", shown(stage, step), strerror(errno));
    party->bound = address;
    return say(stage, party, '.', "%s %s", step->command->name, shown(stage, step));
}

bool play_aim(struct stage *stage, struct party *party, const struct step *step)
{
    party->sender = address_of(stage, step);
    return say(stage, party, '.', "aim %s", shown(stage, step));
}

bool play_listen(struct stage *stage, struct party *party, const struct step *step)
{
    struct address own = {.length = sizeof own.name};
    if (!play_bind(stage, party, step))
        return false;
    if (listen(party->fd, BACKLOG) == -1)
        return say(stage, party, '!', "listen: %s", strerror(errno));
    getsockname(party->fd, (struct sockaddr *)&own.name, &own.length);
    if (path_of(&step->address) != NULL)
        printf("listening on %s\n", path_of(&step->address));
    else
        printf("listening on port %d\n", port_of(&own));
    fflush(stdout);
    return true;
}

bool play_accept(struct stage *stage, struct party *party, const struct step *step)
{
    struct party *listener = &stage->parties[step->other];
    struct moment end = end_of(stage, step);
    bool last = all_have_ended(stage);
    while (!wait_for(stage, listener, POLLIN, last ? pause_of(0) : end)) {
        if (last)
            return fails(stage, party, "ended",
                         "expected a client to connect, but it has ended");
        if (is_past(end))
            return fails(stage, party, "nobody",
                         "expected a client to connect, but none came");
        last = all_have_ended(stage);
    }
    party->connected = adopt(stage, party, accept(listener->fd, NULL, NULL), SOCK_STREAM);
    return party->connected && say(stage, party, '.', "accept %s", listener->name);
}

/* ---- Sending ---- */

/* Sends all of it, receiving meanwhile. Returns false when it failed, which is noted. */
static bool send_bytes(struct stage *stage, struct party *party, const char *bytes,
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
            return fails(stage, party, "closed",
                         "send: the other side has closed already");
        } else if (errno != EAGAIN) {
            return say(stage, party, '!', "send: %s", strerror(errno));
        } else if (!wait_for(stage, party, POLLOUT, deadline(stage->end_ms)) &&
                   is_past(deadline(stage->end_ms))) {
            return fails(stage, party, "untaken", "send: %zu bytes are not taken",
                         length);
        }
    } while (length > 0);
    return true;
}

/* send and trickle. */
bool play_send(struct stage *stage, struct party *party, const struct step *step)
{
    if (step->time_ms > 0)
        say(stage, party, '.', "one byte each %d ms:", step->time_ms);
    for (const struct piece *p = step->pieces; p < step->pieces + step->piece_count;
         p++) {
        size_t at_once = step->time_ms > 0 ? 1 : p->length, sent = 0;
        if (p->bytes == NULL) {
            pause_for(stage, party, p->pause_ms);
            continue;
        }
        note(stage, party, '>', p->bytes, p->length);
        do {
            if (!send_bytes(stage, party, p->bytes + sent, at_once))
                return false;
            pause_for(stage, party, step->time_ms);
            sent += at_once;
        } while (sent < p->length);
    }
    return true;
}

/* ---- Receiving ---- */

/* Waits for more in the inbox. Returns false at the end, or when that moment has come. */
static bool more(struct stage *stage, struct party *party, struct moment until)
{
    size_t before = party->inbox_length;
    while (party->inbox_length == before && !ended(party) && !is_past(until))
        wait_for(stage, party, 0, until);
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

/* The same as a kind of failure. */
static const char *kind_of_end(const struct party *party)
{
    return party->fin ? "fin" : party->rst ? "rst" : "nothing";
}

/* Receives a datagram, or looks at it (MSG_PEEK): fills sender and came_at. Returns its
   length, -1 for none. */
static ssize_t read_datagram(struct party *party, char *bytes, int flags)
{
    struct iovec data = {.iov_base = bytes, .iov_len = DATAGRAM_MAX};
    struct address sender = {.type = SOCK_DGRAM};
    struct msghdr message = {.msg_name = &sender.name,
                             .msg_namelen = sizeof sender.name,
                             .msg_iov = &data,
                             .msg_iovlen = 1};
    ssize_t length = receive_stamped(party->fd, &message, flags, &party->came_at);
    if (length == -1)
        return -1;
    sender.length = message.msg_namelen;
    name_outside(&sender);
    party->sender = sender;
    return length;
}

/* Waits for a datagram. Returns whether there is one; not where nobody is left who could
   send it. */
static bool datagram_comes(struct stage *stage, struct party *party, struct moment until)
{
    bool last = all_have_ended(stage);
    while (!wait_for(stage, party, POLLIN, last ? pause_of(0) : until)) {
        if (last || is_past(until))
            return false;
        last = all_have_ended(stage);
    }
    return true;
}

/* Receives one datagram into DATAGRAM_MAX bytes. Returns its length, -1 for none. */
static ssize_t take_datagram(struct stage *stage, struct party *party, char *bytes,
                             struct moment until)
{
    if (!datagram_comes(stage, party, until))
        return -1;
    ssize_t length = read_datagram(party, bytes, 0);
    if (length >= 0)
        note(stage, party, '<', bytes, (size_t)length);
    if (length > 0 && party->save != NULL)
        fwrite(bytes, 1, (size_t)length, party->save);
    return length;
}

bool play_expect(struct stage *stage, struct party *party, const struct step *step)
{
    char wanted[QUOTE_WIDTH + 16], seen[QUOTE_WIDTH + 16];
    const char *bytes = step->pieces[0].bytes;
    size_t left = step->pieces[0].length;
    struct moment end = end_of(stage, step);
    if (party->type == SOCK_DGRAM) {
        static char datagram[DATAGRAM_MAX];
        ssize_t length = take_datagram(stage, party, datagram, end);
        if (length == (ssize_t)left && memcmp(datagram, bytes, left) == 0)
            return true;
        bool nobody = length == -1 && all_have_ended(stage);
        return fails(stage, party,
                     nobody         ? "ended"
                     : length == -1 ? "nothing"
                                    : "differs",
                     "expected the datagram\n%s (%zu byte%s)%s",
                     quote(wanted, bytes, left), left, left == 1 ? "" : "s",
                     nobody         ? ": it has ended"
                     : length == -1 ? ": none came"
                                    : "");
    }
    while (left > 0) {
        size_t n = party->inbox_length < left ? party->inbox_length : left;
        quote(wanted, bytes, left);
        if (memcmp(party->inbox, bytes, n) != 0)
            return fails(stage, party, "differs", "expected %s\nreceived %s", wanted,
                         quote(seen, party->inbox, party->inbox_length));
        if (n == 0 && !more(stage, party, end))
            return fails(stage, party, kind_of_end(party), "expected %s\nbut %s", wanted,
                         what_came(party));
        consume(party, n);
        bytes += n;
        left -= n;
    }
    return true;
}

bool play_until(struct stage *stage, struct party *party, const struct step *step)
{
    const struct piece *mark = &step->pieces[0];
    char wanted[QUOTE_WIDTH + 16];
    struct moment end = end_of(stage, step);
    do {
        size_t i = 0;
        for (; i + mark->length <= party->inbox_length; i++)
            if (memcmp(party->inbox + i, mark->bytes, mark->length) == 0) {
                consume(party, i + mark->length);
                return true;
            }
        consume(party, i);
    } while (more(stage, party, end));
    return fails(stage, party, kind_of_end(party),
                 "expected to receive up to\n%s, but %s",
                 quote(wanted, mark->bytes, mark->length), what_came(party));
}

/* Receives and drops all up to the end. Returns whether the end came in time. */
static bool drain(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    do
        party->inbox_length = 0;
    while (more(stage, party, end));
    return ended(party);
}

bool play_drain(struct stage *stage, struct party *party, const struct step *step)
{
    return drain(stage, party, step) ||
           fails(stage, party, "open",
                 "expected the connection to end: it is still open");
}

bool play_pause(struct stage *stage, struct party *party, const struct step *step)
{
    pause_for(stage, party, step->time_ms);
    return true;
}

bool play_silent(struct stage *stage, struct party *party, const struct step *step)
{
    static char bytes[DATAGRAM_MAX];
    struct moment end = pause_of(step->time_ms);
    bool came = party->type == SOCK_DGRAM
                    ? take_datagram(stage, party, bytes, end) != -1
                    : party->inbox_length > 0 || more(stage, party, end) || ended(party);
    if (came)
        return fails(stage, party, "more", "expected nothing to come for %d ms",
                     step->time_ms);
    return say(stage, party, '.', "nothing came for %d ms", step->time_ms);
}

static long ms_between(const struct timespec *from, const struct timespec *to)
{
    return (to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

/* quiet: the kernel tells when a datagram came (SO_TIMESTAMPNS, socket(7)), so that it
   does not matter how late we look. */
bool play_quiet(struct stage *stage, struct party *party, const struct step *step)
{
    static char bytes[DATAGRAM_MAX];
    const struct timespec last = party->came_at;
    struct timespec now;
    if (last.tv_sec == 0)
        return say(stage, party, '!', "quiet: no datagram has come before");
    clock_gettime(CLOCK_REALTIME, &now); /* the kernel's clock for that */
    struct moment end = pause_of(step->time_ms - ms_between(&last, &now));
    while (!wait_for(stage, party, POLLIN, end))
        if (is_past(end))
            return say(stage, party, '.', "nothing came for %d ms", step->time_ms);
    if (read_datagram(party, bytes, MSG_PEEK) == -1)
        return say(stage, party, '!', "quiet: %s", strerror(errno));
    long after = ms_between(&last, &party->came_at);
    if (after >= step->time_ms)
        return say(stage, party, '.', "the next came after %ld ms", after);
    return fails(stage, party, "early",
                 "expected nothing to come for %d ms,\nbut the next came after %ld ms",
                 step->time_ms, after);
}

bool play_save(struct stage *stage, struct party *party, const struct step *step)
{
    unlink(step->file); /* a program may have put there what leads elsewhere */
    party->save = fopen(step->file, "wx");
    return party->save != NULL ||
           say(stage, party, '!', "save %s: %s", step->file, strerror(errno));
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
bool play_fin(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    if (party->inbox_length > 0 || more(stage, party, end))
        return fails(stage, party, "more", "expected FIN, but more bytes came");
    if (!party->fin)
        return fails(stage, party, party->rst ? "rst" : "open", "expected FIN, but %s",
                     what_came(party));
    int error = pending_error(party);
    while (error == 0 && unacknowledged(party) > 0 && !is_past(end)) {
        pause_for(stage, party, 1);
        error = pending_error(party);
    }
    return error == 0 || fails(stage, party, "rst",
                               "expected FIN alone, but RST followed:\n"
                               "the other side closed before all had arrived");
}

bool play_rst(struct stage *stage, struct party *party, const struct step *step)
{
    return (drain(stage, party, step) && party->rst) ||
           say(stage, party, '!', "expected RST, but %s", what_came(party));
}

struct connection other_end(const struct party *party)
{
    struct address own = {.length = sizeof own.name}, peer = {.length = sizeof peer.name};
    getsockname(party->fd, (struct sockaddr *)&own.name, &own.length);
    getpeername(party->fd, (struct sockaddr *)&peer.name, &peer.length);
    if (path_of(&own) != NULL)
        return (struct connection){.inode = 0};
    return find_connection(port_of(&peer), port_of(&own));
}

bool play_taken(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    while (unacknowledged(party) > 0 || other_end(party).unread > 0) {
        if (is_past(end) || party->rst || pending_error(party) != 0)
            return fails(stage, party, "untaken",
                         "expected the other side to receive all of it");
        pause_for(stage, party, 1);
    }
    return say(stage, party, '.', "the other side has received all of it");
}

bool play_half_close(struct stage *stage, struct party *party, const struct step *step)
{
    bool sent = shutdown(party->fd, SHUT_WR) == 0;
    return say(stage, party, sent ? '.' : '!', "%s: %s", step->command->name,
               sent ? "FIN sent" : strerror(errno));
}

/* close and reset. What waits unread is received first: it would make of FIN an RST. */
bool play_close(struct stage *stage, struct party *party, const struct step *step)
{
    struct linger linger = {.l_onoff = step->command->name[0] == 'r', .l_linger = 0};
    setsockopt(party->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    wait_for(stage, party, 0, pause_of(0));
    close(party->fd);
    party->fd = -1;
    return say(stage, party, '.', "%s", linger.l_onoff ? "reset: RST sent" : "close");
}

/* deaf and hear. */
bool play_deaf(struct stage *stage, struct party *party, const struct step *step)
{
    party->deaf = step->command->name[0] == 'd';
    return say(stage, party, '.', "%s",
               party->deaf ? "stops receiving" : "receives again");
}

void close_peers(struct stage *stage)
{
    for (struct party *p = stage->parties; p < stage->parties + stage->party_count; p++) {
        if (p->fd != -1)
            close(p->fd);
        if (p->save != NULL)
            fclose(p->save);
        if (path_of(&p->bound) != NULL)
            unlink(path_of(&p->bound));
    }
}
