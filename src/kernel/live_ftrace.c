/*
 * Which functions ftrace has a record of: those that can be traced.
 *
 * In: the kernel's own records, read from its memory by a small program, and the symbols. Out: a
 * function for each record. tracefs tells the same as text (available_filter_functions), but
 * looks each name up and begins anew with every page of text: 40,000 functions take 20 times
 * as long. Whatever is not as expected here, the text is there to be read.
 */
#include "kernel/live_impl.h"

#include "kernel/bpf_call.h"
#include "kernel/bpf_insn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PIECE_BYTES = 1 << 16,		/* what the program reads at once */
	MAX_PAGES = 1 << 16,		/* there are some hundreds */
	MAX_RECORDS = 1 << 21,		/* in all: there are some ten thousands */
	MAX_ORDER = 10,			/* of what the kernel takes from its memory at once */
	MEMORY_PAGE_BYTES = 4096,
	/* How far behind a function's begin the kernel has its record at most: behind an ENDBR.
	 * Other records are of functions that were dropped when the kernel was linked. */
	MAX_OFFSET = 4,
};

/* A reader of the kernel's memory: a program, and the map that it reads to. */
struct peek {
	int map, prog;
	char *piece;		/* the map's value, copied; arena */
};

static void peek_close(struct peek *p)
{
	if (p->map >= 0)
		close(p->map);
	if (p->prog >= 0)
		close(p->prog);
}

/* The arguments are where to read and how much; the result is that of the read. */
static bool peek_open(struct peek *p, struct arena *a)
{
	const struct bpf_map_spec value = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
					    .value_size = PIECE_BYTES, .max_entries = 1 };

	p->piece = arena_alloc(a, PIECE_BYTES);
	p->map = bpf_call_map_create(&value);

	const struct bpf_insn insns[] = {
		I(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_1, 0, 0),
		I(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_1, 8, 0),
		MOV(BPF_REG_0, -1),
		I(BPF_JMP | BPF_JGT | BPF_K, BPF_REG_2, 0, 3, PIECE_BYTES),
		I(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, p->map),
		I(0, 0, 0, 0, 0),
		CALL(BPF_FUNC_probe_read_kernel),
		EXIT,
	};
	const struct bpf_prog_spec spec = {
		.name = "peek", .type = BPF_PROG_TYPE_RAW_TRACEPOINT, .insns = insns,
		.nr_insns = COUNT(insns), .license = "GPL",
	};

	p->prog = p->map < 0 ? -1 : bpf_call_prog_load(&spec);
	if (p->prog >= 0)
		return true;
	peek_close(p);
	return false;
}

/* At most PIECE_BYTES, to p->piece. */
static bool peek(const struct peek *p, uint64_t address, size_t size_bytes)
{
	const uint64_t args[2] = { address, size_bytes };
	const uint32_t first = 0;
	uint32_t failed;

	return !bpf_call_prog_run(p->prog, args, sizeof(args), &failed) && !failed &&
	       !bpf_call_map_lookup(p->map, &first, p->piece);
}

/* ---- symbols by address ---- */

struct by_address {
	const struct live_ksym **at;
	size_t n;
};

static int compare_addresses(const void *a, const void *b)
{
	const struct live_ksym *x = *(const struct live_ksym *const *)a;
	const struct live_ksym *y = *(const struct live_ksym *const *)b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x < y ? -1 : x > y;	/* of several the kernel names the first */
}

static void sort_symbols(struct live *l, struct by_address *s)
{
	const live_ksym_list *all = live_ksyms(l);
	bool is_sorted = true;

	s->at = arena_array(l->arena, const struct live_ksym *, all->n + 1);
	for (s->n = 0; s->n < all->n; s->n++) {
		s->at[s->n] = &all->at[s->n];
		is_sorted &= !s->n || all->at[s->n - 1].address <= all->at[s->n].address;
	}
	if (!is_sorted)
		qsort(s->at, s->n, sizeof(*s->at), compare_addresses);
}

/* The function that a record is of; NULL: of none. */
static const struct live_ksym *symbol_at(const struct by_address *s, uint64_t ip)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->at[middle]->address <= ip)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || ip - s->at[low - 1]->address > MAX_OFFSET)
		return NULL;
	for (low--; low && s->at[low - 1]->address == s->at[low]->address; low--)
		;
	return s->at[low];
}

/* ---- records ---- */

/* Where members of the kernel's structs lie: a list of pages, each an array of records. Old
 * kernels do not say how large that is. */
struct layout {
	uint32_t page_bytes, next, records, index, order;
	bool has_order;
	uint32_t record_bytes, ip;
};

static uint32_t struct_bytes(struct live *l, uint32_t id)
{
	const struct type *t = id ? kbtf_type(l->kbtf, id) : NULL;

	return t && t->kind == TYPE_STRUCT ? t->structure->size_bytes : 0;
}

static bool find_layout(struct live *l, struct layout *y)
{
	uint32_t page = live_struct(l, LIVE_ftrace_page);
	uint32_t record = live_struct(l, LIVE_dyn_ftrace);

	y->page_bytes = struct_bytes(l, page);
	y->record_bytes = struct_bytes(l, record);
	y->has_order = live_member(l, page, "order", &y->order);
	return y->page_bytes && y->page_bytes <= PIECE_BYTES && y->record_bytes &&
	       y->record_bytes <= PIECE_BYTES && live_member(l, page, "next", &y->next) &&
	       live_member(l, page, "records", &y->records) &&
	       live_member(l, page, "index", &y->index) && live_member(l, record, "ip", &y->ip);
}

/* What goes over the records, and has the places that they tell. */
struct walk {
	struct live *live;
	struct peek peek;
	struct layout layout;
	VEC(uint64_t) ips;
	VEC(const struct live_ksym *) found;	/* what is there */
};

/* Nothing keeps the kernel from changing a page between two looks, or from having freed it. Can
 * the one just read have so many records? */
static bool is_sound(const struct walk *w, uint32_t count)
{
	uint32_t order;

	if (count > MAX_RECORDS - w->ips.n)
		return false;
	if (!w->layout.has_order)
		return true;
	memcpy(&order, w->peek.piece + w->layout.order, sizeof(order));
	return order <= MAX_ORDER &&
	       count <= ((uint32_t)MEMORY_PAGE_BYTES << order) / w->layout.record_bytes;
}

static bool add_records(struct walk *w, uint64_t records, uint32_t count)
{
	uint32_t bytes = w->layout.record_bytes, most = PIECE_BYTES / bytes;

	while (count) {
		uint32_t n = count < most ? count : most;

		if (!peek(&w->peek, records, (size_t)n * bytes))
			return false;
		for (uint32_t i = 0; i < n; i++) {
			uint64_t ip;

			memcpy(&ip, w->peek.piece + (size_t)i * bytes + w->layout.ip, sizeof(ip));
			vec_push(w->live->arena, &w->ips, ip);
		}
		records += (uint64_t)n * bytes;
		count -= n;
	}
	return true;
}

static bool add_pages(struct walk *w)
{
	uint64_t page, records;
	uint32_t count, pages = 0;

	if (!peek(&w->peek, w->live->ftrace_pages, sizeof(page)))
		return false;
	for (memcpy(&page, w->peek.piece, sizeof(page)); page; pages++) {
		if (pages == MAX_PAGES || !peek(&w->peek, page, w->layout.page_bytes))
			return false;
		memcpy(&page, w->peek.piece + w->layout.next, sizeof(page));
		memcpy(&records, w->peek.piece + w->layout.records, sizeof(records));
		memcpy(&count, w->peek.piece + w->layout.index, sizeof(count));
		if (!is_sound(w, count) || !add_records(w, records, count))
			return false;
	}
	return w->ips.n;
}

/* The functions that the records are of; false: most are of none, so that they were none. */
static bool find_functions(struct walk *w)
{
	struct by_address symbols;

	sort_symbols(w->live, &symbols);
	for (size_t i = 0; i < w->ips.n; i++) {
		const struct live_ksym *f = symbol_at(&symbols, w->ips.at[i]);

		if (f)
			vec_push(w->live->arena, &w->found, f);
	}
	return w->found.n > w->ips.n / 2;
}

bool live_ftrace_functions(struct live *l, void (*each)(struct live *l,
							const struct live_ksym *f))
{
	struct walk w = { .live = l };
	bool done;

	live_ksyms(l);
	if (strcmp(l->target->arch->name, "x86_64") || !l->ftrace_pages ||
	    !find_layout(l, &w.layout) || !peek_open(&w.peek, l->arena))
		return false;
	done = add_pages(&w);
	peek_close(&w.peek);
	if (!done || !find_functions(&w))
		return false;
	for (size_t i = 0; i < w.found.n; i++)
		each(l, w.found.at[i]);
	return true;
}
