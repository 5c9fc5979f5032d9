/*
 * Private to debug*.c.
 */
#ifndef SONDE_TYPES_DEBUG_IMPL_H
#define SONDE_TYPES_DEBUG_IMPL_H

#include "base/hmap.h"
#include "base/vec.h"
#include "types/debug.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

struct debug_file {
	struct types *types;	/* borrowed */
	Dwarf *dwarf;		/* borrowed */
	struct hmap made;	/* address of an entry -> struct type_struct or struct type_enum */
	struct hmap by_name;	/* "s NAME" (structs, classes, unions), "e NAME", "t NAME" -> a
				   copy of the entry */
	bool has_names;
	const char *missing;	/* a file of split DWARF that was not found, or NULL */
};

/* Each unit in turn, with its entry, or that of its split part. False: no more. */
struct debug_units {
	Dwarf_CU *cu;
	Dwarf_Die die;		/* the unit's own: has its addresses and lines */
	Dwarf_Die body;		/* where its functions and types are */
	bool has_body;
};

bool debug_next_unit(struct debug_file *f, struct debug_units *u);

/* The type of an entry (its DW_AT_type); void if it has none. */
const struct type *debug_type_of(struct debug_file *f, Dwarf_Die *die);

/* The type that an entry describes. */
const struct type *debug_type(struct debug_file *f, Dwarf_Die *die);

/* As C writes the type of an entry. */
const char *debug_type_text(struct debug_file *f, Dwarf_Die *die);

/* The entry behind typedefs and qualifiers; false: void. */
bool debug_peel(Dwarf_Die *die);

/* Entries that lie within others for their names only. */
bool debug_is_scope(Dwarf_Die *die);

#endif
