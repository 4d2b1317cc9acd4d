/* net.c: what client and echo_client share: to find a server, connect to it, send.
   net.h says what each function promises.

   Left out on purpose: a limit of our own for connect(). A machine that does not answer
   at all is given up by the kernel, after about two minutes. */

#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* TODO 2: failed(server, call, reason): says on stderr for which server which call has
   failed, and why, as in "client: localhost port 8080: connect: Connection refused", and
   returns 1, the exit status. */
/* BEGIN SOLUTION */
int failed(const struct server *server, const char *call, const char *reason)
{
    fprintf(stderr, "%s: %s port %s: %s: %s\n", server->program, server->host,
            server->port, call, reason);
    return 1;
}
/* END SOLUTION */

/* TODO 3: connect_to(server): asks getaddrinfo() for the server's addresses (step 2), and
   makes for one after the other a socket of its family, until one is connected. A socket
   that could not be connected is closed, and the addresses are freed. */
/* BEGIN SOLUTION */
/* Connects to one address. Returns the socket, or -1 with errno set; *call is the name of
   the call that was made last. */
static int connect_to_address(const struct addrinfo *address, const char **call)
{
    *call = "socket";
    int client_fd =
        socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (client_fd == -1)
        return -1;
    *call = "connect";
    if (connect(client_fd, address->ai_addr, address->ai_addrlen) == 0)
        return client_fd;
    int reason = errno;
    close(client_fd);
    errno = reason; /* close() may have changed it */
    return -1;
}

int connect_to(const struct server *server)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    int error = getaddrinfo(server->host, server->port, &hints, &addresses);
    if (error != 0) {
        failed(server, "getaddrinfo",
               error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return -1;
    }

    int client_fd = -1;
    const char *call = "";
    for (const struct addrinfo *address = addresses; address != NULL && client_fd == -1;
         address = address->ai_next)
        client_fd = connect_to_address(address, &call);
    if (client_fd == -1)
        failed(server, call, strerror(errno)); /* of the last address */
    freeaddrinfo(addresses);
    return client_fd;
}
/* END SOLUTION */

/* TODO 4: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left. */
/* BEGIN SOLUTION */
/* MSG_NOSIGNAL: to a server that has left, send() fails with EPIPE and no signal;
   without it SIGPIPE would end the program before it could say why. */
int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent == -1)
            return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}
/* END SOLUTION */
