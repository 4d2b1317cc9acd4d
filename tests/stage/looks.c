/* looks.c: what a scene asks of a program from outside: how many descriptors, threads,
   children it has, who holds a connection, whether it rests. */

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "proc.h"
#include "stage.h"

/* The words for what is counted, in the order of the stage's list; then those for what is
   not remembered. */
enum { SURVIVORS = COUNTS, LISTENERS, HOLDERS };
static const char *const COUNTED[] = {"descriptors", "sockets",   "threads",
                                      "children",    "zombies",   "memory",
                                      "survivors",   "listeners", "holders"};

static long count_of(const struct party *party, int which)
{
    const struct program *program = party->program;
    switch (which) {
    case DESCRIPTORS:
        return count_descriptors(program->pid, false);
    case SOCKETS:
        return count_descriptors(program->pid, true);
    case THREADS:
        return count_threads(program->pid, false);
    case CHILDREN:
        return count_children(program->pid, false);
    case ZOMBIES:
        return count_children(program->pid, true);
    case SURVIVORS:
        return count_group(program->group, program->pid);
    case LISTENERS:
        return count_holders(listening_inode(program->pid));
    case HOLDERS:
        return count_holders(other_end(party).inode);
    default:
        return resident_kib(program->pid);
    }
}

static bool is_right(long number, const struct count *count, long wanted)
{
    return count->least  ? number >= wanted
           : count->most ? number <= wanted
                         : number == wanted;
}

/* descriptors, sockets, threads, children, zombies, memory, survivors, listeners; of a
   peer holders. */
bool play_count(struct stage *stage, struct party *party, const struct step *step)
{
    const struct program *program = party->program;
    const char *what = step->command->name;
    struct moment end = end_of(stage, step);
    struct count count = step->count;
    int which = 0;
    long number;
    while (strcmp(COUNTED[which], what) != 0)
        which++;
    const bool lives = which < COUNTS; /* only while it runs there is that to count */
    if (count.before && (!lives || !program->remembers))
        return say(stage, party, '!', "before: nothing has been remembered");
    count.most = count.most || which == MEMORY;
    const long wanted = count.number + (count.before ? program->before[which] : 0);
    bool last, right;
    do {
        last = is_past(end) ||
               (which <= LISTENERS && which != SURVIVORS && has_ended(program));
        number = count_of(party, which);
        right = is_right(number, &count, wanted);
        if (!last && !right)
            pause_for(stage, party, 1);
    } while (!last && !right);
    if (lives && has_ended(program))
        return fails(stage, party, "ended", "%s: it has ended", what);
    if (right)
        return say(stage, party, '.', "%s: %ld", what, number);
    long zombies = which == CHILDREN ? count_of(party, ZOMBIES) : 0;
    if (zombies > 0)
        say(stage, party, '.', "zombies among its children: %ld", zombies);
    return fails(stage, party, what, "expected %s: %s%ld,\nbut there are %ld", what,
                 count.least  ? "at least "
                 : count.most ? "at most "
                              : "",
                 wanted, number);
}

bool play_remember(struct stage *stage, struct party *party, const struct step *step)
{
    (void)step;
    for (int which = 0; which < COUNTS; which++)
        party->program->before[which] = count_of(party, which);
    party->program->remembers = true;
    return say(stage, party, '.', "descriptors: %ld, threads: %ld, children: %ld",
               party->program->before[DESCRIPTORS], party->program->before[THREADS],
               party->program->before[CHILDREN]);
}

/* dropped: the other side has closed this connection, whether we receive or not. It may
   take as long as it gets rid of bytes, and then so much more. */
bool play_dropped(struct stage *stage, struct party *party, const struct step *step)
{
    struct connection seen = other_end(party);
    struct moment end = deadline(fair_ms() + step->time_ms);
    while (seen.open && !is_past(end)) {
        const unsigned long before = seen.unsent;
        pause_for(stage, party, 1);
        seen = other_end(party);
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

/* full: from now on none of its files takes another byte, as on a full disk: write()
   fails with EFBIG. Where `into` has been said the signal that would come is ignored.
   Source: prlimit(2), RLIMIT_FSIZE of getrlimit(2). */
bool play_full(struct stage *stage, struct party *party, const struct step *step)
{
    (void)step;
    struct rlimit limit;
    if (prlimit(party->program->pid, RLIMIT_FSIZE, NULL, &limit) == -1)
        return fails(stage, party, "ended", "full: %s", strerror(errno));
    limit.rlim_cur = 0;
    if (prlimit(party->program->pid, RLIMIT_FSIZE, &limit, NULL) == -1)
        return say(stage, party, '!', "full: %s", strerror(errno));
    return say(stage, party, '.', "its files take no more bytes");
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
