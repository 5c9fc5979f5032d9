/*
 * Types of DWARF as types of the language.
 *
 * In: an entry of the debug information. Out: the interned type that values
 * and members of it have. Structs and classes come without their members, which
 * are read when first asked for; a base class is an anonymous member.
 */
#include "types/debug_impl.h"

#include <string.h>

#define MAX_CHAIN	32	/* typedefs and qualifiers in a row */
#define MAX_NESTING	16	/* pointers and arrays within each other */
#define MAX_MEMBERS	65536

static const struct type *convert(struct debug_file *f, Dwarf_Die *die, int nesting);

/* The entry that DW_AT_type names. */
static bool type_die(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, out);
}

static bool is_qualifier(int tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type ||
	       tag == DW_TAG_immutable_type || tag == DW_TAG_packed_type;
}

/* What is told here of a type may be no more than in which unit it is. */
static void follow_signature(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;

	if (dwarf_attr(die, DW_AT_signature, &attr) && dwarf_formref_die(&attr, &type))
		*die = type;
}

bool debug_peel(Dwarf_Die *die)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		Dwarf_Die next;

		if (!is_qualifier(dwarf_tag(die))) {
			follow_signature(die);
			return true;
		}
		if (!type_die(die, &next))
			return false;
		*die = next;
	}
	return false;
}

static const struct type *convert_type_of(struct debug_file *f, Dwarf_Die *die, int nesting)
{
	Dwarf_Die target;

	if (!type_die(die, &target))
		return f->types->void_;
	return convert(f, &target, nesting);
}

static bool unsigned_attr(Dwarf_Die *die, unsigned name, uint64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr_integrate(die, name, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*value = word;
	return true;
}

static uint64_t byte_size(Dwarf_Die *die)
{
	uint64_t size = 0;

	return unsigned_attr(die, DW_AT_byte_size, &size) && size < UINT32_MAX ? size : 0;
}

static bool is_integer_size(uint64_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* ---- plain types ---- */

static const struct {
	uint8_t encoding;
	bool is_integer, is_signed;
} encodings[] = {
	{ DW_ATE_signed, true, true }, { DW_ATE_signed_char, true, true },
	{ DW_ATE_unsigned, true, false }, { DW_ATE_unsigned_char, true, false },
	{ DW_ATE_boolean, true, false }, { DW_ATE_UTF, true, false },
	{ DW_ATE_address, true, false }, { DW_ATE_ASCII, true, false },
};

static const struct type *convert_base(struct debug_file *f, Dwarf_Die *die)
{
	uint64_t encoding = 0, size = byte_size(die);

	unsigned_attr(die, DW_AT_encoding, &encoding);
	if (!is_integer_size(size))
		return f->types->error;
	if (encoding == DW_ATE_boolean && size == 1)
		return f->types->bool_;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		if (encodings[i].encoding == encoding)
			return type_int(f->types, (unsigned)size, encodings[i].is_signed);
	return f->types->error;
}

/* Functions, floats and the like are reached as void. */
static const struct type *convert_pointer(struct debug_file *f, Dwarf_Die *die, int nesting)
{
	const struct type *target = convert_type_of(f, die, nesting + 1);

	if (target->kind == TYPE_ERROR)
		target = f->types->void_;
	return type_pointer(f->types, target, SPACE_NONE, false);
}

/* Elements of one dimension; 0: as many as there are. */
static uint64_t dimension(Dwarf_Die *range)
{
	uint64_t n = 0;

	if (unsigned_attr(range, DW_AT_count, &n))
		return n;
	return unsigned_attr(range, DW_AT_upper_bound, &n) ? n + 1 : 0;
}

/* Of the dimensions from this one on. Arrays of bytes are text, as in BTF. */
static const struct type *convert_range(struct debug_file *f, Dwarf_Die *range,
					const struct type *element, int nesting)
{
	uint64_t count = dimension(range);
	Dwarf_Die next = *range;
	int err;

	while (!(err = dwarf_siblingof(&next, &next)) && dwarf_tag(&next) != DW_TAG_subrange_type)
		;
	if (!err && nesting < MAX_NESTING)
		element = convert_range(f, &next, element, nesting + 1);
	if (element->kind == TYPE_ERROR || element->kind == TYPE_VOID || count > UINT32_MAX / 8 ||
	    (uint64_t)element->size_bytes * count > UINT32_MAX / 8)
		return f->types->error;
	if (element->kind == TYPE_INT && element->size_bytes == 1 && count)
		return type_chars(f->types, (uint32_t)count, false);
	return type_array(f->types, element, (uint32_t)count, SPACE_NONE);
}

static const struct type *convert_array(struct debug_file *f, Dwarf_Die *die, int nesting)
{
	const struct type *element = convert_type_of(f, die, nesting + 1);
	Dwarf_Die child;

	if (dwarf_child(die, &child))
		return f->types->error;
	while (dwarf_tag(&child) != DW_TAG_subrange_type)
		if (dwarf_siblingof(&child, &child))
			return f->types->error;
	return convert_range(f, &child, element, nesting);
}

/* ---- enumerations ---- */

static size_t count_children(Dwarf_Die *die)
{
	Dwarf_Die child;
	size_t n = 0;

	if (dwarf_child(die, &child))
		return 0;
	do
		n++;
	while (n < MAX_MEMBERS && !dwarf_siblingof(&child, &child));
	return n;
}

static const char *optional_name(struct debug_file *f, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name && *name ? name_of(f->types->names, name) : NULL;
}

static void load_enumerators(struct debug_file *f, Dwarf_Die *die, struct type_enum *e)
{
	size_t n = count_children(die);
	struct type_enumerator *items = arena_array(f->types->arena, struct type_enumerator, n + 1);
	Dwarf_Die child;

	e->items = items;
	if (!n || dwarf_child(die, &child))
		return;
	do {
		Dwarf_Attribute attr;
		Dwarf_Sword value;
		const char *name = optional_name(f, &child);

		if (dwarf_tag(&child) != DW_TAG_enumerator || !name ||
		    !dwarf_attr(&child, DW_AT_const_value, &attr) || dwarf_formsdata(&attr, &value))
			continue;
		items[e->nr_items].name = name;
		items[e->nr_items++].value = (uint64_t)value;
		e->is_signed |= value < 0;
	} while (e->nr_items < n && !dwarf_siblingof(&child, &child));
}

static const struct type *convert_enum(struct debug_file *f, Dwarf_Die *die)
{
	struct type_enum *e = pmap_find(&f->made, die->addr);
	uint64_t size = byte_size(die);

	if (!is_integer_size(size))
		return f->types->error;
	if (!e) {
		e = arena_new(f->types->arena, struct type_enum);
		e->name = optional_name(f, die);
		load_enumerators(f, die, e);
		pmap_set(&f->made, die->addr, e);
	}
	return type_enum(f->types, e, (unsigned)size);
}

/* ---- structs ---- */

/* A struct's entry, until its members are asked for. */
struct struct_origin {
	struct debug_file *file;
	Dwarf_Die die;
};

static bool is_big_endian(Dwarf_Die *die)
{
	GElf_Ehdr header;
	Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(die->cu));

	return elf && gelf_getehdr(elf, &header) && header.e_ident[EI_DATA] == ELFDATA2MSB;
}

/* Bits from the begin of the struct, of both ways to tell. */
static bool bitfield_place(Dwarf_Die *die, const struct type_field *field, uint32_t *at,
			   uint32_t *bits)
{
	uint64_t size, offset, unit = field->type->size_bytes;

	if (!unsigned_attr(die, DW_AT_bit_size, &size) || !size || size > 64)
		return false;
	*bits = (uint32_t)size;
	if (unsigned_attr(die, DW_AT_data_bit_offset, &offset)) {
		*at = (uint32_t)offset;
		return true;
	}
	/* DWARF 3: counted from the unit's most significant bit, which is the first where
	 * the highest byte is */
	if (!unsigned_attr(die, DW_AT_bit_offset, &offset))
		offset = unit * 8 - size;
	if (byte_size(die))
		unit = byte_size(die);
	*at = field->offset_bytes * 8 +
	      (uint32_t)(is_big_endian(die) ? offset : unit * 8 - offset - size);
	return true;
}

static bool load_member(struct debug_file *f, Dwarf_Die *die, struct type_field *field,
			uint32_t struct_bytes)
{
	int tag = dwarf_tag(die);
	uint64_t offset = 0;
	uint32_t at, bits;

	if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) ||
	    dwarf_hasattr(die, DW_AT_external) || dwarf_hasattr(die, DW_AT_declaration))
		return false;
	unsigned_attr(die, DW_AT_data_member_location, &offset);
	memset(field, 0, sizeof(*field));
	field->type = convert_type_of(f, die, 0);
	if (field->type->kind == TYPE_VOID)
		field->type = f->types->error;
	if (offset > struct_bytes)
		return false;
	field->offset_bytes = (uint32_t)offset;
	if (bitfield_place(die, field, &at, &bits))
		type_field_place_bits(f->types, field, at, bits, struct_bytes);
	field->name = tag == DW_TAG_member ? optional_name(f, die) : NULL;
	field->is_anonymous = !field->name && field->type->kind == TYPE_STRUCT;
	return true;
}

static void load_struct(struct types *t, struct type_struct *s, void *arg)
{
	struct struct_origin *o = arg;
	size_t n = count_children(&o->die), count = 0;
	struct type_field *fields = arena_array(t->arena, struct type_field, n + 1);
	Dwarf_Die child;

	if (n && !dwarf_child(&o->die, &child))
		do
			count += load_member(o->file, &child, &fields[count], s->size_bytes);
		while (count < n && !dwarf_siblingof(&child, &child));
	s->fields = fields;
	s->nr_fields = count;
}

/* What is only declared here may be defined in another unit. */
static void find_definition(struct debug_file *f, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	const struct type *t;

	if (!dwarf_hasattr(die, DW_AT_declaration) || !name)
		return;
	t = debug_type_by_name(f, dwarf_tag(die) == DW_TAG_union_type ? KBTF_UNION_NAME
								       : KBTF_STRUCT_NAME, name);
	if (t && t->kind == TYPE_STRUCT)
		*die = ((struct struct_origin *)t->structure->load_arg)->die;
}

static const struct type *convert_struct(struct debug_file *f, Dwarf_Die *die)
{
	struct struct_origin *o;
	struct type_struct *s;

	find_definition(f, die);
	s = pmap_find(&f->made, die->addr);
	if (s)
		return type_structure(f->types, s, SPACE_NONE, false);
	o = arena_new(f->types->arena, struct struct_origin);
	o->file = f;
	o->die = *die;
	s = arena_new(f->types->arena, struct type_struct);
	s->name = optional_name(f, die);
	s->is_union = dwarf_tag(die) == DW_TAG_union_type;
	s->size_bytes = (uint32_t)byte_size(die);
	s->load = load_struct;
	s->load_arg = o;
	pmap_set(&f->made, die->addr, s);
	return type_structure(f->types, s, SPACE_NONE, false);
}

/* ---- all of them ---- */

static const struct type *convert(struct debug_file *f, Dwarf_Die *from, int nesting)
{
	Dwarf_Die die = *from;

	if (nesting > MAX_NESTING)
		return f->types->error;
	if (!debug_peel(&die))
		return f->types->void_;
	switch (dwarf_tag(&die)) {
	case DW_TAG_base_type:
		return convert_base(f, &die);
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return convert_pointer(f, &die, nesting);
	case DW_TAG_array_type:
		return convert_array(f, &die, nesting);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return convert_struct(f, &die);
	case DW_TAG_enumeration_type:
		return convert_enum(f, &die);
	case DW_TAG_unspecified_type:
		return f->types->void_;
	default:
		return f->types->error;
	}
}

const struct type *debug_type_of(struct debug_file *f, Dwarf_Die *die)
{
	return convert_type_of(f, die, 0);
}

const struct type *debug_type(struct debug_file *f, Dwarf_Die *die)
{
	return convert(f, die, 0);
}

/* ---- as text ---- */

static const struct {
	int tag;
	const char *before, *behind;
} spellings[] = {
	{ DW_TAG_pointer_type, "", "*" }, { DW_TAG_reference_type, "", "&" },
	{ DW_TAG_rvalue_reference_type, "", "&&" }, { DW_TAG_const_type, "const ", "" },
	{ DW_TAG_volatile_type, "volatile ", "" }, { DW_TAG_restrict_type, "", "" },
	{ DW_TAG_array_type, "", "[]" }, { DW_TAG_structure_type, "struct ", "" },
	{ DW_TAG_union_type, "union ", "" }, { DW_TAG_enumeration_type, "enum ", "" },
	{ DW_TAG_class_type, "class ", "" },
};

static bool is_aggregate_tag(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
	       tag == DW_TAG_enumeration_type || tag == DW_TAG_class_type;
}

static const char *type_text(struct debug_file *f, Dwarf_Die *die, int nesting)
{
	const char *name = dwarf_diename(die), *inner;
	int tag = dwarf_tag(die);
	Dwarf_Die target;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		if (spellings[i].tag != tag)
			continue;
		if (name || nesting > MAX_NESTING)
			return arena_printf(f->types->arena, "%s%s", spellings[i].before,
					    name ? name : "...");
		if (is_aggregate_tag(tag))	/* without a name */
			return arena_printf(f->types->arena, "%s{...}", spellings[i].before);
		inner = type_die(die, &target) ? type_text(f, &target, nesting + 1) : "void";
		/* A parameter that is a constant pointer is not one to constants. */
		if (is_qualifier(tag) && inner[strlen(inner) - 1] == '*')
			return inner;
		return arena_printf(f->types->arena, "%s%s%s", spellings[i].before, inner,
				    spellings[i].behind);
	}
	return name ? arena_strdup(f->types->arena, name) : "?";
}

const char *debug_type_text(struct debug_file *f, Dwarf_Die *die)
{
	Dwarf_Die target;

	return type_die(die, &target) ? type_text(f, &target, 0) : "void";
}
