# Pictures of stacks: -f folded and its kin, from real stacks.
. "$(dirname "$0")/lib.sh"

target=$(readlink -f "$TESTS/programs/target")

begin_case "folded: a user stack as key, alone and among others"
if needs kernel:6.1; then	# before, the direct caller is not in a stack of a function's begin
sonde -f folded -c "$target 3" -e "config = { print_maps_on_exit = false }
    uprobe:$target:target_inner { @[ustack(3)] = count(); @two[pid == cpid, comm, ustack(2)] = sum(5); }
    end { print(@two); print(@); }"
expect_status 0
expect_output '@;target_outer;target_middle;target_inner 3
@two;true;target;target_middle;target_inner 15'
fi

begin_case "folded: printed and emptied, printed again, and as histogram"
sonde -f folded -c "$target 3" -e "uprobe:$target:target_inner { @[ustack(1)] = hist(5); print(@); clear(@); }
    uprobe:$target:target_outer { @again[ustack(1)] = count(); print(@again); }"
expect_status 0
expect_output '@;target_inner 3
@again;target_outer 3'

begin_case "folded: the rest is text on standard error"
sonde -f folded -c "$target" -e "uprobe:$target:target_inner { @[ustack(1)] = count(); @n = 7; printf(\"said\\n\"); }"
expect_output 'target_inner 1'
expect_err '^said$'
expect_err '^@n: 7$'

# Before 6.12 a program at a system call's event finds the user's registers only.
begin_case "folded: kernel above user, strictly"
calls=$TESTS/programs/syscalls
if needs kernel:6.12; then
    sonde -f folded -c "$calls getppid 10" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        @[kstack, comm, ustack] = count(); }'
    expect_status 0
    expect_match '^syscalls;.*;do_syscall_64;.* 10$'
    expect_no_match ' .* |;;|^;|; '
fi

begin_case "speedscope: a profile for each map"
sonde -f speedscope -c "$target 3" -e "uprobe:$target:target_inner { @a[ustack(2)] = count(); @b[ustack(1)] = count(); }"
expect_status 0
expect_match '"name":"@a","unit":"none","startValue":0,"endValue":3,"samples":\[\[[0-9]+,[0-9]+\]\],"weights":\[3\]'
expect_match '"frames":\[.*\{"name":"target_inner","file":"/.*/target.c"\}'

# Read by the tool that the format is from.
begin_case "pprof: as go tool pprof reads it"
if needs go; then
    sonde -f pprof -o "$tmp/profile" -c "$target 3" -e "uprobe:$target:target_inner { @[comm, ustack(3)] = count(); }"
    expect_status 0
    HOME=$tmp run_command go tool pprof -raw "$tmp/profile"
    expect_match '^ +3: 1 2 3 $'
    expect_match '^ +comm:\[target\]$'
    expect_match '^ +3: 0x[0-9a-f]+ M=1 target_outer /.*/target\.c:[0-9]+ '
    expect_match "^1: .* $target [0-9a-f]{40} \[FN\]"
fi

begin_case "flame: an SVG by an XML parser"
if needs python3; then
    sonde -f flame -o "$tmp/flame.svg" -c "$target 3" -e "uprobe:$target:target_inner { @[comm, ustack] = count(); }
        profile:hz:99 { @all[kstack, ustack, \"<&>\"] = count(); }"
    expect_status 0
    run_command python3 -c '
import sys, xml.etree.ElementTree as tree
svg = tree.parse(sys.argv[1]).getroot()
name = "{http://www.w3.org/2000/svg}"
for g in svg.iter(name + "g"):
    if g.get("class", "").startswith("f "):
        print(g.get("class"), g.find(name + "title").text.split("\n")[0])' "$tmp/flame.svg"
    expect_out 'f user target_inner'
    expect_out 'f key target'
    expect_out 'f map all'
fi

begin_case "pprof: not to a terminal"
if needs script; then
    script -qec "$SONDE -f pprof -e 'begin { @[kstack] = count(); }'" /dev/null >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
    expect_status 1
    expect_match '^ERROR: -f pprof is not for a terminal'
fi

begin_case "folded: nothing to show"
sonde -f folded -e 'begin { @n = 1; }'
expect_status 0
check "no output" [ ! -s "$tmp/out" ]
expect_err '^WARNING: no map with stacks in its key was printed'

begin_case "flame: of tests there is none"
sonde -f flame --test -e 'test:a { printf("x\n"); }'
expect_status 0
check "no picture" [ ! -s "$tmp/out" ]
expect_err '1 test'
expect_no_err WARNING

end_tests
