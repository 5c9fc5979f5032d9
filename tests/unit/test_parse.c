/*
 * Tests of the parser: the tree of every construct, as text.
 */
#include "parse_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct short_case {
	const char *text, *expected;
};

static void check_cases(const struct short_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_short(cases[i].text, cases[i].expected);
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- file level ---- */

static void test_file(void **state)
{
	(void)state;
	expect_dump(" // comment\n#!/usr/bin/x\n#include <a.h>\n#define A \\\n 1\n"
		    "struct foo { int a; /* } */ char b[4]; }\n"
		    "union u { int a; } __attribute__((packed));\n"
		    "typedef struct { int x; } t;\nenum { E1, E2 };\n"
		    "config = { a = 1; b = \"c\"; d = true; e = word }\n"
		    "import \"x.bt\";\nlet @m = lruhash(10);\nlet @ = hash(1)\n",
		    "c #include <a.h>\n"
		    "c #define A \\\n 1\n"
		    "c struct foo { int a; /* } */ char b[4]; };\n"
		    "c union u { int a; } __attribute__((packed));\n"
		    "c typedef struct { int x; } t;\n"
		    "c enum { E1, E2 };\n"
		    "config\n"
		    "  a = 1\n"
		    "  b = \"c\"\n"
		    "  d = true\n"
		    "  e = word\n"
		    "import \"x.bt\"\n"
		    "map @m = lruhash(10)\n"
		    "map @ = hash(1)\n");
	expect_dump("config = { }", "");
	expect_dump("", "");
	expect_dump(" /* nothing */ ", "");
}

static void test_macros(void **state)
{
	(void)state;
	expect_dump("macro f(a, $b, @c) { a } macro g { 1 }",
		    "macro f(a, $b, @c)\n"
		    "  block\n"
		    "    value\n"
		    "      ident a\n"
		    "macro g()\n"
		    "  block\n"
		    "    value\n"
		    "      int 1\n");
	expect_dump("fn f($a : int32, $b: struct x *) : uint64 { return 1 } fn g() : void { }",
		    "fn f($a : int32, $b : struct x*) : uint64\n"
		    "  block\n"
		    "    return\n"
		    "      int 1\n"
		    "fn g() : void\n"
		    "  block\n");
}

static void test_probe(void **state)
{
	(void)state;
	expect_dump("tracepoint:syscalls:sys_enter_openat,\n  kprobe:f*, /pid == 1/ { exit(); };",
		    "probe\n"
		    "  attach point [tracepoint] [syscalls] [sys_enter_openat]\n"
		    "  attach point [kprobe] [f*]\n"
		    "  predicate\n"
		    "    binary ==\n"
		    "      ident pid\n"
		    "      int 1\n"
		    "  block\n"
		    "    expression\n"
		    "      call exit\n");
	expect_dump("begin/1 / 2/{}",
		    "probe\n"
		    "  attach point [begin]\n"
		    "  predicate\n"
		    "    binary /\n"
		    "      int 1\n"
		    "      int 2\n"
		    "  block\n");
}

/* ---- attach points ---- */

static void expect_parts(const char *attach_point, const char *expected)
{
	char *script, *dump, *end;

	assert_true(asprintf(&script, "%s { }", attach_point) > 0);
	dump = parse_dump(script);
	end = strstr(dump, "\n  block\n");
	assert_non_null(end);
	*end = '\0';
	assert_string_equal(dump + strlen("probe\n  attach point "), expected);
	free(dump);
	free(script);
}

static void test_attach_points(void **state)
{
	static const char *const params[] = { "GIN", "i:ms:10", "$1", "a b", "", NULL };

	(void)state;
	expect_parts("BEGIN", "[BEGIN]");
	expect_parts("u:/bin/a/b:f", "[u] [/bin/a/b] [f]");
	expect_parts("u:\"/bin/a b,{:\\\"\":f", "[u] \"/bin/a b,{:\"\" [f]");
	expect_parts("u:./a@x.c:10:2", "[u] [./a] at [x.c] [10] [2]");
	expect_parts("u:a:cpp:\"n::f(int, char)\"", "[u] [a] [cpp] \"n::f(int, char)\"");
	expect_parts("name=kprobe:f", "name = [kprobe] [f]");
	expect_parts("config=kprobe:f", "config = [kprobe] [f]");
	expect_parts("u:/bin/a=b:f", "[u] [/bin/a=b] [f]");
	expect_parts("hardware:cache-misses:", "[hardware] [cache-misses] []");
	expect_parts("usdt:./a::e", "[usdt] [./a] [] [e]");
	parse_params(params);
	expect_parts("BE$1", "[BEGIN]");
	expect_parts("$2", "[i] [ms] [10]");
	expect_parts("BE$3", "[BEGIN]");
	expect_parts("u:$4:f", "[u] [a b] [f]");
	expect_parts("k:f$5$9", "[k] [f]");
	expect_parts("k:\"f$1\"", "[k] \"f$1\"");
	parse_params(NULL);
}

/* A comment or blank ends a probe's text; after ":" a slash belongs to it. */
static void test_attach_point_ends(void **state)
{
	(void)state;
	expect_parts("kprobe:f/*x*/", "[kprobe] [f/*x*/]");
	expect_parts("kprobe:f /*x*/", "[kprobe] [f]");
	expect_parts("begin/*x*/", "[begin]");
	expect_parts("begin// x\n", "[begin]");
}

/* ---- statements ---- */

static void test_assign(void **state)
{
	static const struct short_case cases[] = {
		{ "$x = 1;", "(assign = (var $x) (int 1))" },
		{ "@ = 1", "(assign = (map @) (int 1))" },
		{ "@a[1, \"b\"] = count();",
		  "(assign = (map element @a (int 1) (string \"b\")) (call count))" },
		{ "$y <<= 1; @x += 2",
		  "(assign <<= (var $y) (int 1)) (assign += (map @x) (int 2))" },
		{ "_ = f();", "(discard (call f))" },
		{ "let $x;", "(let $x)" },
		{ "let $x = 1;", "(let $x (int 1))" },
		{ "let $x : int32 = 1;", "(let $x : int32 (int 1))" },
		{ "let $x : typeof($y)*;", "(let $x : typeof(...)* (var $y))" },
		{ "let $x : typeof(struct a);", "(let $x : typeof(struct a))" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_control(void **state)
{
	static const struct short_case cases[] = {
		{ "if (1) { f(); } else if $x { } else { 2 }",
		  "(if (int 1) (block (expression (call f))) (if (var $x) (block) (block "
		  "(expression (int 2)))))" },
		{ "if (1) { 1 }; 2", "(if (int 1) (block (expression (int 1)))) (expression (int 2))" },
		{ "while $x < 3 { $x++ }",
		  NULL },
		{ "while ($x < 3) { $x++; break; continue }",
		  "(while (binary < (var $x) (int 3)) (block (expression (incdec postfix ++ (var $x))) "
		  "(break) (continue)))" },
		{ "unroll(5) { 1 }", "(unroll (int 5) (block (expression (int 1))))" },
		{ "unroll $1 { }", "(unroll (param $1) (block))" },
		{ "for $k : @m { print($k) }",
		  "(for map $k (map @m) (block (expression (call print (var $k)))))" },
		{ "for ($i : 0..$n) { }", "(for range $i (int 0) (var $n) (block))" },
		{ "for $i : @a[1]..(x+1) { }",
		  "(for range $i (map element @a (int 1)) (binary + (ident x) (int 1)) (block))" },
		{ "for $i : @a..5 { }", "(for range $i (map @a) (int 5) (block))" },
		{ "return; ", "(return)" },
		{ "return 1 + 2 ", "(return (binary + (int 1) (int 2)))" },
		{ "import \"a\";", "(import \"a\")" },
		{ "{ 1; 2 } 3", "(block (expression (int 1)) (expression (int 2))) (expression (int 3))" },
		{ ";;", "" },
		{ "if", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (cases[i].expected)
			expect_short(cases[i].text, cases[i].expected);
}

static void test_block_values(void **state)
{
	static const struct short_case cases[] = {
		{ "$x = { 1; 2 };",
		  "(assign = (var $x) (block (expression (int 1)) (value (int 2))))" },
		{ "$x = { if (1) { 1 } else { 2 } };",
		  "(assign = (var $x) (block (value (if (int 1) (block (value (int 1))) (block (value "
		  "(int 2)))))))" },
		{ "$x = if 1 { 1 } else { 2 } + 3;", NULL },
		{ "f(if 1 { 2 });", "(call f (if (int 1) (block (value (int 2)))))" },
		{ "$x = { 1; };", "(assign = (var $x) (block (expression (int 1))))" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (cases[i].expected)
			expect_short(cases[i].text, cases[i].expected);
}

/* ---- expressions ---- */

static void test_literals(void **state)
{
	static const struct short_case cases[] = {
		{ "1;", "(int 1)" }, { "0x10;", "(int 16)" }, { "10ms;", "(int 10000000)" },
		{ "true;", "(bool true)" }, { "false;", "(bool false)" },
		{ "\"a\\n\\\"\\x01\";", "(string \"a\\n\\\"\\x01\")" },
		{ "$1;", "(param $1)" }, { "$#;", "(param $#)" },
		{ "pid;", "(ident pid)" }, { "kstack;", "(ident kstack)" },
		{ "kstack(perf, 3);", "(call kstack (ident perf) (int 3))" },
		{ "f(typeof(int32*), 1);", "(call f (typeof int32*) (int 1))" },
		{ "f(1, );", "(call f (int 1))" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_precedence(void **state)
{
	static const struct short_case cases[] = {
		{ "1 + 2 * 3;", "(binary + (int 1) (binary * (int 2) (int 3)))" },
		{ "1 - 2 - 3;", "(binary - (binary - (int 1) (int 2)) (int 3))" },
		{ "1 | 2 ^ 3 & 4;",
		  "(binary | (int 1) (binary ^ (int 2) (binary & (int 3) (int 4))))" },
		{ "1 & 2 == 3;", "(binary & (int 1) (binary == (int 2) (int 3)))" },
		{ "1 || 2 && 3 | 4;",
		  "(binary || (int 1) (binary && (int 2) (binary | (int 3) (int 4))))" },
		{ "1 < 2 == 3 > 4;",
		  "(binary == (binary < (int 1) (int 2)) (binary > (int 3) (int 4)))" },
		{ "1 << 2 + 3 >> 4;",
		  "(binary >> (binary << (int 1) (binary + (int 2) (int 3))) (int 4))" },
		{ "-1 * !2;", "(binary * (unary - (int 1)) (unary ! (int 2)))" },
		{ "(1 + 2) * 3;", "(binary * (binary + (int 1) (int 2)) (int 3))" },
		{ "1 ? 2 : 3 ? 4 : 5;",
		  "(ternary (int 1) (int 2) (ternary (int 3) (int 4) (int 5)))" },
		{ "1 ? 2 ? 3 : 4 : 5;",
		  "(ternary (int 1) (ternary (int 2) (int 3) (int 4)) (int 5))" },
		{ "1 ?: 2;", "(ternary ?: (int 1) (int 2))" },
		{ "1 || 2 ? 3 : 4;", "(ternary (binary || (int 1) (int 2)) (int 3) (int 4))" },
		{ "$x - -$y;", "(binary - (var $x) (unary - (var $y)))" },
		{ "*$x * *$y;", "(binary * (unary * (var $x)) (unary * (var $y)))" },
		{ "~-!1;", "(unary ~ (unary - (unary ! (int 1))))" },
		{ "comptime 1 + 2;", "(binary + (comptime (int 1)) (int 2))" },
		{ "10 / 2 / 5;", "(binary / (binary / (int 10) (int 2)) (int 5))" },
		{ "&$x + &@m;", "(binary + (unary & (var $x)) (unary & (map @m)))" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_postfix(void **state)
{
	static const struct short_case cases[] = {
		{ "args->a.b;", "(field .b (field ->a (ident args)))" },
		{ "args.if.sizeof;", "(field .sizeof (field .if (ident args)))" },
		{ "$t.0.1;", "(element .1 (element .0 (var $t)))" },
		{ "$t[0][1];", "(index (index (var $t) (int 0)) (int 1))" },
		{ "@m[1][2];", "(index (map element @m (int 1)) (int 2))" },
		{ "@m[1].a;", "(field .a (map element @m (int 1)))" },
		{ "$x++; --@m[1];",
		  "(expression (incdec postfix ++ (var $x))) (expression (incdec prefix -- (map "
		  "element @m (int 1))))" },
		{ "*$x++;", "(unary * (incdec postfix ++ (var $x)))" },
		{ "f(1).x;", "(field .x (call f (int 1)))" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_tuples(void **state)
{
	static const struct short_case cases[] = {
		{ "();", "(tuple)" }, { "(1,);", "(tuple (int 1))" },
		{ "(1, 2);", "(tuple (int 1) (int 2))" }, { "(1, 2,);", "(tuple (int 1) (int 2))" },
		{ "((1, 2), 3);", "(tuple (tuple (int 1) (int 2)) (int 3))" },
		{ "(a = 1, b = \"x\");", "(record a, b (int 1) (string \"x\"))" },
		{ "(a == 1);", "(binary == (ident a) (int 1))" },
		{ "(a = 1).a;", "(field .a (record a (int 1)))" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_casts(void **state)
{
	static const struct short_case cases[] = {
		{ "(int32)1;", "(cast int32 (int 1))" },
		{ "(uint8 *)arg0;", "(cast uint8* (ident arg0))" },
		{ "(struct a *)x.f;", "(cast struct a* (field .f (ident x)))" },
		{ "((struct a *)x)->f;", "(field ->f (cast struct a* (ident x)))" },
		{ "(int32)1 + 2;", "(binary + (cast int32 (int 1)) (int 2))" },
		{ "(int8[4])1;", "(cast int8[4] (int 1))" },
		{ "(int8[])x;", "(cast int8[] (ident x))" },
		{ "(int32*[4])x;", "(cast int32*[4] (ident x))" },
		{ "(enum e)1;", "(cast enum e (int 1))" },
		{ "(typeof($x))1;", "(cast typeof(...) (var $x) (int 1))" },
		{ "(foo)*arg0;", "(cast foo (unary * (ident arg0)))" },
		{ "(foo) - 1;", "(cast foo (unary - (int 1)))" },
		{ "(foo) + 1;", "(binary + (ident foo) (int 1))" },
		{ "(pid)*tid;", "(binary * (ident pid) (ident tid))" },
		{ "(a * b);", "(binary * (ident a) (ident b))" },
		{ "(a*b)*c;", "(binary * (binary * (ident a) (ident b)) (ident c))" },
		{ "(x);", "(ident x)" },
		{ "(str_t[8])x;", "(cast string[8] (ident x))" },
		{ "(buf_t[8])x;", "(cast buffer[8] (ident x))" },
	};
	char *dump;

	(void)state;
	CHECK_CASES(cases);
	dump = parse_dump("#define PAGE 4096\nbegin { (PAGE) - 1; }\nmacro one() { 1 } "
			  "begin { (one) - 1; (one)$x; }");
	assert_non_null(strstr(dump, "binary -\n        ident PAGE"));
	assert_non_null(strstr(dump, "binary -\n        ident one"));
	assert_non_null(strstr(dump, "cast one\n        var $x"));
	free(dump);
}

static void test_type_queries(void **state)
{
	static const struct short_case cases[] = {
		{ "sizeof(struct a);", "(sizeof struct a)" }, { "sizeof(a);", "(sizeof a)" },
		{ "sizeof(a*);", "(sizeof a*)" }, { "sizeof(a[4]);", "(sizeof a[4])" },
		{ "sizeof(pid);", "(sizeof (ident pid))" }, { "sizeof(a());", "(sizeof (call a))" },
		{ "sizeof((a)[1]);", "(sizeof (index (ident a) (int 1)))" },
		{ "sizeof($x);", "(sizeof (var $x))" }, { "sizeof(a + 1);",
		  "(sizeof (binary + (ident a) (int 1)))" },
		{ "sizeof(a * b);", "(sizeof (binary * (ident a) (ident b)))" },
		{ "sizeof(1);", "(sizeof (int 1))" },
		{ "offsetof(struct a, b.c);", "(offsetof struct a, b.c)" },
		{ "offsetof(*$x, if);", "(offsetof, if (unary * (var $x)))" },
		{ "typeinfo(int32);", "(typeinfo int32)" },
		{ "sizeof(typeof($x));", "(sizeof typeof(...) (var $x))" },
	};

	(void)state;
	CHECK_CASES(cases);
}

/* ---- places ---- */

static struct loc loc_of_first(const char *script, uint32_t *base, struct arena *a)
{
	struct names names;
	struct diags diags;
	struct source *source;
	struct script *s;

	names_init(&names, a);
	diags_init(&diags, a);
	source = source_add(&diags, "t", script, strlen(script));
	s = lang_parse(a, &names, &diags, source, NULL);
	*base = source->base;
	return s->probes.at[0]->body->u.block.stmts.at[0]->u.unary.operand->loc;
}

static void test_places(void **state)
{
	static const struct { const char *script; uint32_t begin, end; } cases[] = {
		{ "begin { a + b ; }", 8, 13 }, { "begin { (a + b) ; }", 9, 14 },
		{ "begin { f(1, 2) ; }", 8, 15 }, { "begin { @m[1] ; }", 8, 13 },
		{ "begin { a.b->c ; }", 8, 14 }, { "begin { (int8)$x ; }", 8, 14 },
		{ "begin { -1 ; }", 8, 10 }, { "begin { $x++ ; }", 8, 12 },
		{ "begin { 1 ? 2 : 3 ; }", 8, 17 }, { "begin { (1, 2) ; }", 8, 14 },
		{ "begin { sizeof(a) ; }", 8, 17 }, { "begin { (1 + 2) * 3 ; }", 9, 19 },
		{ "begin { 1 + (int8)$x ; }", 8, 20 }, { "begin { ((a)) . b ; }", 10, 17 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a;
		struct loc loc;
		uint32_t base;

		arena_init(&a);
		loc = loc_of_first(cases[i].script, &base, &a);
		assert_int_equal(loc.begin - base, cases[i].begin);
		assert_int_equal(loc.end - base, cases[i].end);
		arena_free(&a);
	}
}

/* ---- copies ---- */

static void test_clone(void **state)
{
	static const char text[] = "begin { let $x : typeof($y) = (int8[2])@m[1, f(2)]; if (1) { $r = "
				   "(a = 1); } for $k : @m { $k.0 } $s = sizeof(a*); }";
	struct arena a;
	struct names names;
	struct diags diags;
	struct script *s;
	char *one, *two;
	size_t len;
	FILE *f;

	(void)state;
	arena_init(&a);
	names_init(&names, &a);
	diags_init(&diags, &a);
	s = lang_parse(&a, &names, &diags, source_add(&diags, "t", text, strlen(text)), NULL);
	f = open_memstream(&one, &len);
	lang_dump(s, f);
	fclose(f);
	s->probes.at[0]->body = node_clone(&a, s->probes.at[0]->body);
	f = open_memstream(&two, &len);
	lang_dump(s, f);
	fclose(f);
	assert_int_equal(diags.nr_errors, 0);
	assert_string_equal(one, two);
	free(one);
	free(two);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file), cmocka_unit_test(test_macros),
		cmocka_unit_test(test_probe), cmocka_unit_test(test_attach_points),
		cmocka_unit_test(test_attach_point_ends), cmocka_unit_test(test_assign),
		cmocka_unit_test(test_control), cmocka_unit_test(test_block_values),
		cmocka_unit_test(test_literals), cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_postfix), cmocka_unit_test(test_tuples),
		cmocka_unit_test(test_casts), cmocka_unit_test(test_type_queries),
		cmocka_unit_test(test_places), cmocka_unit_test(test_clone),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
