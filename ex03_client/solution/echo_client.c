/* echo_client.c: sends lines to an echo server, one after the other, and prints them as
   they come back.

       ./echo_client HOST PORT

   1 command line, 2 getaddrinfo, 3 connect, 6 a line of input, 7 there and back, 8 close:
   main() goes through these steps from top to bottom; 2 and 3 are done in net.c.

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
    fprintf(stderr, "usage: %s HOST PORT\n", program);
    return 2;
}

/* TODO 6: read_line(line): the next line of stdin, with its LF; a last line without one
   gets one. A line of more than LINE_SIZE bytes: a message, exit status 1. */
/* BEGIN SOLUTION */
/* Returns the length of the line in bytes, 0 at the end of the input, or -1 after a
   message. No fgets(): a line may hold NUL bytes, and its length would be unknown. */
static int read_line(char line[LINE_SIZE])
{
    int length = 0, byte;
    while ((byte = getchar()) != EOF && byte != '\n') {
        if (length == LINE_SIZE - 1) {
            fprintf(stderr, "echo_client: a line has more than %d bytes\n", LINE_SIZE);
            return -1;
        }
        line[length++] = (char)byte;
    }
    if (ferror(stdin)) {
        perror("echo_client: read");
        return -1;
    }
    if (byte == EOF && length == 0)
        return 0;
    line[length++] = '\n';
    return length;
}
/* END SOLUTION */

/* TODO 7: receive_all(client_fd, server, bytes, length): receives until length bytes have
   come. The line that comes back is as long as the one that was sent, but recv() may
   bring it in pieces. */
/* BEGIN SOLUTION */
/* Receives exactly length bytes. What comes after them is left to the kernel, which keeps
   it for the next line. Returns 0, or 1 after a message: the exit status. */
static int receive_all(int client_fd, const struct server *server, char *bytes,
                       size_t length)
{
    while (length > 0) {
        ssize_t received = recv(client_fd, bytes, length, 0);
        if (received == -1)
            return failed(server, "recv", strerror(errno));
        if (received == 0)
            return failed(server, "recv", "the server has closed too early");
        bytes += received;
        length -= (size_t)received;
    }
    return 0;
}

/* Sends a line, waits until it has come back, prints it. Returns the exit status. */
static int there_and_back(int client_fd, const struct server *server, char *line,
                          size_t length)
{
    if (send_all(client_fd, line, length) == -1)
        return failed(server, "send", strerror(errno));
    if (receive_all(client_fd, server, line, length) != 0)
        return 1;
    if (fwrite(line, 1, length, stdout) < length || fflush(stdout) == EOF) {
        perror("echo_client: write");
        return 1;
    }
    return 0;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc != 3)
        return usage(argv[0]);

    /* TODO 1: the server: argv[1] and argv[2]. A wrong port gets the usage line and exit
       status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    struct server server = {.program = "echo_client", .host = argv[1], .port = argv[2]};
    if (parse_port(server.port) == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 3: client_fd: a socket that is connected to the server, by connect_to(). */
    /* BEGIN SOLUTION */
    int client_fd = connect_to(&server);
    if (client_fd == -1)
        return 1;
    /* END SOLUTION */

    /* TODO 6: a line of input, until there is none. Each one goes there and back (step 7)
       before the next is read. */
    /* BEGIN SOLUTION */
    char line[LINE_SIZE];
    int length;
    while ((length = read_line(line)) > 0)
        if (there_and_back(client_fd, &server, line, (size_t)length) != 0)
            return 1;
    if (length == -1)
        return 1;
    /* END SOLUTION */

    /* TODO 8: close the socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (close(client_fd) == -1)
        return failed(&server, "close", strerror(errno));
    return 0;
    /* END SOLUTION */
}
