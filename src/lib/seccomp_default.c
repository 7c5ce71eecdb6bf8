/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default seccomp profile, compiled when it is needed.
 *
 * Theory of operation. The profile depends on the capabilities of the program, so there is no one
 * filter to store. tools/gen-seccomp-table has turned the profile into a byte per system call, its
 * first "alternative"; the alternatives pair capabilities with verdicts. For given capabilities
 * the line of all numbers falls into some sixty runs of equal verdict. Two kinds of cuts separate
 * them:
 *
 *	a border, "from here on the verdict is another one"      jge nr, right half, left half
 *	a single, "only this number differs from both sides"     jeq nr, its verdict, go on
 *
 * A single saves an instruction over two borders, and most exceptions are singles. The cuts become
 * a search tree.
 *
 * The filter is written backwards, from the end of the caller's array to its beginning: jumps only
 * go forward, so everything that an instruction can jump to already has its place when we write it.
 * A verdict is written when first asked for, and shared from then on. The result is moved to the
 * front of the array at the end.
 *
 * Only LD of the number and the architecture, JEQ, JGE and RET are on the way of a call without a
 * condition on its arguments. It must stay so: from 5.11 on the kernel runs such filters once per
 * number when they are installed, and then allows these calls without running the filter at all
 * (seccomp_is_const_allow()). A bitmap by shifts would be as short, and lose that.
 */
#include "lib/seccomp_default.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

/* A verdict is an errno, ALLOW, or what is told by the upper two bits. */
#define ALLOW 0
#define GOTO(n) (0x4000 | (n)) /* in a program only: go on at its instruction n */
#define COND(n) (0x8000 | (n)) /* program n decides */
#define IS_GOTO(v) (((v) >> 14) == 1)
#define IS_COND(v) (((v) >> 14) == 2)
#define INDEX_OF(v) ((v) % 0x4000)

#define CAP(n) (UINT64_C(1) << (n))

#define CUT_MAX 512    /* the generator refuses larger numbers */
#define PROGRAM_MAX 32 /* and longer programs */
#define SHARED_MAX 8   /* distinct verdicts that are shared; more would be repeated */

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "no system call table for this architecture"
#endif

/* Holds for a caller with all capabilities in need. The last one of a list needs none. */
struct alternative {
	uint64_t need;
	uint16_t verdict;
};

enum program_op { LOAD, AND, EQUAL };

/* LOAD and AND go on to the next one, EQUAL to a verdict or GOTO. */
struct program_insn {
	uint16_t op;
	uint16_t yes;
	uint16_t no;
	uint32_t k;
};

#include "lib/seccomp_table_aarch64.inc"
#include "lib/seccomp_table_x86_64.inc"

_Static_assert(sizeof(calls_x86_64) < CUT_MAX, "x86_64: numbers too large");
_Static_assert(sizeof(calls_aarch64) < CUT_MAX, "aarch64: numbers too large");

/* One architecture. Made at run time: constant pointers would be relocations in a static PIE. */
struct call_table {
	const struct alternative *alternatives;
	const struct program_insn *insns;
	const uint16_t *programs;
	const uint8_t *calls;
	uint16_t call_count;
	uint16_t fallback;
};

/* Where the verdict changes on the line of numbers. */
struct cut {
	uint16_t number;
	uint16_t verdict;
	uint16_t around; /* single: the verdict on both sides. border: the one on the left */
	bool is_single;
};

struct cuts {
	struct cut at[CUT_MAX];
	size_t count;
	uint16_t leftmost; /* verdict of number 0 */
};

/* A place in the filter is an index in the caller's array. */
struct builder {
	const struct call_table *table;
	struct sock_filter *out;
	size_t start; /* everything from here to the end is written */
	bool is_full;
	struct {
		uint16_t verdict;
		size_t place;
	} shared[SHARED_MAX];
	size_t shared_count;
};

/* Member by member: a struct literal would become a constant with relocations, see above. */
static bool find_table(uint32_t audit_arch, struct call_table *ret_table)
{
	switch (audit_arch) {
	case AUDIT_ARCH_X86_64:
		ret_table->alternatives = alternatives_x86_64;
		ret_table->insns = insns_x86_64;
		ret_table->programs = programs_x86_64;
		ret_table->calls = calls_x86_64;
		ret_table->call_count = sizeof(calls_x86_64);
		ret_table->fallback = DEFAULT_x86_64;
		return true;
	case AUDIT_ARCH_AARCH64:
		ret_table->alternatives = alternatives_aarch64;
		ret_table->insns = insns_aarch64;
		ret_table->programs = programs_aarch64;
		ret_table->calls = calls_aarch64;
		ret_table->call_count = sizeof(calls_aarch64);
		ret_table->fallback = DEFAULT_aarch64;
		return true;
	default:
		return false;
	}
}

static uint16_t choose_verdict(const struct call_table *table, size_t number, uint64_t caps)
{
	const struct alternative *alt;

	if (number >= table->call_count)
		return table->fallback;

	for (alt = &table->alternatives[table->calls[number]]; (alt->need & ~caps) != 0;)
		alt++;
	return alt->verdict;
}

/* One step behind the last number is included: it starts the run that goes on for ever. */
static void find_cuts(const struct call_table *table, uint64_t caps, struct cuts *ret_cuts)
{
	uint16_t here = choose_verdict(table, 0, caps);
	size_t count = 0;

	ret_cuts->leftmost = here;
	for (uint16_t number = 1; number <= table->call_count; number++) {
		uint16_t verdict = choose_verdict(table, number, caps);
		struct cut *last = count > 0 ? &ret_cuts->at[count - 1] : NULL;

		if (verdict == here)
			continue;

		if (last && !last->is_single && last->number == number - 1 &&
		    last->around == verdict)
			last->is_single = true; /* we are back to what was before it */
		else
			ret_cuts->at[count++] = (struct cut){ number, verdict, here, false };
		here = verdict;
	}
	ret_cuts->count = count;
}

/* Write one instruction before all others. Returns its place. */
static size_t prepend(struct builder *b, struct sock_filter insn)
{
	if (b->start == 0) {
		b->is_full = true;
		return 0;
	}
	b->out[--b->start] = insn;
	return b->start;
}

static size_t prepend_load(struct builder *b, size_t offset)
{
	return prepend(b, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static size_t prepend_branch(struct builder *b, uint16_t compare, uint32_t k, size_t yes, size_t no)
{
	size_t skip_yes = yes - b->start;
	size_t skip_no = no - b->start;

	/* The offsets have eight bits. No filter of this profile is as long as that. */
	if (skip_yes > UINT8_MAX || skip_no > UINT8_MAX) {
		b->is_full = true;
		return 0;
	}
	return prepend(b, (struct sock_filter)BPF_JUMP(BPF_JMP | compare | BPF_K, k,
						       (uint8_t)skip_yes, (uint8_t)skip_no));
}

static size_t prepend_program(struct builder *b, uint16_t index);

/* The place of the code that ends in a verdict, written now if it is the first time. */
static size_t place_of(struct builder *b, uint16_t verdict)
{
	uint32_t value = SECCOMP_RET_ALLOW;
	size_t place;

	for (size_t i = 0; i < b->shared_count; i++)
		if (b->shared[i].verdict == verdict)
			return b->shared[i].place;

	if (verdict != ALLOW)
		value = SECCOMP_RET_ERRNO | verdict;
	if (IS_COND(verdict))
		place = prepend_program(b, INDEX_OF(verdict));
	else
		place = prepend(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));

	if (b->shared_count < SHARED_MAX) {
		b->shared[b->shared_count].verdict = verdict;
		b->shared[b->shared_count++].place = place;
	}
	return place;
}

/* A condition on arguments. It begins with a LOAD: the number is not needed any more. */
static size_t prepend_program(struct builder *b, uint16_t index)
{
	const struct program_insn *insns = &b->table->insns[b->table->programs[index]];
	size_t count = (size_t)(b->table->programs[index + 1] - b->table->programs[index]);
	size_t place[PROGRAM_MAX] = { 0 };

	for (size_t i = count; i-- > 0;) {
		const struct program_insn *insn = &insns[i];
		size_t yes;
		size_t no;

		switch (insn->op) {
		case LOAD:
			place[i] = prepend_load(b, insn->k);
			break;
		case AND:
			place[i] = prepend(b, (struct sock_filter)BPF_STMT(
						      BPF_ALU | BPF_AND | BPF_K, insn->k));
			break;
		default: /* EQUAL */
			yes = IS_GOTO(insn->yes) ? place[INDEX_OF(insn->yes)] :
						   place_of(b, insn->yes);
			no = IS_GOTO(insn->no) ? place[INDEX_OF(insn->no)] : place_of(b, insn->no);
			place[i] = prepend_branch(b, BPF_JEQ, insn->k, yes, no);
		}
	}
	return place[0];
}

/*
 * Where to divide the cuts from @low to @high: at the border nearest to the middle, or, if there is
 * none near, at a single in the middle, which costs an instruction more and keeps the tree flat.
 * Returns @high if the cuts are better asked one after the other.
 */
static size_t find_middle(const struct cut *at, size_t low, size_t high)
{
	size_t middle = low + (high - low) / 2;
	size_t near = (high - low) / 4 + 1;

	for (size_t i = 0; i <= near; i++) {
		if (middle + i < high && !at[middle + i].is_single)
			return middle + i;
		if (middle >= low + i && !at[middle - i].is_single)
			return middle - i;
	}
	return high - low <= 3 ? high : middle;
}

/*
 * The search tree for the cuts from @low to @high, where @here is the verdict at the left of all of
 * them. Every level at least takes a quarter off, so the recursion ends about a dozen levels deep.
 */
static size_t prepend_tree(struct builder *b, const struct cut *at, size_t low, size_t high,
			   uint16_t here)
{
	size_t middle = high > low ? find_middle(at, low, high) : high;
	size_t left;
	size_t right;

	if (middle == high) {
		left = place_of(b, here);
		for (size_t i = high; i-- > low;)
			left = prepend_branch(b, BPF_JEQ, at[i].number, place_of(b, at[i].verdict),
					      left);
		return left;
	}

	if (at[middle].is_single)
		right = prepend_tree(b, at, middle, high, at[middle].around);
	else
		right = prepend_tree(b, at, middle + 1, high, at[middle].verdict);

	left = prepend_tree(b, at, low, middle, here);
	return prepend_branch(b, BPF_JGE, at[middle].number, right, left);
}

int nsx_seccomp_default_for(uint32_t audit_arch, uint64_t caps, struct sock_filter *ret_filter,
			    size_t max, struct nsx_err *err)
{
	struct builder b = { .out = ret_filter, .start = max };
	struct call_table table;
	struct cuts cuts;
	size_t root;

	if (!find_table(audit_arch, &table))
		return nsx_err_set(err, -EINVAL, "build-seccomp", "architecture", NSX_HINT_NONE);

	b.table = &table;
	find_cuts(&table, caps, &cuts);
	root = prepend_tree(&b, cuts.at, 0, cuts.count, cuts.leftmost);

	/* The last thing written is the root of the tree, unless the tree is a single verdict. */
	if (root != b.start)
		(void)prepend(&b, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
							       (uint32_t)(root - b.start)));
	root = prepend_load(&b, offsetof(struct seccomp_data, nr));
	(void)prepend_branch(&b, BPF_JEQ, audit_arch, root, place_of(&b, table.fallback));
	(void)prepend_load(&b, offsetof(struct seccomp_data, arch));
	if (b.is_full)
		return nsx_err_set(err, -E2BIG, "build-seccomp", "default profile", NSX_HINT_NONE);

	memmove(ret_filter, ret_filter + b.start, (max - b.start) * sizeof(*ret_filter));
	return (int)(max - b.start);
}

int nsx_seccomp_default(uint64_t caps, struct sock_filter *ret_filter, size_t max,
			struct nsx_err *err)
{
	return nsx_seccomp_default_for(NATIVE_ARCH, caps, ret_filter, max, err);
}
