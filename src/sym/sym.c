/*
 * Addresses to names: see sym.h. Here the caches meet: processes by number,
 * files by identity, the kernel's table.
 */
#include "sym/sym.h"

#include "sym/kernel.h"
#include "sym/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_PROCESSES 2048
#define DEFAULT_TABLE_BYTES ((size_t)128 * 1024 * 1024)
#define BUCKETS 512
#define DEFAULT_CHECK_NS ((int64_t)50 * 1000 * 1000)
#define MAX_VDSO_BYTES ((size_t)64 * 1024)
#define KERNEL_REACH ((uint64_t)16 * 1024 * 1024)	/* of the last symbol */

struct symbols {
	char *proc, *kallsyms, *debug_root;	/* owned */
	struct process_places places;
	struct table kernel;
	bool kernel_read;
	struct process *buckets[BUCKETS];	/* owned, by pid */
	size_t nr_processes, max_processes;
	int64_t check_ns;	/* how long a live process's snapshot is trusted */
	uint64_t clock;
	struct elf_cache files;
	struct elf_file vdso;
	char *vdso_image;	/* owned copy */
	char username[1024];
};

/* ---- life ---- */

static char *copy_or(const char *text, const char *otherwise)
{
	return strdup(text ? text : otherwise);
}

int sym_open(struct symbols **out, const struct symbols_options *o)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->proc = copy_or(o->proc, "/proc");
	s->debug_root = copy_or(o->debug_root, "/usr/lib/debug");
	if (o->kallsyms)
		s->kallsyms = strdup(o->kallsyms);
	else if (asprintf(&s->kallsyms, "%s/kallsyms", s->proc ? s->proc : "") < 0)
		s->kallsyms = NULL;
	if (!s->proc || !s->kallsyms || !s->debug_root) {
		sym_close(s);
		return -ENOMEM;
	}
	s->places.proc = s->proc;
	s->max_processes = o->max_processes ? o->max_processes : DEFAULT_PROCESSES;
	s->check_ns = o->check_ns ? o->check_ns : DEFAULT_CHECK_NS;
	s->files.max_bytes = o->max_table_bytes ? o->max_table_bytes : DEFAULT_TABLE_BYTES;
	s->files.debug_root = s->debug_root;
	s->files.no_demangle = o->no_demangle;
	*out = s;
	return 0;
}

static void process_free(struct process *p)
{
	process_clear(p);
	free(p);
}

void sym_close(struct symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct process *p = s->buckets[i], *next; p; p = next) {
			next = p->next;
			process_free(p);
		}
	}
	elf_cache_close(&s->files);
	elf_file_clear(&s->vdso);
	table_close(&s->kernel);
	free(s->vdso_image);
	free(s->proc);
	free(s->kallsyms);
	free(s->debug_root);
	free(s);
}

/* ---- the kernel ---- */

bool sym_kernel(struct symbols *s, uint64_t address, struct symbol *symbol)
{
	const struct table_entry *e;

	memset(symbol, 0, sizeof(*symbol));
	if (!s->kernel_read) {
		s->kernel_read = true;
		/* Failing is no event: addresses are shown as numbers then. */
		(void)kernel_table_read(&s->kernel, s->kallsyms);
	}
	e = table_find_nearest(&s->kernel, address);
	if (!e)
		return false;
	symbol->offset = address - e->start;
	if (e == &s->kernel.entries[s->kernel.n - 1] && symbol->offset > KERNEL_REACH)
		return false;
	symbol->name = table_name(&s->kernel, e);
	symbol->module = table_module(&s->kernel, e);
	return true;
}

/* ---- processes ---- */

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void drop_oldest_process(struct symbols *s)
{
	struct process **oldest = NULL, *p;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct process **at = &s->buckets[i]; *at; at = &(*at)->next)
			if (!oldest || (*at)->used < (*oldest)->used)
				oldest = at;
	if (!oldest)
		return;
	p = *oldest;
	*oldest = p->next;
	process_free(p);
	s->nr_processes--;
}

/* Renew the snapshot of a live process that is not what it was. */
static void process_check(struct symbols *s, struct process *p)
{
	int64_t now = now_ns();

	if (now - p->checked_ns < s->check_ns)
		return;
	p->checked_ns = now;
	if (process_changed(p, &s->places))
		(void)process_snapshot(p, &s->places);
}

/* The process, known or new. NULL: it is gone and was never seen. */
static struct process *process_get(struct symbols *s, pid_t pid)
{
	struct process **bucket = &s->buckets[(unsigned)pid % BUCKETS], *p;

	for (p = *bucket; p && p->pid != pid;)
		p = p->next;
	if (p) {
		p->used = ++s->clock;
		process_check(s, p);
		return p;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	p->checked_ns = now_ns();
	if (process_snapshot(p, &s->places)) {
		process_free(p);
		return NULL;
	}
	if (s->nr_processes >= s->max_processes)
		drop_oldest_process(s);
	p->used = ++s->clock;
	bucket = &s->buckets[(unsigned)pid % BUCKETS];
	p->next = *bucket;
	*bucket = p;
	s->nr_processes++;
	return p;
}

void sym_note_pid(struct symbols *s, pid_t pid)
{
	(void)process_get(s, pid);
}

/* ---- user addresses ---- */

static struct mapping *find_mapping(struct symbols *s, struct process *p, uint64_t address)
{
	const struct mapping *m = process_find(p, address);

	/* Something was mapped since: look again, but not for every miss. */
	if (!m && !p->gone && now_ns() - p->checked_ns >= s->check_ns / 10) {
		p->checked_ns = now_ns();
		if (!process_snapshot(p, &s->places))
			m = process_find(p, address);
	}
	return (struct mapping *)(uintptr_t)m;
}

/* The mapping's file with its symbols, or NULL. */
static struct elf_file *mapping_file(struct symbols *s, struct process *p, struct mapping *m)
{
	int fd;

	if (m->file ? m->file->loaded : m->asked)
		return m->file;
	m->asked = true;
	fd = process_open_file(p, m, &s->places);
	if (fd < 0)
		return m->file;
	if (!m->file)
		m->file = elf_file_get(&s->files, fd);
	if (m->file)
		elf_file_load(&s->files, m->file, fd);
	close(fd);
	return m->file;
}

/* Ours is everybody's, but for processes of another word size. */
static struct elf_file *vdso_file(struct symbols *s)
{
	const char *image = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct process self = { .pid = getpid(), .jit_size_bytes = -1 };
	const struct mapping *m = NULL;
	size_t size = 0;

	if (s->vdso.loaded || !image)
		return &s->vdso;
	s->vdso.loaded = true;
	if (!process_snapshot(&self, &(struct process_places){ "/proc" }))
		m = process_find(&self, (uint64_t)(uintptr_t)image);
	if (m)
		size = m->end - m->start;
	if (size && size <= MAX_VDSO_BYTES)
		s->vdso_image = malloc(size);
	if (s->vdso_image) {
		memcpy(s->vdso_image, image, size);
		elf_image_load(&s->vdso, s->vdso_image, size);
	}
	process_clear(&self);
	return &s->vdso;
}

static bool find_jit(struct symbols *s, struct process *p, uint64_t address, struct symbol *symbol)
{
	const struct table_entry *e = table_find(&p->jit, address);

	if (!e && !p->gone) {
		process_read_jit(p, &s->places);
		e = table_find(&p->jit, address);
	}
	if (!e)
		return false;
	symbol->name = table_name(&p->jit, e);
	symbol->offset = address - e->start;
	return true;
}

bool sym_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *symbol)
{
	struct process *p = process_get(s, pid);
	struct mapping *m = p ? find_mapping(s, p, address) : NULL;
	struct elf_file *file;
	const char *path;
	bool is_vdso;

	memset(symbol, 0, sizeof(*symbol));
	if (!m)
		return false;
	path = process_path(p, m);
	is_vdso = !strcmp(path, "[vdso]");
	if (*path)
		symbol->module = path;
	if (!m->ino && !is_vdso)
		return find_jit(s, p, address, symbol);
	file = is_vdso ? vdso_file(s) : mapping_file(s, p, m);
	if (file)
		symbol->name = elf_file_find(&s->files, file, address - m->start + m->offset,
					     &symbol->offset);
	return symbol->name != NULL;
}

/* ---- users ---- */

const char *sym_username(struct symbols *s, uint64_t uid)
{
	char line[sizeof(s->username)], *end, *id;
	bool found = false;
	FILE *f = fopen("/etc/passwd", "re");

	if (!f)
		return NULL;
	while (!found && fgets(line, sizeof(line), f)) {
		end = strchr(line, ':');
		id = end ? strchr(end + 1, ':') : NULL;
		if (!id || strtoull(id + 1, NULL, 10) != uid)
			continue;
		*end = '\0';
		strcpy(s->username, line);
		found = true;
	}
	fclose(f);
	return found ? s->username : NULL;
}
