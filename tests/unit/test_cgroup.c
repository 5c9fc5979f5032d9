/*
 * Tests of src/sym: control groups by number, in folders that stand for them.
 */
#include "sym/cgroup.h"

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

struct fixture {
	char dir[64], path[256], mounts[256];
	struct cgroups *cgroups;
};

static const char *in(struct fixture *f, const char *name)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	return f->path;
}

static uint64_t make(struct fixture *f, const char *name)
{
	struct stat st;

	assert_int_equal(mkdir(in(f, name), 0700), 0);
	assert_int_equal(stat(f->path, &st), 0);
	return st.st_ino;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	FILE *mounts;

	strcpy(f->dir, "/tmp/sonde-cgroup-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	make(f, "memory");
	make(f, "all");
	make(f, "cpu");
	make(f, "data");
	snprintf(f->mounts, sizeof(f->mounts), "%s/mounts", f->dir);
	mounts = fopen(f->mounts, "w");
	fprintf(mounts, "cgroup %s/memory cgroup rw 0 0\nsysfs /sys sysfs rw 0 0\n", f->dir);
	fprintf(mounts, "cgroup2 %s/all cgroup2 rw 0 0\ncgroup %s/cpu cgroup rw 0 0\n", f->dir,
		f->dir);
	fprintf(mounts, "tmpfs %s/data tmpfs rw 0 0\n", f->dir);
	fclose(mounts);
	assert_int_equal(cgroups_open(&f->cgroups, f->mounts), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const folders[] = {
		"all/user/session", "all/user/renamed", "all/user", "cpu/jobs", "data/x",
		"memory", "all", "cpu", "data",
	};
	struct fixture *f = *state;

	cgroups_close(f->cgroups);
	unlink(f->mounts);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		rmdir(in(f, folders[i]));
	rmdir(f->dir);
	free(f);
	return 0;
}

static void test_paths(void **state)
{
	struct fixture *f = *state;
	uint64_t user = make(f, "all/user"), session = make(f, "all/user/session");
	uint64_t jobs = make(f, "cpu/jobs"), data = make(f, "data/x");
	struct stat root;

	assert_string_equal(cgroups_path(f->cgroups, session, "*"), "unified:/user/session");
	assert_string_equal(cgroups_path(f->cgroups, user, "*"), "unified:/user");
	assert_string_equal(cgroups_path(f->cgroups, jobs, "*"), "cpu:/jobs");
	assert_string_equal(cgroups_path(f->cgroups, jobs, "c?u"), "cpu:/jobs");
	assert_string_equal(cgroups_path(f->cgroups, jobs, "mem*"), "");
	assert_string_equal(cgroups_path(f->cgroups, data, "*"), "");
	assert_int_equal(stat(in(f, "memory"), &root), 0);
	assert_string_equal(cgroups_path(f->cgroups, root.st_ino, "*"), "memory:/");
}

/* What was found is good only as long as it is there. */
static void test_changes(void **state)
{
	struct fixture *f = *state;
	uint64_t session;
	char old[256];

	make(f, "all/user");
	session = make(f, "all/user/session");
	assert_string_equal(cgroups_path(f->cgroups, session, "*"), "unified:/user/session");
	strcpy(old, in(f, "all/user/session"));
	assert_int_equal(rename(old, in(f, "all/user/renamed")), 0);
	assert_string_equal(cgroups_path(f->cgroups, session, "*"), "unified:/user/renamed");
	assert_int_equal(rmdir(f->path), 0);
	assert_string_equal(cgroups_path(f->cgroups, session, "*"), "");
}

static void test_no_mounts(void **state)
{
	struct cgroups *c = NULL;

	(void)state;
	assert_int_equal(cgroups_open(&c, "/nonexistent/mounts"), -ENOENT);
	assert_null(c);
	cgroups_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test(test_no_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
