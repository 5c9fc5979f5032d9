# What is said while a script runs: the place, once where it comes often, by level.
. "$(dirname "$0")/lib.sh"

# Standard error is this, but for the line about what was attached.
expect_said() { # TEXT
    grep -v '^Attached ' "$tmp/err" >"$tmp/said"
    printf '%s\n' "$1" >"$tmp/wanted"
    cmp -s "$tmp/wanted" "$tmp/said" || bad "expected on standard error:
$1"
}

full="Map full; can't update element. Try increasing max_map_keys config or manually setting the max \
entries in a map declaration e.g. \`let @a = hash(5000)\`"

begin_case "division by zero: the place, and 1"
sonde -e 'begin { $a = (uint64)5; $b = (uint64)0; print($a / $b); print($a % $b); exit(); }'
expect_status 0
expect_output '1
1

'
expect_said 'stdin:1:47-54: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.
begin { $a = (uint64)5; $b = (uint64)0; print($a / $b); print($a % $b); exit(); }
                                              ~~~~~~~
stdin:1:63-70: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.
begin { $a = (uint64)5; $b = (uint64)0; print($a / $b); print($a % $b); exit(); }
                                                              ~~~~~~~'

begin_case "array out of bounds: the place, and 0"
sonde -e 'begin { $a = (uint8[4])(uint32)7; $i = (uint64)9; print($a[$i]); exit(); }'
expect_status 0
expect_said 'stdin:1:57-63: WARNING: Array access out of bounds. This can lead to unexpected results. 0 is being used as the result.
begin { $a = (uint8[4])(uint32)7; $i = (uint64)9; print($a[$i]); exit(); }
                                                        ~~~~~~'

begin_case "a full map: told of when it first is, and how often besides"
sonde -e 'config = { max_map_keys = 1 } begin { for ($i : 1..6) { @x[$i] = 1; } exit(); }'
expect_status 0
expect_said "stdin:1:57-67: WARNING: $full
Additional Info - helper: map_update_elem, retcode: -7
config = { max_map_keys = 1 } begin { for (\$i : 1..6) { @x[\$i] = 1; } exit(); }
                                                        ~~~~~~~~~~
stdin:1:57-67: WARNING: $full (3 more times)
Additional Info - helper: map_update_elem, retcode: -7
config = { max_map_keys = 1 } begin { for (\$i : 1..6) { @x[\$i] = 1; } exit(); }
                                                        ~~~~~~~~~~"

begin_case "a full map of counts, and one that ++ fills"
sonde -e 'config = { max_map_keys = 1 } begin { @c[1] = count(); @c[2] = count(); @i[1]++; @i[2]++; exit(); }'
expect_status 0
check "two places" [ "$(grep -c 'Map full' "$tmp/err")" = 2 ]
expect_err '^stdin:1:64-71: WARNING: Map full'
expect_err '^stdin:1:82-89: WARNING: Map full'

begin_case "delete of a key that is absent, if nobody asks"
sonde -e 'begin { @x[1] = 1; delete(@x, 5); if (delete(@x, 6)) { } exit(); }'
expect_status 0
expect_said "stdin:1:20-33: WARNING: Can't delete map element because it does not exist.
Additional Info - helper: map_delete_elem, retcode: -2
begin { @x[1] = 1; delete(@x, 5); if (delete(@x, 6)) { } exit(); }
                   ~~~~~~~~~~~~~"

begin_case "delete of a key that is absent, if it is said that nobody asks"
sonde -e 'macro forget(@m, k) { _ = delete(@m, k); }
begin { @x[1] = 1; _ = delete(@x, 5); forget(@x, 6); _ = { delete(@x, 1); 7 }; exit(); }'
expect_status 0
check "no warning" [ "$(grep -c "delete map element" "$tmp/err")" = 0 ]

begin_case "failed reads of a process: what may be the matter, and the way round"
sonde -k -e 'begin { print(str(uptr((int8 *)8))); print(*uptr((int8 *)8)); exit(); }'
expect_status 0
check "two hints" [ "$(grep -c '^HINT: the address is wrong, or its page is not in memory now' "$tmp/err")" = 2 ]

begin_case "failed reads and absent keys: with -k"
sonde -k -e 'begin { $a = *(uint64 *)0x10; print(@x[5] + $a); @x[1] = 1; exit(); }'
expect_status 0
expect_said "stdin:1:14-29: WARNING: Bad address
Additional Info - helper: probe_read, retcode: -14
begin { \$a = *(uint64 *)0x10; print(@x[5] + \$a); @x[1] = 1; exit(); }
             ~~~~~~~~~~~~~~~
stdin:1:37-42: WARNING: Can't lookup map element because it does not exist.
Additional Info - helper: map_lookup_elem, retcode: 0
begin { \$a = *(uint64 *)0x10; print(@x[5] + \$a); @x[1] = 1; exit(); }
                                    ~~~~~"

begin_case "failed reads and absent keys: their places not without -k"
sonde -e 'begin { $a = *(uint64 *)0x10; print(@x[5] + $a); @x[1] = 1; exit(); }'
expect_status 0
check "one line of the reads" [ "$(grep -vc '^Attached' "$tmp/err")" = 1 ]
expect_err '^WARNING: begin: 1 reads of memory failed \(-k tells where\)$'

begin_case "--no-warnings: none, but errorf"
sonde --no-warnings -e 'config = { max_map_keys = 1 } begin { $z = (uint64)0; 1; print($z / $z); @x[1] = 1; @x[2] = 1;
    delete(@x, 5); warnf("w"); errorf("e"); exit(); }'
expect_status 0
check "one line" [ "$(grep -vc '^Attached' "$tmp/err")" = 1 ]
expect_err '^stdin:2:32-43: ERROR: e$'

begin_case "errorf and warnf out of macros: the calls that they came from"
sonde -e 'macro bad() { errorf("Bad"); } macro odd() { warnf("Odd"); bad(); } begin { odd(); }'
expect_status 0
expect_said 'stdin:1:46-58: WARNING: Odd
stdin:1:77-82: WARNING: expanded from
macro bad() { errorf("Bad"); } macro odd() { warnf("Odd"); bad(); } begin { odd(); }
                                                                            ~~~~~
stdin:1:15-28: ERROR: Bad
stdin:1:60-65: ERROR: expanded from
macro bad() { errorf("Bad"); } macro odd() { warnf("Odd"); bad(); } begin { odd(); }
                                                           ~~~~~
stdin:1:77-82: ERROR: expanded from
macro bad() { errorf("Bad"); } macro odd() { warnf("Odd"); bad(); } begin { odd(); }
                                                                            ~~~~~'

begin_case "out of a macro: the calls that it came from"
sonde -e 'macro inner(x, y) { x / y }
macro outer(y) { inner((uint64)7, y) }
begin { $z = (uint64)0; print(outer($z)); exit(); }'
expect_status 0
expect_said 'stdin:1:21-26: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.
macro inner(x, y) { x / y }
                    ~~~~~
stdin:2:18-37: WARNING: expanded from
macro outer(y) { inner((uint64)7, y) }
                 ~~~~~~~~~~~~~~~~~~~
stdin:3:31-40: WARNING: expanded from
begin { $z = (uint64)0; print(outer($z)); exit(); }
                              ~~~~~~~~~'

begin_case "an expression of several lines: all of them"
printf 'begin {\n\t$z = (uint64)0;\n\t$q = $z\n\t\t/ $z;\n\tprint($q);\n\texit();\n}\n' >"$tmp/lines.bt"
sonde "$tmp/lines.bt"
expect_status 0
expect_said "$tmp/lines.bt:3-4: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.
    \$q = \$z
        / \$z;"

begin_case "JSON: objects in the output"
sonde -f json -e 'config = { max_map_keys = 1 } begin { $z = (uint64)0; print($z / $z); @x[1] = 1; @x[2] = 1; exit(); }'
expect_status 0
expect_out '{"type": "runtime_error", "msg": "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.", "filename": "stdin", "line": 1, "col": 61}'
expect_out '{"type": "helper_error", "msg": "Argument list too long", "helper": "map_update_elem", "retcode": -7, "filename": "stdin", "line": 1, "col": 82}'

begin_case "colour: by BPFTRACE_COLOR"
BPFTRACE_COLOR=always sonde -e 'begin { 1; $z = (uint64)0; print($z / $z); exit(); }'
expect_status 0
red=$(printf '\033[31m') yellow=$(printf '\033[33m') plain=$(printf '\033[0m')
check "the compiler's" grep -qF "${yellow}stdin:1:9-10: WARNING: Return value discarded.${plain}" "$tmp/err"
check "the run's" grep -qF "${yellow}stdin:1:34-41: WARNING: Divide" "$tmp/err"
BPFTRACE_COLOR=always sonde -e 'begin { print($x); }'
expect_status 1
check "errors" grep -qF "${red}stdin:1:15-17: ERROR: Undefined" "$tmp/err"
BPFTRACE_COLOR=never sonde -e 'begin { 1; exit(); }'
check "never" [ "$(grep -cF "$plain" "$tmp/err")" = 0 ]
BPFTRACE_COLOR=sometimes sonde -e 'begin { 1; exit(); }'
check "another word is told of" grep -q "^WARNING: .*'sometimes'" "$tmp/err"
check "and means auto" [ "$(grep -cF "$plain" "$tmp/err")" = 0 ]

begin_case "failed reads are told in sum without -k, by probe"
sonde -e 'begin { $p = (uint64 *)0; print(*$p); print(*($p + 1)); exit(); }'
expect_status 0
expect_err '^WARNING: begin: 2 reads of memory failed \(-k tells where\)$'
sonde --no-warnings -e 'begin { $p = (uint64 *)0; print(*$p); exit(); }'
check "no warning" [ "$(grep -c WARNING "$tmp/err")" = 0 ]

begin_case "in a loop: the usual code"
sonde -e 'config = { max_map_keys = 2 } begin { for ($i : 0..100) { @x[$i] = 1; delete(@y, $i); } @y[1] = 1; exit(); }'
expect_status 0
expect_err "^stdin:.*: WARNING: Map full; can't update element"
expect_err 'helper: map_update_elem, retcode: -7'
expect_err 'helper: map_delete_elem, retcode: -2'

end_tests
