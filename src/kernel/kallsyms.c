/*
 * Functions by their names: see kallsyms.h.
 */
#include "kernel/kallsyms.h"
#include "kernel/tracefs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* There are 150,000 of them. */
static uint64_t hex_number(const char **at)
{
	uint64_t n = 0;

	for (;; (*at)++) {
		unsigned c = (unsigned char)**at, digit = c - '0', letter = (c | 32) - 'a';

		if (digit > 9 && letter > 5)
			return n;
		n = n << 4 | (digit <= 9 ? digit : letter + 10);
	}
}

bool kallsyms_next(const char **at, struct kallsyms_line *line)
{
	const char *p = *at;

	while (*p) {
		char *newline = strchrnul(p, '\n');
		const char *tab;

		*at = *newline ? newline + 1 : newline;
		line->address = hex_number(&p);
		if (newline - p < 3 || p[0] != ' ' || p[2] != ' ') {
			p = *at;
			continue;
		}
		line->type = p[1];
		line->name = p + 3;
		tab = memchr(line->name, '\t', (size_t)(newline - line->name));
		line->name_len = (size_t)((tab ? tab : newline) - line->name);
		line->module = tab && tab[1] == '[' ? tab + 2 : NULL;
		line->module_len = line->module ? strcspn(line->module, "]\n") : 0;
		return true;
	}
	*at = p;
	return false;
}

bool kallsyms_is_function(const struct kallsyms_line *line, const char *module)
{
	if (!line->address || !strchr("tTwW", line->type))
		return false;
	if (line->module_len == 3 && !memcmp(line->module, "bpf", 3))
		return false;
	if (!module)
		return true;
	if (!strcmp(module, "vmlinux"))
		return !line->module;
	return line->module_len == strlen(module) &&
	       !memcmp(line->module, module, line->module_len);
}

int kallsyms_find(const char *module, const char *name, uint64_t *addresses, int max)
{
	struct sbuf text = { 0 };
	struct kallsyms_line line;
	size_t len = strlen(name);
	const char *at;
	int n = 0, err = tracefs_read(AT_FDCWD, "/proc/kallsyms", &text);

	for (at = sbuf_text(&text); !err && kallsyms_next(&at, &line);) {
		if (line.name_len != len || memcmp(line.name, name, len) != 0 ||
		    !kallsyms_is_function(&line, module))
			continue;
		if (n < max)
			addresses[n] = line.address;
		n++;
	}
	sbuf_close(&text);
	return err ? err : n;
}
