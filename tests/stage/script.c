/* script.c: reads the scripts of the stage; their language is in its help (stage.c). */

#define _DEFAULT_SOURCE
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "stage.h"

struct reader {
    const char *script; /* its name, for messages */
    int line;
    char *at; /* where we are in the line */
    struct stage *stage;
};

/* Tells what is wrong in the script, and where; ends the program. */
static _Noreturn void wrong(const struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "stage: %s:%d: ", reader->script, reader->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(WRONG_SCRIPT);
}

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r");
}

/* Cuts the next word off the line; "" at its end. */
static char *next_word(struct reader *reader)
{
    skip_blanks(reader);
    char *word = reader->at;
    reader->at += strcspn(word, " \t\r");
    if (*reader->at != '\0')
        *reader->at++ = '\0';
    return word;
}

static int read_time(struct reader *reader)
{
    const char *word = next_word(reader);
    int value = 0, length = 0;
    char unit[3] = "";
    if (sscanf(word, "%6d%2[ms]%n", &value, unit, &length) != 2 || word[length] != '\0' ||
        value < 0 || (strcmp(unit, "ms") != 0 && strcmp(unit, "s") != 0))
        wrong(reader, "expected a time such as 20ms or 2s, not \"%s\"", word);
    return unit[0] == 's' ? value * 1000 : value;
}

static struct address read_path(struct reader *reader, char *word)
{
    const char *path = strchr(word, ':') + 1;
    struct address address = {
        .length = sizeof(struct sockaddr_un), .text = word, .port = -1};
    struct sockaddr_un *local = (struct sockaddr_un *)&address.name;
    if (*path == '\0' || strlen(path) >= sizeof local->sun_path)
        wrong(reader, "a path has 1 to %zu bytes: \"%s\"", sizeof local->sun_path - 1,
              path);
    address.type = path - word == 5 ? SOCK_STREAM : SOCK_DGRAM; /* unix: or unixgram: */
    local->sun_family = AF_UNIX;
    strcpy(local->sun_path, path);
    return address;
}

/* Reads @NAME at the end of an address: the name of a port. Returns its place, -1 where
   there is none. */
static int read_port(struct reader *reader, const char *word)
{
    const char *name = strchr(word, '@');
    if (name == NULL)
        return -1;
    size_t length = port_name_length(name);
    int port = port_named(reader->stage, name + 1, length);
    if (length == 0 || name[1 + length] != '\0' || port == -1)
        wrong(reader, "expected a port's name, such as @web, not \"%s\"", name);
    return port;
}

static struct address read_address(struct reader *reader)
{
    char *word = next_word(reader), host[64] = "", port[8] = "", rest = '\0';
    char numbered[80];
    if (strncmp(word, "unix:", 5) == 0 || strncmp(word, "unixgram:", 9) == 0)
        return read_path(reader, word);
    bool udp = strncmp(word, "udp:", 4) == 0;
    int name = read_port(reader, word);
    const char *text = word;
    if (word[0] != '\0' && strspn(word, "0123456789") == strlen(word)) {
        snprintf(numbered, sizeof numbered, "127.0.0.1:%.60s", word);
        text = numbered;
    } else if (name != -1) {
        const char *at = strchr(word, '@');
        snprintf(numbered, sizeof numbered, "%s%.*s0", at == word ? "127.0.0.1:" : "",
                 at - word < 60 ? (int)(at - word) : 60, word);
        text = numbered;
    }
    const char *format =
        text[udp ? 4 : 0] == '[' ? "[%63[^]]]:%7[0-9]%c" : "%63[^:]:%7[0-9]%c";
    struct address address = {
        .type = udp ? SOCK_DGRAM : SOCK_STREAM, .text = word, .port = name};
    struct addrinfo *found = NULL, hints = {.ai_socktype = address.type,
                                            .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    if (sscanf(text + (udp ? 4 : 0), format, host, port, &rest) != 2 ||
        atol(port) > 65535 || getaddrinfo(host, port, &hints, &found) != 0)
        wrong(reader, "expected an address such as 127.0.0.1:8080, not \"%s\"", word);
    memcpy(&address.name, found->ai_addr, found->ai_addrlen);
    address.length = found->ai_addrlen;
    freeaddrinfo(found);
    return address;
}

/* Reads what follows a backslash. */
static char read_escape(struct reader *reader)
{
    static const char letters[] = "nrt0\\\"", bytes[] = "\n\r\t\0\\\"";
    char letter = *reader->at++;
    const char *known = letter == '\0' ? NULL : strchr(letters, letter);
    unsigned byte = 0;
    int length = 0;
    if (known != NULL)
        return bytes[known - letters];
    if (letter != 'x' || sscanf(reader->at, "%2x%n", &byte, &length) != 1 || length != 2)
        wrong(reader, "unknown escape \\%c; known: \\n \\r \\t \\0 \\\\ \\\" \\xHH",
              letter);
    reader->at += length;
    return (char)byte;
}

static char *allocate(struct reader *reader, size_t length)
{
    char *bytes = malloc(length + 1);
    if (bytes == NULL)
        wrong(reader, "no memory for a string of %zu bytes", length);
    return bytes;
}

/* Reads "text" or "text"*TIMES. */
static struct piece read_text(struct reader *reader)
{
    struct piece once = {.bytes = allocate(reader, strlen(reader->at))};
    for (reader->at++; *reader->at != '"';) {
        if (*reader->at == '\0')
            wrong(reader, "the string has no closing quote");
        char byte = *reader->at++;
        if (byte == '\\')
            byte = read_escape(reader);
        once.bytes[once.length++] = byte;
    }
    once.bytes[once.length] = '\0'; /* for those who take it for a string */
    if (*++reader->at != '*')
        return once;
    long times = strtol(reader->at + 1, &reader->at, 10);
    if (times < 1 || times > DATA_MAX || once.length * (size_t)times > DATA_MAX)
        wrong(reader, "a string is repeated 1 or more times, up to %d bytes", DATA_MAX);
    struct piece all = {.length = once.length * (size_t)times};
    all.bytes = allocate(reader, all.length);
    for (size_t i = 0; i < all.length; i++)
        all.bytes[i] = once.bytes[i % once.length];
    all.bytes[all.length] = '\0';
    free(once.bytes);
    return all;
}

/* Puts all pieces of a step, which are strings, together to one. */
static void join_pieces(struct reader *reader, struct step *step)
{
    struct piece all = {.length = 0};
    for (int i = 0; i < step->piece_count; i++)
        all.length += step->pieces[i].length;
    all.bytes = allocate(reader, all.length);
    size_t at = 0;
    for (int i = 0; i < step->piece_count; i++) {
        memcpy(all.bytes + at, step->pieces[i].bytes, step->pieces[i].length);
        at += step->pieces[i].length;
        free(step->pieces[i].bytes);
    }
    all.bytes[at] = '\0';
    step->pieces[0] = all;
    step->piece_count = 1;
}

/* Reads one string (d), several that are one (e), or several with times between (D). */
static void read_data(struct reader *reader, struct step *step, char kind)
{
    bool goes_on;
    do {
        if (step->piece_count == PIECES_MAX)
            wrong(reader, "more than %d strings in one step", PIECES_MAX);
        struct piece *piece = &step->pieces[step->piece_count++];
        if (*reader->at == '"')
            *piece = read_text(reader);
        else if (step->piece_count > 1)
            piece->pause_ms = read_time(reader);
        else
            wrong(reader, "expected a string in double quotes after %s, not \"%s\"",
                  step->command->name, reader->at);
        skip_blanks(reader);
        goes_on = kind == 'D' && *reader->at != '\0' && *reader->at != '#';
        goes_on = goes_on || (kind == 'e' && *reader->at == '"');
    } while (goes_on);
    if (kind == 'e' && step->piece_count > 1)
        join_pieces(reader, step);
}

/* Reads how many there have to be: 3, >=2, <=9, before, before+1, before-1. */
static void read_count(struct reader *reader, struct step *step)
{
    const char *word = next_word(reader), *at = word;
    char *rest = "?";
    struct count *count = &step->count;
    count->least = strncmp(at, ">=", 2) == 0;
    count->most = strncmp(at, "<=", 2) == 0;
    at += count->least || count->most ? 2 : 0;
    count->before = strncmp(at, "before", 6) == 0;
    at += count->before ? 6 : 0;
    if (count->before && *at == '\0')
        return;
    if (strspn(at + (count->before && strchr("+-", *at) != NULL), "0123456789") > 0)
        count->number = strtol(at, &rest, 10);
    if (*rest != '\0')
        wrong(reader, "expected a count such as 3, >=2, <=9 or before+1, not \"%s\"",
              word);
}

/* The place of the party of that name, or -1. */
static int find_party(const struct stage *stage, const char *name, size_t length)
{
    for (int i = 0; i < stage->party_count; i++)
        if (strlen(stage->parties[i].name) == length &&
            strncmp(stage->parties[i].name, name, length) == 0)
            return i;
    return -1;
}

/* Finds the party of that name, or makes it. */
static int read_party(struct reader *reader)
{
    struct stage *stage = reader->stage;
    const char *name = next_word(reader);
    int found = find_party(stage, name, strlen(name));
    if (found != -1)
        return found;
    if (*name == '\0' || strlen(name) >= sizeof stage->parties[0].name)
        wrong(reader, "expected a party's name, of 1 to 15 letters, not \"%s\"", name);
    if (stage->party_count == PARTIES_MAX)
        wrong(reader, "more than %d parties", PARTIES_MAX);
    struct party *party = &stage->parties[stage->party_count];
    *party = (struct party){.fd = -1, .inbox = allocate(reader, INBOX_MAX)};
    strcpy(party->name, name);
    return stage->party_count++;
}

static const struct command *read_command(struct reader *reader)
{
    const char *word = next_word(reader);
    for (const struct command *known = COMMANDS; known->name != NULL; known++)
        if (strcmp(known->name, word) == 0)
            return known;
    if (*word == '\0')
        wrong(reader, "expected a command after the party's name");
    wrong(reader, "unknown command \"%s\" (stage --help lists them)", word);
}

/* Whether the name after @ is a party's: who sent that party a datagram is meant. */
static bool is_party(const struct reader *reader)
{
    const char *name = reader->at + 1;
    return find_party(reader->stage, name, strcspn(name, " \t\r")) != -1;
}

/* Reads words up to the end of the line; "text" is one word, blanks and all. What looks
   like the name of a port is one from now on. */
static void read_words(struct reader *reader, struct step *step)
{
    for (skip_blanks(reader); *reader->at != '\0'; skip_blanks(reader)) {
        if (step->word_count == WORDS_MAX)
            wrong(reader, "more than %d words in one step", WORDS_MAX);
        char **word = &step->words[step->word_count++];
        if (*reader->at == '"') {
            struct piece text = read_text(reader);
            text.bytes[text.length] = '\0';
            *word = text.bytes;
            continue;
        }
        *word = next_word(reader);
        const char *name = strchr(*word, '@');
        size_t length = name == NULL ? 0 : port_name_length(name);
        if (length > 0 && port_named(reader->stage, name + 1, length) == -1)
            wrong(reader, "more than %d names of ports", PORTS_MAX);
    }
}

/* Reads the exit statuses at the end of a line, before `within`. */
static void read_statuses(struct reader *reader, struct step *step)
{
    for (skip_blanks(reader); *reader->at >= '0' && *reader->at <= '9';
         skip_blanks(reader)) {
        if (step->word_count == WORDS_MAX)
            wrong(reader, "more than %d words in one step", WORDS_MAX);
        step->words[step->word_count++] = next_word(reader);
    }
}

static struct program *new_program(struct reader *reader)
{
    struct program *program = calloc(1, sizeof *program);
    if (program == NULL)
        wrong(reader, "no memory for a program");
    program->pidfd = program->outputs[0].fd = program->outputs[1].fd = -1;
    program->keyboard = -1;
    return program;
}

static void read_argument(struct reader *reader, struct step *step, char argument)
{
    skip_blanks(reader);
    if (argument == 's' && *reader->at == '@' && is_party(reader)) {
        step->address.text = reader->at++;
        step->address.port = -1;
        step->other = read_party(reader);
    } else if (argument == 'a' || argument == 's')
        step->address = read_address(reader);
    else if (strchr("deD", argument) != NULL)
        read_data(reader, step, argument);
    else if (argument == 'c')
        read_count(reader, step);
    else if (argument == 't')
        step->time_ms = read_time(reader);
    else if (argument == 'n')
        step->other = read_party(reader);
    else if (argument == 'w' && strncmp(reader->at, "within ", 7) == 0)
        step->within_ms = (next_word(reader), read_time(reader));
    else if (argument == 'f' && *(step->file = next_word(reader)) == '\0')
        wrong(reader, "expected a file's name after %s", step->command->name);
    else if (argument == 'p' && *reader->at != '\0' &&
             (step->pid = atoi(next_word(reader))) < 1)
        wrong(reader, "expected a process number after %s", step->command->name);
    else if (argument == 'N')
        read_statuses(reader, step);
    else if (argument == 'W')
        read_words(reader, step);
}

/* Reads the step of one line. Returns false when the line holds none. */
static bool read_step(struct reader *reader, struct step *step)
{
    skip_blanks(reader);
    if (*reader->at == '\0' || *reader->at == '#')
        return false;
    *step = (struct step){.party = read_party(reader)};
    step->command = read_command(reader);
    struct party *party = &reader->stage->parties[step->party];
    if (step->command->arguments[0] == 'g' && party->program == NULL)
        party->program = new_program(reader);
    for (const char *argument = step->command->arguments; *argument != '\0'; argument++)
        read_argument(reader, step, *argument);
    skip_blanks(reader);
    if (*reader->at != '\0' && *reader->at != '#')
        wrong(reader, "unexpected \"%s\" at the end of the line", reader->at);
    return true;
}

/* Reads the whole script into the steps of the stage. */
void read_script(struct stage *stage, const char *name, FILE *file)
{
    static char script[SCRIPT_MAX + 1]; /* the steps point into it */
    struct reader reader = {.script = name, .line = 1, .stage = stage};
    script[fread(script, 1, SCRIPT_MAX, file)] = '\0';
    for (char *line = script, *next; line != NULL; line = next, reader.line++) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        reader.at = line;
        if (stage->step_count == STEPS_MAX || (next == NULL && !feof(file)))
            wrong(&reader, "the script is too long");
        if (read_step(&reader, &stage->steps[stage->step_count]))
            stage->step_count++;
    }
}
