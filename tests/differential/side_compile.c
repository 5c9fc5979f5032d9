/*
 * The compiler's stages for one program; see side.h.
 */
#include "tests/differential/side.h"

#include "ir/ir.h"
#include "lang/lang.h"
#include "out/text.h"
#include "types/cdefs.h"
#include "types/kbtf.h"

#include <string.h>

void side_open(struct compiled *c, struct target *target, const char *const *params,
	       size_t nr_params)
{
	memset(c, 0, sizeof(*c));
	arena_init(&c->arena);
	names_init(&c->names, &c->arena);
	diags_init(&c->diags, &c->arena);
	types_init(&c->types, &c->arena, &c->names);
	c->options.params = params;
	c->options.nr_params = nr_params;
	c->options.warnings_level = 1;
	c->check = (struct check){
		.arena = &c->arena, .names = &c->names, .diags = &c->diags, .types = &c->types,
		.target = target, .options = &c->options,
	};
}

void side_close(struct compiled *c)
{
	bc_btf_close(c->btf);
	image_close(c->image);
	arena_free(&c->arena);
}

static bool is_builtin(const char *name, bool is_call)
{
	const struct builtin *b = builtin_find(name);

	return b && (b->kind & (is_call ? BUILTIN_FUNC : BUILTIN_VAR));
}

static const char *no_header(void *arg, const char *path, size_t *len)
{
	(void)arg, (void)path, (void)len;
	return NULL;
}

static void read_c_part(struct compiled *c)
{
	struct cdefs_env env = {
		.types = &c->types, .diags = &c->diags, .btf = c->check.btf,
		.char_is_signed = c->check.target->arch->char_is_signed,
		.machine_macro = arena_printf(&c->arena, "__%s__", c->check.target->arch->name),
		.page_size = c->check.target->page_size, .read = no_header,
	};
	struct c_chunk *part;

	c->check.cdefs = cdefs_new(&env);
	vec_each(part, &c->check.script->c_parts)
		cdefs_add(c->check.cdefs, part->text, strlen(part->text), part->loc);
	cdefs_finish(c->check.cdefs);
}

bool side_check(struct compiled *c, const char *text)
{
	struct lang_options lang = {
		.params = c->options.params, .nr_params = c->options.nr_params,
	};
	struct source *s = source_add(&c->diags, "t.bt", text, strlen(text));

	c->check.script = lang_parse(&c->arena, &c->names, &c->diags, s, &lang);
	if (!c->diags.nr_errors)
		lang_expand_macros(&c->arena, &c->diags, c->check.script, is_builtin);
	if (c->diags.nr_errors)
		return false;
	c->check.btf = target_kbtf(c->check.target, &c->types);
	read_c_part(c);
	if (c->diags.nr_errors)
		return false;
	return !check_run(&c->check) && !c->diags.nr_errors;
}

static const char *emit_prog(struct compiled *c, struct lowered *l)
{
	struct bc_env env = { .arena = &c->arena, .image = c->image, .target = c->check.target,
			      .btf = c->btf, .diags = &c->diags };
	const char *why = NULL;

	if (!ir_verify(l->module, &why))
		return why;
	ir_optimize(l->module);
	if (!ir_verify(l->module, &why))
		return why;
	return bc_compile(&env, l->module, &c->image->progs.at[l->prog]) ? "no code" : NULL;
}

const char *side_emit(struct compiled *c)
{
	const char *why = NULL;

	c->image = image_open();
	c->btf = bc_btf_open();
	if (lower_run(&c->check, c->image, &c->lowered) || c->diags.nr_errors)
		return "lowering fails";
	for (size_t i = 0; i < c->lowered.progs.n && !why; i++)
		why = emit_prog(c, &c->lowered.progs.at[i]);
	if (!why && bc_btf_finish(c->btf, c->image))
		why = "no BTF";
	return why;
}

bool side_needs(struct compiled *c)
{
	lower_check_needs(&c->check, &c->lowered);
	return c->diags.nr_errors;
}

void side_errors(const struct compiled *c, struct sbuf *out)
{
	for (size_t i = 0; i < c->diags.list.n; i++)
		if (c->diags.list.at[i]->level == DIAG_ERROR)
			diag_render(&c->diags, c->diags.list.at[i], false, out);
}

/* A delete of a key that is not there is told of when it is noticed, between any
 * events: of the program's doing it says nothing. */
static bool is_idle_delete(const struct sonde_event *e)
{
	return e->kind == SONDE_EVENT_HELPER_ERROR && e->name &&
	       !strcmp(e->name, "map_delete_elem");
}

/* Times are nobody's to compare: the values of the intervals that have one. */
static void series_map(struct sbuf *out, const struct sonde_event *e)
{
	for (size_t i = 0; i < e->nr_entries; i++) {
		const struct sonde_value *v = e->entries[i].value;

		sbuf_printf(out, "@%s:", e->name);
		for (size_t k = 0; k < v->nr_items; k++) {
			if (v->items[k].items[1].kind == SONDE_VALUE_NONE)
				continue;
			sbuf_putc(out, ' ');
			text_value(out, &v->items[k].items[1]);
		}
		sbuf_putc(out, '\n');
	}
}

void side_event(struct sbuf *out, const struct sonde_event *e)
{
	if (is_idle_delete(e))
		return;
	switch (e->kind) {
	case SONDE_EVENT_PRINTF:
		sbuf_add(out, e->text, e->len);
		break;
	case SONDE_EVENT_VALUE:
		text_value(out, &e->values[0]);
		sbuf_putc(out, '\n');
		break;
	case SONDE_EVENT_MAP:
		if (e->map_kind == SONDE_MAP_SERIES)
			series_map(out, e);
		else
			text_map(out, e);
		break;
	case SONDE_EVENT_RUNTIME_ERROR:
		sbuf_printf(out, "!%u:%u\n", e->place.line, e->place.col);
		break;
	case SONDE_EVENT_ATTACHED:
	case SONDE_EVENT_RESULTS:
	case SONDE_EVENT_END:
		break;
	default:
		sbuf_printf(out, "!event %d %s %s\n", (int)e->kind, e->name ? e->name : "",
			    e->text ? e->text : "");
	}
}
