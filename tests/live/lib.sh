# Functions for live tests; sourced by each tests/live/*.sh. Plain POSIX shell
# plus `local`, since the QEMU guests have busybox only.
#
# A test file is a list of cases:
#
#	. "$(dirname "$0")/lib.sh"
#	begin_case "begin prints"
#	sonde -e 'begin { printf("hi\n"); exit(); }'
#	expect_status 0
#	expect_out 'hi'
#	end_tests
#
# Each case ends in one line: "ok NAME", "FAILED NAME" (with what was seen) or
# "skip NAME: reason". A case that fails where sonde said that it wants a newer kernel
# than this one, and which, is a skip with these words as the reason.

SONDE=${SONDE:-build/sonde}
TESTS=${TESTS:-build/tests}
machine=$(uname -m)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/sonde-live.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
case_name='' case_bad='' case_skipped='' case_refused=''
nr_passed=0 nr_failed=0 nr_skipped=0
file=$(basename "$0" .sh)

finish_case() {
    [ -n "$case_name" ] || return 0
    if [ -n "$case_skipped" ]; then
        nr_skipped=$((nr_skipped + 1))
        echo "skip $file: $case_name: $case_skipped"
    elif [ -n "$case_bad" ] && note_refusal && [ -n "$case_refused" ]; then
        nr_skipped=$((nr_skipped + 1))
        echo "skip $file: $case_name: $case_refused"
    elif [ -n "$case_bad" ]; then
        nr_failed=$((nr_failed + 1))
        echo "FAILED $file: $case_name"
        echo "$case_bad"
        echo "    status: $status; standard output:"
        head -c 3000 "$tmp/out" | sed 's/^/    | /'
        echo "    standard error:"
        head -c 3000 "$tmp/err" | sed 's/^/    | /'
    else
        nr_passed=$((nr_passed + 1))
        echo "ok $file: $case_name"
    fi
    case_name=''
}

begin_case() { # NAME
    finish_case
    case_name=$1 case_bad='' case_skipped='' case_refused='' status=''
    : >"$tmp/out"
    : >"$tmp/err"
}

end_tests() {
    finish_case
    echo "$nr_passed passed, $nr_failed failed, $nr_skipped skipped"
    [ "$nr_failed" -eq 0 ]
}

# What sonde said that this kernel is too old for, if it did in this case: "..., which
# kernels from 5.13 on have", "kernels before 6.1 ...". The version that it names counts
# only if it is newer than this kernel.
note_refusal() {
    local line version
    [ -z "$case_refused" ] || return 0
    # A hint alone beside another warning is no refusal.
    grep -qE 'ERROR: |WARNING: .*kernels (from|before) ' "$tmp/err" || return 0
    line=$(grep -m 1 -E 'kernels (from|before) [0-9]+\.[0-9]+ ' "$tmp/err") || return 0
    version=$(echo "$line" | sed -E 's/.*kernels (from|before) ([0-9]+\.[0-9]+) .*/\2/')
    kernel_at_least "$version" ||
        case_refused=$(echo "$line" | sed -E 's/^([^ ]+: )?(ERROR|HINT|WARNING): //')
}

bad() { # TEXT
    case_bad="$case_bad    $1
"
}

# Until a background process is the program that it is to be: the shell's child
# is a shell for a moment, and for longer on a busy machine.
await_program() { # PID NAME
    tries=0
    while [ "$(cat "/proc/$1/comm" 2>/dev/null)" != "$2" ] && [ $tries -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
}

# Leave the rest of the case out: `needs kprobe || return`-style use is not
# possible between cases, so guard with: if needs NAME; then ... fi
skip_case() { # REASON
    case_skipped=$1
}

# Is there what a case needs? Marks the case as skipped if not.
needs() { # root|kprobe|fentry|kprobe_multi|uprobe_multi|btf|tracefs|PROGRAM
    case $1 in
        root) [ "$(id -u)" -eq 0 ] || { skip_case "needs root"; return 1; } ;;
        kprobe) [ -e /sys/bus/event_source/devices/kprobe/type ] ||
            { skip_case "this kernel has no kprobes"; return 1; } ;;
        # The reason is what the tool says.
        fentry) [ -n "${no_fentry+x}" ] || no_fentry=$(timeout 60 "$SONDE" -q --dry-run -e 'fentry:vfs_read { }' 2>&1 |
                sed -n 's/^ERROR: //p' | head -n 1)
            [ -z "$no_fentry" ] || { skip_case "$no_fentry"; return 1; } ;;
        btf) [ -e /sys/kernel/btf/vmlinux ] || { skip_case "this kernel has no BTF"; return 1; } ;;
        # kernel:6.12 - at least this version
        kernel:*) kernel_at_least "${1#kernel:}" ||
            { skip_case "needs Linux ${1#kernel:}"; return 1; } ;;
        function:*) grep -q " ${1#function:}\$" /proc/kallsyms ||
            { skip_case "this kernel has no function ${1#function:}"; return 1; } ;;
        # machine:x86_64 - as uname -m says it
        machine:*) [ "$machine" = "${1#machine:}" ] || { skip_case "is about ${1#machine:}"; return 1; } ;;
        # A mount namespace: not in a chroot, nor in every container.
        unshare) unshare -m true 2>/dev/null || { skip_case "no mount namespace can be made"; return 1; } ;;
        user:*) grep -q "^${1#user:}:" /etc/passwd || { skip_case "there is no user ${1#user:}"; return 1; } ;;
        *) command -v "$1" >/dev/null || { skip_case "$1 is not installed"; return 1; } ;;
    esac
}

# Do user stacks have the direct caller at the first instruction of a function, where
# it is not in a frame yet? Only newer kernels look elsewhere, and not on each machine.
caller_is_found() {
    [ "$machine" = x86_64 ] && kernel_at_least 6.12
}

# The name of a register, for each machine: reg_name arg0
reg_name() { # arg0|arg1
    case $machine$1 in
        x86_64arg0) echo di ;; x86_64arg1) echo si ;;
        s390xarg0) echo r2 ;; s390xarg1) echo r3 ;;
        *arg0) echo r0 ;; *arg1) echo r1 ;;
    esac
}

kernel_at_least() { # MAJOR.MINOR
    local have want
    have=$(uname -r)
    want=$1
    [ "${have%%.*}" -gt "${want%%.*}" ] && return 0
    [ "${have%%.*}" -lt "${want%%.*}" ] && return 1
    have=${have#*.}
    [ "${have%%[!0-9]*}" -ge "${want#*.}" ]
}

# Run sonde with these arguments, at most 60 seconds (guests are slow); output and
# status are kept for the expectations that follow.
sonde() {
    timeout 60 "$SONDE" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
    note_refusal
}

# The same with any command.
run_command() {
    timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
}

# Start sonde in the background and wait until it has attached; then run the
# load, then stop it: sonde_start ARGS...; (load); sonde_stop
sonde_start() {
    local i=0
    "$SONDE" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
    sonde_pid=$!
    while ! grep -q '^Attached' "$tmp/err" && kill -0 "$sonde_pid" 2>/dev/null && [ $i -lt 600 ]; do
        sleep 0.05
        i=$((i + 1))
    done
}

sonde_stop() {
    kill -INT "$sonde_pid" 2>/dev/null
    wait "$sonde_pid"
    status=$?
}

expect_status() { # N
    [ "$status" = "$1" ] || bad "expected status $1"
}

# Standard output as a whole is TEXT (a last newline is added).
expect_output() { # TEXT
    printf '%s\n' "$1" >"$tmp/want"
    cmp -s "$tmp/want" "$tmp/out" || bad "expected exactly: $1"
}

# Some line of standard output is TEXT.
expect_out() { # TEXT
    grep -qxF -e "$1" "$tmp/out" || bad "expected a line: $1"
}

# Some line of standard output matches the extended regular expression.
expect_match() { # REGEX
    grep -qE -e "$1" "$tmp/out" || bad "expected a line that matches: $1"
}

expect_no_match() { # REGEX
    ! grep -qE -e "$1" "$tmp/out" || bad "expected no line that matches: $1"
}

expect_err() { # REGEX
    grep -qE -e "$1" "$tmp/err" || bad "expected on standard error: $1"
}

expect_no_err() { # REGEX
    ! grep -qE -e "$1" "$tmp/err" || bad "expected not on standard error: $1"
}

# Any other condition: check "what it means" test ...
check() { # MEANING COMMAND...
    local meaning=$1
    shift
    "$@" || bad "expected: $meaning"
}
