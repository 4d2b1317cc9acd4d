#define _POSIX_C_SOURCE 200809L
#define ME "stream_server"
#include "unix.h"

/* One client, in a process of its own; the parent waits for its end. */
static _Noreturn void serve(int fd)
{
    char buffer[3000];
    ssize_t n, k;
    while (await(fd, 0, -1) == 1) {
        n = read(fd, buffer, sizeof buffer);
        if (n == -1)
            err("read");
        if (n <= 0)
            _exit(0);
        for (char *at = buffer; n > 0;) {
            if (await(fd, 1, -1) != 1)
                _exit(0);
            k = write(fd, at, (size_t)n);
            if (k == -1 && errno != EAGAIN) {
                err("write");
                _exit(0);
            }
            at += k > 0 ? k : 0;
            n -= k > 0 ? k : 0;
        }
    }
    _exit(0);
}

static int alarm_pipe[2];
static void child_ended(int number)
{
    int saved = errno;
    ssize_t n = write(alarm_pipe[1], &number, 1);
    errno = n == 1 ? saved : saved;
}

/* Waits for the end of the child, or for a signal, which it hands on. */
static int wait_for(pid_t child)
{
    char byte;
    if (await(alarm_pipe[0], 0, -1) != 1)
        kill(child, SIGKILL);
    while (read(alarm_pipe[0], &byte, 1) == 1)
        ;
    return waitpid(child, NULL, 0) == child && !over ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un un;
    struct stat st;
    if (argc != 2 || fill(&un, argv[1]))
        return fputs("usage: " ME " PATH\n", stderr), 2;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return err("socket");
    signals_only_in_pselect();
    if (bind_here(fd, &un, &st) != 0)
        return err("bind");
    if (listen(fd, 5) != 0)
        return give_up(&un, &st, err("listen"));
    if (pipe(alarm_pipe) != 0)
        return give_up(&un, &st, err("pipe"));
    fcntl(alarm_pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct sigaction sa = {.sa_handler = child_ended, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &sa, NULL);
    if (dprintf(1, "listening on %s\n", un.sun_path) < 0)
        return give_up(&un, &st, err("dprintf"));
    while (await(fd, 0, -1) == 1) {
        int client = accept(fd, NULL, NULL);
        pid_t child = client < 0 ? -1 : fork();
        if (client < 0 && errno == EAGAIN)
            continue;
        if (child == 0) {
            close(fd);
            fcntl(client, F_SETFL, O_NONBLOCK);
            serve(client);
        }
        if (child < 0) {
            err(client < 0 ? "accept" : "fork");
            await(-1, 0, 50);
        }
        if (client >= 0)
            close(client);
        if (child > 0 && wait_for(child) != 0)
            break;
    }
    return give_up(&un, &st, 0);
}
