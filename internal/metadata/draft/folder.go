// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
)

// The limits of what is looked at in one package.
const (
	maxFiles = 20_000
	maxDeep  = 24
)

// entry is one plain file below CLIENT_DATA.
type entry struct {
	name string // slash path, as written on disk
	size int64
	run  bool // somebody may execute it
}

// folder is a package's CLIENT_DATA.
type folder struct {
	root  *os.Root
	files []entry          // sorted by name
	byKey map[string]int   // lower-case slash path -> index
	links int              // links that were left alone
	more  bool             // there are more files than were listed
	seen  map[string]error // folders that could not be read
}

// list reads the names below CLIENT_DATA. It follows no link, and a folder that
// cannot be read is noted and passed over.
func list(root *os.Root) *folder {
	f := &folder{root: root, byKey: map[string]int{}, seen: map[string]error{}}
	// WalkDir asks the directory for its entries, so a link is a link.
	_ = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			f.seen[name] = err
			return fs.SkipDir
		case d.IsDir():
			if strings.Count(name, "/") >= maxDeep {
				f.more = true
				return fs.SkipDir
			}
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			f.links++
			return nil
		case !d.Type().IsRegular():
			return nil
		case len(f.files) >= maxFiles:
			f.more = true
			return fs.SkipAll
		}
		info, err := d.Info()
		if err != nil {
			return nil // it went away
		}
		f.files = append(f.files, entry{name, info.Size(), info.Mode()&0o111 != 0})
		return nil
	})
	slices.SortFunc(f.files, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	for i, e := range f.files {
		if _, taken := f.byKey[strings.ToLower(e.name)]; !taken {
			f.byKey[strings.ToLower(e.name)] = i
		}
	}
	return f
}

// find looks a file up as scripts write it: either slash, any case. A path that
// leads out of the folder finds nothing.
func (f *folder) find(written string) (entry, bool) {
	name := path.Clean(strings.ReplaceAll(written, `\`, "/"))
	i, ok := f.byKey[strings.ToLower(strings.TrimPrefix(name, "/"))]
	if !ok {
		return entry{}, false
	}
	return f.files[i], true
}

// text reads a small file whole.
func (f *folder) text(name string) ([]byte, error) { return metadata.ReadPlain(f.root, name) }

// open opens a file of any size.
func (f *folder) open(name string) (*os.File, int64, error) {
	file, err := metadata.OpenPlain(f.root, name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}
