/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default seccomp filter, against libseccomp as the oracle, and in the kernel.
 *
 * NSX_TEST_LIBSECCOMP is defined by the build when libseccomp is linked into this test (nothing else
 * uses it). NSX_SOURCE_ROOT, a define or in the environment, is where tools/ is.
 */
#include "../tap.h"

#include "lib/seccomp_default.h"

#include <inttypes.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#ifdef NSX_TEST_LIBSECCOMP
#include <seccomp.h>
#endif

#include "lib/bpf_sim.h"

#ifndef NSX_SOURCE_ROOT
#define NSX_SOURCE_ROOT "."
#endif

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define ALLOW SECCOMP_RET_ALLOW
#define FAIL(errno) (SECCOMP_RET_ERRNO | (errno))

/* What Docker gives to a container. */
#define DOCKER                                                                                    \
	(CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FSETID) | CAP(FOWNER) | CAP(MKNOD) | CAP(NET_RAW) | \
	 CAP(SETGID) | CAP(SETUID) | CAP(SETFCAP) | CAP(SETPCAP) | CAP(NET_BIND_SERVICE) |        \
	 CAP(SYS_CHROOT) | CAP(KILL) | CAP(AUDIT_WRITE))

struct config {
	const char *name;
	uint32_t audit_arch;
	uint64_t caps;
};

/* clang-format off */
static const struct config configs[] = {
	{ "x86_64 with Docker's capabilities",               AUDIT_ARCH_X86_64,  DOCKER },
	{ "x86_64 without capabilities",                     AUDIT_ARCH_X86_64,  0 },
	{ "x86_64 with all capabilities",                    AUDIT_ARCH_X86_64,  UINT64_MAX },
	{ "x86_64 with Docker's and CAP_SYS_ADMIN",          AUDIT_ARCH_X86_64,  DOCKER | CAP(SYS_ADMIN) },
	{ "x86_64 with Docker's, without CAP_AUDIT_WRITE",   AUDIT_ARCH_X86_64,  DOCKER & ~CAP(AUDIT_WRITE) },
	{ "aarch64 with Docker's capabilities",              AUDIT_ARCH_AARCH64, DOCKER },
	{ "aarch64 without capabilities",                    AUDIT_ARCH_AARCH64, 0 },
	{ "aarch64 with all capabilities",                   AUDIT_ARCH_AARCH64, UINT64_MAX },
	{ "aarch64 with Docker's and CAP_SYS_ADMIN",         AUDIT_ARCH_AARCH64, DOCKER | CAP(SYS_ADMIN) },
	{ "aarch64 with Docker's, without CAP_AUDIT_WRITE",  AUDIT_ARCH_AARCH64, DOCKER & ~CAP(AUDIT_WRITE) },
};
/* clang-format on */

static const uint32_t arches[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64 };

/* ---- the oracle ------------------------------------------------------------------------------ */

#ifdef NSX_TEST_LIBSECCOMP

/* An empty filter for one architecture, native or not. Returns 0 or a negative errno. */
static int make_filter(uint32_t audit_arch, unsigned int fallback, scmp_filter_ctx *ret_ctx)
{
	uint32_t native = seccomp_arch_native();
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(fallback));
	int r;

	if (!ctx)
		return -ENOMEM;

	*ret_ctx = ctx;
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(fallback));
	if (r < 0 || audit_arch == native)
		return r;

	r = seccomp_arch_add(ctx, audit_arch);
	return r < 0 ? r : seccomp_arch_remove(ctx, native);
}

static int add_rule(scmp_filter_ctx ctx, const char *line)
{
	struct scmp_arg_cmp args[6] = { 0 };
	unsigned int count = 0;
	unsigned int code;
	char name[64];
	char op[16];
	int at;
	int step;
	int number;

	if (sscanf(line, "%u %63s%n", &code, name, &at) != 2)
		return -EBADMSG;

	for (; count < 6; count++, at += step) {
		struct scmp_arg_cmp *arg = &args[count];

		if (sscanf(line + at, "%u %15s %" SCNu64 " %" SCNu64 "%n", &arg->arg, op,
			   &arg->datum_a, &arg->datum_b, &step) != 4)
			break;
		if (strcmp(op, "EQ") == 0)
			arg->op = SCMP_CMP_EQ;
		else if (strcmp(op, "NE") == 0)
			arg->op = SCMP_CMP_NE;
		else if (strcmp(op, "MASKED_EQ") == 0)
			arg->op = SCMP_CMP_MASKED_EQ;
		else
			return -EBADMSG;
	}
	/* Numbers of the native architecture, or negative ones; libseccomp translates. */
	number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return 0; /* the engines ignore these names */

	return seccomp_rule_add_array(ctx, code ? SCMP_ACT_ERRNO(code) : SCMP_ACT_ALLOW, number,
				      count, args);
}

static int read_rules(uint32_t audit_arch, FILE *rules, scmp_filter_ctx *ret_ctx)
{
	char line[512];
	unsigned int fallback;
	int r;

	if (!fgets(line, sizeof(line), rules) || sscanf(line, "default %u", &fallback) != 1)
		return -ENODATA;

	r = make_filter(audit_arch, fallback, ret_ctx);
	while (r == 0 && fgets(line, sizeof(line), rules))
		r = add_rule(*ret_ctx, line);
	return r;
}

/* The oracle's filter. Returns its length, or a negative errno. */
static int ask_oracle(uint32_t audit_arch, uint64_t caps, struct sock_filter *ret_filter,
		      size_t max)
{
	const char *root = getenv("NSX_SOURCE_ROOT");
	scmp_filter_ctx ctx = NULL;
	char command[4096];
	ssize_t bytes = 0;
	FILE *rules;
	int fd;
	int r;

	(void)snprintf(command, sizeof(command), "'%s/tools/oracle-seccomp' %s %#" PRIx64,
		       root ? root : NSX_SOURCE_ROOT,
		       audit_arch == AUDIT_ARCH_X86_64 ? "amd64" : "arm64", caps);
	rules = popen(command, "re");
	if (!rules)
		return -errno;

	r = read_rules(audit_arch, rules, &ctx);
	if (pclose(rules) != 0 && r == 0)
		r = -ENODATA;

	fd = memfd_create("oracle", MFD_CLOEXEC);
	if (r == 0)
		r = seccomp_export_bpf(ctx, fd);
	if (r == 0)
		bytes = pread(fd, ret_filter, max * sizeof(*ret_filter), 0);
	(void)close(fd);
	if (ctx)
		seccomp_release(ctx);
	return r < 0 ? r : (int)((size_t)bytes / sizeof(*ret_filter));
}

/* ---- comparing ------------------------------------------------------------------------------- */

struct pair {
	const struct sock_filter *ours;
	const struct sock_filter *oracle;
	size_t our_count;
	size_t oracle_count;
};

static int compare(const struct pair *pair, const struct seccomp_data *data)
{
	uint32_t ours = nsx_bpf_run(pair->ours, pair->our_count, data);
	uint32_t oracle = nsx_bpf_run(pair->oracle, pair->oracle_count, data);

	if (ours == oracle)
		return 0;
	(void)fprintf(stderr, "# call %d of %#x, arguments %#llx, %#llx, %#llx: %#x, oracle %#x\n",
		      data->nr, data->arch, data->args[0], data->args[1], data->args[2], ours,
		      oracle);
	return 1;
}

/* Values that somebody may have a condition about, each with what surrounds it. */
static size_t list_values(uint64_t values[static 512])
{
	/* clang-format off */
	static const uint64_t special[] = {
		0x20000, 0x20008, 0x20001, 0x20009, 0x40000, 0x7e020000, 0xffffffff, 0x1ffffffff,
		UINT64_MAX, 0xffffffff00000000, 0x100000000, 0x100000008, 0x100000010,
		0x100020000, 0x100020008, 0x8000001000000010, 0xffffffff00020008,
	};
	/* clang-format on */
	size_t count = 0;

	for (uint64_t i = 0; i <= 50; i++) /* socket families */
		values[count++] = i;
	for (int i = 0; i < 64; i++) { /* clone flags */
		values[count++] = UINT64_C(1) << i;
		values[count++] = (UINT64_C(1) << i) | SIGCHLD;
	}
	memcpy(values + count, special, sizeof(special));
	return count + sizeof(special) / sizeof(special[0]);
}

/* All values in the first argument, with what matters in the third: the netlink protocol 9. */
static int compare_thoroughly(const struct pair *pair, uint32_t audit_arch, const char *name)
{
	static const uint64_t third[] = { 0, 9, 8, 0x100000009, 0x8000000000000009, UINT64_MAX };
	struct seccomp_data data = { .arch = audit_arch };
	int number = seccomp_syscall_resolve_name_arch(audit_arch, name);
	uint64_t values[512];
	size_t count = list_values(values);
	int differences = 0;

	if (number < 0)
		return 0;

	data.nr = number;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < sizeof(third) / sizeof(third[0]); j++) {
			data.args[0] = values[i];
			data.args[1] = values[count - 1 - i];
			data.args[2] = third[j];
			differences += compare(pair, &data);
		}
	}
	return differences;
}

/* Every number, with few arguments. */
static int compare_widely(const struct pair *pair, uint32_t audit_arch)
{
	static const uint64_t firsts[] = { 0, 16, 0x20008, 0x100000010, 0x10000000 };
	static const uint32_t bases[] = {
		0,          0x400 - 350, 0x1000,     0x8000,     0x3fffffff - 350,
		0x40000000, 0x7ffffe00,  0x80000000, 0xc0000000, 0xfffffd42,
	};
	struct seccomp_data data = { 0 };
	int differences = 0;

	for (size_t base = 0; base < sizeof(bases) / sizeof(bases[0]); base++) {
		for (uint32_t i = 0; i <= 700; i++) {
			data.nr = (int)(bases[base] + i);
			for (size_t j = 0; j < sizeof(firsts) / sizeof(firsts[0]); j++) {
				data.args[0] = firsts[j];
				data.args[2] = j % 2 ? 9 : 0;
				data.arch = audit_arch;
				differences += compare(pair, &data);
			}
			/* i386, arm, the other one of ours, and none at all. */
			data.arch = i % 3 ? AUDIT_ARCH_I386 : AUDIT_ARCH_ARM;
			differences += compare(pair, &data);
			data.arch = audit_arch ^ AUDIT_ARCH_X86_64 ^ AUDIT_ARCH_AARCH64;
			differences += compare(pair, &data);
			data.arch = audit_arch & ~(uint32_t)__AUDIT_ARCH_64BIT;
			differences += compare(pair, &data);
		}
	}
	return differences;
}

static int compare_with_oracle(uint32_t audit_arch, uint64_t caps)
{
	static const char *const names[] = { "personality", "socket", "clone",      "clone3",
					     "unshare",     "setns",  "ioctl",      "socketpair",
					     "ptrace",      "mount",  "arch_prctl", "keyctl",
					     "open",        "openat", "bpf" };
	struct sock_filter ours[NSX_SECCOMP_DEFAULT_MAX];
	struct sock_filter oracle[NSX_BPF_MAX];
	int our_count =
		nsx_seccomp_default_for(audit_arch, caps, ours, NSX_SECCOMP_DEFAULT_MAX, NULL);
	int oracle_count = ask_oracle(audit_arch, caps, oracle, NSX_BPF_MAX);
	struct pair pair = { ours, oracle, (size_t)our_count, (size_t)oracle_count };

	CHECK_OK(our_count);
	CHECK_OK(oracle_count);
	CHECK_OK(nsx_bpf_check(ours, pair.our_count, NULL));
	CHECK_OK(nsx_bpf_check(oracle, pair.oracle_count, NULL));
	CHECK_INT(compare_widely(&pair, audit_arch), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_INT(compare_thoroughly(&pair, audit_arch, names[i]), 0);
	return 0;
}
#endif

#define PROFILE "/usr/share/containers/seccomp.json"

static int decides_like_libseccomp_for(const void *arg)
{
#ifdef NSX_TEST_LIBSECCOMP
	const struct config *config = arg;

	if (access(PROFILE, R_OK) != 0)
		SKIP(PROFILE " is not there (golang-github-containers-common)");
	return compare_with_oracle(config->audit_arch, config->caps);
#else
	(void)arg;
	SKIP("built without libseccomp");
#endif
}

/* Each capability that the profile knows, alone: a wrong mask cannot hide behind another one. */
static int decides_like_libseccomp_for_each_capability(void)
{
#ifdef NSX_TEST_LIBSECCOMP
	static const int known[] = { CAP_DAC_READ_SEARCH, CAP_SYS_MODULE, CAP_SYS_RAWIO,
				     CAP_SYS_CHROOT,      CAP_SYS_PTRACE, CAP_SYS_PACCT,
				     CAP_SYS_TIME,        CAP_SYS_ADMIN,  CAP_SYS_TTY_CONFIG,
				     CAP_AUDIT_WRITE,     CAP_BPF,        CAP_SYS_NICE };

	if (access(PROFILE, R_OK) != 0)
		SKIP(PROFILE " is not there (golang-github-containers-common)");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int r = compare_with_oracle(arches[i % 2], UINT64_C(1) << known[i]);

		if (r != 0)
			return r;
		r = compare_with_oracle(arches[(i + 1) % 2], ~(UINT64_C(1) << known[i]));
		if (r != 0)
			return r;
	}
	return 0;
#else
	SKIP("built without libseccomp");
#endif
}

/* ---- without the oracle ---------------------------------------------------------------------- */

/* x86_64, so that the numbers can be written down here. */
static uint32_t ask(uint64_t caps, int number, uint64_t first, uint64_t third)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX];
	struct seccomp_data data = {
		.nr = number,
		.arch = AUDIT_ARCH_X86_64,
		.args = { first, 0, third },
	};
	int count = nsx_seccomp_default_for(AUDIT_ARCH_X86_64, caps, filter,
					    NSX_SECCOMP_DEFAULT_MAX, NULL);

	return count < 0 ? SECCOMP_RET_KILL_PROCESS : nsx_bpf_run(filter, (size_t)count, &data);
}

static int knows_the_well_known_cases(void)
{
	CHECK_INT(ask(0, 0, 0, 0), ALLOW);              /* read */
	CHECK_INT(ask(0, 308, 0, 0), ALLOW);            /* setns: the first rule wins */
	CHECK_INT(ask(~0ULL, 167, 0, 0), FAIL(EPERM));  /* swapon */
	CHECK_INT(ask(~0ULL, 425, 0, 0), FAIL(ENOSYS)); /* io_uring_setup */
	CHECK_INT(ask(DOCKER, 170, 0, 0), FAIL(EPERM)); /* sethostname */
	CHECK_INT(ask(CAP(SYS_ADMIN), 170, 0, 0), ALLOW);
	CHECK_INT(ask(0, 135, 0, 0), ALLOW); /* personality */
	CHECK_INT(ask(0, 135, 0xffffffff, 0), ALLOW);
	CHECK_INT(ask(0, 135, 0x40000, 0), FAIL(ENOSYS));
	CHECK_INT(ask(0, 135, 0x100000000, 0), FAIL(ENOSYS));
	CHECK_INT(ask(0, 41, 16, 9), FAIL(EINVAL)); /* socket(AF_NETLINK, 0, NETLINK_AUDIT) */
	CHECK_INT(ask(0, 41, 16, 0), ALLOW);
	CHECK_INT(ask(0, 41, 2, 9), ALLOW);
	CHECK_INT(ask(DOCKER, 41, 16, 9), ALLOW);
	CHECK_INT(ask(~0ULL, 0x40000000, 0, 0), FAIL(ENOSYS)); /* read of x32 */
	CHECK_INT(ask(~0ULL, -1, 0, 0), FAIL(ENOSYS));
	return 0;
}

static int is_short_for_dockers_capabilities(void)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX];

	for (size_t i = 0; i < 2; i++) {
		int count = nsx_seccomp_default_for(arches[i], DOCKER, filter, 256, NULL);

		CHECK_OK(count);
		CHECK(count <= 100);
	}
	return 0;
}

/* All subsets of the capabilities that matter would be 2048 filters; these are a spread of them. */
static int fits_and_is_valid_for_many_capability_sets(void)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX];
	uint64_t caps = 88172645463325252u;

	for (int i = 0; i < 3000; i++) {
		int count;

		caps ^= caps << 13;
		caps ^= caps >> 7;
		caps ^= caps << 17;
		count = nsx_seccomp_default_for(arches[i % 2], caps, filter,
						NSX_SECCOMP_DEFAULT_MAX, NULL);
		CHECK_OK(count);
		CHECK_OK(nsx_bpf_check(filter, (size_t)count, NULL));
	}
	return 0;
}

/* seccomp_is_const_allow() of the kernel gives up on anything else, and each call then costs time. */
static int uses_only_what_the_kernel_can_decide_in_advance(void)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX];

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		int count = nsx_seccomp_default_for(configs[i].audit_arch, configs[i].caps, filter,
						    NSX_SECCOMP_DEFAULT_MAX, NULL);

		CHECK_OK(count);
		for (int pc = 0; pc < count; pc++) {
			uint16_t code = filter[pc].code;

			CHECK(code == (BPF_LD | BPF_W | BPF_ABS) || code == (BPF_RET | BPF_K) ||
			      code == (BPF_JMP | BPF_JA) || code == (BPF_JMP | BPF_JEQ | BPF_K) ||
			      code == (BPF_JMP | BPF_JGE | BPF_K));
		}
	}
	return 0;
}

static int refuses_too_little_room_and_stays_inside(void)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX + 1];
	struct nsx_err err = { 0 };
	int count = nsx_seccomp_default(DOCKER, filter, NSX_SECCOMP_DEFAULT_MAX, &err);

	CHECK_OK(count);
	for (int max = 0; max < count; max++) {
		memset(filter, 0xa5, sizeof(filter));
		CHECK_INT(nsx_seccomp_default(DOCKER, filter, (size_t)max, NULL), -E2BIG);
		CHECK_INT(filter[max].code, 0xa5a5);
	}
	CHECK_INT(nsx_seccomp_default(DOCKER, filter, (size_t)count, &err), count);
	CHECK_INT(err.code, 0);
	CHECK_INT(nsx_seccomp_default(DOCKER, filter, 10, &err), -E2BIG);
	CHECK_INT(err.code, -E2BIG);
	return 0;
}

static int refuses_an_unknown_architecture(void)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX];
	struct nsx_err err = { 0 };

	CHECK_INT(nsx_seccomp_default_for(AUDIT_ARCH_I386, 0, filter, 256, &err), -EINVAL);
	CHECK_INT(err.code, -EINVAL);
	return 0;
}

/* ---- in the kernel --------------------------------------------------------------------------- */

/* In a child, under the filter: only _exit() from here. */
static void live_under_filter(void)
{
	char buf[1];

	if (getppid() <= 0 || write(STDERR_FILENO, "", 0) != 0 || read(STDIN_FILENO, buf, 0) != 0)
		_exit(2);
	if (syscall(SYS_personality, 0x40000) != -1 || errno != ENOSYS)
		_exit(3);
	if (syscall(SYS_personality, 0xffffffffUL) == -1)
		_exit(4);
	if (syscall(SYS_swapoff, "/nonexistent") != -1 || errno != EPERM)
		_exit(5);
	if (syscall(SYS_socket, 16 /* AF_NETLINK */, 3, 9 /* NETLINK_AUDIT */) != -1 ||
	    errno != EINVAL)
		_exit(6);
	if (syscall(425 /* io_uring_setup */, 1, NULL) != -1 || errno != ENOSYS)
		_exit(7);
	if (syscall(SYS_sethostname, "x", 1) != -1 || errno != EPERM)
		_exit(8);
	if (syscall(100000) != -1 || errno != ENOSYS)
		_exit(9);
	_exit(0);
}

static int does_in_the_kernel_what_it_says(void)
{
	struct sock_filter filter[NSX_SECCOMP_DEFAULT_MAX];
	int count = nsx_seccomp_default(DOCKER & ~CAP(AUDIT_WRITE), filter, 256, NULL);
	struct sock_fprog program = { .len = (unsigned short)count, .filter = filter };
	int status;
	pid_t pid;

	CHECK_OK(count);
	pid = fork();
	CHECK_OK(pid);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
			_exit(errno == ENOSYS ? 77 : 1);
		live_under_filter();
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("the kernel has no seccomp filters");
	CHECK_INT(WEXITSTATUS(status), 0);
	return 0;
}

TAP_MAIN(CASE_TABLE(decides_like_libseccomp_for, configs),
	 CASE(decides_like_libseccomp_for_each_capability), CASE(knows_the_well_known_cases),
	 CASE(is_short_for_dockers_capabilities), CASE(fits_and_is_valid_for_many_capability_sets),
	 CASE(uses_only_what_the_kernel_can_decide_in_advance),
	 CASE(refuses_too_little_room_and_stays_inside), CASE(refuses_an_unknown_architecture),
	 CASE(does_in_the_kernel_what_it_says))
