#ifndef NET_H
#define NET_H
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
extern volatile sig_atomic_t stopping;
int start_server(const char *name, int argc, char **argv);
int next_client(const char *name, int server_fd);
long read_line(FILE *in, char *line,
               size_t room); /* length without LF, -1 end, -2 long */
int write_all(int fd, const char *bytes, size_t length, int wait);
#endif
