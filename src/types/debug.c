/*
 * Functions and names in DWARF.
 *
 * In: an address or a name. Out: what the function there takes, or the type of
 * that name. Names are indexed once, when the first is asked for. Units whose
 * body was split off into a file that is not found have no functions and types.
 */
#include "types/debug_impl.h"

#include <errno.h>
#include <string.h>

#define MAX_SCOPES	32
#define MAX_PARAMS	64

struct debug_file *debug_file_new(struct types *types, struct Dwarf *dwarf)
{
	struct debug_file *f = arena_new(types->arena, struct debug_file);

	f->types = types;
	f->dwarf = dwarf;
	hmap_init(&f->made, types->arena);
	hmap_init(&f->by_name, types->arena);
	return f;
}

/* ---- units ---- */

static const char *split_name(Dwarf_Die *die)
{
	static const unsigned names[] = { DW_AT_dwo_name, DW_AT_GNU_dwo_name };
	Dwarf_Attribute attr;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (dwarf_attr(die, names[i], &attr))
			return dwarf_formstring(&attr);
	return NULL;
}

bool debug_next_unit(struct debug_file *f, struct debug_units *u)
{
	Dwarf_Die split = { 0 };
	uint8_t unit_type;
	Dwarf_Half version;
	const char *name;

	if (dwarf_get_units(f->dwarf, u->cu, &u->cu, &version, &unit_type, &u->die, &split))
		return false;
	u->body = split.addr ? split : u->die;
	name = split.addr ? NULL : split_name(&u->die);
	u->has_body = !name;
	if (name && !f->missing)
		f->missing = arena_strdup(f->types->arena, name);
	return true;
}

bool debug_is_scope(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type || tag == DW_TAG_module;
}

/* ---- functions ---- */

static bool find_in_scope(Dwarf_Die *scope, uint64_t address, int depth, Dwarf_Die *out)
{
	Dwarf_Die child;
	Dwarf_Addr low;

	if (depth > MAX_SCOPES || dwarf_child(scope, &child))
		return false;
	do {
		if (dwarf_tag(&child) == DW_TAG_subprogram && !dwarf_entrypc(&child, &low) &&
		    low == address) {
			*out = child;
			return true;
		}
		if (debug_is_scope(&child) && find_in_scope(&child, address, depth + 1, out))
			return true;
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

/* The unit by the file's own table of ranges, or else one by one. */
static int find_function(struct debug_file *f, uint64_t address, Dwarf_Die *out,
			 const char **missing)
{
	struct debug_units u = { 0 };

	while (debug_next_unit(f, &u)) {
		if (dwarf_haspc(&u.die, address) != 1 && dwarf_haspc(&u.body, address) != 1)
			continue;
		if (!u.has_body) {
			*missing = split_name(&u.die);
			return -ENODATA;
		}
		if (find_in_scope(&u.body, address, 0, out))
			return 0;
	}
	return -ENOENT;
}

static bool is_passed_by_reference(Dwarf_Die *die, int depth);

/* A destructor, or a constructor from another one of the class, that was written. */
static bool is_special(Dwarf_Die *child, const char *class_name)
{
	const char *name = dwarf_diename(child);
	Dwarf_Die param, type;
	Dwarf_Attribute attr;
	int tag;

	if (dwarf_tag(child) != DW_TAG_subprogram || !name ||
	    dwarf_hasattr(child, DW_AT_artificial) || dwarf_hasattr(child, DW_AT_defaulted))
		return false;
	if (*name == '~')
		return true;
	/* this, then a reference to the class itself */
	if (!class_name || strcmp(name, class_name) != 0 || dwarf_child(child, &param) ||
	    dwarf_siblingof(&param, &param) || !dwarf_attr(&param, DW_AT_type, &attr) ||
	    !dwarf_formref_die(&attr, &type))
		return false;
	tag = dwarf_tag(&type);
	if ((tag != DW_TAG_reference_type && tag != DW_TAG_rvalue_reference_type) ||
	    !dwarf_attr(&type, DW_AT_type, &attr) || !dwarf_formref_die(&attr, &type) ||
	    !debug_peel(&type))
		return false;
	name = dwarf_diename(&type);
	return name && !strcmp(name, class_name);
}

/* A member or base class of such a class? */
static bool contains_special(Dwarf_Die *child, int depth)
{
	int tag = dwarf_tag(child);
	Dwarf_Attribute attr;
	Dwarf_Die type;

	return (tag == DW_TAG_member || tag == DW_TAG_inheritance) && depth < MAX_SCOPES &&
	       dwarf_attr(child, DW_AT_type, &attr) && dwarf_formref_die(&attr, &type) &&
	       debug_peel(&type) && is_passed_by_reference(&type, depth + 1);
}

/* Classes that cannot be copied byte by byte are passed by their address. Not
 * every compiler says so. */
static bool is_passed_by_reference(Dwarf_Die *die, int depth)
{
	const char *name = dwarf_diename(die);
	Dwarf_Attribute attr;
	Dwarf_Word convention;
	Dwarf_Die child;

	if (dwarf_attr(die, DW_AT_calling_convention, &attr) &&
	    !dwarf_formudata(&attr, &convention))
		return convention == DW_CC_pass_by_reference;
	if ((dwarf_tag(die) != DW_TAG_structure_type && dwarf_tag(die) != DW_TAG_class_type) ||
	    dwarf_child(die, &child))
		return false;
	do
		if (is_special(&child, name) || contains_special(&child, depth))
			return true;
	while (!dwarf_siblingof(&child, &child));
	return false;
}

static bool is_aggregate(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool returns_in_memory(Dwarf_Die *function)
{
	Dwarf_Attribute attr;
	Dwarf_Die die;
	Dwarf_Word size;

	if (!dwarf_attr_integrate(function, DW_AT_type, &attr) ||
	    !dwarf_formref_die(&attr, &die) || !debug_peel(&die) || !is_aggregate(&die))
		return false;
	return is_passed_by_reference(&die, 0) || (!dwarf_aggregate_size(&die, &size) && size > 16);
}

/* The System V and arm64 conventions, as far as registers for integers go. */
static enum debug_class class_of_base(Dwarf_Die *die, uint64_t size)
{
	Dwarf_Attribute attr;
	Dwarf_Word encoding = 0;

	if (dwarf_attr(die, DW_AT_encoding, &attr))
		dwarf_formudata(&attr, &encoding);
	if (encoding == DW_ATE_float || encoding == DW_ATE_complex_float ||
	    encoding == DW_ATE_decimal_float)
		return DEBUG_ELSEWHERE;
	return size > 8 ? DEBUG_TWO_REGISTERS : DEBUG_INTEGER;
}

/* Only floating-point numbers in what lies between these bytes? What is of no type
 * that we know is one of them. */
static bool is_all_float(struct debug_file *f, const struct type *t, uint32_t from, uint32_t to)
{
	size_t count;
	const struct type_field *fields;
	bool has_any = false;

	if (t->kind != TYPE_STRUCT)
		return t->kind == TYPE_ERROR;
	fields = type_struct_fields(f->types, t->structure, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t at = fields[i].offset_bytes, size = fields[i].type->size_bytes;

		if (at >= to || at + (size ? size : 1) <= from)
			continue;
		if (!is_all_float(f, fields[i].type, at < from ? from - at : 0, to - at))
			return false;
		has_any = true;
	}
	return has_any;
}

static enum debug_class class_of_aggregate(struct debug_file *f, Dwarf_Die *die, uint64_t size,
					   struct debug_param *p)
{
	if (is_passed_by_reference(die, 0)) {
		p->type = type_pointer(f->types, p->type, SPACE_NONE, false);
		return DEBUG_INTEGER;
	}
	if (size > 16 || is_all_float(f, p->type, 0, (uint32_t)size))
		return DEBUG_ELSEWHERE;
	if (size <= 8)
		return DEBUG_INTEGER;
	return is_all_float(f, p->type, 0, 8) || is_all_float(f, p->type, 8, (uint32_t)size)
	       ? DEBUG_HALF_FLOAT : DEBUG_TWO_REGISTERS;
}

static enum debug_class class_of(struct debug_file *f, Dwarf_Die *param, struct debug_param *p)
{
	Dwarf_Attribute attr;
	Dwarf_Word size;
	Dwarf_Die die;

	if (!dwarf_attr_integrate(param, DW_AT_type, &attr) || !dwarf_formref_die(&attr, &die) ||
	    !debug_peel(&die))
		return DEBUG_ELSEWHERE;
	if (dwarf_aggregate_size(&die, &size))
		size = 8;
	if (dwarf_tag(&die) == DW_TAG_base_type)
		return class_of_base(&die, size);
	return is_aggregate(&die) ? class_of_aggregate(f, &die, size, p) : DEBUG_INTEGER;
}

static void take_params(struct debug_file *f, Dwarf_Die *function, struct debug_function *out)
{
	struct debug_param *params = arena_array(f->types->arena, struct debug_param, MAX_PARAMS);
	Dwarf_Die child;

	out->params = params;
	out->nr_params = 0;
	out->returns_in_memory = returns_in_memory(function);
	if (dwarf_child(function, &child))
		return;
	do {
		struct debug_param *p = &params[out->nr_params];
		Dwarf_Attribute attr;
		const char *name = NULL;

		if (dwarf_tag(&child) != DW_TAG_formal_parameter)
			continue;
		if (dwarf_attr_integrate(&child, DW_AT_name, &attr))
			name = dwarf_formstring(&attr);
		p->name = name_of(f->types->names, name ? name : "");
		p->type = debug_type_of(f, &child);
		p->text = debug_type_text(f, &child);
		p->class = class_of(f, &child, p);
		out->nr_params++;
	} while (out->nr_params < MAX_PARAMS && !dwarf_siblingof(&child, &child));
}

int debug_function_at(struct debug_file *f, uint64_t address, struct debug_function *out,
		      const char **missing)
{
	Dwarf_Die function;
	int err = find_function(f, address, &function, missing);

	if (!err)
		take_params(f, &function, out);
	return err;
}

/* ---- names ---- */

static char name_group(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
		return 's';
	case DW_TAG_union_type:
		return 'u';
	case DW_TAG_enumeration_type:
		return 'e';
	case DW_TAG_typedef:
	case DW_TAG_base_type:
		return 't';
	default:
		return 0;
	}
}

static void index_die(struct debug_file *f, Dwarf_Die *die, const char *scope)
{
	const char *name = dwarf_diename(die);
	char group = name_group(dwarf_tag(die));
	Dwarf_Die *copy = NULL;

	if (!group || !name || dwarf_hasattr(die, DW_AT_declaration))
		return;
	/* The full name, and the last part of it. */
	for (int full = 0; full < 1 + (*scope != 0); full++) {
		const char *key = arena_printf(f->types->arena, "%c %s%s", group, full ? scope : "",
					       name);

		if (hmap_find(&f->by_name, key, strlen(key)))
			continue;
		if (!copy) {
			copy = arena_new(f->types->arena, Dwarf_Die);
			*copy = *die;
		}
		hmap_set(&f->by_name, key, strlen(key), copy);
	}
}

static const char *inner_prefix(struct debug_file *f, const char *prefix, const char *name)
{
	return name ? arena_printf(f->types->arena, "%s%s::", prefix, name) : prefix;
}

static void index_scope(struct debug_file *f, Dwarf_Die *scope, const char *prefix, int depth)
{
	Dwarf_Die child;

	if (depth > MAX_SCOPES || dwarf_child(scope, &child))
		return;
	do {
		const char *name = dwarf_diename(&child);

		index_die(f, &child, prefix);
		if (debug_is_scope(&child))
			index_scope(f, &child, inner_prefix(f, prefix, name), depth + 1);
	} while (!dwarf_siblingof(&child, &child));
}

static void index_names(struct debug_file *f)
{
	struct debug_units u = { 0 };

	if (f->has_names)
		return;
	f->has_names = true;
	while (debug_next_unit(f, &u))
		if (u.has_body)
			index_scope(f, &u.body, "", 0);
}

const struct type *debug_type_by_name(struct debug_file *f, enum kbtf_keyword keyword,
				      const char *name)
{
	/* A class of C++ is named without a keyword. */
	static const char *const groups[] = {
		[KBTF_ANY_NAME] = "tsue", [KBTF_STRUCT_NAME] = "s", [KBTF_UNION_NAME] = "u",
		[KBTF_ENUM_NAME] = "e",
	};

	index_names(f);
	for (const char *g = groups[keyword]; *g; g++) {
		const char *key = arena_printf(f->types->arena, "%c %s", *g, name);
		Dwarf_Die *die = hmap_find(&f->by_name, key, strlen(key)), copy;

		if (!die)
			continue;
		copy = *die;
		return debug_type(f, &copy);
	}
	return NULL;
}
