/*
 * Targets in files: JSON, for tests and for compiling for another machine.
 *
 * In: a file that target_save (target_record.c) or a hand wrote. Out: a target
 * that answers from it; what is not in it does not exist. All members but "arch" may be missing:
 *
 *	{ "arch": "x86_64", "release": "6.12.0", "version": [6, 12, 0],
 *	  "cpus": 4, "page_size": 4096, "pid_namespace": [dev, ino],
 *	  "features": { "RINGBUF": true },		missing ones: false
 *	  "btf": "machine.btf",				beside the file
 *	  "formats": { "sched:sched_switch": "name: …" },
 *	  "events": [ "sched:sched_switch" ],		missing: those with formats
 *	  "functions": [ "vfs_read" ], "modules": [ "kvm" ],
 *	  "symbols": { "jiffies": 4294967295 },
 *	  "cgroups": { "/sys/fs/cgroup": 1 },
 *	  "kfuncs": [ "2:1234" ],			program type and BTF id that load
 *	  "user_files": { "libc": [ "/lib/libc.so.6" ] },
 *	  "user_symbols": { "/lib/libc.so.6": { "malloc": [address, size, offset, true] } },
 *	  "user_usdt": { "/bin/app": [ [ "provider", "name", "8@%rax",
 *					 address, offset, semaphore's offset or 0 ] ] } }
 */
#include "target/target.h"

#include "target/target_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *target_event_key(struct arena *a, const char *category, const char *event)
{
	return arena_printf(a, "%s:%s", category, event);
}

const char *target_kfunc_key(struct arena *a, uint32_t prog_type, uint32_t btf_id)
{
	return arena_printf(a, "%u:%u", prog_type, btf_id);
}

json_t *target_keys_of(json_t *object)
{
	json_t *out = json_array(), *value;
	const char *key;

	json_object_foreach(object, key, value)
		json_array_append_new(out, json_string(key));
	return out;
}

struct loaded {
	struct arena *arena;
	json_t *root;			/* owned */
	void *btf;			/* owned mapping, or NULL */
	size_t btf_bytes;
	const char *const *events, *const *functions;	/* arena */
	size_t nr_events, nr_functions;
};

static bool list_has(json_t *list, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
		if (json_is_string(value) && !strcmp(json_string_value(value), text))
			return true;
	return false;
}

static bool file_has_feature(void *arg, enum target_feature f)
{
	struct loaded *l = arg;

	return json_is_true(json_object_get(json_object_get(l->root, "features"),
					    target_feature_name(f)));
}

static int file_btf(void *arg, const void **data, size_t *size)
{
	struct loaded *l = arg;

	*data = l->btf;
	*size = l->btf_bytes;
	return l->btf ? 0 : -ENOENT;
}

static int file_format(void *arg, const char *category, const char *event, const char **text)
{
	struct loaded *l = arg;
	const char *key = target_event_key(l->arena, category, event);
	json_t *found = json_object_get(json_object_get(l->root, "formats"), key);

	*text = json_string_value(found);
	return *text ? 0 : -ENOENT;
}

static int file_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	const char *text;
	int err = file_format(arg, category, event, &text);

	if (err)
		return err;
	text = strstr(text, "ID:");
	*id = text ? (uint32_t)strtoul(text + 3, NULL, 10) : 0;
	return 0;
}

static int file_events(void *arg, const char *const **list, size_t *count)
{
	struct loaded *l = arg;

	*list = l->events;
	*count = l->nr_events;
	return 0;
}

static int file_functions(void *arg, const char *const **list, size_t *count)
{
	struct loaded *l = arg;

	*list = l->functions;
	*count = l->nr_functions;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Saved targets do not say which module a function is in. */
static int file_module_functions(void *arg, const char *module, const char *const **list,
				 size_t *count)
{
	return strcmp(module, "vmlinux") ? -ENOENT : file_functions(arg, list, count);
}

static bool file_has_function(void *arg, const char *name)
{
	struct loaded *l = arg;

	return l->nr_functions &&
	       bsearch(&name, l->functions, l->nr_functions, sizeof(name), by_text);
}

static int file_symbol(void *arg, const char *name, uint64_t *address)
{
	struct loaded *l = arg;
	json_t *found = json_object_get(json_object_get(l->root, "symbols"), name);

	*address = (uint64_t)json_integer_value(found);
	return json_is_integer(found) ? 0 : -ENOENT;
}

static int file_cgroup_id(void *arg, const char *path, uint64_t *id)
{
	struct loaded *l = arg;
	json_t *found = json_object_get(json_object_get(l->root, "cgroups"), path);

	*id = (uint64_t)json_integer_value(found);
	return json_is_integer(found) ? 0 : -ENOENT;
}

static bool file_kfunc_loads(void *arg, uint32_t prog_type, uint32_t btf_id)
{
	struct loaded *l = arg;

	return list_has(json_object_get(l->root, "kfuncs"),
			target_kfunc_key(l->arena, prog_type, btf_id));
}

static bool file_has_module(void *arg, const char *name)
{
	struct loaded *l = arg;

	return list_has(json_object_get(l->root, "modules"), name);
}

/* A list of strings as arena array, sorted if asked for. */
static const char **strings_of(struct arena *a, json_t *list, size_t *count, bool sorted)
{
	const char **out = arena_array(a, const char *, json_array_size(list) + 1);
	json_t *value;
	size_t i;

	*count = 0;
	json_array_foreach(list, i, value)
		if (json_is_string(value))
			out[(*count)++] = json_string_value(value);
	if (sorted && *count)
		qsort(out, *count, sizeof(*out), by_text);
	return out;
}

static int file_user_files(void *arg, const char *name, int pid, const char *const **paths,
			   size_t *count)
{
	struct loaded *l = arg;
	json_t *found = json_object_get(json_object_get(l->root, "user_files"), name ? name : "");

	(void)pid;
	*paths = strings_of(l->arena, found, count, false);
	return *count ? 0 : -ENOENT;
}

static bool take_user_symbol(struct target_user_symbol *s, const char *name, json_t *value)
{
	json_int_t address, size, offset;
	int is_function = 1;

	if (json_unpack(value, "[I,I,I,b]", &address, &size, &offset, &is_function))
		return false;
	s->name = name;
	s->address = (uint64_t)address;
	s->size_bytes = (uint64_t)size;
	s->file_offset = (uint64_t)offset;
	s->is_function = is_function;
	return true;
}

static int by_symbol(const void *a, const void *b)
{
	return strcmp(((const struct target_user_symbol *)a)->name,
		      ((const struct target_user_symbol *)b)->name);
}

static int file_user_symbols(void *arg, const char *path, const char *name,
			     const struct target_user_symbol **list, size_t *count)
{
	struct loaded *l = arg;
	json_t *file = json_object_get(json_object_get(l->root, "user_symbols"), path), *value;
	struct target_user_symbol *out;
	const char *key;

	if (!json_is_object(file))
		return -ENOENT;
	out = arena_array(l->arena, struct target_user_symbol, json_object_size(file));
	*count = 0;
	json_object_foreach(file, key, value)
		if ((!name || !strcmp(name, key)) && take_user_symbol(&out[*count], key, value))
			++*count;
	if (*count)
		qsort(out, *count, sizeof(*out), by_symbol);
	*list = out;
	return 0;
}

/* By the symbol around the address: segments are not kept. */
static int file_user_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset)
{
	const struct target_user_symbol *list;
	size_t count;
	int err = file_user_symbols(arg, path, NULL, &list, &count);

	for (size_t i = 0; !err && i < count; i++)
		if (address >= list[i].address && address - list[i].address < list[i].size_bytes) {
			*file_offset = list[i].file_offset + (address - list[i].address);
			return 0;
		}
	return -ENOENT;
}

/* Code is not kept. */
static int file_user_code(void *arg, const char *path, uint64_t file_offset, const uint8_t **code,
			  size_t *size)
{
	(void)arg, (void)path, (void)file_offset, (void)code, (void)size;
	return -ENOENT;
}

static int file_user_dwarf(void *arg, const char *path, struct Dwarf **dwarf)
{
	(void)arg, (void)path, (void)dwarf;
	return -ENOENT;
}

static int file_user_info(void *arg, const char *path, struct target_user_info *info)
{
	(void)arg, (void)path, (void)info;
	return -ENOENT;
}

static int file_user_usdt(void *arg, const char *path, const struct target_usdt **list,
			  size_t *count)
{
	struct loaded *l = arg;
	json_t *file = json_object_get(json_object_get(l->root, "user_usdt"), path), *value;
	struct target_usdt *out;
	size_t i;

	if (!json_is_array(file))
		return -ENOENT;
	out = arena_array(l->arena, struct target_usdt, json_array_size(file) + 1);
	*count = 0;
	json_array_foreach(file, i, value) {
		struct target_usdt *u = &out[*count];
		json_int_t address, offset, semaphore;

		if (json_unpack(value, "[s,s,s,I,I,I]", &u->provider, &u->name, &u->args, &address,
				&offset, &semaphore))
			continue;
		u->address = (uint64_t)address;
		u->file_offset = (uint64_t)offset;
		u->semaphore_offset = (uint64_t)semaphore;
		++*count;
	}
	*list = out;
	return 0;
}

static void file_close(void *arg)
{
	struct loaded *l = arg;

	json_decref(l->root);
	l->root = NULL;
	if (l->btf)
		munmap(l->btf, l->btf_bytes);
	l->btf = NULL;
}

static const struct target_ops file_ops = {
	.has_feature = file_has_feature,
	.btf = file_btf,
	.format = file_format,
	.event_id = file_event_id,
	.events = file_events,
	.functions = file_functions,
	.has_function = file_has_function,
	.symbol = file_symbol,
	.cgroup_id = file_cgroup_id,
	.kfunc_loads = file_kfunc_loads,
	.has_module = file_has_module,
	.modules = target_no_modules,
	.module_functions = file_module_functions,
	.function_is_ambiguous = target_no_ambiguity,
	.knows_addresses = target_knows_none,
	.function_addresses = target_no_addresses,
	.module_btf = target_no_module_btf,
	.bpf_functions = target_no_bpf_functions,
	.user_files = file_user_files,
	.user_symbols = file_user_symbols,
	.user_offset = file_user_offset,
	.user_code = file_user_code,
	.user_dwarf = file_user_dwarf,
	.user_info = file_user_info,
	.user_usdt = file_user_usdt,
	.close = file_close,
};

static int map_btf(struct loaded *l, const char *path)
{
	const char *name = json_string_value(json_object_get(l->root, "btf"));
	const char *slash = strrchr(path, '/');
	struct stat st;
	int fd, err = 0;

	if (!name)
		return 0;
	if (*name != '/' && slash)
		name = arena_printf(l->arena, "%.*s/%s", (int)(slash - path), path, name);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		err = -EINVAL;
	if (!err) {
		l->btf_bytes = (size_t)st.st_size;
		l->btf = mmap(NULL, l->btf_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		if (l->btf == MAP_FAILED) {
			l->btf = NULL;
			err = -errno;
		}
	}
	close(fd);
	return err;
}

static int take_facts(struct target *t, json_t *root)
{
	const char *arch = json_string_value(json_object_get(root, "arch"));
	const char *release = json_string_value(json_object_get(root, "release"));
	json_t *version = json_object_get(root, "version"), *cpus = json_object_get(root, "cpus");
	json_t *page = json_object_get(root, "page_size");
	json_t *ns = json_object_get(root, "pid_namespace");

	t->arch = arch ? target_arch_find(arch) : NULL;
	if (!t->arch)
		return -EINVAL;
	if (release)
		snprintf(t->release, sizeof(t->release), "%s", release);
	for (size_t i = 0; i < 3 && json_is_array(version); i++)
		t->kernel_version = t->kernel_version << 8 |
				    (json_integer_value(json_array_get(version, i)) & 255);
	t->nr_cpus = cpus ? (uint32_t)json_integer_value(cpus) : 1;
	t->page_size = page ? (uint64_t)json_integer_value(page) : 4096;
	t->pidns_dev = (uint64_t)json_integer_value(json_array_get(ns, 0));
	t->pidns_ino = (uint64_t)json_integer_value(json_array_get(ns, 1));
	return t->nr_cpus && t->page_size ? 0 : -EINVAL;
}

int target_load(struct target *t, struct arena *a, const char *path)
{
	struct loaded *l = arena_new(a, struct loaded);
	json_error_t where;
	json_t *events;
	int err;

	memset(t, 0, sizeof(*t));
	if (access(path, R_OK))
		return -errno;
	l->arena = a;
	l->root = json_load_file(path, 0, &where);
	if (!json_is_object(l->root)) {
		file_close(l);
		return -EINVAL;
	}
	err = take_facts(t, l->root);
	if (!err)
		err = map_btf(l, path);
	if (err) {
		file_close(l);
		return err;
	}
	events = json_object_get(l->root, "events");
	if (!events) {
		events = target_keys_of(json_object_get(l->root, "formats"));
		json_object_set_new(l->root, "events", events);
	}
	l->events = strings_of(a, events, &l->nr_events, true);
	l->functions = strings_of(a, json_object_get(l->root, "functions"), &l->nr_functions, true);
	t->arena = a;
	t->ops = &file_ops;
	t->arg = l;
	return 0;
}
