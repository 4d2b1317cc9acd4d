/* clock.c: fair time. A machine may be slow or busy, and give a thread its processor
   late; no program is to blame for that, so the clock by which deadlines are counted
   stands still meanwhile. */

#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

struct task {
    pid_t pid, tid;
    long long ran_ns, delay_ns; /* on a processor; waiting for one */
    long long credited_ns;      /* of a wait that is not in delay_ns yet */
    bool seen;                  /* at this look */
};

static struct {
    bool begun;
    struct timespec start;
    pid_t watched[WATCHED_MAX];
    int watched_count;
    pid_t to_look[TASKS_MAX]; /* at one look; their children are added on the way */
    int to_look_count;
    struct task tasks[TASKS_MAX];
    int task_count;
    long long looked_ns; /* wall time of the last look */
    long long stood_ns;  /* the clock has stood still for so long */
    long long ran_ns;    /* processor time of all of them, since the first look */
    long ran_max_s;      /* when every deadline is over */
    bool untold;         /* the kernel has no schedstat */
} fair = {.ran_max_s = RAN_MAX_S};

static long long wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!fair.begun) {
        fair.begun = true;
        fair.start = now;
        fair.untold = access("/proc/self/schedstat", R_OK) == -1;
    }
    return (now.tv_sec - fair.start.tv_sec) * 1000000000LL + now.tv_nsec -
           fair.start.tv_nsec;
}

long wall_ms(void)
{
    return (long)(wall_ns() / 1000000);
}

void clock_watch(pid_t pid)
{
    for (int i = 0; i < fair.watched_count; i++)
        if (fair.watched[i] == pid)
            return;
    if (fair.watched_count < WATCHED_MAX)
        fair.watched[fair.watched_count++] = pid;
}

void clock_watch_variable(const char *name)
{
    const char *text = getenv(name);
    char *end;
    for (long pid; text != NULL && (pid = strtol(text, &end, 10)) > 0; text = end)
        clock_watch((pid_t)pid);
}

void clock_ran_max(long seconds)
{
    fair.ran_max_s = seconds;
}

/* What has been kept of a task, or a new place for it: then what it has waited for so far
   counts, as it began after the last look. NULL when there are too many. */
static struct task *task_of(pid_t pid, pid_t tid, bool first_look)
{
    for (int i = 0; i < fair.task_count; i++)
        if (fair.tasks[i].tid == tid && fair.tasks[i].pid == pid)
            return &fair.tasks[i];
    if (fair.task_count == TASKS_MAX)
        return NULL;
    struct task *task = &fair.tasks[fair.task_count++];
    *task = (struct task){.pid = pid, .tid = tid, .delay_ns = first_look ? -1 : 0};
    return task;
}

/* Watches the process that traces this one, as strace does: what it traces stands still
   until the tracer, which need not be its parent, has got a processor. */
static void watch_tracer(pid_t pid)
{
    char path[64], line[128];
    int tracer = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    if (file != NULL)
        fclose(file);
    if (tracer > 0)
        clock_watch(tracer);
}

/* How long a task has stood without a processor since the last look, passed_ns ago. */
static long long stood(pid_t pid, pid_t tid, long long passed_ns, bool first_look)
{
    char path[64], state = 'S';
    long long ran = 0, delay = 0, lost = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)pid, (int)tid);
    FILE *file = fopen(path, "r");
    struct task *task = file == NULL ? NULL : task_of(pid, tid, first_look);
    if (task == NULL || task->seen || fscanf(file, "%lld %lld", &ran, &delay) != 2) {
        if (file != NULL)
            fclose(file);
        return 0;
    }
    fclose(file);
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
    if ((file = fopen(path, "r")) != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = 'S';
        fclose(file);
    }
    task->seen = true;
    if (state == 't')
        watch_tracer(pid);
    if (task->delay_ns == -1) {
        task->delay_ns = delay;
        task->ran_ns = ran;
    }
    fair.ran_ns += ran - task->ran_ns;
    if (delay > task->delay_ns) {
        lost = delay - task->delay_ns - task->credited_ns;
        task->credited_ns = 0;
    } else if ((state == 'R' && ran == task->ran_ns) || state == 'D') {
        lost = passed_ns;
        task->credited_ns += state == 'R' ? lost : 0;
    }
    task->ran_ns = ran;
    task->delay_ns = delay;
    return lost > 0 ? lost : 0;
}

/* Adds the children of a thread to the processes that are still to be looked at
   (proc_pid_task(5), "children"). */
static void add_children(pid_t pid, pid_t tid)
{
    char path[64];
    int child;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)tid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fair.to_look_count < TASKS_MAX &&
           fscanf(file, "%d", &child) == 1)
        fair.to_look[fair.to_look_count++] = child;
    if (file != NULL)
        fclose(file);
}

/* How long the threads of a process have stood. */
static long long process_stood(pid_t pid, long long passed_ns, bool first_look)
{
    char path[64];
    long long lost = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    for (struct dirent *e; threads != NULL && (e = readdir(threads)) != NULL;) {
        pid_t tid = atoi(e->d_name);
        if (tid == 0)
            continue;
        lost += stood(pid, tid, passed_ns, first_look);
        add_children(pid, tid);
    }
    if (threads != NULL)
        closedir(threads);
    return lost;
}

/* Looks at all of them, and stops the clock for as long as they have stood. */
static void look(long long now_ns)
{
    long long passed_ns = now_ns - fair.looked_ns, lost = 0;
    bool first_look = fair.looked_ns == 0;
    for (int i = 0; i < fair.task_count; i++)
        fair.tasks[i].seen = false;
    fair.to_look[0] = getpid();
    fair.to_look_count = 1;
    for (int i = 0; i < fair.watched_count; i++)
        fair.to_look[fair.to_look_count++] = fair.watched[i];
    for (int i = 0; i < fair.to_look_count; i++)
        lost += process_stood(fair.to_look[i], passed_ns, first_look);
    for (int i = 0; i < fair.task_count;)
        if (fair.tasks[i].seen)
            i++;
        else
            fair.tasks[i] = fair.tasks[--fair.task_count];
    if (!first_look)
        fair.stood_ns += lost < passed_ns ? lost : passed_ns;
    fair.looked_ns = now_ns;
}

long fair_ms(void)
{
    long long now_ns = wall_ns();
    if (fair.untold)
        return (long)(now_ns / 1000000 / STRETCH);
    if (fair.looked_ns == 0 || now_ns - fair.looked_ns >= LOOK_EVERY_MS * 1000000LL)
        look(now_ns);
    return (long)((now_ns - fair.stood_ns) / 1000000);
}

bool over(long end_ms)
{
    bool in_time = fair_ms() < end_ms;
    if (fair.ran_ns >= fair.ran_max_s * 1000000000LL)
        return true;
    if (in_time || fair.untold)
        return !in_time;
    look(wall_ns()); /* what has happened since the last look counts as well */
    return (fair.looked_ns - fair.stood_ns) / 1000000 >= end_ms;
}
