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

/* TODO 2: failed(server, call, reason): says on stderr for which server which call has
   failed, and why, as in "client: localhost port 8080: connect: Connection refused", and
   returns 1, the exit status. */

/* TODO 3: connect_to(server): asks getaddrinfo() for the server's addresses (step 2), and
   makes for one after the other a socket of its family, until one is connected. A socket
   that could not be connected is closed, and the addresses are freed. */

/* TODO 4: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left. */
