/* A right program of another style: getaddrinfo for the own address too, a thread
   that receives while main() waits for the signal (sigwait), isprint. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *serve(void *argument)
{
    int fd = *(int *)argument;
    unsigned char *message = malloc(65536);
    while (message != NULL) {
        struct sockaddr_storage from;
        socklen_t room = sizeof from;
        ssize_t n = recvfrom(fd, message, 65536, 0, (struct sockaddr *)&from, &room);
        if (n < 0) {
            perror("asym_server: recvfrom");
            continue;
        }
        char host[64], port[8];
        getnameinfo((struct sockaddr *)&from, room, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM);
        printf("%s:%s %zd", host, port, n);
        for (ssize_t i = 0; i < n; i++)
            printf("%s%c", i == 0 ? " " : "", isprint(message[i]) ? message[i] : '.');
        if (puts("") == EOF)
            perror("asym_server: puts");
        unsigned char answer[4] = {0, (unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                   (unsigned char)n};
        if (sendto(fd, answer, 4, 0, (struct sockaddr *)&from, room) != 4)
            perror("asym_server: sendto");
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    const char *word = argc > 1 ? argv[1] : "5005";
    if (argc > 2 || strspn(word, "0123456789") != strlen(word) || *word == '\0' ||
        strlen(word) > 5 || atoi(word) > 65535) {
        fprintf(stderr, "usage: asym_server [PORT]\n");
        exit(2);
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    struct addrinfo hints = {.ai_flags = AI_PASSIVE,
                             .ai_family = AF_INET,
                             .ai_socktype = SOCK_DGRAM},
                    *own;
    int error = getaddrinfo(NULL, word, &hints, &own), fd;
    if (error != 0) {
        fprintf(stderr, "asym_server: getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    if ((fd = socket(own->ai_family, own->ai_socktype, own->ai_protocol)) < 0) {
        perror("asym_server: socket");
        exit(1);
    }
    if (bind(fd, own->ai_addr, own->ai_addrlen) < 0) {
        perror("asym_server: bind");
        exit(1);
    }
    freeaddrinfo(own);
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0) {
        perror("asym_server: getsockname");
        exit(1);
    }
    if (printf("listening on port %u\n", ntohs(name.sin_port)) < 0) {
        perror("asym_server: printf");
        exit(1);
    }

    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, serve, &fd)) != 0) {
        perror("asym_server: pthread_create");
        exit(1);
    }
    int signal_number;
    sigwait(&ends, &signal_number);
    _exit(0);
}
