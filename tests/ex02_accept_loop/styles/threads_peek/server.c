/* A right program of another style: one thread serves, one waits for the signals, and
   main() leaves by pthread_exit(). A request stays in the kernel until it is complete
   (MSG_PEEK, SO_RCVLOWAT), and is taken at once (MSG_WAITALL). FILE is made absolute, as
   the program goes to /, and sent in blocks. Other lines on stdout, other descriptors,
   and a page that says `Visitor N` twice. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int listener;
static char *file; /* NULL: none */
static sigset_t ends;

static void complain(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
}

static bool comes(int fd, short what)
{
    struct pollfd one = {.fd = fd, .events = what};
    int n = poll(&one, 1, 2000);
    if (n == 0)
        errno = ETIMEDOUT;
    return n == 1;
}

/* The bytes of a request up to its blank line, which are still in the kernel; 0 for a
   client that is lost, 8193 for too many. */
static size_t peek(int fd, char *bytes)
{
    int seen = 0;
    for (;;) {
        int more = seen + 1;
        setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof more);
        if (!comes(fd, POLLIN)) {
            complain("poll");
            return 0;
        }
        ssize_t n = recv(fd, bytes, 8192, MSG_PEEK | MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n <= seen) {
            fprintf(stderr, "server: recv: %s\n", n == -1 ? strerror(errno) : "cut off");
            return 0;
        }
        seen = (int)n;
        char *blank = memmem(bytes, (size_t)n, "\r\n\r\n", 4);
        if (blank != NULL)
            return (size_t)(blank - bytes) + 4;
        if (seen == 8192)
            return 8193;
    }
}

static bool put(int fd, const char *head, const char *body, size_t length)
{
    struct iovec parts[] = {{(void *)head, strlen(head)}, {(void *)body, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t n =
            comes(fd, POLLOUT) ? sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
        if (n == -1) {
            complain("sendmsg");
            return false;
        }
        for (int i = 0; i < 2; i++) {
            size_t part = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            n -= (ssize_t)part;
        }
    }
    return true;
}

static bool put_head(int fd, const char *status, size_t length)
{
    char head[256];
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nServer: threads\r\nConnection: close\r\n"
             "Content-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
             status, length);
    return put(fd, head, "", 0);
}

static void sorry(int fd, const char *status, bool head_only)
{
    char rest[2048];
    if (put_head(fd, status, strlen(status)) && !head_only)
        put(fd, "", status, strlen(status));
    shutdown(fd, SHUT_WR);
    while (comes(fd, POLLIN) && recv(fd, rest, sizeof rest, 0) > 0)
        continue;
}

static void send_file(int fd, bool head_only)
{
    char block[65536];
    struct stat about;
    int in = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (in == -1 || fstat(in, &about) == -1 || !S_ISREG(about.st_mode)) {
        sorry(fd, "404 Not Found", head_only);
    } else if (put_head(fd, "200 OK", (size_t)about.st_size) && !head_only) {
        ssize_t n;
        for (off_t at = 0; at < about.st_size; at += n) {
            size_t left = (size_t)(about.st_size - at);
            n = pread(in, block, left < sizeof block ? left : sizeof block, at);
            if (n < 1 || !put(fd, "", block, (size_t)n))
                break;
        }
    }
    if (in != -1)
        close(in);
}

static void serve(int fd)
{
    static unsigned visitor = 1;
    char bytes[8193], page[300];
    int one = 1;
    size_t length = peek(fd, bytes);
    if (length == 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    if (length == 8193) {
        sorry(fd, "431 Request Header Fields Too Large", false);
        return;
    }
    recv(fd, bytes, length, MSG_WAITALL);
    char *end = memmem(bytes, length, "\r\n", 2), *words[3] = {bytes};
    int count = 1;
    *end = '\0';
    for (char *c = bytes; c < end; c++)
        if (*c == ' ') {
            *c = '\0';
            if (count < 3)
                words[count] = c + 1;
            count++;
        }
    if (count != 3 || *words[0] == '\0' || *words[1] == '\0' || end - words[2] != 8 ||
        memcmp(words[2], "HTTP/1.", 7) != 0 ||
        strchr("0123456789", words[2][7]) == NULL) {
        sorry(fd, "400 Bad Request", false);
        return;
    }
    bool head_only = strcmp(words[0], "HEAD") == 0;
    char *query = memchr(words[1], '?', (size_t)(words[2] - words[1]));
    size_t path = (size_t)((query == NULL ? words[2] - 1 : query) - words[1]);
    if (!head_only && strcmp(words[0], "GET") != 0) {
        sorry(fd, "501 Not Implemented", false);
    } else if (path != 1 || *words[1] != '/') {
        sorry(fd, "404 Not Found", head_only);
    } else if (file != NULL) {
        send_file(fd, head_only);
    } else {
        snprintf(page, sizeof page,
                 "<!DOCTYPE html>\n<title>Visitor %u</title>\n"
                 "<H1>Hello World!</H1>\n<p>You are Visitor %u.</p>\n",
                 visitor, visitor);
        if (put_head(fd, "200 OK", strlen(page)) && !head_only)
            put(fd, "", page, strlen(page));
        visitor += !head_only;
    }
}

static void *serve_all(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd == -1) {
            complain("accept4");
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
            continue;
        }
        serve(fd);
        close(fd);
    }
    return NULL;
}

static void *wait_for_signal(void *unused)
{
    int number;
    (void)unused;
    sigwait(&ends, &number);
    printf("signal %d: good bye\n", number);
    exit(EXIT_SUCCESS);
}

static int fatal(const char *call)
{
    complain(call);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    char *rest = "";
    long port = 8080;
    if (argc > 1)
        port = argv[1][0] < '0' || argv[1][0] > '9' ? -1 : strtol(argv[1], &rest, 10);
    if (argc > 3 || port < 0 || port > 65535 || *rest != '\0') {
        fprintf(stderr, "usage: server [PORT [FILE]]\nPORT is 8080 unless said.\n");
        return 2;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("server, with a thread for everything\n");
    int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    char *here = getcwd(NULL, 0);
    if (argc == 3 &&
        (here == NULL || asprintf(&file, "%s%s%s", *argv[2] == '/' ? "" : here,
                                  *argv[2] == '/' ? "" : "/", argv[2]) == -1))
        return fatal("getcwd");
    free(here);
    if (chdir("/") == -1)
        return fatal("chdir");

    struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    socklen_t length = sizeof self;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1)
        return fatal("socket");
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == -1)
        return fatal("setsockopt");
    if (bind(listener, (struct sockaddr *)&self, sizeof self) == -1)
        return fatal("bind");
    if (listen(listener, 50) == -1)
        return fatal("listen");
    if (getsockname(listener, (struct sockaddr *)&self, &length) == -1)
        return fatal("getsockname");
    printf("listening on port %u\n", (unsigned)ntohs(self.sin_port));
    printf("the log is descriptor %d\n", log);

    pthread_t threads[2];
    if (pthread_create(&threads[0], NULL, serve_all, NULL) != 0 ||
        pthread_create(&threads[1], NULL, wait_for_signal, NULL) != 0)
        return EXIT_FAILURE;
    pthread_exit(NULL);
}
