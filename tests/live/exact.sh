# What is counted is counted exactly once, whoever counts and however it is printed; and
# what cannot be recorded is counted as lost, by whichever action.
. "$(dirname "$0")/lib.sh"

# A name of its own: other tests may run at the same time.
name=exact$$
calls=$tmp/$name
cp "$TESTS/programs/syscalls" "$calls"
probe="tracepoint:syscalls:sys_enter_getppid /comm == \"$name\"/"
EACH=80000	# calls of each of the two threads
ALL=$((2 * EACH))

# The sum of all that was printed of a map with keys.
sum_of() { # MAP
    sed -n "s/^@$1\[.*\]: //p" "$tmp/out" | awk '{ n += $1 } END { printf "%d\n", n }'
}

# Sets `came`: the calls of which the program ran. Kernels that preempt a task in a program, or in
# a call that reads a map, run no other there meanwhile, and count each one: that is all that may
# be lost, and it must be told.
hammer() { # SCRIPT
    local lost=0
    sonde_start -e "$1"
    $calls hammer $EACH
    sonde_stop
    expect_status 0
    if kernel_at_least 7.0; then
        lost=$(sed -n 's/^Lost \([0-9]*\) events\{0,1\}: the program was running already.*/\1/p' "$tmp/err" |
            awk '{ n += $1 } END { printf "%d\n", n }')
        sed -i -e '/^Lost [0-9]* events*: the program was running already (tracepoint:syscalls:sys_enter_getppid)$/d' \
            -e "/^WARNING: Total lost event count: $lost\$/d" "$tmp/err"
    fi
    expect_no_err 'ost|ull'
    came=$((ALL - lost))
}

# Of 2,000 keys, all of them printed 20 times a second.
prints_add_up() { # MAP ADD ADDED CLEAR
    hammer "$probe { @$1[rand % 2000] $2; } interval:ms:50 { print(@$1); $4(@$1); }"
    check "$(($3 * came)) in all, not $(sum_of "$1")" [ "$(sum_of "$1")" = $(($3 * came)) ]
}

begin_case "2,000 keys printed and cleared each 50 ms: counts"
prints_add_up c '= count()' 1 clear
begin_case "2,000 keys printed and zeroed each 50 ms: counts"
prints_add_up c '= count()' 1 zero
begin_case "2,000 keys printed and cleared each 50 ms: sums"
prints_add_up s '= sum(3)' 3 clear
begin_case "2,000 keys printed and cleared each 50 ms: ++"
prints_add_up n '++' 1 clear
begin_case "2,000 keys printed and zeroed each 50 ms: +="
prints_add_up n '+= 2' 2 zero

begin_case "2,000 keys of text printed and cleared each 50 ms"
hammer "$probe { @[comm, probe, rand % 2000] = count(); } interval:ms:50 { print(@); clear(@); }"
check "$came in all, not $(sum_of '')" [ "$(sum_of '')" = "$came" ]

begin_case "histograms printed and cleared each 50 ms"
hammer "$probe { @[rand % 20] = hist(rand % 100); } interval:ms:50 { print(@); clear(@); }"
sum=$(sed -n 's/^\[.*[])] *\([0-9]*\) |.*/\1/p' "$tmp/out" |
    awk '{ n += $1 } END { printf "%d\n", n }')
check "$came in all buckets, not $sum" [ "$sum" = "$came" ]

begin_case "a scalar printed and cleared each 50 ms"
hammer "$probe { @ = count(); } interval:ms:50 { print(@); clear(@); }"
sum=$(sed -n 's/^@: //p' "$tmp/out" | awk '{ n += $1 } END { printf "%d\n", n }')
check "$came in all, not $sum" [ "$sum" = "$came" ]

begin_case "two threads at one key: each operator and aggregation"
hammer "$probe { @a[1]++; ++@b[1]; @c[1]--; @d[1] += 3; @e[1] -= 2; @f++; @g -= 5; @h[1] = count();
    @i = sum(-1); @j[1] = stats(4); @k = avg(6); @l[1] = min(\$1); @m = max(\$1); }
    begin { @a[1] = 0; @b[1] = 0; }"
for line in "a[1]: $came" "b[1]: $came" "c[1]: -$came" "d[1]: $((3 * came))" "e[1]: -$((2 * came))" \
    "f: $came" "g: -$((5 * came))" "h[1]: $came" "i: -$came" "k: 6" \
    "j[1]: { .count = $came, .average = 4, .total = $((4 * came)) }"; do
    expect_out "@$line"
done

begin_case "two threads that insert the same keys"
hammer "$probe { @a[nsecs / 1000000]++; @b[nsecs / 1000000, comm] += 2; }"
check "$came in all, not $(sum_of a)" [ "$(sum_of a)" = "$came" ]
check "$((2 * came)) in all, not $(sum_of b)" [ "$(sum_of b)" = $((2 * came)) ]

# ---- what a full buffer loses ----

# A probe that records more than the buffer has room for, before anybody reads.
lost_and_there() { # TYPE-OF-RECORD ACTION
    local lost came
    begin_case "a full buffer loses some of the 20,000 of $2"
    sonde -f events -e "config = { perf_rb_pages = 1; print_maps_on_exit = false }
        begin { @m = 7; for (\$i : 0..20000) { $2; } exit(3); }"
    expect_status 3
    lost=$(grep '"type": "lost", .*"cause": "ring_full"' "$tmp/out" |
        sed 's/.*"count": \([0-9]*\),.*/\1/' | awk '{ n += $1 } END { printf "%d\n", n }')
    came=$(grep -c "\"type\": \"$1\"" "$tmp/out")
    check "some of both, not $came and $lost" [ $((came > 0 && lost > 0)) = 1 ]
    check "20000 in all, not $came and $lost" [ $((came + lost)) = 20000 ]
    expect_match "\"type\": \"end\".* \"lost\": $lost, \"dropped\": 0}"
}

# Records of fixed size, with texts, by number only, made in scratch memory.
lost_and_there printf 'printf("x%d\n", $i)'
lost_and_there printf 'printf("x%s %s\n", comm, "abc")'
lost_and_there printf 'printf("x%s\n", str(kptr((uint64)curtask), 8))'
lost_and_there printf 'printf("%s\n", str_concat(comm, comm))'
lost_and_there value 'print(("x", $i))'
lost_and_there value 'print($i)'
lost_and_there value 'print(buf(kptr((uint64)curtask), 8))'
lost_and_there value 'print(kstack(1))'
lost_and_there map 'print(@m)'
lost_and_there time 'time("x\n")'
lost_and_there cat 'cat("/dev/null")'
lost_and_there warnf 'warnf("x")'
lost_and_there join 'join(kptr((uint64)curtask))'

begin_case "a full buffer is told of while the script runs, in words and as JSON"
loss='config = { perf_rb_pages = 1 } begin { for ($i : 0..20000) { printf("x%d\n", $i); } }
    interval:s:60 { @ = 1; }'
told() { # FILE PATTERN
    local i=0
    while ! grep -qE "$2" "$tmp/$1" && [ $i -lt 100 ]; do
        sleep 0.05
        i=$((i + 1))
    done
    check "while it runs: $2" grep -qE "$2" "$tmp/$1"
    check "it runs still" kill -0 "$sonde_pid"
}
sonde_start -e "$loss"
told err '^Lost [0-9]+ events: the event buffer was full \(begin\)$'
sonde_stop
"$SONDE" -f json -e "$loss" >"$tmp/out" 2>"$tmp/err" </dev/null &
sonde_pid=$!
told out '"cause": "the event buffer was full", "probe": "begin"'
sonde_stop

end_tests
