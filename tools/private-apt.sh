# Functions around an apt of our own; sourced by tests/qemu/fetch-kernels and
# tools/sysroot. Debian's packages of any suite and architecture, from the mirror
# that the system's apt is set up with. The system's lists and sources are read,
# never changed, and nothing is installed.

# Sets APT_CONFIG and `apt_opts` for apt-get and apt-cache.
private_apt() { # DIR ARCHITECTURE SUITE...
    local dir=$1 architecture=$2 suite mirror security codename
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    shift 2
    [ -r $keyring ] || die "$keyring not found (apt-get install debian-archive-keyring)"
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mirror=$(mirror_of "$codename")
    security=$(mirror_of "$codename-security")
    [ -n "$mirror" ] || die "the system's apt has no source for '$codename' (is this Debian?)"
    security=${security:-$mirror-security}

    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/status"
    for suite in "$@"; do
        case $suite in
            *-security) echo "deb [arch=$architecture signed-by=$keyring] $security $suite main" ;;
            *) echo "deb [arch=$architecture signed-by=$keyring] $mirror $suite main" ;;
        esac
    done >"$dir/sources.list"
    cat >"$dir/apt.conf" <<-CONF
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir/cache";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "-";
	APT::Architecture "$architecture";
	APT::Architectures "$architecture";
	APT::Sandbox::User "root";
	CONF
    export APT_CONFIG=$dir/apt.conf
    # Container images switch apt's binary cache off; without it each call reads
    # every list again. Only -o wins over what they set.
    apt_opts=(-o Dir::Cache::pkgcache="$dir/pkgcache.bin" -o Dir::Cache::srcpkgcache="$dir/srcpkgcache.bin")

    note "updating package lists (private to the cache)"
    apt-get -qq "${apt_opts[@]}" update >"$dir/update.log" 2>&1 ||
        note "some suites could not be read (see $dir/update.log); going on without them"
}

mirror_of() { # SUITE
    # Prints what it would fetch; works before the system's first update, too.
    apt-get --print-uris update 2>/dev/null |
        sed -n "s#^'\([^']*\)/dists/$1/InRelease' .*#\1#p" | sort -u | sed -n 1p
}
