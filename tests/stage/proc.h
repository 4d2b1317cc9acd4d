/* proc.h: what can be seen of a process from outside (proc(5)), without a word to it. */

#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <sys/types.h>

enum { SEEN_PATH_MAX = 256 };

/* Where a process can be reached. */
struct reachable {
    int port; /* of a TCP socket that listens, or of a UDP one; -1: none */
    char path[SEEN_PATH_MAX]; /* of an AF_UNIX socket; "": none */
};

/* Whether the process is there, and no zombie. */
bool runs(pid_t pid);

/* Whether the process still moves: it is neither stopped nor a zombie. False where the
   system can't tell. */
bool moves(pid_t pid);

/* Whether the process has a socket that listens or, for datagrams, is bound; fills seen.
   Source: proc_pid_fd(5), proc_pid_net(5), as ss(8) reads them. */
bool find_socket(pid_t pid, struct reachable *seen);

/* How many descriptors of the process are open; those that are sockets alone. 0 where
   there is no such process. */
long count_descriptors(pid_t pid, bool sockets);

/* The lowest number that is no open descriptor of the process, with so many free ones
   below it. */
long free_descriptor(pid_t pid, long below);

/* The threads of the process; working: that run, or wait for a processor. */
long count_threads(pid_t pid, bool working);

/* Its resident memory, in KiB. */
long resident_kib(pid_t pid);

/* Its children; zombies: those that have ended, and that it has not waited for. */
long count_children(pid_t pid, bool zombies);

/* The processes of a group, or whose parent its first one is, without the first one and
   without pid; zombies are not counted. */
long count_group(pid_t group, pid_t pid);

/* The processes that run the program in that file, zombies not counted. */
long count_running(const char *file);

/* The only child of a process that is seen to run another program than it, 0 where there
   is none (any more). */
pid_t find_child(pid_t pid);

/* The processes that hold the socket of that inode. */
long count_holders(unsigned long inode);

/* The inode of the process's TCP socket that listens, 0 where there is none. */
unsigned long listening_inode(pid_t pid);

/* One end of a TCP connection. */
struct connection {
    unsigned long inode;  /* 0: nobody has accepted it, or it is not there */
    unsigned long unsent; /* bytes that the other end has not acknowledged */
    unsigned long unread; /* bytes that wait to be received at this one */
    bool open;            /* it has not been closed, by shutdown() neither */
};

/* The end at one port of this machine of the connection to another of its ports. */
struct connection find_connection(int from, int to);

/* Bytes that wait to be received in the connections to a TCP port of this machine. */
unsigned long unread_at(int port);

/* Kills all descendants of this process, and waits for them. To be used with
   PR_SET_CHILD_SUBREAPER, so that those whose parent has ended are found too. */
void kill_descendants(void);

#endif
