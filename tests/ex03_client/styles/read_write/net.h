int dial(const char *me, const char *host, const char *port);
int write_fully(int fd, const void *from, unsigned long n);
int bad_port(const char *port);
