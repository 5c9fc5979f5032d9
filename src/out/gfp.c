/*
 * Page-allocation flags by name: printf's %gr.
 *
 * Masks are tried in the order of the table, the compound ones first; what no
 * name covers is shown as hex. The bit numbers are those of the language's
 * definition, not of the running kernel.
 */
#include "out/format.h"

#include <inttypes.h>

#define BIT(n) ((uint64_t)1 << (n))

enum {
	DMA = 0, HIGHMEM, DMA32, MOVABLE, RECLAIMABLE, HIGH, IO, FS, ZERO,
	DIRECT = 10, KSWAPD, WRITE, NOWARN, RETRY, NOFAIL, NORETRY, MEMALLOC, COMP, NOMEMALLOC,
	HARDWALL, THISNODE, ACCOUNT, ZEROTAGS, SKIP_ZERO, SKIP_KASAN, NO_OBJ_EXT
};

#define M_NOIO		(BIT(DIRECT) | BIT(KSWAPD))
#define M_NOFS		(M_NOIO | BIT(IO))
#define M_KERNEL	(M_NOFS | BIT(FS))
#define M_USER		(M_KERNEL | BIT(HARDWALL))
#define M_HIGHUSER	(M_USER | BIT(HIGHMEM))
#define M_HIGHUSER_MOV	(M_HIGHUSER | BIT(MOVABLE) | BIT(SKIP_KASAN))
#define M_THP_LIGHT	((M_HIGHUSER_MOV | BIT(COMP) | BIT(NOMEMALLOC) | BIT(NOWARN)) & ~M_NOIO)

static const struct {
	const char *name;
	uint64_t mask;
} flags_by_name[] = {
	{ "GFP_TRANSHUGE", M_THP_LIGHT | BIT(DIRECT) },
	{ "GFP_TRANSHUGE_LIGHT", M_THP_LIGHT },
	{ "GFP_HIGHUSER_MOVABLE", M_HIGHUSER_MOV },
	{ "GFP_HIGHUSER", M_HIGHUSER },
	{ "GFP_USER", M_USER },
	{ "GFP_KERNEL_ACCOUNT", M_KERNEL | BIT(ACCOUNT) },
	{ "GFP_KERNEL", M_KERNEL },
	{ "GFP_NOFS", M_NOFS },
	{ "GFP_ATOMIC", BIT(HIGH) | BIT(KSWAPD) },
	{ "GFP_NOIO", M_NOIO },
	{ "GFP_NOWAIT", BIT(KSWAPD) | BIT(NOWARN) },
	{ "GFP_DMA", BIT(DMA) },
	{ "__GFP_HIGHMEM", BIT(HIGHMEM) },
	{ "GFP_DMA32", BIT(DMA32) },
	{ "__GFP_HIGH", BIT(HIGH) },
	{ "__GFP_IO", BIT(IO) },
	{ "__GFP_FS", BIT(FS) },
	{ "__GFP_ZERO", BIT(ZERO) },
	{ "__GFP_DIRECT_RECLAIM", BIT(DIRECT) },
	{ "__GFP_KSWAPD_RECLAIM", BIT(KSWAPD) },
	{ "__GFP_WRITE", BIT(WRITE) },
	{ "__GFP_NOWARN", BIT(NOWARN) },
	{ "__GFP_RETRY_MAYFAIL", BIT(RETRY) },
	{ "__GFP_NOFAIL", BIT(NOFAIL) },
	{ "__GFP_NORETRY", BIT(NORETRY) },
	{ "__GFP_MEMALLOC", BIT(MEMALLOC) },
	{ "__GFP_COMP", BIT(COMP) },
	{ "__GFP_NOMEMALLOC", BIT(NOMEMALLOC) },
	{ "__GFP_HARDWALL", BIT(HARDWALL) },
	{ "__GFP_THISNODE", BIT(THISNODE) },
	{ "__GFP_ACCOUNT", BIT(ACCOUNT) },
	{ "__GFP_ZEROTAGS", BIT(ZEROTAGS) },
	{ "__GFP_SKIP_ZERO", BIT(SKIP_ZERO) },
	{ "__GFP_SKIP_KASAN", BIT(SKIP_KASAN) },
	{ "__GFP_NO_OBJ_EXT", BIT(NO_OBJ_EXT) },
};

void format_gfp(struct sbuf *out, uint64_t flags)
{
	const char *between = "";

	if (!flags)
		sbuf_putc(out, '0');
	for (size_t i = 0; flags && i < sizeof(flags_by_name) / sizeof(flags_by_name[0]); i++) {
		if ((flags & flags_by_name[i].mask) != flags_by_name[i].mask)
			continue;
		sbuf_printf(out, "%s%s", between, flags_by_name[i].name);
		flags &= ~flags_by_name[i].mask;
		between = "|";
	}
	if (flags)
		sbuf_printf(out, "%s0x%" PRIx64, between, flags);
}
