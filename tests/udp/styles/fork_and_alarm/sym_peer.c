/* A right program of another style: a process for each direction. The child hears and
   prints; the parent reads lines with getline() and sends. Whoever ends first ends the
   other. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int error(const char *call)
{
    fprintf(stderr, "sym_peer: %s: %s\n", call, strerror(errno));
    return 1;
}

static void child_has_ended(int n)
{
    int status, save = errno;
    (void)n;
    if (waitpid(-1, &status, WNOHANG) > 0)
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    errno = save;
}

static int hear(int dS, const struct sockaddr_in *aP)
{
    static char msg[65507];
    for (;;) {
        struct sockaddr_in aE;
        socklen_t lg = sizeof aE;
        ssize_t res = recvfrom(dS, msg, sizeof msg, 0, (struct sockaddr *)&aE, &lg);
        if (res == -1)
            return error("recvfrom");
        if (aE.sin_port != aP->sin_port || aE.sin_addr.s_addr != aP->sin_addr.s_addr)
            continue;
        if (res == 0) {
            printf("peer left\n");
            return fflush(stdout) == 0 ? 0 : error("fflush");
        }
        fwrite(msg, 1, (size_t)res, stdout);
        if (msg[res - 1] != '\n')
            putchar('\n');
        if (fflush(stdout) == EOF)
            return error("fflush");
    }
}

static int port(const char *word)
{
    char *end = NULL;
    long value = *word >= '0' && *word <= '9' ? strtol(word, &end, 10) : -1;
    return value < 0 || *end != '\0' || value > 65535 ? -1 : (int)value;
}

int main(int argc, char *argv[])
{
    if (argc != 4 || port(argv[1]) == -1 || port(argv[3]) == -1) {
        fprintf(stderr, "usage: %s LOCAL_PORT HOST REMOTE_PORT\n", argv[0]);
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET}, *list;
    int bad = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (bad) {
        fprintf(stderr, "sym_peer: getaddrinfo: %s\n", gai_strerror(bad));
        return 1;
    }
    struct sockaddr_in aP, own = {0};
    memcpy(&aP, list->ai_addr, sizeof aP);
    freeaddrinfo(list);
    int dS = socket(AF_INET, SOCK_DGRAM, 0);
    if (dS == -1)
        return error("socket");
    own.sin_family = AF_INET;
    own.sin_port = htons((uint16_t)port(argv[1]));
    if (bind(dS, (struct sockaddr *)&own, sizeof own) == -1)
        return error("bind");

    struct sigaction sa = {0};
    sa.sa_handler = child_has_ended;
    sa.sa_flags = SA_RESTART;
    sigaction(SIGCHLD, &sa, NULL);
    pid_t child = fork();
    if (child == -1)
        return error("fork");
    if (child == 0)
        _exit(hear(dS, &aP));

    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (length > 1024)
            fprintf(stderr, "sym_peer: line of %zd bytes refused\n", length);
        else if (sendto(dS, line, (size_t)length, 0, (struct sockaddr *)&aP, sizeof aP) ==
                 -1)
            error("sendto");
    }
    free(line);
    if (ferror(stdin)) {
        error("getline"); /* before the child's end is this process's end */
        kill(child, SIGTERM);
        return 1;
    }
    sendto(dS, NULL, 0, 0, (struct sockaddr *)&aP, sizeof aP);
    sa.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &sa, NULL);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    return 0;
}
