/*
 * From the sections of an ELF file to rows.
 *
 * What .eh_frame says comes first; .debug_frame fills what it leaves open (Go programs
 * have nothing else). Ranges that overlap are cut: the one that begins first wins.
 */
#include "unwind/table.h"

#include "unwind/cfi.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS (4 * IMAGE_UNWIND_RULES)
#define MAX_PADDING 16	/* between functions, which nobody runs */
#define LARGE_GAP_BYTES ((uint64_t)64 * 1024)
#define MAX_RANGES ((size_t)16 * 1024 * 1024)

/* ---- rules ---- */

int unwind_rules_open(struct unwind_rules *r)
{
	static const struct image_unwind_rule first[] = {
		[UNWIND_RULE_NONE] = { .cfa = UNWIND_CFA_NONE, .cfa_offset = UNWIND_NO_ROW },
		[UNWIND_RULE_END] = { .cfa = UNWIND_CFA_END },
		[UNWIND_RULE_FP] = { .cfa = UNWIND_CFA_FP, .cfa_offset = 16,
				     .fp = UNWIND_AT_CFA, .fp_offset = -16,
				     .ra = UNWIND_AT_CFA, .ra_offset = -8 },
		[UNWIND_RULE_MISSING] = { .cfa = UNWIND_CFA_NONE, .cfa_offset = UNWIND_FAILED },
	};

	*r = (struct unwind_rules){ 0 };
	r->at = calloc(IMAGE_UNWIND_RULES, sizeof(*r->at));
	r->buckets = calloc(BUCKETS, sizeof(*r->buckets));
	if (!r->at || !r->buckets) {
		unwind_rules_close(r);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < UNWIND_RULE_FIRST; i++)
		unwind_rules_number(r, &first[i]);
	return 0;
}

void unwind_rules_close(struct unwind_rules *r)
{
	free(r->at);
	free(r->buckets);
	*r = (struct unwind_rules){ 0 };
}

static uint32_t hash_rule(const struct image_unwind_rule *rule)
{
	const unsigned char *bytes = (const unsigned char *)rule;
	uint32_t h = 2166136261;

	for (size_t i = 0; i < sizeof(*rule); i++)
		h = (h ^ bytes[i]) * 16777619;
	return h;
}

uint16_t unwind_rules_number(struct unwind_rules *r, const struct image_unwind_rule *rule)
{
	uint32_t at = hash_rule(rule) % BUCKETS;

	for (; r->buckets[at]; at = (at + 1) % BUCKETS)
		if (!memcmp(&r->at[r->buckets[at] - 1], rule, sizeof(*rule)))
			return (uint16_t)(r->buckets[at] - 1);
	if (r->n == IMAGE_UNWIND_RULES)
		return UNWIND_RULE_NONE;
	r->at[r->n++] = *rule;
	r->buckets[at] = (uint16_t)r->n;
	return (uint16_t)(r->n - 1);
}

/* ---- ranges ---- */

struct range {
	uint64_t start, end;
	uint16_t rule;
};

struct ranges {
	struct range *at;	/* owned */
	size_t n, cap;
	struct unwind_rules *rules;
	bool out_of_memory;
};

static bool add(struct ranges *r, const struct range *range)
{
	if (r->n == MAX_RANGES)
		return false;
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 1024;
		struct range *more = realloc(r->at, cap * sizeof(*more));

		r->out_of_memory |= !more;
		if (!more)
			return false;
		r->at = more;
		r->cap = cap;
	}
	r->at[r->n++] = *range;
	return true;
}

static bool take_range(void *arg, const struct cfi_range *from)
{
	struct ranges *r = arg;
	struct range range = { from->start, from->end,
			       unwind_rules_number(r->rules, &from->rule) };

	return add(r, &range);
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

/* What linkers write mostly is, and what was put in order before. */
static bool is_sorted(const struct ranges *r)
{
	size_t i = 1;

	while (i < r->n && compare(&r->at[i - 1], &r->at[i]) <= 0)
		i++;
	return i >= r->n;
}

/* Sort; afterwards none overlaps another. */
static void put_in_order(struct ranges *r)
{
	uint64_t end = 0;
	size_t n = 0;

	if (!is_sorted(r))
		qsort(r->at, r->n, sizeof(*r->at), compare);
	for (size_t i = 0; i < r->n; i++) {
		struct range range = r->at[i];

		if (range.start < end)
			range.start = end;
		if (range.start >= range.end)
			continue;
		end = range.end;
		r->at[n++] = range;
	}
	r->n = n;
}

/* Add to `r` what of `from` lies in its gaps; both are in order. */
static void fill_gaps(struct ranges *r, const struct ranges *from)
{
	size_t n = r->n, at = 0;

	for (size_t i = 0; i < from->n; i++) {
		struct range range = from->at[i], part;

		while (at < n && r->at[at].end <= range.start)
			at++;
		for (size_t k = at; range.start < range.end; k++) {
			part = range;
			if (k < n && r->at[k].start < range.end)
				part.end = r->at[k].start;
			if (part.start < part.end && !add(r, &part))
				return;
			if (k >= n || r->at[k].start >= range.end)
				break;
			range.start = r->at[k].end;
		}
	}
	put_in_order(r);
}

/* ---- rows ---- */

static void add_row(struct unwind_table *t, uint64_t address, uint16_t rule)
{
	if (address < t->base || address - t->base > UINT32_MAX)
		return;
	if (t->n && t->rules[t->n - 1] == rule)
		return;
	t->addresses[t->n] = (uint32_t)(address - t->base);
	t->rules[t->n++] = rule;
}

/* The end of the code around an address, or the address. */
static uint64_t end_of_code(const struct unwind_table *t, uint64_t address)
{
	for (size_t i = 0; i < t->nr_segments; i++)
		if (address - t->segments[i].address < t->segments[i].size_bytes)
			return t->segments[i].address + t->segments[i].size_bytes;
	return address;
}

/* What holds in a gap. So much code was made by a compiler that writes no tables, and keeps
 * frames by the frame pointer: node has its own functions so. */
static uint16_t rule_of_gap(uint64_t size_bytes)
{
	return size_bytes >= LARGE_GAP_BYTES ? UNWIND_RULE_FP : UNWIND_RULE_NONE;
}

static int make_rows(struct unwind_table *t, const struct ranges *r)
{
	uint64_t end = 0;

	if (!r->n)
		return 0;
	t->addresses = malloc((2 * r->n + 2) * sizeof(*t->addresses));
	t->rules = malloc((2 * r->n + 2) * sizeof(*t->rules));
	if (!t->addresses || !t->rules)
		return -ENOMEM;
	if (r->at[0].start > t->base)
		add_row(t, t->base, rule_of_gap(r->at[0].start - t->base));
	for (size_t i = 0; i < r->n; i++) {
		if (i && r->at[i].start - end >= MAX_PADDING)
			add_row(t, end, rule_of_gap(r->at[i].start - end));
		add_row(t, r->at[i].start, r->at[i].rule);
		end = r->at[i].end;
	}
	add_row(t, end, rule_of_gap(end_of_code(t, end) - end));
	return 0;
}

size_t unwind_table_find(const struct unwind_table *t, uint64_t address)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->base + t->addresses[mid] <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : t->n;
}

/* ---- files ---- */

static const struct cfi_arch *arch_of(const GElf_Ehdr *header)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		return NULL;
	if (header->e_machine == EM_X86_64)
		return &cfi_x86_64;
	return header->e_machine == EM_AARCH64 ? &cfi_arm64 : NULL;
}

static void read_segments(struct unwind_table *t, Elf *elf)
{
	size_t n = 0;
	bool any = false;

	if (elf_getphdrnum(elf, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (!any || ph.p_vaddr < t->base)
			t->base = ph.p_vaddr;
		any = true;
		if (ph.p_flags & PF_X && t->nr_segments < UNWIND_SEGMENTS)
			t->segments[t->nr_segments++] = (struct unwind_segment){
				.offset = ph.p_offset, .size_bytes = ph.p_filesz,
				.address = ph.p_vaddr,
			};
	}
}

/* Is it the section of this name? .zdebug and the like are too old to be met. */
static bool has_name(Elf *elf, const GElf_Shdr *header, const char *name)
{
	size_t names;
	const char *own;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	own = elf_strptr(elf, names, header->sh_name);
	return own && !strcmp(own, name);
}

static void read_section(struct ranges *r, Elf *elf, const struct cfi_arch *arch,
			 const char *name, bool is_eh)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		struct cfi_section s = { .arch = arch, .is_eh = is_eh };
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
		    !has_name(elf, &header, name))
			continue;
		if (header.sh_flags & SHF_COMPRESSED && elf_compress(section, 0, 0) < 0)
			continue;
		data = elf_rawdata(section, NULL);
		if (header.sh_flags & SHF_COMPRESSED)
			data = elf_getdata(section, NULL);
		if (!data || !data->d_buf || !data->d_size)
			continue;
		s.data = data->d_buf;
		s.size = data->d_size;
		s.address = header.sh_addr;
		cfi_read(&s, take_range, r);
	}
}

/* ---- returns from signals ---- */

#define MAX_IMAGE_BYTES ((size_t)64 * 1024)
#define ARM64_MOV_X8_RT_SIGRETURN 0xd2801168u
#define ARM64_SVC 0xd4000001u

/* The arm64 kernel says nothing about the code in its vDSO that handlers return to. There sp
 * points to a struct siginfo, then a ucontext with the registers; programs look for x30 two
 * words before pc. */
static const struct image_unwind_rule arm64_signal_rule = {
	.cfa = UNWIND_CFA_SP, .cfa_offset = 560, .flags = UNWIND_DEREF | UNWIND_SIGNAL,
	.fp = UNWIND_AT_SP, .fp_offset = 544, .ra = UNWIND_AT_SP, .ra_offset = 568,
};

static void find_signal_returns(struct ranges *r, const struct unwind_table *t, Elf *elf)
{
	size_t size = 0;
	const char *bytes = elf_rawfile(elf, &size);
	uint32_t code[2];

	for (size_t i = 0; bytes && size <= MAX_IMAGE_BYTES && i < t->nr_segments; i++) {
		const struct unwind_segment *s = &t->segments[i];

		for (uint64_t at = 0; at + 8 <= s->size_bytes && s->offset <= size &&
		     at + 8 <= size - s->offset; at += 4) {
			struct range range = { s->address + at - 4, s->address + at + 8, 0 };

			memcpy(code, bytes + s->offset + at, sizeof(code));
			if (code[0] != ARM64_MOV_X8_RT_SIGRETURN || code[1] != ARM64_SVC)
				continue;
			range.rule = unwind_rules_number(r->rules, &arm64_signal_rule);
			add(r, &range);	/* handlers return behind its first 4 bytes */
		}
	}
}

#define MAX_ENTRY_BYTES 128

/* Where a program begins nobody called. The tables mostly say so; of the linker's own first
 * instructions, which are assembly, they say nothing. */
static void end_at_entry(struct ranges *r, uint64_t entry)
{
	struct range range = { entry, entry + MAX_ENTRY_BYTES, UNWIND_RULE_END };
	struct ranges first = { .at = &range, .n = 1 };

	for (size_t i = 0; i < r->n; i++) {
		if (r->at[i].start <= entry && entry < r->at[i].end)
			return;
		if (r->at[i].start > entry && r->at[i].start < range.end)
			range.end = r->at[i].start;
	}
	if (entry && r->n)
		fill_gaps(r, &first);
}

static int read_elf(struct unwind_table *t, Elf *elf, struct unwind_rules *rules)
{
	struct ranges eh = { .rules = rules }, debug = { .rules = rules };
	struct ranges all = { .rules = rules };
	const struct cfi_arch *arch;
	GElf_Ehdr header;
	int err;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return 0;
	arch = arch_of(&header);
	if (!arch)
		return 0;
	read_segments(t, elf);
	read_section(&eh, elf, arch, ".eh_frame", true);
	read_section(&debug, elf, arch, ".debug_frame", false);
	if (arch == &cfi_arm64)
		find_signal_returns(&all, t, elf);
	put_in_order(&all);
	put_in_order(&eh);
	put_in_order(&debug);
	fill_gaps(&all, &eh);
	fill_gaps(&all, &debug);
	end_at_entry(&all, header.e_entry);
	err = all.out_of_memory || eh.out_of_memory || debug.out_of_memory ? -ENOMEM
									  : make_rows(t, &all);
	free(all.at);
	free(eh.at);
	free(debug.at);
	return err;
}

static int read_and_end(struct unwind_table *t, Elf *elf, struct unwind_rules *rules)
{
	int err = elf ? read_elf(t, elf, rules) : 0;

	elf_end(elf);
	if (err)
		unwind_table_close(t);
	return err;
}

int unwind_table_read(struct unwind_table *t, int fd, struct unwind_rules *rules)
{
	*t = (struct unwind_table){ 0 };
	elf_version(EV_CURRENT);
	return read_and_end(t, elf_begin(fd, ELF_C_READ, NULL), rules);
}

int unwind_table_read_image(struct unwind_table *t, char *image, size_t size_bytes,
			    struct unwind_rules *rules)
{
	*t = (struct unwind_table){ 0 };
	elf_version(EV_CURRENT);
	return read_and_end(t, elf_memory(image, size_bytes), rules);
}

void unwind_table_close(struct unwind_table *t)
{
	free(t->addresses);
	free(t->rules);
	*t = (struct unwind_table){ 0 };
}
