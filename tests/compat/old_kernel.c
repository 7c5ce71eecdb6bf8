/* SPDX-License-Identifier: Apache-2.0 */
/*
 * old-kernel [--eperm NAME,NAME] -- COMMAND...: run a command as if the kernel were Linux 5.10.
 *
 * A seccomp filter, which is inherited and so holds for everything below, answers
 *   - ENOSYS to what was added later, which is what has a number above that of process_madvise;
 *   - EINVAL to close_range(2) with CLOSE_RANGE_CLOEXEC, which is of 5.11;
 *   - EPERM to the system calls named, as the filters of some container engines do to what they
 *     do not know; this comes before the other rules.
 * Everything else is allowed. Both architectures number what is newer than 5.0 alike.
 *
 * Status: 125 for a failure of ours, 126 and 127 if the command cannot be run or is not there.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "only x86-64 and aarch64"
#endif

#define NR_CLOSE_RANGE 436
#define NR_PROCESS_MADVISE 440
#define CLOSE_RANGE_CLOEXEC_BIT 4
#define STATUS_OURS 125
#define RULES_MAX 64

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

struct program {
	struct sock_filter rules[RULES_MAX];
	unsigned short count;
};

static const struct {
	const char *name;
	uint32_t number;
} known_calls[] = {
	{ "unshare", SYS_unshare },
	{ "setns", SYS_setns },
	{ "mount", SYS_mount },
	{ "pivot_root", SYS_pivot_root },
	{ "keyctl", SYS_keyctl },
	{ "seccomp", SYS_seccomp },
	{ "execveat", SYS_execveat },
	{ "statx", SYS_statx },
	{ "pidfd_send_signal", 424 },
	{ "open_tree", 428 },
	{ "move_mount", 429 },
	{ "fsopen", 430 },
	{ "fsconfig", 431 },
	{ "fsmount", 432 },
	{ "pidfd_open", 434 },
	{ "clone3", 435 },
	{ "close_range", NR_CLOSE_RANGE },
	{ "openat2", 437 },
	{ "pidfd_getfd", 438 },
	{ "faccessat2", 439 },
	{ "mount_setattr", 442 },
};

static void add(struct program *program, struct sock_filter rule)
{
	program->rules[program->count++] = rule;
}

/* "clone3,openat2": a comparison and an answer each, at most two rules for every call that is known. */
static int add_forbidden(struct program *program, char *names)
{
	char *rest = names;

	for (char *name; (name = strtok_r(rest, ",", &rest));) {
		size_t i = 0;
		const size_t count = sizeof(known_calls) / sizeof(known_calls[0]);

		while (i < count && strcmp(known_calls[i].name, name) != 0)
			i++;
		if (i == count || program->count + 12 > RULES_MAX) {
			(void)fprintf(stderr, "old-kernel: --eperm: %s: %s\n", name,
				      i == count ? "not a system call that it knows" : "too many");
			return -EINVAL;
		}
		add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							  known_calls[i].number, 0, 1));
		add(program, (struct sock_filter)ANSWER(EPERM));
	}
	return 0;
}

static int build(struct program *program, char *forbidden)
{
	const struct sock_filter begin[] = {
		LOAD(arch), /* another ABI (i386, 32-bit Arm) has other numbers; no test of ours uses it */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		ALLOW,
		LOAD(nr),
	};
	const struct sock_filter end[] = {
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NR_PROCESS_MADVISE, 0, 1), /* x32 as well */
		ANSWER(ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_CLOSE_RANGE, 0, 3),
		LOAD(args[2]), /* the lower half: both architectures are little-endian */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLOSE_RANGE_CLOEXEC_BIT, 0, 1),
		ANSWER(EINVAL),
		ALLOW,
	};

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		add(program, begin[i]);
	if (forbidden && add_forbidden(program, forbidden) < 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(end) / sizeof(end[0]); i++)
		add(program, end[i]);
	return 0;
}

/* no_new_privs is set only where the filter is refused without it: it would change what setuid programs do. */
static int install(const struct program *program)
{
	struct sock_fprog filter = {
		.len = program->count,
		.filter = (struct sock_filter *)program->rules,
	};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct program program = { .count = 0 };
	char *forbidden = NULL;
	int at = 1, r;

	if (at + 1 < argc && strcmp(argv[at], "--eperm") == 0) {
		forbidden = argv[at + 1];
		at += 2;
	}
	if (at + 1 >= argc || strcmp(argv[at], "--") != 0) {
		(void)fputs("usage: old-kernel [--eperm NAME,NAME] -- COMMAND...\n", stderr);
		return STATUS_OURS;
	}
	if (build(&program, forbidden) < 0)
		return STATUS_OURS;

	r = install(&program);
	if (r < 0) {
		(void)fprintf(stderr, "old-kernel: seccomp: %s\n", strerror(-r));
		return STATUS_OURS;
	}

	(void)execvp(argv[at + 1], argv + at + 1);
	r = errno;
	(void)fprintf(stderr, "old-kernel: %s: %s\n", argv[at + 1], strerror(r));
	return r == ENOENT ? 127 : 126;
}
