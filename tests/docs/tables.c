/*
 * The tables of the manual that are tables of the program, as Markdown: what
 * its pages show between "<!-- table: NAME -->" and "<!-- end of table -->"
 * is what `tables NAME` prints. tools/doc-tables compares and renews them.
 */
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "check/builtin.h"
#include "probes/provider.h"

static const struct builtin_row {
	const char *name, *doc;
	enum builtin_kind kind;
	int min_args, max_args;
	unsigned flags;
} builtin_rows[] = {
#define VAR BUILTIN_VAR
#define FUNC BUILTIN_FUNC
#define BOTH BUILTIN_BOTH
#define BUILTIN(id, name, kind, min_args, max_args, flags, type_rule, lowering, doc) \
	{ name, doc, kind, min_args, max_args, flags },
#include "check/builtins.def"
#undef BUILTIN
};

#define NR_BUILTIN_ROWS (sizeof(builtin_rows) / sizeof(builtin_rows[0]))

static const char *kind_word(enum builtin_kind kind)
{
	return kind == BUILTIN_VAR ? "variable" : kind == BUILTIN_FUNC ? "function" : "both";
}

/* Text in a cell of a table: "|" would end it, "*" would be emphasis. */
static void print_cell(const char *text)
{
	for (; *text; text++) {
		if (strchr("|*<", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void print_notes(unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *word;
	} notes[] = {
		{ BUILTIN_F_UNSAFE, "unsafe" },
		{ BUILTIN_F_MAP_VALUE, "aggregation" },
		{ BUILTIN_F_ASYNC, "user space" },
		{ BUILTIN_F_CONTEXT, "context" },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (!(flags & notes[i].flag))
			continue;
		printf("%s%s", comma, notes[i].word);
		comma = ", ";
	}
}

static int print_builtins(void)
{
	puts("| name | kind | arguments | what | notes |");
	puts("|---|---|---|---|---|");
	for (size_t i = 0; i < NR_BUILTIN_ROWS; i++) {
		const struct builtin_row *r = &builtin_rows[i];

		printf("| `%s` | %s | ", r->name, kind_word(r->kind));
		if (!strcmp(r->name, "argN"))
			printf("none");
		else if (r->max_args == 0)
			printf("none");
		else if (r->min_args == r->max_args)
			printf("%d", r->min_args);
		else
			printf("%d to %d", r->min_args, r->max_args);
		printf(" | ");
		print_cell(r->doc);
		printf(" | ");
		print_notes(r->flags);
		puts(" |");
	}
	return 0;
}

static int print_providers(void)
{
	static const struct {
		unsigned flag;
		const char *word;
	} has[] = {
		{ HAS_ARGN, "`argN`" }, { HAS_ARGS, "`args`" }, { HAS_RETVAL, "`retval`" },
		{ HAS_FUNC, "`func`" }, { HAS_CTX, "`ctx`" }, { HAS_PT_REGS, "`reg()`" },
	};

	puts("| probe | short | what | has |");
	puts("|---|---|---|---|");
	for (size_t i = 0; i < nr_providers; i++) {
		const struct provider *p = providers[i];

		printf("| `%s` | ", p->name);
		for (size_t k = 0; k < sizeof(p->alias) / sizeof(p->alias[0]) && p->alias[k]; k++)
			printf("%s`%s`", k ? ", " : "", p->alias[k]);
		printf(" | %s | ", p->doc);
		for (size_t k = 0; k < sizeof(has) / sizeof(has[0]); k++)
			if (p->has & has[k].flag)
				printf("%s ", has[k].word);
		puts("|");
	}
	return 0;
}

static int print_diagnostics(void)
{
	puts("| tag | severity | when |");
	puts("|---|---|---|");
	for (int i = 0; i < DIAG_TAG_COUNT; i++) {
		const struct diag_row *r = &diag_rows[i];

		printf("| `%s` | %s | ", r->tag,
		       !r->is_warning ? "error" : !r->is_error ? "warning" : "either");
		print_cell(r->doc);
		puts(" |");
	}
	return 0;
}

static int print_tags(void)
{
	for (int i = 0; i < DIAG_TAG_COUNT; i++)
		puts(diag_rows[i].tag);
	return 0;
}

static const struct {
	const char *name;
	int (*print)(void);
} tables[] = {
	{ "builtins", print_builtins }, { "providers", print_providers },
	{ "diagnostics", print_diagnostics }, { "tags", print_tags },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (argc == 2 && !strcmp(argv[1], tables[i].name))
			return tables[i].print();
	fprintf(stderr, "usage: tables builtins|providers|diagnostics|tags\n");
	return 2;
}
