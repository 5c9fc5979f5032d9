# Probes of user space in one process (-p, -c): all of its threads, also later ones, and none of
# its children. See tests/programs/threads.c.
. "$(dirname "$0")/lib.sh"

P=$TESTS/programs/threads

begin_case "-c: every thread from its begin, no child"
sonde -c "$P" -e "uprobe:$P:work { @u[arg0] = count(); } uretprobe:$P:work { @r = count(); }
usdt:$P:work { @w[arg0] = count(); }"
expect_status 0
for n in 1 2 3 4; do
    expect_out "@u[$n]: 30"
    expect_out "@w[$n]: 30"
done
expect_out '@r: 120'
expect_no_match '\[9\]'

begin_case "-p: threads that are there and threads that come, no child"
"$P" &
child=$!
await_program $child threads
sonde -p $child -e 'uprobe:work { @u[arg0] = count(); } uretprobe:work { @r = count(); }
usdt:work { @w[arg0] = count(); }'
wait $child
expect_status 0
for n in 3 4; do
    expect_match "^@u\[$n\]: [1-9]"
    expect_match "^@w\[$n\]: [1-9]"
done
expect_match '^@r: [1-9]'
expect_no_match '\[9\]'

begin_case "a process with files of its own"
if needs unshare; then
    mkdir "$tmp/inside"
    unshare -m sh -c "mount -t tmpfs none $tmp/inside && cp $P $tmp/inside/own && exec $tmp/inside/own" &
    child=$!
    await_program $child own
    sonde -p $child -e "uprobe:$tmp/inside/own:work { @a = count(); } uprobe:work { @b = count(); }
    usdt:work { @c = count(); } uprobe:*:work { @d = count(); }"
    wait $child
    expect_status 0
    for m in a b c d; do expect_match "^@$m: [1-9]"; done
    check "here there is no such file" [ ! -e "$tmp/inside/own" ]
fi

end_tests
