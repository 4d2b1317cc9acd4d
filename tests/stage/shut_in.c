/* shut_in.c: the programs of an exercise in cells (cell.h), where the grader can make
   them. bwrap stays outside and waits; in the cell its copy, the first process there,
   waits for what has lost its parent; the child of that is the program. */

#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cell.h"
#include "proc.h"
#include "stage.h"

bool uses_cells(const struct step *start)
{
    return getenv("LAB_CELL") != NULL && strncmp(start->words[0], "./", 2) == 0;
}

/* The cells' /tmp lies beside the directory in which the programs run: none of them can
   put something else in its place. */
#define TMP_SUFFIX ".tmp"

void name_outside(struct address *address)
{
    struct sockaddr_un *name = (struct sockaddr_un *)&address->name;
    char directory[PATH_BYTES], path[sizeof name->sun_path + 1] = "";
    if (getenv("LAB_CELL") == NULL || name->sun_family != AF_UNIX ||
        getcwd(directory, sizeof directory) == NULL)
        return;
    memcpy(path, name->sun_path, sizeof name->sun_path);
    if (strncmp(path, "/tmp/", 5) != 0 ||
        strncmp(path, directory, strlen(directory)) == 0)
        return;
    /* By a path that is short, however long that of the directory is. */
    int length = snprintf(name->sun_path, sizeof name->sun_path, "..%s" TMP_SUFFIX "%s",
                          strrchr(directory, '/'), path + 4);
    if (length < (int)sizeof name->sun_path)
        address->length =
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1);
}

int words_of_cell(struct stage *stage, const struct preparation *next, int info,
                  char **words)
{
    static char directory[PATH_BYTES], tmp[PATH_BYTES + 8];
    if (getcwd(directory, sizeof directory) != NULL)
        snprintf(tmp, sizeof tmp, "%s" TMP_SUFFIX, directory);
    mkdir(tmp, 0700);
    struct cell cell = {
        .info = info,
        .writable = directory,
        .tmp = tmp,
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
