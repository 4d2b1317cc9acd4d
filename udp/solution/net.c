/* net.c: ports and hosts, from the words of the command line. */

#include "net.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

/* TODO 1: parse_port(text): the number that text spells in decimal, 0 to 65535, or -1
   when it spells none: "", "80a", " 80", "-1" and "65536" are not ports. */
/* BEGIN SOLUTION */
int parse_port(const char *text)
{
    if (*text == '\0')
        return -1;
    int port = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        port = port * 10 + (*text - '0');
        if (port > 65535)
            return -1;
    }
    return port;
}
/* END SOLUTION */

/* TODO 8: find_host(host, port, address): the first IPv4 address that getaddrinfo() finds
   for a name, or for an address in digits; and the port, in network byte order. */
/* BEGIN SOLUTION */
int find_host(const char *host, int port, struct sockaddr_in *address)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;

    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0)
        return error;
    memcpy(address, found->ai_addr, sizeof *address);
    address->sin_port = htons((uint16_t)port);
    freeaddrinfo(found);
    return 0;
}
/* END SOLUTION */
