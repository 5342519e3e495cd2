// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/quietsetup/quietsetup/checks"
)

// origin is what holds of a process as long as it runs the same executable.
//
// The path of an executable is that of the mount it was started from. A process
// that changes its mount namespace later keeps it, so the namespace needs to be
// asked for only once for each executable a process runs, not at every look.
type origin struct {
	exe        string // as read, with the kernel's mark; "" = a thread of the kernel
	interprets bool   // it is an interpreter
	foreign    bool   // started in another mount namespace than the machine's
	file       identity
}

// origins is what is known of processes by pid: what the look before learned,
// which other looks may be reading too, and what this one adds.
type origins struct {
	old   map[int32]origin
	fresh map[int32]origin
	kept  int // entries of old that were found to hold still
}

// get returns the origin of a process, if it is known for that executable.
func (o *origins) get(pid int32, exe string) (origin, bool) {
	if x, ok := o.fresh[pid]; ok {
		return x, x.exe == exe
	}
	x, ok := o.old[pid]
	return x, ok && x.exe == exe
}

// keep notes that an entry still holds, once for each process.
func (o *origins) keep() { o.kept++ }

func (o *origins) set(pid int32, x origin) { o.fresh[pid] = x }

// of returns what is known of the listed processes, and of no other: a pid may
// be given to another process.
func (o *origins) of(list []int32) map[int32]origin {
	if len(o.fresh) == 0 && o.kept == len(o.old) {
		return o.old // nothing has changed, as mostly
	}
	all := make(map[int32]origin, len(list))
	for _, pid := range list {
		if x, ok := o.fresh[pid]; ok {
			all[pid] = x
		} else if x, ok := o.old[pid]; ok {
			all[pid] = x
		}
	}
	return all
}

// identity is a file whatever its path.
type identity struct{ dev, ino uint64 }

func identityOf(path string) (identity, error) {
	var st syscall.Stat_t
	if err := ignoringEINTR(func() error { return syscall.Stat(path, &st) }); err != nil {
		return identity{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return identity{uint64(st.Dev), st.Ino}, nil
}

func ignoringEINTR(f func() error) error {
	for {
		if err := f(); err != syscall.EINTR {
			return err
		}
	}
}

// homeNamespaces returns the mount namespaces whose paths are the machine's:
// that of process 1, and our own, which differs where the service is sandboxed.
func homeNamespaces() map[string]bool {
	out := map[string]bool{}
	for _, pid := range []string{"1", "self"} {
		if ns, err := os.Readlink("/proc/" + pid + "/ns/mnt"); err == nil {
			out[ns] = true
		}
	}
	return out
}

// originOf asks the kernel where a process's executable comes from.
func originOf(pid int32, exe string, home map[string]bool) (origin, error) {
	_, interprets := interpreter(exe)
	o := origin{exe: exe, interprets: interprets}
	ns, err := os.Readlink(procFile(pid, "ns/mnt"))
	if err != nil && gone(err) {
		ns, err = os.Readlink(threadFile(pid, "ns/mnt"))
	}
	if err != nil {
		return o, err
	}
	if o.foreign = !home[ns]; o.foreign {
		o.file, err = identityOf(threadFile(pid, "exe"))
	}
	return o, err
}

// maxFiles bounds the files looked at below install directories.
const maxFiles = 1 << 20

var errManyFiles = errors.New("more than " + strconv.Itoa(maxFiles) + " files")

// inventory is the files of the searched places by device and inode. It is made
// only when a process of another mount namespace asks for it.
type inventory struct {
	places []checks.Place
	made   bool
	files  map[identity]string // -> rule
	devs   map[uint64]bool     // devices the places lie on
	err    error
}

func (v *inventory) make(ctx context.Context) {
	if v.made {
		return
	}
	v.made, v.files, v.devs = true, map[identity]string{}, map[uint64]bool{}
	for _, p := range v.places {
		if v.err = v.addPlace(ctx, p); v.err != nil {
			// No path here: a reason is kept in the open.
			v.err = fmt.Errorf("cannot go through the files of %q: %w", p.Rule, cause(v.err))
			return
		}
	}
}

func (v *inventory) addPlace(ctx context.Context, p checks.Place) error {
	dev, err := identityOf(existing(p.Path))
	if err != nil {
		return err
	}
	v.devs[dev.dev] = true
	if !p.Dir {
		if id, err := identityOf(p.Path); err == nil {
			v.files[id] = p.Rule
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return filepath.WalkDir(p.Path, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile, or not installed yet
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && len(v.files) >= maxFiles {
			err = errManyFiles
		}
		if err != nil {
			return &fs.PathError{Op: "walk", Path: path, Err: err}
		}
		if !d.Type().IsRegular() {
			return nil
		}
		id, err := identityOf(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if _, ok := v.files[id]; !ok && err == nil {
			v.files[id] = p.Rule
		}
		return err
	})
}

// existing returns path, or the nearest folder above it that exists.
func existing(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// foreignRule finds the rule for a file that a process in another mount
// namespace runs. shown is its path as the kernel tells it, which may mean
// another file here, or none.
func (s *search) foreignRule(shown string, file identity) (string, bool) {
	if rule, ok := s.match.MatchName(shown); ok {
		return rule, true
	}
	clean := s.rules.Clean(shown)
	if here, err := identityOf(clean); err == nil && here == file {
		return s.match.Match(shown) // the same file under the same path: a sandbox, not a container
	}
	s.files.make(s.ctx)
	if strings.HasSuffix(shown, " (deleted)") {
		// The file has no place any more. It was ours if it lay where we look,
		// on a device we look at.
		if s.files.devs[file.dev] {
			return s.match.Match(shown)
		}
		return "", false
	}
	rule, ok := s.files.files[file]
	return rule, ok
}
