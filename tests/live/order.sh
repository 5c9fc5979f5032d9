# Probes at one event run in the order of the script, for each type: the kernel runs some
# first-attached-first and some the other way round.
. "$(dirname "$0")/lib.sh"

T=$TESTS/programs/target
U=$TESTS/programs/usdt
calls=$TESTS/programs/syscalls

in_order() { # PROBE NEEDS COMMAND [PREDICATE]
    local what=$4
    begin_case "$1"
    [ "$2" = root ] || needs "$2" || return 0
    sonde -c "$3" -e "$1 $what { @n++; if (@n == 1) { printf(\"1 \"); } }
        $1 $what { @m++; if (@m == 1) { printf(\"2 \"); } }
        $1 $what { @o++; if (@o == 1) { printf(\"3 \"); } }
        $1 $what { @p++; if (@p == 1) { printf(\"4\n\"); exit(); } }"
    expect_status 0
    expect_out '1 2 3 4'
}

own='/pid == cpid/'
in_order tracepoint:syscalls:sys_enter_getppid root "$calls getppid 20" "$own"
in_order rawtracepoint:sys_exit root "$calls getppid 20" "$own"
in_order "uprobe:$T:target_inner" root "$T 3" ''
in_order "uretprobe:$T:target_inner" root "$T 3" ''
in_order "usdt:$U:test:site" root "$U" ''
for probe in kprobe kretprobe fentry fexit; do
    in_order $probe:do_sys_openat2 kprobe "$calls open 20" "$own"
done

begin_case "interval"
sonde -e 'interval:ms:200 { printf("1 "); } interval:ms:200 { printf("2 "); }
    interval:ms:200 { printf("3\n"); exit(); }'
expect_status 0
expect_out '1 2 3'

end_tests
