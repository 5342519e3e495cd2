// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/rig"
)

// stranger is a user who is not the one the service runs as.
const stranger = 65534

// swap is a way to put something into a file's place.
type swap struct {
	name string
	// put puts it at path, where nothing is. evil is a file of a stranger.
	put func(path, evil string, r reader) error
	// owner: it only shows by whose it is or who can write to it.
	owner bool
	// ours: a link to a file that may be the admin's way to keep it.
	link bool
}

func swaps() []swap {
	return []swap{
		{name: "a link to a stranger's file", link: true, put: func(p, evil string, _ reader) error { return os.Symlink(evil, p) }},
		{name: "a relative link out", link: true, put: func(p, evil string, _ reader) error {
			rel, err := filepath.Rel(filepath.Dir(p), evil)
			if err != nil {
				return err
			}
			return os.Symlink(rel, p)
		}},
		{name: "a link to a link", link: true, put: func(p, evil string, _ reader) error {
			if err := os.Symlink(evil, evil+".link"); err != nil && !os.IsExist(err) {
				return err
			}
			return os.Symlink(evil+".link", p)
		}},
		{name: "a link that leads nowhere", put: func(p, _ string, _ reader) error { return os.Symlink("nowhere", p) }},
		{name: "a link to itself", put: func(p, _ string, _ reader) error { return os.Symlink(filepath.Base(p), p) }},
		{name: "a link to an endless device", put: func(p, _ string, _ reader) error { return os.Symlink("/dev/zero", p) }},
		{name: "a link to a folder", put: func(p, evil string, _ reader) error { return os.Symlink(filepath.Dir(evil), p) }},
		{name: "a pipe", put: func(p, _ string, _ reader) error { return syscall.Mkfifo(p, 0o600) }},
		{name: "a folder", put: func(p, _ string, _ reader) error { return os.Mkdir(p, 0o700) }},
		{name: "a socket", put: func(p, _ string, _ reader) error { return syscall.Mknod(p, syscall.S_IFSOCK|0o600, 0) }},
		{name: "a device", put: func(p, _ string, _ reader) error { return syscall.Mknod(p, syscall.S_IFCHR|0o600, 1<<8|5) }},
		{name: "another name of a stranger's file", owner: true, put: func(p, evil string, _ reader) error { return os.Link(evil, p) }},
		{name: "a stranger's file", owner: true, put: func(p, _ string, r reader) error {
			if err := os.WriteFile(p, r.evil, 0o600); err != nil {
				return err
			}
			return os.Chown(p, stranger, stranger)
		}},
		{name: "a file that the group can write", owner: true, put: func(p, _ string, r reader) error { return writeMode(p, r.evil, 0o660) }},
		{name: "a file that all can write", owner: true, put: func(p, _ string, r reader) error { return writeMode(p, r.evil, 0o666) }},
		{name: "an endless file", put: func(p, _ string, _ reader) error {
			f, err := os.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			defer f.Close()
			return f.Truncate(1 << 28)
		}},
	}
}

func writeMode(path string, text []byte, mode os.FileMode) error {
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask is
}

// within reads with a limit: a reader that waits for ever is a fault.
func within(t testing.TB, r reader) (string, error) {
	t.Helper()
	type got struct {
		text string
		err  error
	}
	out := make(chan got, 1)
	go func() {
		text, err := r.read()
		out <- got{text, err}
	}()
	select {
	case g := <-out:
		return g.text, g.err
	case <-time.After(time.Minute):
		t.Fatalf("%s: the reader still waits after a minute", r.name)
		return "", nil
	}
}

// strangers writes the evil file where anybody may, as its owner's.
func strangers(t testing.TB, r reader) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evil")
	if err := os.WriteFile(path, r.evil, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chown(path, stranger, stranger), os.Chmod(path, 0o700), os.Chmod(filepath.Dir(path), 0o755)); err != nil {
		t.Fatal(err)
	}
	return path
}

// untouched tells what became of the places that links led to. Reading a file may
// mend the file, never what a link in its place leads to.
func untouched(evil string) error {
	for path, want := range map[string]os.FileMode{evil: 0o700, filepath.Dir(evil): os.ModeDir | 0o755} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Mode() != want {
			return fmt.Errorf("a link was followed: %s has mode %v", path, info.Mode())
		}
	}
	return nil
}

// TestRigHostileCases: whatever lies in a file's place, the service does not
// believe it, does not wait for it, and does not end.
func TestRigHostileCases(t *testing.T) {
	needs.Root(t)
	tried, faults := tryFiles(t, readers(t))
	for _, f := range faults {
		t.Error(f)
	}
	rig.Report(t, rig.HostileCases, tried, len(faults))
}

// tryFiles puts everything into each file's place, and then the good file.
func tryFiles(t *testing.T, readers []reader) (tried int, faults []string) {
	t.Helper()
	for _, r := range readers {
		evil := strangers(t, r)
		for _, s := range swaps() {
			if r.open && s.owner {
				continue
			}
			tried++
			if err := os.RemoveAll(r.path); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(r.path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := s.put(r.path, evil, r); err != nil {
				t.Fatal(err)
			}
			text, err := within(t, r)
			if strings.Contains(text, mark) && err == nil {
				faults = append(faults, fmt.Sprintf("%s: %s is believed: %.200s", r.name, s.name, text))
			}
			if err != nil && strings.Contains(err.Error(), mark) {
				faults = append(faults, fmt.Sprintf("%s: %s is read out: %v", r.name, s.name, err))
			}
		}
		if err := untouched(evil); err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", r.name, err))
		}
		// And then it is read as before.
		if err := os.RemoveAll(r.path); err != nil {
			t.Fatal(err)
		}
		put(t, r.path, r.good)
		if r.name == "supervisor's copy" {
			if err := os.Chmod(r.path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := within(t, r); err != nil || text == "" || strings.Contains(text, mark) {
			faults = append(faults, fmt.Sprintf("%s: the good file is read as %.200q, %v", r.name, text, err))
		}
	}
	return tried, faults
}

// plantedReader is the row's reader with another way to open the file.
func plantedReader(t *testing.T, open func(path string) (*os.File, error)) []reader {
	r := rowFile(t)
	r.read = func() (string, error) {
		f, err := open(r.path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, 1<<16))
		return string(text), err
	}
	return []reader{r}
}

func wantFound(t *testing.T, readers []reader, what string) {
	t.Helper()
	needs.Root(t)
	tried, faults := tryFiles(t, readers)
	if !strings.Contains(strings.Join(faults, "\n"), what) {
		t.Errorf("%d cases, and none sees it: %q", tried, faults)
	}
	t.Logf("found by %d of %d cases: %s", len(faults), tried, what)
}

// TestPlantedLinkFollowed: the file is opened by its path, as it stands there.
func TestPlantedLinkFollowed(t *testing.T) {
	wantFound(t, plantedReader(t, func(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) }), "a link to a stranger's file is believed")
}

// TestPlantedOwnerIgnored: links are refused, but nobody asks whose file it is.
func TestPlantedOwnerIgnored(t *testing.T) {
	wantFound(t, plantedReader(t, func(path string) (*os.File, error) {
		return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	}), "another name of a stranger's file is believed")
}

// TestEvilFilesCanBeSeen: put there by the service's own user, each evil file is
// believed, so the tests here would see it.
func TestEvilFilesCanBeSeen(t *testing.T) {
	for _, r := range readers(t) {
		if r.slow {
			continue // the twins mend each other, the copy is made anew
		}
		put(t, r.path, r.evil)
		if text, err := within(t, r); err != nil || !strings.Contains(text, mark) {
			t.Errorf("%s: %.200q, %v", r.name, text, err)
		}
	}
}

// TestRigSwapsInALoop puts evil things into a file's place while it is read: links,
// pipes, second names, strangers' files, always by a rename, so that the reader
// meets each at any moment.
func TestRigSwapsInALoop(t *testing.T) {
	needs.Root(t)
	tries := 300
	if rig.Full() {
		tries = 10_000
	}
	all := readers(t)
	faults := 0
	for _, r := range all {
		if !t.Run(r.name, func(t *testing.T) {
			n := tries
			if r.slow {
				n = tries / 50
			}
			evil := strangers(t, r)
			if r.turns {
				takeTurns(t, r, evil, n)
				if err := untouched(evil); err != nil {
					t.Error(err)
				}
				return
			}
			_ = os.RemoveAll(r.path)
			put(t, r.path, r.good)
			stop, ended := make(chan struct{}), make(chan error, 1)
			var swapped atomic.Int64
			go func() { ended <- swapUntil(stop, r, evil, &swapped) }()
			good, refused := 0, 0
			for tried := 0; tried < n || swapped.Load() < int64(n); tried++ {
				text, err := within(t, r)
				switch {
				case err == nil && strings.Contains(text, mark):
					close(stop)
					t.Fatalf("an evil file was believed after %d good reads: %.200s", good, text)
				case err == nil:
					good++
				default:
					refused++
				}
			}
			close(stop)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			t.Logf("%d tries and %d swaps: %d good, %d refused", good+refused, swapped.Load(), good, refused)
			if err := untouched(evil); err != nil {
				t.Error(err)
			}
			if refused == 0 {
				t.Error("the reader never met what was put there")
			}
		}) {
			faults++
		}
	}
	rig.Report(t, rig.HostileCases, len(all), faults)
}

// takeTurns puts something into the file's place before each try.
func takeTurns(t *testing.T, r reader, evil string, n int) {
	for i := range n {
		s := swaps()[i%len(swaps())]
		if err := os.RemoveAll(r.path); err != nil {
			t.Fatal(err)
		}
		if err := s.put(r.path, evil, r); err != nil {
			t.Fatal(err)
		}
		if text, err := within(t, r); err == nil && strings.Contains(text, mark) {
			t.Fatalf("%s is believed: %s", s.name, text)
		}
	}
}

// swapUntil replaces the file by something else again and again.
func swapUntil(stop chan struct{}, r reader, evil string, swapped *atomic.Int64) error {
	beside := r.path + ".swap"
	for i := 0; ; i++ {
		for _, s := range append(swaps(), swap{name: "good", put: func(p, _ string, r reader) error { return writeMode(p, r.good, 0o600) }}) {
			select {
			case <-stop:
				return os.RemoveAll(beside)
			default:
			}
			if r.open && s.owner || s.name == "a folder" || s.name == "an endless file" {
				continue // a folder is replaced by no rename
			}
			_ = os.RemoveAll(beside)
			if err := s.put(beside, evil, r); err != nil && !os.IsNotExist(err) {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if err := os.Rename(beside, r.path); err != nil && !os.IsNotExist(err) {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			swapped.Add(1)
		}
	}
}
