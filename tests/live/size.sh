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

begin_case "functions with large bodies: results, loops, ways out"
{
    say 'fn text($n : int64, $s : string) : string[16] { $k = 0;'
    repeat 200 'if ($n == %I) { @c = count(); $k += 2; if ($s == "own") { return $s; } return "got %I"; }'
    say 'return "none"; }'
    say 'fn turns($to : int64) : int64 { $sum = 0; for $i : 0..64 {'
    repeat 200 '@m[%I, $i & 3] = count(); if ($i == %I) { $sum++; if ($sum == $to) { return $i; } }'
    say '} return -$sum; }'
    say 'fn last($n : int64) : int64 { $x = turns($n);'
    repeat 150 'if ($n == %I) { printf("at %I %s\n", text($n, "other")); exit(); }'
    say 'return $x; }'
    say 'begin { if (pid == 0) { print(text(1, "")); print(turns(2)); }'
    say 'print((text(0, "x"), text(199, "own"), text(200, "y"))); print((turns(50), turns(101)));'
    say 'print(last(1000)); clear(@m); clear(@c); print(last(149)); printf("never\n"); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out '(got 0, own, none)'
expect_out '(49, -64)'
expect_out '-64'
expect_out 'at 149 got 149'
expect_no_match never

begin_case "a function is cut for one program, and within deep loops of another it is not"
{
    say 'fn low($n : int64, $s : string) : string { $t = ($n, $s); $x = $n;'
    repeat 150 'if ($x == %I + 100) { @c[$s, %I] = count(); $x++; }'
    say 'print($t); if ($x == 3) { return "three"; } return $s; }'
    say 'begin { print(low(3, "a")); @a[1] = 1; }'
    say 'begin { for ($u : @a) { for ($v : @a) { for ($w : @a) { for ($x : @a) { for ($y : @a) {'
    say 'print(low(4, "b")); } } } } } clear(@a); }'
    say 'begin { print(low(5, "c")); exit(); }'
} >"$tmp/script.bt"
sonde -q "$tmp/script.bt"
expect_status 0
printf '%s\n' '(3, a)' three '(4, b)' b '(5, c)' c >"$tmp/want"
check "what each call prints" sh -c "grep . '$tmp/out' | cmp -s - '$tmp/want'"

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
body=$(repeat 100 '@m[%I] = count(); @k[kstack(3), comm] = %I; if (pid == %I) { @h = hist(tid); return; }')
for probe in tracepoint:syscalls:sys_enter_getppid profile:hz:3 rawtracepoint:sys_exit \
    "uprobe:$TESTS/programs/target:target_add" interval:s:9; do
    echo "$probe { $body }"
done >"$tmp/script.bt"
sonde --dry-run "$tmp/script.bt"
expect_status 0

begin_case "arguments and stacks in a large body of a tracepoint"
if needs root; then
    {
        say 'tracepoint:syscalls:sys_enter_openat /comm == "syscalls"/ {'
        repeat 150 '@m[%I] = count(); if (str(args.filename) == "/nonexistent/sonde") { @n++; }
            @k[kstack(1), %I % 3] = count(); if (args.dfd == 12345) { return; }'
        say '@done++; } end { printf("%d %d %d\n", @n, @done, (uint64)@m[149]); clear(@m); clear(@k); }'
    } >"$tmp/script.bt"
    sonde_start "$tmp/script.bt"
    "$TESTS/programs/syscalls" open 3
    sonde_stop
    expect_status 0
    check "three calls, each with all of the statements" \
        [ "$(sed -n 's/^\([0-9]*\) \([0-9]*\) \([0-9]*\)$/\1 \2 \3/p' "$tmp/out" | awk '{
            print ($1 == 450 && $2 >= 3 && $2 == $3) }')" = 1 ]
fi

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

begin_case "a million bytes of string"
cat >"$tmp/script.bt" <<'S'
config = { max_strlen = 1000000; max_map_keys = 4 }
begin { $a = str(curtask->comm); @[1] = $a; if (@[1] == comm) { printf("%s\n", str(curtask->comm)); }
    clear(@); exit(); }
S
sonde "$tmp/script.bt"
expect_status 0
expect_out 'sonde'

begin_case "expressions of a thousand operands, and 500 deep"
operands() { # N FIRST MORE LAST
    FIRST=$2 MORE=$3 LAST=$4 awk -v n="$1" 'BEGIN {
        printf "%s", ENVIRON["FIRST"]
        for (i = 0; i < n; i++) { t = ENVIRON["MORE"]; gsub(/%I/, i, t); printf "%s", t }
        print ENVIRON["LAST"] }'
}
{
    say 'begin { $o = (int64)pid - pid + 1;'
    operands 1000 '$s = 0' ' + $o * %I' ';'
    operands 1000 'if ($o != 1' ' || $o == %I + 10' ') { printf("bad\n"); }'
    operands 1000 'if ($o == 1' ' && $o != %I + 2' ') { printf("good\n"); }'
    operands 500 '$t = ' '(%I + ' "\$o$(operands 500 '' ')' '');"
    operands 500 '$u = ' '$o - (' "\$o$(operands 500 '' ')' '');"
    operands 500 '$w = cpu; $v = ' 'cpu - (' "\$w$(operands 500 '' ')' '');"
    say 'printf("%d %d %d %d\n", $s, $t, $u, $v == $w || $v != $w); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out 'good'
expect_no_match bad
expect_out '499500 124751 1 1'

begin_case "else if, 500 times, and 200 ifs in each other"
{
    say 'begin { $x = (uint64)499 + pid - pid;'
    repeat 499 'if ($x == %I) { printf("%I\n"); } else '
    say '{ printf("last\n"); }'
    repeat 200 'if ($x != %I) { @n = %I;'
    say 'printf("in\n");'
    repeat 200 '}'
    say 'clear(@n); exit(); }'
} >"$tmp/script.bt"
sonde "$tmp/script.bt"
expect_status 0
expect_out 'last'
expect_out 'in'

begin_case "six loops in each other, of each kind"
for head in 'for $i%I : 0..$t {' 'for $k%I : @a {'; do
    {
        say 'begin { $t = (int64)pid - pid + 2; $n = 0; @a[1] = 1; @a[2] = 2;'
        repeat 6 "$head"
        say '$n++; @m[$n & 7] = count();'
        repeat 6 '}'
        say 'printf("%d\n", $n); clear(@m); clear(@a); exit(); }'
    } >"$tmp/script.bt"
    sonde "$tmp/script.bt"
    expect_status 0
    expect_out 64
done

begin_case "what the kernel does not allow at all is refused in words"
{ say 'begin { @a[1] = 1;'; repeat 8 'for $k%I : @a {'; repeat 9 '}'; } >"$tmp/script.bt"
sonde --mode codegen "$tmp/script.bt"
expect_status 1
expect_err '^ERROR: begin: the action is too large for one BPF program: loops and functions are nested 9 deep, and the kernel allows 8$'
expect_err '^HINT: Divide it among several probes of the same event\.$'
{ say 'begin { @a[1] = 1;'; repeat 300 'for $k : @a { @n += $k.0; }'; say '}'; } >"$tmp/script.bt"
sonde --mode codegen "$tmp/script.bt"
expect_status 1
expect_err 'its loops make 30[0-9] functions, and the kernel allows 256$'
{ say 'begin {'; repeat 100 '@m%I[1] = 1;'; say '}'; } >"$tmp/script.bt"
sonde --mode codegen "$tmp/script.bt"
expect_status 1
expect_err 'it uses 10[0-9] maps of the kernel, which allows 64$'

# The helper's limit of turns: what was cut is told.

begin_case "a while loop of too many turns is cut, and says so"
if needs kernel:5.17; then
    sonde -k -e 'begin { $i = 0; while ($i < 10000000) { $i++; } printf("%d\n", $i); exit(); }'
    expect_out '8388608'
    expect_err 'WARNING: The loop was ended after 8388608 turns, as many as the kernel allows'
fi

begin_case "a range of too many turns is cut, and says so"
if needs kernel:5.17; then
    sonde -k -e 'begin { for ($i : 0..(10000000 + pid % 1)) { @n = $i; }
        printf("%d\n", @n); clear(@n); exit(); }'
    expect_out '8388607'
    expect_err 'WARNING: The range is longer than the 8388608 turns that the kernel allows'
fi

begin_case "loops that end before that say nothing"
if needs kernel:5.17; then
    sonde -k -e 'begin { $n = 0;
        for ($i : 0..8388608) { $n = $i; }
        for ($i : 0..(8388608 + pid % 1)) { if ($i > 5) { break; } $n += $i; }
        for ($i : 0..(10000000 + pid % 1)) { if ($i > 5) { break; } $n += 0; }
        for ($i : ((1 << 62) + pid % 1)..(-(1 << 62) - pid % 1)) { $n += 1000000; }
        for ($i : 7..(pid % 1)) { $n += 1000000; }
        $j = 0; while ($j < 8388608) { $j++; }
        while ($j > 0) { $j--; if ($j == 0) { break; } }
        $j = 8388607; while ($j > 0) { $j--; }
        while (1) { $n++; if ($n > 8388700) { break; } }
        printf("%d\n", $n); exit(); }'
    expect_out "8388701"
    expect_no_err "8388608 turns"
fi

begin_case "a condition that leaves the loop"
sonde -e 'begin { $i = 0; $n = 0;
    while ($n < 3) { $n++; while (({ $i++; if ($i > 5) { break; } 1 })) { $i += 0; } }
    printf("%d %d\n", $i, $n);
    while (({ $i++; if ($i > 20) { exit(); } $i < 30 })) { $n += 1; }
    printf("behind exit\n"); }'
expect_status 0
expect_out '8 3'
expect_no_match 'behind'

end_tests
