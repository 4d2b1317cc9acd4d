/* outputs.c: what programs print, as a scene asks for it. */

#define _GNU_SOURCE
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static const char *const OUTPUTS[] = {"stdout", "stderr"};

/* Whether a line of the output matches; only whole lines do, as a reader has them. The
   last may lack its end where unended is asked for. */
static bool has_line(const struct output *output, const regex_t *pattern, bool unended)
{
    static char line[OUTPUT_MAX + 1];
    const char *at = output->bytes, *end = at + output->kept, *lf;
    for (; at < end; at = lf + 1) {
        lf = memchr(at, '\n', (size_t)(end - at));
        if (lf == NULL && !unended)
            return false;
        lf = lf == NULL ? end : lf;
        memcpy(line, at, (size_t)(lf - at));
        line[lf - at] = '\0';
        if (regexec(pattern, line, 0, NULL, 0) == 0)
            return true;
    }
    return false;
}

/* prints and says, prints-not and says-not: of stdout and of stderr. */
bool play_prints(struct stage *stage, struct party *party, const struct step *step)
{
    const char *command = step->command->name;
    struct program *program = party->program;
    const int which = command[0] == 's';
    const struct output *output = &program->outputs[which];
    struct moment end = end_of(stage, step);
    char text[EVENT_BYTES];
    regex_t pattern;
    with_ports(stage, text, sizeof text, step->pieces[0].bytes);
    if (regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) != 0)
        return say(stage, party, '!', "%s: not a regular expression: %s", command, text);
    hear_program(program);
    if (strstr(command, "-not") != NULL) {
        bool there = has_line(output, &pattern, true);
        regfree(&pattern);
        return !there || fails(stage, party, "printed", "expected no line on %s with %s",
                               OUTPUTS[which], text);
    }
    bool found, last;
    do {
        last = is_past(end) || has_ended(program);
        found = has_line(output, &pattern, false);
        if (!found && !last)
            wait_for(stage, party, 0, end);
    } while (!found && !last);
    bool unended = !found && has_line(output, &pattern, true);
    regfree(&pattern);
    return found || fails(stage, party, unended ? "unended" : "unsaid",
                          "expected a line on %s with %s%s", OUTPUTS[which], text,
                          unended ? ",\nbut its line has no end" : "");
}

/* Whether an output holds a text: "shows" anywhere, "only" that, or "last" that. */
static bool holds(const struct output *output, const struct piece *text, const char *how)
{
    const char *end = output->bytes + output->kept;
    if (*how == 's')
        return memmem(output->bytes, output->kept, text->bytes, text->length) != NULL;
    if (*how == 'o' && output->length != text->length)
        return false;
    return output->kept == output->length && output->kept >= text->length &&
           memcmp(end - text->length, text->bytes, text->length) == 0;
}

/* Copies a text, which may hold NUL, with the numbers of ports and programs in it. */
static bool piece_with_ports(struct stage *stage, const struct piece *piece,
                             struct piece *copy)
{
    size_t room = 2 * piece->length + 64;
    *copy = (struct piece){.bytes = malloc(room)};
    if (copy->bytes == NULL)
        return false;
    for (size_t at = 0; at <= piece->length && copy->length + 1 < room;
         at += strlen(piece->bytes + at) + 1) {
        char *end = copy->bytes + copy->length;
        with_ports(stage, end, room - copy->length, piece->bytes + at);
        copy->length += strlen(end) + 1;
    }
    copy->length--; /* the last NUL is no part of it */
    return true;
}

/* shows: wait until stdout holds a text; prints-only: until that is all of it;
   prints-last: until it ends so. */
bool play_shows(struct stage *stage, struct party *party, const struct step *step)
{
    const struct output *output = &party->program->outputs[0];
    struct piece *text = &(struct piece){.bytes = NULL};
    if (!piece_with_ports(stage, &step->pieces[0], text))
        return say(stage, party, '!', "no memory for a text");
    const char *word = step->command->name;
    const char *how = strcmp(word, "shows") == 0 ? word : word + strlen("prints-");
    struct moment end = end_of(stage, step);
    char wanted[QUOTE_WIDTH + 16], seen[QUOTE_WIDTH + 16];
    bool last, right, hopeless;
    hear_program(party->program);
    do {
        size_t n = output->kept < text->length ? output->kept : text->length;
        hopeless = *how == 'o' && (output->length > text->length ||
                                   memcmp(output->bytes, text->bytes, n) != 0);
        last = hopeless || is_past(end) || has_ended(party->program);
        right = holds(output, text, how);
        if (!right && !last)
            wait_for(stage, party, 0, end);
    } while (!right && !last);
    quote(wanted, text->bytes, text->length);
    free(text->bytes);
    return right || fails(stage, party, hopeless ? "differs" : "unsaid",
                          "expected on stdout%s %s\nbut it holds %s",
                          *how == 'o'   ? " only"
                          : *how == 'l' ? " at its end"
                                        : "",
                          wanted, quote(seen, output->bytes, output->kept));
}

/* Whether a sanitizer has had nothing to say. */
bool play_clean(struct stage *stage, struct party *party, const struct step *step)
{
    const struct output *errors = &party->program->outputs[1];
    (void)step;
    hear_program(party->program);
    bool said = memmem(errors->bytes, errors->kept, "Sanitizer", 9) != NULL ||
                memmem(errors->bytes, errors->kept, "runtime error: ", 15) != NULL;
    bool leak = memmem(errors->bytes, errors->kept, "LeakSanitizer", 13) != NULL;
    return !said || fails(stage, party, leak ? "leak" : "sanitizer",
                          "expected no word from the sanitizers");
}
