# Times by the clock that they were read from, registers of perf events, addresses.
. "$(dirname "$0")/lib.sh"

export TZ=UTC
year=$(date +%Y)

begin_case "a time knows its clock, also in variables and maps"
sonde -e 'begin { $b = nsecs; $s = nsecs(sw_tai); $c = $s; @m = nsecs(sw_tai); @k["a"] = nsecs(sw_tai) - 1s;
    print((strftime("%Y", nsecs), strftime("%Y", $b), strftime("%Y", nsecs(sw_tai)), strftime("%Y", $s)));
    print((strftime("%Y", $c), strftime("%Y", @m), strftime("%Y", @k["a"]), strftime("%Y", $s + 1)));
    clear(@m); clear(@k); exit(); }'
expect_status 0
expect_output "($year, $year, $year, $year)
($year, $year, $year, $year)

"

begin_case "the monotonic clock has no date"
sonde -e 'begin { $m = nsecs(monotonic); print(strftime("%Y", $m)); }'
expect_status 1
expect_err '^stdin:1:38-56: ERROR: strftime\(\) can not take a monotonic timestamp$'

begin_case "registers where a timer interrupts"
if needs root; then
    sonde -e 'profile:hz:99 { @same[reg("ip") == reg("pc"), reg("sp") > 0] = 1; }
        interval:ms:200 { @[reg("ip") > 0] = 1; exit(); }'
    expect_status 0
    expect_out '@same[true, true]: 1'
    expect_out '@[true]: 1'
fi

begin_case "user mode"
if needs root && needs machine:x86_64; then
    sonde_start -e 'profile:hz:199 /comm == "sh"/ { @p[usermode] = count(); }
        tracepoint:syscalls:sys_enter_getppid { @t[usermode] = count(); } begin { print(usermode); }'
    "$TESTS/programs/syscalls" getppid 1
    sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'
    sonde_stop
    expect_status 0
    expect_out 1
    expect_match "^@t\[0\]: [0-9]+$"
    expect_match '^@p\[1\]: [0-9]+$'
fi

begin_case "families of addresses"
sonde -e 'begin { print((ntop(0x0100007f), ntop(2, 0x0100007f), ntop(10, pton("::1")), ntop(99, 1)));
    $f = pid > 0 ? (uint64)10 : 2; print(ntop($f, pton("fe80::1"))); $s = "abcdefgh"; print(macaddr($s)); exit(); }'
expect_status 0
expect_output '(127.0.0.1, 127.0.0.1, ::1, )
fe80::1
61:62:63:64:65:66

'

end_tests
