/*
 * The tree as text (`-d ast`): one node a line, children indented.
 *
 * Types are not spelled here (they belong to a later room); a node says only
 * what the parser knew.
 */
#include "lang/lang.h"

#include <inttypes.h>

struct dumper {
	FILE *out;
	int indent;
};

static void line_start(const struct dumper *d)
{
	fprintf(d->out, "%*s", d->indent * 2, "");
}

static void dump_text(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < ' ' || c == 127)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void dump_type(const struct dumper *d, const struct type_expr *t)
{
	static const char *const tags[] = {
		[TYPE_EXPR_NAME] = "", [TYPE_EXPR_STRUCT] = "struct ",
		[TYPE_EXPR_UNION] = "union ", [TYPE_EXPR_ENUM] = "enum ",
	};

	if (t->kind == TYPE_EXPR_TYPEOF) {
		fputs("typeof(", d->out);
		if (t->of_type)
			dump_type(d, t->of_type);
		else
			fputs("...", d->out);
		fputc(')', d->out);
	} else {
		fprintf(d->out, "%s%s", tags[t->kind], t->name);
	}
	for (size_t i = 0; i < t->suffixes.n; i++) {
		const struct type_suffix *s = &t->suffixes.at[i];

		if (!s->is_array)
			fputc('*', d->out);
		else if (s->has_count)
			fprintf(d->out, "[%" PRIu64 "]", s->count);
		else
			fputs("[]", d->out);
	}
}

/* Expressions inside a type, as children. */
static void dump_type_exprs(const struct dumper *d, const struct type_expr *t)
{
	for (; t; t = t->of_type)
		if (t->of_expr)
			lang_dump_node(t->of_expr, d->indent, d->out);
}

static void dump_tuple_labels(const struct dumper *d, const struct node *n)
{
	for (size_t i = 0; i < n->u.tuple.labels.n; i++)
		fprintf(d->out, "%s%s", i ? ", " : " ", n->u.tuple.labels.at[i]);
}

static void dump_query(const struct dumper *d, const struct node *n)
{
	if (n->u.type_query.of_type) {
		fputc(' ', d->out);
		dump_type(d, n->u.type_query.of_type);
	}
	for (size_t i = 0; i < n->u.type_query.path.n; i++)
		fprintf(d->out, "%s%s", i ? "." : ", ", n->u.type_query.path.at[i]);
}

/* What a node says beside its kind and children. */
static void dump_detail(const struct dumper *d, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		if (n->u.integer.negative)
			fprintf(d->out, " %" PRId64, (int64_t)n->u.integer.value);
		else
			fprintf(d->out, " %" PRIu64, n->u.integer.value);
		break;
	case NODE_BOOL:
		fputs(n->u.integer.value ? " true" : " false", d->out);
		break;
	case NODE_STRING:
	case NODE_IMPORT:
		fputc(' ', d->out);
		dump_text(d->out, n->u.string.text, n->u.string.len);
		break;
	case NODE_PARAM:
		if (n->u.param.number)
			fprintf(d->out, " $%" PRIu64, n->u.param.number);
		else
			fputs(" $#", d->out);
		break;
	case NODE_IDENT:
		fprintf(d->out, " %s", n->u.ident.name);
		break;
	case NODE_VAR:
		fprintf(d->out, " $%s", n->u.var.name);
		break;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		fprintf(d->out, " @%s", n->u.map.name);
		break;
	case NODE_UNARY:
		fprintf(d->out, " %s", ast_op_text(n->u.unary.op));
		break;
	case NODE_INCDEC:
		fprintf(d->out, " %s %s", n->u.incdec.prefix ? "prefix" : "postfix",
			n->u.incdec.decrement ? "--" : "++");
		break;
	case NODE_BINARY:
		fprintf(d->out, " %s", ast_op_text(n->u.binary.op));
		break;
	case NODE_TERNARY:
		fputs(n->u.cond.then ? "" : " ?:", d->out);
		break;
	case NODE_FIELD:
		fprintf(d->out, " %s%s", n->u.field.arrow ? "->" : ".", n->u.field.name);
		break;
	case NODE_ELEMENT:
		fprintf(d->out, " .%" PRIu64, n->u.element.number);
		break;
	case NODE_RECORD:
		dump_tuple_labels(d, n);
		break;
	case NODE_CAST:
		if (n->u.cast.to) {
			fputc(' ', d->out);
			dump_type(d, n->u.cast.to);
		}
		break;
	case NODE_CALL:
		fprintf(d->out, " %s", n->u.call.name);
		break;
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
	case NODE_TYPE_ARG:
		dump_query(d, n);
		break;
	case NODE_ASSIGN:
		fprintf(d->out, " %s=", ast_op_text(n->u.assign.op));
		break;
	case NODE_LET:
		fprintf(d->out, " $%s", n->u.let.name);
		if (n->u.let.declared) {
			fputs(" : ", d->out);
			dump_type(d, n->u.let.declared);
		}
		break;
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		fprintf(d->out, " $%s", n->u.loop.var_name);
		break;
	default:
		break;
	}
}

static void dump_child(struct node **slot, void *arg)
{
	const struct dumper *d = arg;

	lang_dump_node(*slot, d->indent, d->out);
}

/* A block's value is told from its statements. */
static void dump_block_children(const struct dumper *d, const struct node *n)
{
	for (size_t i = 0; i < n->u.block.stmts.n; i++)
		lang_dump_node(n->u.block.stmts.at[i], d->indent, d->out);
	if (!n->u.block.value)
		return;
	line_start(d);
	fputs("value\n", d->out);
	lang_dump_node(n->u.block.value, d->indent + 1, d->out);
}

/* The target reads better before the value, though it is evaluated after it. */
static void dump_children(const struct dumper *d, struct node *n)
{
	if (n->kind == NODE_ASSIGN) {
		lang_dump_node(n->u.assign.target, d->indent, d->out);
		lang_dump_node(n->u.assign.value, d->indent, d->out);
		return;
	}
	if (n->kind == NODE_BLOCK) {
		dump_block_children(d, n);
		return;
	}
	if (n->kind == NODE_CAST)
		dump_type_exprs(d, n->u.cast.to);
	else if (n->kind == NODE_LET)
		dump_type_exprs(d, n->u.let.declared);
	else if (n->kind == NODE_SIZEOF || n->kind == NODE_OFFSETOF ||
		 n->kind == NODE_TYPEINFO || n->kind == NODE_TYPE_ARG)
		dump_type_exprs(d, n->u.type_query.of_type);
	node_children(n, dump_child, (void *)d);
}

void lang_dump_node(const struct node *n, int indent, FILE *out)
{
	struct dumper d = { out, indent };

	line_start(&d);
	fputs(node_kind_name(n->kind), out);
	dump_detail(&d, n);
	fputc('\n', out);
	d.indent++;
	dump_children(&d, (struct node *)n);
}

/* ---- the file level ---- */

static void dump_config(const struct script *s, FILE *out)
{
	if (!s->config.n)
		return;
	fputs("config\n", out);
	for (size_t i = 0; i < s->config.n; i++) {
		const struct config_entry *e = &s->config.at[i];

		if (e->kind == CONFIG_INT)
			fprintf(out, "  %s = %" PRIu64 "\n", e->key, e->number);
		else
			fprintf(out, e->kind == CONFIG_STRING ? "  %s = \"%s\"\n" : "  %s = %s\n",
				e->key, e->text);
	}
}

static void dump_head(const struct script *s, FILE *out)
{
	for (size_t i = 0; i < s->c_parts.n; i++)
		fprintf(out, "c %s\n", s->c_parts.at[i].text);
	dump_config(s, out);
	for (size_t i = 0; i < s->imports.n; i++)
		fprintf(out, "import \"%s\"\n", s->imports.at[i].path);
	for (size_t i = 0; i < s->map_decls.n; i++) {
		const struct map_decl *m = &s->map_decls.at[i];

		fprintf(out, "map @%s = %s(%" PRIu64 ")\n", m->name, m->map_kind, m->capacity);
	}
}

static void dump_macro(const struct macro *m, FILE *out)
{
	static const char *const sigils[] = {
		[MACRO_PARAM_VAR] = "$", [MACRO_PARAM_MAP] = "@", [MACRO_PARAM_EXPR] = "",
	};

	fprintf(out, "macro %s(", m->name);
	for (size_t i = 0; i < m->params.n; i++)
		fprintf(out, "%s%s%s", i ? ", " : "", sigils[m->params.at[i].kind],
			m->params.at[i].name);
	fputs(")\n", out);
	lang_dump_node(m->body, 1, out);
}

static void dump_func(const struct func *f, FILE *out)
{
	struct dumper d = { out, 0 };

	fprintf(out, "fn %s(", f->name);
	for (size_t i = 0; i < f->params.n; i++) {
		fprintf(out, "%s$%s : ", i ? ", " : "", f->params.at[i].name);
		dump_type(&d, f->params.at[i].declared);
	}
	fputs(") : ", out);
	dump_type(&d, f->result);
	fputc('\n', out);
	lang_dump_node(f->body, 1, out);
}

static void dump_attach_point(const struct attach_point *ap, FILE *out)
{
	fputs("  attach point", out);
	if (ap->label)
		fprintf(out, " %s =", ap->label);
	for (size_t i = 0; i < ap->parts.n; i++) {
		const struct ap_part *part = &ap->parts.at[i];

		if (part->at_sign)
			fputs(" at", out);
		else
			fprintf(out, part->quoted ? " \"%s\"" : " [%s]", part->text);
	}
	fputc('\n', out);
}

static void dump_probe(const struct probe *p, FILE *out)
{
	fputs("probe\n", out);
	for (size_t i = 0; i < p->attach_points.n; i++)
		dump_attach_point(p->attach_points.at[i], out);
	if (p->predicate) {
		fputs("  predicate\n", out);
		lang_dump_node(p->predicate, 2, out);
	}
	lang_dump_node(p->body, 1, out);
}

void lang_dump(const struct script *script, FILE *out)
{
	dump_head(script, out);
	for (size_t i = 0; i < script->macros.n; i++)
		dump_macro(script->macros.at[i], out);
	for (size_t i = 0; i < script->funcs.n; i++)
		dump_func(script->funcs.at[i], out);
	for (size_t i = 0; i < script->probes.n; i++)
		dump_probe(script->probes.at[i], out);
}
