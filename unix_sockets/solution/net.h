/* net.h: what the four programs of this directory share. */

#ifndef NET_H
#define NET_H

#include <stddef.h>
#include <sys/un.h>

/* Puts path into address (unix(7)). Returns 0, or -1 when it is empty or too long. */
int set_path(struct sockaddr_un *address, const char *path);

/* Binds fd to the path in address, as a file of mode 0600, and sees to it that the path
   is removed when the program ends: by itself, by SIGINT or by SIGTERM (then with exit
   status 0). The socket of a dead server is replaced. Returns 0, or -1 with errno set:
   EADDRINUSE where a server lives, and where there is a file that is no socket. */
int bind_path(int fd, const struct sockaddr_un *address);

/* Makes SIGINT and SIGTERM wait (sigprocmask(2)), and has SIGPIPE ignored, so that it
   ends nobody who has to clean up. Returns 0, or -1 with errno set. */
int hold_signals(void);

/* Has SIGINT and SIGTERM call end, which ends the program; those that have waited come
   now (sigaction(2)). Returns 0, or -1 with errno set. */
int end_on_signals(void (*end)(int));

/* Sends every byte through a stream socket. Returns 0, or -1 with errno set. */
int send_all(int fd, const char *bytes, size_t length);

#endif
