#!/bin/sh
# Many events of system calls are one raw program with a table of numbers: it has each
# event that there is, and each under the number that the kernel calls it by.
. "$(dirname "$0")/lib.sh"

tracefs=''
for d in /sys/kernel/tracing /sys/kernel/debug/tracing; do
    [ -d $d/events/syscalls ] && tracefs=$d && break
done

for kind in enter exit; do
    begin_case "sys_$kind events are all in the table"
    sonde --dry-run -d types -e "tracepoint:syscalls:sys_${kind}_* { @[probe] = count(); }"
    if grep -q 'No attach points\|No matches' "$tmp/err"; then
        skip_case "this kernel has no syscall events"
    else
        expect_match "^program 0: .* by raw sys_$kind"
        check "no other program" [ "$(grep -c '^program' "$tmp/out")" = 1 ]
    fi
done

# The kernel's own record of the same calls, in a buffer of our own.
instance=$tracefs/instances/sonde-test-$$
begin_case "each event is under the number that the kernel calls it by"
if [ -z "$tracefs" ] || ! mkdir "$instance" 2>/dev/null; then
    skip_case "there are no syscall events, or no buffer of our own can be made"
elif ! echo 1 2>/dev/null >"$instance/options/event-fork"; then
    rmdir "$instance"
    skip_case "this kernel does not follow children"
else
    cp "$TESTS/programs/every_call" "$tmp/every_call"
    echo 8192 >"$instance/buffer_size_kb"
    cat >"$tmp/run" <<E2
echo \$\$ >$instance/set_event_pid
echo 1 >$instance/events/syscalls/enable
exec $tmp/every_call
E2
    # Children only: the program itself was a shell before.
    sonde -q -c "/bin/sh $tmp/run" -e 'config = { print_maps_on_exit = false }
        tracepoint:syscalls:sys_enter_* /comm == "every_call" && pid != cpid/ { printf("enter %d %s\n", tid, probe); }
        tracepoint:syscalls:sys_exit_* /comm == "every_call" && pid != cpid/ { printf("exit %d %s\n", tid, probe); }'
    echo 0 >"$instance/events/syscalls/enable"
    # On a busy machine the kernel forgets names, and writes <...>.
    sed -n -e 's/^ *<\.\.\.>-/every_call-/' \
        -e 's/^ *every_call-\([0-9]*\) .*: sys_\([a-z0-9_]*\)(.*/enter \1 \2/p' \
        -e 's/^ *every_call-\([0-9]*\) .*: sys_\([a-z0-9_]*\) -> .*/exit \1 \2/p' "$instance/trace" >"$tmp/all"
    rmdir "$instance"
    main=$(awk '$1 == "enter" && $3 == "fork" || $3 == "clone" { print $2; exit }' "$tmp/all")
    grep -v " $main " "$tmp/all" | sort >"$tmp/kernel"
    sed 's/tracepoint:syscalls:sys_[a-z]*_//' "$tmp/out" | grep . | sort >"$tmp/ours"
    : >"$tmp/out"
    expect_status 0
    # A kernel that runs the program with preemption on leaves it out where it meets
    # itself, which is told of: then some lines may be missing, and none be others.
    if kernel_at_least 7.0; then
        comm -13 "$tmp/kernel" "$tmp/ours" >"$tmp/out"
        lost=$(sed -n 's/.*Total lost event count: //p' "$tmp/err")
        check "none but the lost ones are missing" \
            [ "$(comm -23 "$tmp/kernel" "$tmp/ours" | wc -l)" -le "${lost:-0}" ]
    else
        expect_no_err 'ost'
        diff "$tmp/kernel" "$tmp/ours" >"$tmp/out"
    fi
    check "the kernel's record and ours are the same" [ ! -s "$tmp/out" ]
    # All that there are, but for those that the program does not make.
    ls $tracefs/events/syscalls | sed -n 's/^sys_enter_//p' | sort >"$tmp/events"
    awk '$1 == "enter" { print $3 }' "$tmp/kernel" | sort -u >"$tmp/seen"
    grep -vxF -f "$tmp/seen" "$tmp/events" >"$tmp/unseen"
    check "all of them were made but sync: $(tr '\n' ' ' <"$tmp/unseen")" [ "$(cat "$tmp/unseen")" = sync ]
fi

end_tests
