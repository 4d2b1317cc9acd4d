/* What client and echo_client share, in a header, as there is no net.c. */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int good_port(const char *text)
{
    unsigned value = 0, digits = 0;
    for (; *text >= '0' && *text <= '9' && value < 65536; text++, digits++)
        value = 10 * value + (unsigned)(*text - '0');
    return digits > 0 && *text == '\0' && value < 65536;
}

static inline int complain(const char *who, const char *host, const char *port,
                           const char *call, const char *why)
{
    fprintf(stderr, "%s: %s port %s: %s: %s\n", who, host, port, call, why);
    return 1;
}

static inline int dial(const char *who, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *all;
    int fd, code = getaddrinfo(host, port, &hints, &all);
    if (code != 0)
        return complain(who, host, port, "getaddrinfo", gai_strerror(code)), -1;
    struct addrinfo *at = all;
    while ((fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol)) == -1 ||
           connect(fd, at->ai_addr, at->ai_addrlen) == -1) {
        code = errno;
        const char *call = fd == -1 ? "socket" : "connect";
        if (fd != -1)
            close(fd);
        at = at->ai_next;
        if (at == NULL) {
            freeaddrinfo(all);
            return complain(who, host, port, call, strerror(code)), -1;
        }
    }
    freeaddrinfo(all);
    return fd;
}
