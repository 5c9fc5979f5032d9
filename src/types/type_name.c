/*
 * Types as messages show them: "int8", "struct task_struct *",
 * "(int8,string[3])". The spelling is the one that scripts' authors know from
 * the language's messages, so it is part of what must stay.
 */
#include "types/type.h"

#include <string.h>

static const char *const kind_names[TYPE_KIND_COUNT] = {
	[TYPE_ERROR]		= "error",
	[TYPE_VOID]		= "void",
	[TYPE_BOOL]		= "bool",
	[TYPE_COUNT]		= "count_t",
	[TYPE_SUM]		= "sum_t",
	[TYPE_MIN]		= "min_t",
	[TYPE_MAX]		= "max_t",
	[TYPE_AVG]		= "avg_t",
	[TYPE_STATS]		= "stats_t",
	[TYPE_HIST]		= "hist_t",
	[TYPE_LHIST]		= "lhist_t",
	[TYPE_TSERIES]		= "tseries_t",
	[TYPE_KSTACK]		= "kstack",
	[TYPE_USTACK]		= "ustack",
	[TYPE_KSYM]		= "ksym_t",
	[TYPE_USYM]		= "usym_t",
	[TYPE_PROBE_NAME]	= "string",
	[TYPE_TIMESTAMP]	= "timestamp",
	[TYPE_INET]		= "inet",
	[TYPE_STRING]		= "string",
	[TYPE_BUFFER]		= "buffer",
	[TYPE_MACADDR]		= "macaddr_t",
	[TYPE_CGROUP_PATH]	= "cgroup_path_t",
	[TYPE_USERNAME]		= "username_t",
	[TYPE_TIMESTAMP_MODE]	= "timestamp_mode",
};

static const char *const mode_names[] = {
	[STACK_BPFTRACE] = "bpftrace", [STACK_PERF] = "perf",
	[STACK_RAW] = "raw", [STACK_BUILD_ID] = "build_id",
};

/* A struct without a name shows the types of its members, if they are known
 * (it may contain itself only through a pointer to a named one). */
static void print_struct(const struct type_struct *s, struct sbuf *out)
{
	sbuf_puts(out, s->is_union ? "union " : "struct ");
	if (s->name) {
		sbuf_puts(out, s->name);
		return;
	}
	sbuf_putc(out, '{');
	for (size_t i = 0; i < s->nr_fields; i++) {
		const struct type *type = s->fields[i].type;

		sbuf_puts(out, i ? "," : "");
		if (type->kind == TYPE_STRUCT && !type->structure->name)
			sbuf_puts(out, "struct {}");
		else if (type->kind != TYPE_POINTER && type->kind != TYPE_ARRAY)
			type_print(type, out);
		else
			sbuf_puts(out, type->kind == TYPE_POINTER ? "*" : "[]");
	}
	sbuf_putc(out, '}');
}

static void print_pointer(const struct type *t, struct sbuf *out)
{
	type_print(t->target, out);
	sbuf_puts(out, " *");
}

static void print_tuple(const struct type *t, struct sbuf *out)
{
	sbuf_putc(out, '(');
	for (size_t i = 0; i < t->nr_fields; i++) {
		if (i)
			sbuf_putc(out, ',');
		type_print(t->fields[i].type, out);
	}
	sbuf_putc(out, ')');
}

static void print_record(const struct type *t, struct sbuf *out)
{
	sbuf_puts(out, "record { ");
	for (size_t i = 0; i < t->nr_fields; i++) {
		sbuf_printf(out, "%s.%s = ", i ? ", " : "", t->fields[i].name);
		type_print(t->fields[i].type, out);
	}
	sbuf_puts(out, " }");
}

static void print_by_name(const struct type *t, struct sbuf *out)
{
	bool has_sign = t->kind >= TYPE_SUM && t->kind <= TYPE_STATS;

	sbuf_printf(out, "%s%s", has_sign && !t->is_signed ? "u" : "", kind_names[t->kind]);
}

void type_print(const struct type *t, struct sbuf *out)
{
	switch (t->kind) {
	case TYPE_INT:
		sbuf_printf(out, "%sint%u", t->is_signed ? "" : "u", t->size_bytes * 8);
		break;
	case TYPE_ENUM:
		sbuf_printf(out, "enum %s", t->enumeration->name ? t->enumeration->name :
						"<anonymous>");
		break;
	case TYPE_CHARS:
		sbuf_printf(out, "string[%u]", t->size_bytes + 1);
		break;
	case TYPE_STRING:
	case TYPE_BUFFER:
	case TYPE_INET:
		sbuf_printf(out, "%s[%u]", kind_names[t->kind], t->size_bytes);
		break;
	case TYPE_POINTER:
		print_pointer(t, out);
		break;
	case TYPE_ARRAY:
		type_print(t->target, out);
		sbuf_printf(out, "[%u]", t->count);
		break;
	case TYPE_STRUCT:
		print_struct(t->structure, out);
		break;
	case TYPE_TUPLE:
		print_tuple(t, out);
		break;
	case TYPE_RECORD:
		print_record(t, out);
		break;
	case TYPE_KSTACK:
	case TYPE_USTACK:
		sbuf_printf(out, "%s_%s_%u", kind_names[t->kind], mode_names[t->param[1] & 3],
			    (unsigned)t->param[0]);
		break;
	default:
		print_by_name(t, out);
	}
}

const char *type_name(struct types *t, const struct type *type)
{
	struct sbuf text = { 0 };
	const char *name;

	type_print(type, &text);
	name = arena_strdup(t->arena, sbuf_text(&text));
	sbuf_close(&text);
	return name;
}
