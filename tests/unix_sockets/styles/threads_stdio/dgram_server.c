/* A right program of another style: sigwait in a thread, a text made beforehand. */
#define _DEFAULT_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <ctype.h>

int main(int argc, char **argv)
{
    static char data[65508], text[65508];
    int s = server_on("dgram_server", argc, argv, SOCK_DGRAM);
    for (;;) {
        union {
            struct sockaddr any;
            struct sockaddr_un un;
            char room[sizeof(struct sockaddr_un) + 1];
        } from;
        socklen_t len = sizeof from;
        memset(&from, 0, sizeof from);
        ssize_t n = recvfrom(s, data, sizeof data - 1, 0, &from.any, &len), i;
        if (n < 0) {
            perror("dgram_server: recvfrom");
            continue;
        }
        for (i = 0; i < n; i++)
            text[i] = isprint((unsigned char)data[i]) ? data[i] : '.';
        text[n] = '\0';
        int named = from.un.sun_path[0] != '\0';
        printf("%s %d %s\n", named ? from.un.sun_path : "-", (int)n, text);
        if (fflush(stdout))
            perror("dgram_server: stdout");
        if (!named)
            continue;
        uint32_t reply = htonl((uint32_t)n);
        if (sendto(s, &reply, 4, MSG_DONTWAIT, &from.any, len) < 0)
            perror("dgram_server: sendto");
    }
}
