# Losses by cause, each made to happen: see "Losses" in docs/cli.md. That the buffer was
# full is in throughput.sh, that reads failed in warnings.sh.
. "$(dirname "$0")/lib.sh"

syscalls=$TESTS/programs/syscalls
texts=$TESTS/programs/texts

# What printing to the kernel's trace does is an event itself: a program on it that prints
# meets itself. Older kernels hold a lock there, and would wait for ever.
begin_case "a program that meets itself: told with its probe, in words and in JSON"
if needs btf && needs kernel:6.3; then
    inner='rawtracepoint:bpf_trace_printk /pid == cpid/ { debugf("losses: inner"); @ = count(); }'
    script="tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { debugf(\"losses: outer\"); } $inner"
    sonde -c "$syscalls getppid 7" -e "$script"
    expect_status 0
    expect_out '@: 7'
    expect_err '^Lost 7 events: the program was running already \(rawtracepoint:vmlinux:bpf_trace_printk\)$'
    expect_err '^WARNING: Total lost event count: 7$'
    sonde -f json -c "$syscalls getppid 7" -e "$script"
    expect_out '{"type": "lost_events", "count": 7, "data": {"events": 7}, "cause": "the program was running already", "probe": "rawtracepoint:vmlinux:bpf_trace_printk"}'
fi

# A program on one function of the kernel calls another one, on which there is a program.
nested() { # ATTACH-POINTS, those within
    sonde -c "$syscalls open 7" -e "$1 /pid == cpid/ { @t = nsecs; @outer = count(); }
        $2 /pid == cpid/ { @inner = count(); } end { clear(@t); }"
    expect_status 0
    expect_out '@outer: 7'
    expect_no_match '^@inner'
    expect_err '^WARNING: Total lost event count: 7$'
}

begin_case "a kprobe that is hit within another one"
if needs kprobe && needs kernel:6.7; then
    nested kprobe:do_sys_openat2 kprobe:bpf_ktime_get_boot_ns
    expect_err '^Lost 7 events: the probe was hit within another one \(kprobe:bpf_ktime_get_boot_ns\)$'
fi

begin_case "a kprobe of several functions that is hit within another one"
if needs kprobe && needs kernel:6.7; then
    nested kprobe:do_sys_openat2 kprobe:bpf_ktime_get_boot_ns,kprobe:bpf_ktime_get_ns
    expect_err '^Lost 7 events: the program was running already \(kprobe:bpf_ktime_get_boot_ns and 1 other\)$'
fi

begin_case "a program that calls what it traces does not run within itself"
if needs fentry; then
    sonde -c "$syscalls getppid 7" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @t = nsecs; }
        fentry:bpf_ktime_get_boot_ns /pid == cpid && @depth < 3/ { @depth++; @u = nsecs; @n++; @depth--; }
        end { clear(@t); clear(@u); }'
    expect_status 0
    expect_out '@n: 7'
    expect_err '^Lost [1-7] events: the program was running already \(fentry:vmlinux:bpf_ktime_get_boot_ns\)$'
    expect_err '^WARNING: Total lost event count: 7$'
fi

# What is freed behind an interrupt is freed within what the interrupt came into.
begin_case "what an interrupt brings does not write over the strings of a raw tracepoint"
if kernel_at_least 6.1; then
    skip_case "this kernel keeps a raw tracepoint's program from itself"
elif needs root && needs btf; then
    cat >"$tmp/forks" <<'EOF'
#!/bin/sh
i=0
while [ $i -lt 400 ]; do
    /bin/true
    i=$((i + 1))
done
EOF
    chmod +x "$tmp/forks"
    sonde -c "$tmp/forks" -e 'rawtracepoint:kmem_cache_free {
            @events++; $n = @events; $long = str(&$n, 600);
            for $i : 0..300 { @t = nsecs; }
            if ($long != str(&$n, 9)) { @overwritten = count(); }
        } end { clear(@t); }'
    expect_status 0
    expect_match '^@events: [1-9]'
    expect_no_match '^@overwritten'
fi

# Each thread's first event needs memory, which is taken from the control group that the
# script was loaded in: that has none left.
group_of_memory() { # sets $cgroup
    local top
    mkdir "$tmp/cgroup"
    mount -t cgroup2 none "$tmp/cgroup" 2>/dev/null
    for top in /sys/fs/cgroup "$tmp/cgroup"; do
        grep -qw memory "$top/cgroup.controllers" 2>/dev/null || continue
        echo +memory 2>/dev/null >"$top/cgroup.subtree_control" || continue
        cgroup=$top/sonde-losses.$$
        mkdir "$cgroup" 2>/dev/null && return 0
    done
    umount "$tmp/cgroup" 2>/dev/null
    skip_case "no control group (version 2) for memory can be made"
    return 1
}

begin_case "no memory for strings of a uprobe"
if needs root && needs kernel:6.1 && group_of_memory; then
    touch "$tmp/wait"
    "$texts" 24 1 "$tmp/wait" &
    texts_pid=$!
    sh -c "echo 0 >'$cgroup/cgroup.procs'; exec \"\$@\"" sh "$SONDE" -p $texts_pid -e "config = { max_map_keys = 64 }
        uprobe:$texts:show { @[str(arg0, 400)] = 1; @n = count(); } end { clear(@); }" >"$tmp/out" 2>"$tmp/err" </dev/null &
    sonde_pid=$!
    i=0
    while ! grep -q '^Attached' "$tmp/err" && [ $i -lt 600 ]; do
        sleep 0.05
        i=$((i + 1))
    done
    echo $sonde_pid >"$(dirname "$cgroup")/cgroup.procs"
    echo 0 >"$cgroup/memory.max"
    rm "$tmp/wait"
    wait $texts_pid
    wait $sonde_pid
    status=$?
    expect_status 0
    expect_err '^Lost [1-9][0-9]* events: no scratch memory was free \(uprobe:.*texts:show\)$'
    lost=$(sed -n 's/.*Total lost event count: //p' "$tmp/err")
    seen=$(sed -n 's/^@n: //p' "$tmp/out")
    check "24 events in all, not ${lost:-0} and ${seen:-0}" [ $((${lost:-0} + ${seen:-0})) = 24 ]
    rmdir "$cgroup"
    umount "$tmp/cgroup" 2>/dev/null
fi

# Strings lie in memory that nobody else must change, whoever is interrupted.
begin_case "threads that hit a probe at once do not get into each other's strings"
apart() { # OPTIONS
    sonde "$@" -c "$texts 4 10000" -e "$script"
    expect_status 0
    check "a key a thread" [ "$(grep -c '^@\[' "$tmp/out")" = 4 ]
    for letter in a b c d; do
        expect_match "^@\[$letter{300}\]: 10000\$"
    done
}
script="config = { max_map_keys = 64 } uprobe:$texts:show { @[str(arg0, 400)] = count(); }"
apart

begin_case "nor where the kernel has no storage of tasks"
sonde --save-target "$tmp/target.json" --mode codegen -e "$script"
sed -i 's/"TASK_STORAGE": true/"TASK_STORAGE": false/' "$tmp/target.json"
apart --target "$tmp/target.json"

end_tests
