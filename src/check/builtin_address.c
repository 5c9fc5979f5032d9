/*
 * Type rules of addresses: of symbols, of what holds a member, of sockets and paths.
 */
#include "check/builtin_types.h"

#include <errno.h>
#include <string.h>

/* ---- container_of ---- */

/* Offset of "a.b" in a struct; false after a message. */
static bool member_offset(struct check *c, const struct node *call, const struct type *t,
			  uint32_t *offset)
{
	const char *at = call->u.call.args.at[2]->u.string.text;

	*offset = 0;
	while (*at) {
		size_t len = strcspn(at, ".");
		const char *name = name_of(c->names, arena_strndup(c->arena, at, len));
		const struct type_field *f = NULL;
		uint32_t here;

		if (t->kind == TYPE_STRUCT)
			f = type_field_find(c->types, t->structure, name, &here);
		if (!f || f->bit_size) {
			check_error(c, call->u.call.args.at[2]->loc, DIAG_UNKNOWN_FIELD,
				    "'%s' has no field named '%s'", type_text(c, t), name);
			return false;
		}
		*offset += here;
		t = f->type;
		at += len + (at[len] == '.');
	}
	return true;
}

const struct type *check_type_container_of(struct check *c, struct node *call)
{
	const struct node *holder = call->u.call.args.at[1];
	const struct type *t = call->u.call.args.at[0]->type;
	enum type_space space = c->prog->provider->space;
	uint32_t *offset;

	if (holder->kind != NODE_TYPE_ARG) {
		check_error(c, holder->loc, DIAG_ARGUMENT_TYPE,
			    "container_of() expects typeof(...) as its second argument");
		return bad_type(c);
	}
	if (!t || !holder->type)
		return NULL;
	if (t->kind != TYPE_POINTER && !type_is_number(t))
		return bad_argument(c, call, "a pointer to the member", t);
	if (holder->type->kind != TYPE_STRUCT) {
		check_error(c, holder->loc, DIAG_NOT_A_STRUCT,
			    "container_of() expects a struct or union (%s provided)",
			    type_text(c, holder->type));
		return bad_type(c);
	}
	offset = arena_new(c->arena, uint32_t);
	if (!member_offset(c, call, holder->type, offset))
		return bad_type(c);
	call->u.call.aux = offset;
	if (t->kind == TYPE_POINTER && t->space != SPACE_NONE)
		space = t->space;
	return type_pointer(c->types, type_structure(c->types, holder->type->structure, SPACE_NONE,
						     false), space, false);
}

/* ---- symbols ---- */

/* Where a program's symbol is, and what the program's place is reckoned from. */
static bool is_symbol_text(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789./_-")];
}

static bool same_file(const struct prog *p)
{
	for (size_t i = 1; i < p->nr_sites; i++)
		if (strcmp(p->sites[i]->image.path, p->sites[0]->image.path) != 0)
			return false;
	return true;
}

const struct type *check_type_uaddr(struct check *c, struct node *call)
{
	const struct node *name = call->u.call.args.at[0];
	const struct target_user_symbol *list;
	const struct target *t = c->target;
	const char *path;
	unsigned size;
	size_t count;

	if (!attach_is_user(c->prog->provider->attach)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "uaddr can not be used with \"%s\" probes", c->prog->provider->name);
		return bad_type(c);
	}
	if (!need_string(c, call, 0))
		return bad_type(c);
	if (!is_symbol_text(name->u.string.text)) {
		check_error(c, call->loc, DIAG_UNKNOWN_SYMBOL, "uaddr() expects a string that is a "
			    "valid symbol (^[a-zA-Z0-9./_-]+$) as input (\"%s\" provided)",
			    name->u.string.text);
		return bad_type(c);
	}
	path = c->prog->sites[0]->image.path;
	if (!same_file(c->prog) || t->ops->user_symbols(t->arg, path, name->u.string.text, &list,
							&count) || !count) {
		check_error(c, call->loc, DIAG_UNKNOWN_SYMBOL, same_file(c->prog) ?
			    "Could not resolve symbol: %s:%s" :
			    "uaddr() needs a probe in one file: %s is in several", path,
			    name->u.string.text);
		return bad_type(c);
	}
	call->u.call.aux = (void *)&list[0];
	size = list[0].size_bytes == 1 || list[0].size_bytes == 2 || list[0].size_bytes == 4 ?
	       (unsigned)list[0].size_bytes : 8;
	return type_pointer(c->types, type_int(c->types, size, true), SPACE_USER, false);
}

const struct type *check_type_percpu_kaddr(struct check *c, struct node *call)
{
	const struct node *cpu = call_arg(call, 1);
	struct percpu_symbol *found;
	const struct target *t = c->target;
	int err;

	if (!need_string(c, call, 0))
		return bad_type(c);
	if (cpu && cpu->type && !type_is_number(cpu->type)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "percpu_kaddr() only supports int arguments (%s provided)",
			    type_text(c, cpu->type));
		return bad_type(c);
	}
	if (call->u.call.aux)
		return type_int(c->types, 8, false);
	found = arena_new(c->arena, struct percpu_symbol);
	err = t->ops->symbol(t->arg, call->u.call.args.at[0]->u.string.text, &found->address);
	/* A kernel for one CPU has no offsets. */
	if (!err && t->ops->symbol(t->arg, "__per_cpu_offset", &found->offsets))
		found->offsets = 0;
	if (err) {
		check_error(c, call->loc, DIAG_UNKNOWN_SYMBOL,
			    "Could not resolve variable \"%s\": the kernel does not tell its "
			    "address",
			    call->u.call.args.at[0]->u.string.text);
		return bad_type(c);
	}
	call->u.call.aux = found;
	return type_int(c->types, 8, false);
}

/* ---- what the kernel's helpers take ---- */

static bool points_to(const struct type *t, const char *name)
{
	return t->kind == TYPE_POINTER && t->target && t->target->kind == TYPE_STRUCT &&
	       t->target->structure->name && !strcmp(t->target->structure->name, name);
}

const struct type *check_type_socket_cookie(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (c->prog->provider->prog_type != BPF_PROG_TYPE_TRACING) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "socket_cookie can not be used with \"%s\" probes",
			    c->prog->provider->name);
		return bad_type(c);
	}
	if (t && !points_to(t, "sock")) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE, "socket_cookie() only supports "
			    "'struct sock *' as the argument ('%s' provided)", type_text(c, t));
		return bad_type(c);
	}
	return type_int(c->types, 8, false);
}

static bool is_number(const struct node *n)
{
	while (n->kind == NODE_CAST)
		n = n->u.cast.operand;
	return n->kind == NODE_INT && !n->u.integer.negative;
}

/* The kernel copies packets of which it knows that they are some: those that the
 * probe was handed. */
static bool settle_packet(struct check *c, struct node **slot)
{
	struct node *n = points_to((*slot)->type, "sk_buff") ? args_find_argument(c, *slot) : NULL;

	if (n && n->type && points_to(n->type, "sk_buff")) {
		*slot = n;
		return true;
	}
	check_hint(c, check_error(c, (*slot)->loc, DIAG_ARGUMENT_TYPE,
				  "skboutput() needs a 'struct sk_buff *' that is an argument of "
				  "the probe"),
		   "use args.skb, or a variable that is set to it: the kernel does not know what "
		   "others are");
	return false;
}

const struct type *check_type_skboutput(struct check *c, struct node *call)
{
	node_vec *args = &call->u.call.args;
	const struct type *skb = args->at[1]->type, *length = args->at[2]->type;

	if (c->prog->provider->prog_type != BPF_PROG_TYPE_TRACING) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "skboutput can not be used with \"%s\" probes",
			    c->prog->provider->name);
		return bad_type(c);
	}
	if (!need_string(c, call, 0))
		return bad_type(c);
	if (!is_number(args->at[3])) {
		check_error(c, args->at[3]->loc, DIAG_LITERAL_REQUIRED,
			    "skboutput() expects a number as its offset");
		return bad_type(c);
	}
	if (skb && skb->kind != TYPE_ERROR && !settle_packet(c, &args->at[1]))
		return bad_type(c);
	if (length && !type_is_number(length))
		return bad_argument(c, call, "an integer as its length", length);
	while (args->at[3]->kind == NODE_CAST)
		args->at[3] = args->at[3]->u.cast.operand;
	return type_int(c->types, 4, false);
}

/* Programs on functions may ask for the path of what they are called with; those
 * on tracepoints may not. */
static bool may_resolve_paths(const struct provider *p)
{
	return p->prog_type == BPF_PROG_TYPE_TRACING && p->attach != ATTACH_BTF_TRACEPOINT;
}

const struct type *check_type_path(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;
	const struct node *size = call_arg(call, 1);
	int64_t bytes = c->config.max_strlen;

	if (!may_resolve_paths(c->prog->provider)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE, "The path function can only be used "
			    "with 'fentry', 'fexit', 'iter' probes");
		return bad_type(c);
	}
	if (size && (!node_int64(size, &bytes) || bytes < 1 || bytes > c->config.max_strlen)) {
		check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
			    "path() expects a literal from 1 to max_strlen (%u) as its size",
			    c->config.max_strlen);
		return bad_type(c);
	}
	if (t && !points_to(t, "path") && (t->kind != TYPE_STRUCT || !t->structure->name ||
					   strcmp(t->structure->name, "path") != 0))
		return bad_argument(c, call, "a struct path or a pointer to one", t);
	return type_string(c->types, (uint32_t)bytes);
}
