// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/rig"
)

func TestSumAndJudge(t *testing.T) {
	rows := filepath.Join(t.TempDir(), "rows")
	if err := os.WriteFile(rows, []byte(`{"figure":"client-days","count":60000,"faults":0}
{"figure":"client-days","count":40000,"faults":0}
{"figure":"kill -9","count":999,"faults":0}
{"figure":"damaged files","count":1000,"faults":2}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := sum(rows)
	if err != nil || len(lines) != len(rig.Figures()) {
		t.Fatal(lines, err)
	}
	if lines[0] != (line{"client-days", 100_000, 100_000, 0}) {
		t.Errorf("%+v", lines[0])
	}
	got := judge(lines).Error()
	for _, want := range []string{"kill -9: 999 counted, 1000 wanted", "damaged files: 2 faults", "power cuts: 0 counted, 200 wanted"} {
		if !strings.Contains(got, want) {
			t.Errorf("not said: %s in %s", want, got)
		}
	}
	if strings.Contains(got, "client-days") {
		t.Errorf("%s", got)
	}
}

func TestNoRowsAtAll(t *testing.T) {
	lines, err := sum(filepath.Join(t.TempDir(), "none"))
	if err != nil || judge(lines) == nil {
		t.Errorf("no rig ran and nobody minds: %v", err)
	}
}
