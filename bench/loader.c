/*
 * Load one program of a BPF object by name, attach it, wait for a signal:
 *	loader OBJECT PROGRAM [FILE FUNCTION]	(of a uprobe)
 * Without arguments: load and test-run one empty program, and end: the least
 * that any tracer has to do.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run_empty(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "empty", "GPL", insns, 2, NULL);

	return fd < 0 || bpf_prog_test_run_opts(fd, &run) ? 1 : 0;
}

static struct bpf_link *attach_one(const struct bpf_program *p, const char *file,
				   const char *function)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = function);

	return file ? bpf_program__attach_uprobe_opts(p, -1, file, 0, &options)
		    : bpf_program__attach(p);
}

static int attach(const char *path, const char *name, const char *file, const char *function)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *p, *wanted = NULL;

	if (!object)
		return 1;
	bpf_object__for_each_program(p, object) {
		if (strcmp(bpf_program__name(p), name))
			bpf_program__set_autoload(p, false);
		else
			wanted = p;
	}
	if (!wanted || bpf_object__load(object) || !attach_one(wanted, file, function))
		return 1;
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	libbpf_set_print(NULL);
	if (argc < 3)
		return run_empty();
	return attach(argv[1], argv[2], argc > 4 ? argv[3] : NULL, argc > 4 ? argv[4] : NULL);
}
