/*
 * Named parameters: getopt(NAME [, DEFAULT [, DESCRIPTION]]) and the `--name[=value]`
 * of the command line (language 1.9).
 *
 * In: calls whose arguments are folded, and the words of the command line. Out: one
 * struct named_param for each name, which its calls share, with its value. Their
 * values are known while compiling, but they are no literals: what a script may
 * do with them does not depend on what was given.
 */
#include "check/builtin_types.h"
#include "lang/number.h"

#include <string.h>
#include <strings.h>

static struct named_param *param_find(const struct check *c, const char *name)
{
	struct named_param **p;

	vec_each(p, &c->named_params)
		if (!strcmp((*p)->name, name))
			return *p;
	return NULL;
}

/* The text after `--name`: NULL if it was not given, "" or more behind a "=". The last
 * one counts. */
static const char *given_value(const struct check *c, const char *name, bool *is_given)
{
	const char *value = NULL;
	size_t len = strlen(name);

	*is_given = false;
	for (size_t i = 0; i < c->options->nr_named; i++) {
		const char *word = c->options->named[i] + 2;

		if (strncmp(word, name, len) || (word[len] && word[len] != '='))
			continue;
		*is_given = true;
		value = word[len] ? word + len + 1 : NULL;
	}
	return value;
}

static bool is_default(const struct node *n)
{
	return n->kind == NODE_BOOL || n->kind == NODE_INT || n->kind == NODE_STRING;
}

static const struct type *default_type(struct check *c, const struct node *n)
{
	if (!n || n->kind == NODE_BOOL)
		return c->types->bool_;
	if (n->kind == NODE_STRING)
		return type_string(c->types, c->config.max_strlen);
	return type_int(c->types, 8, n->u.integer.negative);
}

static struct named_param *param_new(struct check *c, const struct node *call,
				     const struct node *fallback)
{
	struct named_param *p = arena_new(c->arena, struct named_param);

	p->name = call->u.call.args.at[0]->u.string.text;
	p->loc = call->loc;
	p->type = default_type(c, fallback);
	p->description = "";
	if (fallback && fallback->kind == NODE_STRING) {
		p->text = fallback->u.string.text;
		p->len = fallback->u.string.len;
	} else if (fallback) {
		p->number = fallback->u.integer.value;
	}
	vec_push(c->arena, &c->named_params, p);
	return p;
}

static bool same_default(const struct named_param *p, const struct named_param *q)
{
	return p->type == q->type && p->number == q->number && p->len == q->len &&
	       !memcmp(p->text ? p->text : "", q->text ? q->text : "", p->len);
}

static const char *default_text(struct check *c, const struct named_param *p)
{
	if (p->text)
		return arena_printf(c->arena, "\"%s\"", p->text);
	if (p->type->kind == TYPE_BOOL)
		return p->number ? "true" : "false";
	return arena_printf(c->arena, p->type->is_signed ? "%lld" : "%llu",
			    (unsigned long long)p->number);
}

/* A second call of the same name: does it agree with the first? */
static bool agrees(struct check *c, const struct node *call, struct named_param *first,
		   const struct node *fallback, const char *description)
{
	struct named_param *again = param_new(c, call, fallback);
	struct diag *d;

	c->named_params.n--;
	if (!same_default(first, again)) {
		d = check_error(c, call->loc, DIAG_NAMED_PARAMETER,
				"Command line option '%s' needs to have the same default value in "
				"all places it is used. Previous default value: %s", first->name,
				default_text(c, first));
		check_note(c, d, first->loc, "first used here");
		return false;
	}
	if (*description && *first->description && strcmp(description, first->description)) {
		d = check_error(c, call->loc, DIAG_NAMED_PARAMETER,
				"Command line option '%s' must have the same description in all "
				"places it is used", first->name);
		check_note(c, d, first->loc, "first used here");
		check_hint(c, d, "a macro can stand for the call");
		return false;
	}
	return true;
}

static bool check_arguments(struct check *c, const struct node *call)
{
	const struct node *name = call_arg(call, 0), *fallback = call_arg(call, 1);
	const struct node *description = call_arg(call, 2);

	if (name->kind != NODE_STRING) {
		check_error(c, name->loc, DIAG_LITERAL_REQUIRED,
			    "First argument to 'getopt' must be a string literal.");
		return false;
	}
	if (!name->u.string.len || strchr(name->u.string.text, '=')) {
		check_error(c, name->loc, DIAG_NAMED_PARAMETER,
			    "The name of a command line option may not be empty nor hold a '='");
		return false;
	}
	if (fallback && !is_default(fallback)) {
		check_error(c, fallback->loc, DIAG_LITERAL_REQUIRED,
			    "Second argument to 'getopt' must be a string literal, "
			    "integer literal, or a boolean literal.");
		return false;
	}
	if (description && description->kind != NODE_STRING) {
		check_error(c, description->loc, DIAG_LITERAL_REQUIRED,
			    "Third argument to 'getopt' must be a string literal.");
		return false;
	}
	return true;
}

const struct type *check_type_getopt(struct check *c, struct node *call)
{
	const struct node *fallback = call_arg(call, 1), *about = call_arg(call, 2);
	const char *description = about && about->kind == NODE_STRING ? about->u.string.text : "";
	struct named_param *p;

	if (!check_arguments(c, call))
		return bad_type(c);
	p = param_find(c, call->u.call.args.at[0]->u.string.text);
	if (!p)
		p = param_new(c, call, fallback);
	else if (!agrees(c, call, p, fallback, description))
		return bad_type(c);
	if (!*p->description)
		p->description = description;
	call->u.call.aux = p;
	return p->type;
}

/* ---- what was given ---- */

static void bad_value(struct check *c, const struct named_param *p, const char *what,
		      const char *value)
{
	check_error(c, (struct loc){ 0 }, DIAG_NAMED_PARAMETER,
		    "program command line option --%s %s (value: %s)", p->name, what,
		    value ? value : "true");
}

static void set_bool(struct check *c, struct named_param *p, const char *value)
{
	static const char *const words[] = { "0", "1", "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; value && i < sizeof(words) / sizeof(*words); i++) {
		if (!strcasecmp(words[i], value)) {
			p->number = i & 1;
			return;
		}
	}
	if (value)
		bad_value(c, p, "expects a boolean (e.g. 'true')", value);
	else
		p->number = 1;
}

static void set_number(struct check *c, struct named_param *p, const char *value)
{
	bool negative, is_duration;
	enum number_status status;
	uint64_t number, limit;
	size_t sign;

	if (!value) {
		bad_value(c, p, "expects an integer", value);
		return;
	}
	sign = number_sign(value, &negative);
	status = number_parse(value + sign, strlen(value + sign), &number, &is_duration);
	limit = !p->type->is_signed ? (negative ? 0 : UINT64_MAX) : (uint64_t)INT64_MAX + negative;
	if (status == NUMBER_OVERFLOW || (status == NUMBER_OK && number > limit))
		bad_value(c, p, "value is out of range", value);
	else if (status != NUMBER_OK)
		bad_value(c, p, "invalid integer", value);
	else
		p->number = negative ? -number : number;
}

static void set_text(struct check *c, struct named_param *p, const char *value)
{
	if (!value) {
		bad_value(c, p, "expects a string", value);
		return;
	}
	p->text = arena_strdup(c->arena, value);
	p->len = strlen(value);
}

/* Names that the script does not ask for; --help is no fault, but a question. */
static const char *names_of_strangers(struct check *c, bool *asks)
{
	const char *list = "";

	for (size_t i = 0; i < c->options->nr_named; i++) {
		const char *word = c->options->named[i] + 2;
		int len = (int)strcspn(word, "=");
		const char *name = arena_strndup(c->arena, word, (size_t)len);

		if (param_find(c, name))
			continue;
		if (!strcmp(name, "help"))
			*asks = true;
		else
			list = arena_printf(c->arena, "%s%s--%s", list, *list ? ", " : "", name);
	}
	return list;
}

static void check_strangers(struct check *c)
{
	bool asks = false;
	struct named_param **p;
	const char *strangers = names_of_strangers(c, &asks), *list = "";
	struct diag *d;

	if (!*strangers && !asks)
		return;
	d = check_error(c, (struct loc){ 0 }, DIAG_NAMED_PARAMETER, "%s%s", *strangers ?
			"unexpected program command line options: " : "", strangers);
	vec_each(p, &c->named_params) {
		list = arena_printf(c->arena, "%s\n    --%s%s%s", list, (*p)->name,
				    *(*p)->description ? ": " : "", (*p)->description);
		if ((*p)->type->kind != TYPE_BOOL || (*p)->number)
			list = arena_printf(c->arena, "%s (default: %s)", list,
					    default_text(c, *p));
	}
	if (*list)
		check_hint(c, d, "expected program options:%s", list);
	else
		check_hint(c, d, "no custom program options defined.");
}

void named_params_settle(struct check *c)
{
	struct named_param **p;

	check_strangers(c);
	vec_each(p, &c->named_params) {
		bool is_given;
		const char *value = given_value(c, (*p)->name, &is_given);

		if (!is_given)
			continue;
		if ((*p)->type->kind == TYPE_BOOL)
			set_bool(c, *p, value);
		else if ((*p)->type->kind == TYPE_STRING)
			set_text(c, *p, value);
		else
			set_number(c, *p, value);
	}
}
