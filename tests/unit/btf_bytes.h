/*
 * Hand-made BTF for tests: records and strings appended, then one blob.
 */
#ifndef SONDE_TESTS_BTF_BYTES_H
#define SONDE_TESTS_BTF_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* The first word of BTF: its magic number and version. */
#define BTF_BYTES_FIRST (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 0xeb9f0100u : 0x1eb9fu)

struct btf_bytes {
	uint32_t words[4096];		/* the types' section */
	uint32_t nr_words, nr_types;
	char strings[8192];
	uint32_t strings_len;
	uint32_t first_id, first_string;	/* of split BTF; else 1 and 0 */
	uint32_t blob[8192];
};

void btf_bytes_init(struct btf_bytes *b);

uint32_t btf_bytes_string(struct btf_bytes *b, const char *text);

/* Append a record's header; returns its id. */
uint32_t btf_bytes_type(struct btf_bytes *b, const char *name, uint32_t kind, uint32_t vlen,
			int flag, uint32_t size_or_type);
void btf_bytes_word(struct btf_bytes *b, uint32_t word);
void btf_bytes_member(struct btf_bytes *b, const char *name, uint32_t type, uint32_t offset);

/* Put header, types and strings together; *size_bytes is set. */
const void *btf_bytes_blob(struct btf_bytes *b, size_t *size_bytes);

/* Frequent ones. */
uint32_t btf_bytes_int(struct btf_bytes *b, const char *name, uint32_t size_bytes,
		       uint32_t encoding);
uint32_t btf_bytes_pointer(struct btf_bytes *b, uint32_t to);

#endif
