#!/bin/sh
# By what probes are attached: -v tells, settings force it, and whatever it is, probes
# see the same.
. "$(dirname "$0")/lib.sh"

traced=$TESTS/programs/target

# What a script says of each of its programs.
expect_by() { # NAME TEXT
    expect_err "^$1: attached by $2"
}

begin_case "-v tells of each"
if needs root && needs btf; then
    sonde -v -e 'rawtracepoint:sched_switch { @r = count(); } iter:task { @t = count(); }
        tracepoint:syscalls:sys_enter_* { @s = count(); } tracepoint:sched:sched_switch { @p = count(); }
        interval:ms:1 { exit(); }'
    expect_status 0
    expect_by rawtracepoint:vmlinux:sched_switch 'a typed raw tracepoint$'
    expect_by iter:task "an iterator's link$"
    expect_by 'tracepoint:syscalls:sys_enter_[a-z_0-9]* and [0-9]+ more' \
        'one raw tracepoint, with a table of system calls: system calls, of which no args are read$'
    expect_by tracepoint:sched:sched_switch 'a perf event'
    expect_by interval:ms:1 'a perf event'
    sonde -e 'interval:ms:1 { exit(); }'
    expect_no_err 'attached by'
fi

begin_case "system calls, by a table, by links, by ioctl"
if needs root; then
    for way in auto table link ioctl; do
        [ $way != link ] || kernel_at_least 5.15 || continue
        sonde -v -c "$TESTS/programs/syscalls getppid 50" -e "config = { attach_tracepoint = $way }
            tracepoint:syscalls:sys_enter_getppid, tracepoint:syscalls:sys_exit_getppid /pid == cpid/ { @[probe] = count(); }"
        expect_status 0
        expect_out '@[tracepoint:syscalls:sys_enter_getppid]: 50'
        expect_out '@[tracepoint:syscalls:sys_exit_getppid]: 50'
        case $way in
            table) expect_err 'attached by one raw tracepoint, with a table of system calls: attach_tracepoint=table' ;;
            link) expect_err 'attached by a perf event and a link for each place: attach_tracepoint=link' ;;
            ioctl) expect_err 'attached by a perf event for each place, without a link: attach_tracepoint=ioctl' ;;
        esac
    done
fi

begin_case "functions of a program, in each way"
if needs root; then
    for way in auto multi link ioctl; do
        [ $way != link ] || kernel_at_least 5.15 || continue
        [ $way != multi ] || kernel_at_least 6.6 || continue
        sonde -v -c "$traced" -e "config = { attach_uprobe = $way }
            uprobe:$traced:target_ad*, uretprobe:$traced:target_add { @[probe] = count(); }"
        expect_status 0
        expect_out "@[uprobe:$traced:target_add]: 2"
        expect_out "@[uretprobe:$traced:target_add]: 2"
        case $way in
            multi) expect_err 'attached by a uprobe_multi link for each file: attach_uprobe=multi' ;;
            link) expect_err 'attached by a perf event and a link for each place: attach_uprobe=link' ;;
            ioctl) expect_err 'attached by a perf event for each place, without a link: attach_uprobe=ioctl' ;;
        esac
    done
fi

begin_case "what a feature that is left out is replaced by"
if needs root && needs kernel:6.6; then
    sonde -v --no-feature uprobe_multi -c "$traced" -e "uprobe:$traced:target_ad* { @ = count(); }"
    expect_status 0
    expect_err 'attached by a perf event and a link for each place: there are no uprobe multi links here'
    sonde --no-feature uprobe_multi -e "config = { attach_uprobe = multi } uprobe:$traced:target_add { }"
    expect_status 1
    expect_err 'ERROR: attach_uprobe=multi: there are no uprobe multi links here'
fi

begin_case "functions of the kernel, in each way"
if needs kprobe; then
    for way in auto multi link ioctl; do
        [ $way != link ] || kernel_at_least 5.15 || continue
        sonde -v -c "$TESTS/programs/syscalls getppid 3" -e "config = { attach_kprobe = $way }
            kprobe:vfs_rea*, kprobe:vfs_ope*, kretprobe:vfs_ope* /pid == cpid/ { @[probe] = count(); }"
        if [ $way = multi ] && grep -q 'there are no kprobe multi links' "$tmp/err"; then
            expect_status 1
            expect_err 'HINT: attach_kprobe=auto takes what the kernel has'
            continue
        fi
        expect_status 0
        expect_match '^@\[kprobe:vfs_open\]: [1-9]'
        expect_match '^@\[kretprobe:vfs_open\]: [1-9]'
        case $way in
            multi) expect_err 'attached by one kprobe_multi link: attach_kprobe=multi' ;;
            link) expect_err 'attached by a perf event and a link for each place: attach_kprobe=link' ;;
            ioctl) expect_err 'attached by a perf event for each place, without a link: attach_kprobe=ioctl' ;;
        esac
    done
fi

begin_case "why a kprobe is not in a multi link"
if needs kprobe; then
    sonde -v --dry-run -e 'kprobe:vfs_read { }'
    expect_status 0
    expect_err '^kprobe:vfs_read: attached by a perf event.*: (it is one function|there are no links to perf events here.*)$'
    sonde -v --dry-run --no-feature kprobe_multi -e 'kprobe:vfs_rea* { }'
    expect_status 0
    expect_err 'there are no (kprobe multi links|links to perf events) here'
    sonde -e 'config = { attach_kprobe = multi } kprobe:vfs_read+4 { }'
    expect_status 1
fi

has_session() { # kprobe|uprobe
    "$SONDE" --info | grep -q "$1_session: yes"
}

# Pairs of entry and return; what a script prints must not depend on how.
pairs="uprobe:$traced:target_ad* { @[probe] = count(); @a[tid] = arg0 + arg1; }
    uretprobe:$traced:target_ad* { @[probe] = count(); printf(\"%d %d %s\\n\", retval, @a[tid], func); delete(@a[tid]); }"

begin_case "entry and return of a program's functions"
if needs root && needs kernel:6.6; then
    for way in auto session multi link; do
        sonde -v -c "$traced" -e "config = { attach_uprobe = $way } $pairs"
        if [ $way = session ] && ! has_session uprobe; then
            expect_status 1
            expect_err 'ERROR: attach_uprobe=session: there are no uprobe sessions here, which kernels from 6.13 on have$'
            continue
        fi
        expect_status 0
        expect_err '^Attached 2 probes$'
        expect_out '42 42 target_add'
        expect_out "@[uprobe:$traced:target_add]: 2"
        expect_out "@[uretprobe:$traced:target_add]: 2"
        case $way in
            auto) has_session uprobe && expect_err 'a uprobe_multi link for each file, for entry and return$' ;;
            session) expect_err 'a uprobe_multi link for each file, for entry and return: attach_uprobe=session' ;;
            multi) expect_err '^uretprobe:.*: attached by a uprobe_multi link for each file: attach_uprobe=multi' ;;
        esac
    done
fi

begin_case "no session where the order of others would change, or there is none"
if needs root; then
    sonde -v -c "$traced" -e "uprobe:$traced:target_add { print(1); } uprobe:$traced:target_add { print(2); }
        uretprobe:$traced:target_add { print(3); }"
    expect_status 0
    expect_no_err 'for entry and return'
    check "in the order of the script" [ "$(head -n 3 "$tmp/out" | tr '\n' ' ')" = "1 2 3 " ]
    if has_session uprobe; then
        sonde -e "config = { attach_uprobe = session } uprobe:$traced:target_add { }"
        expect_status 1
        expect_err 'cannot be attached so: no probe at the entry and one at the return have the same functions'
    fi
fi

begin_case "large bodies, loops and functions in both halves"
if needs root && needs kernel:6.1; then
    body=''
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        body="$body @m[$i, pid, comm] = count(); \$x$i = str(comm); if (\$x$i == \"no$i\") { print((\$x$i, $i)); }"
    done
    sonde -v -c "$traced" -e "fn twice(\$x : int64) : int64 { return \$x * 2; }
        uprobe:$traced:target_add { $body for \$i : 0..5 { @e = sum(\$i); } @args = twice((int64)arg0); }
        uretprobe:$traced:target_add { $body for \$i : 0..6 { @r = sum(\$i); } @ret = twice((int64)retval); @[probe] = count(); }
        end { print(len(@m)); clear(@m); }"
    expect_status 0
    expect_out 20
    expect_out '@e: 20'
    expect_out '@r: 30'
    expect_out '@args: 6'
    expect_out '@ret: 8'
    expect_out "@[uretprobe:$traced:target_add]: 2"
fi

begin_case "entry and return of functions of the kernel"
if needs kprobe; then
    for way in auto session link; do
        [ $way != link ] || kernel_at_least 5.15 || continue
        sonde -v -c "/bin/cat /dev/null" -e "config = { attach_kprobe = $way }
            kprobe:vfs_ope*, kprobe:vfs_rea* /pid == cpid/ { @in[probe] = count(); @t[tid] = 1; }
            kretprobe:vfs_ope*, kretprobe:vfs_rea* /pid == cpid && @t[tid]/ { @out[probe] = count(); delete(@t[tid]); }"
        if [ $way = session ] && ! has_session kprobe; then
            expect_status 1
            expect_err 'ERROR: attach_kprobe=session: there are no kprobe sessions here'
            continue
        fi
        expect_status 0
        expect_match '^@in\[kprobe:vfs_open\]: [1-9]'
        for f in vfs_open vfs_read; do
            check "as many returns as entries" [ "$(sed -n "s/^@in\[kprobe:$f\]: //p" "$tmp/out")" = \
                "$(sed -n "s/^@out\[kretprobe:$f\]: //p" "$tmp/out")" ]
        done
        case $way in
            auto) has_session kprobe && expect_err 'attached by one kprobe_multi link for entry and return$' ;;
            session) expect_err 'attached by one kprobe_multi link for entry and return: attach_kprobe=session' ;;
        esac
    done
fi

begin_case "one function of the kernel: a session, but with all registers no multi link"
if needs kprobe && has_session kprobe; then
    sonde -v -c "/bin/cat /dev/null" -e 'kprobe:vfs_open /pid == cpid/ { @a = count(); } kretprobe:vfs_open /pid == cpid/ { @b = sum(retval + 1); }'
    expect_status 0
    expect_err '^kprobe:vfs_open: attached by one kprobe_multi link for entry and return$'
    expect_match '^@a: [1-9]'
    check "returns of 0 as often" [ "$(sed -n 's/^@a: //p' "$tmp/out")" = "$(sed -n 's/^@b: //p' "$tmp/out")" ]
    sonde -v --dry-run -e 'kprobe:vfs_open { @ = reg("bx"); } kretprobe:vfs_open { }'
    expect_no_err 'for entry and return'
    sonde -v --dry-run --no-feature kprobe_session -e 'kprobe:vfs_open { } kretprobe:vfs_open { }'
    expect_no_err 'for entry and return'
fi

begin_case "a session that the kernel refuses is two programs"
if needs kprobe && has_session kprobe; then
    # One that the list of functions to trace has not, so that no multi link takes it.
    sonde -v --unsafe -e 'config = { missing_probes = warn }
        kprobe:vfs_open, kprobe:nosuch_function { @in = count(); } kretprobe:vfs_open, kretprobe:nosuch_function { @out = count(); }
        interval:ms:100 { @n++; if (@n > 3) { exit(); } }'
    expect_status 0
    expect_err '^kprobe:vfs_open and 1 more: attached by .*: the kernel refused the'
    expect_err '^kretprobe:vfs_open and 1 more: attached by .*: the kernel refused the'
    expect_err 'WARNING: Unable to attach probe: kprobe:nosuch_function'
fi

begin_case "raw tracepoints by their names"
if needs root; then
    sonde -v -c "/bin/sleep 0.1" -e 'config = { attach_rawtracepoint = name } rawtracepoint:sched_switch { @[arg1 > 4096] = count(); }'
    expect_status 0
    expect_match '^@\[true\]: [1-9]'
    expect_err '^rawtracepoint:sched_switch: attached by a raw tracepoint by its name: attach_rawtracepoint=name$'
fi

begin_case "events, in each way"
if needs root; then
    for way in link ioctl; do
        [ $way != link ] || kernel_at_least 5.15 || continue
        sonde -v -e "config = { attach_event = $way } interval:ms:1 { exit(); } profile:hz:99 { @ = count(); }"
        expect_status 0
        expect_err "^interval:ms:1: attached by .*: attach_event=$way\$"
        expect_err "^profile:hz:99: attached by .*: attach_event=$way\$"
    done
fi

begin_case "an event that may not be sampled, among others"
if needs root; then
    if sonde -l 'tracepoint:irq_vectors:irq_work_*' && grep -q exit "$tmp/out"; then
        sonde --dry-run -e 'tracepoint:irq_vectors:irq_work_* { }'
        expect_status 0
    fi
fi

begin_case "as many files are opened as the script needs"
if needs root; then
    (ulimit -Sn 32 && "$SONDE" --dry-run -q -e 'tracepoint:sched:* { @[probe] = count(); }') >"$tmp/out" 2>"$tmp/err"
    status=$?
    expect_status 0
fi

end_tests
