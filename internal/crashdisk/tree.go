// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Tree is what stands on a disk at a moment: files and directories by number.
// Changing one leaves its clones as they were.
type Tree struct {
	nodes map[int]node
}

// node is a file, or a directory when names is not nil. Neither is ever changed
// in place.
type node struct {
	names map[string]int
	data  []byte
}

// NewTree is an empty disk.
func NewTree() Tree { return Tree{map[int]node{Root: {names: map[string]int{}}}} }

// Clone is a tree that can be changed alone.
func (t Tree) Clone() Tree { return Tree{maps.Clone(t.nodes)} }

// After is a tree after a run of operations, durable or not.
func After(t Tree, run []Op) Tree {
	t = t.Clone()
	for _, o := range run {
		t.apply(o)
	}
	return t
}

// apply carries out an operation. One that has lost its ground, because an
// earlier one is not there, does nothing.
func (t Tree) apply(o Op) {
	switch o.Kind {
	case Create:
		t.born(o.Node, node{})
		t.enter(o.Dir, o.Name, o.Node)
	case Mkdir:
		t.born(o.Node, node{names: map[string]int{}})
		t.enter(o.Dir, o.Name, o.Node)
	case Link:
		t.enter(o.Dir, o.Name, o.Node)
	case Unlink:
		t.drop(o.Dir, o.Name)
	case Rename:
		if n, ok := t.nodes[o.Dir].names[o.Name]; ok {
			t.drop(o.Dir, o.Name)
			t.enter(o.Dir, o.ToName, n)
		}
	case Leave:
		if t.nodes[o.ToDir].names[o.ToName] == o.Node {
			t.drop(o.Dir, o.Name)
		}
	case Write:
		t.write(o.Node, o.At, o.Data)
	case Truncate:
		n := t.nodes[o.Node]
		n.data = resized(n.data, o.Size)
		t.nodes[o.Node] = n
	}
}

// born makes an empty node unless it is there, named or not.
func (t Tree) born(number int, n node) {
	if _, ok := t.nodes[number]; !ok {
		t.nodes[number] = n
	}
}

func (t Tree) enter(dir int, name string, number int) {
	d, ok := t.nodes[dir]
	if !ok {
		return
	}
	d.names = maps.Clone(d.names)
	d.names[name] = number
	t.nodes[dir] = d
}

func (t Tree) drop(dir int, name string) {
	d := t.nodes[dir]
	if _, ok := d.names[name]; !ok {
		return
	}
	d.names = maps.Clone(d.names)
	delete(d.names, name)
	t.nodes[dir] = d
}

func (t Tree) write(number int, at int64, b []byte) {
	n := t.nodes[number]
	n.data = resized(n.data, max(int64(len(n.data)), at+int64(len(b))))
	copy(n.data[at:], b)
	t.nodes[number] = n
}

// resized copies bytes to a length; what is new is zero.
func resized(b []byte, size int64) []byte {
	out := make([]byte, size)
	copy(out, b)
	return out
}

// Files are all files by slash path; directories end in a slash and have no bytes.
func (t Tree) Files() map[string][]byte {
	out := map[string][]byte{}
	t.walk(Root, "", out)
	return out
}

func (t Tree) walk(number int, prefix string, out map[string][]byte) {
	for name, n := range t.nodes[number].names {
		if t.nodes[n].names == nil {
			out[prefix+name] = t.nodes[n].data
			continue
		}
		out[prefix+name+"/"] = nil
		t.walk(n, prefix+name+"/", out)
	}
}

// Hash is the same for trees that look the same.
func (t Tree) Hash(seed maphash.Seed) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	files := t.Files()
	var size [8]byte
	for _, path := range slices.Sorted(maps.Keys(files)) {
		h.WriteString(path)
		binary.BigEndian.PutUint64(size[:], uint64(len(files[path])))
		h.Write(size[:])
		h.Write(files[path])
	}
	return h.Sum64()
}

// Save writes the tree below a directory that is there.
func (t Tree) Save(dir string) error {
	files := t.Files()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		to := filepath.Join(dir, filepath.FromSlash(path))
		var err error
		if path[len(path)-1] == '/' {
			err = os.Mkdir(to, 0o700)
		} else {
			err = os.WriteFile(to, files[path], 0o600)
		}
		if err != nil {
			return fmt.Errorf("cannot save a state of the disk: %w", err)
		}
	}
	return nil
}

// Load reads a directory.
func Load(dir string) (Tree, error) {
	t := NewTree()
	numbers := map[string]int{".": Root}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		number := len(t.nodes) + Root
		n := node{names: map[string]int{}}
		switch {
		case e.IsDir():
			numbers[rel] = number
		case e.Type().IsRegular():
			if n.data, err = os.ReadFile(path); err != nil {
				return err
			}
			n.names = nil
		default:
			return errors.New("neither file nor directory: " + path)
		}
		t.nodes[number] = n
		t.enter(numbers[filepath.Dir(rel)], filepath.Base(rel), number)
		return nil
	})
	if err != nil {
		return Tree{}, fmt.Errorf("cannot load a directory: %w", err)
	}
	return t, nil
}
