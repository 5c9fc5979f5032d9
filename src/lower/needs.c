/*
 * What the kernel that is compiled for must have: helpers that came later than
 * the first kernel that programs load on. Looks at the optimised IR, so that
 * what was dropped is not asked for, and says in words what the kernel would
 * refuse by a number.
 */
#include "lower/internal.h"

static const struct need {
	int helper;
	enum target_feature feature;
	const char *what, *instead;
} needs[] = {
	{ BPF_FUNC_for_each_map_elem, FEATURE_FOR_EACH_MAP_ELEM, "going through this map", NULL },
	{ BPF_FUNC_map_lookup_percpu_elem, FEATURE_MAP_LOOKUP_PERCPU,
	  "reading this value of all CPUs together",
	  "print() of the whole map works on this kernel, too" },
	{ BPF_FUNC_ktime_get_tai_ns, FEATURE_KTIME_TAI, "nsecs(tai)",
	  "nsecs(sw_tai) works on this kernel, too" },
};

#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

/* Each need is told of once for a script. */
static void tell_need(struct check *c, const struct need *need, uint32_t position)
{
	struct loc loc = { position, position + 1, NULL };
	struct diag *d;

	d = diag_error(c->diags, loc, DIAG_KERNEL_FEATURE,
		       "%s needs %s, which kernels from %s on have", need->what,
		       target_feature_text(need->feature), target_feature_kernel(need->feature));
	if (need->instead)
		diag_hint(c->diags, d, "%s", need->instead);
}

static void check_call(struct check *c, const struct ir_insn *i, bool *told)
{
	for (size_t n = 0; n < NR_NEEDS; n++) {
		if (told[n] || i->imm != needs[n].helper || target_has(c->target, needs[n].feature))
			continue;
		told[n] = true;
		tell_need(c, &needs[n], i->line);
	}
}

static void check_func(struct check *c, const struct ir_func *f, bool *told)
{
	for (size_t b = 0; b < f->blocks.n; b++)
		for (const struct ir_insn *i = f->blocks.at[b]->first; i; i = i->next)
			if (i->op == IR_CALL)
				check_call(c, i, told);
}

void lower_check_needs(struct check *c, const struct lower_result *lowered)
{
	bool told[NR_NEEDS] = { false };

	for (size_t p = 0; p < lowered->progs.n; p++) {
		const struct ir_module *m = lowered->progs.at[p].module;

		for (size_t f = 0; f < m->funcs.n; f++)
			check_func(c, m->funcs.at[f], told);
	}
}
