// SPDX-License-Identifier: Apache-2.0
/*
 * memrun TASKS_FILE PROGRAM [ARG...]
 *
 * Move into a cgroup and become PROGRAM, so that all of its memory counts there.
 */
#include <linux/fcntl.h>

#include "raw.h"

__attribute__((noreturn, used)) void raw_main(long *stack);

void raw_main(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	long fd;

	if (argc < 3)
		raw_exit(124);

	fd = raw5(__NR_openat, AT_FDCWD, argv[1], O_WRONLY | O_CLOEXEC, 0, 0);
	if (fd < 0 || raw3(__NR_write, fd, "0", 1) != 1)
		raw_exit(123);

	(void)raw3(__NR_execve, argv[2], argv + 2, argv + argc + 1);
	raw_exit(127);
}
