#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

extern char const NAME[];

int complain(char const *call, char const *about);
bool address_of(char const *path, struct sockaddr_un *address);
int serve_at(char const *path, int type);

#endif
