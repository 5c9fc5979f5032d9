# The running system as a target, against what /proc and /sys say: see live_target.c.
. "$(dirname "$0")/lib.sh"

begin_case "facts, features, events and symbols of this machine"
if needs root; then
    "$TESTS/live/live_target" >"$tmp/out" 2>"$tmp/err"
    status=$?
    expect_status 0
    expect_match '^ok live_target$'
    grep '^skip' "$tmp/out" | sed 's/^/    /'
fi

end_tests
