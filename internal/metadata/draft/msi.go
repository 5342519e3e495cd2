// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/richardlehane/mscfb"
)

// The limits of an MSI's tables. The largest that are read hold thousands of
// folders and stay below a megabyte.
const (
	maxStream = 16 << 20
	maxRows   = 20_000
	maxMSI    = 500 // streams
)

// msiTables are the tables of an MSI that are of use here. A table lies column
// after column; a string is a reference into one pool of strings.
type msiTables struct {
	streams map[string][]byte
	pool    []string
	wide    int // bytes of a reference
}

// msi reads what an MSI says of itself: its product, its architecture and the
// folder it installs into.
func (in *installer) msi(file io.ReaderAt, at origin) {
	in.kind, in.os = "MSI", "windows"
	t, err := readMSI(file)
	if err != nil {
		in.note = "is no MSI that can be read: " + err.Error()
		return
	}
	in.tables(t, at)
}

// tables reads what the tables say.
func (in *installer) tables(t msiTables, at origin) {
	properties := map[string]string{}
	for _, row := range t.rows("Property", 2) {
		properties[row[0]] = row[1]
	}
	in.product, in.version = clean(properties["ProductName"], 120), clean(properties["ProductVersion"], 60)
	in.arch = templateArch(t.streams["\x05SummaryInformation"])
	folders := map[string][2]string{} // id -> parent, name
	var order []string
	for _, row := range t.rows("Directory", 3) {
		folders[row[0]] = [2]string{row[1], row[2]}
		order = append(order, row[0])
	}
	at.what = "its Directory table"
	for _, id := range msiHomes(properties, folders, order, t.holding()) {
		text, ok := msiPath(folders, id)
		if !ok {
			continue
		}
		if clear, h, kind := folderOf(text); kind == searchable {
			in.dirs = append(in.dirs, value{text: clear, at: at, hint: h.and(hint{arch: in.arch})})
		}
	}
}

// msiHomes are the directories that hold the program: those with one of the
// names authors give them, else the ones directly below the program folders.
func msiHomes(properties map[string]string, folders map[string][2]string, order []string, holds map[string]bool) []string {
	var out []string
	for _, id := range []string{properties["WIXUI_INSTALLDIR"], "INSTALLDIR", "INSTALLFOLDER", "APPLICATIONFOLDER", "APPLICATIONROOTDIRECTORY", "APPDIR", "INSTALLLOCATION", "INSTALL_ROOT"} {
		if _, ok := folders[id]; ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, id := range order {
		if p := folders[id][0]; (p == "ProgramFilesFolder" || p == "ProgramFiles64Folder") && len(out) < 8 {
			out = append(out, below(id, folders, order, holds))
		}
	}
	return out
}

// below goes down from a vendor's folder, which holds nothing itself, to the
// only one in it.
func below(id string, folders map[string][2]string, order []string, holds map[string]bool) string {
	for range maxDeep {
		var inside []string
		for _, o := range order {
			if folders[o][0] == id && o != id {
				inside = append(inside, o)
			}
		}
		if holds[id] || len(inside) != 1 {
			return id
		}
		id = inside[0]
	}
	return id
}

// msiPath walks from a directory up to one of the system's folders.
func msiPath(folders map[string][2]string, id string) (string, bool) {
	var parts []string
	for range maxDeep {
		switch id {
		case "ProgramFilesFolder":
			parts = append(parts, "%ProgramFiles32Dir%")
		case "ProgramFiles64Folder", "ProgramFiles6432Folder":
			parts = append(parts, "%ProgramFiles64Dir%")
		case "CommonAppDataFolder":
			parts = append(parts, "%CommonAppDataDir%")
		case "WindowsVolume", "ROOTDRIVE":
			parts = append(parts, "%Systemdrive%")
		default:
			f, ok := folders[id]
			if !ok || f[0] == "" || f[0] == id {
				return "", false
			}
			// "target:source", each "short|long"; "." is the parent itself.
			name, _, _ := strings.Cut(f[1], ":")
			if _, long, both := strings.Cut(name, "|"); both {
				name = long
			}
			if name != "." {
				parts = append(parts, name)
			}
			id = f[0]
			continue
		}
		slices.Reverse(parts)
		return strings.Join(parts, `\`), true
	}
	return "", false
}

// readMSI reads the streams that are needed out of the compound file. The
// library reads foreign bytes; should it fail by a panic, the file is unreadable.
func readMSI(file io.ReaderAt) (t msiTables, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a damaged compound file: %v", r)
		}
	}()
	doc, err := mscfb.New(file)
	if err != nil {
		return t, err
	}
	t.streams = map[string][]byte{}
	for n := 0; n < maxMSI; n++ {
		s, err := doc.Next()
		if err != nil {
			break
		}
		name := s.Name
		if s.Initial < ' ' {
			name = string(rune(s.Initial)) + name
		}
		name = msiName(name)
		if !slices.Contains([]string{"!_StringPool", "!_StringData", "!Property", "!Directory", "!Component", "\x05SummaryInformation"}, name) {
			continue
		}
		if s.Size > maxStream {
			return t, fmt.Errorf("its stream %s is larger than %d bytes", strings.Trim(name, "!\x05"), maxStream)
		}
		b, err := io.ReadAll(io.LimitReader(s, maxStream))
		if err != nil {
			return t, err
		}
		t.streams[name] = b
	}
	return t, t.readPool()
}

// msiName turns a stream's name back: two characters of an alphabet of 64 are
// packed into one of a block of Unicode, and a table begins with "!".
func msiName(s string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
	var out strings.Builder
	for _, c := range s {
		switch {
		case c >= 0x3800 && c < 0x4800:
			out.WriteByte(alphabet[(c-0x3800)&0x3f])
			out.WriteByte(alphabet[(c-0x3800)>>6&0x3f])
		case c >= 0x4800 && c < 0x4840:
			out.WriteByte(alphabet[c-0x4800])
		case c == 0x4840:
			out.WriteByte('!')
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

var errPool = errors.New("its pool of strings is damaged")

// readPool reads all strings. The pool gives length and use of each; a length
// of zero with a use continues in the next four bytes.
func (t *msiTables) readPool() error {
	pool, data := t.streams["!_StringPool"], t.streams["!_StringData"]
	if len(pool) < 4 {
		return errPool
	}
	codepage := binary.LittleEndian.Uint32(pool)
	t.wide = 2
	if codepage&(1<<31) != 0 {
		t.wide = 3
	}
	t.pool = []string{""}
	for i := 4; i+4 <= len(pool); i += 4 {
		size, uses := uint64(binary.LittleEndian.Uint16(pool[i:])), binary.LittleEndian.Uint16(pool[i+2:])
		if size == 0 && uses > 0 && i+8 <= len(pool) {
			size = uint64(binary.LittleEndian.Uint32(pool[i+4:]))
			i += 4
		}
		if size > uint64(len(data)) {
			return errPool
		}
		t.pool = append(t.pool, decode(data[:size]))
		data = data[size:]
	}
	return nil
}

// rows reads a table of string columns.
func (t msiTables) rows(table string, columns int) [][]string {
	data := t.streams["!"+table]
	n := len(data) / (columns * t.wide)
	var out [][]string
	for r := range min(n, maxRows) {
		row := make([]string, columns)
		for c := range row {
			row[c] = t.text(data[(c*n+r)*t.wide:])
		}
		out = append(out, row)
	}
	return out
}

// holding are the directories that files are put into: the third column of the
// table Component, which has five strings and a number.
func (t msiTables) holding() map[string]bool {
	data := t.streams["!Component"]
	n := len(data) / (5*t.wide + 2)
	out := map[string]bool{}
	for r := range min(n, maxRows) {
		out[t.text(data[(2*n+r)*t.wide:])] = true
	}
	return out
}

// text is the string a reference means.
func (t msiTables) text(data []byte) string {
	ref := int(binary.LittleEndian.Uint16(data))
	if t.wide == 3 {
		ref |= int(data[2]) << 16
	}
	if ref >= len(t.pool) {
		return ""
	}
	return t.pool[ref]
}

// templateArch reads the architecture out of the summary: its property 7 is
// like "x64;1033".
func templateArch(b []byte) string {
	if len(b) < 48 {
		return ""
	}
	section := int(binary.LittleEndian.Uint32(b[44:]))
	if section < 0 || section+8 > len(b) {
		return ""
	}
	s := b[section:]
	for i := range min(int(binary.LittleEndian.Uint32(s[4:])), 64) {
		if 16+8*i > len(s) {
			return ""
		}
		id, at := binary.LittleEndian.Uint32(s[8+8*i:]), int(binary.LittleEndian.Uint32(s[12+8*i:]))
		if id != 7 || at < 0 || at+8 > len(s) {
			continue
		}
		text, _, _ := strings.Cut(string(s[at+8:min(len(s), at+8+64)]), "\x00")
		platform, _, _ := strings.Cut(text, ";")
		switch strings.ToLower(strings.TrimSpace(platform)) {
		case "x64", "amd64", "intel64":
			return "x64"
		case "arm64":
			return "arm64"
		case "intel", "":
			return "x86"
		}
	}
	return ""
}
