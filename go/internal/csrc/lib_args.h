/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_ARGS_H
#define NSX_LIB_ARGS_H

#include <stddef.h>

#include "base_err.h"

/**
 * nsx_args_take() - Copy a sized struct of the caller, who may know an older or a newer one
 * @own:   the struct as this library knows it
 * @bytes: its size
 * @given: the caller's, which begins with its size as uint64_t; NULL: all zero
 * @err:   detail on failure, or NULL
 *
 * A shorter one is padded with zeroes, a longer one accepted if the rest is zero.
 * fork-safe: yes.
 *
 * Return: 0, -EINVAL (too short to hold size and flags), -E2BIG (it asks for what this library does not know).
 */
int nsx_args_take(void *own, size_t bytes, const void *given, struct nsx_err *err);

#endif
