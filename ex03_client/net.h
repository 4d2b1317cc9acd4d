/* net.h: what client and echo_client share: to find a server, connect to it, send. */

#ifndef NET_H
#define NET_H

#include <stddef.h>

/* A server as the command line names it, and who wants to talk to it: for messages. */
struct server {
    const char *program;
    const char *host; /* a name, an IPv4 or an IPv6 address */
    const char *port; /* decimal */
};

/* The number that text spells in decimal, 0 to 65535, or -1 when it spells none. */
int parse_port(const char *text);

/* Says on stderr what failed, as "client: localhost port 8080: connect: Connection
   refused". Returns 1, the exit status. */
int failed(const struct server *server, const char *call, const char *reason);

/* Connects to the server: getaddrinfo(3), then each address in turn until one answers.
   Returns a connected socket, or -1 after a message on stderr. */
int connect_to(const struct server *server);

/* Sends every byte. Returns 0, or -1 with errno as send(2) left it. */
int send_all(int fd, const char *bytes, size_t length);

#endif
