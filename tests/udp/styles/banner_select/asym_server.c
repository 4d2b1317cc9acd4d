/* A right program of another style: a banner before the line that says where it listens,
   select() with a pipe, the length asked for with MSG_PEEK before there is a buffer, the
   answer sent before the line is printed, the socket at a high descriptor. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int bell[2];

static void ring(int number)
{
    int error = errno;
    char byte = (char)number;
    if (write(bell[1], &byte, 1) == -1)
        errno = error;
    errno = error;
}

static void say(const char *call)
{
    fprintf(stderr, "asym_server: %s: %s\n", call, strerror(errno));
}

static _Noreturn void stop(const char *call)
{
    say(call);
    exit(1);
}

static void serve(int fd)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    char first, address[INET_ADDRSTRLEN];
    ssize_t length = recv(fd, &first, 1, MSG_PEEK | MSG_TRUNC);
    if (length == -1) {
        say("recv");
        return;
    }
    unsigned char *text = calloc((size_t)length + 1, 1);
    if (text == NULL)
        stop("calloc");
    if (recvfrom(fd, text, (size_t)length, 0, (struct sockaddr *)&from, &size) == -1)
        say("recvfrom");
    else {
        const uint32_t answer = htonl((uint32_t)length);
        if (sendto(fd, &answer, 4, 0, (struct sockaddr *)&from, size) != 4)
            say("sendto");
        for (ssize_t i = 0; i < length; i++)
            if (text[i] - 32u > 126u - 32u)
                text[i] = '.';
        inet_ntop(AF_INET, &from.sin_addr, address, sizeof address);
        if (printf("%s:%u %zd %s\n", address, ntohs(from.sin_port), length, text) < 0 ||
            fflush(stdout) != 0)
            say("printf");
    }
    free(text);
}

int main(int argc, char **argv)
{
    const char *word = argc == 2 ? argv[1] : "5005";
    unsigned long port = 0;
    size_t digits = strspn(word, "0123456789");
    if (argc > 2 || digits == 0 || word[digits] != '\0' || digits > 5 ||
        (port = strtoul(word, NULL, 10)) > 65535) {
        fputs("usage: asym_server [PORT]\n", stderr);
        return 2;
    }
    printf("asym_server, process %ld: prints what comes, answers how much it was\n"
           "(Ctrl-C ends it)\n\n",
           (long)getpid());
    int small = socket(AF_INET, SOCK_DGRAM, 0);
    if (small == -1)
        stop("socket");
    int fd = fcntl(small, F_DUPFD, 100);
    if (fd == -1 || close(small) == -1)
        stop("fcntl");
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    memset(&own, 0, sizeof own);
    own.sin_family = AF_INET;
    own.sin_port = htons((uint16_t)port);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        stop("bind");
    if (getsockname(fd, (struct sockaddr *)&own, &size) == -1)
        stop("getsockname");
    struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};
    if (pipe(bell) == -1 || sigaction(SIGINT, &action, NULL) == -1 ||
        sigaction(SIGTERM, &action, NULL) == -1)
        stop("pipe");
    if (printf("listening on port %u\n", ntohs(own.sin_port)) < 0 || fflush(stdout) != 0)
        stop("printf");
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        FD_SET(bell[0], &set);
        int ready = select((fd > bell[0] ? fd : bell[0]) + 1, &set, NULL, NULL, NULL);
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1)
            stop("select");
        if (FD_ISSET(bell[0], &set))
            return close(fd) == 0 ? 0 : 1;
        serve(fd);
    }
}
