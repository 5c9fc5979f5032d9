/*
 * Functions by their names: see kallsyms.h.
 */
#include "kernel/kallsyms.h"
#include "kernel/tracefs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

bool kallsyms_next(const char **at, struct kallsyms_line *line)
{
	const char *p = *at;
	char *end;

	while (*p) {
		size_t len = strcspn(p, "\n");
		const char *next = p + len + (p[len] == '\n'), *tab;

		line->address = strtoull(p, &end, 16);
		if (*end == ' ' && end[1] && end[2] == ' ') {
			line->type = end[1];
			line->name = end + 3;
			line->name_len = strcspn(line->name, "\t\n");
			tab = line->name + line->name_len;
			line->module = !strncmp(tab, "\t[", 2) ? tab + 2 : NULL;
			line->module_len = line->module ? strcspn(line->module, "]\n") : 0;
			*at = next;
			return true;
		}
		p = next;
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
