# Listing attach points: patterns, scripts, with arguments.
. "$(dirname "$0")/lib.sh"

# Standard output is exactly what the function's standard input is.
expect_listing() {
    cat >"$tmp/wanted"
    check "the listing" diff "$tmp/wanted" "$tmp/out"
}

begin_case "events of perf have a colon behind them"
sonde -l 'software:cpu*'
expect_status 0
expect_listing <<'E'
software:cpu-clock:
software:cpu-migrations:
software:cpu:
E

begin_case "several patterns"
sonde -l 'self:*,profile:*'
expect_listing <<'E'
self:signal:SIGUSR1
profile:hz:
profile:ms:
profile:s:
profile:us:
E

begin_case "nothing that matches is no error"
sonde -l 'tracepoint:nosuchcategory:*'
expect_status 0
expect_listing </dev/null

begin_case "the attach points of a script, in its order"
cat >"$tmp/script.bt" <<'E'
BEGIN { } profile:hz:99, interval:100ms { } interval:s:1 { nonsense() }
label=tracepoint:sched:sched_switch, t:sched:sched_wakeup { } software:cs:10 { } END { }
E
sonde -l "$tmp/script.bt"
expect_status 0
expect_listing <<'E'
profile:hz:
interval:us:
interval:s:
tracepoint:sched:sched_switch
tracepoint:sched:sched_wakeup
software:cs:
E

begin_case "the attach points of -e, with parameters"
sonde -l -e 'tracepoint:$1:sched_switch { }' sched
expect_status 0
expect_listing <<'E'
tracepoint:sched:sched_switch
E

begin_case "a script that makes no sense lists nothing"
sonde -l -e 'software:cs:1 { } nosuch:foo { }'
expect_status 1
expect_listing </dev/null
expect_err 'Invalid probe type: nosuch'

begin_case "what looks like a file and is none"
sonde -l nosuchfile.bt
expect_status 0
expect_err "there is no file 'nosuchfile.bt'"

begin_case "two patterns that are two words"
sonde -l 'software:*' 'hardware:*'
expect_status 1
expect_err 'usage:'

end_tests
