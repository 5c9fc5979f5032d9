/*
 * What a finished program does, as flags for lowering and attaching; and the
 * dump of checked programs.
 */
#include "check/check_impl.h"
#include "lang/lang.h"

#include <inttypes.h>

static bool is_map(const struct node *n)
{
	return n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM;
}

static bool reads_user_memory(const struct node *n)
{
	const struct node *object = NULL;
	const struct node *arg;

	switch (n->kind) {
	case NODE_FIELD:
		object = n->u.field.object;
		break;
	case NODE_INDEX:
		object = n->u.index.object;
		break;
	case NODE_UNARY:
		object = n->u.unary.op == OP_DEREF ? n->u.unary.operand : NULL;
		break;
	case NODE_CALL:
		arg = n->u.call.args.n ? n->u.call.args.at[0] : NULL;
		if (arg && !(n->u.call.builtin->flags & (BUILTIN_F_MAP_ARG | BUILTIN_F_FORMAT)) &&
		    n->u.call.builtin->id != BUILTIN_print)
			object = arg;
		break;
	default:
		break;
	}
	return object && object->type && object->type->space == SPACE_USER;
}

static bool has_effect(const struct node *n)
{
	switch (n->kind) {
	case NODE_ASSIGN:
		return is_map(n->u.assign.target);
	case NODE_INCDEC:
		return is_map(n->u.incdec.operand);
	case NODE_CALL:
		return (n->u.call.builtin->flags & BUILTIN_F_ASYNC) ||
		       n->u.call.builtin->id == BUILTIN_delete;
	default:
		return false;
	}
}

static void describe(struct node **slot, void *arg)
{
	struct prog *p = arg;
	const struct node *n = *slot;

	if (!n)
		return;
	p->reads_user |= reads_user_memory(n);
	p->has_effects |= has_effect(n);
	if (n->type && (n->type->kind == TYPE_KSTACK || n->type->kind == TYPE_USTACK))
		p->uses_stacks = true;
	if (n->kind == NODE_CALL)
		p->uses_probe |= n->u.call.builtin->id == BUILTIN_probe;
	node_children(*slot, describe, p);
}

void prog_describe(struct check *c, struct prog *prog)
{
	struct node *body = prog->body;

	(void)c;
	describe(&body, prog);
}

/* ---- dump ---- */

static void dump_prog(const struct prog *p, FILE *out)
{
	fprintf(out, "program %" PRIu32 ": %s", p->index, p->sites[0]->name);
	if (p->nr_sites > 1)
		fprintf(out, " and %zu more", p->nr_sites - 1);
	if (p->raw_event)
		fprintf(out, " by raw %s", p->raw_event);
	fprintf(out, "%s%s%s%s%s\n", p->uses_probe ? " probe" : "", p->reads_user ? " user" : "",
		p->uses_stacks ? " stacks" : "", p->uses_args ? " args" : "",
		p->has_effects ? " effects" : "");
	lang_dump_node(p->body, 1, out);
}

static void dump_map(const struct check *c, const struct map *m, FILE *out)
{
	fprintf(out, "map @%s", m->name);
	if (m->key)
		fprintf(out, "[%s]", type_name(c->types, m->key));
	fprintf(out, ": %s, %" PRIu32 " entries%s%s\n", m->value ? type_name(c->types, m->value) : "?",
		m->capacity, m->is_taken ? ", taken" : "",
		m->used_preemptible ? ", preemptible" : "");
}

void check_dump(const struct check *c, FILE *out)
{
	struct prog **p;
	struct map **m;

	vec_each(m, &c->maps)
		dump_map(c, *m, out);
	vec_each(p, &c->progs)
		dump_prog(*p, out);
}
