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
/* BEGIN SOLUTION */
static int failed(const char *path, const char *call, const char *reason)
{
    fprintf(stderr, "stream_client: %s: %s: %s\n", path, call, reason);
    return 1;
}
/* END SOLUTION */

/* TODO 7: read_line(line): the next line of stdin, with its LF; a last line without one
   gets one. receive_all(client_fd, path, bytes, length): receives until length bytes have
   come. The line that comes back is as long as the one that was sent, but recv() may
   bring it in pieces. */
/* BEGIN SOLUTION */
/* Returns the length of the line in bytes, 0 at the end of the input, or -1 after a
   message. No fgets(): a line may hold NUL bytes, and its length would be unknown. */
static int read_line(char line[LINE_SIZE])
{
    int length = 0, byte;
    while ((byte = getchar()) != EOF && byte != '\n') {
        if (length == LINE_SIZE - 1) {
            fprintf(stderr, "stream_client: a line has more than %d bytes\n", LINE_SIZE);
            return -1;
        }
        line[length++] = (char)byte;
    }
    if (ferror(stdin)) {
        perror("stream_client: read");
        return -1;
    }
    if (byte == EOF && length == 0)
        return 0;
    line[length++] = '\n';
    return length;
}

/* Receives exactly length bytes. What comes after them is left to the kernel, which keeps
   it for the next line. Returns 0, or 1 after a message: the exit status. */
static int receive_all(int client_fd, const char *path, char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t received = recv(client_fd, bytes, length, 0);
        if (received == -1)
            return failed(path, "recv", strerror(errno));
        if (received == 0)
            return failed(path, "recv", "the server has closed too early");
        bytes += received;
        length -= (size_t)received;
    }
    return 0;
}

/* Sends a line, waits until it has come back, prints it. Returns the exit status. */
static int there_and_back(int client_fd, const char *path, char *line, size_t length)
{
    if (send_all(client_fd, line, length) == -1)
        return failed(path, "send", strerror(errno));
    if (receive_all(client_fd, path, line, length) != 0)
        return 1;
    if (fwrite(line, 1, length, stdout) < length || fflush(stdout) == EOF) {
        perror("stream_client: write");
        return 1;
    }
    return 0;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc != 2)
        return usage(argv[0]);

    /* TODO 1: address: the path argv[1], by set_path(). One that is empty or too long
       gets the usage line and exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    struct sockaddr_un address;
    if (set_path(&address, argv[1]) == -1)
        return usage(argv[0]);
    /* END SOLUTION */

    /* TODO 2: client_fd: a stream socket of the family AF_UNIX. */
    /* BEGIN SOLUTION */
    int client_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (client_fd == -1)
        return failed(argv[1], "socket", strerror(errno));
    /* END SOLUTION */

    /* TODO 7: connect it to the server's path. Then each line of input goes there and
       back before the next is read. At the end of the input close the socket; exit
       status 0. */
    /* BEGIN SOLUTION */
    if (connect(client_fd, (struct sockaddr *)&address, sizeof address) == -1)
        return failed(argv[1], "connect", strerror(errno));
    char line[LINE_SIZE];
    int length;
    while ((length = read_line(line)) > 0)
        if (there_and_back(client_fd, argv[1], line, (size_t)length) != 0)
            return 1;
    if (length == -1)
        return 1;
    if (close(client_fd) == -1)
        return failed(argv[1], "close", strerror(errno));
    return 0;
    /* END SOLUTION */
}
