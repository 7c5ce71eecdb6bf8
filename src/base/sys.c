/* SPDX-License-Identifier: Apache-2.0 */
/* sys.c owns the three forms of clone that the engine uses. */
#include "base/sys.h"

#include <sched.h>

pid_t nsx_sys_clone3(const struct nsx_clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

pid_t nsx_sys_clone(unsigned long flags, int32_t *parent_tid)
{
	/* x86-64 and aarch64 differ in the order of the last two arguments only; both are NULL here */
	return (pid_t)syscall(SYS_clone, flags, NULL, parent_tid, NULL, NULL);
}

pid_t nsx_sys_clone_vm(int (*function)(void *data), void *data, void *stack, size_t bytes)
{
	char *top = (char *)stack + bytes;

	/* clone(2) of the C library is nothing but the system call and a call of the function on the new stack */
	return clone(function, top, CLONE_VM | CLONE_VFORK, data);
}
