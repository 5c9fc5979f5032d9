# Scripts that are large: many statements, deep nests, long loops, large values. Each
# must load and be right; the stack, the verifier and 16-bit jumps have limits of their
# own that no script should meet. tests/stress has many more, and larger ones.
. "$(dirname "$0")/lib.sh"

# N lines from a line; %I in it is the line's number.
repeat() { # N LINE
    LINE=$2 awk -v n="$1" 'BEGIN {
        for (i = 0; i < n; i++) { text = ENVIRON["LINE"]; gsub(/%I/, i, text); print text } }'
}

say() { printf '%s\n' "$1"; }

begin_case "a thousand statements of several kinds"
{
    say 'begin {'
    repeat 250 '@m[%I % 100] = %I; @s["k", %I % 7] = count(); @h = hist(%I);
        if (pid == %I + 5000000) { @never = 1; } else { @e = sum(%I); }
        $t = pid > 0 ? %I : 7; @t = sum($t);'
    say 'printf("%d %d %d\n", (uint64)@e, (uint64)@t, @m[49]); clear(@m); clear(@s); clear(@h);
        clear(@e); clear(@t); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '31125 31125 249'

begin_case "variables go from part to part of a large body"
{
    say 'begin { $n = (uint64)0; $s = "none"; $t = (1, "a");'
    repeat 300 '$v%I = (uint64)%I * 2; @x = $v%I; $n += $v%I; if ($n == 6) { $s = "six"; $t = ($v%I, "b"); }'
    repeat 300 '$n -= $v%I; @x = 1;'
    say 'printf("%d %s %d %s\n", $n, $s, $t.0, $t.1); clear(@x); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '0 six 4 b'

begin_case "return in the middle of a large body"
{
    say 'begin { $n = 0;'
    repeat 300 '$n++; @x[%I] = $n; if ($n == 200) { printf("%d\n", $n); clear(@x); exit(); }'
    say 'printf("never\n"); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '200'

begin_case "break and continue out of a large body"
{
    say 'begin { $n = 0; for $i : 0..1000 {'
    repeat 150 '@x[%I, $i & 3] = $i; if ($i == %I && $i % 3 == 0) { continue; } if ($i == 100) { break; }'
    say '$n++; } printf("%d %d\n", $n, @x[149, 3]); clear(@x); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '66 95'

begin_case "a large body in a short loop, in an unroll and in a walk over a map"
{
    say 'begin { @a[1] = 1; $n = 0; $m = 0; for $i : 0..64 {'
    repeat 200 '@m[%I, $i & 3] = count(); if ($i == %I) { $n++; }'
    say '} unroll(64) {'
    repeat 200 '@m[%I, $n & 3] = count(); if ($m == %I) { $n++; }'
    say '$m++; } for $kv : @a {'
    repeat 200 '@m[%I, comm] = count(); if ($kv.0 == %I) { $n++; }' | sed 's/@m/@k/'
    say '} printf("%d %d\n", $n, $m); clear(@m); clear(@a); clear(@k); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '129 64'

begin_case "a thousand conditions on the same values"
{
    say 'begin {'
    repeat 1000 'if (pid > %I && tid != 3 || uid == 77 + %I) { @a = sum(1); } else { @b = sum(1); }'
    say 'printf("%d\n", (uint64)@a + (uint64)@b); clear(@a); clear(@b); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '1000'

begin_case "large bodies load in every kind of program"
body=$(repeat 200 '@m[%I] = count(); @k[kstack(3), comm] = %I; if (pid == %I) { @h = hist(tid); return; }')
for probe in tracepoint:syscalls:sys_enter_getppid profile:hz:3 rawtracepoint:sys_exit \
    "uprobe:$TESTS/programs/target:target_add" interval:s:9; do
    echo "$probe { $body }"
done >"$tmp/script.bt"
sonde --dry-run "$tmp/script.bt"
expect_status 0

begin_case "a hundred strings that are alive at once, and compared"
{
    say 'begin {'
    repeat 100 '$s%I = str(curtask->comm); if ($s%I != comm) { printf("differ\n"); }'
    repeat 100 'if ($s%I != $s0) { printf("differ\n"); }'
    say 'printf("%s\n", $s7 == comm ? "same" : "differs"); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out 'same'
expect_no_match 'differ$'

for size in 9 64 1024 8192 65536; do
    begin_case "strings of $size bytes: variable, key, value, comparison, loop"
    cat >"$tmp/script.bt" <<S
config = { max_strlen = $size }
begin {
    \$a = str(curtask->comm); @[\$a] = \$a; @e[\$a, 1] = 2; \$t = (\$a, 7);
    if (@[\$a] == comm && \$t.0 == \$a) { printf("equal %d %d\n", \$t.1, @e[\$a, 1]); }
    if (\$a == "other" || \$a != str(curtask->comm)) { printf("differ\n"); }
    for \$i : 0..1000 { @s[\$i & 3] = \$a; if (str(curtask->comm) == \$a) { @n++; } }
    for \$kv : @s { if (\$kv.1 == \$a) { @n++; } }
    printf("%d\n", @n); clear(@); clear(@e); clear(@s); clear(@n); exit();
}
S
    sonde "$tmp/script.bt"
    expect_status 0
    expect_out 'equal 7 2'
    expect_out '1004'
    expect_no_match 'differ'
done

begin_case "strings differ at each place, and behind their end not at all"
cat >"$tmp/script.bt" <<'S'
begin {
    $a = "0123456789abcdefghijklmnopqrstuvwxyz";
    $c = $a;
    if ($a == $c) { printf("same\n"); }
    unroll(1) { $d = "0123456789abcdefghijklmnopqrstuvwxyZ"; if ($a == $d) { printf("bad 1\n"); } }
    $e = "0123456"; $f = "01234567"; if ($e == $f || $f == $a || $a == $e) { printf("bad 2\n"); }
    $g = "x123456789abcdefghijklmnopqrstuvwxyz"; if ($g == $a) { printf("bad 3\n"); }
    $h = "0123456789abcdefghijklmnopqrstuvwxyz, longer"; $h = "0123456789abcdefghijklmnopqrstuvwxyz";
    if ($h == $a && $a == $h) { printf("same again\n"); }
    exit();
}
S
sonde "$tmp/script.bt"
expect_status 0
expect_out 'same'
expect_out 'same again'
expect_no_match 'bad'

end_tests
