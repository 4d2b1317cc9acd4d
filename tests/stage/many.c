/* many.c: a program that forks without end is ended whole. The limits hold the number of
   its processes, but each of them goes on trying, and hundreds that never rest leave no
   processor to anybody else: not to a grading either. */

#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "proc.h"
#include "stage.h"

/* The number of all threads of the machine: a look at it costs one system call. */
static int threads_of_all(void)
{
    struct sysinfo machine;
    return sysinfo(&machine) == -1 ? 0 : machine.procs;
}

/* The note of how many processes a program was, in the directory LAB_NOTES: scenes that
   are played at the same time share the limit of their number. NULL where there is
   none. */
static FILE *open_note(const struct program *program, const char *mode)
{
    const char *directory = getenv("LAB_NOTES");
    char path[2 * PATH_BYTES];
    if (directory == NULL)
        return NULL;
    snprintf(path, sizeof path, "%s%s.many", directory, strrchr(program->file, '/'));
    return fopen(path, mode);
}

/* Returns 0 where nobody has noted a number. */
static long noted(const struct program *program)
{
    long processes = 0;
    FILE *file = open_note(program, "r");
    if (file == NULL || fscanf(file, "%ld", &processes) != 1)
        processes = 0;
    if (file != NULL)
        fclose(file);
    return processes;
}

void end_the_many(struct stage *stage)
{
    for (int i = 0; i < stage->party_count && stage->many == 0; i++) {
        const struct program *program = stage->parties[i].program;
        if (program == NULL || program->pid == 0 || *program->file == '\0')
            continue;
        long before = noted(program);
        long now = threads_of_all() < MANY_PROCESSES ? 0 : count_running(program->file);
        stage->many = now < MANY_PROCESSES ? before : now;
        if (stage->many == 0)
            continue;
        end_program(program);
        FILE *file = before > 0 ? NULL : open_note(program, "w");
        if (file != NULL) {
            fprintf(file, "%ld\n", stage->many);
            fclose(file);
        }
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
