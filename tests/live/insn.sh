# Where instructions begin, as a disassembler says: at each of those of our own program a probe
# may be set, and nowhere else. See also tests/unit/test_insn.c.
. "$(dirname "$0")/lib.sh"

begin_case "our own functions, instruction by instruction"
if needs objdump && needs awk; then
    P=$TESTS/programs/target
    # Offsets of instructions in main, from main's start.
    objdump -d --no-show-raw-insn "$P" | awk '
        /^[0-9a-f]+ <main>:/ { on = 1; next }
        /^$/ { on = 0 }
        on && /^ *[0-9a-f]+:/ { sub(":", "", $1); print $1 }' >"$tmp/starts"
    first=$(head -1 "$tmp/starts")
    nr=0
    while read -r address && [ $nr -lt 40 ]; do
        nr=$((nr + 1))
        printf 'uprobe:%s:main+%d { }\n' "$P" $((0x$address - 0x$first))
    done <"$tmp/starts" >"$tmp/all.bt"
    sonde --mode codegen "$tmp/all.bt"
    expect_status 0
    check "some instructions" [ "$nr" -gt 10 ]
fi

end_tests
