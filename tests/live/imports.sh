#!/bin/sh
# Imports from the file system: paths, order of begin and end, what is refused.
. "$(dirname "$0")/lib.sh"

dir=$tmp/scripts
mkdir -p "$dir/sub" "$dir/all"
script() { # FILE TEXT
    printf '%s\n' "$2" >"$dir/$1"
}
chmod 755 "$tmp" "$dir" "$dir/sub" "$dir/all"
script lib.bt 'macro two() { 2 } begin { printf("lib begins\n"); } end { printf("lib ends\n"); }'
script sub/far.bt 'import "near.bt"; import "lib.bt"; macro far() { near() + two() }'
script sub/near.bt 'macro near() { 40 }'
script all/a.bt 'macro a() { "a" }'
script all/b.bt 'macro b() { a() }'
script all/README 'neither'
chmod 644 "$dir"/*.bt "$dir"/*/*

begin_case "begin and end of what is imported run first"
script main.bt 'import "lib.bt"; import "sub/../lib.bt"; begin { printf("%d\n", two()); exit(); } end { printf("done\n"); }'
sonde "$dir/main.bt"
expect_status 0
expect_output 'lib begins
2
lib ends
done

'

begin_case "relative to what imports, or to the script"
script main.bt 'import "sub/far.bt"; begin { printf("%d\n", far()); exit(); }'
sonde "$dir/main.bt"
expect_status 0
expect_out '42'

begin_case "a directory"
script main.bt 'import "all"; begin { printf("%s\n", b()); exit(); }'
sonde "$dir/main.bt"
expect_status 0
expect_out 'a'

begin_case "the library is there already"
sonde -e 'import "stdlib"; begin { printf("%d\n", strlen("abc")); exit(); }'
expect_status 0
expect_out '3'

begin_case "a file that everyone may write to"
chmod 666 "$dir/sub/near.bt"
script main.bt 'import "sub/far.bt"; begin { exit(); }'
sonde "$dir/main.bt"
expect_status 1
expect_err 'sub/far.bt:1:1-17: ERROR: will not import ".*/sub/near.bt": everyone may write to it'
expect_err 'main.bt:1:1-20: ERROR: expanded from'

begin_case "a directory that everyone may write to"
chmod 777 "$dir/all"
script main.bt 'import "all/a.bt"; begin { exit(); }'
sonde "$dir/main.bt"
expect_status 1
expect_err 'ERROR: will not import ".*/all/a.bt": everyone may write to it'

begin_case "no such file"
script main.bt 'import "libb.bt"; begin { exit(); }'
sonde "$dir/main.bt"
expect_status 1
expect_err 'HINT: checked: .*/scripts/libb.bt'
expect_err 'HINT: did you mean ".*/scripts/lib.bt"\?'

begin_case "a header by a statement in a body"
printf 'struct of_header { int a, b; };\n' >"$dir/part.h"
chmod 644 "$dir/part.h"
script main.bt 'config = { unstable_import_statement = enable } macro size { import "part.h"; sizeof(struct of_header) }
begin { import "part.h"; printf("%d\n", size); exit(); }'
sonde "$dir/main.bt"
expect_status 0
expect_out 8
expect_no_err WARNING
sed -i 's/enable/warn/' "$dir/main.bt"
sonde "$dir/main.bt"
expect_status 0
expect_out 8
expect_err '^WARNING: Script is using an unstable feature: import statements.'

end_tests
