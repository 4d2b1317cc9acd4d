/* A right program of another style: a flag and EINTR, the sockets' own time limits, read
   and write, SIGPIPE ignored, perror, the file read and written whole: to a client that
   takes nothing the first write takes megabytes, the next a little, the third fails. */

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static int count;

static void on_signal(int s)
{
    (void)s;
    stop = 1;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR && !stop)
            continue;
        if (w < 0 || stop)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

static ssize_t read_some(int fd, char *p, size_t n)
{
    ssize_t r;
    do
        r = read(fd, p, n);
    while (r < 0 && errno == EINTR && !stop);
    return r;
}

static int head(int fd, const char *status, long length)
{
    char text[200];
    int n = sprintf(text,
                    "HTTP/1.1 %s\r\nContent-Length: %ld\r\nConnection: close\r\n"
                    "Content-Type: text/html; charset=utf-8\r\n\r\n",
                    status, length);
    return write_all(fd, text, (size_t)n);
}

static void no(int fd, const char *status, int with_body)
{
    char rest[1000];
    if (head(fd, status, 3) == 0 && with_body)
        write_all(fd, "no\n", 3);
    shutdown(fd, SHUT_WR);
    while (read_some(fd, rest, sizeof rest) > 0)
        ;
}

static void serve_file(int fd, const char *name, int with_body)
{
    struct stat st;
    char *page = NULL;
    size_t n = 0;
    FILE *f = stat(name, &st) == 0 && S_ISREG(st.st_mode) ? fopen(name, "r") : NULL;
    if (f != NULL) {
        page = malloc((size_t)st.st_size + 1);
        if (page != NULL)
            n = fread(page, 1, (size_t)st.st_size, f);
        fclose(f);
    }
    if (page == NULL)
        no(fd, "404 Not Found", with_body);
    else if (head(fd, "200 OK", (long)n) < 0 || (with_body && write_all(fd, page, n) < 0))
        perror("server: write");
    free(page);
}

static void serve(int fd, const char *file)
{
    static char request[8193];
    size_t have = 0;
    for (;;) {
        if (have == 8192) {
            no(fd, "431 Request Header Fields Too Large", 1);
            return;
        }
        ssize_t n = read_some(fd, request + have, 8192 - have);
        if (n <= 0) {
            if (n < 0)
                perror("server: read");
            else
                fputs("server: read: the request ends early\n", stderr);
            return;
        }
        have += (size_t)n;
        request[have] = 0;
        size_t i = 3;
        while (i < have && memcmp(request + i - 3, "\r\n\r\n", 4) != 0)
            i++;
        if (i < have)
            break;
    }

    char *first = request, *second, *third, *end;
    end = strstr(request, "\r\n");
    if (end != NULL)
        *end = 0;
    second = strchr(first, ' ');
    third = second ? strchr(second + 1, ' ') : NULL;
    if (third == NULL || second == first || third == second + 1 || strlen(third) != 9 ||
        memcmp(third, " HTTP/1.", 8) != 0 || third[8] < '0' || third[8] > '9') {
        no(fd, "400 Bad Request", 1);
        return;
    }
    *second++ = *third = 0;
    int with_body = strcmp(first, "GET") == 0;
    if (!with_body && strcmp(first, "HEAD") != 0) {
        no(fd, "501 Not Implemented", 1);
    } else if (second[0] != '/' || (second[1] != 0 && second[1] != '?')) {
        no(fd, "404 Not Found", with_body);
    } else if (file != NULL) {
        serve_file(fd, file, with_body);
    } else {
        char page[200];
        int n =
            sprintf(page, "<html><h1>Hello World!</h1>Visitor %d</html>\n", count + 1);
        count += with_body;
        if (head(fd, "200 OK", n) < 0 ||
            (with_body && write_all(fd, page, (size_t)n) < 0))
            perror("server: write");
    }
}

int main(int argc, char **argv)
{
    const char *port = argc > 1 ? argv[1] : "8080";
    if (argc > 3 || *port == 0 || strlen(port) > 5 ||
        strspn(port, "0123456789") != strlen(port) || atoi(port) > 65535) {
        fprintf(stderr, "usage: %s [PORT [FILE]]\n", argv[0]);
        return 2;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons((unsigned short)atoi(port));
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) {
        perror("server: socket");
        return 1;
    }
    if (bind(s, (struct sockaddr *)&a, sizeof a) < 0) {
        perror("server: bind");
        return 1;
    }
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
    if (listen(s, 20) < 0) {
        perror("server: listen");
        return 1;
    }
    getsockname(s, (struct sockaddr *)&a, &len);
    printf("listening on port %d\n", ntohs(a.sin_port));
    fflush(stdout);

    while (!stop) {
        int c = accept(s, NULL, NULL);
        if (c < 0) {
            struct timespec pause = {0, 10000000};
            if (errno != EINTR) {
                perror("server: accept");
                nanosleep(&pause, NULL);
            }
            continue;
        }
        struct timeval limit = {2, 0};
        setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        serve(c, argc > 2 ? argv[2] : NULL);
        close(c);
    }
    close(s);
    return 0;
}
