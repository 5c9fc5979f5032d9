# The library by itself: the example program with a table of its own.
. "$(dirname "$0")/lib.sh"

calls=$TESTS/programs/syscalls
example=${EXAMPLES:-$TESTS/../examples}/syscall_table

begin_case "an example program counts system calls by command"
if needs root; then
    $calls hammer 300000000 &
    load=$!
    timeout 60 "$example" 2 >"$tmp/out" 2>"$tmp/err"
    status=$?
    kill $load
    wait $load 2>/dev/null
    expect_status 0
    expect_match '^COMMAND +CALLS$'
    expect_match '^syscalls +[0-9]{4,}$'
    check "two tables" [ "$(grep -c '^COMMAND' "$tmp/out")" = 2 ]
    check "nothing on standard error" [ ! -s "$tmp/err" ]
fi

end_tests
