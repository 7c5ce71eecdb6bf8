/* SPDX-License-Identifier: Apache-2.0 */
/* clone_parent.c owns the sibling by clone and longjmp, which is for teaching; the engine does not use it. */
#include <nsexec/clone_parent.h>

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>

#include "base/sys.h"

/* What the C library has told the kernel about the calling thread, and a new process does not inherit. */
struct thread {
	int32_t *tid; /* what the kernel clears when the thread ends, or NULL */
	unsigned long tid_flags;
	void *robust;
	size_t robust_bytes;
};

static void look_at_thread(struct thread *thread)
{
	/* without CONFIG_CHECKPOINT_RESTORE the kernel does not tell */
	if (prctl(PR_GET_TID_ADDRESS, &thread->tid, 0, 0, 0) < 0)
		thread->tid = NULL;
	if (thread->tid != NULL)
		thread->tid_flags = CLONE_CHILD_CLEARTID;
	/* glibc's is its copy of the thread id. musl's is a lock, which to store a number in would lock for ever */
	if (thread->tid != NULL && *thread->tid == (int32_t)syscall(SYS_gettid))
		thread->tid_flags |= CLONE_CHILD_SETTID;
	if (syscall(SYS_get_robust_list, 0, &thread->robust, &thread->robust_bytes) < 0)
		thread->robust = NULL;
}

int clone_parent(jmp_buf *env, int jmpval)
{
	struct thread thread = { 0 };
	pid_t pid;

	if (env == NULL) {
		errno = EINVAL;
		return -1;
	}
	look_at_thread(&thread);

	/*
	 * No stack: the child goes on with a copy of this one, at this depth. So longjmp(3) only leaves some frames, as it
	 * is meant to: neither a check of the stack pointer nor a copied shadow stack objects, and the alignment is the
	 * caller's. No exit signal: with CLONE_PARENT the kernel takes the caller's own. The C library's clone(3) wants a
	 * stack, fork(3) no flags. The thread id's address is the fourth argument on some machines and the fifth on others;
	 * the one that is not is for CLONE_SETTLS, and not looked at.
	 */
	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | thread.tid_flags, NULL, NULL, thread.tid,
			     thread.tid);
	if (pid != 0)
		return pid;

	if (thread.robust != NULL)
		(void)syscall(SYS_set_robust_list, thread.robust, thread.robust_bytes);
	longjmp(*env, jmpval);
}
