#!/bin/sh
# The C part of scripts: headers from folders and from the command line.
. "$(dirname "$0")/lib.sh"

mkdir -p "$tmp/own/sub" "$tmp/script"
cat >"$tmp/own/own.h" <<'END'
#ifndef OWN_H
#define OWN_H
#include "sub/part.h"
#define OWN_LIMIT (PART + 1)
struct own { int a; char name[4]; };
static inline int helper(struct own *o) { return o->a ? 1 : 2; }
extern int variable;
#endif
END
echo '#define PART 40' >"$tmp/own/sub/part.h"

begin_case "-I adds a folder"
sonde -q -I "$tmp/own" -e '#include <own.h>
begin { print((OWN_LIMIT, sizeof(struct own))); exit(); }'
expect_status 0
expect_out '(41, 8)'

begin_case "--include reads a header before the script"
sonde -q -I "$tmp/own" --include own.h --include "$tmp/own/sub/part.h" -e '
#ifdef OWN_H
#define SEEN 1
#endif
begin { print((OWN_LIMIT, SEEN)); exit(); }'
expect_status 0
expect_out '(41, 1)'

begin_case "--include of a header that is not there"
sonde -q --include missing.h -e 'begin { exit(); }'
expect_status 1
expect_err "ERROR: 'missing.h' file not found"

begin_case "a header beside the script"
echo '#define NEAR 7' >"$tmp/script/near.h"
printf '%s\n' '#include "near.h"' 'begin { print(NEAR); exit(); }' >"$tmp/script/near.bt"
sonde -q "$tmp/script/near.bt"
expect_status 0
expect_out '7'

begin_case "well-known constants need no header"
sonde -q -e 'begin { print((AF_INET6, -ENOENT, S_IFDIR, TASK_UNINTERRUPTIBLE, PAGE_SIZE > 0)); exit(); }'
expect_status 0
expect_out '(10, -2, 16384, 2, true)'

begin_case "definitions are read as C reads them"
sonde -q -e '
#define LIMIT 3
#define SUM \
	(LIMIT + \
	 1)
#define ALIAS SUM
#define SIZE sizeof(struct pair)
typedef unsigned long word;
struct pair { int a; char name[4]; word u; unsigned b1 : 3, : 0, b2 : 5; };
enum colour { RED, GREEN = 5 };
begin {
	print((LIMIT, SUM, ALIAS, SIZE, sizeof(word), GREEN, (enum colour)5));
	printf("%d %s\n", GREEN, GREEN);
	exit();
}'
expect_status 0
expect_out '(3, 4, 4, 24, 8, GREEN, GREEN)'
expect_out '5 GREEN'

begin_case "headers of the kernel's build tree"
arch=x86
[ "$(uname -m)" = x86_64 ] || arch=arm64
mkdir -p "$tmp/source/include/linux" "$tmp/build/include/generated" "$tmp/build/arch/$arch/include/generated/asm"
echo '#include <generated/autoconf.h>' >"$tmp/source/include/linux/kconfig.h"
echo '#define CONFIG_OWN 3' >"$tmp/build/include/generated/autoconf.h"
echo '#define FROM_ASM 4' >"$tmp/build/arch/$arch/include/generated/asm/own.h"
cat >"$tmp/source/include/linux/own.h" <<'END'
#include <asm/own.h>
#ifdef __KERNEL__
struct own_of_kernel { char a[CONFIG_OWN]; };
#endif
END
SONDE_KERNEL_SOURCE=$tmp/source SONDE_KERNEL_BUILD=$tmp/build sonde -q -e '#include <linux/own.h>
begin { print((sizeof(struct own_of_kernel), FROM_ASM)); exit(); }'
expect_status 0
expect_out '(3, 4)'

begin_case "the size and the type of a constant are asked for by its name"
sonde -q -e '#define NUMBER (5 + 7)
#define TEXT "abc"
enum { FEW = 2 };
begin {
	let $x : typeof(FEW) = FEW;
	print((sizeof(NUMBER), sizeof(TEXT), sizeof(FEW) > 1, $x));
	exit();
}'
expect_status 0
expect_out '(1, 4, true, FEW)'

begin_case "the kernel's version is the one that runs"
version=$(uname -r)
major=${version%%.*}
sonde -q -e '#include <linux/version.h>
#define MAJOR (LINUX_VERSION_CODE >> 16)
begin { print(MAJOR); exit(); }'
expect_status 0
expect_out "$major"

begin_case "a header of the kernel that is not installed is named when it is missed"
sonde -q -e '#include <linux/own_driver.h>
begin { print(OWN_LIMIT); exit(); }'
expect_status 1
expect_err "Unknown identifier: 'OWN_LIMIT'"
expect_err 'HINT: not installed here: linux/own_driver.h'

end_tests
