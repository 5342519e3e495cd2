// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"

	"github.com/quietsetup/quietsetup/events"
)

// register makes a key with text values in one view of the registry.
func register(t *testing.T, view uint32, path string, values map[string]string) {
	t.Helper()
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, path, registry.ALL_ACCESS|view)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	t.Cleanup(func() {
		parent, err := registry.OpenKey(registry.LOCAL_MACHINE, path[:strings.LastIndexByte(path, '\\')], registry.ALL_ACCESS|view)
		if err != nil {
			t.Fatal(err)
		}
		defer parent.Close()
		if err := registry.DeleteKey(parent, filepath.Base(path)); err != nil {
			t.Errorf("cannot clean up: %v", err)
		}
	})
	for name, value := range values {
		if err := k.SetStringValue(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDetectRegistry(t *testing.T) {
	register(t, registry.WOW64_64KEY, uninstallKey+`\qs-notes`, map[string]string{"DisplayName": "Notes", "DisplayVersion": " 2.1.0.0 "})
	register(t, registry.WOW64_32KEY, uninstallKey+`\qs-old`, map[string]string{"DisplayVersion": "1.5"})
	register(t, registry.WOW64_64KEY, `SOFTWARE\qs-acme`, map[string]string{"Ver": "7"})
	const setup = events.ActionSetup
	for _, c := range []struct {
		name, version, target string
		action                events.Action
		want                  events.Detection
	}{
		{"qs-notes", "", "2.1-1", setup, events.Detection{Known: true, Installed: true, Version: "2.1.0.0", Matches: true}},
		{"qs-notes", "", "2.2-1", setup, events.Detection{Known: true, Installed: true, Version: "2.1.0.0"}},
		{"qs-notes", "2.1.0", "9-1", setup, events.Detection{Known: true, Installed: true, Version: "2.1.0.0", Matches: true}},
		{"qs-notes", "", "2.1-1", events.ActionUninstall, events.Detection{Known: true, Installed: true, Version: "2.1.0.0"}},
		{"qs-old", "", "1.5-3", setup, events.Detection{Known: true, Installed: true, Version: "1.5", Matches: true}},
		{"qs-none", "", "1-1", setup, events.Detection{Known: true}},
		{"qs-none", "", "1-1", events.ActionUninstall, events.Detection{Known: true, Matches: true}},
		{`HKLM\SOFTWARE\qs-acme!Ver`, "", "7-1", setup, events.Detection{Known: true, Installed: true, Version: "7", Matches: true}},
		{`hklm\software\QS-ACME!ver`, "", "8-1", setup, events.Detection{Known: true, Installed: true, Version: "7"}},
		{`HKEY_LOCAL_MACHINE\SOFTWARE\qs-acme`, "", "7-1", setup, events.Detection{Known: true, Installed: true, Matches: true}},
		{`HKLM\SOFTWARE\qs-acme!None`, "", "7-1", setup, events.Detection{Known: true}},
	} {
		got := Detect(t.Context(), events.Detect{Kind: "registry", Name: c.name, Version: c.version}, events.Package{}, c.action, c.target)
		if got != c.want {
			t.Errorf("%s %q for %s: %+v, want %+v", c.name, c.version, c.target, got, c.want)
		}
	}
	for _, name := range []string{`HKCU\Software\x`, `SOFTWARE\x`, `HKLM\`, `\x`, `HKLM\SOFTWARE\qs-acme!`} {
		if d := Detect(t.Context(), events.Detect{Kind: "registry", Name: name}, events.Package{}, setup, "1-1"); d.Known || d.Reason == "" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestDetectMSI(t *testing.T) {
	for _, c := range []struct {
		name  string
		known bool
	}{
		{"{00000000-0000-4000-8000-00000000ABCD}", true},
		{"00000000-0000-4000-8000-00000000ABCD", false},
		{"firefox", false},
		{"{}", false},
	} {
		d := Detect(t.Context(), events.Detect{Kind: "msi", Name: c.name}, events.Package{}, events.ActionSetup, "1-1")
		if d.Known != c.known || d.Installed || !c.known && d.Reason == "" {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// A program tells the version that it carries.
func TestDetectProgram(t *testing.T) {
	system := filepath.Join(windowsDir(), "System32")
	d := Detect(t.Context(), events.Detect{Kind: "file", Name: filepath.Join(system, "kernel32.dll")}, events.Package{}, events.ActionSetup, "0-1")
	if !d.Known || !d.Installed || d.Matches || strings.Count(d.Version, ".") != 3 {
		t.Fatalf("%+v", d)
	}
	again := Detect(t.Context(), events.Detect{Kind: "file", Name: filepath.Join(system, "kernel32.dll")}, events.Package{}, events.ActionSetup, d.Version+"-1")
	if !again.Matches {
		t.Errorf("%+v", again)
	}
	none := newWorld(t) // the test binary carries no version
	d = Detect(t.Context(), events.Detect{Kind: "file", Name: none.exe}, events.Package{}, events.ActionSetup, "1-1")
	if !d.Known || !d.Installed || d.Version != "" {
		t.Errorf("%+v", d)
	}
}
