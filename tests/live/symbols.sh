# Names for addresses: kernel, programs that run, that have ended, that are deleted.
. "$(dirname "$0")/lib.sh"

calls=$TESTS/programs/syscalls
target=$(readlink -f "$TESTS/programs/target")

begin_case "kernel: ksym of an address, and inside of a function"
if needs root && needs function:vfs_read; then
    sonde -e 'begin { $a = kaddr("vfs_read"); print(ksym($a)); print(ksym($a + 4)); exit(); }'
    expect_status 0
    expect_output 'vfs_read
vfs_read

'
fi

# Before 6.12 a program at a system call's event finds the user's registers only.
begin_case "kernel: stacks in all forms"
if needs root && needs kernel:6.12; then
    sonde -c "$calls getppid 10" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ {
        @b[kstack(3)] = count(); @p[kstack(perf, 3)] = count(); @r[kstack(raw, 3)] = count(); }'
    expect_status 0
    expect_match '^        [a-zA-Z0-9_.]+\+[0-9]+$'
    expect_match '^	[0-9a-f]+ [a-zA-Z0-9_.]+\+[0-9]+$'
    expect_match '^[0-9a-f]{16}$'
    expect_out ']: 10'
fi

begin_case "user: a command that has ended when its stack is printed"
sonde -c "$target" -e "uprobe:$target:target_inner { @s[ustack] = count(); @f[func] = count();
    @u[usym(reg(\"ip\"))] = count(); }"
expect_status 0
expect_match '^        target_inner\+0@/.*/target\.c:[0-9]+$'
expect_match '^        target_outer\+[0-9]+@/.*/target\.c:[0-9]+$'
expect_match '^        main\+[0-9]+@/.*/target\.c:[0-9]+$'
expect_out '@f[target_inner]: 1'
expect_out '@u[target_inner]: 1'

begin_case "user: frames with their file, and as numbers"
sonde -c "$target" -e "uprobe:$target:target_add { @p[ustack(perf, 1)] = count(); @r[ustack(raw, 1)] = count(); }"
expect_match "^	[0-9a-f]+ target_add\\+0 \\($target\\)\$"
expect_match '^[0-9a-f]+$'

# The first frame is the probed instruction: its offset is where the file has it.
begin_case "user: frames by build id, in records, keys and tuples"
sonde -c "$target" -e "uprobe:$target:target_inner { @[ustack(build_id)] = count();
    printf(\"%s\", ustack(build_id, 2)); print((len(ustack(build_id, 3)), ustack(build_id, 1))); }"
expect_status 0
expect_match '^\(3, $'
expect_match '^[0-9a-f]{40} 0x[0-9a-f]{2,}$'
first=$(grep -E -m 1 '^[0-9a-f]{40} ' "$tmp/out")
check "the same first frame three times" [ "$(grep -cxF -e "$first" "$tmp/out")" = 3 ]
check "one file in two frames" \
    [ "$(sed '3q' "$tmp/out" | grep -c "^${first% *} ")" = 2 ]

begin_case "user: frames by build id where a file has none"
sonde -e "config = { stack_mode = build_id } begin { print(ustack); exit(); }"
expect_status 0
expect_match '^([0-9a-f]{40} 0x)?[0-9a-f]+$'

begin_case "user: stacks as JSON"
sonde -f json -c "$target" -e "config = { show_debug_info = false } uprobe:$target:target_inner { @[ustack(1)] = count(); print(ustack(1)); }"
expect_out '{"type": "value", "data": "\n        target_inner+0\n"}'
expect_out '{"type": "map", "data": {"@": {"\ntarget_inner+0\n": 1}}}'

begin_case "user: any program that started and ended meanwhile"
cp "$target" "$tmp/short"
sonde_start -e "uprobe:$tmp/short:target_add { @[ustack(1)] = count(); }"
"$tmp/short"
"$tmp/short"
sonde_stop
expect_status 0
check "two stacks, each named" [ "$(grep -c '^        target_add+0@' "$tmp/out")" = 2 ]

# What the kernel tells lies in a buffer for each CPU.
begin_case "user: programs that are forked on one CPU and execute on another"
if ! taskset -c 1 true 2>/dev/null; then
    skip_case "there is no taskset, or no second CPU"
else
    cp "$target" "$tmp/moved"
    sonde_start -e "uprobe:$tmp/moved:target_add { @[ustack(1)] = count(); }"
    taskset -c 1 sh -c "taskset -c 0 $tmp/moved; taskset -c 0 $tmp/moved; :" >/dev/null
    taskset -c 0 sh -c "taskset -c 1 $tmp/moved; taskset -c 1 $tmp/moved; :" >/dev/null
    sonde_stop
    expect_status 0
    check "four stacks, each named" [ "$(grep -c '^        target_add+0@' "$tmp/out")" = 4 ]
fi

# It runs before anything is attached, and neither starts nor maps anything since.
begin_case "user: a program that ran already, and has ended when it is printed"
"$target" 40 50000 >/dev/null &
early=$!
await_program "$early" target
sonde_start -e "uprobe:$target:target_add /pid == $early/ { @[ustack(1), usym(reg(\"ip\")), func] = count(); }"
wait "$early"
sonde_stop
expect_status 0
expect_match '^        target_add\+0@'
expect_match ', target_add, target_add\]: [0-9]+$'

# What is there now is not what ran: no name is better than a wrong one.
begin_case "user: a program that was replaced after its end"
cp "$target" "$tmp/replaced"
cp "$TESTS/programs/inlined" "$tmp/other"
sonde_start -e "uprobe:$tmp/replaced:target_add { @[ustack(perf, 1)] = count(); }"
"$tmp/replaced"
mv "$tmp/other" "$tmp/replaced"
sonde_stop
expect_status 0
expect_match "^	[0-9a-f]+ 0x[0-9a-f]+ \\($tmp/replaced\\)\$"

begin_case "user: with -v a name that is missing says why"
cp "$target" "$tmp/replaced"
sonde_start -v -e "uprobe:$tmp/replaced:target_add { @[ustack(1)] = count(); }"
"$tmp/replaced"
rm "$tmp/replaced"
sonde_stop
expect_match "^ +0x[0-9a-f]+ <the file cannot be opened, or is another now: $tmp/replaced>\$"

begin_case "user: a program that was overwritten after its end"
cp "$target" "$tmp/replaced"
sonde_start -e "uprobe:$tmp/replaced:target_add { @[usym(reg(\"ip\"))] = count(); }"
"$tmp/replaced"
sleep 0.1
cat "$TESTS/programs/inlined" >"$tmp/replaced"
sonde_stop
expect_match '^@\[0x[0-9a-f]+\]: [0-9]+$'

# The program knows its chain: it prints the lines that a stack must show.
inlined=$(readlink -f "$TESTS/programs/inlined")

begin_case "user: lines and inlined functions"
sonde -c "$inlined" -e "uprobe:$inlined:inlined_last { print(ustack); }"
expect_status 0
grep -oE '(inner|outer|inlined_work|main)(\+[0-9]+)?@.*/inlined\.c:[0-9]+' "$tmp/out" |
    sed -E 's/(\+[0-9]+)?@.*:/ /' >"$tmp/seen"
grep -E '^[a-z_]+ [0-9]+$' "$tmp/out" >"$tmp/known"
check "the chain that the program knows" cmp "$tmp/seen" "$tmp/known"
check "four functions" [ "$(wc -l <"$tmp/known")" = 4 ]
check "two inlined" [ "$(grep -cE '^        \[inlined\] (inner|outer)@' "$tmp/out")" = 2 ]

compile_chain() { # COMPILER FLAGS...
    (cd "$tmp" && "$@" -O1 -fno-omit-frame-pointer -c inlined.c -o form.o &&
        "$1" -o form form.o) 2>"$tmp/err" || bad "does not compile: $*"
}

# The chain that a program knows: PROGRAM WHAT
check_chain() {
    sonde -c "$1" -e "uprobe:$1:inlined_last { print(ustack); }"
    grep -oE '(inner|outer|inlined_work|main)(\+[0-9]+)?@.*/inlined\.c:[0-9]+' "$tmp/out" |
        sed -E 's/(\+[0-9]+)?@.*:/ /' >"$tmp/seen"
    grep -E '^[a-z_]+ [0-9]+$' "$tmp/out" >"$tmp/known"
    expect_status 0
    [ -s "$tmp/known" ] || bad "the program told no chain: $2"
    cmp -s "$tmp/seen" "$tmp/known" || bad "not the chain that the program knows: $2"
}

source=$(dirname "$0")/../programs/inlined.c
for cc in gcc clang-19; do
    begin_case "user: lines and inlined functions of DWARF 4 and 5, packed, split: $cc"
    if [ ! -e "$source" ]; then
        skip_case "the tests' programs are here without their source"
    elif needs $cc; then
        cp "$source" "$tmp/inlined.c"
        for flags in -gdwarf-4 -gdwarf-5 "-gdwarf-5 -gz" "-gdwarf-4 -gsplit-dwarf" \
            "-gdwarf-5 -gsplit-dwarf"; do
            compile_chain $cc $flags
            check_chain "$tmp/form" "$cc $flags"
        done
    fi
done

# Not where it was built; and so large that the file is mapped, not read.
begin_case "user: split debug information beside a large program that was moved"
if [ ! -e "$source" ]; then
    skip_case "the tests' programs are here without their source"
elif needs gcc; then
    cp "$source" "$tmp/inlined.c"
    compile_chain gcc -gdwarf-5 -gsplit-dwarf
    mkdir "$tmp/split"
    mv "$tmp/form" "$tmp"/*.dwo "$tmp/split"
    check_chain "$tmp/split/form" "moved"
    truncate -s 300M "$tmp/split/form"
    check_chain "$tmp/split/form" "moved and large"
    rm "$tmp/split"/*.dwo
    sonde -v -c "$tmp/split/form" -e "uprobe:$tmp/split/form:inlined_last { print(ustack(2)); }"
    expect_match '^        inlined_work\+[0-9]+@.*/inlined\.c:[0-9]+ <no inlined functions: the \.dwo file is missing, \.dwp files are not read>$'
    sonde -c "$tmp/split/form" -e "uprobe:$tmp/split/form:inlined_last { print(ustack(2)); }"
    expect_match '^        inlined_work\+[0-9]+@.*/inlined\.c:[0-9]+$'
    rm -r "$tmp/split"
fi

begin_case "user: inlined functions in perf's form, which has no lines"
sonde -c "$inlined" -e "uprobe:$inlined:inlined_last { print(ustack(perf)); }"
expect_match '^	[0-9a-f]+ inner \(inlined\)$'
expect_match "^	[0-9a-f]+ inlined_work\\+[0-9]+ \\($inlined\\)\$"
expect_no_match 'inlined\.c'

begin_case "user: no lines if they are not wanted"
BPFTRACE_SHOW_DEBUG_INFO=0 sonde -c "$inlined" -e "uprobe:$inlined:inlined_last { print(ustack); }"
expect_out '        inlined_last+0'
expect_no_match 'inlined\.c|\[inlined\]'

# What strip takes away is found by debuglink beside the program and in .debug there.
begin_case "user: a separate debug file"
if needs objcopy; then
    cp "$inlined" "$tmp/apart"
    objcopy --only-keep-debug "$tmp/apart" "$tmp/apart.dbg"
    at=$(nm "$tmp/apart" | sed -n 's/^0*\([0-9a-f]*\) T inlined_last$/0x\1/p')
    strip "$tmp/apart"
    (cd "$tmp" && objcopy --add-gnu-debuglink=apart.dbg apart)
    sonde -c "$tmp/apart" -e "uprobe:$tmp/apart:$at { print(ustack); }"
    expect_match '^        \[inlined\] inner@/.*/inlined\.c:[0-9]+$'
    mkdir "$tmp/.debug"
    mv "$tmp/apart.dbg" "$tmp/.debug/"
    sonde -c "$tmp/apart" -e "uprobe:$tmp/apart:$at { print(ustack); }"
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
    echo changed >>"$tmp/.debug/apart.dbg"
    sonde -c "$tmp/apart" -e "uprobe:$tmp/apart:$at { print(ustack); }"
    expect_no_match 'inlined_last'
fi

begin_case "user: a separate debug file in a folder that is named"
if needs objcopy; then
    mkdir "$tmp/named"
    cp "$inlined" "$tmp/named/apart"
    objcopy --only-keep-debug "$tmp/named/apart" "$tmp/named.dbg"
    at=$(nm "$tmp/named/apart" | sed -n 's/^0*\([0-9a-f]*\) T inlined_last$/0x\1/p')
    strip "$tmp/named/apart"
    (cd "$tmp" && objcopy --add-gnu-debuglink=named.dbg named/apart)
    mkdir -p "$tmp/elsewhere" "$tmp/named/below"
    mv "$tmp/named.dbg" "$tmp/elsewhere/"
    sonde -c "$tmp/named/apart" -e "uprobe:$tmp/named/apart:$at { print(ustack(1)); }"
    expect_no_match 'inlined_last'
    sonde --debuginfo "/nowhere:+$tmp/elsewhere" -c "$tmp/named/apart" \
        -e "uprobe:$tmp/named/apart:inlined_last { print(ustack(1)); }"
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
    mv "$tmp/elsewhere/named.dbg" "$tmp/named/below/"
    sonde --debuginfo below -c "$tmp/named/apart" \
        -e "uprobe:$tmp/named/apart:inlined_last { print(ustack(1)); }"
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
    id=$(readelf -n "$tmp/named/apart" | sed -n 's/.*Build ID: //p')
    mkdir -p "$tmp/elsewhere/.build-id/$(echo "$id" | cut -c1-2)"
    mv "$tmp/named/below/named.dbg" \
        "$tmp/elsewhere/.build-id/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-).debug"
    sonde --debuginfo /nowhere --debuginfo "$tmp/elsewhere" -c "$tmp/named/apart" \
        -e "uprobe:$tmp/named/apart:inlined_last { print(ustack(1)); }"
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
fi

# A server of debug files: what debuginfod clients ask for is /buildid/ID/debuginfo.
begin_case "user: a separate debug file from a server"
fetches() {
    DEBUGINFOD_URLS=$1 DEBUGINFOD_CACHE_PATH=$2 \
        sonde --unsafe -c "$tmp/far" -e "uprobe:$tmp/far:$at { print(ustack(1)); }"
}
if ! ldconfig -p 2>/dev/null | grep -q 'libdebuginfod\.so\.1'; then
    skip_case "libdebuginfod is not installed"
elif needs objcopy && needs python3; then
    cp "$inlined" "$tmp/far"
    at=$(nm "$tmp/far" | sed -n 's/^0*\([0-9a-f]*\) T inlined_last$/0x\1/p')
    id=$(readelf -n "$tmp/far" | sed -n 's/.*Build ID: //p')
    mkdir -p "$tmp/served/buildid/$id" "$tmp/wrong/buildid/$id"
    objcopy --only-keep-debug "$tmp/far" "$tmp/served/buildid/$id/debuginfo"
    cp "$target" "$tmp/wrong/buildid/$id/debuginfo"
    strip "$tmp/far"
    python3 -u -m http.server --bind 127.0.0.1 --directory "$tmp" 0 >"$tmp/server" 2>&1 &
    server=$!
    await_program "$server" python3
    i=0
    while ! grep -q port "$tmp/server" && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
    url=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$tmp/server")
    fetches "$url/wrong" "$tmp/cache-wrong"
    expect_no_match 'inlined_last'
    fetches '' "$tmp/cache"
    expect_no_match 'inlined_last'
    fetches "$url/served" "$tmp/cache"
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
    sonde --unsafe -v -c "$tmp/far" -e "uprobe:$tmp/far:$at { print(ustack(1)); }"
    expect_match "^        0x[0-9a-f]+ <no symbols in the file, and no debug file: $tmp/far>\$"
    kill "$server"
    wait "$server" 2>/dev/null
    fetches "$url/served" "$tmp/cache"
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
fi

# A server that takes connections, tells of each, and holds its tongue, or closes them.
silent_start() { # [closes]
    cat >"$tmp/silent.py" <<END
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print("port", s.getsockname()[1], flush=True)
taken = []
while True:
    taken.append(s.accept())
    print("taken", flush=True)
    if sys.argv[1:]:
        taken.pop()[0].close()
END
    : >"$tmp/server"	# the one before told its port
    python3 "$tmp/silent.py" "$@" >"$tmp/server" 2>&1 &
    server=$!
    await_line port "$tmp/server"
    url=http://127.0.0.1:$(sed -n 's/port //p' "$tmp/server")
}

await_line() { # TEXT FILE
    i=0
    while ! grep -q "$1" "$2" && [ $i -lt 400 ]; do sleep 0.05; i=$((i + 1)); done
}

silent_end() { # [QUESTIONS]
    check "${1:-1} questions to the server" [ "$(grep -c taken "$tmp/server")" = "${1:-1}" ]
    kill "$server"
    wait "$server" 2>/dev/null
}

# Until sonde ends by itself, or is ended.
await_end() {
    i=0
    while kill -0 "$sonde_pid" 2>/dev/null && [ $i -lt 400 ]; do sleep 0.05; i=$((i + 1)); done
    check "an end within 20 s" [ $i -lt 400 ]
    kill -KILL "$sonde_pid" 2>/dev/null
    wait "$sonde_pid"
    status=$?
}

# Start sonde with the servers and the cache that are named: URLS CACHE ARGS...
asking_start() {
    export DEBUGINFOD_URLS="$1" DEBUGINFOD_CACHE_PATH="$tmp/$2"
    shift 2
    sonde_start --unsafe "$@"
    unset DEBUGINFOD_URLS DEBUGINFOD_CACHE_PATH
}

# Two programs without symbols: $tmp/far, and $tmp/farther, which is $there at its start.
can_ask() {
    ldconfig -p 2>/dev/null | grep -q 'libdebuginfod\.so\.1' ||
        { skip_case "libdebuginfod is not installed"; return 1; }
    needs objcopy && needs python3 || return 1
    cp "$target" "$tmp/farther"
    there=$(nm "$tmp/farther" | sed -n 's/^0*\([0-9a-f]*\) T target_inner$/0x\1/p')
    strip "$tmp/farther"
}

unanswered='no symbols in the file; no server of debug files was asked, or none answered'

begin_case "user: Ctrl-C ends the waiting for a server, and none is asked any more"
if can_ask; then
    silent_start
    asking_start "$url" cache-silent -e "uprobe:$tmp/far:$at, uprobe:$tmp/farther:$there {
        print(ustack(1)); @[ustack(1)] = count(); }"
    "$tmp/far" >/dev/null
    "$tmp/farther" >/dev/null
    await_line '^Waiting for the servers of DEBUGINFOD_URLS' "$tmp/err"
    kill -INT "$sonde_pid"
    await_end
    silent_end
    expect_status 0
    check "it said that it waits, once" [ "$(grep -c '^Waiting for' "$tmp/err")" = 1 ]
    check "the map with both addresses" \
        [ "$(sed -n '/^@\[/,$p' "$tmp/out" | grep -cE '^        0x[0-9a-f]+$')" = 2 ]
fi

# Ctrl-C, and what is printed then: addresses.
expect_printed_without_names() {
    kill -INT "$sonde_pid"
    await_end
    silent_end
    expect_status 0
    expect_match '^        0x[0-9a-f]+$'
}

# With the same cache: that the waiting was ended is no answer that would be kept there.
begin_case "user: Ctrl-C while a map is printed ends the waiting, not the printing"
if can_ask; then
    silent_start
    asking_start "$url" cache-silent -e "uprobe:$tmp/far:$at {
        @a[ustack(1)] = count(); @b[usym(reg(\"ip\"))] = count(); @c = 7; exit(); }"
    "$tmp/far" >/dev/null
    await_line taken "$tmp/server"
    expect_printed_without_names
    expect_match '^@b\[0x[0-9a-f]+\]: 1$'
    expect_out '@c: 7'
fi

# Nothing was asked before: the map alone is to have names.
begin_case "user: after Ctrl-C a server is waited for two seconds, and not for each file"
if can_ask; then
    silent_start
    asking_start "$url" cache-silent -e "uprobe:$tmp/far:$at, uprobe:$tmp/farther:$there {
        @[ustack(1)] = count(); }"
    "$tmp/far" >/dev/null
    "$tmp/farther" >/dev/null
    kill -INT "$sonde_pid"
    await_end
    silent_end
    expect_status 0
    expect_err '^Waiting for the servers of DEBUGINFOD_URLS'
    expect_err '^Servers of debug files are not waited for any longer: 2 seconds after Ctrl-C, no more$'
    check "the map with both addresses" \
        [ "$(sed -n '/^@\[/,$p' "$tmp/out" | grep -cE '^        0x[0-9a-f]+$')" = 2 ]
fi

begin_case "user: after Ctrl-C another one ends the waiting, not the printing"
if can_ask; then
    silent_start
    asking_start "$url" cache-silent -e "uprobe:$tmp/far:$at {
        @a[ustack(1)] = count(); @b[usym(reg(\"ip\"))] = count(); @c = 7; }"
    "$tmp/far" >/dev/null
    kill -INT "$sonde_pid"
    await_line taken "$tmp/server"
    expect_printed_without_names
    expect_out '@c: 7'
fi

begin_case "user: a server that answers after Ctrl-C"
if can_ask; then
    python3 -u -m http.server --bind 127.0.0.1 --directory "$tmp" 0 >"$tmp/server" 2>&1 &
    server=$!
    await_program "$server" python3
    await_line port "$tmp/server"
    asking_start "http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$tmp/server")/served" cache-late \
        -e "uprobe:$tmp/far:$at { @[ustack(1)] = count(); }"
    "$tmp/far" >/dev/null
    sonde_stop
    kill "$server"
    wait "$server" 2>/dev/null
    expect_status 0
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
fi

begin_case "user: a server that did not answer in time is not asked again"
if can_ask; then
    silent_start
    export DEBUGINFOD_TIMEOUT=2
    asking_start "$url" cache-silent -v -e "uprobe:$tmp/far:$at { print(ustack(1)); }
        uprobe:$tmp/farther:$there { print(ustack(1)); exit(); }"
    unset DEBUGINFOD_TIMEOUT
    "$tmp/far" >/dev/null
    "$tmp/farther" >/dev/null
    await_end
    silent_end
    expect_status 0
    expect_match "^        0x[0-9a-f]+ <$unanswered: $tmp/far>\$"
    expect_match "^        0x[0-9a-f]+ <$unanswered: $tmp/farther>\$"
fi

# Nobody listens at the port of the server that has ended.
begin_case "user: a server that cannot be reached"
if can_ask; then
    asking_start "$url" cache-silent -v -e "uprobe:$tmp/far:$at { print(ustack(1)); exit(); }"
    "$tmp/far" >/dev/null
    await_end
    expect_status 0
    expect_match "^        0x[0-9a-f]+ <$unanswered: $tmp/far>\$"
fi

# Symbols and lines are wanted of each.
begin_case "user: several servers, which fail at once, are asked once for each file"
if can_ask; then
    silent_start closes
    asking_start "$url http://127.0.0.1:1" cache-silent -e "uprobe:$tmp/far:$at {
        print(ustack(1)); } uprobe:$tmp/farther:$there { print(ustack(1)); exit(); }"
    "$tmp/far" >/dev/null
    "$tmp/farther" >/dev/null
    await_end
    silent_end 2
    expect_status 0
fi

begin_case "user: what a server has sent before is there after Ctrl-C"
if can_ask; then
    asking_start "$url" cache -e "uprobe:$tmp/far:$at { @[ustack(1)] = count(); }"
    "$tmp/far" >/dev/null
    sonde_stop
    expect_status 0
    expect_match '^        inlined_last\+0@/.*/inlined\.c:[0-9]+$'
fi

# Fedora's form: local functions packed into the file itself.
begin_case "user: symbols in .gnu_debugdata"
if needs objcopy && needs xz; then
    cp "$inlined" "$tmp/mini"
    objcopy --only-keep-debug "$tmp/mini" "$tmp/mini.dbg"
    strip --strip-debug "$tmp/mini.dbg"
    xz -k "$tmp/mini.dbg"
    at=$(nm "$tmp/mini" | sed -n 's/^0*\([0-9a-f]*\) T inlined_last$/0x\1/p')
    strip "$tmp/mini"
    objcopy --add-section .gnu_debugdata="$tmp/mini.dbg.xz" "$tmp/mini"
    sonde -c "$tmp/mini" -e "uprobe:$tmp/mini:$at { print(ustack(2)); }"
    expect_out '        inlined_last+0'
fi

begin_case "user: an executable that was deleted"
cp "$target" "$tmp/gone"
"$tmp/gone" 1000000 1000 &
gone=$!
sonde_start -p "$gone" -e "uprobe:$tmp/gone:target_inner { @[usym(reg(\"ip\"))] = count(); }"
rm -f "$tmp/gone"
sleep 0.3
sonde_stop
kill "$gone"
wait "$gone" 2>/dev/null
expect_match '^@\[target_inner\]: [0-9]+$'

# It ends with the session.
jit=$TESTS/programs/jit
begin_case "user: code made at run time"
sonde -c "$jit" -e "uprobe:$jit:jit_inner { printf(\"pid %d\\n\", pid); print(ustack(3)); exit(); }"
expect_match '^        made_at_run_time\+[0-9]+$'
rm -f "/tmp/perf-$(sed -n 's/^pid //p' "$tmp/out").map"

begin_case "user: code made at run time, of a process with its own numbers and its own /tmp"
if ! unshare -m -p -f --kill-child --mount-proc true 2>/dev/null; then
    skip_case "unshare cannot make namespaces here"
else
    cat >"$tmp/inside" <<END
exec 9<"$jit" && mount -t tmpfs none /tmp && exec /proc/self/fd/9
END
    sonde_start -e "uprobe:$jit:jit_inner { print(ustack(3)); exit(); } interval:s:20 { exit(); }"
    unshare -m -p -f --kill-child --mount-proc sh "$tmp/inside" &
    inside=$!
    wait "$sonde_pid"
    status=$?
    kill -KILL "$inside"
    wait "$inside" 2>/dev/null
    expect_status 0
    expect_match '^        made_at_run_time\+[0-9]+$'
    check "no map outside" [ ! -e /tmp/perf-1.map ]
fi

end_tests
