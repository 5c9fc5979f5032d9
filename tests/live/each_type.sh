#!/bin/sh
# Each type of probe once: it fires, and -v tells by what it is attached. Short, for
# kernels on which not all tests run. With TABLE=1 each case prints a line
# "row: TYPE: MECHANISM" as well, of which tests/qemu/table makes the manual's.
. "$(dirname "$0")/lib.sh"

T=$TESTS/programs/target
usdt=$TESTS/programs/usdt

# One case: the script counts in @, and is over when COMMAND is, or by itself.
fires() { # TYPE SCRIPT COMMAND
    if [ "$3" ]; then sonde -v -e "$2" -c "$3"; else sonde -v -e "$2"; fi
    if [ "$may_lack" ] && { [ "$status" -ne 0 ] || ! grep -q '^@: [1-9]' "$tmp/out"; }; then
        skip_case "this machine does not offer it"
        by='-'
    else
        expect_status 0
        expect_match '^@: [1-9]'
        # One line for each program: that of the first, without the reason.
        by=$(sed -n 's/^.*: attached by \([^:]*\).*/\1/p' "$tmp/err" | head -n 1)
        check "what it is attached by" [ -n "$by" ]
    fi
    [ -z "${TABLE:-}" ] || echo "row: $1: $by"
}

one() { # TYPE SCRIPT COMMAND [NEEDS...]
    local type=$1 script=$2 command=$3 lacks=''
    shift 3
    begin_case "$type"
    may_lack=''
    for what; do
        [ "$what" != perhaps ] || { may_lack=1; continue; }
        needs "$what" || { lacks=1; break; }
    done
    if [ -z "$lacks" ]; then
        fires "$type" "$script" "$command"
    elif [ -n "${TABLE:-}" ]; then
        echo "row: $type: -"
    fi
}

cat='/bin/cat /dev/null'
one '`kprobe`' 'kprobe:vfs_open /pid == cpid/ { @ = count(); }' "$cat" kprobe
one '`kprobe`, several functions' 'kprobe:vfs_open, kprobe:vfs_read /pid == cpid/ { @ = count(); }' "$cat" kprobe
one '`kretprobe`, several functions' 'kretprobe:vfs_open, kretprobe:vfs_read /pid == cpid/ { @ = count(); }' "$cat" kprobe
one '`kprobe` and `kretprobe` of the same' \
    'kprobe:vfs_open, kprobe:vfs_read /pid == cpid/ { @ = count(); } kretprobe:vfs_open, kretprobe:vfs_read /pid == cpid/ { @r = count(); }' "$cat" kprobe
one '`fentry`' 'fentry:vfs_open /pid == cpid/ { @ = count(); }' "$cat" kprobe btf
one '`fexit`' 'fexit:vfs_open /pid == cpid/ { @ = count(); }' "$cat" kprobe btf
one '`tracepoint`' 'tracepoint:sched:sched_process_exit /pid == cpid/ { @ = count(); }' "$cat"
one '`tracepoint`, all of `syscalls:sys_enter_*`' 'tracepoint:syscalls:sys_enter_* /pid == cpid/ { @ = count(); }' "$cat"
one '`rawtracepoint`' 'rawtracepoint:sched_process_exit /pid == cpid/ { @ = count(); }' "$cat"
one '`uprobe`' "uprobe:$T:target_add { @ = count(); }" "$T"
one '`uprobe`, several functions' "uprobe:$T:target_* { @ = count(); }" "$T"
one '`uretprobe`' "uretprobe:$T:target_add { @ = count(); }" "$T"
one '`uprobe` and `uretprobe` of the same' "uprobe:$T:target_add { @ = count(); } uretprobe:$T:target_add { @r = count(); }" "$T"
one '`usdt`' "usdt:$usdt:* { @ = count(); }" "$usdt"
one '`profile`' 'profile:hz:99 { @ = count(); if (@ >= 3) { exit(); } }' ''
one '`interval`' 'interval:ms:10 { @ = count(); if (@ >= 3) { exit(); } }' ''
one '`software`' 'software:page-faults:1 /pid == cpid/ { @ = count(); }' "$cat"
one '`hardware`' 'hardware:cpu-cycles:100000 { @ = count(); exit(); } interval:s:1 { exit(); }' '' perhaps
jiffies=$(sed -n 's/ . jiffies_64$//p' /proc/kallsyms | head -n 1)
one '`watchpoint`' "watchpoint:0x${jiffies:-0}:8:w { @ = count(); exit(); } interval:s:2 { exit(); }" '' perhaps
one '`iter`' 'iter:task { @ = count(); }' '' btf
end_tests
