/*
 * What calls and memory operations do, as the passes need to know it.
 *
 * One row for each BPF helper that the lowering uses: whether its result is the
 * same throughout one run, whether a call whose result nobody uses may go, and
 * which memory its arguments reach. A helper without a row may do anything.
 */
#include "ir/internal.h"

#define PURE (IR_HELPER_PURE | IR_HELPER_DROP)
#define DROP IR_HELPER_DROP
#define LONG IR_HELPER_LONG
#define N IR_MEM_NONE
#define R IR_MEM_READ
#define K IR_MEM_READ_KEY
#define V IR_MEM_READ_VALUE
#define W IR_MEM_WRITE
#define S IR_MEM_WRITE_SOME
#define A IR_MEM_ANY

/* The numbers are the kernel's (enum bpf_func_id). */
static const struct ir_helper helpers[] = {
	[1] = { "map_lookup_elem", DROP, { N, K } },
	[2] = { "map_update_elem", 0, { N, K, V, N } },
	[3] = { "map_delete_elem", 0, { N, K } },
	[4] = { "probe_read", DROP, { W, N, R } },
	[5] = { "ktime_get_ns", DROP, { N } },
	[7] = { "get_prandom_u32", DROP, { N } },
	[8] = { "get_smp_processor_id", PURE, { N } },
	[14] = { "get_current_pid_tgid", PURE, { N } },
	[15] = { "get_current_uid_gid", PURE, { N } },
	[16] = { "get_current_comm", DROP, { W, N } },
	[25] = { "perf_event_output", 0, { N, N, N, R, N } },
	[27] = { "get_stackid", 0, { N, N, N } },
	[35] = { "get_current_task", PURE, { N } },
	[42] = { "get_numa_node_id", PURE, { N } },
	[45] = { "probe_read_str", DROP, { S, N, R } },
	[67] = { "get_stack", DROP, { N, W, N, N } },
	[80] = { "get_current_cgroup_id", PURE, { N } },
	[109] = { "send_signal", LONG, { N } },
	[117] = { "send_signal_thread", LONG, { N } },
	[112] = { "probe_read_user", DROP, { W, N, N } },
	[113] = { "probe_read_kernel", DROP, { W, N, R } },
	[114] = { "probe_read_user_str", DROP, { S, N, N } },
	[115] = { "probe_read_kernel_str", DROP, { S, N, R } },
	[118] = { "jiffies64", DROP, { N } },
	[120] = { "get_ns_current_pid_tgid", DROP, { N, N, W, N } },
	[123] = { "get_current_ancestor_cgroup_id", PURE, { N } },
	[125] = { "ktime_get_boot_ns", DROP, { N } },
	[130] = { "ringbuf_output", 0, { N, R, N, N } },
	[131] = { "ringbuf_reserve", 0, { N, N, N } },
	[132] = { "ringbuf_submit", 0, { A, N } },
	[133] = { "ringbuf_discard", 0, { A, N } },
	[134] = { "ringbuf_query", DROP, { N, N } },
	/* Nobody need use what it reads: it also brings the page in. */
	[148] = { "copy_from_user", LONG, { W, N, N } },
	[156] = { "task_storage_get", 0, { N, N, R, N } },
	[157] = { "task_storage_delete", 0, { N, N } },
	[158] = { "get_current_task_btf", PURE, { N } },
	[160] = { "ktime_get_coarse_ns", DROP, { N } },
	[164] = { "for_each_map_elem", LONG, { N, N, A, N } },
	[173] = { "get_func_ip", PURE, { N } },
	[174] = { "get_attach_cookie", PURE, { N } },
	[175] = { "task_pt_regs", PURE, { N } },
	[181] = { "loop", LONG, { N, N, A, N } },
	[182] = { "strncmp", DROP, { R, N, R } },
	[183] = { "get_func_arg", DROP, { N, N, S } },
	[184] = { "get_func_ret", DROP, { N, S } },
	[185] = { "get_func_arg_cnt", PURE, { N } },
	[195] = { "map_lookup_percpu_elem", DROP, { N, K, N } },
	[208] = { "ktime_get_tai_ns", DROP, { N } },
};

static const struct ir_helper unknown = { NULL, LONG, { A, A, A, A, A } };

const struct ir_helper *ir_helper_info(int64_t helper)
{
	size_t n = sizeof(helpers) / sizeof(helpers[0]);

	if (helper < 0 || (size_t)helper >= n || !helpers[helper].name)
		return &unknown;
	return &helpers[helper];
}

const char *ir_helper_name(int64_t helper)
{
	const char *name = ir_helper_info(helper)->name;

	return name ? name : "unknown";
}

bool ir_helper_is_pure(int64_t helper)
{
	return ir_helper_info(helper)->flags & IR_HELPER_PURE;
}

static uint64_t bytes_of_map(const struct ir_insn *insn, const struct ir_insn *map,
			     enum ir_mem_use use)
{
	const struct ir_module *m = insn->block->func->module;

	if (map->op != IR_MAP || (uint64_t)map->imm >= m->nr_maps)
		return 0;
	return use == IR_MEM_READ_KEY ? m->maps[map->imm].key_bytes : m->maps[map->imm].value_bytes;
}

/* Of the map that is the call's first argument. A phi may join maps whose keys are of
 * different sizes: then it is the largest. 0: not known. */
static uint64_t map_bytes(const struct ir_insn *insn, enum ir_mem_use use)
{
	const struct ir_insn *map = insn->args[0];
	uint64_t most = 0;

	if (map->op != IR_PHI)
		return bytes_of_map(insn, map, use);
	for (unsigned i = 0; i < map->nr_args; i++) {
		uint64_t bytes = bytes_of_map(insn, map->args[i], use);

		if (!bytes)
			return 0;
		most = bytes > most ? bytes : most;
	}
	return most;
}

static enum ir_mem_use call_use(const struct ir_insn *insn, uint32_t arg, uint64_t *size)
{
	enum ir_mem_use use = ir_helper_info(insn->imm)->args[arg];
	int64_t bytes;

	if (use == IR_MEM_READ_KEY || use == IR_MEM_READ_VALUE) {
		*size = map_bytes(insn, use);
		return IR_MEM_READ;
	}
	if (use != IR_MEM_WRITE)
		return use;
	if (arg + 1 < insn->nr_args && ir_is_const(insn->args[arg + 1], &bytes) && bytes > 0)
		*size = (uint64_t)bytes;
	return use;
}

static enum ir_mem_use copy_use(const struct ir_insn *insn, uint32_t arg, int64_t *offset,
				uint64_t *size)
{
	*offset = arg ? insn->imm3 : insn->imm;
	if (arg)
		return IR_MEM_READ;
	*size = (uint64_t)insn->imm2;
	return IR_MEM_WRITE;
}

enum ir_mem_use ir_memory_use(const struct ir_insn *insn, uint32_t arg, int64_t *offset,
			      uint64_t *size)
{
	*offset = arg ? 0 : insn->imm;
	*size = 0;
	switch (insn->op) {
	case IR_LOAD:
		return IR_MEM_READ;
	case IR_STORE:
		/* A pointer that is stored may be followed by anybody. */
		if (arg)
			return IR_MEM_ANY;
		*size = insn->size;
		return IR_MEM_WRITE;
	case IR_MEMZERO:
		*size = (uint64_t)insn->imm2;
		return IR_MEM_WRITE;
	case IR_MEMCPY:
		return copy_use(insn, arg, offset, size);
	case IR_CALL:
		*offset = 0;
		return call_use(insn, arg, size);
	case IR_CMP: case IR_BRANCH: case IR_ADD: case IR_SUB: case IR_PHI: case IR_NOT_NULL:
		return IR_MEM_NONE;
	default:
		if (insn->op == IR_KCALL || insn->op == IR_FCALL)
			*offset = 0;
		return IR_MEM_ANY;
	}
}
