/* proc.c: what can be seen of a process from outside. */

#define _DEFAULT_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

enum { SOCKETS_MAX = 1024, LISTEN = 0x0a, BOUND = 0x07, ESTABLISHED = 0x01 };

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

/* The state of a process as ps shows it; '?' where there is none. */
static char state_of(pid_t pid)
{
    char state = '?';
    FILE *stat = open_proc(pid, "stat");
    if (stat != NULL && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    if (stat != NULL)
        fclose(stat);
    return state;
}

bool runs(pid_t pid)
{
    return strchr("?ZX", state_of(pid)) == NULL;
}

bool moves(pid_t pid)
{
    return strchr("RSD", state_of(pid)) != NULL;
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

/* The same for the process's AF_UNIX socket: a stream socket that listens (flag
   00010000), or a datagram socket (type 0002) that has a name. Result: whether there is
   one. */
static bool find_path(int pid, const struct sockets *sockets, char path[SEEN_PATH_MAX])
{
    char line[512];
    bool found = false;
    FILE *file = open_proc(pid, "net/unix");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        unsigned flags, type;
        unsigned long inode;
        found = sscanf(line, "%*[^:]: %*x %*x %x %x %*x %lu %255[^\n]", &flags, &type,
                       &inode, path) == 4 &&
                (flags == 0x10000 || type == 2) && owns(sockets, inode);
    }
    if (file != NULL)
        fclose(file);
    return found;
}

bool find_socket(pid_t pid, struct reachable *seen)
{
    static const char *tables[] = {"net/tcp", "net/tcp6", "net/udp", "net/udp6"};
    static const unsigned states[] = {LISTEN, LISTEN, BOUND, BOUND};
    struct sockets sockets = sockets_of(pid);
    *seen = (struct reachable){.port = -1};
    for (int i = 0; sockets.count > 0 && i < 4 && seen->port == -1; i++)
        seen->port = find_port(pid, tables[i], states[i], &sockets);
    if (seen->port != -1)
        return true;
    bool found = sockets.count > 0 && find_path(pid, &sockets, seen->path);
    if (!found)
        seen->path[0] = '\0'; /* of another process's socket */
    return found;
}

unsigned long unread_at(int port)
{
    static const char *tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    char line[512];
    unsigned long all = 0, unread;
    unsigned local, state;
    for (int i = 0; i < 2; i++) {
        FILE *table = fopen(tables[i], "r");
        while (table != NULL && fgets(line, sizeof line, table) != NULL)
            if (sscanf(line, "%*d: %*[^:]:%x %*[^:]:%*x %x %*x:%lx", &local, &state,
                       &unread) == 3 &&
                (int)local == port && state == ESTABLISHED)
                all += unread;
        if (table != NULL)
            fclose(table);
    }
    return all;
}

void kill_descendants(void)
{
    char path[64];
    int child;
    pid_t ended = 0;
    while (ended != -1) { /* up to ECHILD: there are no more */
        snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
        FILE *file = fopen(path, "r");
        while (file != NULL && fscanf(file, "%d", &child) == 1)
            kill(child, SIGKILL);
        if (file != NULL)
            fclose(file);
        /* When one has ended, its children are ours. */
        ended = waitpid(-1, NULL, 0);
        while (ended > 0 && waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}
