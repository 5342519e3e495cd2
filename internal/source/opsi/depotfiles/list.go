// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a list. A large package has some ten thousand files.
const (
	maxList  = 32 << 20 // bytes of <id>.files
	maxFiles = 100_000  // entries of any kind, folders that are only implied too
)

// File is a file of a product.
type File struct {
	Name string // below the product's folder, with slashes
	Size int64
	MD5  string // lower hex
	At   string // where the depot has it: Name, or where the link Name leads to
}

// List is what <id>.files says.
type List struct {
	Folders []string // every folder, those above before those below
	Files   []File   // by name; links have become copies of what they lead to
	Bytes   int64    // of all files
	Sum     string   // SHA-256 of the list's text
}

// ParseList reads <id>.files, UTF-8, one line per entry:
//
//	d 'folder' 0
//	f 'folder/file' 1234 0cc175b9c0f1b6a831c399e269772661
//	l 'link' 0 'folder/file'
//
// with \' for an apostrophe. It does not list itself; a line that does is passed
// over. most is how many bytes the files may have together. The first thing that
// is wrong refuses the list.
func ParseList(product string, text []byte, names Names, most int64) (List, error) {
	own := product + ".files"
	whole := func(why string) error { return &Refused{Product: product, File: own, Why: why} }
	if len(text) > maxList {
		return List{}, whole(fmt.Sprintf("it is larger than %d bytes", maxList))
	}
	if !utf8.Valid(text) {
		return List{}, whole("it is not UTF-8")
	}
	l := List{Sum: sum(text)}
	t := tree{names: names, spelled: map[string]string{}, kinds: map[string]byte{}}
	var links []entry
	n := 0
	for row := range strings.Lines(string(text)) {
		n++
		row = strings.TrimSuffix(row, "\n")
		if row == "" {
			continue
		}
		e, err := parseEntry(row)
		if err != nil {
			return List{}, whole(fmt.Sprintf("line %d: %v", n, err))
		}
		if e.Name == own {
			continue
		}
		if err := t.add(e.Name, e.kind); err != nil {
			return List{}, &Refused{Product: product, File: e.Name, Why: err.Error()}
		}
		if len(t.kinds) > maxFiles {
			return List{}, whole(fmt.Sprintf("it has more than %d entries", maxFiles))
		}
		switch e.kind {
		case 'f':
			e.At = e.Name
			l.Files = append(l.Files, e.File)
		case 'l':
			links = append(links, e)
		}
	}
	copies, err := follow(product, links, l.Files)
	if err != nil {
		return List{}, err
	}
	l.Files = append(l.Files, copies...)
	for _, f := range l.Files {
		if f.Size > most-l.Bytes {
			return List{}, &Refused{Product: product, File: f.Name, Why: fmt.Sprintf("the files are larger than the %d bytes that are allowed", most)}
		}
		l.Bytes += f.Size
	}
	for name, kind := range t.kinds {
		if kind == 'd' {
			l.Folders = append(l.Folders, name)
		}
	}
	slices.Sort(l.Folders) // "a" comes before "a/b"
	slices.SortFunc(l.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

// file finds a file by its name.
func (l List) file(name string) (File, bool) {
	i, ok := slices.BinarySearchFunc(l.Files, name, func(f File, name string) int { return strings.Compare(f.Name, name) })
	if !ok {
		return File{}, false
	}
	return l.Files[i], true
}

// entry is one line.
type entry struct {
	File
	kind   byte // d, f or l
	target string
}

func parseEntry(row string) (e entry, err error) {
	if len(row) < 4 || row[1] != ' ' || !strings.ContainsRune("dfl", rune(row[0])) {
		return e, fmt.Errorf("it does not begin with d, f or l")
	}
	e.kind = row[0]
	rest := ""
	if e.Name, rest, err = quoted(row[2:]); err != nil {
		return e, err
	}
	rest, ok := strings.CutPrefix(rest, " ")
	size, rest, _ := strings.Cut(rest, " ")
	if !ok || size == "" || strings.Trim(size, "0123456789") != "" {
		return e, fmt.Errorf("there is no size behind the name")
	}
	if e.Size, err = strconv.ParseInt(size, 10, 64); err != nil {
		return e, fmt.Errorf("the size is no number that can be")
	}
	if e.kind != 'f' && e.Size != 0 {
		return e, fmt.Errorf("a folder or link has a size")
	}
	switch e.kind {
	case 'f':
		e.MD5 = strings.ToLower(rest)
		if len(e.MD5) != 32 || strings.Trim(e.MD5, "0123456789abcdef") != "" {
			return e, fmt.Errorf("there is no MD5 behind the size")
		}
	case 'd':
		if rest != "" {
			return e, fmt.Errorf("something stands behind a folder")
		}
	case 'l':
		if e.target, rest, err = quoted(rest); err != nil {
			return e, fmt.Errorf("where the link leads: %w", err)
		}
		if rest != "" {
			return e, fmt.Errorf("something stands behind a link")
		}
	}
	return e, nil
}

// quoted takes a name in apostrophes from the front.
func quoted(s string) (name, rest string, err error) {
	if !strings.HasPrefix(s, "'") {
		return "", "", fmt.Errorf("a name does not begin with an apostrophe")
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			return out.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\'':
			i++
			out.WriteByte('\'')
		default:
			out.WriteByte(s[i])
		}
	}
	return "", "", fmt.Errorf("a name has no end")
}

// maxLinks is how many links may follow each other, as on Linux.
const maxLinks = 40

// follow makes a copy of each link. It looks at the list alone: what a server would
// find behind a link is not asked.
func follow(product string, links []entry, files []File) ([]File, error) {
	plain := map[string]File{}
	for _, f := range files {
		plain[f.Name] = f
	}
	leads := map[string]string{}
	for _, l := range links {
		leads[l.Name] = l.target
	}
	var out []File
	for _, l := range links {
		at := l.Name
		for range maxLinks {
			target, ok := leads[at]
			if !ok {
				break
			}
			if target == "" || path.IsAbs(target) || strings.ContainsAny(target, "\\:\x00") {
				return nil, &Refused{Product: product, File: l.Name, Why: "it is a link that leads out of the product"}
			}
			at = path.Join(path.Dir(at), target) // cleaned; what leads out begins with ".."
		}
		f, ok := plain[at]
		switch {
		case ok:
			out = append(out, File{Name: l.Name, Size: f.Size, MD5: f.MD5, At: f.Name})
		case at == ".." || strings.HasPrefix(at, "../"):
			return nil, &Refused{Product: product, File: l.Name, Why: "it is a link that leads out of the product"}
		default:
			return nil, &Refused{Product: product, File: l.Name, Why: "it is a link that leads to no file of the list"}
		}
	}
	return out, nil
}

// sum is the SHA-256 of a text, lower hex.
func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}
