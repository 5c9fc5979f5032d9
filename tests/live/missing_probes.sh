# What is not there, or cannot be attached, for each type of probe and each value of
# missing_probes: an error, a warning, nothing; and what is an error in any case.
. "$(dirname "$0")/lib.sh"

programs=$(cd "$TESTS/programs" && pwd)

# A script with that policy, in which another probe goes on.
try() { # POLICY ATTACH-POINT
    sonde -q -e "config = { missing_probes = $1 } begin { printf(\"goes on\n\"); exit(); } $2 { }"
}

expect_policy() { # ATTACH-POINT ERROR WARNING
    try error "$1"
    expect_status 1
    expect_err ": ERROR: $2"
    expect_no_match 'goes on'
    try warn "$1"
    expect_status 0
    expect_err ": WARNING: $3"
    expect_no_err ERROR
    expect_out 'goes on'
    try ignore "$1"
    expect_status 0
    check "no message" [ ! -s "$tmp/err" ]
    expect_out 'goes on'
}

expect_always() { # ATTACH-POINT ERROR
    for policy in error warn ignore; do
        try $policy "$1"
        expect_status 1
        expect_err ": ERROR: $2"
        expect_no_match 'goes on'
    done
}

none='Probe has no valid attach points'

# ATTACH-POINT|WHAT IS SAID, "none": of a wildcard; "!": in any case; NEEDS
table() {
    cat <<END
kprobe:nosuch_function|No matches for kprobe nosuch_function|
kretprobe:nosuch_function|No matches for kretprobe nosuch_function|
kprobe:nosuch_func*|none|
kretprobe:vmlinux:nosuch_func*|none|btf
kprobe:nosuchmod:vfs_read|!specified module nosuchmod in probe kprobe:nosuchmod:vfs_read is not loaded|
fentry:nosuch_function|No matches for fentry nosuch_function|btf
fexit:nosuch_function|No matches for fexit nosuch_function|btf
fentry:nosuch_func*|none|btf
fentry:nosuchmod:vfs_read|No matches for fentry nosuchmod:vfs_read|btf
fentry:bpf:nosuch|No matches for fentry bpf:nosuch|btf
tracepoint:nosuch:event|No matches for tracepoint nosuch:event|
tracepoint:sched:nosuch|No matches for tracepoint sched:nosuch|
tracepoint:nosuch:*|none|
tracepoint:sched:nosuch*|none|
rawtracepoint:nosuch|No matches for rawtracepoint nosuch|btf
rawtracepoint:nosuch*|none|btf
uprobe:$programs/target:nosuch|No matches for uprobe $programs/target:nosuch|
uretprobe:$programs/target:nosuch|No matches for uretprobe $programs/target:nosuch|
uprobe:$programs/target:nosuch*|none|
uprobe:$programs/nosuch*:main|!uprobe target file .* does not exist or is not executable|
uprobe:/nonexistent:main|!uprobe target file '/nonexistent' does not exist or is not executable|
usdt:$programs/usdt:nosuch|No matches for usdt $programs/usdt:nosuch|
usdt:$programs/usdt:nosuch:site|No matches for usdt $programs/usdt:nosuch:site|
usdt:$programs/usdt:nosuch*|none|
usdt:/nonexistent:x|!usdt target file '/nonexistent' does not exist or is not executable|
iter:nosuch|iter nosuch not available for your kernel version|btf
software:nosuch:1|!nosuch is not a software probe|
hardware:nosuch:1|!nosuch is not a hardware probe|
interval:nosuch:1|!nosuch is not an accepted unit of time|
profile:nosuch:1|!nosuch is not an accepted unit of time|
watchpoint:0x1000:3:w|!|
END
}

table >"$tmp/table"
while IFS='|' read -r point said wants; do
    begin_case "$point"
    needs root || continue
    [ -z "$wants" ] || needs "$wants" || continue
    case $said in
        none) expect_policy "$point" "$none\." "$none\. It is being removed" ;;
        '!'*) expect_always "$point" "${said#!}" ;;
        *) expect_policy "$point" "$said\." "$said\. Skipping" ;;
    esac
done <"$tmp/table"

begin_case "an attach point that is there stands for those that are not, of wildcards only"
if needs root; then
    try error 'tracepoint:nosuch:*, software:cs:1000'
    expect_status 0
    expect_out 'goes on'
    try error 'tracepoint:nosuch:event, software:cs:1000'
    expect_status 1
    try warn 'tracepoint:nosuch:event, software:cs:1000'
    expect_status 0
    expect_err 'WARNING: No matches for tracepoint nosuch:event'
    expect_no_err 'no valid attach points'
fi

begin_case "nothing is left: no probes to attach"
for policy in warn ignore; do
    sonde -e "config = { missing_probes = $policy } tracepoint:nosuch:event { }"
    expect_status 1
    expect_out 'No probes to attach'
done

begin_case "what the kernel refuses to attach"
if needs root && ! sonde --dry-run -e 'hardware:bus-cycles:1000000 { }' && [ "$status" = 0 ]; then
    skip_case "this machine has all counters"
elif needs root; then
    try error hardware:bus-cycles:1000000
    if [ "$status" = 0 ]; then
        skip_case "this machine has all counters"
    else
        expect_status 255
        expect_err '^ERROR: Unable to attach probe: hardware:bus-cycles:1000000: '
        try warn hardware:bus-cycles:1000000
        expect_status 0
        expect_err '^WARNING: Unable to attach probe: hardware:bus-cycles:1000000: '
        expect_out 'goes on'
        try ignore hardware:bus-cycles:1000000
        expect_status 0
        expect_no_err bus-cycles
        expect_out 'goes on'
        sonde -e 'config = { missing_probes = ignore } hardware:bus-cycles:1000000 { }'
        expect_status 255
        expect_err '^ERROR: Attachment failed for all probes'
    fi
fi

# Functions that may have no kprobe, though they are among those that can be traced.
forbidden() {
    mkdir -p "$tmp/debug"
    mount -t debugfs none "$tmp/debug" 2>/dev/null || return
    cut -f2 "$tmp/debug/kprobes/blacklist" 2>/dev/null | cut -d' ' -f1 | sort -u >"$tmp/black"
    umount "$tmp/debug"
    cut -d' ' -f1 /sys/kernel/tracing/available_filter_functions 2>/dev/null | grep -Fxf "$tmp/black" |
        grep -v '^rcu_\|^__ftrace' | head -n 1
}

begin_case "functions that the kernel forbids kprobes at"
if needs root && needs kprobe; then
    name=$(forbidden)
    if [ -z "$name" ]; then
        skip_case "there is none that can be traced"
    else
        sonde -q -e "config = { attach_kprobe = auto } begin { printf(\"goes on\n\"); exit(); } kprobe:$name { }"
        expect_status 255
        expect_err "^ERROR: Unable to attach probe: kprobe:$name: the kernel does not allow a probe here"
        # A wildcard goes on without it; one link at a time, which takes no list.
        sonde -q --no-feature kprobe_multi -e "begin { printf(\"goes on\n\"); exit(); } kprobe:$name*, kprobe:vfs_rea* { }"
        expect_status 0
        expect_err "^WARNING: Unable to attach probe: kprobe:$name: the kernel does not allow a probe here"
        expect_no_err ERROR
        expect_out 'goes on'
    fi
fi

begin_case "functions whose probes may hang the machine"
for name in rcu_read_unlock_strict default_idle arch_cpu_idle 'rcu_*'; do
    sonde -l "kprobe:$name,fentry:$name"
    expect_status 0
    check "not listed: $name" [ ! -s "$tmp/out" ]
    sonde --mode codegen -e "kprobe:$name { }"
    expect_status 1
done

begin_case "limits: at the limit, and one beyond"
for n in 4 5; do
    script='begin { exit(); } end { }'
    sonde -q -e "config = { max_probes = $((n - 1)) } $script interval:s:1, profile:hz:9 { }"
    if [ $n = 5 ]; then
        expect_status 0
    else
        expect_status 1
        expect_err 'ERROR: 4 attach points exceed the limit of 3'
        expect_err '^HINT: raise the limit with max_probes'
    fi
done
if needs root; then
    sonde -q -e 'config = { max_probes = 3 } begin { exit(); } tracepoint:syscalls:sys_enter_* { }'
    expect_status 1
    expect_err 'attach points exceed the limit of 3'
    BPFTRACE_MAX_PROBES=5000 sonde -q -e 'config = { max_probes = 3 } begin { exit(); } tracepoint:syscalls:sys_enter_* { }'
    expect_status 0
    sonde -q -e "config = { max_probes = 2 } begin { exit(); } uprobe:$programs/target:target_* { }"
    expect_status 1
    sonde -q -e 'config = { max_bpf_progs = 1 } begin { exit(); } tracepoint:sched:sched_process_exec, tracepoint:sched:sched_wakeup { print(args.pid); }'
    expect_status 1
    expect_err '^HINT: raise the limit with max_bpf_progs'
    sonde -q -e 'config = { max_bpf_progs = 2 } begin { exit(); } tracepoint:sched:sched_process_exec, tracepoint:sched:sched_wakeup { print(args.pid); }'
    expect_status 0
fi

end_tests
