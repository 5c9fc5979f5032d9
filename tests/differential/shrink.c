/*
 * Making a failing program smaller: lines and blocks go, then what stands in
 * parentheses, as long as it fails in the same way.
 */
#include "tests/differential/trial.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_TRIES 1500
#define MAX_SECONDS 60		/* programs that the verifier walks for long take their time */

struct shrinking {
	struct trial *trial;
	const struct trial_sides *sides;
	struct cover *cover;
	enum trial_result result;
	char *text;		/* owned */
	int tries;
	time_t end;
};

/* Replace text[from, to) by `with`; keep it if it fails in the same way. */
static bool try_without(struct shrinking *s, size_t from, size_t to, const char *with)
{
	size_t len = strlen(s->text), n = strlen(with);
	char *candidate = malloc(len + n + 1);

	if (!candidate || s->tries++ > MAX_TRIES || time(NULL) > s->end) {
		free(candidate);
		return false;
	}
	memcpy(candidate, s->text, from);
	memcpy(candidate + from, with, n);
	memcpy(candidate + from + n, s->text + to, len - to + 1);
	trial_run_apart(s->trial, s->sides, candidate, s->cover);
	if (s->trial->result != s->result) {
		free(candidate);
		return false;
	}
	free(s->text);
	s->text = candidate;
	return true;
}

static size_t line_end(const char *text, size_t at)
{
	return at + strcspn(text + at, "\n") + (text[at + strcspn(text + at, "\n")] == '\n');
}

/* Where the block that this line opens is closed: the start of that line. */
static size_t block_end(const char *text, size_t at)
{
	size_t indent = strspn(text + at, "\t"), next = line_end(text, at);

	while (text[next] && strspn(text + next, "\t") > indent)
		next = line_end(text, next);
	return next;
}

static bool shrink_lines(struct shrinking *s)
{
	bool any = false;

	for (size_t at = 0; s->text[at];) {
		size_t end = line_end(s->text, at), close = block_end(s->text, at);
		bool opens = end >= 2 && s->text[end - 2] == '{';

		if (opens && (try_without(s, at, line_end(s->text, close), "") ||
			      try_without(s, at, end, "{\n"))) {
			any = true;
			continue;
		}
		if (!opens && try_without(s, at, end, "")) {
			any = true;
			continue;
		}
		at = end;
	}
	return any;
}

/* Some lines at once, while there are many. */
static void shrink_chunks(struct shrinking *s)
{
	for (int lines = 32; lines > 1; lines /= 2)
		for (size_t at = 0; s->text[at];) {
			size_t end = at;

			for (int i = 0; i < lines && s->text[end]; i++)
				end = line_end(s->text, end);
			if (!try_without(s, at, end, ""))
				at = line_end(s->text, at);
		}
}

static size_t closing(const char *text, size_t at)
{
	int depth = 0;
	bool quoted = false;

	for (; text[at] && text[at] != '\n'; at++) {
		if (text[at] == '\\' && quoted)
			at++;
		else if (text[at] == '"')
			quoted = !quoted;
		else if (!quoted && text[at] == '(')
			depth++;
		else if (!quoted && text[at] == ')' && !--depth)
			return at;
	}
	return 0;
}

static bool shrink_parentheses(struct shrinking *s)
{
	static const char *const instead[] = { "1", "true", "\"a\"", "(1)", "" };
	bool any = false;

	for (size_t at = 0; s->text[at]; at++) {
		size_t end = s->text[at] == '(' ? closing(s->text, at) : 0;

		for (size_t i = 0; end && i < sizeof(instead) / sizeof(*instead); i++) {
			if (end - at < strlen(instead[i]) || !strncmp(s->text + at, "(1)", 3))
				continue;
			if (try_without(s, at, end + 1, instead[i])) {
				any = true;
				break;
			}
		}
	}
	return any;
}

/* An operand of "(a op b)" instead of both. */
static bool shrink_operands(struct shrinking *s)
{
	bool any = false;

	for (size_t at = 0; s->text[at]; at++) {
		size_t end = s->text[at] == '(' ? closing(s->text, at) : 0, blank;

		for (blank = at; blank < end; blank++) {
			if (s->text[blank] != ' ')
				continue;
			if (try_without(s, at + 1, blank + 1, "") ||
			    try_without(s, blank, end, "")) {
				any = true;
				break;
			}
		}
	}
	return any;
}

void trial_shrink(struct trial *t, const struct trial_sides *sides, char **text,
		  struct cover *cover)
{
	struct shrinking s = { .trial = t, .sides = sides, .cover = cover, .result = t->result,
			       .text = *text, .end = time(NULL) + MAX_SECONDS };
	bool more = true;

	shrink_chunks(&s);
	while (more && s.tries < MAX_TRIES) {
		more = shrink_lines(&s);
		more |= shrink_parentheses(&s);
		more |= shrink_operands(&s);
	}
	trial_run_apart(t, sides, s.text, cover);
	*text = s.text;
}
