# What the verifier has to be told on old kernels: a bound that is found before many
# calls, and used behind them, when registers are too few.
. "$(dirname "$0")/lib.sh"

begin_case "sizes checked long before the reads that use them"
if needs root; then
    # shellcheck disable=SC2016
    sonde_start -e 'tracepoint:syscalls:sys_enter_openat /comm == "cat"/ {
        $a = args.dfd > 63 ? 63 : args.dfd; $b = (uint64)args.flags > 63 ? 63 : args.flags;
        $c = args.mode; if ($c > 60) { $c = 60; }
        $d = pid; if ($d > 9) { $d = 9; }
        $e = tid; if ($e > 6) { $e = 6; }
        $t = nsecs;
        printf("%r %r %r %s %s %d\n", buf(args.filename, $a), buf(args.filename, $b),
               buf(args.filename, $c), str(args.filename, $d), str(args.filename, $e), $t > 0);
        exit();
    }'
    cat /etc/passwd >/dev/null
    sonde_stop
    expect_status 0
    expect_match ' /[a-z/.]{7,8} /[a-z/.]{4,5} 1$'
fi

begin_case "many strings in one record"
if needs root; then
    sonde_start -e 'tracepoint:syscalls:sys_enter_openat /comm == "cat"/ {
        printf("%s|%s|%s|%s|%s|%s|%s|%s\n", str(args.filename), str(args.filename + 1),
               str(args.filename + 2), str(args.filename + 3), str(args.filename + 4),
               str(args.filename + 5), str(args.filename + 6), str(args.filename, 3));
    }'
    cat /etc/passwd >/dev/null
    sonde_stop
    expect_status 0
    expect_out '/etc/passwd|etc/passwd|tc/passwd|c/passwd|/passwd|passwd|asswd|/e'
fi

end_tests
