/* cells.c: the words for bubblewrap. In a cell one sees the system's programs and
   libraries, what it is given, and its own processes alone; ports are the same as
   outside. */

#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"

/* What a program or a compiler needs of the system; what is not there is left out. */
static const char *const SYSTEM[] = {"/usr",
                                     "/bin",
                                     "/sbin",
                                     "/lib",
                                     "/lib32",
                                     "/lib64",
                                     "/opt",
                                     "/nix",
                                     "/etc/hosts",
                                     "/etc/host.conf",
                                     "/etc/gai.conf",
                                     "/etc/nsswitch.conf",
                                     "/etc/services",
                                     "/etc/protocols",
                                     "/etc/passwd",
                                     "/etc/ld.so.cache",
                                     "/etc/ld.so.conf",
                                     "/etc/alternatives",
                                     "/etc/localtime",
                                     NULL};

static int add(char *words[CELL_WORDS_MAX], int count, const char *word)
{
    if (count + 1 < CELL_WORDS_MAX)
        words[count++] = (char *)word; /* execvp() changes none of them */
    return count;
}

static int bind_words(char *words[CELL_WORDS_MAX], int count, const char *how,
                      const char *path)
{
    count = add(words, count, how);
    count = add(words, count, path);
    return add(words, count, path);
}

int cell_words(const struct cell *cell, char *words[CELL_WORDS_MAX])
{
    static const char *const begin[] = {"bwrap",
                                        "--unshare-pid",
                                        "--unshare-ipc",
                                        "--new-session",
                                        "--cap-drop",
                                        "ALL",
                                        "--proc",
                                        "/proc",
                                        "--dev",
                                        "/dev",
                                        "--clearenv",
                                        "--setenv",
                                        "PATH",
                                        "/usr/local/bin:/usr/bin:/bin",
                                        "--setenv",
                                        "LC_ALL",
                                        "C",
                                        "--setenv",
                                        "HOME",
                                        "/tmp",
                                        NULL};
    static char names[CELL_SETTINGS_MAX][64];
    int count = 0;
    for (int i = 0; begin[i] != NULL; i++)
        count = add(words, count, begin[i]);
    count = add(words, count, cell->tmp == NULL ? "--tmpfs" : "--bind");
    if (cell->tmp != NULL)
        count = add(words, count, cell->tmp);
    count = add(words, count, "/tmp");
    for (int i = 0; SYSTEM[i] != NULL; i++)
        count = bind_words(words, count, "--ro-bind-try", SYSTEM[i]);
    for (int i = 0; i < CELL_READABLE_MAX && cell->readable[i] != NULL; i++)
        count = bind_words(words, count, "--ro-bind", cell->readable[i]);
    if (cell->hidden != NULL) {
        count = add(words, count, "--tmpfs");
        count = add(words, count, cell->hidden);
    }
    count = bind_words(words, count, "--bind", cell->writable);
    count = add(words, count, "--chdir");
    count = add(words, count, cell->writable);
    for (int i = 0; i < CELL_SETTINGS_MAX && cell->settings[i] != NULL; i++) {
        const char *equals = strchr(cell->settings[i], '=');
        if (equals == NULL)
            continue;
        snprintf(names[i], sizeof names[i], "%.*s", (int)(equals - cell->settings[i]),
                 cell->settings[i]);
        count = add(words, count, "--setenv");
        count = add(words, count, names[i]);
        count = add(words, count, equals + 1);
    }
    if (cell->info != -1) {
        static char info[16];
        snprintf(info, sizeof info, "%d", cell->info);
        count = add(words, count, "--info-fd");
        count = add(words, count, info);
    }
    return add(words, count, "--");
}
