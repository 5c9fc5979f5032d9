# What -f json and -f events print fits docs/schema, whatever is printed.
. "$(dirname "$0")/lib.sh"

validate=$TESTS/live/json_validate
schemas=$(dirname "$0")/../../docs/schema

# Each line of standard output fits the schema of that stream.
expect_valid() { # json|events
    local text
    text=$("$validate" "$schemas/$1.json" <"$tmp/out") || bad "$1: $text"
    [ -s "$tmp/out" ] || bad "$1: some output"
}

# Run a script in both streams.
both() {
    sonde -f json "$@"
    expect_valid json
    json_status=$status
    sonde -f events "$@"
    expect_valid events
    check "the same status" [ "$json_status" = "$status" ]
}

begin() {
    both -e "begin { $1 exit(); }"
    expect_status 0
}

begin_case "the validator refuses what does not fit"
for line in '{"type": "printf"}' '{"type": "printf", "data": 1}' '[1]' 'x' '{"type": "nonsense", "data": "x"}' \
    '{"type": "printf", "data": "x", "type": "printf"}' '{"type": "value", "data": 1.5}' \
    '{"type": "hist", "data": {"@h": [{"min": 1}]}}' '{"type": "map", "data": {"@a": 1, "@b": 2}}'; do
    echo "$line" >"$tmp/line"
    check "no: $line" [ "$("$validate" "$schemas/json.json" <"$tmp/line" | tail -n 1)" = '1 lines, 1 bad' ]
done

begin_case "values"
begin 'print(-7); print((uint64)18446744073709551615); print(9007199254740993); print(true); print("a\"b\\c\nd\te\001");
    print(buf("G\377\n", 3)); print((int8 *)0x10); print((1, "x", (2, true))); print((a = 1, b = (c = "y", d = -1)));
    print(ksym(0)); print(usym(1)); print(kstack(3)); print(ustack(perf, 2)); print(kstack(raw)); print(ntop(0x0100007f));
    print(macaddr((uint8 *)0)); print(strftime("%H:%M:%S", nsecs)); print(probe); print(username); print(cgroup_path(cgroup));
    print(nsecs); print(curtask); print(comm);'

begin_case "structures, unions, arrays, enumerators, bitfields"
both -e 'enum colour { RED = 1, GREEN = 2 }
    struct inner { int a; char text[8]; } struct outer { struct inner i; int n[3]; int bits : 3; union { int x; char y; }; }
    begin { print((enum colour)2); $o = (struct outer *)0; print(*$o); print($o->n);
    @e[(enum colour)1] = (enum colour)2; @o = *$o; exit(); }'
expect_status 0

begin_case "any bytes: invalid UTF-8, overlong, surrogates, NUL, all controls"
begin 'printf("%s %c\n", "\377\300\200 \355\240\200 \360\237\230\200 \303\274 \303", 0); print("\001\002\037\177\200");
    printf("%c%c%c\n", 255, 10, 34); @["\377\"\\ \n", "\303\274"] = "\xe2\x82"; @b[buf("\000\377", 2)] = buf("\"", 1);
    errorf("e\377\"\n"); warnf("w\200"); time("\"%%\377\n"); print((a = "\377"));'

begin_case "the largest numbers, deep values, and whatever is in memory"
begin '$t = ((((1, "a"), (b = (c = (d = (uint64)18446744073709551615)))), -9223372036854775807), "\377"); print($t); @m[$t] = $t;
    @k[(uint64)18446744073709551615, -9223372036854775807] = lhist(9223372036854775807, 0, 2, 1); @h = hist(9223372036854775807, 5);
    printf("%s %lld %llu %x\n", $t, -9223372036854775807, (uint64)18446744073709551615, -1); @s = sum(9223372036854775807);
    @s = sum(9223372036854775807); @a["x"] = avg((uint64)18446744073709551615); @st = stats(-9223372036854775807);
    $b = buf(curtask, 400); print($b); printf("%r %rx %rh %s\n", $b, $b, $b, $b); @b[$b] = $b; print(str(curtask, 400));
    @t[str(curtask + 8, 400)] = str(curtask + 16, 400); print(macaddr(curtask)); print((int8 *)-1); print(ksym(-1)); print(usym(-1));'

begin_case "a text that is cut within a character"
both -e 'config = { max_strlen = 6 } begin { $s = str_concat("abc\303\274", "\303\274"); print(str(&$s)); @[str(&$s)] = str(&$s, 5); exit(); }'
expect_status 0

begin_case "maps: every kind of value, scalar and keyed, empty ones"
begin '@i = -5; @c = count(); @s = sum(-3); @a = avg(7); @mn = min(5); @mx = max(5); @st = stats(9); @h = hist(5); @h = hist(-1);
    @l = lhist(3, 0, 10, 2); @l = lhist(99, 0, 10, 2); @str = "x"; @t = (1, "y"); @ki[1] = 2; @kc["a"] = count(); @ks[1, "b"] = stats(2);
    @ka[true] = avg(1); @kh["a b"] = hist(7); @kl[(1, 2), 3] = lhist(1, 0, 5, 1); @kk[kstack(2)] = count(); @ku[ustack(2), comm] = count();
    @kr[(a = 1, b = "c")] = 1; @big = (uint64)18446744073709551615; @kb[(uint64)18446744073709551615] = hist((uint64)1 << 62);
    print(@kh); print(@ki, 1, 2); print(@i); clear(@ki); print(@ki); zero(@kc); if (@i == 99) { @none = stats(1); @nokey[1] = avg(1);
    @nohist = hist(1); }'

begin_case "series"
both -e 'config = { unstable_tseries = enable } begin { @t = tseries(5, 100ms, 4); @k["x"] = tseries(7, 1s, 3, "sum"); exit(); }'
expect_status 0

begin_case "actions in user space, in their order"
both --unsafe -e 'begin { printf("1\n"); system("echo 2; printf \"\\\\377\""); cat("/proc/sys/kernel/ostype"); time("3\n"); print(4);
    system("exit 3"); cat("/nonexistent"); printf("5\n"); exit(6); }'
expect_status 6

begin_case "join"
both -c "/bin/true a bc" -e 'tracepoint:syscalls:sys_enter_execve /pid == cpid/ { join(args.argv); join(args.argv, ","); }'
expect_status 0
expect_match '"type": "join", .*"text": "/bin/true a bc"}$'
expect_match '"type": "join", .*"text": "/bin/true,a,bc"}$'
# What is behind the end of the array is not read.
expect_no_match read_failed

begin_case "errors and warnings: helpers, reads, divisions, full maps"
both -k -e 'begin { $p = (uint64 *)8; print(*$p); delete(@d, 1); @d[2] = 1; print(@d[3]); $z = (uint64)0; print(5 / $z); exit(); }'
expect_status 0
both -e 'let @m = hash(2); begin { @m[1] = 1; @m[2] = 1; @m[3] = 1; $p = (uint64 *)8; print(*$p); exit(); }'
expect_status 0

begin_case "losses"
both -e 'config = { perf_rb_pages = 1 } begin { for ($i : 0..20000) { printf("a line that is long enough to fill the buffer %d\n", $i); } exit(3); }'
expect_status 3
expect_match '"type": "lost", .*"probe": "begin", "count": [0-9]+, "cause": "ring_full"'
sonde -f json -e 'config = { perf_rb_pages = 1 } begin { for ($i : 0..20000) { printf("a line that is long enough to fill the buffer %d\n", $i); } exit(3); }'
expect_match '"type": "lost_events", "count": ([0-9]+), "data": [{]"events": [0-9]+[}], "cause": "the event buffer was full", "probe": "begin"'

begin_case "what cannot be attached"
both -e 'config = { missing_probes = warn } profile:hz:10000000 { @ = 1; } begin { print(1); exit(); }'
expect_status 0
expect_match '"type": "message", .*"severity": "warning", "text": "Unable to attach probe: profile:hz:10000000: '
sonde -f events -e 'profile:hz:10000000 { @ = 1; }'
expect_status 255
expect_valid events
expect_match '"type": "message", .*"severity": "error", "text": "Unable to attach probe: profile:hz:10000000: '
expect_no_match '"type": "end"'

begin_case "tests and benchmarks"
both --test -e 'test:good { print(1); return 0; } test:bad { printf("\\377\n"); errorf("no"); }'
expect_status 1
both --bench -e 'bench:b { @ = count(); }'
expect_status 0

begin_case "a script with errors is told in events, too"
sonde -f events -e 'begin { print($x); prinf("a"); }'
expect_status 1
expect_valid events
expect_match '"type": "message", .*"severity": "error", .*"tag": "[a-z-]+", "file": "stdin", "line": 1'

end_tests
