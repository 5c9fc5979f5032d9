# Listing attach points: patterns, scripts, with arguments.
. "$(dirname "$0")/lib.sh"

# Standard output is exactly what the function's standard input is.
expect_listing() {
    cat >"$tmp/wanted"
    check "the listing" diff "$tmp/wanted" "$tmp/out"
}

begin_case "events of perf have a colon behind them"
sonde -l 'software:cpu*'
expect_status 0
expect_listing <<'E'
software:cpu-clock:
software:cpu-migrations:
software:cpu:
E

begin_case "several patterns"
sonde -l 'self:*,profile:*'
expect_listing <<'E'
self:signal:SIGUSR1
profile:hz:
profile:ms:
profile:s:
profile:us:
E

begin_case "nothing that matches is no error"
sonde -l 'tracepoint:nosuchcategory:*'
expect_status 0
expect_listing </dev/null

begin_case "the attach points of a script, in its order"
cat >"$tmp/script.bt" <<'E'
BEGIN { } profile:hz:99, interval:100ms { } interval:s:1 { nonsense() }
label=tracepoint:sched:sched_switch, t:sched:sched_wakeup { } software:cs:10 { } END { }
E
sonde -l "$tmp/script.bt"
expect_status 0
expect_listing <<'E'
profile:hz:
interval:us:
interval:s:
tracepoint:sched:sched_switch
tracepoint:sched:sched_wakeup
software:cs:
E

begin_case "the attach points of -e, with parameters"
sonde -l -e 'tracepoint:$1:sched_switch { }' sched
expect_status 0
expect_listing <<'E'
tracepoint:sched:sched_switch
E

begin_case "a script that makes no sense lists nothing"
sonde -l -e 'software:cs:1 { } nosuch:foo { }'
expect_status 1
expect_listing </dev/null
expect_err 'Invalid probe type: nosuch'

begin_case "what looks like a file and is none"
sonde -l nosuchfile.bt
expect_status 0
expect_err "'nosuchfile.bt' is a filename but the file does not exist"

begin_case "two patterns that are two words"
sonde -l 'software:*' 'hardware:*'
expect_status 1
expect_err 'USAGE:'

begin_case "-lv: the fields of a tracepoint, as its format has them"
sonde -lv 'tracepoint:syscalls:sys_exit_openat'
expect_listing <<'E'
tracepoint:syscalls:sys_exit_openat
    int __syscall_nr
    long ret
E

begin_case "-lv: parameters from BTF"
if needs btf; then
    sonde -lv 'rawtracepoint:sys_enter'
    expect_listing <<'E'
rawtracepoint:vmlinux:sys_enter
    struct pt_regs * regs
    long int id
E
fi

begin_case "-lv: a function's arguments and what it returns"
if needs btf && needs function:vfs_readlink; then
    sonde -lv 'kprobe:vfs_readlink,kretprobe:vfs_readlink'
    expect_listing <<'E'
kprobe:vfs_readlink
    struct dentry * arg0
    char * arg1
    int arg2
kretprobe:vfs_readlink
    int retval
E
fi

begin_case "-lv of a script"
sonde -lv -e 'interval:s:1 { } tracepoint:syscalls:sys_exit_openat { }'
expect_listing <<'E'
interval:s:
tracepoint:syscalls:sys_exit_openat
    int __syscall_nr
    long ret
E

begin_case "types by name, and their definitions"
if needs btf; then
    sonde -l 'struct list_hea*,union sigval,enum pid_type'
    expect_out 'struct list_head'
    expect_out 'union sigval'
    expect_out 'enum pid_type'
    sonde -lv 'struct list_head'
    expect_listing <<'E'
vmlinux: struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

E
fi

begin_case "tracepoints without the privilege to read them: a warning, and how"
denied='Permission denied' hint='^HINT: .*CAP_DAC_READ_SEARCH'
grep -qs '/sys/kernel/tracing tracefs' /proc/mounts ||
    { denied='it is not mounted' hint='^HINT: as root: mount -t tracefs'; }
if ! setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
    skip_case "setpriv is not installed, or a small one"
else
    cp "$SONDE" "$tmp/sonde" && chmod 755 "$tmp" "$tmp/sonde"
    run_command setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/sonde" -l 'tracepoint:sched:*'
    expect_status 0
    expect_err "^WARNING: cannot list tracepoints from tracefs: $denied"
    expect_err "$hint"
    run_command setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/sonde" -e 'tracepoint:sched:* { }'
    expect_status 1
    expect_err "ERROR: cannot read tracepoints from tracefs: $denied"
fi

begin_case "tracepoints with capabilities only"
all=+bpf,+perfmon,+dac_read_search
if ! setpriv --reuid 65534 --clear-groups --inh-caps=-all,$all --ambient-caps=-all,$all true 2>/dev/null; then
    skip_case "setpriv is not installed, or a small one"
elif ! grep -qs '/sys/kernel/tracing tracefs' /proc/mounts; then
    skip_case "tracefs is not mounted, and mounting it takes more"
else
    cp "$SONDE" "$tmp/sonde" && chmod 755 "$tmp" "$tmp/sonde"
    run_command setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,$all --ambient-caps=-all,$all \
        "$tmp/sonde" -l 'tracepoint:sched:sched_switch'
    expect_output 'tracepoint:sched:sched_switch'
fi

end_tests
