/* cell.h: what is graded shares no files, no processes and no environment with what
   grades: it is shut in a cell, by bubblewrap (bwrap(1)). */

#ifndef CELL_H
#define CELL_H

enum { CELL_READABLE_MAX = 8, CELL_SETTINGS_MAX = 32, CELL_WORDS_MAX = 192 };

struct cell {
    const char *writable;                    /* a directory, where it begins */
    const char *tmp;                         /* the directory that is its /tmp; NULL: an
                                                empty one that nobody else sees */
    const char *readable[CELL_READABLE_MAX]; /* files and directories; NULL: no more */
    const char *hidden;                      /* a directory in these; NULL: none */
    char *settings[CELL_SETTINGS_MAX];       /* NAME=VALUE; NULL: no more */
    int info; /* descriptor that bwrap writes to; -1: none */
};

/* Writes the words that run a command in such a cell, to be followed by the command.
   Returns how many, at most CELL_WORDS_MAX. */
int cell_words(const struct cell *cell, char *words[CELL_WORDS_MAX]);

#endif
