/* net.h: what the three programs of this directory share. */

#ifndef NET_H
#define NET_H

#include <netinet/in.h>

/* The number that text spells in decimal, 0 to 65535, or -1 when it spells none: "",
   "80a", " 80", "-1" and "65536" are not ports. */
int parse_port(const char *text);

/* Finds the IPv4 address of a host, by its name or by the address in digits, and puts it
   into address together with the port. Returns 0, or an error of getaddrinfo(3), of which
   gai_strerror() knows the words. */
int find_host(const char *host, int port, struct sockaddr_in *address);

#endif
