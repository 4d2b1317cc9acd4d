/* server.c: an HTTP server that greets one browser after another, and counts them.

       ./server [PORT [FILE]]   then open http://localhost:8080/

   1 port, 2 socket, 3 bind, 4 listen, and for each client 5 accept, 6 receive, 7 send,
   8 close, until 9, a signal: main() goes through these steps from top to bottom.

   Left out on purpose: two clients at a time (ex04). So a client that sends a byte now
   and then is never silent for long, and keeps all others waiting. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PORT 8080
#define BACKLOG 16       /* connections that may wait for accept() */
#define REQUEST_MAX 8192 /* bytes of a request, its blank line included */
#define PATIENCE_MS 2000 /* a client that sends or takes nothing for so long is closed */
#define PAUSE_MS 100     /* after accept() has failed */
#define FOREVER (-1)     /* no limit, for poll() */

#define PAGE                                                                             \
    "<!DOCTYPE html>\n"                                                                  \
    "<html lang=\"en\">\n"                                                               \
    "<head><meta charset=\"utf-8\"><title>Hello</title></head>\n"                        \
    "<body><h1>Hello World!</h1><p>Visitor %lu</p></body>\n"                             \
    "</html>\n"

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT [FILE]]\n", program);
    return 2;
}

/* TODO 1: parse_port(text): the number that text spells in decimal, 0 to 65535, or -1
   when it spells none: "", "80a", " 80", "-1" and "65536" are not ports. */
/* BEGIN SOLUTION */
static int parse_port(const char *text)
{
    if (*text == '\0')
        return -1;
    int port = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        port = port * 10 + (*text - '0');
        if (port > 65535)
            return -1;
    }
    return port;
}
/* END SOLUTION */

/* TODO 2: failed(call): says on stderr which call failed and why, as in
   "server: bind: Address already in use", and returns 1, the exit status. */
/* BEGIN SOLUTION */
static int failed(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    return 1;
}
/* END SOLUTION */

/* TODO 9: SIGINT and SIGTERM end the server within a second, wherever it waits. The
   handlers are installed before step 4: as soon as it listens, a signal may come. */
/* BEGIN SOLUTION */
/* The handler writes a byte into stop_pipe[1], and wait_for() finds it in stop_pipe[0]. A
   flag alone is not enough: set between the test of the flag and a call that blocks, it
   is seen too late. A byte stays in the pipe. */
static int stop_pipe[2];

static void stop(int signal)
{
    (void)signal;
    int saved_errno = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    errno = saved_errno;
}

static int stop_on_signals(void)
{
    struct sigaction action = {0};
    action.sa_handler = stop;
    if (pipe(stop_pipe) == -1)
        return failed("pipe");
    /* A handler must never wait, for room in the pipe neither. */
    if (fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK) == -1)
        return failed("fcntl");
    if (sigaction(SIGINT, &action, NULL) == -1 || sigaction(SIGTERM, &action, NULL) == -1)
        return failed("sigaction");
    /* stderr may be a pipe, as in ./server 2>&1 | head: where its reader has left, a
       message about a client is lost, and does not end the server. */
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) == -1)
        return failed("sigaction");
    return 0;
}

/* The only place where this server waits: until fd is ready for events (POLLIN, POLLOUT;
   a negative fd never is), no longer than limit_ms. Returns 0, or -1 with errno set:
   ETIMEDOUT, or EINTR when the server is to end. */
static int wait_for(int fd, short events, int limit_ms)
{
    struct pollfd fds[] = {{.fd = stop_pipe[0], .events = POLLIN},
                           {.fd = fd, .events = events}};
    int ready;

    /* A signal interrupts poll(); the next poll() finds the byte. */
    do
        ready = poll(fds, 2, limit_ms);
    while (ready == -1 && errno == EINTR);
    if (ready == -1)
        return -1;
    if (fds[0].revents != 0)
        errno = EINTR;
    else if (ready == 0)
        errno = ETIMEDOUT;
    else
        return 0;
    return -1;
}
/* END SOLUTION */

/* TODO 6: receive_request(client_fd, bytes): receives until the blank line. A stream has
   no message boundaries: one recv() may bring one byte, or everything. A client that
   sends nothing for 2 s is given up. */
/* BEGIN SOLUTION */
enum request { COMPLETE, TOO_LARGE, BROKEN };

/* Whether the bytes hold CR LF CR LF, the blank line that ends the head of a
   request (RFC 9112, section 2.1). No strstr(): a request may hold NUL bytes. */
static bool has_blank_line(const char *bytes, size_t length)
{
    for (size_t i = 0; i + 4 <= length; i++)
        if (memcmp(bytes + i, "\r\n\r\n", 4) == 0)
            return true;
    return false;
}

/* As recv(), but no longer than PATIENCE_MS. */
static ssize_t recv_in_time(int fd, char *bytes, size_t length)
{
    if (wait_for(fd, POLLIN, PATIENCE_MS) == -1)
        return -1;
    return recv(fd, bytes, length, 0);
}

/* Receives a request up to its blank line, and sets a '\0' after it: there is room for
   REQUEST_MAX bytes and one. BROKEN: already reported on stderr. */
static enum request receive_request(int client_fd, char *bytes)
{
    size_t length = 0;

    while (!has_blank_line(bytes, length)) {
        if (length == REQUEST_MAX)
            return TOO_LARGE;
        ssize_t received = recv_in_time(client_fd, bytes + length, REQUEST_MAX - length);
        if (received == -1) {
            if (errno != EINTR) /* the server is to end: no failure */
                failed("recv");
            return BROKEN;
        }
        if (received == 0) {
            fputs("server: recv: the client left before the end of its request\n",
                  stderr);
            return BROKEN;
        }
        length += (size_t)received;
    }
    bytes[length] = '\0';
    return COMPLETE;
}
/* END SOLUTION */

/* TODO 7: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left, or the client has taken nothing for 2 s. send_response(client_fd,
   status, page, length, only_head): the head, then, but for HEAD, the page.
   answer(client_fd, request, bytes, file): finds the response and sends it. */
/* BEGIN SOLUTION */
/* Sends every byte. Returns 0, or -1 with errno set: ETIMEDOUT, or as send(2) left it.
   MSG_NOSIGNAL: to a client that has left, send() fails with EPIPE and no signal;
   without it SIGPIPE would end the program before it could say why.
   MSG_DONTWAIT: send() takes what the kernel has room for and never waits for more. */
static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        if (wait_for(fd, POLLOUT, PATIENCE_MS) == -1)
            return -1;
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -1)
            return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* Sends a complete response (RFC 9112, section 2.1): status line, header fields, blank
   line, and page if not only the head is asked for. Returns 0, or -1 with errno set. */
static int send_response(int client_fd, const char *status, const char *page,
                         size_t page_length, bool only_head)
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\n"
                          "Content-Type: text/html; charset=utf-8\r\n"
                          "Content-Length: %zu\r\n"
                          "Connection: close\r\n"
                          "\r\n",
                          status, page_length);
    if (length < 0 || send_all(client_fd, head, (size_t)length) == -1)
        return -1;
    return only_head ? 0 : send_all(client_fd, page, page_length);
}

/* Receives what the client still sends, up to its end, and drops it: close() with bytes
   unread would send RST, and an RST can take the response with it. */
static void drain(int client_fd)
{
    char bytes[REQUEST_MAX];
    ssize_t received;

    if (shutdown(client_fd, SHUT_WR) == -1) {
        failed("shutdown");
        return;
    }
    do
        received = recv_in_time(client_fd, bytes, sizeof bytes);
    while (received > 0);
    if (received == -1)
        failed("recv");
}

/* Sends a response that says no. There may be more of the request to come: the rest of
   what is too large, or the data of a POST. Returns 0, or -1 with errno set. */
static int refuse(int client_fd, const char *status, bool only_head)
{
    char page[64];
    int length = snprintf(page, sizeof page, "<h1>%s</h1>\n", status);
    if (send_response(client_fd, status, page, (size_t)length, only_head) == -1)
        return -1;
    drain(client_fd);
    return 0;
}

/* Reads a file. Returns its bytes, which the caller frees, or NULL when it can't be read.
   Read whole before the first byte is sent: Content-Length is what has been read, even
   when somebody writes to the file meanwhile. Only a regular file is opened: a FIFO would
   wait for somebody who writes into it. */
static char *read_file(const char *path, size_t *length)
{
    struct stat about;
    char *bytes = NULL;
    if (stat(path, &about) == -1) {
        failed("stat");
        return NULL;
    }
    if (!S_ISREG(about.st_mode)) {
        fprintf(stderr, "server: %s is no regular file\n", path);
        return NULL;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        failed("fopen");
        return NULL;
    }
    bytes = malloc((size_t)about.st_size + 1); /* malloc(0) may return NULL */
    if (bytes != NULL)
        *length = fread(bytes, 1, (size_t)about.st_size, file);
    if (ferror(file)) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

static int send_file(int client_fd, const char *path, bool only_head)
{
    size_t length = 0;
    char *page = read_file(path, &length);
    if (page == NULL)
        return refuse(client_fd, "404 Not Found", only_head);
    int result = send_response(client_fd, "200 OK", page, length, only_head);
    free(page);
    return result;
}

/* Cuts the first line of a request, "METHOD TARGET HTTP/1.x" (RFC 9112, section 3): what
   is left of it is METHOD. Returns TARGET, or NULL when the line has not this form. */
static char *cut_first_line(char *line)
{
    line[strcspn(line, "\r")] = '\0';
    char *target = strchr(line, ' ');
    if (target == NULL || target == line)
        return NULL;
    *target++ = '\0';
    char *version = strchr(target, ' ');
    if (version == NULL || version == target)
        return NULL;
    *version++ = '\0';
    if (strncmp(version, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)version[7]) ||
        version[8] != '\0')
        return NULL;
    return target;
}

/* Sends the response that a request gets. Returns 0, or -1 with errno set. */
static int answer(int client_fd, enum request request, char *bytes, const char *file)
{
    static unsigned long visits; /* GETs of "/" until now */

    if (request == TOO_LARGE)
        return refuse(client_fd, "431 Request Header Fields Too Large", false);
    char *target = cut_first_line(bytes);
    if (target == NULL)
        return refuse(client_fd, "400 Bad Request", false);
    bool only_head = strcmp(bytes, "HEAD") == 0;
    if (!only_head && strcmp(bytes, "GET") != 0)
        return refuse(client_fd, "501 Not Implemented", false);

    target[strcspn(target, "?")] = '\0';
    if (strcmp(target, "/") != 0)
        return refuse(client_fd, "404 Not Found", only_head);
    if (file != NULL)
        return send_file(client_fd, file, only_head);
    unsigned long visitor = visits + 1;
    if (!only_head)
        visits = visitor;
    char page[sizeof PAGE + 20]; /* the digits of a number of 64 bits */
    int length = snprintf(page, sizeof page, PAGE, visitor);
    return send_response(client_fd, "200 OK", page, (size_t)length, only_head);
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc > 3)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. A wrong one gets
       the usage line and exit status 2, before anything else is done. The file: argv[2],
       or NULL where there is none. */
    /* BEGIN SOLUTION */
    int port = argc >= 2 ? parse_port(argv[1]) : DEFAULT_PORT;
    if (port == -1)
        return usage(argv[0]);
    const char *file = argc == 3 ? argv[2] : NULL;
    /* END SOLUTION */

    /* TODO 2: server_fd: a TCP socket over IPv4. SO_REUSEADDR lets the server be started
       again at once, while the last connection still waits in TIME_WAIT. */
    /* BEGIN SOLUTION */
    int server_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (server_fd == -1)
        return failed("socket");
    int on = 1;
    if (setsockopt(server_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return failed("setsockopt");
    /* END SOLUTION */

    /* TODO 3: bind it to the port, at every address of this machine (INADDR_ANY). Port
       and address go in network byte order. */
    /* BEGIN SOLUTION */
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons((uint16_t)port);
    if (bind(server_fd, (struct sockaddr *)&address, sizeof address) == -1)
        return failed("bind");
    /* END SOLUTION */

    /* TODO 4: make it a listening socket, then print "listening on port N" and flush.
       N is the real port, by getsockname(): for port 0 the kernel has chosen one. */
    /* BEGIN SOLUTION */
    if (stop_on_signals() != 0)
        return 1;
    if (listen(server_fd, BACKLOG) == -1)
        return failed("listen");
    socklen_t address_length = sizeof address;
    if (getsockname(server_fd, (struct sockaddr *)&address, &address_length) == -1)
        return failed("getsockname");
    printf("listening on port %d\n", ntohs(address.sin_port));
    if (fflush(stdout) == EOF)
        return failed("fflush");
    /* END SOLUTION */

    for (;;) {
        /* TODO 5: accept the next client: client_fd, a socket for this client alone. When
           accept() fails there is still a next client: a message, a short wait, and once
           more. When a signal is to end the server, leave the loop. */
        /* BEGIN SOLUTION */
        if (wait_for(server_fd, POLLIN, FOREVER) == -1 && errno == EINTR)
            break;
        int client_fd = accept(server_fd, NULL, NULL);
        if (client_fd == -1) {
            /* EMFILE: no descriptor is left, and the client stays in the backlog. poll()
               would return at once, again and again. */
            failed("accept");
            wait_for(-1, 0, PAUSE_MS);
            continue;
        }
        /* END SOLUTION */

        /* TODO 6: receive the request up to its blank line. A client that leaves earlier,
           or is silent for 2 s: a message, and on to step 8. */
        /* BEGIN SOLUTION */
        char bytes[REQUEST_MAX + 1];
        enum request request = receive_request(client_fd, bytes);
        /* END SOLUTION */

        /* TODO 7: send the response: "200 OK" and the page with the visitor's number, or
           the file; or 400, 404, 431 or 501. A client that leaves earlier, or takes
           nothing for 2 s: a message, and on to step 8. */
        /* BEGIN SOLUTION */
        if (request != BROKEN && answer(client_fd, request, bytes, file) == -1 &&
            errno != EINTR)
            failed("send");
        /* END SOLUTION */

        /* TODO 8: close the client's socket, whatever has happened, and back to 5. */
        /* BEGIN SOLUTION */
        if (close(client_fd) == -1)
            failed("close");
        /* END SOLUTION */
    }

    /* TODO 9: close the listening socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (close(server_fd) == -1)
        return failed("close");
    return 0;
    /* END SOLUTION */
}
