/*
 * Integer literals: text in, 64-bit value or the kind of mistake out.
 *
 * Forms: decimal, octal (leading 0), 0x, 0b, one digit "e" exponent; "_"
 * between digits; C suffixes check the range, durations multiply to
 * nanoseconds. No sign: "-" is an operator.
 */
#include "lang/number.h"

#include "lang/lang.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

struct suffix {
	const char *name;
	uint64_t max;		/* largest value that the suffix allows */
	uint64_t factor;	/* of a duration; 0: a C suffix, in any case */
};

static const struct suffix suffixes[] = {
	{ "u",   UINT32_MAX, 0 },
	{ "ul",  UINT64_MAX, 0 },
	{ "ull", UINT64_MAX, 0 },
	{ "l",   INT64_MAX,  0 },
	{ "ll",  INT64_MAX,  0 },
	{ "ns",  UINT64_MAX, 1 },
	{ "us",  UINT64_MAX, 1000 },
	{ "ms",  UINT64_MAX, 1000000 },
	{ "s",   UINT64_MAX, 1000000000 },
	{ "m",   UINT64_MAX, 60000000000 },
	{ "h",   UINT64_MAX, 3600000000000 },
	{ "d",   UINT64_MAX, 86400000000000 },
};

static const char *const status_texts[NUMBER_STATUS_COUNT] = {
	[NUMBER_OK]          = "valid integer",
	[NUMBER_EMPTY]       = "invalid integer: no digits",
	[NUMBER_BAD_DIGIT]   = "invalid integer: a digit that the base does not have",
	[NUMBER_SEPARATOR]   = "trailing underscore in integer literal",
	[NUMBER_COEFFICIENT] = "coefficient part of scientific literal must be 1-9",
	[NUMBER_EXPONENT]    = "exponent of scientific literal must be a number from 1 on",
	[NUMBER_SUFFIX]      = "invalid integer suffix",
	[NUMBER_OVERFLOW]    = "overflow error",
};

const char *number_status_text(enum number_status status)
{
	return status_texts[status];
}

static const struct suffix *suffix_find(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const struct suffix *s = &suffixes[i];

		if (strlen(s->name) != len)
			continue;
		if (s->factor ? !strncmp(s->name, text, len) : !strncasecmp(s->name, text, len))
			return s;
	}
	return NULL;
}

static enum number_status apply_suffix(const char *text, size_t len, bool durations,
				       uint64_t *value, bool *is_duration)
{
	const struct suffix *s = suffix_find(text, len);

	if (!len)
		return NUMBER_OK;
	if (!s || (s->factor && !durations))
		return NUMBER_SUFFIX;
	if (*value > s->max)
		return NUMBER_OVERFLOW;
	if (!s->factor)
		return NUMBER_OK;
	*is_duration = true;
	return __builtin_mul_overflow(*value, s->factor, value) ? NUMBER_OVERFLOW : NUMBER_OK;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

/* Read digits of `base` and "_" from *at; stops at the first other byte. */
static enum number_status read_digits(const char **at, const char *end, unsigned base,
				      uint64_t *value)
{
	const char *p = *at;
	bool overflow = false;

	*value = 0;
	for (; p < end; p++) {
		unsigned d = digit_value(*p);

		if (*p == '_' && p > *at)
			continue;
		if (d >= base)
			break;
		overflow |= __builtin_mul_overflow(*value, (uint64_t)base, value);
		overflow |= __builtin_add_overflow(*value, (uint64_t)d, value);
	}
	if (p == *at)
		return NUMBER_EMPTY;
	if (p[-1] == '_')
		return NUMBER_SEPARATOR;
	*at = p;
	return overflow ? NUMBER_OVERFLOW : NUMBER_OK;
}

/* `*value` holds the coefficient, *at is behind the "e". */
static enum number_status read_exponent(const char **at, const char *end, uint64_t *value)
{
	uint64_t exponent;
	enum number_status status;

	if (*at == end || **at < '1' || **at > '9')
		return NUMBER_EXPONENT;
	status = read_digits(at, end, 10, &exponent);
	if (status)
		return status;
	if (exponent > 19)
		return NUMBER_OVERFLOW;
	for (; exponent; exponent--)
		if (__builtin_mul_overflow(*value, (uint64_t)10, value))
			return NUMBER_OVERFLOW;
	return NUMBER_OK;
}

static enum number_status read_decimal(const char *text, const char *end, uint64_t *value,
				       bool *is_duration)
{
	const char *at = text;
	enum number_status status = read_digits(&at, end, 10, value);

	if (status)
		return status;
	if (at < end && (*at == 'e' || *at == 'E')) {
		if (at - text != 1 || *text == '0')
			return NUMBER_COEFFICIENT;
		at++;
		status = read_exponent(&at, end, value);
		if (status)
			return status;
	}
	return apply_suffix(at, (size_t)(end - at), true, value, is_duration);
}

static enum number_status read_based(const char *at, const char *end, unsigned base,
				     uint64_t *value, bool *is_duration)
{
	enum number_status status = read_digits(&at, end, base, value);

	if (status)
		return status;
	if (at < end && isdigit((unsigned char)*at))
		return NUMBER_BAD_DIGIT;
	return apply_suffix(at, (size_t)(end - at), base == 8, value, is_duration);
}

enum number_status number_parse(const char *text, size_t len, uint64_t *value, bool *is_duration)
{
	const char *end = text + len;
	enum number_status status;

	*value = 0;
	*is_duration = false;
	if (!len || !isdigit((unsigned char)*text))
		return NUMBER_EMPTY;
	if (len > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		status = read_based(text + 2, end, 16, value, is_duration);
	else if (len > 1 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B'))
		status = read_based(text + 2, end, 2, value, is_duration);
	else if (len > 1 && text[0] == '0' && (isdigit((unsigned char)text[1]) || text[1] == '_'))
		status = read_based(text, end, 8, value, is_duration);
	else
		status = read_decimal(text, end, value, is_duration);
	if (status) {
		*value = 0;
		*is_duration = false;
	}
	return status;
}

static size_t skip_digits(const char *text, size_t len, size_t at, unsigned base)
{
	while (at < len && (digit_value(text[at]) < base || text[at] == '_'))
		at++;
	return at;
}

size_t number_suffix(const char *text, size_t len)
{
	char second = len > 1 && text[0] == '0' ? text[1] : '\0';
	size_t at;

	if (second == 'x' || second == 'X')
		return skip_digits(text, len, 2, 16);
	if (second == 'b' || second == 'B')
		return skip_digits(text, len, 2, 2);
	at = skip_digits(text, len, 0, 10);
	if (at + 1 < len && (text[at] == 'e' || text[at] == 'E') &&
	    isdigit((unsigned char)text[at + 1]))
		at = skip_digits(text, len, at + 1, 10);
	return at;
}

uint64_t number_max(const char *text, size_t len)
{
	size_t at = number_suffix(text, len);
	const struct suffix *s = suffix_find(text + at, len - at);

	return s ? s->max : UINT64_MAX;
}

size_t number_sign(const char *text, bool *negative)
{
	bool sign = (*text == '-' || *text == '+') && text[1];

	*negative = sign && *text == '-';
	return sign;
}

int lang_parse_integer(const char *text, size_t len, uint64_t *value, bool *is_duration)
{
	switch (number_parse(text, len, value, is_duration)) {
	case NUMBER_OK:
		return 0;
	case NUMBER_OVERFLOW:
		return -ERANGE;
	default:
		return -EINVAL;
	}
}
