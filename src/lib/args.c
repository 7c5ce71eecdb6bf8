/* SPDX-License-Identifier: Apache-2.0 */
/* args.c owns the rules for structs that grow with the library. */
#include "lib/args.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

int nsx_args_take(void *own, size_t bytes, const void *given, struct nsx_err *err)
{
	uint64_t size;

	memset(own, 0, bytes);
	if (given == NULL)
		return 0;
	memcpy(&size, given, sizeof(size));
	if (size < 2 * sizeof(uint64_t))
		return nsx_err_set(err, -EINVAL, "check-args", "size", NSX_HINT_NONE);
	for (uint64_t i = bytes; i < size; i++)
		if (((const char *)given)[i] != 0)
			return nsx_err_set(err, -E2BIG, "check-args", "size", NSX_HINT_NONE);
	memcpy(own, given, size < bytes ? (size_t)size : bytes);
	return 0;
}
