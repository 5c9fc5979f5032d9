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

begin_case "an installed library goes into a program that is built as usual"
if needs make && needs cc && needs pkg-config; then
    make -s -C "$(dirname "$0")/../.." install DESTDIR="$tmp" PREFIX=/usr >/dev/null 2>"$tmp/err"
    cc -o "$tmp/table" "$(dirname "$0")/../../examples/syscall_table.c" \
        $(PKG_CONFIG_PATH=$tmp/usr/lib/pkgconfig pkg-config --define-variable=prefix="$tmp/usr" \
        --cflags --libs sonde) 2>>"$tmp/err"
    check "it links" [ -x "$tmp/table" ]
    check "without a word" [ ! -s "$tmp/err" ]
fi

end_tests
