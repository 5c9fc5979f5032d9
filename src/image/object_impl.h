/*
 * What the files of the object's writer share.
 */
#ifndef SONDE_IMAGE_OBJECT_IMPL_H
#define SONDE_IMAGE_OBJECT_IMPL_H

#include "image/elf_file.h"
#include "image/object.h"

#include <bpf/btf.h>

/* Where a map is in the object. */
struct object_map {
	const char *name;	/* of the symbol and in .BTF */
	uint32_t symbol;	/* 0: programs have no use for it */
	bool is_data;		/* programs have its value's address: a section of data */
};

/* A variable of a section, for its BTF. */
struct object_var {
	int id;
	uint32_t offset, size;
};

/* Records of .BTF.ext that belong to one section, offsets counted in it. */
struct object_ext {
	VEC(struct bpf_func_info) funcs;
	VEC(struct bpf_line_info) lines;
};

struct object {
	struct arena arena;
	const struct image *image;
	uint32_t ring_bytes;
	struct elf_file elf;
	struct btf *btf;		/* owned */
	int err;			/* the first of libbpf's errors */
	struct object_map *maps;	/* as the image's */
	VEC(const char *) taken;	/* names of global symbols */
	VEC(struct object_ext) ext;	/* by section */
	int int_id, byte_id;		/* types; 0: not yet */
	jmp_buf oom;
};

/* ---- object_btf.c ---- */

/* The image's own BTF, to be added to. */
void object_btf_open(struct object *o);

/* .maps: a map's definition; returns the variable. */
struct object_var object_btf_map(struct object *o, const struct image_map *map, const char *name);

/* A variable of so many bytes. */
struct object_var object_btf_bytes(struct object *o, const char *name, uint32_t size);

void object_btf_section(struct object *o, const char *name, const struct object_var *vars,
			size_t nr_vars, uint32_t size);

/* Is the function of this BTF id one that the kernel verifies by itself? */
bool object_btf_is_global(const struct object *o, uint32_t id);
const char *object_btf_name(const struct object *o, uint32_t id);

/* Note functions and lines for .BTF.ext. */
void object_ext_func(struct object *o, uint32_t section, uint32_t offset, uint32_t type_id);
void object_ext_line(struct object *o, uint32_t section, uint32_t offset,
		     const struct bpf_line_info *line);

/* .BTF and .BTF.ext, when all is known. */
void object_btf_finish(struct object *o);

#endif
