/* A right program of another style: it says on stdout who comes and goes. */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

char const NAME[] = "stream_server";

static void echo(int client)
{
    static char bytes[1 << 16];
    ssize_t received, sent;
    while ((received = recv(client, bytes, sizeof bytes, 0)) > 0)
        for (char const *at = bytes; received > 0; at += sent, received -= sent)
            if ((sent = send(client, at, (size_t)received, MSG_NOSIGNAL)) == -1) {
                complain("send", NULL);
                return;
            }
    if (received == -1)
        complain("recv", NULL);
}

int main(int argc, char **argv)
{
    int server = serve_at(argc == 2 ? argv[1] : "", SOCK_STREAM);
    for (unsigned long visit = 1; server >= 0;) {
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client == -1) {
            complain("accept4", NULL);
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
            continue;
        }
        printf("client %lu is here\n", visit);
        echo(client);
        close(client);
        printf("client %lu has left\n", visit++);
        fflush(stdout);
    }
    exit(-server);
}
