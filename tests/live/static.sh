# The static build: whole, small, and without need of anything of the system.
. "$(dirname "$0")/lib.sh"
T=$TESTS/programs/target
STATIC=$(dirname "$SONDE")/sonde-static

# In a root directory that has nothing but what is copied there and /proc, /sys.
cat >"$tmp/alone" <<'END'
root=$1
shift
mkdir -p "$root/proc" "$root/sys" "$root/tmp" && mount -t proc proc "$root/proc" &&
    mount --rbind /sys "$root/sys" && exec chroot "$root" "$@"
END
run_alone() { # COMMAND...
    run_command unshare -m sh "$tmp/alone" "$tmp/root" "$@"
}

begin_case "it is static and small"
if ! [ -x "$STATIC" ]; then
    skip_case "make static did not run"
else
    run_command "$STATIC" --info
    expect_status 0
    expect_match '^  linked: statically$'
    expect_match '^  libdw .*: yes$'
    check "at most 4 MiB" [ "$(wc -c <"$STATIC")" -le 4194304 ]
fi

begin_case "it runs where there is nothing else"
if ! [ -x "$STATIC" ]; then
    skip_case "make static did not run"
elif needs unshare && needs btf; then
    mkdir -p "$tmp/root"
    cp "$STATIC" "$tmp/root/sonde"
    run_alone /sonde -e 'begin { printf("%s %d\n", curtask.comm, pid > 0); exit(); }'
    expect_status 0
    expect_out 'sonde 1'
fi

begin_case "programs and their debugging information are read there"
if ! [ -x "$STATIC" ]; then
    skip_case "make static did not run"
elif ! [ -x "$T" ]; then
    skip_case "the test programs are not built"
elif needs unshare; then
    mkdir -p "$tmp/root"
    cp "$STATIC" "$tmp/root/sonde"
    cp "$T" "$tmp/root/target"
    run_alone /sonde -e 'uprobe:/target:target_add { printf("%d %s\n", args.b, ustack(1)); exit(); }' -c "/target"
    expect_status 0
    expect_match '^[0-9]+ $'
    expect_match 'target_add\+'
fi

end_tests
