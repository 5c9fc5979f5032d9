/*
 * printf formats: a walk over an image's conversion list.
 *
 * For events at full rate: keep one sbuf, sbuf_clear and format_record for each
 * record, and pass its text on in the event; decode the fields into values only
 * for a receiver that wants them.
 *
 * Numbers and strings are printed straight from the record's bytes; only what
 * has no simple text (tuples, stacks, symbols) is decoded into a tree first.
 */
#ifndef SONDE_OUT_FORMAT_H
#define SONDE_OUT_FORMAT_H

#include "base/sbuf.h"
#include "out/value.h"

/* Append the text of `action`'s format with the fields of `record`. Fields
 * outside of the record print as nothing. The decoder's arena is used but not
 * reset. Returns 0 or -ENOMEM (then also out->failed). */
int format_record(struct sbuf *out, struct value_decoder *d, const struct image_action *action,
		  const void *record, size_t size_bytes);

/* Flags of a page allocation by name, joined by "|". */
void format_gfp(struct sbuf *out, uint64_t flags);

#endif
