/*
 * Names of the C part in expressions: macros, enumerators, constants.
 *
 * A macro's text is read as an expression of the language and put where the
 * name stood; names in it are resolved there in turn, but for those of the
 * macros being expanded. Text that is no such expression may be a constant of
 * C: a character, a cast to "unsigned int".
 */
#include "check/check_impl.h"
#include "lang/lang.h"

#include <string.h>

#define NESTING_MAX	64	/* macros within macros */
#define HEIGHT_MAX	1000	/* of the trees that they make */
#define EXPANSIONS_MAX	100000

/* A macro whose expression is being resolved. */
struct c_macro_use {
	const char *name;
	unsigned depth, height;
	const struct c_macro_use *outer;
};

static bool is_open(const struct check *c, const char *name)
{
	for (const struct c_macro_use *u = c->state->c_macros; u; u = u->outer)
		if (!strcmp(u->name, name))
			return true;
	return false;
}

/* ---- where an expansion comes from ---- */

static void mark_type(struct type_expr *t, const struct expansion *from)
{
	for (; t; t = t->of_type)
		t->loc.from = from;
}

static void mark(struct node **slot, void *arg)
{
	const struct expansion *from = arg;
	struct node *n = *slot;

	if (!n)
		return;
	n->loc.from = from;
	if (n->kind == NODE_CALL)
		n->u.call.name_loc.from = from;
	else if (n->kind == NODE_FIELD)
		n->u.field.name_loc.from = from;
	else if (n->kind == NODE_CAST)
		mark_type(n->u.cast.to, from);
	else if (n->kind == NODE_SIZEOF || n->kind == NODE_OFFSETOF)
		mark_type(n->u.type_query.of_type, from);
	node_children(n, mark, arg);
}

/* ---- macros ---- */

static struct node *parse_silently(struct check *c, const struct source *text)
{
	struct diags unheard;
	struct node *n;

	diags_init(&unheard, c->arena);
	n = lang_parse_expr(c->arena, c->names, &unheard, text);
	return unheard.nr_errors ? NULL : n;
}

static const char *one_line(struct check *c, const struct source *text)
{
	char *line = arena_strndup(c->arena, text->text, text->len);

	for (char *p = line; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return line;
}

static void no_expression(struct check *c, struct node *n, const char *name,
			  const struct cdefs_macro *m)
{
	struct diag *d = check_error(c, n->loc, DIAG_MACRO_NO_EXPRESSION,
				     "macro '%s' is no expression: %s", name,
				     one_line(c, &m->text));

	if (m->text.base)
		check_note(c, d, (struct loc){ m->text.base, m->text.base + (uint32_t)m->text.len,
					       NULL }, "it is defined here");
	node_set_error(n);
}

static void too_deep(struct check *c, struct node *n, const char *name)
{
	check_error(c, n->loc, DIAG_MACRO_TOO_LARGE, "macro '%s' expands to too much", name);
	node_set_error(n);
}

static void resolve_expansion(struct check *c, struct node **slot, struct node *tree,
			      const char *name)
{
	const struct c_macro_use *outer = c->state->c_macros;
	struct c_macro_use use = {
		.name = name, .outer = outer, .depth = outer ? outer->depth + 1 : 0,
		.height = (outer ? outer->height : 0) + tree->height,
	};
	struct expansion *from = arena_new(c->arena, struct expansion);

	if (use.depth >= NESTING_MAX || use.height > HEIGHT_MAX ||
	    ++c->state->nr_c_macros > EXPANSIONS_MAX) {
		too_deep(c, *slot, name);
		return;
	}
	from->call = (*slot)->loc;
	mark(&tree, from);
	tree->parens = true;
	*slot = tree;
	c->state->c_macros = &use;
	resolve_expr(c, slot);
	c->state->c_macros = outer;
}

/* A macro that stands for its own name is no macro: "#define A A". */
static bool is_itself(const struct node *tree, const char *name)
{
	return tree && tree->kind == NODE_IDENT && !strcmp(tree->u.ident.name, name);
}

bool resolve_c_macro(struct check *c, struct node **slot)
{
	struct node *n = *slot, *tree;
	const char *name = n->u.ident.name;
	struct cdefs_macro macro;
	uint64_t value;
	bool negative;

	if (!c->cdefs || lang_is_builtin_word(name) || is_open(c, name) ||
	    !cdefs_macro(c->cdefs, name, &macro))
		return false;
	if (macro.in_header && builtin_find(name))
		return false;
	tree = parse_silently(c, &macro.text);
	if (is_itself(tree, name))
		return false;
	if (tree)
		resolve_expansion(c, slot, tree, name);
	else if (cdefs_macro_value(c->cdefs, name, &value, &negative))
		node_set_int(n, value, negative);
	else
		no_expression(c, n, name, &macro);
	return true;
}

/* ---- constants ---- */

static bool find_enumerator(const struct check *c, const char *name, uint64_t *value,
			    const struct type **type)
{
	if (c->cdefs && cdefs_enumerator(c->cdefs, name, value, type))
		return true;
	return c->btf && kbtf_enumerator(c->btf, name, value, type);
}

/* What a table knows where neither script, headers nor BTF do. */
static bool known_constant(const struct check *c, struct node *n, const char *name)
{
	uint64_t value;
	bool negative;

	if (!c->cdefs || !cdefs_constant(c->cdefs, name, &value, &negative))
		return false;
	node_set_int(n, value, negative);
	return true;
}

bool resolve_c_constant(struct check *c, struct node *n)
{
	const char *name = n->u.ident.name;
	const struct type *type;
	uint64_t value;

	if (!find_enumerator(c, name, &value, &type))
		return known_constant(c, n, name);
	node_set_int(n, value, (int64_t)value < 0 && type->is_signed);
	n->u.integer.enum_name = name;
	n->type = type_enum(c->types, type->enumeration, 8);
	return true;
}

bool is_c_constant(const struct check *c, const char *name)
{
	uint64_t value;
	bool negative;

	return find_enumerator(c, name, &value, NULL) ||
	       (c->cdefs && (cdefs_macro_value(c->cdefs, name, &value, &negative) ||
			     cdefs_constant(c->cdefs, name, &value, &negative)));
}

bool is_c_value(const struct check *c, const char *name)
{
	struct cdefs_macro macro;

	return is_c_constant(c, name) || (c->cdefs && cdefs_macro(c->cdefs, name, &macro));
}

void hint_missing_headers(struct check *c, struct diag *d)
{
	const char *list = c->cdefs ? cdefs_missing_headers(c->cdefs) : NULL;

	if (list)
		check_hint(c, d, "not installed here: %s", list);
}
