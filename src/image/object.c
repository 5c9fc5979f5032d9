/*
 * An image as an ELF object: see object.h.
 *
 * In: an image. Out: bytes. A program's own function becomes one of its section, the
 * functions that it calls go to .text, because libbpf takes each function of another
 * section for a program; calls, addresses of functions and maps become relocations.
 */
#include "image/object_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSN_BYTES sizeof(struct bpf_insn)
/* Relocations of the BPF machine. */
enum { RELOC_64 = 1 /* both halves of an ld_imm64 */, RELOC_CALL = 10 };

/* ---- names ---- */

/* A C name made of `name`, with a number behind it if that is not 0. */
static char *c_name(struct object *o, const char *name, size_t number)
{
	char end[24] = "", *text;

	if (number)
		snprintf(end, sizeof(end), "_%zu", number);
	text = arena_printf(&o->arena, "%s%s%s", isdigit((unsigned char)*name) ? "_" : "", name,
			    end);
	for (char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
	return text;
}

static bool is_taken(const struct object *o, const char *name)
{
	for (size_t i = 0; i < o->taken.n; i++)
		if (!strcmp(o->taken.at[i], name))
			return true;
	return false;
}

/* A symbol's name, which no other one has: numbers go up from `number` until it is free. */
static const char *symbol_name(struct object *o, const char *name, size_t number)
{
	const char *text = c_name(o, name, number);

	while (is_taken(o, text))
		text = c_name(o, name, number = number < 2 ? 2 : number + 1);
	vec_push(&o->arena, &o->taken, text);
	return text;
}

static void name_map(struct object *o, uint32_t index)
{
	const char *name = o->image->maps.at[index].name;

	o->maps[index].name = symbol_name(o, name && *name ? name : "map", 0);
}

/* The script's own come first: whoever loads the object looks for these by name. */
static void name_maps(struct object *o)
{
	const struct image *image = o->image;

	for (uint32_t i = 0; i < image->maps.n; i++)
		if (image->maps.at[i].role == IMAGE_MAP_SCRIPT)
			name_map(o, i);
	for (uint32_t i = 0; i < image->maps.n; i++)
		if (image->maps.at[i].role != IMAGE_MAP_SCRIPT)
			name_map(o, i);
}

/* Letters that a place's name may have; NULL: it is none. */
static const char *plain_name(const char *name)
{
	const char *c = name;

	while (c && (isalnum((unsigned char)*c) || *c == '_' || *c == '.'))
		c++;
	return c && c > name && !*c ? name : NULL;
}

static const char *file_place(struct object *o, const struct image_site *site)
{
	const char *function = plain_name(site->function), *probe, *end;

	if (!function || !site->path || strchr(site->path, ':'))
		return NULL;
	/* At an instruction within it, which is told by the attach point's name only. */
	probe = o->image->probe_names.at[site->probe];
	end = strrchr(probe, ':');
	if (!end || strcmp(end + 1, function))
		return NULL;
	return arena_printf(&o->arena, "%s:%s", site->path, function);
}

static const char *function_place(struct object *o, const struct image_site *site)
{
	const char *function = plain_name(site->function);

	if (!function || site->address || site->prog_id)
		return NULL;
	return site->offset ? arena_printf(&o->arena, "%s+%llu", function,
					   (unsigned long long)site->offset) : function;
}

static const char *event_place(struct object *o, const struct image_site *site)
{
	(void)o;
	return plain_name(site->event);
}

static const char *category_place(struct object *o, const struct image_site *site)
{
	return arena_printf(&o->arena, "%s/%s", site->category, site->event);
}

/* What a section is called for each kind of attach point: libbpf attaches by it. */
static const struct section_row {
	const char *prefix;
	const char *(*place)(struct object *o, const struct image_site *site);	/* or NULL */
} rows[ATTACH_KIND_COUNT] = {
	[ATTACH_NONE] = { "raw_tp", NULL },
	[ATTACH_BEGIN] = { "raw_tp", NULL },
	[ATTACH_END] = { "raw_tp", NULL },
	[ATTACH_SIGNAL] = { "raw_tp", NULL },
	[ATTACH_TEST] = { "raw_tp", NULL },
	[ATTACH_BENCH] = { "raw_tp", NULL },
	[ATTACH_TRACEPOINT] = { "tracepoint", category_place },
	[ATTACH_RAW_TRACEPOINT] = { "raw_tp", event_place },
	[ATTACH_BTF_TRACEPOINT] = { "tp_btf", event_place },
	[ATTACH_KPROBE] = { "kprobe", function_place },
	[ATTACH_KRETPROBE] = { "kretprobe", function_place },
	[ATTACH_UPROBE] = { "uprobe", file_place },
	[ATTACH_URETPROBE] = { "uretprobe", file_place },
	[ATTACH_USDT] = { "uprobe", NULL },
	[ATTACH_PROFILE] = { "perf_event", NULL },
	[ATTACH_INTERVAL] = { "perf_event", NULL },
	[ATTACH_SOFTWARE] = { "perf_event", NULL },
	[ATTACH_HARDWARE] = { "perf_event", NULL },
	[ATTACH_WATCHPOINT] = { "perf_event", NULL },
	[ATTACH_FENTRY] = { "fentry", function_place },
	[ATTACH_FEXIT] = { "fexit", function_place },
	[ATTACH_ITER] = { "iter", event_place },
};

/* The one place of a program as libbpf writes it; NULL: it cannot, or they are several. */
static const char *place_of(struct object *o, const struct image_prog *prog)
{
	const struct image_site *site = prog->sites;

	if (prog->raw_event)
		return prog->raw_event;
	if (prog->nr_sites != 1 || prog->session_kfunc)
		return NULL;
	return rows[prog->attach].place ? rows[prog->attach].place(o, site) : NULL;
}

static const char *section_name(struct object *o, const struct image_prog *prog)
{
	const char *place = place_of(o, prog), *prefix = rows[prog->attach].prefix;

	if (prog->raw_event)
		prefix = "raw_tp";
	else if (prog->session_kfunc)
		prefix = attach_is_user(prog->attach) ? "uprobe.session" : "kprobe.session";
	return arena_printf(&o->arena, "%s%s%s%s", prefix, prog->sleepable ? ".s" : "",
			    place ? "/" : "", place ? place : "");
}

/* ---- maps ---- */

static bool is_used(const struct image *image, uint32_t map, bool by_value)
{
	const struct image_prog *p;

	vec_each(p, &image->progs)
		for (size_t i = 0; i < p->nr_relocs; i++)
			if (p->relocs[i].map == map && p->relocs[i].is_value == by_value)
				return true;
	return false;
}

/* Its value is a section: libbpf makes an array with one element of it. No ".bss.NAME" for
 * zeros: bpftool 7.1 takes no such name. */
static void add_data_map(struct object *o, uint32_t index)
{
	const struct image_map *map = &o->image->maps.at[index];
	bool read_only = map->flags & BPF_F_RDONLY_PROG;
	const char *name = o->maps[index].name;
	const char *section_of = arena_printf(&o->arena, "%s.%s",
					      read_only ? ".rodata" : ".data", name);
	uint32_t section = elf_file_section(&o->elf, section_of, SHT_PROGBITS,
					    SHF_ALLOC | (read_only ? 0 : SHF_WRITE));
	struct object_var var = object_btf_bytes(o, name, map->value_size);
	void *value = arena_alloc(&o->arena, map->value_size);

	if (map->data_size)
		memcpy(value, map->data, map->data_size);
	elf_file_add(&o->elf, section, value, map->value_size);
	object_btf_section(o, section_of, &var, 1, map->value_size);
	o->maps[index].symbol = elf_file_symbol(&o->elf, &(struct elf_symbol){
		.name = name, .bind = STB_GLOBAL, .type = STT_OBJECT, .section = section,
		.size = map->value_size });
	o->maps[index].is_data = true;
}

static uint32_t add_map(struct object *o, uint32_t index, struct object_var *var)
{
	uint32_t section = elf_file_section(&o->elf, ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
	const char *name = o->maps[index].name;
	void *zeros;

	*var = object_btf_map(o, &o->image->maps.at[index], name);
	zeros = arena_alloc(&o->arena, var->size);
	var->offset = (uint32_t)elf_file_add(&o->elf, section, zeros, var->size);
	o->maps[index].symbol = elf_file_symbol(&o->elf, &(struct elf_symbol){
		.name = name, .bind = STB_GLOBAL, .type = STT_OBJECT, .section = section,
		.value = var->offset, .size = var->size });
	return section;
}

/* Those that programs use, and the script's. */
static void add_maps(struct object *o)
{
	const struct image *image = o->image;
	struct object_var *vars = arena_array(&o->arena, struct object_var, image->maps.n + 1);
	uint32_t section = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < image->maps.n; i++) {
		bool by_value = is_used(image, i, true), by_map = is_used(image, i, false);

		if (by_value && by_map)
			o->err = -EINVAL;
		else if (by_value)
			add_data_map(o, i);
		else if (by_map || image->maps.at[i].role == IMAGE_MAP_SCRIPT)
			section = add_map(o, i, &vars[n++]);
	}
	if (n)
		object_btf_section(o, ".maps", vars, n,
				   (uint32_t)o->elf.sections.at[section]->data.n);
}

/* ---- programs ---- */

/* A function of a program and where it goes. */
struct func {
	uint32_t start, end;		/* instructions of the program */
	uint32_t type_id;
	uint32_t section, symbol;
	uint64_t at;			/* in the section */
	bool is_global;
};

struct code {
	const struct image_prog *prog;
	struct func *funcs;
	size_t nr_funcs;
};

static const struct func *func_at(const struct code *c, uint32_t insn)
{
	for (size_t i = 0; i < c->nr_funcs; i++)
		if (c->funcs[i].start == insn)
			return &c->funcs[i];
	return NULL;
}

static uint32_t add_function_symbol(struct object *o, const struct func *f, const char *name)
{
	return elf_file_symbol(&o->elf, &(struct elf_symbol){
		.name = name, .bind = f->is_global ? STB_GLOBAL : STB_LOCAL, .type = STT_FUNC,
		.section = f->section, .value = f->at, .size = (f->end - f->start) * INSN_BYTES });
}

/* The program's functions, with room for each in its section. */
static void place_functions(struct object *o, struct code *c, uint32_t main_section)
{
	const struct image_prog *prog = c->prog;
	const struct bpf_func_info *info = prog->func_info;
	uint32_t text = prog->nr_func_info > 1 ? elf_file_section(&o->elf, ".text", SHT_PROGBITS,
						  SHF_ALLOC | SHF_EXECINSTR) : 0;

	c->nr_funcs = prog->nr_func_info ? prog->nr_func_info : 1;
	c->funcs = arena_array(&o->arena, struct func, c->nr_funcs);
	for (uint32_t i = 0; i < c->nr_funcs; i++) {
		struct func *f = &c->funcs[i];

		f->start = i ? info[i].insn_off : 0;
		f->end = i + 1 < c->nr_funcs ? info[i + 1].insn_off : prog->nr_insns;
		f->type_id = prog->nr_func_info ? info[i].type_id : 0;
		f->section = i ? text : main_section;
		f->is_global = !i || object_btf_is_global(o, f->type_id);
		f->at = elf_file_add(&o->elf, f->section, prog->insns + f->start,
				     (f->end - f->start) * INSN_BYTES);
		f->symbol = add_function_symbol(o, f, i ?
			symbol_name(o, object_btf_name(o, f->type_id), o->elf.symbols.n) :
			symbol_name(o, prog->name, (size_t)(prog - o->image->progs.at) + 1));
		if (f->type_id)
			object_ext_func(o, f->section, (uint32_t)f->at, f->type_id);
	}
}

static struct bpf_insn *placed(struct object *o, const struct func *f, uint32_t insn)
{
	return (struct bpf_insn *)(o->elf.sections.at[f->section]->data.at + f->at) +
	       (insn - f->start);
}

static void relocate(struct object *o, const struct func *f, uint32_t insn, uint32_t symbol,
		     uint32_t type)
{
	elf_file_reloc(&o->elf, f->section, f->at + (insn - f->start) * INSN_BYTES, symbol, type);
}

/* A call counts instructions from the next one, and from the symbol's place; a function's
 * address is in bytes. Static functions have no symbols that libbpf would follow, so the
 * section stands for them. */
static void relocate_function(struct object *o, const struct func *f, uint32_t insn,
			      const struct func *to)
{
	struct bpf_insn *at = placed(o, f, insn);
	bool is_call = at->code == (BPF_JMP | BPF_CALL);
	uint32_t symbol = to->is_global ? to->symbol
					: elf_file_section_symbol(&o->elf, to->section);
	uint64_t from_symbol = to->is_global ? 0 : to->at;

	at->imm = is_call ? (int32_t)(from_symbol / INSN_BYTES) - 1 : (int32_t)from_symbol;
	relocate(o, f, insn, symbol, is_call ? RELOC_CALL : RELOC_64);
}

static void relocate_functions(struct object *o, const struct code *c, const struct func *f)
{
	for (uint32_t i = f->start; i < f->end; i++) {
		const struct bpf_insn *insn = &c->prog->insns[i];
		bool is_wide = insn->code == (BPF_LD | BPF_IMM | BPF_DW);
		bool is_call = insn->code == (BPF_JMP | BPF_CALL) &&
			       insn->src_reg == BPF_PSEUDO_CALL;
		const struct func *to;

		if (is_call || (is_wide && insn->src_reg == BPF_PSEUDO_FUNC)) {
			to = func_at(c, (uint32_t)((int32_t)i + 1 + insn->imm));
			if (to)
				relocate_function(o, f, i, to);
			else
				o->err = -EINVAL;
		}
		i += is_wide;
	}
}

/* The offset in a value is where libbpf looks for it: in the first half. */
static void relocate_maps(struct object *o, const struct code *c, const struct func *f)
{
	for (size_t i = 0; i < c->prog->nr_relocs; i++) {
		const struct image_reloc *r = &c->prog->relocs[i];
		struct bpf_insn *at;

		if (r->insn < f->start || r->insn >= f->end)
			continue;
		at = placed(o, f, r->insn);
		at[0].src_reg = 0;
		at[0].imm = r->is_value ? at[1].imm : 0;
		at[1].imm = 0;
		relocate(o, f, r->insn, o->maps[r->map].symbol, RELOC_64);
	}
}

static void add_lines(struct object *o, const struct code *c, const struct func *f)
{
	const struct bpf_line_info *lines = c->prog->line_info;

	for (uint32_t i = 0; i < c->prog->nr_line_info; i++)
		if (lines[i].insn_off >= f->start && lines[i].insn_off < f->end)
			object_ext_line(o, f->section, (uint32_t)(f->at +
					(lines[i].insn_off - f->start) * INSN_BYTES), &lines[i]);
}

static void add_prog(struct object *o, const struct image_prog *prog)
{
	uint32_t section = elf_file_section(&o->elf, section_name(o, prog), SHT_PROGBITS,
					    SHF_ALLOC | SHF_EXECINSTR);
	struct code c = { .prog = prog };

	place_functions(o, &c, section);
	for (size_t i = 0; i < c.nr_funcs; i++) {
		relocate_functions(o, &c, &c.funcs[i]);
		relocate_maps(o, &c, &c.funcs[i]);
		add_lines(o, &c, &c.funcs[i]);
	}
}

/* ---- all ---- */

static void add_license(struct object *o)
{
	const char *text = o->image->config.license ? o->image->config.license : "GPL";
	uint32_t section = elf_file_section(&o->elf, "license", SHT_PROGBITS,
					    SHF_ALLOC | SHF_WRITE);

	elf_file_add(&o->elf, section, text, strlen(text) + 1);
	elf_file_symbol(&o->elf, &(struct elf_symbol){
		.name = symbol_name(o, "LICENSE", 0), .bind = STB_GLOBAL, .type = STT_OBJECT,
		.section = section, .size = strlen(text) + 1 });
}

static void make(struct object *o)
{
	const struct image_prog *p;

	elf_file_init(&o->elf, &o->arena);
	o->maps = arena_array(&o->arena, struct object_map, o->image->maps.n + 1);
	name_maps(o);
	object_btf_open(o);
	if (!o->err)
		add_maps(o);
	vec_each(p, &o->image->progs)
		if (!o->err && p->nr_insns)
			add_prog(o, p);
	if (!o->err)
		add_license(o);
	if (!o->err)
		object_btf_finish(o);
	/* Each with its relocations, and three tables. */
	if (!o->err && 2 * o->elf.sections.n + 3 >= SHN_LORESERVE)
		o->err = -E2BIG;
}

int object_write(const struct image *image, uint32_t ring_bytes, struct sbuf *out)
{
	struct object *volatile o = calloc(1, sizeof(*o));
	volatile int err = -ENOMEM;

	if (!o)
		return -ENOMEM;
	o->image = image;
	o->ring_bytes = ring_bytes;
	arena_init(&o->arena);
	arena_on_oom(&o->arena, &o->oom);
	if (!setjmp(o->oom)) {
		make(o);
		if (!o->err)
			o->err = elf_file_write(&o->elf, out);
		err = out->failed ? -ENOMEM : o->err;
	}
	elf_file_close(&o->elf);
	btf__free(o->btf);
	arena_free(&o->arena);
	free(o);
	return err;
}
