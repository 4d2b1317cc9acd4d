/* A right program of another style: it half-closes after every response and receives what
   still comes until the client has closed, so that no data after the request brings RST;
   it says on stdout what it does. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check(int result, const char *call)
{
    if (result != -1)
        return;
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void say(const char *text, int port)
{
    printf(text, port);
    check(fflush(stdout) == EOF ? -1 : 0, "fflush");
}

static int usage(void)
{
    fputs("this is the server of ex01\nusage: server [PORT]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    unsigned port = 8080;
    if (argc > 2)
        return usage();
    if (argc == 2) {
        const char *digit = argv[1];
        for (port = 0; *digit >= '0' && *digit <= '9' && port < 65536; digit++)
            port = port * 10 + (unsigned)(*digit - '0');
        if (*digit != '\0' || digit == argv[1] || port > 65535)
            return usage();
    }
    signal(SIGPIPE, SIG_IGN);
    say("this is the server of ex01\n", 0);

    int s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP), on = 1;
    check(s, "socket");
    check(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    check(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons((uint16_t)port);
    check(bind(s, (struct sockaddr *)&a, sizeof a), "bind");
    check(listen(s, 0), "listen");
    socklen_t length = sizeof a;
    check(getsockname(s, (struct sockaddr *)&a, &length), "getsockname");
    say("listening on port %d\n", ntohs(a.sin_port));

    struct sockaddr_in peer;
    length = sizeof peer;
    int c = accept(s, (struct sockaddr *)&peer, &length);
    check(c, "accept");
    say("a client has come, from its port %d\n", ntohs(peer.sin_port));

    unsigned last = 0; /* the last four bytes */
    bool complete = false;
    for (int count = 0; !complete && count < 8192; count++) {
        unsigned char byte;
        ssize_t n = recv(c, &byte, 1, 0);
        check((int)n, "recv");
        if (n == 0) {
            fputs("server: the request broke off\n", stderr);
            return 1;
        }
        last = last << 8 | byte;
        complete = last == 0x0d0a0d0au;
    }

    const char *parts[] = {
        complete ? "HTTP/1.1 200 OK\r\n"
                   "Content-Length: 55\r\n"
                 : "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                   "Content-Length: 29\r\n",
        "Content-Type: text/html; charset=utf-8\r\n", "Connection: close\r\n", "\r\n",
        complete ? "<html><body><h1>Hello World!</h1><p>👋</body></html>\n"
                 : "<html><p>Too large</p></html>"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t done = 0, all = strlen(parts[i]); done < all;) {
            ssize_t n = write(c, parts[i] + done, all - done);
            check((int)n, "write");
            done += (size_t)n;
        }
    check(shutdown(c, SHUT_WR), "shutdown");
    char rest[512];
    ssize_t n;
    while ((n = recv(c, rest, sizeof rest, 0)) > 0)
        ;
    check((int)n, "recv");
    say("done\n", 0);
    check(close(c), "close");
    check(close(s), "close");
    return 0;
}
