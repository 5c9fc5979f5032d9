# Records at high and at low rates: none is lost untold, none is late.
. "$(dirname "$0")/lib.sh"

# A name of its own: other tests may run at the same time.
name=calls$$
calls=$tmp/$name
cp "$TESTS/programs/syscalls" "$calls"
script="tracepoint:syscalls:sys_enter_getppid /comm == \"$name\"/ { printf(\"%d %s\\n\", pid, comm); }"

# Lines that were printed, and events that were told to be lost or, where the
# reader was too slow to show them in time after Ctrl-C, not to be shown.
delivered() { grep -c " $name\$" "$tmp/out"; }
lost() {
    local full late
    full=$(sed -n 's/.*Total lost event count: //p' "$tmp/err" | tail -n 1)
    late=$(sed -n 's/.*stopped: \([0-9]*\) events that were.*/\1/p' "$tmp/err")
    echo $((full + late))
}

# Wait until N lines are there, at most half a second.
await() {
    local i=0
    while [ "$(delivered)" != "$1" ] && [ $i -lt 10 ]; do
        sleep 0.05
        i=$((i + 1))
    done
    check "$1 lines by now" [ "$(delivered)" = "$1" ]
}

begin_case "a million events: each is delivered or told to be lost"
sonde_start -e "$script"
$calls getppid 1000000
sonde_stop
expect_status 0
sum=$(($(delivered) + $(lost)))
check "a million events in all, not $sum" [ $sum = 1000000 ]

begin_case "two threads at once"
sonde_start -e "$script"
$calls hammer 200000
sonde_stop
sum=$(($(delivered) + $(lost)))
check "400000 events in all, not $sum" [ $sum = 400000 ]

begin_case "single events come at once, before and after many"
sonde_start -e "$script"
$calls getppid 1
await 1
$calls getppid 1
await 2
$calls getppid 2000
await 2002
$calls getppid 1
await 2003
sleep 0.2
$calls getppid 1
await 2004
sonde_stop
expect_status 0

end_tests
