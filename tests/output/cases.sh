# Reads the cases of tests/output; sourced by run and compare. Plain POSIX shell,
# since the QEMU guests have busybox only.
#
# A file TOPIC.cases is a list of cases, each a script and what it prints, to the byte:
#
#	=== NAME
#	<script>
#	--- options OPTIONS	(words for the shell; may be left out)
#	--- parameters WORDS	(the script's; may be left out)
#	--- needs WHAT...	(see lib.sh of the live tests; may be left out)
#	--- differs HEADING	(bpftrace prints something else: the bold words with which
#				docs/differences.md begins the paragraph that says why)
#	--- show		(bytes are shown as by cat -v)
#	--- status N		(0 if left out)
#	--- output
#	<standard output>
#	--- errors		(nothing if left out)
#	<standard error>
#
# The script is the file case.bt of the directory in which it is run with -q; the program
# `target` of tests/programs lies there, too. The end of
# a run prints two newlines, thus two empty lines stand before the next case.

forget_case() {
    name='' options='' parameters='' needed='' differs='' show='' wanted=0 into=script
    for part in head whole case.bt want.out want.err; do
        : >"$tmp/$part"
    done
}

# A line of a case. `head` is what stands in front of the output, `whole` all of it.
take_line() { # LINE
    printf '%s\n' "$1" >>"$tmp/whole"
    case $into$1 in
        'script--- options '*) options=${1#--- options } ;;
        'script--- parameters '*) parameters=${1#--- parameters } ;;
        'script--- needs '*) needed=${1#--- needs } ;;
        'script--- differs '*) differs=${1#--- differs } ;;
        'script--- show') show=1 ;;
        'script--- status '*) wanted=${1#--- status }; return ;;
        'script--- output') into=output; return ;;
        'output--- errors') into=errors; return ;;
        script*) printf '%s\n' "$1" >>"$tmp/case.bt" ;;
        output*) printf '%s\n' "$1" >>"$tmp/want.out"; return ;;
        errors*) printf '%s\n' "$1" >>"$tmp/want.err"; return ;;
    esac
    printf '%s\n' "$1" >>"$tmp/head"
}

[ ! -x build/tests/programs/target ] || cp build/tests/programs/target "$tmp/"

# Call the function for each case of the file.
each_case() { # FUNCTION FILE
    local line
    forget_case
    while IFS= read -r line || [ "$line" ]; do
        case $line in
            '=== '*)
                [ -z "$name" ] || "$1" </dev/null
                forget_case
                name=${line#=== }
                ;;
            *) [ -z "$name" ] || take_line "$line" ;;
        esac
    done <"$2"
    [ -z "$name" ] || "$1" </dev/null
}

# Run the case; what it prints is in got.out and got.err, its status in `status`.
run_case() { # PROGRAM
    (cd "$tmp" && eval "timeout 60 $1 -q $options case.bt $parameters" >"$tmp/got.out" 2>"$tmp/got.err")
    status=$?
    [ -n "$show" ] || return 0
    cat -v "$tmp/got.out" >"$tmp/shown"
    mv "$tmp/shown" "$tmp/got.out"
}

case_is_right() {
    [ "$status" = "$wanted" ] && cmp -s "$tmp/want.out" "$tmp/got.out" && cmp -s "$tmp/want.err" "$tmp/got.err"
}

show_case() {
    [ "$status" = "$wanted" ] || echo "    status $status, expected $wanted"
    diff -u -L expected -L printed "$tmp/want.out" "$tmp/got.out" | sed 's/^/    /'
    diff -u -L expected -L 'standard error' "$tmp/want.err" "$tmp/got.err" | sed 's/^/    /'
}

# The case, with what it printed now.
write_case() {
    echo "=== $name"
    cat "$tmp/head"
    [ "$status" = 0 ] || echo "--- status $status"
    echo '--- output'
    cat "$tmp/got.out"
    [ ! -s "$tmp/got.err" ] || { echo '--- errors'; cat "$tmp/got.err"; }
}

# The case as it stands.
keep_case() {
    echo "=== $name"
    cat "$tmp/whole"
}
