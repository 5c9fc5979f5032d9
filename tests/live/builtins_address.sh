# Addresses of symbols and structs, sockets, and the kernel's own trace.
. "$(dirname "$0")/lib.sh"

calls=$TESTS/programs/syscalls
target=$TESTS/programs/target

begin_case "the struct that a member is in"
if needs root && needs btf; then
    sonde -e 'begin {
        $p = (uint64)curtask + offsetof(struct task_struct, tasks);
        $t = container_of($p, typeof(struct task_struct), tasks);
        print(($t.pid == tid, $t == curtask, $t.comm));
        $n = container_of(curtask.tasks.next, typeof(struct task_struct), tasks);
        print(($n.comm != "", $n.tasks.prev == kptr((struct list_head *)$p)));
        print(container_of((int8 *)1000, typeof(struct task_struct), thread_info.flags) ==
            (struct task_struct *)(1000 - offsetof(struct task_struct, thread_info.flags)));
        exit(); }'
    expect_status 0
    expect_output '(true, true, sonde)
(true, true)
true

'
fi

begin_case "a symbol of the traced program, wherever it was loaded"
if needs root; then
    sonde -c "$target" -e "uprobe:$target:target_point { @a = uaddr(\"sink\"); @size = sizeof(*uaddr(\"sink\")); }
        uprobe:$target:target_outer { \$s = uaddr(\"sink\"); print((*\$s == -1, \$s == @a)); }
        uprobe:$target:target_add,uprobe:$target:target_args { @all[uaddr(\"sink\")] = count(); }
        end { print((len(@all), @size)); clear(@all); clear(@a); clear(@size); }"
    expect_status 0
    expect_output '(true, true)
(1, 8)

'
fi

begin_case "a symbol, where a function returns"
if needs root && needs kernel:6.6; then
    sonde -c "$target" -e "uprobe:$target:target_args { @a = uaddr(\"sink\"); }
        uretprobe:$target:target_args { print((uaddr(\"sink\") == @a, *uaddr(\"sink\") == (int64)retval)); clear(@a); }"
    expect_status 0
    expect_output '(true, true)

'
fi

begin_case "variables of each CPU"
if needs root && needs btf && needs function:__per_cpu_offset; then
    sonde -e 'tracepoint:syscalls:sys_enter_getppid {
        $r = kptr((struct rq *)percpu_kaddr("runqueues")); $z = kptr((struct rq *)percpu_kaddr("runqueues", 0));
        print(($r.cpu == (int32)cpu, $z.cpu, percpu_kaddr("runqueues", 100000),
            percpu_kaddr("runqueues") == percpu_kaddr("runqueues", cpu))); exit(); }' -c "$calls getppid 1"
    expect_status 0
    expect_out '(true, 0, 0, true)'
fi

begin_case "a variable that the kernel does not have"
sonde -e 'begin { print(percpu_kaddr("no_such_variable")); }'
expect_status 1
expect_err 'ERROR: Could not resolve variable "no_such_variable"'

begin_case "a socket's number stays"
if needs root && needs btf && needs busybox && needs function:__traceiter_inet_sock_set_state; then
    ifconfig lo 127.0.0.1 up 2>/dev/null || true
    sonde -c "busybox nc -w1 127.0.0.1 9" -e 'rawtracepoint:inet_sock_set_state /pid == cpid/ {
        @[socket_cookie(args.sk) > 0, socket_cookie(args.sk) == socket_cookie(args.sk)] = count();
        @numbers[socket_cookie(args.sk)] = 1; }
        end { print(len(@numbers)); clear(@numbers); }'
    expect_status 0
    expect_match '^@\[true, true\]: [0-9]+$'
    expect_out '1'
fi

begin_case "text for the trace of the kernel"
trace=/sys/kernel/tracing/trace
if needs root && { [ -r $trace ] || { skip_case "tracefs is not mounted"; false; }; }; then
    sonde -e "tracepoint:syscalls:sys_enter_getppid { \$n = (int64)-5; debugf(\"sonde $$ %d %s %llx 100%% %lld\", 4, comm, (uint64)0xffffffffff); exit(); }" \
        -c "$calls getppid 1"
    expect_status 1
    sonde -e "tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { debugf(\"sonde $$ %d %s %llx 100%%\", 4, comm, (uint64)0xffffffffff); exit(); }" \
        -c "$calls getppid 1"
    expect_status 0
    expect_err 'WARNING: The debugf\(\) builtin is not recommended for production use'
    check "the line is in the trace" grep -q "sonde $$ 4 syscalls ffffffffff 100%\$" $trace
fi

end_tests
