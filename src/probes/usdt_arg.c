/*
 * Arguments of static probes: from text to places.
 *
 * In: the third text of a note, of anybody's making. Out: a place for each
 * argument. A row of `dialects` for each architecture says how operands are
 * written there.
 */
#include "probes/usdt_arg.h"

#include "target/target.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* An operand being read: [at, end). */
struct operand {
	struct arena *arena;
	const struct target_arch *arch;
	const char *at, *end;
	struct usdt_arg *out;
};

/* ---- pieces ---- */

static bool take(struct operand *o, char c)
{
	if (o->at == o->end || *o->at != c)
		return false;
	o->at++;
	return true;
}

static bool at_end(const struct operand *o)
{
	return o->at == o->end;
}

static void skip_blanks(struct operand *o)
{
	while (o->at < o->end && *o->at == ' ')
		o->at++;
}

/* Decimal, octal or hexadecimal, with a sign; false: there is none. */
static bool take_number(struct operand *o, int64_t *value)
{
	bool negative = false;
	uint64_t v;
	char *end;

	if (o->at < o->end && (*o->at == '-' || *o->at == '+')) {
		if (o->at + 1 == o->end || !isdigit((unsigned char)o->at[1]))
			return false;
		negative = *o->at++ == '-';
	}
	if (at_end(o) || !isdigit((unsigned char)*o->at))
		return false;
	v = strtoull(o->at, &end, 0);
	if (end > o->end)
		return false;
	o->at = end;
	*value = (int64_t)(negative ? 0 - v : v);
	return true;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static size_t take_word(struct operand *o, const char **word)
{
	*word = o->at;
	while (o->at < o->end && is_name_char(*o->at))
		o->at++;
	return (size_t)(o->at - *word);
}

/* ---- x86-64: AT&T ---- */

/* A register by its widths, the second byte, and its name in pt_regs. */
static const struct x86_register {
	const char *names[4];
	const char *high;
	const char *in_regs;
} x86_registers[] = {
	{ { "rax", "eax", "ax", "al" }, "ah", "ax" },
	{ { "rbx", "ebx", "bx", "bl" }, "bh", "bx" },
	{ { "rcx", "ecx", "cx", "cl" }, "ch", "cx" },
	{ { "rdx", "edx", "dx", "dl" }, "dh", "dx" },
	{ { "rsi", "esi", "si", "sil" }, "", "si" },
	{ { "rdi", "edi", "di", "dil" }, "", "di" },
	{ { "rbp", "ebp", "bp", "bpl" }, "", "bp" },
	{ { "rsp", "esp", "sp", "spl" }, "", "sp" },
	{ { "r8", "r8d", "r8w", "r8b" }, "", "r8" },
	{ { "r9", "r9d", "r9w", "r9b" }, "", "r9" },
	{ { "r10", "r10d", "r10w", "r10b" }, "", "r10" },
	{ { "r11", "r11d", "r11w", "r11b" }, "", "r11" },
	{ { "r12", "r12d", "r12w", "r12b" }, "", "r12" },
	{ { "r13", "r13d", "r13w", "r13b" }, "", "r13" },
	{ { "r14", "r14d", "r14w", "r14b" }, "", "r14" },
	{ { "r15", "r15d", "r15w", "r15b" }, "", "r15" },
};

static bool is_word(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !strncmp(word, name, len);
}

static const struct x86_register *x86_find(const char *word, size_t len, bool *is_high)
{
	for (size_t i = 0; i < sizeof(x86_registers) / sizeof(x86_registers[0]); i++) {
		const struct x86_register *r = &x86_registers[i];

		*is_high = len && is_word(word, len, r->high);
		if (*is_high)
			return r;
		for (size_t k = 0; k < 4; k++)
			if (is_word(word, len, r->names[k]))
				return r;
	}
	return NULL;
}

/* "%rax" to its place in pt_regs; the instruction pointer has none. */
static bool x86_register(struct operand *o, int16_t *offset, bool *is_high, bool *is_ip)
{
	const struct x86_register *r;
	const char *word;
	size_t len;

	*is_ip = false;
	if (!take(o, '%'))
		return false;
	len = take_word(o, &word);
	*is_ip = is_word(word, len, "rip");
	if (*is_ip)
		return true;
	r = x86_find(word, len, is_high);
	*offset = r ? (int16_t)target_reg_offset(o->arch, r->in_regs) : -1;
	return *offset >= 0;
}

static bool x86_scale(struct operand *o, uint8_t *shift)
{
	int64_t scale = 1;

	*shift = 0;
	if (take(o, ',') && !take_number(o, &scale))
		return false;
	while (scale > 1 && !(scale & 1)) {
		scale /= 2;
		++*shift;
	}
	return scale == 1 && *shift <= 3;
}

/* "(BASE,INDEX,SCALE)" behind a displacement. */
static bool x86_memory(struct operand *o)
{
	struct usdt_arg *a = o->out;
	bool is_high = false, is_ip = false;

	a->place = USDT_MEMORY;
	if (at_end(o) || *o->at != ',') {
		if (!x86_register(o, &a->base, &is_high, &is_ip) || is_high)
			return false;
		if (is_ip) {
			a->place = USDT_SYMBOL;
			return a->symbol && take(o, ')');
		}
	}
	if (a->symbol)	/* an address that was fixed when linking: not in a PIE */
		return false;
	if (take(o, ',') && (!x86_register(o, &a->index, &is_high, &is_ip) || is_high || is_ip ||
			     !x86_scale(o, &a->shift)))
		return false;
	return take(o, ')');
}

/* SYMBOL, SYMBOL+N, N+SYMBOL, N: what stands before the parenthesis. */
static bool x86_displacement(struct operand *o)
{
	struct usdt_arg *a = o->out;
	const char *word;
	int64_t value;
	size_t len;

	if (take_number(o, &a->value) && !take(o, '+'))
		return true;
	len = take_word(o, &word);
	if (!len)
		return *word == '(';
	a->symbol = arena_strndup(o->arena, word, len);
	if (take_number(o, &value))
		a->value += value;
	return true;
}

static bool x86_operand(struct operand *o)
{
	struct usdt_arg *a = o->out;
	bool is_high = false, is_ip;

	if (take(o, '$')) {
		a->place = USDT_CONSTANT;
		return take_number(o, &a->value);
	}
	if (o->at < o->end && *o->at == '%') {
		a->place = USDT_REGISTER;
		if (!x86_register(o, &a->base, &is_high, &is_ip) || is_ip)
			return false;
		a->skip_bits = is_high ? 8 : 0;
		return true;
	}
	if (!x86_displacement(o))
		return false;
	if (take(o, '('))
		return x86_memory(o);
	a->place = USDT_SYMBOL;		/* without a register: where it was linked to */
	return a->symbol;
}

/* ---- arm64 ---- */

/* "x0", "w0", "sp", "wsp"; the zero registers are the constant 0. */
static bool arm64_register(struct operand *o, int16_t *offset)
{
	char name[8] = "r";
	const char *word;
	size_t len = take_word(o, &word);

	if (is_word(word, len, "sp") || is_word(word, len, "wsp")) {
		*offset = (int16_t)target_reg_offset(o->arch, "sp");
		return *offset >= 0;
	}
	if (len < 2 || len > 3 || (word[0] != 'x' && word[0] != 'w') ||
	    (len == 3 && word[1] == '0'))
		return false;
	memcpy(name + 1, word + 1, len - 1);
	*offset = (int16_t)target_reg_offset(o->arch, name);
	return *offset >= 0;
}

/* What may stand behind an index register. */
static const struct {
	const char *name;
	bool is_known;
} arm64_extends[] = {
	{ "lsl", true }, { "sxtx", true }, { "uxtw", false }, { "sxtw", false },
};

/* ", lsl #3" behind an index. */
static bool arm64_shift(struct operand *o)
{
	const char *word;
	int64_t shift = 0;
	size_t len;

	skip_blanks(o);
	if (!take(o, ','))
		return true;
	skip_blanks(o);
	len = take_word(o, &word);
	for (size_t i = 0; i < sizeof(arm64_extends) / sizeof(arm64_extends[0]); i++) {
		if (!is_word(word, len, arm64_extends[i].name) || !arm64_extends[i].is_known)
			continue;
		skip_blanks(o);
		take(o, '#');
		if (!take_number(o, &shift) || shift < 0 || shift > 4)
			return false;
		o->out->shift = (uint8_t)shift;
		return true;
	}
	return false;
}

/* "[BASE]", "[BASE, N]", "[BASE, INDEX, lsl #N]" */
static bool arm64_memory(struct operand *o)
{
	struct usdt_arg *a = o->out;

	a->place = USDT_MEMORY;
	skip_blanks(o);
	if (!arm64_register(o, &a->base))
		return false;
	skip_blanks(o);
	if (take(o, ',')) {
		skip_blanks(o);
		take(o, '#');
		if (!take_number(o, &a->value) &&
		    (!arm64_register(o, &a->index) || !arm64_shift(o)))
			return false;
	}
	skip_blanks(o);
	return take(o, ']');
}

static bool arm64_operand(struct operand *o)
{
	struct usdt_arg *a = o->out;

	if (take(o, '['))
		return arm64_memory(o);
	take(o, '#');
	a->place = USDT_CONSTANT;
	if (take_number(o, &a->value))
		return true;
	a->place = USDT_REGISTER;
	if (o->end - o->at == 3 && (!strncmp(o->at, "xzr", 3) || !strncmp(o->at, "wzr", 3))) {
		a->place = USDT_CONSTANT;
		o->at = o->end;
		return true;
	}
	return arm64_register(o, &a->base);
}

/* ---- the list ---- */

static const struct dialect {
	const char *arch;
	bool (*operand)(struct operand *o);
} dialects[] = {
	{ "x86_64", x86_operand },
	{ "aarch64", arm64_operand },
};

static const struct dialect *dialect_of(const struct target_arch *arch)
{
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (!strcmp(dialects[i].arch, arch->name))
			return &dialects[i];
	return NULL;
}

/* "-4@", "8f@": what comes out, and how it is read. */
static bool take_size(struct operand *o)
{
	int64_t size;

	if (!take_number(o, &size))
		return false;
	o->out->is_signed = size < 0;
	size = size < 0 ? -size : size;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	o->out->size_bytes = (uint8_t)size;
	o->out->is_float = take(o, 'f');
	return take(o, '@');
}

/* A constant is as wide as the argument, and extended by its sign. */
static void fit_constant(struct usdt_arg *a)
{
	unsigned bits = 64 - a->size_bytes * 8u;
	uint64_t value;

	if (a->place != USDT_CONSTANT)
		return;
	value = (uint64_t)a->value << bits;
	a->value = a->is_signed ? (int64_t)value >> bits : (int64_t)(value >> bits);
}

/* Blanks stand between arguments, and on some machines within brackets. */
static const char *end_of_arg(const char *at)
{
	int depth = 0;

	for (; *at && (depth || *at != ' '); at++) {
		if (*at == '[' || *at == '(')
			depth++;
		else if (*at == ']' || *at == ')')
			depth--;
	}
	return at;
}

void usdt_args_parse(struct arena *a, const struct target_arch *arch, const char *text,
		     struct usdt_args *out)
{
	const struct dialect *d = dialect_of(arch);

	memset(out, 0, sizeof(*out));
	while (out->count < USDT_MAX_ARGS) {
		struct usdt_arg *arg = &out->at[out->count];
		struct operand o = { .arena = a, .arch = arch, .out = arg };

		while (*text == ' ')
			text++;
		if (!*text)
			return;
		o.at = text;
		o.end = end_of_arg(text);
		arg->base = arg->index = -1;
		arg->text = arena_strndup(a, text, (size_t)(o.end - text));
		if (!d || !take_size(&o) || !d->operand(&o) || !at_end(&o) || arg->is_float)
			arg->place = USDT_UNKNOWN;
		fit_constant(arg);
		text = o.end;
		out->count++;
	}
}
