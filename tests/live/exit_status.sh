# The exit status: a case for each way to end.
. "$(dirname "$0")/lib.sh"

# ---- 0 ----

begin_case "0: begin probes only"
sonde -e 'begin { print(1); }'
expect_status 0

begin_case "0: exit()"
sonde -e 'begin { exit(); }'
expect_status 0

begin_case "0: the command of -c has ended, whatever its own status"
sonde -c "sh -c 'exit\\ 7'" -e 'interval:s:10 { exit(9); }'
expect_status 0

begin_case "0: after SIGINT"
sonde_start -e 'interval:s:60 { } end { print(5); }'
sonde_stop
expect_status 0
expect_out 5

begin_case "0: warnings are no errors"
sonde -e 'begin { 1; $z = (uint64)0; print(5 / $z); exit(); }'
expect_status 0
expect_err 'Return value discarded'

begin_case "0: help and version"
sonde --help
expect_status 0
sonde --version
expect_status 0

begin_case "1: nothing can be written to a closed output; messages stay out of files"
(exec >&-; exec timeout 60 "$SONDE" -e 'begin { printf("x\n"); exit(); }' 2>"$tmp/err")
status=$?
expect_status 1
expect_err '^ERROR: cannot write to standard output: Bad file descriptor'
(exec 2>&-; exec timeout 60 "$SONDE" -o "$tmp/o.txt" -e 'begin { printf("x\n"); exit(); }')
cp "$tmp/o.txt" "$tmp/out"
expect_out x
expect_no_match Attached

begin_case "1: help and version that cannot be written"
if [ -e /dev/full ]; then
    for option in --help -V; do
        timeout 60 "$SONDE" $option >/dev/full 2>"$tmp/err"
        status=$?
        expect_status 1
        expect_err '^ERROR: cannot write to standard output: No space left on device'
    done
fi

# ---- what the script says ----

begin_case "n: exit(n), the low 8 bits"
sonde -e 'begin { exit(7); }'
expect_status 7
sonde -e 'begin { exit(256 + 3); }'
expect_status 3
sonde -e 'interval:ms:10 { exit(4); } end { print(1); }'
expect_status 4

begin_case "n: exit() in an end probe does not undo exit(n)"
sonde -e 'begin { exit(6); } end { print(2); }'
expect_status 6
expect_out 2

# ---- 1: what the user can mend ----

begin_case "1: usage"
sonde
expect_status 1
sonde --nonsense -e 'begin { }'
expect_status 1
expect_err "unrecognized option '--nonsense'"
check "the ways to call it, and no whole help" [ "$(wc -l <"$tmp/err")" = 7 ]
sonde -d nonsense -e 'begin { }'
expect_status 1

begin_case "1: a script that cannot be read"
sonde /nonexistent/script.bt
expect_status 1

begin_case "1: each stage of the compiler"
for script in 'begin { 1 + ; }' 'config = { x = 1 } begin { }' 'import "/nonexistent.bt"; begin { }' \
    'macro m() { m() } begin { m(); }' 'nonsense:x { }' 'begin { print($x); }' \
    '#error no
begin { }' 'begin { exit("a"); }' 'tracepoint:no:such { }'; do
    sonde -e "$script"
    expect_status 1
    expect_err 'ERROR: '
done

begin_case "1: an output file that cannot be opened, or written"
sonde -o /nonexistent/file -e 'begin { exit(); }'
expect_status 1
if [ -e /dev/full ]; then
    sonde -o /dev/full -e 'begin { print(1); exit(); }'
    expect_status 1
fi

begin_case "130, 143: a signal before anything is loaded ends the program at once"
mkfifo "$tmp/never"
for sig in 2 15; do
    "$SONDE" - <>"$tmp/never" >"$tmp/out" 2>"$tmp/err" &
    pid=$!
    # It reads its script when it catches SIGTERM, the 15th.
    until grep -q '^SigCgt:.*[4-7c-f]...$' "/proc/$pid/status"; do sleep 0.02; done
    kill -$sig $pid
    for i in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -e "/proc/$pid/exe" ] || sleep 0.3
    done
    kill -KILL $pid 2>/dev/null
    wait $pid
    status=$?
    expect_status $((128 + sig))
done

begin_case "1: an unknown output format"
sonde -f xml -e 'begin { exit(); }'
expect_status 1

begin_case "1: a command that is not there"
sonde -c /nonexistent/command -e 'begin { }'
expect_status 1

begin_case "1: missing privileges"
if needs root; then
    run_command "$TESTS/programs/refuse" 1 "$SONDE" -e 'begin { exit(); }'
    expect_status 1
    expect_err '^ERROR: could not create map ring: not permitted: '
fi

# ---- 255: the kernel says no ----

begin_case "255: the kernel refuses to load"
if needs root; then
    run_command "$TESTS/programs/refuse" 22 "$SONDE" -e 'begin { exit(); }'
    expect_status 255
    expect_err '^ERROR: '
fi

end_tests
