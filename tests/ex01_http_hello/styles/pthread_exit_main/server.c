/* A right program of another style: main() starts a thread that serves and leaves by
   pthread_exit(), as it may: the process goes on with its other threads. The thread
   prints with write() and copies the page out of a struct of its own. */

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static struct server {
    int port, listener, client;
    char request[8192];
} server;

static _Noreturn void end(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}

static bool is_complete(const char *bytes, size_t length)
{
    const char *at = bytes, *after = bytes + length;
    while ((at = memchr(at, '\r', (size_t)(after - at))) != NULL && after - at >= 4) {
        if (memcmp(at, "\r\n\r\n", 4) == 0)
            return true;
        at++;
    }
    return false;
}

static void open_listener(void)
{
    int on = 1;
    char line[64];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server.port)};
    socklen_t size = sizeof address;
    if ((server.listener = socket(AF_INET, SOCK_STREAM, 0)) == -1)
        end("socket");
    if (setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        end("setsockopt");
    if (bind(server.listener, (struct sockaddr *)&address, size) == -1)
        end("bind");
    if (listen(server.listener, SOMAXCONN) == -1)
        end("listen");
    if (getsockname(server.listener, (struct sockaddr *)&address, &size) == -1)
        end("getsockname");
    int length =
        snprintf(line, sizeof line, "listening on port %d\n", ntohs(address.sin_port));
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        end("write");
}

static bool receive(void)
{
    size_t length = 0;
    while (!is_complete(server.request, length)) {
        if (length == sizeof server.request)
            return false;
        struct iovec room = {server.request + length, sizeof server.request - length};
        ssize_t received = readv(server.client, &room, 1);
        if (received == -1)
            end("readv");
        if (received == 0) {
            fprintf(stderr, "server: only %zu bytes of a request have come\n", length);
            exit(1);
        }
        length += (size_t)received;
    }
    return true;
}

static void *serve(void *nothing)
{
    open_listener();
    if ((server.client = accept(server.listener, NULL, NULL)) == -1)
        end("accept");
    bool complete = receive();
    const char *page = complete ? "<body class=x><h1>Hello World!</h1></body>" : "431\n";
    char text[600], *at = text;
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n"
                          "Content-Type: text/html; charset=utf-8\r\n"
                          "X-Greeting: Hello: World\r\n\r\n%s",
                          complete ? "200 OK" : "431 Request Header Fields Too Large",
                          strlen(page), page);
    while (length > 0) {
        struct msghdr message = {.msg_iov = &(struct iovec){at, (size_t)length},
                                 .msg_iovlen = 1};
        ssize_t sent = sendmsg(server.client, &message, MSG_NOSIGNAL);
        if (sent == -1)
            end("sendmsg");
        at += sent;
        length -= (int)sent;
    }
    if (!complete) {
        ssize_t received;
        if (shutdown(server.client, SHUT_WR) == -1)
            end("shutdown");
        while ((received = read(server.client, server.request, 1000)) > 0)
            ;
        if (received == -1)
            end("read");
    }
    if (close(server.client) == -1 || close(server.listener) == -1)
        end("close");
    return nothing;
}

int main(int argc, char **argv)
{
    server.port = 8080;
    if (argc == 2) {
        size_t digits = strspn(argv[1], "0123456789");
        server.port = digits > 0 && argv[1][digits] == '\0' ? 0 : -1;
        for (const char *c = argv[1]; server.port >= 0 && *c != '\0'; c++)
            server.port = server.port > 65535 ? -1 : server.port * 10 + *c - '0';
    }
    if (argc > 2 || server.port < 0 || server.port > 65535) {
        fprintf(stderr, "usage: server [PORT]\n");
        return 2;
    }
    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, serve, NULL)) != 0)
        end("pthread_create");
    if ((errno = pthread_detach(thread)) != 0)
        end("pthread_detach");
    pthread_exit(NULL);
}
