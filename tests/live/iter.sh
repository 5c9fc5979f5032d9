#!/bin/sh
# Iterators: the objects of the kernel, one by one.
. "$(dirname "$0")/lib.sh"

begin_case "each task"
if needs btf; then
    sleep 20 & victim=$!
    await_program $victim sleep
    sonde -e 'iter:task { printf("%s:%d\n", ctx.task.comm, ctx.task.pid); }'
    expect_status 0
    expect_out "sleep:$victim"
    expect_err '^Attached 1 probe$'
    # The call at the end, without a task, does not run the action.
    expect_no_match ':0$'

    begin_case "pid filter"
    if needs kernel:6.1; then
        sonde -p $victim -e 'iter:task { printf("%s:%d\n", ctx.task.comm, ctx.task.pid); }'
        expect_status 0
        expect_output "sleep:$victim

"
    fi

    begin_case "files of a task"
    if needs kernel:6.1; then
        sonde -e "iter:task_file { if (ctx.task.pid == $victim && ctx.fd == 0) {
            printf(\"%d %s %s\n\", ctx.fd, str(ctx.file.f_path.dentry.d_name.name), path(ctx.file.f_path)); } }"
        expect_status 0
        expect_out "0 null /dev/null"
    fi
    kill $victim
    wait $victim 2>/dev/null
fi

begin_case "memory of a task"
if needs btf && needs kernel:6.1; then
    sonde -e 'iter:task_vma { if (ctx.task.pid == tid && ctx.vma.vm_start <= (uint64)ctx) { @ = count(); } }
        iter:task_vma { if (ctx.task.tgid == pid) { printf("%s|\n", path(ctx.vma.vm_file.f_path)); } }'
    expect_status 0
    expect_match '^/.*/sonde\|$'
    expect_err '^Attached 2 probes$'
fi

begin_case "objects are printed in order, and by what else prints"
if needs btf; then
    sonde -e 'begin { print(1); } iter:bpf_map { printf("%d\n", ctx.meta.seq_num); print(ctx.map->id > 0); @ = count(); }
        end { print(2); }'
    expect_status 0
    check "a number, then true, for each" [ "$(sed -n 2,5p "$tmp/out" | tr '\n' ' ')" = "0 true 1 true " ]
    check "begin first" [ "$(head -1 "$tmp/out")" = 1 ]
    expect_match '^@: [1-9]'
fi

begin_case "an object kept, in loops and functions"
if needs btf && needs kernel:6.1; then
    sonde -e 'fn number($t : struct task_struct *) : int32 { return $t.pid; }
        iter:task { $t = ctx.task; @m[1] = 1; @all[ctx.task.pid] = ctx.task;
            for $kv : @m { @in_loop[ctx.task.pid] = $t.pid; }
            @bad = sum((int64)(number(ctx.task) != $t.pid || (uint64)(ctx.task + 1) <= (uint64)ctx.task));
            clear(@m); }
        end { printf("%d %d\n", len(@all) > 1, len(@in_loop) == len(@all)); clear(@all); clear(@in_loop); }'
    expect_status 0
    expect_out '1 1'
    expect_out '@bad: 0'
fi

begin_case "exit"
if needs btf; then
    sonde -e 'iter:task { printf("%d\n", ctx.meta.seq_num); if (ctx.meta.seq_num == 2) { exit(3); } }'
    expect_status 3
    expect_output '0
1
2

'
fi

begin_case "more objects than the ring holds"
if needs btf && needs kernel:6.1; then
    sonde -e 'config = { perf_rb_pages = 4; } iter:ksym { printf("%s %s\n", ctx.ksym.name, probe); @n = count(); }'
    expect_status 0
    expect_no_err 'ost'
    check "all of them" [ "$(grep -c iter:ksym "$tmp/out")" = "$(sed -n 's/^@n: //p' "$tmp/out")" ]
    expect_match '^vfs_read iter:ksym$'
fi

begin_case "beside other probes"
if needs btf; then
    sonde -e 'iter:task { @tasks = count(); } interval:ms:10 { if (@n++ == 3) { exit(); } }'
    expect_status 0
    expect_match '^@tasks: [1-9]'
    expect_out '@n: 4'
fi

begin_case "control groups"
if needs btf && needs kernel:6.1; then
    sonde -e 'iter:cgroup { printf("level %d\n", ctx.cgroup.level); }'
    expect_status 0
    expect_out 'level 0'
fi

begin_case "JSON"
if needs btf; then
    sonde -f json -e 'iter:task { printf("%d\n", ctx.meta.seq_num == 0); exit(); }'
    expect_status 0
    expect_out '{"type": "printf", "data": "1\n"}'
fi

# A BPF file system of our own, where one can be mounted.
mkdir "$tmp/bpf"
mounted=''
mount -t bpf bpf "$tmp/bpf" 2>/dev/null && mounted=1
trap '[ -z "$mounted" ] || umount "$tmp/bpf"; rm -rf "$tmp"' EXIT

begin_case "pinned: whoever reads the file runs it, when we are gone"
if [ -z "$mounted" ]; then
    skip_case "no BPF file system can be mounted"
elif needs btf && needs kernel:6.1; then
    sleep 20 & victim=$!
    await_program $victim sleep
    sonde -e "iter:task:$tmp/bpf/tasks { if (ctx.task.pid == $victim) {
        printf(\"%s|%-8d|%08x|%c|%%|%s|%p\n\", ctx.task.comm, -ctx.task.tgid, 255, 65, \"text\", 16); } @seen = count(); }"
    expect_status 0
    expect_out "Program pinned to $tmp/bpf/tasks"
    expect_no_match seen
    run_command cat "$tmp/bpf/tasks"
    expect_output "$(printf 'sleep|%-8d|000000ff|A|%%|text|0x10' "-$victim")"
    run_command cat "$tmp/bpf/tasks"
    expect_match '^sleep\|'
    sonde -e "iter:task:$tmp/bpf/tasks { printf(\"x\"); }"
    expect_status 255
    expect_err "ERROR: could not pin the iterator to $tmp/bpf/tasks: there is something of this name: remove it first"
    rm "$tmp/bpf/tasks"
    sonde -f json -p $victim -e "iter:task:$tmp/bpf/one { printf(\"%d\n\", ctx.task.pid); }"
    expect_out "{\"type\": \"printf\", \"data\": \"Program pinned to $tmp/bpf/one\\n\"}"
    run_command cat "$tmp/bpf/one"
    expect_output $victim
    rm "$tmp/bpf/one"
    kill $victim
    wait $victim 2>/dev/null
fi

begin_case "pinned: what cannot be"
if needs btf; then
    sonde -e "iter:task:$tmp/elsewhere { printf(\"x\"); }"
    expect_status 255
    expect_err "ERROR: could not pin the iterator to $tmp/elsewhere: it is in no BPF file system"
    sonde --mode codegen -e 'iter:task:name { print(1); }'
    expect_status 1
    expect_err 'ERROR: a pinned iterator can only print with printf\(\)'
    sonde --mode codegen -e 'iter:task:name { printf("%s", kstack); }'
    expect_status 1
    expect_err 'ERROR: printf\(\) of a pinned iterator takes d, u, x, c and p of integers, and s of strings'
    sonde --mode codegen -e 'iter:task: { }'
    expect_status 1
    expect_err 'there is no name to pin the iterator to'
fi

begin_case "what there is"
if needs btf; then
    sonde -l 'iter:tas*'
    expect_status 0
    expect_out 'iter:task'
    expect_out 'iter:task_file'
    expect_no_match '^iter:task_(new|next)'
    sonde -e 'iter:tas { }'
    expect_status 1
    expect_err '^stdin:1:1-9: ERROR: iter tas not available for your kernel version\.$'
    expect_err '^HINT: did you mean iter:task\?$'
    sonde -e 'config = { missing_probes = warn; } iter:tas { } begin { print(1); }'
    expect_status 0
    expect_out 1
    expect_err 'WARNING: iter tas not available for your kernel version\. Skipping\.$'
fi

begin_case "what makes no sense"
if needs btf; then
    sonde -e 'iter:task { print(ctx.tasks); }'
    expect_status 1
    expect_err "Struct/union of type 'struct bpf_iter__task' does not contain a field named 'tasks'"
    sonde -e 'iter:task, iter:bpf_map { }'
    expect_status 1
    expect_err '^stdin:1:12-24: ERROR: iter probe only supports one attach point\.$'
    sonde -e 'iter:bpf_map_elem { }'
    expect_status 1
    expect_err 'iter:bpf_map_elem goes over what is in one map, which a script has no name for'
fi

end_tests
