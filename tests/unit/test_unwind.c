/*
 * Unwind tables: against libdw on the files at hand, and on sections made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/unwind_room.h"
#include "unwind/cfi.h"
#include "unwind/table.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- against libdw ---- */

#if defined(__x86_64__)
enum { SP = 7, FP = 6, RA = 16 };
#else
enum { SP = 31, FP = 29, RA = 30 };
#endif

/* Is there an unwinder for the machine that this runs on? */
static void need_unwinder(void)
{
#if !defined(__x86_64__) && !defined(__aarch64__)
	print_message("skipped: dw_ustack is for x86-64 and arm64\n");
	skip();
#endif
}

struct truth {
	Dwarf_CFI *cfi;
	size_t compared, differ, unknown;
};

/* The canonical address as register and offset; false: something else. */
static bool true_cfa(Dwarf_Frame *frame, uint64_t *reg, int64_t *offset, bool *deref)
{
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_frame_cfa(frame, &ops, &n) || !n)
		return false;
	if (ops[0].atom == DW_OP_bregx) {
		*reg = ops[0].number;
		*offset = (int64_t)ops[0].number2;
	} else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
		*reg = (uint64_t)ops[0].atom - DW_OP_breg0;
		*offset = (int64_t)ops[0].number;
	} else {
		return false;
	}
	*deref = n == 2 && ops[1].atom == DW_OP_deref;
	return n == 1 || *deref;
}

/* Offset from the canonical address where a register was saved; false: elsewhere. */
static bool true_offset(Dwarf_Frame *frame, int reg, int64_t *offset)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, reg, memory, &ops, &n) || !n ||
	    ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	*offset = n > 1 && ops[1].atom == DW_OP_plus_uconst ? (int64_t)ops[1].number : 0;
	return n == 1 || (n == 2 && ops[1].atom == DW_OP_plus_uconst);
}

static bool agrees(const struct image_unwind_rule *rule, Dwarf_Frame *frame)
{
	uint64_t reg = 0;
	int64_t offset = 0, at;
	bool deref = false;

	if (!true_cfa(frame, &reg, &offset, &deref) || (reg != SP && reg != FP))
		return rule->cfa == UNWIND_CFA_NONE ||
		       rule->cfa == UNWIND_CFA_SP;	/* a table of calls, by hand below */
	if (rule->cfa == UNWIND_CFA_END || rule->cfa == UNWIND_CFA_NONE)
		return !true_offset(frame, RA, &at);
	if (rule->cfa != (reg == SP ? UNWIND_CFA_SP : UNWIND_CFA_FP) ||
	    rule->cfa_offset != offset || !(rule->flags & UNWIND_DEREF) != !deref)
		return false;
	if (rule->ra == UNWIND_AT_CFA && (!true_offset(frame, RA, &at) || rule->ra_offset != at))
		return false;
	if (rule->fp == UNWIND_AT_CFA)
		return true_offset(frame, FP, &at) && rule->fp_offset == at;
	return rule->fp != UNWIND_AT_REGISTER || !true_offset(frame, FP, &at);
}

static void compare(struct truth *truth, const struct unwind_table *t,
		    const struct unwind_rules *rules, uint64_t address)
{
	const struct image_unwind_rule *rule = &rules->at[t->rules[unwind_table_find(t, address)]];
	Dwarf_Frame *frame;

	if (dwarf_cfi_addrframe(truth->cfi, address, &frame)) {
		truth->unknown++;	/* padding may have the rule before it */
		return;
	}
	truth->compared++;
	if (!agrees(rule, frame) && truth->differ++ < 5)
		print_error("at %#lx: cfa %d%+d, fp %d%+d, ra %d%+d\n", (unsigned long)address,
			    rule->cfa, rule->cfa_offset, rule->fp, rule->fp_offset, rule->ra,
			    rule->ra_offset);
	free(frame);
}

static void compare_file(const char *path)
{
	struct unwind_rules rules;
	struct unwind_table t;
	struct truth truth = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	assert_true(fd >= 0);
	assert_int_equal(unwind_rules_open(&rules), 0);
	assert_int_equal(unwind_table_read(&t, fd, &rules), 0);
	assert_true(t.n > 100);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	truth.cfi = dwarf_getcfi_elf(elf);
	assert_non_null(truth.cfi);
	for (size_t i = 0; i + 1 < t.n; i++) {
		if (i)
			assert_true(t.addresses[i] > t.addresses[i - 1]);
		compare(&truth, &t, &rules, t.base + t.addresses[i]);
		compare(&truth, &t, &rules, t.base + t.addresses[i + 1] - 1);
	}
	assert_true(truth.compared > 100);
	assert_int_equal(truth.differ, 0);
	dwarf_cfi_end(truth.cfi);
	elf_end(elf);
	unwind_table_close(&t);
	unwind_rules_close(&rules);
	close(fd);
}

static void test_self(void **state)
{
	(void)state;
	need_unwinder();
	compare_file("/proc/self/exe");
}

static void test_libc(void **state)
{
	Dl_info info;

	(void)state;
	need_unwinder();
	assert_true(dladdr((void *)(uintptr_t)&qsort, &info));
	if (!strstr(info.dli_fname, ".so"))
		dladdr(dlsym(RTLD_NEXT, "qsort"), &info);
	if (!strstr(info.dli_fname, ".so")) {
		print_message("skipped: this program has libc in itself\n");
		skip();
	}
	compare_file(info.dli_fname);
}

/* The linker that runs programs, of whose first instructions its tables say nothing. */
static bool find_linker(char *path, size_t size)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	bool found = false;
	GElf_Phdr ph;

	for (int i = 0; elf && gelf_getphdr(elf, i, &ph); i++)
		if (ph.p_type == PT_INTERP && ph.p_filesz < size) {
			assert_int_equal(pread(fd, path, ph.p_filesz, (off_t)ph.p_offset),
					 ph.p_filesz);
			found = true;
		}
	elf_end(elf);
	close(fd);
	return found;
}

static void test_entry(void **state)
{
	struct unwind_rules rules;
	struct unwind_table t;
	char path[256];
	GElf_Ehdr header;
	size_t row;
	Elf *elf;
	int fd;

	(void)state;
	need_unwinder();
	elf_version(EV_CURRENT);
	if (!find_linker(path, sizeof(path))) {
		print_message("skipped: this program needs no linker\n");
		skip();
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(gelf_getehdr(elf, &header));
	assert_int_equal(unwind_rules_open(&rules), 0);
	assert_int_equal(unwind_table_read(&t, fd, &rules), 0);
	for (uint64_t at = header.e_entry; at < header.e_entry + 16; at += 8) {
		row = unwind_table_find(&t, at);
		assert_true(row < t.n);
		assert_int_equal(rules.at[t.rules[row]].cfa, UNWIND_CFA_END);
	}
	elf_end(elf);
	close(fd);
	unwind_table_close(&t);
	unwind_rules_close(&rules);
}

/* ---- by hand ---- */

#define MAX_RANGES 64

struct collected {
	struct cfi_range at[MAX_RANGES];
	size_t n;
};

static bool collect(void *arg, const struct cfi_range *range)
{
	struct collected *c = arg;

	assert_true(c->n < MAX_RANGES);
	c->at[c->n++] = *range;
	return true;
}

/* A section of .debug_frame with one CIE and one FDE of 0x1000..0x1000 + size. */
struct section {
	uint8_t bytes[512];
	size_t n;
};

static void put(struct section *s, const void *bytes, size_t n)
{
	assert_true(s->n + n <= sizeof(s->bytes));
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

/* The machines whose sections these are have the lowest byte first. */
static void put_number(struct section *s, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put(s, &(uint8_t){ (uint8_t)(v >> 8 * i) }, 1);
}

static void put_entry(struct section *s, uint32_t id, const void *body, size_t n)
{
	put_number(s, n + 4, 4);
	put_number(s, id, 4);
	put(s, body, n);
}

static struct collected read_made(const struct cfi_arch *arch, uint64_t size, const uint8_t *code,
				  size_t n)
{
	/* version 1, no augmentation, code 1, data -8, the register; CFA = sp + 8, RA there */
	uint8_t cie[] = { 1, 0, 1, 0x78, (uint8_t)arch->ra, 0x0c, (uint8_t)arch->sp, 8,
			  (uint8_t)(0x80 | arch->ra), 1 };
	struct collected c = { .n = 0 };
	struct section s = { .n = 0 };
	struct section fde = { .n = 0 };
	struct cfi_section in = { .arch = arch };

	put_entry(&s, UINT32_MAX, cie, sizeof(cie));
	put_number(&fde, 0x1000, 8);
	put_number(&fde, size, 8);
	put(&fde, code, n);
	put_entry(&s, 0, fde.bytes, fde.n);
	in.data = s.bytes;
	in.size = s.n;
	cfi_read(&in, collect, &c);
	return c;
}

#define MADE(size, ...)								\
	read_made(&cfi_x86_64, (size), (const uint8_t[]){ __VA_ARGS__ },	\
		  sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void expect(const struct collected *c, size_t i, uint64_t start, uint64_t end,
		   enum image_unwind_cfa cfa, int32_t offset)
{
	assert_true(i < c->n);
	assert_int_equal(c->at[i].start, start);
	assert_int_equal(c->at[i].end, end);
	assert_int_equal(c->at[i].rule.cfa, cfa);
	assert_int_equal(c->at[i].rule.cfa_offset, offset);
}

static void test_frame_pointer(void **state)
{
	/* push %rbp; mov %rsp, %rbp; ...; leave */
	struct collected c = MADE(32, 0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x5a, 0x0c, 7, 8);

	(void)state;
	assert_int_equal(c.n, 4);
	expect(&c, 0, 0x1000, 0x1001, UNWIND_CFA_SP, 8);
	expect(&c, 1, 0x1001, 0x1004, UNWIND_CFA_SP, 16);
	assert_int_equal(c.at[1].rule.fp, UNWIND_AT_CFA);
	assert_int_equal(c.at[1].rule.fp_offset, -16);
	assert_int_equal(c.at[1].rule.ra, UNWIND_AT_CFA);
	assert_int_equal(c.at[1].rule.ra_offset, -8);
	expect(&c, 2, 0x1004, 0x101e, UNWIND_CFA_FP, 16);
	expect(&c, 3, 0x101e, 0x1020, UNWIND_CFA_SP, 8);
}

static void test_remember(void **state)
{
	struct collected c = MADE(32, 0x44, 0x0e, 32, 0x44, 0x0a, 0x0e, 8, 0x44, 0x0b);

	(void)state;
	assert_int_equal(c.n, 4);
	expect(&c, 1, 0x1004, 0x1008, UNWIND_CFA_SP, 32);
	expect(&c, 2, 0x1008, 0x100c, UNWIND_CFA_SP, 8);
	expect(&c, 3, 0x100c, 0x1020, UNWIND_CFA_SP, 32);
}

static void test_calls_table(void **state)
{
	struct collected c = MADE(32, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33,
				  0x24, 0x22);

	(void)state;
	assert_int_equal(c.n, 4);
	expect(&c, 0, 0x1000, 0x100b, UNWIND_CFA_SP, 8);
	expect(&c, 1, 0x100b, 0x1010, UNWIND_CFA_SP, 16);
	expect(&c, 2, 0x1010, 0x101b, UNWIND_CFA_SP, 8);
	expect(&c, 3, 0x101b, 0x1020, UNWIND_CFA_SP, 16);
}

/* As in a C library's return from a signal: all by expressions on the stack pointer. */
static void test_signal(void **state)
{
	struct collected c = MADE(9, 0x0f, 4, 0x77, 0xa0, 0x01, 0x06, 0x10, 6, 3, 0x77, 0xf8, 0x00,
				  0x10, 16, 3, 0x77, 0xa8, 0x01);

	(void)state;
	assert_int_equal(c.n, 1);
	expect(&c, 0, 0x1000, 0x1009, UNWIND_CFA_SP, 160);
	assert_int_equal(c.at[0].rule.flags, UNWIND_DEREF);
	assert_int_equal(c.at[0].rule.fp, UNWIND_AT_SP);
	assert_int_equal(c.at[0].rule.fp_offset, 120);
	assert_int_equal(c.at[0].rule.ra, UNWIND_AT_SP);
	assert_int_equal(c.at[0].rule.ra_offset, 168);
}

/* What is not followed says so, and says it for its own range only. */
static void test_not_followed(void **state)
{
	struct collected c = MADE(32, 0x44, 0x0d, 10, 0x44, 0x0d, 7, 0x44, 0x07, 16);

	(void)state;
	assert_int_equal(c.n, 4);
	expect(&c, 1, 0x1004, 0x1008, UNWIND_CFA_NONE, UNWIND_NO_ROW);
	expect(&c, 2, 0x1008, 0x100c, UNWIND_CFA_SP, 8);
	expect(&c, 3, 0x100c, 0x1020, UNWIND_CFA_END, 0);
}

static void test_arm64(void **state)
{
	/* stp x29, x30, [sp, #-32]!; mov x29, sp: as an arm64 compiler writes it */
	static const uint8_t code[] = { 0x44, 0x0e, 32, 0x9d, 4, 0x9e, 3, 0x44, 0x0d, 29 };
	struct collected c = read_made(&cfi_arm64, 32, code, sizeof(code));

	(void)state;
	assert_int_equal(c.n, 3);
	expect(&c, 1, 0x1004, 0x1008, UNWIND_CFA_SP, 32);
	assert_int_equal(c.at[1].rule.fp_offset, -32);
	assert_int_equal(c.at[1].rule.ra_offset, -24);
	expect(&c, 2, 0x1008, 0x1020, UNWIND_CFA_FP, 32);
}

/* Each cut of a section ends quietly. */
static void test_cut(void **state)
{
	static const uint8_t code[] = { 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33,
					0x24, 0x22, 0x44, 0x0a, 0x0e, 0x90, 0x01, 0x0b };
	struct section s = { .n = 0 };
	uint8_t fde[64] = { 0, 0x10 };
	static const uint8_t cie[] = { 1, 'z', 'R', 'S', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8 };

	(void)state;
	fde[8] = 32;
	memcpy(fde + 16, code, sizeof(code));
	put_entry(&s, UINT32_MAX, cie, sizeof(cie));
	put_entry(&s, 0, fde, 16 + sizeof(code));
	for (size_t n = 0; n <= s.n; n++) {
		struct collected c = { .n = 0 };
		uint8_t *copy = malloc(n + 1);
		struct cfi_section in = { .arch = &cfi_x86_64, .data = copy, .size = n };

		memcpy(copy, s.bytes, n);
		cfi_read(&in, collect, &c);
		in.is_eh = true;
		cfi_read(&in, collect, &c);
		free(copy);
	}
}

static void test_rules(void **state)
{
	struct image_unwind_rule rule = { .cfa = UNWIND_CFA_SP };
	struct unwind_rules rules;

	(void)state;
	assert_int_equal(unwind_rules_open(&rules), 0);
	assert_int_equal(rules.n, UNWIND_RULE_FIRST);
	for (int i = 0; i < 3 * (int)IMAGE_UNWIND_RULES; i++) {
		uint16_t number;

		rule.cfa_offset = i;
		number = unwind_rules_number(&rules, &rule);
		assert_int_equal(unwind_rules_number(&rules, &rule), number);
		if (i < (int)IMAGE_UNWIND_RULES - UNWIND_RULE_FIRST)
			assert_int_equal(number, UNWIND_RULE_FIRST + i);
		else
			assert_int_equal(number, UNWIND_RULE_NONE);
	}
	unwind_rules_close(&rules);
}

/* ---- room ---- */

#define PIECES 64

/* Pieces of all sizes never overlap, and all room comes back. */
static void test_room(void **unused)
{
	static unsigned char owner[IMAGE_UNWIND_CHUNK_BYTES];
	struct { uint32_t at, size; } pieces[PIECES] = { 0 };
	struct unwind_room room = { 0 };
	uint32_t seed = 1, at, largest = IMAGE_UNWIND_CHUNK_BYTES;

	(void)unused;
	for (int turn = 0; turn < 20000; turn++) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 16 & (PIECES - 1);
		uint32_t size = 1 + (seed >> 8) % 20000;

		if (pieces[i].size) {
			for (uint32_t k = 0; k < pieces[i].size; k++)
				assert_int_equal(owner[pieces[i].at + k], i + 1);
			memset(owner + pieces[i].at, 0, pieces[i].size);
			unwind_room_give(&room, pieces[i].at, pieces[i].size);
			pieces[i].size = 0;
		} else if (unwind_room_take(&room, size, &at)) {
			assert_true(at + size <= sizeof(owner));
			for (uint32_t k = 0; k < size; k++)
				assert_int_equal(owner[at + k], 0);
			memset(owner + at, (int)i + 1, size);
			pieces[i].at = at;
			pieces[i].size = size;
		}
	}
	for (unsigned i = 0; i < PIECES; i++)
		if (pieces[i].size)
			unwind_room_give(&room, pieces[i].at, pieces[i].size);
	assert_int_equal(room.nr_taken, 0);
	assert_true(unwind_room_take(&room, largest, &at));
	assert_int_equal(at, 0);
	assert_false(unwind_room_take(&room, 1, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_libc),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_frame_pointer),
		cmocka_unit_test(test_remember),
		cmocka_unit_test(test_calls_table),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_not_followed),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests_name("unwind", tests, NULL, NULL);
}
