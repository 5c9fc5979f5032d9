# --emit-elf: an object that libbpf opens, loads and attaches without us.
. "$(dirname "$0")/lib.sh"

object=$tmp/object.o

# The object of a script, opened by libbpf: open_object SCRIPT [load|run ...]
open_object() {
    local script=$1
    shift
    sonde --emit-elf "$object" --mode codegen -e "$script"
    expect_status 0
    run_command "$TESTS/live/object_open" "$object" "$@"
    expect_status 0
    check "no warning of libbpf" [ ! -s "$tmp/err" ]
}

begin_case "programs and maps, by names that libbpf knows"
if needs root; then
    open_object 'begin { @n = 1; printf("%d\n", pid); } interval:s:1 { @[1, comm] = count(); @[2, "x"] = count(); }
tracepoint:sched:sched_switch { @m[pid] = 2; } t:sched:sched_wakeup, t:sched:sched_process_fork { @m[1] = probe == "x" ? 1 : 2; }
rawtracepoint:sched_switch { @m[2] = 3; } software:cs:1 { @m[2]++; } self:signal:SIGUSR1 { } end { print(@m); }'
    expect_match '^prog raw_tp type 17 insns [0-9]+$'
    expect_match '^prog perf_event type 7 insns [0-9]+$'
    expect_match '^prog tracepoint/sched/sched_switch type 5 insns [0-9]+$'
    expect_match '^prog tracepoint type 5 insns [0-9]+$'
    expect_match '^prog (tp_btf|raw_tp)/sched_switch type (26|17) insns [0-9]+$'
    expect_match '^map ring type 27 key 0 value 0 entries [0-9]+$'
    expect_match '^map m type 1 key (4|8) value 8 entries 4096$'
    expect_match '^map \.data\.control type 2 key 4 value [0-9]+ entries 1$'
    expect_out ok
fi

begin_case "places in programs"
if needs root; then
    cp "$TESTS/programs/syscalls" "$tmp/traced"
    open_object "uprobe:$tmp/traced:main { @ = count(); } uretprobe:$tmp/traced:main { @ = count(); }
uprobe:$tmp/traced:main+0, uprobe:$tmp/traced:ma*n { @b[probe] = count(); }"
    expect_match "^prog uprobe/$tmp/traced:main type 2 insns [0-9]+\$"
    expect_match "^prog uretprobe/$tmp/traced:main type 2 insns [0-9]+\$"
    expect_out ok
fi

begin_case "functions of the kernel"
if needs root && needs kprobe; then
    open_object 'kprobe:vfs_read { @[pid] = count(); } kretprobe:vfs_read { @[1] = count(); } k:vfs_read+4 { }'
    expect_match '^prog k(ret)?probe/vfs_read type 2 insns [0-9]+$|^prog kprobe\.session type 2 insns [0-9]+$'
    expect_match '^prog kprobe/vfs_read\+4 type 2 insns [0-9]+$'
fi

begin_case "loops with callbacks, functions, large objects: the kernel takes them from libbpf"
if needs root && needs kernel:5.17; then
    open_object 'fn twice($x : int64) : int64 { if ($x > 3) { return $x * 2; } return 1; }
begin { @m[1] = count(); for ($kv : @m) { print($kv); } for ($i : 0..1000) { @s[str(kptr($i)), comm] = twice($i) + twice(@n); }
  @n = 5; print(@m); clear(@m); }
interval:ms:1 { @k[kstack] = twice(nsecs); @h = hist(nsecs); @h2[pid] = lhist(nsecs, 0, 100, 10); }' load
    expect_out ok
fi

begin_case "all kept programs"
if needs root && needs kernel:6.1; then
    for script in "$(dirname "$0")"/../differential/programs/*.bt; do
        [ -e "$script" ] || continue
        open_object "$(cat "$script")" load
        expect_out ok
    done
fi

begin_case "attached by libbpf it counts"
if needs root && needs kernel:5.15; then
    cp "$TESTS/programs/syscalls" "$tmp/traced"
    open_object "uprobe:$tmp/traced:main { @calls[pid, comm] = count(); }" \
        run calls "for i in 1 2 3; do $tmp/traced getppid 1; done"
    expect_out 'attached 1'
    expect_out 'sum 3'
fi

begin_case "the script runs, too"
sonde --emit-elf "$object" -e 'begin { printf("runs\n"); }'
expect_status 0
expect_out runs
check "the object is there" [ -s "$object" ]
rm -f "$object"
sonde --emit-elf "$object" -e 'begin { printf("%d\n", "x"); }'
expect_status 1
check "no object of a wrong script" [ ! -e "$object" ]

begin_case "an object that cannot be written"
sonde --emit-elf /nonexistent/x.o -e 'begin { printf("never\n"); }'
expect_status 1
expect_err "^ERROR: cannot write the object file '/nonexistent/x.o': No such file or directory"
expect_no_match never

end_tests
