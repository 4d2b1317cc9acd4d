/* fair: runs a command, no longer than SECONDS of fair time (clock.h); timeout(1) counts
   wall time, in which a busy machine may have given the command no processor at all.

       fair SECONDS COMMAND [ARGUMENT...]

   At the end of its time the command and its descendants are killed. Exit status: that of
   the command, 128 + N where signal N ended it; 124 where the time was over; 2 wrong
   command line; 127 where there is no such command. */

#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "proc.h"

enum { TIME_IS_OVER = 124, NAP_NS = 2000000 };

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? atof(argv[1]) : 0;
    if (seconds <= 0) {
        fputs("usage: fair SECONDS COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    clock_ran_max((long)seconds > RAN_MAX_S ? (long)seconds : RAN_MAX_S);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = fork();
    if (pid == -1) {
        fprintf(stderr, "fair: fork: %s\n", strerror(errno));
        return 2;
    }
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "fair: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) != pid) {
        if (ended > 0)
            continue; /* one whose parent has ended */
        if (over((long)(seconds * 1000))) {
            kill_descendants();
            return TIME_IS_OVER;
        }
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
