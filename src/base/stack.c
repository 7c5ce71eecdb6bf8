/* SPDX-License-Identifier: Apache-2.0 */
/* stack.c owns the stacks of children that share our memory. */
#include "base/stack.h"

#include <errno.h>
#include <sys/mman.h>

void *nsx_stack_map(size_t more)
{
	size_t usable = NSX_STACK_BYTES + more;
	char *all = mmap(NULL, NSX_STACK_GUARD + usable, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int code;

	if (all == MAP_FAILED)
		return NULL;
	if (mprotect(all + NSX_STACK_GUARD, usable, PROT_READ | PROT_WRITE) == 0)
		return all + NSX_STACK_GUARD;
	code = errno;
	(void)munmap(all, NSX_STACK_GUARD + usable);
	errno = code;
	return NULL;
}

void nsx_stack_unmap(void *stack, size_t more)
{
	if (stack != NULL)
		(void)munmap((char *)stack - NSX_STACK_GUARD,
			     NSX_STACK_GUARD + NSX_STACK_BYTES + more);
}
