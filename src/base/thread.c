/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c owns the clone whose child goes on with the C library, and what that believes of its thread. */
#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#include "base/sys.h"

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40
#endif

/*
 * glibc has given the place of the number to set_tid_address(2). What musl gives is a lock, which is 0, and to store a
 * number in it would lock for ever; the number is in what pthread_self() points to.
 */
static int *find_tid(int *tid_address)
{
	enum { WORDS = 24 };
	int tid = (int)syscall(SYS_gettid);
	int *self = (int *)pthread_self();
	int *found = NULL;

	if (tid_address != NULL && *tid_address == tid)
		return tid_address;
	for (int i = 0; i < WORDS; i++) {
		if (self[i] != tid)
			continue;
		if (found != NULL)
			return NULL;
		found = &self[i];
	}
	return found;
}

void nsx_thread_look(struct nsx_thread *thread)
{
	*thread = (struct nsx_thread){ 0 };
	/* without CONFIG_CHECKPOINT_RESTORE it is not to be had */
	if (prctl(PR_GET_TID_ADDRESS, &thread->tid_address, 0, 0, 0) < 0)
		thread->tid_address = NULL;
	if (syscall(SYS_get_robust_list, 0, &thread->robust, &thread->robust_bytes) < 0)
		thread->robust = NULL;
	thread->tid = find_tid(thread->tid_address);
}

/* x86-64 and aarch64 differ in the order of the last two arguments. */
static long clone_here(unsigned long flags, int32_t *parent_tid, int *child_tid)
{
#if defined(__x86_64__)
	return syscall(SYS_clone, flags, NULL, parent_tid, child_tid, NULL);
#else
	return syscall(SYS_clone, flags, NULL, parent_tid, NULL, child_tid);
#endif
}

pid_t nsx_thread_clone(const struct nsx_thread *thread, unsigned long flags, int32_t *parent_tid)
{
	long pid;

	if (thread->tid_address != NULL)
		flags |= CLONE_CHILD_CLEARTID;
	pid = clone_here(flags, parent_tid, thread->tid_address);
	if (pid == 0 && thread->tid != NULL)
		*thread->tid = (int)syscall(SYS_gettid);
	if (pid == 0 && thread->robust != NULL)
		(void)syscall(SYS_set_robust_list, thread->robust, thread->robust_bytes);
	return (pid_t)pid;
}
