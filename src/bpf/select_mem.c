/*
 * Selection of loads, stores, atomics, and blocks of memory.
 *
 * Stack accesses must be aligned; elsewhere the machines that we run on take any
 * alignment. Blocks over BLOCK_CALL_BYTES go to a helper: a read of kernel memory
 * copies, and one from address 0 fails and clears its destination.
 */
#include "bpf/select.h"

#include "target/target.h"

#include <assert.h>

#define BLOCK_CALL_BYTES 128
#define MAP_VALUE_STEP 0x4000	/* of the bases that accesses far into a map value share */

uint32_t sel_addr_span(struct sel *s, struct sel_addr at, int64_t span, int64_t *off)
{
	uint32_t base, reg;

	*off = at.off;
	if (at.base->op == IR_OBJECT) {
		*off += s->ir->objects.at[at.base->imm].offset;
		base = BC_FRAME;
	} else if (at.base->op == IR_MAP_VALUE) {
		int64_t start = fits_s16(at.off + span) ? 0 : at.off & -(int64_t)MAP_VALUE_STEP;

		*off = at.off - start;
		base = sel_leaf_reg(s, at.base, start);
	} else {
		base = sel_reg(s, at.base);
	}
	if (fits_s16(*off) && fits_s16(*off + span))
		return base;
	reg = mreg_new(s->f);
	sel_add(s, mi_copy(reg, base));
	sel_add(s, mi_alu_imm(BPF_ADD, reg, *off, false));
	*off = 0;
	return reg;
}

static uint32_t addr_reg(struct sel *s, const struct ir_insn *p, int64_t imm, int16_t *off)
{
	int64_t at;
	uint32_t reg = sel_addr_span(s, sel_fold_addr(p, imm), 0, &at);

	*off = (int16_t)at;
	return reg;
}

/* ---- alignment: the stack's is checked ---- */

/* What a pointer is known to be a multiple of (up to 8), for stack accesses. */
static unsigned pointer_align(const struct sel *s, const struct ir_insn *p)
{
	unsigned align = 8, part = 1;

	if (p->type != IR_OBJ)
		return 8;
	for (; p->op == IR_ADD; p = p->args[0]) {
		const struct ir_insn *x = p->args[1];

		part = 1;
		if (x->op == IR_CONST)
			part = x->imm ? 1u << (__builtin_ctzll((uint64_t)x->imm) & 31) : 8;
		else if (x->op == IR_SHL && x->args[1]->op == IR_CONST && x->args[1]->imm < 4)
			part = 1u << x->args[1]->imm;
		else if (x->op == IR_MUL && x->args[1]->op == IR_CONST && x->args[1]->imm)
			part = 1u << (__builtin_ctzll((uint64_t)x->args[1]->imm) & 31);
		if (part < align)
			align = part;
	}
	if (p->op != IR_OBJECT)	/* handed to a callback: objects begin aligned */
		return align;
	part = 1u << (__builtin_ctz((unsigned)s->ir->objects.at[p->imm].offset | 8) & 31);
	return part < align ? part : align;
}

/* The largest access that `align` allows at `off`, with `left` bytes to go. */
static unsigned chunk_size(unsigned align, int64_t off, uint64_t left)
{
	unsigned size = 8;

	while (size > left || size > align || off & (size - 1))
		size /= 2;
	return size;
}

/* Alignment that accesses of a block have to keep to. */
static unsigned block_align(const struct sel *s, const struct ir_insn *p, int64_t *phase)
{
	struct sel_addr at = sel_fold_addr(p, 0);

	*phase = 0;
	if (p->type != IR_OBJ)
		return 8;
	*phase = at.off;
	return pointer_align(s, at.base);
}

/* Does a stack access of `size` bytes have to be made in pieces? */
static bool is_misaligned(const struct sel *s, const struct ir_insn *p, int64_t imm, unsigned size,
			  unsigned *align, int64_t *phase)
{
	if (p->type != IR_OBJ || size == 1)
		return false;
	*align = block_align(s, p, phase);
	*phase += imm;
	return chunk_size(*align, *phase, size) != size;
}

/* Without a target, code is for the machine that makes it. */
static bool is_big_endian(const struct sel *s)
{
	const struct target *t = s->env->target;

	return t && t->arch ? t->arch->big_endian : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static int piece_shift(const struct sel *s, unsigned size, unsigned done, unsigned n)
{
	return 8 * (int)(is_big_endian(s) ? size - done - n : done);
}

static void load_pieces(struct sel *s, const struct ir_insn *i, unsigned align, int64_t phase)
{
	uint32_t dst = sel_reg(s, i), piece, base;
	int64_t off;

	base = sel_addr_span(s, sel_fold_addr(i->args[0], i->imm), i->size, &off);
	for (unsigned done = 0, n; done < i->size; done += n) {
		int shift;

		n = chunk_size(align, phase + done, i->size - done);
		shift = piece_shift(s, i->size, done, n);
		piece = done ? mreg_new(s->f) : dst;
		sel_add(s, mi_load(n, piece, base, (int16_t)(off + done)));
		if (shift)
			sel_add(s, mi_alu_imm(BPF_LSH, piece, shift, false));
		if (done)
			sel_add(s, mi_alu(BPF_OR, dst, piece, false));
	}
}

static void store_pieces(struct sel *s, const struct ir_insn *i, unsigned align, int64_t phase)
{
	const struct ir_insn *v = sel_strip_ext(i->args[1], i->size);
	uint32_t base, piece;
	int64_t off;

	base = sel_addr_span(s, sel_fold_addr(i->args[0], i->imm), i->size, &off);
	for (unsigned done = 0, n; done < i->size; done += n) {
		int16_t at = (int16_t)(off + done);
		int shift;

		n = chunk_size(align, phase + done, i->size - done);
		shift = piece_shift(s, i->size, done, n);
		if (v->op == IR_CONST) {
			sel_add(s, mi_store_imm(n, base, at, (int64_t)((uint64_t)v->imm >> shift)));
			continue;
		}
		piece = sel_reg(s, v);
		if (shift) {
			piece = mreg_new(s->f);
			sel_add(s, mi_copy(piece, sel_reg(s, v)));
			sel_add(s, mi_alu_imm(BPF_RSH, piece, shift, false));
		}
		sel_add(s, mi_store(n, base, at, piece));
	}
}

/* ---- loads and stores ---- */

static void extend_loaded(struct sel *s, uint32_t dst, unsigned size)
{
	sel_add(s, mi_alu_imm(BPF_LSH, dst, 64 - size * 8, false));
	sel_add(s, mi_alu_imm(BPF_ARSH, dst, 64 - size * 8, false));
}

static void sel_load(struct sel *s, const struct ir_insn *i)
{
	bool extend = i->is_signed && i->size < 8;
	uint32_t base, dst = sel_reg(s, i);
	unsigned align;
	int64_t phase;
	int16_t off;
	struct mi mi;

	if (is_misaligned(s, i->args[0], i->imm, i->size, &align, &phase)) {
		load_pieces(s, i, align, phase);
		if (extend)
			extend_loaded(s, dst, i->size);
		return;
	}
	base = addr_reg(s, i->args[0], i->imm, &off);
	mi = mi_load(i->size, dst, base, off);
	if (extend && s->v4)
		mi.code = (uint8_t)((mi.code & ~0xe0) | BC_MEMSX);
	sel_add(s, mi);
	if (extend && !s->v4)
		extend_loaded(s, dst, i->size);
}

/* Two constants side by side in one store, if that can be: e.g. a record's header. Only
 * the last instruction is looked at. */
static bool join_store_imm(struct sel *s, const struct ir_insn *p, struct mi *mi, unsigned size)
{
	struct mi *last = s->b->insns.n ? &s->b->insns.at[s->b->insns.n - 1] : NULL;
	uint64_t mask = size < 8 ? (1ull << size * 8) - 1 : UINT64_MAX, low, high;
	int64_t joined;

	if (size == 8 || !last || last->kind != MI_STORE_IMM || last->code != mi->code ||
	    last->dst != mi->dst || last->off + (int)size != mi->off ||
	    is_big_endian(s))
		return false;
	if (p->type == IR_OBJ && (mi->dst != BC_FRAME || last->off % (int)(size * 2)))
		return false;
	low = (uint64_t)last->imm & mask;
	high = (uint64_t)mi->imm & mask;
	joined = (int64_t)(low | high << size * 8);
	if (size == 4 && !fits_s32(joined))
		return false;
	*mi = mi_store_imm(size * 2, last->dst, last->off, joined);
	s->b->insns.n--;
	return true;
}

static void add_store_imm(struct sel *s, const struct ir_insn *i, uint32_t base, int16_t off,
			  int64_t imm)
{
	struct mi mi = mi_store_imm(i->size, base, off, imm);

	for (unsigned size = i->size; !i->is_pinned && join_store_imm(s, i->args[0], &mi, size);)
		size *= 2;
	sel_add(s, mi);
}

static void sel_store(struct sel *s, const struct ir_insn *i)
{
	const struct ir_insn *v = sel_strip_ext(i->args[1], i->size);
	unsigned align;
	uint32_t base;
	int64_t imm, phase;
	int16_t off;

	if (is_misaligned(s, i->args[0], i->imm, i->size, &align, &phase)) {
		store_pieces(s, i, align, phase);
		return;
	}
	base = addr_reg(s, i->args[0], i->imm, &off);
	if (sel_imm_fits(v, i->size < 8, &imm))
		add_store_imm(s, i, base, off, imm);
	else
		sel_add(s, mi_store(i->size, base, off, sel_reg(s, v)));
}

static void sel_atomic(struct sel *s, const struct ir_insn *i)
{
	bool fetch = i->op != IR_ATOMIC_ADD || (i->type != IR_VOID && s->needed[i->id]);
	const struct ir_insn *v = i->args[i->nr_args - 1];
	uint32_t value = BC_NO_REG, base;
	struct mi mi;
	int16_t off;

	base = addr_reg(s, i->args[0], i->imm, &off);
	if (i->op == IR_ATOMIC_CMPXCHG || !fetch) {
		value = sel_reg(s, v);
	} else {
		value = sel_reg(s, i);
		sel_into(s, value, v);
	}
	if (i->op == IR_ATOMIC_CMPXCHG)
		sel_into(s, 0, i->args[1]);
	mi = mi_store(i->size, base, off, value);
	mi.kind = MI_ATOMIC;
	mi.code = (uint8_t)((mi.code & ~0xe0) | BPF_ATOMIC);
	mi.imm = i->op == IR_ATOMIC_CMPXCHG ? BPF_CMPXCHG : i->op == IR_ATOMIC_XCHG ? BPF_XCHG :
		 fetch ? BPF_ADD | BPF_FETCH : BPF_ADD;
	sel_add(s, mi);
	if (i->op == IR_ATOMIC_CMPXCHG && s->needed[i->id])
		sel_add(s, mi_copy(sel_reg(s, i), 0));
}

/* ---- blocks of memory ---- */

static bool may_overlap(const struct ir_insn *p)
{
	return p->type == IR_MAPVAL || p->type == IR_RING;
}

/* dst register = address, for a helper. */
static void addr_into(struct sel *s, uint32_t dst, const struct ir_insn *p, int64_t imm)
{
	struct sel_addr at = sel_fold_addr(p, imm);
	struct mi mi = mi_mov_imm(dst, 0);

	if (at.base->op == IR_OBJECT) {
		mi.kind = MI_ADDR;
		mi.imm = s->ir->objects.at[at.base->imm].offset + at.off;
		sel_add(s, mi);
		return;
	}
	if (at.base->op == IR_MAP_VALUE)
		at.off -= at.base->imm2;
	sel_into(s, dst, at.base);
	if (at.off)
		sel_add(s, mi_alu_imm(BPF_ADD, dst, at.off, false));
}

/* r1: to, r2: size, r3: from, or 0 to clear. */
static void block_call(struct sel *s, const struct ir_insn *i)
{
	struct mi mi = { .kind = MI_CALL, .code = BPF_JMP | BPF_CALL, .dst = BC_NO_REG,
			 .src = BC_NO_REG, .src2 = BC_NO_REG, .nr_args = 3,
			 .imm = BPF_FUNC_probe_read_kernel };

	addr_into(s, 1, i->args[0], i->imm);
	if (i->op == IR_MEMCPY)
		addr_into(s, 3, i->args[1], i->imm3);
	else
		sel_add(s, mi_mov_imm(3, 0));
	sel_add(s, mi_mov_imm(2, i->imm2));
	sel_add(s, mi);
}

/* How many bytes of a block come next. Where any alignment will do it goes in
 * words, the last of which may begin in the one before it (*done moves back). */
static unsigned next_chunk(unsigned aligned, bool any, int64_t size, int64_t *done)
{
	if (!any || size < 8)
		return aligned;
	if (size - *done < 8)
		*done = size - 8;
	return 8;
}

static void sel_memzero(struct sel *s, const struct ir_insn *i)
{
	int64_t at, phase, size = i->imm2;
	unsigned align = block_align(s, i->args[0], &phase);
	uint32_t base;

	if (size > BLOCK_CALL_BYTES) {
		block_call(s, i);
		return;
	}
	phase += i->imm;
	base = sel_addr_span(s, sel_fold_addr(i->args[0], i->imm), size, &at);
	for (int64_t done = 0; done < size;) {
		unsigned n = chunk_size(align, phase + done, (uint64_t)(size - done));

		n = next_chunk(n, may_overlap(i->args[0]), size, &done);
		sel_add(s, mi_store_imm(n, base, (int16_t)(at + done), 0));
		done += n;
	}
}

static void sel_memcpy(struct sel *s, const struct ir_insn *i)
{
	int64_t to_at, from_at, to_phase, from_phase, size = i->imm2;
	unsigned to_align = block_align(s, i->args[0], &to_phase);
	unsigned from_align = block_align(s, i->args[1], &from_phase);
	uint32_t to, from;

	if (size > BLOCK_CALL_BYTES) {
		block_call(s, i);
		return;
	}
	to_phase += i->imm;
	from_phase += i->imm3;
	if (i->args[1]->type == IR_KPTR || i->args[1]->type == IR_CTX)
		from_align = i->size;
	to = sel_addr_span(s, sel_fold_addr(i->args[0], i->imm), size, &to_at);
	from = sel_addr_span(s, sel_fold_addr(i->args[1], i->imm3), size, &from_at);
	for (int64_t done = 0; done < size;) {
		uint64_t left = (uint64_t)(size - done);
		unsigned n = chunk_size(to_align, to_phase + done, left);
		unsigned m = chunk_size(from_align, from_phase + done, left);
		uint32_t tmp = mreg_new(s->f);

		n = next_chunk(m < n ? m : n, may_overlap(i->args[0]) && may_overlap(i->args[1]),
			       size, &done);
		sel_add(s, mi_load(n, tmp, from, (int16_t)(from_at + done)));
		sel_add(s, mi_store(n, to, (int16_t)(to_at + done), tmp));
		done += n;
	}
}

void sel_memory(struct sel *s, const struct ir_insn *i)
{
	switch (i->op) {
	case IR_LOAD:
		sel_load(s, i);
		break;
	case IR_STORE:
		sel_store(s, i);
		break;
	case IR_MEMZERO:
		sel_memzero(s, i);
		break;
	case IR_MEMCPY:
		sel_memcpy(s, i);
		break;
	default:
		sel_atomic(s, i);
		break;
	}
}
