/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_NS_H
#define NSX_LIB_NS_H

#include "nsexec_ns.h"
#include <stdint.h>

#include "base_str.h"
#include "lib_spec.h"

/**
 * nsx_ns_clone_flags() - The CLONE_NEW* flags of a set of kinds
 * @mask: NSEXEC_NS_* bits
 *
 * fork-safe: yes.
 *
 * Return: the flags, for clone3(2), setns(2) and unshare(2).
 */
uint64_t nsx_ns_clone_flags(uint32_t mask);

/**
 * nsx_ns_list_names() - Append the names of a set of kinds, separated by commas
 * @mask: NSEXEC_NS_* bits
 * @out:  where to append
 *
 * fork-safe: yes.
 */
void nsx_ns_list_names(uint32_t mask, struct nsx_str *out);

#endif
