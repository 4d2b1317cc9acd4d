/* stream_client.c: sends lines to an echo server and prints what comes back.

       ./stream_client PATH     then type

   1 path, 2 socket, 7 connect and talk: main() goes through these steps. It is the
   echo_client of ex03 with another address.

   Left out on purpose: to notice a server that closes while the user is typing. That
   would need to wait for two descriptors at once (ex04). */

#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_SIZE 4096 /* bytes of the longest line, its LF included */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s PATH\n", program);
    return 2;
}

/* TODO 2: failed(path, call, reason): says on stderr what failed, as in
   "stream_client: s: connect: Connection refused", and returns 1, the exit status. */

/* TODO 7: read_line(line): the next line of stdin, with its LF; a last line without one
   gets one. receive_all(client_fd, path, bytes, length): receives until length bytes have
   come. The line that comes back is as long as the one that was sent, but recv() may
   bring it in pieces. */

int main(int argc, char **argv)
{
    if (argc != 2)
        return usage(argv[0]);

    /* TODO 1: address: the path argv[1], by set_path(). One that is empty or too long
       gets the usage line and exit status 2, before anything else is done. */
    fputs("stream_client: TODO 1 is still to do\n", stderr);
    return 1;

    /* TODO 2: client_fd: a stream socket of the family AF_UNIX. */
    fputs("stream_client: TODO 2 is still to do\n", stderr);
    return 1;

    /* TODO 7: connect it to the server's path. Then each line of input goes there and
       back before the next is read. At the end of the input close the socket; exit
       status 0. */
    fputs("stream_client: TODO 7 is still to do\n", stderr);
    return 1;
}
