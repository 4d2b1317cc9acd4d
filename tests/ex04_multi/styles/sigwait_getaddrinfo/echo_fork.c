/* One file, no net.c. The classical handlers: SIGCHLD with SA_RESTART, and an end by
   _exit() in the handler, which kills the children it has counted in a table. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile pid_t children[4096];

static void reap(int number)
{
    int saved = errno + 0 * number;
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        for (int i = 0; i < 4096; i++)
            if (children[i] == pid)
                children[i] = 0;
    errno = saved;
}

static void stop(int number)
{
    (void)number;
    for (int i = 0; i < 4096; i++)
        if (children[i] > 0)
            kill(children[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    _exit(0);
}

static void must(const char *name, const char *call, int result)
{
    if (result != -1)
        return;
    fprintf(stderr, "%s: %s: %s\n", name, call, strerror(errno));
    exit(1);
}

static int open_port(const char *name, int argc, char **argv)
{
    const char *port = argc > 1 ? argv[1] : "6667", *c = port;
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    while (isdigit((unsigned char)*c))
        c++;
    if (argc > 2 || *c != '\0' || c == port || c - port > 5 || atoi(port) > 65535) {
        fprintf(stderr, "usage: %s [PORT]\n", name);
        exit(2);
    }
    int error = getaddrinfo(NULL, port, &hints, &found);
    if (error != 0) {
        fprintf(stderr, "%s: getaddrinfo: %s\n", name, gai_strerror(error));
        exit(1);
    }
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol), on = 1;
    must(name, "socket", fd);
    must(name, "setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    must(name, "bind", bind(fd, found->ai_addr, found->ai_addrlen));
    must(name, "listen", listen(fd, 100));
    freeaddrinfo(found);
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    must(name, "getsockname", getsockname(fd, (struct sockaddr *)&own, &size));
    printf("listening on port %d\n", ntohs(own.sin_port));
    must(name, "fflush", fflush(stdout));
    return fd;
}

static void serve(int fd)
{
    char line[512], byte;
    size_t length = 0;
    while (read(fd, &byte, 1) == 1) {
        line[length++] = byte;
        if (byte == '\n') {
            if (length > 1 && line[length - 2] == '\r')
                line[--length - 1] = '\n';
            for (size_t done = 0; done < length;) {
                ssize_t n = write(fd, line + done, length - done);
                if (n <= 0)
                    return;
                done += (size_t)n;
            }
            length = 0;
        } else if (length == sizeof line) {
            for (size_t done = 0; done < 14;) {
                ssize_t n = write(fd, &"line too long\n"[done], 14 - done);
                if (n <= 0)
                    return;
                done += (size_t)n;
            }
            return;
        }
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigset_t ours, before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    action.sa_mask = ours;
    sigaction(SIGCHLD, &action, NULL);
    action.sa_handler = stop;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    int server_fd = open_port("echo_fork", argc, argv);
    for (;;) {
        int fd = accept(server_fd, NULL, NULL);
        if (fd == -1) {
            struct timespec nap = {0, 10000000};
            nanosleep(&nap, NULL);
            continue;
        }
        int place = 0;
        sigprocmask(SIG_BLOCK, &ours, &before);
        while (place < 4096 && children[place] != 0)
            place++;
        pid_t pid = place < 4096 ? fork() : -1;
        if (pid == 0) {
            signal(SIGTERM, SIG_DFL);
            signal(SIGINT, SIG_DFL);
            sigprocmask(SIG_SETMASK, &before, NULL);
            close(server_fd);
            serve(fd);
            _exit(0);
        }
        if (pid > 0)
            children[place] = pid;
        sigprocmask(SIG_SETMASK, &before, NULL);
        close(fd);
    }
}
