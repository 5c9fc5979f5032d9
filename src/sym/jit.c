/*
 * Symbols of code made at run time: /tmp/perf-PID.map, as the process sees it.
 *
 * Lines "START SIZE NAME", in hexadecimal. The file grows while the process
 * runs, so it is read again when its size has changed.
 */
#include "sym/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_JIT_BYTES ((int64_t)256 * 1024 * 1024)

/* The process's number in its own namespace: the last of NSpid. */
static pid_t inner_pid(const struct process *p, const char *proc)
{
	char path[4096], line[256], *last;
	pid_t pid = p->pid;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d/status", proc, p->pid);
	f = fopen(path, "re");
	if (!f)
		return pid;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "NSpid:", 6) != 0)
			continue;
		last = strrchr(line, '\t');
		if (last)
			pid = (pid_t)strtol(last, NULL, 10);
		break;
	}
	fclose(f);
	return pid;
}

/* A plain file only: anybody may make something else of that name. */
static FILE *open_map(const struct process *p, const char *proc, int64_t *size_bytes)
{
	char path[4096];
	struct stat st;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "%s/%d/root/tmp/perf-%d.map", proc, p->pid,
		 inner_pid(p, proc));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", p->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	}
	if (fd < 0)
		return NULL;
	f = !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= MAX_JIT_BYTES &&
	    st.st_size != p->jit_size_bytes ? fdopen(fd, "r") : NULL;
	if (!f)
		close(fd);
	else
		*size_bytes = st.st_size;
	return f;
}

static void take_jit_line(struct table *t, char *line)
{
	struct table_symbol s = { 0 };
	int name_at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %n", &s.start, &s.size, &name_at) < 2 || !name_at)
		return;
	s.name = line + name_at;
	s.name_len = strlen(s.name);
	table_add(t, &s);
}

void process_read_jit(struct process *p, const struct process_places *places)
{
	int64_t size_bytes = 0;
	FILE *f = open_map(p, places->proc, &size_bytes);
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		return;
	table_close(&p->jit);
	while (getline(&line, &cap, f) > 0)
		take_jit_line(&p->jit, line);
	table_finish(&p->jit);
	p->jit_size_bytes = size_bytes;
	free(line);
	fclose(f);
}
