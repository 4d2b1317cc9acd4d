/* listening: waits until a process has a listening socket, and says which, without ever
   connecting to it: a connection would use up the only accept() of some programs.

       listening PID SECONDS

   Prints the port of a TCP or UDP socket, or the path of an AF_UNIX one. Exit status: 0
   found, 1 the process has ended or the time (clock.h) is over, 2 wrong command line.  */

#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "proc.h"

enum { NAP_NS = 1000000 };

int main(int argc, char **argv)
{
    int pid = argc == 3 ? atoi(argv[1]) : 0;
    long seconds = argc == 3 ? atoi(argv[2]) : 0;
    struct reachable seen;
    struct timespec nap = {.tv_nsec = NAP_NS};
    if (pid < 1 || seconds < 1) {
        fputs("usage: listening PID SECONDS\n", stderr);
        return 2;
    }
    clock_watch(pid);
    do {
        bool running = runs(pid);
        if (find_socket(pid, &seen))
            return seen.port == -1 ? puts(seen.path) < 0 : printf("%d\n", seen.port) < 0;
        if (!running)
            return 1;
        nanosleep(&nap, NULL);
    } while (!over(seconds * 1000));
    return 1;
}
