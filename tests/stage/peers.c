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
            htons((uint16_t)number_of(&stage->ports[address.port]));
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
    return say(stage, party, error == 0 ? '.' : '!', "connect %s%s%s", shown(stage, step),
               error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
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
    while (!wait_for(stage, listener, POLLIN, end))
        if (is_past(end))
            return say(stage, party, '!', "expected a client to connect, but none came");
    party->connected = adopt(stage, party, accept(listener->fd, NULL, NULL), SOCK_STREAM);
    return party->connected && say(stage, party, '.', "accept %s", listener->name);
}

/* ---- Sending ---- */

/* Sends all of it, receiving meanwhile. Result: false when it failed, which is noted. */
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
            return say(stage, party, '!', "send: %zu bytes are not taken", length);
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

/* Waits for more in the inbox. Result: false at the end, or when that moment has come. */
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

/* Receives one datagram into DATAGRAM_MAX bytes. Result: its length, -1 for none. */
static ssize_t take_datagram(struct stage *stage, struct party *party, char *bytes,
                             struct moment until)
{
    while (!wait_for(stage, party, POLLIN, until))
        if (is_past(until))
            return -1;
    party->sender =
        (struct address){.length = sizeof party->sender.name, .type = SOCK_DGRAM};
    ssize_t length =
        recvfrom(party->fd, bytes, DATAGRAM_MAX, 0,
                 (struct sockaddr *)&party->sender.name, &party->sender.length);
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
        return (length == (ssize_t)left && memcmp(datagram, bytes, left) == 0) ||
               say(stage, party, '!', "expected the datagram\n%s (%zu byte%s)%s",
                   quote(wanted, bytes, left), left, left == 1 ? "" : "s",
                   length == -1 ? ": none came" : "");
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

/* Receives and drops all up to the end. Result: whether the end came in time. */
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

bool play_silent(struct stage *stage, struct party *party, const struct step *step)
{
    static char bytes[DATAGRAM_MAX];
    struct moment end = pause_of(step->time_ms);
    bool came = party->type == SOCK_DGRAM
                    ? take_datagram(stage, party, bytes, end) != -1
                    : party->inbox_length > 0 || more(stage, party, end) || ended(party);
    return say(stage, party, came ? '!' : '.', "%s for %d ms",
               came ? "expected nothing to come" : "nothing came", step->time_ms);
}

bool play_save(struct stage *stage, struct party *party, const struct step *step)
{
    party->save = fopen(step->file, "w");
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

bool play_taken(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    while (unacknowledged(party) > 0 || unread_by_peer(party) > 0) {
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
