/* ports.c: ports that a scene calls by a name, @web. */

#define _DEFAULT_SOURCE
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "stage.h"

enum { FIRST_PORT = 20000, PORT_COUNT = 10000 }; /* below those of outgoing connections */

size_t port_name_length(const char *text)
{
    return *text == '@' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
}

/* The place of a name in the stage's list, or -1. */
static int find_port(const struct stage *stage, const char *name, size_t length)
{
    for (int i = 0; i < stage->port_count; i++)
        if (strlen(stage->ports[i].name) == length &&
            strncmp(stage->ports[i].name, name, length) == 0)
            return i;
    return -1;
}

int port_named(struct stage *stage, const char *name, size_t length)
{
    int found = find_port(stage, name, length);
    struct port *port = &stage->ports[stage->port_count];
    if (found != -1)
        return found;
    if (stage->port_count == PORTS_MAX || length >= sizeof port->name)
        return -1;
    *port = (struct port){.number = 0};
    memcpy(port->name, name, length);
    return stage->port_count++;
}

/* Whether nothing has this port, not even a connection in TIME_WAIT: without SO_REUSEADDR
   bind() would fail. */
static bool is_free(int number, int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number),
                                  .sin_addr.s_addr = htonl(INADDR_ANY)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    bool taken = bind(fd, (struct sockaddr *)&address, sizeof address) == -1;
    close(fd);
    return !taken;
}

/* Whether another name of the scene has it already: its program may not have bound it
   yet. */
static bool is_given(const struct stage *stage, int number)
{
    for (int i = 0; i < stage->port_count; i++)
        if (stage->ports[i].number == number)
            return true;
    return false;
}

int number_of(struct stage *stage, int place)
{
    struct port *port = &stage->ports[place];
    while (port->number == 0) {
        unsigned short any = 0;
        getrandom(&any, sizeof any, 0);
        int number = FIRST_PORT + any % PORT_COUNT;
        /* With its bytes swapped it must be another: a missing htons() would not show. */
        if (number / 256 != number % 256 && !is_given(stage, number) &&
            is_free(number, SOCK_STREAM) && is_free(number, SOCK_DGRAM))
            port->number = number;
    }
    return port->number;
}

/* The number that text begins with the name of, @PORT or %PROGRAM, and the length of that
   with its first sign; 0: none. */
static size_t named_number(struct stage *stage, const char *text, int *number)
{
    size_t name = port_name_length(text);
    int port = name == 0 ? -1 : find_port(stage, text + 1, name);
    if (port != -1) {
        *number = number_of(stage, port);
        return 1 + name;
    }
    for (int i = 0; *text == '%' && i < stage->party_count; i++) {
        const struct party *party = &stage->parties[i];
        size_t length = strlen(party->name);
        if (party->program != NULL && strncmp(text + 1, party->name, length) == 0 &&
            !isalnum((unsigned char)text[1 + length])) {
            *number = (int)party->program->pid;
            return 1 + length;
        }
    }
    return 0;
}

char *with_ports(struct stage *stage, char *out, size_t size, const char *text)
{
    size_t length = 0;
    int number = 0;
    while (*text != '\0' && length + 12 < size) {
        size_t name = named_number(stage, text, &number);
        if (name == 0) {
            out[length++] = *text++;
            continue;
        }
        length += (size_t)snprintf(out + length, size - length, "%d", number);
        text += name;
    }
    out[length] = '\0';
    return out;
}
