#!/bin/sh
# Parameters of scripts: positional ones, and named ones by getopt().
. "$(dirname "$0")/lib.sh"
script='begin { printf("%d %d %d %s\n", getopt("flag"), getopt("n", 5, "how many"), getopt("signed", -5), getopt("s", "abc")); exit(); }'

begin_case "named: defaults"
sonde -e "$script"
expect_status 0
expect_out '0 5 -5 abc'

begin_case "named: given, among positional ones"
sonde -e 'begin { printf("%d %d %s %d %s\n", $#, $1, str($2), getopt("n", 5), getopt("s", "abc")); exit(); }' 7 -- --n=0x10 two --s="a b"
expect_status 0
expect_out '2 7 two 16 a b'

begin_case "named: of a file"
printf '%s\n' "$script" >"$tmp/named.bt"
sonde "$tmp/named.bt" -- --flag --n=1 --n=2 --signed=-900 --s=
expect_status 0
expect_out "1 2 -900 "

begin_case "named: strings like others"
sonde -e 'begin { $s = getopt("s", "abc"); @[getopt("s", "abc"), sizeof($s)] = getopt("s", "abc");
printf("%d%d%d %d\n", getopt("s", "abc") == "xyz", $s == "xyz", strcontains(getopt("s", "abc"), "y"), strlen(getopt("s", "abc"))); exit(); }' -- --s=xyz
expect_status 0
expect_out '111 3'
expect_out '@[xyz, 1024]: xyz'

begin_case "named: longer than max_strlen"
sonde -e 'config = { max_strlen = 16 } begin { print(getopt("s", "abc")); exit(); }' -- --s=0123456789abcdefghijkl
expect_status 0
expect_out '0123456789abcdef..'

begin_case "named: through macros, in several probes"
sonde -e 'macro limit { getopt("limit", 3, "turns") } begin { for $i : 0..limit { @n++; } }
interval:ms:1 /limit > 3/ { printf("%d %d\n", @n, limit); clear(@n); exit(); }' -- --limit=100
expect_status 0
expect_out '100 100'

begin_case "named: --help, and what nobody asks for"
sonde -e "$script" -- --help --m=3
expect_status 1
expect_err '^ERROR: unexpected program command line options: --m$'
expect_err '^HINT: expected program options:$'
expect_err '^    --flag$'
expect_err '^    --n: how many \(default: 5\)$'
expect_err '^    --s \(default: "abc"\)$'

begin_case "named: --help alone is a question, not an error"
sonde -e "$script" -- --help
expect_status 1
expect_no_err ERROR
expect_err '^HINT: expected program options:$'
expect_err '^    --n: how many \(default: 5\)$'

begin_case "named: values that are none"
sonde -e "$script" -- --flag=perhaps --n=five --signed --s
expect_status 1
expect_err "option --flag expects a boolean \(e.g. 'true'\) \(value: perhaps\)"
expect_err 'option --n invalid integer \(value: five\)'
expect_err 'option --signed expects an integer \(value: true\)'
expect_err 'option --s expects a string \(value: true\)'

begin_case "named: before the -- they are the command's"
sonde -e "$script" --flag
expect_status 1
expect_err "unrecognized option '--flag'"

begin_case "named: compiled only"
sonde --mode codegen -d types -e "$script" -- --n=7
expect_status 0
expect_match 'getopt "n":string\[2\] 5:'

begin_case "positional: what they are, and as text"
sonde -e 'begin { print(($1, $2, $3, $4, $#)); print((str($1), str($3 + 2), str($3, 2), str($9), str($#))); exit(); }' -- 0x10 -5 text 5ms
expect_status 0
expect_out '(16, -5, text, 5000000, 4)'
expect_out '(0x10, xt, te, , 4)'

begin_case "positional: where a literal must stand, and in attach points"
sonde -e 'interval:$1:$2$3 { unroll ($3 + 2) { @n++; } @l = lhist(5, 0, $4, 5); printf($5, @n); print($5 == "n %d\n"); clear(@n); clear(@l); exit(); }' ms 1 0 10 'n %d
'
expect_status 0
expect_match '^n 2$'

begin_case "positional: missing, and offsets behind the end"
sonde -e 'begin { print($1); print((str($2), str("abc" + 5))); exit(); }'
expect_status 0
expect_out 0
expect_out '(, )'
expect_err 'stdin:1:15-17: WARNING: Positional parameter \$1 is empty or not provided.'
sonde -e 'interval:ms:$9 { exit(); }'
expect_status 1

end_tests
