/*
 * Functions of the script in the checked tree.
 *
 * No function calls itself, so that its variables need no frame.
 */
#include "tests/differential/tree_impl.h"

struct val tree_func(struct tree *t, const struct node *n)
{
	struct func *f = n->u.call.func, *caller = t->func;
	struct val *args = arena_array(t->arena, struct val, f->params.n + 1);
	int loops = t->loops;

	hit(t, FUNC);
	for (size_t i = 0; i < f->params.n; i++)
		args[i] = tree_eval(t, n->u.call.args.at[i]);
	for (size_t i = 0; i < f->params.n; i++)
		tree_var_set(t, f->params.at[i].var, &args[i], n->u.call.args.at[i]->type);
	t->func = f;
	t->loops = 0;
	t->returned = (struct val){ .s = "" };
	tree_exec(t, f->prog->body);
	t->func = caller;
	t->loops = loops;
	t->flow = FLOW_NEXT;
	return t->returned;
}

void tree_func_return(struct tree *t, const struct node *value)
{
	struct val v = { .s = "" };

	if (t->loops)
		hit(t, FUNC_RETURN_LOOP);
	if (value) {
		v = tree_eval(t, value);
		v = val_convert(t, &v, value->type, t->func->returned->type);
	}
	t->returned = v;
	t->flow = FLOW_RETURN;
}
