/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early.c owns the first microseconds of the command. Before it may make a process that a container sees, it has to be
 * executed again from a read-only clone of its mount (nsexec_self_protect()). That needs nothing of the C library: done
 * before its start-up, the first of the two executions costs no relocation and hardly a page fault.
 *
 * The program is not relocated yet and has no thread pointer: no stack protector, no pointers in data, only system calls.
 * If anything fails, the normal way goes on, and main() tries again with all fall-backs.
 */
#include <elf.h>
#include <fcntl.h>
#include <stddef.h>

#include "base/sys.h"

#ifndef __x86_64__
#error "the entry point is written for x86-64; the build leaves this file out elsewhere"
#endif

/* The kernel starts here, with argc on top of the stack; the C library's own entry point follows. */
__asm__(".pushsection .text\n"
	".globl nsx_entry\n"
	".type nsx_entry, @function\n"
	"nsx_entry:\n"
	"	endbr64\n"
	"	mov %rsp, %rbx\n"
	"	mov %rdx, %r12\n"
	"	mov %rsp, %rdi\n"
	"	call nsx_early\n"
	"	mov %rbx, %rsp\n"
	"	mov %r12, %rdx\n"
	"	jmp _start\n"
	".popsection\n");

__attribute__((no_stack_protector, used, visibility("hidden"))) void nsx_early(long *stack);

static inline __attribute__((always_inline)) long call5(long number, long a, long b, long c, long d,
							long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) int same_start(const char *text, const char *start)
{
	while (*start != '\0' && *text == *start) {
		text++;
		start++;
	}
	return *start == '\0';
}

/* Does this verb make such processes? As the table in main.c says. */
static inline __attribute__((always_inline)) int verb_forks(const char *verb)
{
	return (same_start(verb, "launch") && verb[6] == '\0') ||
	       (same_start(verb, "enter") && verb[5] == '\0');
}

void nsx_early(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	char **envp = argv + argc + 1;
	char **end = envp;
	const char *started_as = NULL;
	unsigned long uid = ~0UL;
	struct nsx_mount_attr attr = { .attr_set = NSX_MOUNT_ATTR_RDONLY };
	long tree;

	if (argc < 2 || !verb_forks(argv[1]))
		return;
	while (*end != NULL)
		end++;
	for (const Elf64_auxv_t *aux = (const void *)(end + 1); aux->a_type != AT_NULL; aux++) {
		if (aux->a_type == AT_EXECFN)
			started_as = (const char *)aux->a_un.a_val;
		else if (aux->a_type == AT_EUID)
			uid = aux->a_un.a_val;
	}
	if (uid != 0 || started_as == NULL || same_start(started_as, "/dev/fd/"))
		return;

	tree = call5(SYS_open_tree_attr, AT_FDCWD, (long)"/proc/self/exe",
		     NSX_OPEN_TREE_CLONE | NSX_OPEN_TREE_CLOEXEC, (long)&attr, sizeof(attr));
	if (tree < 0)
		return;
	(void)call5(SYS_execveat, tree, (long)"", (long)argv, (long)envp, AT_EMPTY_PATH);
	(void)call5(SYS_close, tree, 0, 0, 0, 0);
}
