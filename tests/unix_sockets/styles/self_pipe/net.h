#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <sys/un.h>

extern const char *program;

void usage(const char *words);
void die(const char *call);
struct sockaddr_un address_of(const char *path, const char *words);
int open_server(const char *path, int type);
bool readable(int fd); /* false: a signal has come */
bool signalled(void);
void close_server(int fd);
void catch_signals(void);

#endif
