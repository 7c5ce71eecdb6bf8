/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF interpreter, by tables, and side by side with the kernel. */
#include "../tap.h"

#include "lib/bpf_sim.h"

#include <linux/audit.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
#define LD(offset)           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define IMM(k)               BPF_STMT(BPF_LD | BPF_IMM, k)
#define LDX(k)               BPF_STMT(BPF_LDX | BPF_IMM, k)
#define OP(op, k)            BPF_STMT(BPF_ALU | (op) | BPF_K, k)
#define OPX(op)              BPF_STMT(BPF_ALU | (op) | BPF_X, 0)
#define IF(op, k, jt, jf)    BPF_JUMP(BPF_JMP | (op) | BPF_K, k, jt, jf)
#define IFX(op, jt, jf)      BPF_JUMP(BPF_JMP | (op) | BPF_X, 0, jt, jf)
#define JA(k)                BPF_STMT(BPF_JMP | BPF_JA, k)
#define RET(k)               BPF_STMT(BPF_RET | BPF_K, k)
#define RETA                 BPF_STMT(BPF_RET | BPF_A, 0)
#define TAX                  BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define TXA                  BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define ST(k)                BPF_STMT(BPF_ST, k)
#define STX(k)               BPF_STMT(BPF_STX, k)
#define MEM(k)               BPF_STMT(BPF_LD | BPF_MEM, k)
#define MEMX(k)              BPF_STMT(BPF_LDX | BPF_MEM, k)
/* clang-format on */

static const struct seccomp_data sample = {
	.nr = 39,
	.arch = AUDIT_ARCH_X86_64,
	.instruction_pointer = 0x1122334455667788,
	.args = { 0xa1a2a3a4b1b2b3b4, 7, UINT64_MAX, 0, 1, 0xf0f1f2f3f4f5f6f7 },
};

/* ---- what a filter returns ------------------------------------------------------------------- */

struct run_case {
	const char *name;
	uint32_t want;
	struct sock_filter filter[8]; /* up to the last RET */
};

/* clang-format off */
static const struct run_case run_cases[] = {
	{ "a constant",                     5, { RET(5) } },
	{ "the accumulator, zero at first", 0, { RETA } },
	{ "X, zero at first",               0, { IMM(9), TXA, RETA } },
	{ "the number",                    39, { LD(0), RETA } },
	{ "the architecture", AUDIT_ARCH_X86_64, { LD(4), RETA } },
	{ "the lower half of an argument",  0xb1b2b3b4, { LD(16), RETA } },
	{ "the upper half of an argument",  0xa1a2a3a4, { LD(20), RETA } },
	{ "the end of the data",            0xf0f1f2f3, { LD(60), RETA } },
	{ "the size of the data",          64, { BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 3), RETA } },
	{ "the size of the data, in X",    64, { BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 3), TXA, RETA } },
	{ "a sum that wraps",               1, { IMM(0xffffffff), OP(BPF_ADD, 2), RETA } },
	{ "a difference that wraps",        0xffffffff, { IMM(1), OP(BPF_SUB, 2), RETA } },
	{ "a product that wraps",           0xfffffffe, { IMM(0xffffffff), OP(BPF_MUL, 2), RETA } },
	{ "an unsigned quotient",           0x7fffffff, { IMM(0xffffffff), OP(BPF_DIV, 2), RETA } },
	{ "a quotient by X",                3, { LDX(2), IMM(7), OPX(BPF_DIV), RETA } },
	{ "death by a zero in X",           0, { LDX(0), IMM(7), OPX(BPF_DIV), RET(7) } },
	{ "and",                            4, { IMM(6), OP(BPF_AND, 12), RETA } },
	{ "or",                            14, { IMM(6), OP(BPF_OR, 12), RETA } },
	{ "exclusive or",                  10, { LDX(12), IMM(6), OPX(BPF_XOR), RETA } },
	{ "a shift to the left",            0x80000000, { IMM(3), OP(BPF_LSH, 31), RETA } },
	{ "a shift to the right",           1, { IMM(0x80000000), OP(BPF_RSH, 31), RETA } },
	{ "a shift by X modulo 32",         6, { LDX(33), IMM(3), OPX(BPF_LSH), RETA } },
	{ "the negative",                   0xfffffffb, { IMM(5), BPF_STMT(BPF_ALU | BPF_NEG, 0), RETA } },
	{ "what was stored",                8, { IMM(8), ST(15), IMM(1), MEM(15), RETA } },
	{ "what was stored from X",         8, { LDX(8), STX(0), MEM(0), RETA } },
	{ "what was stored, through X",     8, { IMM(8), ST(3), MEMX(3), IMM(0), TXA, RETA } },
	{ "the accumulator, through X",     8, { IMM(8), TAX, IMM(0), TXA, RETA } },
	{ "a jump over",                    2, { JA(1), RET(1), RET(2) } },
	{ "equal",                          1, { LD(0), IF(BPF_JEQ, 39, 0, 1), RET(1), RET(2) } },
	{ "not equal",                      2, { LD(0), IF(BPF_JEQ, 38, 0, 1), RET(1), RET(2) } },
	{ "greater, unsigned",              1, { IMM(0x80000000), IF(BPF_JGT, 1, 0, 1), RET(1), RET(2) } },
	{ "not greater than itself",        2, { IMM(5), IF(BPF_JGT, 5, 0, 1), RET(1), RET(2) } },
	{ "at least itself",                1, { IMM(5), IF(BPF_JGE, 5, 0, 1), RET(1), RET(2) } },
	{ "a bit that is set",              1, { IMM(5), IF(BPF_JSET, 6, 0, 1), RET(1), RET(2) } },
	{ "no bit that is set",             2, { IMM(5), IF(BPF_JSET, 2, 0, 1), RET(1), RET(2) } },
	{ "a comparison with X",            1, { LDX(5), IMM(5), IFX(BPF_JEQ, 0, 1), RET(1), RET(2) } },
};
/* clang-format on */

static int returns(const void *arg)
{
	const struct run_case *c = arg;

	size_t count = LEN(c->filter);

	while (BPF_CLASS(c->filter[count - 1].code) != BPF_RET)
		count--;
	CHECK_OK(nsx_bpf_check(c->filter, count, NULL));
	CHECK_INT(nsx_bpf_run(c->filter, count, &sample), c->want);
	return 0;
}

/* ---- what is a filter ------------------------------------------------------------------------ */

struct check_case {
	const char *name;
	int want;
	size_t count;
	struct sock_filter filter[8];
};

/* clang-format off */
static const struct check_case check_cases[] = {
	{ "a return",                          0, 1, { RET(0) } },
	{ "no instruction",              -EINVAL, 0, { RET(0) } },
	{ "no return at the end",        -EINVAL, 2, { RET(0), LD(0) } },
	{ "a return of X",               -EINVAL, 1, { BPF_STMT(BPF_RET | BPF_X, 0) } },
	{ "the last word",                     0, 2, { LD(60), RETA } },
	{ "a word behind the data",      -EINVAL, 2, { LD(64), RETA } },
	{ "a word not aligned",          -EINVAL, 2, { LD(2), RETA } },
	{ "a negative offset",           -EINVAL, 2, { LD(0xfffff000), RETA } },
	{ "a byte",                      -EINVAL, 2, { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETA } },
	{ "an indirect load",            -EINVAL, 2, { BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETA } },
	{ "a modulo",                    -EINVAL, 2, { OP(BPF_MOD, 3), RETA } },
	{ "a division by zero",          -EINVAL, 2, { OP(BPF_DIV, 0), RETA } },
	{ "a division by X",                   0, 2, { OPX(BPF_DIV), RETA } },
	{ "a shift by 31",                     0, 2, { OP(BPF_LSH, 31), RETA } },
	{ "a shift by 32",               -EINVAL, 2, { OP(BPF_LSH, 32), RETA } },
	{ "a shift to the right by 32",  -EINVAL, 2, { OP(BPF_RSH, 32), RETA } },
	{ "a jump to the end",                 0, 3, { JA(1), RET(0), RET(0) } },
	{ "a jump behind the end",       -EINVAL, 3, { JA(2), RET(0), RET(0) } },
	{ "a jump that wraps",           -EINVAL, 3, { RET(0), JA(0xffffffff), RET(0) } },
	{ "a branch to the end",               0, 3, { IF(BPF_JEQ, 0, 1, 0), RET(0), RET(0) } },
	{ "a branch behind the end",     -EINVAL, 3, { IF(BPF_JEQ, 0, 2, 0), RET(0), RET(0) } },
	{ "the other branch behind it",  -EINVAL, 3, { IFX(BPF_JEQ, 0, 2), RET(0), RET(0) } },
	{ "scratch word 15",                   0, 3, { ST(15), MEM(15), RETA } },
	{ "scratch word 16",             -EINVAL, 3, { ST(16), MEM(15), RETA } },
	{ "a load before the store",     -EINVAL, 3, { MEM(1), ST(1), RETA } },
	{ "a load of another word",      -EINVAL, 3, { ST(1), MEMX(2), RETA } },
	{ "a store on one path only",    -EINVAL, 4, { IF(BPF_JEQ, 0, 0, 1), ST(1), MEM(1), RETA } },
	{ "a store on both paths",             0, 6, { IF(BPF_JEQ, 0, 0, 2), ST(1), JA(1), STX(1),
						       MEM(1), RETA } },
	{ "a load that nothing leads to",      0, 4, { JA(1), MEM(1), RETA, RETA } },
	{ "an opcode with high bits",    -EINVAL, 2, { BPF_STMT(0x100 | BPF_LD | BPF_IMM, 0), RETA } },
};
/* clang-format on */

static int judges(const void *arg)
{
	const struct check_case *c = arg;
	struct nsx_err err = { 0 };

	CHECK_INT(nsx_bpf_check(c->filter, c->count, &err), c->want);
	CHECK_INT(err.code, c->want);
	return 0;
}

static int says_which_instruction_is_wrong(void)
{
	const struct sock_filter filter[] = { LD(0), LD(61), RETA };
	struct nsx_err err = { 0 };

	CHECK_INT(nsx_bpf_check(filter, LEN(filter), &err), -EINVAL);
	CHECK_STR(err.operation, "check-bpf");
	CHECK_STR(err.object, "instruction 1");
	return 0;
}

static int takes_4096_instructions_and_no_more(void)
{
	static struct sock_filter filter[NSX_BPF_MAX + 1];

	for (size_t i = 0; i < LEN(filter); i++)
		filter[i] = (struct sock_filter)RET(0);
	CHECK_OK(nsx_bpf_check(filter, NSX_BPF_MAX, NULL));
	CHECK_INT(nsx_bpf_check(filter, NSX_BPF_MAX + 1, NULL), -EINVAL);
	return 0;
}

/* Not promised, but nice: even a filter that nobody has checked does no harm. */
static int survives_a_filter_without_return(void)
{
	const struct sock_filter filter[] = { LD(0xfffffffe), ST(99), MEM(99), JA(0xffffffff) };

	CHECK_INT(nsx_bpf_run(filter, LEN(filter), &sample), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(nsx_bpf_run(filter, 0, &sample), SECCOMP_RET_KILL_THREAD);
	return 0;
}

static int finds_user_notifications(void)
{
	const struct sock_filter with[] = { LD(0), IF(BPF_JEQ, 1, 0, 1),
					    RET(SECCOMP_RET_USER_NOTIF | 3),
					    RET(SECCOMP_RET_ALLOW) };
	const struct sock_filter without[] = { IMM(SECCOMP_RET_USER_NOTIF), RET(SECCOMP_RET_LOG),
					       RET(SECCOMP_RET_ERRNO | 1) };

	CHECK(nsx_bpf_uses_notify(with, LEN(with)));
	CHECK(!nsx_bpf_uses_notify(without, LEN(without)));
	CHECK(!nsx_bpf_uses_notify(with, 0));
	return 0;
}

/* ---- side by side with the kernel ------------------------------------------------------------ */

static int install(const struct sock_filter *filter, size_t count)
{
	struct sock_filter copy[32];
	struct sock_fprog program = { .len = (unsigned short)count, .filter = copy };

	if (count > LEN(copy))
		return -E2BIG;

	memcpy(copy, filter, count * sizeof(copy[0]));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}

/*
 * Does the kernel take this filter? An accepted one is at once in force and may do anything to the
 * child, so only the refusal has a status of its own.
 */
static bool is_accepted_by_kernel(const struct sock_filter *filter, size_t count)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		if (install(filter, count) < 0)
			_exit(42);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

static bool is_seccomp_there(void)
{
	const struct sock_filter allow[] = { RET(SECCOMP_RET_ALLOW) };

	return is_accepted_by_kernel(allow, 1);
}

static int accepts_the_opcodes_that_the_kernel_accepts(void)
{
	if (!is_seccomp_there())
		SKIP("the kernel has no seccomp filters");

	for (unsigned int code = 0; code < 0x120; code++) {
		/* clang-format off */
		const struct sock_filter filter[] = {
			ST(0), ST(4), { (uint16_t)code, 0, 1, 4 }, RET(0), RET(SECCOMP_RET_ALLOW),
			RET(0), RET(0), RET(0),
		};
		/* clang-format on */
		bool ours = nsx_bpf_check(filter, LEN(filter), NULL) == 0;

		CHECK_INT(is_accepted_by_kernel(filter, LEN(filter)) ? (int)code : -1,
			  ours ? (int)code : -1);
	}
	return 0;
}

static uint32_t random_state = 2463534242u;

static uint32_t next_random(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

/* Mostly plausible, so that about half of them are valid. */
static size_t make_random_filter(struct sock_filter filter[static 12])
{
	/* clang-format off */
	static const uint16_t codes[] = {
		BPF_ST, BPF_STX, BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_JMP | BPF_JA,
		BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JSET | BPF_X, BPF_RET | BPF_A, BPF_LD | BPF_ABS,
		BPF_ALU | BPF_DIV, BPF_ALU | BPF_LSH, BPF_RET | BPF_K, BPF_ST, BPF_MISC | BPF_TXA,
		BPF_ST, BPF_ALU | BPF_NEG,
	};
	/* clang-format on */
	size_t count = 2 + next_random(8);

	for (size_t i = 0; i < count; i++) {
		filter[i].code = codes[next_random(LEN(codes))];
		filter[i].jt = (uint8_t)next_random(3);
		filter[i].jf = (uint8_t)next_random(3);
		filter[i].k = next_random(8) == 0 ? next_random(80) : next_random(2);
		if (filter[i].code == (BPF_LD | BPF_ABS))
			filter[i].k *= 4;
	}
	filter[count++] = (struct sock_filter)RET(0);
	filter[count++] = (struct sock_filter)RET(0);
	return count;
}

static int judges_random_filters_as_the_kernel_does(void)
{
	int accepted = 0;

	if (!is_seccomp_there())
		SKIP("the kernel has no seccomp filters");

	for (int i = 0; i < 400; i++) {
		struct sock_filter filter[12];
		size_t count = make_random_filter(filter);
		bool ours = nsx_bpf_check(filter, count, NULL) == 0;

		CHECK(ours == is_accepted_by_kernel(filter, count));
		accepted += ours;
	}
	CHECK(accepted > 40 && accepted < 360);
	return 0;
}

/*
 * One operation, over arguments of calls that do not exist: the kernel's result comes back as an
 * errno, 12 bits with the first call number and 12 more with each of the next two.
 */
#define FIRST_CALL 5000

/* clang-format off */
static const struct sock_filter operations[] = {
	OPX(BPF_ADD), OPX(BPF_SUB), OPX(BPF_MUL), OPX(BPF_DIV), OPX(BPF_AND), OPX(BPF_OR),
	OPX(BPF_XOR), OPX(BPF_LSH), OPX(BPF_RSH), BPF_STMT(BPF_ALU | BPF_NEG, 0), TXA,
	OP(BPF_ADD, 0x80000001), OP(BPF_MUL, 0x10001), OP(BPF_DIV, 7), OP(BPF_LSH, 13),
	OP(BPF_RSH, 13), IFX(BPF_JEQ, 0, 1), IFX(BPF_JGT, 0, 1), IFX(BPF_JGE, 0, 1),
	IFX(BPF_JSET, 0, 1), IF(BPF_JGT, 31, 0, 1), IF(BPF_JGE, 31, 0, 1),
	BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
};
/* clang-format on */

/* In a child: the kernel's answers and ours. Ends with the number of differences. */
static void compare_operation(const struct sock_filter *operation)
{
	static const uint32_t values[] = { 0, 1, 7, 31, 32, 33, 0x7fffffff, 0x80000000, 0xffffffff };
	const struct sock_filter filter[] = {
		LD(0),
		IF(BPF_JGE, FIRST_CALL, 0, 1),
		IF(BPF_JGE, FIRST_CALL + 3, 0, 1),
		RET(SECCOMP_RET_ALLOW),
		LD(24),
		TAX,
		LD(16),
		*operation,
		OP(BPF_XOR, 0x123), /* a jump leaves it out or not */
		ST(7),
		LD(0),
		OP(BPF_SUB, FIRST_CALL),
		OP(BPF_MUL, 12),
		TAX,
		MEM(7),
		OPX(BPF_RSH),
		OP(BPF_AND, 0xfff),
		OP(BPF_OR, SECCOMP_RET_ERRNO),
		RETA,
	};
	int differences = 0;

	if (nsx_bpf_check(filter, LEN(filter), NULL) < 0 || install(filter, LEN(filter)) < 0)
		_exit(100);

	for (size_t i = 0; i < LEN(values) * LEN(values) * 3; i++) {
		uint32_t a = values[i / 3 % LEN(values)];
		uint32_t x = values[i / 3 / LEN(values)];
		struct seccomp_data data = { .nr = FIRST_CALL + (int)(i % 3), .args = { a, x } };
		uint32_t ours = nsx_bpf_run(filter, LEN(filter), &data);
		long r;

		if (ours == SECCOMP_RET_KILL_THREAD)
			continue; /* a division by zero: the next test */
		errno = 0;
		r = syscall(data.nr, (unsigned long)a, (unsigned long)x);
		differences += (ours & 0xfff) != (uint32_t)errno || (r == 0) != (errno == 0);
	}
	_exit(differences > 99 ? 99 : differences);
}

static int computes_what_the_kernel_computes(void)
{
	if (!is_seccomp_there())
		SKIP("the kernel has no seccomp filters");

	for (size_t i = 0; i < LEN(operations); i++) {
		int status;
		pid_t pid = fork();

		CHECK_OK(pid);
		if (pid == 0)
			compare_operation(&operations[i]);
		CHECK_INT(waitpid(pid, &status, 0), pid);
		if (status != 0)
			(void)fprintf(stderr, "# opcode %#x\n", operations[i].code);
		CHECK(WIFEXITED(status));
		CHECK_INT(WEXITSTATUS(status), 0);
	}
	return 0;
}

static int kills_at_a_division_by_zero_as_the_kernel_does(void)
{
	const struct sock_filter filter[] = { LDX(0), IMM(1), OPX(BPF_DIV),
					      RET(SECCOMP_RET_ALLOW) };
	int status;
	pid_t pid;

	CHECK_OK(nsx_bpf_check(filter, LEN(filter), NULL));
	CHECK_INT(nsx_bpf_run(filter, LEN(filter), &sample), SECCOMP_RET_KILL_THREAD);
	if (!is_seccomp_there())
		SKIP("the kernel has no seccomp filters");

	pid = fork();
	CHECK_OK(pid);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)install(filter, LEN(filter));
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	return 0;
}

TAP_MAIN(CASE_TABLE(returns, run_cases), CASE_TABLE(judges, check_cases),
	 CASE(says_which_instruction_is_wrong), CASE(takes_4096_instructions_and_no_more),
	 CASE(survives_a_filter_without_return), CASE(finds_user_notifications),
	 CASE(accepts_the_opcodes_that_the_kernel_accepts),
	 CASE(judges_random_filters_as_the_kernel_does), CASE(computes_what_the_kernel_computes),
	 CASE(kills_at_a_division_by_zero_as_the_kernel_does))
