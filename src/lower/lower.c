/*
 * The checked tree to IR, and the rest of the image.
 *
 * In: the checked programs and maps. Out: an image whose maps, layouts, actions
 * and program descriptions are complete, and the IR of each program. The stages
 * are lower_run, top to bottom. Nothing here fails for reasons of the script:
 * what may not be used was refused by the checker.
 */
#include "lower/internal.h"
#include "types/kbtf.h"

#include <errno.h>
#include <string.h>

uint32_t lower_add_map(struct lower *l, struct image_map map)
{
	vec_push(&l->image->arena, &l->image->maps, map);
	return (uint32_t)l->image->maps.n - 1;
}

uint32_t lower_add_rodata(struct lower *l, const char *name, const void *data, uint32_t size)
{
	char *copy = arena_alloc(&l->image->arena, size);

	memcpy(copy, data, size);
	return lower_add_map(l, (struct image_map){
		.name = name, .role = IMAGE_MAP_RODATA, .type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4, .value_size = size, .max_entries = 1,
		.flags = BPF_F_RDONLY_PROG, .data = copy, .data_size = size });
}

/* Room in the control block, 8-aligned if it is not a single u32. All that programs share but
 * hash maps is there: one map to make, and in programs one address for all. */
uint32_t lower_control_word(struct lower *l, uint32_t size_bytes)
{
	uint32_t align = size_bytes == 4 ? 4 : 8;
	uint32_t at = (l->control_size + align - 1) / align * align;

	l->control_size = at + size_bytes;
	return at;
}

static const struct {
	const char *name;
	enum target_feature feature;
} kfuncs[LOWER_KFUNC_COUNT] = {
	[KFUNC_RDONLY_CAST]	= { "bpf_rdonly_cast", FEATURE_RDONLY_CAST },
	[KFUNC_COPY_STR]	= { "bpf_copy_from_user_str", FEATURE_COPY_FROM_USER_STR },
	[KFUNC_MAP_SUM]		= { "bpf_map_sum_elem_count", FEATURE_MAP_SUM_ELEM_COUNT },
	[KFUNC_ITER_NEW]	= { "bpf_iter_num_new", FEATURE_ITER_NUM },
	[KFUNC_ITER_NEXT]	= { "bpf_iter_num_next", FEATURE_ITER_NUM },
	[KFUNC_ITER_DESTROY]	= { "bpf_iter_num_destroy", FEATURE_ITER_NUM },
	/* of these it is asked whether programs load with them */
	/* asked for in sessions only, which the target has */
	[KFUNC_SESSION_IS_RETURN] = { "bpf_session_is_return", FEATURE_COUNT },
	[KFUNC_STRNSTR]		= { "bpf_strnstr", FEATURE_COUNT },	/* 6.17 */
	[KFUNC_TASK_FROM_PID]	= { "bpf_task_from_pid", FEATURE_COUNT },	/* 6.2 */
	[KFUNC_TASK_RELEASE]	= { "bpf_task_release", FEATURE_COUNT },
};

uint32_t lower_kfunc_id(struct lower *l, enum lower_kfunc k)
{
	const char *names[LOWER_KFUNC_COUNT];

	if (!l->c->btf)
		return 0;
	if (!l->kfuncs_known) {
		l->kfuncs_known = true;
		for (int i = 0; i < LOWER_KFUNC_COUNT; i++)
			names[i] = kfuncs[i].name;
		kbtf_find_many(l->c->btf, KBTF_FUNC, names, l->kfunc_ids, LOWER_KFUNC_COUNT);
	}
	return l->kfunc_ids[k];
}

uint32_t lower_kfunc(struct lower *l, enum lower_kfunc k)
{
	uint32_t id = lower_kfunc_id(l, k);

	return id && target_has(l->c->target, kfuncs[k].feature) ? id : 0;
}

uint32_t lower_kfunc_here(struct gen *g, enum lower_kfunc k)
{
	const struct target *t = g->c->target;
	uint32_t id = lower_kfunc_id(g->l, k);

	return id && t->ops->kfunc_loads(t->arg, g->prog->provider->prog_type, id) ? id : 0;
}

bool lower_loops_inline(struct lower *l)
{
	return lower_kfunc(l, KFUNC_ITER_NEW) && lower_kfunc(l, KFUNC_ITER_NEXT) &&
	       lower_kfunc(l, KFUNC_ITER_DESTROY);
}

struct type_struct *lower_task_struct(struct lower *l)
{
	const struct type *task = NULL;

	if (l->task_known)
		return l->task_struct;
	l->task_known = true;
	if (l->c->btf)
		task = kbtf_type_by_name(l->c->btf, l->c->types, KBTF_STRUCT_NAME, "task_struct");
	l->task_struct = task && task->kind == TYPE_STRUCT ? task->structure : NULL;
	return l->task_struct;
}

/* The lines from that of `pos` to that of `last`. */
static const char *line_text(struct lower *l, const struct source *s, uint32_t pos, uint32_t last)
{
	const char *begin = s->text + (pos - s->base), *end = s->text + (last - s->base);

	while (begin > s->text && begin[-1] != '\n')
		begin--;
	while (end < s->text + s->len && *end != '\n')
		end++;
	if (!l->line_copy || l->line_copied != begin)
		l->line_copy = arena_strndup(&l->image->arena, begin, (size_t)(end - begin));
	l->line_copied = begin;
	return l->line_copy;
}

struct image_place lower_image_place(struct lower *l, struct loc loc)
{
	struct image_place p = { 0 };
	const struct source *s, *end = NULL;

	if (!source_line_col(l->c->diags, loc.begin, &s, &p.line, &p.col))
		return p;
	p.file = arena_strdup(&l->image->arena, s->name);
	p.end_line = p.line;
	p.end_col = p.col;
	if (loc.end > loc.begin)
		source_line_col(l->c->diags, loc.end, &end, &p.end_line, &p.end_col);
	p.source_line = line_text(l, s, loc.begin, end == s ? loc.end : loc.begin);
	if (loc.from) {
		struct image_place *from = arena_new(&l->image->arena, struct image_place);

		*from = lower_image_place(l, loc.from->call);
		p.from = from;
	}
	return p;
}

/* ---- stages ---- */

static void round_cpus(struct lower *l)
{
	l->cpu_mask = 1;
	while (l->cpu_mask < l->c->target->nr_cpus)
		l->cpu_mask *= 2;
	l->cpu_mask--;
}

static int missing_of(const struct config *config)
{
	return config->missing_probes;
}

static void set_config(struct lower *l)
{
	const struct config *from = &l->c->config;
	struct image_config *to = &l->image->config;
	struct arena *a = &l->image->arena;

	to->print_maps_on_exit = from->print_maps_on_exit;
	to->cpp_demangle = from->cpp_demangle;
	to->show_debug_info = from->show_debug_info;
	to->str_trunc_trailer =
		arena_strdup(a, from->str_trunc_trailer ? from->str_trunc_trailer : "..");
	to->license = arena_strdup(a, from->license ? from->license : "GPL");
	to->max_cat_bytes = from->max_cat_bytes;
	to->perf_rb_pages = from->perf_rb_pages;
	to->log_size = from->log_size;
	to->missing_probes = missing_of(from);
	memcpy(to->attach, from->attach, sizeof(to->attach));
	l->image->nr_cpus = l->cpu_mask + 1;
}

static void add_fixed_maps(struct lower *l)
{
	struct image *image = l->image;
	uint32_t losses = (uint32_t)l->c->progs.n * IMAGE_LOSS_COUNT * 8;

	image->ring_map = lower_add_map(l, (struct image_map){
		.name = "ring", .role = IMAGE_MAP_RING, .type = BPF_MAP_TYPE_RINGBUF });
	image->global_map = lower_add_map(l, (struct image_map){
		.name = "control", .role = IMAGE_MAP_GLOBAL, .type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4, .max_entries = 1, .flags = BPF_F_MMAPABLE });
	l->control_size = sizeof(struct image_control);
	image->losses_map = image->global_map;
	image->losses_offset = lower_control_word(l, losses ? losses : 8);
}

/* Only now is it known what programs want there. */
static void finish_control(struct lower *l)
{
	struct image_map *map = &l->image->maps.at[l->image->global_map];
	const uint64_t one = 1;
	char *data;

	map->value_size = (l->control_size + 7) / 8 * 8;
	if (!l->one_offset)
		return;
	map->data_size = l->one_offset + (uint32_t)sizeof(one);
	data = arena_alloc(&l->image->arena, map->data_size);
	memcpy(data + l->one_offset, &one, sizeof(one));
	map->data = data;
}

/* For the passes, now that all maps and their sizes are known. */
static void tell_map_facts(struct lower *l)
{
	size_t n = l->image->maps.n;
	struct ir_map_facts *facts = arena_array(l->arena, struct ir_map_facts, n);

	for (size_t i = 0; i < n; i++)
		facts[i] = (struct ir_map_facts){ l->image->maps.at[i].key_size,
						  l->image->maps.at[i].value_size };
	for (size_t i = 0; i < l->out->progs.n; i++) {
		l->out->progs.at[i].module->maps = facts;
		l->out->progs.at[i].module->nr_maps = n;
	}
}

int lower_run(struct check *c, struct image *image, struct lower_result *out)
{
	struct lower l = { .c = c, .image = image, .out = out, .arena = c->arena };
	int err = 0;

	hmap_init(&l.layouts, c->arena);
	hmap_init(&l.failures, c->arena);
	round_cpus(&l);
	set_config(&l);
	image->has_context = c->options->context;
	add_fixed_maps(&l);
	lower_guard_prepare(&l);
	lower_maps(&l);
	lower_name_keys(&l);
	for (size_t i = 0; i < c->progs.n && !err; i++)
		if (!c->progs.at[i]->in_session)
			err = lower_prog(&l, c->progs.at[i]);
	finish_control(&l);
	tell_map_facts(&l);
	return err;
}
