# The command line: where scripts come from, where output goes, how a run ends.
. "$(dirname "$0")/lib.sh"

begin_case "a file, with parameters"
printf 'begin { printf("%%d %%s %%d\\n", $1, str($2), $#); exit(); }\n' >"$tmp/script.bt"
sonde -q "$tmp/script.bt" 7 seven
expect_out '7 seven 2'
expect_no_err Attached

begin_case "standard input"
printf '%s\n' 'begin { printf("from stdin\n"); exit(); }' |
    timeout 60 "$SONDE" - >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_out 'from stdin'

begin_case "an interpreter line"
{
    echo "#!$(cd "$(dirname "$SONDE")" && pwd)/$(basename "$SONDE")"
    printf '%s\n' 'begin { printf("%s\n", str($1)); exit(); }'
} >"$tmp/script.bt"
chmod +x "$tmp/script.bt"
"$tmp/script.bt" parameter >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_out 'parameter'

begin_case "-o writes to a file"
sonde -o "$tmp/file" -e 'begin { printf("kept\n"); exit(); }'
check "the line in the file" grep -qx kept "$tmp/file"
check "nothing on standard output" [ ! -s "$tmp/out" ]

begin_case "-f json"
sonde -f json -e 'begin { printf("a %d\n", 1); @x = 2; @y["k"] = 3; print((1, "b")); exit(); }'
expect_out '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}'
expect_out '{"type": "printf", "data": "a 1\n"}'
expect_out '{"type": "value", "data": [1,"b"]}'
expect_out '{"type": "map", "data": {"@x": 2}}'
expect_out '{"type": "map", "data": {"@y": {"k": 3}}}'

begin_case "exit(n) is the status"
sonde -e 'begin { exit(7); }'
expect_status 7

begin_case "-c: ends with the command, cpid"
sonde -c "$TESTS/programs/syscalls getppid 5" -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }'
expect_status 0
expect_out '@: 5'

begin_case "-c: a command that is not there"
sonde -c /nonexistent/command -e 'begin { }'
expect_status 1
expect_err '/nonexistent/command'

begin_case "-p: ends with the process"
sleep 2 &
sonde -p $! -e 'interval:ms:100 { @ = count(); }'
expect_status 0
expect_match '^@: [0-9]+$'

begin_case "--dry-run attaches and prints nothing"
sonde --dry-run -e 'tracepoint:syscalls:sys_enter_getppid { printf("x\n"); }'
expect_status 0
check "no output" [ ! -s "$tmp/out" ]

begin_case "--dry-run: the command is not started, and nothing is told"
sonde --dry-run -c "/bin/touch $tmp/started" -e 'begin { printf("x\n"); } tracepoint:syscalls:sys_enter_getppid { }'
expect_status 0
check "no output" [ ! -s "$tmp/out" ]
check "no message" [ ! -s "$tmp/err" ]
check "the command was not started" [ ! -e "$tmp/started" ]

begin_case "who asks by the environment is told when all is attached"
__BPFTRACE_NOTIFY_PROBES_ATTACHED=1 sonde -e 'begin { printf("then this\n"); }'
expect_status 0
check "first line" [ "$(head -n 1 "$tmp/out")" = __BPFTRACE_NOTIFY_PROBES_ATTACHED ]

begin_case "-l lists tracepoints"
sonde -l 'tracepoint:syscalls:sys_enter_openat*'
expect_status 0
expect_out 'tracepoint:syscalls:sys_enter_openat'

begin_case "Ctrl-C prints the maps, status 0"
sonde_start -e 'begin { @x = 1; } interval:s:100 { }'
sonde_stop
expect_status 0
expect_out '@x: 1'

begin_case "-e twice: the last one counts"
sonde -e 'begin { printf("1\n"); exit(); }' -e 'begin { printf("2\n"); exit(); }'
expect_status 0
expect_out 2
expect_no_match '^1$'

begin_case "options behind the file, parameters behind them"
printf 'begin { printf("%%d %%s\\n", $1, getopt("name", "none")); exit(); }\n' >"$tmp/script.bt"
sonde "$tmp/script.bt" -q 7 -- --name=seven
expect_status 0
expect_out '7 seven'
expect_no_err Attached

begin_case "-k twice, and against --no-warnings"
for options in "-k -k" "-kk" "-k --no-warnings" "--no-warnings -k"; do
    # shellcheck disable=SC2086
    sonde $options -e 'begin { exit(); }'
    expect_status 1
    expect_err '^ERROR: USAGE: -k'
done

begin_case "wrong words of options"
for options in "-f xml" "-B page" "--mode dance" "-d pass" "-p word" "-p 4194305" "--no-feature magic" "--bogus" "-e"; do
    # shellcheck disable=SC2086
    sonde $options
    expect_status 1
    check "nothing on standard output with $options" [ ! -s "$tmp/out" ]
    check "something on standard error with $options" [ -s "$tmp/err" ]
done

begin_case "nothing to run"
sonde
expect_status 1
expect_err '^USAGE:'
sonde -q
expect_status 1
expect_err "ERROR: USAGE: filename or -e 'program' required."

begin_case "options that are accepted and change nothing"
sonde -b --usdt-file-activation --verify-llvm-ir -e 'begin { exit(); }'
expect_status 0

begin_case "--dwarf-pid: any process that is there, several times"
sonde --dwarf-pid $$ --dwarf-pid 1 -e 'begin { exit(); }'
expect_status 0
sonde --dwarf-pid x -e 'begin { exit(); }'
expect_status 1
expect_err '^ERROR: Failed to parse pid: invalid integer: x$'
sonde --dwarf-pid 4194303 -e 'begin { exit(); }'
expect_status 1
expect_err '^ERROR: there is no process 4194303$'

begin_case "options that are refused say what to do"
for option in "--emit-llvm x"; do
    # shellcheck disable=SC2086
    sonde $option -e 'begin { exit(); }'
    expect_status 1
    expect_err "^ERROR: not supported: ${option%% *}"
    expect_err '^HINT: '
done

begin_case "bpftrace's names of stages"
sonde -d parse,codegen-opt,dis -e 'begin { exit(); }'
expect_status 0
expect_out 'probe'
expect_match '^module begin'
expect_match '^begin: [0-9]+ instructions'

begin_case "as a link named bpftrace"
ln -s "$(cd "$(dirname "$SONDE")" && pwd)/$(basename "$SONDE")" "$tmp/bpftrace"
run_command "$tmp/bpftrace" -V
expect_status 0
expect_output 'bpftrace v0.27.1'
run_command "$tmp/bpftrace" -e 'begin { printf("runs\n"); exit(); }'
expect_status 0
expect_out runs
run_command "$tmp/bpftrace" --help
expect_out 'USAGE:'
expect_match '^ +bpftrace '

begin_case "scripts whose interpreter is bpftrace, by its name and by its path"
if [ -x /usr/bin/env ]; then
    printf '#!/usr/bin/env bpftrace\nBEGIN { printf("%%s %%d of %%d, %%s\\n", str($1), $2, $#, getopt("n", "none")); exit(); }\n' >"$tmp/by_name"
    printf '#!%s -q\nBEGIN { printf("%%s %%d\\n", str($1), $2); exit(); }\n' "$tmp/bpftrace" >"$tmp/by_path"
    chmod +x "$tmp/by_name" "$tmp/by_path"
    run_command env PATH="$tmp:$PATH" "$tmp/by_name" one 2
    expect_status 0
    expect_out 'one 2 of 2, none'
    expect_err '^Attached 1 probe$'
    run_command env PATH="$tmp:$PATH" "$tmp/by_name" one 2 -- --n=5
    expect_out 'one 2 of 2, 5'
    run_command "$tmp/by_path" one 3
    expect_out 'one 3'
    expect_no_err Attached
else
    skip_case "there is no /usr/bin/env"
fi

begin_case "--probe-filter"
sonde --probe-filter '^interval' -e 'tracepoint:syscalls:sys_enter_* { printf("no\n"); } interval:ms:10 { exit(); }'
expect_status 0
expect_err '^Attached 1 probe$'
expect_no_match no
sonde --probe-filter 'nosuch' -e 'interval:ms:10 { exit(); }'
expect_status 1
expect_output 'No probes to attach'
sonde --probe-filter '(' -e 'interval:ms:10 { exit(); }'
expect_status 1
expect_err "Invalid --probe-filter regex"

begin_case "--traceable-functions"
printf 'vfs_read\nvfs_write\n' >"$tmp/functions"
sonde --traceable-functions "$tmp/functions" -l 'kprobe:*'
expect_output 'kprobe:vfs_read
kprobe:vfs_write'
sonde --traceable-functions "$tmp/functions" --mode codegen -e 'kprobe:vfs_open { }'
expect_status 1
sonde --traceable-functions "$tmp/nosuch" -l 'kprobe:*'
expect_status 1
expect_err 'cannot read the list of traceable functions'

begin_case "--mode compiler-bench"
sonde --mode compiler-bench -e 'begin { @ = count(); }'
expect_status 0
expect_match '^compile +[0-9]+ +[0-9]+ +[0-9]+ ± [0-9]+ ns$'

# Ten times the script takes about ten times as long; with searches through all that came
# before it was sixty times for variables.
begin_case "the time to compile grows with the script"
for form in '$v%d = %d;' '@m[%d, %d] = pid;'; do
    for n in 2000 20000; do
        awk -v n=$n -v form="$form\n" 'BEGIN { print "begin {"; for (i = 0; i < n; i++) printf(form, i, i); print "}" }' >"$tmp/$n.bt"
        sonde --mode compiler-bench "$tmp/$n.bt"
        expect_status 0
        sed -n 's/^compile .* \([0-9]*\) ± .*/\1/p' "$tmp/out" >"$tmp/time$n"
    done
    check "at most 30 times as long for $form" [ "$(cat "$tmp/time20000")" -le $((30 * $(cat "$tmp/time2000"))) ]
done

begin_case "a script that begins with a byte order mark"
printf '\357\273\277begin { printf("%%d\\n", 5); oops }' >"$tmp/mark.bt"
sonde "$tmp/mark.bt"
expect_status 1
expect_err 'mark.bt:1:[0-9]*-?[0-9]*: ERROR: .*oops'
printf '\357\273\277begin { printf("%%d\\n", 5); }' >"$tmp/mark.bt"
sonde "$tmp/mark.bt"
expect_status 0
expect_out 5
sonde --fmt "$tmp/mark.bt"
expect_status 0
expect_out begin

begin_case "a formatted script is written into what is no file, and where a link leads"
printf 'begin{exit()}' >"$tmp/unformatted.bt"
printf 'begin\n{\n  exit();\n}\n' >"$tmp/formatted.bt"
mkfifo "$tmp/fifo"
cat "$tmp/fifo" >"$tmp/from_fifo" &
reader=$!
sonde --fmt -o "$tmp/fifo" "$tmp/unformatted.bt"
expect_status 0
check "a pipe is still one" [ -p "$tmp/fifo" ]
if [ -p "$tmp/fifo" ]; then wait "$reader"; else kill "$reader"; fi
check "its reader got the script" cmp -s "$tmp/from_fifo" "$tmp/formatted.bt"
mknod "$tmp/null" c 1 3
sonde --fmt -o "$tmp/null" "$tmp/unformatted.bt"
check "a device is still one" [ -c "$tmp/null" ]
echo old >"$tmp/target.bt"
chmod 640 "$tmp/target.bt"
chown 1:2 "$tmp/target.bt"
ln -s target.bt "$tmp/link.bt"
sonde --fmt -o "$tmp/link.bt" "$tmp/unformatted.bt"
expect_status 0
check "a link is still one" [ -L "$tmp/link.bt" ]
check "what it leads to is the script" cmp -s "$tmp/target.bt" "$tmp/formatted.bt"
check "owner and mode stay" [ "$(stat -c '%u %g %a' "$tmp/target.bt")" = "1 2 640" ]
ln -s fresh.bt "$tmp/dangling.bt"
sonde --fmt -o "$tmp/dangling.bt" "$tmp/unformatted.bt"
check "a link to nothing makes its file" cmp -s "$tmp/fresh.bt" "$tmp/formatted.bt"

begin_case "how the command of -c ended is told with -v"
sonde -v -c /bin/false -e 'end { }'
expect_status 0
expect_err 'The command exited with status 1'
sonde -c /bin/false -e 'end { }'
expect_status 0
expect_no_err 'The command'

begin_case "--info"
sonde --info
expect_status 0
expect_match '^  OS: Linux '
expect_match '  loop: (yes|no)'
expect_match '  (kprobe_multi|kprobe_session): (yes|no)'
expect_match '^  hash: yes '
expect_match '^  tracefs: yes$'
expect_match '^  dwunwind \(DWARF stack unwinding\): yes$' # dw_ustack
sed '/^Missing/,$d' "$tmp/out" | grep -oE '[a-z][a-z0-9_-]*( [a-z0-9-]+)*: no( |$)' | sed 's/: no.*//' | grep -v '^list of' | sort >"$tmp/no"
sed '1,/^Missing/d' "$tmp/out" | sed -n 's/^  \([^:]*\): .*/\1/p' | sort >"$tmp/why"
sed -i '/^CAP_/d' "$tmp/no"
check "a reason for each no" diff "$tmp/no" "$tmp/why"

begin_case "--info without privileges"
if ! setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
    skip_case "setpriv is not installed, or a small one"
else
    cp "$SONDE" "$tmp/sonde" && chmod 755 "$tmp" "$tmp/sonde"
    run_command setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/sonde" --info
    expect_status 1
    expect_match '  CAP_BPF: no'
    expect_match '^  loop: may not be tried; run as root'
fi

end_tests
