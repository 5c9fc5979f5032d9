# skboutput(): packets in a file that readers of captures take.
. "$(dirname "$0")/lib.sh"

datagram=$TESTS/programs/datagram
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null
probe='rawtracepoint:net_dev_queue /pid == cpid/'

bytes() { od -An -v -tx1 "$1" | tr -d ' \n'; }

size() { wc -c <"$1"; }

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

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
    case $(bytes "$tmp/whole.pcap") in
        *45000027*$(hex 'datagram 0.')*45000027*$(hex 'datagram 1.')*45000027*$(hex 'datagram 2.')) ;;
        *) bad "expected the packets" ;;
    esac
    if command -v tcpdump >/dev/null; then
        check "tcpdump reads it" [ "$(tcpdump -nr "$tmp/whole.pcap" 2>/dev/null | grep -c 'UDP, length 11')" = 3 ]
    fi
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
    sonde --mode codegen -e 'rawtracepoint:net_dev_queue { $s = args.skb; $a = skboutput("x", $s, 24, 14); }'
    expect_status 1
    expect_err "ERROR: skboutput\\(\\) needs a 'struct sk_buff \\*' that is an argument of the probe"
    sonde --mode codegen -e 'rawtracepoint:net_dev_queue { $a = skboutput("x", args.skb, 24, pid); }'
    expect_status 1
    expect_err 'ERROR: skboutput\(\) expects a number as its offset'
    sonde --mode codegen -e 'rawtracepoint:net_dev_queue { $a = skboutput("x", args.skb, "long", 1); }'
    expect_status 1
    expect_err 'ERROR: skboutput\(\) expects an integer as its length'
fi

end_tests
