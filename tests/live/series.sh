# Series: values by interval of time, on a clock that the script sets.
. "$(dirname "$0")/lib.sh"

export TZ=UTC SONDE_DUMMY_TS_MAP=@t

cat >"$tmp/series.bt" <<'S'
config = { unstable_tseries = enable }
begin {
	@t = (uint64)1700000000000000000;
	@last = tseries(0, 100ms, 10);
	@average = tseries(3, 1s, 5, "avg");
	@sum = tseries(-5, 1ms, 4, "sum");
	@max["x"] = tseries(1, 1us, 3, "max");
	@t += (uint64)100000000;
	@last = tseries(2, 100ms, 10);
	@average = tseries(9, 1s, 5, "avg");
	@sum = tseries(-7, 1ms, 4, "sum");
	@max["y"] = tseries(5, 1us, 3, "max");
	@t += (uint64)100000000;
	@last = tseries(4, 100ms, 10);
	@last = tseries(3, 100ms, 10);
	@average = tseries(8, 1s, 5, "avg");
	@sum = tseries(7, 1ms, 4, "sum");
	@max["y"] = tseries(5, 1us, 3, "max");
	@max["y"] = tseries(2, 1us, 3, "max");
	@t += (uint64)1000;
	@max["y"] = tseries(9, 1us, 3, "max");
	@max["x"] = tseries(2, 1us, 3, "max");
	@sum = tseries(4, 1ms, 4, "sum");
	@t += (uint64)2000000;
	@sum = tseries(4, 1ms, 4, "sum");
	@sum = tseries(-40, 1ms, 4, "sum");
	@t += (uint64)300000000;
	@last = tseries(4, 100ms, 10);
	exit();
}
S

begin_case "graphs"
sonde "$tmp/series.bt"
expect_status 0
expect_output '

@average:
                   5                                                   7
hh:mm:ss.ns        |___________________________________________________|
22:13:20.000000000 |                         *                         | 6
                   v___________________________________________________v
                   5                                                   7

@last:
             0                                                   4
hh:mm:ss.ms  |___________________________________________________|
22:13:20.000 *                                                   | 0
22:13:20.100 |                         *                         | 2
22:13:20.200 |                                      *            | 3
22:13:20.300 |                                                   | -
22:13:20.400 |                                                   | -
22:13:20.500 |                                                   * 4
             v___________________________________________________v
             0                                                   4

@max[x]:
                   1                                                   3
hh:mm:ss.ns        |___________________________________________________|
22:13:20.200001000 |                         *                         | 2
                   v___________________________________________________v
                   1                                                   3

@max[y]:
                5                                                   9
hh:mm:ss.μs    |___________________________________________________|
22:13:20.200000 *                                                   | 5
22:13:20.200001 |                                                   * 9
                v___________________________________________________v
                5                                                   9

@sum:
             -36                                                11
hh:mm:ss.ms  |___________________________________________________|
22:13:20.200 |                                       .           * 11
22:13:20.201 |                                       .           | -
22:13:20.202 *                                       .           | -36
             v___________________________________________________v
             -36                                                11

@t: 1700000000502001000'

begin_case "as JSON"
sonde -f json "$tmp/series.bt"
expect_status 0
expect_out '{"type": "tseries", "data": {"@average": [{"interval_start":"2023-11-14 22:13:20.000000000","value":6}]}}'
expect_out '{"type": "tseries", "data": {"@max": {"x": [{"interval_start":"2023-11-14 22:13:20.200001000","value":2}], "y": [{"interval_start":"2023-11-14 22:13:20.200000000","value":5},{"interval_start":"2023-11-14 22:13:20.200001000","value":9}]}}}'
expect_out '{"type": "tseries", "data": {"@sum": [{"interval_start":"2023-11-14 22:13:20.200000000","value":11},{"interval_start":"2023-11-14 22:13:20.202000000","value":-36}]}}'

begin_case "emptied and zeroed, nothing is left"
sonde -e 'config = { unstable_tseries = enable } begin { @t = 1000000000;
    @a = tseries(1, 1s, 3); @k["x"] = tseries(1, 1s, 3); zero(@a); print(@a); print(@k, 0, 5);
    print(len(@k)); clear(@k); clear(@a); print(@k); exit(); }'
expect_status 0
expect_output '@a:
<no data>
@k[x]:
                   0                                                   2
hh:mm:ss.ns        |___________________________________________________|
00:00:01.000000000 |                         *                         | 1
                   v___________________________________________________v
                   0                                                   2

1


@t: 1000000000'

unset SONDE_DUMMY_TS_MAP

begin_case "on the real clock, from several probes"
if needs root; then
    sonde -e 'config = { unstable_tseries = enable }
        profile:hz:199 { @["all"] = tseries(1, 1h, 2, "sum"); @n = count(); }
        interval:ms:300 { exit(); } end { print(@n); clear(@n); }'
    expect_status 0
    # An hour may just have begun, but the newest row is there.
    expect_match "^@\[all\]:$"
    expect_match ' [0-9]+$'
fi

begin_case "it is not a stable feature"
sonde --dry-run -e 'begin { @ = tseries(1, 1s, 3); }'
expect_status 0
expect_err '^WARNING: Script is using an unstable feature: tseries. To prevent this warning you must explicitly enable it in the config e.g. unstable_tseries=enable$'

end_tests
