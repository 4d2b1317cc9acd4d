/* wait.c: waiting, in the one place of the stage where poll() is called. */

#define _DEFAULT_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "stage.h"

bool ended(const struct party *party)
{
    return party->fin || party->rst;
}

static bool reads(const struct party *party)
{
    return party->fd != -1 && party->connected && !party->deaf && !ended(party) &&
           party->inbox_length < INBOX_MAX;
}

/* Receives what has come for a connection into its inbox. */
static void take_in(struct stage *stage, struct party *party)
{
    char *room = party->inbox + party->inbox_length;
    ssize_t received = recv(party->fd, room, INBOX_MAX - party->inbox_length, 0);
    if (received > 0) {
        note(stage, party, '<', room, (size_t)received);
        if (party->save != NULL)
            fwrite(room, 1, (size_t)received, party->save);
        party->inbox_length += (size_t)received;
    } else if (received == 0) {
        party->fin = say(stage, party, '.', "FIN received: the other side has ended");
    } else if (errno == ECONNRESET || errno == EPIPE) {
        party->rst = say(stage, party, '.', "RST received: the connection is reset");
    }
}

struct moment deadline(long ms)
{
    return (struct moment){.ms = ms};
}

struct moment pause_of(long ms)
{
    return (struct moment){.ms = wall_ms() + ms, .wall = true};
}

bool is_past(struct moment moment)
{
    return moment.wall ? wall_ms() >= moment.ms : over(moment.ms);
}

bool wait_for(struct stage *stage, const struct party *party, short events,
              struct moment until)
{
    struct pollfd fds[4 * PARTIES_MAX]; /* the sockets; then what comes from programs */
    int count = stage->party_count, happened;
    for (int i = 0; i < stage->party_count; i++) {
        const struct party *p = &stage->parties[i];
        fds[i].events = (short)((reads(p) ? POLLIN : 0) | (p == party ? events : 0));
        fds[i].fd = fds[i].events != 0 ? p->fd : -1;
        fds[i].revents = 0;
    }
    for (int i = 0; i < stage->party_count; i++) {
        const struct program *program = stage->parties[i].program;
        if (program == NULL || program->pid == 0)
            continue;
        fds[count++] = (struct pollfd){.fd = program->pidfd, .events = POLLIN};
        for (int output = 0; output < 2; output++)
            fds[count++] =
                (struct pollfd){.fd = program->outputs[output].fd, .events = POLLIN};
    }
    do {
        long left = until.ms - (until.wall ? wall_ms() : fair_ms());
        left = left < 0 ? 0 : left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS;
        happened = poll(fds, (nfds_t)count, (int)left);
        look_for_many(stage);
    } while (happened == 0 && !is_past(until));
    for (int i = 0; i < stage->party_count; i++)
        if (fds[i].revents != 0 && reads(&stage->parties[i]))
            take_in(stage, &stage->parties[i]);
    for (int i = 0; i < stage->party_count && happened > 0; i++)
        if (stage->parties[i].program != NULL && stage->parties[i].program->pid != 0)
            hear_program(stage->parties[i].program);
    return (fds[party - stage->parties].revents & (events | POLLERR | POLLHUP)) != 0;
}

bool all_have_ended(const struct stage *stage)
{
    bool some = false;
    for (int i = 0; i < stage->party_count; i++) {
        const struct program *program = stage->parties[i].program;
        if (program == NULL || program->pid == 0)
            continue;
        some = true;
        if (!has_ended(program))
            return false;
    }
    return some;
}

struct moment end_of(const struct stage *stage, const struct step *step)
{
    long end = fair_ms() + step->within_ms;
    return deadline(step->within_ms > 0 && end < stage->end_ms ? end : stage->end_ms);
}

void pause_for(struct stage *stage, const struct party *party, int ms)
{
    for (struct moment until = pause_of(ms); !is_past(until);)
        wait_for(stage, party, 0, until);
}
