/*
 * When programs shall wake the reader of the ring: see pace.h.
 *
 * No record is left lying. While busy, the reader looks every millisecond. When
 * it ends being busy it clears the flag, then looks once more, then sleeps: a
 * program that reads the flag after that wakes it. A program that read the flag
 * before, but commits its record only after that look, does not; therefore the
 * waits after the end grow from a millisecond on by what has passed since: if
 * the program was held up for T between the two, its record is found at most T
 * (and a millisecond) later, and never after more than the limit.
 */
#include "run/pace.h"

#define MS 1000000
#define FAST_NS (2 * (int64_t)MS)	/* lots of records so close together are many */
#define IDLE_NS (10 * (int64_t)MS)	/* nothing for so long: not busy any more */
#define UNSURE_NS (5 * (int64_t)MS)

void pace_note(struct pace *p, int64_t now_ns, size_t records)
{
	if (records) {
		p->busy |= p->last_ns && now_ns - p->last_ns < FAST_NS;
		p->last_ns = now_ns;
	} else if (p->busy && now_ns - p->last_ns >= IDLE_NS) {
		p->busy = false;
		p->cleared_ns = now_ns;
	}
}

int pace_wait_ms(const struct pace *p, int64_t now_ns, int limit_ms)
{
	int64_t since = now_ns - p->cleared_ns;

	if (!p->busy && (!p->cleared_ns || since >= (int64_t)limit_ms * MS))
		return limit_ms;
	since = p->busy || since < MS ? 1 : since / MS;
	return since < limit_ms ? (int)since : limit_ms;
}

bool pace_is_unsure(const struct pace *p, int64_t now_ns)
{
	return p->busy || (p->cleared_ns && now_ns - p->cleared_ns < UNSURE_NS);
}
