# Builtins that make texts and look into them: values on this kernel, with its
# own functions where it has them.
. "$(dirname "$0")/lib.sh"

calls=$TESTS/programs/syscalls

begin_case "searching"
sonde -e 'begin {
    $a = "aaaaaaaaab"; $h = "hello world"; $w = "wor";
    print((strstr($h, $w), strstr($a, "aab"), strstr($a, "aac"), strstr("abc", "abc")));
    print((strstr("abc", "abcd"), strstr("abc", "c"), strstr("abc", ""), strstr("", "")));
    print((strcontains(comm, "ond"), strcontains(comm, "sonde"), strcontains(comm, "sondes")));
    print((sizeof($a), sizeof(strstr($a, $h)), sizeof(strcontains($a, $h))));
    exit(); }'
expect_status 0
expect_output '(6, 7, -1, 0)
(-1, 2, 0, 0)
(true, true, false)
(11, 4, 1)

'

begin_case "joining, comparing, capacity"
sonde -e 'begin {
    $s = str_concat(comm, "-x"); print(($s, strlen($s), sizeof($s), str_concat("", "")));
    $n = pid > 0 ? 5 : 1; $h = "hello";
    print((memcmp($h, "hellp", $n), memcmp($h, "hellp", 4), memcmp("\xff", "a", 1)));
    print((memcmp((1, 2), (1, 3), 2), strcap($h), strcap(comm), default_str_length()));
    @[str_concat("a", "b")] = 1; exit(); }'
expect_status 0
expect_output '(sonde-x, 7, 1024, )
(-1, 0, -98)
(-1, 6, 16, 1024)


@[ab]: 1'

begin_case "the probe's name is a string, also where it is one of several"
sonde -e 'interval:ms:1, interval:ms:2 { print((strcontains(probe, "terval"), strlen(probe),
    str_concat(probe, "!"), strncmp(probe, "interim", 5))); exit(); }'
expect_status 0
expect_match '^\(true, 13, interval:ms:[12]!, 0\)$'

begin_case "join ends with the array"
if needs root; then
    sonde -c "$TESTS/programs/syscalls getppid 1" \
        -e 'tracepoint:syscalls:sys_enter_execve /pid == cpid/ { join(args.argv, ","); }'
    expect_status 0
    expect_out "$TESTS/programs/syscalls,getppid,1"
    expect_no_err 'failed'
fi

begin_case "many joins share their code"
if needs root && needs kernel:5.12; then
    joins=$(awk 'BEGIN { for (i = 0; i < 60; i++) print "join(args.argv, \"" i % 7 "\");" }')
    sonde -c "$TESTS/programs/syscalls getppid 1" \
        -e "tracepoint:syscalls:sys_enter_execve /pid == cpid/ { $joins }"
    expect_status 0
    check "60 lines" test "$(grep -c 'syscalls.getppid.1$' "$tmp/out")" = 60
    expect_match "^$TESTS/programs/syscalls3getppid31\$"
    awk 'BEGIN { print "begin {"; for (i = 0; i < 2000; i++) print "if (pid == 0) { join(" i "); }"
        print "exit(); }" }' >"$tmp/joins.bt"
    sonde "$tmp/joins.bt"
    expect_status 0
fi

begin_case "strings of the traced program"
if needs root; then
    sonde_start -e 'tracepoint:syscalls:sys_enter_openat /strcontains(str(args.filename), "ent/son")/ {
        print((strstr(str(args.filename), "/s"), strstr(args.filename, "sonde"), strcap(args.filename))); }'
    $calls open 1
    sonde_stop
    expect_status 0
    expect_out '(12, 13, 18)'
fi

begin_case "texts of numbers"
sonde -e 'begin {
    print((strerror(5), strerror(-11), strerror(0), strerror(41), strerror(134)));
    print((signal_name(9), signal_name(32), signal_name(64), signal_name(65), signal_name(-9)));
    print((syscall_name(-1), sizeof(strerror(1)), strerror(1) == "Operation not permitted"));
    for $i : 0..4 { printf("%s;", strerror($i)); }
    printf("\n"); exit(); }'
expect_status 0
expect_output '(I/O error, Try again (operation would block), Success, Unknown error, Unknown error)
(Killed, Unknown signal 32, Real-time signal 30, N/A, N/A)
(Unknown syscall, 64, true)
Success;Operation not permitted;No such file or directory;No such process;

'

begin_case "system calls by name"
if needs root; then
    sonde -c "$calls getppid 100" -e 'rawtracepoint:sys_enter /pid == cpid/ { @[syscall_name(arg1)] = count(); }'
    expect_status 0
    expect_out '@[getppid]: 100'
fi

begin_case "addresses"
sonde -e 'begin {
    $a = pton("10.0.0.7"); @k[$a] = ntop($a);
    print(($a, $a[3], sizeof($a), ntop(pton("2001:db8::1")), ntop(pton("255.255.255.255"))));
    print((is_err((int8 *)-2), is_err(curtask), is_err(-4096))); exit(); }'
expect_status 0
expect_output '([10,0,0,7], 7, 4, 2001:db8::1, 255.255.255.255)
(true, false, false)


@k[[10,0,0,7]]: 10.0.0.7'

end_tests
