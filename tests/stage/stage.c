/* stage: plays a scene: a conversation of named parties with programs under test, and
   tells how it went. Its language is in HELP below; `stage --help` prints it, README.md
   explains it.

   One process, one poll(), no threads. The whole script is read before the first step,
   so that a mistake in it is told before anything is sent. While one party waits, what
   comes for the others is received and kept, up to INBOX_MAX bytes a party: then that
   party stops reading, as any program would. Datagrams stay in the kernel until their
   party asks for them, so that their boundaries are kept for us. */

#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "stage.h"

/* Two strings, as a compiler need not take a longer one. */
static const char HELP[] =
    "usage: stage [OPTION...] [SCRIPT]           (no SCRIPT: standard input)\n"
    "Plays the scene, and shows it when a step fails.\n"
    "  -v            shows it in any case\n"
    "  -t SECONDS    for all of it (-k: for each step), in fair time; 5 unless said\n"
    "  -b DIRECTORY  of the programs that are started as ./NAME; . unless said\n"
    "  -d DIRECTORY  where they run, and FILE is; . unless said\n"
    "  -s            they are built with sanitizers: no limit of address space\n"
    "  -m MIB        of address space that they may have; 2048 unless said\n"
    "  -k            keeps going: a party whose step fails leaves, the others go on\n"
    "  -K FILE       writes a line PARTY KIND to FILE for each step that fails\n"
    "Exit status: 0 all went as written, 1 a step failed, 2 the script is wrong.\n"
    "\n"
    "A line is PARTY COMMAND ARGUMENTS, or a # comment. Commands:\n"
    "  connect ADDRESS     open a connection; for datagrams, name the other side\n"
    "                      (@PARTY: who sent that party its last datagram)\n"
    "  bind ADDRESS        take an address of one's own\n"
    "  aim ADDRESS         send datagrams there, without a connection (after bind)\n"
    "  listen ADDRESS      open a listening socket; prints 'listening on port N'\n"
    "  accept PARTY        accept the next connection of that listening party\n"
    "  send DATA...        send it all, waiting where a TIME stands between strings;\n"
    "                      an unconnected datagram socket answers its last sender\n"
    "  trickle TIME DATA   send one byte at a time, TIME apart\n"
    "  expect DATA...      receive exactly this (one whole datagram)\n"
    "  until DATA          receive up to and including DATA\n"
    "  drain               receive up to the end, whatever comes\n"
    "  save FILE           from now on, write what is received to FILE as well\n"
    "  silent TIME         nothing comes for so long, not even the end\n"
    "  pause TIME          do nothing for so long\n"
    "  quiet TIME          the next datagram comes so long after the last, or later,\n"
    "                      by the kernel's clock; it stays to be received\n"
    "  dropped TIME        the other side closes, TIME after it last got rid of bytes\n"
    "                      or earlier\n"
    "  fin                 the other side has ended with FIN, and nothing is left\n"
    "  rst                 the other side has ended with RST\n"
    "  taken               wait until the other side has received all that was sent\n"
    "  half-close          send FIN: no more to send, still receiving\n"
    "  close               close the socket\n"
    "  reset               end the connection with RST\n"
    "  deaf                stop receiving (before connect: with a small buffer)\n"
    "  hear                receive again\n"
    "Commands of a program under test:\n";
static const char HELP_PROGRAMS[] =
    "  start WORD...       start it; ./NAME is one of the exercise's programs\n"
    "  under WORD...       the next start runs under this command\n"
    "  with NAME=VALUE...  the next start gets these variables\n"
    "  input FILE          the next start reads FILE as its standard input\n"
    "  keyboard            the next start reads what is typed, and no end comes\n"
    "  types DATA...       type that, waiting where a TIME stands between strings\n"
    "  types-end           the end of what is typed\n"
    "  reads PROGRAM       the next start reads what that program prints, from now on\n"
    "  into FILE           the next start prints into FILE\n"
    "  crowded N           the next start finds its descriptors 3 to N in use\n"
    "  listens PORT        wait until it has a listening socket there\n"
    "  reachable @NAME     the same, anywhere: from then on @NAME is that port\n"
    "  prints REGEX        wait for a line on stdout that matches; says: on stderr\n"
    "  prints-not REGEX    no line on stdout matches; says-not: on stderr\n"
    "  shows DATA...       wait until stdout holds this, anywhere\n"
    "  prints-only DATA... wait until all that stands on stdout is this\n"
    "  prints-last DATA... wait until stdout ends with this\n"
    "  pending             wait until bytes lie unreceived in its socket\n"
    "  exits [STATUS...]   wait until it ends, with one of these\n"
    "  signal NAME         send it a signal, such as TERM\n"
    "  stop [PID]          stop it (SIGSTOP), wait until it stands still\n"
    "  continue [PID]      let it go on (SIGCONT)\n"
    "  clean               no sanitizer has said a word\n"
    "  descriptors COUNT   wait until it has so many; so do sockets (descriptors that\n"
    "                      are sockets), threads, children, zombies and memory (KiB)\n"
    "  remember            notes these counts, for the COUNT `before`\n"
    "  survivors COUNT     wait until it has left so many processes behind\n"
    "  listeners COUNT     wait until so many processes hold its listening socket\n"
    "  PEER holders COUNT  so many hold the other end of this TCP connection\n"
    "  spare N             leave it N free descriptors; spare all: as many as allowed\n"
    "  full                its files take no more bytes: write() fails with EFBIG\n"
    "  rests               wait until it sleeps whenever one looks\n"
    "Those that wait may end in: within TIME\n"
    "\n"
    "ADDRESS   127.0.0.1:80  [::1]:80  udp:127.0.0.1:53  unix:PATH  unixgram:PATH\n"
    "          @web for 127.0.0.1 and a port of that name, any free one; [::1]:@web\n"
    "DATA      \"text\" with \\n \\r \\t \\0 \\\\ \\\" \\xHH, or \"text\"*1000\n"
    "TIME      20ms or 2s\n"
    "COUNT     3  >=2  <=9  before  before+1  before-1 (of memory: at most)\n"
    "In words and patterns @web is that port's number, %server that program's PID.\n";

const struct command COMMANDS[] = {
    {"connect", "s", play_connect},
    {"bind", "a", play_bind},
    {"aim", "*a", play_aim},
    {"listen", "a", play_listen},
    {"accept", "nw", play_accept},
    {"send", "*D", play_send},
    {"trickle", "*td", play_send},
    {"expect", "*ew", play_expect},
    {"until", "*dw", play_until},
    {"drain", "*w", play_drain},
    {"save", "f", play_save},
    {"pause", "t", play_pause},
    {"silent", "*t", play_silent},
    {"quiet", "*t", play_quiet},
    {"fin", "*w", play_fin},
    {"rst", "*w", play_rst},
    {"taken", "*w", play_taken},
    {"half-close", "*", play_half_close},
    {"close", "*", play_close},
    {"reset", "*", play_close},
    {"deaf", "", play_deaf},
    {"hear", "", play_deaf},
    {"under", "gW", play_prepare},
    {"with", "gW", play_prepare},
    {"input", "gf", play_prepare},
    {"keyboard", "g", play_prepare},
    {"into", "gf", play_prepare},
    {"crowded", "gc", play_prepare},
    {"reads", "gn", play_prepare},
    {"start", "gW", play_start},
    {"types", "gD", play_types},
    {"types-end", "g", play_types},
    {"listens", "gaw", play_listens},
    {"reachable", "gaw", play_listens},
    {"prints", "gdw", play_prints},
    {"says", "gdw", play_prints},
    {"prints-not", "gd", play_prints},
    {"says-not", "gd", play_prints},
    {"shows", "gew", play_shows},
    {"prints-only", "gew", play_shows},
    {"prints-last", "gew", play_shows},
    {"descriptors", "gcw", play_count},
    {"sockets", "gcw", play_count},
    {"threads", "gcw", play_count},
    {"children", "gcw", play_count},
    {"zombies", "gcw", play_count},
    {"memory", "gcw", play_count},
    {"remember", "g", play_remember},
    {"survivors", "gcw", play_count},
    {"listeners", "gcw", play_count},
    {"holders", "*cw", play_count},
    {"dropped", "*t", play_dropped},
    {"spare", "gW", play_spare},
    {"full", "g", play_full},
    {"rests", "gw", play_rests},
    {"pending", "gw", play_pending},
    {"exits", "gNw", play_exits},
    {"signal", "gW", play_signal},
    {"clean", "g", play_clean},
    {"stop", "p", play_stop},
    {"continue", "p", play_stop},
    {NULL, NULL, NULL},
};

/* ---- The play ---- */

/* Plays one step, where its party is there for it. */
static bool play_step(struct stage *stage, struct party *party, const struct step *step)
{
    const char *needs = step->command->arguments;
    bool prepares =
        step->command->play == play_prepare || step->command->play == play_start;
    snprintf(stage->kind, sizeof stage->kind, "failed");
    if (stage->goes_on)
        stage->end_ms = fair_ms() + stage->limit_ms;
    if (needs[0] == '*' && party->fd == -1)
        return say(stage, party, '!', "%s: no socket is open", step->command->name);
    if (needs[0] == 'g' && !prepares && party->program->pid == 0)
        return say(stage, party, '!', "%s: it has not been started", step->command->name);
    return step->command->play(stage, party, step);
}

/* Plays all steps, up to one that fails; where the scene goes on, only the party whose
   step has failed leaves. Returns whether none has failed. */
static bool play(struct stage *stage)
{
    bool well = true;
    fair_ms(); /* begins */
    look_for_many(stage);
    for (int i = 0; i < stage->step_count && (well || stage->goes_on); i++) {
        const struct step *step = &stage->steps[i];
        struct party *party = &stage->parties[step->party];
        if (party->failed || play_step(stage, party, step))
            continue;
        well = false;
        party->failed = true;
        if (stage->kinds != NULL)
            fprintf(stage->kinds, "%s %s\n", party->name, stage->kind);
    }
    return well;
}

/* Reads the options into the stage. Returns false for one that is not known. */
static bool read_options(struct stage *stage, int argc, char **argv, bool *verbose)
{
    double seconds = DEADLINE_S;
    int option;
    while ((option = getopt(argc, argv, "vskt:b:d:m:K:")) != -1) {
        *verbose = *verbose || option == 'v';
        stage->sanitized = stage->sanitized || option == 's';
        stage->goes_on = stage->goes_on || option == 'k';
        if (option == 't')
            seconds = atof(optarg);
        else if (option == 'b')
            stage->builds = realpath(optarg, NULL);
        else if (option == 'd')
            stage->scratch = optarg;
        else if (option == 'm')
            stage->memory_mib = atol(optarg);
        else if (option == 'K')
            stage->kinds = fopen(optarg, "w");
        if (option == '?' || stage->builds == NULL ||
            (option == 'K' && stage->kinds == NULL))
            return false;
    }
    stage->end_ms = stage->limit_ms = (long)(seconds * 1000);
    return seconds > 0 && stage->memory_mib > 0;
}

int main(int argc, char **argv)
{
    static struct stage stage = {
        .builds = ".", .scratch = ".", .memory_mib = LIMIT_MEMORY_MIB};
    bool verbose = false;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(HELP, stdout) == EOF || fputs(HELP_PROGRAMS, stdout) == EOF;
    if (!read_options(&stage, argc, argv, &verbose))
        return fputs("usage: stage [OPTION...] [SCRIPT]; stage --help\n", stderr),
               WRONG_SCRIPT;
    FILE *script = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (script == NULL || optind + 1 < argc) {
        fprintf(stderr, "stage: %s: %s\n", argv[optind],
                script == NULL ? strerror(errno) : "one script at a time");
        return WRONG_SCRIPT;
    }
    if (chdir(stage.scratch) == -1) {
        fprintf(stderr, "stage: %s: %s\n", stage.scratch, strerror(errno));
        return WRONG_SCRIPT;
    }
    signal(SIGPIPE, SIG_IGN); /* a program may close what we type into */
    stage.nice = getpriority(PRIO_PROCESS, 0);
    setpriority(PRIO_PROCESS, 0, HIGHEST); /* root may */
    clock_watch_variable("LAB_WATCH");
    read_script(&stage, optind < argc ? argv[optind] : "stdin", script);
    bool well = play(&stage);
    if (!well)
        end_the_many(&stage); /* they may be the reason */
    well = well && stage.many == 0;
    close_peers(&stage);
    if (!well || verbose)
        print_transcript(&stage);
    if (!well)
        print_programs(&stage);
    end_programs(&stage);
    return well ? 0 : 1;
}
