/*
 * Shared by the interpreter's files.
 *
 * A register or spilled value is a vm_value: a number, or a place in a region. Every
 * region has an address, so that pointers that are stored become numbers as they do
 * in the kernel.
 */
#ifndef SONDE_TESTS_VM_INTERNAL_H
#define SONDE_TESTS_VM_INTERNAL_H

#include "tests/vm/vm.h"

#define VM_STACK_BYTES 512
#define VM_MAX_FRAMES 8
#define VM_MAX_STEPS 4000000

enum region_kind { REGION_STACK, REGION_CTX, REGION_MAP_VALUE, REGION_MAP_KEY, REGION_RING,
		   REGION_MAP, REGION_FUNC, REGION_MEMORY };

struct vm_map;

struct region {
	enum region_kind kind;
	uint64_t address;
	uint8_t *data;			/* owned */
	size_t size;
	bool is_dead;			/* a record that was submitted, a frame that was left */
	bool is_user;			/* MEMORY */
	struct vm_map *map;		/* MAP, RING */
	uint32_t func;			/* FUNC: first instruction */
	struct frame *frame;		/* STACK */
	struct region *next;
};

enum value_tag { TAG_UNSET, TAG_NUMBER, TAG_POINTER, TAG_KERNEL };

struct vm_value {
	enum value_tag tag;
	uint64_t number;		/* NUMBER, KERNEL (address); POINTER: offset in region */
	struct region *region;
	uint32_t null_id;		/* POINTER or 0 from a lookup: checks are known by this */
};

struct frame {
	struct region *stack;
	struct vm_value regs[11];
	struct vm_value slots[VM_STACK_BYTES / 8];	/* tag UNSET: plain bytes */
	bool is_set[VM_STACK_BYTES];
	uint32_t return_to;
};

struct entry {
	uint8_t *key;			/* owned, except in `key_region` */
	struct region *key_region;
	struct region **values;		/* one, or one a CPU */
};

struct vm_map {
	const struct image_map *def;
	uint32_t index, nr_values;	/* values of an entry */
	struct region *self;
	VEC(struct entry *) entries;
};

struct kfunc {
	int32_t btf_id;
	const char *name;
};

struct vm {
	struct arena arena;		/* all that lives as long as the vm */
	const struct image *image;
	const struct image_prog *prog;
	struct vm_world world;
	struct vm_map *maps;
	struct region *regions;
	uint64_t next_address;
	VEC(struct vm_record) records;
	VEC(struct region *) open_records;
	VEC(struct kfunc) kfuncs;
	VEC(bool) checked;		/* by null_id */
	const struct image_reloc **reloc_at;	/* by instruction */
	struct frame *frames[VM_MAX_FRAMES];
	int depth;
	uint64_t steps;
	uint32_t pc;
	char error[256];
	bool failed;
};

/* ---- vm.c ---- */
void vm_fail(struct vm *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct region *vm_region(struct vm *vm, enum region_kind kind, size_t size);
struct vm_value vm_number(uint64_t n);
struct vm_value vm_pointer(struct region *r, uint64_t offset);
/* A pointer that must be compared with null before use; r NULL: it is null. */
struct vm_value vm_maybe_null(struct vm *vm, struct region *r, uint64_t offset);
uint64_t vm_address(const struct vm_value *v);
/* Bytes at a pointer, checked. NULL after vm_fail. */
uint8_t *vm_bytes(struct vm *vm, const struct vm_value *at, int64_t off, size_t size, bool write);
/* The same for a helper's argument: no alignment, but stack bytes must be set. */
uint8_t *vm_helper_bytes(struct vm *vm, const struct vm_value *at, size_t size, bool write);
/* Test memory at an address, or NULL. */
const uint8_t *vm_memory(const struct vm *vm, uint64_t address, size_t size, bool is_user);

/* ---- maps.c ---- */
void vm_maps_open(struct vm *vm);
struct entry *vm_entry(struct vm_map *m, const void *key);
/* 0 or a negative errno; value NULL: zeroes. Per-CPU maps: this CPU's value, others zero. */
int vm_update(struct vm *vm, struct vm_map *m, const void *key, const void *value, uint64_t flags);
int vm_delete(struct vm_map *m, const void *key);
struct region *vm_entry_value(struct vm *vm, struct vm_map *m, struct entry *e);

/* ---- helpers.c ---- */
struct vm_value vm_call_helper(struct vm *vm, int32_t id, struct vm_value args[5]);
struct vm_value vm_call_kfunc(struct vm *vm, int32_t btf_id, struct vm_value args[5]);

/* ---- exec.c ---- */
/* Run from instruction `at` with these arguments in a new frame. */
struct vm_value vm_exec(struct vm *vm, uint32_t at, const struct vm_value args[5]);

#endif
