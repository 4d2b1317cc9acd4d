/* A right program of another style: select(), a byte of stdin at a time, MSG_PEEK before
   a datagram is received, stdin and the socket moved to high descriptors, the socket
   named by getaddrinfo() too. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void stop(const char *call)
{
    fprintf(stderr, "sym_peer: %s: %s\n", call, strerror(errno));
    exit(1);
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits < 6 && word[digits] == '\0' && atol(word) < 65536;
}

static struct sockaddr_in find(const char *host, const char *port)
{
    struct addrinfo *list, hints = {.ai_family = AF_INET,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = host == NULL ? AI_PASSIVE : 0};
    struct sockaddr_in address;
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        fprintf(stderr, "sym_peer: getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    memcpy(&address, list->ai_addr, sizeof address);
    freeaddrinfo(list);
    return address;
}

static int at_high(int fd)
{
    int high = fcntl(fd, F_DUPFD, 200);
    if (high == -1 || close(fd) == -1)
        stop("fcntl");
    return high;
}

static struct sockaddr_in peer;
static int fd, keys;

static void send_to_peer(const char *bytes, size_t length)
{
    if (length > 1024)
        fprintf(stderr, "sym_peer: %zu bytes are too long for a line\n", length);
    else if (sendto(fd, bytes, length, 0, (struct sockaddr *)&peer, sizeof peer) == -1)
        stop("sendto");
}

static void take_byte(void)
{
    static char line[1024];
    static size_t length;
    char byte;
    ssize_t got = read(keys, &byte, 1);
    if (got == -1)
        stop("read");
    if (got == 1 && length < sizeof line)
        line[length] = byte;
    length += (size_t)got;
    if (got == 0) {
        if (length > 0)
            send_to_peer(line, length);
        send_to_peer("", 0);
        exit(0);
    }
    if (byte == '\n') {
        send_to_peer(line, length);
        length = 0;
    }
}

static void take_datagram(void)
{
    static char text[65508];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    if (recvfrom(fd, text, 1, MSG_PEEK, (struct sockaddr *)&from, &size) == -1)
        stop("recvfrom");
    ssize_t length = recv(fd, text, sizeof text - 1, 0);
    if (length == -1)
        stop("recv");
    if (memcmp(&from.sin_addr, &peer.sin_addr, sizeof from.sin_addr) != 0 ||
        from.sin_port != peer.sin_port)
        return;
    if (length == 0) {
        if (printf("peer left\n") < 0 || fflush(stdout) != 0)
            stop("printf");
        exit(0);
    }
    if (text[length - 1] != '\n')
        text[length++] = '\n';
    if (fwrite(text, (size_t)length, 1, stdout) != 1 || fflush(stdout) != 0)
        stop("fwrite");
}

int main(int argc, char **argv)
{
    if (argc != 4 || !is_port(argv[1]) || !is_port(argv[3])) {
        fputs("usage: sym_peer LOCAL_PORT HOST REMOTE_PORT\n", stderr);
        return 2;
    }
    peer = find(argv[2], argv[3]);
    struct sockaddr_in own = find(NULL, argv[1]);
    fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (fd == -1)
        stop("socket");
    fd = at_high(fd);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        stop("bind");
    keys = at_high(STDIN_FILENO);
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        FD_SET(keys, &set);
        if (select((fd > keys ? fd : keys) + 1, &set, NULL, NULL, NULL) == -1)
            stop("select");
        if (FD_ISSET(keys, &set))
            take_byte();
        if (FD_ISSET(fd, &set))
            take_datagram();
    }
}
