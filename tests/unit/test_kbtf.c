/*
 * Tests of the BTF reader: hand-made bytes, broken bytes, and the machine's own
 * where it can be read.
 */
#include "btf_bytes.h"
#include "types/kbtf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct names names;
	struct types types;
	struct btf_bytes bytes, split;
	int fetched;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena);
	names_init(&f->names, &f->arena);
	types_init(&f->types, &f->arena, &f->names);
	btf_bytes_init(&f->bytes);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->arena);
	free(f);
	return 0;
}

static struct kbtf *open_bytes(struct fixture *f)
{
	size_t size_bytes;
	const void *blob = btf_bytes_blob(&f->bytes, &size_bytes);
	struct kbtf *b;

	assert_int_equal(kbtf_open(&b, &f->types, blob, size_bytes, NULL), 0);
	return b;
}

/* A struct's field that must be there. */
static const struct type_field *field(struct fixture *f, const struct type *s, const char *name,
				      uint32_t *offset_bytes)
{
	const struct type_field *found;
	uint32_t ignored;

	assert_int_equal(s->kind, TYPE_STRUCT);
	found = type_field_find(&f->types, s->structure, name,
				offset_bytes ? offset_bytes : &ignored);
	assert_non_null(found);
	return found;
}

static const char *shown(struct fixture *f, const struct type *type)
{
	return type_name(&f->types, type);
}

/* Of each kind one: the ids are in the order of the lines. */
static struct kbtf *make_samples(struct fixture *f)
{
	struct btf_bytes *b = &f->bytes;
	uint32_t i32 = btf_bytes_int(b, "int", 4, 1);			/* 1 */
	uint32_t chr = btf_bytes_int(b, "char", 1, 0);			/* 2 */
	uint32_t boolean = btf_bytes_int(b, "_Bool", 1, 4);		/* 3 */
	uint32_t u64 = btf_bytes_int(b, "long unsigned int", 8, 0);	/* 4 */
	uint32_t text, task, task_p, user_tag, user_p, anon, color, big, u32_t, fn, proto;

	text = btf_bytes_type(b, NULL, KBTF_ARRAY, 0, 0, 0);		/* 5: char[16] */
	btf_bytes_word(b, chr), btf_bytes_word(b, u64), btf_bytes_word(b, 16);
	task = 6;
	task_p = 7;
	btf_bytes_type(b, "task", KBTF_STRUCT, 6, 0, 64);		/* 6 */
	btf_bytes_member(b, "pid", i32, 0);
	btf_bytes_member(b, "comm", text, 32);
	btf_bytes_member(b, "parent", task_p, 192);
	btf_bytes_member(b, NULL, 10, 256);
	btf_bytes_member(b, "live", boolean, 448);
	btf_bytes_member(b, "name", 9, 320);
	assert_int_equal(btf_bytes_pointer(b, task), task_p);		/* 7 */
	user_tag = btf_bytes_type(b, "user", KBTF_TYPE_TAG, 0, 0, chr);	/* 8 */
	user_p = btf_bytes_pointer(b, user_tag);			/* 9 */
	anon = btf_bytes_type(b, NULL, KBTF_UNION, 2, 0, 8);		/* 10 */
	btf_bytes_member(b, "wide", u64, 0);
	btf_bytes_member(b, "narrow", i32, 0);
	color = btf_bytes_type(b, "color", KBTF_ENUM, 2, 1, 4);		/* 11 */
	btf_bytes_word(b, btf_bytes_string(b, "RED")), btf_bytes_word(b, 0);
	btf_bytes_word(b, btf_bytes_string(b, "NOT_BLUE")), btf_bytes_word(b, (uint32_t)-5);
	big = btf_bytes_type(b, "big", KBTF_ENUM64, 1, 0, 8);		/* 12 */
	btf_bytes_word(b, btf_bytes_string(b, "HUGE")), btf_bytes_word(b, 1), btf_bytes_word(b, 2);
	u32_t = btf_bytes_type(b, "my_int", KBTF_TYPEDEF, 0, 0, i32);	/* 13 */
	proto = btf_bytes_type(b, NULL, KBTF_FUNC_PROTO, 3, 0, u32_t);	/* 14 */
	btf_bytes_word(b, btf_bytes_string(b, "t")), btf_bytes_word(b, task_p);
	btf_bytes_word(b, btf_bytes_string(b, "size")), btf_bytes_word(b, u64);
	btf_bytes_word(b, 0), btf_bytes_word(b, 0);
	fn = btf_bytes_type(b, "do_it", KBTF_FUNC, 0, 0, proto);	/* 15 */
	btf_bytes_type(b, "flt", KBTF_FLOAT, 0, 0, 4);			/* 16 */
	btf_bytes_pointer(b, proto);					/* 17 */
	btf_bytes_type(b, "btf_trace_it", KBTF_TYPEDEF, 0, 0, 17);	/* 18 */
	btf_bytes_type(b, "task", KBTF_FWD, 0, 0, 0);			/* 19 */
	(void)user_p, (void)anon, (void)color, (void)big, (void)fn;
	return open_bytes(f);
}

static void test_find(void **state)
{
	struct fixture *f = *state;
	struct kbtf *b = make_samples(f);

	/* Often enough that walking gives way to the index. */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(kbtf_find(b, "task", KBTF_STRUCT), 6);
		assert_int_equal(kbtf_find(b, "task", KBTF_FWD), 19);
		assert_int_equal(kbtf_find(b, "task", KBTF_UNION), 0);
		assert_int_equal(kbtf_find(b, "do_it", KBTF_FUNC), 15);
		assert_int_equal(kbtf_find(b, "do", KBTF_FUNC), 0);
		assert_int_equal(kbtf_find(b, "big", KBTF_ENUM), 12);
		assert_int_equal(kbtf_find(b, "", KBTF_UNION), 0);
		assert_int_equal(kbtf_find(b, "user", KBTF_TYPE_TAG), 8);
	}
	assert_int_equal(kbtf_count(b), 20);
	assert_int_equal(kbtf_kind_of(b, 0), KBTF_VOID);
	assert_int_equal(kbtf_kind_of(b, 20), KBTF_VOID);
	assert_int_equal(kbtf_kind_of(b, 19), KBTF_FWD);
	assert_string_equal(kbtf_name_of(b, 13), "my_int");
	assert_string_equal(kbtf_name_of(b, 99), "");
}

static void test_convert(void **state)
{
	struct fixture *f = *state;
	struct kbtf *b = make_samples(f);
	const struct type *task = kbtf_type(b, 6);
	uint32_t at = 0;

	assert_string_equal(shown(f, kbtf_type(b, 7)), "struct task *");
	assert_ptr_equal(kbtf_type(b, 7)->target, task);
	assert_int_equal(task->size_bytes, 64);
	assert_true(task->structure->is_vmlinux);
	assert_int_equal(task->structure->btf_id, 6);
	assert_ptr_equal(field(f, task, "pid", NULL)->type, type_int(&f->types, 4, true));
	assert_string_equal(shown(f, field(f, task, "comm", &at)->type), "string[17]");
	assert_int_equal(at, 4);
	assert_ptr_equal(field(f, task, "parent", &at)->type, kbtf_type(b, 7));
	assert_int_equal(at, 24);
	assert_ptr_equal(field(f, task, "live", &at)->type, f->types.bool_);
	assert_int_equal(at, 56);
	assert_string_equal(shown(f, field(f, task, "narrow", &at)->type), "int32");
	assert_int_equal(at, 32);
	assert_int_equal(field(f, task, "name", &at)->type->space, SPACE_USER);
	assert_true(field(f, task, "name", &at)->user_tag);
	assert_false(field(f, task, "parent", &at)->user_tag);
	assert_int_equal(field(f, task, "parent", &at)->type->space, SPACE_NONE);
	assert_null(type_field_find(&f->types, task->structure, "nope", &at));
	assert_ptr_equal(kbtf_type(b, 16), f->types.error);
	assert_ptr_equal(kbtf_type(b, 0), f->types.void_);
	assert_string_equal(shown(f, kbtf_type(b, 17)), "void *");
	assert_string_equal(shown(f, kbtf_type(b, 19)), "struct task");
	assert_string_equal(shown(f, field(f, kbtf_type(b, 19), "pid", NULL)->type), "int32");
	assert_int_equal(kbtf_peel(b, 18), 17);
}

static void test_enums(void **state)
{
	struct fixture *f = *state;
	struct kbtf *b = make_samples(f);
	const struct type *color = kbtf_type(b, 11), *found = NULL;
	uint64_t value = 0;

	assert_string_equal(shown(f, color), "enum color");
	assert_true(color->is_signed);
	assert_int_equal(color->size_bytes, 4);
	assert_int_equal(color->enumeration->nr_items, 2);
	assert_true(kbtf_enumerator(b, "NOT_BLUE", &value, &found));
	assert_int_equal((int64_t)value, -5);
	assert_ptr_equal(found, color);
	assert_true(kbtf_enumerator(b, "HUGE", &value, NULL));
	assert_int_equal(value, 2ULL << 32 | 1);
	assert_false(kbtf_enumerator(b, "GREEN", &value, NULL));
}

static void test_prototypes(void **state)
{
	struct fixture *f = *state;
	struct kbtf *b = make_samples(f);
	struct kbtf_proto p;

	assert_int_equal(kbtf_proto(b, 15, &p), 0);
	assert_int_equal(p.nr_params, 2);
	assert_true(p.is_variadic);
	assert_string_equal(p.params[0].name, "t");
	assert_string_equal(shown(f, p.params[0].type), "struct task *");
	assert_string_equal(p.params[1].name, "size");
	assert_string_equal(shown(f, p.return_type), "int32");
	assert_int_equal(kbtf_proto(b, 18, &p), 0);
	assert_int_equal(p.nr_params, 2);
	assert_int_equal(kbtf_proto(b, 6, &p), -ENOENT);
	assert_int_equal(kbtf_proto(b, 99, &p), -ENOENT);
}

static void test_names_of_c(void **state)
{
	static const struct { enum kbtf_keyword keyword; const char *name, *shown; } rows[] = {
		{ KBTF_STRUCT_NAME, "task", "struct task" }, { KBTF_ANY_NAME, "my_int", "int32" },
		{ KBTF_ENUM_NAME, "color", "enum color" }, { KBTF_ANY_NAME, "task", "struct task" },
		{ KBTF_ANY_NAME, "unsigned long", "uint64" }, { KBTF_ANY_NAME, "u8", "uint8" },
		{ KBTF_ANY_NAME, "long unsigned int", "uint64" }, { KBTF_ANY_NAME, "int", "int32" },
		{ KBTF_ANY_NAME, "unsigned", "uint32" }, { KBTF_ANY_NAME, "size_t", "uint64" },
		{ KBTF_ANY_NAME, "long long", "int64" }, { KBTF_ANY_NAME, "char", "uint8" },
		{ KBTF_ANY_NAME, "signed char", "int8" }, { KBTF_ANY_NAME, "void", "void" },
		{ KBTF_ANY_NAME, "_Bool", "bool" }, { KBTF_ANY_NAME, "short int", "int16" },
		{ KBTF_ANY_NAME, "long short", NULL }, { KBTF_ANY_NAME, "", NULL },
		{ KBTF_ANY_NAME, "no_such", NULL }, { KBTF_UNION_NAME, "task", NULL },
	};
	struct fixture *f = *state;
	struct kbtf *b = make_samples(f);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct type *t = kbtf_type_by_name(b, &f->types, rows[i].keyword,
							 rows[i].name);

		assert_int_equal(!t, !rows[i].shown);
		if (t)
			assert_string_equal(shown(f, t), rows[i].shown);
	}
	assert_string_equal(shown(f, kbtf_type_by_name(NULL, &f->types, KBTF_ANY_NAME, "char")),
			    "int8");
	assert_null(kbtf_type_by_name(NULL, &f->types, KBTF_STRUCT_NAME, "task"));
}

/* Bitfields of both encodings, and one that crosses its unit. */
static void test_bitfields(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t u32 = btf_bytes_int(b, "unsigned int", 4, 0), u5, flagged, old;
	const struct type_field *found;
	struct kbtf *btf;

	u5 = btf_bytes_type(b, "unsigned int", KBTF_INT, 0, 0, 4);
	btf_bytes_word(b, 2u << 16 | 5);		/* 5 bits from bit 2 */
	flagged = btf_bytes_type(b, "flagged", KBTF_STRUCT, 4, 1, 12);
	btf_bytes_member(b, "a", u32, 3u << 24 | 0);
	btf_bytes_member(b, "b", u32, 7u << 24 | 35);
	btf_bytes_member(b, "plain", u32, 64);
	btf_bytes_member(b, "crossing", u32, 6u << 24 | 30);
	old = btf_bytes_type(b, "old", KBTF_STRUCT, 1, 0, 8);
	btf_bytes_member(b, "c", u5, 32);
	btf = open_bytes(f);

	found = field(f, kbtf_type(btf, flagged), "a", NULL);
	assert_int_equal(found->bit_size, 3);
	assert_int_equal(found->bit_offset, 0);
	found = field(f, kbtf_type(btf, flagged), "b", NULL);
	assert_int_equal(found->offset_bytes, 4);
	assert_int_equal(found->bit_offset, 3);
	assert_int_equal(found->bit_size, 7);
	found = field(f, kbtf_type(btf, flagged), "plain", NULL);
	assert_int_equal(found->offset_bytes, 8);
	assert_int_equal(found->bit_size, 0);
	found = field(f, kbtf_type(btf, flagged), "crossing", NULL);
	assert_int_equal(found->offset_bytes, 3);
	assert_int_equal(found->bit_offset, 6);
	found = field(f, kbtf_type(btf, old), "c", NULL);
	assert_int_equal(found->offset_bytes, 4);
	assert_int_equal(found->bit_offset, 2);
	assert_int_equal(found->bit_size, 5);
}

static void test_split(void **state)
{
	struct fixture *f = *state;
	struct kbtf *base = make_samples(f), *module;
	struct btf_bytes *s = &f->split;
	const struct type *pair;
	size_t size_bytes;
	const void *blob;

	btf_bytes_init(s);
	s->first_id = 20;
	s->first_string = f->bytes.strings_len;
	btf_bytes_type(s, "pair", KBTF_STRUCT, 2, 0, 16);	/* 20 */
	btf_bytes_member(s, "one", 7, 0);
	btf_bytes_member(s, "two", 21, 64);
	btf_bytes_pointer(s, 20);				/* 21 */
	blob = btf_bytes_blob(s, &size_bytes);
	assert_int_equal(kbtf_open(&module, &f->types, blob, size_bytes, base), 0);
	assert_int_equal(kbtf_find(module, "pair", KBTF_STRUCT), 20);
	assert_int_equal(kbtf_find(module, "task", KBTF_STRUCT), 6);
	assert_int_equal(kbtf_find(base, "pair", KBTF_STRUCT), 0);
	pair = kbtf_type(module, 20);
	assert_false(pair->structure->is_vmlinux);
	assert_ptr_equal(field(f, pair, "one", NULL)->type, kbtf_type(base, 7));
	assert_string_equal(shown(f, field(f, pair, "two", NULL)->type), "struct pair *");
	assert_string_equal(kbtf_name_of(module, 13), "my_int");
}

static int get_bytes(void *arg, const void **data, size_t *size_bytes)
{
	struct fixture *f = arg;

	f->fetched++;
	*data = btf_bytes_blob(&f->bytes, size_bytes);
	return 0;
}

static int get_nothing(void *arg, const void **data, size_t *size_bytes)
{
	(void)arg, (void)data, (void)size_bytes;
	return -EACCES;
}

static void test_lazy(void **state)
{
	struct fixture *f = *state;
	struct kbtf *b;

	make_samples(f);
	b = kbtf_new_lazy(&f->types, get_bytes, f);
	assert_ptr_equal(kbtf_type_by_name(b, &f->types, KBTF_ANY_NAME, "u32"),
			 type_int(&f->types, 4, false));
	assert_int_equal(f->fetched, 0);
	assert_int_equal(kbtf_find(b, "task", KBTF_STRUCT), 6);
	assert_int_equal(kbtf_find(b, "do_it", KBTF_FUNC), 15);
	assert_int_equal(f->fetched, 1);
	b = kbtf_new_lazy(&f->types, get_nothing, f);
	assert_int_equal(kbtf_find(b, "task", KBTF_STRUCT), 0);
	assert_int_equal(kbtf_count(b), 1);
}

static void test_find_many(void **state)
{
	static const char *const names[] = { "task", "nope", "old", "int" };
	struct fixture *f = *state;
	struct kbtf *b = make_samples(f);
	uint32_t ids[4];

	kbtf_find_many(b, KBTF_STRUCT, names, ids, 4);
	assert_int_equal(ids[0], 6);
	assert_int_equal(ids[1], 0);
	assert_int_equal(ids[2], 0);
	assert_int_equal(ids[3], 0);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t blob[8] = { 0 };
	struct kbtf *b;

	assert_int_equal(kbtf_open(&b, &f->types, blob, 0, NULL), -EINVAL);
	assert_int_equal(kbtf_open(&b, &f->types, blob, sizeof(blob), NULL), -EINVAL);
	memcpy(blob, &(uint16_t){ 0x9feb }, 2);
	assert_int_equal(kbtf_open(&b, &f->types, blob, sizeof(blob), NULL), -ENOEXEC);
	blob[0] = BTF_BYTES_FIRST;
	blob[1] = 24;
	blob[3] = 4;
	blob[4] = 4;
	blob[5] = 99;	/* strings past the end */
	assert_int_equal(kbtf_open(&b, &f->types, blob, sizeof(blob), NULL), -EINVAL);
	blob[5] = 4;
	assert_int_equal(kbtf_open(&b, &f->types, blob, sizeof(blob), NULL), 0);
	blob[7] = 0x41414141;	/* strings without an end */
	assert_int_equal(kbtf_open(&b, &f->types, blob, sizeof(blob), NULL), -EINVAL);
}

static void test_cycles(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t self_typedef = btf_bytes_type(b, "loop", KBTF_TYPEDEF, 0, 0, 1);
	uint32_t self_pointer = btf_bytes_pointer(b, 2);
	uint32_t self_array = btf_bytes_type(b, NULL, KBTF_ARRAY, 0, 0, 0);
	struct kbtf_proto p;
	struct kbtf *btf;

	btf_bytes_word(b, self_array), btf_bytes_word(b, 1), btf_bytes_word(b, 1000);
	btf_bytes_type(b, "f", KBTF_FUNC, 0, 0, 4);
	btf = open_bytes(f);
	assert_int_equal(kbtf_type(btf, self_typedef)->kind, TYPE_VOID);
	assert_int_equal(kbtf_type(btf, self_pointer)->kind, TYPE_POINTER);
	assert_int_equal(kbtf_type(btf, self_array)->kind, TYPE_ERROR);
	assert_int_equal(kbtf_proto(btf, 4, &p), -ENOENT);
}

/* Ask everything of every type; the answers do not matter. */
static void ask_all(struct fixture *f, struct kbtf *b)
{
	uint32_t count = kbtf_count(b), offset_bytes;
	struct kbtf_proto p;
	uint64_t value;

	for (uint32_t id = 0; id <= count; id++) {
		const struct type *t = kbtf_type(b, id);

		(void)shown(f, t);
		if (t->kind == TYPE_STRUCT)
			type_field_find(&f->types, t->structure, "nothing", &offset_bytes);
		(void)kbtf_proto(b, id, &p);
	}
	for (int i = 0; i < 8; i++)
		(void)kbtf_find(b, "task", KBTF_STRUCT);
	(void)kbtf_enumerator(b, "GREEN", &value, NULL);
}

/* Broken in one to three places, bytes of a fixed random sequence. */
static void test_mutations(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 12345;
	size_t size_bytes;
	uint8_t *copy;

	make_samples(f);
	copy = malloc(sizeof(f->bytes.blob));
	for (int round = 0; round < 3000; round++) {
		struct arena arena;
		struct names names;
		const void *blob = btf_bytes_blob(&f->bytes, &size_bytes);
		struct kbtf *b;

		memcpy(copy, blob, size_bytes);
		for (int i = 0; i <= round % 3; i++) {
			seed = seed * 1664525 + 1013904223;
			copy[(seed >> 8) % size_bytes] = (uint8_t)(seed >> 24);
		}
		arena_init(&arena);
		names_init(&names, &arena);
		types_init(&f->types, &arena, &names);
		if (!kbtf_open(&b, &f->types, copy, size_bytes - (unsigned)round % 5, NULL))
			ask_all(f, b);
		arena_free(&arena);
	}
	free(copy);
}

/* A kind from the future is stepped over if the data say how long it is. */
static void test_unknown_kind(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t header[8] = { BTF_BYTES_FIRST, 32 }, i;
	uint8_t *copy = calloc(1, 4096);
	struct kbtf *btf;
	uint32_t types_len;

	btf_bytes_int(b, "int", 4, 1);
	btf_bytes_type(b, "future", 25, 2, 0, 4);
	for (i = 0; i < 5; i++)
		btf_bytes_word(b, 0xffffffff);
	btf_bytes_int(b, "long int", 8, 1);
	types_len = b->nr_words * 4;
	header[3] = types_len;
	header[4] = types_len;
	header[5] = b->strings_len;
	header[6] = types_len + 64;	/* layout, after the strings */
	header[7] = 26 * 4;
	memcpy(copy, header, 32);
	memcpy(copy + 32, b->words, types_len);
	memcpy(copy + 32 + types_len, b->strings, b->strings_len);
	copy[32 + types_len + 64 + 25 * 4] = 4;		/* once */
	copy[32 + types_len + 64 + 25 * 4 + 1] = 8;	/* each of two */
	assert_int_equal(kbtf_open(&btf, &f->types, copy, 32 + types_len + 64 + 26 * 4, NULL), 0);
	assert_int_equal(kbtf_find(btf, "long int", KBTF_INT), 3);
	assert_int_equal(kbtf_type(btf, 2)->kind, TYPE_ERROR);
	/* Without that, what comes after it is not there. */
	btf = open_bytes(f);
	assert_int_equal(kbtf_find(btf, "int", KBTF_INT), 1);
	assert_int_equal(kbtf_find(btf, "long int", KBTF_INT), 0);
	free(copy);
}

static void *read_whole(const char *path, size_t *size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = malloc(32 << 20);
	ssize_t n;

	*size_bytes = 0;
	while (fd >= 0 && (n = read(fd, data + *size_bytes, (32u << 20) - *size_bytes)) > 0)
		*size_bytes += (size_t)n;
	if (fd >= 0)
		close(fd);
	if (*size_bytes)
		return data;
	free(data);
	return NULL;
}

static void test_this_machine(void **state)
{
	struct fixture *f = *state;
	struct kbtf_proto p;
	const struct type *task;
	size_t size_bytes;
	void *data = read_whole("/sys/kernel/btf/vmlinux", &size_bytes);
	struct kbtf *b;
	uint32_t at;
	int err;

	if (!data) {
		print_message("skipped: /sys/kernel/btf/vmlinux cannot be read\n");
		skip();
	}
	err = kbtf_open(&b, &f->types, data, size_bytes, NULL);
	if (err == -ENOEXEC) {
		print_message("skipped: this kernel's machine has another order of bytes\n");
		free(data);
		skip();
	}
	assert_int_equal(err, 0);
	task = kbtf_type_by_name(b, &f->types, KBTF_STRUCT_NAME, "task_struct");
	assert_non_null(task);
	assert_string_equal(shown(f, field(f, task, "comm", &at)->type), "string[17]");
	assert_string_equal(shown(f, field(f, task, "pid", &at)->type), "int32");
	assert_string_equal(shown(f, field(f, task, "real_parent", &at)->type),
			    "struct task_struct *");
	task = kbtf_type_by_name(b, &f->types, KBTF_STRUCT_NAME, "list_head");
	assert_int_equal(task->size_bytes, 16);
	field(f, task, "prev", &at);
	assert_int_equal(at, 8);
	assert_int_equal(kbtf_proto(b, kbtf_find(b, "wake_up_process", KBTF_FUNC), &p), 0);
	assert_int_equal(p.nr_params, 1);
	assert_string_equal(shown(f, p.params[0].type), "struct task_struct *");
	free(data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_find), TEST(test_convert), TEST(test_enums), TEST(test_prototypes),
		TEST(test_names_of_c), TEST(test_bitfields), TEST(test_split), TEST(test_refused),
		TEST(test_lazy), TEST(test_find_many),
		TEST(test_cycles), TEST(test_mutations), TEST(test_unknown_kind),
		TEST(test_this_machine),
	};

	return cmocka_run_group_tests_name("kbtf", tests, NULL, NULL);
}
