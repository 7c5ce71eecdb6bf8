/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter that podman and Docker give to a container that asks for nothing special. */
#ifndef NSX_LIB_SECCOMP_DEFAULT_H
#define NSX_LIB_SECCOMP_DEFAULT_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base_err.h"

/* Enough for every set of capabilities; a unit test holds the filters below. */
#define NSX_SECCOMP_DEFAULT_MAX 256

/**
 * nsx_seccomp_default() - Build the default filter for this machine
 * @caps:       capabilities that the program can have (its bounding set); bit N is capability N
 * @ret_filter: the instructions; undefined on failure
 * @max:        room in @ret_filter; NSX_SECCOMP_DEFAULT_MAX is always enough
 * @err:        detail on failure, or NULL
 *
 * For every native system call the filter decides what containers/common's seccomp.json decides
 * for @caps, as compiled by libseccomp. Everything else gets ENOSYS: numbers that the profile does
 * not know, the x32 calls, and calls of another architecture. So 32-bit programs do not run
 * under this filter, unlike under podman's; that is a deliberate limit, for they would need a
 * second and larger table. Takes a few microseconds and 5 KiB of stack.
 * fork-safe: yes.  threads: any.  capabilities: none.
 *
 * Return: the number of instructions, or -E2BIG (does not fit into @max).
 */
int nsx_seccomp_default(uint64_t caps, struct sock_filter *ret_filter, size_t max,
			struct nsx_err *err);

/**
 * nsx_seccomp_default_for() - Build the default filter of a given architecture
 * @audit_arch: AUDIT_ARCH_X86_64 or AUDIT_ARCH_AARCH64
 * @caps:       see nsx_seccomp_default()
 * @ret_filter: the instructions; undefined on failure
 * @max:        room in @ret_filter
 * @err:        detail on failure, or NULL
 *
 * For tests: a machine can then check both tables.
 * fork-safe: yes.  threads: any.  capabilities: none.
 *
 * Return: the number of instructions, -E2BIG (does not fit), -EINVAL (no such table).
 */
int nsx_seccomp_default_for(uint32_t audit_arch, uint64_t caps, struct sock_filter *ret_filter,
			    size_t max, struct nsx_err *err);

#endif
