// SPDX-License-Identifier: Apache-2.0

package depottest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Program is a Windows program that holds headers, a version resource and what
// follows them.
func Program(wide bool, strs map[string]string, section, tail string) []byte {
	machine := uint16(pe.IMAGE_FILE_MACHINE_I386)
	if wide {
		machine = pe.IMAGE_FILE_MACHINE_AMD64
	}
	var b bytes.Buffer
	dos := make([]byte, 64)
	copy(dos, "MZ")
	binary.LittleEndian.PutUint32(dos[60:], 64)
	b.Write(dos)
	b.WriteString("PE\x00\x00")
	rsrc := versionResource(strs, 0x2000)
	put(&b, pe.FileHeader{Machine: machine, NumberOfSections: 2, SizeOfOptionalHeader: 0})
	first := pe.SectionHeader32{PointerToRawData: 512, SizeOfRawData: 16}
	copy(first.Name[:], section)
	second := pe.SectionHeader32{VirtualAddress: 0x2000, VirtualSize: uint32(len(rsrc)), PointerToRawData: 528, SizeOfRawData: uint32(len(rsrc))}
	copy(second.Name[:], ".rsrc")
	put(&b, first)
	put(&b, second)
	b.Write(make([]byte, 528-b.Len()))
	b.Write(rsrc)
	b.WriteString(tail)
	return b.Bytes()
}

func put(b *bytes.Buffer, v any) { _ = binary.Write(b, binary.LittleEndian, v) }

// versionResource is a resource section with one version in it.
func versionResource(strs map[string]string, address uint32) []byte {
	var text bytes.Buffer
	keys := make([]string, 0, len(strs))
	for k := range strs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for text.Len()%4 != 0 {
			text.WriteByte(0)
		}
		put(&text, [3]uint16{0, uint16(len(strs[k]) + 1), 1})
		put(&text, utf16.Encode([]rune(k+"\x00")))
		for text.Len()%4 != 0 {
			text.WriteByte(0)
		}
		put(&text, utf16.Encode([]rune(strs[k]+"\x00")))
	}
	var b bytes.Buffer
	directory := func(id, to uint32) {
		put(&b, [3]uint32{})
		put(&b, [2]uint16{0, 1})
		put(&b, [2]uint32{id, to})
	}
	directory(16, 24|1<<31)
	directory(1, 48|1<<31)
	directory(0x409, 72)
	put(&b, [4]uint32{address + 88, uint32(text.Len()), 0, 0})
	b.Write(text.Bytes())
	return b.Bytes()
}

// NSIS is an installer as NSIS makes them: always a 32-bit program.
func NSIS(product, version string) []byte {
	return Program(false, map[string]string{"ProductName": product, "ProductVersion": version}, ".ndata",
		"\x00\x00\x00\x00\xef\xbe\xad\xdeNullsoftInst"+strings.Repeat("\x01", 3000))
}

// Inno is an installer as Inno Setup makes them.
func Inno(product, version string, wide bool) []byte {
	return Program(wide, map[string]string{"ProductName": product, "ProductVersion": version,
		"Comments": "This installation was built with Inno Setup."}, ".itext", strings.Repeat("\x02", 5000))
}

// Burn is a bundle as WiX makes them.
func Burn(product, version string) []byte {
	return Program(false, map[string]string{"ProductName": product, "FileVersion": version}, ".wixburn", strings.Repeat("\x03", 4000))
}

// Plain is a 64-bit program that says nothing of itself.
func Plain() []byte { return Program(true, nil, ".text", "\x04") }

// Deb is a Debian package packed with gzip.
func Deb(name, version, arch string, programs ...string) []byte {
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	member := func(n string, data []byte) {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", n, 0, 0, 0, "100644", len(data))
		b.Write(data)
		if len(data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	member("debian-binary", []byte("2.0\n"))
	member("control.tar.gz", tarball(0o644, map[string]string{
		"./control": fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: nobody\nDescription: x\n", name, version, arch)}))
	files := map[string]string{}
	for _, p := range programs {
		files["."+p] = "#!/bin/sh\n"
	}
	member("data.tar.gz", tarball(0o755, files))
	return b.Bytes()
}

func tarball(mode int64, files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		_ = w.WriteHeader(&tar.Header{Name: n, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(files[n]))})
		_, _ = w.Write([]byte(files[n]))
	}
	_ = w.Close()
	_ = z.Close()
	return b.Bytes()
}

// RPM is an rpm's lead, signature and header; it has no payload.
func RPM(name, version, arch string, programs ...string) []byte {
	var b bytes.Buffer
	lead := make([]byte, 96)
	copy(lead, "\xed\xab\xee\xdb")
	b.Write(lead)
	header := func(index, data []byte, n int) {
		b.WriteString("\x8e\xad\xe8\x01\x00\x00\x00\x00")
		_ = binary.Write(&b, binary.BigEndian, [2]uint32{uint32(n), uint32(len(data))})
		b.Write(index)
		b.Write(data)
	}
	header(nil, make([]byte, 8), 0)
	var index, data bytes.Buffer
	n := 0
	tag := func(id, kind uint32, count int, v []byte) {
		for data.Len()%4 != 0 {
			data.WriteByte(0)
		}
		_ = binary.Write(&index, binary.BigEndian, [4]uint32{id, kind, uint32(data.Len()), uint32(count)})
		data.Write(v)
		n++
	}
	var bases, dirs, modes, indexes bytes.Buffer
	for i, p := range programs {
		cut := strings.LastIndexByte(p, '/') + 1
		dirs.WriteString(p[:cut] + "\x00")
		bases.WriteString(p[cut:] + "\x00")
		_ = binary.Write(&modes, binary.BigEndian, uint16(0o100755))
		_ = binary.Write(&indexes, binary.BigEndian, uint32(i))
	}
	tag(1000, 6, 1, []byte(name+"\x00"))
	tag(1001, 6, 1, []byte(version+"\x00"))
	tag(1022, 6, 1, []byte(arch+"\x00"))
	tag(1030, 3, len(programs), modes.Bytes())
	tag(1116, 4, len(programs), indexes.Bytes())
	tag(1117, 8, len(programs), bases.Bytes())
	tag(1118, 8, len(programs), dirs.Bytes())
	header(index.Bytes(), data.Bytes(), n)
	return b.Bytes()
}
