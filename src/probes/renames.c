/*
 * Functions of the kernel that scripts name and that got another name since, or
 * that nothing calls any more.
 *
 * Kernels are patched backwards: what counts is which of the names there is,
 * and the versions are for the message only. A name that is there is never
 * followed.
 */
#include "probes/probes_impl.h"

#include <string.h>

/* How much of the arguments stayed where it was. */
enum fit { SAME_ARGS, OTHER_ARGS };

static const struct rename {
	const char *old, *new, *since;
	enum fit fit;
} renames[] = {
	{ "kmalloc_trace", "__kmalloc_cache_noprof", "6.11", SAME_ARGS },
	{ "kmem_cache_alloc_trace", "__kmalloc_cache_noprof", "6.1", OTHER_ARGS },
	{ "kmem_cache_alloc_trace", "kmalloc_trace", "6.1", OTHER_ARGS },
	{ "kmalloc_node_trace", "__kmalloc_cache_node_noprof", "6.11", SAME_ARGS },
	{ "kmalloc_large", "__kmalloc_large_noprof", "6.11", SAME_ARGS },
	{ "kmalloc_order", "kmalloc_large", "6.1", SAME_ARGS },
	{ "kvmalloc_node", "__kvmalloc_node_noprof", "6.11", OTHER_ARGS },
	{ "__get_free_pages", "get_free_pages_noprof", "6.10", SAME_ARGS },
	{ "__alloc_pages_nodemask", "__alloc_frozen_pages_noprof", "6.14", SAME_ARGS },
	{ "__alloc_pages_nodemask", "__alloc_pages", "5.13", SAME_ARGS },
	{ "__alloc_pages_nodemask", "__alloc_pages_noprof", "6.10", SAME_ARGS },
	{ "__alloc_pages", "__alloc_frozen_pages_noprof", "6.14", SAME_ARGS },
	{ "blk_account_io_start", "__blk_account_io_start", "5.16", SAME_ARGS },
	{ "blk_account_io_done", "__blk_account_io_done", "5.16", SAME_ARGS },
	{ "__blk_account_io_start", "blk_account_io_start", "6.12", SAME_ARGS },
	{ "__blk_account_io_done", "blk_account_io_done", "6.12", SAME_ARGS },
	{ "blk_start_request", "blk_mq_start_request", "5.0", SAME_ARGS },
	{ "_do_fork", "kernel_clone", "5.10", SAME_ARGS },
	{ "do_fork", "kernel_clone", "5.10", OTHER_ARGS },
	{ "kfree_skb", "kfree_skb_reason", "5.17", SAME_ARGS },
	{ "kfree_skb", "sk_skb_reason_drop", "6.11", OTHER_ARGS },
	{ "kfree_skb_reason", "sk_skb_reason_drop", "6.11", OTHER_ARGS },
	{ "tcp_drop", "tcp_drop_reason", "5.18", SAME_ARGS },
	{ "swap_readpage", "swap_read_folio", "6.8", OTHER_ARGS },
	{ "swap_writepage", "swap_writeout", "6.16", OTHER_ARGS },
	{ "account_page_dirtied", "folio_account_dirtied", "5.16", OTHER_ARGS },
	{ "mark_page_accessed", "folio_mark_accessed", "5.16", OTHER_ARGS },
	{ "add_to_page_cache_lru", "filemap_add_folio", "5.16", OTHER_ARGS },
	{ "__do_page_cache_readahead", "do_page_cache_ra", "5.10", OTHER_ARGS },
	{ "__do_page_cache_readahead", "page_cache_ra_unbounded", "5.10", OTHER_ARGS },
	{ "generic_file_buffered_read", "filemap_read", "5.12", SAME_ARGS },
	{ "do_filp_open", "do_file_open", "7.0", SAME_ARGS },
};

/* Added behind a name, for whole families. */
static const struct suffix {
	const char *text, *why;
	enum fit fit;
} suffixes[] = {
	{ "_noprof", "the name of a macro from Linux 6.10 on", SAME_ARGS },
	{ ".isra.0", "compiled with other arguments", OTHER_ARGS },
	{ ".constprop.0", "compiled with fewer arguments", OTHER_ARGS },
	{ ".isra.0.constprop.0", "compiled with other arguments", OTHER_ARGS },
};

/* What may stand in for a function: one that nothing calls, or that is no more. */
static const struct advice {
	const char *name, *text;
	const char *if_there;	/* only on kernels with this function; NULL: on all */
} advices[] = {
	{ "do_sys_open", "open and openat do not call it: they call do_sys_openat2, with the same "
	  "first two arguments", "do_sys_openat2" },
	{ "kfree_skb", "tracepoint:skb:kfree_skb", NULL },
	{ "blk_account_io_start", "tracepoint:block:block_io_start", NULL },
	{ "blk_account_io_done", "tracepoint:block:block_io_done", NULL },
	{ "ttwu_do_wakeup", "tracepoint:sched:sched_wakeup", NULL },
	{ "tcp_drop", "tracepoint:skb:kfree_skb", NULL },
	{ "finish_task_switch", "tracepoint:sched:sched_switch", NULL },
};

static bool exists(struct probe_ctx *c, const char *name)
{
	return c->target->ops->has_function(c->target->arg, name);
}

static void tell(struct probe_ctx *c, const struct attach_point *ap, const char *old,
		 const char *new, const char *why, enum fit fit)
{
	struct diag *d;

	if (c->lenient)
		return;
	d = diag_warning(c->diags, ap->loc, DIAG_RENAMED, "this kernel has no function %s: %s is "
			 "traced, %s", old, new, why);
	if (fit == OTHER_ARGS)
		diag_hint(c->diags, d, "its arguments are others than those of %s", old);
}

const char *kernel_renamed(struct probe_ctx *c, const struct attach_point *ap, const char *name)
{
	for (size_t i = 0; i < sizeof(renames) / sizeof(renames[0]); i++) {
		const struct rename *r = &renames[i];

		if (strcmp(r->old, name) != 0 || !exists(c, r->new))
			continue;
		tell(c, ap, name, r->new, arena_printf(c->arena, "its name from Linux %s on",
						       r->since), r->fit);
		return r->new;
	}
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *longer = arena_printf(c->arena, "%s%s", name, suffixes[i].text);

		if (!exists(c, longer))
			continue;
		tell(c, ap, name, longer, suffixes[i].why, suffixes[i].fit);
		return longer;
	}
	return NULL;
}

const char *kernel_advice(struct probe_ctx *c, const char *name)
{
	if (!strncmp(name, "sys_", 4) || !strncmp(name, "SyS_", 4))
		return arena_printf(c->arena, "tracepoint:syscalls:sys_enter_%s", name + 4);
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(advices[i].name, name) && !advices[i].if_there)
			return advices[i].text;
	return NULL;
}

void kernel_uncalled(struct probe_ctx *c, const struct attach_point *ap, const char *name)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		const struct advice *a = &advices[i];

		if (a->if_there && !strcmp(a->name, name) && exists(c, a->if_there) && !c->lenient)
			diag_warning(c->diags, ap->loc, DIAG_UNCALLED,
				     "hardly anything calls %s in this kernel: %s", name, a->text);
	}
}
