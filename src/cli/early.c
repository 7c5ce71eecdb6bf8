/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early.c owns the first microseconds of the command. Before it may make a process that a container sees, its program
 * file has to be out of the container's reach (nsexec_self_protect()). Done before the C library's start-up, that needs
 * no second execve: the segments are mapped again, from a read-only clone of the mount, over themselves, while nothing in
 * them has been written yet; then the clone is made the process's /proc/PID/exe (PR_SET_MM_MAP). What can be reached from
 * then on, through /proc/PID/exe, /proc/PID/map_files or as an interpreter, is the file on a read-only mount that belongs
 * to nobody and of which no descriptor is open: just what execve of the clone would give, at a fifth of the price.
 *
 * The program is not relocated yet and has no thread pointer: no stack protector, no pointers in data, only system calls.
 * Where the kernel refuses, the program is executed again; if that fails, too, main() tries with all fall-backs.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "cli/early.h"

#ifndef __x86_64__
#error "the entry point is written for x86-64; the build leaves this file out elsewhere"
#endif

/*
 * Each page of the first mapping that is touched costs a fault that maps 15 others with it, and all of them are unmapped
 * again. So this lies at the start of the code, close to the headers, and reads no constants.
 */
#define PLACE ".text.unlikely.early"

/* The kernel starts here, with argc on top of the stack; the C library's own entry point follows. */
__asm__(".pushsection " PLACE ",\"ax\",@progbits\n"
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
	"nsx_early_launch: .asciz \"launch\"\n"
	"nsx_early_enter: .asciz \"enter\"\n"
	"nsx_early_by_fd: .asciz \"/dev/fd/\"\n"
	"nsx_early_exe: .asciz \"/proc/self/exe\"\n"
	"nsx_early_fds: .asciz \"/proc/self/fd/\"\n"
	"nsx_early_empty: .asciz \"\"\n"
	".popsection\n");

#define TEXT extern const char __attribute__((visibility("hidden")))
TEXT nsx_early_launch[];
TEXT nsx_early_enter[];
TEXT nsx_early_by_fd[];
TEXT nsx_early_exe[];
TEXT nsx_early_fds[];
TEXT nsx_early_empty[];
#undef TEXT

__attribute__((no_stack_protector, used, section(PLACE), visibility("hidden"))) void nsx_early(
	long *stack);

static inline __attribute__((always_inline)) long call6(long number, long a, long b, long c, long d,
							long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
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
	return (same_start(verb, nsx_early_launch) && verb[6] == '\0') ||
	       (same_start(verb, nsx_early_enter) && verb[5] == '\0');
}

enum { PAGE_BYTES = 4096 };

/* What the kernel told us at the start. */
struct start {
	char **argv, **envp;
	const char *started_as; /* lies behind the last variable of the environment */
	const Elf64_Phdr *headers;
	unsigned long header_count, uid;
};

static inline __attribute__((always_inline)) void read_stack(long *stack, struct start *start)
{
	char **end;

	start->argv = (char **)(stack + 1);
	start->envp = start->argv + stack[0] + 1;
	for (end = start->envp; *end != NULL; end++)
		;
	for (const Elf64_auxv_t *aux = (const void *)(end + 1); aux->a_type != AT_NULL; aux++) {
		unsigned long value = aux->a_un.a_val;

		if (aux->a_type == AT_EXECFN)
			start->started_as = (const char *)value;
		else if (aux->a_type == AT_EUID)
			start->uid = value;
		else if (aux->a_type == AT_PHDR)
			start->headers = (const Elf64_Phdr *)value;
		else if (aux->a_type == AT_PHNUM)
			start->header_count = value;
	}
}

/* The file of this program on a mount of its own, read-only and of no mount namespace. */
static inline __attribute__((always_inline)) long clone_read_only(void)
{
	struct nsx_mount_attr attr = { .attr_set = NSX_MOUNT_ATTR_RDONLY };
	long flags = NSX_OPEN_TREE_CLONE | NSX_OPEN_TREE_CLOEXEC;
	long tree = call6(SYS_open_tree_attr, AT_FDCWD, (long)nsx_early_exe, flags, (long)&attr,
			  sizeof(attr), 0);

	if (tree >= 0)
		return tree;
	tree = call6(SYS_open_tree, AT_FDCWD, (long)nsx_early_exe, flags, 0, 0, 0);
	if (tree >= 0 && call6(SYS_mount_setattr, tree, (long)nsx_early_empty, AT_EMPTY_PATH,
			       (long)&attr, sizeof(attr), 0) < 0) {
		(void)call6(SYS_close, tree, 0, 0, 0, 0, 0);
		return -1;
	}
	return tree;
}

/* A descriptor that can be mapped; the clone's own is one of a path only. */
static inline __attribute__((always_inline)) long open_clone(long tree)
{
	char path[24];
	char *end = path;

	if (tree > 99)
		return -1;
	for (const char *p = nsx_early_fds; *p != '\0'; p++)
		*end++ = *p;
	if (tree > 9)
		*end++ = (char)('0' + tree / 10);
	*end++ = (char)('0' + tree % 10);
	*end = '\0';
	return call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
}

/*
 * Map one segment of the file over itself. All pages of data at once, since nearly all are written by relocation, each
 * in a page fault of its own otherwise.
 */
static inline __attribute__((always_inline)) long map_again(const Elf64_Phdr *segment, char *base,
							    long fd)
{
	unsigned long from = segment->p_vaddr & -(unsigned long)PAGE_BYTES;
	unsigned long end = segment->p_vaddr + segment->p_filesz;
	unsigned long offset = segment->p_offset & -(unsigned long)PAGE_BYTES;
	int writable = (segment->p_flags & PF_W) != 0;
	long protection = PROT_READ | (writable ? PROT_WRITE : PROT_EXEC);
	long flags = MAP_PRIVATE | MAP_FIXED | (writable ? MAP_POPULATE : 0);
	long at = call6(SYS_mmap, (long)(base + from), (long)(end - from), protection, flags, fd,
			(long)offset);

	/* what the file has behind the data is not what shall be there: zeroes */
	for (; writable && at >= 0 && segment->p_memsz > segment->p_filesz && end % PAGE_BYTES != 0;
	     end++)
		*(volatile char *)(base + end) = 0;
	return at;
}

/* Nothing of the first mapping is left: the kernel lets a process exchange its program file only then. */
static inline __attribute__((always_inline)) long exchange(const struct start *start, char *base,
							   unsigned long end, long *stack, long fd)
{
	unsigned long last = (unsigned long)start->started_as;
	unsigned long first_env = *start->envp != NULL ? (unsigned long)*start->envp : last;
	unsigned long brk = ((unsigned long)base + end + PAGE_BYTES - 1) &
			    -(unsigned long)PAGE_BYTES;
	struct prctl_mm_map map = {
		.start_code = (unsigned long)base,
		.end_code = (unsigned long)base + end,
		.start_data = (unsigned long)base,
		.end_data = (unsigned long)base + end,
		.start_brk = brk, /* nobody here uses it */
		.brk = brk,
		.start_stack = (unsigned long)stack,
		.arg_start = (unsigned long)start->argv[0],
		.arg_end = first_env,
		.env_start = first_env,
		.env_end = last,
		.exe_fd = (unsigned)fd,
	};

	return call6(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)&map, sizeof(map), 0, 0);
}

void nsx_early(long *stack)
{
	struct start start = { .uid = ~0UL };
	unsigned long end = 0;
	char *base;
	long tree;
	long fd;
	long r;

	if (stack[0] < 2 || !verb_forks(((char **)stack)[2]))
		return;
	read_stack(stack, &start);
	if (start.uid != 0 || start.started_as == NULL ||
	    same_start(start.started_as, nsx_early_by_fd))
		return;
	tree = clone_read_only();
	if (tree < 0)
		return;

	/* the first segment has the headers of the file, and address 0 */
	base = (char *)start.headers - sizeof(Elf64_Ehdr);
	fd = r = open_clone(tree);
	for (unsigned long i = 0; r >= 0 && i < start.header_count; i++) {
		const Elf64_Phdr *segment = start.headers + i;

		if (segment->p_type != PT_LOAD)
			continue;
		r = map_again(segment, base, fd);
		end = segment->p_vaddr + segment->p_memsz;
	}
	if (r >= 0)
		r = exchange(&start, base, end, stack, fd);
	if (r >= 0)
		early_protected = true;
	else
		(void)call6(SYS_execveat, tree, (long)nsx_early_empty, (long)start.argv,
			    (long)start.envp, AT_EMPTY_PATH, 0);

	/*
	 * As long as the clone's were open, anywhere, its mount would be one that may be changed: who has CAP_SYS_ADMIN and
	 * CAP_SYS_PTRACE in a container could clear the read-only flag through /proc/PID/exe. So it ends here, although that
	 * waits for the kernel's RCU: 70 us.
	 */
	if (fd == tree + 1 && call6(SYS_close_range, tree, fd, 0, 0, 0, 0) == 0)
		return;
	if (fd >= 0)
		(void)call6(SYS_close, fd, 0, 0, 0, 0, 0);
	(void)call6(SYS_close, tree, 0, 0, 0, 0, 0);
}
