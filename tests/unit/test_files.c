/*
 * Tests of the files that compiling reads, through the library's face: what was kept of
 * them is enough to compile again where there are no such files.
 */
#include "sonde.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void drop(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(remove(path), 0);
}

static struct sonde *compile(const char *script, const struct sonde_options *more, int *err)
{
	struct sonde_options options = *more;
	char name[128];
	struct sonde *s;

	options.size = sizeof(options);
	options.compile_only = true;
	options.target_file = "tests/errors/target.json";
	snprintf(name, sizeof(name), "%s/script.bt", folder);
	s = sonde_open(&options);
	assert_non_null(s);
	*err = sonde_compile(s, name, script, strlen(script));
	return s;
}

static const struct sonde_file *find(const struct sonde_file *files, size_t n, const char *end)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(files[i].name);

		if (len >= strlen(end) && !strcmp(files[i].name + len - strlen(end), end))
			return &files[i];
	}
	return NULL;
}

/* Without the folders of headers that this machine may have. */
static size_t count_plain(const struct sonde_file *files, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += files[i].kind == SONDE_FILE;
	return count;
}

static void test_kept(void **state)
{
	static const char script[] = "#include \"one.h\"\nimport \"parts\"; import \"lone.bt\";\n"
				     "begin { print((twice(2), lone, sizeof(struct one))); }";
	const struct sonde_options keep = { .keep_files = true }, plain = { 0 };
	const struct sonde_file *files, *file;
	struct sonde_options given = { 0 };
	struct sonde *first, *s;
	char parts[128];
	size_t n;
	int err;

	(void)state;
	strcpy(folder, "/tmp/sonde-files.XXXXXX");
	assert_non_null(mkdtemp(folder));
	put("one.h", "struct one { int a; };\n");
	put("lone.bt", "macro lone { 4 }\n");
	snprintf(parts, sizeof(parts), "%s/parts", folder);
	assert_int_equal(mkdir(parts, 0700), 0);
	put("parts/twice.bt", "macro twice(x) { x * 2 }\n");
	first = compile(script, &keep, &err);
	assert_int_equal(err, 0);
	n = sonde_files(first, &files);
	assert_int_equal(count_plain(files, n), 4);
	file = find(files, n, "/one.h");
	assert_non_null(file);
	assert_string_equal(file->text, "struct one { int a; };\n");
	assert_int_equal(file->len, strlen(file->text));
	file = find(files, n, "/parts/");
	assert_non_null(file);
	assert_string_equal(file->text, "twice.bt\n");

	drop("parts/twice.bt");
	drop("parts");
	drop("one.h");
	drop("lone.bt");
	assert_int_equal(rmdir(folder), 0);
	s = compile(script, &plain, &err);
	assert_int_equal(err, -EINVAL);
	sonde_close(s);
	given.files = files;
	given.nr_files = n;
	s = compile(script, &given, &err);
	assert_int_equal(err, 0);
	sonde_close(s);
	sonde_close(first);
}

/* Nobody asked: nothing is kept. */
static void test_not_kept(void **state)
{
	const struct sonde_options plain = { 0 };
	const struct sonde_file *files;
	struct sonde *s;
	size_t n = 1;
	int err;

	(void)state;
	s = compile("#include <stddef.h>\nbegin { print(sizeof(size_t)); }", &plain, &err);
	assert_int_equal(err, 0);
	n = sonde_files(s, &files);
	assert_int_equal(n, 0);
	sonde_close(s);
}

/* Only what is given, and the system's, may be read: not what has come there since. */
static void test_only(void **state)
{
	const struct sonde_file none = { "x", "", 0, NULL, SONDE_FILE };
	const struct sonde_options only = { .files = &none, .nr_files = 1, .only_files = true };
	const struct sonde_options more = { .files = &none, .nr_files = 1 };
	static const char *const scripts[] = {
		"#include \"own.h\"\nbegin { print(OWN); }", "import \"own.bt\"; begin { own() }",
	};
	struct sonde *s;
	int err;

	(void)state;
	strcpy(folder, "/tmp/sonde-files.XXXXXX");
	assert_non_null(mkdtemp(folder));
	put("own.h", "#define OWN 1\n");
	put("own.bt", "macro own() { print(1) }\n");
	for (size_t i = 0; i < 2; i++) {
		s = compile(scripts[i], &more, &err);
		assert_int_equal(err, 0);
		sonde_close(s);
		s = compile(scripts[i], &only, &err);
		assert_int_equal(err, -EINVAL);
		sonde_close(s);
	}
	drop("own.h");
	drop("own.bt");
	assert_int_equal(rmdir(folder), 0);
}

/* Two files with one text are two. */
static void test_identity(void **state)
{
	static const char script[] = "import \"a.bt\"; import \"b.bt\"; import \"c.bt\"; begin { }";
	struct sonde_file files[3] = { { .id = "1" }, { .id = "2" }, { .id = "2" } };
	const struct sonde_options only = { .files = files, .nr_files = 3, .only_files = true,
					    .keep_files = true };
	const struct sonde_file *kept;
	char names[3][128];
	struct sonde *s;
	size_t n;
	int err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(names[i], sizeof(names[i]), "%s/%c.bt", folder, (char)('a' + i));
		files[i].name = names[i];
		files[i].text = "";
	}
	s = compile(script, &only, &err);
	assert_int_equal(err, 0);
	n = sonde_files(s, &kept);
	assert_int_equal(n, 3);
	assert_string_not_equal(kept[0].id, kept[1].id);
	assert_string_equal(kept[1].id, kept[2].id);
	sonde_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
