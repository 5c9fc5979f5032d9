/*
 * What the actions of records do: one function a kind, in one table.
 *
 * In: the action and its decoded fields. Out: events, and changes of maps and
 * of the session's course. An action never fails the session: what it cannot do
 * becomes a warning.
 */
#include "run/action.h"
#include "out/format.h"
#include "out/print.h"
#include "run/unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef int (*action_fn)(struct run *r, const struct action_input *in);

static struct sonde_event event_of(struct run *r, const struct action_input *in,
				   enum sonde_event_kind kind)
{
	struct sonde_event e = { .kind = kind, .probe = in->probe,
				 .place = run_place(r, &in->action->place) };

	if (in->has_context) {
		e.has_context = true;
		e.time_ns = in->context.time_ns + (uint64_t)r->decoder.wall_offset_ns;
		e.cpu = in->context.cpu;
		e.pid = in->context.pid;
		e.tid = in->context.tid;
	}
	return e;
}

/* The fields of the record as values, in the work arena. */
static const struct sonde_value *decode_fields(struct run *r, const struct action_input *in)
{
	const struct image_action *a = in->action;
	struct sonde_value *values = arena_array(&r->work, struct sonde_value, a->nr_fields + 1);

	for (size_t i = 0; i < a->nr_fields; i++)
		if (value_decode_field(&r->decoder, &a->fields[i], in->record, in->size_bytes,
				       &values[i]))
			r->out_of_memory = true;
	return values;
}

/* ---- what is printed ---- */

static void add_values(struct run *r, const struct action_input *in, struct sonde_event *e)
{
	e->values = decode_fields(r, in);
	e->nr_values = in->action->nr_fields;
}

/* The formatted text, valid until the next one. */
static void add_text(struct run *r, const struct action_input *in, struct sonde_event *e)
{
	sbuf_clear(&r->text);
	if (format_record(&r->text, &r->decoder, in->action, in->record, in->size_bytes))
		r->out_of_memory = true;
	e->text = sbuf_text(&r->text);
	e->len = r->text.len;
}

static int do_printf(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_PRINTF);

	add_text(r, in, &e);
	if (!r->options.text_only)
		add_values(r, in, &e);
	run_emit(r, &e);
	return 0;
}

/* A script error or warning of its own. */
static void emit_note(struct run *r, const struct action_input *in, enum sonde_event_kind kind)
{
	struct sonde_event e = event_of(r, in, kind);

	add_text(r, in, &e);
	add_values(r, in, &e);
	run_emit(r, &e);
}

static int do_errorf(struct run *r, const struct action_input *in)
{
	emit_note(r, in, SONDE_EVENT_ERRORF);
	return 0;
}

static int do_warnf(struct run *r, const struct action_input *in)
{
	if (r->options.warnings_level > 0)
		emit_note(r, in, SONDE_EVENT_WARNF);
	return 0;
}

static int do_print_value(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_VALUE);

	add_values(r, in, &e);
	e.name = e.values[0].name;
	run_emit(r, &e);
	return 0;
}

static int do_time(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_TIME);
	const char *format = in->action->text ? in->action->text : "%H:%M:%S\n";
	time_t now = time(NULL);
	char text[64];
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return 0;
	e.len = strftime(text, sizeof(text), format, &tm);
	if (!e.len && *format) {
		run_tell(r, SONDE_WARNING, "time: the text of \"%s\" does not fit into 64 bytes",
			 format);
		return 0;
	}
	text[e.len] = '\0';
	e.text = text;
	run_emit(r, &e);
	return 0;
}

static int do_join(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_JOIN);
	const char *separator = in->action->text ? in->action->text : " ";
	const struct sonde_value *values = decode_fields(r, in);
	bool first = true;

	sbuf_clear(&r->text);

	for (size_t i = 0; i < in->action->nr_fields; i++) {
		const struct sonde_value *v = &values[i];

		if (v->kind != SONDE_VALUE_STRING || !v->len)
			break;
		if (!first)
			sbuf_puts(&r->text, separator);
		sbuf_add(&r->text, v->text, v->len);
		first = false;
	}
	e.text = sbuf_text(&r->text);
	e.len = r->text.len;
	run_emit(r, &e);
	return 0;
}

/* ---- files and commands ---- */

#define MAX_SYSTEM_BYTES ((size_t)64 * 1024 * 1024)

#define SLICE_MS 50

/* Whether what a record asks for has to end now: told to stop since, or what was
 * recorded before has had its time. */
static bool is_over(const struct run *r, sig_atomic_t stops)
{
	return r->stop_count != stops || (r->drain_until_ns && run_now_ns() >= r->drain_until_ns);
}

/* Read a descriptor to its end, or to `max` bytes; files are not waited for. False:
 * it was left early. */
static bool read_all(struct run *r, int fd, bool is_command, size_t max, struct sbuf *all)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	sig_atomic_t stops = r->stop_count;
	char buf[4096];

	while (max) {
		ssize_t n;

		if (is_over(r, stops))
			return false;
		if (is_command && poll(&p, 1, SLICE_MS) <= 0)
			continue;
		n = read(fd, buf, max < sizeof(buf) ? max : sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sbuf_add(all, buf, (size_t)n);
		max -= (size_t)n;
	}
	return true;
}

static void emit_text(struct run *r, struct sonde_event *e, const struct sbuf *text)
{
	e->text = sbuf_text(text);
	e->len = text->len;
	run_emit(r, e);
}

static int do_cat(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_CAT);
	size_t max = r->image->config.max_cat_bytes ? r->image->config.max_cat_bytes : 10240;
	struct sbuf all = { 0 };
	int fd;

	add_text(r, in, &e);
	fd = open(e.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		run_tell(r, SONDE_ERROR, "failed to open file '%s' (%s)", e.text, strerror(errno));
		return 0;
	}
	read_all(r, fd, false, max, &all);
	close(fd);
	emit_text(r, &e, &all);
	sbuf_close(&all);
	return 0;
}

/* What it prints in both streams is ours; it ends with us. */
static void __attribute__((noreturn)) shell_main(const char *command, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Start a shell; *fd is what it writes. Returns its pid or a negative errno. */
static pid_t start_shell(const char *command, int *fd)
{
	int pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		shell_main(command, pipe_fd[1]);
	if (pid < 0)
		pid = -errno;
	close(pipe_fd[1]);
	*fd = pipe_fd[0];
	if (pid < 0)
		close(pipe_fd[0]);
	return pid;
}

/* Wait for a command that has closed its output, or that shall end. */
static int await_command(pid_t pid, bool is_left)
{
	int status = 0;

	if (is_left)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The output of a command that fails is dropped. One that the end of the run does not
 * wait for stops the reading, too: the next record may be another. */
static int do_system(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_SYSTEM);
	struct sbuf all = { 0 };
	int fd = -1, status;
	bool is_whole;
	pid_t pid;

	add_text(r, in, &e);
	pid = start_shell(e.text, &fd);
	if (pid < 0) {
		run_tell(r, SONDE_ERROR, "could not start a command: %s", strerror(-pid));
		return 0;
	}
	is_whole = read_all(r, fd, true, MAX_SYSTEM_BYTES, &all);
	close(fd);
	status = await_command(pid, !is_whole);
	if (!is_whole)
		run_tell(r, SONDE_WARNING, "stopped: the command '%s' was ended", e.text);
	else if (WIFEXITED(status) && !WEXITSTATUS(status))
		emit_text(r, &e, &all);
	else if (WIFEXITED(status))
		run_tell(r, SONDE_ERROR, "command exited with code %d", WEXITSTATUS(status));
	else
		run_tell(r, SONDE_ERROR, "command was ended by signal %d", WTERMSIG(status));
	sbuf_close(&all);
	return !is_whole;
}

/* ---- maps ---- */

static const struct script_map *map_of(struct run *r, const struct image_action *a)
{
	return a->script_map < r->image->script_maps.n ? &r->image->script_maps.at[a->script_map]
							: NULL;
}

/* Whether the map has been printed since it was empty. */
static bool *told(struct run *r, const struct script_map *m)
{
	return &r->told[m - r->image->script_maps.at];
}

static void divide(const struct script_map *m, const struct sonde_map_entry *entries, size_t n,
		   uint64_t div)
{
	for (size_t i = 0; div > 1 && i < n; i++)
		value_divide(m->value, (struct sonde_value *)(uintptr_t)entries[i].value, div);
}

static int emit_batch(struct run *r, const struct script_map *m, struct snapshot *s, size_t from,
		      uint64_t div, struct sonde_event *e)
{
	struct sonde_map_entry batch[MAP_BATCH];
	size_t n = s->n - from < MAP_BATCH ? s->n - from : MAP_BATCH;
	int err = run_snapshot_batch(r, m, s, from, n, batch);

	if (err)
		return err;
	divide(m, batch, n, div);
	e->entries = batch;
	e->nr_entries = n;
	e->map_goes_on = from > 0;
	run_emit(r, e);
	return 0;
}

static void emit_map(struct run *r, const struct script_map *m, struct snapshot *s, uint64_t div,
		     struct sonde_event e)
{
	int err = 0;

	e.kind = SONDE_EVENT_MAP;
	e.name = m->name;
	e.map_kind = value_map_kind(m->value);
	e.map_is_keyed = !m->is_scalar;
	e.entries = s->entries;
	e.nr_entries = s->n;
	e.key_names = m->key_names;
	e.nr_key_names = m->nr_key_names;
	e.map_repeats = *told(r, m);
	*told(r, m) = true;
	if (!s->raw) {
		divide(m, s->entries, s->n, div);
		run_emit(r, &e);
	}
	for (size_t i = 0; s->raw && i < s->n && !err; i += MAP_BATCH)
		err = emit_batch(r, m, s, i, div, &e);
	arena_free(&r->keys);
	if (err)
		r->out_of_memory = true;
}

void action_emit_map(struct run *r, const struct script_map *m, struct snapshot *s)
{
	emit_map(r, m, s, 1, (struct sonde_event){ 0 });
}

static bool has_rows(const struct value_layout *value)
{
	return value->kind == VALUE_HIST || value->kind == VALUE_LHIST ||
	       value->kind == VALUE_TSERIES;
}

/* print(@scalar) of a map that has no value shows the type's zero. */
static void add_zero(struct run *r, const struct script_map *m, struct snapshot *s)
{
	struct sonde_map_entry *entry = arena_new(&r->work, struct sonde_map_entry);
	struct sonde_value *value = arena_new(&r->work, struct sonde_value);
	const void *bytes = arena_alloc(&r->work, m->value->size_bytes + 1);

	if (value_decode(&r->decoder, m->value, bytes, m->value->size_bytes, value))
		return;
	entry->value = value;
	s->entries = entry;
	s->n = 1;
	s->raw = NULL;
}

/* What print(@m, top, div) shows of a snapshot. */
static void print_snapshot(struct run *r, const struct action_input *in, struct snapshot *s)
{
	const struct image_action *a = in->action;
	const struct script_map *m = map_of(r, a);

	if (m->is_scalar && !s->n && !has_rows(m->value))
		add_zero(r, m, s);
	if (a->top && a->top < s->n && m->value->kind != VALUE_TSERIES) {
		s->entries += s->raw ? 0 : s->n - a->top;
		s->raw += s->raw ? s->n - a->top : 0;
		s->n = (size_t)a->top;
	}
	emit_map(r, m, s, a->div, event_of(r, in, SONDE_EVENT_MAP));
}

static void tell_map_error(struct run *r, const struct script_map *m, const char *what, int err)
{
	if (err)
		run_tell(r, SONDE_WARNING, "could not %s map @%s: %s", what, m->name,
			 strerror(-err));
}

static int do_print_map(struct run *r, const struct action_input *in)
{
	const struct script_map *m = map_of(r, in->action);
	struct snapshot s = { 0 };
	int err = m ? run_snapshot(r, m, &r->work, &s) : 0;

	if (m && !err)
		print_snapshot(r, in, &s);
	else if (m)
		tell_map_error(r, m, "read", err);
	return 0;
}

static int do_take(struct run *r, const struct action_input *in)
{
	const struct script_map *m = map_of(r, in->action);
	struct snapshot s = { 0 };
	int err = m ? run_take(r, m, in->action->take_zero, &r->work, &s) : 0;

	if (m && !err)
		print_snapshot(r, in, &s);
	else if (m)
		tell_map_error(r, m, "take", err);
	if (m)
		*told(r, m) = false;
	return 0;
}

static void empty_map(struct run *r, const struct script_map *m, const char *what, int err)
{
	tell_map_error(r, m, what, err);
	*told(r, m) = false;
}

static int do_clear(struct run *r, const struct action_input *in)
{
	const struct script_map *m = map_of(r, in->action);

	if (m)
		empty_map(r, m, "clear", run_map_clear(r, m));
	return 0;
}

static int do_zero(struct run *r, const struct action_input *in)
{
	const struct script_map *m = map_of(r, in->action);

	if (m)
		empty_map(r, m, "zero", run_map_zero(r, m));
	return 0;
}

/* ---- the run's course ---- */

static int do_exit(struct run *r, const struct action_input *in)
{
	if (in->action->nr_fields)
		r->exit_code = (int)(decode_fields(r, in)->unsigned_number & 0xff);
	r->end = RUN_EXIT;
	return 1;
}

static int do_unwatch(struct run *r, const struct action_input *in)
{
	if (in->action->nr_fields)
		run_unwatch(r, decode_fields(r, in)->unsigned_number);
	return 0;
}

static int do_unwind(struct run *r, const struct action_input *in)
{
	uint64_t pid;

	if (r->stop_count || r->end != RUN_GOES_ON)	/* no program unwinds any more */
		return 0;
	memcpy(&pid, (const char *)in->record + in->action->size_bytes - sizeof(pid), sizeof(pid));
	run_unwind_process(r, (pid_t)pid);
	return 0;
}

static int do_runtime_error(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_RUNTIME_ERROR);

	if (r->options.warnings_level < 1)
		return 0;
	e.text = in->action->text;
	e.len = e.text ? strlen(e.text) : 0;
	run_emit(r, &e);
	return 0;
}

static int do_helper_error(struct run *r, const struct action_input *in)
{
	struct sonde_event e = event_of(r, in, SONDE_EVENT_HELPER_ERROR);

	if (r->options.warnings_level < 1)
		return 0;
	e.name = in->action->text ? in->action->text : "";
	if (in->action->nr_fields)
		e.return_code = (int)decode_fields(r, in)->number;
	e.text = print_helper_reason(e.name, e.return_code);
	e.len = strlen(e.text);
	run_emit(r, &e);
	return 0;
}

static const action_fn actions[ACTION_KIND_COUNT] = {
	[ACTION_PRINTF] = do_printf, [ACTION_ERRORF] = do_errorf, [ACTION_WARNF] = do_warnf,
	[ACTION_SYSTEM] = do_system, [ACTION_CAT] = do_cat,
	[ACTION_PRINT_VALUE] = do_print_value, [ACTION_PRINT_MAP] = do_print_map,
	[ACTION_CLEAR] = do_clear, [ACTION_ZERO] = do_zero, [ACTION_TAKE] = do_take,
	[ACTION_EXIT] = do_exit, [ACTION_TIME] = do_time, [ACTION_JOIN] = do_join,
	[ACTION_UNWATCH] = do_unwatch, [ACTION_UNWIND] = do_unwind,
	[ACTION_RUNTIME_ERROR] = do_runtime_error, [ACTION_HELPER_ERROR] = do_helper_error,
};

int action_run(struct run *r, const struct action_input *in)
{
	action_fn fn = in->action->kind < ACTION_KIND_COUNT ? actions[in->action->kind] : NULL;

	return fn ? fn(r, in) : 0;
}
