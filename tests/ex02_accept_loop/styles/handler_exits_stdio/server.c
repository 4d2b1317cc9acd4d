/* A right program of another style: the handler ends the program by itself, the head is
   written through stdio, the request read byte by byte, the file mapped into memory, and
   each connection lingers until the client has closed. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int listener;

static void end(int number)
{
    (void)number;
    close(listener);
    _exit(EXIT_SUCCESS);
}

static int byte_of(int fd)
{
    struct pollfd one = {fd, POLLIN, 0};
    unsigned char byte;
    if (poll(&one, 1, 2000) != 1 || recv(fd, &byte, 1, 0) != 1)
        return EOF;
    return byte;
}

static void head(FILE *out, const char *status, long length)
{
    fprintf(out,
            "HTTP/1.1 %s\r\nContent-Type:text/html; charset=utf-8\r\n"
            "Content-Length:%ld\r\nConnection: Close\r\n\r\n",
            status, length);
}

static void error(FILE *out, const char *status, int is_head)
{
    head(out, status, (long)strlen(status));
    if (!is_head)
        fputs(status, out);
}

static void send_bytes(int fd, const char *bytes, size_t left)
{
    struct pollfd one = {fd, POLLOUT, 0};
    ssize_t n = 0;
    for (; left > 0; bytes += n, left -= (size_t)n)
        if (poll(&one, 1, 2000) != 1 || (n = send(fd, bytes, left, MSG_DONTWAIT)) < 0) {
            fprintf(stderr, "server: send: given up\n");
            return;
        }
}

static void answer(FILE *out, char *line, const char *path)
{
    static int visits;
    char *word[3] = {line, NULL, NULL};
    int words = 1;
    for (char *p = line; *p; p++)
        if (*p == ' ') {
            *p = '\0';
            if (words == 3) {
                error(out, "400 Bad Request", 0);
                return;
            }
            word[words++] = p + 1;
        }
    int is_head = !strcmp(word[0], "HEAD");
    if (words != 3 || !*word[0] || !*word[1] || strlen(word[2]) != 8 ||
        strncmp(word[2], "HTTP/1.", 7) || !isdigit((unsigned char)word[2][7])) {
        error(out, "400 Bad Request", 0);
        return;
    }
    if (!is_head && strcmp(word[0], "GET")) {
        error(out, "501 Not Implemented", 0);
        return;
    }
    word[1][strcspn(word[1], "?")] = '\0';
    struct stat about;
    if (strcmp(word[1], "/") ||
        (path != NULL && (stat(path, &about) || !S_ISREG(about.st_mode)))) {
        error(out, "404 Not Found", is_head);
        return;
    }
    if (path == NULL) {
        char page[200];
        sprintf(page, "<html><h1 id=h>Hello World!</h1> Visitor %d</html>",
                is_head ? visits + 1 : ++visits);
        head(out, "200 OK", (long)strlen(page));
        if (!is_head)
            fputs(page, out);
        return;
    }
    head(out, "200 OK", (long)about.st_size);
    fflush(out);
    int file = open(path, O_RDONLY);
    if (file == -1 || is_head || about.st_size == 0) {
        close(file);
        return;
    }
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        return;
    send_bytes(fileno(out), bytes, (size_t)about.st_size);
    munmap(bytes, (size_t)about.st_size);
}

static void serve(int c, const char *path)
{
    static char line[8200];
    int in_line = 1, length = 0, count = 0, matched = 0, byte = 0;
    while (matched < 4 && count < 8192 && (byte = byte_of(c)) != EOF) {
        count++;
        matched = byte == "\r\n\r\n"[matched] ? matched + 1 : byte == '\r';
        if (matched >= 2)
            in_line = 0;
        if (in_line)
            line[length++] = (char)byte;
    }
    if (byte == EOF) {
        fprintf(stderr, "server: recv: no whole request came\n");
        return;
    }
    line[strcspn(line, "\r")] = '\0';
    line[length > 0 ? length - 1 : 0] = '\0';
    FILE *out = fdopen(dup(c), "w");
    if (out == NULL) {
        perror("server: fdopen");
        return;
    }
    if (matched < 4)
        error(out, "431 Request Header Fields Too Large", 0);
    else
        answer(out, line, path);
    if (fclose(out) == EOF)
        perror("server: fclose");
    shutdown(c, SHUT_WR);
    while (byte_of(c) != EOF)
        ;
}

int main(int argc, char *argv[])
{
    long port = 8080;
    int one = 1;
    if (argc >= 2) {
        char *last = "x";
        port = isdigit((unsigned char)argv[1][0]) ? strtol(argv[1], &last, 10) : -1;
        if (port < 0 || *last || port > 65535)
            argc = 4;
    }
    if (argc > 3) {
        fprintf(stderr, "usage: server [PORT [FILE]]\n");
        exit(2);
    }
    struct sockaddr_in me;
    socklen_t len = sizeof(me);
    memset(&me, 0, sizeof(me));
    me.sin_family = AF_INET;
    me.sin_port = htons((unsigned short)port);
    if ((listener = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0) {
        perror("server: socket");
        exit(1);
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener, (struct sockaddr *)&me, sizeof(me)) < 0) {
        perror("server: bind");
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, end);
    signal(SIGTERM, end);
    if (listen(listener, 128) < 0) {
        perror("server: listen");
        exit(1);
    }
    getsockname(listener, (struct sockaddr *)&me, &len);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("listening on port %d\n", ntohs(me.sin_port));

    for (;;) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        int c = accept(listener, (struct sockaddr *)&peer, &size);
        if (c < 0) {
            perror("server: accept");
            sleep(1);
            continue;
        }
        serve(c, argc == 3 ? argv[2] : NULL);
        close(c);
    }
}
