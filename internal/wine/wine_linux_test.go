// SPDX-License-Identifier: Apache-2.0

//go:build wine

package wine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/wine"
)

// TestMachinesAreApart: what one machine does to its disk and its registry no
// other sees, and a machine that has lost power starts again with what it had.
func TestMachinesAreApart(t *testing.T) {
	needs.Wine(t)
	first, second := machine(t), machine(t)
	const library = `C:\windows\system32\bcryptprimitives.dll`
	for _, args := range [][]string{
		{"cmd", "/c", "echo mine>C:\\mine.txt"},
		{"reg", "add", `HKLM\Software\Mine`, "/v", "v", "/d", "1"},
		{"cmd", "/c", "del " + library},
	} {
		if out, err := wine.Output(first.Command(args[0], args[1:]...)); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	if err := first.End(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(first.Path(`C:\mine.txt`)); err != nil || strings.TrimSpace(string(text)) != "mine" {
		t.Errorf("after the loss of power: %q, %v", text, err)
	}
	if out, err := wine.Output(first.Command("reg", "query", `HKLM\Software\Mine`)); err != nil || !strings.Contains(out, "REG_SZ") {
		t.Errorf("after the loss of power: %v: %s", err, out)
	}
	if out, err := wine.Output(second.Command("reg", "query", `HKLM\Software\Mine`)); err == nil {
		t.Errorf("another machine has the key: %s", out)
	}
	for _, name := range []string{`C:\mine.txt`, library} {
		_, err := os.Stat(second.Path(name))
		if want := name == library; (err == nil) != want {
			t.Errorf("%s on another machine: %v", name, err)
		}
	}
}

// TestNothingIsLeft: a machine that was removed has neither programs nor files.
func TestNothingIsLeft(t *testing.T) {
	needs.Wine(t)
	p := machine(t)
	lasts := p.Command("cmd", "/c", "ping -n 600 127.0.0.1 >nul")
	if err := lasts.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := lasts.Wait(); err == nil {
		t.Error("the program ended by itself")
	}
	if _, err := os.Stat(p.Dir); !os.IsNotExist(err) {
		t.Errorf("its folder: %v", err)
	}
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range environs {
		if text, err := os.ReadFile(e); err == nil && strings.Contains(string(text), "WINEPREFIX="+p.Dir+"\x00") {
			t.Errorf("%s runs on", filepath.Dir(e))
		}
	}
}

func machine(t *testing.T) *wine.Prefix {
	t.Helper()
	p, err := wine.New(filepath.Join(t.TempDir(), "prefix"), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
	})
	return p
}
