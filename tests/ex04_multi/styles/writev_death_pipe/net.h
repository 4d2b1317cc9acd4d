#ifndef NET_H
#define NET_H
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
/* A ring of what has come and is not taken. */
struct ring {
    unsigned char bytes[512];
    unsigned first, count;
};
int open_port(const char *name, int argc, char *argv[], int flags);
void complain(const char *name, const char *call);
ssize_t fill(int fd, struct ring *ring);
/* The next line as two parts, its LF apart; the number of its bytes, 0: none, -1: the
   ring is full. */
int cut(struct ring *ring, struct iovec parts[2]);
void forget(struct ring *ring, int bytes);
/* writev() until all is out; 0, or -1. SIGPIPE has to be ignored. */
int write_parts(int fd, struct iovec *parts, int count);
#endif
