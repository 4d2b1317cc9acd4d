/* net.c: the path of a socket, from its first moment to its last; and send_all().

   An AF_UNIX address is a path. bind() makes a file there, and nobody but the program
   itself removes it: close() does not. Most of this file is about that.

   Left out on purpose: two servers that start on the same path in the same moment. Both
   may find a dead socket there, and the later removes what the earlier has just made. A
   lock file beside the path would keep them apart. */

#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* TODO 1: set_path(address, path): family and path. sun_path has 108 bytes and the NUL at
   the end needs one of them: the empty path and one of 108 bytes or more are refused. */
/* BEGIN SOLUTION */
int set_path(struct sockaddr_un *address, const char *path)
{
    if (*path == '\0' || strlen(path) >= sizeof address->sun_path)
        return -1;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return 0;
}
/* END SOLUTION */

/* TODO 3: bind_path(fd, address): binds, with a mode that lets nobody else in, not even
   for a moment. The socket that a dead server has left is removed, and bind() called
   again. */
/* BEGIN SOLUTION */
/* The file that bind() makes gets the mode 0777 less the umask: 0600 from its first
   moment. chmod() afterwards would leave a moment in which others can connect. */
static int bind_mode_0600(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof *address);
    umask(before);
    return result;
}

/* Whether the path is a socket that no program has open any more: then connect()
   fails with ECONNREFUSED. It does so for a file that is no socket too, and looks at what
   a symbolic link leads to; so lstat() looks first. The question is asked with a datagram
   socket: its connect() sends nothing and never waits. To a stream socket that lives it
   fails with EPROTOTYPE. */
static bool is_dead(const struct sockaddr_un *address)
{
    struct stat file;
    if (lstat(address->sun_path, &file) == -1 || !S_ISSOCK(file.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd == -1)
        return false;
    bool dead = connect(fd, (const struct sockaddr *)address, sizeof *address) == -1 &&
                errno == ECONNREFUSED;
    close(fd);
    return dead;
}

static int bind_or_replace(int fd, const struct sockaddr_un *address)
{
    if (bind_mode_0600(fd, address) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -1;
    if (!is_dead(address)) {
        errno = EADDRINUSE; /* is_dead() has changed it */
        return -1;
    }
    if (unlink(address->sun_path) == -1)
        return -1;
    return bind_mode_0600(fd, address);
}
/* END SOLUTION */

/* TODO 4: hold_signals(), end_on_signals(end), and the rest of bind_path(): from the
   moment it exists, the path is removed whenever the program ends. */
/* BEGIN SOLUTION */
/* What the signal handler needs: the path, and which file there is ours. */
static struct sockaddr_un own;
static struct stat own_file;

/* Removes the path, unless it has become another's meanwhile: somebody may have removed
   ours and started a new server. The number of our file is not given to another as long
   as our socket is open. */
static void remove_path(void)
{
    struct stat file;
    if (lstat(own.sun_path, &file) == 0 && file.st_dev == own_file.st_dev &&
        file.st_ino == own_file.st_ino)
        unlink(own.sun_path);
}

/* A handler may call only what signal-safety(7) lists: lstat(), unlink() and _exit() are
   there, exit() is not. The kernel closes the sockets. */
static void end_server(int signal_number)
{
    (void)signal_number;
    remove_path();
    _exit(0);
}

/* Both signals wait until there is a handler: one that came right after bind() would end
   the program, and leave the path. */
int bind_path(int fd, const struct sockaddr_un *address)
{
    if (hold_signals() == -1 || bind_or_replace(fd, address) == -1)
        return -1;
    own = *address;
    if (lstat(own.sun_path, &own_file) == -1 || atexit(remove_path) != 0)
        return -1;
    return end_on_signals(end_server);
}

static void both_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

/* SIGPIPE, which comes where nobody reads the output any more, has nothing to wait for:
   what is ignored is a call that fails, and the program ends as it does then. */
int hold_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    both_signals(&set);
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        return -1;
    return sigprocmask(SIG_BLOCK, &set, NULL);
}

int end_on_signals(void (*end)(int))
{
    struct sigaction action = {.sa_handler = end};
    sigset_t set;
    both_signals(&set);
    action.sa_mask = set; /* one end is enough: the other signal waits meanwhile */
    if (sigaction(SIGINT, &action, NULL) == -1 || sigaction(SIGTERM, &action, NULL) == -1)
        return -1;
    return sigprocmask(SIG_UNBLOCK, &set, NULL);
}
/* END SOLUTION */

/* TODO 6: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left. */
/* BEGIN SOLUTION */
/* MSG_NOSIGNAL: to one that has left, send() fails with EPIPE and no signal; without it
   SIGPIPE would end stream_client, and each server that does not ignore it. */
int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent == -1)
            return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}
/* END SOLUTION */
