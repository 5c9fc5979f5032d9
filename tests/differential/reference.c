/*
 * See reference.h.
 */
#include "tests/differential/reference.h"

#include "tests/differential/gen.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFERENCE_SECONDS 60
#define MAX_ARGS 16

struct files {
	char script[64], out[64], err[64];
};

static void name_files(struct files *f)
{
	snprintf(f->script, sizeof(f->script), "/tmp/sonde-reference.%d.bt", (int)getpid());
	snprintf(f->out, sizeof(f->out), "/tmp/sonde-reference.%d.out", (int)getpid());
	snprintf(f->err, sizeof(f->err), "/tmp/sonde-reference.%d.err", (int)getpid());
}

static void remove_files(const struct files *f)
{
	unlink(f->script);
	unlink(f->out);
	unlink(f->err);
}

static void redirect(const char *path, int to)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(127);
}

static void exec_reference(const char *path, const struct files *f)
{
	const char *args[MAX_ARGS] = { path, "-q", f->script, "--" };
	size_t n = 4;

	for (size_t i = 0; i < gen_nr_params; i++)
		args[n++] = gen_params[i];
	alarm(REFERENCE_SECONDS);
	redirect(f->out, 1);
	redirect(f->err, 2);
	execv(path, (char *const *)(uintptr_t)args);
	_exit(127);
}

/* The lines of a text that are compared, with NULs made visible. */
static void add_lines(struct sbuf *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (n && text[at] != '!') {
			for (size_t i = 0; i < n; i++)
				sbuf_putc(out, text[at + i] ? text[at + i] : '\1');
			sbuf_putc(out, '\n');
		}
		at += n + 1;
	}
}

static void add_file(struct sbuf *out, const char *path)
{
	FILE *f = fopen(path, "r");
	char chunk[4096];
	struct sbuf all = { 0 };
	size_t n;

	while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sbuf_add(&all, chunk, n);
	if (f)
		fclose(f);
	add_lines(out, sbuf_text(&all), all.len);
	sbuf_close(&all);
}

static int order_lines(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The same lines, in any order: entries of equal values have none. */
static bool same_lines(char *a, char *b)
{
	char *lines[2][2048], *texts[2] = { a, b };
	size_t n[2] = { 0 };

	for (int k = 0; k < 2; k++) {
		for (char *line = strtok(texts[k], "\n"); line && n[k] < 2048; line = strtok(NULL, "\n"))
			lines[k][n[k]++] = line;
		qsort(lines[k], n[k], sizeof(*lines[k]), order_lines);
	}
	for (size_t i = 0; n[0] == n[1] && i < n[0]; i++)
		if (strcmp(lines[0][i], lines[1][i]))
			return false;
	return n[0] == n[1];
}

static bool same_text(const struct sbuf *a, const struct sbuf *b)
{
	char *x, *y;
	bool same;

	if (!strcmp(sbuf_text(a), sbuf_text(b)))
		return true;
	x = strdup(sbuf_text(a));
	y = strdup(sbuf_text(b));
	same = x && y && same_lines(x, y);
	free(x);
	free(y);
	return same;
}

static enum reference_result judge(const struct files *f, int status, const char *want,
				   struct sbuf *told)
{
	struct sbuf wanted = { 0 };
	enum reference_result result = REFERENCE_AGREES;

	if (status) {
		add_file(told, f->err);
		return REFERENCE_REFUSES;
	}
	add_file(told, f->out);
	add_lines(&wanted, want, strlen(want));
	if (!same_text(&wanted, told))
		result = REFERENCE_DIFFERS;
	sbuf_close(&wanted);
	return result;
}

enum reference_result reference_run(const char *path, const char *text, const char *want,
				    struct sbuf *told)
{
	enum reference_result result = REFERENCE_REFUSES;
	struct files f;
	FILE *script;
	int status = 1;
	pid_t pid;

	name_files(&f);
	script = fopen(f.script, "w");
	if (!script)
		return result;
	fputs(text, script);
	fclose(script);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		exec_reference(path, &f);
	if (pid > 0)
		waitpid(pid, &status, 0);
	result = judge(&f, status, want, told);
	remove_files(&f);
	return result;
}
