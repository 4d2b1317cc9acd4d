#ifndef NET_H
#define NET_H
#include <poll.h>
#include <stddef.h>
struct buffer {
    size_t length;
    char bytes[512];
};
/* Two listening sockets, IPv4 and IPv6 on one port; the third is the signals'. */
void begin(const char *name, int argc, char **argv, struct pollfd fds[3]);
/* -1: nobody; -2: a shortage */
int take(const char *name, const struct pollfd *server);
/* Fills the buffer: 1 more has come, 0 not now, -1 the client has left. */
int fill(int fd, struct buffer *buffer);
/* The length of the first line with its LF, 0: none, -1: too long. */
long line_of(struct buffer *buffer, char line[512]);
/* 0, or -1 where it takes no more or is gone; patient waits instead. */
int put(int fd, const char *bytes, size_t length, int patient);
#endif
