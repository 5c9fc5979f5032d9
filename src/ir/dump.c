/*
 * IR as text, for people and tests.
 *
 *	func 0 entry(ctx)
 *	  object 0 key: 16 bytes, align 8, stack -16
 *	b0:
 *	  v1 = call get_current_pid_tgid()
 *	  v2 = lshr v1, 32
 *	  store.u64 &key + 8, v2
 *	  branch ne v2, 0 -> b1, b2
 *
 * Leaves are written where they are used; the values of instructions are
 * numbered by id.
 */
#include "ir/internal.h"

#include <inttypes.h>

static void dump_object_name(const struct ir_func *f, int64_t index, FILE *out)
{
	const char *name = f->objects.at[index].name;

	if (name)
		fprintf(out, "%s", name);
	else
		fprintf(out, "object%" PRId64, index);
}

static void dump_value(const struct ir_func *f, const struct ir_insn *v, FILE *out)
{
	switch (v->op) {
	case IR_CONST:
		fprintf(out, "%" PRId64, v->imm);
		break;
	case IR_PARAM:
		fprintf(out, "arg%" PRId64, v->imm);
		break;
	case IR_OBJECT:
		fprintf(out, "&");
		dump_object_name(f, v->imm, out);
		break;
	case IR_MAP:
		fprintf(out, "map%" PRId64, v->imm);
		break;
	case IR_MAP_VALUE:
		fprintf(out, "&map%" PRId64 "[%" PRId64 "]", v->imm, v->imm2);
		break;
	case IR_FUNC:
		fprintf(out, "func%" PRId64, v->imm);
		break;
	default:
		fprintf(out, "v%u", v->id);
	}
}

static void dump_address(const struct ir_func *f, const struct ir_insn *p, int64_t offset,
			 FILE *out)
{
	dump_value(f, p, out);
	if (offset)
		fprintf(out, " %c %" PRId64, offset < 0 ? '-' : '+', offset < 0 ? -offset : offset);
}

static void dump_args(const struct ir_func *f, const struct ir_insn *i, uint32_t from, FILE *out)
{
	for (uint32_t k = from; k < i->nr_args; k++) {
		if (k > from)
			fprintf(out, ", ");
		dump_value(f, i->args[k], out);
	}
}

static void dump_memory(const struct ir_func *f, const struct ir_insn *i, FILE *out)
{
	dump_address(f, i->args[0], i->imm, out);
	if (i->op == IR_MEMCPY) {
		fprintf(out, ", ");
		dump_address(f, i->args[1], i->imm3, out);
		fprintf(out, ", %" PRId64 " align %u", i->imm2, i->size);
		return;
	}
	if (i->op == IR_MEMZERO)
		fprintf(out, ", %" PRId64, i->imm2);
	if (i->nr_args > 1)
		fprintf(out, ", ");
	dump_args(f, i, 1, out);
}

static void dump_call(const struct ir_func *f, const struct ir_insn *i, FILE *out)
{
	const char *name = i->op == IR_CALL ? ir_helper_info(i->imm)->name : NULL;

	if (name)
		fprintf(out, "%s(", name);
	else
		fprintf(out, "%" PRId64 "(", i->imm);
	dump_args(f, i, 0, out);
	fprintf(out, ")");
}

static void dump_phi(const struct ir_func *f, const struct ir_insn *i, FILE *out)
{
	for (uint32_t k = 0; k < i->nr_args; k++) {
		fprintf(out, "%s", k ? ", " : "");
		dump_value(f, i->args[k], out);
		if (k < i->block->preds.n)
			fprintf(out, " b%u", i->block->preds.at[k]->id);
	}
}

static void dump_operands(const struct ir_func *f, const struct ir_insn *i, FILE *out)
{
	const struct ir_block *b = i->block;

	if (ir_op_is(i, IR_OP_MEMORY))
		dump_memory(f, i, out);
	else if (i->op == IR_CALL || i->op == IR_KCALL || i->op == IR_FCALL)
		dump_call(f, i, out);
	else if (i->op == IR_PHI)
		dump_phi(f, i, out);
	else
		dump_args(f, i, 0, out);
	if (i->op == IR_BRANCH)
		fprintf(out, " -> b%u, b%u", b->succs[0]->id, b->succs[1]->id);
	else if (i->op == IR_JUMP)
		fprintf(out, "b%u", b->succs[0]->id);
}

static void dump_suffix(const struct ir_insn *i, FILE *out)
{
	switch (i->op) {
	case IR_LOAD: case IR_STORE:
	case IR_ATOMIC_ADD: case IR_ATOMIC_XCHG: case IR_ATOMIC_CMPXCHG:
		fprintf(out, ".%c%u", i->is_signed ? 's' : 'u', i->size * 8u);
		break;
	case IR_SEXT: case IR_ZEXT: case IR_BSWAP:
		fprintf(out, ".%u", i->size * 8u);
		break;
	case IR_BRANCH:
		fprintf(out, "%s", i->size == 4 ? ".32" : "");
		fprintf(out, " %s", ir_cmp_names[i->cmp]);
		break;
	case IR_CMP:
		fprintf(out, " %s", ir_cmp_names[i->cmp]);
		break;
	default:
		break;
	}
}

static void dump_insn(const struct ir_func *f, const struct ir_insn *i, FILE *out)
{
	fprintf(out, "  ");
	if (i->type != IR_VOID)
		fprintf(out, "v%u%s%s = ", i->id, i->type == IR_INT ? "" : ":",
			i->type == IR_INT ? "" : ir_type_names[i->type]);
	fprintf(out, "%s", ir_ops[i->op].name);
	dump_suffix(i, out);
	fprintf(out, " ");
	dump_operands(f, i, out);
	fprintf(out, "%s\n", i->is_pinned ? " pinned" : "");
}

static void dump_block(const struct ir_func *f, const struct ir_block *b, FILE *out)
{
	fprintf(out, "b%u:%s\n", b->id, b->is_cold ? " cold" : "");
	for (const struct ir_insn *i = b->first; i; i = i->next)
		dump_insn(f, i, out);
}

static void dump_object(const struct ir_func *f, size_t index, FILE *out)
{
	static const char *const places[] = { "anywhere", "stack", "scratch" };
	const struct ir_object *o = &f->objects.at[index];

	fprintf(out, "  object %zu ", index);
	dump_object_name(f, (int64_t)index, out);
	fprintf(out, ": %u bytes, align %u, %s", o->size_bytes, o->align_bytes, places[o->place]);
	if (o->place != IR_PLACE_ANY)
		fprintf(out, " %d", o->offset);
	fprintf(out, "%s\n", o->keep ? ", keep" : "");
}

static void dump_func(const struct ir_func *f, FILE *out)
{
	struct ir_block **b;

	fprintf(out, "func %u %s(", f->index, f->name);
	for (uint32_t i = 0; i < f->nr_params; i++)
		fprintf(out, "%s%s", i ? ", " : "", ir_type_names[f->params[i]]);
	fprintf(out, ")%s\n", f->is_callback ? " callback" : "");
	for (size_t i = 0; i < f->objects.n; i++)
		dump_object(f, i, out);
	vec_each(b, &f->blocks)
		dump_block(f, *b, out);
}

void ir_dump(const struct ir_module *m, FILE *out)
{
	struct ir_func **f;

	fprintf(out, "module %s\n", m->name);
	vec_each(f, &m->funcs)
		dump_func(*f, out);
}
