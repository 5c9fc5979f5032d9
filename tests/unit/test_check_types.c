/*
 * Tests of checking: the types and conversions of accepted scripts.
 */
#include "tests/unit/check_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct check_row literals_rows[] = {
	{ "begin { print(1); print(-1); print(200); print(5000000000); print(0xffffffffffffffff); print(true); print(\"ab\"); }",
	  "program 0: begin +effects\n"
	  "  (print 1:int8)\n"
	  "  (print -1:int8)\n"
	  "  (print 200:int16)\n"
	  "  (print 5000000000:int64)\n"
	  "  (print 18446744073709551615:uint64)\n"
	  "  (print true:bool)\n"
	  "  (print \"ab\":string[3])\n" },
	{ "begin { print(2 + 3 * 4); print(7 / -2); print(1 << 63); print(-8 >> 1); print(~0); print(\"a\" + \"bc\"); print(\"abc\" + 1); print(\"abc\"[1]); print(1 < 2 ? \"x\" : \"yy\"); print(str(\"abcdef\", 3)); }",
	  "program 0: begin +effects\n"
	  "  (print 14:int8)\n"
	  "  (print -3:int8)\n"
	  "  (print 9223372036854775808:uint64)\n"
	  "  (print -4:int8)\n"
	  "  (print 18446744073709551615:uint64)\n"
	  "  (print \"abc\":string[4])\n"
	  "  (print \"bc\":string[3])\n"
	  "  (print 98:int8)\n"
	  "  (print \"x\":string[2])\n"
	  "  (print \"abc\":string[4])\n" },
	{ "begin { print(sizeof(STATE_ON)); print(sizeof(enum state)); let $s : typeof(STATE_ON) = STATE_ON; }",
	  "program 0: begin +effects\n"
	  "  (print 8:uint8)\n"
	  "  (print 8:uint8)\n"
	  "  (let $s:enum state STATE_ON=1:enum state)\n" },
	{ "begin { print(STATE_ON); print(sizeof(struct task_struct)); print(sizeof(pid)); print(offsetof(struct task_struct, comm)); print(kaddr(\"jiffies\")); }",
	  "program 0: begin +effects\n"
	  "  (print STATE_ON=1:enum state)\n"
	  "  (print 32:uint8)\n"
	  "  (print 4:uint8)\n"
	  "  (print 4:uint8)\n"
	  "  (print 18446744071578845184:uint64)\n" },
};

static const struct check_row variables_rows[] = {
	{ "begin { $x = 1; $p = &$x; $y = *$p + *&$x; $x = pid; $m = &@m; @m[1] = 2; }",
	  "map @m[int8]: int8, 4096\n"
	  "program 0: begin +effects\n"
	  "  (= $x:uint32 1:uint32)\n"
	  "  (= $p:uint32 * (& $x:uint32):uint32 *)\n"
	  "  (= $y:uint64 (+ (to (* $p:uint32 *):uint32):uint64 (to $x:uint32):uint64):uint64)\n"
	  "  (= $x:uint32 (pid):uint32)\n"
	  "  (= $m:void * (& @m):void *)\n"
	  "  (= @m[1:int8]:int8 2:int8)\n" },
	{ "begin { $a = 1; $a = pid; $b = $a; }",
	  "program 0: begin\n"
	  "  (= $a:uint32 1:uint32)\n"
	  "  (= $a:uint32 (pid):uint32)\n"
	  "  (= $b:uint32 $a:uint32)\n" },
	{ "begin { $b = $a0; }",
	  "t:1:14-17: ERROR: Undefined or undeclared variable: $a0\n" },
	{ "begin { $a = 1; $b = $a + 1; $a = (uint64)5; @x = $b; }",
	  "map @x: uint64, 1\n"
	  "program 0: begin +effects\n"
	  "  (= $a:uint64 1:uint64)\n"
	  "  (= $b:uint64 (+ $a:uint64 1:uint64):uint64)\n"
	  "  (= $a:uint64 (cast 5:int8):uint64)\n"
	  "  (= @x:uint64 $b:uint64)\n" },
	{ "begin { $a = 1; $a++; $a = (uint64)5; }",
	  "program 0: begin\n"
	  "  (= $a:uint64 1:uint64)\n"
	  "  (x++ $a:uint64):uint64\n"
	  "  (= $a:uint64 (cast 5:int8):uint64)\n" },
	{ "begin { $a = 1; $a += 1; $a = (uint64)5; }",
	  "program 0: begin\n"
	  "  (= $a:uint64 1:uint64)\n"
	  "  (+= $a:uint64 1:uint64)\n"
	  "  (= $a:uint64 (cast 5:int8):uint64)\n" },
	{ "begin { $a = 5; $a -= 1; $b = 7; $b |= 1; }",
	  "program 0: begin\n"
	  "  (= $a:int64 5:int64)\n"
	  "  (-= $a:int64 1:int64)\n"
	  "  (= $b:int64 7:int64)\n"
	  "  (|= $b:int64 1:int64)\n" },
	{ "begin { let $a; if (pid) { $a = \"abc\"; } $a = \"abcdef\"; }",
	  "program 0: begin\n"
	  "  (let $a:string[7])\n"
	  "  (? (pid):uint32 {(= $a:string[7] \"abc\":string[4])})\n"
	  "  (= $a:string[7] \"abcdef\":string[7])\n" },
	{ "begin { let $a : uint8 = 5; $a++; let $s : string = \"a\"; $s = \"abc\"; let $z : string[8] = \"a\"; }",
	  "program 0: begin\n"
	  "  (let $a:uint8 5:uint8)\n"
	  "  (x++ $a:uint8):uint64\n"
	  "  (let $s:string[4] \"a\":string[2])\n"
	  "  (= $s:string[4] \"abc\":string[4])\n"
	  "  (let $z:string[8] \"a\":string[2])\n" },
	{ "begin { if (pid) { $a = 1; } else { $a = \"x\"; } }",
	  "program 0: begin\n"
	  "  (? (pid):uint32 {(= $a:int8 1:int8)} {(= $a:string[2] \"x\":string[2])})\n" },
	{ "begin { $x = pid ? 1 : tid; $y = 5 ?: pid; $z = { $q = 1; $q + 2 }; }",
	  "program 0: begin\n"
	  "  (= $x:uint32 (? (pid):uint32 1:uint32 (tid):uint32):uint32)\n"
	  "  (= $y:uint32 (? 5:uint32 (pid):uint32):uint32)\n"
	  "  (= $z:int64 {(= $q:int8 1:int8); = (+ (to $q:int8):int64 2:int64):int64}:int64)\n" },
	{ "begin { $t = (1, \"a\"); $t = (pid, \"abc\"); $r = (x = 1, y = comm); print($r.y); print($t.1); print($t[0]); }",
	  "program 0: begin +effects\n"
	  "  (= $t:(uint32,string[4]) (tuple 1:uint32 \"a\":string[2]):(uint32,string[4]))\n"
	  "  (= $t:(uint32,string[4]) (tuple (pid):uint32 \"abc\":string[4]):(uint32,string[4]))\n"
	  "  (= $r:record { .x = int8, .y = string[16] } (tuple 1:int8 (comm):string[16]):record { .x = int8, .y = string[16] })\n"
	  "  (print (.1 $r:record { .x = int8, .y = string[16] }):string[16])\n"
	  "  (print (.1 $t:(uint32,string[4])):string[4])\n"
	  "  (print (.0 $t:(uint32,string[4])):uint32)\n" },
};

static const struct check_row maps_rows[] = {
	{ "begin { @x = @y; @y = 2; @y = pid; }",
	  "map @y: uint32, 1\n"
	  "map @x: uint32, 1\n"
	  "program 0: begin +effects\n"
	  "  (= @x:uint32 @y:uint32)\n"
	  "  (= @y:uint32 2:uint32)\n"
	  "  (= @y:uint32 (pid):uint32)\n" },
	{ "begin { @a = @a + 1; $d = @b[1]; @b[1] = $d | 1; @c = @c; @p = (@c, \"x\"); print(@p); }",
	  "map @a: int64, 1\n"
	  "map @b[int8]: int64, 4096\n"
	  "map @c: int8, 1\n"
	  "map @p: (int8,string[2]), 1\n"
	  "program 0: begin +effects\n"
	  "  (= @a:int64 (+ @a:int64 1:int64):int64)\n"
	  "  (= $d:int64 @b[1:int8]:int64)\n"
	  "  (= @b[1:int8]:int64 (| $d:int64 1:int64):int64)\n"
	  "  (= @c:int8 @c:int8)\n"
	  "  (= @p:(int8,string[2]) (tuple @c:int8 \"x\":string[2]):(int8,string[2]))\n"
	  "  (print @p:(int8,string[2]))\n" },
	{ "begin { @a++; @b[\"x\"]--; @c += 5; print(@d); @d; }",
	  "map @a: int64, 1\n"
	  "map @b[string[2]]: int64, 4096\n"
	  "map @c: int64, 1\n"
	  "map @d: int8, 1\n"
	  "program 0: begin +effects\n"
	  "  (x++ @a:int64):int64\n"
	  "  (x-- @b[\"x\":string[2]]:int64):int64\n"
	  "  (+= @c:int64 5:int64)\n"
	  "  (print @d:int8)\n"
	  "  @d:int8\n"
	  "t:1:46-48: WARNING: Return value discarded.\n" },
	{ "begin { @a++; @a = (uint64)5; }",
	  "map @a: uint64, 1\n"
	  "program 0: begin +effects\n"
	  "  (x++ @a:uint64):uint64\n"
	  "  (= @a:uint64 (cast 5:int8):uint64)\n" },
	{ "begin { @m[1, \"a\"] = 1; @m[pid, comm] = 2; @s = \"a\"; @s = comm; }",
	  "map @m[(uint32,string[16])]: int8, 4096\n"
	  "map @s: string[16], 1\n"
	  "program 0: begin +effects\n"
	  "  (= @m[(tuple 1:uint32 \"a\":string[2]):(uint32,string[16])]:int8 1:int8)\n"
	  "  (= @m[(tuple (pid):uint32 (comm):string[16]):(uint32,string[16])]:int8 2:int8)\n"
	  "  (= @s:string[16] \"a\":string[2])\n"
	  "  (= @s:string[16] (comm):string[16])\n" },
	{ "begin { @c = count(); @s = sum(-1); @s = sum((uint64)1); @n = min(pid); @v = avg(1); @t = stats(pid); @h = hist(pid, 2); @l = lhist(pid, 0, 100, 10); }",
	  "map @c: count_t, 1\n"
	  "map @s: sum_t, 1\n"
	  "map @n: umin_t, 1\n"
	  "map @v: avg_t, 1\n"
	  "map @t: ustats_t, 1\n"
	  "map @h: hist_t, 4096\n"
	  "map @l: lhist_t, 4096\n"
	  "program 0: begin +effects\n"
	  "  (= @c:count_t (count):count_t)\n"
	  "  (= @s:sum_t (sum -1:int64):sum_t)\n"
	  "  (= @s:sum_t (sum (cast 1:int8):uint64):usum_t)\n"
	  "  (= @n:umin_t (min (to (pid):uint32):uint64):umin_t)\n"
	  "  (= @v:avg_t (avg 1:int64):avg_t)\n"
	  "  (= @t:ustats_t (stats (to (pid):uint32):uint64):ustats_t)\n"
	  "  (= @h:hist_t (hist (to (pid):uint32):uint64):hist_t)\n"
	  "  (= @l:lhist_t (lhist (to (pid):uint32):uint64):lhist_t)\n" },
	{ "begin { @c = count(); $a = @c; @d = 1; @d = @c; @k[@c] = (1, @c); if (@c > 5) { print(@c + 1); } }",
	  "map @c: count_t, 1\n"
	  "map @d: uint64, 1\n"
	  "map @k[uint64]: (int8,uint64), 4096\n"
	  "program 0: begin +effects\n"
	  "  (= @c:count_t (count):count_t)\n"
	  "  (= $a:uint64 (to @c:count_t):uint64)\n"
	  "  (= @d:uint64 1:uint64)\n"
	  "  (= @d:uint64 (to @c:count_t):uint64)\n"
	  "  (= @k[(to @c:count_t):uint64]:(int8,uint64) (tuple 1:int8 (to @c:count_t):uint64):(int8,uint64))\n"
	  "  (? (> (to @c:count_t):uint64 5:uint64):bool {(print (+ (to @c:count_t):uint64 1:uint64):uint64)})\n" },
	{ "begin { for $kv : @m { print($kv.0.1); print($kv.1); } @m[1, pid] = count(); }",
	  "map @m[(int8,uint32)]: count_t, 4096\n"
	  "program 0: begin +effects\n"
	  "  (for map $kv:((int8,uint32),uint64) @m {(print (.1 (.0 $kv:((int8,uint32),uint64)):(int8,uint32)):uint32); (print (.1 $kv:((int8,uint32),uint64)):uint64)})\n"
	  "  (= @m[(tuple 1:int8 (pid):uint32):(int8,uint32)]:count_t (count):count_t)\n" },
	{ "begin { for $i : 0..pid { @s = $i; break; } $k = 0; for $i : 1..3 { $k = $k + $i; } unroll(3) { @q++; } }",
	  "map @s: uint32, 1\n"
	  "map @q: int64, 1\n"
	  "program 0: begin +effects\n"
	  "  (for range $i:uint32 (.. 0:uint32 (pid):uint32) {(= @s:uint32 $i:uint32); (break)})\n"
	  "  (= $k:int64 0:int64)\n"
	  "  (for range $i:int8 (.. 1:int8 3:int8) {(= $k:int64 (+ $k:int64 (to $i:int8):int64):int64)})\n"
	  "  (unroll 3:int8 {(x++ @q:int64):int64})\n" },
	{ "begin { @m[1] = 1; delete(@m, pid); delete(@m[2]); print(has_key(@m, 3)); print(len(@m)); find(@m, 3, $v); print(@m, 5, 2); zero(@m); @z = 1; delete(@z); }",
	  "map @m[uint32]: int8, 4096, taken\n"
	  "map @z: int8, 1\n"
	  "program 0: begin +effects\n"
	  "  (= @m[1:uint32]:int8 1:int8)\n"
	  "  (delete @m[(pid):uint32]:int8):bool\n"
	  "  (delete @m[2:uint32]:int8):bool\n"
	  "  (print (has_key @m[3:uint32]:int8):bool)\n"
	  "  (print (len @m:int8):int64)\n"
	  "  (find @m[3:uint32]:int8 $v:int8):bool\n"
	  "  (print @m:int8 5:int8 2:int8)\n"
	  "  (zero @m:int8)\n"
	  "  (= @z:int8 1:int8)\n"
	  "  (delete @z:int8):bool\n" },
	{ "let @m = lruhash(10); begin { @m[1] = 1; }",
	  "map @m[int8]: int8, 10\n"
	  "program 0: begin +effects\n"
	  "  (= @m[1:int8]:int8 1:int8)\n" },
	{ "begin { @x = { count() }; @y[1] = { $a = 5; { sum($a) } }; }",
	  "map @x: count_t, 1\n"
	  "map @y[int8]: sum_t, 4096\n"
	  "program 0: begin +effects\n"
	  "  {(= @x:count_t (count):count_t)}\n"
	  "  {(= $a:int8 5:int8); {(= @y[1:int8]:sum_t (sum (to $a:int8):int64):sum_t)}}\n" },
};

static const struct check_row conversions_rows[] = {
	{ "begin { $a = (int32)-1; $b = (uint64)1; print($a < $b); print($a + $b); print(pid == 5); print(nsecs - 5); }",
	  "program 0: begin +effects\n"
	  "  (= $a:int32 (cast -1:int8):int32)\n"
	  "  (= $b:uint64 (cast 1:int8):uint64)\n"
	  "  (print (< (to $a:int32):int64 (to $b:uint64):int64):bool)\n"
	  "  (print (+ (to $a:int32):int64 (to $b:uint64):int64):int64)\n"
	  "  (print (== (pid):uint32 5:uint32):bool)\n"
	  "  (print (- (to (nsecs):uint64):int64 5:int64):int64)\n"
	  "t:1:52-54: WARNING: Expression of type: uint64 being cast to type: int64. This may cause unexpected results. Use an explicit cast to suppress this warning.\n"
	  "t:1:68-70: WARNING: Expression of type: uint64 being cast to type: int64. This may cause unexpected results. Use an explicit cast to suppress this warning.\n" },
	{ "begin { $t = (1, \"a\"); @x = $t; @x = (pid, \"abc\"); }",
	  "map @x: (uint32,string[4]), 1\n"
	  "program 0: begin +effects\n"
	  "  (= $t:(int8,string[2]) (tuple 1:int8 \"a\":string[2]):(int8,string[2]))\n"
	  "  (= @x:(uint32,string[4]) (to $t:(int8,string[2])):(uint32,string[4]))\n"
	  "  (= @x:(uint32,string[4]) (tuple (pid):uint32 \"abc\":string[4]):(uint32,string[4]))\n" },
	{ "begin { @m[pid] = 1; @m[5] = 2; print(@m[(uint64)1]); }",
	  "map @m[uint64]: int8, 4096\n"
	  "program 0: begin +effects\n"
	  "  (= @m[(to (pid):uint32):uint64]:int8 1:int8)\n"
	  "  (= @m[5:uint64]:int8 2:int8)\n"
	  "  (print @m[(cast 1:int8):uint64]:int8)\n" },
	{ "begin { $p = curtask; print($p == 0); print($p->parent->comm); print(*(uint8*)5); print(($p + 1)->pid); }",
	  "program 0: begin +effects\n"
	  "  (= $p:struct task_struct * (curtask):struct task_struct *)\n"
	  "  (print (== (to $p:struct task_struct *):uint64 0:uint64):bool)\n"
	  "  (print (. (. $p:struct task_struct * parent@24):struct task_struct * comm@4):string[17])\n"
	  "  (print (* (cast 5:int8):uint8 *):uint8)\n"
	  "  (print (. (+ $p:struct task_struct * 1:int64):struct task_struct * pid@0):int32)\n" },
	{ "begin { print((uint8)pid); print((bool)pid); print((uint8[4])pid); print((string[8])\"ab\"); print((struct task_struct *)pid); print((enum state)1); }",
	  "program 0: begin +effects\n"
	  "  (print (cast (pid):uint32):uint8)\n"
	  "  (print (cast (pid):uint32):bool)\n"
	  "  (print (cast (pid):uint32):uint8[4])\n"
	  "  (print (cast \"ab\":string[3]):string[8])\n"
	  "  (print (cast (pid):uint32):struct task_struct *)\n"
	  "  (print (cast 1:int8):enum state)\n" },
	{ "begin { print(pid && \"a\" == \"b\"); print(!pid || true); print(true == (pid > 1)); print(-pid); print(~(uint8)pid); print(-nsecs); print(~(int8)pid); }",
	  "program 0: begin +effects\n"
	  "  (print (&& (pid):uint32 false:bool):bool)\n"
	  "  (print (|| (! (pid):uint32):bool true:bool):bool)\n"
	  "  (print (== true:bool (> (pid):uint32 1:uint32):bool):bool)\n"
	  "  (print (to (to (- (to (pid):uint32):uint64):uint64):uint32):uint64)\n"
	  "  (print (to (to (~ (to (cast (pid):uint32):uint8):uint64):uint64):uint8):uint64)\n"
	  "  (print (- (nsecs):uint64):uint64)\n"
	  "  (print (~ (to (cast (pid):uint32):int8):int64):int64)\n" },
	{ "begin { if (1) { print(1); } else { print(2); } if (0) { print(3); } $x = 0 ? pid : 5; }",
	  "program 0: begin +effects\n"
	  "  {(print 1:int8)}\n"
	  "  {}\n"
	  "  (= $x:uint32 5:uint32)\n" },
};

static const struct check_row calls_rows[] = {
	{ "begin { printf(\"%d %s %5lx|%-3c%%\\n\", pid, comm, 5, 65); printf(\"x\"); }",
	  "program 0: begin +effects\n"
	  "  (printf \"%d %s %5lx|%-3c%%\\n\":string[19] (pid):uint32 (comm):string[16] 5:int8 65:int8)\n"
	  "  (printf \"x\":string[2])\n" },
	{ "begin { print(str(5)); print(str(pid)); print(str(curtask->comm, 4)); print(str(tid, pid)); print(buf(5, 6)); print(ksym(5)); print(ntop(pid)); print(kptr(5)); }",
	  "program 0: begin +effects\n"
	  "  (print \"5\":string[2])\n"
	  "  (print (str (to (pid):uint32):int8 *):string[1024])\n"
	  "  (print (str (. (curtask):struct task_struct * comm@4):string[17] 4:uint64):string[5])\n"
	  "  (print (str (to (tid):uint32):int8 * (to (pid):uint32):uint64):string[1024])\n"
	  "  (print (buf (to 5:int8):int8 * 6:uint64):buffer[10])\n"
	  "  (print (ksym 5:uint64):ksym_t)\n"
	  "  (print (ntop 4:uint64 (pid):uint32):inet[24])\n"
	  "  (print (to 5:int8):int8 *)\n" },
	{ "begin { print(nsecs(tai)); print(pid(init)); print(strftime(\"%H\", nsecs(sw_tai))); print(kstack); print(ustack(perf, 3)); time(\"%H\"); exit(3); }",
	  "program 0: begin +stacks +effects\n"
	  "  (print (nsecs tai=2:int8):uint64)\n"
	  "  (print (pid init=1:int8):uint32)\n"
	  "  (print (strftime \"%H\":string[3] (nsecs sw_tai=3:int8):uint64 3:uint64):timestamp)\n"
	  "  (print (kstack):kstack_bpftrace_127)\n"
	  "  (print (ustack):ustack_perf_3)\n"
	  "  (time \"%H\":string[3])\n"
	  "  (exit 3:int64)\n" },
	{ "kprobe:vfs_read { print(arg0); print(arg0->f_flags); print(str(arg1)); print(func); print(reg(\"ip\")); }",
	  "program 0: kprobe:vfs_read +effects\n"
	  "  (print (argN 0:int8):uint64)\n"
	  "  (print (. (to (argN 0:int8):uint64):struct file * f_flags@0):uint32)\n"
	  "  (print (str (to (argN 1:int8):uint64):int8 *):string[1024])\n"
	  "  (print (func):ksym_t)\n"
	  "  (print (reg \"ip\":string[3]):uint64)\n"
	  "t:1:64-68: WARNING: kprobe:vfs_read has no arg1: it has 1 parameter\n" },
	{ "kretprobe:vfs_read { @[retval] = count(); }",
	  "map @[uint64]: count_t, 4096\n"
	  "program 0: kretprobe:vfs_read +effects\n"
	  "  (= @[(retval):uint64]:count_t (count):count_t)\n" },
};

static const struct check_row programs_rows[] = {
	{ "tracepoint:syscalls:sys_enter_* { @[probe] = count(); } interval:s:5 { print(@); clear(@); }",
	  "map @[string]: count_t, 4096, taken, preemptible\n"
	  "program 0: tracepoint:syscalls:sys_enter_brk and 8 more by raw sys_enter +probe +effects\n"
	  "  (= @[(probe):string]:count_t (count):count_t)\n"
	  "program 1: interval:s:5 +effects\n"
	  "  (print @:count_t)\n"
	  "  (clear @:count_t)\n" },
	{ "tracepoint:syscalls:sys_enter_openat /pid == 5/ { print(str(args->filename)); @[args.dfd] = 1; }",
	  "map @[uint64]: int8, 4096\n"
	  "program 0: tracepoint:syscalls:sys_enter_openat +user +args +effects\n"
	  "  (? (== (pid):uint32 5:uint32):bool {(print (str (. (args):struct tracepoint:syscalls:sys_enter_openat_args filename@24):uint8 *):string[1024]); (= @[(. (args):struct tracepoint:syscalls:sys_enter_openat_args dfd@16):uint64]:int8 1:int8)})\n" },
	{ "tracepoint:syscalls:sys_enter_read, tracepoint:syscalls:sys_enter_write { @[probe] = sum(args.fd); }",
	  "map @[string]: usum_t, 4096\n"
	  "program 0: tracepoint:syscalls:sys_enter_read and 1 more +probe +args +effects\n"
	  "  (= @[(probe):string]:usum_t (sum (. (args):struct tracepoint:syscalls:sys_enter_read_args fd@16):uint64):usum_t)\n" },
	{ "tracepoint:syscalls:sys_enter_read { print(probe); print(probetype); @ = \"x\"; @ = probe; }",
	  "map @: string[35], 1\n"
	  "program 0: tracepoint:syscalls:sys_enter_read +effects\n"
	  "  (print \"tracepoint:syscalls:sys_enter_read\":string[35])\n"
	  "  (print \"tracepoint\":string[11])\n"
	  "  (= @:string[35] \"x\":string[2])\n"
	  "  (= @:string[35] \"tracepoint:syscalls:sys_enter_read\":string[35])\n" },
	{ "tracepoint:syscalls:sys_* { @[probe] = count(); }",
	  "map @[string[37]]: count_t, 4096, preemptible\n"
	  "program 0: tracepoint:syscalls:sys_enter_brk and 8 more by raw sys_enter +probe +effects\n"
	  "  (= @[(to (probe):string):string[37]]:count_t (count):count_t)\n"
	  "program 1: tracepoint:syscalls:sys_exit_read +effects\n"
	  "  (= @[\"tracepoint:syscalls:sys_exit_read\":string[34]]:count_t (count):count_t)\n" },
	{ "kprobe:netif_* { @[comm] = sum(arg0->len); }",
	  "map @[string[16]]: usum_t, 4096\n"
	  "program 0: kprobe:netif_receive_skb and 1 more +effects\n"
	  "  (= @[(comm):string[16]]:usum_t (sum (to (. (to (argN 0:int8):uint64):struct sk_buff * len@4):uint32):uint64):usum_t)\n"
	  "t:1:1-15: WARNING: 1 of 3 attach points are left out: arg0 of kprobe:netif_receive_skb_list has no field 'len'\n" },
	{ "tracepoint:sched:sched_switch { @[args.prev_comm, args.prev_pid] = count(); print(str(args.name)); }",
	  "map @[(string[17],int32)]: count_t, 4096\n"
	  "program 0: tracepoint:sched:sched_switch +args +effects\n"
	  "  (= @[(tuple (. (args):struct tracepoint:sched:sched_switch_args prev_comm@8):string[17] (. (args):struct tracepoint:sched:sched_switch_args prev_pid@24):int32):(string[17],int32)]:count_t (count):count_t)\n"
	  "  (print (str (to (. (args):struct tracepoint:sched:sched_switch_args name@32):int64):int8 *):string[1024])\n" },
	{ "begin, end { @x = 1; } profile:hz:99 { @[kstack] = count(); }",
	  "map @x: int8, 1\n"
	  "map @[kstack_bpftrace_127]: count_t, 4096\n"
	  "program 0: begin +effects\n"
	  "  (= @x:int8 1:int8)\n"
	  "program 1: end +effects\n"
	  "  (= @x:int8 1:int8)\n"
	  "program 2: profile:hz:99 +stacks +effects\n"
	  "  (= @[(kstack):kstack_bpftrace_127]:count_t (count):count_t)\n" },
};

static void test_literals(void **state)
{
	(void)state;
	CHECK_ROWS(literals_rows);
}

static void test_variables(void **state)
{
	(void)state;
	CHECK_ROWS(variables_rows);
}

static void test_maps(void **state)
{
	(void)state;
	CHECK_ROWS(maps_rows);
}

static void test_conversions(void **state)
{
	(void)state;
	CHECK_ROWS(conversions_rows);
}

static void test_calls(void **state)
{
	(void)state;
	CHECK_ROWS(calls_rows);
}

static void test_programs(void **state)
{
	(void)state;
	CHECK_ROWS(programs_rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_programs),
	};

	return cmocka_run_group_tests_name("check types", tests, NULL, NULL);
}
