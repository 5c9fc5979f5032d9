/*
 * Private to src/out: what the decoders of the kinds of value share.
 */
#ifndef SONDE_OUT_DECODE_H
#define SONDE_OUT_DECODE_H

#include "out/value.h"

struct bytes {
	const uint8_t *at;	/* NULL: there are none */
	size_t len;
};

/* One call of value_decode on its way down the tree. */
struct decoding {
	struct value_decoder *d;
	struct bytes record;	/* the outermost bytes: variable fields count from here */
	int depth;
};

/* Fill `v` with a text that lives long enough. */
void decode_set_text(struct sonde_value *v, enum sonde_value_kind kind, const char *text);

/* The bytes of a buffer without its length; cut to what is there. */
struct bytes decode_buffer_bytes(const struct value_layout *layout, struct bytes in);

/* The bytes of a field, from its offset or from what it points to in `record`
 * to the end of what may be read; .at is NULL if they are outside. */
struct bytes decode_field_bytes(const struct value_field *field, struct bytes in,
				struct bytes record);

/* A number's enumerator: sets kind and text from the number in `v`. */
void decode_enumerator(struct decoding *c, const struct value_layout *layout,
		       struct sonde_value *v);

/* strftime with %f, %l and %k for the parts of the second; local time. */
const char *decode_time_text(struct arena *a, const char *format, uint64_t ns);

/* Kinds with files of their own; each as decode_fn in decode.c. */
#define DECODE(name) void name(struct decoding *c, const struct value_layout *layout,	\
			       struct bytes in, struct sonde_value *v)
DECODE(decode_kstack);
DECODE(decode_ustack);
DECODE(decode_ksym);
DECODE(decode_usym);
DECODE(decode_total);
DECODE(decode_extreme);
DECODE(decode_avg);
DECODE(decode_stats);
DECODE(decode_hist);
DECODE(decode_lhist);
DECODE(decode_series);
#undef DECODE

/* Another CPU's slots of a series. */
void series_merge(const struct value_layout *layout, uint8_t *into, const uint8_t *from);

#endif
