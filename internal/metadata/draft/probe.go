// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
)

// installer is what an installer's file tells of itself.
type installer struct {
	name string // below CLIENT_DATA
	size int64
	kind string // "Inno Setup", "MSI", "deb", …; "" = not known
	hint
	product, version string  // of the program inside
	dirs             []value // folders it installs into, as it says itself
	programs         []value // programs it installs into folders shared with others
	control          bool    // product and version are the package manager's
	note             string  // what could not be read, and why
}

// maxProbe bounds what is read of an installer in search of its maker's marks.
const maxProbe = 1 << 20

// probe reads an installer's file. It never fails: what cannot be read is a note.
func (f *folder) probe(e entry, shown string) installer {
	in := installer{name: e.name, size: e.size}
	file, size, err := f.open(e.name)
	if err != nil {
		in.note = err.Error()
		return in
	}
	defer file.Close()
	head := make([]byte, min(maxProbe, size))
	n, err := io.ReadFull(io.NewSectionReader(file, 0, size), head)
	head = head[:n]
	if err != nil {
		in.note = "cannot be read: " + err.Error()
		return in
	}
	at := origin{file: shown + e.name}
	switch {
	case bytes.HasPrefix(head, []byte("MZ")):
		in.pe(file, size, head)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		in.msi(file, at)
	case bytes.HasPrefix(head, []byte("!<arch>\n")):
		in.deb(io.NewSectionReader(file, 0, size), at)
	case bytes.HasPrefix(head, []byte("\xed\xab\xee\xdb")):
		in.rpm(io.NewSectionReader(file, 0, size), at)
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		in.elf(head)
	case bytes.HasPrefix(head, []byte("#!")):
		in.kind, in.os = "a shell script with its payload", "linux"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && appx(e.name):
		in.kind, in.os = "MSIX", "windows"
	default:
		in.note = "is not what its name says"
	}
	if in.os == "" {
		in.os = systemOf(e.name)
	}
	return in
}

func appx(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".msix", ".msixbundle", ".appx", ".appxbundle":
		return true
	}
	return false
}

// systemOf goes by the extension alone.
func systemOf(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".exe", ".msi", ".msp", ".msu", ".msix", ".msixbundle", ".appx", ".appxbundle":
		return "windows"
	case ".deb", ".rpm", ".run", ".bin", ".appimage":
		return "linux"
	case ".pkg", ".dmg":
		return "macos"
	}
	return ""
}

// describe is a comment's line about the file.
func (in installer) describe() string {
	s := in.name
	if in.kind != "" {
		s += ": " + in.kind
	}
	if in.product != "" {
		s += fmt.Sprintf(", %q", clean(in.product, 80))
		if in.version != "" {
			s += " " + in.version
		}
	}
	if in.note != "" {
		s += " (" + in.note + ")"
	}
	return clean(s, 300)
}

// elf tells the machine of a program for Linux.
func (in *installer) elf(head []byte) {
	in.kind, in.os = "a program for Linux", "linux"
	if len(head) < 20 {
		return
	}
	switch head[18] {
	case 62:
		in.arch = "x64"
	case 3:
		in.arch = "x86"
	case 183:
		in.arch = "arm64"
	case 40:
		in.arch = "arm"
	}
}
