# Reads tests/where/table; sourced by where.sh of the live tests and by compare. Plain POSIX
# shell, since the QEMU guests have busybox only. $TESTS and $tmp are the caller's.

table=tests/where/table

# The table with this machine's names in it, in $tmp/table.
fill_table() {
    local jiffies cgroup
    jiffies=$(sed -n 's/ . jiffies_64$//p' /proc/kallsyms | head -n 1)
    cgroup=$(awk '$3 ~ /^cgroup/ { print $2; exit }' /proc/mounts)
    sed "/^#/d; /^\$/d; s#TARGET#$TESTS/programs/target#; s#USDT#$TESTS/programs/usdt#
        s#ADDRESS#0x${jiffies:-ffffffff82000000}#; s#CGROUP#${cgroup:-/sys/fs/cgroup}#" \
        "$table" >"$tmp/table"
}

columns() {
    awk '$1 == "column" { print $2 }' "$tmp/table"
}

# What a column says of its rows, a line each: NUMBER CELL NAME PROBE { SCRIPT }. Probes of
# tests need names of their own.
rows_of() { # COLUMN
    awk -v column="$1" '
        $1 == "column" { n++; if ($2 == column) { at = n; probe = $3 } next }
        $1 == "also" { next }
        {
            name = $1; cell = substr($2, at, 1); row++
            sub(/^[^ ]+ +[^ ]+ /, ""); gsub(/@X/, "@x" row)
            own = probe ~ /^(test|bench):/ ? probe row : probe
            print row, cell, name, own " { " $0 " }"
        }' "$tmp/table"
}
