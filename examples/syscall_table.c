/*
 * Who makes the most system calls? A table of our own, once a second, from a
 * program that links libsonde:
 *
 *	cc -o syscall_table syscall_table.c $(pkg-config --cflags --libs sonde)
 *	./syscall_table [SECONDS]
 */
#include "sonde.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOP 10

static const char script[] =
	"tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }\n";

static void on_message(void *arg, const struct sonde_message *m)
{
	(void)arg;
	fputs(m->rendered, stderr);
}

/* The run's own lines ("Attached …") are not wanted: the table is our output. */
static void on_event(void *arg, const struct sonde_event *e)
{
	(void)arg;
	if (e->kind == SONDE_EVENT_LOST)
		fprintf(stderr, "lost %" PRIu64 " events\n", e->count);
}

static int print_table(struct sonde *s)
{
	const struct sonde_map_entry *entries;
	size_t n;
	int err = sonde_map_read(s, "calls", &entries, &n);

	if (err)
		return err;
	printf("\n%-16s %12s\n", "COMMAND", "CALLS");
	for (size_t i = n; i > 0 && n - i < TOP; i--)	/* sorted: the largest is last */
		printf("%-16s %12" PRIu64 "\n", entries[i - 1].key->text,
		       entries[i - 1].value->unsigned_number);
	return fflush(stdout);
}

/* Poll until the run ends or a second is over; 0: it has ended. */
static int poll_for_a_second(struct sonde *s)
{
	time_t end = time(NULL) + 1;
	int more = 1;

	while (more > 0 && time(NULL) < end)
		more = sonde_poll(s, 100);
	return more;
}

int main(int argc, char **argv)
{
	const struct sonde_options options = { .size = sizeof(options) };
	int seconds = argc > 1 ? atoi(argv[1]) : 5;
	struct sonde *s = sonde_open(&options);
	int err = s ? 0 : 1;

	if (s) {
		sonde_on_message(s, on_message, NULL);
		sonde_on_event(s, on_event, NULL);
		err = sonde_compile(s, "syscall_table", script, strlen(script));
	}
	if (!err)
		err = sonde_load(s);
	if (!err)
		err = sonde_attach(s) < 0;
	while (!err && seconds-- > 0 && poll_for_a_second(s) > 0)
		err = print_table(s);
	sonde_close(s);
	return err ? 1 : 0;
}
