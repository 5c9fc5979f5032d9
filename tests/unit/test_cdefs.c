/*
 * Definitions of C: what the preprocessor and the reader of declarations make
 * of them, and what they say.
 */
#include "tests/unit/cdefs_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- macros ---- */

static const struct {
	const char *text, *macro;
	int64_t value;
} values[] = {
	{ "#define A 1\n", "A", 1 },
	{ "#define A B\n#define B C\n#define C 7\n", "A", 7 },
	{ "#define A (1 + \\\n 2)\n", "A", 3 },
	{ "#define A 1 /* a\n b */ + 2 // c\n", "A", 3 },
	{ "#define SUM(x, y) ((x) + (y))\n#define A SUM(1, SUM(2, 3))\n", "A", 6 },
	{ "#define F(x) x\n#define A F\\\n (5)\n", "A", 5 },
	{ "#define CAT(a, b) a ## b\n#define A CAT(1, 2)\n", "A", 12 },
	{ "#define CAT(a, b) CAT_(a, b)\n#define CAT_(a, b) a##b\n#define ONE 1\n"
	  "#define A CAT(ONE, 2)\n", "A", 12 },
	{ "#define LAST(a, ...) FIRST(__VA_ARGS__)\n#define FIRST(a, ...) a\n"
	  "#define A LAST(1, 2, 3)\n", "A", 2 },
	{ "#define LAST(a, rest...) (a, ## rest) - 0\n#define A sizeof(char[1])\n", "A", 1 },
	{ "#define EMPTY\n#define A EMPTY 4 EMPTY\n", "A", 4 },
	{ "#define A 1\n#undef A\n#define A 2\n", "A", 2 },
	{ "#define A 'x'\n", "A", 'x' },
	{ "#define A '\\n' + '\\0' + '\\x41'\n", "A", '\n' + 'A' },
	{ "#define A ((unsigned int)-1)\n", "A", 0xffffffff },
	{ "#define A (unsigned char)300\n", "A", 44 },
	{ "#define A (signed char)200\n", "A", -56 },
	{ "#define A ((u32)~0)\n", "A", 0xffffffff },
	{ "#define A -1 >> 1\n", "A", -1 },
	{ "#define A -1u >> 1\n", "A", 0x7fffffff },
	{ "#define A 1 << 31\n", "A", INT32_MIN },
	{ "#define A 1ul << 63\n", "A", INT64_MIN },
	{ "#define A 0x80000000\n", "A", 0x80000000 },
	{ "#define A 010 + 0b11 + 0xfFuLL\n", "A", 8 + 3 + 255 },
	{ "#define A 1 ? 2 : 3\n", "A", 2 },
	{ "#define A (0 && 1 / 0) + (1 || 1 / 0)\n", "A", 1 },
	{ "#define A -1 < 0u\n", "A", 0 },
	{ "#define A !5 + ~0 - -3\n", "A", 2 },
	{ "#define A 7 / 2 * 2 + 7 % 4\n", "A", 9 },
	{ "#define A 1 | 2 ^ 3 & 5 == 5\n", "A", 1 | (2 ^ (3 & 1)) },
	{ "struct s { long a, b; };\n#define A sizeof(struct s) / sizeof(long)\n", "A", 2 },
	{ "struct s { char a; long b; };\n#define A _Alignof(struct s)\n", "A", 8 },
	{ "#define A sizeof(int *[4])\n", "A", 32 },
	{ "enum { X = 3, Y };\n#define A Y * 2\n", "A", 8 },
	{ "enum { A = 5 };\n#define A A\n", "A", 5 },
	{ "#define A PIDTYPE_TGID + ENOENT\n", "A", 3 },
	{ "#define A __INT_MAX__\n", "A", INT32_MAX },
	{ "#ifdef BPFTRACE_HAVE_BTF\n#define A 1\n#else\n#define A 2\n#endif\n", "A", 1 },
	{ "#if defined(__x86_64__) && !defined __aarch64__\n#define A 1\n#endif\n", "A", 1 },
	{ "#if 0\n#error no\n#elif UNKNOWN\n#error no\n#elif 1\n#define A 1\n#elif 1\n#error no\n#else\n"
	  "#error no\n#endif\n", "A", 1 },
	{ "#if 0\n#if 1\n#else\n#define A 1\n#endif\n'unbalanced\n#else\n#define A 2\n#endif\n", "A", 2 },
	{ "#ifndef A\n#define A 1\n#endif\n#ifndef A\n#define A 2\n#endif\n", "A", 1 },
	{ "#if 0\n#elifdef __linux__\n#define A 3\n#elifndef X\n#define A 4\n#endif\n", "A", 3 },
	{ "#if __has_include(<here.h>) && !__has_include(<nowhere.h>)\n#define A 1\n#endif\n", "A", 1 },
	{ "#if __has_attribute(packed)\n#define A 1\n#else\n#define A 2\n#endif\n", "A", 2 },
	{ "#if 18446744073709551615u > 0 && -1 < 0 && (2 || 1 / 0)\n#define A 1\n#endif\n", "A", 1 },
	{ "#define F(x) x * 2\n#if F(3) == 6\n#define A 1\n#endif\n", "A", 1 },
	{ "#\n # define A 1\n", "A", 1 },
	{ "#define GROUP(x...) struct { x };\n#define THREE 3\n"
	  "struct s { GROUP(char a[THREE];\n#if 0\nint b;\n#else\nchar c;\n#endif\n) };\n"
	  "#undef THREE\n#define THREE 4\n#define A sizeof(struct s)\n", "A", 4 },
	{ "#pragma whatever\n#pragma pack(push, 1)\nstruct s { char a; long b; };\n#pragma pack(pop)\n"
	  "#define A sizeof(struct s)\n", "A", 9 },
	{ "_Pragma(\"pack(2)\") struct s { char a; long b; };\n#define A sizeof(struct s)\n", "A", 10 },
	{ "#define P _Pragma(\"GCC diagnostic push\")\nP struct s { char a; _Pragma(\"x \\\"y\\\"\") };\n"
	  "#define A sizeof(struct s)\n", "A", 1 },
	{ "#line 7 \"other\"\n#ident \"x\"\n#define A 1\n", "A", 1 },
	{ "#include <linux/version.h>\n#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)\n"
	  "#define A LINUX_VERSION_CODE >> 16\n#endif\n", "A", 6 },
	{ "#include <stddef.h>\n#include <stdarg.h>\n#include <stdbool.h>\n"
	  "struct s { size_t a; va_list b; bool c; };\n#define A sizeof(struct s)\n", "A", 40 },
};

static const struct cdefs_header plain_headers[] = {
	{ "/own/here.h", "" },
	{ NULL, NULL },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct cdefs_help h;
		const char *said;
		uint64_t value = 0;
		bool negative;

		cdefs_help_open(&h, plain_headers, true);
		said = cdefs_help_read(&h, values[i].text);
		if (*said)
			fail_msg("%s said: %s", values[i].text, said);
		if (!cdefs_macro_value(h.c, values[i].macro, &value, &negative))
			fail_msg("%s is no constant", values[i].text);
		if ((int64_t)value != values[i].value)
			fail_msg("%s is %lld, not %lld", values[i].text, (long long)value,
				 (long long)values[i].value);
		cdefs_help_close(&h);
	}
}

/* What a script reads of a macro: its text where it stands, or a new one. */
static const struct {
	const char *text, *macro, *expected;
} texts[] = {
	{ "#define A sizeof(struct x)\n", "A", "sizeof(struct x)" },
	{ "#define A 1 +  2 // c\n", "A", "1 +  2" },
	{ "#define A B + C\n#define B 1\n", "A", "B + C" },
	{ "#define A 1 + \\\n 2\n", "A", "1 + 2" },
	{ "#define ADD(a, b) ((a) + (b))\n#define A ADD(1, x) * B\n#define B 3\n", "A",
	  "( ( 1 ) + ( x ) ) * 3" },
	{ "#define A str(\"a  b\")\n", "A", "str(\"a  b\")" },
	{ "#define S(x) #x\n#define A S(a  \"b\\n\")\n", "A", "\"a \\\"b\\\\n\\\"\"" },
	{ "#define F(x) F(x + 1)\n#define A F(2)\n", "A", "F ( 2 + 1 )" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct cdefs_macro macro;
		struct cdefs_help h;

		cdefs_help_open(&h, NULL, true);
		assert_string_equal(cdefs_help_read(&h, texts[i].text), "");
		assert_true(cdefs_macro(h.c, texts[i].macro, &macro));
		assert_string_equal(macro.text.text, texts[i].expected);
		assert_false(macro.in_header);
		assert_false(cdefs_macro(h.c, "NONE", &macro));
		cdefs_help_close(&h);
	}
}

/* ---- headers ---- */

static const struct cdefs_header headers[] = {
	/* What compilers read and we need not understand. */
	{ "/sys/weird.h",
	  "#pragma once\n"
	  "#include <nowhere.h>\n"
	  "#include \"nowhere.h\"\n"
	  "#error not for you\n"
	  "#frobnicate\n"
	  "static inline int f(struct s *p) { if (p) { return '}'; } return \"}\"[0]; }\n"
	  "static __always_inline __attribute__((const)) int g(int a, ...) { return a; }\n"
	  "extern int variable, array[], (*pointer)(void);\n"
	  "extern int printf(const char *, ...) __attribute__((format(printf, 1, 2))) __asm__(\"x\");\n"
	  "static const struct { int a; } table[] = { { 1 }, { .a = 2 } }, *end = &table[2];\n"
	  "__extension__ typedef long long int wide;\n"
	  "_Static_assert(sizeof(int) == 4, \"int\");\n"
	  "asm(\".text\");\n"
	  "#define STATEMENT ({ int a = 1; a; })\n"
	  "#define LOOP do { } while (0)\n"
	  "typedef unknown_t other_t;\n"
	  "struct unknown_inside { unknown_t a; };\n"
	  "int old_style(a, b) int a; char b; { return a; }\n"
	  "%$@ ` ;\n"
	  "struct known { int a; wide b; } ;\n"
	  "typedef struct { int x; } alias, *alias_ptr;\n"
	  "#if\n#endif\n#if 1 +\n#endif\n"
	  "#if 1\n" },
	{ "/own/next.h", "#define OWN_NEXT 1\n#include_next <next.h>\n" },
	{ "/sys/next.h", "#define SYS_NEXT 2\n" },
	{ "/script/beside.h", "#include \"sub/deep.h\"\n#define BESIDE (DEEP + 1)\n" },
	{ "/script/sub/deep.h", "#include \"deeper.h\"\n" },
	{ "/script/sub/deeper.h", "#define DEEP 40\n" },
	{ "/sys/computed.h", "#define COMPUTED 5\n" },
	{ "/sys/guarded.h", "#ifndef GUARDED\n#define GUARDED 1\nstruct guarded { int a; };\n#endif\n" },
	{ "/sys/enums.h", "enum e { E_A, E_B = 5 };\nenum { E_C = 9 };\n#define E_D E_C\n" },
	{ NULL, NULL },
};

static void test_foreign_headers(void **state)
{
	struct cdefs_help h;

	(void)state;
	cdefs_help_open(&h, headers, true);
	assert_string_equal(cdefs_help_read(&h, "#include <weird.h>\n#include \"weird.h\"\n"
					    "struct known after;\n"), "");
	assert_int_equal(cdefs_help_type(&h, "struct known")->size_bytes, 16);
	assert_int_equal(cdefs_help_type(&h, "alias")->size_bytes, 4);
	assert_int_equal(cdefs_help_type(&h, "alias_ptr")->size_bytes, 8);
	assert_int_equal(cdefs_help_type(&h, "wide")->size_bytes, 8);
	assert_null(cdefs_type(h.c, KBTF_ANY_NAME, "other_t"));
	assert_null(cdefs_type(h.c, KBTF_STRUCT_NAME, "unknown_inside"));
	cdefs_help_close(&h);
}

static void test_looking(void **state)
{
	struct cdefs_help h;

	(void)state;
	cdefs_help_open(&h, headers, true);
	assert_string_equal(cdefs_help_read(&h,
		"#include <next.h>\n"
		"#include \"beside.h\"\n"
		"#define NAME <computed.h>\n"
		"#include NAME\n"
		"#include <guarded.h>\n"
		"#include <guarded.h>\n"
		"#include \"/sys/enums.h\"\n"), "");
	assert_int_equal(cdefs_help_value(&h, "OWN_NEXT"), 1);
	assert_int_equal(cdefs_help_value(&h, "SYS_NEXT"), 2);
	assert_int_equal(cdefs_help_value(&h, "BESIDE"), 41);
	assert_int_equal(cdefs_help_value(&h, "COMPUTED"), 5);
	assert_int_equal(cdefs_help_value(&h, "E_D"), 9);
	assert_null(cdefs_missing_headers(h.c));
	cdefs_help_close(&h);
}

static void test_missing_headers(void **state)
{
	struct cdefs_help h;

	(void)state;
	cdefs_help_open(&h, NULL, true);
	assert_string_equal(cdefs_help_read(&h, "#include <linux/sched.h>\n#include <errno.h>\n"
					    "struct s { u32 a; struct task_struct b; };\n"), "");
	assert_string_equal(cdefs_missing_headers(h.c), "linux/sched.h, errno.h");
	assert_int_equal(cdefs_help_type(&h, "struct s")->size_bytes, 24);
	cdefs_help_close(&h);

	cdefs_help_open(&h, NULL, false);
	assert_string_equal(cdefs_help_read(&h, "#include <errno.h>\n#include <linux/sched.h>\n"),
			    "t:2:10-25: ERROR: 'linux/sched.h' file not found\n"
			    "HINT: it comes with the package linux-headers of this kernel (or "
			    "linux-libc-dev, for what user space sees)\n");
	cdefs_help_close(&h);
}

static void test_command_line(void **state)
{
	struct cdefs_help h;

	(void)state;
	cdefs_help_open(&h, headers, true);
	assert_true(cdefs_include(h.c, "enums.h"));
	assert_true(cdefs_include(h.c, "/sys/computed.h"));
	assert_false(cdefs_include(h.c, "nowhere.h"));
	assert_string_equal(cdefs_help_read(&h, "#define A (E_B + COMPUTED)\n"), "");
	assert_int_equal(cdefs_help_value(&h, "A"), 10);
	cdefs_help_close(&h);
}

/* ---- types ---- */

static void test_enums(void **state)
{
	const struct type *t, *of;
	struct cdefs_help h;
	uint64_t value;

	(void)state;
	cdefs_help_open(&h, NULL, true);
	assert_string_equal(cdefs_help_read(&h,
		"enum colour { RED, GREEN = 5, BLUE, LAST = BLUE, };\n"
		"struct s { enum { IN_A = -1, IN_B } kind; enum colour c; };\n"
		"typedef enum { TD_A = 3 } td;\n"), "");
	t = cdefs_help_type(&h, "enum colour");
	assert_int_equal(t->kind, TYPE_ENUM);
	assert_int_equal(t->size_bytes, 4);
	assert_int_equal(t->enumeration->nr_items, 4);
	assert_string_equal(t->enumeration->items[2].name, "BLUE");
	assert_int_equal(t->enumeration->items[2].value, 6);
	assert_true(cdefs_enumerator(h.c, "LAST", &value, &of));
	assert_int_equal(value, 6);
	assert_ptr_equal(of, t);
	assert_true(cdefs_enumerator(h.c, "IN_A", &value, &of));
	assert_int_equal(value, -1);
	assert_true(of->enumeration->is_signed);
	assert_true(cdefs_enumerator(h.c, "TD_A", &value, &of));
	assert_ptr_equal(of, cdefs_help_type(&h, "td"));
	assert_false(cdefs_enumerator(h.c, "NONE", &value, &of));
	assert_null(cdefs_type(h.c, KBTF_ENUM_NAME, "pid_type"));
	cdefs_help_close(&h);
}

static void test_types(void **state)
{
	const struct type_field *f;
	const struct type *t;
	struct cdefs_help h;
	uint32_t offset;

	(void)state;
	cdefs_help_open(&h, NULL, true);
	assert_string_equal(cdefs_help_read(&h,
		"typedef struct node node_t;\n"
		"struct node { node_t *next; struct later *to; void *any; char text[5];\n"
		"	unsigned char bytes[5]; int m[2][3]; void (*fn)(node_t *); float f;\n"
		"	const char __user *u; struct task_struct *task; u64 flags; int rest[]; };\n"
		"struct later { int a; };\n"), "");
	t = cdefs_help_type(&h, "struct node");
	assert_ptr_equal(cdefs_help_type(&h, "node_t"), t);
	f = cdefs_help_field(&h, t, "next", &offset);
	assert_ptr_equal(f->type->target, t);
	f = cdefs_help_field(&h, t, "to", &offset);
	assert_ptr_equal(f->type->target, cdefs_help_type(&h, "struct later"));
	assert_int_equal(cdefs_help_field(&h, t, "any", &offset)->type->target->kind, TYPE_VOID);
	f = cdefs_help_field(&h, t, "text", &offset);
	assert_int_equal(f->type->kind, TYPE_CHARS);
	assert_int_equal(f->type->size_bytes, 5);
	f = cdefs_help_field(&h, t, "bytes", &offset);
	assert_int_equal(f->type->kind, TYPE_ARRAY);
	f = cdefs_help_field(&h, t, "m", &offset);
	assert_int_equal(f->type->count, 2);
	assert_int_equal(f->type->target->count, 3);
	f = cdefs_help_field(&h, t, "fn", &offset);
	assert_int_equal(f->type->kind, TYPE_POINTER);
	assert_int_equal(cdefs_help_field(&h, t, "f", &offset)->type->kind, TYPE_ERROR);
	assert_true(cdefs_help_field(&h, t, "u", &offset)->user_tag);
	f = cdefs_help_field(&h, t, "task", &offset);
	assert_ptr_equal(f->type->target,
			 kbtf_type_by_name(h.btf, &h.types, KBTF_STRUCT_NAME, "task_struct"));
	assert_int_equal(cdefs_help_field(&h, t, "flags", &offset)->type->size_bytes, 8);
	f = cdefs_help_field(&h, t, "rest", &offset);
	assert_int_equal(f->type->count, 0);
	assert_int_equal(offset, t->size_bytes);
	cdefs_help_close(&h);
}

/* The script's own definition wins over a header's, and over the kernel's. */
static void test_precedence(void **state)
{
	struct cdefs_help h;

	(void)state;
	cdefs_help_open(&h, headers, true);
	assert_string_equal(cdefs_help_read(&h,
		"#include <guarded.h>\n"
		"struct guarded { long a, b; };\n"
		"struct task_struct { char a; };\n"
		"typedef unsigned int u32;\n"
		"typedef int u64;\n"
		"enum pid_type { MINE };\n"
		"struct s { struct task_struct a; u64 b; };\n"),
		"t:5:13-16: WARNING: the kernel has another type 'u64': the script's is used\n");
	assert_int_equal(cdefs_help_type(&h, "struct guarded")->size_bytes, 16);
	assert_int_equal(cdefs_help_type(&h, "struct task_struct")->size_bytes, 1);
	assert_int_equal(cdefs_help_type(&h, "struct s")->size_bytes, 8);
	cdefs_help_close(&h);
}

/* ---- limits ---- */

static const struct cdefs_header endless[] = {
	{ "/own/self.h", "#include <self.h>\n" },
	{ NULL, NULL },
};

static void expect_error(const struct cdefs_header *list, const char *text, const char *expected)
{
	struct cdefs_help h;
	const char *said;

	cdefs_help_open(&h, list, true);
	said = cdefs_help_read(&h, text);
	if (!strstr(said, expected))
		fail_msg("said: %s", said);
	cdefs_help_close(&h);
}

static void test_limits(void **state)
{
	struct sbuf text = { 0 };

	(void)state;
	expect_error(endless, "#include <self.h>\n", "headers include each other more than 64 deep");
	for (char c = 'a'; c < 'z'; c++)
		sbuf_printf(&text, "#define %c %c %c\n", c, c + 1, c + 1);
	sbuf_puts(&text, "struct s { int x[a]; };\n");
	expect_error(NULL, sbuf_text(&text), "the macros of the script expand to too much text");
	sbuf_clear(&text);
	sbuf_puts(&text, "struct s { int x");
	sbuf_fill(&text, '(', 100000);
	expect_error(NULL, sbuf_text(&text), "ERROR");
	sbuf_clear(&text);
	sbuf_puts(&text, "struct s { ");
	for (int i = 0; i < 5000; i++)
		sbuf_puts(&text, "typeof(");
	expect_error(NULL, sbuf_text(&text), "typeof takes a type or a constant here");
	sbuf_clear(&text);
	for (int i = 0; i < 50000; i++)
		sbuf_puts(&text, "struct { ");
	expect_error(NULL, sbuf_text(&text), "a C definition is nested too deeply");
	sbuf_close(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_foreign_headers),
		cmocka_unit_test(test_looking),
		cmocka_unit_test(test_missing_headers),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_enums),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
