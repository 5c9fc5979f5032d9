/*
 * The checked programs for people and tests (`-d types`).
 *
 * A statement is a line, an expression an s-expression with the type of each
 * part that is no plain literal of a call: `(assign $x:int64 (+ $y:int64 1:int64):int64)`.
 */
#include "check/check_impl.h"

#include <ctype.h>
#include <inttypes.h>

struct dump {
	struct types *types;
	FILE *out;
};

static void dump_expr(const struct dump *d, const struct node *n);

static void dump_type(const struct dump *d, const struct node *n)
{
	if (n->type && n->type->kind != TYPE_VOID)
		fprintf(d->out, ":%s", type_name(d->types, n->type));
}

static void dump_text(const struct dump *d, const char *text, size_t len)
{
	fputc('"', d->out);
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)text[i];

		if (ch == '\n')
			fputs("\\n", d->out);
		else if (ch == '"' || ch == '\\')
			fprintf(d->out, "\\%c", ch);
		else if (isprint(ch))
			fputc(ch, d->out);
		else
			fprintf(d->out, "\\x%02x", ch);
	}
	fputc('"', d->out);
}

static void dump_int(const struct dump *d, const struct node *n)
{
	if (n->u.integer.enum_name)
		fprintf(d->out, "%s=", n->u.integer.enum_name);
	if (n->u.integer.negative)
		fprintf(d->out, "%" PRId64, (int64_t)n->u.integer.value);
	else
		fprintf(d->out, "%" PRIu64, n->u.integer.value);
}

static void dump_vec(const struct dump *d, const node_vec *v)
{
	for (size_t i = 0; i < v->n; i++) {
		fputc(' ', d->out);
		dump_expr(d, v->at[i]);
	}
}

static void dump_two(const struct dump *d, const char *what, const struct node *a,
		     const struct node *b)
{
	fprintf(d->out, "(%s ", what);
	dump_expr(d, a);
	if (b) {
		fputc(' ', d->out);
		dump_expr(d, b);
	}
	fputc(')', d->out);
}

static void dump_map(const struct dump *d, const struct node *n)
{
	fprintf(d->out, "@%s", n->u.map.name);
	if (n->kind == NODE_MAP_ELEM) {
		fputc('[', d->out);
		dump_expr(d, n->u.map.keys.at[0]);
		fputc(']', d->out);
	}
}

static void dump_cond(const struct dump *d, const struct node *n)
{
	fputs("(? ", d->out);
	dump_expr(d, n->u.cond.cond);
	if (n->u.cond.then) {
		fputc(' ', d->out);
		dump_expr(d, n->u.cond.then);
	}
	if (n->u.cond.otherwise) {
		fputc(' ', d->out);
		dump_expr(d, n->u.cond.otherwise);
	}
	fputc(')', d->out);
}

static void dump_assign(const struct dump *d, const struct node *n)
{
	fprintf(d->out, "(%s= ", n->u.assign.op ? ast_op_text(n->u.assign.op) : "");
	dump_expr(d, n->u.assign.target);
	fputc(' ', d->out);
	dump_expr(d, n->u.assign.value);
	fputc(')', d->out);
}

static void dump_let(const struct dump *d, const struct node *n)
{
	fprintf(d->out, "(let $%s", n->u.let.name);
	if (n->u.let.var->type)
		fprintf(d->out, ":%s", type_name(d->types, n->u.let.var->type));
	if (n->u.let.value) {
		fputc(' ', d->out);
		dump_expr(d, n->u.let.value);
	}
	fputc(')', d->out);
}

static void dump_loop(const struct dump *d, const struct node *n)
{
	fprintf(d->out, "(%s", node_kind_name(n->kind));
	if (n->u.loop.var)
		fprintf(d->out, " $%s:%s", n->u.loop.var_name, n->u.loop.var->type ?
			type_name(d->types, n->u.loop.var->type) : "?");
	if (n->u.loop.cond) {
		fputc(' ', d->out);
		dump_expr(d, n->u.loop.cond);
	}
	if (n->u.loop.from) {
		fputc(' ', d->out);
		dump_two(d, "..", n->u.loop.from, n->u.loop.to);
	}
	if (n->u.loop.map)
		fprintf(d->out, " @%s", n->u.loop.map->u.map.name);
	fputc(' ', d->out);
	dump_expr(d, n->u.loop.body);
	fputc(')', d->out);
}

static void dump_block(const struct dump *d, const struct node *n)
{
	fputc('{', d->out);
	for (size_t i = 0; i < n->u.block.stmts.n; i++) {
		fputs(i ? "; " : "", d->out);
		dump_expr(d, n->u.block.stmts.at[i]);
	}
	if (n->u.block.value) {
		fputs(n->u.block.stmts.n ? "; = " : "= ", d->out);
		dump_expr(d, n->u.block.value);
	}
	fputc('}', d->out);
}

static void dump_call(const struct dump *d, const struct node *n)
{
	fprintf(d->out, "(%s", n->u.call.func ? n->u.call.func->name : n->u.call.builtin->name);
	dump_vec(d, &n->u.call.args);
	fputc(')', d->out);
}

static void dump_leaf(const struct dump *d, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		dump_int(d, n);
		break;
	case NODE_STRING:
		dump_text(d, n->u.string.text, n->u.string.len);
		break;
	case NODE_BOOL:
		fputs(n->u.integer.value ? "true" : "false", d->out);
		break;
	case NODE_VAR:
		fprintf(d->out, "$%s", n->u.var.name);
		break;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		dump_map(d, n);
		break;
	case NODE_DISCARD:
	case NODE_RETURN:
		if (n->u.unary.operand)
			dump_two(d, node_kind_name(n->kind), n->u.unary.operand, NULL);
		else
			fprintf(d->out, "(%s)", node_kind_name(n->kind));
		break;
	default:
		fprintf(d->out, "(%s)", node_kind_name(n->kind));
		break;
	}
}

static void dump_field(const struct dump *d, const struct node *n)
{
	fputs("(. ", d->out);
	dump_expr(d, n->u.field.object);
	fprintf(d->out, " %s@%" PRIu32 ")", n->u.field.name, n->u.field.offset_bytes);
}

static void dump_expr(const struct dump *d, const struct node *n)
{
	switch (n->kind) {
	case NODE_UNARY:
		dump_two(d, ast_op_text(n->u.unary.op), n->u.unary.operand, NULL);
		break;
	case NODE_BINARY:
		dump_two(d, ast_op_text(n->u.binary.op), n->u.binary.left, n->u.binary.right);
		break;
	case NODE_INCDEC:
		dump_two(d, n->u.incdec.prefix ? n->u.incdec.decrement ? "--x" : "++x" :
			 n->u.incdec.decrement ? "x--" : "x++", n->u.incdec.operand, NULL);
		break;
	case NODE_TERNARY:
	case NODE_IF:
		dump_cond(d, n);
		break;
	case NODE_BLOCK:
		dump_block(d, n);
		break;
	case NODE_FIELD:
		dump_field(d, n);
		break;
	case NODE_INDEX:
		dump_two(d, "[]", n->u.index.object, n->u.index.index);
		break;
	case NODE_ELEMENT:
		fprintf(d->out, "(.%" PRIu64 " ", n->u.element.number);
		dump_expr(d, n->u.element.object);
		fputc(')', d->out);
		break;
	case NODE_TUPLE:
	case NODE_RECORD:
		fputs("(tuple", d->out);
		dump_vec(d, &n->u.tuple.items);
		fputc(')', d->out);
		break;
	case NODE_CAST:
		dump_two(d, n->implicit ? "to" : "cast", n->u.cast.operand, NULL);
		break;
	case NODE_CALL:
		dump_call(d, n);
		break;
	case NODE_EXPR_STMT:
		dump_expr(d, n->u.unary.operand);
		return;
	case NODE_ASSIGN:
		dump_assign(d, n);
		break;
	case NODE_LET:
		dump_let(d, n);
		break;
	case NODE_WHILE:
	case NODE_UNROLL:
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		dump_loop(d, n);
		break;
	default:
		dump_leaf(d, n);
		break;
	}
	dump_type(d, n);
}

static void dump_body(const struct dump *d, const struct node *body)
{
	for (size_t i = 0; i < body->u.block.stmts.n; i++) {
		fputs("  ", d->out);
		dump_expr(d, body->u.block.stmts.at[i]);
		fputc('\n', d->out);
	}
}

static void dump_func(const struct dump *d, const struct func *f)
{
	const struct func_param *p;

	fprintf(d->out, "function %s(", f->name);
	vec_each(p, &f->params)
		fprintf(d->out, "%s$%s:%s", p == f->params.at ? "" : ", ", p->name,
			p->var->type ? type_name(d->types, p->var->type) : "?");
	fprintf(d->out, "):%s\n", f->returned->type ? type_name(d->types, f->returned->type) : "?");
	dump_body(d, f->prog->body);
}

static void dump_prog(const struct dump *d, const struct prog *p)
{
	fprintf(d->out, "program %" PRIu32 ": %s", p->index, p->sites[0]->name);
	if (p->nr_sites > 1)
		fprintf(d->out, " and %zu more", p->nr_sites - 1);
	if (p->raw_event)
		fprintf(d->out, " by raw %s", p->raw_event);
	if (p->at_return)
		fprintf(d->out, " with program %" PRIu32, p->at_return->index);
	fprintf(d->out, "%s%s%s%s%s\n", p->uses_probe ? " +probe" : "",
		p->reads_user ? " +user" : "", p->uses_stacks ? " +stacks" : "",
		p->uses_args ? " +args" : "", p->has_effects ? " +effects" : "");
	dump_body(d, p->body);
}

static void dump_map_row(const struct dump *d, const struct map *m)
{
	fprintf(d->out, "map @%s", m->name);
	if (m->key)
		fprintf(d->out, "[%s]", type_name(d->types, m->key));
	fprintf(d->out, ": %s, %" PRIu32 "%s%s\n", m->value ? type_name(d->types, m->value) : "?",
		m->capacity, m->is_taken ? ", taken" : "",
		m->used_preemptible ? ", preemptible" : "");
}

void check_dump(const struct check *c, FILE *out)
{
	struct dump d = { c->types, out };
	struct prog **p;
	struct func **f;
	struct map **m;

	vec_each(m, &c->maps)
		dump_map_row(&d, *m);
	vec_each(f, &c->script->funcs)
		dump_func(&d, *f);
	vec_each(p, &c->progs)
		dump_prog(&d, *p);
}
