# Random code of the back end in the kernel: see bpf_random_load.c.
. "$(dirname "$0")/lib.sh"

begin_case "the verifier takes random funcs, and they compute what the IR says"
if needs root && needs kernel:5.12; then	# for fetching atomics
    "$TESTS/live/bpf_random_load" 1 300 >"$tmp/out" 2>"$tmp/err"
    status=$?
    expect_status 0
    expect_out "300 loaded, 0 wrong, 0 refused"
fi

end_tests
