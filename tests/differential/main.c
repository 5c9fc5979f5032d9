/*
 * Differential testing: random programs on three sides, which must agree.
 *
 *	differential [--count N] [--seed S] [--live] [--quiet] [--cover] [--no-shrink]
 *		     [--reference BPFTRACE]
 *	differential --show SEED		print the program
 *	differential [--live] FILE.bt ...	kept programs: FILE.out is what they print
 *						(written if it is missing); what
 *						shows the order of bytes prints FILE.big
 *						where the highest is first
 *
 * The sides are the interpreter of the checked tree, the interpreter of
 * bytecode, for a made-up machine whose features change from program to
 * program, and with --live the kernel. Each program is formatted, too. Every
 * failing seed is told with its program made small. Last line: totals.
 *
 * With --reference programs of the part of the language that is the same in
 * bpftrace are also run by it; docs/differences.md lists the rest.
 */
#include "kernel/live_target.h"
#include "tests/differential/gen.h"
#include "tests/differential/reference.h"
#include "tests/differential/trial.h"
#include "tests/unit/format_help.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ATTEMPTS 40
#define MAX_WITHOUT_MEMORY 4
#define MIN_FOR_COVER 1000	/* from so many programs on, all counters must have moved */
#define MAX_SHOWN 20		/* failures made small and shown */
#define VARIANTS 32
#define ALARM_SECONDS 300	/* a program that takes so long hangs, on emulated machines, too */

struct settings {
	uint64_t seed, count;
	bool live, quiet, cover, no_shrink;
	const char *reference;
};

/* What the workers share with us. */
struct shared {
	struct trial trial;
	struct cover cover;
	uint64_t at, attempt;		/* being run */
	uint64_t passed, refused;
	uint64_t without_memory;	/* runs in which the kernel lost a key, and said so */
	uint64_t reference[REFERENCE_RESULTS];
};

struct driver {
	struct settings settings;
	struct shared *shared;
	struct arena arena;
	struct target live;
	uint64_t failed, skipped;
	struct trial first;		/* of a failure, before it is run again */
};

static struct trial_sides sides_of(struct driver *d, uint64_t seed)
{
	return (struct trial_sides){ .live = d->settings.live ? &d->live : NULL,
				     .variant = seed % 3 ? seed / 3 % VARIANTS : 0,
				     .cut_weight = seed % 4 == 1 ? 10 + seed / 4 % 30 : 0 };
}

static void generate(const struct driver *d, uint64_t seed, uint64_t attempt, struct sbuf *text)
{
	sbuf_clear(text);
	gen_program(seed, (uint32_t)attempt, d->settings.reference != NULL, text);
}

/* ---- the worker ---- */

static void try_reference(struct driver *d, uint64_t seed, const char *text)
{
	struct sbuf told = { 0 };
	enum reference_result r = reference_run(d->settings.reference, text, d->shared->trial.want,
						&told);

	d->shared->reference[r]++;
	if (r != REFERENCE_AGREES)
		printf("REFERENCE seed %" PRIu64 " %s\n%s--- expected\n%s--- got\n%.3000s\n", seed,
		       r == REFERENCE_DIFFERS ? "differs" : "is refused", text,
		       r == REFERENCE_DIFFERS ? d->shared->trial.want : "", sbuf_text(&told));
	sbuf_close(&told);
}

/*
 * A key of a map that is not preallocated needs memory where none can be waited for. The
 * kernel may have none just then, which is told as a loss, and is no fault of the program:
 * it runs again, a few times.
 */
static void run_trial(struct driver *d, const struct trial_sides *sides, const char *text)
{
	struct shared *s = d->shared;

	for (int i = 0; i < MAX_WITHOUT_MEMORY; i++) {
		trial_run(&s->trial, sides, text, &s->cover);
		if (s->trial.result != TRIAL_LIVE_DIFFERS ||
		    !strstr(s->trial.got, "map_update_elem Cannot allocate memory"))
			return;
		s->without_memory++;
	}
}

static bool try_seed(struct driver *d, uint64_t seed)
{
	struct trial_sides sides = sides_of(d, seed);
	struct shared *s = d->shared;
	struct sbuf text = { 0 };

	for (s->attempt = 0; s->attempt < MAX_ATTEMPTS; s->attempt++) {
		generate(d, seed, s->attempt, &text);
		alarm(ALARM_SECONDS);
		run_trial(d, &sides, sbuf_text(&text));
		if (s->trial.result == TRIAL_REFUSED && d->settings.cover)
			fprintf(stderr, "refused: %s", s->trial.why);
		if (s->trial.result == TRIAL_PASSED)
			cover_text(&s->cover, sbuf_text(&text));
		if (s->trial.result != TRIAL_REFUSED && s->trial.result != TRIAL_OLD_KERNEL)
			break;
		s->refused++;
	}
	if (d->settings.reference && s->trial.result == TRIAL_PASSED) {
		alarm(0);
		try_reference(d, seed, sbuf_text(&text));
	}
	/* A failed check aborts, which is told as a crash of this seed. */
	free(format_checked(sbuf_text(&text), text.len));
	sbuf_close(&text);
	return s->trial.result == TRIAL_PASSED;
}

/* Until the last seed or the first failure. */
static void work(struct driver *d, uint64_t end)
{
	struct shared *s = d->shared;

	while (s->at < end) {
		if (!try_seed(d, s->at))
			_exit(1);
		s->passed++;
		if (!d->settings.quiet)
			printf("%" PRIu64 "\n", s->at);
		s->at++;
	}
	fflush(NULL);
	_exit(0);
}

/* ---- failures ---- */

static void show_difference(const struct trial *t)
{
	const char *want = t->want, *got = t->got;
	size_t same = 0;

	while (want[same] && want[same] == got[same])
		same++;
	while (same && want[same - 1] != '\n')
		same--;
	printf("--- expected, from the first line that differs\n%.400s\n--- got\n%.400s\n",
	       want + same, got + same);
}

static void show(struct driver *d, const char *title, const char *text)
{
	const struct trial *t = &d->shared->trial;

	printf("FAILED %s: %s%s\n%s", title, trial_texts[t->result],
	       t->is_live ? ", compiled for this kernel" : "", text);
	if (!t->is_live)
		printf("--- machine %" PRIu64 "\n", t->variant);
	if (t->result == TRIAL_VM_DIFFERS || t->result == TRIAL_LIVE_DIFFERS)
		show_difference(t);
	else
		printf("--- %s\n", strlen(t->why) > 3000 ? t->why + strlen(t->why) - 3000 : t->why);
}

/* What fails only once is told as it was the first time; else the smallest program of its kind. */
static void tell_again(struct driver *d, const struct trial_sides *sides, const char *title,
		       char **text)
{
	struct shared *s = d->shared;

	d->first = s->trial;
	trial_run_apart(&s->trial, sides, *text, &s->cover);
	if (s->trial.result == TRIAL_PASSED) {
		s->trial = d->first;
		printf("Once only, it passed when run again:\n");
	} else if (!d->settings.no_shrink) {
		trial_shrink(&s->trial, sides, text, &s->cover);
	}
	show(d, title, *text);
}

static void tell_failure(struct driver *d)
{
	struct shared *s = d->shared;
	struct trial_sides sides = sides_of(d, s->at);
	struct sbuf generated = { 0 };
	char title[64], *text;

	d->failed++;
	snprintf(title, sizeof(title), "seed %" PRIu64, s->at);
	generate(d, s->at, s->attempt, &generated);
	text = strdup(sbuf_text(&generated));
	sbuf_close(&generated);
	if (!text || d->failed > MAX_SHOWN) {
		printf("FAILED %s: %s\n", title, trial_texts[s->trial.result]);
	} else {
		tell_again(d, &sides, title, &text);
	}
	free(text);
}

/* ---- random programs ---- */

static void run_random(struct driver *d)
{
	struct shared *s = d->shared;
	uint64_t end = d->settings.seed + d->settings.count;

	s->at = d->settings.seed;
	printf("seeds %" PRIu64 " to %" PRIu64 "%s\n", s->at, end - 1,
	       d->settings.live ? ", on this kernel, too" : "");
	while (s->at < end) {
		int status = 0;
		pid_t pid;

		fflush(NULL);
		pid = fork();
		if (pid == 0)
			work(d, end);
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			exit(2);
		if (!status)
			break;
		if (WIFSIGNALED(status))
			s->trial.result = TRIAL_CRASHED;
		tell_failure(d);
		s->at++;
	}
}

/* ---- kept programs ---- */

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, TRIAL_TEXT);

	if (f && text)
		text[fread(text, 1, TRIAL_TEXT - 1, f)] = '\0';
	if (f)
		fclose(f);
	return text;
}

static char *read_expected(struct driver *d, const char *path, const char *text)
{
	struct trial_sides sides = sides_of(d, 0);
	struct trial *t = &d->shared->trial;
	FILE *f;

	if (access(path, F_OK) && text) {
		trial_run_apart(t, &sides, text, &d->shared->cover);
		f = t->result ? NULL : fopen(path, "w");
		if (f) {
			fputs(t->want, f);
			fclose(f);
		}
	}
	return read_file(path);
}

/* FILE.out, or FILE.big where the order of bytes shows and is that of this machine. */
static void expected_path(const char *path, char out[PATH_MAX])
{
	int len = (int)(strlen(path) - strlen(".bt"));

	snprintf(out, PATH_MAX, "%.*s.big", len, path);
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ || access(out, F_OK))
		snprintf(out, PATH_MAX, "%.*s.out", len, path);
}

/* The kernel is too old for it: the first line of what was said. */
static void skip_live(struct driver *d, const char *path)
{
	const char *why = d->shared->trial.why;

	printf("skip differential: %s on this kernel: %.*s\n", path, (int)strcspn(why, "\n"), why);
	d->skipped++;
	d->shared->trial.result = TRIAL_PASSED;
}

/* On all machines. The tree's text must be the kept one. */
static void run_kept(struct driver *d, const char *path)
{
	struct trial *t = &d->shared->trial;
	char *text = read_file(path), *want, out[PATH_MAX];
	struct trial_sides sides = sides_of(d, 0);

	expected_path(path, out);
	want = read_expected(d, out, text);
	for (sides.variant = 0; text && want && sides.variant < VARIANTS; sides.variant++) {
		sides.cut_weight = sides.variant / 2 % 2 ? 10 : 0;
		trial_run_apart(t, &sides, text, &d->shared->cover);
		if (t->result == TRIAL_OLD_KERNEL)
			skip_live(d, path);
		else if (!t->result && strcmp(t->want, want)) {
			t->result = TRIAL_UNKNOWN;
			snprintf(t->why, sizeof(t->why), "prints\n%.4000s", t->want);
		}
		if (t->result)
			break;
		sides.live = NULL;
	}
	if (text && want && !t->result) {
		d->shared->passed++;
	} else {
		d->failed++;
		show(d, path, text ? text : "");
	}
	free(text);
	free(want);
}

/* ---- main ---- */

static int show_program(const char *seed)
{
	struct sbuf text = { 0 };

	gen_program(strtoull(seed, NULL, 0), 0, false, &text);
	fputs(sbuf_text(&text), stdout);
	sbuf_close(&text);
	return 0;
}

static bool cover_fails(struct driver *d)
{
	const struct settings *s = &d->settings;
	int zero;

	/* What is the same in bpftrace is not all of the language. */
	if (s->reference || (s->count < MIN_FOR_COVER && !s->cover))
		return false;
	zero = cover_report(&d->shared->cover, s->cover, stdout);
	if (zero)
		printf("FAILED: %d rules were never met\n", zero);
	return zero && s->count >= MIN_FOR_COVER;
}

static int parse_options(struct settings *s, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--live"))
			s->live = true;
		else if (!strcmp(argv[i], "--quiet"))
			s->quiet = true;
		else if (!strcmp(argv[i], "--cover"))
			s->cover = true;
		else if (!strcmp(argv[i], "--no-shrink"))
			s->no_shrink = true;
		else if (!strcmp(argv[i], "--count") && *value)
			s->count = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && *value)
			s->seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--reference") && *value)
			s->reference = argv[++i];
		else if (!strcmp(argv[i], "--show") && *value)
			exit(show_program(value));
		else
			return -1;
	}
	return i;
}

static void tell_reference(struct driver *d)
{
	const uint64_t *n = d->shared->reference;

	printf("reference: %" PRIu64 " agree, %" PRIu64 " differ, %" PRIu64 " refused there\n",
	       n[REFERENCE_AGREES], n[REFERENCE_DIFFERS], n[REFERENCE_REFUSES]);
	d->failed += n[REFERENCE_DIFFERS];
}

int main(int argc, char **argv)
{
	struct driver d = { .settings = { .count = 100, .seed = (uint64_t)time(NULL) * 100000 } };
	int first = parse_options(&d.settings, argc, argv);

	if (first < 0) {
		fprintf(stderr, "differential: unknown option; see the top of main.c\n");
		return 2;
	}
	d.shared = mmap(NULL, sizeof(*d.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (d.shared == MAP_FAILED)
		return 2;
	arena_init(&d.arena);
	if (d.settings.live && live_target_open(&d.live, &d.arena))
		return 2;
	if (first < argc)
		for (int i = first; i < argc; i++)
			run_kept(&d, argv[i]);
	else
		run_random(&d);
	if (first == argc && cover_fails(&d))
		d.failed++;
	printf("%" PRIu64 " attempts of the generator had errors\n", d.shared->refused);
	if (d.shared->without_memory)
		printf("%" PRIu64 " runs were repeated, since the kernel had no memory for a key\n",
		       d.shared->without_memory);
	if (d.settings.reference)
		tell_reference(&d);
	printf("%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped\n", d.shared->passed,
	       d.failed, d.skipped);
	return d.failed ? 1 : 0;
}
