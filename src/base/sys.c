/* SPDX-License-Identifier: Apache-2.0 */
/* sys.c owns the forms of clone that the engine uses. */
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

pid_t nsx_sys_clone_vm(int exit_signal, int (*function)(void *data), void *data, void *stack,
		       size_t bytes)
{
	char *top = (char *)stack + bytes;

	/* clone(2) of the C library is nothing but the system call and a call of the function on the new stack */
	return clone(function, top, CLONE_VM | CLONE_VFORK | exit_signal, data);
}

#if defined(__x86_64__)
long nsx_sys_raw(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return r;
}
#elif defined(__aarch64__)
long nsx_sys_raw(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory", "cc");
	return x0;
}
#endif

/*
 * clone3(2) whose child calls a function on the stack of the arguments and ends with what that returns. In C the child
 * could not even return from syscall(): it is on another stack. The call leaves all registers but its result and two
 * others alone, so the parent sees nothing of this but that.
 */
#if defined(__x86_64__)
static long clone3_call(const struct nsx_clone_args *args, int (*function)(void *data), void *data)
{
	register int (*r8)(void *) __asm__("r8") = function;
	register void *r9 __asm__("r9") = data;
	long r;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(r)
			 : "a"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r8),
			   "r"(r9), [exit] "i"(SYS_exit_group)
			 : "rcx", "r11", "cc", "memory");
	return r;
}
#elif defined(__aarch64__)
static long clone3_call(const struct nsx_clone_args *args, int (*function)(void *data), void *data)
{
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register int (*x2)(void *) __asm__("x2") = function;
	register void *x3 __asm__("x3") = data;
	register long x8 __asm__("x8") = SYS_clone3;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x30, #0\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x8), [exit] "i"(SYS_exit_group)
			 : "cc", "memory");
	return x0;
}
#endif

pid_t nsx_sys_clone3_vm(struct nsx_clone_args *args, int (*function)(void *data), void *data,
			void *stack, size_t bytes)
{
	long r;

	args->flags |= CLONE_VM;
	args->stack = (uint64_t)(uintptr_t)stack;
	args->stack_size = bytes;
	r = clone3_call(args, function, data);
	if (r >= 0)
		return (pid_t)r;
	errno = (int)-r;
	return -1;
}
