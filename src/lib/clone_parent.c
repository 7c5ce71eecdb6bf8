/* SPDX-License-Identifier: Apache-2.0 */
/* clone_parent.c owns the sibling by clone and longjmp, which is for teaching; the engine does not use it. */
#include <nsexec/clone_parent.h>

#include <errno.h>
#include <sched.h>

#include "base/thread.h"

int clone_parent(jmp_buf *env, int jmpval)
{
	struct nsx_thread thread;
	pid_t pid;

	if (env == NULL) {
		errno = EINVAL;
		return -1;
	}
	nsx_thread_look(&thread);

	/*
	 * No stack: the child goes on with a copy of this one, at this depth. So longjmp(3) only leaves some frames, as it
	 * is meant to: neither a check of the stack pointer nor a copied shadow stack objects, and the alignment is the
	 * caller's. No exit signal: with CLONE_PARENT the kernel takes the caller's own. The C library's clone(3) wants a
	 * stack, fork(3) no flags.
	 */
	pid = nsx_thread_clone(&thread, CLONE_PARENT, NULL);
	if (pid != 0)
		return pid;
	longjmp(*env, jmpval);
}
