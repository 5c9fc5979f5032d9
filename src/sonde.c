/*
 * The library's face: a session's life from open to close, each call a thin
 * layer over the compiler (session_compile.c) and the runtime (src/run).
 */
#include "session.h"

#include "image/object.h"
#include "kernel/live_target.h"
#include "run/child.h"
#include "run/ring_size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT_NS 200000000

#ifndef SONDE_VERSION
#define SONDE_VERSION "0.1.0"
#endif

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_AST] = "ast",
	[STAGE_TYPES] = "types",
	[STAGE_IR] = "ir",
	[STAGE_IR_OPT] = "ir-opt",
	[STAGE_BPF] = "bpf",
	[STAGE_IMAGE] = "image",
	[STAGE_DIAGS] = "diags",
};

const char *sonde_version(void)
{
	return SONDE_VERSION;
}

struct sonde *sonde_open(const struct sonde_options *options)
{
	struct sonde *s;

	if (!options || options->size < offsetof(struct sonde_options, pid))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->options.warnings_level = 1;
	memcpy(&s->options, options,
	       options->size < sizeof(s->options) ? options->size : sizeof(s->options));
	arena_init(&s->arena);
	arena_init(&s->target_arena);
	arena_init(&s->kept_arena);
	return s;
}

void sonde_close(struct sonde *s)
{
	if (!s)
		return;
	run_close(s->run);
	child_close(s->child);
	print_close(s->printer);
	image_close(s->image);
	if (s->target.arena)
		target_close(&s->target);
	arena_free(&s->target_arena);
	arena_free(&s->kept_arena);
	arena_free(&s->arena);
	free(s);
}

void sonde_on_message(struct sonde *s, sonde_message_fn fn, void *arg)
{
	s->message = fn;
	s->message_arg = arg;
}

void sonde_on_event(struct sonde *s, sonde_event_fn fn, void *arg)
{
	s->event = fn;
	s->event_arg = arg;
}

/* For ever, until told to stop; then the events that were recorded are for so long,
 * and the results as long as somebody takes them. Told twice: no more. */
static int64_t wait_until_ns(void *arg, int64_t taken_ns)
{
	const struct sonde *s = arg;
	int64_t from = s->stop_ns;

	if (!s->stops)
		return INT64_MAX;
	if (s->stops > 1)
		return 0;
	if (s->run && run_has_results(s->run) && taken_ns > from)
		from = taken_ns;
	return from + STOP_WAIT_NS;
}

int sonde_print_to(struct sonde *s, int fd, int error_fd, enum sonde_format format,
		   enum sonde_flush flush)
{
	struct printer_options o = {
		.fd = fd,
		.error_fd = error_fd,
		.format = format,
		.flush = flush,
		.colour = s->options.colour,
		.quiet = s->options.quiet,
		.wait_until_ns = wait_until_ns,
		.arg = s,
	};

	print_close(s->printer);
	s->printer = NULL;
	return print_open(&s->printer, &o);
}

int sonde_dump(struct sonde *s, const char *stage, FILE *out)
{
	bool all = !strcmp(stage, "all");
	int found = -ENOENT;

	for (int i = 0; i < STAGE_COUNT; i++) {
		if (!all && strcmp(stage, stage_names[i]))
			continue;
		s->dumps[i] = out;
		found = 0;
	}
	return found;
}

/* ---- compiling ---- */

/* The command of -c, parked, before compiling: the script may ask for its pid. */
static int open_child(struct sonde *s)
{
	int err;

	if (!s->options.command || s->options.compile_only || s->child)
		return 0;
	err = child_open(&s->child, s->options.command);
	if (err == -ENOENT)
		session_tell(s, SONDE_ERROR, "cannot find the command '%s'", s->options.command);
	else if (err)
		session_tell(s, SONDE_ERROR, "cannot start the command '%s': %s",
			     s->options.command, strerror(-err));
	return err;
}

static int check_pid(struct sonde *s, int pid)
{
	char path[32];

	if (!pid || s->options.compile_only)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (!access(path, F_OK))
		return 0;
	session_tell(s, SONDE_ERROR, "there is no process %d", pid);
	return -ESRCH;
}

int session_check_pids(struct sonde *s)
{
	int err = check_pid(s, s->options.pid);

	for (size_t i = 0; !err && i < s->options.nr_unwind_pids; i++)
		err = check_pid(s, s->options.unwind_pids[i]);
	return err;
}

static int save_target(struct sonde *s)
{
	int err = s->options.save_target ? target_save(&s->target, s->options.save_target) : 0;

	if (err)
		session_tell(s, SONDE_ERROR, "cannot write the target '%s': %s",
			     s->options.save_target, strerror(-err));
	return err;
}

int sonde_compile(struct sonde *s, const char *name, const char *text, size_t len)
{
	int err = s->image ? -EBUSY : 0;

	if (!err)
		err = session_check_pids(s);
	if (!err)
		err = open_child(s);
	if (!err)
		err = session_open_target(s);
	if (!err)
		err = session_compile(s, name, text, len);
	return err ? err : save_target(s);
}

int sonde_object(struct sonde *s, void **data, size_t *len)
{
	struct sbuf out = { 0 };
	int err = s->image && !s->run ? object_write(s->image, (uint32_t)ring_size(s->image), &out)
				      : -EINVAL;

	if (err) {
		sbuf_close(&out);
		return err;
	}
	*data = out.at;
	*len = out.len;
	return 0;
}

/* ---- running ---- */

static void on_run_event(void *arg, const struct sonde_event *e)
{
	struct sonde *s = arg;

	if (s->event)
		s->event(s->event_arg, e);
	else if (s->printer)
		print_event(s->printer, e);
}

static void on_run_message(void *arg, enum sonde_severity severity, const char *text)
{
	session_tell(arg, severity, "%s", text);
}

static bool lacks_feature(const struct sonde *s, const char *name)
{
	for (size_t i = 0; i < s->options.nr_no_features; i++)
		if (!strcmp(s->options.no_features[i], name))
			return true;
	return false;
}

static int open_run(struct sonde *s)
{
	struct run_options o = {
		.pid = s->options.pid,
		.child = s->child,
		.warnings_level = s->options.no_warnings ? 0 : s->options.warnings_level,
		.verbose = s->options.verbose,
		.no_kprobe_multi = lacks_feature(s, "kprobe_multi"),
		.no_uprobe_multi = lacks_feature(s, "uprobe_multi"),
		.wait_detach = s->options.wait_detach,
		.dry_run = s->options.dry_run,
		.debug_dirs = { s->options.debug_dirs, s->options.nr_debug_dirs },
		.unwind_pids = s->options.unwind_pids,
		.nr_unwind_pids = s->options.nr_unwind_pids,
		.purpose = s->options.purpose,
		.text_only = !s->event && !(s->printer && print_wants_values(s->printer)),
		.map_batches = !s->event && s->printer && print_takes_batches(s->printer),
		.wants_frames = s->event || (s->printer && print_wants_frames(s->printer)),
	};
	struct run_callbacks c = { .arg = s, .event = on_run_event, .message = on_run_message };

	return run_open(&s->run, s->image, &o, &c);
}

int sonde_load(struct sonde *s)
{
	int err;

	if (!s->image || s->run)
		return -EINVAL;
	err = session_select(s);
	if (!err)
		err = open_run(s);
	if (!err)
		err = run_load(s->run);
	if (!err && s->stops)
		run_stop(s->run);
	return err;
}

int sonde_attach(struct sonde *s)
{
	return s->run ? run_attach(s->run) : -EINVAL;
}

int sonde_poll(struct sonde *s, int timeout_ms)
{
	int more, err = 0;

	if (!s->run)
		return -EINVAL;
	more = run_poll(s->run, timeout_ms);
	if (s->printer)
		err = print_end(s->printer);
	return err ? err : more;
}

int sonde_poll_fd(const struct sonde *s)
{
	return s->run ? run_poll_fd(s->run) : -EINVAL;
}

void sonde_stop(struct sonde *s)
{
	struct timespec now;

	if (!s->stops && !clock_gettime(CLOCK_MONOTONIC, &now))
		s->stop_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	s->stops++;
	if (s->run)
		run_stop(s->run);
}

void sonde_signal(struct sonde *s)
{
	if (s->run)
		run_signal(s->run);
}

static int finish_printing(struct sonde *s)
{
	bool traced = s->options.purpose == SONDE_TRACE;
	const char *lack = NULL;
	int err = traced ? print_picture(s->printer, &lack) : 0;

	if (lack)
		session_tell(s, SONDE_WARNING, "%s", lack);
	return err ? err : print_flush(s->printer);
}

int sonde_finish(struct sonde *s)
{
	int code, err = 0;

	if (!s->run)
		return -EINVAL;
	code = run_finish(s->run);
	if (s->printer)
		err = finish_printing(s);
	if (s->printer && print_dropped_lines(s->printer))
		session_tell(s, SONDE_WARNING, "stopped: %" PRIu64 " lines were not written, for "
			     "nobody took them", print_dropped_lines(s->printer));
	return err ? err : code;
}

int sonde_map_read(struct sonde *s, const char *name, const struct sonde_map_entry **entries,
		   size_t *nr_entries)
{
	return s->run ? run_map_read(s->run, name, entries, nr_entries) : -EINVAL;
}
