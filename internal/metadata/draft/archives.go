// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The limits of a Linux package's lists.
const (
	maxControl  = 1 << 20
	maxUnpacked = 64 << 20 // of a deb's payload, in search of names
	maxNames    = 100_000
	maxHeader   = 32 << 20 // of an rpm
)

// deb reads name, version and architecture, and which programs are inside. An
// archive that is not packed with gzip is left alone: its name tells the rest.
func (in *installer) deb(r io.Reader, at origin) {
	in.kind, in.os = "deb", "linux"
	in.debName()
	if _, err := io.CopyN(io.Discard, r, 8); err != nil {
		return
	}
	var files []string
	for range 4 {
		head := make([]byte, 60)
		if _, err := io.ReadFull(r, head); err != nil {
			break
		}
		name := strings.TrimSuffix(strings.TrimSpace(string(head[:16])), "/")
		size, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
		if err != nil || size < 0 {
			in.note = "is damaged"
			break
		}
		member := io.LimitReader(r, size)
		switch {
		case name == "control.tar.gz" || name == "control.tar":
			in.debControl(unpacked(name, member))
		case name == "data.tar.gz" || name == "data.tar":
			files = programsOf(unpacked(name, member))
		case strings.HasPrefix(name, "data.tar."):
			in.note = "its list of files is packed in a way that is not read here (" + clean(name, 30) + ")"
		}
		if _, err := io.Copy(io.Discard, member); err != nil {
			break
		}
		if size%2 == 1 {
			if _, err := io.CopyN(io.Discard, r, 1); err != nil {
				break
			}
		}
	}
	at.what = "its list of files"
	in.unixPrograms(files, at)
}

// debName reads name_version_arch.deb.
func (in *installer) debName() {
	parts := strings.Split(strings.TrimSuffix(path.Base(in.name), path.Ext(in.name)), "_")
	if len(parts) == 3 {
		in.product, in.version, in.arch = parts[0], parts[1], linuxArch(parts[2])
	}
}

func linuxArch(s string) string {
	switch s {
	case "amd64", "x86_64":
		return "x64"
	case "i386", "i486", "i586", "i686":
		return "x86"
	case "arm64", "aarch64":
		return "arm64"
	case "armhf", "armv7hl", "armel":
		return "arm"
	}
	return ""
}

func unpacked(name string, r io.Reader) io.Reader {
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return strings.NewReader("")
		}
		r = z
	}
	return io.LimitReader(r, maxUnpacked)
}

func (in *installer) debControl(r io.Reader) {
	files := tar.NewReader(r)
	for range 100 {
		h, err := files.Next()
		if err != nil {
			return
		}
		if path.Base(h.Name) != "control" {
			continue
		}
		text, _ := io.ReadAll(io.LimitReader(files, maxControl))
		for line := range strings.Lines(string(text)) {
			key, v, _ := strings.Cut(line, ":")
			v = clean(strings.TrimSpace(v), 120)
			switch key {
			case "Package":
				in.product, in.control = v, v != ""
			case "Version":
				in.version = v
			case "Architecture":
				in.arch = linuxArch(v)
			}
		}
		return
	}
}

// programsOf lists the files of an archive that can be run.
func programsOf(r io.Reader) []string {
	var out []string
	files := tar.NewReader(r)
	for range maxNames {
		h, err := files.Next()
		if err != nil {
			break
		}
		if h.Typeflag == tar.TypeReg && h.Mode&0o111 != 0 {
			out = append(out, path.Clean("/"+h.Name))
		}
	}
	return out
}

// rpm reads the header, which is not packed.
func (in *installer) rpm(r io.Reader, at origin) {
	in.kind, in.os = "rpm", "linux"
	if parts := strings.Split(strings.TrimSuffix(path.Base(in.name), ".rpm"), "."); len(parts) > 1 {
		in.arch = linuxArch(parts[len(parts)-1])
	}
	if _, err := io.CopyN(io.Discard, r, 96); err != nil {
		in.note = "is cut off"
		return
	}
	if _, n, err := rpmHeader(r); err != nil { // the signature, padded to eight bytes
		in.note = err.Error()
		return
	} else if _, err := io.CopyN(io.Discard, r, (8-n%8)%8); err != nil {
		in.note = "is cut off"
		return
	}
	tags, _, err := rpmHeader(r)
	if err != nil {
		in.note = err.Error()
		return
	}
	const name, version, arch, modes, dirIndexes, baseNames, dirNames = 1000, 1001, 1022, 1030, 1116, 1117, 1118
	in.product, in.version = first(tags.texts(name)), first(tags.texts(version))
	if a := linuxArch(first(tags.texts(arch))); a != "" {
		in.arch = a
	}
	dirs, mode, index := tags.texts(dirNames), tags.numbers(modes, 2), tags.numbers(dirIndexes, 4)
	var files []string
	for i, b := range tags.texts(baseNames) {
		if i < len(mode) && i < len(index) && int(index[i]) < len(dirs) && mode[i]&0o170000 == 0o100000 && mode[i]&0o111 != 0 {
			files = append(files, path.Clean("/"+dirs[index[i]]+b))
		}
	}
	at.what = "its list of files"
	in.unixPrograms(files, at)
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return clean(s[0], 120)
}

// rpmTags is one header: an index of tags, and the data they point into.
type rpmTags struct{ index, data []byte }

// rpmHeader reads one header and says how many bytes of data it had.
func rpmHeader(r io.Reader) (rpmTags, int64, error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:3]) != "\x8e\xad\xe8" {
		return rpmTags{}, 0, fmt.Errorf("is no rpm that can be read")
	}
	n, size := int64(binary.BigEndian.Uint32(head[8:])), int64(binary.BigEndian.Uint32(head[12:]))
	if n*16+size > maxHeader {
		return rpmTags{}, 0, fmt.Errorf("its header is larger than %d bytes", maxHeader)
	}
	b, err := io.ReadAll(io.LimitReader(r, n*16+size))
	if err != nil || int64(len(b)) != n*16+size {
		return rpmTags{}, 0, fmt.Errorf("is cut off")
	}
	return rpmTags{b[:n*16], b[n*16:]}, size, nil
}

// at finds a tag's data and how many values there are.
func (t rpmTags) at(tag uint32) ([]byte, int) {
	for i := 0; i+16 <= len(t.index); i += 16 {
		if e := t.index[i:]; binary.BigEndian.Uint32(e) == tag {
			if off := int64(binary.BigEndian.Uint32(e[8:])); off < int64(len(t.data)) {
				return t.data[off:], int(min(binary.BigEndian.Uint32(e[12:]), maxNames))
			}
		}
	}
	return nil, 0
}

func (t rpmTags) texts(tag uint32) []string {
	data, n := t.at(tag)
	var out []string
	for range n {
		end := bytes.IndexByte(data[:min(len(data), 4096)], 0)
		if end < 0 {
			break
		}
		out = append(out, string(data[:end]))
		data = data[end+1:]
	}
	return out
}

func (t rpmTags) numbers(tag uint32, wide int) []uint32 {
	data, n := t.at(tag)
	var out []uint32
	for range n {
		if len(data) < wide {
			break
		}
		if wide == 2 {
			out = append(out, uint32(binary.BigEndian.Uint16(data)))
		} else {
			out = append(out, binary.BigEndian.Uint32(data))
		}
		data = data[wide:]
	}
	return out
}

// unixPrograms sorts the programs of a Linux package: one in a folder of its own
// gives the folder, one in a folder shared with others is named alone.
func (in *installer) unixPrograms(files []string, at origin) {
	const most = 50
	slices.Sort(files)
	for _, f := range files {
		if strings.HasPrefix(f, "/etc/") || strings.HasSuffix(f, ".so") || strings.Contains(f, ".so.") {
			continue
		}
		if dir, ok := ownFolder(f); ok {
			if len(in.dirs) < most && !slices.ContainsFunc(in.dirs, func(v value) bool { return v.text == dir }) {
				in.dirs = append(in.dirs, value{text: dir, at: at, hint: hint{os: "linux"}})
			}
		} else if len(in.programs) < most && slices.Contains([]string{"/usr/bin", "/bin", "/usr/local/bin", "/usr/games", "/usr/sbin", "/sbin"}, path.Dir(f)) {
			in.programs = append(in.programs, value{text: f, at: at, hint: hint{os: "linux"}})
		}
	}
}

// ownFolder is the topmost folder above a file that belongs to one product.
func ownFolder(file string) (string, bool) {
	parts := strings.Split(strings.TrimPrefix(file, "/"), "/")
	for n := 2; n < len(parts); n++ {
		dir := "/" + strings.Join(parts[:n], "/")
		if _, _, kind := folderOf(dir); kind == searchable && !shared(dir) {
			return dir, true
		}
	}
	return "", false
}

// shared tells folders that many products put theirs into.
func shared(dir string) bool {
	switch dir {
	case "/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/libexec", "/usr/share", "/usr/bin", "/usr/sbin", "/usr/games", "/usr/local",
		"/usr/local/bin", "/usr/local/lib", "/usr/local/share", "/usr/local/sbin", "/var/lib", "/usr/share/doc", "/usr/share/man",
		"/usr/share/applications", "/usr/share/icons", "/usr/lib/systemd", "/usr/share/perl5":
		return true
	}
	return strings.HasPrefix(path.Base(dir), "x86_64-linux") || strings.HasPrefix(path.Base(dir), "aarch64-linux") || strings.HasPrefix(dir, "/usr/lib/python") ||
		strings.HasPrefix(dir, "/usr/share/doc/")
}
