/*
 * What a run's maps say of stacks, gathered for a picture; private to src/out.
 *
 * A sample is a stack with a weight: an entry of a map that has a stack in its
 * key. What else is in the key stands at the root, the user's part of the stack
 * below the kernel's. What a map is printed with once more, without having been
 * emptied, replaces what it was printed with before.
 */
#ifndef SONDE_OUT_PROFILE_H
#define SONDE_OUT_PROFILE_H

#include "base/sbuf.h"
#include "sonde.h"

/* PART: a member of the key that is no stack; MAP: the name of a map. */
enum profile_kind { PROFILE_MAP, PROFILE_PART, PROFILE_USER, PROFILE_KERNEL };

struct profile_function {
	const char *name;	/* any bytes but NUL; not empty */
	const char *module;	/* path, or name of the kernel's module; of a PART, what the
				   script calls it; NULL: none */
	const char *build_id;	/* of the module; NULL: unknown */
	const char *file;	/* of the source; NULL: unknown */
	enum profile_kind kind;
	uint32_t rank;		/* among all by name: of a finished view */
};

/* A place in a function. */
struct profile_site {
	uint32_t function;
	uint32_t line;		/* 0: unknown */
	bool is_inlined;	/* into the site before it */
	uint64_t address;	/* in the module's file; or in memory, if there is none */
};

struct profile_sample {
	const uint32_t *sites;	/* the root first */
	uint32_t nr_sites;
	uint32_t map;		/* index of its name */
	uint64_t weight;	/* not 0 */
};

/* All samples, equal ones added up, in order of map and of the functions' names. */
struct profile_view {
	const struct profile_function *functions;
	size_t nr_functions;
	const struct profile_site *sites;
	size_t nr_sites;
	const char *const *maps;	/* names with "@"; those that have samples */
	size_t nr_maps;
	const struct profile_sample *samples;
	size_t nr_samples;
};

struct profile;

/* `merges`: neighbours of one file without names become one. Returns 0 or -ENOMEM. */
int profile_open(struct profile **out, bool merges);
void profile_close(struct profile *p);	/* takes NULL */

/* Take the entries of a map. False: it has no stack in its key, or values that are
 * no numbers. */
bool profile_add(struct profile *p, const struct sonde_event *e);

/* `by_function`: stacks are equal if their functions are; else if their sites are.
 * `with_maps`: where there are several maps, each sample begins with the map's name.
 * Borrowed until the profile is closed. Returns 0 or -ENOMEM: also if memory was out
 * when samples were added. */
int profile_view(struct profile *p, bool by_function, bool with_maps, struct profile_view *out);

/* Samples that were left out, for their weights are negative. */
uint64_t profile_nr_negative(const struct profile *p);

/* ---- writers; each appends to `out` ---- */

void profile_folded(struct sbuf *out, const struct profile_view *v);
void profile_speedscope(struct sbuf *out, const struct profile_view *v);
void profile_pprof(struct sbuf *out, const struct profile_view *v);
void profile_flame(struct sbuf *out, const struct profile_view *v);

/* A name as text that may stand anywhere: valid UTF-8 on one line. What is no character
 * is "?". */
void profile_text(struct sbuf *out, const char *name);

#endif
