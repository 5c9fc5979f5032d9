/*
 * Objects side by side on the stack, for now.
 */
#include "ir/internal.h"

static void place_func(struct ir_func *f)
{
	uint32_t used = 0;
	struct ir_object *o;

	vec_each(o, &f->objects) {
		used += o->size_bytes;
		used = (used + 7) & ~7u;
		o->place = IR_PLACE_STACK;
		o->offset = -(int32_t)used;
	}
	f->stack_bytes = used;
}

void ir_place_objects(struct ir_module *m)
{
	struct ir_func **f;

	vec_each(f, &m->funcs)
		place_func(*f);
}
