# What the user gets when something is wrong: a clear message, the right exit
# status, and nothing left behind.
. "$(dirname "$0")/lib.sh"

begin_case "a script that is not there"
sonde /nonexistent/script.bt
expect_status 1
expect_err "^ERROR: failed to open file '/nonexistent/script.bt': No such file"

begin_case "a folder as script"
sonde /tmp
expect_status 1
expect_err '^ERROR: .*directory'

begin_case "a script that is not text"
head -c 5000 /bin/busybox >"$tmp/binary" 2>/dev/null || head -c 5000 "$SONDE" >"$tmp/binary"
sonde -d diags "$tmp/binary"
expect_status 1
expect_output 'error not-text'
check "one error" [ "$(grep -c ERROR "$tmp/err")" = 1 ]

begin_case "no arguments: usage"
sonde
expect_status 1
expect_err '^USAGE:'

begin_case "an unknown option: which, and where all are told of"
sonde --nonsense
expect_status 1
expect_err "unrecognized option '--nonsense'"
expect_err '^USAGE:'
expect_err '^HINT: .* --help'

begin_case "an unknown probe type, with the nearest"
sonde -e 'tracepiont:syscalls:sys_enter_open { }'
expect_status 1
expect_err 'tracepoint'

begin_case "an unknown tracepoint, with the nearest"
sonde -e 'tracepoint:syscalls:sys_enter_opennat { exit(); }'
expect_status 1
expect_err 'sys_enter_openat'

begin_case "an unknown field, with the nearest"
sonde -e 'tracepoint:syscalls:sys_enter_openat { print(args.flename); }'
expect_status 1
expect_err 'filename'

begin_case "a type error"
sonde -e 'begin { @x = 1; @x = "text"; exit(); }'
expect_status 1
expect_err 'stdin:1:[0-9]+-[0-9]+: ERROR'

begin_case "a full disk at -o"
if needs root && [ -e /dev/full ]; then
    sonde -o /dev/full -e 'begin { printf("x\n"); exit(); }'
    expect_status 1
    expect_err 'No space left'
fi

begin_case "an output file that cannot be opened"
sonde -o /nonexistent/file -e 'begin { exit(); }'
expect_status 1
expect_err '/nonexistent/file'

begin_case "a closed pipe at standard output: no message, status as by SIGPIPE"
{ timeout 60 "$SONDE" -q -e 'interval:ms:10 { printf("tick\n"); }' 2>"$tmp/err"; echo $? >"$tmp/status"; } | head -n 1 >/dev/null
check "status 141" [ "$(cat "$tmp/status")" = 141 ]
check "no message" [ ! -s "$tmp/err" ]

begin_case "codegen mode says by its status whether a script is good"
sonde --mode codegen -e 'begin { printf("x\n"); exit(); }'
expect_status 0
expect_output_empty() { [ ! -s "$tmp/out" ] || bad "expected no output"; }
expect_output_empty
sonde --mode codegen -e 'begin { printf("%d\n", "x"); }'
expect_status 1

begin_case "what is not supported yet is refused by name and place"
echo 'int x;' >"$tmp/part.bpf.c"
sonde --mode codegen -e "import \"$tmp/part.bpf.c\"; begin { }"
expect_status 1
expect_err 'stdin:1:.*not supported yet'

begin_case "an ordinary user"
if needs root && needs su && needs user:nobody; then
    chmod 755 "$tmp"
    cp "$SONDE" "$tmp/sonde"
    su -s /bin/sh nobody -c "$tmp/sonde -e 'begin { exit(); }'" >"$tmp/out" 2>"$tmp/err"
    status=$?
    expect_status 1
    expect_err 'root|CAP_|rivilege'
fi

begin_case "bpf(2) is refused, or not there"
if needs root; then
    run_command "$TESTS/programs/refuse" 1 "$SONDE" -e 'begin { exit(); }'
    expect_status 1
    expect_err '^ERROR: could not create map ring: not permitted: a seccomp filter is .*bpf\(2\)'
    run_command "$TESTS/programs/refuse" 38 "$SONDE" -e 'begin { exit(); }'
    expect_status 255
    expect_err '^ERROR: this kernel has no bpf\(2\): '
fi

begin_case "no BTF: what needs no types of the kernel runs"
if needs root && needs unshare; then
    cat >"$tmp/no_btf" <<S
mount -t tmpfs none /sys/kernel/btf 2>/dev/null
exec $SONDE "\$@"
S
    run_command unshare -m sh "$tmp/no_btf" -e 'begin { @[comm, kstack(1)] = count(); for ($i : 0..100) { @n = $i; } exit(); }'
    expect_status 0
    expect_out '@n: 99'
    for what in iter fentry; do
        run_command unshare -m sh "$tmp/no_btf" -l "$what:*"
        expect_status 0
        expect_err "^WARNING: cannot list $what probes: there is no BTF of the kernel"
    done
    run_command unshare -m sh "$tmp/no_btf" -l 'interval:*'
    expect_no_err WARNING
    run_command unshare -m sh "$tmp/no_btf" -e 'begin { print(curtask.pid); }'
    expect_status 1
    expect_err '^HINT: types of the kernel need its BTF'
    run_command unshare -m sh "$tmp/no_btf" -q -c "$TESTS/programs/syscalls getppid 3" \
        -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }'
    expect_status 0
    expect_out '@: 3'
fi

begin_case "no tracefs: neither mounted nor needed to be"
if needs root && needs unshare; then
    cat >"$tmp/no_tracefs" <<S
mount -t tmpfs none /sys/kernel/tracing 2>/dev/null
mount -t tmpfs none /sys/kernel/debug 2>/dev/null
exec $SONDE "\$@"
S
    run_command unshare -m sh "$tmp/no_tracefs" -q -c "$TESTS/programs/syscalls open 2" \
        -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid/ { @[str(args.filename)] = count(); }'
    expect_status 0
    expect_out '@[/nonexistent/sonde]: 2'
fi

end_tests
