/*
 * Stacks as a flame graph: one SVG file with all that it needs.
 *
 * In: samples in the order of their functions' names, so that those with a common
 * beginning are neighbours. Out: the same bytes for the same samples. A frame is a
 * <g class="f ..."> as flame.js, which is part of the file, expects it; frames too
 * narrow to be seen are left out. Below the graph stands a table of the functions that
 * have the most for themselves.
 */
#include "base/hmap.h"
#include "out/flame_tree.h"
#include "out/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1200
#define LEFT 10
#define INNER (WIDTH - 2 * LEFT)
#define TOP 70			/* title, buttons */
#define ROW 18
#define LETTER_HUNDREDTHS 725	/* of a pixel; as in flame.js */
#define PAD 3
#define MIN_HUNDREDTHS 10	/* frames narrower than this are not drawn */
#define TABLE_ROWS 20
#define TABLE_NAME_LETTERS 130
#define EXACT_BITS 53		/* a script's numbers are doubles */

__asm__(".pushsection .rodata\n"
	"flame_script: .incbin \"src/out/flame.js\"\n"
	".byte 0\n"
	".popsection\n");
extern const char flame_script[];

static const char style[] =
	"text { font: 12px monospace; fill: #000; pointer-events: none; white-space: pre; }\n"
	"#title { font-size: 17px; text-anchor: middle; }\n"
	".button { fill: #1a4f9c; cursor: pointer; pointer-events: all; }\n"
	"#matched { text-anchor: end; }\n"
	".head { font-weight: bold; }\n"
	".number { text-anchor: end; }\n"
	".f, .row { cursor: pointer; }\n"
	".f:hover rect { stroke: #000; stroke-width: 0.7; }\n"
	".row rect { fill: #fff; }\n"
	".row:hover rect { fill: #e8eef8; }\n"
	".below { opacity: 0.5; }\n"
	".hit rect { fill: #e04fe0; }\n"
	".hidden { display: none; }\n"
	"#search { width: 100%; box-sizing: border-box; font: 12px monospace; }\n";

/* ---- texts ---- */

/* As text or as an attribute's value. What XML does not allow is "?". */
static void put_escaped(struct sbuf *out, const char *text, size_t len)
{
	static const char *const entities[128] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;",
	};

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 128 && entities[c]) {
			sbuf_puts(out, entities[c]);
		} else if (len - i > 2 && (!memcmp(text + i, "\xef\xbf\xbe", 3) ||
					   !memcmp(text + i, "\xef\xbf\xbf", 3))) {
			sbuf_putc(out, '?');
			i += 2;
		} else {
			sbuf_putc(out, text[i]);
		}
	}
}

static void put_text(struct sbuf *out, const char *text)
{
	struct sbuf clean = { 0 };

	profile_text(&clean, text);
	put_escaped(out, sbuf_text(&clean), clean.len);
	out->failed |= clean.failed;
	sbuf_close(&clean);
}

/* As many characters as there is room for, or nothing. */
static void put_fitting(struct sbuf *out, const char *text, uint64_t room)
{
	struct sbuf clean = { 0 };
	size_t letters = 0, cut = 0;

	profile_text(&clean, text);
	for (size_t i = 0; i < clean.len; i++) {
		if (((unsigned char)clean.at[i] & 0xc0) == 0x80)
			continue;
		if (letters + 2 == room)
			cut = i;
		letters++;
	}
	if (room >= 3 && letters <= room) {
		put_escaped(out, sbuf_text(&clean), clean.len);
	} else if (room >= 3) {
		put_escaped(out, sbuf_text(&clean), cut);
		sbuf_puts(out, "..");
	}
	out->failed |= clean.failed;
	sbuf_close(&clean);
}

static uint64_t scaled(uint64_t n, uint64_t total, uint64_t to)
{
	return total ? (uint64_t)((unsigned __int128)n * to / total) : 0;
}

static void put_hundredths(struct sbuf *out, uint64_t n)
{
	sbuf_printf(out, "%" PRIu64 ".%02" PRIu64, n / 100, n % 100);
}

/* "12 (3.45%)" */
static void put_share(struct sbuf *out, uint64_t n, uint64_t total)
{
	sbuf_printf(out, "%" PRIu64 " (", n);
	put_hundredths(out, scaled(n, total, 10000));
	sbuf_puts(out, "%)");
}

/* ---- colours ---- */

/* From a name a shade of its kind's colour: red, green and blue, and how far each goes. */
static void put_colour(struct sbuf *out, const struct profile_function *f)
{
	static const uint8_t from[][3] = {
		[PROFILE_MAP] = { 200, 200, 200 }, [PROFILE_PART] = { 150, 205, 140 },
		[PROFILE_USER] = { 225, 110, 50 }, [PROFILE_KERNEL] = { 90, 160, 205 },
	}, span[][3] = {
		[PROFILE_MAP] = { 20, 20, 20 }, [PROFILE_PART] = { 50, 35, 30 },
		[PROFILE_USER] = { 30, 120, 20 }, [PROFILE_KERNEL] = { 70, 50, 45 },
	};
	uint64_t shade = (hash_bytes(f->name, strlen(f->name)) >> 20) % 256;
	unsigned part[3];

	for (int i = 0; i < 3; i++)
		part[i] = from[f->kind][i] + (unsigned)(span[f->kind][i] * shade / 255);
	sbuf_printf(out, "#%02x%02x%02x", part[0], part[1], part[2]);
}

/* ---- frames ---- */

static const char *const kinds[] = {
	[PROFILE_MAP] = "map", [PROFILE_PART] = "key", [PROFILE_USER] = "user",
	[PROFILE_KERNEL] = "kernel",
};

struct drawing {
	struct sbuf *out;
	const struct profile_view *v;
	const struct flame_tree *tree;
	uint32_t nr_rows;
	int shift;	/* of what the script sees */
};

static const struct profile_function all = { .name = "all", .kind = PROFILE_MAP };

static const struct profile_function *function_of(const struct drawing *d,
						  const struct flame_node *n)
{
	return n->function == FLAME_ALL ? &all : &d->v->functions[n->function];
}

static void put_title(struct drawing *d, const struct flame_node *n)
{
	const struct profile_function *f = function_of(d, n);
	uint64_t total = d->tree->nodes[0].total;

	sbuf_puts(d->out, "<title>");
	put_text(d->out, f->name);
	sbuf_puts(d->out, "\ntotal ");
	put_share(d->out, n->total, total);
	sbuf_puts(d->out, ", self ");
	put_share(d->out, n->self, total);
	if (f->module) {
		sbuf_putc(d->out, '\n');
		put_text(d->out, f->module);
	}
	sbuf_puts(d->out, "</title>");
}

/* Rows are counted from the bottom. */
static void put_frame(struct drawing *d, const struct flame_node *n)
{
	const struct profile_function *f = function_of(d, n);
	uint64_t total = d->tree->nodes[0].total;
	uint64_t x = LEFT * 100 + scaled(n->start, total, INNER * 100);
	uint64_t width = scaled(n->total, total, INNER * 100);
	uint32_t y = TOP + (d->nr_rows - 1 - n->depth) * ROW;
	uint64_t inside = width > 200 * PAD ? width - 200 * PAD : 0;

	sbuf_printf(d->out, "<g class=\"f %s\" data-x=\"%" PRIu64 "\" data-w=\"%" PRIu64
		    "\" data-d=\"%" PRIu32 "\">", kinds[f->kind], n->start >> d->shift,
		    n->total >> d->shift, n->depth);
	put_title(d, n);
	sbuf_puts(d->out, "<rect x=\"");
	put_hundredths(d->out, x);
	sbuf_printf(d->out, "\" y=\"%" PRIu32 "\" width=\"", y);
	put_hundredths(d->out, width);
	sbuf_printf(d->out, "\" height=\"%d\" rx=\"1\" fill=\"", ROW - 1);
	put_colour(d->out, f);
	sbuf_puts(d->out, "\"/><text x=\"");
	put_hundredths(d->out, x + 100 * PAD);
	sbuf_printf(d->out, "\" y=\"%" PRIu32 "\">", y + 13);
	put_fitting(d->out, f->name, inside / LETTER_HUNDREDTHS);
	sbuf_puts(d->out, "</text></g>\n");
}

static bool is_seen(const struct drawing *d, const struct flame_node *n)
{
	return scaled(n->total, d->tree->nodes[0].total, INNER * 100) >= MIN_HUNDREDTHS;
}

static uint32_t rows_seen(const struct drawing *d)
{
	uint32_t deepest = 0;

	for (size_t i = 0; i < d->tree->nr_nodes; i++)
		if (is_seen(d, &d->tree->nodes[i]) && d->tree->nodes[i].depth > deepest)
			deepest = d->tree->nodes[i].depth;
	return deepest + 1;
}

/* ---- the table ---- */

static void put_row(struct drawing *d, const struct flame_function *sum, uint32_t y)
{
	const struct profile_function *f = &d->v->functions[sum->function];
	uint64_t total = d->tree->nodes[0].total;

	sbuf_puts(d->out, "<g class=\"row\"><title>");
	put_text(d->out, f->name);
	sbuf_printf(d->out, "</title><rect x=\"%d\" y=\"%" PRIu32 "\" width=\"%d\" "
		    "height=\"%d\"/><text class=\"number\" x=\"130\" y=\"%" PRIu32 "\">", LEFT,
		    y - 13, INNER, ROW, y);
	put_share(d->out, sum->self, total);
	sbuf_printf(d->out, "</text><text class=\"number\" x=\"270\" y=\"%" PRIu32 "\">", y);
	put_share(d->out, sum->total, total);
	sbuf_printf(d->out, "</text><rect x=\"280\" y=\"%" PRIu32 "\" width=\"10\" height=\"10\" "
		    "style=\"fill:", y - 9);
	put_colour(d->out, f);
	sbuf_printf(d->out, "\"/><text x=\"296\" y=\"%" PRIu32 "\">", y);
	put_fitting(d->out, f->name, TABLE_NAME_LETTERS);
	sbuf_puts(d->out, "</text></g>\n");
}

static void put_table(struct drawing *d, uint32_t y)
{
	sbuf_printf(d->out, "<g id=\"table\">\n<text class=\"head number\" x=\"130\" y=\"%" PRIu32
		    "\">self</text><text class=\"head number\" x=\"270\" y=\"%" PRIu32
		    "\">total</text><text class=\"head\" x=\"296\" y=\"%" PRIu32
		    "\">function</text>\n", y, y, y);
	for (size_t i = 0; i < d->tree->nr_functions && i < TABLE_ROWS; i++)
		put_row(d, &d->tree->functions[i], y + ((uint32_t)i + 1) * ROW);
	sbuf_puts(d->out, "</g>\n");
}

/* ---- all ---- */

static void put_name_of_maps(struct drawing *d)
{
	for (size_t i = 0; i < d->v->nr_maps; i++) {
		sbuf_puts(d->out, i ? ", " : "");
		put_text(d->out, d->v->maps[i]);
	}
	if (!d->v->nr_maps)
		sbuf_puts(d->out, "no stacks");
}

static void put_head(struct drawing *d, uint32_t height)
{
	sbuf_printf(d->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%" PRIu32
		    "\" viewBox=\"0 0 %d %" PRIu32 "\">\n<style>\n%s</style>\n"
		    "<rect width=\"%d\" height=\"%" PRIu32 "\" fill=\"#fff\"/>\n", WIDTH, height,
		    WIDTH, height, style, WIDTH, height);
}

static void put_legend(struct drawing *d)
{
	static const struct profile_function samples[] = {
		{ .name = "key", .kind = PROFILE_PART }, { .name = "user", .kind = PROFILE_USER },
		{ .name = "kernel", .kind = PROFILE_KERNEL },
	};
	int x = LEFT;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		sbuf_printf(d->out, "<rect x=\"%d\" y=\"45\" width=\"10\" height=\"10\" "
			    "fill=\"", x);
		put_colour(d->out, &samples[i]);
		sbuf_printf(d->out, "\"/><text x=\"%d\" y=\"54\">%s</text>\n", x + 15,
			    samples[i].name);
		x += 70;
	}
}

/* What a script shows and moves along, so that it is drawn last. */
static void put_panel(struct drawing *d)
{
	sbuf_printf(d->out, "<g id=\"panel\">\n<rect width=\"%d\" height=\"%d\" "
		    "fill=\"#fff\"/>\n<text id=\"title\" x=\"%d\" y=\"28\">", WIDTH, TOP - 4,
		    WIDTH / 2);
	put_name_of_maps(d);
	sbuf_printf(d->out, "</text>\n<text id=\"flip\" class=\"button hidden\" x=\"%d\" "
		    "y=\"28\">flip</text>\n<text id=\"reset\" class=\"button hidden\" x=\"%d\" "
		    "y=\"28\">reset zoom</text>\n", LEFT, LEFT + 50);
	sbuf_printf(d->out, "<foreignObject id=\"find\" class=\"hidden\" x=\"%d\" y=\"12\" "
		    "width=\"250\" height=\"26\"><input xmlns=\"http://www.w3.org/1999/xhtml\" "
		    "id=\"search\" placeholder=\"search (regular expression)\"/></foreignObject>\n"
		    "<text id=\"matched\" x=\"%d\" y=\"28\"></text>\n", WIDTH - LEFT - 250,
		    WIDTH - LEFT - 260);
	put_legend(d);
	sbuf_printf(d->out, "<text id=\"details\" x=\"%d\" y=\"54\">total %" PRIu64
		    "</text>\n</g>\n", LEFT + 220, d->tree->nodes[0].total);
}

static void draw(struct drawing *d)
{
	uint32_t bottom, table_rows = d->tree->nr_functions < TABLE_ROWS
				      ? (uint32_t)d->tree->nr_functions : TABLE_ROWS;

	d->nr_rows = rows_seen(d);
	while (d->tree->nodes[0].total >> d->shift >> EXACT_BITS)
		d->shift++;
	bottom = TOP + d->nr_rows * ROW;
	put_head(d, bottom + 40 + (table_rows + 1) * ROW);
	sbuf_puts(d->out, "<g id=\"frames\">\n");
	for (size_t i = 0; i < d->tree->nr_nodes; i++)
		if (!i || is_seen(d, &d->tree->nodes[i]))
			put_frame(d, &d->tree->nodes[i]);
	sbuf_puts(d->out, "</g>\n");
	put_table(d, bottom + 25);
	put_panel(d);
	sbuf_puts(d->out, "<script><![CDATA[\n");
	sbuf_puts(d->out, flame_script);
	sbuf_puts(d->out, "]]></script>\n</svg>\n");
}

void profile_flame(struct sbuf *out, const struct profile_view *v)
{
	struct flame_tree tree;
	struct drawing d = { .out = out, .v = v, .tree = &tree };

	if (flame_tree_open(&tree, v))
		out->failed = true;
	else
		draw(&d);
	flame_tree_close(&tree);
}
