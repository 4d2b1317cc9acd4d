#ifndef NET_H
#define NET_H
#include <stddef.h>
int open_both(const char *name, int argc, char **argv, int *signal_fd, int with_children);
int send_parts(int fd, const char *head, const char *line, size_t length, int flags);
#endif
