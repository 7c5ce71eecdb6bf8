/* SPDX-License-Identifier: Apache-2.0 */
/* A classic BPF interpreter for seccomp filters: what would this filter say, without loading it? */
#ifndef NSX_LIB_BPF_SIM_H
#define NSX_LIB_BPF_SIM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_err.h"

/* What the kernel takes at most in one filter (BPF_MAXINSNS). */
#define NSX_BPF_MAX 4096

/**
 * nsx_bpf_check() - Decide whether the kernel would accept a seccomp filter
 * @filter: the instructions
 * @count:  how many
 * @err:    detail on failure (the object is the instruction), or NULL
 *
 * The rules are those of bpf_check_classic() and seccomp_check_filter() in the kernel: known
 * instructions only, jumps forward and inside the filter, loads aligned and inside struct
 * seccomp_data, no constant division by zero, no constant shift by more than 31, scratch memory
 * stored before it is loaded on every path, a return at the end.
 * Needs 8 KiB of stack. fork-safe: yes.  threads: any.  capabilities: none.
 *
 * Return: 0, or -EINVAL.
 */
int nsx_bpf_check(const struct sock_filter *filter, size_t count, struct nsx_err *err);

/**
 * nsx_bpf_run() - Run a seccomp filter over one system call
 * @filter: instructions that passed nsx_bpf_check()
 * @count:  how many
 * @data:   the system call
 *
 * Total: it always ends and never reads outside of @filter and @data. What the check would have
 * refused, and a division by a zero in X, kills the thread, as the kernel does with the latter.
 * fork-safe: yes.  threads: any.  capabilities: none.
 *
 * Return: the SECCOMP_RET_* value with its data.
 */
uint32_t nsx_bpf_run(const struct sock_filter *filter, size_t count,
		     const struct seccomp_data *data);

/**
 * nsx_bpf_uses_notify() - Does a filter hand system calls to a listener?
 * @filter: the instructions
 * @count:  how many
 *
 * Looks for a constant return of SECCOMP_RET_USER_NOTIF, reachable or not. A value that the filter
 * computes is not seen; no compiler makes such filters.
 * fork-safe: yes.  threads: any.  capabilities: none.
 *
 * Return: true if there is one.
 */
bool nsx_bpf_uses_notify(const struct sock_filter *filter, size_t count);

#endif
