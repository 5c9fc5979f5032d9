/*
 * Random uses of memory: C structs, pointers, enums, buffers.
 *
 * The definitions are always the same. Two pieces of memory are looked at: the
 * text $mt through $ps, and the variable $mv, which the program changes, through
 * $pv and $pb.
 */
#include "tests/differential/gen_impl.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

void gen_c_part(struct gen *g)
{
	gen_put(g, "#define LIMIT 40\n#define NEXT (LIMIT + 2)\n"
		   "enum colour { RED, GREEN = 5, BLUE };\n"
		   "struct inner { short x; unsigned char y; };\n"
		   "union both { unsigned int w; unsigned char b[4]; };\n"
		   "struct outer { int a; unsigned int f : 3; %sint g : 5; unsigned char c[3];"
		   " struct inner in; union both u; unsigned long long q; };\n"
		   "struct named { int number; char name[4]; };\n"
		   "struct small { short a; unsigned char b; signed char c; unsigned int d; };\n",
		g->common ? "unsigned " : "");
}

static void text(struct gen *g)
{
	gen_put(g, "\"");
	for (int i = 0; i < 40; i++)
		gen_put(g, "\\x%02x", 1 + gen_below(g, 255));
	gen_put(g, "\"");
}

/* At the start of a probe that looks at memory. */
void gen_memory(struct gen *g)
{
	g->memory = true;
	gen_put(g, "\tlet $mt = ");
	text(g);
	gen_put(g, ";\n\tlet $mv : uint64 = %llu;\n", (unsigned long long)gen_random(g));
	gen_put(g, "\t$ps = (struct outer *)$mt;\n\t$pv = (struct small *)(&$mv);\n"
		   "\t$pb = (uint8 *)&$mv;\n\t@mp = (int32 *)%u;\n\t@ms = *$pv;\n"
		   "\t@msk[0] = *$pv;\n\t@msb[*$pv] = @msn++;\n", gen_below(g, 999));
	gen_var_add(g, "$mv", &gen_int, "uint64", false);
}

void gen_memory_integer(struct gen *g, int depth)
{
	static const char *const fields[] = {
		"$ps->a", "$ps->f", "$ps.g", "$ps->c[0]", "$ps->c[2]", "$ps->in.x", "$ps.in->y",
		"$ps->u.w", "$ps->u.b[1]", "$ps->q", "$pv->a", "$pv.b", "$pv->c", "$pv->d",
		"*(uint64 *)$pv", "@ms.a", "@ms.c", "sizeof(struct outer)", "sizeof($ps->in)",
		"offsetof(struct outer, u)", "offsetof(struct outer, in.y)", "sizeof(*$ps)",
		"GREEN", "(int16)BLUE", "LIMIT", "NEXT", "(uint64)(enum colour)5", "sizeof(int32)",
	};

	switch (gen_below(g, 7)) {
	case 0:
		gen_put(g, "$pb[%u]", gen_below(g, 8));
		break;
	case 1:
		gen_put(g, "*(int16 *)($pb + %u)", gen_below(g, 7));
		break;
	case 2:
		gen_put(g, "((int32 *)$pb)[%u]", gen_below(g, 2));
		break;
	case 3:
		gen_put(g, "$ps->%s[(uint8)(", gen_chance(g, 50) ? "c" : "u.b");
		gen_integer(g, depth - 1);
		gen_put(g, ") & %u]", g->common || gen_chance(g, 80) ? 1 : 5);
		break;
	default:
		gen_put(g, "(%s)", fields[gen_below(g, COUNT(fields))]);
	}
}

void gen_memory_bool(struct gen *g, int depth)
{
	static const char *const wholes[] = {
		"($pb != 0)", "((bool)$pv)", "($ps->c == $ps->c)", "(GREEN == 5)",
		"(RED < BLUE)", "($pv == $pv)",
		/* bpftrace compares only how long they are. */
		"(buf(\"abcd\", 3) == buf(\"abce\", 3))", "(buf(\"ab\", 2) != buf(\"ba\", 2))",
	};
	size_t nr_wholes = COUNT(wholes) - (g->common ? 2 : 0);

	switch (gen_below(g, 5)) {
	case 0:
		gen_put(g, "($pb + %u %s $pb)", gen_below(g, 3), gen_chance(g, 50) ? ">" : "==");
		break;
	case 1:
		gen_put(g, "($pv && ");
		gen_condition(g, depth - 1);
		gen_put(g, ")");
		break;
	case 2:
		gen_put(g, "((int32 *)%u < (int32 *)%u + %u)", gen_below(g, 9), gen_below(g, 9),
			gen_below(g, 3));
		break;
	default:
		gen_put(g, "%s", wholes[gen_below(g, (unsigned)nr_wholes)]);
	}
}

void gen_memory_string(struct gen *g)
{
	gen_put(g, gen_chance(g, 50) ? "((struct named *)$mt)->name" : "str($pb + 1, 4)");
}

/* A statement, without the blanks before it. */
void gen_memory_statement(struct gen *g)
{
	static const char *const lines[] = {
		"print(*$ps);", "print($ps->in);", "print($ps->u.b);", "print(($ps->c, GREEN));",
		"@ms = *$pv;", "print(@ms);", "@mp++;", "@mp--;", "@mp += 2;", "@mp -= 1;",
		"print(buf(\"text here\", 6));", "printf(\"%r %s\\n\", buf(\"ab\", 2), buf(\"wxyz\", 4));",
		"@me[RED] = BLUE;", "@me[GREEN] = RED;", "printf(\"%d %s\\n\", BLUE, GREEN);",
		"print($ps->u);", "print((uint64)@mp);", "$q = (int16 *)8; $q -= 1; ++$q; print($q);",
		"$sv = *$ps; print(($sv.a, $sv.in.y, $sv->c[1], $sv.u.w));",
		"$sv = *$ps; $si = $sv.in; print($si); print(($si.x, $sv.f));",
		"$ar = $ps->c; print($ar[2]); print($ar);",
		"@msk[1] = *$pv; print(@msk[1].d);", "@msk[$ps->f] = *$pv; print(@msk[2]);",
		"print((@msk[3].a, @msk[1].b));", "@msb[*$pv] = @msn++; print(@msb[*$pv]);",
		"_ = delete(@msb, *$pv);", "print(has_key(@msb, *$pv));",
		"$st = (7, *$pv); print($st); print($st.1.a);",
		"@mtu[1] = (true, *$pv, $ps->c); print(@mtu[1].1.b); print(@mtu[2]);",
		"@mar[2] = $ps->c; print(@mar[2][1]); print(@mar[3]);",
		"@mak[$ps->c] = @msn++; print(@mak[$ps->c]);", "print(@mar[$ps->f]);",
		"for ($kv : @msk) { if ($kv.1.a == $kv.0) { continue; } print(len(@msk)); break; }",
		"if ($pv) { print(BLUE); }", "print((($pv->a, $ps->in.y), (enum colour)5));",
	};

	if (!g->common && gen_chance(g, 8)) {
		gen_put(g, "{ let $cut : string[4] = ((struct named *)$mt)->name; @cut[$cut] = 1; print(($cut, 1)); }\n");
		return;
	}
	if (gen_chance(g, 85)) {
		gen_put(g, "%s\n", lines[gen_below(g, COUNT(lines))]);
		return;
	}
	gen_put(g, "print((int32 *)(uint64)(");
	gen_integer(g, 2);
	gen_put(g, ") + %u);\n", gen_below(g, 4));
}
