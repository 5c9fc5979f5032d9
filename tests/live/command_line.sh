# The command line: where scripts come from, where output goes, how a run ends.
. "$(dirname "$0")/lib.sh"

begin_case "a file, with parameters"
printf 'begin { printf("%%d %%s %%d\\n", $1, str($2), $#); exit(); }\n' >"$tmp/script.bt"
sonde -q "$tmp/script.bt" 7 seven
expect_out '7 seven 2'
expect_no_err Attached

begin_case "standard input"
printf '%s\n' 'begin { printf("from stdin\n"); exit(); }' |
    timeout 60 "$SONDE" - >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_out 'from stdin'

begin_case "an interpreter line"
{
    echo "#!$(cd "$(dirname "$SONDE")" && pwd)/$(basename "$SONDE")"
    printf '%s\n' 'begin { printf("%s\n", str($1)); exit(); }'
} >"$tmp/script.bt"
chmod +x "$tmp/script.bt"
"$tmp/script.bt" parameter >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_out 'parameter'

begin_case "-o writes to a file"
sonde -o "$tmp/file" -e 'begin { printf("kept\n"); exit(); }'
check "the line in the file" grep -qx kept "$tmp/file"
check "nothing on standard output" [ ! -s "$tmp/out" ]

begin_case "-f json"
sonde -f json -e 'begin { printf("a %d\n", 1); @x = 2; @y["k"] = 3; print((1, "b")); exit(); }'
expect_out '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}'
expect_out '{"type": "printf", "data": "a 1\n"}'
expect_out '{"type": "value", "data": [1,"b"]}'
expect_out '{"type": "map", "data": {"@x": 2}}'
expect_out '{"type": "map", "data": {"@y": {"k": 3}}}'

begin_case "exit(n) is the status"
sonde -e 'begin { exit(7); }'
expect_status 7

begin_case "-c: ends with the command, cpid"
sonde -c "$TESTS/programs/syscalls getppid 5" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }'
expect_status 0
expect_out '@: 5'

begin_case "-c: a command that is not there"
sonde -c /nonexistent/command -e 'begin { }'
expect_status 1
expect_err '/nonexistent/command'

begin_case "-p: ends with the process"
sleep 2 &
sonde -p $! -e 'interval:ms:100 { @ = count(); }'
expect_status 0
expect_match '^@: [0-9]+$'

begin_case "--dry-run attaches and prints nothing"
sonde --dry-run -e 'tracepoint:syscalls:sys_enter_getppid { printf("x\n"); }'
expect_status 0
check "no output" [ ! -s "$tmp/out" ]

begin_case "who asks by the environment is told when all is attached"
__BPFTRACE_NOTIFY_PROBES_ATTACHED=1 sonde -e 'begin { printf("then this\n"); }'
expect_status 0
check "first line" [ "$(head -n 1 "$tmp/out")" = __BPFTRACE_NOTIFY_PROBES_ATTACHED ]

begin_case "-l lists tracepoints"
sonde -l 'tracepoint:syscalls:sys_enter_openat*'
expect_status 0
expect_out 'tracepoint:syscalls:sys_enter_openat'

begin_case "Ctrl-C prints the maps, status 0"
sonde_start -e 'begin { @x = 1; } interval:s:100 { }'
sonde_stop
expect_status 0
expect_out '@x: 1'

begin_case "nothing is left behind"
if needs root && command -v bpftool >/dev/null; then
    before=$(bpftool prog show | grep -c '^[0-9]')
    sonde --wait-detach -e 'tracepoint:syscalls:sys_enter_getppid { @ = count(); } interval:ms:50 { exit(); }'
    check "as many programs as before" [ "$(bpftool prog show | grep -c '^[0-9]')" = "$before" ]
fi

end_tests
