/* server.c: an HTTP server that greets one browser, once.

       ./server [PORT]          then open http://localhost:8080/

   1 port, 2 socket, 3 bind, 4 listen, 5 accept, 6 receive, 7 send, 8 close: main()
   goes through these steps from top to bottom.

   Left out on purpose: a second client (ex02), a client that connects and stays
   silent (ex02), and what the request asks for: every request gets the same page. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 8080
#define BACKLOG 16       /* connections that may wait for accept() */
#define REQUEST_MAX 8192 /* bytes of a request, its blank line included */

#define PAGE                                                                             \
    "<!DOCTYPE html>\n"                                                                  \
    "<html lang=\"en\">\n"                                                               \
    "<head><meta charset=\"utf-8\"><title>Hello</title></head>\n"                        \
    "<body><h1>Hello World!</h1></body>\n"                                               \
    "</html>\n"

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [PORT]\n", program);
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

/* TODO 6: receive_request(client_fd): receives until the blank line. A stream has no
   message boundaries: one recv() may bring one byte, or everything. */
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

/* Receives a request up to its blank line. BROKEN: already reported on stderr. */
static enum request receive_request(int client_fd)
{
    char bytes[REQUEST_MAX];
    size_t length = 0;

    while (!has_blank_line(bytes, length)) {
        if (length == sizeof bytes)
            return TOO_LARGE;
        ssize_t received = recv(client_fd, bytes + length, sizeof bytes - length, 0);
        if (received == -1) {
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
    return COMPLETE;
}
/* END SOLUTION */

/* TODO 7: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left. send_response(client_fd, status, page): the head, then the page. */
/* BEGIN SOLUTION */
/* Sends every byte. Returns 0, or -1 with errno as send(2) left it.
   MSG_NOSIGNAL: to a client that has left, send() fails with EPIPE and no signal;
   without it SIGPIPE would end the program before it could say why. */
static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent == -1)
            return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* Sends a complete response (RFC 9112, section 2.1): status line, header fields, blank
   line, page. Returns 0, or -1 with errno set. */
static int send_response(int client_fd, const char *status, const char *page)
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\n"
                          "Content-Type: text/html; charset=utf-8\r\n"
                          "Content-Length: %zu\r\n"
                          "Connection: close\r\n"
                          "\r\n",
                          status, strlen(page));
    if (length < 0 || send_all(client_fd, head, (size_t)length) == -1)
        return -1;
    return send_all(client_fd, page, strlen(page));
}

/* Receives what the client still sends, up to its end, and drops it: close() with bytes
   unread would send RST, and an RST can take the response with it. Returns the exit
   status: 0, or 1 when a call has failed. */
static int drain(int client_fd)
{
    char bytes[REQUEST_MAX];
    ssize_t received;

    if (shutdown(client_fd, SHUT_WR) == -1)
        return failed("shutdown");
    do
        received = recv(client_fd, bytes, sizeof bytes, 0);
    while (received > 0);
    return received == -1 ? failed("recv") : 0;
}
/* END SOLUTION */

int main(int argc, char **argv)
{
    if (argc > 2)
        return usage(argv[0]);

    /* TODO 1: the port: argv[1], or DEFAULT_PORT where there is none. A wrong one gets
       the usage line and exit status 2, before anything else is done. */
    /* BEGIN SOLUTION */
    int port = argc == 2 ? parse_port(argv[1]) : DEFAULT_PORT;
    if (port == -1)
        return usage(argv[0]);
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
    if (listen(server_fd, BACKLOG) == -1)
        return failed("listen");
    socklen_t address_length = sizeof address;
    if (getsockname(server_fd, (struct sockaddr *)&address, &address_length) == -1)
        return failed("getsockname");
    printf("listening on port %d\n", ntohs(address.sin_port));
    if (fflush(stdout) == EOF)
        return failed("fflush");
    /* END SOLUTION */

    /* TODO 5: accept the first client: client_fd, a socket for this client alone. */
    /* BEGIN SOLUTION */
    int client_fd = accept(server_fd, NULL, NULL);
    if (client_fd == -1)
        return failed("accept");
    /* END SOLUTION */

    /* TODO 6: receive the request up to its blank line. A client that leaves earlier: a
       message, exit status 1. More than 8 KiB without a blank line: step 7 sends
       "431 Request Header Fields Too Large", and what still comes is received too. */
    /* BEGIN SOLUTION */
    enum request request = receive_request(client_fd);
    if (request == BROKEN)
        return 1;
    /* END SOLUTION */

    /* TODO 7: send the response: "200 OK" and the page. */
    /* BEGIN SOLUTION */
    const char *status =
        request == COMPLETE ? "200 OK" : "431 Request Header Fields Too Large";
    const char *page = request == COMPLETE ? PAGE : "<h1>The request is too large</h1>\n";
    if (send_response(client_fd, status, page) == -1)
        return failed("send");
    if (request == TOO_LARGE && drain(client_fd) != 0)
        return 1;
    /* END SOLUTION */

    /* TODO 8: close the client's socket, then the listening socket; exit status 0. */
    /* BEGIN SOLUTION */
    if (close(client_fd) == -1 || close(server_fd) == -1)
        return failed("close");
    return 0;
    /* END SOLUTION */
}
