/*
 * The interpreter's loop: one instruction after the other, all of version 4.
 */
#include "tests/vm/bytes.h"
#include "tests/vm/internal.h"

#include <string.h>

#define MEMSX 0x80
#define GOTOL (BPF_JMP32 | BPF_JA)

static struct frame *top(const struct vm *vm)
{
	return vm->frames[vm->depth - 1];
}

static struct vm_value read_reg(struct vm *vm, uint32_t r)
{
	struct vm_value v = top(vm)->regs[r];

	if (v.tag == TAG_UNSET)
		vm_fail(vm, "r%u is not set", r);
	return v;
}

static void write_reg(struct vm *vm, uint32_t r, struct vm_value v)
{
	if (r == 10)
		vm_fail(vm, "store to r10");
	top(vm)->regs[r] = v;
}

static uint64_t sign_extend(uint64_t v, size_t size)
{
	unsigned shift = 64 - 8 * (unsigned)size;

	return (uint64_t)((int64_t)(v << shift) >> shift);
}

static size_t access_size(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* ---- memory ---- */

/* The slot of a stack access that covers it exactly, or NULL. */
static struct vm_value *stack_slot(const struct vm_value *at, int64_t off, size_t size)
{
	uint64_t pos = at->number + (uint64_t)off;

	if (at->tag != TAG_POINTER || at->region->kind != REGION_STACK || size != 8 || pos % 8 ||
	    pos >= VM_STACK_BYTES)
		return NULL;
	return &at->region->frame->slots[pos / 8];
}

static struct vm_value load(struct vm *vm, const struct vm_value *at, int64_t off, uint8_t code)
{
	size_t size = access_size(code);
	struct vm_value *slot = stack_slot(at, off, size);
	const uint8_t *p;
	uint64_t v;

	if (slot && slot->tag != TAG_UNSET)
		return *slot;
	if (at->tag == TAG_KERNEL) {	/* a fault reads as 0 */
		p = vm_memory(vm, at->number + (uint64_t)off, size, false);
		v = p ? bytes_load(p, size) : 0;
	} else {
		p = vm_bytes(vm, at, off, size, false);
		v = p ? bytes_load(p, size) : 0;
	}
	if (BPF_MODE(code) == MEMSX)
		v = sign_extend(v, size);
	if (at->tag == TAG_KERNEL && size == 8)	/* what it points to may be read, too */
		return (struct vm_value){ .tag = TAG_KERNEL, .number = v };
	return vm_number(v);
}

static void store(struct vm *vm, const struct vm_value *at, int64_t off, size_t size,
		  const struct vm_value *v)
{
	uint8_t *p = vm_bytes(vm, at, off, size, true);
	uint64_t n = vm_address(v);
	struct vm_value *slot;

	if (!p)
		return;
	bytes_store(p, n, size);
	slot = stack_slot(at, off, size);
	if (slot)
		*slot = *v;
	else if (v->tag == TAG_POINTER && at->region->kind == REGION_STACK)
		vm_fail(vm, "a pointer in part of a stack slot");
}

static uint64_t atomic_op(int32_t op, uint64_t old, uint64_t v)
{
	switch (op & ~BPF_FETCH) {
	case BPF_ADD:
		return old + v;
	case BPF_OR:
		return old | v;
	case BPF_AND:
		return old & v;
	case BPF_XOR:
		return old ^ v;
	default:
		return v;
	}
}

static void atomic(struct vm *vm, const struct bpf_insn *i)
{
	struct vm_value at = read_reg(vm, i->dst_reg), v = read_reg(vm, i->src_reg);
	size_t size = access_size(i->code);
	const uint8_t *p = vm_bytes(vm, &at, i->off, size, false);
	uint64_t mask = size == 4 ? UINT32_MAX : UINT64_MAX, old;
	struct vm_value out;

	if (!p || size < 4 || v.tag != TAG_NUMBER) {
		vm_fail(vm, "bad atomic");
		return;
	}
	old = bytes_load(p, size);
	out = vm_number(atomic_op(i->imm, old, v.number));
	if (i->imm == BPF_CMPXCHG) {
		struct vm_value expected = read_reg(vm, 0);

		out = old == (vm_address(&expected) & mask) ? v : vm_number(old);
	} else if (i->imm == BPF_XCHG) {
		out = v;
	}
	store(vm, &at, i->off, size, &out);
	if (i->imm == BPF_CMPXCHG)
		write_reg(vm, 0, vm_number(old));
	else if (i->imm & BPF_FETCH)
		write_reg(vm, i->src_reg, vm_number(old));
}

/* ---- arithmetic ---- */

static uint64_t divide(uint64_t x, uint64_t y, bool is_mod, bool is_signed, bool is32)
{
	int64_t sx = is32 ? (int32_t)x : (int64_t)x, sy = is32 ? (int32_t)y : (int64_t)y;

	if (is32) {
		x = (uint32_t)x;
		y = (uint32_t)y;
	}
	if (!y)
		return is_mod ? x : 0;
	if (is_signed && sy == -1)
		return is_mod ? 0 : 0 - x;
	if (is_signed)
		return (uint64_t)(is_mod ? sx % sy : sx / sy);
	return is_mod ? x % y : x / y;
}

static uint64_t arithmetic(struct vm *vm, const struct bpf_insn *i, uint64_t x, uint64_t y,
			   bool is32)
{
	unsigned width = is32 ? 32 : 64, shift = (unsigned)y & (width - 1);

	if (BPF_SRC(i->code) == BPF_K &&
	    (BPF_OP(i->code) == BPF_LSH || BPF_OP(i->code) == BPF_RSH ||
	     BPF_OP(i->code) == BPF_ARSH) && y >= width)
		vm_fail(vm, "shift by %d", i->imm);
	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		return x + y;
	case BPF_SUB:
		return x - y;
	case BPF_MUL:
		return x * y;
	case BPF_DIV:
	case BPF_MOD:
		if (BPF_SRC(i->code) == BPF_K && !i->imm)
			vm_fail(vm, "division by zero");
		return divide(x, y, BPF_OP(i->code) == BPF_MOD, i->off == 1, is32);
	case BPF_OR:
		return x | y;
	case BPF_AND:
		return x & y;
	case BPF_XOR:
		return x ^ y;
	case BPF_LSH:
		return x << shift;
	case BPF_RSH:
		return is32 ? (uint32_t)x >> shift : x >> shift;
	case BPF_ARSH:
		return is32 ? (uint64_t)((int32_t)x >> shift) : (uint64_t)((int64_t)x >> shift);
	case BPF_NEG:
		return 0 - x;
	default:
		vm_fail(vm, "opcode 0x%02x", i->code);
		return 0;
	}
}

static uint64_t swap_bytes(struct vm *vm, const struct bpf_insn *i, uint64_t v)
{
	bool to_be = BPF_CLASS(i->code) == BPF_ALU && BPF_SRC(i->code) == BPF_TO_BE;
	bool always = BPF_CLASS(i->code) == BPF_ALU64;
	bool swap = always || to_be == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	switch (i->imm) {
	case 16:
		return swap ? __builtin_bswap16((uint16_t)v) : (uint16_t)v;
	case 32:
		return swap ? __builtin_bswap32((uint32_t)v) : (uint32_t)v;
	case 64:
		return swap ? __builtin_bswap64(v) : v;
	default:
		vm_fail(vm, "byte swap of %d bits", i->imm);
		return 0;
	}
}

static void alu_mov(struct vm *vm, const struct bpf_insn *i, struct vm_value y, bool is32)
{
	if (i->off && BPF_SRC(i->code) == BPF_X) {
		if (y.tag == TAG_POINTER)
			vm_fail(vm, "sign extension of a pointer");
		y = vm_number(sign_extend(y.number, (size_t)i->off / 8));
	}
	if (is32)
		y = vm_number((uint32_t)vm_address(&y));
	write_reg(vm, i->dst_reg, y);
}

/* Pointers take constants and differences only. */
static void alu_pointer(struct vm *vm, const struct bpf_insn *i, struct vm_value x,
			struct vm_value y, bool is32)
{
	uint8_t op = BPF_OP(i->code);

	if (is32 || (op != BPF_ADD && op != BPF_SUB)) {
		vm_fail(vm, "arithmetic 0x%02x on a pointer", i->code);
	} else if (x.tag == TAG_POINTER && y.tag == TAG_POINTER) {
		if (op != BPF_SUB || x.region != y.region)
			vm_fail(vm, "arithmetic on two pointers");
		x = vm_number(x.number - y.number);
	} else {
		struct vm_value p = x.tag == TAG_POINTER ? x : y, n = x.tag == TAG_POINTER ? y : x;

		if (op == BPF_SUB && x.tag != TAG_POINTER)
			vm_fail(vm, "a number less a pointer");
		if (p.null_id && !vm->checked.at[p.null_id])
			vm_fail(vm, "arithmetic on a pointer that may be null");
		p.number = op == BPF_ADD ? p.number + n.number : p.number - n.number;
		x = p;
	}
	write_reg(vm, i->dst_reg, x);
}

static void alu(struct vm *vm, const struct bpf_insn *i)
{
	bool is32 = BPF_CLASS(i->code) == BPF_ALU;
	struct vm_value x, y = vm_number((uint64_t)(int64_t)i->imm);
	uint64_t result;

	if (BPF_OP(i->code) == BPF_END) {
		x = read_reg(vm, i->dst_reg);
		if (x.tag == TAG_POINTER)
			vm_fail(vm, "byte swap of a pointer");
		write_reg(vm, i->dst_reg, vm_number(swap_bytes(vm, i, x.number)));
		return;
	}
	if (BPF_SRC(i->code) == BPF_X)
		y = read_reg(vm, i->src_reg);
	if (BPF_OP(i->code) == BPF_MOV) {
		alu_mov(vm, i, y, is32);
		return;
	}
	x = read_reg(vm, i->dst_reg);
	if (x.tag == TAG_POINTER || y.tag == TAG_POINTER) {
		alu_pointer(vm, i, x, y, is32);
		return;
	}
	result = arithmetic(vm, i, x.number, y.number, is32);
	result = is32 ? (uint32_t)result : result;
	/* A cast pointer stays one when a constant is added; else it is a number. */
	if (x.tag == TAG_KERNEL && BPF_OP(i->code) == BPF_ADD && BPF_SRC(i->code) == BPF_K)
		x.number = result;
	else
		x = vm_number(result);
	write_reg(vm, i->dst_reg, x);
}

/* ---- jumps ---- */

static bool compare(struct vm *vm, uint8_t op, uint64_t x, uint64_t y, bool is32)
{
	int64_t sx = is32 ? (int32_t)x : (int64_t)x, sy = is32 ? (int32_t)y : (int64_t)y;

	if (is32) {
		x = (uint32_t)x;
		y = (uint32_t)y;
	}
	switch (op) {
	case BPF_JEQ:
		return x == y;
	case BPF_JNE:
		return x != y;
	case BPF_JGT:
		return x > y;
	case BPF_JGE:
		return x >= y;
	case BPF_JLT:
		return x < y;
	case BPF_JLE:
		return x <= y;
	case BPF_JSET:
		return x & y;
	case BPF_JSGT:
		return sx > sy;
	case BPF_JSGE:
		return sx >= sy;
	case BPF_JSLT:
		return sx < sy;
	case BPF_JSLE:
		return sx <= sy;
	default:
		vm_fail(vm, "jump 0x%02x", op);
		return false;
	}
}

static void branch(struct vm *vm, const struct bpf_insn *i)
{
	bool is32 = BPF_CLASS(i->code) == BPF_JMP32;
	struct vm_value x = read_reg(vm, i->dst_reg), y = vm_number((uint64_t)(int64_t)i->imm);

	if (BPF_SRC(i->code) == BPF_X)
		y = read_reg(vm, i->src_reg);
	if (BPF_SRC(i->code) == BPF_K && !i->imm && !is32 &&
	    (BPF_OP(i->code) == BPF_JEQ || BPF_OP(i->code) == BPF_JNE)) {
		if (x.null_id)
			vm->checked.at[x.null_id] = true;
	} else if (x.tag == TAG_POINTER && y.tag != TAG_POINTER) {
		vm_fail(vm, "comparison of a pointer and a number");
	}
	if (compare(vm, BPF_OP(i->code), vm_address(&x), vm_address(&y), is32))
		vm->pc += (uint32_t)(int32_t)i->off;
}

/* ---- calls ---- */

static void forget_args(struct vm *vm)
{
	for (uint32_t r = 1; r <= 5; r++)
		top(vm)->regs[r].tag = TAG_UNSET;
}

static void call(struct vm *vm, const struct bpf_insn *i)
{
	struct vm_value args[5], result;
	uint32_t pc = vm->pc;

	for (uint32_t k = 0; k < 5; k++)
		args[k] = top(vm)->regs[k + 1];
	if (i->src_reg == BPF_PSEUDO_CALL)
		result = vm_exec(vm, vm->pc + 1 + (uint32_t)i->imm, args);
	else if (i->src_reg == BPF_PSEUDO_KFUNC_CALL)
		result = vm_call_kfunc(vm, i->imm, args);
	else
		result = vm_call_helper(vm, i->imm, args);
	vm->pc = pc;
	forget_args(vm);
	top(vm)->regs[0] = result;
}

static void load_imm64(struct vm *vm, const struct bpf_insn *i)
{
	const struct image_reloc *r = vm->reloc_at[vm->pc];
	struct vm_value v = vm_number((uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32);
	struct region *func;

	if (i->src_reg == BPF_PSEUDO_FUNC) {
		func = vm_region(vm, REGION_FUNC, 0);
		func->func = vm->pc + 1 + (uint32_t)i->imm;
		v = vm_pointer(func, 0);
	} else if (i->src_reg && !r) {
		vm_fail(vm, "no relocation for a map");
	} else if (r && r->is_value) {
		v = vm_pointer(vm->maps[r->map].entries.at[0]->values[0], (uint32_t)i[1].imm);
	} else if (r) {
		v = vm_pointer(vm->maps[r->map].self, 0);
	}
	write_reg(vm, i->dst_reg, v);
	vm->pc++;
}

static void store_insn(struct vm *vm, const struct bpf_insn *i)
{
	struct vm_value at = read_reg(vm, i->dst_reg), v = vm_number((uint64_t)(int64_t)i->imm);

	if (BPF_CLASS(i->code) == BPF_STX)
		v = read_reg(vm, i->src_reg);
	store(vm, &at, i->off, access_size(i->code), &v);
}

/* Everything but exit; pc stays on the instruction or on its last half. */
static void step(struct vm *vm, const struct bpf_insn *i)
{
	struct vm_value at;

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu(vm, i);
		break;
	case BPF_LD:
		load_imm64(vm, i);
		break;
	case BPF_LDX:
		at = read_reg(vm, i->src_reg);
		if (!vm->failed)
			write_reg(vm, i->dst_reg, load(vm, &at, i->off, i->code));
		break;
	case BPF_STX:
		if (BPF_MODE(i->code) == BPF_ATOMIC) {
			atomic(vm, i);
			break;
		}
		__attribute__((fallthrough));
	case BPF_ST:
		store_insn(vm, i);
		break;
	default:
		if (i->code == (BPF_JMP | BPF_CALL))
			call(vm, i);
		else if (i->code == GOTOL)
			vm->pc += (uint32_t)i->imm;
		else if (i->code == (BPF_JMP | BPF_JA))
			vm->pc += (uint32_t)(int32_t)i->off;
		else
			branch(vm, i);
		break;
	}
}

static bool push_frame(struct vm *vm, const struct vm_value args[5])
{
	struct frame *f;

	if (vm->depth == VM_MAX_FRAMES) {
		vm_fail(vm, "too many frames");
		return false;
	}
	f = arena_new(&vm->arena, struct frame);
	f->stack = vm_region(vm, REGION_STACK, VM_STACK_BYTES);
	memset(f->stack->data, 0xaa, VM_STACK_BYTES);
	f->stack->frame = f;
	f->regs[10] = vm_pointer(f->stack, VM_STACK_BYTES);
	for (uint32_t k = 0; k < 5; k++)
		f->regs[k + 1] = args[k];
	vm->frames[vm->depth++] = f;
	return true;
}

struct vm_value vm_exec(struct vm *vm, uint32_t at, const struct vm_value args[5])
{
	struct vm_value result = vm_number(0);

	if (!push_frame(vm, args))
		return result;
	for (vm->pc = at; !vm->failed; vm->pc++) {
		if (vm->pc >= vm->prog->nr_insns) {
			vm_fail(vm, "ran off the end");
		} else if (++vm->steps > VM_MAX_STEPS) {
			vm_fail(vm, "too many instructions");
		} else if (vm->prog->insns[vm->pc].code == (BPF_JMP | BPF_EXIT)) {
			result = read_reg(vm, 0);
			break;
		} else {
			step(vm, &vm->prog->insns[vm->pc]);
		}
	}
	top(vm)->stack->is_dead = true;
	vm->depth--;
	return result;
}
