/*
 * The command line: one table of options, from which both parsing and the
 * usage text are made.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PID 4194304

/* Options without a short form. */
enum option_id {
	OPT_MODE = 256, OPT_DRY_RUN, OPT_UNSAFE, OPT_NO_WARNINGS, OPT_NO_FEATURE, OPT_TARGET,
	OPT_SAVE_TARGET,
	OPT_WAIT_DETACH, OPT_INFO, OPT_FMT, OPT_TEST, OPT_BENCH, OPT_AOT, OPT_INCLUDE,
	OPT_PROBE_FILTER, OPT_EMIT_ELF, OPT_TRACEABLE, OPT_DEBUGINFO, OPT_DWARF_PID, OPT_USDT,
	OPT_EMIT_LLVM, OPT_VERIFY_LLVM,
};

struct option_row {
	int id;			/* short option's letter, or enum option_id */
	const char *name;	/* long option, or NULL */
	const char *arg;	/* what the argument is called; NULL: none */
	const char *help;	/* NULL: not shown */
	bool of_tool;		/* not for a program that carries its script */
	bool of_making;		/* such a program is made with it, but not run */
	const char *refusal;	/* bpftrace's, but not ours: why, and what to do instead */
	/* One of these: a flag to set, a text to store, or a function. */
	size_t flag, text;	/* offsets in struct cli_options, 0: none */
	bool (*set)(struct cli_options *o, const char *arg);
};

static int out_of_memory(void)
{
	fprintf(stderr, "ERROR: out of memory\n");
	return 1;
}

/* Takes the word, which came from malloc. False: a message has been printed. */
static bool own(struct cli_owned *words, char *word)
{
	char **at = word ? realloc(words->at, (words->n + 1) * sizeof(*at)) : NULL;

	if (!at) {
		free(word);
		return !out_of_memory();
	}
	words->at = at;
	words->at[words->n++] = word;
	return true;
}

static void free_owned(struct cli_owned *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->at[i]);
	free(words->at);
}

static bool set_list(struct cli_options *o, const char *arg)
{
	(void)arg;
	o->mode = CLI_LIST;
	return true;
}

/* 0: a message has been printed. */
static int parse_pid(const char *arg)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(arg, &end, 0);
	if (end == arg)
		fprintf(stderr, "ERROR: Failed to parse pid: invalid integer: %s\n", arg);
	else if (*end)
		fprintf(stderr, "ERROR: Failed to parse pid: invalid trailing bytes: %s\n", arg);
	else if (errno || pid <= 0 || pid > MAX_PID)
		fprintf(stderr, "ERROR: Pid out of range: %s\nHINT: process ids are from 1 to %d\n",
			arg, MAX_PID);
	else
		return (int)pid;
	return 0;
}

static bool set_pid(struct cli_options *o, const char *arg)
{
	o->pid = parse_pid(arg);
	return o->pid;
}

static bool add_unwind_pid(struct cli_options *o, const char *arg)
{
	int pid = parse_pid(arg);

	if (pid && o->nr_unwind_pids == CLI_MAX_WORDS)
		fprintf(stderr, "ERROR: --dwarf-pid was given more than %d times\n", CLI_MAX_WORDS);
	if (!pid || o->nr_unwind_pids == CLI_MAX_WORDS)
		return false;
	o->unwind_pids[o->nr_unwind_pids++] = pid;
	return true;
}

/* The position of `arg` among the words (NULL-terminated), or -1 with a message. */
static int word_index(const char *option, const char *arg, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(arg, words[i]))
			return i;
	fprintf(stderr, "ERROR: %s \"%s\"\nHINT: known are:", option, arg);
	for (int i = 0; words[i]; i++)
		fprintf(stderr, "%s %s", i ? "," : "", words[i]);
	fprintf(stderr, "\n");
	return -1;
}

static bool set_format(struct cli_options *o, const char *arg)
{
	/* As enum sonde_format. */
	static const char *const words[] = { "text", "json", "events", "folded", "speedscope",
					     "pprof", "flame", NULL };
	int i = word_index("Invalid output format", arg, words);

	o->format = (enum sonde_format)(i > 0 ? i : 0);
	return i >= 0;
}

static bool set_flush(struct cli_options *o, const char *arg)
{
	/* As enum sonde_flush. */
	static const char *const words[] = { "line", "full", "none", NULL };
	int i = word_index("-B", arg, words);

	o->flush = (enum sonde_flush)(i > 0 ? i : 0);
	return i >= 0;
}

/* A mode by its name. */
static const struct mode_word {
	const char *name;
	enum cli_mode mode;
	enum sonde_purpose purpose;
} modes[] = {
	{ "codegen", CLI_CODEGEN, SONDE_TRACE },
	{ "compiler-bench", CLI_COMPILER_BENCH, SONDE_TRACE },
	{ "bench", CLI_RUN, SONDE_BENCH },
	{ "test", CLI_RUN, SONDE_TEST },
	{ "format", CLI_FORMAT, SONDE_TRACE },
};

static void take_mode(struct cli_options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, name)) {
			o->mode = modes[i].mode;
			o->purpose = modes[i].purpose;
			o->mode_given = true;
		}
}

/* The last one counts. */
static bool set_mode(struct cli_options *o, const char *arg)
{
	static const char *const words[] = { "codegen", "compiler-bench", "bench", "test",
					     "format", NULL };

	if (word_index("--mode", arg, words) < 0)
		return false;
	take_mode(o, arg);
	return true;
}

/* An option that stands for a mode takes no other one's place. */
static bool set_only_mode(struct cli_options *o, const char *option, const char *mode)
{
	if (o->mode_given) {
		fprintf(stderr, "ERROR: USAGE: %s conflicts with existing --mode\n", option);
		return false;
	}
	take_mode(o, mode);
	return true;
}

static bool set_fmt(struct cli_options *o, const char *arg)
{
	(void)arg;
	return set_only_mode(o, "--fmt", "format");
}

static bool set_test(struct cli_options *o, const char *arg)
{
	(void)arg;
	return set_only_mode(o, "--test", "test");
}

static bool set_bench(struct cli_options *o, const char *arg)
{
	(void)arg;
	return set_only_mode(o, "--bench", "bench");
}

static bool set_more_warnings(struct cli_options *o, const char *arg)
{
	(void)arg;
	if (o->warnings_level == 2) {
		fprintf(stderr, "ERROR: USAGE: -k was given twice; a single -k shows all runtime "
			"warnings\n");
		return false;
	}
	o->warnings_level = 2;
	return true;
}

static bool add_words_between(struct cli_options *o, struct cli_words *words, const char *arg,
			      const char *between)
{
	char *copy = strdup(arg), *rest = NULL;

	if (!own(&o->split, copy))
		return false;
	for (char *w = strtok_r(copy, between, &rest); w; w = strtok_r(NULL, between, &rest)) {
		if (words->n == CLI_MAX_WORDS) {
			fprintf(stderr, "ERROR: too many words in '%s'\n", arg);
			return false;
		}
		words->at[words->n++] = w;
	}
	return true;
}

static bool add_words(struct cli_options *o, struct cli_words *words, const char *arg)
{
	return add_words_between(o, words, arg, ",");
}

/* bpftrace takes a "+" or "-" before a folder: whether to check what is there. It always
 * is here. */
static bool add_debug_dirs(struct cli_options *o, const char *arg)
{
	size_t i = o->debug_dirs.n;

	if (!add_words_between(o, &o->debug_dirs, arg, ":"))
		return false;
	for (; i < o->debug_dirs.n; i++)
		if (strchr("+-", *o->debug_dirs.at[i]))
			o->debug_dirs.at[i]++;
	return true;
}

static bool add_file(struct cli_words *words, const char *option, const char *arg)
{
	if (words->n == CLI_MAX_WORDS) {
		fprintf(stderr, "ERROR: %s was given more than %d times\n", option, CLI_MAX_WORDS);
		return false;
	}
	words->at[words->n++] = arg;
	return true;
}

static bool add_include_dir(struct cli_options *o, const char *arg)
{
	return add_file(&o->include_dirs, "-I", arg);
}

static bool add_include(struct cli_options *o, const char *arg)
{
	return add_file(&o->includes, "--include", arg);
}

/* bpftrace's names of stages. */
static const struct {
	const char *name, *stage;	/* NULL: none of the compiler's */
} stage_aliases[] = {
	{ "parse", "ast" }, { "codegen", "ir" }, { "codegen-opt", "ir-opt" }, { "dis", "bpf" },
	{ "asm", "bpf" }, { "libbpf", NULL }, { "verifier", NULL },
};

static bool set_dump(struct cli_options *o, const char *arg)
{
	size_t from = o->dumps.n, kept = from;

	if (!add_words(o, &o->dumps, arg))
		return false;
	for (size_t i = from; i < o->dumps.n; i++) {
		const char *stage = o->dumps.at[i];

		for (size_t k = 0; k < sizeof(stage_aliases) / sizeof(stage_aliases[0]); k++)
			if (!strcmp(stage_aliases[k].name, o->dumps.at[i]))
				stage = stage_aliases[k].stage;
		if (stage)
			o->dumps.at[kept++] = stage;
		else
			o->verbose = true;
	}
	o->dumps.n = kept;
	return true;
}

static bool set_no_feature(struct cli_options *o, const char *arg)
{
	static const char *const known[] = { "kprobe_multi", "kprobe_session", "uprobe_multi",
					     NULL };
	size_t i = o->no_features.n;

	if (!add_words(o, &o->no_features, arg))
		return false;
	if (o->no_features.n == i)
		return word_index("--no-feature", arg, known) >= 0;
	for (; i < o->no_features.n; i++)
		if (word_index("--no-feature", o->no_features.at[i], known) < 0)
			return false;
	return true;
}

static bool set_info(struct cli_options *o, const char *arg)
{
	(void)arg;
	o->mode = CLI_INFO;
	return true;
}

static bool set_help(struct cli_options *o, const char *arg)
{
	(void)arg;
	o->mode = CLI_HELP;
	return true;
}

static bool set_version(struct cli_options *o, const char *arg)
{
	(void)arg;
	o->mode = CLI_VERSION;
	return true;
}

static bool set_nothing(struct cli_options *o, const char *arg)
{
	(void)o;
	(void)arg;
	return true;
}

#define FLAG(field) .flag = offsetof(struct cli_options, field)
#define TEXT(field) .text = offsetof(struct cli_options, field)

static const struct option_row rows[] = {
	{ 'e', NULL, "PROGRAM", "run this text", TEXT(script_text), .of_tool = true },
	{ 'l', "list", NULL, "list attach points that match a pattern", .set = set_list },
	{ 'p', "pid", "PID", "trace this process only; ends with it", .set = set_pid },
	{ 'c', "cmd", "COMMAND", "run this and trace it; ends with it", TEXT(command) },
	{ 'o', "output", "FILE", "write the script's output to a file", TEXT(output_file) },
	{ 'f', NULL, "FORMAT", "text, json, events; of stacks flame, folded, pprof, speedscope",
	  .set = set_format },
	{ 'B', NULL, "MODE", "output buffering: line (default), full or none", .set = set_flush },
	{ 'q', "quiet", NULL, "no \"Attached...\" line", FLAG(quiet) },
	{ 'v', "verbose", NULL, "say what is done and why", FLAG(verbose) },
	{ 'k', "warnings", NULL, "also warn of failed reads and missing keys",
	  .set = set_more_warnings },
	{ OPT_NO_WARNINGS, "no-warnings", NULL, "no warnings", FLAG(no_warnings) },
	{ OPT_UNSAFE, "unsafe", NULL, "allow functions that change the system", FLAG(unsafe_mode) },
	{ 'I', NULL, "DIR", "look for headers there, too; before the usual places",
	  .set = add_include_dir, .of_making = true },
	{ OPT_INCLUDE, "include", "FILE", "as if the script began with #include \"FILE\"",
	  .set = add_include, .of_making = true },
	{ OPT_DEBUGINFO, "debuginfo", "DIRS", "look for debug files in these folders first",
	  .set = add_debug_dirs },
	{ OPT_DWARF_PID, "dwarf-pid", "PID", "load its tables for dw_ustack at the start",
	  .set = add_unwind_pid },
	{ OPT_DRY_RUN, "dry-run", NULL, "attach, then stop", FLAG(dry_run) },
	{ OPT_FMT, "fmt", NULL, "print the script in the one style, and do not run it",
	  .set = set_fmt },
	{ OPT_TEST, "test", NULL, "run the script's test probes", .set = set_test },
	{ OPT_BENCH, "bench", NULL, "run the script's bench probes, and take their time",
	  .set = set_bench },
	{ OPT_MODE, "mode", "MODE",
	  "codegen: compile only; compiler-bench: take its time; format, test, bench",
	  .set = set_mode },
	{ OPT_PROBE_FILTER, "probe-filter", "REGEX", "run probes whose name matches, no others",
	  TEXT(probe_filter) },
	{ OPT_TRACEABLE, "traceable-functions", "FILE",
	  "the kernel functions that can be traced", TEXT(functions_file) },
	{ OPT_NO_FEATURE, "no-feature", "LIST",
	  "do not use kprobe_multi, kprobe_session or uprobe_multi", .set = set_no_feature },
	{ OPT_TARGET, "target", "FILE", "compile for a saved target", TEXT(target_file),
	  .of_tool = true },
	{ OPT_SAVE_TARGET, "save-target", "FILE", "write what compiling asked of this machine",
	  TEXT(save_target), .of_tool = true },
	{ OPT_EMIT_ELF, "emit-elf", "FILE", "also write the programs as an object for libbpf",
	  TEXT(object_file), .of_tool = true },
	{ OPT_AOT, "aot", "FILE", "make a program of the script, and do not run it",
	  TEXT(program_file), .of_tool = true },
	{ OPT_WAIT_DETACH, "wait-detach", NULL, "end only when everything is detached",
	  FLAG(wait_detach) },
	{ 'd', "debug", "STAGES", "dump stages: ast, types, ir, ir-opt, bpf, image, diags",
	  .set = set_dump },
	{ OPT_INFO, "info", NULL, "what this machine has, and what it lacks and why",
	  .set = set_info },
	{ 'h', "help", NULL, "this text", .set = set_help },
	{ 'V', "version", NULL, "version", .set = set_version },
	{ 'b', "btf", NULL, NULL, .set = set_nothing },
	{ OPT_USDT, "usdt-file-activation", NULL, NULL, .set = set_nothing },
	{ OPT_EMIT_LLVM, "emit-llvm", "FILE", NULL,
	  .refusal = "LLVM has no part in compiling; -d ir,ir-opt shows what has" },
	{ OPT_VERIFY_LLVM, "verify-llvm-ir", NULL, NULL, .set = set_nothing },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* "-f, --full NAME" of a row. */
static void spell_option(const struct option_row *r, char *text, size_t size)
{
	const char shorts[] = { '-', (char)r->id, '\0' };
	bool has_short = r->id < 256;

	snprintf(text, size, "%s%s%s%s%s%s", has_short ? shorts : "",
		 has_short && r->name ? ", " : "", r->name ? "--" : "", r->name ? r->name : "",
		 r->arg ? " " : "", r->arg ? r->arg : "");
}

static void show_forms(const char *program, bool has_script, FILE *out)
{
	if (has_script)
		fprintf(out, "USAGE:\n    %s [options] [parameters]\n", program);
	else
		fprintf(out,
		"USAGE:\n"
		"    %s [options] FILE [parameters]\n"
		"    %s [options] -e 'program' [parameters]\n"
		"    %s --fmt FILE\n"
		"    %s -l [PATTERN | FILE | -e 'program']\n", program, program, program, program);
}

static void show_examples(const char *program, FILE *out)
{
	fprintf(out,
		"\nEXAMPLES:\n"
		"    %s -e 'tracepoint:syscalls:sys_enter_openat { printf(\"%%s %%s\\n\", comm, "
		"str(args.filename)); }'\n"
		"    %s -e 'profile:hz:99 { @[kstack] = count(); }'\n"
		"    %s -l 'tracepoint:sched:*'\n", program, program, program);
}

void options_usage(const struct cli_options *o, bool to_stderr)
{
	FILE *out = to_stderr ? stderr : stdout;
	char text[64];

	show_forms(o->program, o->bundle, out);
	fputs("\nOPTIONS:\n", out);
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (!rows[i].help || (o->bundle && (rows[i].of_tool || rows[i].of_making)))
			continue;
		spell_option(&rows[i], text, sizeof(text));
		fprintf(out, "    %-26s %s\n", text, rows[i].help);
	}
	fputs("\nENVIRONMENT: SONDE_NAME or BPFTRACE_NAME sets the configuration variable NAME\n",
	      out);
	if (!o->bundle)
		show_examples(o->program, out);
}

static const struct option_row *row_find(int id)
{
	for (size_t i = 0; i < NR_ROWS; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

/* getopt's two forms of the table. */
static void make_getopt(char *shorts, struct option *longs)
{
	for (size_t i = 0; i < NR_ROWS; i++) {
		const struct option_row *r = &rows[i];

		if (r->id < 256) {
			*shorts++ = (char)r->id;
			if (r->arg)
				*shorts++ = ':';
		}
		if (r->name)
			*longs++ = (struct option){ r->name,
						    r->arg ? required_argument : no_argument, NULL,
						    r->id };
	}
	*shorts = '\0';
	*longs = (struct option){ 0 };
}

/* Is the option that was read last one that the program was made with? Those come first. */
static bool is_made_with(const struct cli_options *o)
{
	return (size_t)optind <= 1 + o->bundle->nr_options;
}

/* Store what one option says. False: a message has been printed. */
static bool apply(struct cli_options *o, const struct option_row *r, const char *arg)
{
	char text[64];

	if (r->refusal) {
		spell_option(r, text, sizeof(text));
		fprintf(stderr, "ERROR: not supported: %s\nHINT: %s\n", text, r->refusal);
		return false;
	}
	if (o->bundle && (r->of_tool || (r->of_making && !is_made_with(o)))) {
		spell_option(r, text, sizeof(text));
		fprintf(stderr, "ERROR: %s: this program has its script already\n", text);
		return false;
	}
	if (r->flag)
		*(bool *)((char *)o + r->flag) = true;
	if (r->text)
		memcpy((char *)o + r->text, &arg, sizeof(arg));
	return !r->set || r->set(o, arg);
}

/* What a program is to be made with: the option as a word, and its argument. */
static bool keep_given(struct cli_options *o, const struct option_row *r, const char *arg)
{
	const char letter[] = { '-', (char)r->id, '\0' };
	char *word = NULL;

	if (r->of_tool)
		return true;
	if (r->name && asprintf(&word, "--%s", r->name) < 0)
		word = NULL;
	return own(&o->given, r->name ? word : strdup(letter)) &&
	       (!r->arg || own(&o->given, strdup(arg)));
}

/* -l's word is a script if there is such a file, else a pattern. */
static int take_list_word(struct cli_options *o, int argc, char **argv)
{
	const char *word = optind < argc ? argv[optind] : NULL;

	if (argc - optind > 1) {
		fprintf(stderr, "ERROR: -l takes one pattern or file\n");
		options_usage(o, true);
		return 1;
	}
	if (word && (!strcmp(word, "-") || !access(word, F_OK))) {
		o->script_file = word;
		return -1;
	}
	if (word && strchr(word, '.') && !strpbrk(word, ":*"))
		fprintf(stderr, "WARNING: It appears that '%s' is a filename but the file does not "
			"exist. Treating '%s' as a search pattern.\n", word, word);
	o->list_pattern = word;
	return -1;
}

/* What remains of argv: the script file or pattern, then parameters. */
static int take_words(struct cli_options *o, int argc, char **argv)
{
	int at = optind;

	if (o->mode == CLI_LIST && !o->script_text && !o->bundle)
		return take_list_word(o, argc, argv);
	if (!o->script_text && !o->bundle) {
		if (at == argc && argc > 1) {
			fprintf(stderr, "ERROR: USAGE: filename or -e 'program' required.\n");
			return 1;
		}
		if (at == argc) {
			options_usage(o, true);
			return 1;
		}
		o->script_file = argv[at++];
		if (at < argc && !strcmp(argv[at], "--"))
			at++;
	}
	o->params = (const char *const *)argv + at;
	o->nr_params = (size_t)(argc - at);
	return -1;
}

/* --aot and --emit-elf need a script that is compiled. */
static int check_made(const struct cli_options *o)
{
	static const char *const others[] = {
		[CLI_LIST] = "-l", [CLI_FORMAT] = "--fmt", [CLI_INFO] = "--info",
		[CLI_COMPILER_BENCH] = "--mode compiler-bench", [CLI_VERSION] = NULL,
	};

	if ((!o->program_file && !o->object_file) || !others[o->mode])
		return -1;
	fprintf(stderr, "ERROR: USAGE: %s and %s cannot be used together\n",
		o->program_file ? "--aot" : "--emit-elf", others[o->mode]);
	return 1;
}

static int check_together(const struct cli_options *o)
{
	if (o->pid && o->command) {
		fprintf(stderr, "ERROR: USAGE: -c and -p cannot be used together\n");
		options_usage(o, true);
		return 1;
	}
	if (o->no_warnings && o->warnings_level == 2) {
		fprintf(stderr, "ERROR: USAGE: -k, --warnings conflicts with --no-warnings\n");
		return 1;
	}
	return check_made(o);
}

/* The words of a program that carries a script: its name, the options it was made with,
 * those of now; then the parameters, likewise. NULL: memory is out. */
static char **join_words(const struct cli_options *o, int *argc, char **argv)
{
	const struct bundle *b = o->bundle;
	size_t n = 0, nr_now = *argc ? (size_t)*argc - 1 : 0;
	char **words = calloc(b->nr_options + nr_now + 2, sizeof(*words));

	if (!words)
		return NULL;
	words[n++] = *argc ? argv[0] : (char *)o->program;
	for (size_t i = 0; i < b->nr_options; i++)
		words[n++] = b->words[i];
	for (size_t i = 0; i < nr_now; i++)
		words[n++] = argv[i + 1];
	*argc = (int)n;
	return words;
}

/* Behind the parameters that a program was made with those of now. */
static int join_params(struct cli_options *o)
{
	const struct bundle *b = o->bundle;
	const char **params = calloc(b->nr_params + o->nr_params + 1, sizeof(*params));

	if (!params)
		return out_of_memory();
	for (size_t i = 0; i < b->nr_params; i++)
		params[i] = b->words[b->nr_options + i];
	for (size_t i = 0; i < o->nr_params; i++)
		params[b->nr_params + i] = o->params[i];
	o->joined = params;
	o->params = params;
	o->nr_params += b->nr_params;
	return -1;
}

/* All options of the command line. Returns as options_parse does. */
static int parse_options(struct cli_options *o, int argc, char **argv)
{
	char shorts[2 * NR_ROWS + 1];
	struct option longs[NR_ROWS + 1];
	int id;

	make_getopt(shorts, longs);
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *r = row_find(id);

		if (!r) {
			show_forms(o->program, o->bundle, stderr);
			fprintf(stderr, "HINT: %s --help tells of all options\n", o->program);
			return 1;
		}
		if (!apply(o, r, optarg) || !keep_given(o, r, optarg))
			return 1;
		/* Whatever else there is. */
		if (o->mode == CLI_HELP || o->mode == CLI_VERSION || o->mode == CLI_INFO)
			return -1;
	}
	return -1;
}

int options_parse(struct cli_options *o, int argc, char **argv, const struct bundle *bundle)
{
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;
	int status;

	memset(o, 0, sizeof(*o));
	o->program = slash ? slash + 1 : argv[0] ? argv[0] : "sonde";
	o->warnings_level = 1;
	o->bundle = bundle;
	if (bundle)
		argv = o->words = join_words(o, &argc, argv);
	if (!argv)
		return out_of_memory();
	/* Before Linux 5.18 a program can be started without any word, not even its name. */
	if (!argc) {
		options_usage(o, true);
		return 1;
	}
	status = parse_options(o, argc, argv);
	if (status >= 0 || o->mode == CLI_HELP || o->mode == CLI_VERSION)
		return status;
	if (o->mode == CLI_INFO)
		return check_made(o);
	status = check_together(o);
	if (status < 0)
		status = take_words(o, argc, argv);
	return status < 0 && bundle ? join_params(o) : status;
}

void options_close(struct cli_options *o)
{
	free_owned(&o->given);
	free_owned(&o->split);
	free(o->words);
	free(o->joined);
}
