# Whatever way a run ends, nothing of it is left: no programs, maps or links in the
# kernel, no process of the tool, no child, no pinned object, no trace event.
. "$(dirname "$0")/lib.sh"

# A name of our own: other runs on this machine are none of ours.
mkdir -p "$tmp/bin" && cp "$SONDE" "$tmp/bin/sonde-left" && cp "$TESTS/programs/syscalls" "$tmp/bin/traced-left"
left=$tmp/bin/sonde-left

# Processes whose program is one of ours, a word each.
our_processes() {
    for p in /proc/[0-9]*; do
        case $(readlink "$p/exe" 2>/dev/null) in
            "$tmp/bin/"*) echo "${p#/proc/}" ;;
        esac
    done
}

# What a process holds of BPF, "prog_id 12".
held_by() { # PID
    cat "/proc/$1/fdinfo/"* 2>/dev/null | grep -oE '^(prog|map|link)_id:[[:space:]]*[0-9]+' |
        tr -d ':' | tr -s '[:space:]' ' ' | sed 's/id \([0-9]*\) /id \1\n/g' | sort -u
}

# All that is in the kernel, in the same form.
in_kernel() {
    "$SONDE" -q -e 'iter:bpf_prog { printf("prog_id %d\n", ctx.prog.aux.id); }
        iter:bpf_map { printf("map_id %d\n", ctx.map.id); }
        iter:bpf_link { printf("link_id %d\n", ctx.link.id); }' 2>/dev/null | sort -u
}

# Of the objects that were held, those that still exist; the kernel frees them some
# time after their last descriptor.
remains() {
    # To busybox no pattern at all is one that always matches.
    [ ! -s "$tmp/held" ] || in_kernel | grep -Fxf "$tmp/held"
}

expect_nothing_left() {
    local i=0
    while [ $i -lt 100 ] && { [ -n "$(our_processes)" ] || [ -n "$(remains)" ]; }; do
        sleep 0.2
        i=$((i + 1))
    done
    remains >"$tmp/remains"
    check "no process left" [ -z "$(our_processes)" ]
    check "nothing left in the kernel: $(tr '\n' ' ' <"$tmp/remains")" [ ! -s "$tmp/remains" ]
    ! grep -qs left /sys/kernel/tracing/uprobe_events || bad "expected no trace event"
}

script="
tracepoint:syscalls:sys_enter_getppid, tracepoint:syscalls:sys_exit_getppid { @[probe] = count(); }
uprobe:$tmp/bin/traced-left:main { @u = count(); }
profile:hz:9 { @k[kstack] = count(); }
interval:ms:50 { @i = count(); }"

# Start it with a command that goes on, and note what it holds.
start() { # ARGS...
    local i=0
    "$left" "$@" -e "$script" >"$tmp/out" 2>"$tmp/err" </dev/null &
    sonde_pid=$!
    while ! grep -q '^Attached' "$tmp/err" && kill -0 "$sonde_pid" 2>/dev/null && [ $i -lt 600 ]; do
        sleep 0.05
        i=$((i + 1))
    done
    held_by "$sonde_pid" >"$tmp/held"
    remains >"$tmp/remains"
    check "programs and maps while it runs" grep -q prog_id "$tmp/remains"
}

if needs root && needs btf && needs kernel:6.1; then
    for signal in INT TERM KILL SEGV; do
        begin_case "nothing is left after SIG$signal"
        start
        kill -$signal "$sonde_pid"
        wait "$sonde_pid" 2>/dev/null
        expect_nothing_left

        begin_case "nothing is left after SIG$signal, with -c"
        start -c "$tmp/bin/traced-left getppid 1000000000"
        kill -$signal "$sonde_pid"
        wait "$sonde_pid" 2>/dev/null
        expect_nothing_left
    done

    begin_case "nothing is left after exit(), with -c"
    script="$script self:signal:SIGUSR1 { exit(3); }"
    start -c "$tmp/bin/traced-left getppid 1000000000"
    kill -USR1 "$sonde_pid"
    wait "$sonde_pid"
    status=$?
    expect_status 3
    expect_nothing_left

    # Many functions: by one link where there are such, and by one for each. Detaching them takes
    # seconds, for which nobody is to wait.
    for many in "multi t" "link vfs_"; do
        for signal in INT TERM KILL; do
            begin_case "nothing is left of many kprobes (attach_kprobe=${many% *}) after SIG$signal"
            needs kprobe || continue
            script="config = { max_probes = 9999; attach_kprobe = ${many% *} }
                kprobe:${many#* }* { @ = count(); } interval:s:100 { @i = count(); }"
            if [ "${many% *}" = multi ] && ! "$SONDE" --dry-run -e "$script" >/dev/null 2>&1; then
                skip_case "this kernel has no kprobe multi links"
                continue
            fi
            start
            check "many are attached" grep -qE "^Attached [0-9]{2,} probes" "$tmp/err"
            kill -$signal "$sonde_pid"
            read -r begin _ </proc/uptime
            wait "$sonde_pid" 2>/dev/null
            read -r end _ </proc/uptime
            [ $signal = KILL ] || check "the prompt is back within 2 s: $begin to $end" \
                awk "BEGIN { exit $end - $begin > 2 }"
            expect_nothing_left
        done
    done

    begin_case "nothing is left when the output is closed"
    : >"$tmp/held"
    "$left" -q -e 'interval:ms:1 { printf("x\n"); }' 2>/dev/null | head -n 1 >/dev/null
    expect_nothing_left

    begin_case "nothing is left after a load that the kernel refuses, or an attachment"
    "$left" -q -e 'tracepoint:syscalls:sys_enter_getppid { @ = count(); } hardware:bus-cycles:7 { } interval:ms:20 { exit(); }' \
        >/dev/null 2>&1
    expect_nothing_left
fi

end_tests
