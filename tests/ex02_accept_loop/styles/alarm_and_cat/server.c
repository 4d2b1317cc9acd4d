/* A right program of another style, as old as the calls: alarm() limits what blocks, the
   request is read through stdio, a FILE is sent by /bin/cat (posix_spawn), and an
   accept() that fails waits for a whole second. Its own lines on stdout tell of each
   client. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t finished, late;

static void handler(int number)
{
    if (number == SIGALRM)
        late = 1;
    else
        finished = 1;
}

/* Reads or writes, until its time is over; an alarm that comes too early comes again. */
static ssize_t timed(int fd, char *bytes, size_t length, int writing)
{
    ssize_t n;
    late = 0;
    alarm(2);
    do
        n = writing ? send(fd, bytes, length, MSG_NOSIGNAL) : read(fd, bytes, length);
    while (n == -1 && errno == EINTR && !late && !finished);
    alarm(0);
    if (n == -1 && !finished)
        perror(writing ? "server: send" : "server: read");
    return n;
}

static int write_all(int fd, char *bytes, size_t length)
{
    while (length > 0 && !finished) {
        ssize_t n = timed(fd, bytes, length < 65536 ? length : 65536, 1);
        if (n == -1)
            return -1;
        bytes += n;
        length -= (size_t)n;
    }
    return finished ? -1 : 0;
}

static int head(int fd, const char *status, long length)
{
    char text[300];
    sprintf(text,
            "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"
            "Content-Length: %ld\r\nConnection: close\r\n\r\n",
            status, length);
    return write_all(fd, text, strlen(text));
}

static void refuse(int fd, const char *status, int with_page)
{
    char text[100];
    head(fd, status, (long)strlen(status) + 1);
    sprintf(text, "%s\n", status);
    if (with_page)
        write_all(fd, text, strlen(text));
    shutdown(fd, SHUT_WR);
    while (!finished && timed(fd, text, sizeof text, 0) > 0)
        ;
}

/* Through /bin/cat and a pipe, so that a client who takes nothing is noticed here. */
static void send_file(int fd, char *path, int with_page)
{
    char *words[] = {"cat", "--", path, NULL}, block[65536];
    struct stat about;
    posix_spawn_file_actions_t actions;
    int tube[2];
    pid_t cat;
    FILE *file =
        stat(path, &about) == 0 && S_ISREG(about.st_mode) ? fopen(path, "r") : NULL;
    if (file == NULL) {
        refuse(fd, "404 Not Found", with_page);
        return;
    }
    fclose(file);
    if (head(fd, "200 OK", (long)about.st_size) == -1 || !with_page)
        return;
    if (pipe(tube) == -1) {
        perror("server: pipe");
        return;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, tube[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, tube[0]);
    posix_spawn_file_actions_addclose(&actions, tube[1]);
    int error = posix_spawn(&cat, "/bin/cat", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(tube[1]);
    long left = (long)about.st_size;
    ssize_t n;
    while (error == 0 && left > 0 && (n = read(tube[0], block, sizeof block)) != 0) {
        if (n == -1 && errno == EINTR && !finished)
            continue;
        if (n == -1 || write_all(fd, block, n < left ? (size_t)n : (size_t)left) == -1)
            break;
        left -= n;
    }
    close(tube[0]); /* so cat ends, if it has not */
    if (error == 0)
        while (waitpid(cat, NULL, 0) == -1 && errno == EINTR)
            ;
}

static void serve(int fd, char *path)
{
    static long count;
    static char bytes[8193];
    size_t length = 0, i = 0;
    for (;;) {
        while (i + 4 <= length && memcmp(bytes + i, "\r\n\r\n", 4) != 0)
            i++;
        if (i + 4 <= length)
            break;
        if (length == 8192) {
            refuse(fd, "431 Request Header Fields Too Large", 1);
            return;
        }
        ssize_t n = timed(fd, bytes + length, 8192 - length, 0);
        if (n == 0)
            fprintf(stderr, "server: read: the end, too early\n");
        if (n <= 0)
            return;
        length += (size_t)n;
    }
    bytes[i + 4] = '\0';
    char *line = bytes, *end = strchr(bytes, '\r');
    if (end == NULL || end[1] != '\n') {
        refuse(fd, "400 Bad Request", 1);
        return;
    }
    *end = '\0';
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL || target == line || version == target + 1 ||
        strlen(version) != 9 || strncmp(version, " HTTP/1.", 8) != 0 ||
        version[8] < '0' || version[8] > '9') {
        refuse(fd, "400 Bad Request", 1);
        return;
    }
    *target++ = *version = '\0';
    target[strcspn(target, "?")] = '\0';
    int is_get = strcmp(line, "GET") == 0;
    if (!is_get && strcmp(line, "HEAD") != 0) {
        refuse(fd, "501 Not Implemented", 1);
    } else if (strcmp(target, "/") != 0) {
        refuse(fd, "404 Not Found", is_get);
    } else if (path != NULL) {
        send_file(fd, path, is_get);
    } else {
        char page[200];
        sprintf(page, "<html>\n<h1>\n  Hello World!\n</h1>\nVisitor %ld</html>\n",
                count + 1);
        count += is_get;
        if (head(fd, "200 OK", (long)strlen(page)) == 0 && is_get)
            write_all(fd, page, strlen(page));
    }
}

static void die(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    char *rest = NULL;
    long port = argc < 2 ? 8080 : strtol(argv[1], &rest, 10);
    if (argc > 3 || port < 0 || port > 65535 ||
        (argc > 1 && (*argv[1] < '0' || *argv[1] > '9' || *rest != '\0'))) {
        fputs("usage: server [PORT [FILE]]\n", stderr);
        exit(2);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in me;
    socklen_t length = sizeof me;
    memset(&me, 0, sizeof me);
    me.sin_family = AF_INET;
    me.sin_port = htons((unsigned short)port);
    if (fd == -1)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&me, sizeof me) == -1)
        die("bind");
    if (listen(fd, 40) == -1)
        die("listen");
    if (getsockname(fd, (struct sockaddr *)&me, &length) == -1)
        die("getsockname");
    printf("listening on port %d\n", ntohs(me.sin_port));
    fflush(stdout);

    for (int client; !finished;) {
        struct sockaddr_in peer;
        length = sizeof peer;
        client = accept(fd, (struct sockaddr *)&peer, &length);
        if (client == -1 && finished)
            break;
        if (client == -1) {
            perror("server: accept");
            sleep(1);
            continue;
        }
        printf("a client: %s\n", inet_ntoa(peer.sin_addr));
        fflush(stdout);
        serve(client, argc == 3 ? argv[2] : NULL);
        close(client);
    }
    close(fd);
    return 0;
}
