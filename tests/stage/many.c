/* many.c: a program that forks without end is ended whole. The limits hold the number of
   its processes, but each of them goes on trying, and hundreds that never rest leave no
   processor to anybody else: not to a grading either. */

#define _DEFAULT_SOURCE
#include <sys/sysinfo.h>

#include "proc.h"
#include "stage.h"

/* The number of all threads of the machine: a look at it costs one system call. */
static int threads_of_all(void)
{
    struct sysinfo machine;
    return sysinfo(&machine) == -1 ? 0 : machine.procs;
}

void end_the_many(struct stage *stage)
{
    if (stage->many > 0 || threads_of_all() < MANY_PROCESSES)
        return;
    for (int i = 0; i < stage->party_count && stage->many == 0; i++) {
        const struct program *program = stage->parties[i].program;
        long processes = program == NULL || program->pid == 0 || *program->file == '\0'
                             ? 0
                             : count_running(program->file);
        if (processes < MANY_PROCESSES)
            continue;
        stage->many = processes;
        end_program(program);
    }
}

void look_for_many(struct stage *stage)
{
    static int usual; /* the fewest seen; the first look is before a program is started */
    int now = threads_of_all();
    if (usual == 0 || now < usual)
        usual = now;
    if (stage->many > 0 || now - usual < MANY_PROCESSES)
        return;
    end_the_many(stage);
    if (stage->many == 0)
        usual = now - MANY_PROCESSES / 2; /* somebody else's: not at each look again */
}
