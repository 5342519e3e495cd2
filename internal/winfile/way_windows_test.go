// SPDX-License-Identifier: Apache-2.0

package winfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// disk is a disk as the system shows it: of each folder its list and, of a link,
// where it leads.
type disk map[string]struct{ list, to string }

type entry struct {
	fs.FileInfo
	mode fs.FileMode
}

func (e entry) IsDir() bool        { return e.mode.IsDir() }
func (e entry) Mode() fs.FileMode  { return e.mode }
func (e entry) ModTime() time.Time { return time.Time{} }

func (d disk) way() way {
	return way{shared: `C:\ProgramData`,
		look: func(path string) (fs.FileInfo, error) {
			switch f, there := d[path]; {
			case !there:
				return nil, fs.ErrNotExist
			case f.to == "cloud": // a folder of a kind of its own that leads nowhere
				return entry{mode: fs.ModeDir | fs.ModeIrregular}, nil
			case f.to != "":
				return entry{mode: fs.ModeIrregular}, nil
			}
			return entry{mode: fs.ModeDir}, nil
		},
		target: func(link string) (string, error) { return d[link].to, nil },
		itself: func(path string, rights windows.ACCESS_MASK) error {
			sd, err := windows.SecurityDescriptorFromString(d[path].list)
			if err != nil {
				return err
			}
			return judge(sd, rights)
		},
	}
}

// Lists as Windows makes them.
const (
	listStrict = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)"
	listShared = "O:SYD:(A;OICI;FA;;;SY)(A;OICI;FRFX;;;BU)(A;CI;DCLCRPCR;;;BU)(A;OICIIO;GA;;;CO)" // ProgramData
	listData   = "O:BAD:(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;AU)"                                   // a drive for data
	listTheirs = "O:S-1-5-21-1-2-3-1001D:(A;;FA;;;SY)"
)

func TestWay(t *testing.T) {
	const ours = `C:\ProgramData\quietsetup`
	for name, c := range map[string]struct {
		disk disk
		path string
		want string // in the error, "" = none
	}{
		"not there yet": {path: ours + `\state`},
		"strict":        {disk{ours: {listStrict, ""}}, ours + `\state`, ""},
		"made by hand with what it inherits": {disk{ours: {listShared, ""}}, ours + `\state`,
			`others could put files into ` + ours + `: S-1-5-32-545 can write to it`},
		"only what is there first must be strict": {disk{ours: {listShared, ""}, ours + `\state`: {listStrict, ""}}, ours + `\state`, ""},
		"a user's":                  {disk{ours: {listTheirs, ""}}, ours, "it belongs to S-1-5-21-1-2-3-1001"},
		"a new folder on a drive":   {path: `D:\quietsetup\state`},
		"a folder on a drive":       {disk{`D:\quietsetup`: {listData, ""}}, `D:\quietsetup\state`, "S-1-5-11 can write to it"},
		"a drive that all may have": {disk{`D:\`: {"O:BAD:(A;;0x40;;;AU)", ""}}, `D:\quietsetup`, `D:\ could be replaced`},
		"a drive all may delete on": {disk{`D:\`: {"O:BAD:(A;;FA;;;AU)", ""}}, `D:\quietsetup`, `D:\ could be replaced`},
		"a folder of a cloud":       {disk{ours: {listStrict, "cloud"}}, ours, ""},
		"ProgramData elsewhere":     {disk{`C:\ProgramData`: {listShared, `D:\ProgramData`}, `D:\ProgramData`: {listShared, ""}}, ours, ""},
		"ProgramData elsewhere, and ours lax": {disk{`C:\ProgramData`: {listShared, `D:\ProgramData`}, `D:\ProgramData`: {listShared, ""}, ours: {listShared, ""}},
			ours, "others could put files into"},
		"a drive in a folder": {disk{`C:\ProgramData`: {listShared, `\\?\Volume{1}\`}, `\\?\Volume{1}\`: {listData, ""}}, ours, ""},
		"a user's link":       {disk{ours: {listTheirs, `D:\x`}, `D:\x`: {listStrict, ""}}, ours, ours + " could be replaced: it belongs to"},
		"to a user's folder":  {disk{ours: {listStrict, `D:\x`}, `D:\x`: {listTheirs, ""}}, ours, ours + ` is a link to D:\x: D:\x could be replaced`},
		"to a lax folder":     {disk{ours: {listStrict, `D:\x`}, `D:\x`: {listShared, ""}}, ours, `others could put files into D:\x`},
		"to another machine":  {disk{ours: {listStrict, `\\server\share`}}, ours, "no folder of this machine"},
		"its other spelling":  {disk{ours: {listStrict, `\\?\UNC\server\share`}}, ours, "no folder of this machine"},
		"from a drive's root": {disk{ours: {listStrict, `\x`}}, ours, "no folder of this machine"},
		"to its neighbour":    {disk{ours: {listStrict, `x`}, `C:\ProgramData\x`: {listStrict, ""}}, ours, ""},
		"to itself":           {disk{ours: {listStrict, ours}}, ours, "one link too many"},
	} {
		all := disk{`C:\`: {"O:" + installerOfWindows + "D:P(A;OICI;FA;;;BA)(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)(A;OICI;FRFX;;;BU)", ""},
			`C:\ProgramData`: {listShared, ""}, `D:\`: {listData, ""}}
		for path, f := range c.disk {
			all[path] = f
		}
		err := all.way().check(c.path, true, maxLinks)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestCheckWay(t *testing.T) {
	dir := folder(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, good := range map[string]bool{
		dir: true, filepath.Join(dir, "not", "there"): true, dir + `\.`: true,
		file: false, filepath.Join(file, "below"): false, "relative": false, `\\server\share\folder`: false, `C:folder`: false, "": false,
	} {
		if err := CheckWay(path); (err == nil) != good {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestTighten: a folder that is ours and that others could write to is made strict,
// and then nothing is left to do.
func TestTighten(t *testing.T) {
	dir := filepath.Join(folder(t), "lax")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if done, err := Tighten(dir); err != nil || done {
		t.Errorf("a strict one: %v, %v", done, err)
	}
	sd, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := sd.DACL()
	if err == nil {
		err = windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(dir, "not yet")
	if err := CheckWay(below); err == nil || !strings.Contains(err.Error(), "S-1-1-0 can write to it") {
		t.Errorf("a lax one: %v", err)
	}
	if done, err := Tighten(dir); err != nil || !done {
		t.Errorf("made strict: %v, %v", done, err)
	}
	if err := errors.Join(CheckWay(below), Check(dir)); err != nil {
		t.Error(err)
	}
	file := filepath.Join(dir, "..", "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, below, file} {
		if done, err := Tighten(path); err != nil || done {
			t.Errorf("%s: %v, %v", fmt.Sprintf("%q", path), done, err)
		}
	}
}
