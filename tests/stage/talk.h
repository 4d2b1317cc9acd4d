/* talk.h: what the player (talk.c) and the reader of its scripts (script.c) share. */

#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    DEADLINE_S = 5,       /* for the whole script, unless -t says otherwise */
    BACKLOG = 128,        /* of a party's listening socket */
    PARTIES_MAX = 256,    /* names in a script */
    SCRIPT_MAX = 1 << 20, /* bytes in a script */
    STEPS_MAX = 4096,     /* lines in a script */
    PIECES_MAX = 16,      /* strings in one step */
    DATA_MAX = 16 << 20,  /* bytes in one string, repetitions included */
    INBOX_MAX = 1 << 20,  /* bytes kept for a party until the script asks for them */
    DATAGRAM_MAX = 65536, /* bytes */
    DEAF_BUFFER = 4096,   /* SO_RCVBUF of a party that is deaf before it connects */
    EVENTS_MAX = 64,      /* the last events, kept to be shown */
    EVENT_BYTES = 400,    /* bytes kept of one event */
    NAME_WIDTH = 6,       /* columns of a name, where it is not longer */
    EVENT_LINES = 12,     /* lines shown of it */
    SHOWN_WIDTH = 43,     /* columns of such a line */
    QUOTE_WIDTH = 28,     /* columns of a string quoted in a message */
    WRONG_SCRIPT = 2      /* exit status */
};

struct address {
    struct sockaddr_storage name;
    socklen_t length; /* 0: none */
    int type;         /* SOCK_STREAM or SOCK_DGRAM */
    const char *text; /* as the script has it */
};

struct party {
    char name[16];
    int fd, type; /* -1: no socket; SOCK_STREAM or SOCK_DGRAM */
    bool connected, deaf;
    bool fin, rst;         /* how the other side has ended */
    char *inbox;           /* received, not yet asked for by the script */
    size_t inbox_length;   /* bytes */
    FILE *save;            /* NULL: nowhere */
    struct address bound;  /* by bind or listen; a path is removed at the end */
    struct address sender; /* of the last datagram */
};

struct event {
    long at_ms;
    int party;
    char kind; /* '>' sent, '<' received, '.' done, '!' failed */
    char bytes[EVENT_BYTES];
    size_t length; /* of all; only the first EVENT_BYTES are kept */
};

struct moment {
    long ms;
    bool wall; /* of wall time; else of fair time */
};

struct piece {
    char *bytes; /* NULL: a pause */
    size_t length;
    int pause_ms;
};

struct step {
    const struct command *command;
    int party, other; /* other: the listening party of accept, or @PARTY of connect */
    struct address address;
    struct piece pieces[PIECES_MAX];
    int piece_count;
    int time_ms;
    int within_ms; /* 0: up to the script's deadline */
    char *file;
    pid_t pid;
};

struct talk {
    long end_ms; /* the script's deadline, in fair time */
    struct party parties[PARTIES_MAX];
    int party_count;
    struct step steps[STEPS_MAX];
    int step_count;
    struct event events[EVENTS_MAX]; /* a ring */
    int event_count;                 /* of all that happened */
};

struct command {
    const char *name;
    const char *arguments; /* a address, s address or @PARTY, d one string, D strings
                              and times, t time, n party, f file, p process, w within;
                              * the party needs an open socket */
    /* Plays a step. Result: false when it failed, which has been noted. */
    bool (*play)(struct talk *, struct party *, const struct step *);
};

/* The commands, ended by one without a name (talk.c). */
extern const struct command COMMANDS[];

/* Reads the whole script from file into the talk's parties and steps. A mistake is said
   on stderr, with name and line, and ends the program with WRONG_SCRIPT. */
void read_script(struct talk *talk, const char *name, FILE *file);

#endif
