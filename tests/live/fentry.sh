#!/bin/sh
# fentry and fexit: typed arguments and results of kernel functions.
. "$(dirname "$0")/lib.sh"

begin_case "arguments and result"
if needs fentry && needs kernel:6.1; then
    sonde -c "/bin/cat /dev/null" -e 'fentry:vfs_read /pid == cpid && str(args.file.f_path.dentry.d_name.name) == "null"/
        { printf("in %d %s %s\n", args.count >= 1024, func, probe); }
        fexit:vmlinux:vfs_read /pid == cpid && str(args.file.f_path.dentry.d_name.name) == "null"/
        { printf("out %d %d\n", args.count >= 1024, retval); }'
    expect_status 0
    expect_out 'in 1 vfs_read fentry:vmlinux:vfs_read'
    expect_out 'out 1 0'
fi

begin_case "short names, stacks, negative results"
if needs fentry && needs kernel:6.1; then
    sonde -c "/bin/cat /dev/null /no/such/file" -e 'kfunc:do_sys_openat2 /pid == cpid/ { @in[str(uptr(args.filename))] = count(); @s[kstack(5)] = count(); }
        kretfunc:do_sys_openat2 /pid == cpid && retval < 0/ { @out[retval, str(uptr(args.filename))] = count(); }'
    expect_status 0
    expect_match '^@in\[/dev/null\]: 1$'
    expect_match '^@out\[-2, /no/such/file\]: 1$'
    expect_match '__(x64|arm64)_sys_openat\+'
fi

begin_case "a wildcard"
if needs fentry && needs kernel:6.1; then
    sonde -c "/bin/cat /dev/null" -e 'f:vfs_ope*, f:vmlinux:vfs_rea* /pid == cpid/ { @[probe, func] = count(); }'
    expect_status 0
    expect_match '^@\[fentry:vmlinux:vfs_open, vfs_open\]: [1-9]'
    expect_match '^@\[fentry:vmlinux:vfs_read, vfs_read\]: [1-9]'
fi

begin_case "a pointer as result"
if needs fentry && needs function:do_filp_open; then
    sonde -c "/bin/cat /dev/null" -e 'fexit:do_filp_open /pid == cpid && (uint64)retval < 0xfffffffffffff000/ {
        if (str(retval.f_path.dentry.d_name.name) == "null") { printf("%s %d\n", str(args.pathname.name), retval.f_flags >= 0); } }'
    expect_status 0
    expect_out '/dev/null 1'
fi

begin_case "more arguments than registers"
if needs fentry && needs kernel:6.6 && needs machine:x86_64; then
    sonde -c "/bin/cat /dev/null" -e 'fexit:do_mmap /pid == cpid/ {
        @[args.len > 0, args.populate != 0, args.pgoff < 10000, args.uf != 0, (uint64)retval > 4096] = count(); }'
    expect_status 0
    expect_match '^@\[true, true, true, true, true\]: [1-9]'
fi

begin_case "a function that the kernel and a module have"
if needs kprobe && needs btf && needs kernel:6.1; then
    # msr: its msr_read and the one of the kernel. Guests have it on demand only.
    if [ -d /sys/module/msr ] && [ "$(grep -c ' msr_read' /proc/kallsyms)" -ge 2 ]; then
        sonde -e 'fentry:msr_read { }'
        expect_status 1
        expect_err 'ERROR: ambiguous attach point: several modules have a function msr_read: vmlinux, msr; name one, as in fentry:vmlinux:msr_read'
        sonde --dry-run -e 'fentry:vmlinux:msr_read { }'
        expect_status 0
        sonde -e 'fentry:msr:msr_read, fentry:vmlinux:msr_read { } begin { exit(); }'
        if kernel_at_least 6.4; then
            expect_status 0
            expect_err '^Attached 3 probes$'
        else
            expect_status 1
            expect_err 'HINT: msr_read cannot be traced by fentry: before Linux 6.4 the kernel takes its own function of this name for it; kprobe:msr_read can'
        fi
    else
        skip_case "the module msr is not loaded, or the kernel has no function of the name"
    fi
fi

begin_case "kprobes as fentry programs"
if needs kprobe && needs btf && needs kernel:6.1; then
    script='kprobe:vfs_read /pid == cpid && arg2 >= 1024/ {
            @in[func, probe, arg2 >> 10 > 0, arg0 >> 60, ((struct file *)arg0)->f_pos >= 0, arg0->f_pos >= 0] = count(); }
        kretprobe:vfs_read /pid == cpid && (int64)retval >= 0/ { @out[func, probe, retval >> 40] = count(); }'
    sonde -v -c "/bin/cat /dev/null" -e "config = { kprobe_as_fentry = true } $script"
    expect_status 0
    expect_err 'kprobe:vfs_read: attached by a BPF trampoline'
    expect_err 'kretprobe:vfs_read: attached by a BPF trampoline'
    expect_match '^@in\[vfs_read, kprobe:vfs_read, true, 15, true, true\]: [1-9]'
    expect_match '^@out\[vfs_read, kretprobe:vfs_read, 0\]: [1-9]'
    cp "$tmp/out" "$tmp/typed"
    sonde -v -c "/bin/cat /dev/null" -e "$script"
    expect_status 0
    expect_no_err 'trampoline'
    check "the same, either way" cmp "$tmp/out" "$tmp/typed"
fi

begin_case "kprobes that fentry cannot replace stay kprobes"
if needs kprobe && needs btf && needs kernel:6.1; then
    sonde -v --dry-run -e "config = { kprobe_as_fentry = true } kprobe:vfs_read { @ = reg(\"$(reg_name arg0)\"); }
        kprobe:vfs_write { @ = arg5; } kprobe:vfs_open { @p = ctx; } kprobe:vfs_unlink+4 { @ = arg0; }"
    expect_no_err 'trampoline'
    sonde -v --dry-run -e "config = { kprobe_as_fentry = true; attach_kprobe = link } kprobe:vfs_read { @ = arg0; }"
    expect_status 0
    expect_no_err 'trampoline'
fi

begin_case "an fentry program that meets itself is told of"
if needs kprobe && needs btf && needs kernel:6.1; then
    sonde -c "/bin/cat /dev/null" -e 'config = { kprobe_as_fentry = true }
        kprobe:_raw_spin_lock_irqsave /pid == cpid/ { printf("x\n"); }'
    expect_status 0
    expect_match '^x$'
    expect_err '^Lost [0-9]* events: the program was running already \(kprobe:_raw_spin_lock_irqsave\)$'
fi

# The warning in-helpers.
begin_case "fentry programs do not run within each other where helpers hold locks"
if needs kprobe && needs btf && needs kernel:6.1; then
    sonde -c "/bin/cat /dev/null" -e 'fentry:_raw_spin_lock_irqsave /pid == cpid/ { printf("in\n"); }
        fentry:_raw_spin_unlock_irqrestore /pid == cpid/ { printf("out\n"); }
        fexit:_raw_spin_lock_irqsave /pid == cpid/ { if (cpu >= 0) { @n = count(); return; } }
        tracepoint:syscalls:sys_enter_close /pid == cpid/ { printf("close\n"); @c[comm] = count(); }'
    expect_status 0
    expect_match '^in$'
    expect_match '^out$'
    expect_match '^close$'
    expect_match '^@n: [1-9]'
    expect_err 'WARNING: fentry:vmlinux:_raw_spin_lock_irqsave is also called by what programs do: events within a program of this script are not traced, but counted as lost'
    expect_err '^Lost [0-9]* events: the probe was hit within another one \(fentry:vmlinux:_raw_spin_unlock_irqrestore\)$'
fi

begin_case "a function that may not be traced"
if needs kprobe && needs btf && needs kernel:6.1 && needs machine:x86_64 && needs function:msr_init; then
    # Its memory is free once the kernel has started.
    sonde -e 'fentry:vmlinux:msr_init { }'
    expect_status 255
    expect_err '^ERROR: Unable to attach probe: fentry:vmlinux:msr_init: the kernel has no place for a program there: the function may not be traced, or was for the start only$'
fi

begin_case "structs by value"
if needs fentry && needs kernel:6.1; then
    sonde -c "/bin/id -u" -e 'fentry:from_kuid_munged /pid == cpid/ { $k = args.kuid; @[args.kuid.val, $k.val] = count(); }'
    expect_status 0
    expect_match '^@\[0, 0\]: [1-9]'
    # A pointer and a bit, in two words.
    sonde -c "/bin/ping -c 1 -W 1 127.0.0.1" -e 'fentry:sk_setsockopt /pid == cpid/ { $o = args.optval;
        @[args.optval.is_kernel, $o.is_kernel, args.optval.user != 0, args.optval.user == $o.user, args.optlen] = count();
        @whole[args.optval] = count(); }'
    expect_status 0
    expect_match '^@\[false, false, true, true, 4\]: [1-9]'
    expect_match '^@whole\[.*is_kernel = false \}\]: [1-9]'
fi

begin_case "all arguments as a key, a value, a part of a tuple, in a variable"
if needs fentry; then
    sonde -c "/bin/cat /dev/null" -e 'fentry:vfs_open /pid == cpid && !@done/ { @done = 1; $a = args;
        @k[args] = count(); @t[1, $a] = (args, args.file != 0); printf("%d %d\n", $a == args, sizeof(args)); }
        fexit:vfs_open /pid == cpid && @done == 1/ { @done = 2; @k[args] = count(); @v = args; } end { clear(@done); }'
    expect_status 0
    expect_out '1 16'
    whole='\{ \.path = 0x[0-9a-f]+, \.file = 0x[0-9a-f]+ \}'
    expect_match "^@k\[$whole\]: 2\$"
    expect_match "^@t\[1, $whole\]: \($whole, true\)\$"
    expect_match "^@v: $whole\$"
fi

begin_case "and with a struct by value among them"
if needs fentry && needs kernel:6.1; then
    sonde -c "/bin/id -u" -e 'fentry:from_kuid_munged /pid == cpid/ { @[args] = 1; }'
    expect_status 0
    expect_match '^@\[\{ \.targ = 0x[0-9a-f]+, \.kuid = \{ \.val = 0 \} \}\]: 1$'
fi

begin_case "order of several"
if needs fentry; then
    sonde -c "/bin/cat /dev/null" -e 'fentry:do_sys_openat2 /pid == cpid && !@done/ { printf("a"); }
        fentry:do_sys_openat2 /pid == cpid && !@done/ { printf("b"); }
        fexit:do_sys_openat2 /pid == cpid && !@done/ { printf("c"); }
        fexit:do_sys_openat2 /pid == cpid && !@done/ { printf("d\n"); @done = 1; } end { clear(@done); }'
    expect_status 0
    expect_out abcd
fi

begin_case "path of an argument"
if needs fentry && needs kernel:6.1; then
    sonde -c "/bin/cat /dev/null" -e 'fentry:filp_close /pid == cpid/ { printf("%s\n", path(args.filp.f_path)); }'
    expect_status 0
    expect_out '/dev/null'
    sonde -c "/bin/cat /dev/null" -e 'fentry:filp_close /pid == cpid/ { $f = args.filp; $p = path($f.f_path); if ($p == "/dev/null") {
        @cut[path(args.filp.f_path, 5)] = count(); @[$p, strlen($p)] = (path(args.filp.f_path), 1); } }'
    expect_status 0
    expect_out '@[/dev/null, 9]: (/dev/null, 1)'
    expect_match '^@cut\[null\]: [1-9]'
    sonde -c "/bin/cat /dev/null" -e 'fexit:security_file_open /pid == cpid/ { @[path(args.file.f_path), retval] = count(); }'
    expect_status 0
    expect_out '@[/dev/null, 0]: 1'
fi

begin_case "a path where the kernel does not allow it"
if needs fentry && needs kernel:6.1; then
    sonde -e 'fentry:vfs_open { print(path(args.path)); }'
    expect_status 255
    expect_err '^ERROR: Error loading BPF program for fentry:vmlinux:vfs_open.* Kernel: helper call is not allowed in probe$'
    expect_err '^HINT: path\(\) is allowed in few functions, of which the kernel has a list: filp_close, dentry_open'
    expect_err '^HINT: The call is at stdin:1:25\.$'
fi

begin_case "what does not exist, or cannot be traced"
if needs fentry; then
    sonde -e 'fentry:vfs_reed { }'
    expect_status 1
    expect_err '^stdin:1:1-16: ERROR: No matches for fentry vfs_reed\.$'
    expect_err 'HINT: did you mean fentry:vfs_read'
    if kernel_at_least 6.1; then
        sonde -e 'fentry:_printk { }'
        expect_status 1
        expect_err 'a variable number of arguments'
    fi
    sonde -e 'config = { missing_probes = warn; } fentry:vfs_reed { } begin { print(1); exit(); }'
    expect_status 0
    expect_out 1
    sonde -e 'fentry:nosuch:vfs_read { }'
    expect_status 1
    expect_err 'HINT: module nosuch is not loaded'
fi

begin_case "where the kernel refuses them all"
if needs btf; then
    sonde -e 'config = { missing_probes = warn; } fentry:vfs_read { @ = count(); } interval:ms:1 { print(1); exit(); }'
    expect_status 0
    expect_out 1
    sonde -e 'config = { missing_probes = ignore; } fentry:vfs_read { @ = count(); } interval:ms:1 { print(1); exit(); }'
    expect_status 0
    expect_no_err 'WARNING'
fi

begin_case "what belongs to other probes"
if needs fentry; then
    for x in arg0 ctx 'reg("ip")' retval; do
        sonde -e "fentry:vfs_read { print($x); }"
        expect_status 1
        expect_err "^stdin:1:25-.*: ERROR: "
    done
    sonde -e 'fentry:vfs_read { print(args.nosuch); }'
    expect_status 1
    sonde -e 'fexit:do_exit { print(retval); }'
    expect_status 1
fi

begin_case "functions of BPF programs"
if needs fentry && needs kernel:6.1; then
    "$SONDE" -q -e 'fn twice($x : int64) : int64 { return $x * 2; } tracepoint:raw_syscalls:sys_enter { @a[twice(1), twice(2), twice(3)] = count(); }' >/dev/null 2>&1 </dev/null &
    other=$!
    sleep 2
    sonde -l 'fentry:bpf:*:entry'
    expect_status 0
    expect_match '^fentry:bpf:[0-9]+:entry$'
    id=$(sed -n '1s/.*bpf:\([0-9]*\):.*/\1/p' "$tmp/out")
    sonde -e "fentry:bpf:$id:entry { @[probe] = count(); exit(); } interval:ms:50 { @i++; if (@i == 40) { exit(); } }"
    expect_status 0
    expect_match "^@\\[fentry:bpf:$id:entry\\]: "
    sonde -e "fentry:bpf:$id:entry { print(args.x); }"
    expect_status 1
    expect_err 'args can not be used with the functions of BPF programs'
    sonde -e 'fexit:bpf:nosuch { }'
    expect_status 1
    expect_err 'No matches for fexit bpf:nosuch'
    kill -INT $other
    wait $other
fi

begin_case "and why"
if needs root && needs btf; then
    if needs fentry; then
        case_skipped="this kernel does not refuse them"
    else
        case_skipped=''
        sonde -e 'fentry:vfs_read { }'
        expect_status 255
        expect_err '^ERROR: fentry:vmlinux:vfs_read: .* in this way: (it was built without|(perhaps )?it is locked down|it does not say why)'
        expect_err '^HINT: tracepoint, rawtracepoint and uprobe do without'
    fi
fi

end_tests
