# What debug information says of programs: arguments by name and type, types by name, lines of
# the source. See tests/programs/typed.c.
. "$(dirname "$0")/lib.sh"

T=$TESTS/programs/typed
C=$(dirname "$0")/../programs/typed.c
# The guests have no sources.
line=$(grep -n 'the line of seven' "$C" 2>/dev/null | cut -d: -f1)
line=${line:-84}

begin_case "arguments by their names, with their types"
sonde -e "uprobe:$T:scalars { print((args.n, args.c, args.e, args.b, str(args.s))); }" -c "$T"
expect_status 0
expect_out '(-1, 120, GREEN, true, text)'
sonde -e "uprobe:$T:mixed { print((args.n, args.u, args.t->v, args.ll)); }" -c "$T"
expect_status 0
expect_out '(-2, 65535, 77, -5)'

begin_case "what pointers lead to"
sonde -e "uprobe:$T:scalars { print((args.p->a, args.p->name, args.p->next->name, args.p->in.s, args.p->b1, args.p->b2));
print((args.p->col, args.p->u.i, args.p->anon)); print(args.p->arr); @n[args.p->name] = args.p->next->a; }" -c "$T"
expect_status 0
expect_out '(-3, three, seven, -4, 5, 100)'
expect_out '(GREEN, 65, 9)'
expect_out '[1,2,3]'
expect_out '@n[three]: 7'

begin_case "all of them at once"
sonde -e "uprobe:$T:seven { print(args); @ = args; }" -c "$T"
expect_status 0
# As many as lie in registers.
[ "$machine" = x86_64 ] && seventh='' || seventh=', .g = 7'
expect_out "{ .a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6$seventh }"
expect_out "@: { .a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6$seventh }"

begin_case "all of them as a key, a value, a part of a tuple, in a variable"
sonde -e "uprobe:$T:seven { \$a = args; @k[args] = args; @t[args.a, args] = (args, \"x\"); @h[\$a] = hist(args.b); @v = \$a;
if (\$a == args && has_key(@k, args)) { printf(\"%s %d\\n\", \$a, \$a.f); } print((1, args)); delete(@h, args); }
end { for (\$kv : @k) { print((\$kv.0.a, \$kv.1.f)); } }" -c "$T"
whole='{ .a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6 }'
expect_status 0
expect_output "$whole 6
(1, $whole)
(1, 6)


@k[$whole]: $whole
@t[1, $whole]: ($whole, x)
@v: $whole"
sonde -e "uprobe:$T:values { @[args] = 1; print((sizeof(args), offsetof(args, after))); }" -c "$T"
expect_status 0
if [ "$(uname -m)" = x86_64 ]; then
    expect_out '@[{ .in = { .s = 6 }, .after = 3, .last = 5, .z = 8 }]: 1'
    sonde -e "uprobe:$T:halves { print(args); }" -c "$T"
    expect_out '{ .z = 10 }'
fi
sonde -e "uprobe:$T:seven { print((sizeof(args), offsetof(args, c))); }" -c "$T"
expect_out '(24, 8)'
sonde --mode codegen -e "uprobe:$T:nothing { print(args); }"
expect_status 1
expect_err 'ERROR: Cannot read function parameters'

begin_case "structs by value, what is in other registers, a hidden parameter"
if needs machine:x86_64; then
    sonde -e "uprobe:$T:values { print((args.in.s, args.after, args.last, args.z)); } uprobe:$T:hidden { print(args.x); }" -c "$T"
    expect_status 0
    expect_out '(6, 3, 5, 8)'
    expect_out '9'
fi

begin_case "what is in no register for integers"
sonde --mode codegen -e "uprobe:$T:mixed { print(args.d); }"
expect_status 1
expect_err "field 'd' has a type that can not be read"
sonde --mode codegen -e "uprobe:$T:mixed { print(args.nosuch); }"
expect_status 1
expect_err "Can't find function parameter nosuch"
expect_err 'its parameters are: n, u, t, ll, d, fp'

begin_case "types by their names"
sonde -e "uprobe:$T:scalars { \$p = (struct foo *)arg3; print((\$p->name, \$p->next->a, sizeof(struct foo) > 60, offsetof(struct foo, name))); }
uprobe:$T:mixed { print(((def *)arg2)->v); }" -c "$T"
expect_status 0
expect_match '^\(three, 7, (1|true), 4\)$'
expect_out '77'

begin_case "a result in memory"
if needs machine:x86_64; then   # elsewhere no register says where, at the end
    sonde -e "uretprobe:$T:hidden { print(((struct big *)retval)->a[0]); }" -c "$T"
    expect_status 0
    expect_out '9'
fi

begin_case "the script's own type of that name goes first"
sonde -e "struct foo { int other; } uprobe:$T:scalars { print(((struct foo *)arg3)->other); }" -c "$T"
expect_status 0
expect_out '-3'

begin_case "a line of the source"
sonde -e "uprobe:$T@typed.c:$line { printf(\"%s %d\n\", func, arg0); } uprobe:$T@programs/typed.c:$line { @ = count(); }" -c "$T"
expect_status 0
expect_out 'seven 1'
expect_out '@: 1'
sonde --mode codegen -e "uprobe:$T@typed.c:9999 { }"
expect_status 1
expect_err "DWARF error: Unable to map 'typed.c:9999' to address"
sonde --mode codegen -e "uprobe:$T@grams/typed.c:$line { }"
expect_status 1
expect_err 'No compilation unit matches grams/typed.c'

begin_case "listed with -lv"
sonde -lv "uprobe:$T:mixed"
expect_status 0
expect_output "uprobe:$T:mixed
    signed char n
    short unsigned int u
    def* t
    long long int ll
    double d
    float* fp"

begin_case "every version of the format, compressed, and split off"
if needs gcc; then
    for flags in -gdwarf-3 -gdwarf-4 -gdwarf-5 "-gdwarf-5 -gz" "-gdwarf-4 -fdebug-types-section" \
        "-gdwarf-5 -gsplit-dwarf" "-gdwarf-4 -gsplit-dwarf"; do
        (cd "$tmp" && cp "$OLDPWD/$C" . && gcc -O1 -fno-inline $flags -c typed.c && gcc -o typed typed.o) 2>"$tmp/err" || continue
        sonde -e "uprobe:$tmp/typed:scalars { print((args.n, args.p->b2, args.e, args.p->next->name)); }" -c "$tmp/typed"
        expect_status 0
        check "arguments with $flags" grep -qxF '(-1, 100, GREEN, seven)' "$tmp/out"
        sonde --mode codegen -e "uprobe:$tmp/typed@typed.c:$line { }"
        expect_status 0
    done
fi

begin_case "floating-point parameters"
if needs gcc; then
    echo 'double half(double x) { return x / 2; } int mixed(double x, int n) { return x + n; }
        int main(void) { return half(3) + mixed(1, 1); }' >"$tmp/half.c"
    gcc -g -o "$tmp/half" "$tmp/half.c"
    for args in args args.x; do
        sonde --mode codegen -e "uprobe:$tmp/half:half { print($args); }"
        expect_status 1
        expect_err '^HINT: those of uprobe:.*/half:half are floating-point numbers'
    done
    sonde --mode codegen -e "uprobe:$tmp/half:mixed { print(args.x); }"
    expect_status 1
    expect_err '^HINT: floating-point parameters, .* cannot be read'
fi

begin_case "a part that is missing, and none at all"
if needs gcc && needs strip; then
    (cd "$tmp" && gcc -O1 -gdwarf-5 -gsplit-dwarf -c typed.c && gcc -o split typed.o && rm -f typed.dwo split.dwo)
    sonde --mode codegen -e "uprobe:$tmp/split:scalars { print(args.n); }"
    expect_status 1
    expect_err 'its debug info is in .*typed.dwo, which cannot be found'
    strip -g -o "$tmp/stripped" "$T"
    sonde --mode codegen -e "uprobe:$tmp/stripped:scalars { print(args.n); }"
    expect_status 1
    expect_err 'Could not parse arguments of "uprobe:.*/stripped:scalars": no debuginfo found for'
    sonde --mode codegen -e "uprobe:$tmp/stripped@typed.c:$line { }"
    expect_status 1
    expect_err "No DWARF debug info found for '.*/stripped'"
fi

begin_case "FILE.debug of a stripped file that names none"
if needs gcc && needs strip && needs objcopy; then
    mkdir -p "$tmp/plain/below"
    cp "$T" "$tmp/plain/typed"
    objcopy --only-keep-debug "$tmp/plain/typed" "$tmp/plain/below/typed.debug"
    strip "$tmp/plain/typed"
    of_it="$tmp/plain/typed@typed.c:$line"
    sonde --mode codegen -e "uprobe:$of_it { }"
    expect_status 1
    sonde --mode codegen --debuginfo below -e "uprobe:$of_it { }"
    expect_status 0
    sonde --debuginfo "$tmp/plain/below" -c "$tmp/plain/typed" \
        -e "uprobe:$tmp/plain/typed:scalars { print((args.n, ustack(1))); }"
    expect_status 0
    check 'its argument' grep -q '^(-1, $' "$tmp/out"
    check 'its name and its line' grep -q '^ *scalars+0@.*typed\.c:[0-9]*$' "$tmp/out"
    mkdir "$tmp/plain/.debug" && mv "$tmp/plain/below/typed.debug" "$tmp/plain/.debug/"
    sonde --mode codegen -e "uprobe:$of_it { }"
    expect_status 0
    printf 'int main() { return 1; }' | gcc -g -x c -o "$tmp/plain/.debug/typed.debug" -
    sonde --mode codegen -e "uprobe:$of_it { }"
    expect_status 1
fi

begin_case "classes of C++"
if needs g++; then
    cat >"$tmp/class.cpp" <<'END'
namespace ns { struct Base { int b = 8; }; struct Class : Base { int x; Class(int a) : x(a) {} int get(int a, const int &r); };
struct Heavy { int h; ~Heavy() {} Heavy(int i) : h(i) {} Heavy(const Heavy &o) : h(o.h) {} }; int take(Heavy v, int after); }
int ns::Class::get(int a, const int &r) { asm volatile(""); return x + a + r; }
int ns::take(Heavy v, int after) { asm volatile(""); return v.h + after; }
int main() { ns::Class c(3); int r = 6; return c.get(4, r) + ns::take(ns::Heavy(11), 12) == 0; }
END
    g++ -g -O1 -fno-inline -o "$tmp/class" "$tmp/class.cpp"
    sonde -e "uprobe:$tmp/class:cpp:\"ns::Class::get\" { print((args.this->x, args.this->b, args.a, *args.r)); }
    uprobe:$tmp/class:cpp:\"ns::take\" { print((args.v->h, args.after)); }" -c "$tmp/class"
    expect_status 0
    expect_out '(3, 8, 4, 6)'
    expect_out '(11, 12)'
fi

end_tests
