/* What both servers of this style share: a thread that waits for the signals. */
#ifndef COMMON_H
#define COMMON_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static sigset_t both;
static const char *my_path;
static struct stat my_file;

static void oops(const char *call)
{
    perror(call);
    exit(1);
}

static void cleanup(void)
{
    struct stat st;
    if (!lstat(my_path, &st) && st.st_ino == my_file.st_ino &&
        st.st_dev == my_file.st_dev)
        remove(my_path);
}

static void *wait_for_signal(void *arg)
{
    int sig;
    sigwait(&both, &sig);
    cleanup();
    _exit(0);
    return arg;
}

static int is_alive(const struct sockaddr_un *un)
{
    struct stat st;
    if (lstat(un->sun_path, &st))
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return 1;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    int r = connect(fd, (const struct sockaddr *)un, sizeof *un);
    int alive = r == 0 || errno != ECONNREFUSED;
    close(fd);
    return alive;
}

/* Looks first, then unlinks, then binds; the umask stays as it is then. */
static int server_on(const char *who, int argc, char **argv, int type)
{
    static char call[64];
    static struct sockaddr_un un;
    pthread_t thread;
    if (argc != 2 || !*argv[1] || strlen(argv[1]) > sizeof un.sun_path - 1) {
        fprintf(stderr, "usage: %s PATH\n", who);
        exit(2);
    }
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    pthread_sigmask(SIG_BLOCK, &both, NULL);
    signal(SIGPIPE, SIG_IGN);
    un.sun_family = AF_LOCAL;
    strcpy(un.sun_path, argv[1]);
    sprintf(call, "%s: socket", who);
    int fd = socket(PF_LOCAL, type, 0);
    if (fd < 0)
        oops(call);
    sprintf(call, "%s: bind", who);
    umask(S_IXUSR | S_IRWXG | S_IRWXO);
    if (is_alive(&un)) {
        errno = EADDRINUSE;
        oops(call);
    }
    unlink(argv[1]);
    if (bind(fd, (struct sockaddr *)&un, (socklen_t)SUN_LEN(&un)) < 0)
        oops(call);
    my_path = un.sun_path;
    lstat(my_path, &my_file);
    atexit(cleanup);
    sprintf(call, "%s: listen", who);
    if (type == SOCK_STREAM && listen(fd, 1) < 0)
        oops(call);
    pthread_create(&thread, NULL, wait_for_signal, NULL);
    sprintf(call, "%s: stdout", who);
    printf("listening on %s\n", argv[1]);
    if (fflush(stdout))
        oops(call);
    return fd;
}

#endif
