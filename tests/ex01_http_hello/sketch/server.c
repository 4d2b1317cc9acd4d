/* What somebody writes who knows the course's picture and no more: socket, bind, listen,
   accept, send, close, close. The page shows in a browser, most of the time. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 8080;
    int server_fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = INADDR_ANY;
    address.sin_port = htons((in_port_t)port);
    bind(server_fd, (struct sockaddr *)&address, sizeof address);
    listen(server_fd, 5);

    int client_fd = accept(server_fd, NULL, NULL);
    char response[BUFSIZ];
    snprintf(response, sizeof response, "HTTP/1.1 200 OK\n\n<h1>Hello World!</h1>");
    send(client_fd, response, strlen(response), 0);
    close(client_fd);
    close(server_fd);
    return 0;
}
