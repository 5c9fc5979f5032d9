#!/bin/sh
# Functions of scripts on the kernel: as subprograms that the verifier takes, from
# probes of several kinds, with results of all kinds, in and around loops.
. "$(dirname "$0")/lib.sh"

begin_case "values"
sonde -e 'fn square($x : int64) : int64 { return $x * $x; }
fn low($x : int64) : uint8 { return (uint8)$x; }
begin { printf("%d %d %d\n", square(12), square(square(-3)), low(258)); exit(); }'
expect_status 0
expect_out '144 81 2'

begin_case "text, tuples and records"
sonde -e 'fn pick($s : string, $n : int64) : string { if ($n > 3) { return $s; } return "few"; }
fn swap($p : typeof((1, "text"))) : typeof(("text", 1)) { return ($p.1, $p.0); }
fn name($r : typeof((id = 1, name = "text"))) : string { return $r.name; }
begin { $t = swap((7, "abc")); printf("%s %s %s %d %s\n", pick("many", 4), pick("many", 1),
	$t.0, $t.1, name((id = 5, name = "five"))); exit(); }'
expect_status 0
expect_out 'many few abc 7 five'

begin_case "long text"
sonde -e 'fn last($s : string) : string { @seen[$s] = count(); return $s; }
begin { $a = "0123456789012345678901234567890123456789012345678901234567890123456789";
	printf("%s|%s\n", last($a), last(str($1, 300))); print(len(@seen)); clear(@seen); exit(); }' \
    -- "$(printf 'x%.0s' $(seq 200))"
expect_status 0
expect_match '^0123456789.*0123456789[|]x{200}$'
expect_out 2

begin_case "more arguments than registers"
sonde -e 'fn all($a : int8, $s : string, $c : uint16, $d : int64, $e : bool, $f : string, $g : int32) : string {
	printf("%d %s %d %ld %d %s %d\n", $a, $s, $c, $d, $e, $f, $g); return $f; }
begin { printf("%s\n", all(-1, "one", 65535, -5000000000, true, comm, -7)); exit(); }'
expect_status 0
expect_out '-1 one 65535 -5000000000 1 sonde -7'
expect_out 'sonde'

begin_case "parameters are the function's own"
sonde -e 'fn f($n : int64, $s : string) : int64 { $n++; $s = "other"; return $n; }
begin { $n = 1; $s = "mine"; printf("%d %d %s\n", f($n, $s), $n, $s); exit(); }'
expect_status 0
expect_out '2 1 mine'

begin_case "loops in functions"
sonde -e 'fn add_up($n : int64) : int64 { $s = 0; for ($i : 0..$n) { if ($i == 500) { return $s; } $s += $i; } return $s; }
fn find_value($v : int64) : string { for ($kv : @m) { if ($kv.0 == $v) { return $kv.1; } } return "none"; }
begin { @m[1] = "one"; @m[2] = "two"; printf("%d %d %s %s %s\n", add_up(100), add_up(100000), find_value(2), find_value(1),
	find_value(3)); clear(@m); exit(); }'
expect_status 0
expect_out '4950 124750 two one none'

begin_case "functions in loops"
sonde -e 'fn g($x : int64) : int64 { return $x * 2; }
fn f($n : int64) : int64 { $s = 0; for ($i : 0..$n) { $s += g($i); } return $s; }
begin { @m[3] = 1; @m[4] = 1; for ($i : 0..100) { @a += f($i); } for ($kv : @m) { @a += g($kv.0); }
	print(@a); clear(@a); clear(@m); exit(); }'
expect_status 0
expect_out '@a: 323414'

begin_case "loops in loops through functions"
if needs kernel:5.17; then	# without bpf_loop the verifier follows each turn, and gives up
sonde -e 'fn a($x : uint64) : uint64 { $n = (uint64)0; for ($i : 0..60) { if ($x % 7 == (uint64)$i) { $n++; } } return $n; }
fn b($x : uint64) : uint64 { $n = (uint64)0; for ($i : 0..60) { $n += a($x + (uint64)$i); } return $n; }
fn c($x : uint64) : uint64 { $n = (uint64)0; for ($i : 0..60) { $n += b($x); } return $n + b($x + 1); }
begin { print(c(pid)); exit(); }'
expect_status 0
expect_out 3660
fi

begin_case "exit ends the program"
sonde -e 'fn stop($n : int64) : int64 { if ($n == 5) { printf("stop\n"); exit(3); } return $n; }
begin { for ($i : 0..1000) { @ = stop($i); } print("never"); }
end { print("end"); }'
expect_status 3
expect_out 'stop'
expect_out '@: 4'
expect_out 'end'
expect_no_match never

begin_case "exit through loops in functions"
sonde -e 'fn a($n : int64) : void { if ($n == 77) { exit(); } }
fn b($n : int64) : string { for ($i : 0..$n) { a($i); @ = $i; } return "done"; }
begin { print(b(3)); print(b(1000)); }'
expect_status 0
expect_out 'done'
expect_out '@: 76'

begin_case "from probes of several kinds"
sonde -e 'fn note($what : string, $n : uint64) : void { @[$what] = count(); @last[$what] = $n; @stacks[kstack(1)] = count(); }
begin { note("begin", 1); }
tracepoint:syscalls:sys_enter_getppid { note("tracepoint", 4); }
uprobe:'"$TESTS"'/programs/target:target_add { note("uprobe", arg0); }
end { note("end", 5); clear(@stacks); }' -c "$TESTS/programs/target"
expect_status 0
expect_out '@[begin]: 1'
expect_out '@[end]: 1'
expect_match '^@\[uprobe\]: '
expect_out '@last[end]: 5'

begin_case "exit from a function in an interval"
sonde -e 'fn stop($n : uint64) : void { if ($n > 2) { printf("%lu\n", $n); exit(); } }
interval:ms:5 { @n++; stop((uint64)@n); }'
expect_status 0
expect_out 3

begin_case "a name of the probe that calls"
sonde -e 'fn note($what : string) : void { @[$what] = count(); }
tracepoint:syscalls:sys_enter_* { if (pid == cpid) { note(probe); } }' -c "$TESTS/programs/target"
expect_status 0
expect_out '@[tracepoint:syscalls:sys_enter_exit_group]: 1'

begin_case "the context of a kprobe, with more arguments than registers"
if needs kprobe; then
    sonde -e 'fn note($a : int64, $b : int64, $c : int64, $d : int64, $e : int64, $what : string) : string {
	@[kstack(perf, 1), reg("sp") != 0] = count(); return $what; }
fn tell($probe : string) : void { @names[$probe] = count(); }
kprobe:vfs_read { @sum[note(1, 2, 3, 4, 5, "read")] = count(); }
kprobe:vfs_re* { tell(probe); }' -c "cat /proc/self/status"
    expect_status 0
    expect_match '^, true\]: [0-9]+$'
    expect_match '^@sum\[read\]: [0-9]+$'
    expect_match '^@names\[kprobe:vfs_read\]: [0-9]+$'
fi

begin_case "a loop in a function reads the context"
if needs kprobe; then
    sonde -e 'fn turns($a : uint64) : uint64 { for ($i : 0..200) { @n[reg("ip") > 0] = count(); if ($i == 150) { return $a; } } return 0; }
kprobe:vfs_read { @result = turns(7); }' -c "cat /proc/self/status"
    expect_status 0
    expect_match '^@n\[true\]: [0-9]+$'
    expect_out '@result: 7'
fi

begin_case "pointers to user memory"
sonde -e 'fn text($p : int8 *) : string { return str($p); }
fn number($n : uint64) : string { return str($n); }
uprobe:'"$TESTS"'/programs/target:target_greet { printf("%s|%s\n", text((int8 *)arg0), number(arg0)); }' \
    -c "$TESTS/programs/target"
expect_status 0
expect_out 'sonde user|sonde user'

begin_case "pointers to user and kernel memory, by turns"
if needs btf; then
    sonde -e 'fn read_at($p : int64 *) : int64 { return *$p; }
begin { $t = (int64 *)(uint64)curtask->mm; printf("%d\n", read_at($t) == *$t); }
uprobe:'"$TESTS"'/programs/target:target_greet { $sp = (int64 *)reg("sp");
    printf("user %d %d\n", read_at($sp) == *$sp, read_at($sp) != 0); }' \
        -c "$TESTS/programs/target"
    expect_status 0
    expect_out 1
    expect_out 'user 1 1'
fi

begin_case "stacks of the probe that calls"
sonde -e 'fn where() : void { @[ustack(perf, 2)] = count(); }
uprobe:'"$TESTS"'/programs/target:target_inner { where(); }' -c "$TESTS/programs/target"
expect_status 0
expect_match 'target_inner\+0'
caller_is_found && expect_match 'target_middle\+'

begin_case "pointers and tasks"
if needs btf; then
    sonde -e 'fn pid_of($t : struct task_struct *) : int32 { return $t->pid; }
fn parent_of($t : struct task_struct *) : struct task_struct * { return $t->real_parent; }
begin { printf("%d %d\n", pid_of(curtask) == tid, parent_of(curtask)->tgid == ppid); exit(); }'
    expect_status 0
    expect_out '1 1'
fi

begin_case "an imported script brings functions"
mkdir "$tmp/imports"
printf 'fn twice($x : int64) : int64 { return $x * 2; }\n' >"$tmp/imports/lib.bt"
printf 'import "lib.bt";\nbegin { print(twice(21)); exit(); }\n' >"$tmp/imports/main.bt"
sonde "$tmp/imports/main.bt"
expect_status 0
expect_out 42

begin_case "a chain deeper than the kernel's"
sonde -e 'fn a($x : int64) : int64 { return b($x) + b($x + 1); } fn b($x : int64) : int64 { return c($x) + c($x + 1); }
fn c($x : int64) : int64 { return d($x) + d($x + 1); } fn d($x : int64) : int64 { return e($x) + e($x + 1); }
fn e($x : int64) : int64 { for ($i : 0..100) { @last = f($i); } return f($x) + f($x + 1); }
fn f($x : int64) : int64 { return g($x) + g($x + 1); } fn g($x : int64) : int64 { return h($x) + h($x + 1); }
fn h($x : int64) : int64 { return i($x) + i($x + 1); } fn i($x : int64) : int64 { @calls = count(); return $x + 1; }
begin { printf("%d\n", a(1)); printf("%d\n", (int64)@calls); clear(@last); clear(@calls); exit(); }'
expect_status 0
expect_out 1536
expect_out 13056

begin_case "memory of callers and callees is apart"
sonde -e 'fn a($s : string) : string { $own = "a"; $r = b($s); return $own == "a" ? $r : "broken"; }
fn b($s : string) : string { $own = "bb"; $r = c($s); return $own == "bb" ? $r : "broken"; }
fn c($s : string) : string { $own = "ccc"; for ($i : 0..100) { $own = "dddd"; } return $own == "dddd" ? $s : "broken"; }
begin { $own = "mine"; $x = a(comm); $y = a("0123456789012345678901234567890123456789012345678901234567890123456789");
	printf("%s %s %s\n", $own, $x, $y); exit(); }'
expect_status 0
expect_out 'mine sonde 0123456789012345678901234567890123456789012345678901234567890123456789'

begin_case "a function is a subprogram"
sonde -d bpf -e 'fn f($x : int64) : int64 { @[$x] = count(); return $x + 1; }
begin { $a = f(1); $a = f($a); $a = f($a); print($a); clear(@); exit(); }'
expect_status 0
expect_match 'call pc\+'

end_tests
