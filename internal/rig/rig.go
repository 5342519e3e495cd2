// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"
)

// The figures, by their names in rigs.json.
const (
	ClientDays     = "client-days"
	CrashPositions = "crash positions"
	DiskStates     = "disk states"
	PowerCuts      = "power cuts"
	PowerCutsExt4  = "power cuts, ext4"
	DiskFull       = "disk full"
	DamagedFiles   = "damaged files"
	Kills          = "kill -9"
	FuzzInputs     = "fuzz inputs"
	ClockJumps     = "clock jumps"
	HostileCases   = "hostile cases"
)

// Figure is one row of the table: what is counted and how many there must be.
type Figure struct {
	Name   string
	Target int
}

// Figures lists every figure in the order of the table.
func Figures() []Figure {
	return []Figure{
		{ClientDays, 100_000},
		{CrashPositions, 100_000},
		{DiskStates, 50_000},
		{PowerCuts, 200},
		{PowerCutsExt4, 60},
		{DiskFull, 64},
		{DamagedFiles, 1_000},
		{Kills, 1_000},
		{FuzzInputs, 3_000_000},
		{ClockJumps, 1_000},
		{HostileCases, 500},
	}
}

// Row is what one rig counted. Several rigs may count the same figure.
type Row struct {
	Figure string `json:"figure"`
	Count  int    `json:"count"`
	Faults int    `json:"faults"`
}

// Full reports whether the rigs run with their full numbers.
func Full() bool { return os.Getenv("QUIETSETUP_RIGS") == "1" }

// Count is how many a rig should try: quick in an ordinary test run, the
// figure's target, or its share of it, in a full one.
func Count(t testing.TB, figure string, quick int) int {
	t.Helper()
	i := slices.IndexFunc(Figures(), func(f Figure) bool { return f.Name == figure })
	if i < 0 {
		t.Fatalf("%q is no figure", figure)
	}
	if !Full() {
		return quick
	}
	times := 1
	if s := os.Getenv("QUIETSETUP_RIGS_TIMES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("QUIETSETUP_RIGS_TIMES is %q, not a whole number from 1", s)
		}
		times = n
	}
	return Figures()[i].Target * times
}

// Report writes what a rig counted, at its end.
func Report(t testing.TB, figure string, count, faults int) {
	t.Helper()
	t.Logf("%s: %d tried, %d faults", figure, count, faults)
	if faults > 0 {
		t.Errorf("%s: %d faults", figure, faults)
	}
	out := os.Getenv("QUIETSETUP_RIGS_OUT")
	if out == "" || !Full() {
		return
	}
	line, err := json.Marshal(Row{figure, count, faults})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
