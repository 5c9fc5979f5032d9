#!/bin/sh
# Seeds of the fuzzer elf: small programs with symbols, notes of static probes and debug
# information.   tests/fuzz/elf.make DIRECTORY
set -e
cat >"$1/a.c" <<'END'
#include "usdt.h"
struct foo { int a; char b[4]; struct foo *next; unsigned x : 3; enum color { RED, GREEN } c; };
union un { int i; char c; };
typedef struct foo def;
int add(int a, struct foo *p, union un u);
int add(int a, struct foo *p, union un u) { return a + p->a + u.i; }
void _start(void) { __asm__ volatile(USDT_NOTE("test", "probe", "-4@%%eax 8@8(%%rbp)", "0") ::); }
END
for flags in "-g0" "-gdwarf-4" "-gdwarf-5" "-gdwarf-5 -gz"; do
    # shellcheck disable=SC2086
    gcc -Os $flags -Itests/programs -nostdlib -static -fno-asynchronous-unwind-tables -Wl,--build-id=none \
        -Wl,-z,noseparate-code -o "$1/seed$flags" "$1/a.c"
done
rm -f "$1/a.c"
