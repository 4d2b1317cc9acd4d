/* A right program of another style: a child serves the client, the parent waits for it
   and ends with its exit status; what the child says on stderr goes through the parent.
   */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void quit(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void put(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL | MSG_MORE);
        if (sent < 0)
            quit("send");
        text += sent;
        length -= (size_t)sent;
    }
}

static int serve(int client)
{
    char request[8192], *end = request;
    int newlines = 0;
    for (ssize_t n = 1; newlines < 2; end += n) {
        if (end == request + sizeof request)
            break;
        n = recv(client, end, (size_t)(request + sizeof request - end), 0);
        if (n < 0)
            quit("recv");
        if (n == 0) {
            fprintf(stderr, "server: end of file before the end of the request\n");
            return 1;
        }
        for (char *c = end; c < end + n && newlines < 2; c++)
            if (*c == '\n' && c > request && c[-1] == '\r')
                newlines =
                    newlines == 1 && c - request >= 3 && c[-2] == '\n' && c[-3] == '\r'
                        ? 2
                        : 1;
    }
    const char *status = newlines == 2 ? "200 OK" : "431 Request Header Fields Too Large";
    const char *page =
        newlines == 2 ? "<html lang=de><title>Grüße</title><h1>Hello World!</h1>" : "";
    char head[300];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nContent-Type:\ttext/html;charset=UTF-8\r\n"
                          "Content-Length: %zu\r\nConnection: CLOSE\r\n\r\n",
                          status, strlen(page));
    put(client, head, (size_t)length);
    put(client, page, strlen(page));
    if (shutdown(client, SHUT_WR) < 0) /* this sends what MSG_MORE has held back, too */
        quit("shutdown");
    ssize_t rest = 0;
    while (newlines < 2 && (rest = recv(client, request, sizeof request, 0)) > 0)
        ;
    if (rest < 0)
        quit("recv");
    if (close(client) < 0)
        quit("close");
    return 0;
}

int main(int argc, char **argv)
{
    unsigned port = 0;
    char rest;
    const char *word = argc == 2 ? argv[1] : "8080";
    if (argc > 2 || strspn(word, "0123456789") != strlen(word) || strlen(word) > 9 ||
        sscanf(word, "%u%c", &port, &rest) != 1 || port > 65535) {
        fprintf(stderr, "usage: server [PORT]\n");
        return 2;
    }
    int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (server < 0)
        quit("socket");
    if (setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0)
        quit("setsockopt");
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)port);
    socklen_t length = sizeof address;
    if (bind(server, (struct sockaddr *)&address, length) < 0)
        quit("bind");
    if (listen(server, 1) < 0)
        quit("listen");
    if (getsockname(server, (struct sockaddr *)&address, &length) < 0)
        quit("getsockname");
    printf("listening on port %hu\n", ntohs(address.sin_port));
    if (fflush(stdout) == EOF)
        quit("fflush");
    int client = accept(server, NULL, NULL);
    if (client < 0)
        quit("accept");
    pid_t child = fork();
    if (child < 0)
        quit("fork");
    if (child == 0) {
        if (close(server) < 0)
            quit("close");
        return serve(client);
    }
    int status;
    if (close(client) < 0)
        quit("close");
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            quit("waitpid");
    if (close(server) < 0)
        quit("close");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
