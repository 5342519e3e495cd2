// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const output = `goos: linux
goarch: amd64
BenchmarkStep/both-2         	     100	    812345 ns/op	         1.800 ratio-vs-2sync	    2048 B/op	      12 allocs/op
BenchmarkStep/both-2         	     100	    812345 ns/op	         1.900 ratio-vs-2sync	    2048 B/op	      12 allocs/op
BenchmarkStep/both-2         	     100	    812345 ns/op	         9.900 ratio-vs-2sync	    2048 B/op	      12 allocs/op
BenchmarkOther	       1	 5 ns/op	 2.5 ratio-vs-2sync
Benchmark of something, says a log line
PASS
ok  	example/store	1.2s
`

func TestParse(t *testing.T) {
	got, err := parse(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3*4+2 {
		t.Fatalf("%d results: %v", len(got), got)
	}
	if !slices.Contains(got, result{"Step/both", "ratio-vs-2sync", 1.8}) || !slices.Contains(got, result{"Other", "ns/op", 5}) {
		t.Fatalf("results are missing: %v", got)
	}
}

func TestFind(t *testing.T) {
	results, err := parse(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	v := values{"store": results}
	for _, c := range []struct {
		k     key
		t     target
		want  float64
		found bool
	}{
		{key{"store", "", "ratio-vs-2sync"}, most(2), 2.5, true}, // the worst median
		{key{"store", "", "ratio-vs-2sync"}, least(2), 1.9, true},
		{key{"store", "step", "ratio-vs-2sync"}, most(2), 1.9, true},
		{key{"store", "", "ready-ms"}, most(2), 0, false},
		{key{"checks", "", "ratio-vs-2sync"}, most(2), 0, false},
	} {
		if got, ok := v.find(c.k, c.t); got != c.want || ok != c.found {
			t.Errorf("%v: %v %v, want %v %v", c.k, got, ok, c.want, c.found)
		}
	}
}

func TestRenderIsHonest(t *testing.T) {
	rs := []row{
		{"reached", key{"p", "", "a"}, most(2), " x"},
		{"missed", key{"p", "", "b"}, least(40_000), " records/s"},
		{"absent", key{"p", "", "c"}, most(1), ""},
		{"stated", key{"p", "", "d"}, target{}, " ms"},
	}
	v := values{"p": {{"X", "a", 2}, {"X", "b", 39_999.4}, {"X", "d", 12.34}}}
	page := render(rs, v, "a machine", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	for _, want := range []string{
		"Measured 2026-01-02 on a machine.",
		"| reached | 2 x | ≤ 2 x | yes |",
		"| missed | 39,999 records/s | ≥ 40,000 records/s | **no** |",
		"| absent | not measured yet | ≤ 1 | – |",
		"| stated | 12.3 ms | stated | – |",
		"3 of 4 figures measured; of the 2 among them with a target, 1 reached.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
}

func TestRigsAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rigs.json")
	v := values{}
	if err := rigs(path, v); err != nil || len(v) > 0 {
		t.Fatalf("without a file: %v %v", v, err)
	}
	for text, good := range map[string]bool{
		`{"figures":[{"figure":"client-days","count":100021,"target":100000,"faults":0},{"figure":"clock jumps","count":1000,"faults":0},{"figure":"kill -9","count":0}]}`: true,
		`{"figures":[{"figure":"client-days","count":100021,"faults":1}]}`:                                                                                                 false,
		`{`: false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := rigs(path, v); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	if x, ok := v.find(key{"internal/sim", "CI", "client-days"}, least(1)); !ok || x != 100021 || len(v["internal/sim"]) != 1 {
		t.Errorf("got %v", v)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1.3: "1.30", 12.34: "12.3", 1234567: "1,234,567", 999.6: "1,000", 100: "100"} {
		if got := number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	if got := most(1.5).text(" x"); got != "≤ 1.5 x" {
		t.Error(got)
	}
	if got := least(200_000).text(" records/s"); got != "≥ 200,000 records/s" {
		t.Error(got)
	}
	if !most(2).met(2) || most(2).met(2.01) || !least(2).met(2) || least(2).met(1.99) {
		t.Error("a value on the bound is reached, one beyond is not")
	}
	if got := release("6.1.0-18-amd64\n"); got != "6.1" {
		t.Error(got)
	}
}

func TestTableOfPlanted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "planted.json")
	if got, err := planted(path); got != "" || err != nil {
		t.Errorf("without the file: %q, %v", got, err)
	}
	for text, want := range map[string]string{
		`{"bugs":[{"bug":"No sync.","room":"store","test":"TestPlantedX","found":true,"how":"by 2 | 3"}]}`:  "| No sync | `store` `TestPlantedX` | by 2 / 3 |",
		`{"bugs":[{"bug":"No sync.","room":"store","test":"TestPlantedX","found":false,"how":"by 2 | 3"}]}`: "was not found",
		`{`: "cannot read",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := planted(path)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s gives %s", text, got)
		}
	}
}
