/*
 * Hand-made BTF: see btf_bytes.h.
 */
#include "btf_bytes.h"

#include <assert.h>
#include <string.h>

void btf_bytes_init(struct btf_bytes *b)
{
	memset(b, 0, sizeof(*b));
	b->strings_len = 1;
	b->first_id = 1;
}

uint32_t btf_bytes_string(struct btf_bytes *b, const char *text)
{
	uint32_t at = b->strings_len;

	if (!text || !*text)
		return 0;
	assert(at + strlen(text) + 1 <= sizeof(b->strings));
	memcpy(b->strings + at, text, strlen(text) + 1);
	b->strings_len += (uint32_t)strlen(text) + 1;
	return b->first_string + at;
}

void btf_bytes_word(struct btf_bytes *b, uint32_t word)
{
	assert(b->nr_words < sizeof(b->words) / sizeof(b->words[0]));
	b->words[b->nr_words++] = word;
}

uint32_t btf_bytes_type(struct btf_bytes *b, const char *name, uint32_t kind, uint32_t vlen,
			int flag, uint32_t size_or_type)
{
	btf_bytes_word(b, btf_bytes_string(b, name));
	btf_bytes_word(b, (flag ? 1u << 31 : 0) | kind << 24 | vlen);
	btf_bytes_word(b, size_or_type);
	return b->first_id + b->nr_types++;
}

void btf_bytes_member(struct btf_bytes *b, const char *name, uint32_t type, uint32_t offset)
{
	btf_bytes_word(b, btf_bytes_string(b, name));
	btf_bytes_word(b, type);
	btf_bytes_word(b, offset);
}

const void *btf_bytes_blob(struct btf_bytes *b, size_t *size_bytes)
{
	uint32_t types_len = b->nr_words * 4;
	const uint32_t header[6] = { BTF_BYTES_FIRST, 24, 0, types_len, types_len, b->strings_len };

	assert(24 + types_len + b->strings_len <= sizeof(b->blob));
	memcpy(b->blob, header, 24);
	memcpy(b->blob + 6, b->words, types_len);
	memcpy(b->blob + 6 + b->nr_words, b->strings, b->strings_len);
	*size_bytes = 24 + types_len + b->strings_len;
	return b->blob;
}

uint32_t btf_bytes_int(struct btf_bytes *b, const char *name, uint32_t size_bytes,
		       uint32_t encoding)
{
	uint32_t id = btf_bytes_type(b, name, 1, 0, 0, size_bytes);

	btf_bytes_word(b, encoding << 24 | size_bytes * 8);
	return id;
}

uint32_t btf_bytes_pointer(struct btf_bytes *b, uint32_t to)
{
	return btf_bytes_type(b, NULL, 2, 0, 0, to);
}
