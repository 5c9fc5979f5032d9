/*
 * The image's own BTF: functions, lines, and the types of maps that need them.
 *
 * The kernel wants func_info for callbacks and global functions, whose arguments it
 * takes as their types say; with line_info its verifier logs show lines of
 * the script. Written with libbpf, which keeps the strings apart.
 */
#include "bpf/emit.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME 64
#define MAX_LINE_TEXT 256
#define MAX_COLUMN 1023

struct bc_btf {
	struct btf *btf;	/* owned */
	int u64, u32, u8;	/* type ids; 0: not yet */
	int protos[6];		/* of integers, by number of parameters */
	bool is_used;
};

struct bc_btf *bc_btf_open(void)
{
	struct bc_btf *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->btf = btf__new_empty();
	if (!b->btf) {
		free(b);
		return NULL;
	}
	return b;
}

void bc_btf_close(struct bc_btf *b)
{
	if (!b)
		return;
	btf__free(b->btf);
	free(b);
}

static int int_type(struct bc_btf *b, int *id, const char *name, size_t size)
{
	if (!*id)
		*id = btf__add_int(b->btf, name, size, 0);
	b->is_used = true;
	return *id;
}

/* The context of a program of this type, as every kernel knows it by name. Others are
 * pointers to anything with a tag, which the kernel heeds from 6.8 on. */
static const char *const contexts[] = {
	[BPF_PROG_TYPE_KPROBE] = "bpf_user_pt_regs_t",
	[BPF_PROG_TYPE_PERF_EVENT] = "bpf_perf_event_data",
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = "bpf_raw_tracepoint_args",
};

static const char *context_name(uint32_t prog_type)
{
	return prog_type < sizeof(contexts) / sizeof(*contexts) ? contexts[prog_type] : NULL;
}

static int pointer_to_context(struct bc_btf *b, uint32_t prog_type)
{
	int id = 0;

	if (context_name(prog_type))
		id = btf__add_struct(b->btf, context_name(prog_type), 0);
	return id < 0 ? id : btf__add_ptr(b->btf, id);
}

static int pointer_to_bytes(struct bc_btf *b, uint32_t size)
{
	int index = int_type(b, &b->u32, "u32", 4), byte = int_type(b, &b->u8, "u8", 1), id;

	if (index < 0 || byte < 0)
		return index < 0 ? index : byte;
	id = btf__add_array(b->btf, index, byte, size);
	return id < 0 ? id : btf__add_ptr(b->btf, id);
}

static int param_type(struct bc_btf *b, const struct ir_func *f, uint32_t param, uint32_t prog_type)
{
	if (f->params[param] == IR_CTX)
		return pointer_to_context(b, prog_type);
	if (f->params[param] == IR_MAPVAL_OR_NULL)
		return pointer_to_bytes(b, f->param_bytes);
	return int_type(b, &b->u64, "u64", 8);
}

static bool is_plain(const struct ir_func *f)
{
	return !f->is_global || !f->nr_params || f->params[0] == IR_INT;
}

static int proto(struct bc_btf *b, const struct ir_func *f, uint32_t prog_type)
{
	static const char *const names[] = { "a1", "a2", "a3", "a4", "a5" };
	int u64 = int_type(b, &b->u64, "u64", 8), types[5] = { 0 }, id;

	if (u64 < 0 || (is_plain(f) && b->protos[f->nr_params]))
		return u64 < 0 ? u64 : b->protos[f->nr_params];
	for (uint32_t k = 0; k < f->nr_params; k++) {
		types[k] = is_plain(f) ? u64 : param_type(b, f, k, prog_type);
		if (types[k] < 0)
			return types[k];
	}
	id = btf__add_func_proto(b->btf, u64);
	for (uint32_t k = 0; k < f->nr_params && id > 0; k++) {
		int err = btf__add_func_param(b->btf, names[k], types[k]);

		if (err)
			return err;
	}
	if (is_plain(f))
		b->protos[f->nr_params] = id;
	return id;
}

/* A C name made of `name`. */
static void c_name(char out[MAX_NAME], const char *name)
{
	size_t n = 0;

	if (!name || isdigit((unsigned char)name[0]))
		out[n++] = '_';
	for (; name && *name && n < MAX_NAME - 1; name++)
		out[n++] = isalnum((unsigned char)*name) ? *name : '_';
	if (!n)
		out[n++] = '_';
	out[n] = '\0';
}

static int add_func(struct bc_btf *b, const struct ir_func *f, uint32_t prog_type)
{
	int type = proto(b, f, prog_type), id;
	char name[MAX_NAME];

	if (type < 0)
		return type;
	c_name(name, f->name);
	id = btf__add_func(b->btf, name,
			   f->index && !f->is_global ? BTF_FUNC_STATIC : BTF_FUNC_GLOBAL, type);
	for (uint32_t k = 0; id > 0 && f->is_global && k < f->nr_params; k++) {
		int err = 0;

		if (f->params[k] == IR_CTX && !context_name(prog_type))
			err = btf__add_decl_tag(b->btf, "arg:ctx", id, (int)k);
		if (err < 0)
			return err;
	}
	return id;
}

static int fill_func_info(struct bc_env *env, const struct ir_module *m, const struct program *p,
			  struct image_prog *prog)
{
	struct arena *a = &env->image->arena;
	struct bpf_func_info *info = arena_array(a, struct bpf_func_info, m->funcs.n);
	uint32_t n = 0;

	for (size_t k = 0; k < m->funcs.n; k++) {
		int id;

		if (p->func_start[k] == UINT32_MAX)
			continue;
		id = add_func(env->btf, m->funcs.at[k], prog->type);
		if (id < 0)
			return id;
		info[n].insn_off = p->func_start[k];
		info[n++].type_id = (uint32_t)id;
	}
	prog->func_info = info;
	prog->nr_func_info = n;
	return 0;
}

/* ---- lines ---- */

/* Text of the line that holds a position, without its leading blanks. */
static const char *line_text(const struct source *s, uint32_t pos, char out[MAX_LINE_TEXT])
{
	const char *at = s->text + (pos - s->base), *begin = at, *end = at;
	size_t n = 0;

	while (begin > s->text && begin[-1] != '\n')
		begin--;
	while (end < s->text + s->len && *end != '\n')
		end++;
	while (begin < end && isspace((unsigned char)*begin))
		begin++;
	for (; begin < end && n < MAX_LINE_TEXT - 1; begin++)
		out[n++] = isprint((unsigned char)*begin) ? *begin : ' ';
	out[n] = '\0';
	return out;
}

static int add_line(struct bc_env *env, const struct line_mark *mark, struct bpf_line_info *out,
		    struct image_line *shown)
{
	char text[MAX_LINE_TEXT] = "";
	const struct source *s = NULL;
	uint32_t line = 0, col = 0;
	int file_off, line_off;

	if (mark->line && source_line_col(env->diags, mark->line, &s, &line, &col))
		line_text(s, mark->line, text);
	file_off = btf__add_str(env->btf->btf, s ? s->name : "");
	line_off = btf__add_str(env->btf->btf, text);
	if (file_off < 0 || line_off < 0)
		return file_off < 0 ? file_off : line_off;
	col = col > MAX_COLUMN ? MAX_COLUMN : col;
	*out = (struct bpf_line_info){ mark->insn, (uint32_t)file_off, (uint32_t)line_off,
				       line << 10 | col };
	shown->insn = mark->insn;
	shown->place.file = arena_strdup(&env->image->arena, s ? s->name : "");
	shown->place.line = shown->place.end_line = line;
	shown->place.col = shown->place.end_col = col;
	shown->place.source_line = arena_strdup(&env->image->arena, text);
	return 0;
}

static int fill_line_info(struct bc_env *env, const struct program *p, struct image_prog *prog)
{
	struct arena *a = &env->image->arena;
	struct bpf_line_info *info = arena_array(a, struct bpf_line_info, p->lines.n);
	struct image_line *shown = arena_array(a, struct image_line, p->lines.n);

	for (size_t k = 0; k < p->lines.n; k++) {
		int err = add_line(env, &p->lines.at[k], &info[k], &shown[k]);

		if (err)
			return err;
	}
	prog->line_info = info;
	prog->nr_line_info = (uint32_t)p->lines.n;
	prog->lines = shown;
	prog->nr_lines = p->lines.n;
	return 0;
}

int bc_prog_btf(struct bc_env *env, const struct ir_module *m, const struct program *p,
		struct image_prog *prog)
{
	int err;

	if (!env->btf)
		return 0;
	err = fill_func_info(env, m, p, prog);
	if (!err && env->diags)
		err = fill_line_info(env, p, prog);
	return err;
}

/* Task storage wants an int as key and a value type of the right size. */
static int map_types(struct bc_btf *b, struct image_map *map)
{
	int key = int_type(b, &b->u32, "u32", 4), byte = int_type(b, &b->u8, "u8", 1), value;

	if (key < 0 || byte < 0)
		return key < 0 ? key : byte;
	value = btf__add_array(b->btf, key, byte, map->value_size);
	if (value < 0)
		return value;
	map->btf_key_type_id = (uint32_t)key;
	map->btf_value_type_id = (uint32_t)value;
	return 0;
}

int bc_btf_finish(struct bc_btf *b, struct image *image)
{
	const void *data;
	uint32_t size;
	void *copy;

	for (size_t k = 0; k < image->maps.n; k++) {
		struct image_map *map = &image->maps.at[k];
		bool wanted = map->type == BPF_MAP_TYPE_TASK_STORAGE && map->value_size;
		int err = wanted ? map_types(b, map) : 0;

		if (err)
			return err;
	}
	if (!b->is_used)
		return 0;
	data = btf__raw_data(b->btf, &size);
	if (!data)
		return -ENOMEM;
	copy = arena_alloc(&image->arena, size);
	memcpy(copy, data, size);
	image->btf = copy;
	image->btf_size = size;
	return 0;
}
