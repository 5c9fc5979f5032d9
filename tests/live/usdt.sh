# Static probes: see tests/programs/usdt.c.
. "$(dirname "$0")/lib.sh"

P=$TESTS/programs/usdt

begin_case "arguments in registers of every width"
sonde -e "usdt:$P:test:registers { print((arg0, arg1, arg2, arg3, arg4)); print((arg5, arg6, arg7, arg8)); }" -c "$P"
expect_status 0
expect_out '(-2, -2, 4294967294, -2, 65534)'
expect_out '(-2, 254, 255, -1)'

begin_case "constants"
sonde -e "usdt:$P:test:constants { print((arg0, arg1, arg2, arg3)); }" -c "$P"
expect_status 0
expect_out '(-7, 16, 255, -9000000000)'

begin_case "memory: base, displacement, index, scale"
sonde -e "usdt:$P:test:memory { print((arg0, arg1, arg2, arg3)); print((arg4, arg5, arg6)); }" -c "$P"
expect_status 0
expect_out '(1, 2, 3, 2)'
expect_out '(3, 3, 0)'

begin_case "global variables, wherever the program is mapped"
sonde -e "usdt:$P:test:global { print((arg0, arg1)); exit(); }" -c "$P"
expect_status 0
if [ "$(uname -m)" = x86_64 ]; then expect_out '(-40, 4294967256)'; else expect_out '(1, 0)'; fi

begin_case "a place that cannot be read is named"
sonde --mode codegen -e "usdt:$P:test:odd { print(arg2); print(arg0); }"
expect_status 1
expect_err 'arg0 of usdt:.*:test:odd is a floating point number'
sonde --mode codegen -e "usdt:$P:test:odd { print(arg1); }"
expect_status 1
expect_err 'arg1 of usdt:.*:test:odd is in a place that cannot be read: 8@'

begin_case "several places of one name are one probe"
sonde -e "usdt:$P:test:site { printf(\"%d %d\\n\", arg0, arg1); @[probe] = count(); }" -c "$P"
expect_status 0
expect_out '10 1'
expect_out '20 1'
expect_out '3 0'
expect_out "@[usdt:$P:test:site]: 3"
expect_err '^Attached 1 probe$'

begin_case "more places of arguments than one program has room for"
sonde -e "usdt:$P:many:* { @[probe] = sum(arg0); @n = count(); }" -c "$P"
expect_status 0
expect_out "@[usdt:$P:many:n7]: 7"
expect_out "@[usdt:$P:many:n19]: 19"
expect_out '@n: 20'
expect_err '^Attached 20 probes$'

begin_case "arguments behind a condition, in loops and as keys"
sonde -e "usdt:$P:test:site /arg0 > 5/ { if (arg1 == 1) { @a[arg0] = arg1; } \$i = 0; while (\$i < 3) { \$i++; @s = sum(arg0); } }" -c "$P"
expect_status 0
expect_out '@a[10]: 1'
expect_out '@a[20]: 1'
expect_out '@s: 90'

begin_case "names: any provider, wildcards, the short name of the probe type"
sonde -e "U:$P::text { @a = count(); } usdt:$P:text { @b = count(); } usdt:$P:o*r:t*t { @c = count(); } USDT:$P:*:text { @d = count(); }" -c "$P"
expect_status 0
for m in a b c d; do expect_out "@$m: 1"; done

begin_case "text that was not touched before is brought in"
if needs kernel:6.1; then
    sonde -e "usdt:$P:text { print(str(arg0)); }" -c "$P"
    expect_status 0
    expect_out 'fresh'
fi

begin_case "a semaphore is raised while tracing and lowered after it"
"$P" 300 10000 >"$tmp/guarded" &
child=$!
sonde -e "usdt:$P:guarded { @n[pid == $child] = count(); } interval:ms:300 { exit(); }"
expect_status 0
wait $child
expect_match '^@n\[(1|true)\]: [1-9]'
check "looked at in some rounds, not in the last" grep -qE '^guarded in [1-9][0-9]* rounds, now 0$' "$tmp/guarded"

begin_case "a semaphore in a process that starts later"
sonde -e "usdt:$P:guarded { @n = count(); }" -c "$P 5"
expect_status 0
expect_out 'guarded in 5 rounds, now 1'
expect_out '@n: 5'

begin_case "of one process, not of others that run the same program"
"$P" 300 10000 >"$tmp/one" &
one=$!
"$P" 300 10000 >"$tmp/two" &
two=$!
await_program $one "$(basename "$P")"
await_program $two "$(basename "$P")"
sonde -p "$one" -e 'usdt:site { @a[pid] = count(); } usdt::test:site { @b[pid] = count(); }
usdt:*:test:site { @c[pid] = count(); } interval:ms:300 { exit(); }'
kill $one $two
wait $one $two 2>/dev/null
expect_status 0
for m in a b c; do expect_match "^@$m\[$one\]: [1-9]"; done
expect_no_match "\[$two\]"
expect_match '^usdt:|^@a'

begin_case "children of a traced process are not traced"
sonde -e "usdt:$P:site { @[pid == cpid] = count(); }" -c "$P 3 0 fork"
expect_status 0
expect_match '^@\[(1|true)\]: 9$'
expect_no_match '^@\[(0|false)\]'

begin_case "in all files that processes have mapped"
"$P" 500 10000 >"$tmp/guarded" &
child=$!
await_program $child "$(basename "$P")"
sonde -e "usdt:*:test:site /pid == $child/ { @[probe] = count(); } interval:ms:300 { exit(); }"
kill $child
wait $child 2>/dev/null
expect_status 0
expect_match '^@\[usdt:/.*/programs/usdt:test:site\]: [1-9]'

begin_case "listed"
sonde -l "usdt:$P:*"
expect_status 0
expect_out "usdt:$P:many:n19"
expect_out "usdt:$P:test:site"
check "each name once" [ "$(grep -c test:site "$tmp/out")" = 1 ]
sonde -l "usdt:$P:test:g*"
expect_output "usdt:$P:test:global
usdt:$P:test:guarded"

begin_case "files that are none, or have none"
sonde --mode codegen -e 'usdt:/etc/passwd:a { }'
expect_status 1
expect_err '/etc/passwd is no program or library'
sonde --mode codegen -e "usdt:$TESTS/programs/target:a { }"
expect_status 1
expect_err 'the file has no static probes'
sonde --mode codegen -e 'usdt:/no/such:a { }'
expect_status 1
expect_err "target file '/no/such' does not exist or is not executable"

end_tests
