/*
 * The interpreter's memory: regions, addresses, checks; opening, running, results.
 */
#include "tests/vm/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void vm_fail(struct vm *vm, const char *fmt, ...)
{
	va_list args;
	int n;

	if (vm->failed)
		return;
	vm->failed = true;
	n = snprintf(vm->error, sizeof(vm->error), "insn %u: ", vm->pc);
	va_start(args, fmt);
	vsnprintf(vm->error + n, sizeof(vm->error) - (size_t)n, fmt, args);
	va_end(args);
}

struct region *vm_region(struct vm *vm, enum region_kind kind, size_t size)
{
	struct region *r = arena_new(&vm->arena, struct region);

	r->kind = kind;
	r->size = size;
	r->data = arena_alloc(&vm->arena, size ? size : 1);
	r->address = vm->next_address;
	vm->next_address += (size + 0x1fff) & ~0xfffull;
	r->next = vm->regions;
	vm->regions = r;
	return r;
}

struct vm_value vm_number(uint64_t n)
{
	return (struct vm_value){ .tag = TAG_NUMBER, .number = n };
}

struct vm_value vm_pointer(struct region *r, uint64_t offset)
{
	return (struct vm_value){ .tag = TAG_POINTER, .region = r, .number = offset };
}

struct vm_value vm_maybe_null(struct vm *vm, struct region *r, uint64_t offset)
{
	struct vm_value v = r ? vm_pointer(r, offset) : vm_number(0);

	if (!vm->checked.n)
		vec_push(&vm->arena, &vm->checked, true);
	v.null_id = (uint32_t)vm->checked.n;
	vec_push(&vm->arena, &vm->checked, false);
	return v;
}

uint64_t vm_address(const struct vm_value *v)
{
	return v->tag == TAG_POINTER ? v->region->address + v->number : v->number;
}

static bool stack_ok(struct vm *vm, struct region *r, uint64_t at, size_t size, bool write,
		     bool align)
{
	struct frame *f = r->frame;

	if (align && at % size) {
		vm_fail(vm, "misaligned stack access of %zu bytes at %d", size,
			(int)at - VM_STACK_BYTES);
		return false;
	}
	for (size_t k = 0; k < size; k++) {
		if (write)
			f->is_set[at + k] = true;
		else if (!f->is_set[at + k] && !vm->world.allow_uninit) {
			vm_fail(vm, "unset stack byte at %d", (int)(at + k) - VM_STACK_BYTES);
			return false;
		}
	}
	for (uint64_t slot = at / 8; write && slot <= (at + size - 1) / 8; slot++)
		f->slots[slot].tag = TAG_UNSET;
	return true;
}

static uint8_t *bytes(struct vm *vm, const struct vm_value *v, int64_t off, size_t size, bool write,
		      bool align)
{
	uint64_t at = v->number + (uint64_t)off;

	if (v->tag != TAG_POINTER) {
		vm_fail(vm, "not a pointer: tag %d, value 0x%llx", v->tag,
			(unsigned long long)v->number);
		return NULL;
	}
	if (v->null_id && !vm->checked.at[v->null_id]) {
		vm_fail(vm, "a pointer that may be null");
		return NULL;
	}
	if (v->region->is_dead || v->region->kind == REGION_MAP || v->region->kind == REGION_FUNC) {
		vm_fail(vm, "a pointer to what is no memory or no more");
		return NULL;
	}
	if (at > v->region->size || size > v->region->size - at) {
		vm_fail(vm, "%zu bytes at %lld of %zu", size, (long long)at, v->region->size);
		return NULL;
	}
	if (write && (v->region->kind == REGION_CTX || v->region->kind == REGION_MAP_KEY)) {
		vm_fail(vm, "store to read-only memory");
		return NULL;
	}
	if (v->region->kind == REGION_STACK && size &&
	    !stack_ok(vm, v->region, at, size, write, align))
		return NULL;
	return v->region->data + at;
}

uint8_t *vm_bytes(struct vm *vm, const struct vm_value *at, int64_t off, size_t size, bool write)
{
	if (at->tag == TAG_POINTER && at->region->kind == REGION_CTX && at->number) {
		vm_fail(vm, "context pointer was changed before the load");
		return NULL;
	}
	return bytes(vm, at, off, size, write, true);
}

uint8_t *vm_helper_bytes(struct vm *vm, const struct vm_value *at, size_t size, bool write)
{
	return bytes(vm, at, 0, size, write, false);
}

const uint8_t *vm_memory(const struct vm *vm, uint64_t address, size_t size, bool is_user)
{
	for (struct region *r = vm->regions; r; r = r->next) {
		if ((r->kind == REGION_MEMORY && r->is_user) != is_user || r->is_dead)
			continue;
		if (address >= r->address && address - r->address <= r->size &&
		    size <= r->size - (address - r->address))
			return r->data + (address - r->address);
	}
	return NULL;
}

/* ---- the test's side ---- */

struct vm *vm_open(const struct image *image)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		abort();
	arena_init(&vm->arena);
	vm->image = image;
	vm->next_address = 0xffff888000000000;
	vm->world.task = 0xffff888100000000;
	memcpy(vm->world.comm, "test", 5);
	vm_maps_open(vm);
	return vm;
}

void vm_close(struct vm *vm)
{
	if (!vm)
		return;
	arena_free(&vm->arena);
	free(vm);
}

struct vm_world *vm_world(struct vm *vm)
{
	return &vm->world;
}

void vm_add_memory(struct vm *vm, uint64_t address, const void *data, size_t size, bool is_user)
{
	struct region *r = vm_region(vm, REGION_MEMORY, size);

	memcpy(r->data, data, size);
	r->address = address;
	r->is_user = is_user;
}

void vm_set_kfunc(struct vm *vm, int32_t btf_id, const char *name)
{
	vec_push(&vm->arena, &vm->kfuncs, ((struct kfunc){ btf_id, name }));
}

static void index_relocs(struct vm *vm, const struct image_prog *prog)
{
	vm->reloc_at = arena_array(&vm->arena, const struct image_reloc *, prog->nr_insns);
	for (size_t k = 0; k < prog->nr_relocs; k++)
		vm->reloc_at[prog->relocs[k].insn] = &prog->relocs[k];
}

int vm_run(struct vm *vm, const struct image_prog *prog, const void *ctx, size_t ctx_size,
	   uint64_t *r0)
{
	struct region *r = vm_region(vm, REGION_CTX, ctx_size);
	struct vm_value args[5] = { vm_pointer(r, 0) }, result;

	if (ctx_size)
		memcpy(r->data, ctx, ctx_size);
	vm->prog = prog;
	vm->steps = 0;
	vm->depth = 0;
	vm->failed = false;
	vm->checked.n = 0;
	vm->open_records.n = 0;
	index_relocs(vm, prog);
	result = vm_exec(vm, 0, args);
	r->is_dead = true;
	if (!vm->failed && vm->open_records.n)
		vm_fail(vm, "a ring record was neither submitted nor discarded");
	if (!vm->failed && result.tag != TAG_NUMBER)
		vm_fail(vm, "the result is no number");
	if (r0)
		*r0 = result.number;
	return vm->failed ? -1 : 0;
}

const char *vm_error(const struct vm *vm)
{
	return vm->failed ? vm->error : "";
}

uint64_t vm_steps(const struct vm *vm)
{
	return vm->steps;
}

size_t vm_record_count(const struct vm *vm)
{
	return vm->records.n;
}

struct vm_record vm_record_get(const struct vm *vm, size_t n)
{
	return vm->records.at[n];
}

void vm_records_clear(struct vm *vm)
{
	vm->records.n = 0;
}
