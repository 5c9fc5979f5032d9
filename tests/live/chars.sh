#!/bin/sh
# Arrays of `char` in structs: as values they are strings with room for a NUL, so that one that
# is full is whole. No byte behind it is read. See tests/programs/chars.c.
. "$(dirname "$0")/lib.sh"

P=$TESTS/programs/chars
def='struct of_edge { int number; char name[4]; char text[72]; };'
digits=012345678901234567890123456789012345678901234567890123456789012345678901

# All of what was printed, but for empty lines.
expect_whole() { # TEXT
    printf '%s\n' "$1" | grep . >"$tmp/wanted"
    grep . "$tmp/out" | cmp -s - "$tmp/wanted" || bad "expected: $1"
}

# What a script finds in the struct at the end of a page; no read may fail.
edge() { # SCRIPT
    sonde -q -e "$def uprobe:$P:edge { \$e = (struct of_edge *)arg0; $1 }" -c "$P"
    expect_status 0
    check "nothing is said" [ ! -s "$tmp/err" ]
}

if needs root; then
    begin_case "full arrays at the end of memory"
    edge 'print($e->name); print($e->text); printf("%s|%s|%6s|\n", $e->name, $e->text, $e->name);
        print((1, $e->name, $e->text)); print(*$e); print((len = 4, it = $e->name));'
    expect_whole "abcd
$digits
abcd|$digits|  abcd|
(1, abcd, $digits)
{ .number = 0, .name = abcd, .text = $digits }
{ .len = 4, .it = abcd }"

    begin_case "full arrays in maps and variables"
    edge '$n = $e->name; $t = $e->text; @n[$e->name] = $n; @t[$e->text] = $t; @m[1, $e->text, $e->name]++;
        @s[$e->text] = count(); print((@n["abcd"], @t[$t], @n[$n] == $n, has_key(@m, (1, $t, $n))));
        for ($i : 0..2) { @w[$e->text, $i] = sum($i); }
        for ($kv : @t) { print($kv.0 == $kv.1); }'
    expect_whole "(abcd, $digits, true, true)
true


@m[1, $digits, abcd]: 1
@n[abcd]: abcd
@s[$digits]: 1
@t[$digits]: $digits
@w[$digits, 0]: 0
@w[$digits, 1]: 1"

    begin_case "full arrays compared, indexed, cut, cast"
    edge 'print(($e->name == "abcd", $e->name == "abc", $e->name == "abcde", $e->name != "abcd"));
        print(($e->name == $e->text, $e->text == $e->text)); $i = 3; $j = 4; $k = (uint8)71;
        print(($e->name[0], $e->name[3], $e->name[4], $e->name[$i], $e->name[$j], $e->text[$k]));
        print((sizeof($e->name), sizeof($e->text), sizeof(*$e), offsetof(struct of_edge, text)));
        print((strlen($e->name), strlen($e->text), strncmp($e->name, "abcd", 4), strncmp($e->text, $e->text, 72)));
        print((str($e->name), str($e->text), str($e->name, 2), (string[8])$e->name));
        print((strcontains($e->text, "8901"), strcontains($e->name, "cd"), strstr($e->name, "d")));
        print((buf($e->name, 4), (uint8[4])$e->name, (int8[])$e->name, (bool)$e->name, ntop($e->name)));
        print((strcap($e->name), memcmp($e->name, "abcd", 4), str_concat($e->name, $e->name)));'
    expect_whole "(true, false, false, false)
(false, true)
(97, 100, 0, 100, 0, 49)
(5, 73, 80, 8)
(4, 72, 0, 0)
(abcd, $digits, a, abcd)
(true, true, 3)
(abcd, [97,98,99,100], [97,98,99,100], true, 97.98.99.100)
(5, 0, abcdabcd)"

    begin_case "full arrays in functions and choices"
    sonde -q -e "$def"' fn show($s : string) : void { printf("%s|", $s); @f[$s] = 1; }
        fn same($s : string[4]) : bool { return $s == "abcd"; }
        uprobe:'"$P"':edge { $e = (struct of_edge *)arg0; show($e->name); show($e->text); print(same($e->name));
        print(pid ? $e->name : "x"); print(!pid ? "x" : $e->text); let $d : string[4] = $e->name; print($d); }' -c "$P"
    expect_whole "abcd|$digits|true
abcd
$digits
abcd..


@f[$digits]: 1
@f[abcd]: 1"
    expect_status 0

    begin_case "arrays of arrays"
    sonde -q -e 'struct of_words { char word[3][4]; char rest[0]; }; begin { $t = "onetwo34five"; $p = (struct of_words *)$t;
        $i = 2; print(($p->word[0], $p->word[1], $p->word[$i])); print($p->word); @[$p->word] = 1; print(*$p);
        print((sizeof($p->word), sizeof($p->word[0]), sizeof(*$p))); }'
    expect_whole '(onet, wo34, five)
[onet,wo34,five]
{ .word = [onet,wo34,five], .rest = [] }
(12, 5, 12)
@[[onet,wo34,five]]: 1'

    if needs btf; then
        begin_case "full arrays of the kernel's structs"
        # Its first two members have 65 bytes each.
        sonde -q -e "begin { \$t = \"$digits${digits}\"; \$p = (struct old_utsname *)\$t; @[\$p->sysname] = 1;
            print((\$p->sysname, sizeof(\$p->sysname), strlen(\$p->nodename))); print(sizeof(curtask.comm));
            let \$c : string[16] = curtask.comm; print(\$c == comm); }"
        expect_whole "(${digits%5678901}, 65, 65)
16
true
@[${digits%5678901}]: 1"
        expect_status 0
    fi
fi

begin_case "arrays of a program's structs"
if needs root; then
    sonde -q -e "uprobe:$P:edge { print((args.e->name, args.e->text, sizeof(args.e->name))); print(*args.e); }" -c "$P"
    expect_whole "(abcd, $digits, 4)
{ .number = 0, .name = abcd, .text = $digits }"
fi

end_tests
