// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const (
		begun  = `{"Action":"run","Package":"p","Test":"TestA"}` + "\n"
		passed = begun + `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}` + "\n"
		ended  = `{"Action":"pass","Package":"p","Elapsed":0.2}` + "\n"
		skip   = `{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    x_test.go:3: needs dpkg-deb in PATH\n"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
`
		fail = `{"Action":"run","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    x_test.go:9: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0.2}
`
		build = `{"ImportPath":"p","Action":"build-output","Output":"x.go:1:1: broken\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}
`
	)
	for _, c := range []struct {
		name, in string
		ci       bool
		code     int
		says     []string
	}{
		{"all passed", passed + ended, true, 0, []string{"ok    p", "1 passed, 0 failed, 0 skipped"}},
		{"nothing ran", ended, false, 1, []string{"proves nothing"}},
		{"empty", "", false, 1, []string{"0 passed"}},
		{"a skip at home", passed + skip + ended, false, 0, []string{"skip  p TestB: x_test.go:3: needs dpkg-deb in PATH", "1 passed, 0 failed, 1 skipped"}},
		{"a skip in CI", passed + skip + ended, true, 1, []string{"a skipped test is a failure"}},
		{"a failure shows its output", passed + fail, false, 1, []string{"got 1", "FAIL  p", "1 passed, 1 failed"}},
		{"a build failure", passed + ended + build, false, 1, []string{"x.go:1:1: broken", "FAIL  p"}},
		{"a test that never ends", passed + ended + begun, false, 1, []string{"never ended: p TestA"}},
		{"go's own words", "go: cannot find module\n" + passed + ended, false, 0, []string{"go: cannot find module"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			if got := run(strings.NewReader(c.in), &out, c.ci); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			for _, s := range c.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q:\n%s", s, out.String())
				}
			}
		})
	}
}

func TestPanicOutsideOfAnyFinishedTest(t *testing.T) {
	in := `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p","Elapsed":1}
`
	var out strings.Builder
	if run(strings.NewReader(in), &out, false) != 1 || !strings.Contains(out.String(), "panic: boom") {
		t.Errorf("the panic is not shown:\n%s", out.String())
	}
}
