/*
 * Settings: the config block, then the environment, over the defaults.
 *
 * Every key is a row; a row's setter takes a number or a text. The environment
 * is read here, as BPFTRACE_KEY or SONDE_KEY; the keys of the environment only are
 * read where they are used.
 */
#include "check/check_impl.h"
#include "lang/lang.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum key_kind {
	KEY_NUMBER, KEY_BOOL, KEY_STRING,
	KEY_STACK_MODE, KEY_MISSING, KEY_LICENSE,
	KEY_CACHE,		/* accepted with its words, means nothing here */
	KEY_IGNORED,		/* a boolean that means nothing here */
	KEY_REMOVED,		/* accepted with a warning */
	KEY_ENVIRONMENT,	/* only as a variable */
	KEY_GATE,		/* enable, warn, error */
	KEY_MECHANISM,		/* a word of image/mechanism.h */
};

struct key {
	const char *name;
	enum key_kind kind;
	size_t offset;		/* in struct config */
	const char *renamed;	/* old name: what it is called now */
	bool inverted;		/* the old name meant the opposite */
	bool may_be_zero;	/* NUMBER */
};

#define AT(field) offsetof(struct config, field)

#define MECHANISM(family, name) \
	{ name, KEY_MECHANISM, AT(attach[MECHANISM_OF_##family]), NULL, false, false }

static const struct key keys[] = {
	MECHANISM(EVENT, "attach_event"),
	MECHANISM(KPROBE, "attach_kprobe"),
	MECHANISM(RAW_TRACEPOINT, "attach_rawtracepoint"),
	MECHANISM(TRACEPOINT, "attach_tracepoint"),
	MECHANISM(UPROBE, "attach_uprobe"),
	{ "cache_user_symbols", KEY_CACHE, 0, NULL, false, false },
	{ "cpp_demangle", KEY_BOOL, AT(cpp_demangle), NULL, false, false },
	{ "fault_in", KEY_BOOL, AT(fault_in), NULL, false, false },
	{ "kprobe_as_fentry", KEY_BOOL, AT(kprobe_as_fentry), NULL, false, false },
	{ "lazy_symbolication", KEY_BOOL, AT(lazy_symbolication), NULL, false, false },
	{ "license", KEY_LICENSE, AT(license), NULL, false, false },
	{ "log_size", KEY_NUMBER, AT(log_size), NULL, false, true },
	{ "max_bpf_progs", KEY_NUMBER, AT(max_bpf_progs), NULL, false, false },
	{ "max_cat_bytes", KEY_NUMBER, AT(max_cat_bytes), NULL, false, true },
	{ "max_map_keys", KEY_NUMBER, AT(max_map_keys), NULL, false, false },
	{ "max_probes", KEY_NUMBER, AT(max_probes), NULL, false, false },
	{ "max_strlen", KEY_NUMBER, AT(max_strlen), NULL, false, false },
	{ "missing_probes", KEY_MISSING, AT(missing_probes), NULL, false, false },
	{ "on_stack_limit", KEY_NUMBER, AT(on_stack_limit), NULL, false, true },
	{ "perf_rb_pages", KEY_NUMBER, AT(perf_rb_pages), NULL, false, true },
	{ "print_maps_on_exit", KEY_BOOL, AT(print_maps_on_exit), NULL, false, false },
	{ "show_debug_info", KEY_BOOL, AT(show_debug_info), NULL, false, false },
	{ "stack_mode", KEY_STACK_MODE, AT(stack_mode), NULL, false, false },
	{ "str_trunc_trailer", KEY_STRING, AT(str_trunc_trailer), NULL, false, false },
	{ "unwind_tables", KEY_BOOL, AT(unwind_tables), NULL, false, false },
	{ "use_blazesym", KEY_IGNORED, 0, NULL, false, false },
	{ "unstable_tseries", KEY_GATE, AT(gates[GATE_TSERIES]), NULL, false, false },
	{ "unstable_dw_ustack", KEY_GATE, AT(gates[GATE_DW_USTACK]), NULL, false, false },
	{ "unstable_typeinfo", KEY_GATE, AT(gates[GATE_TYPEINFO]), NULL, false, false },
	{ "unstable_import_statement", KEY_GATE, AT(gates[GATE_IMPORT_STATEMENT]), NULL, false,
	  false },
	{ "symbol_source", KEY_REMOVED, 0, NULL, false, false },
	{ "max_type_res_iterations", KEY_REMOVED, 0, NULL, false, false },
	{ "unstable_addr", KEY_REMOVED, 0, NULL, false, false },
	{ "unstable_import", KEY_REMOVED, 0, NULL, false, false },
	{ "unstable_macro", KEY_REMOVED, 0, NULL, false, false },
	{ "unstable_map_decl", KEY_REMOVED, 0, NULL, false, false },
	{ "strlen", KEY_NUMBER, AT(max_strlen), "max_strlen", false, false },
	{ "no_cpp_demangle", KEY_BOOL, AT(cpp_demangle), "cpp_demangle", true, false },
	{ "cat_bytes_max", KEY_NUMBER, AT(max_cat_bytes), "max_cat_bytes", false, false },
	{ "map_keys_max", KEY_NUMBER, AT(max_map_keys), "max_map_keys", false, false },
	{ "btf", KEY_ENVIRONMENT, 0, NULL, false, false },
	{ "kernel_build", KEY_ENVIRONMENT, 0, NULL, false, false },
	{ "kernel_source", KEY_ENVIRONMENT, 0, NULL, false, false },
	{ "vmlinux", KEY_ENVIRONMENT, 0, NULL, false, false },
	{ "dummy_ts_map", KEY_ENVIRONMENT, 0, NULL, false, false },
};

#undef MECHANISM
#undef AT

enum { NR_KEYS = sizeof(keys) / sizeof(*keys) };

static void set_defaults(struct config *f)
{
	memset(f, 0, sizeof(*f));
	f->max_strlen = 1024;
	f->max_map_keys = 4096;
	f->max_probes = 1024;
	f->max_bpf_progs = 1024;
	f->max_cat_bytes = 10240;
	f->on_stack_limit = 32;
	f->log_size = 1000000;
	f->print_maps_on_exit = true;
	f->cpp_demangle = true;
	f->lazy_symbolication = true;
	f->show_debug_info = true;
	f->str_trunc_trailer = "..";
	f->license = "GPL";
	f->stack_mode = STACK_BPFTRACE;
	f->missing_probes = MISSING_ERROR;
	f->fault_in = true;
	f->gates[GATE_TSERIES] = f->gates[GATE_DW_USTACK] = GATE_WARN;
	f->gates[GATE_TYPEINFO] = f->gates[GATE_IMPORT_STATEMENT] = GATE_ERROR;
}

static const struct key *key_find(const char *name)
{
	if (!strncasecmp(name, "bpftrace_", 9))
		name += 9;
	else if (!strncasecmp(name, "sonde_", 6))
		name += 6;
	for (size_t i = 0; i < NR_KEYS; i++)
		if (!strcasecmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static const char *const stack_modes[] = {
	[STACK_BPFTRACE] = "bpftrace", [STACK_PERF] = "perf", [STACK_RAW] = "raw",
	[STACK_BUILD_ID] = "build_id",
};
static const char *const missing_words[] = {
	[MISSING_ERROR] = "error", [MISSING_WARN] = "warn", [MISSING_IGNORE] = "ignore",
};
static const char *const gate_words[] = {
	[GATE_ENABLE] = "enable", [GATE_WARN] = "warn", [GATE_ERROR] = "error",
};

/* A setting's value, from the block or the environment. */
struct value {
	const char *text;
	uint64_t number;
	bool is_number;
	const char *name;	/* the key, as written */
	struct loc loc;
};

static bool choose(const char *const *words, size_t count, const char *text, int *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(words[i], text)) {
			*out = (int)i;
			return true;
		}
	}
	return false;
}

static bool read_bool(const struct value *v, bool *out)
{
	static const char *const words[] = { "false", "true", "off", "on", "no", "yes", "0", "1" };
	int which;

	if (v->is_number) {
		*out = v->number != 0;
		return true;
	}
	if (!choose(words, 8, v->text, &which))
		return false;
	*out = which & 1;
	return true;
}

static void bad_value(struct check *c, const struct value *v, const char *wants)
{
	check_error(c, v->loc, DIAG_CONFIG_VALUE, "%s: %s", v->name, wants);
}

/* Of strings a few of the greatest length are alive on each CPU. */
static uint32_t most_of(const struct key *k)
{
	return k->offset == offsetof(struct config, max_strlen) ? 1u << 20 : 1u << 30;
}

static void set_number(struct check *c, const struct key *k, const struct value *v)
{
	if (!v->is_number)
		bad_value(c, v, arena_printf(c->arena, "expecting a number, got %s", v->text));
	else if (v->number > most_of(k))
		bad_value(c, v, arena_printf(c->arena, "at most %u, got %s", most_of(k), v->text));
	else if (!v->number && !k->may_be_zero)
		bad_value(c, v, "the number must not be 0");
	else
		*(uint32_t *)((char *)&c->config + k->offset) = (uint32_t)v->number;
}

static void bad_bool(struct check *c, const struct value *v)
{
	bad_value(c, v, arena_printf(c->arena, "Invalid bool value %s: valid values are true, "
				     "false, 1, 0, on, off, yes, no.", v->text));
}

static void set_bool(struct check *c, const struct key *k, const struct value *v)
{
	bool value;

	if (read_bool(v, &value))
		*(bool *)((char *)&c->config + k->offset) = value != k->inverted;
	else
		bad_bool(c, v);
}

static void set_stack_mode(struct check *c, const struct value *v)
{
	int mode;

	if (choose(stack_modes, 4, v->text, &mode))
		c->config.stack_mode = (enum stack_mode)mode;
	else
		bad_value(c, v,
			  "Invalid value for stack_mode: valid values are bpftrace, raw, perf, "
			  "and build_id.");
}

static void set_missing(struct check *c, const struct value *v)
{

	if (!choose(missing_words, 3, v->text, &c->config.missing_probes))
		bad_value(c, v,
			  "Invalid value for missing_probes: valid values are ignore, warn, and "
			  "error.");
}

static void set_license(struct check *c, const struct value *v)
{
	static const char *const licenses[] = {
		"Dual MIT/GPL", "Dual BSD/GPL", "Dual MPL/GPL", "GPL and additional rights",
		"GPL v2", "GPL",
	};
	int which;

	if (choose(licenses, 6, v->text, &which))
		c->config.license = licenses[which];
	else
		check_error(c, v->loc, DIAG_CONFIG_VALUE,
			    "Invalid value for license. Found: %s. Valid values: Dual MIT/GPL, "
			    "Dual BSD/GPL, Dual MPL/GPL, GPL and additional rights, GPL v2, GPL",
			    v->text);
}

static void set_gate(struct check *c, const struct key *k, const struct value *v)
{
	enum gate_mode *gate = (enum gate_mode *)((char *)&c->config + k->offset);
	bool value;
	int which;

	if (choose(gate_words, 3, v->text, &which))
		*gate = (enum gate_mode)which;
	else if (read_bool(v, &value))
		*gate = value ? GATE_ENABLE : GATE_ERROR;
	else
		bad_value(c, v, "Invalid value for unstable config: "
				"valid values are enable, warn, and error.");
}

/* What a family of probes can be attached by. */
static void set_mechanism(struct check *c, const struct key *k, const struct value *v)
{
	enum mechanism *wanted = (enum mechanism *)((char *)&c->config + k->offset);
	size_t family = (size_t)(wanted - c->config.attach), count;
	const enum mechanism *choices = mechanism_choices((enum mechanism_family)family, &count);
	struct sbuf words = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(v->text, mechanism_word(choices[i]))) {
			*wanted = choices[i];
			sbuf_close(&words);
			return;
		}
		sbuf_printf(&words, "%s%s", i ? i + 1 == count ? " and " : ", " : "",
			    mechanism_word(choices[i]));
	}
	bad_value(c, v, arena_printf(c->arena, "Invalid value: valid values are %s.",
				     sbuf_text(&words)));
	sbuf_close(&words);
}

/* Written in a macro, and not where a probe calls one. */
static bool is_macro_text(struct loc loc)
{
	const struct expansion *outer = loc.from;

	while (outer && outer->call.from)
		outer = outer->call.from;
	return outer && (loc.begin < outer->call.begin || loc.begin >= outer->call.end);
}

bool config_allows(struct check *c, enum config_gate gate, struct loc loc)
{
	static const char *const names[] = {
		[GATE_TSERIES] = "tseries", [GATE_DW_USTACK] = "dw_ustack",
		[GATE_TYPEINFO] = "typeinfo", [GATE_IMPORT_STATEMENT] = "import_statement",
	};

	/* bpftrace asks before it puts macros in their places. */
	if (is_macro_text(loc))
		return true;
	switch (c->config.gates[gate]) {
	case GATE_ERROR:
		check_error(c, loc, DIAG_UNSTABLE,
			    "%s feature is not enabled by default. To enable this "
			    "unstable feature, set the config flag to enable. unstable_%s=enable",
			    names[gate], names[gate]);
		return false;
	case GATE_WARN:
		check_warning(c, (struct loc){ 0 }, DIAG_UNSTABLE,
			      "Script is using an unstable feature: "
			      "%s. To prevent this warning you must explicitly enable it in the "
			      "config e.g. unstable_%s=enable",
			      gate == GATE_IMPORT_STATEMENT ? "import statements" : names[gate],
			      names[gate]);
		return true;
	default:
		return true;
	}
}

/* What does not make a difference must be in order all the same. */
static void check_cache(struct check *c, const struct value *v)
{
	static const char *const words[] = { "PER_PID", "PER_PROGRAM", "NONE", "0", "1" };
	int which;

	if (!choose(words, 5, v->text, &which))
		bad_value(c, v, "Invalid value for cache_user_symbols: valid values are PER_PID, "
			  "PER_PROGRAM, and NONE.");
}

static void set_key(struct check *c, const struct key *k, const struct value *v)
{
	bool ignored;

	switch (k->kind) {
	case KEY_NUMBER:
		set_number(c, k, v);
		break;
	case KEY_BOOL:
		set_bool(c, k, v);
		break;
	case KEY_STRING:
		*(const char **)((char *)&c->config + k->offset) = v->text;
		break;
	case KEY_STACK_MODE:
		set_stack_mode(c, v);
		break;
	case KEY_MISSING:
		set_missing(c, v);
		break;
	case KEY_LICENSE:
		set_license(c, v);
		break;
	case KEY_GATE:
		set_gate(c, k, v);
		break;
	case KEY_MECHANISM:
		set_mechanism(c, k, v);
		break;
	case KEY_REMOVED:
		check_warning(c, v->loc, DIAG_CONFIG_REMOVED, "%s is deprecated and has no effect",
			      v->name);
		break;
	case KEY_CACHE:
		check_cache(c, v);
		break;
	case KEY_IGNORED:
		if (!read_bool(v, &ignored))
			bad_bool(c, v);
		break;
	case KEY_ENVIRONMENT:
		break;
	}
}

static void unknown_key(struct check *c, const struct config_entry *e)
{
	struct diag *d = check_error(c, loc_join(e->loc, e->value_loc), DIAG_CONFIG_KEY,
				     "%s: not a known configuration option", e->key);
	struct nearest near;

	nearest_start(&near, e->key);
	for (size_t i = 0; i < NR_KEYS; i++)
		if (!keys[i].renamed && (keys[i].kind < KEY_REMOVED ||
					 keys[i].kind == KEY_MECHANISM))
			nearest_try(&near, keys[i].name);
	check_suggest(c, d, &near, "");
}

static void apply_entry(struct check *c, const struct config_entry *e)
{
	const struct key *k = key_find(e->key);
	struct value v = { .name = e->key, .loc = loc_join(e->loc, e->value_loc) };
	bool is_duration;

	if (!k) {
		unknown_key(c, e);
		return;
	}
	if (k->kind == KEY_ENVIRONMENT) {
		check_error(c, v.loc, DIAG_CONFIG_KEY,
			    "%s: can only be set as an environment variable", e->key);
		return;
	}
	if (k->renamed)
		check_warning(c, v.loc, DIAG_CONFIG_RENAMED, "%s has been renamed, please use %s",
			      e->key, k->renamed);
	v.is_number = e->kind == CONFIG_INT || e->kind == CONFIG_BOOL;
	v.number = e->number;
	v.text = v.is_number ? arena_printf(c->arena, "%llu", (unsigned long long)e->number)
			     : e->text;
	if (e->kind == CONFIG_BOOL && k->kind == KEY_NUMBER) {
		v.is_number = false;
		v.text = e->number ? "true" : "false";
	}
	if (e->kind == CONFIG_STRING)
		v.is_number = !lang_parse_integer(v.text, strlen(v.text), &v.number, &is_duration);
	set_key(c, k, &v);
}

static const char *environment(struct check *c, const char *prefix, const char *name)
{
	char *text = arena_printf(c->arena, "%s%s", prefix, name);

	for (char *p = text; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return getenv(text);
}

static void apply_environment(struct check *c, const struct key *k)
{
	const char *text = environment(c, "SONDE_", k->name);
	struct value v = { .name = k->name };
	bool is_duration;

	if (!text)
		text = environment(c, "BPFTRACE_", k->name);
	if (!text || k->kind == KEY_ENVIRONMENT)
		return;
	v.text = arena_strdup(c->arena, text);
	v.is_number = !lang_parse_integer(text, strlen(text), &v.number, &is_duration);
	set_key(c, k, &v);
}

/* For tests: "@map" whose value is the time. */
static void apply_dummy_clock(struct check *c)
{
	const char *text = environment(c, "SONDE_", "dummy_ts_map");

	if (!text)
		text = environment(c, "BPFTRACE_", "dummy_ts_map");
	if (text)
		c->config.dummy_ts_map = arena_strdup(c->arena, *text == '@' ? text + 1 : text);
}

void config_apply(struct check *c)
{
	struct config_entry *e;

	set_defaults(&c->config);
	vec_each(e, &c->script->config)
		apply_entry(c, e);
	for (size_t i = 0; i < NR_KEYS; i++)
		apply_environment(c, &keys[i]);
	apply_dummy_clock(c);
}

/* ---- config() ---- */

/* In the order in which they print. */
static const char *const shown[] = {
	"cpp_demangle", "lazy_symbolication", "print_maps_on_exit", "use_blazesym",
	"show_debug_info", "log_size", "max_bpf_progs", "max_cat_bytes", "max_map_keys",
	"max_probes", "max_strlen", "on_stack_limit", "perf_rb_pages", "str_trunc_trailer",
	"unstable_import_statement", "unstable_tseries", "unstable_typeinfo", "unstable_dw_ustack",
	"missing_probes", "stack_mode", "license",
};

static struct node *word_node(struct check *c, struct loc loc, const char *text)
{
	struct node *n = node_new(c->arena, NODE_STRING, loc);

	n->u.string.text = text;
	n->u.string.len = strlen(text);
	return n;
}

static struct node *setting_node(struct check *c, struct loc loc, const struct key *k)
{
	const void *at = (const char *)&c->config + k->offset;
	struct node *n;

	switch (k->kind) {
	case KEY_NUMBER:
		n = node_new(c->arena, NODE_INT, loc);
		node_set_int(n, *(const uint32_t *)at, false);
		return n;
	case KEY_STRING:
	case KEY_LICENSE:
		return word_node(c, loc, *(const char *const *)at);
	case KEY_STACK_MODE:
		return word_node(c, loc, stack_modes[c->config.stack_mode]);
	case KEY_MISSING:
		return word_node(c, loc, missing_words[c->config.missing_probes]);
	case KEY_GATE:
		return word_node(c, loc, gate_words[*(const enum gate_mode *)at]);
	default:
		n = node_new(c->arena, NODE_BOOL, loc);
		n->u.integer.value = k->kind == KEY_BOOL && *(const bool *)at;
		return n;
	}
}

void config_become_record(struct check *c, struct node *n)
{
	struct loc loc = n->loc;

	n->kind = NODE_RECORD;
	memset(&n->u, 0, sizeof(n->u));
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		vec_push(c->arena, &n->u.tuple.items, setting_node(c, loc, key_find(shown[i])));
		vec_push(c->arena, &n->u.tuple.labels, name_of(c->names, shown[i]));
	}
}
