/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the C library believes of the calling thread, and a raw clone makes untrue in the child: the number of the thread
 * (runc #4233: a stale one crashed Go with glibc before 2.32), the address that the kernel clears at the end, the list of
 * robust mutexes.
 */
#ifndef NSX_BASE_THREAD_H
#define NSX_BASE_THREAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nsx_thread {
	int *tid_address; /* what set_tid_address(2) was given; NULL: the kernel does not tell */
	int *tid;         /* where the number is; NULL: not known */
	void *robust;
	size_t robust_bytes;
};

/**
 * nsx_thread_look() - Find out what the C library has told the kernel of the calling thread
 * @thread: is filled in
 *
 * fork-safe: yes; it stays true in what nsx_thread_clone() makes.
 */
void nsx_thread_look(struct nsx_thread *thread);

/**
 * nsx_thread_clone() - Make a process that returns here as well, on a copy of this stack, with a C library that works
 * @thread:     of the calling thread
 * @flags:      CLONE_* and the exit signal
 * @parent_tid: where CLONE_PARENT_SETTID stores the pid, or NULL
 *
 * A raw clone without a stack of its own is a fork: no setjmp, no foreign stack.
 * fork-safe: yes.
 *
 * Return: pid, 0 in the child, -1 with errno.
 */
pid_t nsx_thread_clone(const struct nsx_thread *thread, unsigned long flags, int32_t *parent_tid);

#endif
