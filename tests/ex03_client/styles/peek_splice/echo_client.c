/* A right program of another style: what comes back stays in the kernel until the whole
   line is there: SO_RCVLOWAT and MSG_PEEK; then one recv() takes it. Lines by fgetc(). */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char **words;

static _Noreturn void die(const char *call, const char *why)
{
    fprintf(stderr, "%s: %s port %s: %s: %s\n", words[0], words[1], words[2], call, why);
    exit(EXIT_FAILURE);
}

static int reach(void)
{
    struct addrinfo hints, *all, *at;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = 6; /* TCP */
    int code = getaddrinfo(words[1], words[2], &hints, &all), fd;
    if (code != 0)
        die("getaddrinfo", gai_strerror(code));
    char why[200] = "", call[10] = "";
    for (at = all; at != NULL; at = at->ai_next) {
        strcpy(call, "socket");
        if ((fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol)) != -1) {
            strcpy(call, "connect");
            if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
                break;
        }
        strncpy(why, strerror(errno), sizeof why - 1);
        if (fd != -1)
            close(fd);
    }
    freeaddrinfo(all);
    if (at == NULL)
        die(call, why);
    return fd;
}

/* Waits until length bytes have come back, and takes them. */
static void take(int fd, char *line, size_t length)
{
    int least = (int)length;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == -1)
        die("setsockopt", strerror(errno));
    size_t seen = 0;
    while (seen < length) {
        ssize_t n = recv(fd, line, length, MSG_PEEK);
        if (n == -1)
            die("recv", strerror(errno));
        /* Less than was asked for: nothing more will come. */
        if ((size_t)n < length)
            die("recv", "the server has closed in the midst of a line");
        seen = (size_t)n;
    }
    for (size_t taken = 0; taken < length;) {
        ssize_t n = recv(fd, line + taken, length - taken, 0);
        if (n <= 0)
            die("recv", n == 0 ? "the server has closed" : strerror(errno));
        taken += (size_t)n;
    }
}

int main(int argc, char **argv)
{
    words = argv;
    int port = 0, digits = 0;
    if (argc == 3)
        for (; digits < 6 && argv[2][digits] >= '0' && argv[2][digits] <= '9'; digits++)
            port = 10 * port + argv[2][digits] - '0';
    if (argc != 3 || digits == 0 || argv[2][digits] != '\0' || port > 65535) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 2;
    }
    int fd = reach();
    char line[4096];
    size_t length = 0;
    for (int c = 0; c != EOF;) {
        c = fgetc(stdin);
        if (c == EOF && ferror(stdin)) {
            perror("echo_client: fgetc");
            return 1;
        }
        if (c == EOF && length == 0)
            break;
        if (length == sizeof line - 1 && c != '\n' && c != EOF) {
            fprintf(stderr, "echo_client: fgetc: more than %zu bytes\n", sizeof line);
            return 1;
        }
        line[length++] = (char)(c == EOF ? '\n' : c);
        if (line[length - 1] != '\n')
            continue;
        for (size_t sent = 0; sent < length;) {
            ssize_t n = send(fd, line + sent, length - sent, MSG_NOSIGNAL);
            if (n == -1)
                die("send", strerror(errno));
            sent += (size_t)n;
        }
        take(fd, line, length);
        if (fwrite(line, sizeof *line, length, stdout) != length ||
            fflush(stdout) == EOF) {
            perror("echo_client: fwrite");
            return 1;
        }
        length = 0;
    }
    shutdown(fd, SHUT_RDWR);
    return close(fd) == -1;
}
