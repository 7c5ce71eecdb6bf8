/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime PROGRAM FLAGS: what a runtime does with a program that has the bootstrap constructor, of the current era.
 *
 * Sends the namespaces to make (FLAGS, of clone(2); with CLONE_NEWTIME an offset, too, with CLONE_NEWUSER maps), reads the pids, reaps all
 * children. Its exit status is that of stage 2 as a shell tells it, 125 if the pids did not come.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static char message[256];
static uint32_t used = 16;

static void add(uint16_t number, const void *value, size_t size)
{
	uint16_t head[2] = { (uint16_t)(4 + size), number };

	memcpy(message + used, head, sizeof(head));
	memcpy(message + used + 4, value, size);
	used += (uint32_t)((4 + size + 3) & ~(size_t)3);
}

static int say(int fd, uint32_t flags)
{
	static const char offset[] = "monotonic 5 0\n";
	static const char map[] = "0 0 1\n";
	uint16_t type[2] = { 62000, 1 };

	add(27281, &flags, sizeof(flags));
	if ((flags & CLONE_NEWUSER) != 0) {
		add(27283, map, sizeof(map));
		add(27284, map, sizeof(map));
	}
	if ((flags & CLONE_NEWTIME) != 0)
		add(27290, offset, sizeof(offset));
	memcpy(message, &used, 4);
	memcpy(message + 4, type, sizeof(type));
	return send(fd, message, used, MSG_NOSIGNAL) == (ssize_t)used;
}

/* Returns the pid of stage 2, 0 if it did not come. */
static int hear(int fd)
{
	char text[128];
	size_t got = 0;
	int first;
	int second;

	while (got < sizeof(text) - 1) {
		ssize_t n = read(fd, text + got, sizeof(text) - 1 - got);

		if (n <= 0)
			return 0;
		got += (size_t)n;
		text[got] = '\0';
		if (sscanf(text, "{\"stage1_pid\":%d,\"stage2_pid\":%d}", &first, &second) == 2 &&
		    strchr(text, '}') != NULL)
			return first != second ? second : 0;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	char init[48];
	char *envp[] = { init, "_LIBCONTAINER_LOGPIPE=2", NULL };
	char *child_argv[] = { argv[1], "init", NULL };
	int result = 125;
	int pair[2];
	int status;
	pid_t pid;
	int last;

	if (argc != 3 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 124;
	pid = fork();
	if (pid == 0) {
		(void)snprintf(init, sizeof(init), "_LIBCONTAINER_INITPIPE=%d", dup(pair[1]));
		/* not execve, behind which inject.c looks away */
		(void)syscall(SYS_execveat, AT_FDCWD, argv[1], child_argv, envp, 0);
		_exit(127);
	}
	(void)close(pair[1]);
	last = say(pair[0], (uint32_t)strtoul(argv[2], NULL, 0)) ? hear(pair[0]) : 0;
	if (last == 0)
		(void)close(pair[0]);
	while ((pid = waitpid(-1, &status, __WALL)) > 0)
		if (pid == last)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return result;
}
