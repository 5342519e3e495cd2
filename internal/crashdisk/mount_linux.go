// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// MarkAttr is the extended attribute of the mounted directory that a program sets
// to put a Mark among its operations.
const MarkAttr = "user.mark"

// Mounted is a disk in memory under a directory, and the record of what was asked
// of it. The process that mounts it must not map its files: it would wait for
// itself.
type Mounted struct {
	server *fuse.Server

	mu     sync.Mutex
	live   Tree // what programs see
	disk   *Disk
	run    []Op
	next   int // number of the next node
	refuse func(n int, o Op) syscall.Errno
}

// Mount mounts a tree that is durable. refuse, if not nil, is asked before the
// n-th operation, which is not carried out unless it answers 0. It needs root.
func Mount(dir string, t Tree, refuse func(n int, o Op) syscall.Errno) (*Mounted, error) {
	m := &Mounted{live: t.Clone(), disk: NewDisk(t), next: Root, refuse: refuse}
	for number := range t.nodes {
		m.next = max(m.next, number+1)
	}
	long := time.Hour // nobody else changes anything
	root := &inode{m: m, number: Root}
	server, err := fs.Mount(dir, root, &fs.Options{
		EntryTimeout: &long, AttrTimeout: &long,
		MountOptions:   fuse.MountOptions{DirectMountStrict: true, FsName: "crashdisk", Name: "crashdisk", EnableLocks: false},
		RootStableAttr: &fs.StableAttr{Ino: Root},
		OnAdd:          func(ctx context.Context) { m.plant(ctx, root) },
	})
	if err != nil {
		return nil, fmt.Errorf("cannot mount a disk at %s: %w", dir, err)
	}
	m.server = server
	return m, nil
}

// plant makes the inodes of everything below a directory.
func (m *Mounted) plant(ctx context.Context, dir *inode) {
	for name, number := range m.live.nodes[dir.number].names {
		child := dir.child(ctx, number)
		dir.AddChild(name, child, false)
		if m.live.nodes[number].names != nil {
			m.plant(ctx, child.Operations().(*inode))
		}
	}
}

// Unmount ends the disk. Processes that used it must be gone.
func (m *Mounted) Unmount() error {
	var err error
	for range 50 { // a killed process may still be on its way out
		if err = m.server.Unmount(); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("cannot unmount a disk: %w", err)
}

// Run is what was asked of the disk until now.
func (m *Mounted) Run() []Op {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.run)
}

// Cut is one state that a power cut now may leave, by chance, how many operations
// were not durable and how many of them are in it.
func (m *Mounted) Cut(rng *rand.Rand) (t Tree, pending, kept int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, kept = m.disk.Cut(rng)
	return t, m.disk.Pending(), kept
}

// Live is what programs see now.
func (m *Mounted) Live() Tree {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live.Clone()
}

// take carries out an operation and writes it down. The caller holds m.mu.
func (m *Mounted) take(o Op) syscall.Errno {
	if m.refuse != nil {
		if errno := m.refuse(len(m.run)+1, o); errno != 0 {
			return errno
		}
	}
	m.run = append(m.run, o)
	m.live.apply(o)
	m.disk.Take(o)
	return 0
}

// inode is a file or directory of the mounted disk.
type inode struct {
	fs.Inode
	m      *Mounted
	number int
}

var (
	_ fs.NodeGetattrer  = (*inode)(nil)
	_ fs.NodeSetattrer  = (*inode)(nil)
	_ fs.NodeSetxattrer = (*inode)(nil)
	_ fs.NodeCreater    = (*inode)(nil)
	_ fs.NodeMkdirer    = (*inode)(nil)
	_ fs.NodeLinker     = (*inode)(nil)
	_ fs.NodeUnlinker   = (*inode)(nil)
	_ fs.NodeRenamer    = (*inode)(nil)
	_ fs.NodeOpener     = (*inode)(nil)
	_ fs.NodeReader     = (*inode)(nil)
	_ fs.NodeWriter     = (*inode)(nil)
	_ fs.NodeFsyncer    = (*inode)(nil)
)

func (i *inode) child(ctx context.Context, number int) *fs.Inode {
	mode := uint32(fuse.S_IFREG)
	if i.m.live.nodes[number].names != nil {
		mode = fuse.S_IFDIR
	}
	return i.NewPersistentInode(ctx, &inode{m: i.m, number: number}, fs.StableAttr{Mode: mode, Ino: uint64(number)})
}

func (i *inode) attr(out *fuse.Attr) {
	n := i.m.live.nodes[i.number]
	out.Ino, out.Size, out.Nlink, out.Mode = uint64(i.number), uint64(len(n.data)), 1, fuse.S_IFREG|0o600
	if n.names != nil {
		out.Mode = fuse.S_IFDIR | 0o700
	}
}

func (i *inode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	i.attr(&out.Attr)
	return 0
}

// Setattr changes the length; modes and times are not kept.
func (i *inode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if errno := i.m.take(Op{Kind: Truncate, Node: i.number, Size: int64(size)}); errno != 0 {
			return errno
		}
	}
	i.attr(&out.Attr)
	return 0
}

func (i *inode) Setxattr(_ context.Context, attr string, data []byte, _ uint32) syscall.Errno {
	if attr != MarkAttr {
		return syscall.ENOTSUP
	}
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	return i.m.take(Op{Kind: Mark, Word: string(data)})
}

// bear makes a new node under a name.
func (i *inode) bear(ctx context.Context, kind Kind, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	number := i.m.next
	i.m.next++
	if errno := i.m.take(Op{Kind: kind, Node: number, Dir: i.number, Name: name}); errno != 0 {
		return nil, errno
	}
	child := i.child(ctx, number)
	child.Operations().(*inode).attr(&out.Attr)
	return child, 0
}

func (i *inode) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, errno := i.bear(ctx, Create, name, out)
	return child, nil, 0, errno
}

func (i *inode) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return i.bear(ctx, Mkdir, name, out)
}

func (i *inode) Link(_ context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	to := target.(*inode)
	if errno := i.m.take(Op{Kind: Link, Node: to.number, Dir: i.number, Name: name}); errno != 0 {
		return nil, errno
	}
	to.attr(&out.Attr)
	return to.EmbeddedInode(), 0
}

func (i *inode) Unlink(_ context.Context, name string) syscall.Errno {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	return i.m.take(Op{Kind: Unlink, Dir: i.number, Name: name})
}

// Rename of a file to another directory is two operations: the new name and the
// end of the old one.
func (i *inode) Rename(_ context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	to := parent.(*inode).number
	if to == i.number {
		return i.m.take(Op{Kind: Rename, Dir: i.number, Name: name, ToName: newName})
	}
	number := i.m.live.nodes[i.number].names[name]
	if errno := i.m.take(Op{Kind: Link, Node: number, Dir: to, Name: newName}); errno != 0 {
		return errno
	}
	leave := Op{Kind: Leave, Node: number, Dir: i.number, Name: name, ToDir: to, ToName: newName}
	i.m.run = append(i.m.run, leave) // not refused: the first half is there
	i.m.live.apply(leave)
	i.m.disk.Take(leave)
	return 0
}

func (i *inode) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (i *inode) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	data := i.m.live.nodes[i.number].data
	from := min(at, int64(len(data)))
	return fuse.ReadResultData(data[from:min(from+int64(len(dest)), int64(len(data)))]), 0
}

func (i *inode) Write(_ context.Context, _ fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	if errno := i.m.take(Op{Kind: Write, Node: i.number, At: at, Data: bytes.Clone(data)}); errno != 0 {
		return 0, errno
	}
	return uint32(len(data)), 0
}

func (i *inode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	kind := Sync
	if i.m.live.nodes[i.number].names != nil {
		kind = SyncDir
	}
	o := Op{Kind: kind, Node: i.number}
	if kind == SyncDir {
		o = Op{Kind: kind, Dir: i.number}
	}
	return i.m.take(o)
}
