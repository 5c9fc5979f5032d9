/*
 * The formatter: scripts and their text in the one style. What holds of every
 * formatted script is checked of each by format_checked.
 */
#include "tests/unit/format_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct example {
	const char *script, *formatted;
};

static void expect(const struct example *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text = format_checked(e[i].script, strlen(e[i].script));

		if (!text)
			fail_msg("does not parse: %s", e[i].script);
		assert_string_equal(text, e[i].formatted);
		free(text);
	}
}

#define EXPECT(list) expect(list, sizeof(list) / sizeof((list)[0]))

/* Statements in "begin { }"; each line of the result is indented by two. */
static void expect_stmts(const char *stmts, const char *formatted)
{
	char *script, *want;

	assert_true(asprintf(&script, "begin { %s }", stmts) > 0);
	assert_true(asprintf(&want, "begin\n{\n%s}\n", formatted) > 0);
	expect(&(struct example){ script, want }, 1);
	free(script);
	free(want);
}

static void test_file_level(void **state)
{
	static const struct example list[] = {
		{ "", "" },
		{ "\n\n// nothing but a comment", "// nothing but a comment\n" },
		{ "#!/usr/bin/sonde -q  \nbegin{}", "#!/usr/bin/sonde -q\nbegin\n{}\n" },
		{ "BEGIN,end,{exit()}", "BEGIN,\nend\n{\n  exit();\n}\n" },
		{ "k:f , kprobe:g/pid==1/{1;}", "k:f,\nkprobe:g/pid==1/\n{\n  1;\n}\n" },
		{ "u:\"/bin/a b\":f,n=t:a:$1 /1/ {}", "u:\"/bin/a b\":f,\nn=t:a:$1\n/1/\n{}\n" },
		{ "k:f / *$1 == 2 / {}", "k:f\n/ *$1 == 2/\n{}\n" },
		{ "config={a=1;B_c=\"x\";d=true;e=perf}begin{}",
		  "config = {\n  a = 1;\n  B_c = \"x\";\n  d = true;\n  e = perf;\n}\nbegin\n{}\n" },
		{ "config = { }", "config = {}\n" },
		{ "import  \"x\";\nlet@m=hash(0x10)", "import \"x\";\nlet @m = hash(0x10);\n" },
		{ "macro m(a,$b,@c,){a}macro n{1}", "macro m(a, $b, @c)\n{\n  a\n}\n"
		  "macro n\n{\n  1\n}\n" },
		{ "fn f($a:struct x *,$b:int8[4]):void{return;}",
		  "fn f($a : struct x*, $b : int8[4]) : void\n{\n  return;\n}\n" },
		{ "\xef\xbb\xbf\xef\xbb\xbf" "begin{}", "begin\n{}\n" },
		{ "begin{}\n\xef\xbb\xbf" "end{}", "begin\n{}\nend\n{}\n" },
		{ "\n\xef\xbb\xbf" "k:f{ //c \xef\xbb\xbf\n1 /*d*/\xef\xbb\xbf\n}",
		  "k:f\n{ //c \xef\xbb\xbf\n  1; /*d*/\n}\n" },
		{ ",/**/\t,)beg,n{}", ", /**/ )beg,\nn\n{}\n" },
		{ "\n,/**/\n,begin{}", ", /**/ begin\n{}\n" },
		{ ",//x\n,/*a*/,begin,/*c*/,end{}", ", //x\n  /*a*/ begin, /*c*/\nend\n{}\n" },
		{ "begin{};;end{}", "begin\n{}\nend\n{}\n" },
		{ "begin{}\n\n\n\n// c\n\nend{}", "begin\n{}\n\n// c\n\nend\n{}\n" },
	};

	(void)state;
	EXPECT(list);
}

static void test_c_part(void **state)
{
	static const struct example list[] = {
		{ "#include   <a.h>\t\n#define  X  1 /* one */\nstruct  s { int  a;\n\tchar b; }\n"
		  "typedef  int  t;\n\nbegin { }",
		  "#include   <a.h>\n#define  X  1 /* one */\nstruct  s { int  a;\n\tchar b; };\n"
		  "typedef  int  t;\n\nbegin\n{}\n" },
		{ "#define A 1 \\\n  + 2\nbegin{A}", "#define A 1 \\\n  + 2\nbegin\n{\n  A;\n}\n" },
		{ "#define A 1 /* a\nb */ + 2\nbegin{A}",
		  "#define A 1 /* a\nb */ + 2\nbegin\n{\n  A;\n}\n" },
		{ "#if 1 // it's \"so\nstruct a { int x; } ; enum { B }\n#endif\n",
		  "#if 1 // it's \"so\nstruct a { int x; };\nenum { B };\n#endif\n" },
	};

	(void)state;
	EXPECT(list);
}

static void test_statements(void **state)
{
	(void)state;
	expect_stmts("$a=1;@b[1,2]+=3;@c<<=1;_=f();", "  $a = 1;\n  @b[1, 2] += 3;\n  @c <<= 1;\n"
		     "  _ = f();\n");
	expect_stmts("let$a:uint8[4]=1;let $b;let $c:string", "  let $a : uint8[4] = 1;\n  let $b;\n"
		     "  let $c : string;\n");
	expect_stmts("if(1){2}else if 3{}else{4}", "  if (1) {\n    2;\n  } else if 3 {} else {\n"
		     "    4;\n  }\n");
	expect_stmts("while(1){break};for($k:@m){continue}for $i:0..@a[1]{}unroll(3){;}",
		     "  while (1) {\n    break;\n  }\n  for ($k : @m) {\n    continue;\n  }\n"
		     "  for $i : 0..@a[1] {}\n  unroll (3) {}\n");
	expect_stmts("{1;2}return 3", "  {\n    1;\n    2;\n  }\n  return 3;\n");
	expect_stmts("import\"x\";;", "  import \"x\";\n");
}

static void test_expressions(void **state)
{
	(void)state;
	expect_stmts("$x=1+2*(3-4)", "  $x = 1 + 2 * (3 - 4);\n");
	expect_stmts("$x=((1));$y=- -1;$z=!~*$p;$q=&$z;", "  $x = ((1));\n  $y = - -1;\n"
		     "  $z = !~*$p;\n  $q = &$z;\n");
	expect_stmts("++$x;$x--;--@m[1];", "  ++$x;\n  $x--;\n  --@m[1];\n");
	expect_stmts("$x=a?b:c?:d", "  $x = a ? b : c ?: d;\n");
	expect_stmts("$t=(1,);$u=();$v=(1,2,);$r=(a=1,b=$t.0.1)",
		     "  $t = (1,);\n  $u = ();\n  $v = (1, 2);\n  $r = (a=1, b=$t.0.1);\n");
	expect_stmts("$x=( struct  t  * *)args->a.b[1]", "  $x = (struct t**)args->a.b[1];\n");
	expect_stmts("$x=sizeof( struct t )+offsetof(t,a.b)+sizeof((t[2]))",
		     "  $x = sizeof(struct t) + offsetof(t, a.b) + sizeof((t[2]));\n");
	expect_stmts("f(typeof(int8*),(typeof($a))1,comptime(1),)",
		     "  f(typeof(int8*), (typeof($a))1, comptime (1));\n");
	expect_stmts("print(0xFf,1_000,5e6,10ms,017,1ULL,\"\\x41\\101\\t\",$1,$#,@,true)",
		     "  print(0xFf, 1_000, 5e6, 10ms, 017, 1ULL, \"\\x41\\101\\t\", $1, $#, @, true);\n");
	expect_stmts("$s=(str_t[4])1;$k=kstack(perf)", "  $s = (str_t[4])1;\n  $k = kstack(perf);\n");
}

static void test_values_of_blocks(void **state)
{
	static const struct example list[] = {
		{ "macro m(c){if c{1}else{2}}", "macro m(c)\n{\n  if c { 1 } else { 2 }\n}\n" },
		{ "macro m(c){if c{1};}", "macro m(c)\n{\n  if c {\n    1;\n  };\n}\n" },
		{ "macro m(c){if c{1}; 2}", "macro m(c)\n{\n  if c {\n    1;\n  }\n  2\n}\n" },
	};

	(void)state;
	EXPECT(list);
	expect_stmts("$x=if a{1}else{2};$y={1;2};$z={3}", "  $x = if a { 1 } else { 2 };\n  $y = {\n"
		     "    1;\n    2\n  };\n  $z = { 3 };\n");
	expect_stmts("$x=if a{1}else if b{2}else{3}", "  $x = if a {\n    1\n  } else if b {\n"
		     "    2\n  } else {\n    3\n  };\n");
}

#define A20 "aaaaaaaaaaaaaaaaaaaa"
#define B20 "bbbbbbbbbbbbbbbbbbbb"
#define B30 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C30 "cccccccccccccccccccccccccccccc"

static void test_long_lines(void **state)
{
	(void)state;
	expect_stmts("print(\"%d\"," A20 "," B30 "," C30 ")",
		     "  print(\"%d\", " A20 ",\n        " B30 ", " C30 ");\n");
	expect_stmts("print(\"12345678\"," A20 "," B30 "," B20 ")",
		     "  print(\"12345678\",\n        " A20 ", " B30 ", " B20 ");\n");
	expect_stmts("@m[" A20 "," B30 "," C30 "]=count()",
		     "  @m[" A20 ",\n     " B30 ", " C30 "] = count();\n");
	expect_stmts("if(" A20 "&&" B30 "&&" C30 "||1){2}",
		     "  if (" A20 " &&\n      " B30 " && " C30 " ||\n      1) {\n    2;\n  }\n");
	expect_stmts("$x=" A20 "?" B30 ":f(" C30 ",1)",
		     "  $x = " A20 "\n       ? " B30 "\n       : f(" C30 ", 1);\n");
	expect_stmts("print(\"" B30 B30 C30 "\",1)",
		     "  print(\n    \"" B30 B30 C30 "\",\n    1\n  );\n");
	expect_stmts("$x=f({$y=1;$y}," A20 ")",
		     "  $x = f({\n    $y = 1;\n    $y\n  },\n"
		     "         " A20 ");\n");
}

static void test_comments(void **state)
{
	static const struct example list[] = {
		{ "// a\n/* b */ begin // c\n/* d */ /1/ // e\n{ } // f\n// g",
		  "// a\n/* b */ begin // c\n/* d */ /1/ // e\n{} // f\n// g\n" },
		{ "k:f, // one\n// two\nk:g { }", "k:f, // one\n// two\nk:g\n{}\n" },
		{ "config = { // a\n// b\nx = 1 // c\n; }",
		  "config = { // a\n  // b\n  x = 1; // c\n}\n" },
		{ "k:f / /* a */ 1 /* b */ / { /* c */ }",
		  "k:f\n/ /* a */ 1 /* b */ /\n{\n  /* c */\n}\n" },
		{ "begin { 1; /* a */ }", "begin\n{\n  1; /* a */\n}\n" },
		{ "begin { 1; }\n/*\n* a\n    * b\n*/\n/* c\nd */\nend { }",
		  "begin\n{\n  1;\n}\n/*\n * a\n * b\n */\n/* c\nd */\nend\n{}\n" },
	};

	(void)state;
	EXPECT(list);
	expect_stmts("1 // a\n; // b\n\n// c\n\n2; }\n// d\nend {",
		     "  1; // a\n  // b\n\n  // c\n\n  2;\n}\n// d\nend\n{");
}

static void test_comments_inside(void **state)
{
	(void)state;
	expect_stmts("$x = 1 + // a\n 2 /* b */ + /* c */ 3;",
		     "  $x = 1 + // a\n       2 /* b */ + /* c */ 3;\n");
	expect_stmts("f(1, // a\n /* b */ 2,\n // c\n 3 // d\n);",
		     "  f(1, // a\n    /* b */ 2,\n    // c\n    3 // d\n    );\n");
	expect_stmts("f(/* a */); f(1 /* b */, /* c */ 2 /* d */);",
		     "  f(/* a */);\n  f(1 /* b */, /* c */ 2 /* d */);\n");
	expect_stmts("@m[1, // a\n2] = 3", "  @m[1, // a\n     2] = 3;\n");
	expect_stmts("if 1 { // a\n2; // b\n} // c\nelse /* d */ { // e\n}",
		     "  if 1 { // a\n    2; // b\n  } // c\n  else /* d */ { // e\n  }\n");
	expect_stmts("return // a\n 1", "  return // a\n    1;\n");
	expect_stmts("(/* a */ uint8 /* b */) /* c */ $x /* d */ ;",
		     "  (/* a */ uint8 /* b */) /* c */ $x; /* d */\n");
}

/* What a macro is called does not hang on where lines end. */
static void test_macro_names(void **state)
{
	static const struct example list[] = {
		{ "begin { $x = (m) - 1; } macro m() { 2 }",
		  "begin\n{\n  $x = (m) - 1;\n}\nmacro m()\n{\n  2\n}\n" },
		{ "begin { $x = (t) - 1; }", "begin\n{\n  $x = (t)-1;\n}\n" },
	};

	(void)state;
	EXPECT(list);
}

/* A long row of comments is looked at once, not anew from each of them. */
static void test_row_of_comments(void **state)
{
	enum { MANY = 30000, BYTES = sizeof("/* c */ ") - 1 };
	char *row = malloc(MANY * BYTES + 1), *text, *want;

	(void)state;
	for (int i = 0; i < MANY; i++)
		strcpy(row + i * BYTES, "/* c */ ");
	assert_true(asprintf(&text, "%s$x = 1", row) > 0);
	assert_true(asprintf(&want, "  %s$x = 1;\n", row) > 0);
	expect_stmts(text, want);
	free(row);
	free(text);
	free(want);
}

static void test_syntax_error(void **state)
{
	static const char script[] = "begin { 1 + }";

	(void)state;
	assert_null(format_checked(script, strlen(script)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_level),
		cmocka_unit_test(test_c_part),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_values_of_blocks),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_comments_inside),
		cmocka_unit_test(test_row_of_comments),
		cmocka_unit_test(test_macro_names),
		cmocka_unit_test(test_syntax_error),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
