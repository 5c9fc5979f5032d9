#!/bin/sh
# The configuration: the block, the environment, and what each variable does.
. "$(dirname "$0")/lib.sh"

begin_case "max_strlen and str_trunc_trailer"
sonde -c "/bin/cat /dev/null" -e 'config = { max_strlen = 5; str_trunc_trailer = "~" }
tracepoint:syscalls:sys_enter_openat /pid == cpid && args.filename != 0/ { print((sizeof(str(args.filename)), str(args.filename))); }'
expect_match '^\(5, /[^ ]{4}~\)$'

begin_case "max_strlen of a byte"
sonde -e 'config = { max_strlen = 1 } begin { $c = comm; print((1, sizeof(str($c)))); print(2); exit(); }'
expect_status 0
expect_out '(1, 1)'
expect_out 2

begin_case "max_map_keys"
sonde -e 'config = { max_map_keys = 2 } begin { for $i : 0..5 { @a[$i] = 1; } @s = 1; print(len(@a)); clear(@a); exit(); }'
expect_status 0
expect_out 2
expect_err 'map was full|Map full'

begin_case "print_maps_on_exit"
sonde -e 'config = { print_maps_on_exit = off } begin { @a = 1; exit(); }'
expect_status 0
expect_no_match a

begin_case "stack_mode"
sonde -e 'config = { stack_mode = raw } begin { print(kstack(2)); exit(); }'
expect_status 0
expect_match '^ *[0-9a-f]+$'
sonde -e 'config = { stack_mode = perf } begin { print(kstack(2)); exit(); }'
expect_match '^	[0-9a-f]+ .*\+[0-9]+$'

begin_case "missing_probes"
sonde -e 'config = { missing_probes = warn } begin { print(1); } tracepoint:nope:nope { print(2); }'
expect_status 0
expect_out 1
expect_err 'WARNING: No matches for tracepoint nope:nope. Skipping.'
expect_err 'WARNING: Probe has no valid attach points. It is being removed which may cause issues'
sonde -e 'config = { missing_probes = ignore } begin { print(1); } tracepoint:nope:nope { print(2); }'
expect_status 0
expect_out 1
expect_no_err WARNING
sonde -e 'begin { print(1); } tracepoint:nope:nope { print(2); }'
expect_status 1
expect_err 'ERROR: No matches for tracepoint nope:nope'

begin_case "max_probes counts the probes of the whole script"
sonde -e 'config = { max_probes = 2 } begin { } interval:ms:1 { exit(); } end { }'
expect_status 1
expect_err 'stdin:1:.*ERROR: 3 attach points exceed the limit of 2'
sonde -e 'config = { max_probes = 3 } begin { } interval:ms:1 { exit(); } end { }'
expect_status 0

begin_case "max_bpf_progs"
sonde -e 'config = { max_bpf_progs = 1 } begin { } interval:ms:1 { exit(); } end { }'
expect_status 0
sonde -e 'config = { max_bpf_progs = 1 } t:sched:sched_process_e* { print(args.pid); exit(); }'
expect_status 1
expect_err 'stdin:1:.*ERROR: this probe needs [0-9]* programs, the limit is 1'

begin_case "max_cat_bytes"
printf '0123456789' >"$tmp/text"
sonde -e "config = { max_cat_bytes = 4 } begin { cat(\"$tmp/text\"); exit(); }"
expect_status 0
expect_match '^0123$'

begin_case "perf_rb_pages"
sonde -e 'config = { perf_rb_pages = 1 } begin { for $i : 0..1000 { printf("%s\n", "0123456789012345678901234567890123456789"); } exit(); }'
expect_err '[0-9]+ .*(lost|events)'
sonde -e 'config = { perf_rb_pages = 64 } begin { for $i : 0..1000 { printf("%s\n", "0123456789012345678901234567890123456789"); } exit(); }'
expect_no_err lost

begin_case "license"
sonde -e 'config = { license = "Dual BSD/GPL" } begin { print(comm != ""); exit(); }'
expect_status 0
expect_out true

begin_case "the environment wins over the script, SONDE_ over BPFTRACE_"
BPFTRACE_MAX_STRLEN=64
export BPFTRACE_MAX_STRLEN
sonde -e 'config = { max_strlen = 32 } begin { print(sizeof(buf("abc", 60))); print(config.max_strlen); exit(); }'
expect_out 64
SONDE_MAX_STRLEN=128
export SONDE_MAX_STRLEN
sonde -e 'config = { max_strlen = 32 } begin { print(config.max_strlen); exit(); }'
expect_out 128
unset SONDE_MAX_STRLEN
BPFTRACE_MAX_STRLEN=many
sonde -e 'begin { print(1); exit(); }'
expect_status 1
expect_err '^ERROR: max_strlen: expecting a number, got many$'
unset BPFTRACE_MAX_STRLEN

begin_case "config()"
sonde -e 'config = { max_map_keys = 7; print_maps_on_exit = no; missing_probes = ignore; stack_mode = "perf"; license = "Dual MIT/GPL"; unstable_typeinfo = true; str_trunc_trailer = "!" }
begin { print(config()); print((config.max_map_keys + 1, comptime config().stack_mode)); exit(); }'
expect_status 0
expect_match '^\{ \.cpp_demangle = true, .*\.print_maps_on_exit = false, .*\.max_map_keys = 7, .*\.str_trunc_trailer = !, .*\.unstable_typeinfo = enable, .*\.missing_probes = ignore, \.stack_mode = perf, \.license = Dual MIT/GPL \}$'
expect_out '(8, perf)'

begin_case "unstable features"
sonde -e 'config = { unstable_typeinfo = warn } begin { print(typeinfo(1).full_type); exit(); }'
expect_status 0
expect_out int8
expect_err '^WARNING: Script is using an unstable feature: typeinfo. To prevent this warning you must explicitly enable it in the config e.g. unstable_typeinfo=enable$'
sonde -e 'config = { unstable_typeinfo = enable } begin { print(typeinfo(1).full_type); exit(); }'
expect_no_err WARNING
sonde -e 'begin { print(typeinfo(1).full_type); exit(); }'
expect_status 1

begin_case "names: any case, prefixes, former ones"
sonde -e 'config = { BPFTRACE_Max_Map_Keys = 5; no_cpp_demangle = 1; symbol_source = dwarf; strlen = "64" }
begin { print((config.max_map_keys, config.cpp_demangle, config.max_strlen)); exit(); }'
expect_status 0
expect_out '(5, false, 64)'
expect_err 'WARNING: no_cpp_demangle has been renamed, please use cpp_demangle'
expect_err 'WARNING: symbol_source is deprecated and has no effect'
expect_err 'WARNING: strlen has been renamed, please use max_strlen'

end_tests
