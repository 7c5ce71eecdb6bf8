/* SPDX-License-Identifier: Apache-2.0 */
/* clone.c owns the child that does nothing. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"
#include "bootstrap/boot.h"

enum { IS_ALIVE = 1 };

/*
 * The child waits until the kernel clears *alive, and ends: it shares our memory, and touches nothing of it, nor a stack.
 * What futex(2) says does not matter: without it the child ends at once.
 */
static long clone_waiting(unsigned long flags, const int *alive)
{
	enum { STATUS = 0 };
	long r;

#if defined(__x86_64__)
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;

	/* of futex(2), FUTEX_WAIT is 0 and there is no timeout: rsi and r10 are as for clone(2) */
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[futex], %%eax\n\t"
			 "mov %[alive], %%rdi\n\t"
			 "mov %[value], %%edx\n\t"
			 "syscall\n\t"
			 "mov %[exit], %%eax\n\t"
			 "mov %[status], %%edi\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(r)
			 : "a"((long)SYS_clone), "D"(flags), "S"(0L), "d"(0L), "r"(r10),
			   "r"(r8), [alive] "r"(alive), [value] "i"(IS_ALIVE),
			   [futex] "i"(SYS_futex), [exit] "i"(SYS_exit), [status] "i"(STATUS)
			 : "rcx", "r11", "cc", "memory");
#else
	register long x0 __asm__("x0") = (long)flags;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	register long x8 __asm__("x8") = SYS_clone;

	/* of futex(2), FUTEX_WAIT is 0 and there is no timeout: x1 and x3 are as for clone(2) */
	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x0, %[alive]\n\t"
			 "mov x2, %[value]\n\t"
			 "mov x8, %[futex]\n\t"
			 "svc #0\n\t"
			 "mov x0, %[status]\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(x0), "+r"(x8)
			 : "r"(x1), "r"(x2), "r"(x3),
			   "r"(x4), [alive] "r"(alive), [value] "i"(IS_ALIVE),
			   [futex] "i"(SYS_futex), [exit] "i"(SYS_exit), [status] "i"(STATUS)
			 : "cc", "memory");
	r = x0;
#endif
	return r;
}

/*
 * What is shared is not copied; and if the child is the last who has it, nothing is taken apart before the runtime hears of
 * the end of stage 0, and before stage 2 can go on where there is but one processor.
 */
int nsx_boot_clone_nothing(struct nsx_boot *boot, bool lasts)
{
	unsigned long flags = NSX_CLONE_VM | NSX_CLONE_FILES | NSX_CLONE_SIGHAND |
			      NSX_CLONE_PARENT | SIGCHLD | (lasts ? 0 : NSX_CLONE_VFORK);
	sigset_t all;
	sigset_t before;
	long pid;

	if (lasts) {
		boot->alive = IS_ALIVE;
		(void)syscall(SYS_set_tid_address, &boot->alive);
	}
	/* a handler of the program would need a stack */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone_waiting(flags, &boot->alive);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return (int)pid;
	boot->page->helper_pid = (int32_t)pid;
	return 0;
}
