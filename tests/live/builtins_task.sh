# Builtins about tasks, and what acts on them.
. "$(dirname "$0")/lib.sh"

calls=$TESTS/programs/syscalls
target=$TESTS/programs/target

begin_case "relatives of the running task"
if needs root && needs btf; then
    sonde -c "$calls getppid 1" -e 'tracepoint:syscalls:sys_exit_getppid /pid == cpid/ {
        print((leader_comm, leader_tid == pid, ppid == args.ret, pcomm, ppid(curtask) == ppid));
        print((pcomm(curtask.real_parent) == pcomm(curtask.real_parent), leader_comm(curtask.real_parent)));
        exit(); }'
    expect_status 0
    expect_out '(syscalls, true, true, sonde, true)'
    expect_out '(true, sonde)'
fi

# Two words of the task: a call that reads them takes ten times as long.
begin_case "names of tasks are loaded, where the kernel types the running one"
if needs btf && needs kernel:6.1; then
    for name in comm pcomm leader_comm; do
        sonde -d bpf --mode codegen -e "tracepoint:syscalls:sys_enter_getppid { @[$name] = count(); }"
        expect_status 0
        expect_match 'call bpf_get_current_task_btf'
        expect_no_match 'call bpf_(probe_read|get_current_comm)'
    done
fi

begin_case "the name of another process"
if needs root && needs btf && needs function:bpf_task_from_pid; then
    sonde -c "$calls getppid 1" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        print((comm(pid(init)), sizeof(comm(1)), comm(4194305))); @[comm(pid(init))] = count(); exit(); }'
    expect_status 0
    if grep -q 'not supported in this probe type' "$tmp/err"; then
        skip_case "this kernel's tracepoint programs cannot ask"
    else
        expect_out '(syscalls, 64, N/A)'
        expect_out '@[syscalls]: 1'
        expect_err '^stdin:2:[0-9-]+: WARNING: No such process \(pid=4194305\)$'
    fi
fi

begin_case "a signal ends the process"
if needs root; then
    sonde --unsafe -c "$calls getppid 5" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        signal("SIGTERM"); @ = count(); }'
    expect_status 0
    expect_out '@: 1'
fi

begin_case "a signal ends the thread's process"
if needs root; then
    sonde --unsafe -c "$calls getppid 5" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        signal_thread(9); @ = count(); }'
    expect_status 0
    expect_out '@: 1'
fi

begin_case "a signal and a name, asked for in a function"
if needs root && needs btf; then
    sonde --unsafe -c "$calls getppid 5" -e 'fn stop($p : uint32) : void { @name = comm($p); signal("TERM"); }
        tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { stop(pid(init)); @ = count(); }'
    expect_status 0
    expect_out '@: 1'
    expect_match '^@name: (syscalls|\[unknown\])$'
fi

begin_case "no such signal at run time"
if needs root; then
    sonde --unsafe -c "$calls getppid 1" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        $n = 64; $n += 1; signal($n); exit(); }'
    expect_status 0
    expect_err '^stdin:2:27-37: ERROR: signal\(\) expects an integer between 1 and 64 \(inclusive\). Got 65$'
fi

begin_case "memory of the process is written"
if needs root; then
    sonde --unsafe -c "$target" -e "uprobe:$target:target_point {
        \$v = (int32)100; print((write_user(arg0, \$v, 4), write_user((int8 *)0, \"a\", 1))); }
        uretprobe:$target:target_point { print(retval); }"
    if grep -q 'this kernel refuses' "$tmp/err"; then
        skip_case "this kernel is locked down"
    else
        expect_status 0
        expect_out '(true, false)'
        expect_out '96'
    fi
fi

begin_case "a return value is replaced"
if needs root && needs kprobe && needs function:__x64_sys_getppid; then
    sonde --unsafe -c "$calls getppid 1" -e 'kprobe:__x64_sys_getppid /pid == cpid/ { override(77); }
        tracepoint:syscalls:sys_exit_getppid /pid == cpid/ { print(args.ret); exit(); }'
    if grep -q CONFIG_BPF_KPROBE_OVERRIDE "$tmp/err"; then
        skip_case "this kernel has no CONFIG_BPF_KPROBE_OVERRIDE"
    else
        expect_status 0
        expect_out '77'
    fi
fi

begin_case "assert"
sonde -e 'begin { assert(pid > 0, "fine"); assert(pid == 0, "wrong"); print(1); } end { print(2); }'
expect_status 1
expect_output '2

'
expect_err '^stdin:1:34-59: ERROR: assert failed: wrong$'

begin_case "no command, no process"
sonde -e 'begin { print((cpid, has_cpid)); exit(); }'
expect_out '(0, false)'
expect_err '^stdin:1:16-20: WARNING: No child command \(`-c`\); cpid is zero$'

begin_case "a command's process"
sonde -c true -e 'begin { print((cpid > 0, has_cpid)); exit(); }'
expect_out '(true, true)'
expect_no_err 'WARNING'

begin_case "settings and functions of the kernel"
sonde -e 'config = { max_strlen = 32 } begin {
    print((config.max_strlen, config().license, config.print_maps_on_exit, config.stack_mode));
    static_assert(!kfunc_exist("no_such_function"), "there is none");
    if comptime (kfunc_exist("no_such_function")) { no_such_function(); }
    print((kfunc_exist("no_such_function"), kfunc_allowed("no_such_function"))); exit(); }'
expect_status 0
expect_output '(32, GPL, true, bpftrace)
(false, false)

'

begin_case "functions that the kernel has"
if needs root && needs function:bpf_iter_num_new; then
    sonde -e 'profile:hz:99 { print((kfunc_exist("bpf_iter_num_new"), kfunc_allowed("bpf_iter_num_new"))); exit(); }'
    expect_out '(true, true)'
fi

begin_case "curtask is of the script's own struct, if it has one"
if needs btf; then
    sonde -e 'struct task_struct { long flags; long state; }
    begin { $t = curtask; printf("%d %d\n", sizeof(*curtask), $t->flags == curtask.flags); exit(); }'
    expect_status 0
    expect_out '16 1'
fi

end_tests
