/* shut_in.c: the programs of an exercise in cells (cell.h), where the grader can make
   them. bwrap stays outside and waits; in the cell its copy, the first process there,
   waits for what has lost its parent; the child of that is the program. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"
#include "proc.h"
#include "stage.h"

bool uses_cells(const struct step *start)
{
    return getenv("LAB_CELL") != NULL && strncmp(start->words[0], "./", 2) == 0;
}

int words_of_cell(struct stage *stage, const struct preparation *next, int info,
                  char **words)
{
    static char directory[4096];
    struct cell cell = {
        .info = info,
        .writable = getcwd(directory, sizeof directory),
        /* the second is where the preloaded faults lie */
        .readable = {stage->builds, getenv("LAB_CELL")},
    };
    for (int i = 0; next->settings != NULL && i < next->settings->word_count &&
                    i < CELL_SETTINGS_MAX;
         i++)
        cell.settings[i] = next->settings->words[i];
    return cell_words(&cell, words);
}

/* Where the program has ended before it was found, what bwrap tells of it is all there
   is. */
void find_in_cell(struct stage *stage, struct program *program, int info)
{
    char text[512] = "";
    size_t length = 0;
    ssize_t n;
    int first = 0;
    while ((n = read(info, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n; /* its other end is closed with the message's end */
    const char *number = strstr(text, "\"child-pid\":");
    if (number == NULL || sscanf(number, "\"child-pid\": %d", &first) != 1)
        return;
    program->group = first;
    pid_t found = find_child(first);
    while (found == 0 && !has_ended(program) && runs(first)) {
        pause_for(stage, &stage->parties[0], 1);
        found = find_child(first);
    }
    program->pid = found == 0 ? first : found;
}
