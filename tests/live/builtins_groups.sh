# Control groups and times: texts that are made of numbers when printed.
. "$(dirname "$0")/lib.sh"

export TZ=UTC
root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)

begin_case "a group's number and its path"
if needs root && { [ -n "$root" ] || { skip_case "no cgroup2 is mounted"; false; }; }; then
    sonde -e "begin { @[cgroup_path(cgroupid(\"$root\"), \"unified\")] = 1;
        print((cgroup_path(cgroupid(\"$root\"), \"uni*\"), cgroup_path(cgroup, \"no such\")));
        print((cgroup_path(99999999), sizeof(cgroup_path(1)), cgroupid(\"$root\") > 0)); exit(); }"
    expect_status 0
    expect_output '(unified:/, )
(, 16, true)


@[unified:/]: 1'
fi

begin_case "a group of one's own"
if needs root && { [ -n "$root" ] || { skip_case "no cgroup2 is mounted"; false; }; }; then
    if mkdir "$root/sonde-test-$$" 2>/dev/null; then
        sonde -e "begin { print(cgroup_path(cgroupid(\"$root/sonde-test-$$\"), \"unified\")); exit(); }"
        rmdir "$root/sonde-test-$$"
        expect_status 0
        expect_out "unified:/sonde-test-$$"
    else
        skip_case "no group can be made"
    fi
fi

begin_case "no such group"
sonde -e 'begin { print(cgroupid("/nonexistent/group")); }'
expect_status 1
expect_err '^stdin:1:15-45: ERROR: Failed to get `cgroupid` for path: "/nonexistent/group": No such file or directory$'

begin_case "each time has the format of its own call"
sonde -e 'begin { $x = strftime("x%Y", (uint64)0); print($x);
    print((strftime("A", nsecs), strftime("B", nsecs), strftime("%%", nsecs(tai))));
    @v = strftime("C", nsecs); @k[strftime("D", nsecs), strftime("E", nsecs)] = 1;
    printf("%s|%s\n", strftime("%H", nsecs) , strftime("F", nsecs)); exit(); }'
expect_status 0
expect_match '^x20[0-9][0-9]$'
expect_out '(A, B, %)'
expect_out '@k[D, E]: 1'
expect_out '@v: C'
expect_match '^[0-2][0-9]\|F$'

end_tests
