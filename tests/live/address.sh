#!/bin/sh
# Addresses of variables and maps: read through, followed into parts, passed about,
# kept in maps; in programs of several kinds, since each has its memory elsewhere.
. "$(dirname "$0")/lib.sh"

begin_case "what the variable holds now"
sonde -e 'begin { $x = 5; $p = &$x; printf("%d ", *$p); $x = 7; $q = &$p;
printf("%d %d %d %d\n", *$p, **$q, $p[0], $p == &$x); exit(); }'
expect_status 0
expect_out '5 7 7 7 1'

begin_case "strings, tuples, records"
sonde -e 'begin { $s = "hello"; $t = (1, "abc"); $r = (a = 2, b = "def"); $ps = &$s; $pt = &$t; $pr = &$r;
printf("%s %s %s\n", *$ps, str($ps), str((int8 *)$ps + 1)); print((*$pt, $pt.1, $pr.b, $pr->a)); exit(); }'
expect_status 0
expect_out 'hello hello ello'
expect_out '((1, abc), abc, def, 2)'

begin_case "declared, not assigned"
sonde -e 'begin { let $x : uint64; $p = &$x; printf("%d\n", *$p); exit(); }'
expect_status 0
expect_out 0
expect_no_err WARNING

begin_case "in loops"
sonde -e 'begin { $x = 5; $p = &$x; @m[1] = 2;
for $i : 0..3 { $x++; $q = &$i; printf("%d/%d ", *$p, *$q); }
for $i : 0..3000 { $x++; }
for $kv : @m { $k = &$kv; printf("%d/%d ", $k.0, $k.1); }
printf("%d\n", *$p); clear(@m); exit(); }'
expect_status 0
expect_out '6/0 7/1 8/2 1/2 3008'

begin_case "larger than the stack"
sonde -e 'begin { let $s : string[1000] = "first"; $p = &$s; $s = "second"; printf("%s %d\n", *$p, sizeof(*$p)); exit(); }'
expect_status 0
expect_out 'second 1000'

begin_case "kept, compared, counted with"
sonde -e 'begin { $x = 5; @p = &$x; @k[&$x] = 1; $t = (1, &$x);
printf("%d%d%d%d%d\n", @p == &$x, has_key(@k, &$x), $t.1 == &$x, &$x + 1 - 1 == &$x, (uint64)&$x > 0);
clear(@p); clear(@k); exit(); }'
expect_status 0
expect_out '11111'

begin_case "a map"
sonde -e 'begin { @n = 1; @h[1] = 2; @c = count(); $n = &@n; $h = &@h; @n += 3; @c = count();
printf("%d%d%d %d %d\n", $n == &@n, $n != $h, &@c > 0, @n, (int64)@c); exit(); }'
expect_status 0
expect_out '111 4 2'
expect_out '@n: 4'

begin_case "a variable that is a reference"
if needs btf; then
    sonde -e 'begin { $t = *curtask; $p = &$t; $c = curtask; $q = &$c;
    printf("%d%d%d\n", $p.pid == tid, (*$q).pid == tid, $q.pid == tid); exit(); }'
    expect_status 0
    expect_out '111'
fi

begin_case "in a tracepoint"
sonde -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid/ { $s = str(args.filename); $p = &$s; $n = args.dfd; $q = &$n;
printf("%s %d\n", *$p, *$q == args.dfd); exit(); }' -c "/bin/cat /dev/null"
expect_match '^/.* 1$'

begin_case "in functions"
sonde -e 'fn get($p : uint64 *) : uint64 { return *$p; }
fn own($a : uint64) : uint64 { $p = &$a; $a = 9; for $i : 0..2000 { $a++; } return *$p; }
fn text($s : string[8]) : uint64 { $p = &$s; return ((uint8 *)$p)[1]; }
fn map() : uint64 { return (uint64)&@m; }
begin { $x = (uint64)77; @m = 1; printf("%d %d %d %d\n", get(&$x), own(5), text("abc"), map() == (uint64)&@m); clear(@m); exit(); }'
expect_status 0
expect_out '77 2009 98 1'

begin_case "through macros, and by typeof"
sonde -e 'macro bump($x) { $p = &$x; $x++; *$p } macro there(@m) { &@m != 0 }
begin { $v = 6; @q = 1; let $w : typeof(&$v); $b = bump($v); $w = &$v; printf("%d %d %d %d\n", $b, $v, *$w, there(@q)); clear(@q); exit(); }'
expect_status 0
expect_out '7 7 7 1'

begin_case "in an interval and a uprobe"
sonde -e 'interval:ms:1 { $x = 3; $p = &$x; for $i : 0..100 { $x++; } printf("%d\n", *$p); exit(); }'
expect_status 0
expect_out 103
sonde -e 'uprobe:'"$TESTS"'/programs/target:target_args { $x = arg0; $p = &$x; $x++; @[*$p] = count(); }' -c "$TESTS/programs/target"
expect_status 0
expect_match '^@\[[0-9]+\]: [0-9]+$'

end_tests
