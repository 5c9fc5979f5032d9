# Does output match what an example says? awk -f match.awk WANT GOT
#
# <n> stands for a number, <x> for any text within a line, a line "..." for any
# number of lines. Blank lines at the beginning and end do not count, and
# several in a row count as one. Exit status 0 if it matches; else the first
# line that does not is told.

function pattern(line,    i, c, out, rest) {
	out = "^"
	for (i = 1; i <= length(line); i++) {
		rest = substr(line, i, 3)
		c = substr(line, i, 1)
		if (rest == "<n>") {
			out = out "-?[0-9]+"
			i += 2
		} else if (rest == "<x>") {
			out = out ".+"
			i += 2
		} else if (c == "\\") {
			out = out "\\\\"
		} else if (c ~ /[a-zA-Z0-9 _,;:=<>@"'#%&!~-]/) {
			out = out c
		} else if (c == "^") {
			out = out "\\^"
		} else if (c == "]") {
			out = out "\\]"
		} else {
			out = out "[" c "]"
		}
	}
	return out "$"
}

function matches(w, g) {
	for (; w <= nr_want; w++) {
		if (want[w] == "...") {
			for (; g <= nr_got + 1; g++)
				if (matches(w + 1, g))
					return 1
			return 0
		}
		if (g > nr_got || got[g] !~ pattern(want[w])) {
			if (w > furthest) {
				furthest = w
				at = g
			}
			return 0
		}
		g++
	}
	if (g <= nr_got && w > furthest) {
		furthest = w
		at = g
	}
	return g > nr_got
}

{ sub(/[ \t\r]+$/, "") }
FNR == 1 { files++ }
FILENAME == ARGV[1] && files == 1 { if ($0 != "" || (nr_want && want[nr_want] != "")) want[++nr_want] = $0; next }
{ if ($0 != "" || (nr_got && got[nr_got] != "")) got[++nr_got] = $0 }

END {
	if (nr_want && want[nr_want] == "")
		nr_want--
	if (nr_got && got[nr_got] == "")
		nr_got--
	if (matches(1, 1))
		exit 0
	print "    expected: " (furthest <= nr_want ? want[furthest] : "(the end)")
	print "    but got:  " (at <= nr_got ? got[at] : "(the end)")
	exit 1
}
