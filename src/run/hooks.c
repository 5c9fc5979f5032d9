/*
 * What the decoder asks for: names of probes, users, control groups, symbols.
 *
 * The symbol tables are opened when the first symbol is asked for, since the
 * kernel's list takes 50 ms to read. Answers are borrowed until the next
 * question.
 */
#include "run/state.h"
#include "sym/cgroup.h"
#include "sym/sym.h"

#include <stdlib.h>

/* What runs already is looked at in slices: a process costs 0.1 ms. */
#define NOTE_A_TURN_NS 5000000

/* How long servers are waited for in all, when the first stop was before they were asked. */
#define SERVERS_AFTER_STOP_S 2

/* A stop that comes while a server is waited for ends that, and at the end of the run no more:
 * the printing goes on. */
static bool has_ended_wait(struct run *r)
{
	sig_atomic_t stops = r->stop_count;

	if (stops == r->stops_asked)
		return false;
	if (r->finishing)
		r->stops_spent += stops - r->stops_asked;
	r->stops_asked = stops;
	return true;
}

static bool is_stopped(void *arg)
{
	struct run *r = arg;
	int64_t now_ns = run_now_ns();

	if (has_ended_wait(r) || (r->drain_until_ns && now_ns >= r->drain_until_ns))
		return true;
	if (!r->stop_count || r->told_servers)
		return r->told_servers;
	if (!r->servers_until_ns)
		r->servers_until_ns = now_ns + SERVERS_AFTER_STOP_S * (int64_t)1000000000;
	if (now_ns < r->servers_until_ns)
		return false;
	r->told_servers = true;
	run_tell(r, SONDE_INFO, "Servers of debug files are not waited for any longer: %d seconds "
		 "after Ctrl-C, no more", SERVERS_AFTER_STOP_S);
	return true;
}

static void tell_wait(void *arg)
{
	run_tell(arg, SONDE_INFO, "Waiting for the servers of DEBUGINFOD_URLS to send debug "
		 "files; Ctrl-C ends that");
}

static struct symbols *symbols(struct run *r)
{
	const struct symbols_options options = {
		.no_demangle = !r->image->config.cpp_demangle,
		.no_lines = !r->image->config.show_debug_info,
		.debug_dirs = r->options.debug_dirs,
		.is_over = is_stopped, .on_wait = tell_wait, .servers_arg = r,
	};

	if (!r->symbols && sym_open(&r->symbols, &options))
		r->symbols = NULL;
	return r->symbols;
}

static bool give(bool found, const struct symbol *from, struct value_symbol *to)
{
	to->name = from->name;
	to->why = from->why;
	to->doubt = from->doubt;
	to->offset = from->offset;
	to->module = from->module;
	to->module_offset = from->module_offset;
	to->build_id = from->build_id;
	to->file = from->file;
	to->line = from->line;
	to->nr_inlined = from->nr_inlined < VALUE_INLINED ? from->nr_inlined : VALUE_INLINED;
	for (size_t i = 0; i < to->nr_inlined; i++)
		to->inlined[i] = (struct value_inlined){
			from->inlined[i].name, from->inlined[i].file, from->inlined[i].line,
		};
	return found;
}

static bool ksym(void *arg, uint64_t address, struct value_symbol *symbol)
{
	struct symbols *s = symbols(arg);
	struct symbol found = { 0 };

	return s && give(sym_kernel(s, address, &found), &found, symbol);
}

static bool usym(void *arg, const struct value_user_address *at, struct value_symbol *symbol)
{
	struct run *r = arg;
	struct symbols *s = symbols(r);
	struct symbol found = { 0 };
	bool is_found = false;

	r->stops_asked = r->stop_count;
	if (s && at->use == VALUE_USE_SYMBOL)
		is_found = sym_user(s, at->pid, at->address, &found);
	else if (s)
		is_found = sym_user_frame(s, at->pid, at->address, at->use == VALUE_USE_RETURN,
					  &found);
	return give(is_found, &found, symbol);
}

static const char *probe_name(void *arg, uint64_t index)
{
	struct run *r = arg;

	return index < r->image->probe_names.n ? r->image->probe_names.at[index] : NULL;
}

static const char *username(void *arg, uint64_t uid)
{
	struct symbols *s = symbols(arg);

	return s ? sym_username(s, uid) : NULL;
}

static const char *cgroup_path(void *arg, uint64_t id, const char *filter)
{
	struct run *r = arg;

	if (!r->cgroups && cgroups_open(&r->cgroups, NULL))
		return NULL;
	return cgroups_path(r->cgroups, id, filter);
}

/* ---- life ---- */

struct value_hooks run_hooks(struct run *r)
{
	return (struct value_hooks){
		.arg = r, .ksym = ksym, .usym = usym, .probe_name = probe_name,
		.username = username, .cgroup_path = cgroup_path,
	};
}

void run_hooks_close(struct run *r)
{
	sym_close(r->symbols);
	r->symbols = NULL;
	cgroups_close(r->cgroups);
	r->cgroups = NULL;
}

/* ---- watching the traced processes ---- */

static bool has_symbols(const struct value_layout *layout, bool of_kernel)
{
	if (!layout)
		return false;
	if (layout->kind == VALUE_USTACK || layout->kind == VALUE_USYM)
		return true;
	if (of_kernel && (layout->kind == VALUE_KSTACK || layout->kind == VALUE_KSYM))
		return true;
	for (size_t i = 0; i < layout->nr_fields; i++)
		if (has_symbols(layout->fields[i].layout, of_kernel))
			return true;
	return false;
}

bool run_has_symbols(const struct value_layout *layout)
{
	return has_symbols(layout, true);
}

/* Whether user addresses can come up when the process may be gone already. Stacks are
 * unwound by what processes map, also if none is printed. */
static bool will_ask(const struct image *image)
{
	const struct script_map *m;
	const struct image_action *a;

	if (image->unwind_map != UINT32_MAX)
		return true;
	vec_each(m, &image->script_maps)
		if (has_symbols(m->key, false) || has_symbols(m->value, false))
			return true;
	vec_each(a, &image->actions)
		for (size_t i = 0; i < a->nr_fields; i++)
			if (has_symbols(a->fields[i].layout, false))
				return true;
	return false;
}

/* Not being able to is no failure: what has ended then has no names. */
void run_watch_users(struct run *r)
{
	pid_t pid = r->options.child ? child_pid(r->options.child) : r->options.pid;

	if (!will_ask(r->image) || !symbols(r))
		return;
	(void)sym_watch(r->symbols, pid > 0 ? pid : -1);
	if (r->options.pid > 0)
		sym_note_pid(r->symbols, r->options.pid);
	r->notes_running = pid <= 0;
}

void run_follow_users(struct run *r)
{
	if (r->symbols)
		sym_watch_poll(r->symbols);
	if (r->notes_running)
		r->notes_running = sym_note_running(r->symbols, NOTE_A_TURN_NS);
}
