// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// The limits of a Windows program's headers. The library's own reader also
// loads the symbols, whose number the file claims; here only headers are read.
const (
	maxSections  = 96
	maxResources = 4 << 20
	maxEntries   = 512 // of one resource directory
)

var errNoProgram = errors.New("is not a complete Windows program")

// pe reads the machine, the version resource and the marks of the installer's
// maker. A 32-bit program proves nothing: many unpack 64-bit ones.
func (in *installer) pe(file io.ReaderAt, size int64, head []byte) {
	in.os = "windows"
	h, sections, err := peHeaders(file, size)
	if err != nil {
		in.note = err.Error()
		return
	}
	switch h.Machine {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		in.arch = "x64"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		in.arch = "arm64"
	}
	version := peVersion(file, size, sections)
	in.product, in.version = version["ProductName"], version["ProductVersion"]
	if in.version == "" {
		in.version = version["FileVersion"]
	}
	in.kind = maker(sections, version, head)
}

// peHeaders reads the file header and the section table.
func peHeaders(file io.ReaderAt, size int64) (pe.FileHeader, []pe.SectionHeader32, error) {
	var h pe.FileHeader
	dos := make([]byte, 64)
	if _, err := file.ReadAt(dos, 0); err != nil {
		return h, nil, errNoProgram
	}
	at := int64(binary.LittleEndian.Uint32(dos[60:]))
	r := io.NewSectionReader(file, at, size-at)
	var mark [4]byte
	if at > size || binary.Read(r, binary.LittleEndian, &mark) != nil || string(mark[:]) != "PE\x00\x00" {
		return h, nil, errNoProgram
	}
	if binary.Read(r, binary.LittleEndian, &h) != nil || h.NumberOfSections > maxSections {
		return h, nil, errNoProgram
	}
	if _, err := r.Seek(int64(h.SizeOfOptionalHeader), io.SeekCurrent); err != nil {
		return h, nil, errNoProgram
	}
	sections := make([]pe.SectionHeader32, h.NumberOfSections)
	if binary.Read(r, binary.LittleEndian, sections) != nil {
		return h, nil, errNoProgram
	}
	return h, sections, nil
}

func sectionName(s pe.SectionHeader32) string {
	return string(bytes.TrimRight(s.Name[:], "\x00"))
}

// peVersion finds the strings of the version resource, empty if there are none.
func peVersion(file io.ReaderAt, size int64, sections []pe.SectionHeader32) map[string]string {
	for _, s := range sections {
		if sectionName(s) != ".rsrc" || int64(s.PointerToRawData) > size {
			continue
		}
		n := min(int64(s.SizeOfRawData), maxResources, size-int64(s.PointerToRawData))
		data := make([]byte, n)
		if _, err := file.ReadAt(data, int64(s.PointerToRawData)); err != nil {
			return nil
		}
		const version = 16 // RT_VERSION
		at, ok := resource(data, 0, version)
		for range 2 { // name, language: the first of each
			if ok && at < 0 {
				at, ok = resource(data, -at, -1)
			}
		}
		if !ok || at < 0 || at+8 > len(data) {
			return nil
		}
		rva, length := binary.LittleEndian.Uint32(data[at:]), binary.LittleEndian.Uint32(data[at+4:])
		from := int64(rva) - int64(s.VirtualAddress)
		if from < 0 || from+int64(length) > int64(len(data)) {
			return nil
		}
		return versionStrings(data[from : from+int64(length)])
	}
	return nil
}

// resource finds an entry of a resource directory by its number, -1 = the first.
// The result is the place of the data entry, or negative that of a directory.
func resource(data []byte, at int, want int) (int, bool) {
	if at < 0 || at+16 > len(data) {
		return 0, false
	}
	names := int(binary.LittleEndian.Uint16(data[at+12:]))
	n := names + int(binary.LittleEndian.Uint16(data[at+14:]))
	for i := range min(n, maxEntries) {
		e := at + 16 + 8*i
		if e+8 > len(data) {
			return 0, false
		}
		if want >= 0 && binary.LittleEndian.Uint32(data[e:]) != uint32(want) {
			continue
		}
		to := binary.LittleEndian.Uint32(data[e+4:])
		place := int(to &^ (1 << 31))
		if to&(1<<31) != 0 {
			return -place, place > 0
		}
		return place, true
	}
	return 0, false
}

// versionStrings reads "name, zero, value, zero" pairs of a version resource.
// Its nested blocks are not followed: the names that matter are looked for.
func versionStrings(data []byte) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"ProductName", "ProductVersion", "FileVersion", "FileDescription", "Comments", "CompanyName"} {
		key := utf16Bytes(name + "\x00")
		i := bytes.Index(data, key)
		if i < 0 || i%2 != 0 {
			continue
		}
		rest := data[i+len(key):]
		if (i+len(key))%4 != 0 && len(rest) >= 2 {
			rest = rest[2:] // padding to four bytes
		}
		s := decodeUTF16(rest[:min(len(rest), 512)&^1], binary.LittleEndian)
		s, _, _ = strings.Cut(s, "\x00")
		if s = strings.TrimSpace(s); s != "" {
			out[name] = clean(s, 120)
		}
	}
	return out
}

func utf16Bytes(s string) []byte {
	var out []byte
	for _, c := range s {
		out = binary.LittleEndian.AppendUint16(out, uint16(c))
	}
	return out
}

// mark is one sign of an installer's maker. The signs are facts of the formats:
// a header, a section, what the maker writes into the version resource.
type mark struct {
	kind    string
	section string // a section of that name
	bytes   string // in the first bytes of the file
	version string // in the version resource
}

func marks() []mark {
	return []mark{
		{kind: "WiX Burn bundle", section: ".wixburn"},
		{kind: "NSIS", bytes: "\xef\xbe\xad\xdeNullsoftInst"},
		{kind: "Inno Setup", version: "built with Inno Setup"},
		{kind: "Inno Setup", bytes: "Inno Setup Setup Data ("},
		{kind: "InstallShield", version: "InstallShield"},
		{kind: "InstallShield", bytes: "ISSetupStream"},
		{kind: "Advanced Installer", bytes: "ADVINSTSFX"},
		{kind: "7-Zip self-extractor", bytes: ";!@Install@!UTF-8!"},
		{kind: "7-Zip self-extractor", bytes: "7z\xbc\xaf\x27\x1c"},
		{kind: "Microsoft cabinet self-extractor", section: "_RDATA", bytes: "MSCF\x00\x00\x00\x00"},
		{kind: "NSIS", bytes: "Nullsoft Install System"},
	}
}

// maker is the kind of an installer, "" if no mark of one is there.
func maker(sections []pe.SectionHeader32, version map[string]string, head []byte) string {
	for _, m := range marks() {
		if m.section != "" && !has(sections, m.section) {
			continue
		}
		if m.bytes != "" && !bytes.Contains(head, []byte(m.bytes)) {
			continue
		}
		if m.version != "" && !strings.Contains(version["Comments"]+"\n"+version["FileDescription"]+"\n"+version["ProductName"]+"\n"+version["CompanyName"], m.version) {
			continue
		}
		return m.kind
	}
	return ""
}

func has(sections []pe.SectionHeader32, name string) bool {
	for _, s := range sections {
		if sectionName(s) == name {
			return true
		}
	}
	return false
}
