# Output that nobody takes, or slowly: neither exit() nor Ctrl-C waits for it for
# ever, and what was dropped is told to the event.
. "$(dirname "$0")/lib.sh"

name=slow$$
calls=$tmp/$name
cp "$TESTS/programs/syscalls" "$calls"
mkfifo "$tmp/pipe"
printing="tracepoint:syscalls:sys_enter_getppid /comm == \"$name\"/ { printf(\"%d %s\\n\", pid, comm); }"

# Start sonde with its output in the pipe, which is held open by descriptor 7.
start_into_pipe() {
    local i=0
    : >"$tmp/err"
    exec 7<>"$tmp/pipe"
    "$SONDE" "$@" >"$tmp/pipe" 2>"$tmp/err" </dev/null 7<&- &
    sonde_pid=$!
    while ! grep -q '^Attached' "$tmp/err" && [ $i -lt 600 ]; do
        sleep 0.05
        i=$((i + 1))
    done
}

# Wait for it, at most 20 seconds; then take what is in the pipe.
end_and_take() {
    local i=0
    while kill -0 "$sonde_pid" 2>/dev/null && [ $i -lt 400 ]; do
        sleep 0.05
        i=$((i + 1))
    done
    check "an end while nobody reads" [ $i -lt 400 ]
    kill -KILL "$sonde_pid" 2>/dev/null
    wait "$sonde_pid"
    status=$?
    timeout 1 cat <&7 >"$tmp/out"
    exec 7<&-
}

number() { sed -n "s/$1/\\1/p" "$tmp/err" | tail -n 1; }

begin_case "Ctrl-C while nobody takes the output: what was dropped is told"
start_into_pipe -e "$printing"
$calls getppid 200000
kill -INT "$sonde_pid"
end_and_take
expect_status 0
expect_err '^WARNING: stopped: [0-9]+ lines were not written, for nobody took them$'
# Two empty lines stand before the maps.
delivered=$(($(wc -l <"$tmp/out") - 2))
full=$(number '.*Total lost event count: \([0-9]*\).*')
late=$(number '.*stopped: \([0-9]*\) events that were.*')
unwritten=$(number '.*stopped: \([0-9]*\) lines were not written.*')
sum=$((delivered + full + late + unwritten))
check "200000 events in all, not $sum" [ $sum = 200000 ]
check "whole lines only" [ "$(grep -vc "^[0-9]* $name\$" "$tmp/out")" -le 2 ]

begin_case "exit() with a slow reader: all that was recorded before, in order, nothing later"
"$SONDE" -q -e "begin { for (\$i : 0..20000) { printf(\"line %d\\n\", \$i); } exit(); } end { printf(\"late\\n\"); }" 2>"$tmp/err" |
    { sleep 0.5; cat; } >"$tmp/out"
i=0
while [ $i -lt 20000 ]; do
    echo "line $i"
    i=$((i + 1))
done >"$tmp/all"
echo late >>"$tmp/all"
printf '\n\n' >>"$tmp/all"
check "every line" cmp -s "$tmp/all" "$tmp/out"

begin_case "Ctrl-C ends a command of system() that takes long"
sonde_start --unsafe -e 'interval:ms:10 { system("exec sleep 1000"); }'
sleep 0.3
kill -INT "$sonde_pid"
i=0
while kill -0 "$sonde_pid" 2>/dev/null && [ $i -lt 400 ]; do
    sleep 0.05
    i=$((i + 1))
done
check "an end though the command goes on" [ $i -lt 400 ]
kill -KILL "$sonde_pid" 2>/dev/null
wait "$sonde_pid"
status=$?
expect_status 0
expect_err "^WARNING: stopped: the command 'exec sleep 1000' was ended\$"

begin_case "a command in an end probe runs to its end after Ctrl-C"
sonde_start --unsafe -e 'interval:s:60 { } end { system("sleep 0.3; echo done"); }'
sonde_stop
expect_status 0
expect_out done

# A map of names that takes long to read, while events come fast.
begin_case "names that take long to find: no event is lost meanwhile"
jit=$TESTS/programs/jit
# So small that events are lost without the thread that reads them meanwhile; an
# emulated processor has no turn for that thread in time.
pages=256
! grep -q 'QEMU' /proc/cpuinfo || pages=4096
sonde_start -e "config = { perf_rb_pages = $pages }
    uprobe:$jit:jit_inner { print(ustack); }
    tracepoint:syscalls:sys_enter_getppid /comm == \"$name\"/ { printf(\"call\\n\"); }"
"$jit" 1500000 &
jit_pid=$!
# In parts, lest the reader of the ring have no turn on a busy machine.
i=0
while [ $i -lt 50 ]; do
    $calls getppid 20000
    sleep 0.05
    i=$((i + 1))
done
# What is laid aside is written yet; Ctrl-C would not wait for it.
i=0
until [ "$(grep -c '^call$' "$tmp/out")" = 1000000 ] && grep -q '^ *made_at_run_time' "$tmp/out"; do
    [ $i -lt 120 ] || break
    sleep 0.5
    i=$((i + 1))
done
sonde_stop
kill "$jit_pid"
rm -f "/tmp/perf-$jit_pid.map"
expect_status 0
expect_no_err 'Lost|lost'
expect_match '^ +made_at_run_time\+[0-9]+$'
check "1000000 calls, not $(grep -c '^call$' "$tmp/out")" [ "$(grep -c '^call$' "$tmp/out")" = 1000000 ]

end_tests
