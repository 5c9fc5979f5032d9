# Probes of functions of programs and libraries: how they are named, and where they may be.
. "$(dirname "$0")/lib.sh"

P=$TESTS/programs/target

begin_case "an offset within a function"
sonde -e "uprobe:$P:target_add+0 { @a = count(); } uprobe:$P:target_add { @b = count(); }" -c "$P"
expect_status 0
expect_out '@a: 2'
expect_out '@b: 2'

# The second instruction; its distance from the first differs from build to build.
begin_case "at each instruction but not between them"
if needs root; then
    good=0 between=0
    for n in 1 2 3 4 5 6; do
        sonde --mode codegen -e "uprobe:$P:target_args+$n { }"
        if [ "$status" = 0 ]; then
            good=$n
        elif grep -q "Could not add uprobe into middle of instruction: $P:target_args+$n" "$tmp/err"; then
            between=$n
        else
            expect_status 0
        fi
    done
    check "an instruction begins within six bytes" [ "$good" -gt 0 ]
    check "and there is a place where none does" [ "$between" -gt 0 ]
    sonde -e "uprobe:$P:target_args+$good { printf(\"%s\n\", probe); }" -c "$P"
    expect_status 0
    expect_out "uprobe:$P:target_args+$good"
    sonde --mode codegen --unsafe -e "uprobe:$P:target_args+$between { }"
    expect_status 0
    expect_err 'WARNING: Could not add uprobe into middle of instruction'
fi

begin_case "an address"
if needs nm; then
    a=$(nm "$P" | awk '$3 == "target_add" { print $1 }')
    sonde -e "uprobe:$P:0x$a { printf(\"%s %s %d\n\", probe, func, arg0); }" -c "$P"
    expect_status 0
    expect_out "uprobe:$P:$((0x$a)) target_add 40"
    sonde --mode codegen -e "uprobe:$P:0x7000000000 { }"
    expect_status 1
    expect_err 'address 0x7000000000 is nowhere in'
fi

begin_case "without a target: the program of the process"
"$P" 300 10000 &
child=$!
await_program $child "$(basename "$P")"
sonde -p $child -e 'uprobe:target_add { @a = count(); } uprobe:*:target_greet { @b = count(); }
uretprobe:target_add { @c = count(); } interval:ms:300 { exit(); }'
kill $child
wait $child 2>/dev/null
expect_status 0
for m in a b c; do expect_match "^@$m: [1-9]"; done

begin_case "files by a pattern, in directories and in PATH"
mkdir -p "$tmp/bin"
cp "$P" "$tmp/bin/one_target"
cp "$P" "$tmp/bin/two_target"
sonde -e "uprobe:$tmp/bin/*_target:target_add { @[probe] = count(); }" -c "$tmp/bin/two_target"
expect_status 0
expect_out "@[uprobe:$tmp/bin/two_target:target_add]: 2"
expect_err '^Attached 2 probes$'
PATH=$tmp/bin:$PATH
sonde -e 'uprobe:*_target:target_add { @n = count(); } uprobe:two_target:target_add { @m = count(); }' -c "$tmp/bin/two_target"
expect_status 0
expect_out '@n: 2'
expect_out '@m: 2'

begin_case "a library by its short name"
sonde --mode codegen -e 'uprobe:libc:malloc { }'
if [ "$status" = 1 ] && grep -q "does not exist" "$tmp/err"; then
    skip_case "there is no libc"
else
    expect_status 0
    sonde -e 'uprobe:libc:getpid { printf("%s\n", probe); } uprobe:libc.so.6:getpid { @ = count(); } begin { exit(); }'
    expect_status 0
fi

begin_case "functions that only choose another one"
if [ -e /lib/x86_64-linux-gnu/libc.so.6 ]; then
    sonde --mode codegen -e 'uprobe:libc:strlen { }'
    expect_status 0
    expect_err 'WARNING: strlen is an indirect function'     # the tag: indirect-function
else
    skip_case "there is no libc of x86-64"
fi

# The kernel looks at instructions when some process has them in its memory.
begin_case "a function that cannot be probed, of a program that does not run yet"
if needs root && needs machine:x86_64; then
    cp "$TESTS/programs/locked" "$tmp/unmapped"
    for without in '' --no-feature=uprobe_multi; do
        sonde $without -c "/bin/touch $tmp/began" -e "uprobe:$tmp/unmapped:locked_second { }"
        expect_status 255
        expect_err "^ERROR: Unable to attach probe: uprobe:$tmp/unmapped:locked_second: the kernel cannot probe the instruction at this place"
        check "the command did not begin" [ ! -e "$tmp/began" ]
        sonde $without --unsafe -c "$tmp/unmapped 1" -e "uprobe:$tmp/unmapped:locked_* { @[func] = count(); }"
        expect_status 0
        check "one warning" [ "$(grep -c '^WARNING: Unable to attach probe: .*:locked_second: ' "$tmp/err")" = 1 ]
        expect_match '^@\[locked_third\]: [1-9]'
        sonde $without -e "config = { missing_probes = warn } begin { printf(\"goes on\\n\"); exit(); } uprobe:$tmp/unmapped:locked_second { }"
        expect_status 0
        expect_err '^WARNING: Unable to attach probe: .*:locked_second: '
        expect_out 'goes on'
        sonde $without -e "config = { missing_probes = ignore } begin { exit(); } uprobe:$tmp/unmapped:locked_second { }"
        expect_status 0
        expect_no_err locked_second
    done
fi

begin_case "the kernel refuses each instruction of which we say so"
if needs root && needs machine:x86_64; then
    run_command "$TESTS/live/insn_refused" "$tmp/code"
    expect_status 0
    expect_match '^ok [0-9]+$'
fi

begin_case "a function that cannot be probed, alone and of a wildcard"
if needs root && needs machine:x86_64; then
    L=$TESTS/programs/locked
    "$L" 60 &
    child=$!
    await_program $child locked
    for without in '' --no-feature=uprobe_multi; do
        sonde $without -e "uprobe:$L:locked_second { }"
        expect_status 255
        expect_err "^ERROR: Unable to attach probe: uprobe:$L:locked_second: the kernel cannot probe the instruction at this place"
        expect_no_err 524
        sonde $without -e "uprobe:$L:locked_* { @[func] = count(); } interval:ms:200 { exit(); }"
        expect_status 0
        check "one warning" [ "$(grep -c '^WARNING: Unable to attach probe: .*:locked_second: ' "$tmp/err")" = 1 ]
        expect_no_err ERROR
        expect_match '^@\[locked_first\]: [1-9]'
        expect_match '^@\[locked_third\]: [1-9]'
        expect_no_match locked_second
        sonde $without -e "uprobe:$L:locked_s* { }"
        expect_status 255
        expect_err '^ERROR: Attachment failed for all probes'
    done
    kill $child
    wait $child 2>/dev/null
fi

begin_case "names of C++"
if needs g++; then
    cat >"$tmp/names.cpp" <<'END'
namespace ns { struct Class { int x; Class(int a); int get(int a); int get(long a, const char *s); }; }
ns::Class::Class(int a) : x(a) { asm volatile(""); }
int ns::Class::get(int a) { asm volatile(""); return x + a; }
int ns::Class::get(long a, const char *s) { asm volatile(""); return (int)a + s[0]; }
int main() { ns::Class c(3); return c.get(4) + c.get(5L, "a") + c.get(6) == 0; }
END
    g++ -g -O1 -fno-inline -o "$tmp/names" "$tmp/names.cpp"
    N=$tmp/names
    sonde -e "uprobe:$N:cpp:\"ns::Class::get\" { @a = count(); } uprobe:$N:cpp:\"ns::Class::get(int)\" { @b = sum(arg1); }
    uprobe:$N:cpp:\"ns::*::Class\" { @c[probe] = count(); } uprobe:$N:cpp:ns::Class::get { @d = count(); }
    uretprobe:$N:cpp:\"ns::Class::get\" { @e = count(); } uprobe:$N:cpp:main { @f = count(); }" -c "$N"
    expect_status 0
    expect_out '@a: 3'
    expect_out '@b: 10'
    expect_out "@c[uprobe:$N:cpp:_ZN2ns5ClassC1Ei]: 1"
    expect_out '@d: 3'
    expect_out '@e: 3'
    expect_out '@f: 1'
    sonde -l "uprobe:$N:cpp:\"ns::Class::get*\""
    expect_output "uprobe:$N:cpp:\"ns::Class::get(int)\"
uprobe:$N:cpp:\"ns::Class::get(long, char const*)\""
fi

begin_case "symbols of a separate file, and small ones in the file"
if needs objcopy && needs strip && needs xz; then
    mkdir -p "$tmp/d/.debug"
    objcopy --only-keep-debug "$P" "$tmp/d/.debug/target.debug"
    cp "$P" "$tmp/d/linked"
    strip "$tmp/d/linked"
    (cd "$tmp/d/.debug" && objcopy --add-gnu-debuglink=target.debug ../linked)
    sonde -e "uprobe:$tmp/d/linked:target_add { @a = count(); }" -c "$tmp/d/linked"
    expect_status 0
    expect_out '@a: 2'
    printf x >>"$tmp/d/.debug/target.debug"
    sonde --mode codegen -e "uprobe:$tmp/d/linked:target_add { }"
    expect_status 1
    expect_err 'the file has no symbols'
    objcopy -S --keep-symbol=target_add --keep-symbol=target_greet "$P" "$tmp/small"
    objcopy --only-keep-debug "$tmp/small" "$tmp/small.debug"
    xz -c "$tmp/small.debug" >"$tmp/small.xz"
    cp "$P" "$tmp/mini"
    strip "$tmp/mini"
    objcopy --add-section .gnu_debugdata="$tmp/small.xz" "$tmp/mini"
    sonde -e "uprobe:$tmp/mini:target_add { @b = count(); }" -c "$tmp/mini"
    expect_status 0
    expect_out '@b: 2'
    head -c 100 "$tmp/small.xz" >"$tmp/cut.xz"
    cp "$P" "$tmp/cut"
    strip "$tmp/cut"
    objcopy --add-section .gnu_debugdata="$tmp/cut.xz" "$tmp/cut"
    sonde --mode codegen -e "uprobe:$tmp/cut:target_add { }"
    expect_status 1
    expect_err 'the file has no symbols'
fi

begin_case "a library in an archive"
A=$TESTS/programs/archive
"$A" write "$tmp/app.apk" "$P" lib/target.so
sonde -d image --mode codegen -e "uprobe:$tmp/app.apk!/lib/target.so:target_add { }"
expect_status 0
offset=$(sed -n 's/.* offset \(0x[0-9a-f]*\).*/\1/p' "$tmp/out" "$tmp/err" | head -1)
sonde -e "uprobe:$tmp/app.apk!/lib/target.so:target_add { printf(\"%d %d %s\n\", arg0, arg1, probe); }" -c "$A call $tmp/app.apk $offset"
expect_status 0
expect_out "40 2 uprobe:$tmp/app.apk!/lib/target.so:target_add"
sonde --mode codegen -e "uprobe:$tmp/app.apk!/lib/other.so:target_add { }"
expect_status 1
expect_err "cannot read $tmp/app.apk!/lib/other.so: No such file or directory"
"$A" write "$tmp/packed.apk" "$P" lib/target.so deflated
sonde --mode codegen -e "uprobe:$tmp/packed.apk!/lib/target.so:target_add { }"
expect_status 1
expect_err 'it is compressed in its archive'
sonde --mode codegen -e "uprobe:$P!/lib/target.so:target_add { }"
expect_status 1
expect_err 'is no program or library'

begin_case "many functions of a file in one link"
sonde -e "uprobe:$P:target_* { @[probe] = count(); } uretprobe:$P:target_* { @r = count(); }" -c "$P"
expect_status 0
expect_out "@[uprobe:$P:target_outer]: 1"
expect_match '^@r: [0-9]+$'

begin_case "a place whose instruction the kernel runs wrongly is refused"
vector=$TESTS/programs/vector_first
[ "$("$vector")" = 7 ] || skip_case "$("$vector")"
if [ -z "$case_skipped" ]; then
    sonde -c "$vector" -e "uprobe:$vector:vector_first { @ = count(); }"
    expect_status 1
    expect_err 'ERROR: the kernel runs the instruction at vector_first wrongly when it is probed'
    expect_err 'HINT: probe the one behind it: vector_first\+5'
    sonde -c "$vector" -e "uprobe:$vector:vector_first+5 { @ = count(); }"
    expect_out '7'
    expect_out '@: 1'
fi

begin_case "a wildcard leaves it out, and says so"
[ "$("$vector")" = 7 ] || skip_case "$("$vector")"
if [ -z "$case_skipped" ]; then
    sonde -c "$vector" -e "uprobe:$vector:vector_* { @[func] = count(); }"
    expect_out '7'
    expect_out '@[vector_second]: 1'
    expect_no_match 'vector_first'
    expect_err 'WARNING: vector_first is left out: the kernel runs the first instruction wrongly'
fi

end_tests
