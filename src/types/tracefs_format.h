/*
 * tracefs `format` files: the layout of a tracepoint's record.
 *
 * In: the text of events/CATEGORY/EVENT/format. Out: a struct with the fields
 * of `args` at their exact offsets. BTF is not needed: a field's size and
 * sign stand in the file; BTF, where there is one, adds what pointers to
 * structs and enumerations look like.
 */
#ifndef SONDE_TYPES_TRACEFS_FORMAT_H
#define SONDE_TYPES_TRACEFS_FORMAT_H

#include "types/kbtf.h"
#include "types/type.h"

struct tracefs_format {
	uint32_t id;			/* of the event; 0: the file did not say */
	struct type_struct *args;	/* named "tracepoint:CATEGORY:EVENT_args"; with the common_*
					   fields in front, which a program cannot read (offset
					   below 8) */
	enum type_space space;		/* where pointers and text of `args` lie */
};

/* Field types:
 *   integers and enums    of the size and sign that the file gives
 *   pointers              in `space` unless tagged (see type_reached): user memory for category
 *                         `syscalls`, kernel memory for all others
 *   char name[N]          string of N bytes
 *   T name[N]             array
 *   __data_loc T[] name   int64 (the address of the data, for str()), data_loc set; the slot at
 *                         offset_bytes holds offset (low half) and length (high half)
 *   __rel_loc T[] name    the same, rel_loc set
 *   what is not known     integer of its size if that is 1, 2, 4 or 8, else bytes
 *
 * `btf` may be NULL. Returns 0, or -EINVAL if the text is no format. */
int tracefs_format_parse(struct tracefs_format *out, struct types *types, struct kbtf *btf,
			 const char *category, const char *event, const char *text);

/* True if a program may not read this field (the common ones). */
bool tracefs_field_is_common(const struct type_field *f);

#endif
