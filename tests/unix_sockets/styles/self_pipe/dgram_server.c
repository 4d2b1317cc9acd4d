/* A right program of another style: recvmsg() and sendmsg(), a larger buffer. */

#include "net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const char *program = "dgram_server";

int main(int argc, char *argv[])
{
    static char buf[1 << 17];
    if (argc != 2)
        usage("PATH");
    int s = open_server(argv[1], SOCK_DGRAM);
    while (readable(s)) {
        struct sockaddr_un who;
        struct iovec v = {buf, sizeof(buf)};
        struct msghdr m;
        char name[109] = "-";
        memset(&m, 0, sizeof(m));
        memset(&who, 0, sizeof(who));
        m.msg_name = &who;
        m.msg_namelen = sizeof(who);
        m.msg_iov = &v;
        m.msg_iovlen = 1;
        ssize_t n = recvmsg(s, &m, MSG_DONTWAIT);
        if (n < 0) {
            perror("dgram_server: recvmsg");
            continue;
        }
        if (m.msg_namelen > offsetof(struct sockaddr_un, sun_path) && who.sun_path[0])
            memcpy(name, who.sun_path, sizeof(who.sun_path));
        for (ssize_t i = 0; i < n; i++)
            if (!isprint((unsigned char)buf[i]))
                buf[i] = '.';
        printf("%s %zd%s%.*s\n", name, n, n ? " " : "", (int)n, buf);
        if (fflush(stdout) != 0)
            perror("dgram_server: stdout");
        if (!who.sun_path[0])
            continue;
        unsigned int net = htonl((unsigned int)n);
        v.iov_base = &net;
        v.iov_len = sizeof(net);
        if (sendmsg(s, &m, MSG_DONTWAIT) < 0)
            perror("dgram_server: sendmsg");
    }
    close_server(s);
    return 0;
}
