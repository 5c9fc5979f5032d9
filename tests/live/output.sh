# What is printed, to the byte: each kind of value as text and as JSON.
. "$(dirname "$0")/lib.sh"

# begin BODY: run it as a begin probe that exits.
text() {
    sonde -e "begin { $1 exit(); }"
    expect_status 0
}

json() {
    sonde -f json -e "begin { $1 exit(); }"
    expect_status 0
    expect_out '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}'
    sed -i 1d "$tmp/out"
}

# Standard output without the two newlines that stand before the maps.
expect_printed() {
    expect_output "$1

"
}

# ---- values ----

begin_case "numbers"
text 'print(-7); print((uint64)18446744073709551615); print(true); print((int8)-1); print(1 == 2);'
expect_printed '-7
18446744073709551615
true
-1
false'
json 'print(-7); print((uint64)18446744073709551615); print(9007199254740992); print(9007199254740993); print(true);'
expect_output '{"type": "value", "data": -7}
{"type": "value", "data": "18446744073709551615"}
{"type": "value", "data": 9007199254740992}
{"type": "value", "data": "9007199254740993"}
{"type": "value", "data": true}'

begin_case "strings"
text 'print("sshd"); print("a\"b\\c\td"); print("");'
expect_printed 'sshd
a"b\c	d
'
json 'print("a\"b\\c\nd\te\001"); print("gr\xc3\xbc\xc3\x9f"); print("stray \xff");'
expect_output '{"type": "value", "data": "a\"b\\c\nd\te\u0001"}
{"type": "value", "data": "grüß"}
{"type": "value", "data": "stray \u00ff"}'

begin_case "buffers"
text 'print(buf("GET\r\n\\", 6));'
expect_printed 'GET\x0d\x0a\'
json 'print(buf("G\377\n", 3));'
expect_output '{"type": "value", "data": [71,255,10]}'

begin_case "pointers"
text 'print((int8 *)0x10); print((int8 *)0);'
expect_printed '0x10
0x0'
json 'print((int8 *)0x10); print((int8 *)0);'
expect_output '{"type": "value", "data": 16}
{"type": "value", "data": 0}'

begin_case "tuples"
text 'print((1, "x", (2, true))); $t = (1, 2); print($t.1);'
expect_printed '(1, x, (2, true))
2'
json 'print((1, "x", (2, true)));'
expect_output '{"type": "value", "data": [1,"x",[2,true]]}'

begin_case "a symbol that is none"
text 'print(ksym(0)); print(ksym(1)); print(usym(0));'
expect_printed '0
0x1
0'
json 'print(ksym(0)); print(ksym(1));'
expect_output '{"type": "value", "data": "0"}
{"type": "value", "data": "0x1"}'

# ---- maps ----

begin_case "maps: scalar, keyed, many keys; in order of names"
text '@b["x"] = 1; @b["a b"] = 2; @a = -5; @["only"] = 1; @c[1, "two", true] = 3; @d[(1, 2), 3] = 4; @p[probe] = 1;'
expect_output '

@[only]: 1
@a: -5
@b[x]: 1
@b[a b]: 2
@c[1, two, true]: 3
@d[(1, 2), 3]: 4
@p[begin]: 1'
json '@b["x"] = 1; @b["a b"] = 2; @a = -5; @c[1, "two", true] = 3; @d[(1, 2), 3] = 4;'
expect_output '{"type": "map", "data": {"@a": -5}}
{"type": "map", "data": {"@b": {"x": 1, "ab": 2}}}
{"type": "map", "data": {"@c": {"1,two,true": 3}}}
{"type": "map", "data": {"@d": {"(1,2),3": 4}}}'

begin_case "maps: a string key in parentheses loses them"
text '@["(x)"] = 1;'
expect_output '

@[x]: 1'

begin_case "maps: sorted by value, then by key"
text '@n["b"] = 5; @n["a"] = 5; @n["c"] = -1; @n["d"] = 300; @s[3] = "x"; @s[1] = "z"; @s[2] = "y";'
expect_output '

@n[c]: -1
@n[a]: 5
@n[b]: 5
@n[d]: 300
@s[1]: z
@s[2]: y
@s[3]: x'

begin_case "maps: tuple keys sort by field"
text '@[2, "a"] = "v"; @[1, "b"] = "v"; @[1, "a"] = "v"; @[-1, "z"] = "v";'
expect_output '

@[-1, z]: v
@[1, a]: v
@[1, b]: v
@[2, a]: v'

begin_case "maps: the largest, and divided"
text '@[1] = 10; @[2] = 20; @[3] = 30; print(@, 2); print(@, 0, 10); print(@, 1, 7); clear(@);'
expect_printed '@[2]: 20
@[3]: 30
@[1]: 1
@[2]: 2
@[3]: 3
@[3]: 4'

# Text goes out some entries at a time, each decoded for it.
begin_case "maps: more than are printed at a time, the largest of them, and divided"
sonde -e 'begin { for ($i : 0..1000) { @m[comm, 1000 - $i] = $i * 10; @s[$i] = stats($i); }
    print(@m, 300, 10); clear(@m); print(@s, 130); clear(@s); exit(); }'
expect_status 0
{
    for i in $(seq 700 999); do echo "@m[begin, $((1000 - i))]: $i"; done
    for i in $(seq 870 999); do
        echo "@s[$i]: { .count = 1, .average = $i, .total = $i }"
    done
} >"$tmp/many"
expect_output "$(sed "s/begin/$(sed -n '1s/^@m\[\(.*\), .*/\1/p' "$tmp/out")/" "$tmp/many")

"

# Values that no rank tells apart, so that all keys are compared.
many_alike='config = { max_map_keys = 20000 }
    begin { for $i : 0..20000 { @[$i] = (uint64)0xf000000000000000; } exit(); }'

begin_case "maps: memory that is out is told, however little there is"
sonde -e "$many_alike"
expect_status 0
cp "$tmp/out" "$tmp/whole"
is_sorted_whole() {
    { printf '\n\n' && seq -f '@[%.0f]: 17293822569102704640' 0 19999; } | cmp -s - "$tmp/whole"
}
check "all keys in their order" is_sorted_whole
# A megabyte more each time, from too little to start with until all is printed.
if command -v prlimit >/dev/null; then
    mib=15 nr_told=0
    until cmp -s "$tmp/out" "$tmp/whole" && [ $mib -gt 15 ]; do
        mib=$((mib + 1))
        run_command prlimit --as=$((mib << 20)) "$SONDE" -e "$many_alike"
        grep -q '^WARNING: could not read map @: Cannot allocate memory$' "$tmp/err" &&
            nr_told=$((nr_told + 1))
        case $status in
            0 | 1 | 127 | 255) [ -s "$tmp/err" ] || { bad "no word at $mib MiB"; break; } ;;
            *) bad "ended at $mib MiB, not told"; break ;;
        esac
        [ $mib -lt 200 ] || { bad "not printed at $mib MiB"; break; }
    done
    check "the map that could not be read is told" [ $nr_told -gt 0 ]
else
    skip_case "prlimit is not installed"
fi

begin_case "maps: zero and clear"
text '@[1] = 10; @[2] = 20; zero(@); print(@); clear(@); print(@); print("end");'
expect_printed '@[1]: 0
@[2]: 0
end'

begin_case "aggregates"
text '@c = count(); @c = count(); @s = sum(-3); @s = sum(1); @a = avg(-7); @a = avg(-8);
    @mn[1] = min(-5); @mn[1] = min(3); @mn[2] = min(4); @mx = max(-5); @mx = max(-9);
    @t = stats(10); @t = stats(30); @k["x"] = stats(7); @k["y"] = stats(1);'
expect_output '

@a: -7
@c: 2
@k[y]: { .count = 1, .average = 1, .total = 1 }
@k[x]: { .count = 1, .average = 7, .total = 7 }
@mn[1]: -5
@mn[2]: 4
@mx: -5
@s: -2
@t: { .count = 2, .average = 20, .total = 40 }'
json '@c = count(); @a = avg(6); @k["x"] = avg(7); @t = stats(10); @u["x"] = stats(7); @mx = max(-5);
    if (@c == 99) { @none = stats(1); @nokey[1] = avg(1); @noh = hist(1); }'
expect_output '{"type": "stats", "data": {"@a": 6}}
{"type": "map", "data": {"@c": 1}}
{"type": "stats", "data": {"@k": {"x": 7}}}
{"type": "map", "data": {"@mx": -5}}
{"type": "stats", "data": {"@nokey": {}}}
{"type": "stats", "data": {"@none": {}}}
{"type": "stats", "data": {"@t": {"count": 1, "average": 10, "total": 10}}}
{"type": "stats", "data": {"@u": {"x": {"count": 1, "average": 7, "total": 7}}}}'

begin_case "average of stats is divided, not its total"
text '@["x"] = stats(30); print(@, 0, 10); clear(@);'
expect_printed '@[x]: { .count = 1, .average = 3, .total = 30 }'

# ---- histograms ----

begin_case "hist"
text '@h = hist(-1); @h = hist(1); @h = hist(1); @h = hist(1); @h = hist(2); @h = hist(3); @h = hist(9);'
expect_output '

@h:
(..., 0)               1 |@@@@@@@@@@@@@@@@@                                   |
[0]                    0 |                                                    |
[1]                    3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[2, 4)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@                  |
[4, 8)                 0 |                                                    |
[8, 16)                1 |@@@@@@@@@@@@@@@@@                                   |
'
json '@h = hist(-1); @h = hist(1); @h = hist(3);'
expect_output '{"type": "hist", "data": {"@h": [{"max": -1, "count": 1},{"min": 0, "max": 0, "count": 0},{"min": 1, "max": 1, "count": 1},{"min": 2, "max": 3, "count": 1}]}}'

begin_case "hist: large values in K, M, G"
text '@h[1] = hist(1023); @h[2] = hist(1024); @h[2] = hist(1024); @h[3] = hist(1 << 20); @h[3] = hist(1 << 20);
    @h[3] = hist(1 << 20); @h[4] = hist((uint64)1 << 62); @h[4] = hist(1 << 31);@h[4] = hist(1 << 31);@h[4] = hist(1 << 31);'
expect_out '@h[1]:'
expect_out '[512, 1K)              1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|'
expect_out '[1K, 2K)               2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|'
expect_out '[1M, 2M)               3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|'
expect_out '[4E, 8E)               1 |@@@@@@@@@@@@@@@@@                                   |'

begin_case "hist with bits"
text '@h = hist(1100, 2);'
expect_output '

@h:
[1024, 1280)           1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
'

begin_case "hist by key, with its JSON"
text '@h["b"] = hist(1); @h["b"] = hist(1); @h["a b"] = hist(0);'
expect_output '

@h[a b]:
[0]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@h[b]:
[1]                    2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
'
json '@h["b"] = hist(1); @h["b"] = hist(1); @h["a b"] = hist(0);'
expect_output '{"type": "hist", "data": {"@h": {"ab": [{"min": 0, "max": 0, "count": 1}], "b": [{"min": 1, "max": 1, "count": 2}]}}}'

begin_case "hist divided: rows stay, counts shrink"
text '@h = hist(1); @h = hist(1); @h = hist(2); print(@h, 0, 2); clear(@h);'
expect_printed '@h:
[1]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[2, 4)                 0 |                                                    |
'

begin_case "lhist"
text '@l = lhist(1, 5, 30, 10); @l = lhist(10, 5, 30, 10); @l = lhist(28, 5, 30, 10); @l = lhist(100, 5, 30, 10);'
expect_output '

@l:
(..., 5)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
[5, 15)                1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
[15, 25)               0 |                                                    |
[25, ...)              2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
'
json '@l = lhist(1, 5, 30, 10); @l = lhist(10, 5, 30, 10); @l = lhist(28, 5, 30, 10);'
expect_output '{"type": "hist", "data": {"@l": [{"max": 4, "count": 1},{"min": 5, "max": 14, "count": 1},{"min": 15, "max": 24, "count": 0},{"min": 25, "count": 1}]}}'

begin_case "lhist: steps of 1, and in K"
text '@a = lhist(3, 0, 10, 1); @b = lhist(2048, 0, 10240, 1024); @c = lhist(10, 0, 10, 2);'
expect_output '

@a:
[3]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@b:
[2K, 3K)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@c:
[10, ...)              1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
'

# ---- printf ----

begin_case "printf: numbers, widths, flags"
text 'printf("[%5d|%-5d|%05d|%05d|%+d|%+d|%+5d]\n", -42, 7, 3, -3, 5, -5, 5);
    printf("[%#x|%#X|%#o|%#06x|%x|%X|%o|%u|%i|%#x]\n", 255, 255, 8, 255, -1, -1, 8, -1, -1, 0);
    printf("[%hhd|%hd|%d|%ld|%lld|%hhu|%lx]\n", 0x1234567890, 0x1234567890, 0x1234567890, 0x1234567890, 0x1234567890, 0x12345678f0, -1);
    printf("[%c|%5c|%-5c]\n", 65, 66, 67);
    printf("[%p|%p|%10p|%-10p]\n", 0, 16, 16, 16);
    printf("%%|%y|%\n");'
expect_printed '[  -42|7    |00003|-0003|+5|-5|   +5]
[0xff|0XFF|010|0x00ff|ffffffff|FFFFFFFF|10|4294967295|-1|0]
[-112|30864|878082192|78187493520|78187493520|240|ffffffffffffffff]
[A|    B|C    ]
[0|0x10|      0x10|0x10      ]
%|%y|%'

begin_case "printf: strings and composites in a width"
text 'printf("[%10s|%-10s|%.2s|%3s]\n", "abc", "abc", "abc", "abcdef");
    printf("[%10s|%-10s|%s|%s]\n", (1, 2), (1, 2), true, -5);
    printf("[%r|%rx|%rh|%10r]\n", buf("ab\001\\", 4), buf("abc", 3), buf("abc", 3), buf("abc", 3));'
expect_printed '[       abc|abc       |abc|abcdef]
[    (1, 2)|(1, 2)    |true|-5]
[ab\x01\|\x61\x62\x63|61 62 63|       abc]'
json 'printf("a %s\n", "\"b\"");'
expect_output '{"type": "printf", "data": "a \"b\"\n"}'

begin_case "time, cat, errors of the script"
text 'time("%%\n"); cat("/proc/sys/kernel/%s", "ostype");'
expect_printed '%
Linux'
json 'time("x\n"); cat("/proc/sys/kernel/ostype"); errorf("bad fd %d\n", 9); warnf("w");'
expect_output '{"type": "time", "data": "x\n"}
{"type": "cat", "data": "Linux\n"}
{"type": "errorf", "msg": "bad fd 9\n", "filename": "stdin", "line": 1, "col": 54}
{"type": "warnf", "msg": "w", "filename": "stdin", "line": 1, "col": 80}'
text 'errorf("bad fd %d\n", 9); warnf("w");'
expect_err '^stdin:1:9-33: ERROR: bad fd 9$'
expect_err '^stdin:1:35-45: WARNING: w$'

begin_case "cat of a file that is not there"
text 'cat("/nonexistent/%d", 1); printf("on\n");'
expect_printed on
expect_err "^ERROR: failed to open file '/nonexistent/1' \(No such file or directory\)$"

begin_case "system: both streams, then a newline; nothing of what fails"
sonde --unsafe -e 'begin { system("echo %s; echo err >&2", "out"); system("echo lost; exit 3"); printf("on\n"); exit(); }'
expect_printed 'out
err

on'
expect_err '^ERROR: command exited with code 3'
sonde --unsafe -f json -e 'begin { system("echo out"); exit(); }'
expect_out '{"type": "syscall", "data": "out\n"}'

# ---- where it goes ----

begin_case "-o takes what the script prints, not the messages"
sonde -o "$tmp/file" -e 'begin { printf("hi\n"); exit(); }'
expect_status 0
expect_output_is_empty() { [ ! -s "$tmp/out" ]; }
check "nothing on standard output" expect_output_is_empty
check "the line in the file" grep -qx hi "$tmp/file"
expect_err '^Attached 1 probe$'

begin_case "a full disk is told"
if [ -e /dev/full ]; then
    sonde -o /dev/full -e 'begin { printf("hi\n"); exit(); }'
    expect_status 1
    expect_err 'No space left on device'
fi

begin_case "-q leaves out the line about attached probes"
sonde -q -e 'begin { exit(); }'
expect_no_err Attached
sonde -q -f json -e 'begin { exit(); }'
expect_no_match attached

end_tests
