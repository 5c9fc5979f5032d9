# Names for addresses: kernel, programs that run, that have ended, that are deleted.
. "$(dirname "$0")/lib.sh"

calls=$TESTS/programs/syscalls
target=$(readlink -f "$TESTS/programs/target")

begin_case "kernel: ksym of an address, and inside of a function"
if needs root && needs function:vfs_read; then
    sonde -e 'begin { $a = kaddr("vfs_read"); print(ksym($a)); print(ksym($a + 4)); exit(); }'
    expect_status 0
    expect_output 'vfs_read
vfs_read

'
fi

# Before 6.12 a program at a system call's event finds the user's registers only.
begin_case "kernel: stacks in all forms"
if needs root && needs kernel:6.12; then
    sonde -c "$calls getppid 10" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        @b[kstack(3)] = count(); @p[kstack(perf, 3)] = count(); @r[kstack(raw, 3)] = count(); }'
    expect_status 0
    expect_match '^        [a-zA-Z0-9_.]+\+[0-9]+$'
    expect_match '^	[0-9a-f]+ [a-zA-Z0-9_.]+\+[0-9]+$'
    expect_match '^[0-9a-f]{16}$'
    expect_out ']: 10'
fi

begin_case "user: a command that has ended when its stack is printed"
sonde -c "$target" -e "uprobe:$target:target_inner { @s[ustack] = count(); @f[func] = count();
    @u[usym(reg(\"ip\"))] = count(); }"
expect_status 0
expect_out '        target_inner+0'
expect_match '^        target_outer\+[0-9]+$'
expect_match '^        main\+[0-9]+$'
expect_out '@f[target_inner]: 1'
expect_out '@u[target_inner]: 1'

begin_case "user: frames with their file, and as numbers"
sonde -c "$target" -e "uprobe:$target:target_add { @p[ustack(perf, 1)] = count(); @r[ustack(raw, 1)] = count(); }"
expect_match "^	[0-9a-f]+ target_add\\+0 \\($target\\)\$"
expect_match '^[0-9a-f]+$'

# The first frame is the probed instruction: its offset is where the file has it.
begin_case "user: frames by build id, in records, keys and tuples"
sonde -c "$target" -e "uprobe:$target:target_inner { @[ustack(build_id)] = count();
    printf(\"%s\", ustack(build_id, 2)); print((len(ustack(build_id, 3)), ustack(build_id, 1))); }"
expect_status 0
expect_match '^\(3, $'
expect_match '^[0-9a-f]{40} 0x[0-9a-f]{2,}$'
first=$(grep -E -m 1 '^[0-9a-f]{40} ' "$tmp/out")
check "the same first frame three times" [ "$(grep -cxF -e "$first" "$tmp/out")" = 3 ]
check "one file in two frames" \
    [ "$(sed '3q' "$tmp/out" | grep -c "^${first% *} ")" = 2 ]

begin_case "user: frames by build id where a file has none"
sonde -e "config = { stack_mode = build_id } begin { print(ustack); exit(); }"
expect_status 0
expect_match '^([0-9a-f]{40} 0x)?[0-9a-f]+$'

begin_case "user: stacks as JSON"
sonde -f json -c "$target" -e "uprobe:$target:target_inner { @[ustack(1)] = count(); print(ustack(1)); }"
expect_out '{"type": "value", "data": "\n        target_inner+0\n"}'
expect_out '{"type": "map", "data": {"@": {"\ntarget_inner+0\n": 1}}}'

begin_case "user: any program that started and ended meanwhile"
cp "$target" "$tmp/short"
sonde_start -e "uprobe:$tmp/short:target_add { @[ustack(1)] = count(); }"
"$tmp/short"
"$tmp/short"
sonde_stop
expect_status 0
check "two stacks, each named" [ "$(grep -cx '        target_add+0' "$tmp/out")" = 2 ]

begin_case "user: an executable that was deleted"
cp "$target" "$tmp/gone"
"$tmp/gone" 1000000 1000 &
gone=$!
sonde_start -p "$gone" -e "uprobe:$tmp/gone:target_inner { @[usym(reg(\"ip\"))] = count(); }"
rm -f "$tmp/gone"
sleep 0.3
sonde_stop
kill "$gone"
wait "$gone" 2>/dev/null
expect_match '^@\[target_inner\]: [0-9]+$'

end_tests
