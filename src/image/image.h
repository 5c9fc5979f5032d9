/*
 * The image: a compiled script as plain data.
 *
 * The compiler ends in an image, the runtime begins with one; neither knows
 * the other. An image holds programs, maps, record layouts, formats and
 * configuration, for one target. Everything is in the image's own arena and
 * nothing is a pointer to code. Indices (map, program, action, layout) are
 * positions in the image's arrays.
 */
#ifndef SONDE_IMAGE_IMAGE_H
#define SONDE_IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/vec.h"
#include "image/mechanism.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ---- values: how bytes in keys, map values and records are to be read ---- */

enum value_kind {
	VALUE_NONE,
	VALUE_INT,		/* size 1, 2, 4, 8; is_signed */
	VALUE_BOOL,
	VALUE_ENUM,		/* enumeration */
	VALUE_POINTER,
	VALUE_STRING,		/* size: capacity; ends at NUL, or was cut at its capacity */
	VALUE_CHARS,		/* the same, but whole if it ends at its capacity */
	VALUE_BUFFER,		/* u32 length, then bytes */
	VALUE_ARRAY,		/* count elements of field[0].layout */
	VALUE_TUPLE,		/* fields */
	VALUE_RECORD,		/* fields with names; structs and unions, too */
	VALUE_KSTACK,		/* u64 count, then addresses; param[0] limit, param[1] mode */
	VALUE_USTACK,		/* s32 pid, s32 probe, u64 count, addresses; params as KSTACK */
	VALUE_KSYM,		/* u64 address */
	VALUE_USYM,		/* u64 address, s32 pid, s32 probe */
	VALUE_PROBE_NAME,	/* u64 index into image.probe_names */
	VALUE_TIMESTAMP,	/* u64 ns, u32 index of its strftime format in texts, u32 enum
				   value_clock */
	VALUE_INET,		/* u64 family, then 4 or 16 of 16 bytes */
	VALUE_MACADDR,		/* 6 bytes */
	VALUE_CGROUP_PATH,	/* u64 id, u64 index in texts of the wildcard for the mount's
				   name */
	VALUE_USERNAME,		/* uid: an integer of size_bytes */
	/* map values only; per CPU when the map is */
	VALUE_COUNT,		/* u64 */
	VALUE_SUM,		/* 64 bits, is_signed */
	VALUE_MIN, VALUE_MAX,	/* 64-bit value, u64 set flag; is_signed */
	VALUE_AVG, VALUE_STATS,	/* 64-bit total, u64 count; is_signed */
	VALUE_HIST,		/* u64 buckets[]; param[0] = bits; size gives their number */
	VALUE_LHIST,		/* u64 buckets[]; param = min, max, step */
	VALUE_TSERIES,		/* slots {u64 value, u64 beside it, u64 interval's number}; param =
				   interval ns, number of slots, enum value_series; is_signed */
	VALUE_KIND_COUNT
};

enum value_clock { VALUE_CLOCK_NONE, VALUE_CLOCK_BOOT, VALUE_CLOCK_TAI };
/* TSERIES: param[2]. Beside the value stands its time stamp (LAST), the number of samples
 * (AVG), or not 0 once it is set (MIN, MAX). */
enum value_series { VALUE_SERIES_LAST, VALUE_SERIES_AVG, VALUE_SERIES_MAX, VALUE_SERIES_MIN,
		    VALUE_SERIES_SUM };
/* param[1] of a stack. */
enum value_stack_mode { VALUE_STACK_BPFTRACE, VALUE_STACK_PERF, VALUE_STACK_RAW,
			VALUE_STACK_BUILD_ID /* frames: s32 state, build id[20], u64 offset */ };

struct image_enumerator {
	const char *name;
	uint64_t value;
};

struct image_enum {
	const char *name;
	const struct image_enumerator *items;
	size_t nr_items;
};

struct value_layout;

struct value_field {
	const char *name;		/* NULL in tuples and arrays */
	const struct value_layout *layout;
	uint32_t offset_bytes;
	uint8_t bit_offset, bit_size;	/* bit_size 0: whole */
	bool is_variable;		/* in records only: at the offset stand u32 offset (from the
					   record's start) and u32 length of the real bytes, which
					   are as the layout says, but may end early */
};

struct value_layout {
	enum value_kind kind;
	bool is_signed;
	uint32_t size_bytes;
	uint32_t count;			/* ARRAY */
	const struct value_field *fields;	/* TUPLE, RECORD, ARRAY (one: the element) */
	size_t nr_fields;
	const struct image_enum *enumeration;	/* ENUM */
	uint64_t param[3];
	const char *const *texts;	/* TIMESTAMP, CGROUP_PATH */
	size_t nr_texts;
};

/* ---- maps ---- */

enum image_map_role {
	IMAGE_MAP_SCRIPT,	/* belongs to a script's map */
	IMAGE_MAP_RING,		/* events; size chosen at load */
	IMAGE_MAP_SCRATCH,	/* large objects of one program; value_size 0: it has none, no map
				   is made */
	IMAGE_MAP_GLOBAL,	/* control block, see struct image_control; one array value */
	IMAGE_MAP_LOSSES,	/* array, one value: u64[nr_progs][IMAGE_LOSS_COUNT], atomic adds;
				   these words may also be in the GLOBAL map */
	IMAGE_MAP_RODATA,	/* array with one value, filled from `data` before loading */
	IMAGE_MAP_STACKS,
	IMAGE_MAP_PACKETS,	/* perf buffers of skboutput */
	IMAGE_MAP_UNWIND_PROCESSES,	/* pid -> struct image_unwind_process */
	IMAGE_MAP_UNWIND_CHUNKS,	/* of maps, filled while running */
	IMAGE_MAP_UNWIND_RULES,	/* array, one value: struct image_unwind_rule[] */
	IMAGE_MAP_UNWIND_FILES,	/* struct image_unwind_file_id -> struct image_unwind_file */
};

/* Why a program could not record an event. */
enum image_loss {
	IMAGE_LOSS_RING, IMAGE_LOSS_SCRATCH, IMAGE_LOSS_READ,
	IMAGE_LOSS_NESTED,	/* within another program of the script, where that may lock up */
	IMAGE_LOSS_RECURSION,	/* within itself, where the kernel does not see to that */
	IMAGE_LOSS_COUNT
};

struct image_map {
	const char *name;
	enum image_map_role role;
	enum bpf_map_type type;
	uint32_t key_size, value_size, max_entries;
	uint32_t flags;			/* BPF_F_* of map creation */
	const void *data;		/* RODATA, GLOBAL: first contents of value 0, or NULL */
	uint32_t data_size;
	uint32_t btf_key_type_id, btf_value_type_id;	/* types of image.btf; 0: none. Task
							   storage wants them: load the BTF first */
};

/* What user space and programs share: offsets in the value of the GLOBAL map. */
struct image_control {
	uint32_t stopped;	/* not 0: programs return at once */
	uint32_t exit_code;
	uint64_t start_ns;	/* CLOCK_BOOTTIME when tracing began (elapsed) */
	uint64_t tai_offset_ns;
	uint64_t child_pid;	/* cpid */
	uint32_t ring_flags;	/* with which programs send records: BPF_RB_NO_WAKEUP while the
				   reader looks by itself */
	uint32_t unwind_clock;	/* goes up some times a second while stacks are unwound */
	/* select words of taken maps and other words of the compiler follow from here on */
};

/* A map of the script; its storage may be several kernel maps. */
enum script_map_storage {
	STORE_HASH,	/* image map `map`: key -> value (per CPU if the map type is) */
	STORE_CELL,	/* scalar: in value 0 of the mmapable array `map`, reached without a
			   lookup */
};

#define IMAGE_MAP_SIZES 3

struct script_map {
	const char *name;		/* without "@" */
	bool is_scalar;
	enum script_map_storage storage;
	uint32_t map;			/* image map */
	uint32_t spare_map;		/* HASH that is taken while running: a second map of the
					   same shape, else UINT32_MAX. Programs use `spare_map`
					   while the u32 at select_offset of the GLOBAL map is not
					   0. To take: flip it, wait until running programs have
					   ended (membarrier GLOBAL), read and empty the map left
					   behind */
	uint32_t select_offset;
	/* HASH: keys that end early lie in maps of their own, whose keys are cut: what
	 * is missing is zero. All are of the same shape but for that. */
	uint32_t nr_sizes;
	struct { uint32_t map, spare_map; } sizes[IMAGE_MAP_SIZES];
	bool key_ends_in_text;		/* with sizes: the last byte of a cut key is its NUL; else
					   what is cut off is zero */
	uint32_t entries_offset;	/* with sizes: of two s64 in the GLOBAL map that count the
					   entries of all `map`s, and of all spare ones, for which
					   there is one capacity */
	uint32_t cell_offset;		/* CELL: of the (first) cell */
	uint32_t cell_stride;		/* CELL: 0: one cell for all CPUs; else bytes from one CPU's
					   cell to the next, image.nr_cpus of them */
	const struct value_layout *key;	/* NULL if scalar */
	const struct value_layout *value;
	const char *const *key_names;	/* one for each part of the key; or none */
	size_t nr_key_names;
	/* hist, lhist: buckets in one value (see value_layout) */
	uint32_t set_offset;		/* CELL: offset of a u64 that is not 0 once the script has
					   assigned; UINT32_MAX: none, all zero means unset */
};

/* ---- records and actions ---- */

/* Every record begins with this; the action's fields follow at their offsets, behind
 * the context if the image's records have one. */
struct image_record {
	uint32_t action;	/* index in image.actions */
	uint32_t probe;		/* index in image.probe_names of the attach point that sent it, or
				   UINT32_MAX */
};

struct image_context {
	uint64_t time_ns;	/* CLOCK_BOOTTIME */
	uint32_t cpu, pid, tid;
	uint32_t reserved;
};

enum action_kind {
	/* format + fields */
	ACTION_PRINTF, ACTION_ERRORF, ACTION_WARNF, ACTION_SYSTEM, ACTION_CAT,
	ACTION_PRINT_VALUE,	/* fields[0] */
	ACTION_PRINT_MAP,	/* script_map, top, div */
	ACTION_CLEAR, ACTION_ZERO,	/* script_map */
	ACTION_TAKE,		/* print + clear (or zero) of one map, each count exactly once */
	ACTION_EXIT,		/* fields[0]: exit code; programs were told to stop */
	ACTION_TIME,		/* text: strftime format */
	ACTION_UNWATCH,		/* fields[0]: address of watchpoints to end */
	ACTION_JOIN,		/* text: separator; fields: strings */
	ACTION_RUNTIME_ERROR,	/* text: message; place */
	ACTION_HELPER_ERROR,	/* text: helper name; fields[0]: return code; place */
	ACTION_PACKET,		/* text: file; top: bytes at the front to leave out. Comes by the
				   buffers of packets only */
	ACTION_UNWIND,		/* behind the record's head stands a u64: a process whose ranges are
				   missing */
	ACTION_KIND_COUNT
};

/* What stands before a packet in its buffer. */
struct image_packet {
	uint32_t action;
	uint32_t len_bytes;	/* of the packet, as far as it was asked for */
	uint64_t time_ns;	/* CLOCK_BOOTTIME */
};

struct image_place {		/* where in the script, for messages */
	const char *file;
	uint32_t line, col, end_col, end_line;
	const char *source_line;	/* text of the line, or of all lines */
	const struct image_place *from;	/* the macro's call, if the code came out of one */
};

/* Where a helper may fail. Programs count the failures in the GLOBAL map's value. */
struct image_failure {
	const char *helper;		/* without "bpf_" */
	const char *text;		/* what is said; NULL: the reason that the code gives */
	struct image_place place;
	uint32_t offset;		/* of a u64: how often; behind it an s32: the last code */
	uint32_t prog;			/* whose it is; UINT32_MAX: of several */
};

/* A printf format, compiled: literal text and conversions in turn. */
enum conversion_kind { CONV_TEXT, CONV_SIGNED, CONV_UNSIGNED, CONV_OCTAL, CONV_HEX, CONV_HEX_UPPER,
		       CONV_CHAR, CONV_POINTER, CONV_STRING, CONV_BUFFER_TEXT, CONV_BUFFER_X,
		       CONV_BUFFER_HEX, CONV_GFP };

struct image_conversion {
	enum conversion_kind kind;
	const char *text;		/* TEXT; may hold NULs */
	uint32_t len;
	uint32_t field;			/* index of the action's field */
	bool left, plus, alternate, zero;
	uint32_t width;
	uint8_t int_bytes;		/* value is cut to so many bytes first: 1, 2, 4, 8 */
};

struct image_action {
	enum action_kind kind;
	const struct image_conversion *format;
	size_t nr_format;
	const struct value_field *fields;	/* offsets from the record's start; names are what
						   the format or the script calls them */
	size_t nr_fields;
	uint32_t size_bytes;		/* of the fixed part, header included */
	uint32_t script_map;
	uint64_t top, div;
	bool take_zero;			/* TAKE: zero the values rather than delete the keys */
	const char *text;
	struct image_place place;
};

/* ---- unwinding ---- */

/*
 * What programs follow user stacks by, filled while they run. A process has a list of
 * ranges of its addresses, sorted; each has rows: from which address on (counted from
 * `bias`) which rule holds. Ranges and rows lie in chunks, maps of one value in a map of
 * maps; nothing in a chunk is moved while a process's entry names it. Programs note in the
 * entry when they used it last, by the control block's clock.
 */
#define IMAGE_UNWIND_CHUNK_BYTES (256u * 1024)
#define IMAGE_UNWIND_CHUNKS 256u
#define IMAGE_UNWIND_RULES 8192u
#define IMAGE_UNWIND_PROCESSES 4096u
#define IMAGE_UNWIND_FILES 4096u
#define IMAGE_UNWIND_RANGES 4096u	/* of a process */
#define IMAGE_UNWIND_ROWS 32768u	/* of a range */

/* Where the caller's frame begins ("canonical frame address"). */
enum image_unwind_cfa {
	UNWIND_CFA_NONE,	/* unknown; cfa_offset: why, enum image_unwind_failure */
	UNWIND_CFA_END,		/* there is no caller */
	UNWIND_CFA_SP, UNWIND_CFA_FP,
};

/* Where a register of the caller is. */
enum image_unwind_at {
	UNWIND_AT_REGISTER,	/* it still has it; the return address is in the link register */
	UNWIND_AT_CFA, UNWIND_AT_SP, UNWIND_AT_FP,	/* saved at an offset from there */
	UNWIND_AT_NOWHERE,
};

enum { UNWIND_DEREF = 1,	/* the CFA is what lies there, plus cfa_add */
       UNWIND_SIGNAL = 2 };	/* the caller was interrupted: its address is exact */

struct image_unwind_rule {
	uint8_t cfa, fp, ra, flags;
	int32_t cfa_offset, cfa_add, fp_offset, ra_offset;
	uint32_t reserved[3];
};

/* The first rules are always these. */
enum { UNWIND_RULE_NONE, UNWIND_RULE_END, UNWIND_RULE_FP,
       UNWIND_RULE_MISSING,	/* there was no memory for the rows */
       UNWIND_RULE_FIRST };

struct image_unwind_range {
	uint64_t start, bias;
	uint32_t len_bytes;
	uint32_t nr_rows;	/* 0: by the frame pointer */
	uint32_t chunk, at;	/* u32 addresses from there on, sorted, then u16 rules */
};

struct image_unwind_process {
	uint32_t chunk, at, nr_ranges;
	uint32_t asked;		/* programs set it when they miss a range */
	uint32_t used;		/* the clock, when a program looked last */
	uint32_t reserved;
};

/* A file as the kernel knows it: of another content it is another. All zero: the vDSO. */
struct image_unwind_file_id {
	uint64_t ino, size_bytes;
	uint64_t ctime_s;
	uint32_t ctime_ns, dev;
};

/* A process without a list is followed by the files that it maps: the starts of these ranges,
 * and what they count from, are places in the file. */
struct image_unwind_file {
	uint32_t chunk, at, nr_ranges;
	uint32_t used;		/* as that of a process */
	uint32_t page_shift;
	uint32_t reserved;
};

/* Why a stack ends early: the last of its addresses, as UINT64_MAX less this. */
enum image_unwind_failure {
	UNWIND_FAILED,
	UNWIND_NO_PROCESS,	/* nothing is known of the process (yet) */
	UNWIND_NO_RANGE,	/* the address is in no mapping that is known */
	UNWIND_NO_ROW,		/* the file says nothing about this address */
	UNWIND_NO_PAGE,		/* the stack could not be read there */
	UNWIND_NO_FP,		/* the frame pointer is needed and was lost */
	UNWIND_LOOPS,		/* the stack does not get any shorter */
	UNWIND_FAILURES
};

/* ---- programs ---- */

enum attach_kind {
	ATTACH_NONE,
	ATTACH_BEGIN, ATTACH_END,	/* test-run by the runtime */
	ATTACH_SIGNAL,			/* test-run when the signal arrives */
	ATTACH_TEST, ATTACH_BENCH,	/* test-run instead of attaching anything, with --test and
					   --bench */
	ATTACH_TRACEPOINT,		/* category, event; perf event */
	ATTACH_RAW_TRACEPOINT,		/* event; RAW_TRACEPOINT program by name */
	ATTACH_BTF_TRACEPOINT,		/* event; TRACING program, attach_btf_id is set */
	ATTACH_KPROBE, ATTACH_KRETPROBE,	/* module, function, offset or address */
	ATTACH_UPROBE, ATTACH_URETPROBE,	/* path, function, file offset */
	ATTACH_USDT,				/* and semaphore */
	ATTACH_PROFILE, ATTACH_INTERVAL,	/* count: period ns, or hz */
	ATTACH_SOFTWARE, ATTACH_HARDWARE,	/* perf config, count */
	ATTACH_WATCHPOINT,	/* address, count: bytes, event_id: bits of perf's bp_type */
	ATTACH_FENTRY, ATTACH_FEXIT,	/* TRACING, attach_btf_id and where it is from are set */
	ATTACH_ITER,		/* event: the kind of object; TRACING, attach_btf_id is set */
	ATTACH_KIND_COUNT
};

/* One attach point of a program. */
struct image_site {
	uint32_t probe;			/* index in probe_names; also the cookie's low half */
	uint32_t variant;		/* the cookie's high half: which of the program's ways to
					   find arguments is this site's */
	const char *category, *event;	/* tracepoints */
	const char *module, *function;	/* functions; module NULL: none named */
	uint32_t prog_id;		/* fentry: of the BPF program whose function it is; 0 */
	const char *path;		/* uprobes: the file */
	uint64_t offset;		/* k: from the function's start; u: in the file */
	uint64_t address;		/* kprobe by address; else 0 */
	uint64_t entry;			/* kprobe: where the function begins in this kernel, whose
					   name or module does not tell; 0: its name is enough */
	uint64_t semaphore;		/* usdt: offset of the counter in the file; 0: none */
	uint64_t event_id;		/* perf: type-specific config */
	uint64_t count;			/* period or frequency */
	bool is_freq;
	bool must_exist;		/* missing_probes=error */
	bool is_unfit;			/* uprobe: the kernel takes no probe at this instruction,
					   but may say so too late */
	bool of_pattern;		/* one of those that a wildcard found */
};

/* A relocation: instruction `insn` (an ld_imm64) names a map; or a value in it. */
struct image_reloc {
	uint32_t insn;
	uint32_t map;
	bool is_value;			/* BPF_PSEUDO_MAP_VALUE; offset is in the second half's
					   imm */
};

struct image_line {
	uint32_t insn;
	struct image_place place;
};

struct image_prog {
	const char *name;		/* full: provider and attach point */
	enum bpf_prog_type type;
	uint32_t expected_attach_type;
	bool use_multi;			/* may be attached by kprobe_multi / uprobe_multi */
	/* A session: at the entry of the sites and, the same code, at the return, where the
	 * sites are return_sites. It asks in which it is by calling this kernel function. */
	uint32_t session_kfunc;		/* its BTF id; 0: it is none */
	const struct image_site *return_sites;	/* as many */
	const char *why;		/* why it is attached as it is, for people; or NULL */
	bool sleepable;
	uint32_t attach_btf_id;		/* in vmlinux's BTF, */
	const char *attach_module;	/* in this module's, */
	uint32_t attach_prog_id;	/* or in this BPF program's; else NULL, 0 */
	const struct bpf_insn *insns;
	uint32_t nr_insns;
	const struct image_reloc *relocs;
	size_t nr_relocs;
	const void *func_info;		/* struct bpf_func_info[]; type ids of image.btf */
	uint32_t nr_func_info;
	const void *line_info;		/* struct bpf_line_info[] */
	uint32_t nr_line_info;
	enum attach_kind attach;
	const struct image_site *sites;
	size_t nr_sites;
	bool system_wide;		/* interval: never bound to a pid */
	const char *raw_event;		/* all sites are served by this one raw tracepoint; or
					   NULL */
	const struct image_line *lines;	/* for -d bpf; sorted by insn */
	size_t nr_lines;
};

struct image_config {
	bool print_maps_on_exit;
	bool cpp_demangle;
	bool show_debug_info;
	const char *str_trunc_trailer;
	uint32_t max_cat_bytes;
	uint32_t perf_rb_pages;		/* 0: automatic */
	uint32_t log_size;
	enum { MISSING_ERROR, MISSING_WARN, MISSING_IGNORE } missing_probes;
	enum mechanism attach[MECHANISM_FAMILIES];	/* as the script wants it */
	const char *license;
};

struct image {
	struct arena arena;
	VEC(struct image_map) maps;
	VEC(struct script_map) script_maps;
	VEC(struct image_action) actions;
	VEC(struct image_prog) progs;	/* in the order of firing: source order */
	VEC(const char *) probe_names;	/* full names of all attach points */
	const void *btf;		/* the program's own BTF, raw */
	uint32_t btf_size;
	VEC(struct image_failure) failures;
	uint32_t ring_map, global_map, losses_map, packets_map;	/* UINT32_MAX: none */
	uint32_t unwind_map;		/* the first of four, in the order of their roles;
					   UINT32_MAX: none */
	uint32_t losses_offset;		/* in the value of losses_map, which may be the GLOBAL
					   map */
	struct image_config config;
	bool has_context;		/* a struct image_context follows each record's header */
	uint32_t nr_cpus;		/* cells of a map, at least the target's possible CPUs */
};

/* The setting that an attach kind is subject to; MECHANISM_FAMILIES: to none. */
enum mechanism_family attach_family(enum attach_kind kind);

/* Is it a place in a user program? */
static inline bool attach_is_user(enum attach_kind kind)
{
	return kind == ATTACH_UPROBE || kind == ATTACH_URETPROBE || kind == ATTACH_USDT;
}

/* What a program gets from the kernel as the cookie of this site. */
static inline uint64_t image_site_cookie(const struct image_site *s)
{
	return s->probe | (uint64_t)s->variant << 32;
}

struct image *image_open(void);	/* NULL when memory is out */
void image_close(struct image *image);

/* For people and tests. */
void image_dump(const struct image *image, FILE *out);

#endif
