// SPDX-License-Identifier: Apache-2.0
/*
 * floor_create net|host DIR PROGRAM [ARG...]
 *
 * The least work that makes a container in DIR, with or without a network namespace. One clone3
 * with all namespaces; private root, bind, pivot_root, umount, proc, execve; wait4, exit. To be
 * started with "/" as working directory: pivot_root() then moves it along, no chdir is needed.
 */
#include <linux/mount.h>

#include "raw.h"

#define KINDS (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define DETACH 2 /* MNT_DETACH: not in a kernel header */

__attribute__((noreturn, used)) void raw_main(long *stack);

static __attribute__((noreturn)) void become_container(const char *dir, char **argv, char **envp)
{
	if (raw5(__NR_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0) < 0)
		raw_exit(123);
	if (raw5(__NR_mount, dir, dir, 0, MS_BIND | MS_REC, 0) < 0)
		raw_exit(122);
	/* The old root ends up on top of the new one, where umount finds it by the same name. */
	if (raw2(__NR_pivot_root, dir, dir) < 0)
		raw_exit(121);
	if (raw2(__NR_umount2, "/", DETACH) < 0)
		raw_exit(120);
	if (raw5(__NR_mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0) < 0)
		raw_exit(119);
	(void)raw3(__NR_execve, argv[0], argv, envp);
	raw_exit(127);
}

void raw_main(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	struct clone_args args = { .flags = KINDS, .exit_signal = 17 /* SIGCHLD */ };
	long pid;

	if (argc < 4)
		raw_exit(124);

	if (argv[1][0] == 'n')
		args.flags |= CLONE_NEWNET;

	pid = raw2(__NR_clone3, &args, sizeof(args));
	if (pid == 0)
		become_container(argv[2], argv + 3, argv + argc + 1);
	raw_exit_like(pid);
}
