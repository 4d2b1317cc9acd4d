/* A right program of another style: select() on stdin or on the socket, whichever has its
   turn; all of a line through a stdio stream in memory. */

#include "dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT 4096

static char **words;

static void await(int fd)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    if (select(fd + 1, &set, NULL, NULL, NULL) == -1) {
        perror("echo_client: select");
        exit(1);
    }
}

/* Reads one byte, so that nothing beyond the line is taken. Returns -1 at the end. */
static int next_byte(void)
{
    unsigned char byte;
    await(STDIN_FILENO);
    ssize_t n = read(STDIN_FILENO, &byte, 1);
    if (n == -1) {
        perror("echo_client: read");
        exit(1);
    }
    return n == 0 ? -1 : byte;
}

static void there(int fd, const char *line, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n == -1)
            exit(complain("echo_client", words[1], words[2], "send", strerror(errno)));
        line += n;
        length -= (size_t)n;
    }
}

static void back(int fd, char *line, size_t length)
{
    while (length > 0) {
        await(fd);
        ssize_t n = recv(fd, line, length, MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n <= 0)
            exit(complain("echo_client", words[1], words[2], "recv",
                          n == 0 ? "no more" : strerror(errno)));
        line += n;
        length -= (size_t)n;
    }
}

int main(int argc, char **argv)
{
    words = argv;
    if (argc != 3 || !good_port(argv[2])) {
        fprintf(stderr, "usage: echo_client HOST PORT\n");
        return 2;
    }
    int fd = dial("echo_client", argv[1], argv[2]);
    if (fd == -1)
        return 1;
    for (int byte = 0; byte != -1;) {
        char *line = NULL;
        size_t length = 0;
        FILE *memory = open_memstream(&line, &length);
        if (memory == NULL)
            return perror("echo_client: open_memstream"), 1;
        do {
            byte = next_byte();
            if (byte == -1 && (fflush(memory), length == 0))
                break;
            fputc(byte == -1 ? '\n' : byte, memory);
            fflush(memory);
        } while (byte != '\n' && byte != -1 && length <= LIMIT);
        fclose(memory);
        if (length > LIMIT) {
            free(line);
            fprintf(stderr, "echo_client: the line is too long\n");
            return 1;
        }
        if (length > 0) {
            there(fd, line, length);
            back(fd, line, length);
            for (size_t out = 0; out < length;) {
                ssize_t n = write(STDOUT_FILENO, line + out, length - out);
                if (n == -1)
                    return perror("echo_client: write"), free(line), 1;
                out += (size_t)n;
            }
        }
        free(line);
    }
    return 0;
}
