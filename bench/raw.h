/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without a C library, for the programs whose own start-up would be measured. Only
 * kernel headers are used. Define RAW_NO_START to leave out _start, in a program that has a libc.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <asm/unistd.h>
#include <linux/sched.h>

#if defined(__x86_64__)

static inline long raw6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * clone3() whose child does nothing but execve(), all in registers: the child may share the
 * parent's memory *and* stack (CLONE_VM | CLONE_VFORK, stack 0), because it never writes to it.
 */
static inline long raw_clone3_exec(const struct clone_args *args, const char *path, char **argv,
				   char **envp)
{
	register const char *r12 __asm__("r12") = path;
	register char **r13 __asm__("r13") = argv;
	register char **r14 __asm__("r14") = envp;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %%r12, %%rdi\n\t"
			 "mov %%r13, %%rsi\n\t"
			 "mov %%r14, %%rdx\n\t"
			 "mov %[exec], %%eax\n\t"
			 "syscall\n\t"
			 "mov $127, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "1:"
			 : "=a"(ret)
			 : "a"((long)__NR_clone3), "D"(args), "S"(sizeof(*args)), "r"(r12),
			   "r"(r13), "r"(r14), [exec] "i"(__NR_execve), [exit] "i"(__NR_exit_group)
			 : "rcx", "r11", "rdx", "memory");
	return ret;
}

#ifndef RAW_NO_START
__asm__(".text\n.globl _start\n_start:\n\txor %ebp, %ebp\n\t"
	"mov %rsp, %rdi\n\tand $-16, %rsp\n\tcall raw_main\n");
#endif

#elif defined(__aarch64__)

static inline long raw6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}

/* See the x86-64 one. */
static inline long raw_clone3_exec(const struct clone_args *args, const char *path, char **argv,
				   char **envp)
{
	register long x8 __asm__("x8") = __NR_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register const char *x9 __asm__("x9") = path;
	register char **x10 __asm__("x10") = argv;
	register char **x11 __asm__("x11") = envp;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x0, x9\n\t"
			 "mov x1, x10\n\t"
			 "mov x2, x11\n\t"
			 "mov x8, %[exec]\n\t"
			 "svc #0\n\t"
			 "mov x0, #127\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "1:"
			 : "+r"(x0), "+r"(x8), "+r"(x1)
			 : "r"(x9), "r"(x10),
			   "r"(x11), [exec] "i"(__NR_execve), [exit] "i"(__NR_exit_group)
			 : "x2", "memory", "cc");
	return x0;
}

#ifndef RAW_NO_START
__asm__(".text\n.globl _start\n_start:\n\tmov x29, #0\n\t"
	"mov x30, #0\n\tmov x0, sp\n\tbl raw_main\n");
#endif

#else
#error "no system calls for this machine"
#endif

#define raw0(nr) raw6(nr, 0, 0, 0, 0, 0, 0)
#define raw1(nr, a) raw6(nr, (long)(a), 0, 0, 0, 0, 0)
#define raw2(nr, a, b) raw6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define raw3(nr, a, b, c) raw6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw5(nr, a, b, c, d, e) raw6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

static inline __attribute__((noreturn)) void raw_exit(int code)
{
	for (;;)
		(void)raw1(__NR_exit_group, code);
}

/* Wait for one child, end as it ended. */
static inline __attribute__((noreturn)) void raw_exit_like(long pid)
{
	int status = 0;

	if (pid < 0 || raw5(__NR_wait4, pid, &status, 0, 0, 0) != pid)
		raw_exit(125);
	raw_exit(status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff);
}

static inline long raw_number(const char *text)
{
	long n = 0;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (*text - '0');
	return *text ? -1 : n;
}

#endif
