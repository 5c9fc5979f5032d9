/*
 * Arguments that are not where C functions have them: of static probes, and of
 * functions with another calling convention.
 *
 * Where an argument is differs from site to site. If all sites of a program
 * agree, it is read in place; else the site's variant, which the attach cookie
 * has in its upper half, chooses among the ways.
 */
#include "lower/internal.h"
#include "probes/usdt_arg.h"

/* The argument at a site of this variant; NULL: the probe has fewer. */
static const struct usdt_arg *arg_of(const struct prog *p, uint32_t variant, uint32_t index)
{
	for (size_t i = 0; i < p->nr_sites; i++) {
		const struct probe_site *s = p->sites[i];

		if (s->image.variant == variant)
			return s->places && index < s->places->count ? &s->places->at[index]
								     : NULL;
	}
	return NULL;
}

static bool is_same(const struct usdt_arg *a, const struct usdt_arg *b)
{
	if (!a || !b)
		return a == b;
	return a->place == b->place && a->size_bytes == b->size_bytes &&
	       a->is_signed == b->is_signed && a->base == b->base && a->index == b->index &&
	       a->shift == b->shift && a->skip_bits == b->skip_bits && a->value == b->value;
}

static struct ir_insn *reg(struct gen *g, int32_t offset)
{
	return ir_emit_load(&g->b, IR_INT, 8, false, g->ctx, offset);
}

static struct ir_insn *load_register(struct gen *g, const struct usdt_arg *a)
{
	struct ir_insn *v = reg(g, a->base);

	if (a->skip_bits)
		v = ir_emit_binary_imm(&g->b, IR_LSHR, v, a->skip_bits);
	return a->size_bytes < 8 ? ir_emit_ext(&g->b, v, a->size_bytes, a->is_signed) : v;
}

static struct ir_insn *load_memory(struct gen *g, const struct usdt_arg *a)
{
	struct place p = { .kind = PLACE_USER };
	struct ir_insn *index;

	if (a->place == USDT_SYMBOL)
		p.base = reg(g, g->c->target->arch->ip_offset);
	else
		p.base = a->base >= 0 ? reg(g, a->base) : lower_const(g, 0);
	if (a->index >= 0) {
		index = ir_emit_binary_imm(&g->b, IR_SHL, reg(g, a->index), a->shift);
		p.base = ir_emit_binary(&g->b, IR_ADD, p.base, index);
	}
	p.base = ir_emit_binary(&g->b, IR_ADD, p.base, lower_const(g, a->value));
	return lower_load(g, p, type_int(g->c->types, a->size_bytes, a->is_signed));
}

static struct ir_insn *load_arg(struct gen *g, const struct usdt_arg *a)
{
	switch (a ? a->place : USDT_UNKNOWN) {
	case USDT_CONSTANT:
		return lower_const(g, a->value);
	case USDT_REGISTER:
		return load_register(g, a);
	case USDT_MEMORY:
	case USDT_SYMBOL:
		return load_memory(g, a);
	default:
		return lower_const(g, 0);
	}
}

/* In the code of a variant before? */
static bool is_known(const struct prog *p, uint32_t variant, uint32_t index)
{
	for (uint32_t v = 0; v < variant; v++)
		if (is_same(arg_of(p, v, index), arg_of(p, variant, index)))
			return true;
	return false;
}

/* Several variants may find this argument in the same place. */
static void branch_to(struct gen *g, struct ir_insn *variant, uint32_t first, uint32_t index,
		      struct ir_block *here)
{
	const struct prog *p = g->prog;

	for (uint32_t v = first; v < p->nr_variants; v++) {
		struct ir_block *next;

		if (!is_same(arg_of(p, v, index), arg_of(p, first, index)))
			continue;
		next = lower_block(g, false);
		ir_emit_branch(&g->b, IR_EQ, variant, lower_const(g, v), here, next);
		lower_enter(g, next);
	}
}

static struct ir_insn *choose_arg(struct gen *g, uint32_t index)
{
	struct ir_var *result = ir_var_new(g->b.func, "argument", IR_INT);
	struct ir_block *done = lower_block(g, false);
	const struct prog *p = g->prog;
	struct ir_insn *variant;

	variant = ir_emit_helper(&g->b, BPF_FUNC_get_attach_cookie, IR_INT, g->ctx);
	variant = ir_emit_binary_imm(&g->b, IR_LSHR, variant, 32);
	for (uint32_t v = 1; v < p->nr_variants; v++) {
		struct ir_block *here, *next;

		if (is_known(p, v, index))
			continue;
		here = lower_block(g, false);
		branch_to(g, variant, v, index, here);
		next = g->b.block;
		lower_enter(g, here);
		ir_var_write(&g->b, result, load_arg(g, arg_of(p, v, index)));
		ir_emit_jump(&g->b, done);
		ir_continue_in(&g->b, next);
	}
	ir_var_write(&g->b, result, load_arg(g, arg_of(p, 0, index)));
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
	return ir_var_read(&g->b, result);
}

struct ir_insn *lower_placed_arg(struct gen *g, uint32_t index)
{
	const struct prog *p = g->prog;

	if (!g->ctx)
		return lower_const(g, 0);
	for (uint32_t v = 1; v < p->nr_variants; v++)
		if (!is_same(arg_of(p, v, index), arg_of(p, 0, index)))
			return choose_arg(g, index);
	return load_arg(g, arg_of(p, 0, index));
}
