/*
 * An expression from a piece of text outside of the script: what a macro of C
 * stands for.
 */
#include "lang/parser.h"

struct node *lang_parse_expr(struct arena *a, struct names *names, struct diags *diags,
			     const struct source *text)
{
	static const struct lang_options no_options;
	struct parser p = {
		.lx = { .arena = a, .names = names, .source = text },
		.arena = a, .names = names, .diags = diags, .source = text,
		.options = &no_options, .script = arena_new(a, struct script),
	};
	struct node *n;

	hmap_init(&p.macro_names, a);
	parser_seek(&p, 0);
	n = parse_expr(&p);
	if (!p.panic && p.tok.kind != TOK_EOF)
		parser_expected(&p, "the end of the expression");
	return n;
}
