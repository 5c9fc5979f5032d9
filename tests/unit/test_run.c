/*
 * Tests of src/run without a kernel: the ring's protocol over plain memory,
 * records to events, cells read and taken, the parked command, detaching.
 */
#include "kernel/perf_event.h"
#include "run/attach.h"
#include "run/child.h"
#include "run/detach.h"
#include "run/ring_size.h"
#include "run/state.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the ring ---- */

#define RING_BYTES ((size_t)4096)

struct fake_ring {
	uint64_t consumer, producer;
	char data[RING_BYTES];
};

static void put_word(struct fake_ring *f, uint64_t at, uint32_t word)
{
	memcpy(f->data + at % RING_BYTES, &word, sizeof(word));
}

/* Append a record whose bytes are all `fill`, as the kernel would. */
static void put(struct fake_ring *f, uint32_t flags, uint32_t len, char fill)
{
	uint64_t at = f->producer;

	put_word(f, at, len | flags);
	for (uint64_t i = at + 8; i < at + 8 + len; i++)
		f->data[i % RING_BYTES] = fill;
	f->producer += (8 + len + 7) & ~7u;
}

struct got {
	char text[256];		/* first byte of each record */
	size_t n, bytes, wrong;	/* wrong: bytes that differ from the first */
	size_t stop_after;	/* 0: never */
};

static int take(void *arg, const void *data, size_t size_bytes)
{
	struct got *g = arg;

	if (size_bytes)
		g->text[g->n] = *(const char *)data;
	g->bytes += size_bytes;
	for (size_t i = 1; i < size_bytes; i++)
		g->wrong += ((const char *)data)[i] != *(const char *)data;
	return ++g->n == g->stop_after;
}

static void test_ring_order(void **state)
{
	struct fake_ring f = { 0 };
	struct got g = { 0 };
	struct ring *ring;

	(void)state;
	assert_int_equal(ring_open_memory(&ring, &f.consumer, &f.producer, f.data, RING_BYTES), 0);
	assert_false(ring_has_data(ring));
	assert_int_equal(ring_read(ring, 100, take, &g, NULL), 0);
	put(&f, 0, 1, 'a');
	put(&f, BPF_RINGBUF_DISCARD_BIT, 30, 'x');
	put(&f, 0, 13, 'b');
	assert_true(ring_has_data(ring));
	assert_int_equal(ring_read(ring, 100, take, &g, NULL), 3);
	assert_string_equal(g.text, "ab");
	assert_int_equal(g.bytes, 14);
	assert_int_equal(f.consumer, f.producer);
	assert_int_equal(ring_pending_bytes(ring), 0);
	ring_close(ring);
}

static void test_ring_busy(void **state)
{
	struct fake_ring f = { 0 };
	struct got g = { 0 };
	struct ring *ring;

	(void)state;
	ring_open_memory(&ring, &f.consumer, &f.producer, f.data, RING_BYTES);
	put(&f, 0, 8, 'a');
	put(&f, BPF_RINGBUF_BUSY_BIT, 8, 'b');
	put(&f, 0, 8, 'c');
	assert_int_equal(ring_read(ring, 100, take, &g, NULL), 1);
	assert_false(ring_has_data(ring));
	assert_int_equal(ring_pending_bytes(ring), 32);
	put_word(&f, 16, 8);
	assert_int_equal(ring_read(ring, 100, take, &g, NULL), 2);
	assert_string_equal(g.text, "abc");
	ring_close(ring);
}

/* Twenty times around; records cross the end of the buffer. */
static void test_ring_wraps(void **state)
{
	struct fake_ring f = { 0 };
	struct ring *ring;
	size_t n = 0;

	(void)state;
	ring_open_memory(&ring, &f.consumer, &f.producer, f.data, RING_BYTES);
	for (int i = 0; i < 1000; i++) {
		struct got g = { 0 };

		put(&f, 0, 50, 'a');
		put(&f, 0, 20, 'b');
		n += ring_read(ring, 100, take, &g, NULL);
		assert_string_equal(g.text, "ab");
		assert_int_equal(g.bytes, 70);
		assert_int_equal(g.wrong, 0);
	}
	assert_int_equal(n, 2000);
	ring_close(ring);
}

/* A reader whose second record takes so long that all behind it are laid aside, and
 * more come. */
struct slow {
	struct got got;
	struct fake_ring *f;
	struct ring *ring;
	uint64_t positions[8];
	size_t most;
};

static int take_slowly(void *arg, const void *data, size_t size_bytes)
{
	struct slow *s = arg;

	s->positions[s->got.n] = ring_position(s->ring);
	if (s->got.n != 1)
		return take(&s->got, data, size_bytes);
	take(&s->got, data, size_bytes);
	assert_true(ring_lay_aside(s->ring, RING_BYTES, s->most));
	assert_int_equal(s->f->consumer, s->f->producer);
	assert_int_equal(ring_unread_bytes(s->ring), 0);
	assert_false(ring_lay_aside(s->ring, RING_BYTES, s->most));
	put(s->f, 0, 4, 'e');
	return 0;
}

static void test_ring_aside(void **state)
{
	struct fake_ring f = { 0 };
	struct slow s = { .f = &f, .most = 65536 };

	(void)state;
	ring_open_memory(&s.ring, &f.consumer, &f.producer, f.data, RING_BYTES);
	for (int i = 0; i < 2; i++)
		put(&f, 0, 9, (char)('a' + i));
	put(&f, BPF_RINGBUF_DISCARD_BIT, 30, 'x');
	put(&f, 0, 1, 'c');
	put(&f, 0, 200, 'd');
	assert_int_equal(ring_read(s.ring, 3, take_slowly, &s, NULL), 3);
	assert_true(ring_has_data(s.ring));
	assert_int_equal(ring_pending_bytes(s.ring), 16 + 200 + 16);
	assert_int_equal(ring_read(s.ring, 100, take_slowly, &s, NULL), 2);
	assert_string_equal(s.got.text, "abcde");
	assert_int_equal(s.got.bytes, 9 + 9 + 1 + 200 + 4);
	assert_int_equal(s.got.wrong, 0);
	for (size_t i = 1; i < 5; i++)
		assert_true(s.positions[i] > s.positions[i - 1]);
	assert_int_equal(ring_pending_bytes(s.ring), 0);
	assert_int_equal(ring_read(s.ring, 100, take_slowly, &s, NULL), 0);
	ring_close(s.ring);
}

/* What does not fit stays in the ring. */
static void test_ring_aside_full(void **state)
{
	struct fake_ring f = { 0 };
	struct got g = { 0 };
	struct ring *ring;

	(void)state;
	ring_open_memory(&ring, &f.consumer, &f.producer, f.data, RING_BYTES);
	for (int i = 0; i < 5; i++)
		put(&f, 0, 100, (char)('a' + i));
	assert_true(ring_lay_aside(ring, RING_BYTES, 200));
	assert_int_equal(f.consumer, 2 * 112);
	assert_false(ring_lay_aside(ring, RING_BYTES, 200));
	assert_int_equal(ring_read(ring, 100, take, &g, NULL), 5);
	assert_string_equal(g.text, "abcde");
	ring_close(ring);
}

static void test_ring_limits(void **state)
{
	struct fake_ring f = { 0 };
	struct got g = { .stop_after = 2 };
	struct ring *ring;
	bool stopped;

	(void)state;
	assert_int_equal(ring_open_memory(&ring, &f.consumer, &f.producer, f.data, 5000), -EINVAL);
	ring_open_memory(&ring, &f.consumer, &f.producer, f.data, RING_BYTES);
	for (int i = 0; i < 5; i++)
		put(&f, 0, 4, (char)('a' + i));
	assert_int_equal(ring_read(ring, 100, take, &g, &stopped), 2);
	assert_true(stopped);
	assert_int_equal(ring_read(ring, 1, take, &g, &stopped), 1);
	assert_false(stopped);
	assert_string_equal(g.text, "abc");
	/* A length beyond what was produced is not believed. */
	put_word(&f, f.consumer, 1000);
	assert_int_equal(ring_read(ring, 100, take, &g, NULL), 0);
	ring_close(ring);
	ring_close(NULL);
}

/* ---- the ring's size ---- */

#define INSN(c, o) { .code = (c), .off = (o) }
#define GOTO(o) INSN(BPF_JMP | BPF_JA, o)
#define IF(o) INSN(BPF_JMP | BPF_JEQ | BPF_K, o)
#define RETURN INSN(BPF_JMP | BPF_EXIT, 0)

static bool repeats(const struct bpf_insn *insns, uint32_t n)
{
	const struct image_prog prog = { .insns = insns, .nr_insns = n };

	return prog_may_repeat(&prog);
}

static void test_may_repeat(void **state)
{
	/* A cold block behind the rest that comes back is no loop. */
	const struct bpf_insn straight[] = { IF(2), GOTO(0), RETURN, GOTO(-3) };
	const struct bpf_insn loop[] = { GOTO(0), IF(1), GOTO(-2), RETURN };
	const struct bpf_insn callback[] = { { .code = BPF_JMP | BPF_CALL, .imm = 181 }, RETURN };
	const struct bpf_insn call[] = { { .code = BPF_JMP | BPF_CALL, .imm = 5 }, RETURN };
	const struct bpf_insn wild[] = { GOTO(100), RETURN };

	(void)state;
	assert_false(repeats(straight, 4));
	assert_true(repeats(loop, 4));
	assert_true(repeats(callback, 2));
	assert_false(repeats(call, 2));
	assert_false(repeats(wild, 2));
	assert_false(repeats(NULL, 0));
	assert_true(repeats(NULL, 100000));
}

#define MS ((int64_t)1000000)

static void test_pace(void **state)
{
	struct pace p = { 0 };
	int64_t now = 1000 * MS;

	(void)state;
	assert_int_equal(pace_wait_ms(&p, now, 100), 100);
	pace_note(&p, now, 1);
	pace_note(&p, now + 50 * MS, 1);
	assert_false(p.busy || pace_is_unsure(&p, now + 50 * MS));
	pace_note(&p, now + 51 * MS, 1);
	assert_true(p.busy);
	assert_int_equal(pace_wait_ms(&p, now + 51 * MS, 100), 1);
	assert_int_equal(pace_wait_ms(&p, now + 51 * MS, 0), 0);
	pace_note(&p, now + 60 * MS, 0);
	assert_true(p.busy && pace_is_unsure(&p, now + 60 * MS));
	now += 61 * MS;
	pace_note(&p, now, 0);
	assert_false(p.busy);
	/* From now on programs wake the reader, but one may have missed that. */
	assert_true(pace_is_unsure(&p, now + 4 * MS));
	assert_false(pace_is_unsure(&p, now + 5 * MS));
	assert_int_equal(pace_wait_ms(&p, now, 100), 1);
	assert_int_equal(pace_wait_ms(&p, now + 7 * MS, 100), 7);
	assert_int_equal(pace_wait_ms(&p, now + 200 * MS, 100), 100);
}

static void test_ring_size(void **state)
{
	static const struct image_reloc ring = { .map = 0 };
	struct image_prog prog = { .attach = ATTACH_BEGIN, .relocs = &ring, .nr_relocs = 1 };
	struct image *image = image_open();

	(void)state;
	assert_non_null(image);
	image->ring_map = 0;
	assert_false(ring_is_used(image, 0));
	vec_push(&image->arena, &image->progs, prog);
	assert_true(ring_is_used(image, 0));
	assert_int_equal(ring_size(image), 256 * 1024);
	prog.attach = ATTACH_KPROBE;
	vec_push(&image->arena, &image->progs, prog);
	assert_true(ring_size(image) >= 256 * 1024);
	image->config.perf_rb_pages = 3;
	assert_int_equal(ring_size(image), 16384);
	image_close(image);
}

/* ---- records ---- */

static const struct value_layout u64_layout = { .kind = VALUE_INT, .size_bytes = 8 };
static const struct value_layout text_layout = { .kind = VALUE_STRING, .size_bytes = 64 };
static const struct value_layout count_layout = { .kind = VALUE_COUNT, .size_bytes = 8 };
static const struct value_field fields[] = {
	{ .layout = &u64_layout, .offset_bytes = 8 },
	{ .layout = &text_layout, .offset_bytes = 16, .is_variable = true },
};
static const struct image_conversion format[] = {
	{ .kind = CONV_TEXT, .text = "n=", .len = 2 },
	{ .kind = CONV_UNSIGNED, .field = 0, .int_bytes = 8 },
	{ .kind = CONV_TEXT, .text = " s=", .len = 3 },
	{ .kind = CONV_STRING, .field = 1 },
	{ .kind = CONV_TEXT, .text = "\n", .len = 1 },
};
static const struct image_conversion command_format[] = {
	{ .kind = CONV_TEXT, .text = "echo out; echo more", .len = 19 },
};
static const struct image_site end_site = { .probe = 1 };

struct session {
	struct image *image;
	struct run *run;
	char log[2048];		/* a line for each event */
};

static void log_event(void *arg, const struct sonde_event *e)
{
	struct session *s = arg;
	size_t at = strlen(s->log);

	snprintf(s->log + at, sizeof(s->log) - at, "%d:%s:%s:%zu/%zu\n", (int)e->kind,
		 e->probe ? e->probe : "-", e->text ? e->text : e->name ? e->name : "", e->nr_values,
		 e->nr_entries);
}

static void log_message(void *arg, enum sonde_severity severity, const char *text)
{
	struct session *s = arg;
	size_t at = strlen(s->log);

	snprintf(s->log + at, sizeof(s->log) - at, "message %d %s\n", (int)severity, text);
}

static void add_actions(struct image *image)
{
	const struct image_action actions[] = {
		{ .kind = ACTION_PRINTF, .format = format, .nr_format = 5, .fields = fields,
		  .nr_fields = 2, .size_bytes = 24 },
		{ .kind = ACTION_EXIT, .fields = fields, .nr_fields = 1, .size_bytes = 16 },
		{ .kind = ACTION_PRINT_MAP, .script_map = 0, .size_bytes = 8 },
		{ .kind = ACTION_PRINT_MAP, .script_map = 99, .size_bytes = 8 },
		{ .kind = ACTION_TIME, .text = "%%", .size_bytes = 8 },
		{ .kind = ACTION_CAT, .format = format, .nr_format = 1, .size_bytes = 8 },
		{ .kind = ACTION_HELPER_ERROR, .text = "map_update_elem", .fields = fields,
		  .nr_fields = 1, .size_bytes = 16 },
		{ .kind = ACTION_SYSTEM, .format = command_format, .nr_format = 1,
		  .size_bytes = 8 },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		vec_push(&image->arena, &image->actions, actions[i]);
}

static void session_open(struct session *s)
{
	const struct run_options options = { .warnings_level = 1 };
	const struct run_callbacks callbacks = { s, log_event, log_message };
	const struct script_map cell = { .name = "n", .is_scalar = true, .storage = STORE_CELL,
					 .value = &count_layout, .spare_map = UINT32_MAX,
					 .cell_offset = 8, .cell_stride = 64,
					 .set_offset = UINT32_MAX };
	const struct image_prog end = { .name = "end", .attach = ATTACH_END, .sites = &end_site,
					.nr_sites = 1 };
	const struct image_map array = { .name = "cells", .type = BPF_MAP_TYPE_ARRAY };

	memset(s, 0, sizeof(*s));
	s->image = image_open();
	assert_non_null(s->image);
	vec_push(&s->image->arena, &s->image->probe_names, "begin");
	vec_push(&s->image->arena, &s->image->probe_names, "end");
	vec_push(&s->image->arena, &s->image->script_maps, cell);
	vec_push(&s->image->arena, &s->image->progs, end);
	vec_push(&s->image->arena, &s->image->maps, array);
	s->image->nr_cpus = 4;
	add_actions(s->image);
	assert_int_equal(run_open(&s->run, s->image, &options, &callbacks), 0);
}

static void session_close(struct session *s)
{
	s->run->maps[0].bytes = NULL;
	run_close(s->run);
	image_close(s->image);
}

struct record {
	struct image_record header;
	uint64_t number;
	uint32_t text_offset, text_len;
	char text[8];
};

static void test_records(void **state)
{
	const struct record r = { { 0, 0 }, 7, 24, 5, "hello" };
	const struct record bad_text = { { 0, 1 }, 7, 30, 500, "hello" };
	const struct record unknown = { { 50, 0 }, 0, 0, 0, "" };
	const struct record no_map = { { 3, 0 }, 0, 0, 0, "" };
	const struct record helper = { { 6, UINT32_MAX }, (uint64_t)-7, 0, 0, "" };
	struct session s;

	(void)state;
	session_open(&s);
	assert_int_equal(run_record(s.run, &r, sizeof(r)), 0);
	assert_string_equal(s.log, "0:begin:n=7 s=hello\n:2/0\n");
	s.log[0] = '\0';
	assert_int_equal(run_record(s.run, &bad_text, sizeof(bad_text)), 0);
	assert_string_equal(s.log, "0:end:n=7 s=\n:2/0\n");
	s.log[0] = '\0';
	/* Too short, of no action, of no map. */
	assert_int_equal(run_record(s.run, &r, 4), 0);
	assert_int_equal(run_record(s.run, &r, 20), 0);
	assert_int_equal(run_record(s.run, &unknown, sizeof(unknown)), 0);
	assert_int_equal(run_record(s.run, &no_map, sizeof(no_map)), 0);
	assert_string_equal(s.log, "");
	assert_int_equal(run_record(s.run, &helper, sizeof(helper)), 0);
	assert_non_null(strstr(s.log, ":-:Map full; can't update element"));
	session_close(&s);
}

static void test_exit_drops_what_follows(void **state)
{
	const struct record leave = { { 1, 0 }, 0x103, 0, 0, "" };
	const struct record late = { { 0, 0 }, 1, 24, 1, "a" };
	const struct record from_end = { { 0, 1 }, 2, 24, 1, "b" };
	struct session s;

	(void)state;
	session_open(&s);
	assert_int_equal(run_record(s.run, &leave, sizeof(leave)), 1);
	assert_int_equal(s.run->exit_code, 3);
	assert_int_equal(s.run->end, RUN_EXIT);
	run_record(s.run, &late, sizeof(late));
	s.run->finishing = true;
	run_record(s.run, &late, sizeof(late));
	assert_string_equal(s.log, "");
	assert_int_equal(s.run->dropped, 2);
	run_record(s.run, &from_end, sizeof(from_end));
	assert_string_equal(s.log, "0:end:n=2 s=b\n:2/0\n");
	session_close(&s);
}

static void test_actions_outside(void **state)
{
	const struct record now = { { 4, 0 }, 0, 0, 0, "" };
	const struct record cat = { { 5, 0 }, 0, 0, 0, "" };
	const struct record command = { { 7, 0 }, 0, 0, 0, "" };
	struct session s;

	(void)state;
	session_open(&s);
	run_record(s.run, &now, sizeof(now));
	assert_string_equal(s.log, "3:begin:%:0/0\n");
	s.log[0] = '\0';
	run_record(s.run, &cat, sizeof(cat));
	assert_string_equal(s.log, "message 0 failed to open file 'n=' (No such file or directory)\n");
	s.log[0] = '\0';
	run_record(s.run, &command, sizeof(command));
	assert_string_equal(s.log, "6:begin:out\nmore\n:0/0\n");
	session_close(&s);
}

/* ---- cells ---- */

static void test_cells(void **state)
{
	const struct record print = { { 2, 0 }, 0, 0, 0, "" };
	uint64_t cells[4 * 8] = { 0 };
	const struct sonde_map_entry *entries;
	struct session s;
	struct snapshot snapshot;
	size_t n;

	(void)state;
	session_open(&s);
	s.run->maps[0].bytes = cells;
	s.run->maps[0].mapped_bytes = sizeof(cells);
	assert_int_equal(run_map_read(s.run, "n", &entries, &n), 0);
	assert_int_equal(n, 0);
	/* print() shows a scalar without a value as zero: one entry. */
	run_record(s.run, &print, sizeof(print));
	assert_string_equal(s.log, "2:begin:n:0/1\n");
	cells[1] = 5;
	cells[1 + 3 * 8] = 37;
	assert_int_equal(run_map_read(s.run, "n", &entries, &n), 0);
	assert_int_equal(n, 1);
	assert_null(entries[0].key);
	assert_int_equal(entries[0].value->unsigned_number, 42);
	assert_int_equal(run_map_read(s.run, "m", &entries, &n), -ENOENT);

	assert_int_equal(run_take(s.run, &s.image->script_maps.at[0], false, &s.run->work,
				  &snapshot), 0);
	assert_int_equal(snapshot.entries[0].value->unsigned_number, 42);
	assert_int_equal(cells[1] + cells[1 + 3 * 8], 0);
	assert_int_equal(run_take(s.run, &s.image->script_maps.at[0], false, &s.run->work,
				  &snapshot), 0);
	assert_int_equal(snapshot.n, 0);
	session_close(&s);
}

static void test_cell_outside_map(void **state)
{
	const struct sonde_map_entry *entries;
	uint64_t cells[2] = { 0, 1 };
	struct session s;
	size_t n;

	(void)state;
	session_open(&s);
	s.run->maps[0].bytes = cells;
	s.run->maps[0].mapped_bytes = sizeof(cells);
	assert_int_equal(run_map_read(s.run, "n", &entries, &n), -EINVAL);
	session_close(&s);
}

/* ---- processes ---- */

static void test_child(void **state)
{
	struct pollfd ended = { .events = POLLIN };
	struct child *c = NULL;
	int status = 0;

	(void)state;
	assert_int_equal(child_open(&c, "  "), -EINVAL);
	assert_int_equal(child_open(&c, "no-such-program-here x"), -ENOENT);
	assert_int_equal(child_open(&c, "/dev/null"), -ENOENT);
	assert_int_equal(child_open(&c, "sh -c exit\t7"), 0);
	assert_true(child_pid(c) > 0);
	assert_false(child_has_ended(c, NULL));
	assert_int_equal(child_release(c, NULL, NULL), 0);
	ended.fd = child_pidfd(c);
	assert_int_equal(poll(&ended, 1, -1), 1);
	assert_true(child_has_ended(c, &status));
	assert_true(WIFEXITED(status));
	child_close(c);

	/* Never let go: it ends with the session. */
	assert_int_equal(child_open(&c, "sleep 100"), 0);
	child_close(c);
	child_close(NULL);
}

/* The last close is the holder's: the pipe's other end sees it. */
static void test_detach(void **state)
{
	int fds[2], copy;
	char byte;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	copy = fds[1];
	detach(&copy, 1, false);
	assert_int_equal(copy, -1);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);

	assert_int_equal(pipe(fds), 0);
	copy = fds[1];
	detach(&copy, 1, true);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
	detach(NULL, 0, false);
}

static void test_cpu_list(void **state)
{
	int cpus[4] = { 0 };

	(void)state;
	assert_int_equal(perf_parse_cpu_list("0-1\n", cpus, 4), 2);
	assert_int_equal(perf_parse_cpu_list("0,2-4,8-9\n", cpus, 4), 6);
	assert_int_equal(cpus[3], 4);
	assert_int_equal(perf_parse_cpu_list("", cpus, 4), 0);
	assert_int_equal(perf_parse_cpu_list("3-1", cpus, 4), -EINVAL);
	assert_int_equal(perf_parse_cpu_list("x", cpus, 4), -EINVAL);
}

/* No kernel that the tests run on has override(). */
static void test_override_reason(void **state)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_override_return },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct image_prog p = { .attach = ATTACH_KPROBE, .insns = insns, .nr_insns = 2 };

	(void)state;
	assert_string_equal(attach_reason(&p, EINVAL),
			    "the kernel does not allow override() of this function: "
			    "/sys/kernel/debug/error_injection/list has those that it does");
	assert_string_equal(attach_reason(&p, ENOENT),
			    "the kernel has no such function that can be traced");
	assert_false(attach_is_unfit(&p, -EINVAL));
	p.insns++;
	p.nr_insns--;
	assert_string_equal(attach_reason(&p, EINVAL), "the kernel does not allow a probe here");
	assert_true(attach_is_unfit(&p, -EINVAL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_order),
		cmocka_unit_test(test_ring_busy),
		cmocka_unit_test(test_ring_wraps),
		cmocka_unit_test(test_ring_aside),
		cmocka_unit_test(test_ring_aside_full),
		cmocka_unit_test(test_ring_limits),
		cmocka_unit_test(test_may_repeat),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_ring_size),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_exit_drops_what_follows),
		cmocka_unit_test(test_actions_outside),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_cell_outside_map),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_cpu_list),
		cmocka_unit_test(test_override_reason),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
