#!/bin/sh
# Watchpoints: memory of a process, of the kernel, and what goes wrong.
. "$(dirname "$0")/lib.sh"

# Machines there are that take a watchpoint and never see it: is this one of them?
watches() {
    needs function:jiffies_64 || return 1
    [ -n "$sees" ] || sees=$(timeout 20 "$SONDE" -q -e "watchpoint:0x$(sed -n 's/ . jiffies_64$//p' /proc/kallsyms):8:w {
        printf(\"seen\\n\"); exit(); } interval:s:3 { printf(\"not\\n\"); exit(); }" 2>/dev/null | head -1)
    [ "$sees" = seen ] || { skip_case "this machine does not see watchpoints"; return 1; }
}

start_watched() {
    mkfifo "$tmp/in"
    "$TESTS/programs/watched" <"$tmp/in" >"$tmp/addresses" &
    watched=$!
    exec 7>"$tmp/in"
    while [ ! -s "$tmp/addresses" ]; do sleep 0.05; done
    read -r variable function <"$tmp/addresses"
}

begin_case "attaching"
start_watched
sonde -p $watched -e "watchpoint:$variable:8:w { @ = count(); } interval:ms:100 { exit(); }"
expect_status 0
expect_err '^Attached 2 probes$'

begin_case "writes of each thread"
if watches; then
    sonde -p $watched -e "watchpoint:$variable:8:w { @[tid == pid] = count(); @pid[pid == $watched, comm] = count();
        @n++; if (@n > 100) { exit(); } }"
    expect_status 0
    expect_match '^@\[true\]: [1-9]'
    expect_match '^@\[false\]: [1-9]'
    expect_match '^@pid\[true, watched\]: '

    begin_case "execution, and the registers"
    sonde -p $watched -e "w:$function:8:x { @[reg(\"ip\") == $function, arg_is(reg(\"$(reg_name arg0)\"))] = count(); @n++; if (@n > 50) { exit(); } }
        fn arg_is(\$v : uint64) : bool { return \$v == 1 || \$v == 2; }"
    expect_status 0
    expect_match '^@\[true, true\]: '

    begin_case "unwatch"
    sonde -p $watched -e "watchpoint:$variable:8:w { @n++; if (@n == 1) { unwatch($variable); } }
        interval:ms:300 { @i++; if (@i == 1) { @before = @n; } if (@i == 3) { printf(\"%d %d\\n\", @before > 0, @n == @before); exit(); } }"
    expect_status 0
    expect_out '1 1'

    begin_case "memory of the kernel"
    sonde -e "w:0x$(sed -n 's/ . jiffies_64$//p' /proc/kallsyms):8:w { @ = count(); exit(); } interval:s:5 { exit(); }"
    expect_status 0
    expect_match '^@: [1-9]'
fi

begin_case "too many, or at a bad address"
sonde -p $watched -e "watchpoint:$((variable + 1)):8:w { }"
expect_status 255
expect_err 'ERROR: Unable to attach probe: watchpoint:[0-9]*:8:w: the processor cannot watch this: the address has to be a multiple of the length'
sonde -p $watched -e "w:$variable:1:w { } w:$((variable + 1)):1:w { } w:$((variable + 2)):1:w { } w:$((variable + 3)):1:w { } w:$((variable + 4)):1:w { }"
expect_status 255
expect_err 'no debug register is free'
exec 7>&-
wait $watched

end_tests
