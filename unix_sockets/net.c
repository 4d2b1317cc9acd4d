/* net.c: the path of a socket, from its first moment to its last; and send_all().

   An AF_UNIX address is a path. bind() makes a file there, and nobody but the program
   itself removes it: close() does not. Most of this file is about that.

   Left out on purpose: two servers that start on the same path in the same moment. Both
   may find a dead socket there, and the later removes what the earlier has just made. A
   lock file beside the path would keep them apart. */

#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* TODO 1: set_path(address, path): family and path. sun_path has 108 bytes and the NUL at
   the end needs one of them: the empty path and one of 108 bytes or more are refused. */

/* TODO 3: bind_path(fd, address): binds, with a mode that lets nobody else in, not even
   for a moment. The socket that a dead server has left is removed, and bind() called
   again. */

/* TODO 4: hold_signals(), end_on_signals(end), and the rest of bind_path(): from the
   moment it exists, the path is removed whenever the program ends. */

/* TODO 6: send_all(fd, bytes, length): send() may take only a part, so call it until
   nothing is left. */
