/*
 * Private to src/sym: what is remembered of a process.
 */
#ifndef SONDE_SYM_PROCESS_H
#define SONDE_SYM_PROCESS_H

#include "sym/elf_file.h"

#include <sys/types.h>

struct mapping {
	uint64_t start, end, offset;
	uint64_t ino;			/* 0: anonymous */
	int64_t mapped_ns;		/* CLOCK_MONOTONIC: when it was seen, or made */
	uint32_t path;			/* offset in paths */
	bool executable;
	bool asked;			/* the file was looked for */
	struct elf_file *file;		/* holds a reference; NULL: none */
};

struct process {
	struct process *next;
	pid_t pid;
	uint64_t used;			/* clock of the cache */
	uint64_t start_time, start_code;	/* tell an exec and a reused number */
	int64_t checked_ns;		/* when it was last looked at */
	bool gone;
	uint64_t generation;		/* grows with each change of the mappings */
	struct mapping *maps;		/* owned; sorted */
	size_t nr_maps, cap_maps;
	char *paths;			/* owned; NUL-terminated texts */
	size_t paths_len, paths_cap;
	struct table jit;		/* of /tmp/perf-PID.map */
	int64_t jit_size_bytes;		/* of the file when it was read; -1: not looked at */
};

/* Where things are; tests have places of their own. */
struct process_places {
	const char *proc;
};

/* Fill the snapshot; what it held before goes. Returns 0 or a negative errno,
 * and then the old snapshot stays (the process is gone, say). */
int process_snapshot(struct process *p, const struct process_places *places);

/* Has it executed another program, or is the number another process's? */
bool process_changed(struct process *p, const struct process_places *places);

const struct mapping *process_find(const struct process *p, uint64_t address);
const char *process_path(const struct process *p, const struct mapping *m);

/* Open the file of a mapping, wherever it can be reached: also if it was
 * deleted or is in another mount namespace. -1: nowhere. */
int process_open_file(const struct process *p, const struct mapping *m,
		      const struct process_places *places);

/* Look at the process's perf map; read it when it has grown. */
void process_read_jit(struct process *p, const struct process_places *places);

/* ---- what a watch tells ---- */

/* A new mapping, in place of older ones at the same addresses. False: memory is
 * out. */
bool process_map(struct process *p, const struct mapping *m, const char *path);

/* It executed a program: mappings from before that time are gone. */
void process_exec(struct process *p, int64_t when_ns);

/* The child begins with what the parent has. False: memory is out. */
bool process_fork(struct process *child, const struct process *parent);

void process_clear(struct process *p);
int64_t process_now_ns(void);

#endif
