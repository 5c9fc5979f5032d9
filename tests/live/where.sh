# Each builtin in each type of probe: accepted or refused as tests/where/table says, and
# what is accepted loads and is attached. One script has all that is in a column, a line
# each, so that a few runs are enough.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../where/columns.sh"

fill_table

# Compile the lines of $tmp/rows without those that are refused, until all are accepted:
# leaves the others in $tmp/script and "LINE MESSAGE" in $tmp/refused.
compile_rows() { # FILE
    : >"$tmp/refused"
    while :; do
        awk 'FILENAME == ARGV[1] { refused[$1] = 1; next } { print refused[FNR] ? "" : $0 }' \
            "$tmp/refused" "$1" >"$tmp/script"
        timeout 60 "$SONDE" --unsafe --mode codegen "$tmp/script" >"$tmp/out" 2>"$tmp/err"
        status=$?
        [ $status -ne 0 ] || return 0
        sed -n 's/^[^ ]*script:\([0-9]*\):[-0-9]*: ERROR: /\1 /p' "$tmp/err" >>"$tmp/refused"
        if ! grep -q 'script:[0-9]*:[-0-9]*: ERROR' "$tmp/err"; then
            bad "it is refused without a place"
            return 1
        fi
    done
}

# What a kernel may lack is said in such words.
lacks='kernel|Linux [0-9]|Failed to get `cgroupid`|not supported in this probe type yet'

# Compare with the table.
judge_rows() {
    awk -v lacks="$lacks" -v old="$old" '
        FILENAME == ARGV[1] {
            row = $1
            sub(/^[0-9]+ /, "")
            if (!(row in text))
                text[row] = $0
            next
        }
        {
            may_lack = $2 == "k" || old
            refused = $1 in text
            if ($2 == "x" && !refused)
                print $3 " is accepted"
            else if ($2 != "x" && refused && !(may_lack && text[$1] ~ lacks))
                print $3 " is refused: " text[$1]
        }' "$tmp/refused" "$tmp/rows"
}

kernel_at_least 6.1 && old='' || old=1

# Whether programs of this type can be loaded and attached here.
can_attach() { # COLUMN
    case $1 in
        kprobe | kretprobe | fentry | fexit) [ -e /sys/bus/event_source/devices/kprobe/type ] ;;
        hardware) [ -e /sys/bus/event_source/devices/cpu/type ] &&
            "$SONDE" --dry-run -e 'hardware:cpu-cycles:100000000 { @ = 1; }' >/dev/null 2>&1 ;;
        watchpoint) "$SONDE" --dry-run -e \
            "$(sed -n 's/^column watchpoint //p' "$tmp/table") { @ = 1; }" >/dev/null 2>&1 ;;
        *) true ;;
    esac
}

options_of() { # COLUMN
    case $1 in test | bench) echo "--$1" ;; esac
}

# Of some types the kernel has no place for so many: it is enough that they are loaded.
few_places() { # COLUMN
    case $1 in fentry | fexit | tracepoint | watchpoint) true ;; *) false ;; esac
}

# Benchmarks are run even so, a second each on a slow machine: some, and none that ends
# early or starts thousands of commands.
rows_to_attach() { # COLUMN
    if [ "$1" = bench ]; then
        awk 'NR % 8 == 1 && !/(errorf|system)\(/'
    else
        cat
    fi
}

for column in $(columns); do
    begin_case "$column: what is accepted and refused"
    rows_of "$column" >"$tmp/rows"
    sed 's/^[0-9]* [^ ]* [^ ]* //' "$tmp/rows" >"$tmp/lines"
    if compile_rows "$tmp/lines"; then
        wrong=$(judge_rows)
        check "as the table says, not: $wrong" [ -z "$wrong" ]
        few=''
        few_places "$column" && few='config = { missing_probes = "warn" } '
        sed "1s/^/$few/" "$tmp/script" | rows_to_attach "$column" >"$tmp/accepted"
        begin_case "$column: what is accepted loads and is attached"
        if can_attach "$column"; then
            # shellcheck disable=SC2046
            sonde -q --no-warnings --unsafe --dry-run $(options_of "$column") "$tmp/accepted"
            expect_status 0
        else
            skip_case "this kernel has no such probes"
        fi
    fi
done

begin_case "what needs attach points of its own"
sed -n 's/^also \([^ ]*\) \(.*\)/\1 { \2 }/p' "$tmp/table" |
    awk '{ gsub(/@X/, "@x" NR); print }' >"$tmp/lines"
if compile_rows "$tmp/lines"; then
    wrong=$(grep -vE "$lacks" "$tmp/refused")
    check "all of them, not: $wrong" [ -z "$wrong" ]
fi

begin_case "the table has each builtin of the manual"
sed -n '/<!-- table: builtins -->/,/<!-- end of table -->/s/^| `\([a-zA-Z_]*\)` .*/\1/p' \
    "$(dirname "$0")/../../docs/builtins.md" | sort >"$tmp/manual"
sed 's/[ (].*//' "$tmp/table" | sort -u >"$tmp/tested"
missing=$(grep -vxFf "$tmp/tested" "$tmp/manual" | tr '\n' ' ')
check "a manual with a table" [ -s "$tmp/manual" ]
check "each has a row; not ${missing:-}" [ -z "$missing" ]

# The builtins that are not allowed everywhere, as the manual lists them.
print_limits() {
    awk '
        $1 == "column" { type[++n] = $2; next }
        $1 == "also" || $2 !~ /x/ || $1 ~ /^print\(/ { next }
        {
            list = ""
            for (i = 1; i <= n; i++)
                if (substr($2, i, 1) != "x")
                    list = list (list ? ", " : "") "`" type[i] "`"
            print "| `" $1 "` | " (list ? list : "see [below](#acting-on-the-system)") " |"
        }' "$tmp/table"
}

begin_case "the manual lists what is not allowed everywhere"
sed -n '/<!-- list: where -->/,/<!-- end of list -->/p' \
    "$(dirname "$0")/../../docs/builtins.md" | sed -n 's/^| `/&/p' >"$tmp/manual"
print_limits >"$tmp/limits"
wrong=$(diff "$tmp/manual" "$tmp/limits")
check "the lines of tests/where/table: $wrong" [ -z "$wrong" ]

end_tests
