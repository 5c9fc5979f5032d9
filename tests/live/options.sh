# Every option of the command line: status, and what is said on which stream. With
# REFERENCE=/usr/bin/bpftrace it is asked, too, and has to agree in the status.
. "$(dirname "$0")/lib.sh"

reference=${REFERENCE:-}
exits='begin { exit(); }'

# OPTIONS | STATUS | STREAM: PATTERN; the script follows the options where they end in -e. A
# line with "own" is not asked of the reference (docs/differences.md).
options_table() {
    cat <<'END'
-h|0|out: ^USAGE
--help|0|out: ^USAGE
-V|0|out: v[0-9]+\.[0-9]+
--version|0|out: v[0-9]+\.[0-9]+
-V --bogus|0|out: v[0-9]+\.[0-9]+
--help -e|0|out: ^USAGE
--bogus -V|1|err: unrecognized option
--info --bogus|0|out: ^Kernel helpers
-q -e|0|
--dry-run -e|0|
-v -e|0|err: .
--verbose -e|0|err: .
-k -e|0|
--warnings -e|0|
--no-warnings -e|0|
-b -e|0|
--btf -e|0|
--unsafe -e|0|
--usdt-file-activation -e|0|
-B line -e|0|
-B full -e|0|
-B none -e|0|
-B page -e|1|err: -B
-f text -e|0|
-f json -e|0|out: "type": "attached_probes"
-f xml -e|1|err: [Ii]nvalid output format
-o /dev/null -e|0|
--output /dev/null -e|0|
-o /nonexistent/file -e|1|err: /nonexistent/file
-I /tmp -e|0|
--include stddef.h -e|0|
--include /nonexistent.h -e|1|err: nonexistent.h|own
--debuginfo /tmp:/usr/lib/debug -e|0|
--no-feature kprobe_multi,kprobe_session,uprobe_multi -e|0|
--no-feature magic -e|1|err: --no-feature
--no-feature , -e|1|err: --no-feature
--no-feature kprobe_multi, -e|0|
--mode codegen -e|0|
--mode dance -e|1|err: --mode
--mode test -e|1|out: ^No probes to attach$|own
--mode format -e|0|out: exit\(\);
--fmt -e|0|out: exit\(\);
--test --bench -e|1|err: USAGE: --bench conflicts with existing --mode
--bench --test -e|1|err: USAGE: --test conflicts with existing --mode
--fmt --test -e|1|err: USAGE: --test conflicts with existing --mode
--mode test --mode codegen -e|0|
--probe-filter begin -e|0|
--probe-filter ( -e|1|err: Invalid --probe-filter regex|own
-d ast -e|0|out: begin
-d magic -e|1|err: -d
--debug ast -e|0|out: begin
-kk -e|1|err: USAGE: -kk? 
-k -k -e|1|err: USAGE: -k
-k --no-warnings -e|1|err: USAGE: -k, --warnings conflicts with --no-warnings
--no-warnings -k -e|1|err: USAGE: -k, --warnings conflicts with --no-warnings
-p word -e|1|err: [Ff]ailed to parse pid
-p 4194305 -e|1|err: [Pp]id out of range
-p -1 -e|1|err: .
--pid 1 --cmd true -e|1|err: USAGE: 
-p 1 -c true -e|1|err: USAGE: 
-c /nonexistent -e|1|err: /nonexistent
--cmd /bin/true -e|0|
-l software:cpu-clock|0|out: ^software:cpu-clock:$
--list software:cpu-clock|0|out: ^software:cpu-clock:$
-l one two|1|err: USAGE
-l nothing_of_this_name|0|
-l -p 4194303 usdt:*|1|err: .
-l -p word usdt:*|1|err: [Ff]ailed to parse pid
--bogus|1|err: unrecognized option
-p|1|err: requires an argument
/nonexistent.bt|1|err: nonexistent.bt
--aot /nonexistent/x -e|1|err: .
--emit-elf /dev/null -e|0|
--emit-elf /nonexistent/x -e|1|err: cannot write the object file|own
--emit-llvm /tmp/x -e|1|err: ^ERROR: not supported: --emit-llvm|own
--verify-llvm-ir -e|0|
--info|0|out: ^Kernel helpers
END
}

# Tracefs, without which the reference does not start, in a mount namespace of its own.
ask_reference() { # OPTIONS...
    unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing 2>/dev/null; exec "$@"' - \
        timeout 60 "$reference" "$@" >/dev/null 2>&1 </dev/null
}

options_table >"$tmp/table"
while IFS='|' read -r options want expected own; do
    begin_case "${options:-no option}"
    needs root || continue
    set -f
    case $options in
        *-e) set -- $options "$exits" ;;
        *) set -- $options ;;
    esac
    set +f
    sonde "$@"
    expect_status "$want"
    case $expected in
        'out: '*) expect_match "${expected#out: }" ;;
        'err: '*) expect_err "${expected#err: }" ;;
    esac
    [ -n "$reference" ] && [ -z "$own" ] || continue
    ask_reference "$@"
    theirs=$?
    [ "$theirs" = "$want" ] || bad "status $theirs from $reference"
done <"$tmp/table"

end_tests
