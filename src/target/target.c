/*
 * What every target has: names of features, answers kept, and the plain target.
 */
#include "target/target.h"
#include "target/target_impl.h"

#include "types/kbtf.h"

#include <errno.h>
#include <string.h>

static const struct feature_row {
	const char *name, *text, *kernel;
} features[FEATURE_COUNT] = {
#define X(name, text, kernel) [FEATURE_##name] = { #name, text, kernel },
	TARGET_FEATURES(X)
#undef X
};

const char *target_feature_name(enum target_feature f)
{
	return features[f].name;
}

const char *target_feature_text(enum target_feature f)
{
	return features[f].text;
}

const char *target_feature_kernel(enum target_feature f)
{
	return features[f].kernel;
}

bool target_has(struct target *t, enum target_feature f)
{
	if (!t->feature_known[f])
		t->feature_known[f] = t->ops->has_feature(t->arg, f) ? 1 : -1;
	return t->feature_known[f] > 0;
}

int target_btf(struct target *t, const void **data, size_t *size)
{
	return t->ops->btf ? t->ops->btf(t->arg, data, size) : -ENOENT;
}

static int get_btf(void *arg, const void **data, size_t *size)
{
	return target_btf(arg, data, size);
}

struct kbtf *target_kbtf(struct target *t, struct types *types)
{
	const void *data;
	size_t size;

	if (t->ops->has_btf ? !t->ops->has_btf(t->arg) : target_btf(t, &data, &size) != 0)
		return NULL;
	return kbtf_new_lazy(types, get_btf, t);
}

void target_close(struct target *t)
{
	if (t->ops && t->ops->close)
		t->ops->close(t->arg);
	t->ops = NULL;
}

/*
 * The plain target.
 */
static bool plain_has_feature(void *arg, enum target_feature f)
{
	(void)arg;
	return f != FEATURE_SYSCALL_TP_PREEMPT;
}

static int plain_btf(void *arg, const void **data, size_t *size)
{
	(void)arg, (void)data, (void)size;
	return -ENOENT;
}

static int plain_format(void *arg, const char *category, const char *event, const char **text)
{
	(void)arg, (void)category, (void)event, (void)text;
	return -ENOENT;
}

static int plain_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	(void)arg, (void)category, (void)event, (void)id;
	return -ENOENT;
}

static int plain_list(void *arg, const char *const **list, size_t *count)
{
	(void)arg;
	*list = NULL;
	*count = 0;
	return 0;
}

static bool plain_has_function(void *arg, const char *name)
{
	(void)arg, (void)name;
	return true;
}

static int plain_symbol(void *arg, const char *name, uint64_t *address)
{
	(void)arg, (void)name, (void)address;
	return -ENOENT;
}

static int plain_cgroup_id(void *arg, const char *path, uint64_t *id)
{
	(void)arg, (void)path, (void)id;
	return -ENOENT;
}

static bool plain_kfunc_loads(void *arg, uint32_t prog_type, uint32_t btf_id)
{
	(void)arg, (void)prog_type, (void)btf_id;
	return false;
}

static bool plain_has_module(void *arg, const char *name)
{
	(void)arg, (void)name;
	return false;
}

int target_no_modules(void *arg, const char *const **list, size_t *count)
{
	static const char *const core[] = { "vmlinux" };

	(void)arg;
	*list = core;
	*count = 1;
	return 0;
}

static int plain_module_functions(void *arg, const char *module, const char *const **list,
				  size_t *count)
{
	return strcmp(module, "vmlinux") ? -ENOENT : plain_list(arg, list, count);
}

bool target_no_ambiguity(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return false;
}

bool target_knows_none(void *arg)
{
	(void)arg;
	return false;
}

int target_no_addresses(void *arg, const char *module, const char *name, const uint64_t **list,
			size_t *count)
{
	(void)arg;
	(void)module;
	(void)name;
	*list = NULL;
	*count = 0;
	return -ENOENT;
}

int target_no_module_btf(void *arg, const char *module, const void **data, size_t *size)
{
	(void)arg, (void)module, (void)data, (void)size;
	return -ENOENT;
}

int target_no_bpf_functions(void *arg, const struct target_bpf_function **list, size_t *count)
{
	(void)arg;
	*list = NULL;
	*count = 0;
	return 0;
}

static int plain_user_files(void *arg, const char *name, int pid, const char *const **paths,
			    size_t *count)
{
	(void)arg, (void)name, (void)pid, (void)paths, (void)count;
	return -ENOENT;
}

static int plain_user_symbols(void *arg, const char *path, const char *name,
			      const struct target_user_symbol **list, size_t *count)
{
	(void)arg, (void)path, (void)name, (void)list, (void)count;
	return -ENOENT;
}

static int plain_user_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset)
{
	(void)arg, (void)path, (void)address, (void)file_offset;
	return -ENOENT;
}

static int plain_user_code(void *arg, const char *path, uint64_t file_offset,
			   const uint8_t **code, size_t *size)
{
	(void)arg, (void)path, (void)file_offset, (void)code, (void)size;
	return -ENOENT;
}

static int plain_user_dwarf(void *arg, const char *path, struct Dwarf **dwarf)
{
	(void)arg, (void)path, (void)dwarf;
	return -ENOENT;
}

static int plain_user_info(void *arg, const char *path, struct target_user_info *info)
{
	(void)arg, (void)path, (void)info;
	return -ENOENT;
}

static int plain_user_usdt(void *arg, const char *path, const struct target_usdt **list,
			   size_t *count)
{
	(void)arg, (void)path, (void)list, (void)count;
	return -ENOENT;
}

static void plain_close(void *arg)
{
	(void)arg;
}

static const struct target_ops plain_ops = {
	.has_feature = plain_has_feature,
	.btf = plain_btf,
	.format = plain_format,
	.event_id = plain_event_id,
	.events = plain_list,
	.functions = plain_list,
	.has_function = plain_has_function,
	.symbol = plain_symbol,
	.cgroup_id = plain_cgroup_id,
	.kfunc_loads = plain_kfunc_loads,
	.has_module = plain_has_module,
	.modules = target_no_modules,
	.module_functions = plain_module_functions,
	.function_is_ambiguous = target_no_ambiguity,
	.knows_addresses = target_knows_none,
	.function_addresses = target_no_addresses,
	.module_btf = target_no_module_btf,
	.bpf_functions = target_no_bpf_functions,
	.user_files = plain_user_files,
	.user_symbols = plain_user_symbols,
	.user_offset = plain_user_offset,
	.user_code = plain_user_code,
	.user_dwarf = plain_user_dwarf,
	.user_info = plain_user_info,
	.user_usdt = plain_user_usdt,
	.close = plain_close,
};

void target_init_plain(struct target *t, struct arena *a)
{
	memset(t, 0, sizeof(*t));
	t->arena = a;
	t->arch = target_arch_find(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "s390x" : "x86_64");
	strcpy(t->release, "6.12.0-plain");
	t->kernel_version = 6 << 16 | 12 << 8;
	t->nr_cpus = 4;
	t->page_size = 4096;
	t->ops = &plain_ops;
}
