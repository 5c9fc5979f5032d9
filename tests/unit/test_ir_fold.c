/*
 * Folding: each case returns one expression of arg1 (x) or of a load.
 */
#include "ir_text.h"

static struct ir_insn *load(struct ir_fix *x, unsigned size, bool is_signed)
{
	return ir_emit_load(&x->b, IR_INT, size, is_signed, ir_param(x->f, 0), 16);
}

#define BIN(op, p, q) ir_emit_binary(&x.b, IR_##op, p, q)
#define IMM(op, p, c) ir_emit_binary_imm(&x.b, IR_##op, p, c)
#define EXT(p, size) ir_emit_ext(&x.b, p, size, false)
#define SEXT(p, size) ir_emit_ext(&x.b, p, size, true)
#define CMP(op, p, q) ir_emit_cmp(&x.b, IR_##op, p, q)
#define C(c) ir_const(x.f, c)
#define X ir_param(x.f, 1)

/* Fold, drop dead code, and compare what the block does. */
#define FOLDS(value, ...) do {								\
	struct ir_fix x;								\
	const char *body;								\
	ir_fix_open(&x);								\
	ir_emit_ret(&x.b, value);							\
	ir_pass_fold(x.f);								\
	ir_pass_dce(x.f);								\
	body = strstr(ir_fix_text(&x), "b0:\n") + 4;					\
	assert_string_equal(renamed(x.text, body), __VA_ARGS__);			\
	ir_fix_close(&x);								\
} while (0)

/* Values numbered from 1 as they come, whatever leaves there are. */
static char *renamed(char *text, const char *body)
{
	unsigned first = 0, n;
	char *in = text + (body - text), *out = in, *end, number[16];
	char *start = in;

	if (sscanf(body, " v%u", &first) != 1 && strstr(body, " v"))
		sscanf(strstr(body, " v"), " v%u", &first);
	while (*in) {
		if (in[0] == 'v' && in[1] >= '0' && in[1] <= '9') {
			n = (unsigned)strtoul(in + 1, &end, 10);
			in = end;
			snprintf(number, sizeof(number), "v%u", n - first + 1);
			memcpy(out, number, strlen(number));
			out += strlen(number);
			continue;
		}
		*out++ = *in++;
	}
	*out = 0;
	return start;
}

static void test_constants(void **state)
{
	(void)state;
	FOLDS(IMM(ADD, C(2), 3), "  ret 5\n");
	FOLDS(IMM(UDIV, C(7), 0), "  ret 0\n");
	FOLDS(IMM(UMOD, C(7), 0), "  ret 7\n");
	FOLDS(IMM(SHL, C(1), 65), "  ret 2\n");
	FOLDS(IMM(ASHR, C(-8), 1), "  ret -4\n");
	FOLDS(IMM(LSHR, C(-1), 60), "  ret 15\n");
	FOLDS(SEXT(C(0x80), 1), "  ret -128\n");
	FOLDS(EXT(C(-1), 4), "  ret 4294967295\n");
	FOLDS(ir_emit_bswap(&x.b, C(0x1234), 2), "  ret 13330\n");
	FOLDS(CMP(SLT, C(-1), C(0)), "  ret 1\n");
	FOLDS(CMP(ULT, C(-1), C(0)), "  ret 0\n");
}

static void test_identities(void **state)
{
	(void)state;
	FOLDS(IMM(OR, X, 0), "  ret arg1\n");
	FOLDS(IMM(MUL, X, 1), "  ret arg1\n");
	FOLDS(IMM(MUL, X, 0), "  ret 0\n");
	FOLDS(BIN(SUB, X, X), "  ret 0\n");
	FOLDS(BIN(XOR, X, X), "  ret 0\n");
	FOLDS(BIN(AND, X, X), "  ret arg1\n");
	FOLDS(IMM(AND, X, -1), "  ret arg1\n");
	FOLDS(IMM(SHL, X, 64), "  ret arg1\n");
	FOLDS(BIN(ADD, C(4), X), "  v1 = add arg1, 4\n  ret v1\n");
	FOLDS(IMM(ADD, IMM(SUB, X, 3), 5), "  v1 = add arg1, 2\n  ret v1\n");
	FOLDS(IMM(SUB, IMM(ADD, X, 3), 3), "  ret arg1\n");
}

static void test_strength(void **state)
{
	(void)state;
	FOLDS(IMM(MUL, X, 8), "  v1 = shl arg1, 3\n  ret v1\n");
	FOLDS(IMM(UDIV, X, 1024), "  v1 = lshr arg1, 10\n  ret v1\n");
	FOLDS(IMM(UMOD, X, 16), "  v1 = and arg1, 15\n  ret v1\n");
	FOLDS(IMM(UDIV, X, 1000), "  v1 = udiv arg1, 1000\n  ret v1\n");
	FOLDS(IMM(LSHR, IMM(LSHR, X, 40), 30), "  ret 0\n");
	FOLDS(IMM(ASHR, IMM(ASHR, X, 40), 30), "  v1 = ashr arg1, 63\n  ret v1\n");
	FOLDS(IMM(LSHR, IMM(SHL, X, 32), 32), "  v1 = zext.32 arg1\n  ret v1\n");
	FOLDS(IMM(ASHR, IMM(SHL, X, 56), 56), "  v1 = sext.8 arg1\n  ret v1\n");
	FOLDS(IMM(AND, X, 0xffffffff), "  v1 = zext.32 arg1\n  ret v1\n");
}

static void test_extensions(void **state)
{
	(void)state;
	FOLDS(EXT(load(&x, 4, false), 4), "  v1 = load.u32 arg0 + 16\n  ret v1\n");
	FOLDS(SEXT(load(&x, 2, true), 4), "  v1 = load.s16 arg0 + 16\n  ret v1\n");
	FOLDS(SEXT(load(&x, 4, false), 4), "  v1 = load.s32 arg0 + 16\n  ret v1\n");
	FOLDS(SEXT(load(&x, 2, false), 4), "  v1 = load.u16 arg0 + 16\n  ret v1\n");
	FOLDS(EXT(IMM(LSHR, X, 32), 4), "  v1 = lshr arg1, 32\n  ret v1\n");
	FOLDS(EXT(SEXT(X, 4), 2), "  v1 = zext.16 arg1\n  ret v1\n");
	FOLDS(SEXT(EXT(X, 4), 4), "  v1 = sext.32 arg1\n  ret v1\n");
	FOLDS(SEXT(EXT(X, 2), 4), "  v1 = zext.16 arg1\n  ret v1\n");
	FOLDS(EXT(BIN(ADD, SEXT(X, 4), EXT(X, 4)), 4),
	      "  v1 = add arg1, arg1\n  v2 = zext.32 v1\n  ret v2\n");
	FOLDS(EXT(CMP(EQ, X, C(3)), 1), "  v1 = cmp eq arg1, 3\n  ret v1\n");
	FOLDS(IMM(AND, load(&x, 1, false), 0x1ff), "  v1 = load.u8 arg0 + 16\n  ret v1\n");
}

/* A load that two users extend in different ways must not change for one. */
static void test_shared_load(void **state)
{
	struct ir_fix x;
	struct ir_insn *l, *a, *b;

	(void)state;
	ir_fix_open(&x);
	l = load(&x, 4, false);
	a = EXT(l, 4);
	b = SEXT(a, 4);
	ir_emit_ret(&x.b, BIN(ADD, a, b));
	ir_pass_fold(x.f);
	assert_false(l->is_signed);
	assert_int_equal(b->op, IR_SEXT);
	ir_fix_close(&x);
}

static void test_pinned(void **state)
{
	struct ir_fix x;
	struct ir_insn *mask;

	(void)state;
	ir_fix_open(&x);
	mask = IMM(AND, load(&x, 1, false), 0xff);
	mask->is_pinned = true;
	ir_emit_ret(&x.b, mask);
	ir_pass_fold(x.f);
	ir_pass_dce(x.f);
	assert_ptr_equal(x.f->blocks.at[0]->last->args[0], mask);
	ir_fix_close(&x);
}

static void test_compare(void **state)
{
	(void)state;
	FOLDS(CMP(UGT, C(5), X), "  v1 = cmp ult arg1, 5\n  ret v1\n");
	FOLDS(CMP(ULT, X, C(0)), "  ret 0\n");
	FOLDS(CMP(UGE, X, C(1)), "  v1 = cmp ne arg1, 0\n  ret v1\n");
	FOLDS(CMP(SLE, X, X), "  ret 1\n");
	FOLDS(CMP(EQ, CMP(SLT, X, C(3)), C(0)), "  v1 = cmp sge arg1, 3\n  ret v1\n");
	FOLDS(CMP(NE, CMP(SLT, X, C(3)), C(0)), "  v1 = cmp slt arg1, 3\n  ret v1\n");
	FOLDS(IMM(XOR, CMP(EQ, X, C(3)), 1), "  v1 = cmp ne arg1, 3\n  ret v1\n");
}

static void test_memory(void **state)
{
	struct ir_fix x;
	struct ir_insn *o, *p;

	(void)state;
	ir_fix_open(&x);
	o = ir_object(x.f, ir_object_new(x.f, "key", 64, 8));
	p = IMM(ADD, IMM(ADD, o, 8), 4);
	ir_emit_store(&x.b, 4, p, 4, EXT(IMM(ADD, SEXT(X, 4), 1), 4));
	ir_emit_memcpy(&x.b, o, 0, IMM(ADD, ir_map_value(x.f, 1, 8), 24), 0, 8, 8);
	ir_emit_store(&x.b, 8, ir_map_value(x.f, 1, 0x12345), 0, p);
	ir_emit_ret(&x.b, C(0));
	ir_pass_fold(x.f);
	ir_pass_dce(x.f);
	assert_string_equal(renamed(x.text, strstr(ir_fix_text(&x), "b0:\n")), "b0:\n"
			    "  v1:obj = add &key, 12\n"
			    "  v2 = add arg1, 1\n"
			    "  store.u32 &key + 16, v2\n"
			    "  memcpy &key, &map1[0] + 32, 8 align 8\n"
			    "  store.u64 &map1[74565], v1\n"
			    "  ret 0\n");
	ir_fix_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_strength),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_shared_load),
		cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("ir_fold", tests, NULL, NULL);
}
