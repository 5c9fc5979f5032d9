/*
 * Imports: what is merged in which order, and what is told when it cannot be.
 * The files are made up; the reader under test hands them out.
 */
#include "lang/lang.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fake_file {
	const char *path, *text;	/* no text: a directory */
	const char *id;			/* NULL: the path */
	bool is_open_to_all;
	size_t len;			/* 0: the text's */
	const char *entries[4];
};

static const struct fake_file files[] = {
	{ .path = "main.bt", .text = "" },
	{ .path = "lib.bt", .text = "macro two() { 2 } begin { lib1(); } end { lib2(); }" },
	{ .path = "other/name.bt", .text = "begin { lib1(); }", .id = "lib.bt" },
	{ .path = "mid.bt", .text = "import \"lib.bt\"; let @m = hash(1); begin { mid1(); }" },
	{ .path = "sub/far.bt", .text = "import \"near.bt\"; import \"lib.bt\"; begin { far(); }" },
	{ .path = "sub/near.bt", .text = "begin { near(); }" },
	{ .path = "ring1.bt", .text = "import \"ring2.bt\"; begin { ring1(); }" },
	{ .path = "ring2.bt", .text = "import \"ring1.bt\"; import \"main.bt\"; begin { ring2(); }" },
	{ .path = "config.bt", .text = "config = { a = 1; b = 2 } begin { }" },
	{ .path = "empty_config.bt", .text = "config = { } begin { }" },
	{ .path = "wrong.bt", .text = "begin { 1 + ; }" },
	{ .path = "open.bt", .text = "begin { }", .is_open_to_all = true },
	{ .path = "huge.bt", .text = "", .len = (size_t)INT32_MAX + 1 },
	{ .path = "types.h", .text = "#define A 1\nstruct s { int a; };\n" },
	{ .path = "c.bpf.c", .text = "" },
	{ .path = "o.bpf.o", .text = "" },
	{ .path = "notes.txt", .text = "" },
	{ .path = "dir", .entries = { "a.bt", "b.txt", "c.h" } },
	{ .path = "dir/a.bt", .text = "begin { a(); }" },
	{ .path = "dir/c.h", .text = "struct c;" },
	{ .path = ".", .entries = { "lib.bt", "mid.bt" } },
	{ .path = "own/stdlib", .entries = { "s.bt" } },
	{ .path = "own/stdlib/s.bt", .text = "begin { own(); }" },
};

static int open_fake(void *arg, struct arena *a, const char *path, struct lang_file *file)
{
	(void)arg;
	(void)a;
	if (!strcmp(path, "secret.bt"))
		return -EACCES;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const struct fake_file *f = &files[i];

		if (strcmp(f->path, path))
			continue;
		file->id = f->id ? f->id : f->path;
		file->is_directory = !f->text;
		file->is_open_to_all = f->is_open_to_all;
		file->text = f->text;
		file->len = f->len ? f->len : f->text ? strlen(f->text) : 0;
		file->entries = f->entries;
		while (file->nr_entries < 4 && f->entries[file->nr_entries])
			file->nr_entries++;
		return 0;
	}
	return -ENOENT;
}

/* The merged script in short: C parts, maps, macros, and the names of what the
 * probes call. */
static void summarize(const struct script *s, struct sbuf *out)
{
	for (size_t i = 0; i < s->c_parts.n; i++)
		sbuf_printf(out, "%s[%s] ", s->c_parts.at[i].is_header ? "header" : "c",
			    s->c_parts.at[i].text);
	for (size_t i = 0; i < s->map_decls.n; i++)
		sbuf_printf(out, "@%s ", s->map_decls.at[i].name);
	for (size_t i = 0; i < s->macros.n; i++)
		sbuf_printf(out, "macro %s ", s->macros.at[i]->name);
	for (size_t i = 0; i < s->probes.n; i++) {
		const node_vec *stmts = &s->probes.at[i]->body->u.block.stmts;

		sbuf_printf(out, "%s", s->probes.at[i]->attach_points.at[0]->raw);
		if (stmts->n)
			sbuf_printf(out, ":%s", stmts->at[0]->u.unary.operand->u.call.name);
		sbuf_putc(out, ' ');
	}
	assert_int_equal(s->imports.n, 0);
}

static struct script *import(struct arena *a, struct diags *diags, const char *path,
			     const char *text)
{
	static const struct lang_reader reader = { .open = open_fake };
	static const struct lang_options options = { .reader = &reader };
	struct names names;
	struct script *script;

	arena_init(a);
	names_init(&names, a);
	diags_init(diags, a);
	script = lang_parse(a, &names, diags, source_add(diags, path, text, strlen(text)),
			    &options);
	lang_import(a, &names, diags, script, path, &options);
	return script;
}

static void expect_at(const char *path, const char *text, const char *expected)
{
	struct arena a;
	struct diags diags;
	struct sbuf out = { 0 };
	struct script *script = import(&a, &diags, path, text);

	for (size_t i = 0; i < diags.list.n; i++)
		diag_render(&diags, diags.list.at[i], false, &out);
	if (!diags.nr_errors)
		summarize(script, &out);
	assert_string_equal(sbuf_text(&out), expected);
	sbuf_close(&out);
	arena_free(&a);
}

static void expect_tag(const char *text, enum diag_tag tag)
{
	struct arena a;
	struct diags diags;

	import(&a, &diags, "main.bt", text);
	assert_int_equal(diags.list.n, 1);
	assert_int_equal(diags.list.at[0]->tag, tag);
	arena_free(&a);
}

static void expect(const char *text, const char *expected)
{
	expect_at("main.bt", text, expected);
}

static void test_order(void **state)
{
	(void)state;
	expect("begin { mine(); }", "begin:mine ");
	expect("import \"lib.bt\"; begin { mine(); }",
	       "macro two begin:lib1 end:lib2 begin:mine ");
	expect("struct x; import \"mid.bt\"; let @n = hash(1); begin { mine(); }",
	       "c[struct x;] @m @n macro two begin:lib1 end:lib2 begin:mid1 begin:mine ");
}

static void test_once(void **state)
{
	(void)state;
	expect("import \"lib.bt\"; import \"lib.bt\"; import \"other/name.bt\";",
	       "macro two begin:lib1 end:lib2 ");
	expect("import \"ring1.bt\"; begin { mine(); }", "begin:ring2 begin:ring1 begin:mine ");
	expect("import \"main.bt\"; begin { mine(); }", "begin:mine ");
}

static void test_places(void **state)
{
	(void)state;
	expect("import \"sub/far.bt\";", "macro two begin:near begin:lib1 end:lib2 begin:far ");
	expect_at("sub/main.bt", "import \"far.bt\";",
		  "sub/far.bt:1:19-34: ERROR: Unable to find suitable path for import\n"
		  "import \"near.bt\"; import \"lib.bt\"; begin { far(); }\n"
		  "                  ~~~~~~~~~~~~~~~\n"
		  "HINT: checked: sub/lib.bt\n"
		  "sub/main.bt:1:1-16: ERROR: expanded from\n"
		  "import \"far.bt\";\n"
		  "~~~~~~~~~~~~~~~\n");
}

static void test_headers(void **state)
{
	(void)state;
	expect("#define B\nimport \"types.h\";",
	       "header[#define A 1\nstruct s { int a; };\n] c[#define B] ");
}

static void test_directories(void **state)
{
	(void)state;
	expect("import \"dir\"; import \"dir/a.bt\"; begin { }", "header[struct c;] begin:a begin ");
	expect("import \"stdlib\"; begin { }", "begin ");
	expect_at("own/main.bt", "import \"stdlib\"; begin { }", "begin:own begin ");
}

static void test_config(void **state)
{
	(void)state;
	expect("config = { a = 1 } import \"empty_config.bt\";", "begin ");
	expect("import \"config.bt\";",
	       "config.bt:1:12-24: ERROR: invalid `config` within import\n"
	       "config = { a = 1; b = 2 } begin { }\n"
	       "           ~~~~~~~~~~~~\n"
	       "main.bt:1:1-19: ERROR: expanded from\n"
	       "import \"config.bt\";\n"
	       "~~~~~~~~~~~~~~~~~~\n");
}

static void test_refused(void **state)
{
	(void)state;
	expect("import \"libb.bt\";",
	       "main.bt:1:1-17: ERROR: Unable to find suitable path for import\n"
	       "import \"libb.bt\";\n"
	       "~~~~~~~~~~~~~~~~\n"
	       "HINT: checked: libb.bt\n"
	       "HINT: did you mean \"lib.bt\"?\n");
	expect("import \"open.bt\";",
	       "main.bt:1:1-17: ERROR: will not import \"open.bt\": everyone may write to it\n"
	       "import \"open.bt\";\n"
	       "~~~~~~~~~~~~~~~~\n"
	       "HINT: this counts for the file and for the directory that it is in\n");
	expect("import \"notes.txt\";",
	       "main.bt:1:1-19: ERROR: unknown import type: \"notes.txt\"\n"
	       "import \"notes.txt\";\n"
	       "~~~~~~~~~~~~~~~~~~\n");
	expect("import \"secret.bt\";",
	       "main.bt:1:1-19: ERROR: cannot read \"secret.bt\": Permission denied\n"
	       "import \"secret.bt\";\n"
	       "~~~~~~~~~~~~~~~~~~\n");
	expect("import \"c.bpf.c\";",
	       "main.bt:1:1-17: ERROR: not supported yet: import of BPF C (\"c.bpf.c\")\n"
	       "import \"c.bpf.c\";\n"
	       "~~~~~~~~~~~~~~~~\n");
	expect("import \"o.bpf.o\";",
	       "main.bt:1:1-17: ERROR: not supported yet: import of BPF objects (\"o.bpf.o\")\n"
	       "import \"o.bpf.o\";\n"
	       "~~~~~~~~~~~~~~~~\n");
}

/* What only files that no repository holds can bring about. */
static void test_tags(void **state)
{
	(void)state;
	expect_tag("import \"open.bt\";", DIAG_IMPORT_WRITABLE);
	expect_tag("import \"huge.bt\";", DIAG_IMPORT_TOO_LARGE);
	expect("import \"huge.bt\";",
	       "main.bt:1:1-17: ERROR: \"huge.bt\" is too large to import\n"
	       "import \"huge.bt\";\n"
	       "~~~~~~~~~~~~~~~~\n");
}

static void test_chain(void **state)
{
	(void)state;
	expect("import \"wrong.bt\";",
	       "wrong.bt:1:13-14: ERROR: syntax: expected expression\n"
	       "begin { 1 + ; }\n"
	       "            ~\n"
	       "HINT: found ';'\n"
	       "main.bt:1:1-18: ERROR: expanded from\n"
	       "import \"wrong.bt\";\n"
	       "~~~~~~~~~~~~~~~~~\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_once),
		cmocka_unit_test(test_places), cmocka_unit_test(test_headers),
		cmocka_unit_test(test_directories), cmocka_unit_test(test_config),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tags), cmocka_unit_test(test_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
