/* proc.c: what can be seen of a process from outside. */

#define _DEFAULT_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

enum {
    SOCKETS_MAX = 1024,
    LISTEN = 0x0a,
    BOUND = 0x07,
    ESTABLISHED = 0x01,
    CLOSE_WAIT = 0x08
};

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

/* What stands in a stat file of proc. */
struct stat_line {
    char state; /* as ps shows it; '?': there is no such process or thread */
    int parent, group;
};

static struct stat_line read_stat(int pid, const char *name)
{
    struct stat_line line = {.state = '?'};
    char text[512];
    FILE *file = open_proc(pid, name);
    size_t length = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    const char *end = strrchr(text, ')'); /* of the name, which may hold any bytes */
    if (end != NULL)
        sscanf(end, ") %c %d %d", &line.state, &line.parent, &line.group);
    if (file != NULL)
        fclose(file);
    return line;
}

/* Whether the next name in the directory is a number, which is set. */
static bool next_number(DIR *directory, long *number)
{
    for (struct dirent *e; directory != NULL && (e = readdir(directory)) != NULL;) {
        char *end;
        *number = strtol(e->d_name, &end, 10);
        if (end != e->d_name && *end == '\0')
            return true;
    }
    return false;
}

static DIR *open_directory(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return opendir(path);
}

static void close_directory(DIR *directory)
{
    if (directory != NULL)
        closedir(directory);
}

/* The thread by which a process is looked at: its first or, where that has ended by
   pthread_exit(), one that lives. */
static int living_thread(pid_t pid)
{
    char path[64];
    long tid;
    int found = pid;
    if (read_stat(pid, "stat").state != 'Z')
        return pid;
    DIR *directory = open_directory(pid, "task");
    while (found == pid && next_number(directory, &tid)) {
        snprintf(path, sizeof path, "task/%ld/stat", tid);
        if (strchr("?ZX", read_stat(pid, path).state) == NULL)
            found = (int)tid;
    }
    close_directory(directory);
    return found;
}

static char state_of(pid_t pid)
{
    char name[32];
    snprintf(name, sizeof name, "task/%d/stat", living_thread(pid));
    return read_stat(pid, name).state;
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
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd", pid, living_thread(pid));
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

static const char *const TCP_TABLES[] = {"net/tcp", "net/tcp6"};

/* A line of the kernel's tables of sockets (proc_pid_net(5)). */
struct entry {
    unsigned port, peer, state;
    unsigned long unsent, unread, inode;
};

/* Reads the next of them; false where there is none. */
static bool next_entry(FILE *table, struct entry *entry)
{
    char line[512];
    while (table != NULL && fgets(line, sizeof line, table) != NULL)
        if (sscanf(line, "%*d: %*[^:]:%x %*[^:]:%x %x %lx:%lx %*s %*s %*s %*s %lu",
                   &entry->port, &entry->peer, &entry->state, &entry->unsent,
                   &entry->unread, &entry->inode) == 6)
            return true;
    return false;
}

/* Looks for a socket of the process in one of the kernel's tables: for TCP in the state
   LISTEN (0A), for UDP bound (07). Returns its port, or -1; fills inode. */
static int find_port(int thread, const char *name, unsigned wanted,
                     const struct sockets *sockets, unsigned long *inode)
{
    struct entry entry;
    int found = -1;
    FILE *table = open_proc(thread, name);
    while (found == -1 && next_entry(table, &entry))
        if (entry.state == wanted && owns(sockets, entry.inode)) {
            found = (int)entry.port;
            *inode = entry.inode;
        }
    if (table != NULL)
        fclose(table);
    return found;
}

/* The same for the process's AF_UNIX socket: a stream socket that listens (flag
   00010000), or a datagram socket (type 0002) that has a name. Returns whether there is
   one. */
static bool find_path(int thread, const struct sockets *sockets, char path[SEEN_PATH_MAX])
{
    char line[512];
    bool found = false;
    FILE *file = open_proc(thread, "net/unix");
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
    static const char *tables[] = {"net/tcp",  "net/tcp6", "net/udp",
                                   "net/udp6", "net/udp",  "net/udp6"};
    static const unsigned states[] = {LISTEN, LISTEN,      BOUND,
                                      BOUND,  ESTABLISHED, ESTABLISHED};
    struct sockets sockets = sockets_of(pid);
    const int thread = living_thread(pid); /* one that has ended has no network */
    unsigned long inode;
    *seen = (struct reachable){.port = -1};
    for (int i = 0; sockets.count > 0 && i < 6 && seen->port == -1; i++)
        seen->port = find_port(thread, tables[i], states[i], &sockets, &inode);
    if (seen->port != -1)
        return true;
    bool found = sockets.count > 0 && find_path(thread, &sockets, seen->path);
    if (!found)
        seen->path[0] = '\0'; /* of another process's socket */
    return found;
}

/* ---- Counting ---- */

long count_descriptors(pid_t pid, bool sockets)
{
    long count = 0, fd;
    char name[32];
    if (sockets)
        return sockets_of(pid).count;
    snprintf(name, sizeof name, "task/%d/fd", living_thread(pid));
    DIR *directory = open_directory(pid, name);
    while (next_number(directory, &fd))
        count++;
    close_directory(directory);
    return count;
}

long free_descriptor(pid_t pid, long below)
{
    char path[64], target[8];
    const int thread = living_thread(pid);
    for (long fd = 0;; fd++) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%ld", (int)pid, thread, fd);
        bool is_open = readlink(path, target, sizeof target) != -1;
        if (!is_open && below-- == 0)
            return fd;
    }
}

long count_threads(pid_t pid, bool working)
{
    long count = 0, tid;
    char name[64];
    DIR *directory = open_directory(pid, "task");
    while (next_number(directory, &tid)) {
        snprintf(name, sizeof name, "task/%ld/stat", tid);
        char state = read_stat(pid, name).state;
        count += working ? state == 'R' : strchr("?ZX", state) == NULL;
    }
    close_directory(directory);
    return count;
}

long resident_kib(pid_t pid)
{
    long kib = 0;
    char line[128];
    FILE *rollup = open_proc(pid, "smaps_rollup"); /* exact, as status is not */
    while (rollup != NULL && fgets(line, sizeof line, rollup) != NULL)
        if (sscanf(line, "Rss: %ld", &kib) == 1)
            break;
    if (rollup != NULL)
        fclose(rollup);
    return kib;
}

long count_children(pid_t pid, bool zombies)
{
    long count = 0, other;
    DIR *directory = opendir("/proc");
    while (next_number(directory, &other)) {
        struct stat_line line = read_stat((int)other, "stat");
        count +=
            line.state != '?' && line.parent == pid && (!zombies || line.state == 'Z');
    }
    close_directory(directory);
    return count;
}

pid_t find_child(pid_t pid)
{
    char path[64], own[256], other[256];
    long child;
    pid_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(path, own, sizeof own);
    DIR *directory = opendir("/proc");
    while (length > 0 && found == 0 && next_number(directory, &child)) {
        if (read_stat((int)child, "stat").parent != pid)
            continue;
        snprintf(path, sizeof path, "/proc/%ld/exe", child);
        ssize_t n = readlink(path, other, sizeof other);
        if (n > 0 && (n != length || memcmp(own, other, (size_t)n) != 0))
            found = (pid_t)child;
    }
    close_directory(directory);
    return found;
}

long count_group(pid_t group, pid_t pid)
{
    long count = 0, other;
    DIR *directory = opendir("/proc");
    while (next_number(directory, &other)) {
        struct stat_line line = read_stat((int)other, "stat");
        bool its = line.group == group || line.parent == group;
        count +=
            its && other != pid && other != group && strchr("?ZX", line.state) == NULL;
    }
    close_directory(directory);
    return count;
}

long count_running(const char *file)
{
    struct stat wanted, seen;
    long count = 0, pid;
    DIR *directory = stat(file, &wanted) == -1 ? NULL : opendir("/proc");
    while (next_number(directory, &pid)) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%ld/exe", pid);
        count += stat(path, &seen) == 0 && seen.st_dev == wanted.st_dev &&
                 seen.st_ino == wanted.st_ino;
    }
    close_directory(directory);
    return count;
}

long count_holders(unsigned long inode)
{
    long count = 0, pid;
    DIR *directory = inode == 0 ? NULL : opendir("/proc");
    while (next_number(directory, &pid)) {
        struct sockets sockets = sockets_of((int)pid);
        count += owns(&sockets, inode);
    }
    close_directory(directory);
    return count;
}

unsigned long listening_inode(pid_t pid)
{
    struct sockets sockets = sockets_of(pid);
    unsigned long inode = 0;
    const int thread = living_thread(pid);
    if (find_port(thread, TCP_TABLES[0], LISTEN, &sockets, &inode) == -1)
        find_port(thread, TCP_TABLES[1], LISTEN, &sockets, &inode);
    return inode;
}

struct connection find_connection(int from, int to)
{
    struct connection found = {.inode = 0};
    struct entry entry;
    for (int i = 0; i < 2; i++) {
        FILE *table = open_proc(getpid(), TCP_TABLES[i]);
        while (next_entry(table, &entry))
            if ((int)entry.port == from && (int)entry.peer == to)
                found = (struct connection){.inode = entry.inode,
                                            .unsent = entry.unsent,
                                            .unread = entry.unread,
                                            .open = entry.state == ESTABLISHED ||
                                                    entry.state == CLOSE_WAIT};
        if (table != NULL)
            fclose(table);
    }
    return found;
}

unsigned long unread_at(int port)
{
    unsigned long all = 0;
    struct entry entry;
    for (int i = 0; i < 2; i++) {
        FILE *table = open_proc(getpid(), TCP_TABLES[i]);
        while (next_entry(table, &entry))
            if ((int)entry.port == port && entry.state == ESTABLISHED)
                all += entry.unread;
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
