# The scripts that everybody types first, on live events.
. "$(dirname "$0")/lib.sh"

# Under a name of its own, so that another run on this machine is not counted.
name=calls$$
cp "$TESTS/programs/syscalls" "$tmp/$name"
calls=$tmp/$name
target=$TESTS/programs/target

begin_case "begin prints and exits"
sonde -e 'begin { printf("hello %d\n", 42); exit(); }'
expect_status 0
expect_output 'hello 42

'
expect_err '^Attached 1 probe$'

begin_case "openat with arguments"
if needs root; then
    sonde_start -e 'tracepoint:syscalls:sys_enter_openat /comm == "'$name'"/ {
        printf("PID: %d, File: %s\n", pid, str(args.filename)); }'
    $calls open 3
    sonde_stop
    expect_status 0
    expect_match '^PID: [0-9]+, File: /nonexistent/sonde$'
    check "three lines" [ "$(grep -c '^PID: [0-9]*, File: /nonexistent/sonde$' "$tmp/out")" = 3 ]
fi

begin_case "openat with arguments, written with an arrow"
if needs root; then
    sonde_start -e 'tracepoint:syscalls:sys_enter_openat /comm == "'$name'"/ {
        printf("PID: %d, File: %s\n", pid, str(args->filename)); }'
    $calls open 1
    sonde_stop
    expect_match '^PID: [0-9]+, File: /nonexistent/sonde$'
fi

begin_case "kernel stacks by profile"
sonde_start -e 'profile:hz:99 { @[kstack] = count(); }'
$calls getppid 3000000
sonde_stop
expect_status 0
expect_match '^@\[$'
expect_match '^        [a-zA-Z0-9_.]+\+[0-9]+$'
expect_match '^\]: [0-9]+$'

begin_case "count by program name"
sonde_start -e 'tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); }'
$calls getppid 1000
sonde_stop
expect_out "@[$name]: 1000"

begin_case "takes that were asked for before the last one wait for nothing"
cat >"$tmp/takes.bt" <<'EOF'
begin { for ($i : 0..300) { @[1] = count(); print(@); clear(@); } exit(); }
EOF
sonde -c "$SONDE --no-warnings -q -o $tmp/takes.out $tmp/takes.bt" \
    -e 'tracepoint:syscalls:sys_enter_membarrier /pid == cpid/ { @waits = count(); }'
expect_status 0
expect_out '@waits: 1'
check "all counts in the first print" [ "$(grep @ "$tmp/takes.out")" = "@[1]: 300" ]

begin_case "all syscalls by probe: the sum of all prints is what was counted"
cat >"$tmp/script.bt" <<S
tracepoint:syscalls:sys_enter_* /comm == "$name"/ { @[probe] = count(); }
interval:ms:50 { print(@); clear(@); }
S
sonde_start "$tmp/script.bt"
$calls mix 100000
$calls mix 100000
sonde_stop
expect_status 0
sum() { sed -n "s/^@\[tracepoint:syscalls:sys_enter_$1\]: //p" "$tmp/out" | awk '{ n += $1 } END { print n + 0 }'; }
check "200000 getppid, not $(sum getppid)" [ "$(sum getppid)" = 200000 ]
check "200000 getuid, not $(sum getuid)" [ "$(sum getuid)" = 200000 ]
check "200000 getgid, not $(sum getgid)" [ "$(sum getgid)" = 200000 ]
expect_no_err 'ost'

begin_case "uprobe: arguments"
sonde -c "$target" -e "uprobe:$target:target_args { printf(\"%d %d %d %d %d %d\\n\", arg0, arg1, arg2, arg3, arg4, arg5); }"
expect_status 0
expect_out '1 -2 3 -4 5 -6'

begin_case "uprobe: arguments on the stack, by their old names"
sonde -c "$target" -e "uprobe:$target:target_stack_args { printf(\"%d %d\\n\", sarg0, sarg1); }"
if needs machine:x86_64; then
    expect_status 0
    expect_out '77 88'
fi

begin_case "delete() of several elements, as it once was"
sonde -e 'begin { @a[1] = 1; @a[2] = 2; @b[3] = 3; delete(@a[1], @b[3]); exit(); }'
expect_status 0
expect_out '@a[2]: 2'
check "the others are gone" [ "$(grep -c '^@' "$tmp/out")" = 1 ]

begin_case "uprobe: str() of an argument, uretprobe: return value and str()"
sonde -c "$target" -e "uprobe:$target:target_greet { printf(\"in %s\\n\", str(arg0)); }
    uretprobe:$target:target_greet { printf(\"out %s\\n\", str(retval)); }
    uretprobe:$target:target_add { printf(\"sum %d\\n\", retval); }"
expect_out 'in sonde user'
expect_out 'out hello from target'
expect_out 'sum 42'

begin_case "uprobe: str() of a page that was never touched"
if needs kernel:6.1; then
    sonde -c "$target" -e "uprobe:$target:target_untouched { printf(\"<%s>\\n\", str(arg0)); }"
    expect_out '<never touched>'
    expect_out '<in two pages>'
fi

begin_case "uprobe: user stack"
sonde -c "$target" -e "uprobe:$target:target_inner { printf(\"%s\", ustack); }"
expect_match '^        target_inner\+0(@.*)?$'
caller_is_found && expect_match '^        target_middle\+[0-9]+(@.*)?$'
expect_match '^        target_outer\+[0-9]+(@.*)?$'
expect_match '^        main\+[0-9]+(@.*)?$'

begin_case "latency by thread: hist() of a difference, delete"
cat >"$tmp/script.bt" <<S
tracepoint:syscalls:sys_enter_getppid /comm == "$name"/ { @start[tid] = nsecs; }
tracepoint:syscalls:sys_exit_getppid /@start[tid]/ {
	@ns = hist(nsecs - @start[tid]);
	@n = count();
	delete(@start, tid);
}
S
sonde_start "$tmp/script.bt"
$calls getppid 500
sonde_stop
expect_status 0
expect_out '@n: 500'
expect_out '@ns:'
expect_no_match '^@start'
check "500 in the histogram" [ "$(sed -n 's/^\[.*[])] *\([0-9]*\) |.*/\1/p' "$tmp/out" | awk '{ n += $1 } END { print n }')" = 500 ]

begin_case "++ loses no update when two CPUs hammer one key"
sonde_start -e 'tracepoint:syscalls:sys_enter_getppid /comm == "'$name'"/ { @++; @k[1]++; @s[1] += 2; }'
$calls hammer 200000
sonde_stop
expect_out '@: 400000'
expect_out '@k[1]: 400000'
expect_out '@s[1]: 800000'

begin_case "200,000 new keys of an aggregation in one run of a probe"
sonde -e 'config = { max_map_keys = 200000; print_maps_on_exit = false }
    begin { for ($i : 0..200000) { @[$i] = count(); } print(len(@)); exit(); }'
expect_status 0
expect_output '200000

'
check "nothing was lost" [ "$(grep -c WARNING "$tmp/err")" = 0 ]

begin_case "kprobe: file names of open"
if needs kprobe; then
    sonde_start -e 'kprobe:do_sys_openat2 { printf("File: %s\n", str(arg1)); }'
    $calls open 2
    sonde_stop
    expect_out 'File: /nonexistent/sonde'
fi

begin_case "kprobe: file names of open by the old function"
if needs kprobe && needs function:do_sys_open; then
    sonde --dry-run -e 'kprobe:do_sys_open { printf("File: %s\n", str(arg1)); }'
    expect_status 0
fi

begin_case "kprobe: allocations by name, with a wildcard"
if needs kprobe; then
    sonde_start -e 'kprobe:kmem_cache_alloc* { @alloc[comm] = count(); } kprobe:kmem_cache_free { @free[comm] = count(); }'
    $calls open 500
    sonde_stop
    expect_status 0
    expect_match "^@alloc\\[$name\\]: [0-9]+\$"
    expect_match "^@free\\[$name\\]: [0-9]+\$"
fi

begin_case "kprobe: a field through an argument's type"
if needs kprobe; then
    sonde_start -e 'kprobe:__netif_receive_skb* { @bytes[comm] = sum(arg0->len); }'
    ping -c 2 127.0.0.1 >/dev/null 2>&1 || true
    sonde_stop
    expect_status 0
    expect_no_err ERROR
fi

begin_case "kprobe: an argument that the function does not have"
if needs kprobe; then
    sonde -e 'kprobe:__netif_receive_skb { @ = sum(arg1->len); }'
    expect_status 1
    expect_err 'skb'
    expect_err 'arg0->len'
fi

begin_case "kretprobe: return value"
if needs kprobe; then
    sonde_start -e 'kretprobe:do_sys_openat2 /comm == "'$name'"/ { @[(int32)retval] = count(); }'
    $calls open 4
    sonde_stop
    expect_out '@[-2]: 4'
fi

end_tests
