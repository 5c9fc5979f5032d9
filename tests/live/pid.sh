# What -p and -c do to each type of probe that is not of user space (for those: process.sh).
# The traced program and another one are the same (tests/programs/threads.c): four threads, one
# of which comes later, and a child, which all sleep again and again.
. "$(dirname "$0")/lib.sh"

P=$TESTS/programs/threads
SLEEP=sys_enter_clock_nanosleep

# Run sonde with -p on one of two programs, which live until it has seen enough.
with_pid() { # SCRIPT, in which $1 is the process
    "$P" 100000 &
    other=$!
    "$P" 100000 &
    child=$!
    await_program $child threads
    sonde -p $child -e "$1 interval:ms:700 { exit(); }" -- $child
    kill $child $other
    wait $child $other 2>/dev/null
}

begin_case "-p: tracepoints, of all threads, also later ones, and of no child"
with_pid "tracepoint:syscalls:$SLEEP { @own[pid == \$1] = count(); @threads[tid] = count(); }
    end { print((\"threads\", len(@threads))); clear(@threads); }"
expect_status 0
expect_match '^@own\[true\]: [1-9]'
expect_no_match 'false'
expect_match '^\(threads, [2-4]\)$'

begin_case "-p: all system calls by one raw tracepoint"
with_pid "config = { attach_tracepoint = \"table\" }
    tracepoint:syscalls:sys_enter_* { @own[pid == \$1] = count(); }"
expect_status 0
expect_match '^@own\[true\]: [1-9]'
expect_no_match 'false'

begin_case "-p: rawtracepoint"
with_pid "rawtracepoint:sys_enter { @own[pid == \$1] = count(); }"
expect_status 0
expect_match '^@own\[true\]: [1-9]'
expect_no_match 'false'

for probe in kprobe:hrtimer_nanosleep kretprobe:hrtimer_nanosleep fentry:hrtimer_nanosleep \
    fexit:hrtimer_nanosleep; do
    begin_case "-p: ${probe%%:*}"
    if needs kprobe; then
        with_pid "$probe { @own[pid == \$1] = count(); }"
        expect_status 0
        expect_match '^@own\[true\]: [1-9]'
        expect_no_match 'false'
    fi
done

# Counted for the process and what it makes, so that its child is seen, too.
begin_case "-p: counters, of the process and its children"
with_pid "macro mine() { pid == \$1 || curtask.real_parent.tgid == \$1 }
    software:context-switches:1 { @own[mine()] = count(); }
    software:cpu-clock:100000 { @clock[mine()] = count(); }"
expect_status 0
expect_match '^@own\[true\]: [1-9]'
expect_no_match 'false'

begin_case "-p: profile"
"$TESTS/programs/target" 3 >/dev/null &
other=$!
sh -c 'while :; do :; done' &
child=$!
sonde -p $child -e "profile:hz:199 { @own[pid == \$1] = count(); } interval:s:1 { exit(); }" \
    -- $child
kill $child
wait $child $other 2>/dev/null
expect_status 0
expect_match '^@own\[true\]: [1-9]'
expect_no_match 'false'

begin_case "-p: interval runs whatever the process does"
sleep 5 &
child=$!
sonde -p $child -e 'interval:ms:20 { @n++; if (@n == 3) { exit(); } }'
kill $child
expect_status 0
expect_out '@n: 3'

begin_case "-c: probes of the kernel are of all processes"
"$P" 100000 &
other=$!
sonde -c "$P" -e "tracepoint:syscalls:$SLEEP { @own[pid == cpid] = count(); }"
kill $other
wait $other 2>/dev/null
expect_status 0
expect_match '^@own\[true\]: 1[12][0-9]$'
expect_match '^@own\[false\]: [1-9]'

begin_case "-c: counters are of the command and its children"
"$P" 100000 &
other=$!
sonde -c "$P" -e "macro mine() { pid == cpid || curtask.real_parent.tgid == cpid }
    software:context-switches:1 { @own[mine()] = count(); }"
kill $other
wait $other 2>/dev/null
expect_status 0
expect_match '^@own\[true\]: [1-9]'
expect_no_match 'false'

end_tests
