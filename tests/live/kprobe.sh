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
    expect_err 'module nosuch is not loaded'
    # A module with functions of its own, if one is loaded.
    found=$("$SONDE" -l 'kprobe:*:*' 2>/dev/null | grep -v ':vmlinux:' | head -1)
    if [ -n "$found" ]; then
        sonde --dry-run -e "$found { }"
        expect_status 0
        sonde --dry-run -e "${found%:*}:* { @ = count(); }"
        expect_status 0
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

end_tests
