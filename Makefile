# Sonde: `make` builds build/sonde; `make help` lists the rest.

BUILD   ?= build
CC      ?= gcc
AR      ?= ar
PREFIX  ?= /usr/local
PKGS     = libbpf libelf libdw jansson libcap-ng libseccomp
V       ?=
Q        = $(if $(V),,@)

CSTD     = -std=gnu11 -D_GNU_SOURCE
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
           -Wwrite-strings -Werror
OPT     ?= -O2 -g
CFLAGS  += $(CSTD) $(WARN) $(OPT) -fvisibility=hidden -Isrc -Iinclude
LIBS     = $(shell pkg-config --libs $(PKGS)) -liberty -lz -lpthread

# SAN=1: everything under address and undefined-behaviour sanitizers, in a
# build directory of its own.
ifdef SAN
BUILD   := build/san
OPT     := -O1 -g -fno-omit-frame-pointer
CFLAGS  += -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
endif

LIB_SRC  = $(wildcard src/*.c) $(filter-out src/cli/%,$(wildcard src/*/*.c))
CLI_SRC  = $(wildcard src/cli/*.c)
LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  = $(CLI_SRC:%.c=$(BUILD)/%.o)
UNIT_SRC = $(wildcard tests/unit/test_*.c)
UNIT_HELP = $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
UNIT_BIN = $(UNIT_SRC:%.c=$(BUILD)/%)

.PHONY: all check unit clean help
.SECONDARY:

all: $(BUILD)/sonde

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC   $<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libsonde.a: $(LIB_OBJ)
	$(if $(V),,@echo "  AR   $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/sonde: $(CLI_OBJ) $(BUILD)/libsonde.a
	$(if $(V),,@echo "  LD   $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_HELP:%.c=$(BUILD)/%.o) $(BUILD)/libsonde.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# Unit tests need no privilege and no network. Test one: make unit T=diag
unit: $(if $(T),$(T:%=$(BUILD)/tests/unit/test_%),$(UNIT_BIN))
	$(Q)status=0; for t in $^; do case $$t in *.a|*.o) ;; *) $$t || status=1;; esac; done; exit $$status

check: unit
	$(Q)tools/check-includes

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
