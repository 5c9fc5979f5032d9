/*
 * Tests of checking: what is said of scripts that are not accepted, and warnings.
 */
#include "tests/unit/check_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct check_row names_rows[] = {
	{ "begin { foo; }",
	  "t:1:9-12: ERROR: Unknown identifier: 'foo'\n" },
	{ "begin { foo(); }",
	  "t:1:9-14: ERROR: Unknown function: 'foo'\n" },
	{ "begin { print(commm); }",
	  "t:1:15-20: ERROR: Unknown identifier: 'commm'\n"
	  "HINT: did you mean comm?\n" },
	{ "begin { $x = $y; }",
	  "t:1:14-16: ERROR: Undefined or undeclared variable: $y\n" },
	{ "begin { $count = 1; print($coutn); }",
	  "t:1:27-33: ERROR: Undefined or undeclared variable: $coutn\n"
	  "HINT: did you mean $count?\n" },
	{ "begin { if (pid) { $x = 1; } print($x); }",
	  "t:1:36-38: ERROR: Undefined or undeclared variable: $x\n"
	  "HINT: $x belongs to another block; declare it before that block: let $x;\n" },
	{ "begin { $x += 1; }",
	  "t:1:9-11: ERROR: Undefined or undeclared variable: $x\n" },
	{ "begin { print(@x); }",
	  "t:1:15-17: ERROR: Undefined map: @x\n" },
	{ "begin { for $kv : @x { } }",
	  "t:1:19-21: ERROR: Undefined map: @x\n" },
	{ "begin { print(count); }",
	  "t:1:15-20: ERROR: 'count' is a function\n"
	  "HINT: call it: count(...)\n" },
	{ "begin { print(sarg0); }",
	  "t:1:15-20: ERROR: 'sarg0' is no longer part of the language\n"
	  "HINT: read the stack: *(reg(\"sp\") + offset)\n" },
	{ "begin { let $a = 1; let $a = 2; }",
	  "t:1:21-27: ERROR: Variable $a was already declared. Variable shadowing is not allowed.\n"
	  "t:1:9-15: ERROR: This is the initial declaration.\n" },
	{ "begin { $i = 1; for $i : 0..3 { } }",
	  "t:1:21-23: ERROR: Loop declaration shadows existing variable: $i\n"
	  "t:1:9-11: ERROR: This is the initial assignment.\n" },
	{ "begin { let $a; }",
	  "program 0: begin\n"
	  "  (let $a)\n"
	  "t:1:9-15: WARNING: Variable $a was never assigned to.\n" },
	{ "begin { let $a : uint64; print($a); let $b; print($b); }",
	  "t:1:32-34: WARNING: Variable used before it was assigned: $a\n"
	  "t:1:51-53: WARNING: Variable used before it was assigned: $b\n"
	  "t:1:9-15: WARNING: Variable $a was never assigned to.\n"
	  "t:1:37-43: ERROR: Could not resolve the type of this variable\n"
	  "HINT: assign it a value, or declare its type: let $b : uint64;\n" },
	{ "let @m = hash(5); begin { }",
	  "program 0: begin\n"
	  "t:1:1-18: WARNING: Unused map: @m\n" },
	{ "let @m = foo(5); begin { @m = 1; }",
	  "t:1:10-13: ERROR: Invalid bpf map type: foo\n"
	  "HINT: Valid map types: percpulruhash, percpuhash, lruhash, hash\n" },
	{ "begin { @x = (struct foo *)0; @y = (strin)1; }",
	  "t:1:15-27: ERROR: Cannot resolve unknown type \"struct foo\"\n"
	  "t:1:37-42: ERROR: Cannot resolve unknown type \"strin\"\n"
	  "HINT: did you mean string?\n" },
};

static const struct check_row types_rows[] = {
	{ "begin { $a = 1; $a = \"s\"; }",
	  "t:1:17-25: ERROR: Type mismatch for $a: trying to assign value of type 'string[2]' when variable already has a type 'int8'\n" },
	{ "begin { @x = 1; @x = \"a\"; }",
	  "t:1:17-25: ERROR: Type mismatch for @x: trying to assign value of type 'string[2]' when map already has a type 'int8'\n" },
	{ "begin { @x[1] = 1; @x[\"a\"] = 1; }",
	  "t:1:20-27: ERROR: Argument mismatch for @x: trying to access with arguments: 'string[2]' when map expects arguments: 'int8'\n" },
	{ "begin { @x[1, \"a\"] = 1; @x[2] = 1; }",
	  "t:1:25-30: ERROR: Argument mismatch for @x: trying to access with arguments: 'int8' when map expects arguments: '(int8,string[2])'\n" },
	{ "begin { @x[1] = 1; @x = 2; }",
	  "t:1:20-22: ERROR: @x used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)\n"
	  "t:1:9-14: ERROR: first used here\n" },
	{ "begin { let $a : uint8 = 300; }",
	  "t:1:9-29: ERROR: Type mismatch for $a: trying to assign value of type 'int16' when variable already has a type 'uint8'\n"
	  "HINT: uint8 holds 0 to 255\n" },
	{ "begin { let $s : string[2] = \"abc\"; }",
	  "t:1:9-35: ERROR: Type mismatch for $s: trying to assign value of type 'string[4]' when variable already has a type 'string[2]'\n" },
	{ "begin { let $x : sum_t; }",
	  "t:1:18-23: ERROR: Invalid variable declaration type: sum_t\n" },
	{ "begin { $x = comm + 1; }",
	  "t:1:14-22: ERROR: Type mismatch for '+': comparing string[16] with int8\n"
	  "t:1:14-18: ERROR: left (string[16])\n"
	  "t:1:21-22: ERROR: right (int8)\n" },
	{ "begin { $x = comm < \"a\"; }",
	  "t:1:14-24: ERROR: The < operator can not be used on expressions of types string[16], string[2]\n" },
	{ "begin { $x = -comm; }",
	  "t:1:14-19: ERROR: The - operator can not be used on expressions of type 'string[16]'\n" },
	{ "begin { if (comm) { } }",
	  "t:1:13-17: ERROR: Invalid condition: a value of type 'string[16]'\n"
	  "HINT: compare it with a string: ... != \"\"\n" },
	{ "begin { @c = count(); if (@c) { } }",
	  "t:1:27-29: ERROR: Invalid condition: a value of type 'count_t'\n"
	  "HINT: compare it, or cast it to an integer\n" },
	{ "begin { $x = pid ? \"a\" : 1; }",
	  "t:1:14-27: ERROR: Branches must return the same type or compatible types: have 'string[2]' and 'int8'\n" },
	{ "begin { $x = print(1); }",
	  "t:1:9-22: ERROR: Value 'void' cannot be assigned to a scratch variable.\n" },
	{ "begin { print(pid.foo); }",
	  "t:1:15-22: ERROR: Can not access field 'foo' on expression of type 'uint32'\n" },
	{ "begin { print(curtask.comn); }",
	  "t:1:15-27: ERROR: Struct/union of type 'struct task_struct' does not contain a field named 'comn'\n"
	  "HINT: did you mean comm?\n" },
	{ "begin { print((1,2).5); }",
	  "t:1:15-22: ERROR: Invalid tuple index: 5. Found 2 elements in tuple.\n" },
	{ "begin { print(pid[0]); }",
	  "t:1:15-21: ERROR: The array index operator [] can only be used on arrays, pointers, and tuples, found uint32.\n" },
	{ "begin { $x = \"abc\"; print($x[5]); }",
	  "t:1:27-32: ERROR: the index 5 is out of bounds for array of size 4\n" },
	{ "begin { print((uint8)comm); }",
	  "t:1:15-22: ERROR: Cannot cast from \"string[16]\" to \"uint8\"\n" },
	{ "begin { $x = (uint8)pid; $y = (uint8)$x; }",
	  "program 0: begin\n"
	  "  (= $x:uint8 (cast (pid):uint32):uint8)\n"
	  "  (= $y:uint8 (cast $x:uint8):uint8)\n"
	  "t:1:31-38: WARNING: Unnecessary cast: expression is already of type uint8\n" },
	{ "begin { $a = (uint32*)0; $b = (uint64*)0; $a = $b; print($a == $b); print($a - $b); }",
	  "t:1:58-66: WARNING: comparison of distinct pointer types: uint32 *, uint64 *\n"
	  "t:1:75-82: ERROR: The - operator can not be used on expressions of types uint32 *, uint64 *\n" },
	{ "begin { let $x : uint8 = (uint64)pid; }",
	  "program 0: begin\n"
	  "  (let $x:uint8 (to (cast (pid):uint32):uint64):uint8)\n"
	  "t:1:26-34: WARNING: Expression of type: uint64 being cast to type: uint8. This may cause unexpected results. Use an explicit cast to suppress this warning.\n" },
	{ "begin { $x = (int64)-1; $y = (uint64)1; print($x / $y); }",
	  "program 0: begin +effects\n"
	  "  (= $x:int64 (cast -1:int8):int64)\n"
	  "  (= $y:uint64 (cast 1:int8):uint64)\n"
	  "  (print (/ $x:int64 (to $y:uint64):int64):int64)\n"
	  "t:1:47-54: WARNING: signed operands for '/' can lead to undefined behavior (cast to unsigned to silence warning)\n"
	  "t:1:52-54: WARNING: Expression of type: uint64 being cast to type: int64. This may cause unexpected results. Use an explicit cast to suppress this warning.\n" },
};

static const struct check_row constants_rows[] = {
	{ "begin { print(1/0); print(18446744073709551615 + 1); print(1 << 64); print(-9223372036854775809); }",
	  "t:1:15-18: ERROR: division by zero in a constant expression\n"
	  "t:1:27-51: ERROR: unable to fold literals due to overflow or underflow\n"
	  "t:1:60-67: ERROR: unable to fold literals due to overflow or underflow\n"
	  "t:1:76-96: ERROR: unable to fold literals due to overflow or underflow\n" },
	{ "begin { print(-1 + 18446744073709551615); print(9223372036854775808 == -1); print(-1 + 9223372036854775807); }",
	  "t:1:15-40: ERROR: unable to fold literals due to overflow or underflow\n"
	  "t:1:49-74: ERROR: unable to fold literals due to overflow or underflow\n" },
	{ "begin { print((1, 2) == (1, \"a\")); print((1, (true, \"b\")) == (1, (true, \"b\"))); print((1,) != (1, 2)); }",
	  "program 0: begin +effects\n"
	  "  (print false:bool)\n"
	  "  (print true:bool)\n"
	  "  (print true:bool)\n" },
	{ "begin { print((a = 1, b = (c = 2,)) == (b = (c = 2,), a = 1)); print((a = 1) == (a = \"x\")); print((a = 1) == (a = 1, b = 2)); }",
	  "program 0: begin +effects\n"
	  "  (print true:bool)\n"
	  "  (print false:bool)\n"
	  "  (print false:bool)\n" },
	{ "begin { print((a = 1) == (b = 1)); }",
	  "t:1:15-33: ERROR: Type mismatch for '==': comparing record { .a = int8 } with record { .b = int8 }\n"
	  "t:1:15-22: ERROR: left (record { .a = int8 })\n"
	  "t:1:26-33: ERROR: right (record { .b = int8 })\n" },
	{ "begin { print(\"a\" + 5); }",
	  "program 0: begin +effects\n"
	  "  (print \"\":string[1])\n"
	  "t:1:15-22: WARNING: literal string will always be empty\n"
	  "HINT: a number added to a string drops as many bytes at its begin; this one has 1\n" },
};

static const struct check_row maps_rows[] = {
	{ "begin { $x = count(); }",
	  "t:1:14-21: ERROR: count() must be assigned directly to a map\n" },
	{ "begin { @x = count(); @y = @x; }",
	  "t:1:23-30: ERROR: Map value 'count_t' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. `@y = count();`.\n"
	  "HINT: Add a cast to integer if you want the value of the aggregate, e.g. `@y = (int64)@x;`.\n" },
	{ "begin { @x = count(); @x = sum(1); }",
	  "t:1:23-34: ERROR: Type mismatch for @x: trying to assign value of type 'sum_t' when map already has a type 'count_t'\n" },
	{ "begin { @x = hist(1); @x = hist(1, 3); }",
	  "t:1:23-38: ERROR: Different bits in a single hist unsupported\n" },
	{ "begin { @x = hist(1, 6); @y = lhist(1, 10, 5, 1); @z = lhist(1, pid, 1, 1); }",
	  "t:1:14-24: ERROR: hist: bits 6 must be 0..5\n"
	  "t:1:31-49: ERROR: lhist() min must be less than max (provided min 10 and max 5)\n"
	  "t:1:56-75: ERROR: lhist: invalid min value (must be non-negative literal)\n" },
	{ "begin { @x = sum(\"a\"); }",
	  "t:1:14-22: ERROR: sum() only supports integer arguments (string[2] provided)\n" },
	{ "begin { @x = hist(1); $y = @x; }",
	  "t:1:23-30: ERROR: Value 'hist_t' cannot be assigned to a scratch variable.\n" },
	{ "begin { for $kv : @x { } @x[1] = hist(1); }",
	  "t:1:19-21: ERROR: Loop expression does not support type: hist_t\n" },
	{ "begin { @x = 1; delete(@x, 1); has_key(@x, 1); len(@x); }",
	  "t:1:24-29: ERROR: call to delete() with two arguments expects a map with explicit keys (non-scalar map)\n"
	  "t:1:40-45: ERROR: call to has_key() expects a map with explicit keys (non-scalar map)\n"
	  "t:1:52-54: ERROR: call to len() expects a map with explicit keys (non-scalar map)\n"
	  "t:1:32-46: WARNING: Return value discarded.\n"
	  "t:1:48-55: WARNING: Return value discarded.\n" },
	{ "begin { @x[1] = 1; delete(@x); clear(@x[1]); }",
	  "t:1:38-43: ERROR: clear() expects a map argument\n"
	  "t:1:27-29: ERROR: call to delete() with a single argument expects a map without explicit keys (scalar map)\n" },
	{ "let @x = hash(5); begin { @x = count(); }",
	  "t:1:27-29: ERROR: Incompatible map types. Type from declaration: hash. Type from value/key type: percpuhash\n" },
	{ "begin { @x[hist(1)] = 1; }",
	  "t:1:12-19: ERROR: hist() must be assigned directly to a map\n" },
	{ "begin { @x[1] = hist(1); print(@x[1]); }",
	  "t:1:26-38: ERROR: one entry of a hist_t map can not be printed\n"
	  "HINT: print the whole map: print(@x)\n" },
};

static const struct check_row calls_rows[] = {
	{ "begin { printf(); str(); exit(1, 2); @ = count(1); strncmp(\"a\"); }",
	  "t:1:9-17: ERROR: printf() requires at least one argument (0 provided)\n"
	  "t:1:19-24: ERROR: str() requires at least one argument (0 provided)\n"
	  "t:1:26-36: ERROR: exit() takes up to one argument (2 provided)\n"
	  "t:1:42-50: ERROR: count() requires no arguments (1 provided)\n"
	  "t:1:52-64: ERROR: strncmp() requires 3 arguments (1 provided)\n" },
	{ "begin { printf(pid); printf(\"%d %d\", 1); printf(\"%d\", 1, 2); printf(\"%d\", \"a\"); printf(\"%e\", 1); printf(\"%r\", 1); }",
	  "t:1:9-20: ERROR: printf() expects a string literal (int provided)\n"
	  "t:1:22-40: ERROR: not enough arguments for format string (1 supplied, 2 expected)\n"
	  "t:1:42-60: ERROR: too many arguments for format string (2 supplied, 1 expected)\n"
	  "t:1:62-79: ERROR: unsupported format specifier for type 'string[2]': d\n"
	  "HINT: %s prints every type\n"
	  "t:1:81-96: ERROR: unsupported format specifier: e\n"
	  "t:1:98-113: ERROR: unsupported format specifier for type 'int8': r\n" },
	{ "begin { system(\"ls\"); }",
	  "t:1:9-21: ERROR: system() is an unsafe function being used in safe mode\n"
	  "HINT: allow it with --unsafe\n" },
	{ "begin { pid(foo); nsecs(monotone); kstack(foo); kstack(5000); }",
	  "t:1:13-16: ERROR: Invalid PID namespace mode: foo (expects: curr_ns or init)\n"
	  "t:1:25-33: ERROR: Invalid timestamp mode: monotone (expects: boot, monotonic, tai or sw_tai)\n"
	  "HINT: did you mean monotonic?\n"
	  "t:1:43-46: ERROR: Invalid stack mode foo: valid values are bpftrace, raw, perf, and build_id.\n"
	  "t:1:49-61: ERROR: kstack([int limit]): limit shouldn't exceed 1024, 5000 given\n" },
	{ "begin { print(str((1,2))); print(str(1, -1)); print(str(1, 5000)); print(buf(1)); print(ksym(\"a\")); print(kaddr(\"nothere\")); }",
	  "t:1:15-25: ERROR: str() expects a string, integer or a pointer type as first argument ((int8,int8) provided)\n"
	  "t:1:34-44: ERROR: str() cannot use negative length (-1)\n"
	  "t:1:74-80: ERROR: buf() expects a length argument for non-array type int8\n"
	  "t:1:89-98: ERROR: ksym() expects an integer or pointer argument\n"
	  "t:1:107-123: ERROR: Failed to resolve kernel symbol: nothere\n" },
	{ "begin { print(arg0); print(retval); print(args); print(func); print(ctx); print(reg(\"ip\")); }",
	  "t:1:15-19: ERROR: The arg0 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes\n"
	  "t:1:28-34: ERROR: The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes\n"
	  "t:1:43-47: ERROR: The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (begin used here)\n"
	  "t:1:56-60: ERROR: The func builtin can not be used with 'begin' probes\n"
	  "t:1:69-72: ERROR: The ctx builtin can not be used with 'begin' probes\n"
	  "t:1:81-90: ERROR: reg can not be used with \"begin\" probes\n" },
	{ "tracepoint:syscalls:sys_enter_read { print(arg0); print(retval); print(args.fdd); print(args.common_pid); print(ctx); }",
	  "t:1:44-48: ERROR: The arg0 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes\n"
	  "HINT: the arguments of a tracepoint are fields of args: args.name\n"
	  "t:1:57-63: ERROR: The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes\n"
	  "HINT: try to use args.ret instead\n"
	  "t:1:72-80: ERROR: Struct/union of type 'struct tracepoint:syscalls:sys_enter_read_args' does not contain a field named 'fdd'\n"
	  "HINT: did you mean fd?\n"
	  "t:1:89-104: ERROR: BPF does not support accessing common tracepoint fields\n"
	  "t:1:113-116: ERROR: Use args instead of ctx in tracepoint\n" },
	{ "kprobe:vfs_read { print(arg7); print(arg3); print(arg1->x); print(reg(\"xx\")); }",
	  "t:1:51-55: ERROR: kprobe:vfs_read has no arg1: it has 1 parameter\n"
	  "HINT: arg0 is 'file'\n"
	  "t:1:25-29: ERROR: x86_64 doesn't support arg7\n"
	  "t:1:38-42: WARNING: kprobe:vfs_read has no arg3: it has 1 parameter\n"
	  "t:1:67-76: ERROR: 'xx' is not a valid register on this architecture (x86_64)\n" },
	{ "kprobe:netif_receive_skb { @bytes[comm] = sum(arg1->len); }",
	  "t:1:47-51: ERROR: kprobe:netif_receive_skb has no arg1: it has 1 parameter\n"
	  "HINT: arg0 is 'skb': did you mean arg0->len?\n" },
};

static const struct check_row control_rows[] = {
	{ "begin { break; }",
	  "t:1:9-14: ERROR: 'break' statement outside of a loop\n" },
	{ "begin { unroll(200) { } unroll(pid) { } }",
	  "t:1:9-24: ERROR: unroll maximum value is 100\n"
	  "t:1:25-40: ERROR: invalid unroll value: it must be a literal\n" },
	{ "begin { while (pid) { } }",
	  "program 0: begin\n"
	  "  (while (pid):uint32 {})\n"
	  "t:1:9-24: WARNING: While loops are deprecated and may be removed in the future.\n"
	  "HINT: For loops support ranges: for ($i : 0..10) { ... }\n" },
	{ "begin { for $i : 0..\"a\" { } }",
	  "t:1:21-24: ERROR: Loop range requires an integer for the end value\n" },
	{ "begin { for $i : 0..3 { print(@x); } @x = 1; }",
	  "map @x: int8, 1\n"
	  "program 0: begin +effects\n"
	  "  (for range $i:int8 (.. 0:int8 3:int8) {(print @x:int8)})\n"
	  "  (= @x:int8 1:int8)\n"
	  "t:1:25-34: WARNING: print() of a map in a loop is asynchronous: the map will likely have changed before it is printed\n" },
	{ "begin { return \"a\"; }",
	  "t:1:9-19: ERROR: Probe return values can only be integers. Found string[2]\n" },
	{ "begin { exit(); print(1); }",
	  "program 0: begin +effects\n"
	  "  (exit)\n"
	  "  (print 1:int8)\n"
	  "t:1:17-25: WARNING: Unreachable statement.\n" },
	{ "begin { 1 + 2; comm; @x[1]; @x[1]++; delete(@x, 1); }",
	  "map @x[int8]: int64, 4096\n"
	  "program 0: begin +effects\n"
	  "  3:int8\n"
	  "  (comm):string[16]\n"
	  "  @x[1:int8]:int64\n"
	  "  (x++ @x[1:int8]:int64):int64\n"
	  "  (delete @x[1:int8]:int64):bool\n"
	  "t:1:9-14: WARNING: Return value discarded.\n"
	  "t:1:16-20: WARNING: Return value discarded.\n"
	  "t:1:22-27: WARNING: Return value discarded.\n" },
	{ "begin { _ = 5; }",
	  "program 0: begin\n"
	  "  (discard 5:int8)\n" },
};

static const struct check_row limits_rows[] = {
	{ "config = { max_strlen = 16 } begin { printf(\"0123456789abcdef %d\", 1); print(\"0123456789abcde\"); print(\"0123456789abcdef\"); }",
	  "t:1:104-122: ERROR: String is too long (over 16 bytes): 0123456789abcdef\n"
	  "HINT: the limit is max_strlen\n" },
	{ "begin { @x = lhist(1,0,10,1); @x = lhist(1,0,20,1); @y = -1; @y = 18446744073709551615; }",
	  "t:1:31-51: ERROR: Different lhist bounds in a single map unsupported\n" },
};

static const struct check_row settings_rows[] = {
	{ "config = { foo = 1 } begin { }",
	  "t:1:12-19: ERROR: foo: not a known configuration option\n" },
	{ "config = { max_strle = 1 } begin { }",
	  "t:1:12-25: ERROR: max_strle: not a known configuration option\n"
	  "HINT: did you mean max_strlen?\n" },
	{ "config = { max_strlen = \"a\"; stack_mode = foo; missing_probes = 1; license = \"x\" } begin { }",
	  "t:1:12-28: ERROR: max_strlen: expecting a number, got a\n"
	  "t:1:30-46: ERROR: stack_mode: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.\n"
	  "t:1:48-66: ERROR: missing_probes: Invalid value for missing_probes: valid values are ignore, warn, and error.\n"
	  "t:1:68-81: ERROR: Invalid value for license. Found: x. Valid values: Dual MIT/GPL, Dual BSD/GPL, Dual MPL/GPL, GPL and additional rights, GPL v2, GPL\n" },
	{ "config = { strlen = 64; symbol_source = \"x\" } begin { print(str(1)); }",
	  "program 0: begin +effects\n"
	  "  (print \"1\":string[2])\n"
	  "t:1:12-23: WARNING: strlen has been renamed, please use max_strlen\n"
	  "t:1:25-44: WARNING: symbol_source is deprecated and has no effect\n" },
	{ "config = { btf = \"x\" } begin { }",
	  "t:1:12-21: ERROR: btf: can only be set as an environment variable\n" },
	{ "config = { BPFTRACE_MAX_MAP_KEYS = 7; stack_mode = perf; print_maps_on_exit = false } begin { @[kstack] = 1; }",
	  "map @[kstack_perf_127]: int8, 7\n"
	  "program 0: begin +stacks +effects\n"
	  "  (= @[(kstack):kstack_perf_127]:int8 1:int8)\n" },
};

static void test_names(void **state)
{
	(void)state;
	CHECK_ROWS(names_rows);
}

static void test_types(void **state)
{
	(void)state;
	CHECK_ROWS(types_rows);
}

static void test_constants(void **state)
{
	(void)state;
	CHECK_ROWS(constants_rows);
}

static void test_maps(void **state)
{
	(void)state;
	CHECK_ROWS(maps_rows);
}

static void test_calls(void **state)
{
	(void)state;
	CHECK_ROWS(calls_rows);
}

static void test_control(void **state)
{
	(void)state;
	CHECK_ROWS(control_rows);
}

static void test_limits(void **state)
{
	(void)state;
	CHECK_ROWS(limits_rows);
}

static void test_settings(void **state)
{
	(void)state;
	CHECK_ROWS(settings_rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests_name("check errors", tests, NULL, NULL);
}
