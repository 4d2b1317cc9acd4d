/* A right program of another style: one file, the connection as stdio streams. */

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *host, *port;

static void die(const char *what)
{
    fprintf(stderr, "client: %s port %s: %s\n", host, port, what);
    exit(EXIT_FAILURE);
}

static void usage(void)
{
    fputs("Usage: client HOST PORT [PATH]\n", stderr);
    exit(2);
}

int main(int argc, char *argv[])
{
    if (argc != 3 && argc != 4)
        usage();
    host = argv[1];
    port = argv[2];
    const char *path = argc > 3 ? argv[3] : "/";
    size_t digits = strspn(port, "0123456789");
    if (digits == 0 || port[digits] || digits > 5 || atol(port) > 65535 || *path != '/')
        usage();

    signal(SIGPIPE, SIG_IGN);
    struct addrinfo hints, *res, *ai;
    memset(&hints, 0, sizeof(hints));
    hints.ai_family = PF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    int err = getaddrinfo(host, port, &hints, &res), s = -1;
    if (err)
        fprintf(stderr, "client: %s port %s: getaddrinfo: %s\n", host, port,
                gai_strerror(err)),
            exit(EXIT_FAILURE);
    char why[200] = "";
    for (ai = res; ai; ai = ai->ai_next) {
        s = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (s >= 0 && connect(s, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        snprintf(why, sizeof why, "%s: %s", s < 0 ? "socket" : "connect",
                 strerror(errno));
        fprintf(stderr, "client: an address did not answer: %s\n", why);
        if (s >= 0)
            close(s);
    }
    freeaddrinfo(res);
    if (!ai)
        die(why);

    FILE *in = fdopen(s, "r"), *out = fdopen(dup(s), "w");
    if (!in || !out)
        die("fdopen failed");
    int colon = strchr(host, ':') != NULL;
    fprintf(out, "GET %s HTTP/1.1\r\nConnection: close\r\nHost: %s%s%s:%s\r\n", path,
            colon ? "[" : "", host, colon ? "]" : "", port);
    fprintf(out, "User-Agent: client\r\nAccept: */*\r\n\r\n");
    if (fclose(out) == EOF) {
        snprintf(why, sizeof why, "send: %s", strerror(errno));
        die(why);
    }

    setvbuf(stdout, NULL, _IONBF, 0);
    setvbuf(in, NULL, _IONBF, 0);
    static char page[30000];
    long total = 0;
    ssize_t n;
    while ((n = read(s, page, sizeof(page))) > 0) {
        if (fwrite(page, (size_t)n, 1, stdout) != 1) {
            perror("client: stdout");
            return EXIT_FAILURE;
        }
        total += n;
    }
    if (n < 0) {
        fprintf(stderr, "client: %s port %s: ", host, port);
        perror("read");
        return EXIT_FAILURE;
    }
    if (!total)
        die("empty response");
    fclose(in);
    return 0;
}
