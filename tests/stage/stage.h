/* stage.h: what the files of the stage share. A scene is read whole (script.c), then
   played step by step: by peers, which talk through sockets (peers.c), and by programs
   under test, which the stage starts and looks at from outside (programs.c). */

#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum {
    DEADLINE_S = 5,       /* for the whole script, unless -t says otherwise */
    BACKLOG = 128,        /* of a party's listening socket */
    PARTIES_MAX = 256,    /* names in a script */
    SCRIPT_MAX = 1 << 20, /* bytes in a script */
    STEPS_MAX = 8192,     /* lines in a script */
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
    WRONG_SCRIPT = 2,     /* exit status */
    HIGHEST = -20,        /* priority, setpriority(2) */
    PORTS_MAX = 32,       /* names of ports in a scene */
    PATH_BYTES = 4096,    /* of a file, PATH_MAX */
    REST_MS = 1000,       /* fair time for a program that is to rest, */
    REST_LOOKS = 5,       /* which is seen asleep so often in a row, */
    REST_EVERY_MS = 10,   /* with so much time between two looks */
    WORDS_MAX = 64,       /* of a program's command line, what it is run under included */
    OUTPUT_MAX = 1 << 18, /* bytes kept of what a program prints, to stdout or stderr */
    SHOWN_LINES = 12,     /* of that are shown, where a scene has failed, */
    SHOWN_BYTES = 160     /* and so much of each */
};

/* The limits of a program under test, so that no mistake can hurt the machine. */
enum {
    LIMIT_CPU_S = 10,
    LIMIT_FILE_BYTES = 20 << 20, /* of what it writes to a file; to an output as well */
    LIMIT_MEMORY_MIB = 2048,     /* of address space, unless -m says otherwise */
    LIMIT_PROCESSES = 500,       /* and threads, of all that is graded */
    MANY_PROCESSES = 250         /* of one program: no right one comes near */
};

struct address {
    struct sockaddr_storage name;
    socklen_t length; /* 0: none */
    int type;         /* SOCK_STREAM or SOCK_DGRAM */
    const char *text; /* as the script has it */
    int port;         /* the name of its port, in the stage's list; -1: a number */
};

/* A port that the scene calls by a name: any free one, or what a program has chosen. */
struct port {
    char name[16];
    int number; /* 0: not known yet */
};

struct output {
    int fd; /* -1: closed */
    char bytes[OUTPUT_MAX];
    size_t kept, length; /* length: of all that came */
};

/* What the next start of a program is to find, as steps before it say; NULL: nothing. */
struct preparation {
    const struct step *under, *settings, *input, *into, *crowded, *reads;
    bool keyboard; /* its standard input is a pipe of ours */
};

/* What can be counted of a program (looks.c). */
enum { DESCRIPTORS, SOCKETS, THREADS, CHILDREN, ZOMBIES, MEMORY, COUNTS };

struct program {
    pid_t pid;                /* 0: not started */
    pid_t child;              /* what we wait for: the same or, of a cell, bwrap */
    pid_t group;              /* of its processes */
    int pidfd;                /* of child; -1: it has ended */
    int status;               /* as waitpid() has it */
    int keyboard;             /* on which it is typed; -1: none */
    struct output outputs[2]; /* stdout, stderr */
    struct preparation next;
    char file[PATH_BYTES]; /* of the exercise's programs; "": none of these */
    const char *path;      /* of its socket, as the scene has it; removed at the end */
    long before[COUNTS];   /* as remembered */
    bool remembers;
};

struct party {
    char name[16];
    int fd, type; /* -1: no socket; SOCK_STREAM or SOCK_DGRAM */
    bool connected, deaf;
    bool fin, rst;           /* how the other side has ended */
    char *inbox;             /* received, not yet asked for by the script */
    size_t inbox_length;     /* bytes */
    FILE *save;              /* NULL: nowhere */
    struct address bound;    /* by bind or listen; a path is removed at the end */
    struct address sender;   /* of the last datagram, */
    struct timespec came_at; /* and when the kernel had it */
    bool failed;             /* and left, where the scene goes on without it */
    struct program *program; /* NULL: a peer */
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

/* How many there have to be: the number itself or, to what was before, more or less. */
struct count {
    bool least, most, before;
    long number;
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
    char *words[WORDS_MAX + 1];
    int word_count;
    struct count count;
};

struct stage {
    long limit_ms; /* for the script or, where it goes on, for each step */
    long end_ms;   /* the deadline, in fair time */
    struct party parties[PARTIES_MAX];
    int party_count;
    struct step steps[STEPS_MAX];
    int step_count;
    struct event events[EVENTS_MAX]; /* a ring */
    int event_count;                 /* of all that happened */
    struct port ports[PORTS_MAX];
    int port_count;
    const char *builds;  /* the directory of the programs that are started as ./NAME */
    const char *scratch; /* where they run */
    bool sanitized;      /* they have no limit of address space */
    long memory_mib;     /* that limit */
    bool goes_on;        /* a party that fails leaves, and the others go on */
    char kind[32]; /* of the failure of the last step: a word for who chooses a cause */
    FILE *kinds;   /* gets "PARTY KIND" for each failure; NULL: nobody asks */
    int nice;      /* of what is started; the stage itself comes first, where it may */
    long many; /* processes of a program that was ended for their number; 0: of none */
};

struct command {
    const char *name;
    const char *arguments; /* a address, s address or @PARTY, d one string, D strings
                              and times, t time, n party, f file, p process, w within,
                              W words, g program: it has been started;
                              e strings that are one, c a count,
                              * the party needs an open socket */
    /* Plays a step. Returns false when it failed, which has been noted. */
    bool (*play)(struct stage *, struct party *, const struct step *);
};

/* The commands, ended by one without a name (stage.c). */
extern const struct command COMMANDS[];

/* ---- script.c ---- */

/* Reads the whole script from file into the stage's parties and steps. A mistake is said
   on stderr, with name and line, and ends the program with WRONG_SCRIPT. */
void read_script(struct stage *stage, const char *name, FILE *file);

/* ---- ports.c ---- */

/* How many letters the port's name has that text begins with, after its @; 0: none. */
size_t port_name_length(const char *text);

/* The place of a port's name in the stage's list, a new one where it is not there; -1
   when there are too many. */
int port_named(struct stage *stage, const char *name, size_t length);

/* The number of the port in that place: where none is known, one is chosen that is free
   and no other name's. */
int number_of(struct stage *stage, int place);

/* Copies text into out, with the number in place of each @NAME that is a port's, and of
   each %NAME that is a program's; what does not fit is cut. Returns out. */
char *with_ports(struct stage *stage, char *out, size_t size, const char *text);

/* ---- transcript.c ---- */

/* Notes what happened: kind is '>' sent, '<' received, '.' done, '!' failed. What a
   stream brings a party in a row becomes one event. */
void note(struct stage *stage, const struct party *party, char kind, const char *bytes,
          size_t length);

/* Notes a sentence. Returns false for '!', so that a step can end with it. */
bool say(struct stage *stage, const struct party *party, char kind, const char *format,
         ...);

/* Notes why a step failed, and of what kind that failure is. Returns false. */
bool fails(struct stage *stage, const struct party *party, const char *kind,
           const char *format, ...);

/* Writes bytes as a string in quotes, cut after QUOTE_WIDTH columns. Returns out. */
char *quote(char out[QUOTE_WIDTH + 16], const char *bytes, size_t length);

void print_transcript(const struct stage *stage);

/* ---- wait.c ---- */

/* Whether the other side has ended this connection, with FIN or RST. */
bool ended(const struct party *party);

/* A deadline counts fair time: how late the machine gives out its processors is nobody's
   mistake. A pause, and a lower bound, count wall time. Both in ms; a pause from now
   on. */
struct moment deadline(long ms);
struct moment pause_of(long ms);
bool is_past(struct moment moment);

/* Whether all programs that have been started have ended, and there is one: nobody is
   left who could do what is waited for. */
bool all_have_ended(const struct stage *stage);

/* When this step must be over. */
struct moment end_of(const struct stage *stage, const struct step *step);

/* Waits until something happens or that moment has come; what comes for connections and
   from programs is received. Returns whether the events asked for this party have
   come. */
bool wait_for(struct stage *stage, const struct party *party, short events,
              struct moment until);

void pause_for(struct stage *stage, const struct party *party, int ms);

/* ---- peers.c and programs.c: the commands; false when one has failed ---- */

typedef bool play_command(struct stage *, struct party *, const struct step *);

play_command play_connect, play_bind, play_aim, play_listen, play_accept, play_send,
    play_expect, play_until, play_pause, play_drain, play_silent, play_quiet, play_save,
    play_fin, play_rst, play_taken, play_half_close, play_close, play_deaf;
play_command play_prepare, play_start, play_types, play_listens, play_prints, play_shows,
    play_exits, play_stop, play_signal, play_pending, play_clean;
play_command play_count, play_remember, play_dropped, play_spare, play_full, play_rests;

/* The other end of the party's TCP connection, where it is on this machine (proc.h). */
struct connection other_end(const struct party *party);

/* Closes every socket, and removes the paths that were bound. */
void close_peers(struct stage *stage);

/* Whether the programs of the exercise are shut in cells: LAB_CELL says so. */
bool uses_cells(const struct step *start);

/* In the child: writes the words that run the program in a cell. Returns how many. */
int words_of_cell(struct stage *stage, const struct preparation *next, int info,
                  char **words);

/* Changes the address of an AF_UNIX socket whose path lies in the cells' /tmp into that
   by which it is reached from outside. */
void name_outside(struct address *address);

/* Finds the program in the cell that its child makes, as bwrap tells on info. */
void find_in_cell(struct stage *stage, struct program *program, int info);

/* Receives what a program has printed, and learns of its end. */
void hear_program(struct program *program);

/* Whether a program that was started has ended. */
bool has_ended(const struct program *program);

/* Kills a program with all its processes. */
void end_program(const struct program *program);

/* Ends all programs and what they have left behind. */
void end_programs(struct stage *stage);

/* Prints how each program stands: how it ended, and what it printed. */
void print_programs(const struct stage *stage);

/* ---- stamps.c ---- */

/* From now on the datagrams of this socket have the time at which the kernel had them. */
void ask_for_stamps(int fd);

/* Receives a datagram, as recvmsg(2) does, and the time at which it came. Returns its
   length, or -1. */
ssize_t receive_stamped(int fd, struct msghdr *message, int flags,
                        struct timespec *came_at);

/* ---- many.c ---- */

/* Looks whether MANY_PROCESSES or more run one of the programs, in this scene or in those
   beside it, which share the limit; kills those of this scene then, and notes the
   number. */
void end_the_many(struct stage *stage);

/* The same, where there are so many more processes on the machine than there were. */
void look_for_many(struct stage *stage);

#endif
