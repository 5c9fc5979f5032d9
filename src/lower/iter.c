/*
 * Programs of iterators: what stands before the action, and its objects.
 *
 * The kernel calls the program once more at the end, without an object; the
 * action does not run then. The pointers to objects are checked for null at the
 * entry, where the verifier then knows them as good in all of the entry func;
 * in others (callbacks, parts) they are loaded anew and read as any kernel
 * pointer.
 *
 * One byte goes to the iterator's file for each object: its reader can then
 * take the objects in lots, and empty the ring between them. Where the iterator is
 * pinned, others read it, and what goes there is what the script prints.
 */
#include "lower/internal.h"
#include "types/kbtf.h"

#include <string.h>

static bool is_object(const struct type_field *f)
{
	return f->name && strcmp(f->name, "meta") != 0 && f->type->kind == TYPE_POINTER &&
	       f->type->is_trusted;
}

static void check_objects(struct gen *g, const struct type_struct *ctx)
{
	struct ir_block *out = lower_block(g, true);

	g->objects_func = g->b.func;
	for (size_t i = 0; i < ctx->nr_fields && g->nr_objects < GEN_OBJECTS; i++) {
		const struct type_field *f = &ctx->fields[i];
		struct ir_insn *p;

		if (!is_object(f))
			continue;
		p = ir_emit_load(&g->b, IR_KPTR_OR_NULL, 8, false, g->ctx,
				 (int32_t)f->offset_bytes);
		p = ir_emit_null_check(&g->b, p, out);
		g->objects[g->nr_objects].offset = (int32_t)f->offset_bytes;
		g->objects[g->nr_objects++].pointer = p;
	}
	if (g->nr_objects) {
		struct ir_block *next = lower_block(g, false);

		ir_emit_jump(&g->b, next);
		lower_enter(g, out);
		ir_emit_ret(&g->b, lower_const(g, g->default_result));
		lower_enter(g, next);
	}
}

/* Offset of a pointer member in a struct of the kernel's BTF, or -1. */
static int32_t member_offset(struct gen *g, const char *type, const char *name)
{
	const struct type *t = kbtf_type_by_name(g->c->btf, g->c->types, KBTF_STRUCT_NAME, type);
	uint32_t offset;

	if (!t || t->kind != TYPE_STRUCT ||
	    !type_field_find(g->c->types, t->structure, name_of(g->c->names, name), &offset))
		return -1;
	return (int32_t)offset;
}

/* The file that the iterator writes to: ctx->meta->seq. */
static struct ir_insn *iterator_file(struct gen *g, const struct type_struct *ctx)
{
	int32_t seq = member_offset(g, "bpf_iter_meta", "seq");
	struct ir_insn *meta;

	for (size_t i = 0; i < ctx->nr_fields && seq >= 0; i++) {
		if (!ctx->fields[i].name || strcmp(ctx->fields[i].name, "meta") != 0)
			continue;
		meta = ir_emit_load(&g->b, IR_KPTR, 8, false, g->ctx,
				    (int32_t)ctx->fields[i].offset_bytes);
		return ir_emit_load(&g->b, IR_KPTR, 8, false, meta, seq);
	}
	return NULL;
}

struct ir_insn *lower_iter_file(struct gen *g)
{
	struct loc nowhere = { 0 };
	struct type_struct *ctx = provider_args(&g->c->probe_ctx, g->prog->sites[0], nowhere);

	return ctx ? iterator_file(g, ctx) : NULL;
}

static void write_byte(struct gen *g, const struct type_struct *ctx)
{
	struct ir_insn *file = iterator_file(g, ctx);

	if (file)
		ir_emit_helper(&g->b, BPF_FUNC_seq_write, IR_INT, file, lower_zeros(g),
			       lower_const(g, 1));
}

void lower_iter_enter(struct gen *g)
{
	struct loc nowhere = { 0 };
	struct type_struct *ctx = provider_args(&g->c->probe_ctx, g->prog->sites[0], nowhere);

	if (!ctx)
		return;
	check_objects(g, ctx);
	if (!lower_is_pinned(g))
		write_byte(g, ctx);
}

/* The object whose pointer lies at `offset` of the context, as a place. */
struct place lower_iter_object(struct gen *g, int32_t offset, const struct type *target)
{
	struct place p = { .kind = PLACE_KERNEL, .root = target->structure };
	struct ir_insn *loaded;

	for (unsigned i = 0; i < g->nr_objects && g->b.func == g->objects_func; i++)
		if (g->objects[i].offset == offset) {
			p.kind = PLACE_DIRECT;
			p.base = g->objects[i].pointer;
			p.trusted = true;
			return p;
		}
	loaded = ir_emit_load(&g->b, IR_INT, 8, false, g->ctx, offset);
	p.base = lower_to_scalar(g, loaded);
	return p;
}
