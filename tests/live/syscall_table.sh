# Every event of category syscalls has a number in our table: then one raw
# program serves them all, and no program of another kind is left.
. "$(dirname "$0")/lib.sh"

for kind in enter exit; do
    begin_case "sys_$kind events are all in the table"
    sonde --dry-run -d types -e "tracepoint:syscalls:sys_${kind}_* { @[probe] = count(); }"
    if grep -q 'No attach points' "$tmp/err"; then
        skip_case "this kernel has no syscall events"
    else
        expect_match "^program 0: .* by raw sys_$kind"
        check "no other program" [ "$(grep -c '^program' "$tmp/out")" = 1 ]
    fi
done

end_tests
