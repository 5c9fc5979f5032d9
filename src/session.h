/*
 * A session of the library: what the files beside it share.
 */
#ifndef SONDE_SESSION_H
#define SONDE_SESSION_H

#include "sonde.h"

#include "base/diag.h"
#include "check/check.h"
#include "image/image.h"
#include "lang/lang.h"
#include "out/print.h"
#include "run/run.h"
#include "target/target.h"

#include <signal.h>
#include <stdio.h>

/* Stages that can be written for people (-d). */
enum stage {
	STAGE_AST, STAGE_TYPES, STAGE_IR, STAGE_IR_OPT, STAGE_BPF, STAGE_IMAGE,
	STAGE_DIAGS,		/* the diagnostics as data: severity, tag, place */
	STAGE_COUNT
};

struct sonde {
	struct sonde_options options;
	sonde_message_fn message;
	void *message_arg;
	sonde_event_fn event;
	void *event_arg;

	FILE *dumps[STAGE_COUNT];	/* borrowed; NULL: not asked for */

	struct arena target_arena;
	struct target target;		/* open when target.arena is set */
	struct child *child;		/* owned; -c */
	struct arena arena;		/* of the compiler; freed when the image is made */
	struct lang_reader reader;	/* of imports */
	struct arena kept_arena;
	VEC(struct sonde_file) kept;	/* in kept_arena: what was read, if asked for */
	struct image *image;		/* owned */
	struct run *run;		/* owned */
	struct printer *printer;	/* owned; NULL: events go to `event` only */
	int output_error;		/* first failure of the printer */
	volatile sig_atomic_t stops, signals;	/* those that came before there was a run, too */
	volatile int64_t stop_ns;	/* CLOCK_MONOTONIC of the first stop */
};

/* ---- sonde.c ---- */

/* The processes that the options name are there; -ESRCH, told. */
int session_check_pids(struct sonde *s);

/* ---- session_message.c ---- */

/* Tell of something without a place. */
void session_tell(struct sonde *s, enum sonde_severity severity, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Tell of all diagnostics: errors first, then warnings, each in order. */
void session_tell_diags(struct sonde *s, const struct diags *diags);

/* ---- session_compile.c ---- */

/* The compiler from text to image. 0, -EINVAL after telling why, -ENOMEM. */
int session_compile(struct sonde *s, const char *name, const char *text, size_t len);

/* How the language reads a script: its positional parameters are those words of the
 * command line that do not begin with "--". In the session's arena. */
struct lang_options session_language_options(struct sonde *s);

/* Open the target if it is not open yet. 0 or a negative errno, told. */
int session_open_target(struct sonde *s);

/* ---- session_c_part.c ---- */

/* The C part of a script, with the headers that the session's options name. */
struct cdefs *session_c_part(struct sonde *s, struct types *types, struct diags *diags,
			     struct kbtf *btf, const char *script);

/* ---- session_select.c ---- */

/* Take from the image what the session is not to run. A negative errno: nothing is left,
 * which was told. */
int session_select(struct sonde *s);

/* ---- session_import.c ---- */

/* Reads what scripts import: from the session's files, or the file system. */
struct lang_reader session_import_reader(struct sonde *s);

/* ---- session_files.c ---- */

/* A file that the session was given, or NULL. */
const struct sonde_file *session_file_find(const struct sonde *s, const char *name);

/* Keep a copy of what was read, if the session is to. */
void session_file_keep(struct sonde *s, const struct sonde_file *file);

#endif
