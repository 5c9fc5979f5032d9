#!/bin/sh
# Raw tracepoints: several attach points, arguments.
. "$(dirname "$0")/lib.sh"

begin_case "several in one probe"
sonde -c /bin/true -e 'rawtracepoint:sys_enter, rawtracepoint:sys_exit /pid == cpid/ { @[probe] = count(); }'
expect_status 0
expect_match '^@\[rawtracepoint:(vmlinux:)?sys_enter\]: [1-9]'
expect_match '^@\[rawtracepoint:(vmlinux:)?sys_exit\]: [1-9]'

begin_case "a wildcard"
if needs btf; then
    sonde -c /bin/true -e 'rawtracepoint:sched_process_ex* /pid == cpid/ { @[probe] = count(); }'
    expect_status 0
    expect_out '@[rawtracepoint:vmlinux:sched_process_exec]: 1'
    expect_out '@[rawtracepoint:vmlinux:sched_process_exit]: 1'
fi

begin_case "calculating with arguments that are pointers"
if needs btf; then
    sonde -c /bin/true -e 'rawtracepoint:sched_process_exit /pid == cpid/ { @[arg0 >> 1 << 1 == arg0, arg0 * 2 / 2 == arg0 << 1 >> 1, arg0->tgid == cpid] = count(); }'
    expect_status 0
    expect_out '@[true, true, true]: 1'
fi

end_tests
