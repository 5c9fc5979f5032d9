/*
 * Functions of the kernel and its modules, as kprobe, fentry and their like see
 * them.
 *
 * The list of traceable functions is slow to get: it is read for wildcards and
 * hints only, not to find an exact name.
 */
#include "probes/probes_impl.h"

#include "types/kbtf.h"

#include <string.h>

void kernel_functions(struct probe_ctx *c, const char *const **list, size_t *count)
{
	if (c->target->ops->functions(c->target->arg, list, count))
		*count = 0;
}

bool kernel_is_core(const char *module)
{
	return !strcmp(module, "vmlinux");
}

void kernel_module_functions(struct probe_ctx *c, const char *module, const char *const **list,
			     size_t *count)
{
	if (c->target->ops->module_functions(c->target->arg, module, list, count))
		*count = 0;
	if (!*count && kernel_is_core(module))
		kernel_functions(c, list, count);
}

void kernel_modules(struct probe_ctx *c, const char *const **list, size_t *count)
{
	if (c->target->ops->modules(c->target->arg, list, count))
		*count = 0;
}

bool kernel_module_loaded(struct probe_ctx *c, const char *module)
{
	return kernel_is_core(module) || c->target->ops->has_module(c->target->arg, module);
}

bool kernel_function_is_ambiguous(struct probe_ctx *c, const char *name)
{
	return c->target->ops->function_is_ambiguous(c->target->arg, name);
}

void kernel_function_addresses(struct probe_ctx *c, const char *module, const char *name,
			       const uint64_t **list, size_t *count)
{
	if (c->target->ops->function_addresses(c->target->arg, module, name, list, count))
		*count = 0;
}

/* ---- BTF ---- */

struct module_btf {
	const char *name;
	struct kbtf *btf;	/* NULL: it has none */
	struct module_btf *next;
};

struct kbtf *kernel_module_btf(struct probe_ctx *c, const char *module)
{
	struct module_btf *m;
	const void *data;
	size_t size;

	if (!c->btf || !module || kernel_is_core(module))
		return c->btf;
	for (m = c->modules; m; m = m->next)
		if (!strcmp(m->name, module))
			return m->btf;
	m = arena_new(c->arena, struct module_btf);
	m->name = module;
	m->next = c->modules;
	c->modules = m;
	kbtf_count(c->btf);	/* fetched before what is built on it is read */
	if (!c->target->ops->module_btf(c->target->arg, module, &data, &size) &&
	    kbtf_open(&m->btf, c->types, data, size, c->btf))
		m->btf = NULL;
	return m->btf;
}

uint32_t kernel_function_id(struct probe_ctx *c, const char *module, const char *name)
{
	struct kbtf *b = kernel_module_btf(c, module);
	uint32_t id = b ? kbtf_find(b, name, KBTF_FUNC) : 0;

	/* A module's reader answers for the core kernel, too. */
	return b != c->btf && id && id < kbtf_count(c->btf) ? 0 : id;
}

/* ---- which may be traced ---- */

/* Probes there may hang the machine, or are no functions. */
bool kernel_function_blocked(const char *name)
{
	static const char *const names[] = {
		"arch_cpu_idle", "default_idle", "bpf_dispatcher_xdp_func",
	};
	static const char *const prefixes[] = { "rcu_", "__ftrace_invalid_address__" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return strstr(name, ".part.");
}

bool probes_is_in_helpers(const struct probe_site *s)
{
	static const char *const parts[] = {
		"_raw_spin_", "_raw_read_", "_raw_write_", "spin_lock_slowpath",
	};
	enum attach_kind kind = s->provider->attach;

	if ((kind != ATTACH_FENTRY && kind != ATTACH_FEXIT) || s->image.prog_id)
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(s->image.function, parts[i]))
			return true;
	return false;
}

bool kernel_function_exists(struct probe_ctx *c, const char *name)
{
	return !kernel_function_blocked(name) && c->target->ops->has_function(c->target->arg, name);
}

static bool in_list(const char *const *list, size_t count, const char *name)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(list[middle], name);

		if (!order)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool kernel_module_has(struct probe_ctx *c, const char *module, const char *name)
{
	const char *const *list;
	size_t count;

	kernel_module_functions(c, module, &list, &count);
	return in_list(list, count, name);
}

void kernel_suggest(struct probe_ctx *c, struct diag *d, const struct provider *p,
		    const char *name)
{
	const char *const *list, *advice = kernel_advice(c, name);
	struct nearest n;
	size_t count;

	if (advice) {
		diag_hint(c->diags, d, "what it was good for is told by %s", advice);
		return;
	}
	kernel_functions(c, &list, &count);
	nearest_start(&n, name);
	for (size_t i = 0; i < count; i++)
		nearest_try(&n, list[i]);
	if (n.best && !kernel_function_blocked(name))
		diag_hint(c->diags, d, "did you mean %s:%s?", p->name, n.best);
	else
		diag_hint(c->diags, d, "there is no such function, or it is inlined or may not be "
			  "traced");
}
