/*
 * Recording what a target is asked, and writing it to a file.
 *
 * In: a target. Out: the same target, of which each answer is kept, and a file
 * that answers the same questions, and none else (target_file.c).
 */
#include "target/target.h"

#include "target/target_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Stands between a target and who asks it. */
struct recorder {
	struct arena *arena;
	const struct target_ops *ops;	/* of the target that is recorded */
	void *arg;
	json_t *formats, *functions, *modules, *symbols, *cgroups, *kfuncs;
	json_t *user_files, *user_symbols, *user_usdt;
	json_t *events;			/* NULL: not asked for */
	bool asked_btf;
};

static bool rec_has_feature(void *arg, enum target_feature f)
{
	struct recorder *r = arg;

	return r->ops->has_feature(r->arg, f);
}

static bool rec_has_btf(void *arg)
{
	struct recorder *r = arg;
	const void *data;
	size_t size;

	return r->ops->has_btf ? r->ops->has_btf(r->arg) : !r->ops->btf(r->arg, &data, &size);
}

static int rec_btf(void *arg, const void **data, size_t *size)
{
	struct recorder *r = arg;

	r->asked_btf = true;
	return r->ops->btf(r->arg, data, size);
}

static int rec_format(void *arg, const char *category, const char *event, const char **text)
{
	struct recorder *r = arg;
	int err = r->ops->format(r->arg, category, event, text);

	if (!err)
		json_object_set_new(r->formats, target_event_key(r->arena, category, event),
				    json_string(*text));
	return err;
}

static int rec_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	struct recorder *r = arg;
	const char *text;

	rec_format(r, category, event, &text);
	return r->ops->event_id(r->arg, category, event, id);
}

static json_t *list_of(const char *const *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_string(list[i]));
	return out;
}

static int rec_events(void *arg, const char *const **list, size_t *count)
{
	struct recorder *r = arg;
	int err = r->ops->events(r->arg, list, count);

	if (!err && !r->events)
		r->events = list_of(*list, *count);
	return err;
}

static int rec_functions(void *arg, const char *const **list, size_t *count)
{
	struct recorder *r = arg;
	int err = r->ops->functions(r->arg, list, count);

	for (size_t i = 0; !err && i < *count; i++)
		json_object_set_new(r->functions, (*list)[i], json_true());
	return err;
}

static bool rec_has_function(void *arg, const char *name)
{
	struct recorder *r = arg;
	bool found = r->ops->has_function(r->arg, name);

	if (found)
		json_object_set_new(r->functions, name, json_true());
	return found;
}

static int rec_symbol(void *arg, const char *name, uint64_t *address)
{
	struct recorder *r = arg;
	int err = r->ops->symbol(r->arg, name, address);

	if (!err)
		json_object_set_new(r->symbols, name, json_integer((json_int_t)*address));
	return err;
}

static int rec_cgroup_id(void *arg, const char *path, uint64_t *id)
{
	struct recorder *r = arg;
	int err = r->ops->cgroup_id(r->arg, path, id);

	if (!err)
		json_object_set_new(r->cgroups, path, json_integer((json_int_t)*id));
	return err;
}

static bool rec_kfunc_loads(void *arg, uint32_t prog_type, uint32_t btf_id)
{
	struct recorder *r = arg;
	bool found = r->ops->kfunc_loads(r->arg, prog_type, btf_id);

	if (found)
		json_object_set_new(r->kfuncs, target_kfunc_key(r->arena, prog_type, btf_id),
				    json_true());
	return found;
}

static bool rec_has_module(void *arg, const char *name)
{
	struct recorder *r = arg;
	bool found = r->ops->has_module(r->arg, name);

	if (found)
		json_object_set_new(r->modules, name, json_true());
	return found;
}

static int rec_modules(void *arg, const char *const **list, size_t *count)
{
	struct recorder *r = arg;

	return r->ops->modules(r->arg, list, count);
}

static int rec_module_functions(void *arg, const char *module, const char *const **list,
				size_t *count)
{
	struct recorder *r = arg;
	int err = r->ops->module_functions(r->arg, module, list, count);

	for (size_t i = 0; !err && i < *count && !strcmp(module, "vmlinux"); i++)
		json_object_set_new(r->functions, (*list)[i], json_true());
	return err;
}

/* Addresses are of this boot: they are not kept. */
static bool rec_function_is_ambiguous(void *arg, const char *name)
{
	struct recorder *r = arg;

	return r->ops->function_is_ambiguous(r->arg, name);
}

static bool rec_knows_addresses(void *arg)
{
	struct recorder *r = arg;

	return r->ops->knows_addresses(r->arg);
}

static int rec_function_addresses(void *arg, const char *module, const char *name,
				  const uint64_t **list, size_t *count)
{
	struct recorder *r = arg;

	return r->ops->function_addresses(r->arg, module, name, list, count);
}

static int rec_module_btf(void *arg, const char *module, const void **data, size_t *size)
{
	struct recorder *r = arg;

	return r->ops->module_btf(r->arg, module, data, size);
}

static int rec_bpf_functions(void *arg, const struct target_bpf_function **list, size_t *count)
{
	struct recorder *r = arg;

	return r->ops->bpf_functions(r->arg, list, count);
}

static int rec_user_files(void *arg, const char *name, int pid, const char *const **paths,
			  size_t *count)
{
	struct recorder *r = arg;
	int err = r->ops->user_files(r->arg, name, pid, paths, count);

	if (!err)
		json_object_set_new(r->user_files, name ? name : "", list_of(*paths, *count));
	return err;
}

static int rec_user_symbols(void *arg, const char *path, const char *name,
			    const struct target_user_symbol **list, size_t *count)
{
	struct recorder *r = arg;
	int err = r->ops->user_symbols(r->arg, path, name, list, count);
	json_t *file = json_object_get(r->user_symbols, path);

	if (err)
		return err;
	if (!file) {
		file = json_object();
		json_object_set_new(r->user_symbols, path, file);
	}
	for (size_t i = 0; i < *count; i++) {
		const struct target_user_symbol *s = &(*list)[i];

		json_object_set_new(file, s->name,
				    json_pack("[I,I,I,b]", (json_int_t)s->address,
					      (json_int_t)s->size_bytes,
					      (json_int_t)s->file_offset, s->is_function));
	}
	return 0;
}

static int rec_user_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset)
{
	struct recorder *r = arg;

	return r->ops->user_offset(r->arg, path, address, file_offset);
}

static int rec_user_code(void *arg, const char *path, uint64_t file_offset, const uint8_t **code,
			 size_t *size)
{
	struct recorder *r = arg;

	return r->ops->user_code(r->arg, path, file_offset, code, size);
}

static int rec_user_dwarf(void *arg, const char *path, struct Dwarf **dwarf)
{
	struct recorder *r = arg;

	return r->ops->user_dwarf(r->arg, path, dwarf);
}

static int rec_user_info(void *arg, const char *path, struct target_user_info *info)
{
	struct recorder *r = arg;

	return r->ops->user_info(r->arg, path, info);
}

static int rec_user_usdt(void *arg, const char *path, const struct target_usdt **list,
			 size_t *count)
{
	struct recorder *r = arg;
	int err = r->ops->user_usdt(r->arg, path, list, count);
	json_t *file = json_array();

	for (size_t i = 0; !err && i < *count; i++) {
		const struct target_usdt *u = &(*list)[i];

		json_array_append_new(file,
				      json_pack("[s,s,s,I,I,I]", u->provider, u->name, u->args,
						(json_int_t)u->address,
						(json_int_t)u->file_offset,
						(json_int_t)u->semaphore_offset));
	}
	if (err)
		json_decref(file);
	else
		json_object_set_new(r->user_usdt, path, file);
	return err;
}

static void rec_close(void *arg)
{
	struct recorder *r = arg;

	json_decref(r->formats);
	json_decref(r->functions);
	json_decref(r->modules);
	json_decref(r->symbols);
	json_decref(r->cgroups);
	json_decref(r->kfuncs);
	json_decref(r->user_files);
	json_decref(r->user_symbols);
	json_decref(r->user_usdt);
	json_decref(r->events);
	if (r->ops->close)
		r->ops->close(r->arg);
}

static const struct target_ops rec_ops = {
	.has_feature = rec_has_feature,
	.has_btf = rec_has_btf,
	.btf = rec_btf,
	.format = rec_format,
	.event_id = rec_event_id,
	.events = rec_events,
	.functions = rec_functions,
	.has_function = rec_has_function,
	.symbol = rec_symbol,
	.cgroup_id = rec_cgroup_id,
	.kfunc_loads = rec_kfunc_loads,
	.has_module = rec_has_module,
	.modules = rec_modules,
	.module_functions = rec_module_functions,
	.function_is_ambiguous = rec_function_is_ambiguous,
	.knows_addresses = rec_knows_addresses,
	.function_addresses = rec_function_addresses,
	.module_btf = rec_module_btf,
	.bpf_functions = rec_bpf_functions,
	.user_files = rec_user_files,
	.user_symbols = rec_user_symbols,
	.user_offset = rec_user_offset,
	.user_code = rec_user_code,
	.user_dwarf = rec_user_dwarf,
	.user_info = rec_user_info,
	.user_usdt = rec_user_usdt,
	.close = rec_close,
};

void target_record(struct target *t)
{
	struct recorder *r;

	if (t->ops == &rec_ops)
		return;
	r = arena_new(t->arena, struct recorder);
	r->arena = t->arena;
	r->ops = t->ops;
	r->arg = t->arg;
	r->formats = json_object();
	r->functions = json_object();
	r->modules = json_object();
	r->symbols = json_object();
	r->cgroups = json_object();
	r->kfuncs = json_object();
	r->user_files = json_object();
	r->user_symbols = json_object();
	r->user_usdt = json_object();
	t->ops = &rec_ops;
	t->arg = r;
}

/* ---- saving ---- */

static int write_whole(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "we");
	int err = 0;

	if (!f)
		return -errno;
	if (fwrite(data, 1, size, f) != size)
		err = -EIO;
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

/* BTF to a file beside `path`; the file's own name to the object. */
static int save_btf(struct recorder *r, json_t *root, const char *path)
{
	const char *beside = arena_printf(r->arena, "%s.btf", path), *name = strrchr(beside, '/');
	const void *data;
	size_t size;

	if (!r->asked_btf || r->ops->btf(r->arg, &data, &size))
		return 0;
	json_object_set_new(root, "btf", json_string(name ? name + 1 : beside));
	return write_whole(beside, data, size);
}

static void save_answers(struct recorder *r, json_t *root)
{
	json_object_set(root, "formats", r->formats);
	json_object_set(root, "symbols", r->symbols);
	json_object_set(root, "cgroups", r->cgroups);
	json_object_set(root, "user_files", r->user_files);
	json_object_set(root, "user_symbols", r->user_symbols);
	json_object_set(root, "user_usdt", r->user_usdt);
	json_object_set_new(root, "functions", target_keys_of(r->functions));
	json_object_set_new(root, "modules", target_keys_of(r->modules));
	json_object_set_new(root, "kfuncs", target_keys_of(r->kfuncs));
	if (r->events)
		json_object_set(root, "events", r->events);
}

static json_t *facts_of(struct target *t)
{
	json_t *features = json_object();

	for (int f = 0; f < FEATURE_COUNT; f++)
		json_object_set_new(features, target_feature_name((enum target_feature)f),
				    json_boolean(target_has(t, (enum target_feature)f)));
	return json_pack("{s:s, s:s, s:[i,i,i], s:i, s:I, s:[I,I], s:o}", "arch", t->arch->name,
			 "release", t->release, "version", (int)(t->kernel_version >> 16),
			 (int)(t->kernel_version >> 8 & 255), (int)(t->kernel_version & 255),
			 "cpus", (int)t->nr_cpus, "page_size", (json_int_t)t->page_size,
			 "pid_namespace", (json_int_t)t->pidns_dev, (json_int_t)t->pidns_ino,
			 "features", features);
}

int target_save(struct target *t, const char *path)
{
	json_t *root = facts_of(t);
	char *text;
	int err = 0;

	if (!root)
		return -ENOMEM;
	if (t->ops == &rec_ops) {
		save_answers(t->arg, root);
		err = save_btf(t->arg, root, path);
	}
	text = json_dumps(root, JSON_INDENT(1));
	if (!err)
		err = text ? write_whole(path, text, strlen(text)) : -ENOMEM;
	free(text);
	json_decref(root);
	return err;
}
