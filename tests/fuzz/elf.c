/*
 * Fuzzer: any bytes as a program file: its symbols, static probes, code, debug
 * information.
 */
#include "kernel/live_target.h"
#include "probes/insn.h"
#include "probes/usdt_arg.h"
#include "types/debug.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_type(struct types *types, const struct type *t)
{
	const struct type_field *fields;
	size_t count;

	if (t && t->kind == TYPE_STRUCT) {
		fields = type_struct_fields(types, t->structure, &count);
		for (size_t i = 0; i < count; i++)
			type_name(types, fields[i].type);
	}
}

static void look_at_debug(struct types *types, struct Dwarf *dwarf,
			  const struct target_user_symbol *symbols, size_t count)
{
	static const char *const names[] = { "foo", "def", "color", "un", "char" };
	struct debug_file *f = debug_file_new(types, dwarf);
	struct debug_line_query q = { .file = "a.c", .line = 5 };
	struct debug_function function;
	const char *missing;

	for (size_t i = 0; i < count && i < 8; i++)
		if (!debug_function_at(f, symbols[i].address, &function, &missing))
			for (size_t k = 0; k < function.nr_params; k++)
				look_at_type(types, function.params[k].type);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		look_at_type(types, debug_type_by_name(f, KBTF_ANY_NAME, names[i]));
	debug_line_find(f, &q);
}

static void look_at_code(struct target *t, const char *path,
			 const struct target_user_symbol *symbol)
{
	const struct insn_set *set = insn_set_find(t->arch);
	size_t size = symbol->size_bytes;
	const uint8_t *code;

	if (!t->ops->user_code(t->arg, path, symbol->file_offset, &code, &size))
		insn_next_return(set, code, size, 0);
}

static void look_at(struct target *t, struct types *types, const char *path)
{
	const struct target_user_symbol *symbols;
	const struct target_usdt *probes;
	struct target_user_info info;
	struct usdt_args args;
	struct Dwarf *dwarf;
	size_t count, nr_probes;

	t->ops->user_info(t->arg, path, &info);
	if (!t->ops->user_usdt(t->arg, path, &probes, &nr_probes))
		for (size_t i = 0; i < nr_probes; i++)
			usdt_args_parse(t->arena, t->arch, probes[i].args, &args);
	if (t->ops->user_symbols(t->arg, path, NULL, &symbols, &count))
		return;
	for (size_t i = 0; i < count && i < 8; i++)
		look_at_code(t, path, &symbols[i]);
	if (!t->ops->user_dwarf(t->arg, path, &dwarf))
		look_at_debug(types, dwarf, symbols, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	struct target target;
	struct arena a;
	struct names names;
	struct types types;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	arena_init(&a);
	names_init(&names, &a);
	types_init(&types, &a, &names);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!live_target_open(&target, &a)) {
		look_at(&target, &types, path);
		target_close(&target);
	}
	close(fd);
	arena_free(&a);
	return 0;
}
