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
    long number = count_group(party->program->pid);
    while (!is_right(number, &step->count, step->count.number) && !is_past(end)) {
        pause_for(stage, party, 1);
        number = count_group(party->program->pid);
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

static int port_of_socket(int fd, bool peer)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int failed = peer ? getpeername(fd, (struct sockaddr *)&name, &length)
                      : getsockname(fd, (struct sockaddr *)&name, &length);
    if (failed == -1)
        return -1;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

bool play_holders(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    int own = port_of_socket(party->fd, false), other = port_of_socket(party->fd, true);
    long number = count_holders(connection_inode(other, own));
    while (!is_right(number, &step->count, step->count.number) && !is_past(end)) {
        pause_for(stage, party, 1);
        number = count_holders(connection_inode(other, own));
    }
    return tell_count(stage, party, step, number, step->count.number);
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
