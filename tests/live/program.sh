# --aot: a script as a program that carries all it needs.
. "$(dirname "$0")/lib.sh"

program=$tmp/program
mkdir -p "$tmp/source/parts"
echo 'macro twice(x) { x * 2 }' >"$tmp/source/parts/twice.bt"
echo 'macro thrice(x) { x * 3 }' >"$tmp/source/parts/thrice.bt"
printf '#include "inner.h"\nstruct outer { struct inner a; char c; };\n' >"$tmp/source/outer.h"
printf 'struct inner { long n[3]; };\n#define FIVE 5\n' >"$tmp/source/inner.h"
cat >"$tmp/source/script.bt" <<'E'
#!/usr/bin/env sonde
#include "outer.h"
import "parts";
begin { printf("%d %d %d %d [%s] %s\n", twice(4), thrice(4), FIVE, sizeof(struct outer), str($1), getopt("word", "none")); exit(); }
E

begin_case "it is made and not run; it runs where the script is not"
sonde --aot "$program" -q "$tmp/source/script.bt"
expect_status 0
check "no output" [ ! -s "$tmp/out" ]
check "a program" [ -x "$program" ]
mv "$tmp/source" "$tmp/elsewhere"
run_command "$program"
expect_status 0
expect_out '8 12 5 32 [] none'
expect_no_err Attached
run_command "$program" first -- --word=given
expect_out '8 12 5 32 [first] given'

begin_case "options of its own, and those it was made with"
run_command "$program" -f json -o "$tmp/file" first
expect_status 0
check "the file" grep -q '"type": "printf", "data": "8 12 5 32 \[first\] none' "$tmp/file"
run_command "$program" --help
expect_status 0
expect_match '^    program \[options\] \[parameters\]$'
expect_no_match '--aot|-e PROGRAM|EXAMPLES'
run_command "$program" -- --help
expect_status 1
expect_err 'word \(default: "none"\)'
run_command "$program" -d diags -- --help
expect_match '^hint named-parameter$'
for option in '-e begin' '--aot x' '--emit-elf x' '--target x' '--save-target x'; do
    # shellcheck disable=SC2086
    run_command "$program" $option
    expect_status 1
    expect_err 'this program has its script already'
done
run_command "$program" --fmt
expect_status 0
expect_out '#include "outer.h"'
run_command "$program" -l
expect_status 0

begin_case "two imports with equal text are two; two names of one are one"
mkdir -p "$tmp/like/c" "$tmp/like/d"
echo 'macro one() { 1 }' >"$tmp/like/c/u.bt"
echo 'macro two() { 2 }' >"$tmp/like/d/u.bt"
ln -s c/u.bt "$tmp/like/again.bt"
printf '%s\n' 'import "./c"; import "./d"; import "./again.bt";' \
    'begin { print((one(), two())); }' >"$tmp/like/script.bt"
sonde -q "$tmp/like/script.bt"
expect_out '(1, 2)'
sonde --aot "$program" -q "$tmp/like/script.bt"
expect_status 0
rm -r "$tmp/like"
run_command "$program"
expect_out '(1, 2)'

begin_case "headers that it carries, not those of the folder it runs in"
mkdir -p "$tmp/system/way" "$tmp/here/way" "$tmp/here/parts"
echo '#define WAY 4096' >"$tmp/system/way/limits.h"
echo '#define WAY 666' | tee "$tmp/here/way/limits.h" >"$tmp/here/bad.h"
echo 'macro bad() { 666 }' >"$tmp/here/parts/bad.bt"
CPATH=$tmp/system sonde --aot "$program" -q -e '#include "way/limits.h"
#if __has_include("bad.h")
#include "bad.h"
#endif
begin { print(WAY); }'
expect_status 0
run_command "$program"
expect_out 4096
cp "$program" "$tmp/here/program"
run_command sh -c "cd $tmp/here && ./program"
expect_status 0
expect_out 4096
expect_no_match 666
expect_no_err redefined

begin_case "headers found by the environment, or -I, when it was made"
mkdir -p "$tmp/kernel/include/linux"
echo '#define OF_KERNEL 3' >"$tmp/kernel/include/linux/of_kernel.h"
echo '#define OF_INCLUDE 5' >"$tmp/system/way/include.h"
for variable in CPATH C_INCLUDE_PATH; do
    run_command env "$variable=$tmp/system" SONDE_KERNEL_SOURCE="$tmp/kernel" "$SONDE" \
        --aot "$program" -q -I "$tmp/system/way" --include include.h -e '#include <way/limits.h>
#include <linux/of_kernel.h>
begin { print((WAY, OF_KERNEL, OF_INCLUDE)); }'
    expect_status 0
    mv "$tmp/system" "$tmp/gone"
    mv "$tmp/kernel" "$tmp/gone.kernel"
    run_command "$program"
    expect_status 0
    expect_out '(4096, 3, 5)'
    mv "$tmp/gone" "$tmp/system"
    mv "$tmp/gone.kernel" "$tmp/kernel"
done
mkdir -p "$tmp/newer/include/linux"
echo '#define OF_KERNEL 4' >"$tmp/newer/include/linux/of_kernel.h"
run_command env SONDE_KERNEL_SOURCE="$tmp/newer" "$program"
expect_out '(4096, 4, 5)' # the kernel's tree is that of the machine
for option in "-I $tmp/here" "--include $tmp/here/bad.h"; do
    # shellcheck disable=SC2086
    run_command "$program" $option
    expect_status 1
    expect_err 'this program has its script already'
done

begin_case "what is made does not take the place of what it is made of"
mkdir "$tmp/own"
echo 'macro part() { 1 }' >"$tmp/own/part.bt"
echo 'import "./part.bt"; begin { print(part()); }' >"$tmp/own/script.bt"
cp -r "$tmp/own" "$tmp/own.before"
ln -s script.bt "$tmp/own/link"
for option in --aot --emit-elf -o; do
    for name in script.bt link part.bt; do
        sonde "$option" "$tmp/own/$name" --mode codegen "$tmp/own/script.bt"
        expect_status 1
        expect_err "^ERROR: '.*/$name' is what the .* is to be made of"
    done
    timeout 60 "$SONDE" "$option" "$tmp/own/part.bt" --mode codegen - <"$tmp/own/part.bt" 2>"$tmp/err"
    expect_err "^ERROR: '.*' is what the .* is to be made of"
done
sonde -f events -o "$tmp/own/script.bt" "$tmp/own/script.bt" # opened before all else
expect_status 1
rm "$tmp/own/link"
check "the files are as they were" diff -r "$tmp/own" "$tmp/own.before"

begin_case "beside what does not compile a script"
for option in --aot --emit-elf; do
    for other in --fmt -l --info '--mode compiler-bench'; do
        # shellcheck disable=SC2086
        sonde "$option" "$tmp/unmade" $other -e 'begin { }'
        expect_status 1
        expect_err "^ERROR: USAGE: $option and $other cannot be used together"
    done
done
check "no file" [ ! -e "$tmp/unmade" ]

begin_case "the rights of the file"
ln -s behind "$tmp/dangling"
sonde --aot "$tmp/dangling" -e 'begin { printf("through a link\n"); }'
expect_status 0
run_command "$tmp/behind"
expect_out 'through a link'
if needs root; then
    echo old >"$tmp/privileged"
    chown 1:2 "$tmp/privileged"
    chmod 6755 "$tmp/privileged"
    sonde --aot "$tmp/privileged" -e 'begin { }'
    expect_status 0
    check "it does not run as its owner" \
        [ "$(stat -c '%u %g %a' "$tmp/privileged")" = "1 2 755" ]
fi
if setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
    cp "$SONDE" "$tmp/sonde"
    mkdir "$tmp/shared"
    chmod 755 "$tmp" "$tmp/sonde"
    chmod 777 "$tmp/shared"
    echo old >"$tmp/shared/script.bt"
    chmod 660 "$tmp/shared/script.bt"
    run_command setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/sonde" --fmt \
        -o "$tmp/shared/script.bt" -e 'begin { }'
    expect_status 0
    check "another group gets no rights" [ "$(stat -c '%g %a' "$tmp/shared/script.bt")" = "65534 600" ]
fi

begin_case "parameters that it was made with come first"
sonde --aot "$program" -e 'begin { print(($#, $1, str($2), getopt("n", 1))); }' 7 -- --n=2
expect_status 0
run_command "$program"
expect_out '(1, 7, , 2)'
run_command "$program" more -- --n=3
expect_out '(2, 7, more, 3)'

begin_case "what was allowed stays so; messages name the script"
sonde --aot "$program" --unsafe -e 'begin { system("echo from the shell"); $z = (uint64)0; print(5 / $z); }'
expect_status 0
run_command "$program"
expect_status 0
expect_out 'from the shell'
expect_err '^stdin:1:[0-9-]*: WARNING: Divide'
sonde --aot "$program" -e 'begin { exit(7); }'
run_command "$program"
expect_status 7

begin_case "-c and probes"
sonde --aot "$program" -c "$TESTS/programs/syscalls getppid 5" \
    -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }'
expect_status 0
run_command "$program"
expect_status 0
expect_out '@: 5'

begin_case "by a link, and without /proc"
ln -s "$program" "$tmp/bpftrace"
run_command "$tmp/bpftrace" -e 'begin { }'
expect_err 'this program has its script already'
if needs unshare; then
    sonde --aot "$program" -e 'begin { printf("alone\n"); }'
    printf 'umount -l /proc; exec %s --fmt\n' "$program" >"$tmp/no_proc"
    run_command unshare -m sh "$tmp/no_proc"
    expect_status 0
    expect_match 'printf\("alone'
fi

begin_case "a program over another one that runs"
sonde --aot "$program" -e 'begin { printf("one\n"); } interval:s:60 { }'
"$program" >"$tmp/running" 2>&1 &
pid=$!
i=0
until grep -q one "$tmp/running" || [ $i -gt 200 ]; do sleep 0.1; i=$((i + 1)); done
sonde --aot "$program" -e 'begin { printf("two\n"); }'
expect_status 0
kill -INT $pid
wait $pid
check "the old one ended well" [ $? = 0 ]
run_command "$program"
expect_out two

begin_case "what is wrong is told when it is made"
rm -f "$program"
sonde --aot "$program" -e 'begin { printf("%d\n", "x"); }'
expect_status 1
check "no program" [ ! -e "$program" ]
sonde --aot "$program"
expect_status 1
expect_err "ERROR: USAGE: filename or -e 'program' required."
sonde --aot /nonexistent/program -e 'begin { }'
expect_status 1
expect_err "^ERROR: cannot write the program '/nonexistent/program': No such file or directory"

begin_case "a program that is damaged says so"
sonde --aot "$program" -e 'begin { printf("whole\n"); }'
size=$(wc -c <"$program")
{
    head -c $((size - 40)) "$program"
    printf X
    tail -c 39 "$program"
} >"$tmp/damaged"
chmod +x "$tmp/damaged"
run_command "$tmp/damaged"
expect_status 1
expect_err '^ERROR: cannot read the script that this program carries: it is damaged'

end_tests
