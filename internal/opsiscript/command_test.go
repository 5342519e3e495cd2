// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCommand(t *testing.T) {
	site := Site{URL: "https://opsi.site.test:4447/rpc", ClientID: "pc1.site.test", Depot: "/media/opsi_depot"}
	got, err := Command("linux", "/usr/bin/opsi-script", site, "/var/lib/x/t.key", "firefox")
	if want := "/usr/bin/opsi-script -opsiservice https://opsi.site.test:4447/rpc -depotpath /media/opsi_depot -clientid pc1.site.test -credentialfile /var/lib/x/t.key -processproducts firefox -silent"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v", got, err)
	}
	got, err = Command("windows", `C:\o\opsi-script.exe`, site, `C:\x\t.key`, "firefox")
	if want := `C:\o\opsi-script.exe /opsiservice https://opsi.site.test:4447/rpc /clientid pc1.site.test /credentialfile C:\x\t.key /processproducts firefox /silent`; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v", got, err)
	}
	for _, product := range []string{"", "a,b", "firefox -productlist x", "../x", `x"`, "-x", "a\nb"} {
		if got, err := Command("linux", "/usr/bin/opsi-script", site, "/k", product); !errors.Is(err, ErrCommand) {
			t.Errorf("%q: %q, %v", product, got, err)
		}
	}
	for _, s := range []Site{{}, {URL: site.URL}, {URL: "-x", ClientID: site.ClientID}, {URL: site.URL, ClientID: site.ClientID, Depot: "depot"}, {URL: site.URL, ClientID: "a\x00"}} {
		if got, err := Command("linux", "/usr/bin/opsi-script", s, "/k", "firefox"); !errors.Is(err, ErrCommand) {
			t.Errorf("%+v: %q, %v", s, got, err)
		}
	}
	for _, program := range []string{"opsi-script", "", "./x"} {
		if got, err := Command("linux", program, site, "/k", "firefox"); !errors.Is(err, ErrCommand) {
			t.Errorf("%q: %q, %v", program, got, err)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "opsi-script")
	if err := os.WriteFile(there, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "none")
	if got, err := Find("", []string{missing, there}, nil); got != there || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := Find(missing, []string{there}, nil); !errors.Is(err, ErrNoProgram) {
		t.Errorf("what is configured is not there, and it takes %q, %v", got, err)
	}
	if got, err := Find(dir, nil, nil); err == nil {
		t.Errorf("a folder: %q", got)
	}
	loose := errors.New("others can change it")
	if _, err := Find(there, nil, func(string, os.FileInfo) error { return loose }); !errors.Is(err, loose) {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{"opsi-script 4.12.21.0\n": "4.12.21.0", "Usage: opsi-script [-v]": "", "": "", "version 4.12.17": "4.12.17"} {
		if got := versionIn(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestAsksItself(t *testing.T) {
	folder := fstest.MapFS{}
	for name, text := range map[string]string{
		"setup.opsiscript":      "[Actions]\nimportlib \"uib_win_background_install.opsilib\"\n",
		"wide.opsiscript":       "\ufeff  ImportLib 'UIB_WIN_BACKGROUND_INSTALL'\r\n",
		"path.ins":              `importlib "%ScriptPath%\lib\uib_win_background_install.opsilib"`,
		"sub/part.opsiinc":      "x\n\timportlib uib_win_background_install",
		"comment.opsiscript":    "; importlib \"uib_win_background_install.opsilib\"\n// importlib \"uib_win_background_install\"",
		"other.opsiscript":      "importlib \"uib_exitcode.opsilib\"\ncomment \"importlib uib_win_background_install\"",
		"near.opsiscript":       "importlib \"uib_win_background_install_2.opsilib\"",
		"readme.txt":            "importlib \"uib_win_background_install.opsilib\"",
		"a/b/c/d/e/f.opsiinc":   "importlib \"uib_win_background_install.opsilib\"",
		"utf16/wide.opsiscript": "i\x00m\x00p\x00o\x00r\x00t\x00l\x00i\x00b\x00 \x00\"\x00" + strings.Join(strings.Split("uib_win_background_install", ""), "\x00") + "\x00\"\x00",
	} {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	got, err := AsksItself(folder)
	if want := []string{"path.ins", "setup.opsiscript", "sub/part.opsiinc", "utf16/wide.opsiscript", "wide.opsiscript"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAsksTwice(t *testing.T) {
	for _, c := range []struct {
		system  string
		theirs  bool
		scripts []string
		want    string
	}{
		{"windows", true, nil, "opsi-script.backgroundinstall.active"},
		{"linux", true, nil, ""},
		{"linux", true, []string{"setup.opsiscript"}, "setup.opsiscript"},
		{"windows", false, nil, ""},
	} {
		if got := AsksTwice(c.system, c.theirs, c.scripts); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestNoKeyIsShown(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	r := Runner{Program: "/p", Key: func() string { return key }}
	for _, text := range []string{fmt.Sprint(r), fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", r)} {
		if strings.Contains(text, key) {
			t.Error(text)
		}
	}
}
