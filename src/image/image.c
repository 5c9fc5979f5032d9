/*
 * The image's life, and its dump (`-d image`).
 *
 * In: an image, whole or half made. Out: text with one line for each thing,
 * in the order of the image's arrays. The dump is for people and for tests of
 * what the compiler leaves; it reads nothing but the image.
 */
#include "image/image.h"

#include <inttypes.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct image *image_open(void)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	arena_init(&image->arena);
	image->ring_map = image->global_map = image->losses_map = image->packets_map = NONE;
	image->unwind_map = NONE;
	return image;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	arena_free(&image->arena);
	free(image);
}

/* ---- names of the enumerators ---- */

static const char *const value_names[VALUE_KIND_COUNT] = {
	[VALUE_NONE] = "none", [VALUE_INT] = "int", [VALUE_BOOL] = "bool", [VALUE_ENUM] = "enum",
	[VALUE_POINTER] = "pointer", [VALUE_STRING] = "string", [VALUE_CHARS] = "chars",
	[VALUE_BUFFER] = "buffer", [VALUE_ARRAY] = "array", [VALUE_TUPLE] = "tuple",
	[VALUE_RECORD] = "record", [VALUE_KSTACK] = "kstack", [VALUE_USTACK] = "ustack",
	[VALUE_KSYM] = "ksym", [VALUE_USYM] = "usym", [VALUE_PROBE_NAME] = "probe",
	[VALUE_TIMESTAMP] = "timestamp", [VALUE_INET] = "inet", [VALUE_MACADDR] = "macaddr",
	[VALUE_CGROUP_PATH] = "cgroup_path", [VALUE_USERNAME] = "username",
	[VALUE_COUNT] = "count", [VALUE_SUM] = "sum", [VALUE_MIN] = "min", [VALUE_MAX] = "max",
	[VALUE_AVG] = "avg", [VALUE_STATS] = "stats", [VALUE_HIST] = "hist",
	[VALUE_LHIST] = "lhist", [VALUE_TSERIES] = "tseries",
};

static const char *const role_names[] = {
	[IMAGE_MAP_SCRIPT] = "script", [IMAGE_MAP_RING] = "ring", [IMAGE_MAP_SCRATCH] = "scratch",
	[IMAGE_MAP_GLOBAL] = "global", [IMAGE_MAP_LOSSES] = "losses",
	[IMAGE_MAP_RODATA] = "rodata", [IMAGE_MAP_STACKS] = "stacks",
	[IMAGE_MAP_PACKETS] = "packets", [IMAGE_MAP_UNWIND_PROCESSES] = "unwind-processes",
	[IMAGE_MAP_UNWIND_CHUNKS] = "unwind-chunks", [IMAGE_MAP_UNWIND_RULES] = "unwind-rules",
	[IMAGE_MAP_UNWIND_FILES] = "unwind-files",
};

static const char *const action_names[ACTION_KIND_COUNT] = {
	[ACTION_PRINTF] = "printf", [ACTION_ERRORF] = "errorf", [ACTION_WARNF] = "warnf",
	[ACTION_SYSTEM] = "system", [ACTION_CAT] = "cat", [ACTION_PRINT_VALUE] = "print-value",
	[ACTION_PRINT_MAP] = "print-map", [ACTION_CLEAR] = "clear", [ACTION_ZERO] = "zero",
	[ACTION_TAKE] = "take", [ACTION_EXIT] = "exit", [ACTION_TIME] = "time",
	[ACTION_UNWATCH] = "unwatch", [ACTION_JOIN] = "join",
	[ACTION_RUNTIME_ERROR] = "runtime-error",
	[ACTION_HELPER_ERROR] = "helper-error", [ACTION_PACKET] = "packet",
	[ACTION_UNWIND] = "unwind",
};

static const char *const attach_names[ATTACH_KIND_COUNT] = {
	[ATTACH_NONE] = "none", [ATTACH_BEGIN] = "begin", [ATTACH_END] = "end",
	[ATTACH_SIGNAL] = "signal", [ATTACH_TEST] = "test", [ATTACH_BENCH] = "bench",
	[ATTACH_TRACEPOINT] = "tracepoint",
	[ATTACH_RAW_TRACEPOINT] = "rawtracepoint", [ATTACH_BTF_TRACEPOINT] = "btf-tracepoint",
	[ATTACH_KPROBE] = "kprobe", [ATTACH_KRETPROBE] = "kretprobe",
	[ATTACH_UPROBE] = "uprobe", [ATTACH_URETPROBE] = "uretprobe",
	[ATTACH_USDT] = "usdt",
	[ATTACH_PROFILE] = "profile", [ATTACH_INTERVAL] = "interval",
	[ATTACH_SOFTWARE] = "software", [ATTACH_HARDWARE] = "hardware",
	[ATTACH_WATCHPOINT] = "watchpoint",
	[ATTACH_FENTRY] = "fentry", [ATTACH_FEXIT] = "fexit", [ATTACH_ITER] = "iter",
};

static const char *const conversion_names[] = {
	[CONV_TEXT] = "text", [CONV_SIGNED] = "d", [CONV_UNSIGNED] = "u", [CONV_OCTAL] = "o",
	[CONV_HEX] = "x", [CONV_HEX_UPPER] = "X", [CONV_CHAR] = "c", [CONV_POINTER] = "p",
	[CONV_STRING] = "s", [CONV_BUFFER_TEXT] = "r", [CONV_BUFFER_X] = "rx",
	[CONV_BUFFER_HEX] = "rh", [CONV_GFP] = "gr",
};

/* ---- pieces ---- */

static void dump_text(const char *text, size_t len, FILE *out)
{
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void dump_string(const char *text, FILE *out)
{
	size_t len = 0;

	while (text && text[len])
		len++;
	dump_text(text, len, out);
}

static void dump_layout(const struct value_layout *layout, FILE *out);

static void dump_field(const struct value_field *f, FILE *out)
{
	if (f->name)
		fprintf(out, "%s ", f->name);
	fprintf(out, "+%" PRIu32, f->offset_bytes);
	if (f->bit_size)
		fprintf(out, ".%u:%u", f->bit_offset, f->bit_size);
	fputs(f->is_variable ? " variable " : " ", out);
	dump_layout(f->layout, out);
}

static void dump_layout(const struct value_layout *layout, FILE *out)
{
	if (!layout) {
		fputs("-", out);
		return;
	}
	fprintf(out, "%s%s%" PRIu32, layout->is_signed ? "s" : "",
		layout->kind < VALUE_KIND_COUNT ? value_names[layout->kind] : "?",
		layout->size_bytes);
	if (layout->count)
		fprintf(out, "[%" PRIu32 "]", layout->count);
	if (layout->enumeration)
		fprintf(out, " %s", layout->enumeration->name ? layout->enumeration->name : "");
	if (layout->param[0] || layout->param[1] || layout->param[2])
		fprintf(out, " <%" PRIu64 " %" PRIu64 " %" PRIu64 ">", layout->param[0],
			layout->param[1], layout->param[2]);
	for (size_t i = 0; i < layout->nr_texts; i++) {
		fputc(' ', out);
		dump_string(layout->texts[i], out);
	}
	if (!layout->nr_fields)
		return;
	fputs(" (", out);
	for (size_t i = 0; i < layout->nr_fields; i++) {
		fputs(i ? ", " : "", out);
		dump_field(&layout->fields[i], out);
	}
	fputs(")", out);
}

static void dump_map(const struct image *image, size_t i, FILE *out)
{
	const struct image_map *m = &image->maps.at[i];

	fprintf(out, "map %zu %s %s type %d key %" PRIu32 " value %" PRIu32 " entries %" PRIu32
		" flags %#" PRIx32, i, m->name ? m->name : "", role_names[m->role], (int)m->type,
		m->key_size, m->value_size, m->max_entries, m->flags);
	if (m->data)
		fprintf(out, " data %" PRIu32, m->data_size);
	fputc('\n', out);
}

static void dump_script_map(const struct image *image, size_t i, FILE *out)
{
	const struct script_map *m = &image->script_maps.at[i];

	fprintf(out, "script-map %zu @%s %s%s map %" PRIu32, i, m->name ? m->name : "",
		m->storage == STORE_CELL ? "cell" : "hash", m->is_scalar ? " scalar" : "", m->map);
	if (m->storage == STORE_CELL)
		fprintf(out, " +%" PRIu32 " stride %" PRIu32, m->cell_offset, m->cell_stride);
	if (m->storage == STORE_CELL && m->set_offset != NONE)
		fprintf(out, " set +%" PRIu32, m->set_offset);
	if (m->storage == STORE_HASH && m->spare_map != NONE)
		fprintf(out, " spare %" PRIu32 " select +%" PRIu32, m->spare_map,
			m->select_offset);
	for (uint32_t k = 0; k < m->nr_sizes; k++)
		fprintf(out, "%s%" PRIu32, k ? " " : " short ", m->sizes[k].map);
	if (m->key) {
		fputs(" key ", out);
		dump_layout(m->key, out);
	}
	fputs(" value ", out);
	dump_layout(m->value, out);
	fputc('\n', out);
}

static void dump_place(const struct image_place *p, FILE *out)
{
	if (p->file)
		fprintf(out, " at %s:%" PRIu32 ":%" PRIu32, p->file, p->line, p->col);
}

static void dump_failures(const struct image *image, FILE *out)
{
	const struct image_failure *s;

	vec_each(s, &image->failures) {
		fprintf(out, "failure of %s at offset %" PRIu32, s->helper, s->offset);
		dump_place(&s->place, out);
		fputc('\n', out);
	}
}

static void dump_conversion(const struct image_conversion *c, FILE *out)
{
	fputs("  ", out);
	if (c->kind == CONV_TEXT) {
		dump_text(c->text, c->len, out);
		fputc('\n', out);
		return;
	}
	fprintf(out, "%%%s%s%s%s", c->left ? "-" : "", c->plus ? "+" : "",
		c->alternate ? "#" : "", c->zero ? "0" : "");
	if (c->width)
		fprintf(out, "%" PRIu32, c->width);
	fprintf(out, "%s field %" PRIu32, conversion_names[c->kind], c->field);
	if (c->int_bytes)
		fprintf(out, " bytes %u", c->int_bytes);
	fputc('\n', out);
}

static void dump_action(const struct image *image, size_t i, FILE *out)
{
	const struct image_action *a = &image->actions.at[i];

	fprintf(out, "action %zu %s size %" PRIu32, i,
		a->kind < ACTION_KIND_COUNT ? action_names[a->kind] : "?", a->size_bytes);
	if (a->kind == ACTION_PRINT_MAP || a->kind == ACTION_CLEAR || a->kind == ACTION_ZERO ||
	    a->kind == ACTION_TAKE)
		fprintf(out, " script-map %" PRIu32 " top %" PRIu64 " div %" PRIu64 "%s",
			a->script_map, a->top, a->div, a->take_zero ? " zero" : "");
	if (a->text) {
		fputc(' ', out);
		dump_string(a->text, out);
	}
	dump_place(&a->place, out);
	fputc('\n', out);
	for (size_t f = 0; f < a->nr_fields; f++) {
		fputs("  field ", out);
		dump_field(&a->fields[f], out);
		fputc('\n', out);
	}
	for (size_t c = 0; c < a->nr_format; c++)
		dump_conversion(&a->format[c], out);
}

static const char *probe_name(const struct image *image, uint32_t probe)
{
	return probe < image->probe_names.n ? image->probe_names.at[probe] : "?";
}

static void dump_site(const struct image *image, const struct image_site *s, FILE *out)
{
	fprintf(out, "  site %" PRIu32 " %s", s->probe, probe_name(image, s->probe));
	if (s->path)
		fprintf(out, " path %s", s->path);
	if (s->offset)
		fprintf(out, " offset %#" PRIx64, s->offset);
	if (s->address)
		fprintf(out, " address %#" PRIx64, s->address);
	if (s->entry)
		fprintf(out, " entry %#" PRIx64, s->entry);
	if (s->semaphore)
		fprintf(out, " semaphore %#" PRIx64, s->semaphore);
	if (s->variant)
		fprintf(out, " variant %" PRIu32, s->variant);
	if (s->event_id)
		fprintf(out, " event %" PRIu64, s->event_id);
	if (s->count)
		fprintf(out, " %s %" PRIu64, s->is_freq ? "hz" : "period", s->count);
	fprintf(out, "%s%s%s\n", s->must_exist ? " must-exist" : "",
		s->of_pattern ? " of-pattern" : "", s->is_unfit ? " unfit" : "");
}

static void dump_prog(const struct image *image, size_t i, FILE *out)
{
	const struct image_prog *p = &image->progs.at[i];

	fprintf(out, "prog %zu %s type %d attach %s insns %" PRIu32 "%s%s%s", i,
		p->name ? p->name : "", (int)p->type,
		p->attach < ATTACH_KIND_COUNT ? attach_names[p->attach] : "?", p->nr_insns,
		p->sleepable ? " sleepable" : "", p->use_multi ? " multi" : "",
		p->system_wide ? " system-wide" : "");
	if (p->expected_attach_type)
		fprintf(out, " expects %" PRIu32, p->expected_attach_type);
	if (p->attach_btf_id)
		fprintf(out, " btf-id %" PRIu32, p->attach_btf_id);
	if (p->session_kfunc)
		fputs(" session", out);
	if (p->raw_event)
		fprintf(out, " raw %s", p->raw_event);
	fputc('\n', out);
	for (size_t s = 0; s < p->nr_sites; s++)
		dump_site(image, &p->sites[s], out);
	for (size_t r = 0; r < p->nr_relocs; r++)
		fprintf(out, "  reloc insn %" PRIu32 " map %" PRIu32 "%s\n", p->relocs[r].insn,
			p->relocs[r].map, p->relocs[r].is_value ? " value" : "");
}

enum mechanism_family attach_family(enum attach_kind kind)
{
	switch (kind) {
	case ATTACH_KPROBE:
	case ATTACH_KRETPROBE:
		return MECHANISM_OF_KPROBE;
	case ATTACH_UPROBE:
	case ATTACH_URETPROBE:
	case ATTACH_USDT:
		return MECHANISM_OF_UPROBE;
	case ATTACH_TRACEPOINT:
		return MECHANISM_OF_TRACEPOINT;
	case ATTACH_RAW_TRACEPOINT:
	case ATTACH_BTF_TRACEPOINT:
		return MECHANISM_OF_RAW_TRACEPOINT;
	case ATTACH_PROFILE:
	case ATTACH_INTERVAL:
	case ATTACH_SOFTWARE:
	case ATTACH_HARDWARE:
	case ATTACH_WATCHPOINT:
		return MECHANISM_OF_EVENT;
	default:
		return MECHANISM_FAMILIES;
	}
}

void image_dump(const struct image *image, FILE *out)
{
	for (size_t i = 0; i < image->maps.n; i++)
		dump_map(image, i, out);
	for (size_t i = 0; i < image->script_maps.n; i++)
		dump_script_map(image, i, out);
	for (size_t i = 0; i < image->actions.n; i++)
		dump_action(image, i, out);
	dump_failures(image, out);
	for (size_t i = 0; i < image->progs.n; i++)
		dump_prog(image, i, out);
	fprintf(out, "cpus %" PRIu32 " btf %" PRIu32 " bytes\n", image->nr_cpus, image->btf_size);
}
