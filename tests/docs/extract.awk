# The examples of a manual page, as files: awk -v dir=DIR -v file=NAME -f extract.awk NAME
#
# Each ```sonde or ```console block becomes DIR/N.info (where it is, what it is,
# its words) and DIR/N.text; an ```output block after it becomes DIR/N.want.

function finish() {
	if (kind != "")
		close(path)
	kind = ""
}

/^```/ && kind == "" {
	info = substr($0, 4)
	kind = info
	sub(/ .*/, "", kind)
	words = substr(info, length(kind) + 2)
	if (kind == "sonde" || kind == "console") {
		n++
		number = sprintf("%04d", n)
		print file ":" NR " " kind " " words >(dir "/" number ".info")
		close(dir "/" number ".info")
		path = dir "/" number ".text"
		printf "" >path
	} else if (kind == "output") {
		path = dir "/" number ".want"
		printf "" >path
	} else {
		kind = "other"
		path = "/dev/null"
	}
	next
}

/^```/ { finish(); next }

kind != "" { print >path }
