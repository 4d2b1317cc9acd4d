/* clock.h: fair time, by which deadlines are counted. */

#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <sys/types.h>

enum {
    WATCHED_MAX = 64,   /* processes that clock_watch() may name */
    TASKS_MAX = 2048,   /* threads that are looked at, of all of them */
    LOOK_EVERY_MS = 20, /* how often they are looked at; no wait sleeps longer */
    RAN_MAX_S = 20, /* of processor time, by all of them: then every deadline is over */
    STRETCH = 4     /* of every deadline, where the kernel does not tell */
};

/* Names a process whose waits for a processor stop the clock: its own, and those of its
   threads and of all its descendants. This process is always one of them. One too many is
   ignored. */
void clock_watch(pid_t pid);

/* The same for each number in an environment variable; none where it is not set. */
void clock_watch_variable(const char *name);

/* Sets how much processor time the watched processes may use before every deadline is
   over, in seconds. */
void clock_ran_max(long seconds);

/* Milliseconds of wall time since the first call of a function of this file. */
long wall_ms(void);

/* Milliseconds of fair time since then: wall time without the moments in which a watched
   thread, or this process, was ready to run and got no processor, or waited for the disk.
   Never more than wall_ms().
   Source: the second number of /proc/PID/task/TID/schedstat (Documentation/scheduler/
   sched-stats.rst), and the state in /proc/PID/task/TID/stat, proc_pid_stat(5), as a wait
   that is still going on has not been added yet. */
long fair_ms(void);

/* Whether fair time has come to end_ms, or the watched processes have used up RAN_MAX_S:
   without that, many that never rest would stop the clock for each other. While it has
   not, no more than LOOK_EVERY_MS of wall time may pass from one call to the next. */
bool over(long end_ms);

#endif
