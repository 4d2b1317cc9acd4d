/* few: ends a program that forks without end. The limits hold the number of its
   processes, but each of them goes on trying, and hundreds that never rest leave no
   processor to anybody else: not to a grading either.

       few MANY PREFIX

   As long as its parent lives it kills each process group that has MANY processes or
   more, where LAB_TEST in the environment of one begins with PREFIX: so it was started by
   a test. The numbers of the group and of its processes are a line of the file
   LAB_TEST.many, beside the directory LAB_TEST. What it does is short: it, too, gets
   little of the processor then. Exit status: 0 its parent has ended, 2 wrong command
   line. */

#define _DEFAULT_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY_NS = 20000000, GROUPS_MAX = 4096 };

struct group {
    int id, processes, one; /* of its processes, by number */
};

/* Reads /proc/PID/NAME. Returns the number of bytes; a NUL stands after them. */
static size_t read_proc(int pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    size_t length = file == NULL ? 0 : fread(text, 1, size - 1, file);
    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    return length;
}

/* Returns the process group of a process, or -1 when it has ended. */
static int group_of(int pid)
{
    char stat[512];
    int group = -1;
    read_proc(pid, "stat", stat, sizeof stat);
    const char *rest = strrchr(stat, ')'); /* its name may hold any bytes */
    if (rest == NULL || sscanf(rest, ") %*c %*d %d", &group) != 1)
        return -1;
    return group;
}

/* Returns the directory of the test that has started the process, or NULL. */
static const char *test_of(int pid, const char *prefix)
{
    static char environment[131072];
    size_t length = read_proc(pid, "environ", environment, sizeof environment);
    for (size_t i = 0; i < length; i += strlen(environment + i) + 1)
        if (strncmp(environment + i, "LAB_TEST=", 9) == 0 &&
            strncmp(environment + i + 9, prefix, strlen(prefix)) == 0)
            return environment + i + 9;
    return NULL;
}

/* Counts the processes of each group. Returns the number of groups. */
static int count_groups(struct group *groups)
{
    int count = 0;
    DIR *directory = opendir("/proc");
    for (struct dirent *e; directory != NULL && (e = readdir(directory)) != NULL;) {
        int pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : -1;
        int id = pid == -1 ? -1 : group_of(pid);
        int i = 0;
        while (i < count && groups[i].id != id)
            i++;
        if (id <= 1 || i == GROUPS_MAX)
            continue;
        if (i == count)
            groups[count++] = (struct group){.id = id, .one = pid};
        groups[i].processes++;
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

/* Returns whether there were any. */
static bool end_the_many(int many, const char *prefix)
{
    static struct group groups[GROUPS_MAX];
    int count = count_groups(groups);
    bool any = false;
    for (int i = 0; i < count; i++) {
        const char *test =
            groups[i].processes < many ? NULL : test_of(groups[i].one, prefix);
        if (test == NULL)
            continue;
        char path[4096];
        snprintf(path, sizeof path, "%s.many", test);
        FILE *note = fopen(path, "a");
        if (note != NULL) {
            fprintf(note, "%d %d\n", groups[i].id, groups[i].processes);
            fclose(note);
        }
        kill(-groups[i].id, SIGKILL);
        any = true;
    }
    return any;
}

/* The number of all threads of the machine: a look at it costs one system call. */
static int threads(void)
{
    struct sysinfo machine;
    return sysinfo(&machine) == -1 ? 0 : machine.procs;
}

int main(int argc, char **argv)
{
    int many = argc == 3 ? atoi(argv[1]) : 0;
    if (many < 1) {
        fprintf(stderr, "usage: few MANY PREFIX\n");
        return 2;
    }
    setpriority(PRIO_PROCESS, 0, -20); /* root may */
    pid_t parent = getppid();
    for (int least = threads(); getppid() == parent;) {
        int now = threads();
        if (now < least)
            least = now;
        struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
        /* Where others have begun them, the next look may wait: this one was dear. */
        if (now - least >= many && !end_the_many(many, argv[2]))
            pause.tv_nsec *= 5;
        nanosleep(&pause, NULL);
    }
    return 0;
}
