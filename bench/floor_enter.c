// SPDX-License-Identifier: Apache-2.0
/*
 * floor_enter PID CGROUP_FD PROGRAM [ARG...]
 *
 * The least work that enters a container. pidfd_open, one setns, one vfork-like clone3 into the
 * cgroup, execve, wait4, exit; nothing else. CGROUP_FD is inherited, "-" is none.
 */
#include "raw.h"

#define KINDS \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

__attribute__((noreturn, used)) void raw_main(long *stack);

void raw_main(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	char **envp = argv + argc + 1;
	struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK,
				   .exit_signal = 17 /* SIGCHLD */ };
	long pidfd, cgroup_fd;

	if (argc < 4)
		raw_exit(124);

	pidfd = raw2(__NR_pidfd_open, raw_number(argv[1]), 0);
	if (pidfd < 0)
		raw_exit(123);

	if (raw2(__NR_setns, pidfd, KINDS) < 0)
		raw_exit(122);

	cgroup_fd = raw_number(argv[2]);
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned long)cgroup_fd;
	}
	raw_exit_like(raw_clone3_exec(&args, argv[3], argv + 3, envp));
}
