/* looks.c: what a scene asks of a program from outside: how many descriptors, threads,
   children it has, who holds a connection, whether it rests. */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "proc.h"
#include "stage.h"

/* The words for what is counted, in the order of the stage's list. */
static const char *const COUNTED[COUNTS] = {"descriptors", "sockets", "threads",
                                            "children",    "zombies", "memory"};

static long count_of(pid_t pid, int which)
{
    switch (which) {
    case DESCRIPTORS:
        return count_descriptors(pid, false);
    case SOCKETS:
        return count_descriptors(pid, true);
    case THREADS:
        return count_threads(pid, false);
    case CHILDREN:
        return count_children(pid, false);
    case ZOMBIES:
        return count_children(pid, true);
    default:
        return resident_kib(pid);
    }
}

static bool is_right(long number, const struct count *count, long wanted)
{
    return count->least  ? number >= wanted
           : count->most ? number <= wanted
                         : number == wanted;
}

/* Ends a step that counts: says what was found or, where that is not right, what should
   be. */
static bool tell_count(struct stage *stage, const struct party *party,
                       const struct step *step, long number, long wanted)
{
    const char *what = step->command->name;
    const struct count *count = &step->count;
    if (is_right(number, count, wanted))
        return say(stage, party, '.', "%s: %ld", what, number);
    return fails(stage, party, what, "expected %s: %s%ld,\nbut there are %ld", what,
                 count->least  ? "at least "
                 : count->most ? "at most "
                               : "",
                 wanted, number);
}

/* descriptors, sockets, threads, children, zombies, memory. */
bool play_count(struct stage *stage, struct party *party, const struct step *step)
{
    struct program *program = party->program;
    struct moment end = end_of(stage, step);
    struct count count = step->count;
    int which = 0;
    long number;
    while (strcmp(COUNTED[which], step->command->name) != 0)
        which++;
    if (count.before && !program->remembers)
        return say(stage, party, '!', "before: nothing has been remembered");
    count.most = count.most || which == MEMORY;
    long wanted = count.number + (count.before ? program->before[which] : 0);
    bool last;
    do {
        last = is_past(end) || has_ended(program);
        number = count_of(program->pid, which);
        if (!last && !is_right(number, &count, wanted))
            pause_for(stage, party, 1);
    } while (!last && !is_right(number, &count, wanted));
    if (has_ended(program))
        return fails(stage, party, "ended", "%s: it has ended", step->command->name);
    long zombies = which == CHILDREN ? count_children(program->pid, true) : 0;
    if (zombies > 0 && !is_right(number, &count, wanted))
        say(stage, party, '.', "zombies among its children: %ld", zombies);
    struct step told = *step;
    told.count = count;
    return tell_count(stage, party, &told, number, wanted);
}

bool play_remember(struct stage *stage, struct party *party, const struct step *step)
{
    (void)step;
    for (int which = 0; which < COUNTS; which++)
        party->program->before[which] = count_of(party->program->pid, which);
    party->program->remembers = true;
    return say(stage, party, '.', "descriptors: %ld, threads: %ld, children: %ld",
               party->program->before[DESCRIPTORS], party->program->before[THREADS],
               party->program->before[CHILDREN]);
}

bool play_survivors(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    long number = count_group(party->program->group, party->program->pid);
    while (!is_right(number, &step->count, step->count.number) && !is_past(end)) {
        pause_for(stage, party, 1);
        number = count_group(party->program->group, party->program->pid);
    }
    return tell_count(stage, party, step, number, step->count.number);
}

bool play_listeners(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    long number;
    bool last;
    do {
        last = is_past(end) || has_ended(party->program);
        number = count_holders(listening_inode(party->program->pid));
        if (!last && !is_right(number, &step->count, step->count.number))
            pause_for(stage, party, 1);
    } while (!last && !is_right(number, &step->count, step->count.number));
    return tell_count(stage, party, step, number, step->count.number);
}

/* The port of one end of a TCP connection, ours or the other; -1 where it has none. */
static int port_of_end(int fd, bool other)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof name;
    if (other)
        getpeername(fd, (struct sockaddr *)&name, &length);
    else
        getsockname(fd, (struct sockaddr *)&name, &length);
    /* sin_port and sin6_port stand in the same place */
    return name.ss_family == AF_UNSPEC ? -1
                                       : ntohs(((struct sockaddr_in *)&name)->sin_port);
}

bool play_holders(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    int own = port_of_end(party->fd, false), other = port_of_end(party->fd, true);
    long number = count_holders(find_connection(other, own).inode);
    while (!is_right(number, &step->count, step->count.number) && !is_past(end)) {
        pause_for(stage, party, 1);
        number = count_holders(find_connection(other, own).inode);
    }
    return tell_count(stage, party, step, number, step->count.number);
}

/* dropped: the other side has closed this connection, whether we receive or not. It may
   take as long as it gets rid of bytes, and then so much more. */
bool play_dropped(struct stage *stage, struct party *party, const struct step *step)
{
    int own = port_of_end(party->fd, false), other = port_of_end(party->fd, true);
    struct connection seen = find_connection(other, own);
    struct moment end = deadline(fair_ms() + step->time_ms);
    while (seen.open && !is_past(end)) {
        const unsigned long before = seen.unsent;
        pause_for(stage, party, 1);
        seen = find_connection(other, own);
        if (seen.unsent != before)
            end = deadline(fair_ms() + step->time_ms);
    }
    return seen.open ? fails(stage, party, "kept",
                             "expected the other side to give this connection up,\n"
                             "but it has kept it for %d ms",
                             step->time_ms)
                     : say(stage, party, '.', "the other side has closed");
}

/* spare N: its limit of descriptors becomes such that N are free; all: as many as may be.
   Source: prlimit(2). */
bool play_spare(struct stage *stage, struct party *party, const struct step *step)
{
    pid_t pid = party->program->pid;
    const char *number = step->word_count > 0 ? step->words[0] : "";
    bool all = strcmp(number, "all") == 0;
    struct rlimit limit;
    if (!all && strspn(number, "0123456789") == 0)
        return say(stage, party, '!', "spare: expected a number, or all");
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == -1)
        return fails(stage, party, "ended", "spare: %s", strerror(errno));
    limit.rlim_cur =
        all ? limit.rlim_max : (rlim_t)free_descriptor(pid, strtol(number, NULL, 10));
    if (prlimit(pid, RLIMIT_NOFILE, &limit, NULL) == -1)
        return say(stage, party, '!', "spare: %s", strerror(errno));
    return say(stage, party, '.', "may have %ld descriptors", (long)limit.rlim_cur);
}

/* A program that has nothing to do sleeps whenever one looks. */
bool play_rests(struct stage *stage, struct party *party, const struct step *step)
{
    struct step bounded = *step;
    int asleep = 0;
    bounded.within_ms = step->within_ms > 0 ? step->within_ms : REST_MS;
    struct moment end = end_of(stage, &bounded);
    while (asleep < REST_LOOKS && !is_past(end)) {
        pause_for(stage, party, REST_EVERY_MS);
        asleep = count_threads(party->program->pid, true) == 0 ? asleep + 1 : 0;
    }
    if (has_ended(party->program))
        return fails(stage, party, "ended", "rests: it has ended");
    return asleep == REST_LOOKS
               ? say(stage, party, '.', "rests")
               : fails(stage, party, "busy",
                       "expected it to rest, but it works without a pause");
}
