/*
 * Functions of the running kernel and its modules by name and address.
 *
 * In: the kernel's symbols; out: a list of those that are functions, in the kernel's order,
 * and an index of it. Where the kernel has an iterator over symbols (6.0, BTF), a program hands
 * them over in binary: /proc/kallsyms writes all 160,000 symbols as text, of which 70,000 are
 * functions, and takes three times as long.
 */
#include "kernel/live_impl.h"

#include "base/hmap.h"
#include "kernel/bpf_call.h"
#include "kernel/bpf_insn.h"
#include "kernel/kallsyms.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- the program ---- */

enum {
	NAME_MAX_BYTES = 512,		/* of what the kernel has: longer ones are cut */
	MODULE_MAX_BYTES = 64,
	SCRATCH_BYTES = 1024,
	READ_BYTES = 1 << 16,
	USUAL_BYTES = 28,		/* of a record, or less */
};

/* Where the members of an element lie. */
struct element {
	uint32_t value, type, name, module;
};

static bool find_members(struct live *l, struct element *e)
{
	uint32_t id = live_struct(l, LIVE_kallsym_iter);

	return live_member(l, id, "value", &e->value) && live_member(l, id, "type", &e->type) &&
	       live_member(l, id, "name", &e->name) &&
	       live_member(l, id, "module_name", &e->module);
}

/* Jump if a letter of the name is another one. Of "ftrace_pages_start", which is no function,
 * but wanted all the same, and of the "__pfx_" that names what lies before a function, as many
 * letters are looked at as tell them well enough. */
#define UNLESS_LETTER(e, at, letter, to)						\
	I(BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_7, (int16_t)((e)->name + (at)), 0),	\
	I(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_1, 0, to, letter)

/* For each symbol that is a function: its address, its name and the name of its module, of which
 * each ends in a NUL. r6: the file, r7: the symbol, r8: scratch memory, r9: bytes in it. */
static int load_program(int map, uint32_t iter_id, const struct element *e)
{
	const struct bpf_insn insns[] = {
		I(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_6, BPF_REG_1, 0, 0),
		I(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_7, BPF_REG_1, 8, 0),
		I(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 49, 0),	/* behind the last one */
		I(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_6, BPF_REG_6, 0, 0),
		I(BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_7, (int16_t)e->type, 0),
		I(BPF_ALU64 | BPF_OR | BPF_K, BPF_REG_1, 0, 0, 0x20),
		I(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 8, 't'),
		I(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 7, 'w'),
		UNLESS_LETTER(e, 0, 'f', 42), UNLESS_LETTER(e, 6, '_', 40),
		UNLESS_LETTER(e, 7, 'p', 38),
		I(BPF_JMP | BPF_JA, 0, 0, 11, 0),
		UNLESS_LETTER(e, 0, '_', 9), UNLESS_LETTER(e, 2, 'p', 7),
		UNLESS_LETTER(e, 3, 'f', 5), UNLESS_LETTER(e, 4, 'x', 3),
		UNLESS_LETTER(e, 5, '_', 1),
		I(BPF_JMP | BPF_JA, 0, 0, 26, 0),
		I(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_8, BPF_PSEUDO_MAP_VALUE, 0, map),
		I(0, 0, 0, 0, 0),
		I(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_7, (int16_t)e->value, 0),
		I(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_8, BPF_REG_1, 0, 0),
		MOV_REG(BPF_REG_1, BPF_REG_8), ADD(BPF_REG_1, 8), MOV(BPF_REG_2, NAME_MAX_BYTES),
		MOV_REG(BPF_REG_3, BPF_REG_7), ADD(BPF_REG_3, (int32_t)e->name),
		CALL(BPF_FUNC_probe_read_kernel_str),
		I(BPF_JMP | BPF_JSLT | BPF_K, BPF_REG_0, 0, 15, 1),
		MOV_REG(BPF_REG_9, BPF_REG_0),
		MOV_REG(BPF_REG_1, BPF_REG_8), ADD_REG(BPF_REG_1, BPF_REG_9), ADD(BPF_REG_1, 8),
		MOV(BPF_REG_2, MODULE_MAX_BYTES),
		MOV_REG(BPF_REG_3, BPF_REG_7), ADD(BPF_REG_3, (int32_t)e->module),
		CALL(BPF_FUNC_probe_read_kernel_str),
		I(BPF_JMP | BPF_JSLT | BPF_K, BPF_REG_0, 0, 6, 1),
		ADD_REG(BPF_REG_9, BPF_REG_0), ADD(BPF_REG_9, 8),
		MOV_REG(BPF_REG_1, BPF_REG_6), MOV_REG(BPF_REG_2, BPF_REG_8),
		MOV_REG(BPF_REG_3, BPF_REG_9), CALL(BPF_FUNC_seq_write),
		MOV(BPF_REG_0, 0), EXIT,
	};
	const struct bpf_prog_spec spec = {
		.name = "symbols", .type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_ITER, .insns = insns, .nr_insns = COUNT(insns),
		.license = "GPL", .attach_btf_id = iter_id,
	};

	return bpf_call_prog_load(&spec);
}

static int open_iterator(int prog)
{
	const struct bpf_iter_scope all = { 0 };
	int link = bpf_call_link_iter(prog, &all), fd;

	if (link < 0)
		return link;
	fd = bpf_call_iter_create(link);
	close(link);
	return fd;
}

/* A file that tells all functions. */
static int open_functions(struct live *l)
{
	const struct bpf_map_spec scratch = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
					      .value_size = SCRATCH_BYTES, .max_entries = 1 };
	uint32_t iter_id = live_kbtf(l) ? kbtf_find(l->kbtf, "bpf_iter_ksym", KBTF_FUNC) : 0;
	struct element e;
	int map, prog, fd;

	if (!iter_id || !find_members(l, &e))
		return -ENOENT;
	map = bpf_call_map_create(&scratch);
	if (map < 0)
		return map;
	prog = load_program(map, iter_id, &e);
	close(map);
	if (prog < 0)
		return prog;
	fd = open_iterator(prog);
	close(prog);
	return fd;
}

/* ---- the list ---- */

/* The name of a module as it is kept: symbols of one come in a row. */
static const char *module_name(struct live *l, const char *name, size_t len)
{
	const struct live_ksym *last = l->ksyms.n ? &l->ksyms.at[l->ksyms.n - 1] : NULL;

	if (!len)
		return NULL;
	if (last && last->module && !strncmp(last->module, name, len) && !last->module[len])
		return last->module;
	return arena_strndup(l->arena, name, len);
}

/* Code that the kernel makes while it runs: of BPF programs, and of its own tracing. */
static bool is_generated(const char *module)
{
	return module && (!strcmp(module, "bpf") || !strncmp(module, "__builtin__", 11));
}

static void add_record(struct live *l, const char *record, const char *name, const char *module)
{
	struct live_ksym s = { .name = name, .module = module_name(l, module, strlen(module)) };

	memcpy(&s.address, record, sizeof(s.address));
	if (!strcmp(name, "ftrace_pages_start") && !s.module)
		l->ftrace_pages = s.address;
	else if (!is_generated(s.module))
		vec_push(l->arena, &l->ksyms, s);
}

/* What the program wrote: an address and two texts each. */
static void take_records(struct live *l)
{
	const char *at = sbuf_text(&l->ksym_records), *end = at + l->ksym_records.len;

	l->ksyms.cap = l->ksym_records.len / USUAL_BYTES + 1;
	l->ksyms.at = arena_array(l->arena, struct live_ksym, l->ksyms.cap);
	while (end - at > (ptrdiff_t)sizeof(uint64_t)) {
		const char *name = at + sizeof(uint64_t);
		const char *module = memchr(name, 0, (size_t)(end - name)), *next;

		next = module ? memchr(module + 1, 0, (size_t)(end - module - 1)) : NULL;
		if (!next)
			return;
		add_record(l, at, name, module + 1);
		at = next + 1;
	}
}

static bool read_records(struct live *l)
{
	static char block[READ_BYTES];
	int fd = open_functions(l);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, block, sizeof(block))) > 0 || (n < 0 && errno == EAGAIN))
		if (n > 0)
			sbuf_add(&l->ksym_records, block, (size_t)n);
	close(fd);
	if (n < 0 || l->ksym_records.failed)
		return false;
	take_records(l);
	return l->ksyms.n;
}

/* Addresses of 0 are those that we may not see. */
static void take_text(struct live *l)
{
	const char *at = live_kallsyms(l);
	struct kallsyms_line line;

	l->ksyms.n = 0;
	while (kallsyms_next(&at, &line)) {
		struct live_ksym s = { .address = line.address };

		line.address |= !line.address;
		if (!kallsyms_is_function(&line, NULL))
			continue;
		s.module = module_name(l, line.module, line.module_len);
		if (is_generated(s.module))
			continue;
		s.name = arena_strndup(l->arena, line.name, line.name_len);
		vec_push(l->arena, &l->ksyms, s);
	}
}

const live_ksym_list *live_ksyms(struct live *l)
{
	if (!l->ksyms_known && !read_records(l))
		take_text(l);
	l->ksyms_known = true;
	return &l->ksyms;
}

/* ---- by name ---- */

/* A hash of their names. Most runs ask for hundreds of names or for none: sorting 100,000 would
 * take longer than all the rest. */
enum { KSYM_HEADS = 1 << 16 };

struct ksym_index {
	uint32_t heads[KSYM_HEADS];
	uint32_t *next;		/* the next one with the hash, + 1; 0: none */
};

static uint32_t name_hash(const char *name)
{
	return (uint32_t)(hash_bytes(name, strlen(name)) % KSYM_HEADS);
}

/* From behind, so that each chain has the kernel's order. */
static void index_names(struct live *l)
{
	size_t n = live_ksyms(l)->n;

	l->ksym_index = arena_new(l->arena, struct ksym_index);
	l->ksym_index->next = arena_array(l->arena, uint32_t, n + 1);
	for (size_t i = n; i-- > 0;) {
		uint32_t *head = &l->ksym_index->heads[name_hash(l->ksyms.at[i].name)];

		l->ksym_index->next[i] = *head;
		*head = (uint32_t)i + 1;
	}
}

const struct live_ksym *live_ksym_next(struct live *l, const char *name,
				       const struct live_ksym *last)
{
	uint32_t nr;

	if (!l->ksym_index)
		index_names(l);
	nr = last ? l->ksym_index->next[last - l->ksyms.at] : l->ksym_index->heads[name_hash(name)];
	for (; nr; nr = l->ksym_index->next[nr - 1])
		if (!strcmp(l->ksyms.at[nr - 1].name, name))
			return &l->ksyms.at[nr - 1];
	return NULL;
}
