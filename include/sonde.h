/*
 * libsonde: compile, load and run scripts in the bpftrace language.
 *
 * Life of a session:
 *
 *	sonde_open -> sonde_compile -> sonde_load -> sonde_attach
 *	-> sonde_poll until it says that the run has ended -> sonde_finish
 *	-> sonde_close
 *
 * Functions return 0 (or a count) on success and a negative errno on failure.
 * When a function fails for a reason that can be told in words, the words are
 * a message: see sonde_on_message and sonde_messages. The library prints
 * nothing, never exits, and has no global state; a session belongs to one
 * thread at a time.
 */
#ifndef SONDE_H
#define SONDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SONDE_API __attribute__((visibility("default")))

struct sonde;

/* What a session is for. Tests and benchmarks run at sonde_attach, and nothing but
 * begin and end runs besides; then the script's exit code is 1 if one failed. */
enum sonde_purpose { SONDE_TRACE, SONDE_TEST, SONDE_BENCH };

/* Folders of headers have no text; those of the kernel's tree count only where the machine
 * that is compiled on has no such tree. */
enum sonde_file_kind { SONDE_FILE, SONDE_HEADER_DIR, SONDE_KERNEL_DIR };

/* A file that a script imports or includes, by the name that it is looked for by. What
 * names a folder that was imported ends in "/" and holds the names in it, one a line. */
struct sonde_file {
	const char *name;
	const char *text;		/* a NUL follows, which len does not count */
	size_t len;
	const char *id;			/* what all names of one imported file share; NULL: its
					   name */
	enum sonde_file_kind kind;
};

/* Options structs begin with their own size, so that they can grow. */
struct sonde_options {
	size_t size;			/* sizeof(struct sonde_options) */
	const char *const *params;	/* $1.., and named ones: "--name[=value]" */
	size_t nr_params;
	int pid;			/* trace this process only; 0: all */
	const char *command;		/* run this and trace it (blank-separated words), or NULL */
	bool unsafe_mode;		/* allow what changes the system */
	bool no_warnings;
	int warnings_level;		/* 1; 2 also tells of failed reads and lookups (-k) */
	const char *target_file;	/* compile for this saved target, not this machine */
	const char *save_target;	/* write what the compiler asked of this machine to a
					   file */
	const char *const *no_features;	/* kprobe_multi, kprobe_session, uprobe_multi */
	size_t nr_no_features;
	bool verbose;
	bool colour;			/* in sonde_message.rendered */
	bool quiet;			/* no "attached" event */
	bool wait_detach;		/* sonde_close waits until the kernel has detached
					   everything */
	const char *const *include_dirs;	/* folders for #include, before the system's (-I) */
	size_t nr_include_dirs;
	const char *const *includes;	/* headers to read before the script (--include) */
	size_t nr_includes;
	bool compile_only;		/* the session will not load: needs no privileges */
	enum sonde_purpose purpose;
	const char *functions_file;	/* names of the kernel functions that can be traced, one a
					   line, instead of the kernel's own list; or NULL */
	const char *probe_filter;	/* of all probes but begin, end and self only those whose
					   name this POSIX extended regular expression finds; or
					   NULL */
	const char *const *debug_dirs;	/* folders of debug files, before the usual places */
	size_t nr_debug_dirs;
	const int *unwind_pids;		/* processes whose tables for dw_ustack are loaded at the
					   start, not when they are first met */
	size_t nr_unwind_pids;
	bool context;			/* records carry when, on which CPU and in which task they
					   were made; set for SONDE_EVENTS */
	bool dry_run;			/* sonde_attach attaches and leaves it at that: the command
					   does not begin, there is no "attached" event */
	const struct sonde_file *files;	/* taken for imported and included files of these names,
					   whether there are such files or not */
	size_t nr_files;
	bool keep_files;		/* for sonde_files */
	bool only_files;		/* nothing else is imported, and only headers of the
					   system included that are not among them */
};

/* ---- diagnostics and messages as data ---- */

enum sonde_severity { SONDE_ERROR, SONDE_WARNING, SONDE_HINT, SONDE_INFO, SONDE_DEBUG };

/* What is said besides of a diagnostic: how to mend it, another place that it is
 * about, where a macro, a #define or an imported file was called from. */
enum sonde_note_kind { SONDE_NOTE_HINT, SONDE_NOTE_RELATED, SONDE_NOTE_EXPANDED };

struct sonde_note {
	enum sonde_note_kind kind;
	const char *text;
	const char *file;	/* NULL: no place */
	uint32_t line, col, end_line, end_col;
};

/* Valid during the callback only. */
struct sonde_message {
	enum sonde_severity severity;
	const char *text;	/* one sentence */
	const char *file;	/* NULL: no place */
	uint32_t line, col, end_line, end_col;	/* 1-based; end_col is exclusive */
	const char *rendered;	/* as the command shows it, several lines */
	const char *tag;	/* stable short name of a diagnostic, or NULL */
	const struct sonde_note *notes;	/* hints and places; then expansions, innermost first */
	size_t nr_notes;
};

typedef void (*sonde_message_fn)(void *arg, const struct sonde_message *m);

/* ---- typed values ----
 *
 * What a script prints is one tree of typed values; text and JSON are printers
 * of it. All texts end with a NUL that `len` does not count.
 */

enum sonde_value_kind {
	SONDE_VALUE_NONE,
	SONDE_VALUE_BOOL,	/* number: 0 or 1 */
	SONDE_VALUE_INT,	/* number */
	SONDE_VALUE_UINT,	/* unsigned_number */
	SONDE_VALUE_STRING,	/* text, len */
	SONDE_VALUE_BUFFER,	/* text, len: any bytes */
	SONDE_VALUE_SYMBOLIC,	/* text, with the number behind it: enumerators, pointers */
	SONDE_VALUE_LIST,	/* array: items */
	SONDE_VALUE_TUPLE,	/* items */
	SONDE_VALUE_RECORD,	/* items with names */
	SONDE_VALUE_STATS,	/* a record of count, average, total */
	SONDE_VALUE_HIST,	/* items: from the first to the last bucket that is not empty, each
				   a record of min, max, count (min or max missing where the bucket
				   is open) whose text is the label, as "[8, 16)" */
	SONDE_VALUE_STACK,	/* items: frames from the innermost, SYMBOLIC, each after those of
				   functions that were inlined into it; number: the form */
	SONDE_VALUE_TIME,	/* text; unsigned_number: nanoseconds */
	SONDE_VALUE_SERIES	/* items: from the first interval with a sample to the newest of
				   the map, each a record of interval_start (TIME) and value
				   (NONE: there is no sample) */
};

/* BUILD_ID: a frame's text is the build id of its file and the offset in it, its number that
 * offset, or the address where the kernel could not tell. */
enum sonde_stack_form { SONDE_STACK_BPFTRACE, SONDE_STACK_PERF, SONDE_STACK_RAW,
			SONDE_STACK_BUILD_ID };

/* What is known of a frame: of the function, the place in its source that runs, or that
 * calls the frame before. */
struct sonde_frame {
	const char *function;	/* NULL: unknown */
	uint64_t offset;	/* of the address from the function's start */
	const char *module;	/* path of the program or library, name of the kernel's module;
				   NULL: unknown, or the kernel itself */
	const char *file;	/* NULL: unknown */
	uint32_t line;
	bool is_inlined;	/* into the function of the next frame that is not */
	uint64_t module_offset;	/* of the address in the module's file; the address itself
				   where there is no file, as in the kernel */
	const char *build_id;	/* of that file, in hexadecimal; NULL: none, or unknown */
};

struct sonde_value {
	enum sonde_value_kind kind;
	bool is_unsigned;	/* INT, UINT, SYMBOLIC: how to read the number */
	bool is_kernel;		/* STACK: of the kernel */
	union {
		int64_t number;
		uint64_t unsigned_number;
	};
	const char *text;
	size_t len;
	const char *name;	/* in a record: the field's name */
	const struct sonde_value *items;
	size_t nr_items;
	const struct sonde_frame *frame;	/* of a STACK's items in the forms BPFTRACE and
						   PERF; NULL: not asked for */
};

enum sonde_event_kind {
	SONDE_EVENT_PRINTF,	/* text: the formatted line; values: its arguments, each with a
				   name: what the format says before it ("pid=%d"), or the
				   argument as it is written */
	SONDE_EVENT_VALUE,	/* print(expr): values[0]; name: as it is written */
	SONDE_EVENT_MAP,	/* print(@m): name, map_kind, key_names, entries */
	SONDE_EVENT_TIME, SONDE_EVENT_CAT, SONDE_EVENT_JOIN, SONDE_EVENT_SYSTEM,	/* text */
	SONDE_EVENT_ATTACHED,	/* count; names: the attach points */
	SONDE_EVENT_LOST,	/* count; loss, text: why; probe */
	SONDE_EVENT_ERRORF, SONDE_EVENT_WARNF,	/* text, values, place */
	SONDE_EVENT_HELPER_ERROR,	/* text: reason; name: of the helper; return_code; count:
					   how often since it was told last; place */
	SONDE_EVENT_RUNTIME_ERROR,	/* text, count, place */
	SONDE_EVENT_RESULTS,	/* all probes have ended; the maps may follow */
	SONDE_EVENT_END,	/* the last one. text: why; return_code: the script's; count:
				   events lost; dropped: not shown, because they came after the
				   end, or too late after a stop */
	/* SONDE_TEST and SONDE_BENCH. What comes between the begin and the result is the
	 * output of that test or benchmark. */
	SONDE_EVENT_TESTS,		/* count: how many there are */
	SONDE_EVENT_TEST_BEGIN,		/* name */
	SONDE_EVENT_TEST_RESULT,	/* name; return_code: 0 if it passed; duration_ns */
	SONDE_EVENT_TESTS_END,
	SONDE_EVENT_BENCH_BEGIN,	/* name */
	SONDE_EVENT_BENCH_RESULT,	/* name; return_code: 0 if there is one; count: runs;
					   duration_ns: of one */
	SONDE_EVENT_BENCHES_END
};

/* Why something is missing. */
enum sonde_loss {
	SONDE_LOSS_RING,	/* events: the buffer was full */
	SONDE_LOSS_SCRATCH,	/* events: no scratch memory was free */
	SONDE_LOSS_READ,	/* no events: reads of memory that failed */
	SONDE_LOSS_RECURSION,	/* events: the program was running on this CPU already */
	SONDE_LOSS_NESTED	/* events: the probe was hit within another one */
};

/* What JSON calls a map's message. */
enum sonde_map_kind {
	SONDE_MAP_PLAIN, SONDE_MAP_STATS, SONDE_MAP_HIST, SONDE_MAP_SERIES
};

struct sonde_map_entry {
	const struct sonde_value *key;	/* NULL: the map has no key */
	const struct sonde_value *value;
};

/* Where in the script an event comes from. */
struct sonde_place {
	const char *file;		/* NULL: nowhere */
	uint32_t line, col, end_line, end_col;	/* 1-based; end_col is exclusive */
	const char *source_line;	/* text of the line (of all, if they are several), or
					   NULL */
	const struct sonde_place *from;	/* the call of the macro that this came out of, or NULL */
};

/* Valid during the callback only. */
struct sonde_event {
	enum sonde_event_kind kind;
	const char *text;
	size_t len;
	const char *probe;	/* full name of the attach point, or NULL */
	const char *name;	/* a map's name, without "@" */
	const struct sonde_value *values;
	size_t nr_values;
	enum sonde_map_kind map_kind;
	bool map_is_keyed;
	const struct sonde_map_entry *entries;	/* sorted */
	size_t nr_entries;
	bool map_repeats;	/* an event before told of this map, and it was not emptied
				   since: these entries hold what those did */
	bool map_goes_on;	/* more entries, of the map of the event before; to a printer
				   only */
	uint64_t count;
	uint64_t duration_ns;
	int return_code;
	struct sonde_place place;
	const char *const *key_names;	/* one for each part of the key, as the script writes
					   it where it first assigns */
	size_t nr_key_names;
	const char *const *names;
	size_t nr_names;
	enum sonde_loss loss;
	uint64_t dropped;
	/* With sonde_options.context only: */
	uint64_t time_ns;		/* since 1970; of what has no context: when it was told */
	bool has_context;		/* these are known: */
	uint32_t cpu, pid, tid;
};

typedef void (*sonde_event_fn)(void *arg, const struct sonde_event *e);

/* ---- a session ---- */

/* Open a session. NULL when memory is out or `options` is malformed. */
SONDE_API struct sonde *sonde_open(const struct sonde_options *options);

/* Close at any point of its life; takes NULL. Nothing is left in the kernel. */
SONDE_API void sonde_close(struct sonde *s);

/* Who is told of diagnostics, warnings and failures, as they come. */
SONDE_API void sonde_on_message(struct sonde *s, sonde_message_fn fn, void *arg);

/* Who gets events; without one they go to the printer (sonde_print_to). */
SONDE_API void sonde_on_event(struct sonde *s, sonde_event_fn fn, void *arg);

/* JSON is bpftrace's, EVENTS the one that tells all: see docs/output.md. From FOLDED on:
 * pictures of the maps with stacks in their keys, written by sonde_finish; all else is
 * text for error_fd. */
enum sonde_format { SONDE_TEXT, SONDE_JSON, SONDE_EVENTS, SONDE_FOLDED, SONDE_SPEEDSCOPE,
		    SONDE_PPROF, SONDE_FLAME };
enum sonde_flush { SONDE_FLUSH_LINE, SONDE_FLUSH_FULL, SONDE_FLUSH_NONE };

/* Print events: the script's output to `fd`; what is told of the run (attached,
 * lost, errors) to `error_fd` in text format (-1: not at all), to `fd` in the others.
 * In SONDE_EVENTS messages are written, too, from this call on. The descriptors stay
 * the caller's. */
SONDE_API int sonde_print_to(struct sonde *s, int fd, int error_fd, enum sonde_format format,
			     enum sonde_flush flush);

/* Compile a script. -EINVAL: it has errors, which were told as messages;
 * -ENOMEM. */
SONDE_API int sonde_compile(struct sonde *s, const char *name, const char *text, size_t len);

/* Write a stage of the compiler for people: "ast", "types", "ir", "ir-opt",
 * "bpf", "image", "diags". Call before sonde_compile; several are allowed. */
SONDE_API int sonde_dump(struct sonde *s, const char *stage, FILE *out);

/* After sonde_compile, with the option keep_files: the files that it read besides the
 * script, and the folders in which it looked for headers, in their order. Returns how
 * many; valid until sonde_close. */
SONDE_API size_t sonde_files(const struct sonde *s, const struct sonde_file **files);

/* After sonde_compile: the programs and maps as an ELF object, which libbpf and bpftool
 * open. It is for the machine that was compiled for; the memory is the caller's: free() it.
 * -EINVAL: nothing is compiled; -E2BIG: ELF cannot number so many programs; -ENOMEM. */
SONDE_API int sonde_object(struct sonde *s, void **data, size_t *len);

/* `--fmt`: the script in the one style, comments kept. Asks nothing of the machine
 * and takes no part in the session's life. The text, ended by a NUL, is the
 * caller's: free() it. -EINVAL: it has syntax errors, which were told; -ENOMEM. */
SONDE_API int sonde_format(struct sonde *s, const char *name, const char *text, size_t len,
			   char **formatted, size_t *formatted_len);

/* Load programs and maps; run begin probes. */
SONDE_API int sonde_load(struct sonde *s);

/* Attach; returns the number of attached probes (tests, benchmarks). */
SONDE_API int sonde_attach(struct sonde *s);

/* Wait for events, at most timeout_ms (-1: no limit), and handle them. Returns
 * 1 while the run goes on, 0 when it has ended (exit(), the traced process
 * ended, nothing but begin and end probes), or a negative errno. */
SONDE_API int sonde_poll(struct sonde *s, int timeout_ms);

/* A descriptor that polls readable when sonde_poll has something to do. */
SONDE_API int sonde_poll_fd(const struct sonde *s);

/* Tell the run to end, as Ctrl-C does; safe in a signal handler. */
SONDE_API void sonde_stop(struct sonde *s);

/* Run the script's self:signal probes at the next poll; safe in a handler. */
SONDE_API void sonde_signal(struct sonde *s);

/* Detach, run end probes, deliver what was recorded; print the maps when the
 * script's configuration says so. Returns the script's exit code. */
SONDE_API int sonde_finish(struct sonde *s);

/* Read a map now: entries merged over CPUs and sorted. The entries are valid
 * until the next call on the session. -ENOENT: no such map. */
SONDE_API int sonde_map_read(struct sonde *s, const char *name,
			     const struct sonde_map_entry **entries, size_t *nr_entries);

/* `-l`: call `each` for every attach point that matches; with the option `verbose`
 * also for each of its arguments, indented. Needs no script. */
SONDE_API int sonde_list(struct sonde *s, const char *pattern,
			 void (*each)(const char *line, void *arg), void *arg);

/* The same for the attach points of a script, in its order. -EINVAL: some of it
 * made no sense, which was told as messages. */
SONDE_API int sonde_list_script(struct sonde *s, const char *name, const char *text, size_t len,
				void (*each)(const char *line, void *arg), void *arg);

/* `--info`: what this machine has of what scripts may need; for what it has not, why.
 * -EPERM: nothing could be tried, which the lines say. */
SONDE_API int sonde_info(struct sonde *s, void (*each)(const char *line, void *arg), void *arg);

SONDE_API const char *sonde_version(void);

#ifdef __cplusplus
}
#endif

#endif
