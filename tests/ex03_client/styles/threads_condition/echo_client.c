/* A right program of another style: a thread reads the lines, main() sends them and
   waits for each; a condition tells one of the other. */

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char *line; /* NULL: none waits */
static size_t line_length;
static bool at_end;
static const char *wrong; /* what has been wrong with the input, or NULL */

static void hand_over(char *bytes, size_t length)
{
    pthread_mutex_lock(&lock);
    while (line != NULL)
        pthread_cond_wait(&changed, &lock);
    line = bytes;
    line_length = length;
    at_end = bytes == NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void *read_lines(void *unused)
{
    static char reason[100];
    for (;;) {
        char *bytes = NULL;
        size_t room = 0;
        errno = 0;
        ssize_t length = getdelim(&bytes, &room, '\n', stdin);
        if (length == -1) {
            if (ferror(stdin)) {
                snprintf(reason, sizeof reason, "getdelim: %s", strerror(errno));
                wrong = reason;
            }
            free(bytes);
            break;
        }
        if (bytes[length - 1] != '\n') {
            bytes = realloc(bytes, (size_t)length + 2);
            bytes[length++] = '\n';
        }
        if (length > MOST) {
            wrong = "getdelim: a line has more than 4096 bytes";
            free(bytes);
            break;
        }
        hand_over(bytes, (size_t)length);
    }
    hand_over(NULL, 0);
    return unused;
}

int main(int argc, char **argv)
{
    unsigned long number = 0;
    const char *p = argc == 3 ? argv[2] : "";
    for (; *p >= '0' && *p <= '9' && number <= 65535; p++)
        number = 10 * number + (unsigned long)(*p - '0');
    if (argc != 3 || p == argv[2] || *p != '\0' || number > 65535) {
        fprintf(stderr, "Usage: %s HOST PORT\n", argv[0]);
        return 2;
    }

    struct addrinfo *all = NULL, *at,
                    hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int fd = -1, code = getaddrinfo(argv[1], argv[2], &hints, &all), why = 0;
    const char *call = "getaddrinfo";
    for (at = code == 0 ? all : NULL; at != NULL && fd == -1; at = at->ai_next) {
        call = "socket";
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        why = errno;
        if (fd == -1)
            continue;
        call = "connect";
        if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
            break;
        why = errno;
        close(fd);
        fd = -1;
    }
    if (all != NULL)
        freeaddrinfo(all);
    if (fd == -1) {
        fprintf(stderr, "echo_client: %s port %s: %s: %s\n", argv[1], argv[2], call,
                code != 0 ? gai_strerror(code) : strerror(why));
        return 1;
    }

    pthread_t reader;
    if ((errno = pthread_create(&reader, NULL, read_lines, NULL)) != 0) {
        perror("echo_client: pthread_create");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        pthread_mutex_lock(&lock);
        while (line == NULL && !at_end)
            pthread_cond_wait(&changed, &lock);
        char *bytes = line;
        size_t length = line_length;
        pthread_mutex_unlock(&lock);
        if (bytes == NULL)
            break;

        static char back[MOST];
        ssize_t n = 0;
        for (size_t sent = 0; sent < length; sent += (size_t)n)
            if ((n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL)) == -1) {
                fprintf(stderr, "echo_client: %s port %s: send: %s\n", argv[1], argv[2],
                        strerror(errno));
                exit(1);
            }
        for (size_t came = 0; came < length; came += (size_t)n)
            if ((n = recv(fd, back + came, length - came, MSG_WAITALL)) <= 0) {
                fprintf(stderr, "echo_client: %s port %s: recv: %s\n", argv[1], argv[2],
                        n == 0 ? "end of stream" : strerror(errno));
                exit(1);
            }
        if (fwrite(back, length, 1, stdout) != 1 || fflush(stdout) != 0) {
            perror("echo_client: fwrite");
            exit(1);
        }
        pthread_mutex_lock(&lock);
        free(line);
        line = NULL;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    pthread_join(reader, NULL);
    if (wrong != NULL)
        fprintf(stderr, "echo_client: %s\n", wrong);
    return close(fd) == -1 || wrong != NULL;
}
