/* A right program of another style: one read() of the kernel's for the length, one for
   the bytes, which get memory of their own. */
#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char const NAME[] = "dgram_server";

static void tell(struct sockaddr_un const *from, char const *bytes, size_t length)
{
    bool named = from->sun_path[0] != '\0';
    printf("%.*s %zu ", named ? (int)sizeof from->sun_path : 1,
           named ? from->sun_path : "-", length);
    for (size_t i = 0; i < length; i++)
        putchar((unsigned char)(bytes[i] - ' ') <= '~' - ' ' ? bytes[i] : '.');
    putchar('\n');
    if (fflush(stdout) == EOF)
        complain("fflush", NULL);
}

static void answer_one(int server)
{
    ssize_t length = recv(server, NULL, 0, MSG_PEEK | MSG_TRUNC);
    char *bytes = malloc(length > 0 ? (size_t)length : 1);
    struct sockaddr_un from = {.sun_family = AF_UNIX};
    socklen_t from_length = sizeof from;
    if (length == -1 || bytes == NULL)
        exit(complain(length == -1 ? "recv" : "malloc", NULL));
    length = recvfrom(server, bytes, (size_t)length, 0, (struct sockaddr *)&from,
                      &from_length);
    if (length == -1)
        exit(complain("recvfrom", NULL));
    tell(&from, bytes, (size_t)length);
    free(bytes);
    uint32_t answer = htonl((uint32_t)length);
    if (from.sun_path[0] != '\0' && sendto(server, &answer, sizeof answer, MSG_DONTWAIT,
                                           (struct sockaddr *)&from, from_length) == -1)
        complain("sendto", NULL);
}

int main(int argc, char **argv)
{
    int server = serve_at(argc == 2 ? argv[1] : "", SOCK_DGRAM);
    while (server >= 0)
        answer_one(server);
    exit(-server);
}
