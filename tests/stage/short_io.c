/* short_io: preloaded into a program under test (LD_PRELOAD), makes its sockets take only
   SHORT_SEND bytes in one call, and give only SHORT_RECV bytes in one call, as send(2)
   and recv(2) are allowed to. The bytes that are moved are the real ones: a program that
   calls again for the rest loses nothing. Files, pipes and datagrams are left alone.
   TCP_NODELAY, as many small sends would else wait for each other (tcp(7)). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The length to use on fd instead of length: at most what the environment says. */
static size_t limit(int fd, size_t length, const char *variable)
{
    const char *text = getenv(variable);
    int type = 0;
    socklen_t size = sizeof type;
    if (text == NULL || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1 ||
        type != SOCK_STREAM)
        return length;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    size_t most = strtoul(text, NULL, 10);
    return length < most ? length : most;
}

/* The C library's own function of that name. */
static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t (*next)(int, const void *, size_t, int) = real("send");
    return next(fd, bytes, limit(fd, length, "SHORT_SEND"), flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags,
               const struct sockaddr *to, socklen_t to_length)
{
    ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        real("sendto");
    return next(fd, bytes, limit(fd, length, "SHORT_SEND"), flags, to, to_length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    ssize_t (*next)(int, const void *, size_t) = real("write");
    return next(fd, bytes, limit(fd, length, "SHORT_SEND"));
}

/* The first buffer that holds anything, cut to the limit, stands for all of them. */
static struct iovec cut(int fd, const struct iovec *buffers, size_t count,
                        const char *variable)
{
    while (count > 1 && buffers->iov_len == 0) {
        buffers++;
        count--;
    }
    return (struct iovec){buffers->iov_base, limit(fd, buffers->iov_len, variable)};
}

ssize_t writev(int fd, const struct iovec *buffers, int count)
{
    ssize_t (*next)(int, const struct iovec *, int) = real("writev");
    if (getenv("SHORT_SEND") == NULL || count < 1)
        return next(fd, buffers, count);
    struct iovec first = cut(fd, buffers, (size_t)count, "SHORT_SEND");
    return next(fd, &first, 1);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int) = real("sendmsg");
    if (getenv("SHORT_SEND") == NULL || message->msg_iovlen < 1)
        return next(fd, message, flags);
    struct iovec first = cut(fd, message->msg_iov, message->msg_iovlen, "SHORT_SEND");
    struct msghdr less = *message;
    less.msg_iov = &first;
    less.msg_iovlen = 1;
    return next(fd, &less, flags);
}

/* What is only looked at, or is to come whole, is left alone: it may bring all there is.
   */
static size_t limit_of_recv(int fd, size_t length, int flags)
{
    bool whole = (flags & (MSG_PEEK | MSG_WAITALL)) != 0;
    return whole ? length : limit(fd, length, "SHORT_RECV");
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    ssize_t (*next)(int, void *, size_t, int) = real("recv");
    return next(fd, bytes, limit_of_recv(fd, length, flags), flags);
}

ssize_t recvfrom(int fd, void *bytes, size_t length, int flags, struct sockaddr *from,
                 socklen_t *from_length)
{
    ssize_t (*next)(int, void *, size_t, int, struct sockaddr *, socklen_t *) =
        real("recvfrom");
    return next(fd, bytes, limit_of_recv(fd, length, flags), flags, from, from_length);
}

ssize_t read(int fd, void *bytes, size_t length)
{
    ssize_t (*next)(int, void *, size_t) = real("read");
    return next(fd, bytes, limit(fd, length, "SHORT_RECV"));
}
