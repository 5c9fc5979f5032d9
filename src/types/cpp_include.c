/*
 * #include: where a header is looked for, and what if it is not there.
 *
 * Headers of the kernel and of the C library that are not installed are no
 * error where something else supplies what scripts want of them: BTF the types,
 * a table the constants.
 */
#include "types/cpp.h"

#include <string.h>

/* Who has headers of this name. */
static const struct supplier {
	const char *prefix;
	const char *package;
	bool needs_btf;		/* a script can do without the header if BTF is there */
} suppliers[] = {
	{ "linux/", "linux-headers of this kernel (or linux-libc-dev, for what user space sees)",
	  true },
	{ "uapi/", "linux-headers of this kernel", true },
	{ "asm/", "linux-libc-dev", true }, { "asm-generic/", "linux-libc-dev", true },
	{ "net/", "linux-headers of this kernel", true },
	{ "trace/", "linux-headers of this kernel", true },
	{ "scsi/", "linux-headers of this kernel", true },
	{ "rdma/", "linux-headers of this kernel", true },
	{ "drm/", "linux-headers of this kernel", true },
	{ "sound/", "linux-headers of this kernel", true },
	{ "crypto/", "linux-headers of this kernel", true },
	{ "xen/", "linux-headers of this kernel", true },
	{ "acpi/", "linux-headers of this kernel", true },
	{ "media/", "linux-headers of this kernel", true },
	{ "target/", "linux-headers of this kernel", true },
	{ "video/", "linux-headers of this kernel", true },
	{ "kvm/", "linux-headers of this kernel", true },
	{ "generated/", "linux-headers of this kernel", true },
	{ "vmlinux.h", "bpftool (it writes vmlinux.h)", true },
	{ "bpf/", "libbpf-dev", true },
	{ "sys/", "libc6-dev", false }, { "bits/", "libc6-dev", false },
	{ "gnu/", "libc6-dev", false }, { "netinet/", "libc6-dev", false },
	{ "arpa/", "libc6-dev", false }, { "netpacket/", "libc6-dev", false },
};

/* Headers of the C library and of compilers themselves. */
static const char *const libc_headers[] = {
	"assert.h", "ctype.h", "dirent.h", "endian.h", "errno.h", "fcntl.h", "features.h",
	"float.h",
	"inttypes.h", "iso646.h", "limits.h", "netdb.h", "poll.h", "pthread.h", "sched.h",
	"semaphore.h", "signal.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h",
	"stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h", "strings.h", "syscall.h",
	"syslog.h", "termios.h", "time.h", "unistd.h", "utime.h", "wait.h", "wchar.h",
};

static bool is_libc_header(const char *name)
{
	for (size_t i = 0; i < sizeof(libc_headers) / sizeof(libc_headers[0]); i++)
		if (!strcmp(libc_headers[i], name))
			return true;
	return false;
}

static const struct supplier *supplier_find(const char *name)
{
	static const struct supplier libc = { "", "libc6-dev", false };

	for (size_t i = 0; i < sizeof(suppliers) / sizeof(suppliers[0]); i++)
		if (!strncmp(suppliers[i].prefix, name, strlen(suppliers[i].prefix)))
			return &suppliers[i];
	return is_libc_header(name) ? &libc : NULL;
}

/* ---- looking ---- */

/* What compilers bring along. */
static const struct shipped {
	const char *name, *text;
} shipped[] = {
	{ "stdarg.h", "typedef __builtin_va_list va_list, __gnuc_va_list;\n" },
	{ "stdbool.h", "#define __bool_true_false_are_defined 1\n" },
	{ "stddef.h", "typedef __SIZE_TYPE__ size_t;\n"
		      "typedef __PTRDIFF_TYPE__ ptrdiff_t;\n"
		      "typedef __WCHAR_TYPE__ wchar_t;\n" },
};

/* What is installed may be of another kernel than the target. */
static const char *version_text(struct cpp *p)
{
	uint32_t version = p->env->kernel_version;

	return arena_printf(p->arena,
			    "#define LINUX_VERSION_CODE %u\n"
			    "#define LINUX_VERSION_MAJOR %u\n"
			    "#define LINUX_VERSION_PATCHLEVEL %u\n"
			    "#define LINUX_VERSION_SUBLEVEL %u\n"
			    "#define KERNEL_VERSION(a, b, c) "
			    "(((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n",
			    version, version >> 16, version >> 8 & 0xff, version & 0xff);
}

/* Headers that are always there; NULL: not one of them. */
static const char *shipped_text(struct cpp *p, const char *name)
{
	if (p->env->kernel_version && !strcmp(name, "linux/version.h"))
		return version_text(p);
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++)
		if (!strcmp(shipped[i].name, name))
			return shipped[i].text;
	return NULL;
}

typedef const char *(*read_fn)(void *arg, const char *path, size_t *len);

struct found {
	read_fn read;		/* how it is looked for; NULL: not at all */
	const char *path, *text;
	size_t len;
	size_t dir_index;
	bool is_own;		/* belongs to the script */
};

static bool look_in(struct cpp *p, const char *dir, const char *name, struct found *f)
{
	f->path = *dir ? arena_printf(p->arena, "%s/%s", dir, name) : name;
	f->text = f->read ? f->read(p->env->read_arg, f->path, &f->len) : NULL;
	return f->text;
}

/* Of the folders from `first` on. */
static bool look_from(struct cpp *p, size_t first, const char *name, struct found *f)
{
	for (size_t i = first; i < p->env->nr_include_dirs; i++)
		if (look_in(p, p->env->include_dirs[i], name, f)) {
			f->dir_index = i;
			return true;
		}
	return false;
}

/* Among what `read` reads. */
static bool look_by(struct cpp *p, read_fn read, const char *name, bool is_quoted, bool is_next,
		    struct found *f)
{
	bool has_index = p->file.dir_index != SIZE_MAX;

	f->read = read;
	f->dir_index = SIZE_MAX;
	f->is_own = p->file.is_own && is_quoted;
	if (name[0] == '/')
		return look_in(p, "", name, f);
	if (is_next && has_index)
		return look_from(p, p->file.dir_index + 1, name, f);
	if (is_quoted && look_in(p, p->file.dir, name, f))
		return true;
	f->is_own = false;
	f->path = name;
	f->text = shipped_text(p, name);
	if (f->text) {
		f->len = strlen(f->text);
		return true;
	}
	return look_from(p, 0, name, f);
}

/* What was given is never hidden by a file that came in an earlier place since. */
static bool look(struct cpp *p, const char *name, bool is_quoted, bool is_next, struct found *f)
{
	read_fn given = p->env->read_given;

	return (given && look_by(p, given, name, is_quoted, is_next, f)) ||
	       look_by(p, p->env->read, name, is_quoted, is_next, f);
}

/* ---- reading ---- */

static const char *folder_of(struct cpp *p, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(p->arena, path, (size_t)(slash - path) + (slash == path)) : "";
}

/* The header as a source of diagnostics; one that is read again has its place. */
static const struct source *header_source(struct cpp *p, const struct found *f)
{
	const struct source *source = hmap_find(&p->sources, f->path, strlen(f->path));

	if (source)
		return source;
	source = source_add(p->diags, f->path, f->text, f->len);
	if (source)
		hmap_set(&p->sources, f->path, strlen(f->path), (void *)source);
	return source;
}

/* Headers that include each other without guards would never end. */
static bool spend(struct cpp *p, size_t len)
{
	p->nr_headers++;
	p->header_bytes += len;
	if (p->nr_headers <= CPP_HEADERS_MAX && p->header_bytes <= CPP_HEADER_BYTES_MAX)
		return true;
	if (!p->is_too_large)
		diag_error(p->diags, (struct loc){ 0 }, DIAG_TOO_MANY_HEADERS,
			   "the headers that the script includes are too many");
	p->is_too_large = true;
	return false;
}

static void read_source(struct cpp *p, const struct source *source, size_t dir_index, bool is_own)
{
	struct cpp_file around = p->file;
	size_t open = p->conditions.n;
	struct csplit split = {
		.names = p->names, .start = source->text, .at = source->text,
		.end = source->text + source->len, .pos = source->base, .in_header = !is_own,
	};

	p->file = (struct cpp_file){
		.is_own = is_own, .dir = folder_of(p, source->name), .dir_index = dir_index,
		.path = source->name,
	};
	p->depth++;
	cpp_read_text(p, &split);
	cpp_close_conditions(p, open);
	p->depth--;
	p->file = around;
}

/* `at`: the token that names it; NULL: the command line. */
static void read_header(struct cpp *p, struct found *f, const struct ctoken *at)
{
	const struct source *source;

	if (hmap_find(&p->once, f->path, strlen(f->path)) || !spend(p, f->len))
		return;
	source = header_source(p, f);
	if (!source)
		return;
	if (at)
		cpp_add_origin(p, source->base, source->base + (uint32_t)source->len,
			       cpp_place(p, cpp_loc(at)));
	read_source(p, source, f->dir_index, f->is_own);
}

void cpp_source(struct cpp *p, const struct source *source, const struct expansion *from,
		ctoken_vec *out)
{
	p->out = out;
	if (from)
		cpp_add_origin(p, source->base, source->base + (uint32_t)source->len, from->call);
	read_source(p, source, SIZE_MAX, true);
}

static void not_found(struct cpp *p, const struct ctoken *t, const char *name, bool is_quoted)
{
	const struct supplier *s = supplier_find(name);
	struct diag *d;

	if (!is_quoted && s && (p->env->btf || !s->needs_btf)) {
		if (!t->in_header)
			vec_push(p->arena, &p->missing, name);
		return;
	}
	d = cpp_error(p, t, DIAG_NO_SUCH_HEADER, "'%s' file not found", name);
	if (d && s)
		diag_hint(p->diags, d, "it comes with the package %s", s->package);
	else if (d)
		diag_hint(p->diags, d, "-I DIR adds a folder to look in");
}

/* The kernel's headers expect its configuration before them. */
static void read_kconfig(struct cpp *p)
{
	static const char name[] = "linux/kconfig.h";
	struct found given = { .read = p->env->read_given }, f = { .read = p->env->read };

	if (p->has_kconfig || !p->env->nr_kernel_dirs)
		return;
	p->has_kconfig = true;
	if (look_from(p, p->env->first_kernel_dir, name, &given))
		read_header(p, &given, NULL);
	else if (look_from(p, p->env->first_kernel_dir, name, &f))
		read_header(p, &f, NULL);
}

/* The name of <...> or "..."; NULL if neither stands there. */
static const char *header_name(struct cpp *p, const struct ctoken *t, size_t n, bool *is_quoted)
{
	const char *name = "";
	size_t i;

	*is_quoted = n && t[0].kind == CTOKEN_STRING;
	if (*is_quoted)
		return strlen(t->text) > 2 ? arena_strndup(p->arena, t->text + 1,
							   strlen(t->text) - 2) : NULL;
	if (!n || !ctoken_is(t, "<"))
		return NULL;
	for (i = 1; i < n && !ctoken_is(&t[i], ">"); i++)
		name = arena_printf(p->arena, "%s%s%s", name, t[i].space_before && i > 1 ? " " : "",
				    t[i].text);
	return i < n && *name ? name : NULL;
}

/* The name may come out of a macro. */
static const char *expanded_name(struct cpp *p, const struct ctoken *t, size_t n, bool *is_quoted)
{
	const char *name = header_name(p, t, n, is_quoted);
	ctoken_vec out = { 0 };

	if (name || !n || t->kind != CTOKEN_IDENT)
		return name;
	cpp_expand(p, t, n, &out);
	return header_name(p, out.at, out.n, is_quoted);
}

/* Told once; a header that includes itself twice would never come to an end. */
static void too_deep(struct cpp *p, const struct ctoken *line)
{
	if (!p->is_too_large)
		diag_error(p->diags, cpp_loc(line), DIAG_INCLUDE_DEPTH,
			   "headers include each other more than %d deep", CPP_INCLUDE_DEPTH_MAX);
	p->is_too_large = true;
}

void cpp_include_line(struct cpp *p, const struct ctoken *at, const struct ctoken *tokens, size_t n,
		      bool is_next)
{
	struct ctoken line = n ? tokens[0] : *at;
	struct found f = { 0 };
	bool is_quoted;
	const char *name = expanded_name(p, tokens, n, &is_quoted);

	read_kconfig(p);
	/* The place of <...> is all of it. */
	if (name && ctoken_is(&line, "<"))
		line.text = arena_printf(p->arena, "<%s>", name);
	if (!name)
		cpp_error(p, &line, DIAG_BAD_INCLUDE, "#include expects <FILE> or \"FILE\"");
	else if (p->depth >= CPP_INCLUDE_DEPTH_MAX)
		too_deep(p, &line);
	else if (look(p, name, is_quoted, is_next, &f))
		read_header(p, &f, &line);
	else
		not_found(p, &line, name, is_quoted);
}

bool cpp_has_include(struct cpp *p, const struct ctoken *tokens, size_t n)
{
	struct found f = { 0 };
	bool is_quoted;
	const char *name = expanded_name(p, tokens, n, &is_quoted);

	return name && look(p, name, is_quoted, false, &f);
}

bool cpp_include(struct cpp *p, const char *name, ctoken_vec *out)
{
	struct found f = { 0 };

	p->out = out;
	read_kconfig(p);
	if (!look(p, name, true, false, &f))
		return false;
	read_header(p, &f, NULL);
	return true;
}
