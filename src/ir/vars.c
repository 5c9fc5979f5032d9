/*
 * Variables of the builder: SSA made while blocks are filled (Braun, Buchwald,
 * Hack, Leissa, Mallon, Zwinkau: Simple and Efficient Construction of SSA Form,
 * CC 2013).
 *
 * A block remembers the value of each variable at its end. A read in a block
 * that is not sealed yet makes a phi without args, whose `aux` names the
 * variable until ir_seal fills it. A phi that turns out to be a copy is marked
 * by `same_as` rather than replaced: what was emitted keeps using it (which is
 * correct), what is emitted later does not, and ir_pass_phis takes it away.
 */
#include "ir/internal.h"

#include <assert.h>

struct ir_var *ir_var_new(struct ir_func *f, const char *name, enum ir_type type)
{
	struct ir_var *v = arena_new(f->module->arena, struct ir_var);

	v->name = name;
	v->type = type;
	return v;
}

static void def_set(struct ir_block *block, const struct ir_var *var, struct ir_insn *value)
{
	struct arena *a = block->func->module->arena;

	if (!block->defs) {
		block->defs = arena_new(a, struct hmap);
		hmap_init(block->defs, a);
	}
	pmap_set(block->defs, var, value);
}

static struct ir_insn *def_find(const struct ir_block *block, const struct ir_var *var)
{
	struct ir_insn *v = block->defs ? pmap_find(block->defs, var) : NULL;

	return v ? ir_resolve(v) : NULL;
}

/* The one value that the phi stands for; NULL if it joins two. */
static struct ir_insn *phi_same(const struct ir_insn *phi)
{
	struct ir_insn *same = NULL;

	for (uint32_t i = 0; i < phi->nr_args; i++) {
		struct ir_insn *v = ir_resolve(phi->args[i]);

		if (v == phi || v == same)
			continue;
		if (same)
			return NULL;
		same = v;
	}
	return same ? same : ir_const(phi->block->func, 0);
}

static struct ir_insn *read_in(struct ir_block *block, const struct ir_var *var);

static struct ir_insn *phi_fill(struct ir_insn *phi, const struct ir_var *var)
{
	struct ir_block *block = phi->block;

	for (size_t i = 0; i < block->preds.n; i++)
		ir_phi_add(phi, read_in(block->preds.at[i], var));
	phi->same_as = phi_same(phi);
	return ir_resolve(phi);
}

static struct ir_insn *phi_new(struct ir_block *block, const struct ir_var *var)
{
	struct ir_builder at = { .func = block->func, .block = block };
	struct ir_insn *phi = ir_emit_phi(&at, var->type);

	def_set(block, var, phi);
	return phi;
}

/* The value at the start of a block that has no definition of its own. */
static struct ir_insn *read_at_start(struct ir_block *block, const struct ir_var *var)
{
	struct ir_insn *phi;

	if (!block->sealed) {
		phi = phi_new(block, var);
		phi->aux = (void *)var;
		return phi;
	}
	if (!block->preds.n)
		return ir_const(block->func, 0);
	phi = phi_new(block, var);
	return phi_fill(phi, var);
}

static struct ir_insn *read_in(struct ir_block *block, const struct ir_var *var)
{
	struct ir_block *top = block;
	struct ir_insn *v = def_find(top, var);

	/* Chains of single predecessors can be long (unrolled loops): no recursion. */
	while (!v && top->sealed && top->preds.n == 1) {
		top = top->preds.at[0];
		v = def_find(top, var);
	}
	if (!v)
		v = read_at_start(top, var);
	for (; block != top; block = block->preds.at[0])
		def_set(block, var, v);
	def_set(top, var, v);
	return v;
}

void ir_var_write(struct ir_builder *b, struct ir_var *var, struct ir_insn *value)
{
	if (b->block)
		def_set(b->block, var, ir_resolve(value));
}

struct ir_insn *ir_var_read(struct ir_builder *b, struct ir_var *var)
{
	if (!b->block)
		return ir_const(b->func, 0);
	return read_in(b->block, var);
}

void ir_seal(struct ir_block *block)
{
	if (block->sealed)
		return;
	block->sealed = true;
	for (struct ir_insn *phi = block->first; phi && phi->op == IR_PHI; phi = phi->next) {
		const struct ir_var *var = phi->aux;

		phi->aux = NULL;
		if (var)
			phi_fill(phi, var);
	}
}

/* Mark further phis as copies until no more are found. */
static void find_copies(struct ir_func *f)
{
	struct ir_block **b;
	bool again = true;

	while (again) {
		again = false;
		vec_each(b, &f->blocks) {
			ir_each_phi(phi, *b) {
				if (phi->same_as)
					continue;
				phi->same_as = phi_same(phi);
				again |= phi->same_as != NULL;
			}
		}
	}
}

void ir_apply_copies(struct ir_func *f)
{
	struct ir_block **b;

	vec_each(b, &f->blocks) {
		ir_each_insn(i, next, *b) {
			for (uint32_t k = 0; k < i->nr_args; k++)
				i->args[k] = ir_resolve(i->args[k]);
			if (i->same_as)
				ir_remove(i);
		}
	}
}

/* Requires nothing; keeps everything. */
void ir_pass_phis(struct ir_func *f)
{
	find_copies(f);
	ir_apply_copies(f);
}
