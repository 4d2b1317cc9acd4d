/* stamps.c: when the kernel had a datagram, however late one looks. Source: socket(7),
   SO_TIMESTAMPNS; cmsg(3). */

#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "stage.h"

enum { STAMP_TRIES = 500 }; /* a millisecond each */

ssize_t receive_stamped(int fd, struct msghdr *message, int flags,
                        struct timespec *came_at)
{
    union {
        struct cmsghdr header;
        /* cppcheck-suppress unusedStructMember */
        char bytes[CMSG_SPACE(sizeof *came_at)];
    } control;
    message->msg_control = &control;
    message->msg_controllen = sizeof control;
    ssize_t length = recvmsg(fd, message, flags);
    const struct cmsghdr *stamp = length == -1 ? NULL : CMSG_FIRSTHDR(message);
    if (stamp != NULL && stamp->cmsg_type == SCM_TIMESTAMPNS)
        memcpy(came_at, CMSG_DATA(stamp), sizeof *came_at);
    message->msg_control = NULL;
    message->msg_controllen = 0;
    return length;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* The kernel stamps datagrams some time after the first socket has asked for it (Linux
   leaves that to a worker, net_enable_timestamp()); what comes before gets the time at
   which it is received. Waits for that, by datagrams to oneself. */
static void wait_for_stamps(void)
{
    static bool done;
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    int on = 1, fd = done ? -1 : socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&name, length) == -1 ||
        getsockname(fd, (struct sockaddr *)&name, &length) == -1)
        return;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    for (int i = 0; i < STAMP_TRIES && !done; i++) {
        struct timespec sent, came = {0};
        char byte = 'x';
        struct iovec data = {&byte, 1};
        struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
        sendto(fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&name, length);
        clock_gettime(CLOCK_REALTIME, &sent);
        done = receive_stamped(fd, &message, MSG_DONTWAIT, &came) == 1 &&
               is_before(&came, &sent);
        if (!done)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    done = true; /* and fd stays open, so that the kernel goes on */
}

void ask_for_stamps(int fd)
{
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    wait_for_stamps();
}
