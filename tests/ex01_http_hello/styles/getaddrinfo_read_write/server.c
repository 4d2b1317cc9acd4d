/* A right program of another style: getaddrinfo, IPv6 and IPv4 at once, read and write,
   SIGPIPE ignored, the whole response in one buffer, perror. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *port = argc > 1 ? argv[1] : "8080";
    if (argc > 2 || *port == '\0' || strlen(port) > 5 ||
        strspn(port, "0123456789") != strlen(port) || atoi(port) > 65535) {
        fprintf(stderr, "Usage: %s [port]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);

    struct addrinfo hints, *list = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if (getaddrinfo(NULL, port, &hints, &list) != 0)
        die("server: getaddrinfo");
    int listener = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    if (listener < 0)
        die("server: socket");
    int yes = 1, no = 0;
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) < 0)
        die("server: setsockopt");
    if (bind(listener, list->ai_addr, list->ai_addrlen) < 0)
        die("server: bind");
    freeaddrinfo(list);
    if (listen(listener, SOMAXCONN) < 0)
        die("server: listen");

    struct sockaddr_in6 self;
    socklen_t size = sizeof self;
    if (getsockname(listener, (struct sockaddr *)&self, &size) < 0)
        die("server: getsockname");
    setvbuf(stdout, NULL, _IONBF, 0);
    if (printf("listening on port %u\n", (unsigned)ntohs(self.sin6_port)) < 0)
        die("server: printf");

    struct sockaddr_storage peer;
    size = sizeof peer;
    int client;
    while ((client = accept(listener, (struct sockaddr *)&peer, &size)) < 0) {
        perror("server: accept");
        if (errno != ECONNABORTED)
            return 1;
    }

    static char request[8192 + 1];
    size_t have = 0;
    int complete = 0;
    while (!complete && have < 8192) {
        ssize_t n = read(client, request + have, 8192 - have);
        if (n < 0)
            die("server: read");
        if (n == 0) {
            fprintf(stderr, "server: read: end of file in the request\n");
            return 1;
        }
        for (ssize_t i = 0; i < n; i++, have++)
            if (have >= 3 && memcmp(request + have - 3, "\r\n\r\n", 4) == 0)
                complete = 1;
    }

    const char *body = "<html><body>\n<h1 class=\"x\">Hello World!</h1></body></html>";
    static char response[1024];
    int length;
    if (complete)
        length =
            snprintf(response, sizeof response,
                     "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: %zu\r\n"
                     "Content-Type: text/html;charset=UTF-8\r\n\r\n%s",
                     strlen(body), body);
    else
        length = snprintf(response, sizeof response,
                          "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                          "Connection: close\r\nContent-Length: 0\r\n\r\n");
    if (write_all(client, response, (size_t)length) < 0)
        die("server: send");
    ssize_t left = 0;
    if (shutdown(client, SHUT_WR) < 0)
        die("server: shutdown");
    if (!complete)
        while ((left = read(client, request, sizeof request)) > 0)
            ;
    if (left < 0)
        die("server: read");
    if (close(client) < 0 || close(listener) < 0)
        die("server: close");
    exit(EXIT_SUCCESS);
}
