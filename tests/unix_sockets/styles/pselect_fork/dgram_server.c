#define _POSIX_C_SOURCE 200809L
#define ME "dgram_server"
#include "unix.h"
#include <arpa/inet.h>
#include <stddef.h>

static char in[65507], out[sizeof in + 200];

/* The line is made in memory first, and goes out by write(). */
static void print_line(const char *name, ssize_t n)
{
    int used = sprintf(out, "%s %zd ", *name ? name : "-", n);
    for (ssize_t i = 0; i < n; i++)
        out[used++] = in[i] < 0x20 || in[i] == 0x7f ? '.' : in[i];
    out[used++] = '\n';
    for (int done = 0; done < used;) {
        ssize_t k = write(STDOUT_FILENO, out + done, (size_t)(used - done));
        if (k < 0) {
            err("write");
            return;
        }
        done += (int)k;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un un, who;
    struct stat st;
    if (argc != 2 || fill(&un, argv[1]))
        return fputs("usage: " ME " PATH\n", stderr), 2;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return err("socket");
    signals_only_in_pselect();
    if (bind_here(fd, &un, &st) != 0)
        return err("bind");
    if (dprintf(1, "datagrams of up to %zu bytes\nlistening on %s\n", sizeof in,
                un.sun_path) < 0)
        return give_up(&un, &st, err("dprintf"));
    while (await(fd, 0, -1) == 1) {
        char name[sizeof who.sun_path + 1] = "";
        struct iovec part[2] = {{in, 1000}, {in + 1000, sizeof in - 1000}};
        struct msghdr message = {.msg_name = &who,
                                 .msg_namelen = sizeof who,
                                 .msg_iov = part,
                                 .msg_iovlen = 2};
        ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN)
                err("recvmsg");
            continue;
        }
        if (message.msg_namelen > offsetof(struct sockaddr_un, sun_path))
            memcpy(name, who.sun_path,
                   message.msg_namelen < sizeof who
                       ? message.msg_namelen - sizeof who.sun_family
                       : sizeof who.sun_path);
        print_line(name, n);
        unsigned char number[4] = {(unsigned char)(n / 16777216),
                                   (unsigned char)(n / 65536), (unsigned char)(n / 256),
                                   (unsigned char)(n % 256)};
        if (*name && sendto(fd, number, 4, MSG_DONTWAIT | MSG_NOSIGNAL, message.msg_name,
                            message.msg_namelen) < 0)
            err("sendto");
    }
    return give_up(&un, &st, 0);
}
