/* transcript.c: what happened on the stage, noted and shown. */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "stage.h"

void note(struct stage *stage, const struct party *party, char kind, const char *bytes,
          size_t length)
{
    int index = (int)(party - stage->parties);
    struct event *event =
        &stage->events[(stage->event_count + EVENTS_MAX - 1) % EVENTS_MAX];
    bool joins = stage->event_count > 0 && kind == '<' && event->kind == '<' &&
                 event->party == index && party->type == SOCK_STREAM;
    if (!joins) {
        event = &stage->events[stage->event_count++ % EVENTS_MAX];
        *event = (struct event){.at_ms = wall_ms(), .party = index, .kind = kind};
    }
    if (event->length < EVENT_BYTES) {
        size_t room = EVENT_BYTES - event->length;
        memcpy(event->bytes + event->length, bytes, length < room ? length : room);
    }
    event->length += length;
}

bool say(struct stage *stage, const struct party *party, char kind, const char *format,
         ...)
{
    char text[EVENT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    note(stage, party, kind, text, strlen(text));
    return kind != '!';
}

bool fails(struct stage *stage, const struct party *party, const char *kind,
           const char *format, ...)
{
    char text[EVENT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(stage->kind, sizeof stage->kind, "%s", kind);
    return say(stage, party, '!', "%s", text);
}

/* Writes one byte as it would stand in a script. Returns the columns it takes. */
static int escape(char out[8], char byte)
{
    static const char bytes[] = "\n\r\t\"\\", letters[] = "nrt\"\\";
    const char *known = byte == '\0' ? NULL : strchr(bytes, byte);
    if (known != NULL)
        return snprintf(out, 8, "\\%c", letters[known - bytes]);
    if (byte == '\0')
        return snprintf(out, 8, "\\0");
    bool plain = byte >= 0x20 && byte < 0x7f;
    return snprintf(out, 8, plain ? "%c" : "\\x%02x", (unsigned char)byte);
}

char *quote(char out[QUOTE_WIDTH + 16], const char *bytes, size_t length)
{
    char *end = out;
    size_t i = 0;
    *end++ = '"';
    for (; i < length && end - out <= QUOTE_WIDTH; i++)
        end += escape(end, bytes[i]);
    strcpy(end, i < length ? "\"..." : "\"");
    return out;
}

/* Prints text of which each line but the first is indented. */
static void print_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        putchar(text[i]);
        if (text[i] == '\n')
            printf("%*s", NAME_WIDTH + 11, "");
    }
    putchar('\n');
}

/* Prints bytes as quoted lines that end where theirs do, each cut after SHOWN_WIDTH. */
static void print_bytes(const char *bytes, size_t kept, size_t length)
{
    size_t i = 0;
    int lines = 0;
    do {
        bool cut = false, whole = false;
        printf("%*s\"", lines == 0 ? 0 : NAME_WIDTH + 11, "");
        for (int columns = 0; i < kept && !whole; i++) {
            char shown[8];
            columns += escape(shown, bytes[i]);
            cut = columns > SHOWN_WIDTH;
            fputs(cut ? "" : shown, stdout);
            whole = bytes[i] == '\n';
        }
        puts(cut ? "\"..." : "\"");
    } while (++lines < EVENT_LINES && i < kept);
    if (i < length)
        printf("%*s... %zu bytes in all\n", NAME_WIDTH + 11, "", length);
}

static void print_event(const struct stage *stage, const struct event *event)
{
    size_t kept = event->length < EVENT_BYTES ? event->length : EVENT_BYTES;
    printf("%7.3f %-*s %c ", (double)event->at_ms / 1000, NAME_WIDTH,
           stage->parties[event->party].name, event->kind);
    if (event->kind == '>' || event->kind == '<')
        print_bytes(event->bytes, kept, event->length);
    else
        print_text(event->bytes, kept);
}

void print_transcript(const struct stage *stage)
{
    int first = stage->event_count > EVENTS_MAX ? stage->event_count - EVENTS_MAX : 0;
    if (first > 0)
        printf("        (%d earlier events left out)\n", first);
    for (int i = first; i < stage->event_count; i++) {
        const struct event *event = &stage->events[i % EVENTS_MAX];
        if (!stage->goes_on || stage->parties[event->party].failed)
            print_event(stage, event);
    }
}
