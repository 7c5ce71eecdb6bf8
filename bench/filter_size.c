// SPDX-License-Identifier: Apache-2.0
/* filter_size PID: the instructions of each of its seccomp filters; a line each, oldest first. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/ptrace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long trace(long request, pid_t pid, unsigned long addr)
{
	return syscall(SYS_ptrace, request, pid, addr, NULL);
}

int main(int argc, char **argv)
{
	pid_t pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	int status;
	long count;

	if (pid <= 0)
		return 2;

	if (trace(PTRACE_SEIZE, pid, 0) < 0 || trace(PTRACE_INTERRUPT, pid, 0) < 0 ||
	    waitpid(pid, &status, __WALL) != pid) {
		fprintf(stderr, "filter_size: %d: %s\n", (int)pid, strerror(errno));
		return 1;
	}

	for (unsigned long i = 0; (count = trace(PTRACE_SECCOMP_GET_FILTER, pid, i)) >= 0; i++)
		printf("%ld\n", count);
	if (errno != ENOENT && errno != EINVAL) { /* EINVAL: it has no filter at all */
		fprintf(stderr, "filter_size: %d: %s\n", (int)pid, strerror(errno));
		return 1;
	}
	return 0; /* and let go of it by that */
}
