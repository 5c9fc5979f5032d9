#!/bin/sh
# Keys that end in a text or a stack lie in several kernel maps, by their size: to the
# script that is one map.
. "$(dirname "$0")/lib.sh"

# A text of N letters.
letters() {
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "a" }'
}

texts() { # one statement for each length; `{}` stands for the text
    for n in 1 15 16 17 63 64 65 255 256 257 1022 1023; do
        echo "$1" | sed "s/{}/str(\"$(letters "$n")\")/"
    done
}

lengths='1 15 16 17 63 64 65 255 256 257 1022 1023'

begin_case "texts of all sizes are keys of one map"
if needs kernel:5.11; then # keys of more than 512 bytes
    sonde -e "begin { $(texts '@[{}] = count();') $(texts '@[{}] = count();') exit(); }"
    expect_status 0
    for n in $lengths; do
        grep -q "^@\[$(letters "$n")\]: 2\$" "$tmp/out" || bad "no 2 for $n letters"
    done
    [ "$(grep -c '^@' "$tmp/out")" = 12 ] || bad "not 12 entries"
fi

long=$(letters 300) middle=$(letters 40) short=$(letters 4)

begin_case "they are found and deleted, and come again after clear"
sonde -q -e "begin { @[str(\"$short\")]++; @[str(\"$middle\")]++; @[str(\"$long\")]++;
    delete(@, str(\"$middle\"));
    printf(\"%d %d %d %d\\n\", has_key(@, str(\"$short\")), has_key(@, str(\"$middle\")),
           has_key(@, str(\"$long\")), @[str(\"$long\")]); exit(); }"
expect_status 0
expect_out "1 0 1 1"
expect_out "@[$short]: 1"
expect_out "@[$long]: 1"

begin_case "a text in a tuple, wherever it stands, and beside others"
sonde -q -e "begin { @[str(\"$short\"), 1, \"x\"] = count(); @[str(\"$long\"), 2, \"y\"] = count();
    @[str(\"$middle\"), 3, \"zz\"] = count(); @[str(\"$middle\"), 3, \"zz\"] = count();
    \$t = (str(\"$short\"), 1, \"x\"); @[\$t] = count(); @[\$t] = count(); exit(); }"
expect_status 0
expect_out "@[$long, 2, y]: 1"
expect_out "@[$middle, 3, zz]: 2"
expect_out "@[$short, 1, x]: 3"
[ "$(grep -c '^@' "$tmp/out")" = 3 ] || bad "not 3 entries"

begin_case "the capacity is that of all sizes together, and given back"
sonde -e "config = { max_map_keys = 3 } begin { @[str(\"$short\")] = count();
    @[str(\"$middle\")] = count(); @[str(\"$long\")] = count();
    @[str(\"b\")] = count(); delete(@, str(\"$middle\")); @[str(\"c\")] = count();
    @[str(\"c\")] = count(); @[str(\"d\")] = count(); exit(); }"
expect_status 0
expect_out "@[$short]: 1"
expect_out "@[$long]: 1"
expect_out "@[c]: 2"
[ "$(grep -c '^@' "$tmp/out")" = 3 ] || bad "not 3 entries"
grep -q full "$tmp/err" || bad "nothing said of a full map"

begin_case "printed and cleared while running: nothing is kept, and there is room again"
sonde -q -e "config = { max_map_keys = 3 } begin { @n = 0; }
interval:ms:300 { @n++; @[str(\"$short\"), 1] = count(); @[str(\"$middle\"), 1] = count();
    @[str(\"$long\"), 1] = count(); if (@n == 4) { exit(); } print(@); clear(@); }"
expect_status 0
[ "$(grep -c '^@\[.*: 1$' "$tmp/out")" = 12 ] || bad "not 4 times three entries of 1"
[ ! -s "$tmp/err" ] || bad "expected no message"

begin_case "zeroed keys stay in the map in which they belong"
sonde -q -e "begin { @[str(\"$short\")] = count(); @[str(\"$long\")] = count(); print(@); zero(@); }
interval:ms:200 { @[str(\"$long\")] = count(); exit(); }"
expect_status 0
expect_out "@[$short]: 0"
[ "$(grep -cx "@\[$long\]: 1" "$tmp/out")" = 2 ] || bad "not 1 twice"

begin_case "texts of another program, one over the other"
if needs kernel:5.11; then # keys of more than 512 bytes
    names=''
    for n in 4 100 4 40 240 40 100 4; do
        names="$names /$(letters $n)"
    done
    sonde -q -e 'tracepoint:syscalls:sys_enter_openat /pid == cpid/ { @[str(args.filename)] = count();
        @t[str(args.filename), pid == 0] = count(); }' -c "cat $names"
    for n in 4:3 40:2 100:2 240:1; do
        expect_out "@[/$(letters "${n%:*}")]: ${n#*:}"
        expect_out "@t[/$(letters "${n%:*}"), false]: ${n#*:}"
    done
fi

begin_case "stacks, alone and beside others"
if needs kernel:5.11; then # keys of more than 512 bytes
    sonde -q -e 'tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @k[kstack] = count();
        @u[ustack, comm] = count(); @b[kstack, ustack(3), 1] = sum(2); @c[kstack(90)]++; }' \
        -c "$TESTS/programs/syscalls getppid 20"
    expect_status 0
    [ "$(grep -c '^.*\]: 20$' "$tmp/out")" = 3 ] || bad "not three of 20"
    [ "$(grep -c '\]: 40$' "$tmp/out")" = 1 ] || bad "not one of 40"
fi
# Maps with stacks in their keys are printed some entries at a time.
begin_case "many keys with stacks: all of them, in order, in each format"
script='config = { max_map_keys = 2000 }
    begin { for ($i : 0..1000) { @[$i % 7, kstack(2), $i] = 1000 - $i; } exit(); }'
sonde -e "$script"
expect_status 0
check "a thousand" [ "$(grep -c '^, [0-9]*\]: [0-9]*$' "$tmp/out")" = 1000 ]
sed -n 's/^, [0-9]*\]: //p' "$tmp/out" >"$tmp/seen"
check "ascending" sort -nc "$tmp/seen"
sonde -f json -e "$script"
expect_match '^\{"type": "map", "data": \{"@": \{"5,.*,999": 1, .*,0": 1000\}\}\}$'
sonde -f folded -e "$script"
check "a thousand lines" [ "$(wc -l <"$tmp/out")" = 1000 ]
check "all that was counted" [ "$(awk '{ n += $NF } END { print n }' "$tmp/out")" = 500500 ]

begin_case "many keys with stacks: the largest, divided; printed again; zeroed"
script='config = { max_map_keys = 2000 } begin { for ($i : 0..1000) { @[kstack(2), $i] = sum($i); } '
sonde -e "$script print(@, 300, 10); clear(@); exit(); }"
check "three hundred" [ "$(grep -c '^, [0-9]*\]: [0-9]*$' "$tmp/out")" = 300 ]
expect_out ', 700]: 70'
expect_out ', 999]: 99'
sonde -f folded -e "$script print(@); print(@); exit(); }"
check "counted once" [ "$(awk '{ n += $NF } END { print n }' "$tmp/out")" = 499500 ]
sonde -e "$script print(@); zero(@); exit(); }"
check "a thousand, then zeros" [ "$(grep -c '^, [0-9]*\]: 0$' "$tmp/out")" = 1001 ]

begin_case "kernels that allow no long keys"
if kernel_at_least 6.1; then
    skip_case "this one does"
else
    sonde -e 'begin { @[str(kaddr("linux_banner"), 600)] = count(); exit(); }'
    expect_status 255
    expect_err '^ERROR: map @ is too large for this kernel: 4096 entries with a key of 601 and'
    expect_err '^HINT: kernels before 6.1 allow keys of 512 bytes: read less of a string, as by str\(x, 200\), or fewer frames, as by kstack\(60\)$'
fi

end_tests
