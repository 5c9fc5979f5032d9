/*
 * Mutated scripts: whatever comes in, the parser ends, reports and leaves a
 * tree that can be walked, and what has no errors can be formatted. A bounded loop with a fixed seed; make fuzz goes on
 * for longer.
 */
#include "lang/lang.h"

#include "tests/unit/format_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const seeds[] = {
	"#!/usr/bin/x\n#include <a.h>\n#define X 1\nstruct foo { int a; char b[4]; } "
	"__attribute__((packed));\nconfig = { a = 1; b = \"c\"; }\nimport \"x\";\n"
	"let @m = hash(10);\nmacro f(a, $b, @c) { a + $b }\nfn g($x : int32) : void { return; }\n"
	"begin { }",
	"tracepoint:syscalls:sys_enter_*, k:f+0x10 /pid == 1 && comm != \"x\"/ { @[comm, 1] = "
	"count(); if (pid) { exit(); } else if $x { 1 } else { print(@); } }",
	"u:\"/bin/a b\":f, n=u:a@f.c:1:2 { $x = (uint8 *)arg0; $y = ((struct foo *)$x)->a[1].b; "
	"for $k : @m { $k.0; } for ($i : 0..5) { continue; } while (1) { break } unroll(3) { } }",
	"i:s:1 { $a = (1, \"b\", (2,)); $r = (x = 1, y = 2); $q = 1 ? 2 : 3 ?: 4; $s = sizeof(struct "
	"foo); $o = offsetof(foo, a.b); _ = -1 + ~2 * !3; let $z : uint8[4] = { 5 }; @++; --@x[1]; "
	"$p = &$a; $c = comptime (1 << 2 >> 3); $t = typeof($a); f(typeof(int*)); "
	"return 0x1f + 1_0 + 5e3 + 10ms; }",
	"begin { printf(\"%d\\n\\x41\\101\", $1, $#); /* c */ // d\n }",
};

/* Put in as wholes, so that many of the results parse. */
static const char *const pieces[] = {
	"// a\n", "/* b */", "/* c\n * d */", "\n", "\n\n// e\n\n", ";", ",", "{ 1; 2 }", "(3)",
	"if $x { 1 } else { 2 }", "? 1 :", "[1]", ".a", "macro m($x) { 1 }", "#define A 1\n",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static const char bytes[] = "{}()[];:,./\\\"$@#+-*%&|^!~?=<> \n\t09aex_\xff";

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One change to the text of *len bytes in a buffer of `cap`. */
static void mutate(char *text, size_t *len, size_t cap, uint64_t *random)
{
	size_t at = *len ? next_random(random) % *len : 0;
	size_t n = next_random(random) % 8 + 1;

	switch (next_random(random) % 4) {
	case 0:		/* one other byte */
		if (*len)
			text[at] = bytes[next_random(random) % (sizeof(bytes) - 1)];
		break;
	case 1:		/* drop some */
		if (n > *len - at)
			n = *len - at;
		memmove(text + at, text + at + n, *len - at - n);
		*len -= n;
		break;
	case 2:		/* one more */
		if (*len == cap)
			break;
		memmove(text + at + 1, text + at, *len - at);
		text[at] = bytes[next_random(random) % (sizeof(bytes) - 1)];
		++*len;
		break;
	default:	/* a piece twice */
		if (n > *len - at)
			n = *len - at;
		if (*len + n > cap)
			break;
		memmove(text + at + n, text + at, *len - at);
		*len += n;
		break;
	}
}

static void insert(char *text, size_t *len, size_t cap, uint64_t *random)
{
	const char *piece = pieces[next_random(random) % (sizeof(pieces) / sizeof(pieces[0]))];
	size_t at = next_random(random) % (*len + 1), n = strlen(piece);

	if (*len + n > cap)
		return;
	memmove(text + at + n, text + at, *len - at);
	memcpy(text + at, piece, n);
	*len += n;
}

static int parse(const char *text, size_t len, FILE *sink)
{
	static const char *const params[] = { "a:b", "$1" };
	const struct lang_options options = { .params = params, .nr_params = 2 };
	struct script *script;
	struct sbuf out = { 0 };
	struct arena a;
	struct names names;
	struct diags diags;
	int errors;

	arena_init(&a);
	names_init(&names, &a);
	diags_init(&diags, &a);
	script = lang_parse(&a, &names, &diags, source_add(&diags, "t", text, len), &options);
	lang_dump(script, sink);
	for (size_t i = 0; i < script->probes.n; i++)
		node_clone(&a, script->probes.at[i]->body);
	for (size_t i = 0; i < diags.list.n; i++)
		diag_render(&diags, diags.list.at[i], false, &out);
	sbuf_close(&out);
	errors = diags.nr_errors;
	arena_free(&a);
	free(format_checked(text, len));
	return errors;
}

static void test_mutations(void **state)
{
	FILE *sink = fopen("/dev/null", "w");
	const char *rounds_text = getenv("FUZZ_ROUNDS");
	uint64_t random = 0x9e3779b97f4a7c15u;
	long rounds = rounds_text ? atol(rounds_text) : 3000;
	char text[4096];

	(void)state;
	assert_non_null(sink);
	for (long i = 0; i < rounds; i++) {
		const char *seed = seeds[next_random(&random) % (sizeof(seeds) / sizeof(seeds[0]))];
		size_t len = strlen(seed);

		memcpy(text, seed, len);
		for (size_t n = next_random(&random) % 12 + 1; n; n--)
			mutate(text, &len, sizeof(text), &random);
		parse(text, len, sink);
	}
	fclose(sink);
}

static void test_insertions(void **state)
{
	uint64_t random = 0x2545f4914f6cdd1du;
	char text[4096];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		const char *seed = seeds[next_random(&random) % (sizeof(seeds) / sizeof(seeds[0]))];
		size_t len = strlen(seed);

		memcpy(text, seed, len);
		for (size_t n = next_random(&random) % 4 + 1; n; n--)
			insert(text, &len, sizeof(text), &random);
		free(format_checked(text, len));
	}
}

static void test_seeds_are_good(void **state)
{
	FILE *sink = fopen("/dev/null", "w");

	(void)state;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		if (parse(seeds[i], strlen(seeds[i]), sink))
			fail_msg("seed %zu does not parse", i);
	fclose(sink);
}

/* Every way to nest ends in an error, not in a full stack. */
static void test_deep_nesting(void **state)
{
	static const struct { const char *open, *fill, *close; } shapes[] = {
		{ "(", "1", ")" }, { "{", "1", "}" }, { "-", "1", "" }, { "!", "1", "" },
		{ "@[", "1", "]" }, { "f(", "1", ")" }, { "if (1) {", "1", "}" }, { "++", "$x", "" },
		{ "1 + ", "1", "" }, { "1 ? 2 : ", "1", "" }, { "1 ? ", "1", ": 2" },
		{ "(int)", "1", "" }, { "(typeof(", "1", "))1" }, { "sizeof(", "$x", ")" },
		{ "comptime ", "1", "" }, { "", "1", ".a" }, { "", "1", "[1]" },
		{ "while 1 {", "1;", "}" }, { "if 1 { } else ", "{}", "" }, { "(1,", "2", ")" },
	};
	enum { DEPTH = 10000 };
	FILE *sink = fopen("/dev/null", "w");
	struct sbuf script = { 0 };

	(void)state;
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		sbuf_clear(&script);
		sbuf_puts(&script, "begin { $y = ");
		if (shapes[s].open[0] == 'w' || !strncmp(shapes[s].open, "if 1", 4))
			sbuf_puts(&script, "1; ");
		for (int i = 0; i < DEPTH; i++)
			sbuf_puts(&script, shapes[s].open);
		sbuf_puts(&script, shapes[s].fill);
		for (int i = 0; i < DEPTH; i++)
			sbuf_puts(&script, shapes[s].close);
		sbuf_puts(&script, "; }");
		if (!parse(sbuf_text(&script), script.len, sink))
			fail_msg("shape %zu: no error", s);
	}
	sbuf_close(&script);
	fclose(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds_are_good),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_insertions),
		cmocka_unit_test(test_deep_nesting),
	};

	return cmocka_run_group_tests_name("parse_fuzz", tests, NULL, NULL);
}
