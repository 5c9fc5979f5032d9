/*
 * Debug files from servers, by elfutils' client: see debuginfod.h.
 *
 * The library, which brings curl and TLS, is loaded when it is first needed, and stays.
 * Without its headers: what is used of it are six functions whose form is fixed by its name.
 */
#include "sym/debuginfod.h"

#ifdef SONDE_STATIC

int debuginfod_open(const void *build_id, size_t len_bytes,
		    const struct debuginfod_patience *patience)
{
	(void)build_id;
	(void)len_bytes;
	(void)patience;
	return -1;
}

#else

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct client;

struct library {
	struct client *(*begin)(void);
	void (*end)(struct client *c);
	int (*find)(struct client *c, const unsigned char *build_id, int len, char **path);
	void (*set_progress)(struct client *c, int (*fn)(struct client *c, long a, long b));
	void (*set_data)(struct client *c, void *data);
	void *(*get_data)(struct client *c);
};

static bool load(struct library *to)
{
	const struct {
		const char *name;
		void *fn;
	} functions[] = {
		{ "debuginfod_begin", &to->begin }, { "debuginfod_end", &to->end },
		{ "debuginfod_find_debuginfo", &to->find },
		{ "debuginfod_set_progressfn", &to->set_progress },
		{ "debuginfod_set_user_data", &to->set_data },
		{ "debuginfod_get_user_data", &to->get_data },
	};
	void *so = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; so && i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *fn = dlsym(so, functions[i].name);

		if (!fn)
			return false;
		memcpy(functions[i].fn, &fn, sizeof(fn));
	}
	return so != NULL;
}

/* Called some times a second while a server is waited for, in the thread that waits. The
 * client hands on one pointer, and the function that tells it is in the library. */
static int give_up(struct client *c, long done, long total)
{
	const struct debuginfod_patience *p;
	struct library l;

	(void)done;
	(void)total;
	if (!load(&l))
		return 0;
	p = l.get_data(c);
	return p && p->is_over && p->is_over(p->arg);
}

int debuginfod_open(const void *build_id, size_t len_bytes,
		    const struct debuginfod_patience *patience)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct client *c;
	struct library l;
	int fd;

	if (!urls || !*urls || !load(&l))
		return -1;
	c = l.begin();
	if (!c)
		return -1;
	l.set_data(c, (void *)(uintptr_t)patience);
	l.set_progress(c, give_up);
	fd = l.find(c, build_id, (int)len_bytes, NULL);
	l.end(c);
	return fd < 0 ? -1 : fd;
}

#endif
