/*
 * Times as text: strftime with the parts of the second added.
 */
#include "out/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000u
#define TEXT_BYTES 1024

/* %f, %l and %k are ours (micro-, milli- and nanoseconds) and become digits
 * before strftime sees the format. */
static const char *expand_fractions(struct arena *a, const char *format, uint32_t ns)
{
	char *out = arena_alloc(a, strlen(format) * 9 + 1), *at = out;

	for (const char *p = format; *p; p++) {
		if (p[0] != '%' || !p[1]) {
			*at++ = *p;
			continue;
		}
		p++;
		if (*p == 'f')
			at += sprintf(at, "%06" PRIu32, ns / 1000);
		else if (*p == 'l')
			at += sprintf(at, "%03" PRIu32, ns / 1000000);
		else if (*p == 'k')
			at += sprintf(at, "%09" PRIu32, ns);
		else
			at += sprintf(at, "%%%c", *p);
	}
	return out;
}

const char *decode_time_text(struct arena *a, const char *format, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_SECOND);
	char *text = arena_alloc(a, TEXT_BYTES);
	struct tm tm;

	if (!format || !seconds || !localtime_r(&seconds, &tm))
		return "(?)";
	format = expand_fractions(a, format, (uint32_t)(ns % NS_PER_SECOND));
	if (!strftime(text, TEXT_BYTES, format, &tm))
		return "(?)";
	return text;
}
