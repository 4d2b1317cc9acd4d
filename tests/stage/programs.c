/* programs.c: programs under test as parties. The stage starts them, sees from outside
   where they listen, what they print and how they end; nothing is said to them but by
   signals. */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell.h"
#include "clock.h"
#include "proc.h"
#include "stage.h"

enum {
    WORD_BYTES = 1 << 17,
    MORE_FILES = 1024 /* descriptors that a crowded program may open */
};

/* ---- Signals ---- */

/* The signals that a program is likely to meet, signal(7). */
static const struct {
    int number;
    const char *name;
} SIGNALS[] = {{SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},
               {SIGTRAP, "TRAP"}, {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},
               {SIGKILL, "KILL"}, {SIGUSR1, "USR1"}, {SIGSEGV, "SEGV"}, {SIGUSR2, "USR2"},
               {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"}, {SIGTERM, "TERM"}, {SIGCHLD, "CHLD"},
               {SIGCONT, "CONT"}, {SIGTSTP, "TSTP"}, {SIGXCPU, "XCPU"}, {SIGXFSZ, "XFSZ"},
               {SIGSYS, "SYS"},   {0, "?"}};

/* ---- Starting ---- */

/* under, with, input, into, crowded, keyboard, reads: what its next start is to find. */
bool play_prepare(struct stage *stage, struct party *party, const struct step *step)
{
    struct preparation *next = &party->program->next;
    (void)stage;
    const char *word = step->command->name;
    if (strcmp(word, "under") == 0)
        next->under = step;
    else if (strcmp(word, "with") == 0)
        next->settings = step;
    else if (strcmp(word, "input") == 0)
        next->input = step;
    else if (strcmp(word, "into") == 0)
        next->into = step;
    else if (strcmp(word, "crowded") == 0)
        next->crowded = step;
    else if (strcmp(word, "reads") == 0)
        next->reads = step;
    else
        next->keyboard = true;
    return true;
}

/* Puts the limits on this process: it becomes a program of the exercise. */
static void limit(const struct stage *stage)
{
    const struct rlimit core = {0, 0}, cpu = {LIMIT_CPU_S, LIMIT_CPU_S},
                        file = {LIMIT_FILE_BYTES, LIMIT_FILE_BYTES},
                        processes = {LIMIT_PROCESSES, LIMIT_PROCESSES},
                        memory = {(rlim_t)stage->memory_mib << 20,
                                  (rlim_t)stage->memory_mib << 20};
    const char *cgroup = getenv("LAB_CGROUP"); /* for root, whom no limit binds (alone) */
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup == NULL ? "" : cgroup);
    int procs = cgroup == NULL || *cgroup == '\0' ? -1 : open(path, O_WRONLY);
    if (procs != -1 && write(procs, "0", 1) == 1) /* 0: who writes it */
        close(procs);
    setrlimit(RLIMIT_CORE, &core);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_FSIZE, &file);
    if (!stage->sanitized)
        setrlimit(RLIMIT_AS, &memory);
    if (getenv("LAB_COUNTED") != NULL) /* only what is graded is counted (alone) */
        setrlimit(RLIMIT_NPROC, &processes);
}

/* In the child: what the lab tells its own in the environment is not for what it
   grades. */
static void forget_the_lab(void)
{
    char name[64];
    for (char **word = environ; *word != NULL;) {
        size_t length = strcspn(*word, "=");
        bool its = strncmp(*word, "LAB_", 4) == 0 || strncmp(*word, "BATS_", 5) == 0;
        if (its && length < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)length, *word);
            unsetenv(name); /* the next one takes its place */
        } else {
            word++;
        }
    }
}

/* In the child: opens a file in the place of one of its outputs or of its input. */
static int open_file(const struct step *step, int flags)
{
    int fd = open(step->file, flags, 0644);
    if (fd != -1)
        return fd;
    fprintf(stderr, "%s: %s\n", step->file, strerror(errno));
    _exit(127);
}

/* In the child: takes the descriptors up to highest, and allows for more beside them.
   Returns where begun, which stays what it is, is now. */
static int crowd_descriptors(int highest, int begun)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t wanted = (rlim_t)highest + MORE_FILES;
    if (files.rlim_cur < wanted)
        files.rlim_cur = wanted < files.rlim_max ? wanted : files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bool closes = (fcntl(begun, F_GETFD) & FD_CLOEXEC) != 0;
    int moved = fcntl(begun, closes ? F_DUPFD_CLOEXEC : F_DUPFD, highest + 1);
    for (int fd = 3; fd <= highest; fd++)
        dup2(STDIN_FILENO, fd);
    return moved;
}

/* In the child: gives it its descriptors; all others are closed but begun, which exec()
   closes, or bwrap. Returns where begun is now. */
static int set_descriptors(const struct preparation *next, const int ends[3], int begun)
{
    int in = ends[0];
    if (next->input != NULL)
        in = open_file(next->input, O_RDONLY);
    else if (!next->keyboard && next->reads == NULL)
        in = open("/dev/null", O_RDONLY);
    dup2(in, STDIN_FILENO);
    dup2(ends[2], STDERR_FILENO);
    dup2(next->into == NULL ? ends[1]
                            : open_file(next->into, O_WRONLY | O_CREAT | O_TRUNC),
         STDOUT_FILENO);
    for (int fd = 3; fd < 1024; fd++)
        if (fd != begun)
            close(fd);
    if (next->crowded == NULL)
        return begun;
    return crowd_descriptors((int)next->crowded->count.number, begun);
}

/* In the child: puts the limits on, and becomes the program. */
static _Noreturn void become(struct stage *stage, const struct program *program,
                             const struct step *step, const int ends[3], int begun)
{
    const struct preparation *next = &program->next;
    static char words[WORDS_MAX][WORD_BYTES];
    char *arguments[CELL_WORDS_MAX + 2 * WORDS_MAX + 1];
    int count = 0, used = 0;
    setpgid(0, 0);
    setpriority(PRIO_PROCESS, 0, stage->nice);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; SIGNALS[i].number != 0; i++) /* whatever the grader ignores */
        signal(SIGNALS[i].number, SIG_DFL);
    if (next->into != NULL)
        signal(SIGXFSZ, SIG_IGN); /* a file that takes no more (`full`) is an error */
    begun = set_descriptors(next, ends, begun);
    bool its = strncmp(step->words[0], "./", 2) == 0;
    if (its)
        limit(stage);
    if (uses_cells(step))
        count = words_of_cell(stage, next, begun, arguments); /* with none of ours */
    else if (its)
        forget_the_lab();
    if (count == 0)
        for (int i = 0; next->settings != NULL && i < next->settings->word_count; i++)
            putenv(next->settings->words[i]);
    for (int i = 0; next->under != NULL && i < next->under->word_count; i++)
        arguments[count++] =
            with_ports(stage, words[used++], WORD_BYTES, next->under->words[i]);
    for (int i = 0; i < step->word_count && used < WORDS_MAX; i++, used++) {
        arguments[count++] = with_ports(stage, words[used], WORD_BYTES, step->words[i]);
        if (i == 0 && strncmp(words[used], "./", 2) == 0)
            snprintf(words[used], WORD_BYTES, "%s/%s", stage->builds, step->words[i] + 2);
    }
    arguments[count] = NULL;
    if (count > 0) /* as play_start has seen to */
        execvp(arguments[0], arguments);
    fprintf(stderr, "%s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

/* No more is typed: end of input. */
static void end_typing(struct program *program)
{
    if (program->keyboard != -1)
        close(program->keyboard);
    program->keyboard = -1;
}

/* Gives the output of another program away: from now on it is read by the one that is
   started. Returns its descriptor. */
static int output_of(struct stage *stage, const struct step *reads)
{
    const struct party *other = &stage->parties[reads->other];
    if (other->program == NULL || other->program->outputs[0].fd == -1)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd = other->program->outputs[0].fd;
    fcntl(fd, F_SETFL, 0); /* it may block again */
    other->program->outputs[0].fd = -1;
    return fd;
}

/* Begins a new life of the party: what an earlier program printed is forgotten. */
static void begin(struct program *program)
{
    program->status = 0;
    program->remembers = false;
    end_typing(program);
    for (int i = 0; i < 2; i++)
        program->outputs[i].kept = program->outputs[i].length = 0;
}

/* Notes how the program is started, its odd words in quotes. */
static bool say_start(struct stage *stage, const struct party *party,
                      const struct step *step)
{
    char text[EVENT_BYTES] = "", word[EVENT_BYTES];
    for (int i = 0; i < step->word_count; i++) {
        with_ports(stage, word, sizeof word, step->words[i]);
        bool odd = *word == '\0' || strpbrk(word, " \t") != NULL;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%.120s%s",
                 i == 0 ? "" : " ", odd ? "'" : "", word, odd ? "'" : "");
    }
    return say(stage, party, '.', "start %s", text);
}

bool play_start(struct stage *stage, struct party *party, const struct step *step)
{
    struct program *program = party->program;
    int in[2], out[2], err[2], begun[2];
    char word[EVENT_BYTES];
    if (program->pid != 0 && program->pidfd != -1)
        return say(stage, party, '!', "start: it is still running");
    if (step->word_count == 0)
        return say(stage, party, '!', "start: of which program?");
    begin(program);
    bool its = strncmp(step->words[0], "./", 2) == 0;
    snprintf(program->file, sizeof program->file, "%s%s", its ? stage->builds : "",
             its ? step->words[0] + 1 : "");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
        pipe2(err, O_CLOEXEC) == -1 || pipe2(begun, O_CLOEXEC) == -1)
        return say(stage, party, '!', "pipe: %s", strerror(errno));
    if (program->next.reads != NULL) {
        close(in[0]);
        in[0] = output_of(stage, program->next.reads);
    }
    for (int i = 0; i < step->word_count; i++) /* a free port is chosen once, here */
        with_ports(stage, word, sizeof word, step->words[i]);
    if (uses_cells(step))
        fcntl(begun[1], F_SETFD, 0); /* bwrap writes to it */
    program->child = fork();
    if (program->child == -1)
        return say(stage, party, '!', "fork: %s", strerror(errno));
    if (program->child == 0)
        become(stage, program, step, (int[]){in[0], out[1], err[1]}, begun[1]);
    program->pid = program->group = program->child;
    setpgid(program->child, program->child);
    program->pidfd = (int)syscall(SYS_pidfd_open, program->child, 0);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    /* exec() closes the other end: before, the child still has our own sockets. */
    close(begun[1]);
    if (uses_cells(step))
        find_in_cell(stage, program, begun[0]);
    else
        while (read(begun[0], word, 1) == -1 && errno == EINTR)
            ;
    close(begun[0]);
    program->keyboard = in[1];
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    if (!program->next.keyboard)
        end_typing(program);
    program->outputs[0].fd = out[0];
    program->outputs[1].fd = err[0];
    for (int i = 0; i < 2; i++)
        fcntl(program->outputs[i].fd, F_SETFL, O_NONBLOCK);
    program->next = (struct preparation){.keyboard = false};
    return say_start(stage, party, step);
}

/* types and types-end. */
bool play_types(struct stage *stage, struct party *party, const struct step *step)
{
    struct program *program = party->program;
    if (program->keyboard == -1)
        return say(stage, party, '!', "%s: it has no keyboard", step->command->name);
    if (step->piece_count == 0) {
        end_typing(program);
        return say(stage, party, '.', "gets the end of its input");
    }
    for (int i = 0; i < step->piece_count; i++) {
        const struct piece *piece = &step->pieces[i];
        size_t typed = 0;
        if (piece->bytes == NULL)
            pause_for(stage, party, piece->pause_ms);
        else
            note(stage, party, '>', piece->bytes, piece->length);
        while (piece->bytes != NULL && typed < piece->length) {
            ssize_t n =
                write(program->keyboard, piece->bytes + typed, piece->length - typed);
            if (n == -1 && (errno != EAGAIN || is_past(deadline(stage->end_ms))))
                return fails(stage, party, "closed",
                             "it does not read its standard input: %s", strerror(errno));
            typed += n == -1 ? 0 : (size_t)n;
            pause_for(stage, party, n == -1);
        }
    }
    return true;
}

/* ---- What comes from it ---- */

static void hear_output(struct output *output)
{
    char bytes[1 << 14];
    ssize_t length;
    while (output->fd != -1 && (length = read(output->fd, bytes, sizeof bytes)) != -1) {
        size_t room = OUTPUT_MAX - output->kept;
        size_t kept = (size_t)length < room ? (size_t)length : room;
        memcpy(output->bytes + output->kept, bytes, kept);
        output->kept += kept;
        output->length += (size_t)length;
        if (length > 0 && output->length < LIMIT_FILE_BYTES)
            continue;
        close(output->fd); /* its end; or SIGPIPE for one that prints without end */
        output->fd = -1;
    }
}

static const char *signal_name(int number)
{
    size_t i = 0;
    while (SIGNALS[i].number != 0 && SIGNALS[i].number != number)
        i++;
    return SIGNALS[i].name;
}

void hear_program(struct program *program)
{
    struct pollfd exit = {.fd = program->pidfd, .events = POLLIN};
    bool gone = program->pidfd != -1 && poll(&exit, 1, 0) == 1;
    for (int i = 0; i < 2; i++)
        hear_output(&program->outputs[i]);
    if (gone) {
        waitpid(program->child, &program->status, 0);
        if (program->child != program->pid && WEXITSTATUS(program->status) > 128 &&
            *signal_name(WEXITSTATUS(program->status) - 128) != '?')
            program->status = WEXITSTATUS(program->status) - 128; /* as bwrap tells it */
        close(program->pidfd);
        program->pidfd = -1;
    }
}

bool has_ended(const struct program *program)
{
    return program->pid != 0 && program->pidfd == -1;
}

/* "exit status 1" or "signal 13 (SIGPIPE)". */
static const char *status_text(int status)
{
    static char text[64];
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "signal %d (SIG%s)", WTERMSIG(status),
                 signal_name(WTERMSIG(status)));
    else
        snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(status));
    return text;
}

/* ---- Where it listens ---- */

/* Whether it listens where it was asked to; anywhere is taken for right. */
static bool right_place(struct stage *stage, const struct party *party, struct port *port,
                        int number, bool anywhere)
{
    if (port->number == 0 || anywhere)
        port->number = number;
    if (number == port->number)
        return say(stage, party, '.', "listens on port %d", number);
    bool swapped = number == port->number % 256 * 256 + port->number / 256;
    return fails(stage, party, swapped ? "swapped" : "elsewhere",
                 "expected it to listen on port %d,\nbut it listens on port %d",
                 port->number, number);
}

/* Whether its socket has the path that the scene names, or that path made absolute. */
static bool right_path(struct stage *stage, const struct party *party,
                       const struct step *step, const char *path)
{
    const char *wanted = strchr(step->address.text, ':') + 1;
    const char *end =
        strlen(path) < strlen(wanted) ? path : path + strlen(path) - strlen(wanted);
    if (strcmp(end, wanted) == 0 && (end == path || end[-1] == '/')) {
        party->program->path = wanted;
        return say(stage, party, '.', "has a socket with the path %s", wanted);
    }
    return fails(stage, party, "elsewhere", "expected a socket with the path\n%s%s%s",
                 wanted, *path == '\0' ? ", but it is another" : ", but its path is ",
                 path);
}

/* listens and reachable. */
bool play_listens(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    struct reachable seen;
    for (;;) {
        bool last = is_past(end) || has_ended(party->program);
        if (find_socket(party->program->pid, &seen))
            break;
        if (last)
            return fails(stage, party, has_ended(party->program) ? "ended" : "never",
                         "expected it to listen, but it %s",
                         has_ended(party->program) ? "has ended" : "does not");
        pause_for(stage, party, 1);
    }
    if (step->address.name.ss_family == AF_UNIX)
        return right_path(stage, party, step, seen.path);
    struct port *port = &stage->ports[step->address.port];
    struct port numbered = {
        .number = ntohs(((const struct sockaddr_in *)&step->address.name)->sin_port)};
    return right_place(stage, party, step->address.port == -1 ? &numbered : port,
                       seen.port, step->command->name[0] == 'r');
}

/* ---- How it ends ---- */

bool play_exits(struct stage *stage, struct party *party, const struct step *step)
{
    struct program *program = party->program;
    struct moment end = end_of(stage, step);
    char kind[32];
    while (!has_ended(program) && !is_past(end))
        wait_for(stage, party, 0, end);
    if (!has_ended(program))
        return fails(stage, party, "running", "expected it to end: it is still running");
    bool right = step->word_count == 0;
    for (int i = 0; i < step->word_count; i++)
        right = right || (WIFEXITED(program->status) &&
                          WEXITSTATUS(program->status) == atoi(step->words[i]));
    if (right)
        return say(stage, party, '.', "ends with %s", status_text(program->status));
    if (WIFSIGNALED(program->status))
        snprintf(kind, sizeof kind, "signal-%s", signal_name(WTERMSIG(program->status)));
    else
        snprintf(kind, sizeof kind, "status-%d", WEXITSTATUS(program->status));
    return fails(stage, party, kind, "expected exit status %s%s%s", step->words[0],
                 step->word_count > 1 ? " or " : "",
                 step->word_count > 1 ? step->words[1] : "");
}

/* signal INT, TERM, CONT ... */
bool play_signal(struct stage *stage, struct party *party, const struct step *step)
{
    int number = 0;
    for (size_t i = 0; SIGNALS[i].number != 0; i++)
        if (strcmp(SIGNALS[i].name, step->words[0]) == 0)
            number = SIGNALS[i].number;
    hear_program(party->program);
    if (number == 0)
        return say(stage, party, '!', "there is no signal %s", step->words[0]);
    if (has_ended(party->program) || kill(party->program->pid, number) == -1)
        return fails(stage, party, "ended", "SIG%s comes too late: it has ended",
                     step->words[0]);
    return say(stage, party, '.', "gets SIG%s", step->words[0]);
}

/* stop and continue: of the program, or of a process that the script names. */
bool play_stop(struct stage *stage, struct party *party, const struct step *step)
{
    bool stop = step->command->name[0] == 's';
    pid_t own = party->program == NULL ? 0 : party->program->pid;
    pid_t pid = step->pid > 0 ? step->pid : own;
    if (pid <= 0)
        return say(stage, party, '!', "%s: it has not been started", step->command->name);
    if (kill(pid, stop ? SIGSTOP : SIGCONT) == -1)
        return say(stage, party, '!', "%s: %s", step->command->name, strerror(errno));
    while (stop && moves(pid) && !is_past(deadline(stage->end_ms)))
        pause_for(stage, party, 1);
    return say(stage, party, '.', stop ? "stands still (SIGSTOP)" : "goes on (SIGCONT)");
}

/* pending: waits until bytes lie in one of its connections that it has not received. */
bool play_pending(struct stage *stage, struct party *party, const struct step *step)
{
    struct moment end = end_of(stage, step);
    struct reachable seen;
    if (!find_socket(party->program->pid, &seen))
        return fails(stage, party, "ended", "expected it to listen");
    while (unread_at(seen.port) == 0) {
        if (is_past(end))
            return fails(stage, party, "nothing", "expected a request to arrive");
        pause_for(stage, party, 1);
    }
    return say(stage, party, '.', "a request waits in its socket");
}

void end_program(const struct program *program)
{
    if (program->pidfd != -1)
        kill(-program->child, SIGKILL);
    if (program->group != program->child)
        kill(program->group, SIGKILL); /* the first process of a cell: all of it */
}

void end_programs(struct stage *stage)
{
    bool started = false;
    for (int i = 0; i < stage->party_count; i++) {
        struct program *program = stage->parties[i].program;
        if (program == NULL || program->pid == 0)
            continue;
        started = true;
        hear_program(program);
        end_program(program);
    }
    if (started)
        kill_descendants();
    for (int i = 0; i < stage->party_count; i++) {
        const struct program *program = stage->parties[i].program;
        struct stat entry;
        if (program != NULL && program->path != NULL &&
            stat(program->path, &entry) == 0 &&
            S_ISSOCK(entry.st_mode)) /* what a program that is killed can't remove */
            unlink(program->path);
    }
}

/* ---- How it stands, for a reader ---- */

static void print_output(const char *name, const struct output *output)
{
    const char *at = output->bytes, *end = at + output->kept;
    int lines = 0;
    for (; at < end && lines < SHOWN_LINES; lines++) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((lf == NULL ? end : lf) - at);
        bool cut = length > SHOWN_BYTES;
        printf("%s: ", name);
        for (size_t i = 0; i < (cut ? SHOWN_BYTES : length); i++)
            putchar(isprint((unsigned char)at[i]) ? at[i] : '?');
        puts(cut ? "..." : "");
        at += length + 1;
    }
    if (at < end || output->length > output->kept)
        printf("%s: ... and more, %zu bytes in all\n", name, output->length);
}

void print_programs(const struct stage *stage)
{
    if (stage->many > 0)
        printf("it has become %ld processes: each fork() makes one more; "
               "the lab has ended them\n",
               stage->many);
    for (int i = 0; i < stage->party_count; i++) {
        const struct party *party = &stage->parties[i];
        const struct program *program = party->program;
        if (program == NULL || program->pid == 0 || (stage->goes_on && !party->failed))
            continue;
        if (program->pidfd != -1)
            printf("%s is still running\n", party->name);
        else
            printf("%s ended with %s\n", party->name, status_text(program->status));
        for (int output = 0; output < 2; output++)
            print_output(output == 0 ? "stdout" : "stderr", &program->outputs[output]);
    }
}
