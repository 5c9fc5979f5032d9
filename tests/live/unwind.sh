# dw_ustack against what the program itself knows of its chains of calls.
. "$(dirname "$0")/lib.sh"

programs=$(readlink -f "$TESTS/programs")
export BPFTRACE_UNSTABLE_DW_USTACK=enable TRUTH="$tmp/truth"

# Compare the stacks of the output ("stack N WHERE" before each) with the truth; the case is
# bad if a frame is missing or too many. What each chain is about is told with its share.
compare_chains() { # WHERE CHAINS
    awk -v where="$1" -v chains="$2" '
        BEGIN { split("frames without a pointer:recursion:recursion to the limit:tail call:" \
            "callback of the C library:signal handler:handler on its own stack:fault:" \
            "call that never returns:thread", about, ":") }
        FNR == NR { number = $2; sub(/^truth [0-9]+ /, ""); truth[number] = $0; next }
        /^stack / { at = $3 == where ? $2 : 0; if (at) seen[at] = ""; next }
        /unwind failure/ && at { seen[at] = seen[at] " FAILURE"; next }
        /^ +(c_[a-z_]+|main)\+/ && at { sub(/^ +/, ""); sub(/\+.*/, ""); seen[at] = seen[at] " " $0 }
        END {
            for (n in truth) {
                of = split(truth[n], want, " ")
                all += of
                split(substr(seen[n], 2), have, " ")
                good = 0
                while (want[good + 1] != "" && want[good + 1] == have[good + 1]) good++
                right += good
                share[n] = about[n] " " int(good * 100 / of) " %"
                if (" " truth[n] != seen[n]) print "chain " n ": is " truth[n] ", seen" seen[n]
                count++
            }
            if (count != chains) print "there are " count " chains"
            for (n = 1; n <= count; n++) shares = shares (n > 1 ? ", " : "") share[n]
            print right " of " all " frames: " shares
        }' "$TRUTH" "$tmp/out" >"$tmp/compared"
    echo "$file: $case_name, $1: $(tail -n 1 "$tmp/compared")"
    [ "$(wc -l <"$tmp/compared")" -eq 1 ] || bad "$(cat "$tmp/compared")"
}

script='uprobe:PROGRAM:report { @n[tid] = arg0; printf("stack %d user\n", arg0); print(dw_ustack); }
    tracepoint:syscalls:sys_enter_getppid /@n[tid]/ {
        printf("stack %d kernel\n", @n[tid]); print(dw_ustack); }
    end { clear(@n); }'

for program in unwound unwound-fixed unwound-static; do
    begin_case "$program: a command, from its own functions and from a system call"
    if needs root && needs btf; then
        sonde -c "$programs/$program chains" -e "$(printf "%s" "$script" | sed "s!PROGRAM!$programs/$program!")"
        expect_status 0
        compare_chains user 10
        compare_chains kernel 10
    fi
done

begin_case "a process that runs already"
if needs root && needs btf; then
    mkfifo "$tmp/go"
    "$programs/unwound" wait <"$tmp/go" &
    pid=$!
    exec 3>"$tmp/go"
    await_program $pid unwound
    sonde_start -p $pid -e "$(printf "%s" "$script" | sed "s!PROGRAM!$programs/unwound!")"
    echo go >&3
    exec 3>&-
    wait $pid
    wait "$sonde_pid"
    status=$?
    expect_status 0
    compare_chains user 10
    compare_chains kernel 10
fi

# Wherever it is interrupted: in prologues, epilogues, the C library, the linker's stubs.
begin_case "samples end in main"
if needs root && needs btf; then
    sonde -c "$programs/unwound spin 10" -e "uprobe:$programs/unwound:spin { @go = 1; }
        uprobe:$programs/unwound:report { @go = 0; } end { clear(@go); }
        profile:hz:499 /@go && pid == cpid/ { @[dw_ustack] = count(); }"
    expect_status 0
    awk '/^@\[/ { seen = 0 } /^ +main\+/ { seen = 1 } /^(@|\]).*: [0-9]+$/ {
            all += $NF; if (seen) good += $NF }
        END { print good + 0 " of " all + 0 " samples"; exit !(all >= 5 && good >= all * 0.99) }' \
        "$tmp/out" >"$tmp/samples" || bad "only $(cat "$tmp/samples")"
    echo "$file: $case_name: $(cat "$tmp/samples")"
fi

# Each instruction of the stub through which a function of a library is called; all but the
# first run once, before the linker has found the function.
begin_case "from the stub of a call through the linker"
if needs root && needs btf && needs machine:x86_64 && needs objdump; then
    stub=$(objdump -d "$programs/unwound" |
        sed -n '/<getppid@plt>:$/,/^$/s/^ *\([0-9a-f]*\):.*/\1/p' | head -n 3)
    if [ -z "$stub" ]; then
        skip_case "the program is linked without stubs"
    else
        probes=''
        for at in $stub; do probes="$probes${probes:+, }uprobe:$programs/unwound:0x$at"; done
        sonde --unsafe -c "$programs/unwound chains" -e "$probes { @[dw_ustack] = count(); }"
        expect_status 0
        expect_no_match 'unwind failure'
        check "all 12 of them are called by c_leaf" [ "$(awk '/^@/ { frame = 0 } { frame++ }
            frame == 3 && /^ +c_leaf\+/ { called = 1 } frame == 3 && !/^ +c_leaf\+/ { called = 0 }
            /^\]: / && called { n += $2 } END { print n }' "$tmp/out")" = 12 ]
    fi
fi

begin_case "through code that was made at run time, by the frame pointer"
if needs root && needs btf; then
    sonde -c "$programs/jit" -e "uprobe:$programs/jit:jit_inner { print(dw_ustack(4)); exit(); }"
    expect_status 0
    expect_match '^        jit_report\+'
    expect_match '^        made_at_run_time\+'
    expect_match '^        main\+'
fi

begin_case "through much code of the program that no table is about, by the frame pointer"
if needs root && needs btf; then
    sonde -c "$programs/jit embedded" -e "uprobe:$programs/jit:jit_inner /@n++/ {
        print(dw_ustack(4)); exit(); }"
    expect_status 0
    expect_match '^        jit_report\+'
    expect_match '^        jit_embedded\+'
    expect_match '^        main\+'
fi

# From where the task entered the kernel.
in_kernel() { # PROBE
    sonde -c "$programs/unwound chains" -e "$1 { @[dw_ustack(4)] = count(); }"
    expect_status 0
    expect_match '^        c_leaf\+'
    expect_match '^        c_recursion\+'
    expect_no_match 'unwind failure'
}

begin_case "from a raw tracepoint"
if needs root && needs btf; then
    in_kernel 'rawtracepoint:sys_enter /pid == cpid && comm == "unwound" && args.id == '"$(
        [ "$(uname -m)" = x86_64 ] && echo 110 || echo 173)"'/'
fi

begin_case "from a kprobe"
if needs root && needs btf && needs kprobe; then
    in_kernel 'kprobe:__*_sys_getppid /pid == cpid/'
fi

begin_case "threads of the kernel have no user stack"
if needs root && needs btf; then
    sonde -e 'tracepoint:sched:sched_switch /curtask->mm == 0/ { @ = max(len(dw_ustack)); @n++;
        if (@n > 20) { exit(); } }'
    expect_status 0
    expect_out '@: 0'
fi

# Loaded when it is met, and anew when it has become another program: until there are some
# whole stacks, which takes as long as the machine is slow.
spinning='uprobe:PROGRAM:spin { @go[pid] = 1; } uprobe:PROGRAM:report { delete(@go, pid); }
    profile:hz:499 /@go[pid]/ { if (len(dw_ustack) > 8) { @[dw_ustack] = count(); @good++; }
        if (@good >= 20) { exit(); } } end { clear(@go); }'

reaches_main() {
    expect_status 0
    expect_match '^        main\+'
    expect_out '@good: 20'
    expect_no_match 'unwind failure'
}

begin_case "a process that was not known"
if needs root && needs btf; then
    "$programs/unwound" spin 300 &
    pid=$!
    await_program $pid unwound
    spinning_here=$(printf '%s' "$spinning" | sed "s!PROGRAM!$programs/unwound!g; s!/@go.pid./!/pid == $pid/!")
    sonde -e "$spinning_here"
    kill $pid
    reaches_main
fi

for program in unwound unwound-static; do
    begin_case "$program: a command that becomes another program"
    if needs root && needs btf; then
        sonde -c "env $programs/$program spin 300" \
            -e "$(printf "%s" "$spinning" | sed "s!PROGRAM!$programs/$program!g")"
        reaches_main
    fi
done

begin_case "ustack by unwind tables, if the script says so"
if needs root && needs btf; then
    sonde -c "$programs/unwound chains" -e "config = { unwind_tables = true }
        uprobe:$programs/unwound:report /arg0 == 9/ { print(ustack); print(ustack(build_id)); }"
    expect_status 0
    expect_match '^        c_ends_in_call\+'
    expect_match '^        main\+'
    expect_match '^[0-9a-f]{40} 0x[0-9a-f]+$'
fi

# What came before is told from what was not followed.
begin_case "a limit, the modes, len, as part of a key and as a value"
if needs root && needs btf; then
    sonde -c "$programs/unwound chains" -e "uprobe:$programs/unwound:report /arg0 == 3/ {
        @a[dw_ustack(3), tid > 0] = count(); @b[dw_ustack(raw, 2)] = count();
        @c = len(dw_ustack(100)); @d = dw_ustack(perf, 2); @e[dw_ustack(0)] = count();
        print((1, dw_ustack(1))); @f[dw_ustack()] = len(dw_ustack); }"
    expect_status 0
    expect_out '@c: 100'
    expect_match '^        c_recursion\+[0-9]+@?.*$'
    expect_match '^	[0-9a-f]+ report\+0 \(.*/unwound\)$'
    expect_match '^[0-9a-f]+$'
    check "the whole stack is as deep as its limit" grep -q '^\]: 12[0-9]$' "$tmp/out"
fi

# Each run of a file that was touched is another file: 14 of them need more than there is room for,
# so that those of which nothing runs any more are dropped, but nothing of what runs all the time.
begin_case "tables of files that nobody runs any more make room for others"
if needs root && needs btf; then
    cp "$programs/many_rows" "$tmp/steady"
    cp "$programs/many_rows" "$tmp/passing"
    sonde_start --unsafe -e 'tracepoint:syscalls:sys_enter_getppid /comm == "steady" || comm == "passing"/ {
            $whole = len(dw_ustack) > 20;
            if ($whole) { @whole[comm, pid] = 1; } else if (@whole[comm, pid]) { @lost[comm] = count(); }
            if ($whole && comm == "passing") { signal("KILL"); } }
        end { print((len(@whole), "whole")); clear(@whole); }'
    "$tmp/steady" 1000 &
    steady=$!
    for i in $(seq 14); do
        touch "$tmp/passing"
        "$tmp/passing" 60 2>/dev/null
    done
    kill $steady
    wait $steady 2>/dev/null
    sonde_stop
    expect_status 0
    expect_out '(15, whole)'
    expect_no_match '@lost'
fi

begin_case "where user space is far, or there is none"
if needs root && needs btf; then
    sonde -c "$programs/target" -e 'begin { print(dw_ustack); }'
    expect_status 1
    expect_err "The dw_ustack builtin can not be used with 'begin' probes"
fi

begin_case "the first stack of a program that ran before is whole"
if needs root && needs btf; then
    "$programs/target" 1000000 1000 >/dev/null &
    target_pid=$!
    await_program "$target_pid" target
    sonde -e "uprobe:$programs/target:target_inner /pid == $target_pid/ { print(dw_ustack); exit(); }"
    kill "$target_pid"
    wait "$target_pid" 2>/dev/null
    expect_status 0
    expect_match '^        main\+[0-9]+@?.*$'
fi

# Nothing is known of the process, but of its files, at the latest from the first run on.
begin_case "the first stack of a new process is whole"
if needs root && needs btf && needs kernel:6.1; then
    sonde_start -e "uprobe:$programs/unwound:report { printf(\"user %d\\n\", arg0); print(dw_ustack); }
        tracepoint:syscalls:sys_enter_getppid /comm == \"unwound\"/ { print(dw_ustack); }"
    "$programs/unwound" chains >/dev/null
    sleep 2
    for i in $(seq 10); do
        "$programs/unwound" chains >/dev/null
    done
    sonde_stop
    expect_status 0
    awk '/^user 1$/ { runs++ } runs > 1' "$tmp/out" >"$tmp/runs"
    check "no stack ends early" test "$(grep -c 'unwind failure' "$tmp/runs")" = 0
    check "200 stacks, of which 20 are of a thread" \
        test "$(grep -c '^user' "$tmp/runs") $(grep -c '^        main+' "$tmp/runs")" = "100 180"
fi

begin_case "a stack that ends early says why"
if needs root && needs btf; then
    sonde -v -c "$programs/unwound chains" -e "uprobe:$programs/unwound:report {
        print(dw_ustack); exit(); }"
    expect_status 0
    expect_no_match 'unwind failure'
    sonde -c "$programs/unwound chains" -e "uprobe:$programs/unwound:report { print(ustack(3)); exit(); }"
    expect_no_match 'unwind failure'
fi

# The kernel has put an address of its own in place of the returns that are waited for: of the
# same place twice, where a function ends in a call of another.
begin_case "callers whose return a uretprobe waits for"
if needs root && needs btf; then
    sonde -c "$programs/unwound chains" -e "$(printf "%s" "$script" | sed "s!PROGRAM!$programs/unwound!")
        uretprobe:$programs/unwound:c_small, uretprobe:$programs/unwound:c_tail,
        uretprobe:$programs/unwound:c_recursion, uretprobe:$programs/unwound:c_signal,
        uretprobe:$programs/unwound:c_handler, uretprobe:$programs/unwound:c_many { @++; }"
    expect_status 0
    compare_chains user 10
    compare_chains kernel 10
fi

begin_case "the same by frame pointers, which is the kernel's work"
if needs root; then
    sonde -c "$programs/inlined" -e "uprobe:$programs/inlined:inlined_last { print(ustack); exit(); }
        uretprobe:$programs/inlined:inlined_work { @++; }"
    expect_status 0
    if kernel_at_least 6.11; then
        expect_match '^        main\+'
        expect_no_match 'uprobes'
    else
        expect_match '^        \[uprobes\]\+0$'
    fi
fi

begin_case "from where a function returns to"
if needs root && needs btf; then
    sonde -c "$programs/unwound chains" -e "uretprobe:$programs/unwound:c_leaf,
        uretprobe:$programs/unwound:c_small { @[dw_ustack(3)] = count(); }"
    expect_status 0
    expect_match '^        c_small\+'
    expect_match '^        c_large\+'
    expect_no_match 'unwind failure'
    expect_no_match 'uprobes'
fi
end_tests
