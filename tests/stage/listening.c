/* listening: waits until a process has a listening socket, and says which, without ever
   connecting to it: a connection would use up the only accept() of some programs.

       listening PID SECONDS

   Prints the port of a TCP or UDP socket, or the path of an AF_UNIX one. Exit status: 0
   found, 1 the process has ended or the time (clock.h) is over, 2 wrong command line. Reads what
   ss(8) reads: proc_pid_fd(5), proc_pid_net(5). */

#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { NAP_NS = 1000000, SOCKETS_MAX = 1024 };

struct sockets {
    unsigned long inodes[SOCKETS_MAX]; /* of the process's sockets */
    int count;
};

static FILE *open_proc(int pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "r");
}

/* Tells whether the process is there and not a zombie. */
static bool runs(int pid)
{
    char state = 'Z';
    FILE *stat = open_proc(pid, "stat");
    if (stat == NULL)
        return false;
    if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    fclose(stat);
    return state != 'Z';
}

static struct sockets sockets_of(int pid)
{
    struct sockets sockets = {.count = 0};
    char path[64], link[320], target[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *directory = opendir(path);
    for (struct dirent *e; directory != NULL && (e = readdir(directory)) != NULL;) {
        snprintf(link, sizeof link, "%s/%s", path, e->d_name);
        ssize_t length = readlink(link, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        if (sockets.count < SOCKETS_MAX &&
            sscanf(target, "socket:[%lu]", &sockets.inodes[sockets.count]) == 1)
            sockets.count++;
    }
    if (directory != NULL)
        closedir(directory);
    return sockets;
}

static bool owns(const struct sockets *sockets, unsigned long inode)
{
    for (int i = 0; i < sockets->count; i++)
        if (sockets->inodes[i] == inode)
            return true;
    return false;
}

/* Looks for a socket of the process in one of the kernel's tables: for TCP in the state
   LISTEN (0A), for UDP bound (07). Result: its port, or -1. */
static int find_port(int pid, const char *table, unsigned wanted,
                     const struct sockets *sockets)
{
    char line[512];
    int found = -1;
    FILE *file = open_proc(pid, table);
    while (file != NULL && found == -1 && fgets(line, sizeof line, file) != NULL) {
        unsigned port, state;
        unsigned long inode;
        if (sscanf(line, "%*d: %*[^:]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state,
                   &inode) == 3 &&
            state == wanted && owns(sockets, inode))
            found = (int)port;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* Prints the path of the process's AF_UNIX socket: a stream socket that listens (flag
   00010000), or a datagram socket (type 0002) that has a name. */
static bool print_path(int pid, const struct sockets *sockets)
{
    char line[512], path[256];
    bool found = false;
    FILE *file = open_proc(pid, "net/unix");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        unsigned flags, type;
        unsigned long inode;
        if (sscanf(line, "%*[^:]: %*x %*x %x %x %*x %lu %255[^\n]", &flags, &type, &inode,
                   path) == 4 &&
            (flags == 0x10000 || type == 2) && owns(sockets, inode)) {
            puts(path);
            found = true;
        }
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static bool look(int pid)
{
    static const char *tables[] = {"net/tcp", "net/tcp6", "net/udp", "net/udp6"};
    static const unsigned states[] = {0x0a, 0x0a, 0x07, 0x07};
    struct sockets sockets = sockets_of(pid);
    for (int i = 0; sockets.count > 0 && i < 4; i++) {
        int port = find_port(pid, tables[i], states[i], &sockets);
        if (port != -1)
            return printf("%d\n", port) > 0;
    }
    return sockets.count > 0 && print_path(pid, &sockets);
}

int main(int argc, char **argv)
{
    int pid = argc == 3 ? atoi(argv[1]) : 0;
    long seconds = argc == 3 ? atoi(argv[2]) : 0;
    struct timespec nap = {.tv_nsec = NAP_NS};
    if (pid < 1 || seconds < 1) {
        fputs("usage: listening PID SECONDS\n", stderr);
        return 2;
    }
    clock_watch(pid);
    do {
        bool running = runs(pid);
        if (look(pid))
            return 0;
        if (!running)
            return 1;
        nanosleep(&nap, NULL);
    } while (!over(seconds * 1000));
    return 1;
}
