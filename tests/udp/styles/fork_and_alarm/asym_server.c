/* A right program of another style: pselect(), the classic inet_ntoa(), no helper
   functions, the text copied before it is printed. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t end;

static void handler(int n)
{
    end = n;
}

int main(int argc, char *argv[])
{
    int dS, port = 5005, i;
    struct sockaddr_in aS, aC;
    socklen_t lg;
    sigset_t both, none;
    fd_set set;
    struct sigaction sa;
    static char msg[65507], text[65508];

    if (argc == 2) {
        for (i = 0, port = 0; argv[1][i] >= '0' && argv[1][i] <= '9' && i < 6; i++)
            port = 10 * port + argv[1][i] - '0';
        if (i == 0 || argv[1][i] != '\0')
            port = -1;
    }
    if (argc > 2 || port < 0 || port > 65535) {
        fprintf(stderr, "usage : %s [PORT]\nusage: the port is 0 to 65535\n", argv[0]);
        return 2;
    }
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigemptyset(&none);
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);

    dS = socket(PF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (dS == -1) {
        perror("asym_server: socket");
        return 1;
    }
    memset(&aS, 0, sizeof aS);
    aS.sin_family = AF_INET;
    aS.sin_addr.s_addr = INADDR_ANY;
    aS.sin_port = htons((unsigned short)port);
    if (bind(dS, (struct sockaddr *)&aS, sizeof aS) == -1) {
        perror("asym_server: bind");
        return 1;
    }
    lg = sizeof aS;
    if (getsockname(dS, (struct sockaddr *)&aS, &lg) == -1) {
        perror("asym_server: getsockname");
        return 1;
    }
    setbuf(stdout, NULL);
    if (printf("listening on port %d\n", ntohs(aS.sin_port)) < 0) {
        perror("asym_server: printf");
        return 1;
    }
    while (!end) {
        FD_ZERO(&set);
        FD_SET(dS, &set);
        if (pselect(dS + 1, &set, NULL, NULL, NULL, &none) == -1) {
            if (errno == EINTR)
                continue;
            perror("asym_server: pselect");
            return 1;
        }
        lg = sizeof aC;
        ssize_t res = recvfrom(dS, msg, sizeof msg, 0, (struct sockaddr *)&aC, &lg);
        if (res == -1) {
            perror("asym_server: recvfrom");
            continue;
        }
        uint32_t r = htonl((uint32_t)res);
        if (sendto(dS, &r, 4, 0, (struct sockaddr *)&aC, lg) == -1)
            perror("asym_server: sendto");
        for (i = 0; i < res; i++)
            text[i] = msg[i] >= 0x20 && msg[i] <= 0x7e ? msg[i] : '.';
        text[res] = '\0';
        if (printf("%s:%d %d %s\n", inet_ntoa(aC.sin_addr), ntohs(aC.sin_port), (int)res,
                   text) < 0)
            perror("asym_server: printf");
    }
    close(dS);
    return 0;
}
