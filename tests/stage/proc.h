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

/* Bytes that wait to be received in the connections to a TCP port of this machine. */
unsigned long unread_at(int port);

/* Kills all descendants of this process, and waits for them. To be used with
   PR_SET_CHILD_SUBREAPER, so that those whose parent has ended are found too. */
void kill_descendants(void);

#endif
