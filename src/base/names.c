/*
 * Interned names: the map's own copy of the key is the name.
 */
#include "base/names.h"

#include <string.h>

void names_init(struct names *n, struct arena *a)
{
	hmap_init(&n->map, a);
}

const char *name_of_len(struct names *n, const char *text, size_t len)
{
	char *name = hmap_find(&n->map, text, len);

	if (name)
		return name;
	name = arena_strndup(n->map.arena, text, len);
	hmap_set(&n->map, name, len, name);
	return name;
}

const char *name_of(struct names *n, const char *text)
{
	return name_of_len(n, text, strlen(text));
}
