/*
 * Lines of JSON against a schema: json_validate SCHEMA < LINES
 *
 * Says what is wrong with which line; exit status 1 if anything is. Knows of JSON
 * Schema what docs/schema uses, and refuses a schema with more. Each line must be
 * one object, and no object may have a member twice. Numbers are doubles, as for most
 * readers.
 */
#include <jansson.h>
#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

static json_t *root;

static bool fits(const json_t *schema, const json_t *v);

static bool is_integer(const json_t *v)
{
	return json_is_real(v) && floor(json_real_value(v)) == json_real_value(v);
}

static bool has_type(const char *name, const json_t *v)
{
	static const struct {
		const char *name;
		int types[2];
	} rows[] = {
		{ "object", { JSON_OBJECT, -1 } }, { "array", { JSON_ARRAY, -1 } },
		{ "string", { JSON_STRING, -1 } }, 
		{ "boolean", { JSON_TRUE, JSON_FALSE } }, { "null", { JSON_NULL, -1 } },
	};

	if (!strcmp(name, "integer"))
		return is_integer(v);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].name, name))
			return (int)json_typeof(v) == rows[i].types[0] ||
			       (int)json_typeof(v) == rows[i].types[1];
	fprintf(stderr, "the schema has the type '%s'\n", name);
	exit(2);
}

static bool fits_type(const json_t *rule, const json_t *schema, const json_t *v)
{
	size_t i;
	json_t *one;

	(void)schema;
	if (json_is_string(rule))
		return has_type(json_string_value(rule), v);
	json_array_foreach(rule, i, one)
		if (has_type(json_string_value(one), v))
			return true;
	return false;
}

static bool fits_const(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)schema;
	return json_equal(rule, v);
}

static bool fits_enum(const json_t *rule, const json_t *schema, const json_t *v)
{
	size_t i;
	json_t *one;

	(void)schema;
	json_array_foreach(rule, i, one)
		if (json_equal(one, v))
			return true;
	return false;
}

static bool fits_pattern(const json_t *rule, const json_t *schema, const json_t *v)
{
	regex_t re;
	bool found;

	(void)schema;
	if (!json_is_string(v))
		return true;
	if (regcomp(&re, json_string_value(rule), REG_EXTENDED | REG_NOSUB))
		exit(2);
	found = !regexec(&re, json_string_value(v), 0, NULL, 0);
	regfree(&re);
	return found;
}

static bool fits_minimum(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)schema;
	return !json_is_real(v) || json_real_value(v) >= json_real_value(rule);
}

static bool fits_properties(const json_t *rule, const json_t *schema, const json_t *v)
{
	const char *key;
	json_t *one;

	(void)schema;
	json_object_foreach((json_t *)(uintptr_t)rule, key, one) {
		const json_t *member = json_object_get(v, key);

		if (member && !fits(one, member))
			return false;
	}
	return true;
}

static bool fits_required(const json_t *rule, const json_t *schema, const json_t *v)
{
	size_t i;
	json_t *one;

	(void)schema;
	json_array_foreach(rule, i, one)
		if (json_is_object(v) && !json_object_get(v, json_string_value(one)))
			return false;
	return true;
}

static bool fits_additional(const json_t *rule, const json_t *schema, const json_t *v)
{
	const json_t *known = json_object_get(schema, "properties");
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)(uintptr_t)v, key, one)
		if (!json_object_get(known, key) && (json_is_false(rule) || !fits(rule, one)))
			return false;
	return true;
}

static bool fits_size(const json_t *rule, const json_t *v, int sign)
{
	return !json_is_object(v) ||
	       sign * ((double)json_object_size(v) - json_real_value(rule)) >= 0;
}

static bool fits_min_size(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)schema;
	return fits_size(rule, v, 1);
}

static bool fits_max_size(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)schema;
	return fits_size(rule, v, -1);
}

static bool fits_items(const json_t *rule, const json_t *schema, const json_t *v)
{
	size_t i;
	json_t *one;

	(void)schema;
	json_array_foreach(v, i, one)
		if (!fits(rule, one))
			return false;
	return true;
}

static size_t count_fitting(const json_t *rule, const json_t *v)
{
	size_t i, n = 0;
	json_t *one;

	json_array_foreach(rule, i, one)
		n += fits(one, v);
	return n;
}

static bool fits_any(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)schema;
	return count_fitting(rule, v) > 0;
}

static bool fits_one(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)schema;
	return count_fitting(rule, v) == 1;
}

static bool fits_ref(const json_t *rule, const json_t *schema, const json_t *v)
{
	const char *name = json_string_value(rule);
	const json_t *there;

	(void)schema;
	if (strncmp(name, "#/$defs/", 8))
		exit(2);
	there = json_object_get(json_object_get(root, "$defs"), name + 8);
	return there && fits(there, v);
}

static bool fits_all(const json_t *rule, const json_t *schema, const json_t *v)
{
	(void)rule;
	(void)schema;
	(void)v;
	return true;
}

static const struct {
	const char *word;
	bool (*fits)(const json_t *rule, const json_t *schema, const json_t *v);
} words[] = {
	{ "type", fits_type }, { "const", fits_const }, { "enum", fits_enum },
	{ "pattern", fits_pattern }, { "minimum", fits_minimum },
	{ "properties", fits_properties }, { "required", fits_required },
	{ "additionalProperties", fits_additional }, { "minProperties", fits_min_size },
	{ "maxProperties", fits_max_size }, { "items", fits_items }, { "anyOf", fits_any },
	{ "oneOf", fits_one }, { "$ref", fits_ref }, { "$defs", fits_all },
	{ "$schema", fits_all }, { "title", fits_all }, { "description", fits_all },
};

static bool fits_word(const char *word, const json_t *rule, const json_t *schema, const json_t *v)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].word, word))
			return words[i].fits(rule, schema, v);
	fprintf(stderr, "the schema has '%s'\n", word);
	exit(2);
}

static bool fits(const json_t *schema, const json_t *v)
{
	const char *word;
	json_t *rule;

	json_object_foreach((json_t *)(uintptr_t)schema, word, rule)
		if (!fits_word(word, rule, schema, v))
			return false;
	return true;
}

static bool is_good(const char *line, size_t nr)
{
	json_error_t error;
	json_t *v = json_loads(line, FLAGS, &error);
	bool good = v && json_is_object(v) && fits(root, v);

	if (!v)
		printf("line %zu is no JSON: %s: %.200s\n", nr, error.text, line);
	else if (!good)
		printf("line %zu does not fit the schema: %.200s\n", nr, line);
	json_decref(v);
	return good;
}

int main(int argc, char **argv)
{
	json_error_t error;
	char *line = NULL;
	size_t cap = 0, nr = 0;
	int bad = 0;

	root = argc == 2 ? json_load_file(argv[1], FLAGS, &error) : NULL;
	if (!root) {
		fprintf(stderr, "usage: json_validate SCHEMA < LINES\n");
		return 2;
	}
	while (getline(&line, &cap, stdin) > 0)
		bad += !is_good(line, ++nr);
	free(line);
	json_decref(root);
	printf("%zu lines, %d bad\n", nr, bad);
	return bad != 0;
}
