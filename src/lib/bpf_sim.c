/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classic BPF interpreter for seccomp filters.
 *
 * Filters come from outside: from a config.json, or copied from a running process whose owner is
 * not our friend. Whoever wants to know something about one (would it be accepted? what does it say
 * about clone3? does it need a listener?) asks here instead of loading it.
 *
 * The subset is what kernel/seccomp.c allows: words at constant places of struct seccomp_data, the
 * accumulator, X, sixteen scratch words, forward jumps. There is no MOD, no byte or half-word load,
 * and no RET X.
 */
#include "lib/bpf_sim.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* All of it starts as zero, as the kernel's accumulator and X do. */
struct machine {
	uint32_t a;
	uint32_t x;
	uint32_t mem[BPF_MEMWORDS];
};

/* Record which instruction is at fault. */
static int refuse(struct nsx_err *err, size_t pc)
{
	char text[40];
	struct nsx_str str = NSX_STR(text, sizeof(text));

	nsx_str_add(&str, "instruction ");
	nsx_str_add_u64(&str, pc);
	return nsx_err_set(err, -EINVAL, "check-bpf", text, NSX_HINT_NONE);
}

static bool is_known(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_NEG:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_K:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
		return true;
	default:
		return false;
	}
}

static bool is_branch(uint16_t code)
{
	return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_JA;
}

/* One known instruction at @pc of @count: are its operand and its jumps acceptable? */
static bool operand_is_valid(const struct sock_filter *insn, size_t pc, size_t count)
{
	size_t behind = count - pc - 1; /* instructions after this one */

	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return insn->k < sizeof(struct seccomp_data) && insn->k % 4 == 0;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return insn->k < BPF_MEMWORDS;
	case BPF_ALU | BPF_DIV | BPF_K:
		return insn->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return insn->k < 32;
	case BPF_JMP | BPF_JA:
		return insn->k < behind;
	default:
		return !is_branch(insn->code) || (insn->jt < behind && insn->jf < behind);
	}
}

/*
 * No scratch word may be loaded on a path that did not store it. Since all jumps go forward one
 * pass is enough: the set of words stored on every path to an instruction is complete when we get
 * there. The kernel lets the set of a RET flow on to the (then unreachable) next instruction, and
 * so do we: the answers must be equal, not clever.
 */
static int check_scratch(const struct sock_filter *filter, size_t count, struct nsx_err *err)
{
	uint16_t stored[NSX_BPF_MAX]; /* by the jumps that lead here */
	uint16_t now = 0;

	memset(stored, 0xff, count * sizeof(stored[0]));
	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *insn = &filter[pc];

		now &= stored[pc];
		switch (insn->code) {
		case BPF_ST:
		case BPF_STX:
			now = (uint16_t)(now | (1U << insn->k));
			break;
		case BPF_LD | BPF_MEM:
		case BPF_LDX | BPF_MEM:
			if (!(now & (1U << insn->k)))
				return refuse(err, pc);
			break;
		case BPF_JMP | BPF_JA:
			stored[pc + 1 + insn->k] &= now;
			now = UINT16_MAX;
			break;
		default:
			if (!is_branch(insn->code))
				break;
			stored[pc + 1 + insn->jt] &= now;
			stored[pc + 1 + insn->jf] &= now;
			now = UINT16_MAX;
		}
	}
	return 0;
}

int nsx_bpf_check(const struct sock_filter *filter, size_t count, struct nsx_err *err)
{
	if (count == 0 || count > NSX_BPF_MAX)
		return nsx_err_set(err, -EINVAL, "check-bpf", "length", NSX_HINT_NONE);

	for (size_t pc = 0; pc < count; pc++)
		if (!is_known(filter[pc].code) || !operand_is_valid(&filter[pc], pc, count))
			return refuse(err, pc);

	/* Every jump stays inside and goes forward, so with this every path ends in a return. */
	if (BPF_CLASS(filter[count - 1].code) != BPF_RET)
		return refuse(err, count - 1);

	return check_scratch(filter, count, err);
}

/* Arithmetic on the accumulator. Returns false for a division by zero, which ends the filter. */
static bool calculate(struct machine *m, const struct sock_filter *insn)
{
	uint32_t b = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		m->a += b;
		return true;
	case BPF_SUB:
		m->a -= b;
		return true;
	case BPF_MUL:
		m->a *= b;
		return true;
	case BPF_DIV:
		if (b == 0)
			return false;
		m->a /= b;
		return true;
	case BPF_AND:
		m->a &= b;
		return true;
	case BPF_OR:
		m->a |= b;
		return true;
	case BPF_XOR:
		m->a ^= b;
		return true;
	case BPF_LSH: /* by X: the kernel and the processors take the low five bits */
		m->a <<= b & 31;
		return true;
	case BPF_RSH:
		m->a >>= b & 31;
		return true;
	case BPF_NEG:
		m->a = 0U - m->a;
		return true;
	default:
		return false;
	}
}

/* How many instructions a jump leaves out. */
static uint32_t jump(const struct machine *m, const struct sock_filter *insn)
{
	uint32_t b = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;
	bool holds;

	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		holds = m->a == b;
		break;
	case BPF_JGE:
		holds = m->a >= b;
		break;
	case BPF_JGT:
		holds = m->a > b;
		break;
	case BPF_JSET:
		holds = (m->a & b) != 0;
		break;
	default:
		return insn->k; /* BPF_JA */
	}
	return holds ? insn->jt : insn->jf;
}

/* The value of a load. What the check refuses reads as zero. */
static uint32_t load(const struct machine *m, const struct sock_filter *insn,
		     const struct seccomp_data *data)
{
	uint32_t value = 0;

	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		return insn->k;
	case BPF_LEN:
		return sizeof(*data);
	case BPF_MEM:
		return insn->k < BPF_MEMWORDS ? m->mem[insn->k] : 0;
	case BPF_ABS:
		if (insn->k <= sizeof(*data) - sizeof(value))
			memcpy(&value, (const char *)data + insn->k, sizeof(value));
		return value;
	default:
		return 0;
	}
}

uint32_t nsx_bpf_run(const struct sock_filter *filter, size_t count,
		     const struct seccomp_data *data)
{
	struct machine m = { 0 };

	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *insn = &filter[pc];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
			m.a = load(&m, insn, data);
			break;
		case BPF_LDX:
			m.x = load(&m, insn, data);
			break;
		case BPF_ST:
			if (insn->k < BPF_MEMWORDS)
				m.mem[insn->k] = m.a;
			break;
		case BPF_STX:
			if (insn->k < BPF_MEMWORDS)
				m.mem[insn->k] = m.x;
			break;
		case BPF_ALU:
			if (!calculate(&m, insn))
				return SECCOMP_RET_KILL_THREAD;
			break;
		case BPF_JMP:
			pc += jump(&m, insn);
			break;
		case BPF_RET:
			return BPF_RVAL(insn->code) == BPF_A ? m.a : insn->k;
		default: /* BPF_MISC */
			if (BPF_MISCOP(insn->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
		}
	}
	return SECCOMP_RET_KILL_THREAD;
}

bool nsx_bpf_uses_notify(const struct sock_filter *filter, size_t count)
{
	for (size_t pc = 0; pc < count; pc++)
		if (filter[pc].code == (BPF_RET | BPF_K) &&
		    (filter[pc].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;

	return false;
}
