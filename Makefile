# Sonde: `make` builds build/sonde; `make help` lists the rest.

BUILD   ?= build
CC      ?= gcc
AR      ?= ar
PREFIX  ?= /usr/local
V       ?=
Q        = $(if $(V),,@)

CSTD     = -std=gnu11 -D_GNU_SOURCE
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
           -Wwrite-strings -Werror
OPT     ?= -O2 -g
CFLAGS  += $(CSTD) $(WARN) $(OPT) -fvisibility=hidden -Isrc -Iinclude -I.
# Everything but libc is linked in, at fixed addresses: starting takes half the
# time that way, and what is built runs on any Debian of the same libc. The code
# does not mind where it lies, for the library may go into programs that move.
CFLAGS  += -fPIE
LDFLAGS += -no-pie
ARCHIVES = -lbpf -ldw -lelf -ljansson -liberty -llzma -lbz2 -lz
LIBS     = -Wl,-Bstatic $(ARCHIVES) -Wl,-Bdynamic -lpthread
CMOCKA   = -lcmocka

# SAN=1: everything under address and undefined-behaviour sanitizers, in a
# build directory of its own.
ifdef SAN
BUILD   := build/san
OPT     := -O1 -g -fno-omit-frame-pointer
CFLAGS  += -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
endif

# ARCH=arm64 (or s390x, ppc64el): everything for that architecture, in a build
# directory of its own, and static: nothing of this system can be shared. But for the
# unit tests, since Debian's cmocka is a shared library only.
ifneq ($(filter-out $(shell dpkg --print-architecture 2>/dev/null),$(ARCH)),)
TRIPLET_arm64   = aarch64-linux-gnu
TRIPLET_s390x   = s390x-linux-gnu
TRIPLET_ppc64el = powerpc64le-linux-gnu
TRIPLET = $(or $(TRIPLET_$(ARCH)),$(error no cross compiler is known for ARCH=$(ARCH); known: arm64 s390x ppc64el))
CACHE   = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sonde
SYSROOT = $(CACHE)/sysroot/$(ARCH)
READY   = $(SYSROOT)/ready
BUILD  := build/$(ARCH)
CC     := $(TRIPLET)-gcc
AR     := $(TRIPLET)-ar
CFLAGS += -isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/$(TRIPLET)
LDFLAGS += -L$(SYSROOT)/usr/lib/$(TRIPLET)
ALONE   = -static
CFLAGS += -DSONDE_STATIC
LIBS    = $(ARCHIVES) -lpthread
CMOCKA  = -lcmocka -Wl,-rpath,$(SYSROOT)/usr/lib/$(TRIPLET)
EMULATOR = qemu-$(firstword $(subst -, ,$(TRIPLET:powerpc64le%=ppc64le%)))-static -L /usr/$(TRIPLET)
endif

LIB_SRC  = $(wildcard src/*.c) $(filter-out src/cli/%,$(wildcard src/*/*.c))
CLI_SRC  = $(wildcard src/cli/*.c)
LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  = $(CLI_SRC:%.c=$(BUILD)/%.o)
UNIT_SRC = $(wildcard tests/unit/test_*.c)
UNIT_HELP = $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)) $(wildcard tests/vm/*.c)
UNIT_BIN = $(UNIT_SRC:%.c=$(BUILD)/%)

.PHONY: sysroot emulator big-endian
.PHONY: all qemu-smoke qemu-table static unit differential test-programs unit-programs check check-svg live qemu test demo bench lint fuzz install clean help doc-tables stress
.SECONDARY:

all: $(BUILD)/sonde

# One program that needs nothing of the system it runs on, not even a libc, for
# small guests and containers; make static ARCH=arm64 cross-builds it.
static: $(BUILD)/sonde-static

$(READY):
	$(Q)tools/sysroot $(ARCH) $(SYSROOT)

$(BUILD)/%.o: %.c Makefile | $(READY)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC   $<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# What a flame graph does in a browser is a part of each.
$(BUILD)/src/out/flame.o: src/out/flame.js

$(BUILD)/libsonde.a: $(LIB_OBJ)
	$(if $(V),,@echo "  AR   $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/sonde: $(CLI_OBJ) $(BUILD)/libsonde.a
	$(if $(V),,@echo "  LD   $@")
	$(Q)$(CC) $(LDFLAGS) $(ALONE) -o $@ $^ $(LIBS)

# What is linked statically cannot load libraries.
$(BUILD)/src/sym/debuginfod-static.o: src/sym/debuginfod.c Makefile | $(READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -DSONDE_STATIC -MMD -MP -c -o $@ $<

$(BUILD)/sonde-static: $(CLI_OBJ) $(BUILD)/src/sym/debuginfod-static.o $(BUILD)/libsonde.a
	$(if $(V),,@echo "  LD   $@")
	$(Q)$(CC) $(LDFLAGS) -static -s -Wl,--gc-sections -o $@ $^ $(ARCHIVES) -lpthread

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_HELP:%.c=$(BUILD)/%.o) $(BUILD)/libsonde.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(CMOCKA)

# ---- what to run ----

# Unit tests need no privilege and no network. One of them: make unit T=base
unit: $(if $(T),$(T:%=$(BUILD)/tests/unit/test_%),$(UNIT_BIN))
	$(Q)status=0; for t in $^; do $(EMULATOR) $$t || status=1; done; exit $$status

# Programs that the live tests trace.
PROGRAMS = $(patsubst tests/programs/%.c,$(BUILD)/tests/programs/%,$(wildcard tests/programs/*.c))
EXAMPLES = $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))

$(BUILD)/tests/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CSTD) -O1 -g -fno-omit-frame-pointer -fno-inline -static-pie -o $@ $< -lpthread

# As distributions compile: no frame pointers, libraries at run time, and the same at
# fixed addresses.
UNWOUND = $(CC) $(CSTD) -O2 -g -fomit-frame-pointer -fno-inline -fno-ipa-cp -fno-ipa-sra -o $@ $< -lpthread

$(BUILD)/tests/programs/unwound: tests/programs/unwound.c Makefile
	@mkdir -p $(@D)
	$(Q)$(UNWOUND) $(if $(READY),-static,-pie -fPIE)

$(BUILD)/tests/programs/unwound-fixed: tests/programs/unwound.c Makefile
	@mkdir -p $(@D)
	$(Q)$(UNWOUND) $(if $(READY),-static,-no-pie -fno-pie)

$(BUILD)/tests/programs/unwound-static: tests/programs/unwound.c Makefile
	@mkdir -p $(@D)
	$(Q)$(UNWOUND) -static

PROGRAMS += $(addprefix $(BUILD)/tests/programs/,unwound-fixed unwound-static)

$(BUILD)/examples/%: examples/%.c $(BUILD)/libsonde.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(ALONE) -o $@ $^ $(LIBS)

# Live tests of a room by itself.
LIVE_C = $(patsubst tests/live/%.c,$(BUILD)/tests/live/%,$(wildcard tests/live/*.c))

LIVE_HELP = tests/unit/bpf_random.c tests/unit/ir_eval.c

$(BUILD)/tests/live/%: $(BUILD)/tests/live/%.o $(LIVE_HELP:%.c=$(BUILD)/%.o) $(BUILD)/libsonde.a
	$(Q)$(CC) $(LDFLAGS) $(ALONE) -rdynamic -o $@ $^ $(LIBS)

# Random programs on three sides: see tests/differential/main.c.
DIFF_SRC = $(wildcard tests/differential/*.c) $(wildcard tests/vm/*.c) tests/unit/btf_bytes.c \
           tests/unit/format_help.c
DIFF     = $(BUILD)/tests/differential/differential

$(DIFF): $(DIFF_SRC:%.c=$(BUILD)/%.o) $(BUILD)/libsonde.a
	$(Q)$(CC) $(LDFLAGS) $(ALONE) -o $@ $^ $(LIBS)

# make differential N=10000 SEED=7 KERNEL=6.1 REFERENCE=/usr/bin/bpftrace
N      ?= 1000
differential: $(DIFF)
	$(Q)tests/differential/run "$(N)" "$(SEED)" "$(KERNEL)" "$(REFERENCE)"

test-programs: $(PROGRAMS) $(EXAMPLES) $(LIVE_C) $(DIFF)

# No root, no network, under a minute.
check: $(UNIT_BIN) all $(BUILD)/tests/docs/tables $(DIFF)
	$(Q)tools/check-includes
	$(Q)tools/doc-tables --check
	$(Q)tools/check-options
	$(Q)tools/run-tests "$(MAKE) -s unit" tests/errors/run "tests/docs/run --check" \
		tests/format/run "$(DIFF) tests/differential/programs/*.bt"

# Renew the tables of the manual that are the program's.
doc-tables: all $(BUILD)/tests/docs/tables
	$(Q)tools/doc-tables

$(BUILD)/tests/docs/tables: $(BUILD)/tests/docs/tables.o $(BUILD)/libsonde.a
	$(Q)$(CC) $(LDFLAGS) $(ALONE) -o $@ $^ $(LIBS)

# On this machine's kernel, as root.
live: all static test-programs
	$(Q)tests/live/run $(FILES)

# Scripts of many sizes, up to what takes minutes: make stress SEED=7
# In an emulated machine they take hours; up to 100 statements, half an hour:
# make stress KERNEL=6.12 LARGEST=100
stress: all test-programs $(if $(KERNEL),static)
	$(Q)rm -rf $(BUILD)/stress
	$(Q)tests/stress/generate $(BUILD)/stress "$(SEED)" $(LARGEST)
	$(Q)tests/stress/$(if $(KERNEL),run-in $(KERNEL),run) $(BUILD)/stress

# On stock Debian kernels in QEMU: make qemu KERNELS="6.1 6.12"
qemu: all static test-programs
	$(Q)tests/qemu/all $(KERNELS)

# A flame graph in a headless browser (installs Chromium).
check-svg:
	$(Q)tools/install-deps build svg
	$(Q)$(MAKE) -s -j2 all test-programs
	$(Q)tests/svg/run $(PICTURE)

# Each type of probe once, on the kernels on which CI runs no more than that. The
# newest, which may change any day, tells what it thinks and fails nothing.
qemu-smoke: all static test-programs
	$(Q)FILES=tests/live/each_type.sh REPORT=new tests/qemu/all 5.10 6.18 new

# Renew the manual's table of what probes are attached by on which kernel.
qemu-table: all static test-programs
	$(Q)tests/qemu/table $(KERNELS)

# Bytecode and output where the highest byte comes first, in an emulated processor.
big-endian:
	$(Q)tests/qemu/user s390x

sysroot: $(READY)

emulator:
	@echo '$(EMULATOR)'

# Everything, installing what is missing. The last line is the total.
test:
	$(Q)tools/install-deps build test qemu
	$(Q)$(MAKE) -s -j2 all unit-programs test-programs
	$(Q)tools/run-tests "$(MAKE) -s check" "$(MAKE) -s SAN=1 -j2 unit" \
		"DIFFERENTIAL=200 $(MAKE) -s live" "DIFFERENTIAL=20 $(MAKE) -s qemu" "$(MAKE) -s big-endian"

unit-programs: $(UNIT_BIN)

# Install what is missing, build, and watch this machine for a few seconds.
demo:
	$(Q)tools/install-deps build
	$(Q)$(MAKE) -s -j2 all
	$(Q)tools/demo

bench:
	$(Q)tools/install-deps build bench
	$(Q)$(MAKE) -s -j2 all
	$(Q)bench/run

lint:
	$(Q)tools/install-deps build lint
	$(Q)tools/lint

fuzz:
	$(Q)tools/install-deps build fuzz
	$(Q)tools/fuzz

install: all $(BUILD)/libsonde.a
	install -D -m 755 $(BUILD)/sonde $(DESTDIR)$(PREFIX)/bin/sonde
	install -D -m 644 $(BUILD)/libsonde.a $(DESTDIR)$(PREFIX)/lib/libsonde.a
	install -D -m 644 include/sonde.h $(DESTDIR)$(PREFIX)/include/sonde.h
	install -D -m 644 docs/sonde.8 $(DESTDIR)$(PREFIX)/share/man/man8/sonde.8
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(shell $(BUILD)/sonde -V | sed 's/.*v//')|' \
		tools/sonde.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/sonde.pc

clean:
	rm -rf build

help:
	@echo "make          build build/sonde"
	@echo "make static   build/sonde-static, which needs no library; ARCH=arm64 cross-builds it"
	@echo "make demo     install what is missing, build, trace this machine for some seconds (root)"
	@echo "make test     install what is missing, run every test (root)"
	@echo "make check    unit tests, error messages, include directions: no root, no network"
	@echo "make live     live tests on this kernel (root); FILES=... chooses"
	@echo "make qemu     live tests on Debian kernels in QEMU; KERNELS=... chooses"
	@echo "make qemu-smoke    each type of probe once on further kernels"
	@echo "make big-endian    unit tests on an emulated s390x"
	@echo "make differential  random programs on three sides; N=, SEED=, KERNEL=, REFERENCE="
	@echo "make stress   scripts of many sizes (root, python3); SEED=, LARGEST=, KERNEL="
	@echo "make check-svg  open, click and search a flame graph in Chromium (root); PICTURE=FILE.png"
	@echo "make bench    compare with bpftrace (BPFTRACE=...) and BPF C"
	@echo "make lint     clang, cppcheck, style"
	@echo "make fuzz     short fuzzing of the readers of foreign bytes"
	@echo "make install  PREFIX=$(PREFIX), DESTDIR"
	@echo "SAN=1         with sanitizers, in build/san; V=1 shows commands; T=name one unit test"

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
