/*
 * Results of tests and benchmarks: see the header.
 */
#include "out/trial.h"

#include "out/json.h"

#include <inttypes.h>
#include <string.h>

#define GREEN "\033[32m"
#define RED "\033[31m"
#define NORMAL "\033[0m"

#define NAME_COLUMNS 40
#define TIME_COLUMNS 15

struct bench_row {
	uint64_t duration_ns, count;
};

void trials_close(struct trials *t)
{
	sbuf_close(&t->failed);
	sbuf_close(&t->results);
}

bool trial_is_event(const struct sonde_event *e)
{
	return e->kind >= SONDE_EVENT_TESTS;
}

bool trial_begins(const struct sonde_event *e)
{
	return e->kind == SONDE_EVENT_TEST_BEGIN || e->kind == SONDE_EVENT_BENCH_BEGIN;
}

/* ---- tests ---- */

static void tag(struct sbuf *out, const char *colour, const char *text)
{
	sbuf_printf(out, "%s[%s]" NORMAL " ", colour, text);
}

static void duration(struct sbuf *out, uint64_t ns)
{
	if (ns < 1000)
		sbuf_printf(out, "(%" PRIu64 " ns)\n", ns);
	else if (ns < 1000000)
		sbuf_printf(out, "(%" PRIu64 " μs)\n", ns / 1000);
	else
		sbuf_printf(out, "(%" PRIu64 " ms)\n", ns / 1000000);
}

static void test_result(struct trials *t, struct sbuf *out, const struct sonde_event *e,
			const struct sbuf *output)
{
	t->nr_tests++;
	if (e->return_code) {
		t->nr_failed++;
		sbuf_add(&t->failed, e->name, strlen(e->name) + 1);
		sbuf_add(out, sbuf_text(output), output->len);
		if (output->len && output->at[output->len - 1] != '\n')
			sbuf_putc(out, '\n');
	}
	tag(out, e->return_code ? RED : GREEN, e->return_code ? "  FAILED  " : "       OK ");
	sbuf_printf(out, "%s ", e->name);
	duration(out, e->duration_ns);
}

static void count_of_tests(struct sbuf *out, uint64_t n, const char *what)
{
	sbuf_printf(out, "%" PRIu64 " test%s%s\n", n, n == 1 ? "" : "s", what);
}

static void tests_end(struct trials *t, struct sbuf *out)
{
	const char *name = sbuf_text(&t->failed);

	tag(out, GREEN, "==========");
	count_of_tests(out, t->nr_tests, " ran.");
	tag(out, GREEN, "  PASSED  ");
	count_of_tests(out, t->nr_tests - t->nr_failed, ".");
	if (!t->nr_failed)
		return;
	tag(out, RED, "  FAILED  ");
	count_of_tests(out, t->nr_failed, ", listed below:");
	for (; name < t->failed.at + t->failed.len; name += strlen(name) + 1) {
		tag(out, RED, "  FAILED  ");
		sbuf_printf(out, "%s\n", name);
	}
}

/* ---- benchmarks ---- */

static void bench_result(struct trials *t, const struct sonde_event *e)
{
	const struct bench_row row = { e->duration_ns, e->count };

	if (e->return_code)
		return;
	sbuf_add(&t->results, &row, sizeof(row));
	sbuf_add(&t->results, e->name, strlen(e->name) + 1);
}

/* The row at `at`, and its name; returns what follows. */
static const char *next_row(const char *at, struct bench_row *row, const char **name)
{
	memcpy(row, at, sizeof(*row));
	*name = at + sizeof(*row);
	return *name + strlen(*name) + 1;
}

static void benches_end(struct trials *t, struct sbuf *out)
{
	const char *at = t->results.at, *end = at + t->results.len, *name;
	size_t width = NAME_COLUMNS;
	struct bench_row row;

	if (!t->results.len)
		return;
	while (at < end) {
		at = next_row(at, &row, &name);
		if (strlen(name) > width)
			width = strlen(name);
	}
	sbuf_printf(out, "%-*s %-*s%s\n", (int)width, "Benchmark", TIME_COLUMNS, "Time(ns)",
		    "Iterations");
	sbuf_fill(out, '-', width + 1 + TIME_COLUMNS + strlen("Iterations"));
	sbuf_putc(out, '\n');
	for (at = t->results.at; at < end;) {
		at = next_row(at, &row, &name);
		sbuf_printf(out, "%-*s %-*" PRIu64 "%" PRIu64 "\n", (int)width, name, TIME_COLUMNS,
			    row.duration_ns, row.count);
	}
}

/* ---- both ---- */

void trial_text(struct trials *t, struct sbuf *out, const struct sonde_event *e,
		const struct sbuf *output)
{
	switch (e->kind) {
	case SONDE_EVENT_TESTS:
		tag(out, GREEN, "==========");
		sbuf_printf(out, "Running %" PRIu64 " tests.\n", e->count);
		break;
	case SONDE_EVENT_TEST_BEGIN:
		tag(out, GREEN, " RUN      ");
		sbuf_printf(out, "%s\n", e->name);
		break;
	case SONDE_EVENT_TEST_RESULT:
		test_result(t, out, e, output);
		break;
	case SONDE_EVENT_TESTS_END:
		tests_end(t, out);
		break;
	case SONDE_EVENT_BENCH_RESULT:
		bench_result(t, e);
		break;
	case SONDE_EVENT_BENCHES_END:
		benches_end(t, out);
		break;
	default:
		break;
	}
}

void trial_json(struct sbuf *out, const struct sonde_event *e, const struct sbuf *output)
{
	bool is_test = e->kind == SONDE_EVENT_TEST_RESULT;

	if (!is_test && (e->kind != SONDE_EVENT_BENCH_RESULT || e->return_code))
		return;
	sbuf_printf(out, "{\"type\": \"%s\", \"data\": {", is_test ? "test_result"
								   : "benchmark_result");
	out_json_string(out, e->name, strlen(e->name));
	if (is_test) {
		sbuf_printf(out, ": {\"duration\": %" PRIu64 ", \"passed\": %s, \"output\": ",
			    e->duration_ns, e->return_code ? "false" : "true");
		out_json_string(out, sbuf_text(output), output->len);
	} else {
		sbuf_printf(out, ": {\"average\": %" PRIu64 ", \"iters\": %" PRIu64, e->duration_ns,
			    e->count);
	}
	sbuf_puts(out, "}}}\n");
}
