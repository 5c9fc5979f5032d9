/*
 * The command: options in, a session of the library, exit status out. All that
 * it can do, a program that links libsonde can do.
 *
 * Exit status: the script's own on a normal end, 1 for what the user can mend
 * before running (usage, script, privileges, output file), 255 when the kernel
 * refused to load or attach; killed by SIGPIPE when nobody reads the output.
 */
#include "cli/compiler_bench.h"
#include "cli/file.h"
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_USER 1
#define STATUS_KERNEL 255
#define STATUS_INTERRUPTED 130
#define POLL_MS 100
#define READ_CHUNK 65536

/* The only mutable globals: signal handlers have no other way to the session. */
static struct sonde *volatile session;
static volatile sig_atomic_t stops, is_tracing;

/* Until something is loaded there is nothing to take back or to print. */
static void on_stop_signal(int sig)
{
	if (!is_tracing)
		_exit(128 + sig);
	if (++stops >= 3)
		_exit(STATUS_INTERRUPTED);
	if (session)
		sonde_stop(session);
}

static void on_user_signal(int sig)
{
	(void)sig;
	if (session)
		sonde_signal(session);
}

static void handle_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop_signal };
	struct sigaction user = { .sa_handler = on_user_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGUSR1, &user, NULL);
	sigaction(SIGPIPE, &ignore, NULL);	/* EPIPE tells, after which we detach first */
}

/* End as by SIGPIPE, now that everything is detached. */
static int die_of_closed_pipe(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
	return 128 + SIGPIPE;
}

/* Told to stop, we do not wait for whoever should read the messages. */
static bool may_tell(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return !stops || poll(&p, 1, 0) != 0;
}

static void show_message(void *arg, const struct sonde_message *m)
{
	const struct cli_options *o = arg;

	if ((m->severity != SONDE_DEBUG || o->verbose) && may_tell())
		fputs(m->rendered, stderr);
}

/* Append what one read gives. Returns the number of bytes or a negative errno. */
static ssize_t read_more(int fd, char **text, size_t *cap, size_t n)
{
	ssize_t got;

	if (*cap - n < READ_CHUNK) {
		char *p = realloc(*text, *cap + 2 * READ_CHUNK);

		if (!p)
			return -ENOMEM;
		*text = p;
		*cap += 2 * READ_CHUNK;
	}
	do {
		got = read(fd, *text + n, *cap - n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* All of a file in fresh memory, which is the caller's in any case. */
static int read_all(int fd, char **text, size_t *len)
{
	size_t cap = 0;
	ssize_t got;

	*len = 0;
	while ((got = read_more(fd, text, &cap, *len)) > 0)
		*len += (size_t)got;
	return (int)got;
}

static int read_script(const struct cli_options *o, char **text, size_t *len)
{
	int fd = STDIN_FILENO, err;

	if (o->bundle) {
		*text = malloc(o->bundle->len + 1);
		*len = o->bundle->len;
		if (*text)
			memcpy(*text, o->bundle->text, *len + 1);
		return *text ? 0 : -ENOMEM;
	}
	if (o->script_text) {
		*text = strdup(o->script_text);
		*len = strlen(o->script_text);
		return *text ? 0 : -ENOMEM;
	}
	if (strcmp(o->script_file, "-")) {
		fd = open(o->script_file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	err = read_all(fd, text, len);
	if (fd != STDIN_FILENO)
		close(fd);
	return err;
}

static int request_dumps(struct sonde *s, const struct cli_options *o)
{
	for (size_t i = 0; i < o->dumps.n; i++) {
		if (!sonde_dump(s, o->dumps.at[i], stdout))
			continue;
		fprintf(stderr, "ERROR: -d knows no stage '%s'\n"
			"HINT: stages are: ast, types, ir, ir-opt, bpf, image, diags, all\n",
			o->dumps.at[i]);
		return STATUS_USER;
	}
	return 0;
}

/* Read the script; what cannot be read has been told. The memory is the caller's
 * in any case. */
static int get_script(const struct cli_options *o, char **text, size_t *len)
{
	int err = read_script(o, text, len);

	if (err)
		fprintf(stderr, "ERROR: failed to open file '%s': %s\n", o->script_file,
			strerror(-err));
	return err;
}

static const char *script_name(const struct cli_options *o)
{
	if (o->bundle)
		return o->bundle->name;
	return !o->script_text && strcmp(o->script_file, "-") ? o->script_file : "stdin";
}

static bool is_same(const struct stat *st, const char *path)
{
	struct stat other;

	return !stat(path, &other) && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* Is this one of the files that were compiled? */
static bool is_source(const struct sonde *s, const struct cli_options *o, const char *path)
{
	const struct sonde_file *files;
	struct stat st;
	size_t n;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	if (o->script_file && is_same(&st, strcmp(o->script_file, "-") ? o->script_file :
							 "/dev/stdin"))
		return true;
	n = sonde_files(s, &files);
	for (size_t i = 0; i < n; i++)
		if (is_same(&st, files[i].name))
			return true;
	return false;
}

/* A name mistyped is not to cost the script. */
static int check_sources(const struct sonde *s, const struct cli_options *o)
{
	const struct { const char *what, *file; } made[] = {
		{ "program", o->program_file }, { "object file", o->object_file },
		{ "output", o->output_file },
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		if (!made[i].file || !is_source(s, o, made[i].file))
			continue;
		fprintf(stderr, "ERROR: '%s' is what the %s is to be made of\n"
			"HINT: name another file\n", made[i].file, made[i].what);
		return STATUS_USER;
	}
	return 0;
}

/* --aot: `text` is the script that was compiled. */
static int make_program(struct sonde *s, const struct cli_options *o, const char *text, size_t len)
{
	struct bundle b = { .name = script_name(o), .text = text, .len = len,
			    .nr_options = o->given.n, .nr_params = o->nr_params };
	const struct sonde_file *files;
	int err = 0;

	b.nr_files = sonde_files(s, &files);
	b.files = (struct sonde_file *)files;
	b.words = calloc(b.nr_options + b.nr_params + 1, sizeof(*b.words));
	if (!b.words)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < b.nr_options; i++)
		b.words[i] = o->given.at[i];
	for (size_t i = 0; !err && i < b.nr_params; i++)
		b.words[b.nr_options + i] = (char *)o->params[i];
	if (!err)
		err = bundle_write(o->program_file, &b);
	free(b.words);
	if (err)
		fprintf(stderr, "ERROR: cannot write the program '%s': %s\n", o->program_file,
			strerror(-err));
	return err ? STATUS_USER : 0;
}

static int compile(struct sonde *s, const struct cli_options *o)
{
	char *text = NULL;
	size_t len = 0;
	int status = 0, err = get_script(o, &text, &len);

	if (!err)
		err = request_dumps(s, o);
	if (!err)
		err = sonde_compile(s, script_name(o), text, len);
	if (!err)
		status = check_sources(s, o);
	if (!err && !status && o->program_file)
		status = make_program(s, o, text, len);
	free(text);
	if (err == -ENOMEM)
		fprintf(stderr, "ERROR: out of memory\n");
	return err ? STATUS_USER : status;
}

/* Poll until the run ends. Returns 0 or a negative errno. */
static int run_until_end(struct sonde *s)
{
	int more;

	do {
		more = sonde_poll(s, POLL_MS);
	} while (more > 0);
	return more;
}

/* The exit status after a failed write; -EPIPE is kept for the very end. */
static int report_output_error(const struct cli_options *o, int err)
{
	if (err == -EPIPE)
		return 128 + SIGPIPE;
	fprintf(stderr, "ERROR: cannot write to %s: %s\n",
		o->output_file ? o->output_file : "standard output", strerror(-err));
	return STATUS_USER;
}

/* Tests of other tracers wait for this line before they start their load. */
static void notify_attached(void)
{
	static const char hook[] = "__BPFTRACE_NOTIFY_PROBES_ATTACHED";

	if (getenv(hook)) {
		puts(hook);
		fflush(stdout);
	}
}

static int trace(struct sonde *s, const struct cli_options *o)
{
	int n, err, code;

	is_tracing = 1;
	err = sonde_load(s);
	if (err)
		return err == -EPERM ? STATUS_USER : STATUS_KERNEL;
	n = sonde_attach(s);
	if (n < 0)
		return STATUS_KERNEL;
	if (!n) {
		if (!o->quiet)
			puts("No probes to attach");
		return STATUS_USER;
	}
	if (o->dry_run)
		return 0;
	notify_attached();
	err = run_until_end(s);
	code = sonde_finish(s);
	if (!err && code < 0)
		err = code;
	return err ? report_output_error(o, err) : code;
}

/* --fmt: nothing is written when the script has errors. */
static int format(struct sonde *s, const struct cli_options *o)
{
	char *text = NULL, *formatted = NULL;
	size_t len = 0;
	int status = STATUS_USER, err = get_script(o, &text, &len);

	if (!err)
		err = sonde_format(s, script_name(o), text, len, &formatted, &len);
	if (err == -ENOMEM)
		fprintf(stderr, "ERROR: out of memory\n");
	if (!err) {
		err = file_write(o->output_file, formatted, len, 0666);
		status = err ? report_output_error(o, err) : 0;
	}
	free(text);
	free(formatted);
	return status;
}

static int open_output(const struct cli_options *o)
{
	int fd;

	if (!o->output_file && o->format == SONDE_PPROF && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "ERROR: -f pprof is not for a terminal: it is packed\n"
			"HINT: name a file with -o\n");
		return -1;
	}
	if (!o->output_file)
		return STDOUT_FILENO;
	fd = open(o->output_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		fprintf(stderr, "ERROR: cannot open output file '%s': %s\n", o->output_file,
			strerror(errno));
	return fd;
}

/* --emit-elf */
static int emit_object(struct sonde *s, const struct cli_options *o)
{
	void *data = NULL;
	size_t len;
	int err = sonde_object(s, &data, &len);

	if (!err)
		err = file_write(o->object_file, data, len, 0666);
	free(data);
	if (err)
		fprintf(stderr, "ERROR: cannot write the object file '%s': %s\n", o->object_file,
			strerror(-err));
	return err ? STATUS_USER : 0;
}

static bool is_compile_only(const struct cli_options *o)
{
	return o->mode == CLI_CODEGEN || o->mode == CLI_COMPILER_BENCH || o->dumps.n ||
	       o->save_target || o->program_file;
}

/* Open the output; *fd is the caller's, to be closed after the session. */
static int start_printing(struct sonde *s, const struct cli_options *o, int *fd)
{
	*fd = open_output(o);
	if (*fd < 0)
		return STATUS_USER;
	return sonde_print_to(s, *fd, STDERR_FILENO, o->format, o->flush) ? STATUS_USER : 0;
}

/* A file is opened for a script without errors only; events are told of them, too. */
static int compile_and_run(struct sonde *s, const struct cli_options *o, int *fd)
{
	bool early = o->format == SONDE_EVENTS && !is_compile_only(o);
	int status = check_sources(s, o);	/* of the script; compile() knows the others */

	if (!status && early)
		status = start_printing(s, o, fd);
	if (!status)
		status = compile(s, o);
	if (!status && o->object_file)
		status = emit_object(s, o);
	if (status || is_compile_only(o))
		return status;
	if (!early)
		status = start_printing(s, o, fd);
	return status ? status : trace(s, o);
}

/* --mode compiler-bench: each time in a session of its own. */
struct bench {
	const struct cli_options *o;
	const char *text;
	size_t len;
};

static struct sonde *open_session(const struct cli_options *o);

static int compile_once(void *arg)
{
	const struct bench *b = arg;
	struct sonde *s = open_session(b->o);
	int err;

	if (!s)
		return -ENOMEM;
	sonde_on_message(s, show_message, (void *)b->o);
	err = sonde_compile(s, script_name(b->o), b->text, b->len);
	sonde_close(s);
	return err;
}

static int bench_compiler(const struct cli_options *o)
{
	char *text = NULL;
	struct bench b = { .o = o };
	int err = get_script(o, &text, &b.len);

	b.text = text;
	if (!err)
		err = compiler_bench(compile_once, &b);
	free(text);
	return err ? STATUS_USER : 0;
}

static void print_line(const char *line, void *arg)
{
	(void)arg;
	puts(line);
}

/* -l of a script: that of -e, or a file of this name. */
static int list_script(struct sonde *s, const struct cli_options *o)
{
	char *text = NULL;
	size_t len = 0;
	int err = get_script(o, &text, &len);

	if (!err)
		err = sonde_list_script(s, script_name(o), text, len, print_line, NULL);
	free(text);
	return err;
}

static int list(struct sonde *s, const struct cli_options *o)
{
	int err;

	if (o->script_text || o->script_file || o->bundle)
		err = list_script(s, o);
	else
		err = sonde_list(s, o->list_pattern ? o->list_pattern : "*", print_line, NULL);
	if (err)
		return STATUS_USER;
	return fflush(stdout) ? report_output_error(o, -errno) : 0;
}

static int info(struct sonde *s, const struct cli_options *o)
{
	int err = sonde_info(s, print_line, NULL);

	if (fflush(stdout))
		return report_output_error(o, -errno);
	return err ? STATUS_USER : 0;
}

/* SONDE_COLOR or BPFTRACE_COLOR: auto, always, never. */
static bool wants_colour(void)
{
	const char *word = getenv("SONDE_COLOR") ? getenv("SONDE_COLOR") : getenv("BPFTRACE_COLOR");

	if (word && !strcmp(word, "always"))
		return true;
	if (word && !strcmp(word, "never"))
		return false;
	if (word && strcmp(word, "auto"))
		fprintf(stderr, "WARNING: the colour mode is auto, always or never, not '%s'\n",
			word);
	return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

static struct sonde *open_session(const struct cli_options *o)
{
	struct sonde_options so = {
		.size = sizeof(so),
		.params = o->params,
		.nr_params = o->nr_params,
		.pid = o->pid,
		.command = o->command,
		.unsafe_mode = o->unsafe_mode,
		.no_warnings = o->no_warnings,
		.warnings_level = o->warnings_level,
		.target_file = o->target_file,
		.save_target = o->save_target,
		.no_features = o->no_features.at,
		.nr_no_features = o->no_features.n,
		.include_dirs = o->include_dirs.at,
		.nr_include_dirs = o->include_dirs.n,
		.includes = o->includes.at,
		.nr_includes = o->includes.n,
		.debug_dirs = o->debug_dirs.at,
		.nr_debug_dirs = o->debug_dirs.n,
		.unwind_pids = o->unwind_pids,
		.nr_unwind_pids = o->nr_unwind_pids,
		.verbose = o->verbose,
		.colour = wants_colour(),
		.quiet = o->quiet,
		.wait_detach = o->wait_detach,
		.dry_run = o->dry_run,
		.files = o->bundle ? o->bundle->files : NULL,
		.nr_files = o->bundle ? o->bundle->nr_files : 0,
		.keep_files = o->program_file || o->object_file || o->output_file,
		.only_files = o->bundle != NULL,
		.purpose = o->purpose,
		.probe_filter = o->probe_filter,
		.functions_file = o->functions_file,
		.compile_only = is_compile_only(o),
		.context = o->format == SONDE_EVENTS,
	};

	return sonde_open(&so);
}

static int run_session(struct cli_options *o)
{
	struct sonde *s = open_session(o);
	int status, fd = -1;

	if (!s) {
		fprintf(stderr, "ERROR: out of memory\n");
		return STATUS_USER;
	}
	sonde_on_message(s, show_message, o);
	session = s;
	handle_signals();
	if (o->mode == CLI_LIST)
		status = list(s, o);
	else if (o->mode == CLI_INFO)
		status = info(s, o);
	else if (o->mode == CLI_COMPILER_BENCH)
		status = bench_compiler(o);
	else if (o->mode == CLI_FORMAT)
		status = format(s, o);
	else
		status = compile_and_run(s, o, &fd);
	session = NULL;
	sonde_close(s);
	if (fd >= 0 && fd != STDOUT_FILENO && close(fd))
		status = report_output_error(o, -errno);
	return status == 128 + SIGPIPE ? die_of_closed_pipe() : status;
}

/* The exit status when all that was to be printed has been. */
static int flush_output(const struct cli_options *o)
{
	int status = fflush(stdout) ? report_output_error(o, -errno) : 0;

	return status == 128 + SIGPIPE ? die_of_closed_pipe() : status;
}

static int print_version(const struct cli_options *o)
{
	/* Called as bpftrace, say the version whose behaviour this is: scripts ask. */
	if (!strcmp(o->program, "bpftrace"))
		puts("bpftrace v0.27.1");
	else
		printf("sonde v%s\n", sonde_version());
	return flush_output(o);
}

/* Nothing that we open may come where a closed standard stream is looked for: messages would
 * go into the output file. What is opened for 1 and 2 cannot be written: that is told. */
static void keep_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int run(struct cli_options *o)
{
	if (o->mode == CLI_VERSION)
		return print_version(o);
	if (o->mode == CLI_HELP) {
		options_usage(o, false);
		return flush_output(o);
	}
	return run_session(o);
}

int main(int argc, char **argv)
{
	struct bundle bundle;
	struct cli_options o;
	int status, found;

	keep_standard_streams();
	found = bundle_find(&bundle);
	if (found < 0) {
		fprintf(stderr, "ERROR: cannot read the script that this program carries: %s\n",
			found == -EINVAL ? "it is damaged" : strerror(-found));
		bundle_close(&bundle);
		return STATUS_USER;
	}
	status = options_parse(&o, argc, argv, found ? &bundle : NULL);
	if (status < 0)
		status = run(&o);
	options_close(&o);
	bundle_close(&bundle);
	return status;
}
