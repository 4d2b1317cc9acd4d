/* net.c: ports and hosts, from the words of the command line. */

#include "net.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

/* TODO 1: parse_port(text): the number that text spells in decimal, 0 to 65535, or -1
   when it spells none: "", "80a", " 80", "-1" and "65536" are not ports. */

/* TODO 8: find_host(host, port, address): the first IPv4 address that getaddrinfo() finds
   for a name, or for an address in digits; and the port, in network byte order. */
