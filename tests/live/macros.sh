#!/bin/sh
# Macros in running scripts: values, aliases of the caller's variables and maps,
# hygiene, overloads, types as arguments, builtins replaced.
. "$(dirname "$0")/lib.sh"

begin_case "values and nesting"
sonde -e 'macro add(x, y) { x + y } macro one { 1 } macro sq(x) { x * x }
begin { printf("%d %d %d\n", add(one, one()), sq(add(1, 2)), sq(sq(2))); exit(); }'
expect_status 0
expect_out '2 9 16'

begin_case "variables and maps of the caller"
sonde -e 'macro inc($x) { $x++; } macro bump(@m, k) { @m[k] += 2; @m[k] }
begin { $n = 5; inc($n); inc($n); $a = bump(@t, 1); $b = bump(@t, 1); printf("%d %d %d\n", $n, $a, $b); clear(@t); exit(); }'
expect_status 0
expect_out '7 2 4'

begin_case "variables of a body are its own"
sonde -e 'macro own(x) { $t = x * 2; $t + 1 }
begin { $t = 5; printf("%d", own(own($t))); printf(" %d\n", $t); exit(); }'
expect_status 0
expect_out '23 5'

begin_case "an argument is evaluated at each use"
sonde -e 'macro twice(x) { x; x }
begin { @n = 0; $v = twice(++@n); printf("%d %d\n", $v, @n); clear(@n); exit(); }'
expect_status 0
expect_out '2 2'

begin_case "overloads by number and kind"
sonde -e 'macro kind($v) { "variable" } macro kind(@m) { "map" } macro kind(e) { "expression" }
macro kind(a, b) { "two" }
begin { $v = 1; @m = 1; printf("%s %s %s %s\n", kind($v), kind(@m), kind($v + 1), kind(1, 2)); clear(@m); exit(); }'
expect_status 0
expect_out 'variable map expression two'

begin_case "types as arguments"
sonde -e 'macro size(T) { sizeof(T) } macro low(T, x) { let $v : T = (T)x; $v }
begin { printf("%d %d %d\n", size(typeof(uint16)), size(typeof(uint64 *)), low(typeof(uint8), 258)); exit(); }'
expect_status 0
expect_out '2 8 2'

begin_case "loops in bodies"
sonde -e 'macro sum(n, $to) { for ($i : 0..n) { if ($i == 4) { break; } $to += $i; } }
begin { $i = 9; $s = 0; sum(100, $s); printf("%d %d\n", $s, $i); exit(); }'
expect_status 0
expect_out '6 9'

begin_case "builtins replaced"
sonde -e 'macro strlen(x) { 42 } macro cpu() { 77 } macro ntop(a, b, c) { a + b + c }
begin { printf("%d %d %d %d\n", strlen("abc"), cpu, cpu(), ntop(1, 2, 3)); exit(); }'
expect_status 0
expect_out '42 77 77 6'

begin_case "builtins beside macros of their name, and behind them"
sonde -e 'macro ncpus(x) { x } macro cpid() { __builtin_cpid + 100 }
begin { printf("%d %d %d %d\n", ncpus(7), ncpus == ncpus(), cpid, __builtin_cpid); exit(); }'
expect_status 0
expect_out '7 1 100 0'

begin_case "names that need no parentheses are macros with them"
sonde -e 'macro pid() { 7 } macro args() { 8 } macro arg0() { 9 } macro kstack(n) { n }
begin { printf("%d %d %d %d %d\n", pid == tid, pid(), args(), arg0(), kstack(3)); exit(); }'
expect_status 0
expect_out '1 7 8 9 3'

begin_case "in predicates and probes of several kinds"
sonde -e 'macro first(@seen) { ++@seen == 1 }
interval:ms:1 /first(@s)/ { printf("once\n"); } interval:ms:20 { clear(@s); exit(); }'
expect_status 0
expect_out 'once'

end_tests
