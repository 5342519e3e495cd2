// SPDX-License-Identifier: Apache-2.0

package crashdisk

import "fmt"

// Kind says what an Op does.
type Kind uint8

// The kinds of operations. Sync and SyncDir make others durable, Mark is a word
// of the program that runs on the disk.
const (
	Create   Kind = iota + 1 // an empty file Node under Name in Dir
	Mkdir                    // an empty directory Node under Name in Dir
	Write                    // Data at At in Node
	Truncate                 // Node to Size bytes
	Link                     // Name in Dir for Node
	Unlink                   // Name in Dir
	Rename                   // Name in Dir to ToName in the same directory
	Leave                    // the old name of a file that went to another directory: Name in Dir, now ToName in ToDir
	Sync                     // bytes and length of Node
	SyncDir                  // names in Dir
	Mark                     // Word
)

// Op is one operation. Files and directories have numbers, the top is Root.
type Op struct {
	Kind         Kind
	Node         int
	Dir, ToDir   int
	Name, ToName string
	At, Size     int64
	Data         []byte
	Word         string
}

// Root is the number of the top directory.
const Root = 1

func (o Op) String() string {
	switch o.Kind {
	case Create, Mkdir, Link:
		return fmt.Sprintf("%s of node %d as %s in %d", kindNames()[o.Kind], o.Node, o.Name, o.Dir)
	case Write:
		return fmt.Sprintf("write of %d bytes at %d of node %d", len(o.Data), o.At, o.Node)
	case Truncate:
		return fmt.Sprintf("truncate of node %d to %d", o.Node, o.Size)
	case Rename, Leave:
		return fmt.Sprintf("%s of %s in %d to %s", kindNames()[o.Kind], o.Name, o.Dir, o.ToName)
	case Unlink:
		return fmt.Sprintf("unlink of %s in %d", o.Name, o.Dir)
	case Sync:
		return fmt.Sprintf("sync of node %d", o.Node)
	case SyncDir:
		return fmt.Sprintf("sync of the names in %d", o.Dir)
	}
	return "mark " + o.Word
}

func kindNames() map[Kind]string {
	return map[Kind]string{Create: "create", Mkdir: "mkdir", Link: "link", Rename: "rename", Leave: "rename to another directory"}
}

// data reports whether the operation is about the bytes of a file.
func (o Op) data() bool { return o.Kind == Write || o.Kind == Truncate }

// name reports whether the operation is about an entry of a directory.
func (o Op) name() bool {
	switch o.Kind {
	case Create, Mkdir, Link, Unlink, Rename, Leave:
		return true
	}
	return false
}
