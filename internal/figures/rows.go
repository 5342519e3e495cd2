// SPDX-License-Identifier: Apache-2.0

package main

import "strconv"

// row is one figure of the design with its target.
type row struct {
	figure string
	key    key
	target target
	unit   string
}

// key names a measured value: a benchmark's package, part of its name ("" =
// whichever reports the unit), and the unit it reports.
type key struct{ pkg, bench, unit string }

// target is a bound; a value on it is reached.
type target struct {
	atMost bool
	bound  float64
}

func most(x float64) target  { return target{atMost: true, bound: x} }
func least(x float64) target { return target{bound: x} }

func (t target) met(v float64) bool {
	if t.atMost {
		return v <= t.bound
	}
	return v >= t.bound
}

func (t target) text(unit string) string {
	sign := "≥ "
	if t.atMost {
		sign = "≤ "
	}
	bound := strconv.FormatFloat(t.bound, 'f', -1, 64)
	if t.bound >= 1000 {
		bound = number(t.bound)
	}
	return sign + bound + unit
}

// none is the package of figures that this program measures by itself.
const none = "service"

// rows are the figures to reach, in the design's order.
func rows() []row {
	return []row{
		{"durable step, both stores, at 100,000 records / two overwrites + fdatasync", key{"store", "", "ratio-vs-2sync"}, most(2.0), " x"},
		{"its part in bbolt", key{"store", "", "bbolt-vs-2sync"}, most(1.5), " x"},
		{"ready after a clean stop, 100,000 records", key{"store", "checkpoints/clean", "ready-ms"}, most(50), " ms"},
		{"the same, and the records since the checkpoint read", key{"store", "checkpoints/clean", "ready+read-ms"}, target{}, " ms"},
		{"ready after an unclean stop, without the probe", key{"store", "checkpoints/after-stop", "ready-ms"}, target{}, " ms"},
		{"the probe after an unclean stop", key{"store", "checkpoints/after-stop", "probe-ms"}, target{}, " ms"},
		{"scan + match, 500 processes x 500 directories / bare readlink loop", key{"internal/host", "few", "ratio-vs-readlink"}, most(1.3), " x"},
		{"the same, when an eighth of the processes is found", key{"internal/host", "eighth", "ratio-vs-readlink"}, target{}, " x"},
		{"file descriptors left open by a scan", key{"internal/host", "", "fds-left"}, most(0), ""},
		{"match 2000 x 5000 / folding the paths alone", key{"checks", "2000x5000", "ratio-vs-fold"}, most(1.5), " x"},
		{"allocations of a match", key{"checks", "2000x5000", "allocs/op"}, most(0), ""},
		{"order 1000 products", key{"internal/order", "", "order-ms"}, most(1), " ms"},
		{"order, time for 5000 / 1000 products", key{"internal/order", "", "ratio-5000-vs-1000"}, most(12), " x"},
		{"verify a file, one core", key{"internal/replay", "Verify", "records/s"}, least(40_000), " records/s"},
		{"re-decide decoded records, one core", key{"internal/replay", "Redecide", "records/s"}, least(200_000), " records/s"},
		{"simulation, core + policy in memory, one core", key{"internal/sim", "Core", "client-days/s"}, least(10_000), " client-days/s"},
		{"simulation with engine and store, one core", key{"internal/sim", "Engine", "client-days/s"}, least(1_000), " client-days/s"},
		{"idle service, resident memory", key{none, "", "idle-rss-mb"}, most(12), " MB"},
		{"idle service, processor time a minute", key{none, "", "idle-cpu-ms"}, most(5), " ms"},
		{"quietsetupd, stripped, linux", key{none, "", "binary-mb"}, most(9), " MB"},
		{"Windows by Wine: scan + match with 500 directories, a process", key{windowsHost, "Find", "us/process"}, target{}, " µs"},
		{"Windows by Wine: service started", key{windowsService, "", "start-ms"}, target{}, " ms"},
		{"Windows by Wine: idle service, resident memory, Wine's part included", key{windowsService, "", "idle-rss-mb"}, target{}, " MB"},
		{"in CI: simulated client-days, none lost or doubled", key{"internal/sim", "CI", "client-days"}, least(100_000), ""},
		{"in CI: crash positions, none lost or doubled", key{"internal/sim", "CI", "crashes"}, least(100_000), ""},
		{"in CI: kill -9 of real processes", key{"internal/sim", "CI", "kills"}, least(1_000), ""},
		{"in CI: damaged store files, none unnoticed", key{"internal/sim", "CI", "damaged-files"}, least(1_000), ""},
		{"in CI: fuzz inputs", key{"internal/sim", "CI", "fuzz-inputs"}, least(3_000_000), ""},
	}
}

// number writes a value with as many digits as it is worth.
func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return thousands(strconv.FormatInt(int64(v), 10))
	case v >= 100 || v <= -100:
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func thousands(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
