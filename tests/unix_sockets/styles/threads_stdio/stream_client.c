/* A right program of another style: the connection as two stdio streams. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un un = {AF_LOCAL, ""};
    if (argc != 2 || !*argv[1] || strlen(argv[1]) > sizeof un.sun_path - 1) {
        fprintf(stderr, "usage: stream_client PATH\n");
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);
    strcpy(un.sun_path, argv[1]);
    int s = socket(PF_LOCAL, SOCK_STREAM, 0);
    if (s < 0) {
        perror("stream_client: socket");
        exit(1);
    }
    if (connect(s, (struct sockaddr *)&un, (socklen_t)SUN_LEN(&un)) < 0) {
        fprintf(stderr, "stream_client: cannot connect to %s: %s\n", argv[1],
                strerror(errno));
        exit(1);
    }
    FILE *in = fdopen(s, "r"), *out = fdopen(dup(s), "w");
    int ch, status = 0;
    do {
        char line[4097];
        int n = 0;
        while ((ch = getchar()) != EOF && n < 4097) {
            line[n++] = (char)ch;
            if (ch == '\n')
                break;
        }
        if (ch == EOF && n > 0)
            line[n < 4097 ? n++ : 4096] = '\n';
        if (n == 0)
            break;
        if (n > 4096) {
            fprintf(stderr, "stream_client: line too long\n");
            status = 1;
            break;
        }
        fwrite(line, 1, (size_t)n, out);
        if (fflush(out)) {
            perror("stream_client: write");
            status = 1;
            break;
        }
        int back = 0;
        do {
            if ((back = getc(in)) == EOF) {
                fprintf(stderr, "stream_client: %s\n",
                        ferror(in) ? strerror(errno) : "the server has gone");
                status = 1;
                break;
            }
            putchar(back);
        } while (back != '\n');
        if (fflush(stdout)) {
            perror("stream_client: stdout");
            status = 1;
        }
    } while (ch != EOF && status == 0);
    if (ferror(stdin)) {
        perror("stream_client: stdin");
        status = 1;
    }
    fclose(in);
    fclose(out);
    return status;
}
