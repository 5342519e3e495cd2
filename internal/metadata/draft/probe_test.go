// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/metadata/draft/depottest"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// probeFile puts bytes into a folder and looks at them.
func probeFile(t *testing.T, name string, content []byte) installer {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return list(root).probe(entry{name: name, size: int64(len(content))}, "")
}

func TestProbe(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, c := range map[string]struct {
		file    string
		content []byte
		want    string // kind|os|arch|product|version|dirs|programs
	}{
		"nsis":          {"a.exe", depottest.NSIS("A B", "1.2"), "NSIS|windows||A B|1.2||"},
		"inno":          {"a.exe", depottest.Inno("A", "2", true), "Inno Setup|windows|x64|A|2||"},
		"burn":          {"a.exe", depottest.Burn("A", "3"), "WiX Burn bundle|windows||A|3||"},
		"plain":         {"a.exe", depottest.Plain(), "|windows|x64||||"},
		"long product":  {"a.exe", depottest.Program(false, map[string]string{"ProductName": long + long}, ".text", ""), "|windows||" + long + strings.Repeat("x", 20) + "…|||"},
		"msi":           {"a.msi", depottest.MSI("x64;0", map[string]string{"ProductName": "M"}, [][3]string{{"TARGETDIR", "", "SourceDir"}, {"ProgramFiles64Folder", "TARGETDIR", "."}, {"V", "ProgramFiles64Folder", "V~1|Vendor:x"}, {"INSTALLDIR", "V", "S|M Dir"}}), `MSI|windows|x64|M||%ProgramFiles64Dir%\Vendor\M Dir|`},
		"per user msi":  {"a.msi", depottest.MSI(";1033", nil, [][3]string{{"TARGETDIR", "", "SourceDir"}, {"LocalAppDataFolder", "TARGETDIR", "."}, {"INSTALLDIR", "LocalAppDataFolder", "M"}}), "MSI|windows|x86||||"},
		"msi in itself": {"a.msi", depottest.MSI("Arm64;0", nil, [][3]string{{"INSTALLDIR", "B", "a"}, {"B", "INSTALLDIR", "b"}}), "MSI|windows|arm64||||"},
		"deb":           {"e_1_all.deb", depottest.Deb("edit", "2", "arm64", "/opt/e/bin/e", "/usr/bin/e", "/usr/lib/edit/x/helper", "/etc/init.d/e", "/usr/share/doc/e/run"), "deb|linux|arm64|edit|2|/opt/e;/usr/lib/edit|/usr/bin/e"},
		"rpm":           {"e.x86_64.rpm", depottest.RPM("edit", "2", "x86_64", "/opt/e/e", "/usr/sbin/ed"), "rpm|linux|x64|edit|2|/opt/e|/usr/sbin/ed"},
		"elf":           {"a.run", append([]byte("\x7fELF"), append(make([]byte, 14), 62, 0)...), "a program for Linux|linux|x64||||"},
		"shell":         {"a.run", []byte("#!/bin/sh\nexit 0\n"), "a shell script with its payload|linux|||||"},
		"msix":          {"a.msix", []byte("PK\x03\x04"), "MSIX|windows|||||"},
		"nothing":       {"a.exe", nil, "|windows|||||"},
		"cut off":       {"a.exe", []byte("MZ"), "|windows|||||"},
		"cut off msi":   {"a.msi", depottest.MSI("x64;0", nil, nil)[:700], "MSI|windows|||||"},
		"cut off deb":   {"a_1_amd64.deb", depottest.Deb("a", "1", "amd64", "/opt/a/a")[:100], "deb|linux|x64|a|1||"},
		"cut off rpm":   {"a.x86_64.rpm", depottest.RPM("a", "1", "x86_64")[:120], "rpm|linux|x64||||"},
		"text":          {"a.exe", []byte("no program"), "|windows|||||"},
	} {
		t.Run(name, func(t *testing.T) {
			in := probeFile(t, c.file, c.content)
			got := strings.Join([]string{in.kind, in.os, in.arch, in.product, in.version, strings.Join(texts(in.dirs), ";"), strings.Join(texts(in.programs), ";")}, "|")
			if got != c.want {
				t.Errorf("\n got %s\nwant %s\nnote %s", got, c.want, in.note)
			}
			if bad := strings.HasPrefix(name, "cut off") || name == "text" || name == "nothing"; bad && name != "cut off deb" && in.note == "" {
				t.Error("nothing is said about it")
			}
		})
	}
}

// TestForeignMSI reads an MSI that another program made (wixl, from the source
// beside it): the reader must not only understand what our own tests write.
func TestForeignMSI(t *testing.T) {
	b, err := os.ReadFile("testdata/tool.msi")
	if err != nil {
		t.Fatal(err)
	}
	in := probeFile(t, "tool.msi", b)
	if in.kind != "MSI" || in.arch != "x64" || in.product != "Sample Tool" || in.version != "1.4.2" || in.note != "" {
		t.Errorf("got %+v", in)
	}
	if got := texts(in.dirs); !slices.Equal(got, []string{`%ProgramFiles64Dir%\Sample Vendor\Sample Tool`}) {
		t.Errorf("folders %q", got)
	}
}

// TestForeignDeb reads a deb that dpkg made.
func TestForeignDeb(t *testing.T) {
	needs.Tool(t, "dpkg-deb")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"DEBIAN/control":       "Package: sample-tool\nVersion: 1.4-2\nArchitecture: amd64\nMaintainer: nobody <n@example.org>\nDescription: a sample\n",
		"opt/sample/bin/tool":  "#!/bin/sh\n",
		"usr/games/sample":     "#!/bin/sh\n",
		"usr/share/doc/sample": "text",
	} {
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, "t", name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "t", name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, pack := range []string{"gzip", "none", "xz"} {
		out := filepath.Join(dir, "sample_9_arm64.deb")
		if b, err := exec.Command("dpkg-deb", "--uniform-compression", "-Z"+pack, "--build", filepath.Join(dir, "t"), out).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		in := probeFile(t, "sample_9_arm64.deb", b)
		if pack == "xz" { // only its name tells
			if in.product != "sample" || in.version != "9" || in.arch != "arm64" || in.control || !strings.Contains(in.note, "data.tar.xz") {
				t.Errorf("xz: %+v", in)
			}
			continue
		}
		if in.product != "sample-tool" || in.version != "1.4-2" || in.arch != "x64" || !in.control ||
			!slices.Equal(texts(in.dirs), []string{"/opt/sample"}) || !slices.Equal(texts(in.programs), []string{"/usr/games/sample"}) {
			t.Errorf("%s: %+v", pack, in)
		}
	}
}

// harmless checks what must hold of anything that came out of a foreign file.
func harmless(t *testing.T, in installer) {
	t.Helper()
	for _, s := range []string{in.kind, in.product, in.version, in.describe()} {
		if len(s) > 500 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("not fit for a line: %q", s)
		}
	}
	for _, v := range in.dirs {
		if again, _, kind := folderOf(v.text); kind != searchable || again != v.text {
			t.Errorf("folder %q may not be searched", v.text)
		}
	}
}

func FuzzProgram(f *testing.F) {
	f.Add(depottest.Inno("A", "1", true))
	f.Add(depottest.Plain()[:200])
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in installer
		in.pe(bytes.NewReader(b), int64(len(b)), b)
		harmless(t, in)
	})
}

func FuzzMSI(f *testing.F) {
	f.Add(depottest.MSI("x64;1033", map[string]string{"ProductName": "A"}, [][3]string{{"TARGETDIR", "", "SourceDir"}, {"ProgramFilesFolder", "TARGETDIR", "."}, {"INSTALLDIR", "ProgramFilesFolder", "A|B"}}))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in installer
		in.msi(bytes.NewReader(b), origin{file: "f"})
		harmless(t, in)
	})
}

// FuzzTables reads any bytes as the streams of an MSI: behind the compound file
// the tables are ours alone.
func FuzzTables(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 1, 0, 1, 0}, []byte("A"), []byte{1, 0, 1, 0}, []byte{1, 0, 0, 0, 1, 0}, []byte{})
	f.Add([]byte{0, 0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0}, []byte("A"), []byte{1, 0, 0}, []byte{1}, bytes.Repeat([]byte{1}, 60))
	f.Fuzz(func(t *testing.T, pool, data, property, directory, summary []byte) {
		m := msiTables{streams: map[string][]byte{"!_StringPool": pool, "!_StringData": data, "!Property": property, "!Directory": directory, "!Component": directory}}
		templateArch(summary)
		if m.readPool() != nil {
			return
		}
		var in installer
		in.tables(m, origin{file: "f"})
		harmless(t, in)
	})
}

func FuzzArchives(f *testing.F) {
	f.Add(depottest.Deb("a", "1", "amd64", "/opt/a/a"))
	f.Add(depottest.RPM("a", "1", "x86_64", "/opt/a/a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(*installer, io.Reader, origin){(*installer).deb, (*installer).rpm} {
			var in installer
			read(&in, bytes.NewReader(b), origin{file: "f"})
			harmless(t, in)
		}
	})
}
