#ifndef NET_H
#define NET_H
#include <stddef.h>
enum { LINE_MOST = 512, PAUSE_MS = 40 };
/* The listening socket; ends the program where there is none. */
int listen_or_exit(const char *name, int argc, char **argv);
void say(const char *name, const char *call);
/* What lies in the socket, without taking it: the length of the first line, 0 where it is
   not whole yet, -1 where none will come, -2 where it is too long. The next recv() or
   poll() then waits for more than has been seen. */
long look(int fd, char bytes[LINE_MOST], size_t *seen);
/* Takes a line of that length out of the socket: its length without a CR; -1: it is
   gone. */
long take(int fd, char bytes[LINE_MOST], long length);
int send_whole(int fd, const char *bytes, size_t length, int flags);
#endif
