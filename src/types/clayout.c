/*
 * Layout of structs and unions as the C ABI of Linux machines has it.
 *
 * In: fields with their types and attributes. Out: where each lies, in bits,
 * and the size and alignment of the whole.
 */
#include "types/cdefs_impl.h"

struct layout {
	const struct cattrs *attrs;
	uint32_t pack;
	bool is_union;
	uint64_t at_bits, end_bits;	/* the next field; the largest end so far */
	uint32_t align_bytes;
};

static uint64_t round_up(uint64_t at, uint64_t to)
{
	return to > 1 ? (at + to - 1) / to * to : at;
}

static void raise_align(struct layout *l, uint32_t align_bytes)
{
	if (align_bytes > l->align_bytes)
		l->align_bytes = align_bytes;
}

/* What a field's place is a multiple of, in bytes. */
static uint32_t field_align(const struct layout *l, const struct cfield *f)
{
	bool is_packed = l->attrs->is_packed || f->attrs.is_packed;
	uint32_t align = is_packed ? 1 : f->type->align_bytes;

	if (f->attrs.align_bytes > align)
		align = f->attrs.align_bytes;
	return l->pack && align > l->pack ? l->pack : align;
}

/* Bits go on where the last ones ended, unless the field would then span more
 * units of its type than one. A width of 0 closes the unit. */
static void place_bitfield(struct layout *l, struct cfield *f)
{
	bool is_packed = l->attrs->is_packed || f->attrs.is_packed;
	uint64_t unit = f->type->align_bytes * 8ull, size = f->type->size_bytes * 8ull;

	if (f->attrs.align_bytes)
		l->at_bits = round_up(l->at_bits, f->attrs.align_bytes * 8ull);
	if (!f->bits)
		l->at_bits = round_up(l->at_bits, unit);
	else if (!is_packed && !l->pack &&
		 (l->at_bits % unit + f->bits + unit - 1) / unit > size / unit)
		l->at_bits = round_up(l->at_bits, unit);
	if (f->name)
		raise_align(l, field_align(l, f));
	f->at_bits = l->at_bits;
	l->at_bits += f->bits;
}

static void place_plain(struct layout *l, struct cfield *f)
{
	uint32_t align = field_align(l, f);

	raise_align(l, align);
	l->at_bits = round_up(l->at_bits, align * 8ull);
	f->at_bits = l->at_bits;
	l->at_bits += f->type->size_bytes * 8ull;
}

bool clayout_record(struct ctag *tag, const struct cattrs *attrs, uint32_t pack)
{
	struct layout l = {
		.attrs = attrs, .pack = pack, .is_union = tag->keyword == KBTF_UNION_NAME,
		.align_bytes = 1,
	};
	struct cfield *f;

	vec_each(f, &tag->fields) {
		if (l.is_union)
			l.at_bits = 0;
		if (f->is_bitfield)
			place_bitfield(&l, f);
		else
			place_plain(&l, f);
		if (l.at_bits > l.end_bits)
			l.end_bits = l.at_bits;
		if (l.end_bits > CTYPE_BYTES_MAX * 8ull)
			return false;
	}
	raise_align(&l, attrs->align_bytes);
	tag->type->align_bytes = l.align_bytes;
	tag->type->size_bytes = (uint32_t)round_up((l.end_bits + 7) / 8, l.align_bytes);
	tag->type->is_sized = true;
	return true;
}
