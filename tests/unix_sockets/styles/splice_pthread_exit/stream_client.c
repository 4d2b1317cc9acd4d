/* The input is read as a whole block at a time, and the line is received with
   MSG_WAITALL. */
#define _GNU_SOURCE
#include "work.h"

const char *const self = "stream_client";

/* The next byte of the input, -1 at its end, -2 after a message. */
static int next_byte(void)
{
    static unsigned char block[1 << 12];
    static ssize_t at, end;
    if (at == end) {
        at = 0;
        end = read(STDIN_FILENO, block, sizeof block);
        if (end == -1)
            trouble("read");
        if (end <= 0)
            return (int)end - 1;
    }
    return block[at++];
}

/* The length of a line with its LF, 0 at the end of the input, -1 after a message. */
static ssize_t next_line(char line[4096])
{
    int byte;
    ssize_t length = 0;
    while ((byte = next_byte()) >= 0) {
        if (length == 4096 - (byte != '\n'))
            return fprintf(stderr, "%s: too many bytes in a line\n", self), -1;
        line[length++] = (char)byte;
        if (byte == '\n')
            return length;
    }
    if (byte == -2)
        return -1;
    if (length > 0)
        line[length++] = '\n';
    return length;
}

static int failed_at(const char *call)
{
    trouble(call);
    return 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un to = {0};
    char line[4096], call[sizeof to.sun_path + 16];
    ssize_t length, n = 0;
    name_it(&to, argc == 2 ? argv[1] : NULL, "PATH");
    signal(SIGPIPE, SIG_IGN);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1)
        return failed_at("socket");
    snprintf(call, sizeof call, "%s: connect", to.sun_path);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
        return failed_at(call);
    while ((length = next_line(line)) > 0) {
        for (ssize_t done = 0; done < length; done += n)
            if ((n = send(fd, line + done, (size_t)(length - done), 0)) == -1)
                return failed_at("send");
        for (ssize_t done = 0; done < length; done += n) {
            n = recv(fd, line + done, (size_t)(length - done), MSG_WAITALL);
            if (n == -1)
                return failed_at("recv");
            if (n == 0)
                return fprintf(stderr, "%s: nothing more comes back\n", self), 1;
        }
        for (ssize_t done = 0; done < length; done += n)
            if ((n = write(STDOUT_FILENO, line + done, (size_t)(length - done))) == -1)
                return failed_at("write");
    }
    return length == 0 ? 0 : 1;
}
