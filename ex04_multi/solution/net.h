/* net.h: what the three servers of this directory share. net.c has to be written once. */

#ifndef NET_H
#define NET_H

#include <stddef.h>
#include <sys/types.h>

#define DEFAULT_PORT 6667
#define LINE_BYTES 512                  /* of a line, its LF included */
#define MESSAGE_BYTES (LINE_BYTES + 24) /* room for a line and "#ID " before it */

/* Prints the usage line on stderr. Returns 2, the status for a wrong command line. */
int usage(const char *program);

/* The number that text spells in decimal, 0 to 65535, or -1 when it spells none: "",
   "80a", " 80", "-1" and "65536" are not ports. */
int parse_port(const char *text);

/* Says on stderr which call failed and why (errno), as in "chat_poll: bind: Address
   already in use". Returns 1, the exit status. */
int failed(const char *program, const char *call);

/* A listening TCP socket on that port, at every address of this machine, which never
   blocks in accept(). Prints "listening on port N", with the real port. Returns the
   descriptor, or -1 when a call failed: already reported. */
int open_listener(const char *program, int port);

/* ---- Lines ---- */

/* What has come from a client and is not a whole line yet. {.fd = client_fd} begins. */
struct reader {
    int fd;
    size_t length;
    char bytes[LINE_BYTES];
};

/* A line: any bytes, then LF. */
struct line {
    size_t length; /* bytes, the LF included */
    char bytes[LINE_BYTES];
};

/* Receives once: blocks until something has come. Result as of recv(2): more than 0, 0
   when the client has closed, -1 when the connection is broken. */
ssize_t receive(struct reader *reader);

enum next { LINE, NO_LINE, TOO_LONG };

/* Takes the next line out of the reader; a CR before its LF is dropped. NO_LINE: it is
   not complete yet. TOO_LONG: LINE_BYTES have come, and no LF is among them. */
enum next next_line(struct reader *reader, struct line *line);

/* ---- Sending ---- */

/* Sends every byte. flags: 0, or MSG_DONTWAIT never to wait for a client that does not
   receive. SIGPIPE is never raised. Returns 0, or -1 with errno as send(2) left it. */
int send_all(int fd, const char *bytes, size_t length, int flags);

/* Writes "#ID line" into message. Returns its length in bytes, the LF included. */
size_t with_id(char message[MESSAGE_BYTES], unsigned long id, const struct line *line);

/* Tells a client why it has to leave; then nothing more can be sent to it. Never waits.
   The caller closes. */
void say_goodbye(int client_fd, const char *text);

/* ---- Signals and clients ---- */

/* Catches the signals with these numbers, up to a 0. Returns a descriptor that can be
   read (poll) when one has come, or -1 when a call failed: already reported. */
int catch_signals(const char *program, const int *numbers);

/* The number of a signal that has come. Blocks when none has. */
int next_signal(int signal_fd);

/* For a child: SIGINT, SIGTERM and SIGCHLD do again what they do where nobody catches
   them. */
void forget_signals(void);

/* What stands for a client's socket where there is none. */
enum { NO_CLIENT = -1, SHORTAGE = -2, SIGNALED = -3, BROKEN = -4 };

/* Accepts a client that waits. Returns its socket; NO_CLIENT when it has given up
   meanwhile; SHORTAGE when the process or the system has run out of something, which has
   been said: the client still waits, and who tries again without a pause keeps the
   processor busy for nothing. */
int accept_client(const char *program, int server_fd);

#define ACCEPT_PAUSE_MS 100

/* Waits for a client and accepts it. Returns its socket; SIGNALED when a signal has come;
   BROKEN when poll(2) failed: already reported. */
int await_client(const char *program, int server_fd, int signal_fd);

#endif
