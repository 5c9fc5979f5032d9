# Random and kept programs on the kernel: what type-checks loads and computes right.
program=build/tests/differential/differential
[ -x $program ] || { echo "0 passed, 0 failed, 1 skipped"; exit 0; }
kept=$($program --live tests/differential/programs/*.bt)
random=$($program --live --quiet --count "${DIFFERENTIAL:-0}")
printf '%s\n%s\n' "$kept" "$random" | grep -v 'passed, '
printf '%s\n%s\n' "$kept" "$random" | awk '/^[0-9]+ passed, / { p += $1; f += $3; s += $5 }
    END { print p " passed, " f " failed, " s " skipped" }'
