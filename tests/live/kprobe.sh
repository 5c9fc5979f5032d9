#!/bin/sh
# kprobes: forms, functions of modules, functions under other names.
. "$(dirname "$0")/lib.sh"

begin_case "a function that got another name"
if needs kprobe && needs btf && needs kernel:6.12; then
    sonde -c "/bin/cat /dev/null" -e 'kprobe:kmem_cache_alloc /pid == cpid/ { @[probe, func, arg0->object_size > 0] = count(); }'
    expect_status 0
    expect_err 'WARNING: this kernel has no function kmem_cache_alloc: kmem_cache_alloc_noprof is traced'
    expect_match '^@\[kprobe:kmem_cache_alloc, kmem_cache_alloc_noprof, true\]: [1-9]'
    sonde -c "/bin/cat /dev/null" -e 'kretprobe:kmem_cache_alloc, kretprobe:kmem_cache_alloc_noprof /pid == cpid/ { @[probe] = count(); }'
    expect_status 0
    expect_no_match 'kmem_cache_alloc\]'
    expect_match '^@\[kretprobe:kmem_cache_alloc_noprof\]: [1-9]'
    sonde -c "/bin/cat /dev/null" -e 'fentry:kmem_cache_alloc /pid == cpid/ { @ = count(); }'
    expect_status 0
    expect_match '^@: [1-9]'
fi

begin_case "names that became others, and which of several"
if needs kprobe && needs function:filemap_read && needs btf; then
    sonde --dry-run -e 'kprobe:generic_file_buffered_read, kprobe:__do_page_cache_readahead, kprobe:_do_fork { @ = count(); }'
    expect_status 0
    expect_err 'no function generic_file_buffered_read: filemap_read is traced, its name from Linux 5\.12 on$'
    expect_err 'no function __do_page_cache_readahead: (do_page_cache_ra|page_cache_ra_unbounded) is traced'
    expect_err 'HINT: its arguments are others than those of __do_page_cache_readahead$'
    expect_err 'no function _do_fork: kernel_clone is traced'
    # What all allocations of pages go through.
    if needs function:__alloc_frozen_pages_noprof; then
        sonde --dry-run -e 'kprobe:__alloc_pages_nodemask { @ = count(); }'
        expect_err '__alloc_frozen_pages_noprof is traced, its name from Linux 6\.14 on$'
    fi
    case_skipped=''
fi

begin_case "a function that the compiler changed"
if needs kprobe && needs 'function:finish_task_switch.isra.0'; then
    sonde -c "/bin/sleep 0.1" -e 'kprobe:finish_task_switch { @[probe] = count(); }'
    expect_status 0
    expect_match '^@\[kprobe:finish_task_switch\]: [1-9]'
    expect_err 'WARNING: this kernel has no function finish_task_switch: finish_task_switch\.isra\.0 is traced'
fi

begin_case "a function that is not called any more"
if needs kprobe && needs function:do_sys_open; then
    sonde --dry-run -e 'kprobe:do_sys_open { }'
    expect_status 0
    expect_err 'WARNING: hardly anything calls do_sys_open in this kernel'
fi

begin_case "modules"
if needs kprobe; then
    sonde -c "/bin/cat /dev/null" -e 'kprobe:vmlinux:vfs_rea*, kprobe:vm*:vfs_open /pid == cpid/ { @[probe] = count(); }'
    expect_status 0
    expect_match '^@\[kprobe:vmlinux:vfs_read\]: [1-9]'
    expect_match '^@\[kprobe:vmlinux:vfs_open\]: [1-9]'
    sonde -e 'kprobe:nosuch:vfs_read { }'
    expect_status 1
    expect_err 'specified module nosuch in probe kprobe:nosuch:vfs_read is not loaded.'
    sonde -e 'kprobe:vmlinux:nosuch_function { }'
    expect_status 1
    expect_err 'No matches for kprobe vmlinux:nosuch_function.'
    # A module with functions of its own, if one is loaded.
    found=$("$SONDE" -l 'kprobe:*:*' 2>/dev/null | grep -v ':vmlinux:' | head -1)
    if [ -n "$found" ]; then
        sonde --dry-run -e "$found { }"
        expect_status 0
        sonde -v --dry-run -e "${found%:*}:* { @ = count(); }"
        expect_status 0
        if "$SONDE" --info | grep -q 'kprobe_multi: yes'; then
            expect_err "^$found.*: attached by one kprobe_multi link$"
        fi
    fi
fi

# On x86, from the iterator over symbols on, and if kallsyms has data.
has_records() {
    [ "$machine" = x86_64 ] && kernel_at_least 6.0 && [ -e /sys/kernel/btf/vmlinux ] &&
        grep -q ' ftrace_pages_start$' /proc/kallsyms
}

# Several static functions are called so; reading the type of a network device calls one.
namesakes() {
    [ -e /sys/class/net/lo/type ] && [ "$(grep -c ' t type_show$' /proc/kallsyms)" -ge 2 ]
}

begin_case "functions of one name"
if needs kprobe && { namesakes || { skip_case "this kernel has no functions of one name"; false; }; }; then
    for ap in kprobe:type_show kprobe:type_sho* kretprobe:type_show kretprobe:type_sho* kprobe:vmlinux:type_sho*; do
        sonde -v -c "/bin/cat /sys/class/net/lo/type" -e "$ap /pid == cpid/ { @[probe] = count(); }"
        expect_status 0
        # By its name: warned of; older kernels take the first one without a word.
        case $ap in
            *show) kernel_at_least 6.7 &&
                expect_err 'WARNING: [0-9]+ functions of the kernel are called type_show: (all|most) of them are traced$' ;;
            *) expect_no_err WARNING ;;
        esac
        kernel_at_least 6.7 && expect_match '^@\[k(ret)?probe:(vmlinux:)?type_show\]: 1$'
    done
    way=link
    kernel_at_least 5.15 || way=ioctl
    sonde -v -c "/bin/cat /sys/class/net/lo/type" -e 'config = { attach_kprobe = '$way' } kprobe:type_sho* /pid == cpid/ { @[probe] = count(); }'
    kernel_at_least 6.7 && expect_out '@[kprobe:type_show]: 1'
    expect_err '^Attached 1 probe$'
fi

begin_case "a wildcard over functions with and without namesakes"
if needs kprobe && needs function:vfs_open && needs kernel:6.1; then
    SONDE_MAX_PROBES=5000 sonde -v -c "/bin/cat /sys/class/net/lo/type" -e 'kprobe:vfs_*, kprobe:t_*, kprobe:type_* /pid == cpid/ { @[probe] = count(); }'
    expect_status 0
    expect_no_err 'Unable'
    expect_match '^@\[kprobe:vfs_open\]: [1-9]'
    if "$SONDE" --info | grep -q 'kprobe_multi: yes'; then
        # Where the kernel's records tell where all are, one link is enough.
        links=2
        has_records && links=1
        check "links: by name, by address" [ "$(grep -c 'attached by one kprobe_multi link$' "$tmp/err")" = $links ]
    fi
fi

# The kernel's texts, which take long to get, are not needed for wildcards: they are hidden here.
begin_case "what can be traced is found without the kernel's texts, and is the same"
functions=/sys/kernel/tracing/available_filter_functions
if needs kprobe && needs unshare &&
    { has_records || { skip_case "this kernel does not show its records of functions"; false; }; } &&
    { [ -n "$(head -n 1 $functions 2>/dev/null)" ] || { skip_case "there is no list to compare with"; false; }; }; then
    sed 's/[ \t].*//' $functions | grep -vE '^(rcu_|__ftrace_invalid_address__)|\.part\.|^(arch_cpu_idle|default_idle|bpf_dispatcher_xdp_func)$' |
        sort -u >"$tmp/all"
    : >"$tmp/nothing"
    run_command unshare -m sh -c "mount --bind $tmp/nothing $functions && mount --bind $tmp/nothing /proc/kallsyms &&
        exec $SONDE -l 'kprobe:*'"
    expect_status 0
    sed 's/^kprobe://' "$tmp/out" | sort -u >"$tmp/found"
    check "the same functions" cmp -s "$tmp/all" "$tmp/found"
    check "there are some" [ "$(wc -l <"$tmp/found")" -gt 10000 ]
    if [ -d /sys/module/msr ]; then
        "$SONDE" -l 'kprobe:msr:*' | sed 's/.*://' | sort -u >"$tmp/found"
        sed -n 's/[ \t]*\[msr\]$//p' $functions | sort -u >"$tmp/all"
        check "those of a module" cmp -s "$tmp/all" "$tmp/found"
    fi
fi

begin_case "an address, an offset"
if needs kprobe && needs function:vfs_read; then
    address=0x$(sed -n 's/ T vfs_read$//p' /proc/kallsyms)
    sonde -e "kprobe:$address { }"
    expect_status 1
    expect_err 'unsafe'
    sonde --unsafe -c "/bin/cat /dev/null" -e "kprobe:$address /pid == cpid/ { @[func] = count(); } kprobe:vfs_read+0 /pid == cpid/ { @z = count(); }"
    expect_status 0
    expect_match '^@\[vfs_read\]: [1-9]'
    expect_match '^@z: [1-9]'
fi

begin_case "a kernel without kprobes: what works instead, once"
if [ -e /sys/bus/event_source/devices/kprobe/type ]; then
    skip_case "this kernel has kprobes"
elif needs root && needs btf; then
    sonde -e 'kprobe:vfs_read { }'
    expect_status 255
    expect_err '^ERROR: Unable to attach probe: kprobe:vfs_read: this kernel has no kprobes \(CONFIG_KPROBES\)'
    expect_err '^HINT: tracepoint, rawtracepoint and uprobe do without; sonde --info'
    expect_no_err missing_probes
    sonde -e 'kprobe:vfs_re* { }'
    expect_status 255
    expect_err '^ERROR: Unable to attach probe: what the wildcard found in the kernel: this kernel has no kprobes'
    sonde -e 'config = { missing_probes = warn } kprobe:vfs_re*, kretprobe:vfs_read { } interval:ms:1 { exit(); }'
    expect_status 0
    check "one warning" [ "$(grep -c '^WARNING' "$tmp/err")" = 1 ]
fi

end_tests
