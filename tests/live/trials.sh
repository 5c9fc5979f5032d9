# Tests and benchmarks: --test and --bench.
. "$(dirname "$0")/lib.sh"

escape=$(printf '\033')

# Standard output without colours and times is what the function's standard input is.
expect_lines() {
    cat >"$tmp/wanted"
    sed -e "s/$escape\[[0-9]*m//g" -e 's/([0-9]* [^ ]*s)/(T)/' "$tmp/out" >"$tmp/plain"
    check "the lines" diff "$tmp/wanted" "$tmp/plain"
}

cat >"$tmp/tests.bt" <<'E'
test:good { printf("dropped\n"); @x = 1; assert(@x == 1, "one"); }
test:asserts { printf("shown\n"); assert(1 == 2, "not equal"); }
test:returns { return 1; }
test:tells { errorf("bad"); }
test:exits { print(3); exit(2); }
test:warns { warnf("no failure"); return 0; }
interval:us:1 { printf("never attached\n"); }
end { printf("end runs\n"); }
E

begin_case "--test: results, output of what failed, a summary"
sonde --test "$tmp/tests.bt"
expect_status 1
sed "s|^.*/tests.bt:|tests.bt:|" "$tmp/out" >"$tmp/o" && cp "$tmp/o" "$tmp/out"
expect_lines <<'E'
[==========] Running 6 tests.
[ RUN      ] good
[       OK ] good (T)
[ RUN      ] asserts
shown
tests.bt:2:35-62: ERROR: assert failed: not equal
[  FAILED  ] asserts (T)
[ RUN      ] returns
[  FAILED  ] returns (T)
[ RUN      ] tells
tests.bt:4:14-27: ERROR: bad
[  FAILED  ] tells (T)
[ RUN      ] exits
3
[  FAILED  ] exits (T)
[ RUN      ] warns
[       OK ] warns (T)
[==========] 6 tests ran.
[  PASSED  ] 2 tests.
[  FAILED  ] 4 tests, listed below:
[  FAILED  ] asserts
[  FAILED  ] returns
[  FAILED  ] tells
[  FAILED  ] exits
end runs


E
expect_no_err Attached

begin_case "--test: status 1 also if it is the last one that ends by exit()"
for body in 'assert(1 == 2, "no");' 'exit(4);' 'print(1); exit(5);'; do
    sonde --test -e "test:good { } test:bad { $body }"
    expect_status 1
    sonde --test -e "begin { exit(); } test:bad { $body }"
    expect_status 1
done
sonde --test -e 'test:good { exit(); }'
expect_status 0

begin_case "--test: status 0 if all pass; no maps are printed"
sonde --mode test -e 'begin { @x = 5; } test:a { assert(@x == 5, "set by begin"); }'
expect_status 0
expect_lines <<'E'
[==========] Running 1 tests.
[ RUN      ] a
[       OK ] a (T)
[==========] 1 test ran.
[  PASSED  ] 1 test.


E

begin_case "--test as JSON"
sonde --test -f json -e 'test:a { print((1, "x")); return 1; } test:b { }'
expect_status 1
expect_match '^\{"type": "test_result", "data": \{"a": \{"duration": [0-9]+, "passed": false, "output": "\(1, x\)\\n"\}\}\}$'
expect_match '^\{"type": "test_result", "data": \{"b": \{"duration": [0-9]+, "passed": true, "output": ""\}\}\}$'

begin_case "--test with --probe-filter"
sonde --test --probe-filter '^test:a' -e 'test:a { } test:b { return 1; }'
expect_status 0
expect_no_match '\bb\b'

begin_case "--bench: a table"
sonde --bench -e 'bench:counts { @ = count(); } bench:skipped { return 1; } bench:hashes { @h[1] = count(); }'
expect_status 0
expect_match '^Benchmark {32}Time\(ns\) {7}Iterations$'
expect_match '^-{66}$'
expect_match '^counts {35}[0-9]+ +[0-9]+$'
expect_match '^hashes {35}[0-9]+ +[0-9]+$'
expect_no_match skipped

begin_case "--bench: what may not run where the kernel repeats it is repeated by calls"
if needs kernel:6.1; then
    sonde --bench -e 'bench:stacks { @[kstack(2)] = count(); @u = ustack(1); }'
    expect_status 0
    expect_match '^stacks +[0-9]+ +[0-9]+$'
fi

begin_case "--bench: one that fails"
sonde --bench -e 'bench:bad { errorf("x"); } bench:exits { exit(3); } bench:good { }'
expect_status 1
expect_err "^ERROR: Benchmark 'bad' failed.$"
expect_err "^ERROR: Benchmark 'exits' failed.$"
expect_match '^good '

begin_case "--bench: Ctrl-C is no failure of the one that runs"
for i in 1 2 3 4 5 6 7 8 9; do
    echo "bench:b$i { \$s = 0; for (\$j : 0..50) { \$s += \$j; @ = count(); } }"
done >"$tmp/long.bt"
for delay in 0.2 0.25 0.3 0.35; do
    timeout -s INT $delay "$SONDE" --bench "$tmp/long.bt" >"$tmp/out" 2>"$tmp/err" </dev/null
    expect_no_err 'ERROR'
done

begin_case "--bench as JSON"
sonde --bench -f json -e 'bench:a { @x = 1; }'
expect_match '^\{"type": "benchmark_result", "data": \{"a": \{"average": [0-9]+, "iters": [0-9]+\}\}\}$'

begin_case "without the flag they do not run, and a hint names it"
sonde -e 'test:a { }'
expect_status 255
expect_err 'use --test to run test probes'
sonde -e 'bench:a { }'
expect_err 'use --bench to run benchmark probes'
sonde -e 'test:a { printf("no\n"); } begin { printf("yes\n"); }'
expect_status 0
expect_out yes
expect_no_match no

begin_case "--test without a test"
sonde --test -e 'interval:s:1 { }'
expect_status 255
expect_err 'the script has no test probes'

begin_case "modes exclude each other"
sonde --test --bench -e 'test:a { }'
expect_status 1
expect_err 'USAGE: --bench conflicts'
sonde --test --mode codegen -e 'test:a { }'
expect_status 0
check "no output" [ ! -s "$tmp/out" ]

begin_case "the language in tests"
cat >"$tmp/all.bt" <<'E'
struct pair { int a; char b[8]; }
macro add(a, b) { a + b }
fn square($x : int64) : int64 { return $x * $x; }
test:arithmetic { assert(add(2, 3) == 5 && square(4) == 16, "sums"); }
test:text { $s = "hello"; @k[$s] = 1; assert(strcontains($s, "ell") && @k["hello"] == 1, "text"); }
test:maps {
	@c = count(); @c = count(); @h = hist(5); @l = lhist(3, 0, 10, 1); @s = stats(4); @a[1, 2] = avg(5);
	delete(@a, (1, 2)); for ($kv : @k) { print($kv); } assert((int64)@c == 2, "counted"); clear(@k);
}
test:loops { for ($j : 0..10) { @sum += $j; } unroll(3) { @u++; } assert(@sum == 45 && @u == 3, "loops"); }
test:task { assert(pid == tid && uid == curtask.cred.uid.val, "ids"); print((comm, cpu, cgroup, nsecs, rand)); }
test:stacks { print(kstack(2)); print(ustack(2)); }
test:printing { printf("%d %s %x %r\n", 1, "a", 255, buf("abc", 3)); time("%H\n"); print(ntop(1)); }
test:predicate /pid == 0/ { return 1; }
test:name { assert(probe == "test:name" && probetype == "test", "name"); }
E
if needs btf && needs kernel:6.1; then
    sonde --test "$tmp/all.bt"
    expect_status 0
    expect_match 'PASSED.* 9 tests'
fi

end_tests
