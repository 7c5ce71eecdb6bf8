/* SPDX-License-Identifier: Apache-2.0 */
/* Running a C function in other namespaces and getting its bytes back, without starting a program. */
#ifndef NSEXEC_CALL_H
#define NSEXEC_CALL_H

#include "nsexec_error.h"
#include "nsexec_ns.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/**
 * nsexec_call_fn - The function to run
 * @data: what the caller of nsexec_call() gave
 * @buf:  where the result goes
 * @size: bytes that fit
 *
 * Return: bytes of the result, or a negative errno, which nsexec_call() then returns.
 */
typedef int64_t nsexec_call_fn(void *data, void *buf, size_t size);

/* The function calls nothing but async-signal-safe functions through raw system calls and changes no credentials: it
 * may run in a child that shares the caller's memory. */
#define NSEXEC_CALL_SIGNAL_SAFE 0x01u
/* Always use a forked child. */
#define NSEXEC_CALL_FORK 0x02u
/* Close every descriptor but 0, 1 and 2 before the function runs, in a forked child; includes NSEXEC_CALL_FORK. */
#define NSEXEC_CALL_CLOSE_FDS 0x04u

/* Execution classes. */
#define NSEXEC_CALL_CLASS_SHARED 1u /* a child that shared the caller's memory */
#define NSEXEC_CALL_CLASS_FORK 2u   /* a forked child: what it changed in memory is lost */

/**
 * struct nsexec_call_args - Where and how to run the function; zero is the default for every member
 * @size:       sizeof(struct nsexec_call_args) in the caller
 * @flags:      NSEXEC_CALL_*; unknown bits are refused
 * @pidfd:      process whose namespaces to join; used when @ns_mask is not 0
 * @ns_mask:    NSEXEC_NS_* kinds to join; those that are the caller's own already are left out
 * @root_fd:    directory to be the root, plus 1; 0: stays (or the mount namespace's root when mnt is joined)
 * @cwd_fd:     directory to work in, plus 1; 0: stays, or the root
 * @timeout_ms: deadline; 0: none. Only a forked child has one
 * @reserved:   must be 0
 * @ns_fd:      one namespace each to join by descriptor, plus 1; 0: none. In the order of the NSEXEC_NS_* bits: user,
 *              mnt, pid, net, ipc, uts, cgroup, time. A kind can not be in @ns_mask, too
 */
struct nsexec_call_args {
	uint64_t size;
	uint64_t flags;
	int32_t pidfd;
	uint32_t ns_mask;
	int32_t root_fd;
	int32_t cwd_fd;
	uint32_t timeout_ms;
	uint32_t reserved;
	int32_t ns_fd[8];
};

/**
 * nsexec_call() - Run a function in chosen namespaces
 * @args:      where and how
 * @function:  what to run
 * @data:      handed to @function
 * @buf:       where its result goes
 * @buf_size:  bytes of @buf; the result can not be larger
 * @ret_class: NSEXEC_CALL_CLASS_* that was used, or NULL
 * @err:       detail on failure, or NULL
 *
 * The shared class is used when the caller promises NSEXEC_CALL_SIGNAL_SAFE and there is no user, pid or time
 * namespace to join and no deadline; everything else is forked. A forked child past its deadline is killed. Neither
 * class closes descriptors: @function sees those of the caller. In a pid namespace the child is visible to the
 * container, with the caller's memory, descriptors and capabilities: join one only together with the container's own
 * user namespace, or if the container has no CAP_SYS_PTRACE.
 *
 * fork-safe: no.  threads: any.  capabilities: CAP_SYS_ADMIN in the user namespaces that own what is joined, and
 * CAP_SYS_CHROOT for mnt and @root_fd.  Since: 0.1.0.
 *
 * Return: bytes in @buf; -ETIMEDOUT; -EINVAL (arguments); -E2BIG (longer arguments than this library knows, or a
 * result that does not fit); -ECANCELED (the child was killed); what @function or the step that failed returned.
 */
int64_t nsexec_call(const struct nsexec_call_args *args, nsexec_call_fn *function, void *data,
		    void *buf, size_t buf_size, uint32_t *ret_class, struct nsexec_err *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
