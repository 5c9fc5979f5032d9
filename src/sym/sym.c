/*
 * Addresses to names: see sym.h. Here the caches meet: processes by number,
 * files by identity, the kernel's table.
 */
#include "sym/sym.h"

#include "sym/kernel.h"
#include "sym/process_cache.h"
#include "sym/watch.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define DEFAULT_PROCESSES 2048
#define DEFAULT_CHECK_NS ((int64_t)50 * 1000 * 1000)
#define DEFAULT_TABLE_BYTES ((size_t)128 * 1024 * 1024)
#define MAX_VDSO_BYTES ((size_t)64 * 1024)
#define KERNEL_REACH ((uint64_t)16 * 1024 * 1024)	/* of the last symbol */

struct symbols {
	char *proc, *kallsyms, *debug_root;	/* owned */
	struct table kernel;
	bool kernel_read;
	struct process_cache processes;
	struct elf_cache files;
	struct watch *watch;	/* owned; NULL: nobody is followed */
	DIR *running;		/* owned; where sym_note_running is; NULL: not begun, or done */
	bool noted_running;
	struct elf_file vdso;
	char *vdso_image;	/* owned copy */
	bool no_lines;
	struct symbol_inlined inlined[LINES_INLINED];	/* of the last frame */
	char *demangled[LINES_INLINED];			/* owned */
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
	s->processes.places.proc = s->proc;
	s->processes.max = o->max_processes ? o->max_processes : DEFAULT_PROCESSES;
	s->processes.check_ns = o->check_ns ? o->check_ns : DEFAULT_CHECK_NS;
	s->files.max_bytes = o->max_table_bytes ? o->max_table_bytes : DEFAULT_TABLE_BYTES;
	s->files.debug_root = s->debug_root;
	s->files.debug_dirs = o->debug_dirs;
	s->files.servers = (struct debuginfod){
		.is_over = o->is_over, .on_wait = o->on_wait, .arg = o->servers_arg,
	};
	s->files.no_demangle = o->no_demangle;
	s->no_lines = o->no_lines;
	*out = s;
	return 0;
}

static void forget_inlined(struct symbols *s)
{
	for (size_t i = 0; i < LINES_INLINED; i++) {
		free(s->demangled[i]);
		s->demangled[i] = NULL;
	}
}

void sym_close(struct symbols *s)
{
	if (!s)
		return;
	watch_close(s->watch);
	if (s->running)
		closedir(s->running);
	process_cache_close(&s->processes);
	elf_cache_close(&s->files);
	elf_file_clear(&s->vdso);
	forget_inlined(s);
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

	*symbol = (struct symbol){ .module_offset = address };
	if (!s->kernel_read) {
		s->kernel_read = true;
		/* Failing is no event: addresses are shown as numbers then. */
		(void)kernel_table_read(&s->kernel, s->kallsyms);
	}
	e = table_find_nearest(&s->kernel, address);
	symbol->why = s->kernel.n ? "no symbol of the kernel there"
				  : "kallsyms hides its addresses, or cannot be read";
	if (!e)
		return false;
	symbol->offset = address - e->start;
	if (e == &s->kernel.entries[s->kernel.n - 1] && symbol->offset > KERNEL_REACH)
		return false;
	symbol->why = NULL;
	symbol->name = table_name(&s->kernel, e);
	symbol->module = table_module(&s->kernel, e);
	return true;
}

/* ---- processes ---- */

/* Learn what the watched processes did since the last time. */
static void follow(struct symbols *s)
{
	if (s->watch)
		watch_drain(s->watch, &s->processes);
}

void sym_note_pid(struct symbols *s, pid_t pid)
{
	follow(s);
	(void)process_cache_get(&s->processes, pid);
}

/* False: there is none left. */
static bool note_next(struct symbols *s)
{
	struct dirent *entry = readdir(s->running);
	long pid = entry ? strtol(entry->d_name, NULL, 10) : 0;

	if (!entry || s->processes.n >= s->processes.max / 2)
		return false;
	if (pid > 0)
		(void)process_cache_get(&s->processes, (pid_t)pid);
	return true;
}

bool sym_note_running(struct symbols *s, int64_t budget_ns)
{
	int64_t until = process_now_ns() + budget_ns;

	if (s->noted_running)
		return false;
	follow(s);
	if (!s->running)
		s->running = opendir(s->proc);
	s->noted_running = !s->running;
	while (!s->noted_running && process_now_ns() < until)
		s->noted_running = !note_next(s);
	if (s->noted_running && s->running) {
		closedir(s->running);
		s->running = NULL;
	}
	return !s->noted_running;
}

int sym_watch(struct symbols *s, pid_t pid)
{
	watch_close(s->watch);
	s->watch = NULL;
	return watch_open(&s->watch, pid);
}

void sym_watch_poll(struct symbols *s)
{
	follow(s);
}

int sym_each_mapping(struct symbols *s, pid_t pid, bool again, symbol_mapping_fn fn, void *arg)
{
	struct process *p;

	follow(s);
	p = process_cache_get(&s->processes, pid);
	if (!p)
		return -ESRCH;
	if (again && !p->gone)
		(void)process_snapshot(p, &s->processes.places);
	for (size_t i = 0; i < p->nr_maps; i++) {
		const struct mapping *m = &p->maps[i];
		struct symbol_mapping found = {
			.start = m->start, .end = m->end, .offset = m->offset,
			.is_file = m->ino != 0, .path = process_path(p, m),
		};

		found.is_vdso = !strcmp(found.path, "[vdso]");
		if (m->executable)
			fn(arg, &found);
	}
	return 0;
}

uint64_t sym_generation(struct symbols *s, pid_t pid)
{
	const struct process *p = process_cache_find(&s->processes, pid);

	return p ? p->generation : 0;
}

int sym_open_mapping(struct symbols *s, pid_t pid, const struct symbol_mapping *m)
{
	struct process *p = process_cache_find(&s->processes, pid);
	const struct mapping *own = p ? process_find(p, m->start) : NULL;

	return own ? process_open_file(p, own, &s->processes.places) : -1;
}

/* ---- user addresses ---- */

/* The mapping's file with its symbols, or NULL. */
static struct elf_file *mapping_file(struct symbols *s, struct process *p, struct mapping *m,
				     bool lines)
{
	char root[64];
	int fd;

	if (m->file ? !elf_file_wants(m->file, lines) : m->asked)
		return m->file;
	m->asked = true;
	fd = process_open_file(p, m, &s->processes.places);
	if (fd < 0)
		return m->file;
	if (!m->file)
		m->file = elf_file_get(&s->files, fd);
	snprintf(root, sizeof(root), "/proc/%d/root", p->pid);
	if (m->file)
		elf_file_load(&s->files, m->file, fd, p->gone ? NULL : root, lines);
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

	/* The map of one that has ended may be there still. */
	if (!e && (!p->gone || p->jit_size_bytes < 0)) {
		process_read_jit(p, &s->processes.places);
		e = table_find(&p->jit, address);
	}
	if (!e)
		return false;
	symbol->name = table_name(&p->jit, e);
	symbol->offset = address - e->start;
	return true;
}

static void give_lines(struct symbols *s, const struct source_lines *from, struct symbol *to)
{
	forget_inlined(s);
	if (from->lacks_functions)
		to->doubt = "no inlined functions: the .dwo file is missing, .dwp files are not "
			    "read";
	to->file = from->file;
	to->line = from->line;
	for (size_t i = 0; i < from->nr_inlined; i++) {
		const struct source_place *call = &from->inlined[i];
		const char *name = call->name ? call->name : "??";

		s->demangled[i] = elf_name_demangle(&s->files, name);
		s->inlined[i] = (struct symbol_inlined){
			.name = s->demangled[i] ? s->demangled[i] : name,
			.file = call->file, .line = call->line,
		};
	}
	to->inlined = s->inlined;
	to->nr_inlined = from->nr_inlined;
}

/* How an address is asked for. */
struct question {
	bool is_return, lines;
};

static bool find_in_file(struct symbols *s, struct elf_file *file, uint64_t offset,
			 const struct question *q, struct symbol *symbol)
{
	struct source_lines lines;

	symbol->name = elf_file_find(&s->files, file, offset, q->is_return, &symbol->offset);
	if (symbol->name && q->lines &&
	    elf_file_lines(&s->files, file, offset, q->is_return, &lines))
		give_lines(s, &lines, symbol);
	return symbol->name != NULL;
}

/* Memory of no file. The kernel's own is where its uretprobes let functions return to. */
static bool find_anonymous(struct symbols *s, struct process *p, const struct mapping *m,
			   uint64_t address, struct symbol *symbol)
{
	if (!strcmp(process_path(p, m), "[uprobes]")) {
		symbol->name = "[uprobes]";
		symbol->offset = address - m->start;
		return true;
	}
	if (find_jit(s, p, address, symbol))
		return true;
	symbol->why = p->jit.n ? "no symbol in its perf map" : "no file is mapped there, and there "
								"is no perf map";
	return false;
}

static const char *why_unnamed(const struct elf_file *file)
{
	if (file->table.n)
		return "no symbol there in the file";
	return file->is_unsure ? "no symbols in the file; no server of debug files was asked, or "
				 "none answered"
			       : "no symbols in the file, and no debug file";
}

static bool find_mapped(struct symbols *s, struct process *p, struct mapping *m, uint64_t address,
			const struct question *q, struct symbol *symbol)
{
	const char *path = process_path(p, m);
	bool is_vdso = !strcmp(path, "[vdso]");
	struct elf_file *file;

	if (*path)
		symbol->module = path;
	if (!m->ino && !is_vdso)
		return find_anonymous(s, p, m, address, symbol);
	symbol->module_offset = address - m->start + m->offset;
	file = is_vdso ? vdso_file(s) : mapping_file(s, p, m, q->lines);
	if (!file) {
		symbol->why = "the file cannot be opened, or is another now";
		return false;
	}
	symbol->build_id = *file->build_id ? file->build_id : NULL;
	if (find_in_file(s, file, symbol->module_offset, q, symbol))
		return true;
	symbol->why = why_unnamed(file);
	return false;
}

static bool find_user(struct symbols *s, pid_t pid, uint64_t address, const struct question *q,
		      struct symbol *symbol)
{
	struct process *p;
	struct mapping *m;

	*symbol = (struct symbol){ .module_offset = address };
	follow(s);
	p = process_cache_get(&s->processes, pid);
	m = p ? process_cache_mapping(&s->processes, p, address) : NULL;
	if (m)
		return find_mapped(s, p, m, address, q, symbol);
	symbol->why = p ? "no mapping there" : "the process has ended, and was not seen before";
	return false;
}

bool sym_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *symbol)
{
	return find_user(s, pid, address, &(struct question){ 0 }, symbol);
}

bool sym_user_frame(struct symbols *s, pid_t pid, uint64_t address, bool is_return,
		    struct symbol *symbol)
{
	const struct question q = { .is_return = is_return, .lines = !s->no_lines };

	return find_user(s, pid, address, &q, symbol);
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
