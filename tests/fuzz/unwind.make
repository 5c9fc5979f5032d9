#!/bin/sh
# Seeds of the fuzzer unwind: small programs and their call frame sections.
#   tests/fuzz/unwind.make DIRECTORY
set -e
cat >"$1/a.c" <<'END'
int work(int n);
int work(int n) { volatile char a[40] __attribute__((aligned(64))); a[n] = 1; return n ? work(n - 1) + a[n] : 0; }
void _start(void) { work(3); }
END
for flags in "-O0" "-O2" "-fno-asynchronous-unwind-tables -g"; do
    # shellcheck disable=SC2086
    gcc $flags -nostdlib -static -Wl,--build-id=none -Wl,-z,noseparate-code -o "$1/seed$flags" "$1/a.c"
    # Each of them has one of the two sections.
    for section in .eh_frame .debug_frame; do
        objcopy -O binary --only-section=$section --set-section-flags $section=alloc "$1/seed$flags" \
            "$1/section$section$flags" 2>/dev/null || true
    done
done
rm -f "$1/a.c"
