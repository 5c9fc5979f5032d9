#!/bin/sh
# args and ctx as values: in variables, through pointers, in loops, copied to maps and
# tuples, and as numbers.
. "$(dirname "$0")/lib.sh"
target=$TESTS/programs/target
# The names of two registers, in struct pt_regs and for reg().
case $machine in
    x86_64) ip=ip first=r15 ;;
    *) ip=pc first=r0 ;;
esac

begin_case "args in variables"
sonde -c "/bin/cat /dev/null" -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid && str(args.filename) == "/dev/null"/
{ $a = args; $b = *args; $c = $a; $p = &$c;
printf("%d %d %d %d %d\n", $a.dfd == args.dfd, $b->flags == args.flags, $c.flags == args.flags, $p.dfd == args.dfd, $b.mode);
$d = pid > 0 ? $a : args; printf("%s\n", str($d.filename)); }'
expect_status 0
expect_out '1 1 1 1 0'
expect_out '/dev/null'

begin_case "declared"
sonde -c "/bin/cat /dev/null" -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid && str(args.filename) == "/dev/null"/
{ let $a : typeof(args); $a = args; printf("%d\n", $a.dfd == args.dfd); }'
expect_status 0
expect_out 1
if needs btf; then
    sonde -e 'begin { let $t : struct task_struct = *curtask; let $u : typeof(*curtask()); $u = $t; @[1] = 1;
    for $kv : @ { printf("%d", $t.pid == tid); } for $i : 0..1000 { if ($i == 9) { printf("%d", $u.pid == tid); } }
    printf("%d\n", $u.pid == tid); clear(@); exit(); }'
    expect_status 0
    expect_out 111
fi

begin_case "args in loops"
sonde -c "/bin/cat /dev/null" -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid && str(args.filename) == "/dev/null"/
{ $a = args; @m[1] = 1; for $i : 0..2 { printf("%d ", $a.dfd == args.dfd); }
for $i : 0..2000 { if ($i == 1999) { printf("%d ", $a.dfd == args.dfd); } }
for $kv : @m { printf("%d\n", $a.dfd == args.dfd); } clear(@m); }'
expect_status 0
expect_out '1 1 1 1'

begin_case "args as a whole"
sonde -c "/bin/cat /dev/null" -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid && str(args.filename) == "/dev/null"/
{ @a = args; $t = (1, args); printf("%d %d\n", @a.flags == args.flags, $t.1.dfd == args.dfd); print($t); }'
expect_status 0
expect_out '1 1'
expect_match '^\(1, \{.* \.__syscall_nr = [0-9]+, \.dfd = (429496[0-9]*|184467440737095[0-9]*), \.filename = 0x.*\.mode = 0.*\}\)$'
expect_match '^@a: \{.* \.__syscall_nr = [0-9]+, \.dfd = (429496[0-9]*|184467440737095[0-9]*), \.filename = 0x.*\.mode = 0.*\}$'
sonde -c "/bin/cat /dev/null" -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid && str(args.filename) == "/dev/null"/
{ $a = args; @k[$a] = count(); @k[args] = count(); @t[1, args] = 1; printf("%d\n", has_key(@k, args)); }'
expect_status 0
expect_out 1
expect_match '^@k\[\{.* \.dfd = (429496[0-9]*|184467440737095[0-9]*), \.filename = 0x.*\.mode = 0.*\}\]: 2$'
expect_match '^@t\[1, \{.* \.dfd = (429496[0-9]*|184467440737095[0-9]*), \.filename = 0x.*\}\]: 1$'

begin_case "several probes"
sonde -c "/bin/cat /dev/null" -e 'tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_enter_close
/pid == cpid/ { $a = args; @[probe, $a.__syscall_nr > 0] = count(); }'
expect_status 0
expect_match '^@\[tracepoint:syscalls:sys_enter_openat, true\]: '
expect_match '^@\[tracepoint:syscalls:sys_enter_close, true\]: '

begin_case "arguments of a raw tracepoint"
if needs btf; then
    sonde -e 'rawtracepoint:sys_enter { $a = args; printf("%d\n", $a.id == args.id && $a.id >= 0); exit(); }'
    expect_status 0
    expect_out 1
fi

begin_case "ctx of an interval"
if needs btf; then
    sonde -e 'interval:ms:1 { $c = ctx; $n = (uint64)ctx; @p = $c; $t = (1, ctx);
    printf("%d%d%d%d%d%d\n", $c == ctx, $c != 0, $n == (uint64)$c, @p == ctx, $t.1 == ctx, ctx + 1 - 1 == ctx);
    for $i : 0..100 { $same = $c.sample_period == ctx.sample_period; if ($i == 99) { printf("%d\n", $same); } }
    clear(@p); exit(); }'
    expect_status 0
    expect_out '111111'
    expect_out 1
fi

begin_case "registers by ctx"
if needs btf; then
    sonde -c "$target" -e "uprobe:$target:target_args { \$c = ctx; \$w = (uint64 *)ctx; \$r = *ctx; @r = *ctx;
    printf(\"%d%d%d%d\\n\", \$c.$ip == reg(\"ip\"), \$w[0] == reg(\"$first\"), \$r.sp == reg(\"sp\"), @r.$ip == reg(\"$ip\")); clear(@r); }"
    expect_status 0
    expect_out '1111'
fi

begin_case "all arguments of a raw tracepoint are a record"
if needs btf; then
    sonde -c /bin/true -e 'rawtracepoint:sched_process_exit /pid == cpid/ { $a = args; @k[args] = $a; @t = (1, $a == args); }'
    expect_status 0
    expect_match '^@k\[(\{ \.p = 0x[0-9a-f]{16}(, \.group_dead = true)? \})\]: \1$'
    expect_out '@t: (1, true)'
    sonde -c /bin/true -e 'rawtracepoint:sched_process_exit /pid == cpid/ { print(args); printf("[%90s]\n", args); }'
    expect_status 0
    expect_match '^\{ \.p = 0x[0-9a-f]{16}(, \.group_dead = true)? \}$'
    expect_match '^\[ +\{ \.p = 0x[0-9a-f]{16}(, \.group_dead = true)? \}\]$'
fi

begin_case "what is refused"
sonde -e 'tracepoint:syscalls:sys_enter_openat { print(args); printf("%s", args); }'
expect_status 1
expect_err 'stdin:1:40-51: ERROR: struct tracepoint:syscalls:sys_enter_openat_args type passed to print.. is not printable'
expect_err 'stdin:1:53-71: ERROR: unable to print struct tracepoint:syscalls:sys_enter_openat_args type for specifier: s'

begin_case "a copy of what does not lie in memory as its type says is refused"
if needs btf; then
    sonde -e 'rawtracepoint:sys_enter { $a = pid ? args : args; @a = $a.id ? args : args; $t = (1, pid ? args : args); @k[pid ? args : args] = 1; }'
    expect_status 1
    expect_err "stdin:1:51-75: ERROR: Value 'struct rawtracepoint:vmlinux:sys_enter_args' cannot be assigned to a map."
    expect_err "stdin:1:86-103: ERROR: a value of type 'struct rawtracepoint:vmlinux:sys_enter_args' can not be part of a tuple"
    expect_err "stdin:1:109-126: ERROR: context cannot be part of a map key"
fi

begin_case "registers of a perf event"
if needs btf; then
    sed "s/[.]ip/.$ip/g" >"$tmp/registers.bt" <<'END'
software:cpu-clock:1000000 { $r = ctx.regs; $ip = reg("ip"); $sp = reg("sp"); @m = ctx.regs; $t = (1, ctx.regs);
$n = @n + 3; for ($i : 0..$n) { if ($r.ip != $ip || $r.sp != $sp) { @wrong[$i] = 1; } }
@k[1] = 1; for ($kv : @k) { if ($r.ip != $ip || $r.sp != $sp) { @wrong[100] = 1; } }
if ($r.ip != $ip || ctx.regs.ip != $ip || $t.1.ip != $ip || $t.1.sp != $sp || @m.sp == 0) { @wrong[200] = 1; }
printf("wrong: %d\n", len(@wrong)); clear(@m); exit(); }
END
    sonde "$tmp/registers.bt"
    expect_status 0
    expect_match '^wrong: 0$'
fi

end_tests
