# Attaching without the compiler, kind by kind: see run_attach.c.
. "$(dirname "$0")/lib.sh"

begin_case "every kind of attach point counts what it should"
if needs root; then
    "$TESTS/live/run_attach" >"$tmp/out" 2>"$tmp/err"
    status=$?
    expect_status 0
    expect_out "ok run_attach"
    grep '^skip' "$tmp/out" | sed 's/^/    /'
fi

end_tests
