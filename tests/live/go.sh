# Programs of Go: return probes that leave return addresses alone, arguments in Go's registers.
# Needs Go: tools/install-deps go.
. "$(dirname "$0")/lib.sh"

begin_case "arguments, results and methods of a program of Go, which goes on"
if needs go; then
    G=$tmp/gotarget
    HOME=${HOME:-/root} go build -o "$G" "$(dirname "$0")/../programs/gotarget.go" >"$tmp/err" 2>&1
    status=$?
    expect_status 0
    sonde -e "uprobe:$G:main.add { @a[arg0, arg1] = count(); }
    uretprobe:$G:main.add { @r[retval] = count(); }
    uprobe:$G:main.nine { @n[arg0, arg8] = count(); }
    uretprobe:$G:main.nine { @rn[retval, func] = count(); }
    uprobe:$G:\"main.(*point).sum\" { @p[((int64 *)arg0)[0], ((int64 *)arg0)[1], arg1] = count(); }
    uretprobe:$G:main.deep { @deep = count(); }" -c "$G 50"
    expect_status 0
    expect_out 'done'
    expect_out '@a[40, 2]: 200'
    expect_out '@r[42]: 200'
    expect_out '@n[1, 9]: 200'
    expect_out '@rn[45, main.nine]: 200'
    expect_out '@p[3, 4, 5]: 200'
    expect_out '@deep: 200200'
fi

begin_case "returns of many functions of Go, the runtime's included"
if needs go; then
    sonde -e "config = { max_probes = 20000 } uretprobe:$G:main.* { @r[probe] = count(); }
    uretprobe:$G:runtime.mallocgc { @m = count(); } uretprobe:$G:fmt.* { @f = count(); }" -c "$G 20"
    expect_status 0
    expect_out 'done'
    expect_out "@r[uretprobe:$G:main.main]: 1"
    expect_out "@r[uretprobe:$G:main.deep]: 80080"
    expect_match '^@m: [1-9]'
fi

begin_case "more arguments than there are registers"
if needs go; then
    sonde --mode codegen -e "uprobe:$G:main.nine { print(arg9); }"
    expect_status 1
    expect_err 'arg9 of uprobe:.*main.nine cannot be read'
fi

end_tests
