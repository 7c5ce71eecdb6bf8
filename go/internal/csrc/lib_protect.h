/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_PROTECT_H
#define NSX_LIB_PROTECT_H

#include "base_err.h"

/**
 * nsx_protect_check() - May a copy of this process be seen by a container?
 * @err: detail on failure
 *
 * Its program must lie on a read-only mount, and it must have one thread.
 *
 * Return: 0, -EPERM.
 */
int nsx_protect_check(struct nsx_err *err);

#endif
