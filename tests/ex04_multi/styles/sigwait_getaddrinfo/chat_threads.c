/* A thread for the signals (main's, in sigwait), one that accepts, one a client; two
   arrays under one mutex, and at the end simply exit(). */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

static int fds[100];
static long ids[100];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int put(int fd, const char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = send(fd, bytes + done, length - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

static void *client(void *argument)
{
    int place = (int)(long)argument, fd;
    char out[600], in[512];
    size_t length = 0;
    ssize_t n = 1;
    pthread_mutex_lock(&lock);
    fd = fds[place] - 1;
    long id = ids[place];
    pthread_mutex_unlock(&lock);
    int head = sprintf(out, "#%ld ", id);
    while (length < 512 && (n = recv(fd, in + length, 1, 0)) == 1) {
        if (in[length++] != '\n')
            continue;
        if (length > 1 && in[length - 2] == '\r')
            in[--length - 1] = '\n';
        memcpy(out + head, in, length);
        pthread_mutex_lock(&lock);
        for (int i = 0; i < 100; i++)
            if (fds[i] > 0 && i != place && !put(fds[i] - 1, out, (size_t)head + length))
                shutdown(fds[i] - 1, SHUT_RDWR);
        pthread_mutex_unlock(&lock);
        length = 0;
    }
    pthread_mutex_lock(&lock);
    if (length == 512)
        put(fd, "line too long\n", 14);
    fds[place] = 0;
    close(fd);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *acceptor(void *argument)
{
    int server_fd = *(int *)argument;
    long last = 0;
    for (;;) {
        int fd = accept(server_fd, NULL, NULL), place;
        struct timespec nap = {0, 10000000};
        if (fd == -1) {
            nanosleep(&nap, NULL);
            continue;
        }
        pthread_mutex_lock(&lock);
        for (place = 0; place < 100 && fds[place] != 0; place++)
            ;
        if (place < 100) {
            fds[place] = fd + 1;
            ids[place] = ++last;
        }
        pthread_mutex_unlock(&lock);
        pthread_t thread;
        if (place == 100) {
            put(fd, "server full\n", 12);
            close(fd);
        } else if (pthread_create(&thread, NULL, client, (void *)(long)place) == 0)
            pthread_detach(thread);
        else {
            pthread_mutex_lock(&lock);
            fds[place] = 0;
            last--;
            pthread_mutex_unlock(&lock);
            close(fd);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    sigset_t set;
    int number;
    pthread_t thread;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    static int server_fd;
    server_fd = open_port("chat_threads", argc, argv);
    pthread_create(&thread, NULL, acceptor, &server_fd);
    pthread_detach(thread);
    sigwait(&set, &number);
    exit(0);
}
