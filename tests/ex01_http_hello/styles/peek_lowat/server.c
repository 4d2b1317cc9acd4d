/* A right program of another style: the request stays in the kernel until it is complete:
   MSG_PEEK, and SO_RCVLOWAT one higher than what has been seen, so that the next recv()
   waits for more; then one recv() takes it out. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 8192

static const char HELLO[] = "<!DOCTYPE html><meta charset=utf-8><title>Visitor 1</title>"
                            "<h1>Hello World!</h1><p>Visitor 1";

static int error(const char *call)
{
    const char *reason = strerror(errno);
    dprintf(2, "server: %s: %s\n", call, reason);
    return 1;
}

static int number(const char *word)
{
    long n = 0;
    if (*word == '\0')
        return -1;
    for (; *word != '\0'; word++)
        if (*word < '0' || *word > '9' || (n = 10 * n + *word - '0') > 65535)
            return -1;
    return (int)n;
}

/* How much of the bytes the request is, its blank line included; 0 where it is not whole.
   */
static size_t whole(const char *bytes, size_t length)
{
    for (size_t i = 3; i < length; i++)
        if (memcmp(bytes + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    return 0;
}

int main(int argc, char **argv)
{
    int port = argc < 2 ? 8080 : number(argv[1]);
    if (argc > 2 || port == -1) {
        dprintf(2, "usage: server [PORT]\n");
        return 2;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (listener == -1)
        return error("socket");
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return error("setsockopt");
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, sizeof at) == -1)
        return error("bind");
    if (listen(listener, 10) == -1)
        return error("listen");
    if (getsockname(listener, (struct sockaddr *)&at, &size) == -1)
        return error("getsockname");
    char line[80];
    int length =
        snprintf(line, sizeof line, "server 0.1\nlistening on port %d\nwaiting\n",
                 ntohs(at.sin_port));
    if (write(1, line, (size_t)length) == -1)
        return error("write");

    int client = accept(listener, NULL, NULL);
    if (client == -1)
        return error("accept");
    static char bytes[MOST];
    ssize_t seen = 0;
    size_t request = 0;
    while (request == 0 && seen < MOST) {
        int more = (int)seen + 1;
        if (setsockopt(client, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof more) == -1)
            return error("setsockopt");
        ssize_t now = recv(client, bytes, MOST, MSG_PEEK);
        if (now == -1)
            return error("recv");
        if (now <= seen) {
            dprintf(2, "server: the client has left\n");
            return 1;
        }
        seen = now;
        request = whole(bytes, (size_t)seen);
    }
    if (setsockopt(client, SOL_SOCKET, SO_RCVLOWAT, &on, sizeof on) == -1)
        return error("setsockopt");
    if (recv(client, bytes, request != 0 ? request : MOST, MSG_WAITALL) == -1)
        return error("recv");

    char answer[1024];
    const char *page = request != 0 ? HELLO : "<p>Too much";
    length = snprintf(answer, sizeof answer,
                      "HTTP/1.1 %s\r\nConnection:close\r\n"
                      "Content-Type: Text/HTML; Charset=UTF-8\r\nServer: ex01\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      request != 0 ? "200 OK" : "431 Request Header Fields Too Large",
                      strlen(page), page);
    for (ssize_t at_once, done = 0; done < length; done += at_once)
        if ((at_once = send(client, answer + done, (size_t)(length - done),
                            MSG_NOSIGNAL)) == -1)
            return error("send");
    if (request == 0) {
        ssize_t rest;
        if (shutdown(client, SHUT_WR) == -1)
            return error("shutdown");
        while ((rest = recv(client, bytes, MOST, 0)) > 0)
            ;
        if (rest == -1)
            return error("recv");
    }
    if (close(client) == -1)
        return error("close");
    if (close(listener) == -1)
        return error("close");
    return 0;
}
