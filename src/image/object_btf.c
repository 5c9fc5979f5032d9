/*
 * The BTF of an object: the image's own, to which maps and sections are added, and
 * .BTF.ext, which says where in which section functions and lines begin.
 *
 * A map is a variable in .maps whose type is a struct. Numbers stand there as the
 * length of an array that a member points to: that is how libbpf reads them.
 */
#include "image/object_impl.h"

#include <errno.h>
#include <string.h>

#define POINTER_BYTES 8

static int note(struct object *o, int id)
{
	if (id < 0 && !o->err)
		o->err = id;
	return id;
}

void object_btf_open(struct object *o)
{
	const struct image *image = o->image;

	o->btf = image->btf ? btf__new(image->btf, image->btf_size) : btf__new_empty();
	if (!o->btf)
		note(o, errno ? -errno : -ENOMEM);
}

static int int_type(struct object *o)
{
	if (!o->int_id)
		o->int_id = note(o, btf__add_int(o->btf, "int", 4, BTF_INT_SIGNED));
	return o->int_id;
}

static int bytes_type(struct object *o, uint32_t size)
{
	if (!o->byte_id)
		o->byte_id = note(o, btf__add_int(o->btf, "unsigned char", 1, 0));
	return note(o, btf__add_array(o->btf, int_type(o), o->byte_id, size));
}

/* int (*)[number] */
static int number_type(struct object *o, uint32_t number)
{
	int array = note(o, btf__add_array(o->btf, int_type(o), int_type(o), number));

	return note(o, btf__add_ptr(o->btf, array));
}

struct member {
	const char *name;
	int type;
};

/* A definition; members without a type are left out. The last one may be `values`, which
 * has no room of its own. Returns the struct's type, and its size. */
static int add_struct(struct object *o, const struct member *members, size_t n, uint32_t *size)
{
	uint32_t at = 0;
	int id;

	for (size_t i = 0; i + 1 < n; i++)
		at += members[i].type ? POINTER_BYTES : 0;
	*size = at;
	id = note(o, btf__add_struct(o->btf, NULL, at));
	at = 0;
	for (size_t i = 0; i < n; i++) {
		if (!members[i].type)
			continue;
		note(o, btf__add_field(o->btf, members[i].name, members[i].type, at * 8, 0));
		at += POINTER_BYTES;
	}
	return id;
}

static int map_struct(struct object *o, const struct image_map *map, int values, uint32_t *size)
{
	int key = (int)map->btf_key_type_id, value = (int)map->btf_value_type_id;
	uint32_t entries = map->role == IMAGE_MAP_RING && !map->max_entries ? o->ring_bytes
			   : map->max_entries;
	const struct member members[] = {
		{ "type", number_type(o, map->type) },
		{ "key", key ? note(o, btf__add_ptr(o->btf, key)) : 0 },
		{ "value", value ? note(o, btf__add_ptr(o->btf, value)) : 0 },
		{ "key_size", map->key_size && !key ? number_type(o, map->key_size) : 0 },
		{ "value_size", map->value_size && !value && !values ?
				number_type(o, map->value_size) : 0 },
		{ "max_entries", entries ? number_type(o, entries) : 0 },
		{ "map_flags", map->flags ? number_type(o, map->flags) : 0 },
		{ "values", values },
	};

	return add_struct(o, members, sizeof(members) / sizeof(members[0]), size);
}

/* Of a map of maps: an array, as long as it likes, of pointers to such a map as it holds. */
static int inner_maps(struct object *o)
{
	const struct image_map inner = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
					 .value_size = IMAGE_UNWIND_CHUNK_BYTES, .max_entries = 1 };
	uint32_t size;
	int type = map_struct(o, &inner, 0, &size);

	type = note(o, btf__add_ptr(o->btf, type));
	return note(o, btf__add_array(o->btf, int_type(o), type, 0));
}

struct object_var object_btf_map(struct object *o, const struct image_map *map, const char *name)
{
	bool of_maps = map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
		       map->type == BPF_MAP_TYPE_HASH_OF_MAPS;
	struct object_var var = { 0 };
	int type = map_struct(o, map, of_maps ? inner_maps(o) : 0, &var.size);

	var.id = note(o, btf__add_var(o->btf, name, BTF_VAR_GLOBAL_ALLOCATED, type));
	return var;
}

struct object_var object_btf_bytes(struct object *o, const char *name, uint32_t size)
{
	int type = bytes_type(o, size);

	return (struct object_var){
		.id = note(o, btf__add_var(o->btf, name, BTF_VAR_GLOBAL_ALLOCATED, type)),
		.size = size,
	};
}

void object_btf_section(struct object *o, const char *name, const struct object_var *vars,
			size_t nr_vars, uint32_t size)
{
	note(o, btf__add_datasec(o->btf, name, size));
	for (size_t i = 0; i < nr_vars; i++)
		note(o, btf__add_datasec_var_info(o->btf, vars[i].id, vars[i].offset,
						  vars[i].size));
}

bool object_btf_is_global(const struct object *o, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(o->btf, id);

	return t && btf_is_func(t) && btf_vlen(t) == BTF_FUNC_GLOBAL;
}

const char *object_btf_name(const struct object *o, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(o->btf, id);
	const char *name = t ? btf__name_by_offset(o->btf, t->name_off) : NULL;

	return name && *name ? name : "function";
}

/* ---- .BTF.ext ---- */

static struct object_ext *ext_of(struct object *o, uint32_t section)
{
	while (o->ext.n <= section)
		vec_push(&o->arena, &o->ext, (struct object_ext){ 0 });
	return &o->ext.at[section];
}

void object_ext_func(struct object *o, uint32_t section, uint32_t offset, uint32_t type_id)
{
	struct object_ext *ext = ext_of(o, section);

	vec_push(&o->arena, &ext->funcs, ((struct bpf_func_info){ offset, type_id }));
}

void object_ext_line(struct object *o, uint32_t section, uint32_t offset,
		     const struct bpf_line_info *line)
{
	struct object_ext *ext = ext_of(o, section);
	struct bpf_line_info moved = *line;

	moved.insn_off = offset;
	vec_push(&o->arena, &ext->lines, moved);
}

/* One kind of record: its size, then for each section its name, how many, and they. */
struct ext_part {
	VEC(uint8_t) bytes;
};

static void part_add(struct object *o, struct ext_part *part, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		vec_push(&o->arena, &part->bytes, ((const uint8_t *)data)[i]);
}

static void part_add_section(struct object *o, struct ext_part *part, uint32_t section,
			     const void *records, size_t n, size_t record_bytes)
{
	int name = note(o, btf__add_str(o->btf, o->elf.sections.at[section]->name));
	const uint32_t head[] = { (uint32_t)name, (uint32_t)n };
	const uint32_t size = (uint32_t)record_bytes;

	if (!n)
		return;
	if (!part->bytes.n)
		part_add(o, part, &size, sizeof(size));
	part_add(o, part, head, sizeof(head));
	part_add(o, part, records, n * record_bytes);
}

struct ext_head {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t head_bytes, func_at, func_bytes, line_at, line_bytes;
};

static void write_ext(struct object *o)
{
	struct ext_part funcs = { 0 }, lines = { 0 };
	struct ext_head head = { .magic = BTF_MAGIC, .version = BTF_VERSION,
				 .head_bytes = sizeof(head) };
	uint32_t section;

	for (uint32_t i = 1; i < o->ext.n; i++) {
		const struct object_ext *e = &o->ext.at[i];

		part_add_section(o, &funcs, i, e->funcs.at, e->funcs.n, sizeof(*e->funcs.at));
		part_add_section(o, &lines, i, e->lines.at, e->lines.n, sizeof(*e->lines.at));
	}
	head.func_bytes = (uint32_t)funcs.bytes.n;
	head.line_at = head.func_bytes;
	head.line_bytes = (uint32_t)lines.bytes.n;
	section = elf_file_section(&o->elf, ".BTF.ext", SHT_PROGBITS, 0);
	elf_file_add(&o->elf, section, &head, sizeof(head));
	elf_file_add(&o->elf, section, funcs.bytes.at, funcs.bytes.n);
	elf_file_add(&o->elf, section, lines.bytes.at, lines.bytes.n);
}

void object_btf_finish(struct object *o)
{
	const void *data;
	uint32_t size;

	write_ext(o);
	data = btf__raw_data(o->btf, &size);
	if (!data)
		note(o, -ENOMEM);
	else
		elf_file_add(&o->elf, elf_file_section(&o->elf, ".BTF", SHT_PROGBITS, 0), data,
			     size);
}
