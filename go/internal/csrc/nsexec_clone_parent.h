/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sibling by clone(2) and longjmp(3): an interface for teaching, of the kind that tutorials about container runtimes
 * build. To start a program use nsexec_spawn(), to run a function elsewhere nsexec_call(): neither needs a jump.
 *
 * nsexec.h does not include this header, because it brings <setjmp.h>.
 *
 * Where the tutorial "docker_internal" errs: it defines CLONE_PARENT as 1 << 24. That is CLONE_CHILD_SETTID, so what it
 * makes is an ordinary child; the flag is 0x8000, and with it the parent of the caller is the one who must wait. Its
 * test takes for granted that pids are consecutive. And where such a child gets a small stack of its own, as is usual,
 * it jumps to frames of another stack: whether a longjmp(3) that checks (_FORTIFY_SOURCE) or a shadow stack accepts
 * that depends on where the two happen to lie. Here the child goes on with a copy of the caller's.
 */
#ifndef NSEXEC_CLONE_PARENT_H
#define NSEXEC_CLONE_PARENT_H

#include <setjmp.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/**
 * clone_parent() - Make a sibling of the calling process that goes on where setjmp() was called
 * @env:    filled by setjmp(3) in a function that has not returned yet
 * @jmpval: what setjmp() returns in the sibling; 0 becomes 1, as of longjmp(3)
 *
 * The sibling is a child of the caller's parent, who gets the signal that the end of the caller gives (SIGCHLD, unless
 * the caller was made by a raw clone(2) and has not executed a program since), and who must wait for it: for the caller
 * it is not a child (ECHILD). If the caller's parent is gone, its subreaper or init takes that place.
 *
 * As after fork(2), memory is a copy, with what stdio has not written yet; descriptors are inherited; only the calling
 * thread goes on. Unlike after fork(), no handler of pthread_atfork(3) has run and the allocator's locks are as they
 * were: in a program with other threads the sibling may call nothing but async-signal-safe functions. Local variables
 * changed since setjmp() are indeterminate in it, unless they are volatile. The C library knows the new thread id; glibc
 * does if the kernel has CONFIG_CHECKPOINT_RESTORE.
 *
 * fork-safe: yes.  threads: any, see above.  capabilities: none.  Since: 0.1.0.
 *
 * Return: pid of the sibling; -1 with errno: EINVAL (@env is NULL, or the caller is the first process of a pid
 * namespace, which has no sibling), EAGAIN (limit of processes), ENOMEM. Does not return in the sibling.
 */
int clone_parent(jmp_buf *env, int jmpval);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
