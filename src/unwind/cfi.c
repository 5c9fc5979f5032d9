/*
 * The entries of .eh_frame and .debug_frame, and the instructions in them.
 *
 * An entry (FDE) covers a range of addresses and refers to one that it shares with
 * others (CIE). Both hold instructions that change the rules from an address on; only
 * those of the frame's address, the frame pointer and the return address are kept.
 *
 * Work is bounded by the section's size: each instruction is walked once for its entry,
 * and those of a CIE, which are walked for each of its entries, may be few bytes only.
 */
#include "unwind/cfi.h"

#include <string.h>

#define MAX_REMEMBERED 16
#define MAX_INITIAL_BYTES 256
#define MAX_ENTRY_BYTES ((uint64_t)1 << 32)	/* that one FDE covers */

const struct cfi_arch cfi_x86_64 = { .sp = 7, .fp = 6, .ra = 16 };
const struct cfi_arch cfi_arm64 = { .sp = 31, .fp = 29, .ra = 30, .ra_in_register = true };

/* ---- pointers ---- */

enum { PE_OMIT = 0xff, PE_FORMAT = 0x0f, PE_RELATION = 0x70, PE_PCREL = 0x10, PE_ALIGNED = 0x50 };

/* A pointer by its encoding; relations that need more than the section fail. */
static uint64_t read_pointer(const struct cfi_section *s, struct cfi_bytes *b, uint8_t encoding,
			     bool is_length)
{
	uint64_t here = s->address + (uint64_t)(b->at - s->data), v;

	switch (encoding & PE_FORMAT) {
	case 0x00: case 0x04: case 0x0c:
		v = cfi_fixed(b, 8);
		break;
	case 0x01:
		v = cfi_uleb(b);
		break;
	case 0x02:
		v = cfi_fixed(b, 2);
		break;
	case 0x03:
		v = cfi_fixed(b, 4);
		break;
	case 0x09:
		v = (uint64_t)cfi_sleb(b);
		break;
	case 0x0a:
		v = (uint64_t)(int16_t)cfi_fixed(b, 2);
		break;
	case 0x0b:
		v = (uint64_t)(int32_t)cfi_fixed(b, 4);
		break;
	default:
		b->failed = true;
		return 0;
	}
	if (is_length || !(encoding & PE_RELATION))
		return v;
	if ((encoding & PE_RELATION) != PE_PCREL)
		b->failed = true;
	return v + here;
}

/* ---- rules ---- */

enum where_kind { AT_SAME, AT_UNDEFINED, AT_CFA, AT_EXPR, AT_OTHER };

struct where {
	enum where_kind kind;
	int64_t offset;
	struct cfi_expr expr;
};

struct rules {
	bool cfa_is_expr;
	uint64_t cfa_reg;
	int64_t cfa_offset;
	struct cfi_expr cfa_expr;
	struct where fp, ra;
};

struct cie {
	const uint8_t *at;	/* NULL: none */
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;
	uint8_t fde_encoding;
	bool has_augmentation_size, is_signal;
	struct rules initial;
};

struct reading {
	const struct cfi_section *s;
	cfi_range_fn fn;
	void *arg;
	bool stopped;
	struct cie cie;		/* the last that was used */
	/* of the entry that is read */
	const struct cie *of;
	struct rules rules, remembered[MAX_REMEMBERED];
	unsigned nr_remembered;
	uint64_t pc, end;
};

static bool fits(int64_t v)
{
	return v >= INT32_MIN && v <= INT32_MAX;
}

/* Where a register is, as programs look for it; false: they cannot. */
static bool give_where(const struct cfi_arch *arch, const struct where *w, uint8_t *kind,
		       int32_t *offset)
{
	const struct cfi_expr *e = &w->expr;

	switch (w->kind) {
	case AT_SAME:
		*kind = UNWIND_AT_REGISTER;
		return true;
	case AT_CFA:
		*kind = UNWIND_AT_CFA;
		*offset = (int32_t)w->offset;
		return fits(w->offset);
	case AT_EXPR:
		if (e->kind != CFI_EXPR_REGISTER || e->deref || !fits(e->offset) ||
		    (e->reg != arch->sp && e->reg != arch->fp))
			return false;
		*kind = e->reg == arch->sp ? UNWIND_AT_SP : UNWIND_AT_FP;
		*offset = (int32_t)e->offset;
		return true;
	default:
		*kind = UNWIND_AT_NOWHERE;
		return w->kind == AT_UNDEFINED;
	}
}

static bool give_cfa(const struct cfi_arch *arch, const struct rules *r,
		     struct image_unwind_rule *out)
{
	const struct cfi_expr *e = &r->cfa_expr;
	uint64_t reg = r->cfa_is_expr ? e->reg : r->cfa_reg;
	int64_t offset = r->cfa_is_expr ? e->offset : r->cfa_offset;

	if (r->cfa_is_expr && (e->kind != CFI_EXPR_REGISTER || !fits(e->add)))
		return false;
	if ((reg != arch->sp && reg != arch->fp) || !fits(offset))
		return false;
	out->cfa = reg == arch->sp ? UNWIND_CFA_SP : UNWIND_CFA_FP;
	out->cfa_offset = (int32_t)offset;
	if (r->cfa_is_expr && e->deref) {
		out->flags |= UNWIND_DEREF;
		out->cfa_add = (int32_t)e->add;
	}
	return true;
}

static struct image_unwind_rule give_rule(const struct reading *r)
{
	const struct cfi_arch *arch = r->s->arch;
	const struct image_unwind_rule none = {
		.cfa = UNWIND_CFA_NONE, .cfa_offset = UNWIND_NO_ROW,
	};
	struct image_unwind_rule out = { 0 };

	if (r->rules.ra.kind == AT_UNDEFINED)
		return (struct image_unwind_rule){ .cfa = UNWIND_CFA_END };
	out.flags = r->of->is_signal ? UNWIND_SIGNAL : 0;
	if (!give_cfa(arch, &r->rules, &out))
		return none;
	if (!give_where(arch, &r->rules.ra, &out.ra, &out.ra_offset))
		return none;
	if (out.ra == UNWIND_AT_REGISTER && !arch->ra_in_register)
		return none;
	/* Lost, the frame pointer may never be asked for. */
	if (!give_where(arch, &r->rules.fp, &out.fp, &out.fp_offset))
		out.fp = UNWIND_AT_NOWHERE;
	return out;
}

static void give_range(struct reading *r, uint64_t start, uint64_t end)
{
	struct cfi_range range = { start, end, { 0 } };

	if (r->stopped || start >= end)
		return;
	range.rule = give_rule(r);
	r->stopped = !r->fn(r->arg, &range);
}

/* The entries of a table of indirect calls, half by half. */
static void give_plt(struct reading *r, uint64_t start, uint64_t end)
{
	struct cfi_expr plt = r->rules.cfa_expr;
	uint64_t at = start, next;

	r->rules.cfa_expr = (struct cfi_expr){ .kind = CFI_EXPR_REGISTER, .reg = plt.reg };
	while (at < end && !r->stopped) {
		bool pushed = (at & 15) >= plt.threshold;

		next = (at & ~(uint64_t)15) + (pushed ? 16 : plt.threshold);
		r->rules.cfa_expr.offset = pushed ? 16 : 8;
		give_range(r, at, next < end ? next : end);
		at = next;
	}
	r->rules.cfa_expr = plt;
}

#define MAX_PLT_BYTES (1 << 20)

/* The rules as they are hold up to `pc`. */
static void advance(struct reading *r, uint64_t pc)
{
	if (pc < r->pc || pc > r->end)
		pc = r->end;
	if (r->rules.cfa_is_expr && r->rules.cfa_expr.kind == CFI_EXPR_PLT &&
	    pc - r->pc <= MAX_PLT_BYTES)
		give_plt(r, r->pc, pc);
	else
		give_range(r, r->pc, pc);
	r->pc = pc;
}

/* ---- instructions ---- */

static struct where *where_of(struct reading *r, uint64_t reg)
{
	if (reg == r->s->arch->fp)
		return &r->rules.fp;
	return reg == r->of->ra_reg ? &r->rules.ra : NULL;
}

static void set_where(struct reading *r, uint64_t reg, struct where w)
{
	struct where *to = where_of(r, reg);

	if (to)
		*to = w;
}

static void set_offset(struct reading *r, uint64_t reg, int64_t factored)
{
	int64_t offset;

	if (__builtin_mul_overflow(factored, r->of->data_align, &offset))
		set_where(r, reg, (struct where){ .kind = AT_OTHER });
	else
		set_where(r, reg, (struct where){ .kind = AT_CFA, .offset = offset });
}

static void restore(struct reading *r, uint64_t reg)
{
	struct where *to = where_of(r, reg);

	if (to)
		*to = reg == r->s->arch->fp ? r->of->initial.fp : r->of->initial.ra;
}

static void set_cfa(struct reading *r, uint64_t reg, int64_t offset)
{
	r->rules.cfa_is_expr = false;
	r->rules.cfa_reg = reg;
	r->rules.cfa_offset = offset;
}

static int64_t scaled(const struct reading *r, int64_t v)
{
	int64_t out;

	return __builtin_mul_overflow(v, r->of->data_align, &out) ? INT64_MAX : out;
}

static void remember(struct reading *r, struct cfi_bytes *b)
{
	if (r->nr_remembered == MAX_REMEMBERED)
		b->failed = true;
	else
		r->remembered[r->nr_remembered++] = r->rules;
}

static void recall(struct reading *r, struct cfi_bytes *b)
{
	if (!r->nr_remembered)
		b->failed = true;
	else
		r->rules = r->remembered[--r->nr_remembered];
}

enum { CFA_NOP = 0x00, CFA_SET_LOC = 0x01, CFA_ADVANCE_LOC1 = 0x02, CFA_ADVANCE_LOC2 = 0x03,
       CFA_ADVANCE_LOC4 = 0x04, CFA_OFFSET_EXTENDED = 0x05, CFA_RESTORE_EXTENDED = 0x06,
       CFA_UNDEFINED = 0x07, CFA_SAME_VALUE = 0x08, CFA_REGISTER = 0x09,
       CFA_REMEMBER_STATE = 0x0a, CFA_RESTORE_STATE = 0x0b, CFA_DEF_CFA = 0x0c,
       CFA_DEF_CFA_REGISTER = 0x0d, CFA_DEF_CFA_OFFSET = 0x0e, CFA_DEF_CFA_EXPRESSION = 0x0f,
       CFA_EXPRESSION = 0x10, CFA_OFFSET_EXTENDED_SF = 0x11, CFA_DEF_CFA_SF = 0x12,
       CFA_DEF_CFA_OFFSET_SF = 0x13, CFA_VAL_OFFSET = 0x14, CFA_VAL_OFFSET_SF = 0x15,
       CFA_VAL_EXPRESSION = 0x16, CFA_NEGATE_RA_STATE = 0x2d, CFA_GNU_ARGS_SIZE = 0x2e,
       CFA_GNU_NEGATIVE_OFFSET = 0x2f, CFA_ADVANCE_LOC = 0x40, CFA_OFFSET = 0x80,
       CFA_RESTORE = 0xc0 };

/* Those of one register or of the frame's address. */
static void set_rule(struct reading *r, uint8_t op, struct cfi_bytes *b)
{
	uint64_t reg = 0;

	if (op != CFA_DEF_CFA_OFFSET && op != CFA_DEF_CFA_OFFSET_SF && op != CFA_DEF_CFA_EXPRESSION)
		reg = cfi_uleb(b);
	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set_offset(r, reg, (int64_t)cfi_uleb(b));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_offset(r, reg, cfi_sleb(b));
		break;
	case CFA_GNU_NEGATIVE_OFFSET:
		set_offset(r, reg, (int64_t)(0 - cfi_uleb(b)));
		break;
	case CFA_RESTORE_EXTENDED:
		restore(r, reg);
		break;
	case CFA_UNDEFINED:
		set_where(r, reg, (struct where){ .kind = AT_UNDEFINED });
		break;
	case CFA_SAME_VALUE:
		set_where(r, reg, (struct where){ .kind = AT_SAME });
		break;
	case CFA_REGISTER: case CFA_VAL_OFFSET: case CFA_VAL_OFFSET_SF:
		(void)cfi_uleb(b);
		set_where(r, reg, (struct where){ .kind = AT_OTHER });
		break;
	case CFA_EXPRESSION:
		set_where(r, reg, (struct where){ .kind = AT_EXPR, .expr =
			  cfi_expr_read(r->s->arch, cfi_take(b, cfi_uleb(b))) });
		break;
	case CFA_VAL_EXPRESSION:
		(void)cfi_take(b, cfi_uleb(b));
		set_where(r, reg, (struct where){ .kind = AT_OTHER });
		break;
	case CFA_DEF_CFA:
		set_cfa(r, reg, (int64_t)cfi_uleb(b));
		break;
	case CFA_DEF_CFA_SF:
		set_cfa(r, reg, scaled(r, cfi_sleb(b)));
		break;
	case CFA_DEF_CFA_REGISTER:
		set_cfa(r, reg, r->rules.cfa_offset);
		break;
	case CFA_DEF_CFA_OFFSET:
		r->rules.cfa_offset = (int64_t)cfi_uleb(b);
		break;
	case CFA_DEF_CFA_OFFSET_SF:
		r->rules.cfa_offset = scaled(r, cfi_sleb(b));
		break;
	case CFA_DEF_CFA_EXPRESSION:
		r->rules.cfa_is_expr = true;
		r->rules.cfa_expr = cfi_expr_read(r->s->arch, cfi_take(b, cfi_uleb(b)));
		break;
	default:	/* unknown: what follows cannot be told apart */
		b->failed = true;
	}
}

static void advance_by(struct reading *r, uint64_t factored)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(factored, r->of->code_align, &bytes) || bytes > r->end - r->pc)
		bytes = r->end - r->pc;
	advance(r, r->pc + bytes);
}

static void step(struct reading *r, struct cfi_bytes *b)
{
	uint8_t op = (uint8_t)cfi_fixed(b, 1), low = op & 0x3f;

	switch (op & 0xc0) {
	case CFA_ADVANCE_LOC:
		advance_by(r, low);
		return;
	case CFA_OFFSET:
		set_offset(r, low, (int64_t)cfi_uleb(b));
		return;
	case CFA_RESTORE:
		restore(r, low);
		return;
	default:
		break;
	}
	switch (op) {
	case CFA_NOP: case CFA_NEGATE_RA_STATE:
		break;
	case CFA_SET_LOC:
		advance(r, read_pointer(r->s, b, r->of->fde_encoding, false));
		break;
	case CFA_ADVANCE_LOC1:
		advance_by(r, cfi_fixed(b, 1));
		break;
	case CFA_ADVANCE_LOC2:
		advance_by(r, cfi_fixed(b, 2));
		break;
	case CFA_ADVANCE_LOC4:
		advance_by(r, cfi_fixed(b, 4));
		break;
	case CFA_REMEMBER_STATE:
		remember(r, b);
		break;
	case CFA_RESTORE_STATE:
		recall(r, b);
		break;
	case CFA_GNU_ARGS_SIZE:
		(void)cfi_uleb(b);
		break;
	default:
		set_rule(r, op, b);
	}
}

static void walk(struct reading *r, struct cfi_bytes *b)
{
	while (!b->failed && !r->stopped && b->at < b->end)
		step(r, b);
}

/* ---- entries ---- */

/* Letters behind the "z" of an augmentation, each with its data. */
static void read_augmentation(const struct cfi_section *s, struct cie *c, const char *letters,
			      struct cfi_bytes data)
{
	for (; *letters && !data.failed; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			c->fde_encoding = (uint8_t)cfi_fixed(&data, 1);
			break;
		case 'L':
			(void)cfi_fixed(&data, 1);
			break;
		case 'P':
			encoding = (uint8_t)cfi_fixed(&data, 1);
			if (encoding != PE_OMIT)
				(void)read_pointer(s, &data, encoding & PE_FORMAT, true);
			break;
		case 'S':
			c->is_signal = true;
			break;
		case 'B': case 'G':
			break;
		default:
			return;
		}
	}
}

static const char *take_text(struct cfi_bytes *b)
{
	const uint8_t *nul = memchr(b->at, 0, (size_t)(b->end - b->at));
	const char *text = (const char *)b->at;

	if (!nul) {
		b->failed = true;
		return "";
	}
	b->at = nul + 1;
	return text;
}

/* `b`: behind the entry's number. */
static bool read_cie(struct reading *r, struct cie *c, struct cfi_bytes b)
{
	uint8_t version = (uint8_t)cfi_fixed(&b, 1);
	const char *augmentation = take_text(&b);

	if (version == 4 && cfi_fixed(&b, 1) != 8)
		return false;
	if (version == 4)
		(void)cfi_fixed(&b, 1);
	if (!strcmp(augmentation, "eh"))
		(void)cfi_fixed(&b, 8);
	c->code_align = cfi_uleb(&b);
	c->data_align = cfi_sleb(&b);
	c->ra_reg = version == 1 ? cfi_fixed(&b, 1) : cfi_uleb(&b);
	if (augmentation[0] == 'z') {
		c->has_augmentation_size = true;
		read_augmentation(r->s, c, augmentation + 1, cfi_take(&b, cfi_uleb(&b)));
	}
	if (b.failed || b.end - b.at > MAX_INITIAL_BYTES)
		return false;
	r->of = c;
	r->nr_remembered = 0;
	r->pc = r->end = 0;
	memset(&r->rules, 0, sizeof(r->rules));
	walk(r, &b);
	c->initial = r->rules;
	return !b.failed;
}

/* An entry's bytes from `at`: behind its length and number. */
struct entry {
	struct cfi_bytes body;
	const uint8_t *number_at;	/* where the number stands */
	uint64_t number;
	bool is_wide;
};

static bool read_entry(const struct cfi_section *s, struct cfi_bytes *b, struct entry *e)
{
	uint64_t size = cfi_fixed(b, 4);

	e->is_wide = size == 0xffffffff;
	if (e->is_wide)
		size = cfi_fixed(b, 8);
	if (!size)	/* the end, or a gap that a linker left */
		e->body = (struct cfi_bytes){ b->at, b->at, false };
	else
		e->body = cfi_take(b, size);
	if (b->failed)
		return false;
	e->number_at = e->body.at;
	e->number = size ? cfi_fixed(&e->body, e->is_wide && !s->is_eh ? 8 : 4) : 0;
	return true;
}

static bool is_cie(const struct cfi_section *s, const struct entry *e)
{
	if (s->is_eh)
		return !e->number;
	return e->number == (e->is_wide ? UINT64_MAX : UINT32_MAX);
}

static const struct cie *cie_of(struct reading *r, const struct entry *fde)
{
	const struct cfi_section *s = r->s;
	uint64_t offset = fde->number;
	struct cfi_bytes b = { .end = s->data + s->size };
	struct entry e;

	if (s->is_eh) {
		if (offset > (uint64_t)(fde->number_at - s->data))
			return NULL;
		offset = (uint64_t)(fde->number_at - s->data) - offset;
	}
	if (offset >= s->size)
		return NULL;
	b.at = s->data + offset;
	if (r->cie.at == b.at)
		return &r->cie;
	r->cie = (struct cie){ .at = NULL };
	if (!read_entry(s, &b, &e) || !is_cie(s, &e) || !read_cie(r, &r->cie, e.body))
		return NULL;
	r->cie.at = s->data + offset;
	return &r->cie;
}

static void read_fde(struct reading *r, struct entry *e)
{
	const struct cie *c = cie_of(r, e);
	uint64_t size;

	if (!c)
		return;
	r->of = c;
	r->pc = read_pointer(r->s, &e->body, c->fde_encoding, false);
	size = read_pointer(r->s, &e->body, c->fde_encoding, true);
	if (c->has_augmentation_size)
		(void)cfi_take(&e->body, cfi_uleb(&e->body));
	if (e->body.failed || !r->pc || size > MAX_ENTRY_BYTES || size > UINT64_MAX - r->pc)
		return;
	r->end = r->pc + size;
	r->rules = c->initial;
	r->nr_remembered = 0;
	walk(r, &e->body);
	/* Behind what is not understood nothing is known. */
	if (!e->body.failed)
		advance(r, r->end);
}

void cfi_read(const struct cfi_section *s, cfi_range_fn fn, void *arg)
{
	struct reading r = { .s = s, .fn = fn, .arg = arg };
	struct cfi_bytes b = { s->data, s->data + s->size, false };
	struct entry e;

	while (!r.stopped && b.at < b.end && read_entry(s, &b, &e))
		if (e.body.end > e.number_at && !is_cie(s, &e))
			read_fde(&r, &e);
}
