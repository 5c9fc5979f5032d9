# skboutput(): packets in a file that readers of captures take.
. "$(dirname "$0")/lib.sh"

datagram=$TESTS/programs/datagram
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null
probe='rawtracepoint:net_dev_queue /pid == cpid/'

bytes() { od -An -v -tx1 "$1" | tr -d ' \n'; }

size() { wc -c <"$1"; }

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

# A number of 4 bytes at HEX, whose least byte is the first on all machines that we know.
number() {
    local a b c d rest
    a=${1%"${1#??}"} rest=${1#??}
    b=${rest%"${rest#??}"} rest=${rest#??}
    c=${rest%"${rest#??}"} rest=${rest#??}
    d=${rest%"${rest#??}"}
    printf '%d' "0x$d$c$b$a"
}

# What a capture has: a line a packet, "SECONDS BYTES IP-HEADER UDP-HEADER TEXT".
decode() { # FILE
    local rest time cap len ip udp
    rest=$(bytes "$1")
    rest=${rest#????????????????????????????????????????????????}
    while [ -n "$rest" ]; do
        time=$(number "$rest") rest=${rest#????????????????}
        cap=$(number "$rest") rest=${rest#????????}
        len=$(number "$rest") rest=${rest#????????}
        [ "$cap" = "$len" ] || echo "cut from $len bytes to $cap"
        packet=$(printf %s "$rest" | cut -c "1-$((cap * 2))")
        rest=${rest#"$packet"}
        ip=$(printf %s "$packet" | cut -c 1-40)
        udp=$(printf %s "$packet" | cut -c 41-56)
        echo "$time $cap $ip $udp $(printf %s "$packet" | cut -c 57-)"
    done
}

# All of a capture is this many datagrams of ours, by IP from host to host, made just now.
expect_datagrams() { # COUNT FILE
    local i=0 now
    now=$(date +%s)
    decode "$2" >"$tmp/decoded"
    check "$1 packets in $2" [ "$(wc -l <"$tmp/decoded")" = "$1" ]
    while read -r time cap ip udp text; do
        check "made just now, not at $time" [ $((now - time)) -ge -1 -a $((now - time)) -le 100 ]
        check "39 bytes, not $cap" [ "$cap" = 39 ]
        case $ip in
            45000027????4000??11????7f0000017f000001) ;;
            *) bad "no header of IP: $ip" ;;
        esac
        check "the same port twice, 19 bytes, and a sum: $udp" [ "${udp%"${udp#????}"}0013" = \
            "$(printf %s "$udp" | cut -c 5-12)" ]
        check "the text" [ "$text" = "$(hex "datagram $i.")" ]
        i=$((i + 1))
    done <"$tmp/decoded"
}

# Whole packets of 39 bytes: headers of IP and UDP, and "datagram N.".
begin_case "each packet is whole, and in order"
if needs btf; then
    sonde -c "$datagram 3" -e "$probe { printf(\"%d\\n\", skboutput(\"$tmp/whole.pcap\", args.skb, args.skb.len, 14)); }"
    expect_status 0
    check "no error" [ "$(grep -c '^0$' "$tmp/out")" = 3 ]
    check "three packets" [ "$(size "$tmp/whole.pcap")" = $((24 + 3 * (16 + 39))) ]
    case $(bytes "$tmp/whole.pcap") in
        d4c3b2a102000400000000*ffff000065000000*) ;;
        a1b2c3d400020004*) ;;
        *) bad "expected the head of a capture" ;;
    esac
    expect_datagrams 3 "$tmp/whole.pcap"
    if command -v tcpdump >/dev/null; then
        check "tcpdump reads it" [ "$(tcpdump -nr "$tmp/whole.pcap" 2>/dev/null | grep -c 'UDP, length 11')" = 3 ]
    fi
fi

# One packet in each file, whatever the script calls it.
begin_case "a packet by number, in variables, in a loop, by way of a macro"
if needs btf; then
    sonde -c "$datagram 1" -e "macro capture(skb) { skboutput(\"$tmp/macro.pcap\", skb, skb.len, 14) }
        $probe { \$s = args.skb; let \$typed : struct sk_buff * = (struct sk_buff *)arg0; \$a = args; \$number = (uint64)\$a.skb;
        print(skboutput(\"$tmp/arg0.pcap\", (struct sk_buff *)arg0, 53, 14));
        print(skboutput(\"$tmp/var.pcap\", \$s, \$s.len, 14));
        print(skboutput(\"$tmp/typed.pcap\", \$typed, \$typed.len, 14));
        print(skboutput(\"$tmp/number.pcap\", (struct sk_buff *)\$number, \$s.len, 14));
        for (\$i : 0..300) { if (\$i == 299) { print(skboutput(\"$tmp/loop.pcap\", \$s, \$s.len, 14)); } }
        print(capture(\$s)); print(capture(args.skb)); }"
    expect_status 0
    check "no error" [ "$(grep -c '^0$' "$tmp/out")" = 7 ]
    for f in arg0 var typed number loop; do
        expect_datagrams 1 "$tmp/$f.pcap"
    done
    check "two by the macro" [ "$(size "$tmp/macro.pcap")" = $((24 + 2 * (16 + 39))) ]
    sonde -c "$datagram 2" -e "rawtracepoint:net_dev_queue, rawtracepoint:net_dev_xmit /pid == cpid/ {
        @[probe, (int32)skboutput(\"$tmp/two.pcap\", (struct sk_buff *)arg0, 39, 14)] = count(); }"
    expect_status 0
    expect_out '@[rawtracepoint:vmlinux:net_dev_queue, 0]: 2'
    expect_out '@[rawtracepoint:vmlinux:net_dev_xmit, 0]: 2'
fi

begin_case "functions: an argument, a variable, a result"
if needs kprobe && needs btf && needs kernel:6.1; then
    sonde -c "$datagram 3" -e "fentry:__dev_queue_xmit /pid == cpid/ { print(skboutput(\"$tmp/out.pcap\", args.skb, args.skb.len, 14)); }
        fentry:ip_rcv /pid == cpid && args.skb.len == 39/ { \$s = args.skb; print(skboutput(\"$tmp/in.pcap\", \$s, \$s.len, 0)); }
        fexit:__alloc_skb /pid == cpid/ { @new[(int32)skboutput(\"$tmp/new.pcap\", retval, 0, 0)] = count(); }"
    expect_status 0
    check "no error" [ "$(grep -c '^0$' "$tmp/out")" = 6 ]
    expect_datagrams 3 "$tmp/out.pcap"
    expect_datagrams 3 "$tmp/in.pcap"
    expect_match '^@new\[0\]: [1-9]'
fi

begin_case "cut packets, two files, a file without packets"
if needs btf; then
    sonde -c "$datagram 2" -e "$probe { \$a = skboutput(\"$tmp/cut.pcap\", args.skb, 24, 14);
        if (args.skb.len == 0) { \$b = skboutput(\"$tmp/none.pcap\", args.skb, 24, 14); }
        \$c = skboutput(\"$tmp/two.pcap\", args.skb, args.skb.len, 42);
        print((int32)skboutput(\"$tmp/cut.pcap\", args.skb, 100000, 14));
        print(skboutput(\"$tmp/cut.pcap\", args.skb, 10, 14)); }"
    expect_status 0
    expect_out -14
    check "two packets of 10 bytes" [ "$(size "$tmp/cut.pcap")" = $((24 + 2 * (16 + 10))) ]
    check "the data alone" [ "$(size "$tmp/two.pcap")" = $((24 + 2 * (16 + 11))) ]
    check "an empty capture" [ "$(size "$tmp/none.pcap")" = 24 ]
fi

begin_case "what cannot be written, or is no packet"
if needs btf; then
    sonde -e "$probe { \$a = skboutput(\"/nonexistent/x.pcap\", args.skb, 24, 14); }" -c "$datagram 1"
    expect_status 255
    expect_err "^ERROR: skboutput: cannot open '/nonexistent/x.pcap': No such file or directory"
    sonde --mode codegen -e 'rawtracepoint:net_dev_queue { $s = args.skb; $s = args.skb.next; $a = skboutput("x", $s, 24, 14); }'
    expect_status 1
    expect_err "ERROR: skboutput\\(\\) needs a 'struct sk_buff \\*' that is an argument of the probe"
    for skb in arg0 '(struct sk_buff *)arg1' '(struct sk_buff *)(uint32)arg0' args.skb.next '(struct sk_buff *)pid' pid; do
        sonde --mode codegen -e "rawtracepoint:net_dev_queue { \$a = skboutput(\"x\", $skb, 24, 14); }"
        expect_status 1
        expect_err "ERROR: skboutput\\(\\) needs a 'struct sk_buff \\*' that is an argument of the probe"
    done
    sonde --mode codegen -e 'rawtracepoint:net_dev_queue { $a = skboutput("x", args.skb, 24, pid); }'
    expect_status 1
    expect_err 'ERROR: skboutput\(\) expects a number as its offset'
    sonde --mode codegen -e 'rawtracepoint:net_dev_queue { $a = skboutput("x", args.skb, "long", 1); }'
    expect_status 1
    expect_err 'ERROR: skboutput\(\) expects an integer as its length'
fi

end_tests
