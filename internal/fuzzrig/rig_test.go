// SPDX-License-Identifier: Apache-2.0

package fuzzrig

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/rig"
)

// least is what every target gets, one in how many of all inputs.
const least = 1500

// fewest is the smallest share worth a start, however few inputs there are in all: a
// target first runs the inputs that it knows, and with a share below their number
// it would run nothing else.
const fewest = 100

// TestRigFuzzInputs gives all targets of the module their shares of the inputs.
// First each gets a few, which also shows how fast it is.
func TestRigFuzzInputs(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	all, err := targets(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Fatalf("only %d fuzz targets are found: %v", len(all), all)
	}
	total := rig.Count(t, rig.FuzzInputs, 400)
	run := all
	if only := os.Getenv("QUIETSETUP_FUZZ"); only != "" {
		run = named(all, only)
	} else if !rig.Full() {
		run = append(named(all, "FuzzSpan"), named(all, "FuzzSkipValue")...)
	}
	if len(run) == 0 {
		t.Fatal("no target of that name")
	}
	w := newWorkshop(root, t.TempDir())
	if err := w.build(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	keep := os.Getenv("QUIETSETUP_FUZZ_KEEP")
	if keep == "" {
		keep = t.TempDir()
	}
	done, faults := 0, 0
	try := func(tg target, inputs int) result {
		r, err := w.run(t.Context(), tg, inputs, keep)
		if err != nil {
			t.Fatal(err)
		}
		done += r.execs
		if r.fault != "" {
			faults++
			t.Errorf("%s: %s", tg.name, r.fault)
		}
		return r
	}
	first := max(fewest, total/least)
	var rates []float64
	var well []target
	for _, tg := range run {
		r := try(tg, first)
		t.Logf("%-20s %7d inputs, %6.0f a second", tg.name, r.execs, r.rate())
		if r.fault == "" {
			rates, well = append(rates, r.rate()), append(well, tg)
		}
	}
	if left := total - done; left > 0 && len(well) > 0 {
		for i, n := range shares(rates, left) {
			r := try(well[i], max(first, n)) // it knows what it found the first time, too: fewer than it then tried
			t.Logf("%-20s %7d inputs, %6.0f a second, %v", well[i].name, r.execs, r.rate(), r.took.Round(time.Second/10))
		}
	}
	rig.Report(t, rig.FuzzInputs, done, faults)
}

func named(all []target, part string) []target {
	var out []target
	for _, t := range all {
		if strings.Contains(t.name, part) {
			out = append(out, t)
		}
	}
	return out
}

// planted is a module with a target whose room has a fault: the name of a file is
// an id that nobody checked.
const planted = `package store

import (
	"path/filepath"
	"strings"
	"testing"
)

func fileOf(root, id string) string { return filepath.Join(root, id+".json") }

func FuzzFileOf(f *testing.F) {
	f.Add("firefox")
	f.Fuzz(func(t *testing.T, id string) {
		if !strings.HasPrefix(fileOf("/var/lib/rows", id), "/var/lib/rows/") {
			t.Fatalf("%q leaves the folder", id)
		}
	})
}
`

// TestPlantedIDAsPath: an id is used as a path unchecked. The rig finds it, says
// how to repeat it and where the input lies.
func TestPlantedIDAsPath(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "store")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(root, "go.mod"):             "module planted\n\ngo 1.26\n",
		filepath.Join(dir, "file_test.go"):        planted,
		filepath.Join(dir, "win_windows_test.go"): "package store\n\nfunc FuzzElsewhere(f *testing.F) {}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := targets(root)
	if err != nil || len(all) != 1 || all[0] != (target{dir, "FuzzFileOf"}) {
		t.Fatalf("%v, %v", all, err)
	}
	w := newWorkshop(root, t.TempDir())
	if err := w.build(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	r, err := w.run(t.Context(), all[0], 2_000_000, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.fault, "leaves the folder") || !strings.Contains(r.fault, "go test ./store -run '^FuzzFileOf$'/'^") {
		t.Fatalf("%d inputs, and the rig saw %q", r.execs, r.fault)
	}
	inputs, err := filepath.Glob(filepath.Join(dir, "testdata/fuzz/FuzzFileOf/*"))
	if err != nil || len(inputs) != 1 {
		t.Fatalf("the input is kept as %v, %v", inputs, err)
	}
	again := exec.CommandContext(context.Background(), "go", "test", "./store", "-run", "^FuzzFileOf$/^"+filepath.Base(inputs[0])+"$")
	again.Dir = root
	if said, err := again.CombinedOutput(); err == nil || !strings.Contains(string(said), "leaves the folder") {
		t.Errorf("the command repeats nothing: %v\n%s", err, said)
	}
	t.Log("found by the fuzz rig, which says how to repeat it")
}

func TestShares(t *testing.T) {
	got := shares([]float64{1000, 2000, 10}, 5_000_000)
	if sum := got[0] + got[1] + got[2]; sum < 5_000_000 || got[1] < 3*got[0] || got[2] < 1 {
		t.Errorf("%v", got)
	}
}
