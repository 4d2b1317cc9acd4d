/* The datagrams come several at a time, and are answered in one call. */
#define _GNU_SOURCE
#include "work.h"

#include <arpa/inet.h>
#include <sys/uio.h>

enum { MANY = 4, LONGEST = 65507 };

const char *const self = "dgram_server";

static void write_all(struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t n = writev(STDOUT_FILENO, parts, count);
        if (n == -1) {
            trouble("writev");
            return;
        }
        for (; count > 0 && (size_t)n >= parts->iov_len; parts++, count--)
            n -= (ssize_t)parts->iov_len;
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + n;
            parts->iov_len -= (size_t)n;
        }
    }
}

static void show(const struct sockaddr_un *from, char *text, size_t length)
{
    char head[200];
    for (char *at = text; at < text + length; at++)
        if (*at < ' ' || *at > '~')
            *at = '.';
    int n = snprintf(head, sizeof head, "%.*s %zu ", (int)sizeof from->sun_path,
                     from->sun_path[0] == '\0' ? "-" : from->sun_path, length);
    struct iovec parts[] = {{head, (size_t)n}, {text, length}, {"\n", 1}};
    write_all(parts, 3);
}

static void *answer(void *argument)
{
    static char text[MANY][LONGEST];
    struct sockaddr_un from[MANY];
    int fd = *(int *)argument;
    for (;;) {
        struct mmsghdr messages[MANY];
        struct iovec parts[MANY];
        memset(from, 0, sizeof from);
        memset(messages, 0, sizeof messages);
        for (int i = 0; i < MANY; i++) {
            parts[i] = (struct iovec){text[i], LONGEST};
            messages[i].msg_hdr.msg_name = &from[i];
            messages[i].msg_hdr.msg_namelen = sizeof from[i];
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        int count = recvmmsg(fd, messages, MANY, MSG_WAITFORONE, NULL);
        if (count == -1)
            trouble("recvmmsg");
        for (int i = 0; i < count; i++) {
            show(&from[i], text[i], messages[i].msg_len);
            uint32_t number = htonl(messages[i].msg_len);
            parts[i] = (struct iovec){&number, sizeof number};
            if (from[i].sun_path[0] != '\0' &&
                sendmsg(fd, &messages[i].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
                trouble("sendmsg");
        }
    }
    return argument;
}

int main(int argc, char **argv)
{
    static int fd;
    fd = listening(argc == 2 ? argv[1] : NULL, SOCK_DGRAM);
    start_thread(answer, &fd);
}
