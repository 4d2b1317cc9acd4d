/* A right program of another style: main() starts a thread that works and one that
   waits for signals, and leaves by pthread_exit(). */
#ifndef WORK_H
#define WORK_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void trouble(const char *call);
void name_it(struct sockaddr_un *un, const char *path, const char *usage);
void be_done_on_signals(int status);
void start_thread(void *(*work)(void *), void *argument);
int listening(const char *path, int type);
extern const char *const self;
extern void (*at_end)(void);

#endif
