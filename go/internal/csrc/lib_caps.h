/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_CAPS_H
#define NSX_LIB_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base_err.h"

/* Every capability there could be; the kernel's last one is below 63. */
#define NSX_CAPS_ALL 0x7fffffffffffffffULL

/**
 * nsx_caps_get() - The capability sets of the calling thread
 * @ret_effective:   effective set
 * @ret_permitted:   permitted set
 * @ret_inheritable: inheritable set
 *
 * fork-safe: yes.
 */
void nsx_caps_get(uint64_t *ret_effective, uint64_t *ret_permitted, uint64_t *ret_inheritable);

/**
 * nsx_caps_set() - Set the capability sets of the calling thread
 * @effective:   effective set
 * @permitted:   permitted set
 * @inheritable: inheritable set
 * @err:         detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -EPERM.
 */
int nsx_caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct nsx_err *err);

/**
 * nsx_caps_limit() - Lower the bounding set
 * @keep: what may stay
 * @err:  detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -EPERM (no CAP_SETPCAP).
 */
int nsx_caps_limit(uint64_t keep, struct nsx_err *err);

/**
 * nsx_caps_rule_all() - May the caller join, inspect and open everything, as root may?
 *
 * In a user namespace of its own that is only power over what belongs to it; a failing setns(2) tells.
 * fork-safe: yes.
 *
 * Return: whether it is.
 */
bool nsx_caps_rule_all(void);

#endif
