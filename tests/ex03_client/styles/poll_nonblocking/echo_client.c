/* A right program of another style: one poll() for stdin and socket, replies cut at LF in
   a buffer that keeps what is left over. It notices at once that the server has gone. */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 4096

struct buffer {
    char bytes[ROOM + 1];
    size_t length;
};

static const char *host, *port;

static _Noreturn void quit(const char *call, const char *why)
{
    fprintf(stderr, "echo_client: %s port %s: %s: %s\n", host, port, call, why);
    exit(1);
}

static int reach(void)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *first;
    int code = getaddrinfo(host, port, &hints, &first);
    if (code != 0)
        quit("getaddrinfo", gai_strerror(code));
    const char *call = "";
    for (struct addrinfo *a = first; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        call = fd == -1 ? "socket" : "connect";
        code = errno;
        if (fd == -1)
            continue;
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
            freeaddrinfo(first);
            return fd;
        }
        code = errno;
        close(fd);
    }
    quit(call, strerror(code));
}

/* The length of the first line in the buffer, 0 when there is none. */
static size_t line_in(const struct buffer *b)
{
    const char *lf = b->length > 0 ? memchr(b->bytes, '\n', b->length) : NULL;
    return lf == NULL ? 0 : (size_t)(lf - b->bytes) + 1;
}

static void drop(struct buffer *b, size_t length)
{
    b->length -= length;
    memmove(b->bytes, b->bytes + length, b->length);
}

static void send_line(int fd, const struct buffer *b, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = send(fd, b->bytes + done, length - done, MSG_NOSIGNAL);
        if (n < 0)
            quit("send", strerror(errno));
        done += (size_t)n;
    }
}

int main(int argc, char **argv)
{
    int used = 0;
    unsigned number = 0;
    if (argc != 3 || strlen(argv[2]) > 5 || strspn(argv[2], "0123456789") < 1 ||
        sscanf(argv[2], "%u%n", &number, &used) != 1 || argv[2][used] != '\0' ||
        number > 65535) {
        fprintf(stderr, "usage: echo_client HOST PORT\n");
        return 2;
    }
    host = argv[1];
    port = argv[2];
    int fd = reach();

    static struct buffer in, back;
    bool end = false, waiting = false;
    for (;;) {
        size_t length = line_in(&in);
        if (!waiting && (length > ROOM || (length == 0 && in.length >= ROOM))) {
            fputs("echo_client: line over 4096 bytes\n", stderr);
            return 1;
        }
        if (!waiting && length > 0) {
            send_line(fd, &in, length);
            drop(&in, length);
            waiting = true;
        }
        length = line_in(&back);
        if (waiting && length > 0) {
            ssize_t printed = 0;
            for (size_t i = 0; i < length; i += (size_t)printed) {
                printed = write(STDOUT_FILENO, back.bytes + i, length - i);
                if (printed == -1) {
                    perror("echo_client: write");
                    return 1;
                }
            }
            drop(&back, length);
            waiting = false;
            continue;
        }
        if (end && !waiting) {
            if (in.length == 0)
                return close(fd) == 0 ? 0 : 1;
            in.bytes[in.length++] = '\n';
            continue;
        }
        if (back.length == sizeof back.bytes)
            quit("recv", "a line over 4096 bytes came back");
        struct pollfd fds[] = {{fd, POLLIN, 0}, {!end && !waiting ? 0 : -1, POLLIN, 0}};
        if (poll(fds, 2, -1) == -1)
            quit("poll", strerror(errno));
        if (fds[0].revents != 0) {
            ssize_t n =
                recv(fd, back.bytes + back.length, sizeof back.bytes - back.length, 0);
            if (n <= 0)
                quit("recv", n == 0 ? "closed too early" : strerror(errno));
            back.length += (size_t)n;
        }
        if (fds[1].revents != 0) {
            ssize_t n = read(0, in.bytes + in.length, sizeof in.bytes - in.length);
            if (n == -1) {
                perror("echo_client: stdin");
                return 1;
            }
            in.length += (size_t)n;
            end = n == 0;
        }
    }
}
