/*
 * skboutput(): a packet to user space, by way of a buffer for each CPU, since the
 * one helper that copies a socket buffer with all its fragments writes there.
 *
 * What is sent begins with a struct image_packet; the bytes follow.
 */
#include "lower/internal.h"

#include <errno.h>

#define LENGTH_SHIFT 32
#define LENGTH_MAX 0xfffff	/* the kernel takes 20 bits */

static uint32_t packets_map(struct lower *l)
{
	struct image *image = l->image;

	if (image->packets_map == NO_MAP)
		image->packets_map = lower_add_map(l, (struct image_map){
			.name = "packets", .role = IMAGE_MAP_PACKETS,
			.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4,
			.max_entries = l->cpu_mask + 1 });
	return image->packets_map;
}

static uint32_t packet_action(struct gen *g, const struct node *file, const struct node *left_out)
{
	struct image *image = g->l->image;
	struct image_action a = {
		.kind = ACTION_PACKET,
		.text = arena_strndup(&image->arena, file->u.string.text, file->u.string.len),
		.top = left_out->u.integer.value,
	};

	vec_push(&image->arena, &image->actions, a);
	return (uint32_t)image->actions.n - 1;
}

/* Where the verifier finds it: checking leaves an argument, or the result. */
static struct place packet_place(struct gen *g, struct node *n)
{
	struct place p = { .kind = PLACE_DIRECT, .trusted = true };
	uint32_t offset = 0;

	if (!is_call_of(n, BUILTIN_retval))
		return lower_deref(g, n);
	g->prog->provider->retval(&g->c->probe_ctx, g->prog->sites[0], &offset);
	p.base = ir_emit_load(&g->b, IR_KPTR, 8, false, g->ctx, (int32_t)offset);
	return p;
}

struct ir_insn *lower_call_skboutput(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_skboutput(struct gen *g, struct node *n, const struct dest *d)
{
	node_vec *args = &n->u.call.args;
	struct place skb = packet_place(g, args->at[1]);
	struct ir_insn *len = lower_at_most(g, lower_value(g, args->at[2]), LENGTH_MAX);
	struct ir_insn *packet = lower_object(g, "packet", sizeof(struct image_packet), 8);
	struct ir_insn *flags, *result;

	(void)d;
	/* Other pointers than the probe's own the kernel does not take. */
	if (skb.kind != PLACE_DIRECT || skb.base->type != IR_KPTR || !skb.trusted || skb.offset)
		return lower_const(g, (uint32_t)-EINVAL);
	ir_emit_store(&g->b, 4, packet, offsetof(struct image_packet, action),
		      lower_const(g, packet_action(g, args->at[0], args->at[3])));
	ir_emit_store(&g->b, 4, packet, offsetof(struct image_packet, len_bytes), len);
	ir_emit_store(&g->b, 8, packet, offsetof(struct image_packet, time_ns),
		      ir_emit_call(&g->b, IR_CALL, BPF_FUNC_ktime_get_boot_ns, IR_INT, NULL, 0));
	flags = ir_emit_binary_imm(&g->b, IR_SHL, len, LENGTH_SHIFT);
	flags = ir_emit_binary(&g->b, IR_OR, flags, lower_const(g, BPF_F_CURRENT_CPU));
	result = ir_emit_helper(&g->b, BPF_FUNC_skb_output, IR_INT, skb.base,
				ir_map(g->b.func, packets_map(g->l)), flags, packet,
				lower_const(g, sizeof(struct image_packet)));
	return ir_emit_ext(&g->b, result, 4, false);
}
