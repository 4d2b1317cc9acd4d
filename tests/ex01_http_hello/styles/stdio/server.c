/* A right program of another style: the connection as stdio streams, read by bytes; it
   takes its time before it answers. */

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    long port = 8080;
    if (argc == 2) {
        char *end;
        port = isdigit((unsigned char)argv[1][0]) ? strtol(argv[1], &end, 10) : -1;
        if (port < 0 || *end || port > 65535)
            argc = 3;
    }
    if (argc > 2) {
        fprintf(stderr, "usage: server [PORT]\n");
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);

    int s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    int one = 1;
    struct sockaddr_in me;
    memset(&me, 0, sizeof(me));
    me.sin_family = AF_INET;
    me.sin_port = htons((unsigned short)port);
    me.sin_addr.s_addr = INADDR_ANY;
    socklen_t len = sizeof(me);
    if (s < 0) {
        perror("server: socket");
        exit(1);
    }
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0) {
        perror("server: setsockopt");
        exit(1);
    }
    if (bind(s, (struct sockaddr *)&me, sizeof(me)) < 0) {
        perror("server: bind");
        exit(1);
    }
    if (listen(s, 5) < 0) {
        perror("server: listen");
        exit(1);
    }
    if (getsockname(s, (struct sockaddr *)&me, &len) < 0) {
        perror("server: getsockname");
        exit(1);
    }
    printf("listening on port %d\n", ntohs(me.sin_port));
    if (fflush(stdout) == EOF) {
        perror("server: fflush");
        exit(1);
    }

    int c = accept(s, NULL, NULL);
    if (c < 0) {
        perror("server: accept");
        exit(1);
    }
    FILE *in = fdopen(c, "r"), *out = fdopen(dup(c), "w");
    int seen = 0, count = 0, ch;
    while (seen < 4 && count < 8192 && (ch = getc(in)) != EOF) {
        count++;
        seen = ch == "\r\n\r\n"[seen] ? seen + 1 : ch == '\r';
    }
    if (ferror(in)) {
        perror("server: getc");
        exit(1);
    }
    if (seen < 4 && count < 8192) {
        fprintf(stderr, "server: read: the client left\n");
        exit(1);
    }
    poll(NULL, 0, 100);
    const char *page = "<html><h1>Hello World!</h1></html>\n";
    fprintf(out,
            "HTTP/1.1 %s\r\nContent-Type: text/html; charset=\"utf-8\"\r\n"
            "Connection: Close\r\nContent-Length:%zu\r\n\r\n%s",
            seen == 4 ? "200 OK" : "431 Request Header Fields Too Large", strlen(page),
            page);
    if (fclose(out) == EOF) {
        perror("server: send");
        exit(1);
    }
    if (seen < 4) {
        if (shutdown(c, SHUT_WR) < 0) {
            perror("server: shutdown");
            exit(1);
        }
        while (getc(in) != EOF)
            ;
        if (ferror(in)) {
            perror("server: getc");
            exit(1);
        }
    }
    if (fclose(in) == EOF || close(s) < 0) {
        perror("server: close");
        exit(1);
    }
    return 0;
}
