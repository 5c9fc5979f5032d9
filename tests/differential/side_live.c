/*
 * A program on the kernel, through the library's runtime.
 */
#include "run/run.h"
#include "tests/differential/side.h"

#include <errno.h>

static void on_event(void *arg, const struct sonde_event *e)
{
	side_event(arg, e);
}

static void on_message(void *arg, enum sonde_severity severity, const char *text)
{
	sbuf_printf(arg, "!message %d %s\n", (int)severity, text);
}

int side_live(struct compiled *c, struct sbuf *out)
{
	struct run_options options = { .warnings_level = 1, .text_only = true, .verbose = true };
	struct run_callbacks callbacks = { .arg = out, .event = on_event, .message = on_message };
	struct run *r = NULL;
	int err = run_open(&r, c->image, &options, &callbacks);

	if (!err)
		err = run_load(r);
	if (!err)
		err = run_attach(r);
	while (err >= 0) {
		err = run_poll(r, 1000);
		if (err <= 0)
			break;
	}
	if (err >= 0) {
		err = run_finish(r);
		err = err < 0 ? err : 0;
	}
	run_close(r);
	return err;
}
