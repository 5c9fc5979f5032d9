# The runtime without the compiler: see run_hand_image.c.
. "$(dirname "$0")/lib.sh"

begin_case "an image made by hand runs and no count is lost"
if needs root; then
    "$TESTS/live/run_hand_image" >"$tmp/out" 2>"$tmp/err"
    status=$?
    expect_status 0
    expect_out "ok run_hand_image"
fi

end_tests
