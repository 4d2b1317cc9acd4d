/* A right program of another style: the response lies in a file that has no name, and
   sendfile() takes it from there; recv() waits by MSG_WAITALL for what is surely missing
   of the request; the sockets have other descriptors than usual. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 8192, ABOVE = 100 };

static int must(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
        _exit(EXIT_FAILURE);
    }
    return result;
}

static int port_from(const char *word)
{
    char *end;
    errno = 0;
    unsigned long port = strtoul(word, &end, 10);
    return strspn(word, "0123456789") == strlen(word) && *word && errno == 0 &&
                   port <= 65535
               ? (int)port
               : -1;
}

int main(int argc, char **argv)
{
    int port = argc == 2 ? port_from(argv[1]) : argc == 1 ? 8080 : -1;
    if (port < 0) {
        fprintf(stderr, "USAGE: %s [PORT]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int low = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    int server = must(fcntl(low, F_DUPFD_CLOEXEC, ABOVE), "fcntl");
    must(close(low), "close");
    must(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)),
         "setsockopt");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {INADDR_ANY},
                                  .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    must(bind(server, (struct sockaddr *)&address, size), "bind");
    must(listen(server, 128), "listen");
    must(getsockname(server, (struct sockaddr *)&address, &size), "getsockname");
    FILE *out = fdopen(dup(STDOUT_FILENO), "w");
    if (out == NULL ||
        fprintf(out, "listening on port %d\n", ntohs(address.sin_port)) < 0 ||
        fclose(out) == EOF)
        must(-1, "fclose");

    int client = must(accept4(server, NULL, NULL, SOCK_CLOEXEC), "accept4");
    char request[MOST];
    size_t length = 0;
    size_t missing = 4; /* of the blank line, at least */
    while (length < MOST && missing > 0) {
        if (missing > MOST - length)
            missing = MOST - length;
        ssize_t got = recv(client, request + length, missing, MSG_WAITALL);
        must((int)got, "recv");
        if (got == 0) {
            fprintf(stderr, "server: no request: the client closed\n");
            return EXIT_FAILURE;
        }
        length += (size_t)got;
        for (missing = 0; missing < 4; missing++)
            if (length + missing >= 4 &&
                memcmp(request + length + missing - 4, "\r\n\r\n", 4 - missing) == 0)
                break;
    }
    int complete = missing == 0;

    static const char page[] =
        "<!DOCTYPE html>\n<html>\n<h1 id=\"a\" >Hello World!</h1 >\n";
    int file = must(memfd_create("response", MFD_CLOEXEC), "memfd_create");
    int all = must(dprintf(file,
                           "HTTP/1.1 %s\r\n"
                           "Date: Mon, 24 Nov 2025 12:00:00 GMT\r\n"
                           "CONTENT-TYPE: text/html; charset=utf-8\r\n"
                           "CONNECTION: close\r\n"
                           "CONTENT-LENGTH: %zu\r\n"
                           "\r\n%s",
                           complete ? "200 OK" : "431 Request Header Fields Too Large",
                           sizeof page - 1, page),
                   "dprintf");
    for (off_t at = 0; at < all;)
        must((int)sendfile(client, file, &at, (size_t)(all - at)), "sendfile");
    if (!complete) {
        ssize_t got;
        must(shutdown(client, SHUT_WR), "shutdown");
        while ((got = recv(client, request, MOST, MSG_TRUNC)) > 0)
            ;
        must((int)got, "recv");
    }
    must(close(file), "close");
    must(close(client), "close");
    must(close(server), "close");
    return EXIT_SUCCESS;
}
