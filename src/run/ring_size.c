/*
 * How large the event ring is to be: see ring_size.h.
 *
 * The ring's memory is zeroed when it is made and counted as ours when it is
 * mapped: 16 MiB cost 4 ms and 16 MB. Records are as long as what is in them,
 * so 8 MiB hold more events than 16 MiB of fixed-size records would.
 */
#include "run/ring_size.h"

#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define SMALL_BYTES ((uint64_t)256 * 1024)
#define USUAL_BYTES ((uint64_t)8 * 1024 * 1024)
#define MAX_INSNS 2048

/* ---- loops ---- */

enum { HELPER_FOR_EACH_MAP_ELEM = 164, HELPER_LOOP = 181 };

static bool is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static bool is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

static bool is_goto(const struct bpf_insn *insn)
{
	return is_jump(insn) && BPF_OP(insn->code) == BPF_JA;
}

static int32_t jump_offset(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off;
}

/* Where instruction `i` goes: 0 to 2 successors. */
static int successors(const struct image_prog *prog, uint32_t i, uint32_t to[2])
{
	const struct bpf_insn *insn = &prog->insns[i];
	int n = 0;

	if (is_exit(insn))
		return 0;
	if (!is_goto(insn))
		to[n++] = i + 1 + (insn->code == (BPF_LD | BPF_IMM | BPF_DW));
	if (is_jump(insn) && !is_call(insn))
		to[n++] = (uint32_t)((int32_t)i + 1 + jump_offset(insn));
	return n;
}

enum { UNSEEN, ON_PATH, DONE };

/* A walk in depth: a successor that is on the path to it closes a loop. */
static bool has_loop(const struct image_prog *prog, uint8_t *state, uint32_t *path)
{
	uint32_t depth = 0;

	state[0] = ON_PATH;
	path[depth++] = 0;
	while (depth) {
		uint32_t at = path[depth - 1], to[2];
		int n = successors(prog, at, to), i = 0;

		while (i < n && (to[i] >= prog->nr_insns || state[to[i]] == DONE))
			i++;
		if (i == n) {
			state[at] = DONE;
			depth--;
		} else if (state[to[i]] == ON_PATH) {
			return true;
		} else {
			state[to[i]] = ON_PATH;
			path[depth++] = to[i];
		}
	}
	return false;
}

static bool calls_repeatedly(const struct image_prog *prog)
{
	for (uint32_t i = 0; i < prog->nr_insns; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		/* src_reg: another function or one of the kernel, maybe an iterator. */
		if (is_call(insn) && (insn->src_reg || insn->imm == HELPER_FOR_EACH_MAP_ELEM ||
				      insn->imm == HELPER_LOOP))
			return true;
	}
	return false;
}

bool prog_may_repeat(const struct image_prog *prog)
{
	uint8_t state[MAX_INSNS] = { UNSEEN };
	uint32_t path[MAX_INSNS];

	if (!prog->nr_insns)
		return false;
	return prog->nr_insns > MAX_INSNS || calls_repeatedly(prog) || has_loop(prog, state, path);
}

/* ---- the size ---- */

static bool names_map(const struct image_prog *prog, uint32_t map)
{
	for (size_t i = 0; i < prog->nr_relocs; i++)
		if (prog->relocs[i].map == map)
			return true;
	return false;
}

bool ring_is_used(const struct image *image, uint32_t ring_map)
{
	const struct image_prog *p;

	vec_each(p, &image->progs)
		if (names_map(p, ring_map))
			return true;
	return false;
}

/* Programs that run once, or now and then by a timer. */
static bool runs_seldom(const struct image_prog *prog)
{
	const struct image_site *site = prog->sites;

	if (prog->attach == ATTACH_INTERVAL)
		return prog->nr_sites && (site->is_freq ? site->count <= 100
							: site->count >= 10000000);
	return prog->attach == ATTACH_BEGIN || prog->attach == ATTACH_END ||
	       prog->attach == ATTACH_SIGNAL || prog->attach == ATTACH_TEST;
}

/* Whether all programs that send records send few. */
static bool sends_little(const struct image *image)
{
	const struct image_prog *p;

	vec_each(p, &image->progs)
		if (names_map(p, image->ring_map) && (!runs_seldom(p) || prog_may_repeat(p)))
			return false;
	return true;
}

static uint64_t round_up_power(uint64_t n)
{
	uint64_t p = 4096;

	while (p < n)
		p <<= 1;
	return p;
}

uint64_t ring_size(const struct image *image)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), want = USUAL_BYTES;
	uint64_t pages = image->config.perf_rb_pages;
	struct sysinfo info;

	if (pages)
		return round_up_power((pages > image->nr_cpus ? pages : image->nr_cpus) * page);
	if (sends_little(image) || sysinfo(&info))
		return SMALL_BYTES;
	while (want > SMALL_BYTES && want > (uint64_t)info.freeram * info.mem_unit / 2)
		want /= 2;
	return want;
}
