/* cell [-r PATH]... [-x DIRECTORY] DIRECTORY COMMAND...: runs COMMAND in a cell (cell.h),
   in which DIRECTORY alone can be written to, PATHs can be read, and of them the
   directory of -x is empty. Exit status: that of COMMAND, 128 and the number of the
   signal that ended it; 127 where there is no bubblewrap. */

#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"

enum { WORDS_MAX = 256 };

int main(int argc, char **argv)
{
    struct cell cell = {.info = -1};
    char *words[CELL_WORDS_MAX + WORDS_MAX + 1];
    int option, readable = 0;
    while ((option = getopt(argc, argv, "+r:x:")) != -1) {
        if (option == 'r' && readable < CELL_READABLE_MAX)
            cell.readable[readable++] = optarg;
        else if (option == 'x')
            cell.hidden = optarg;
        else
            optind = argc;
    }
    if (argc - optind < 2 || argc - optind > WORDS_MAX) {
        fputs("usage: cell [-r PATH]... [-x DIRECTORY] DIRECTORY COMMAND...\n", stderr);
        return 2;
    }
    cell.writable = argv[optind++];
    int count = cell_words(&cell, words);
    while (optind < argc)
        words[count++] = argv[optind++];
    words[count] = NULL;
    execvp(words[0], words);
    fprintf(stderr, "cell: %s: %s\n", words[0], strerror(errno));
    return 127;
}
