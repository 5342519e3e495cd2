// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// copyFolder holds the private copies of the supervisor's program.
const copyFolder = "supervisor"

// CopySelf puts a copy of the running program into the state directory, named by
// its hash, and returns its path for Options.Exe. Supervisors run from the copy,
// so a running attempt never locks the program's own update, and an update in the
// middle does not mix two builds. An equal copy is used again; copies of other
// builds are removed unless they are in use where that locks them.
//
// Where the state directory's file system refuses to run programs (noexec), the
// path of the running program itself is returned.
func CopySelf(stateDir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find the running program: %w", err)
	}
	if !filepath.IsAbs(stateDir) {
		return "", fmt.Errorf("cannot copy the program to %q: not an absolute path", stateDir)
	}
	if refusesPrograms(stateDir) {
		return self, nil
	}
	src, err := os.Open(runningImage(self))
	if err != nil {
		return "", fmt.Errorf("cannot read the running program: %w", err)
	}
	defer src.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, src)
	if err == nil {
		_, err = src.Seek(0, io.SeekStart)
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the running program: %w", err)
	}
	name := hex.EncodeToString(hash.Sum(nil))
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	root, err := openCopies(stateDir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	path := filepath.Join(stateDir, copyFolder, name)
	if !equalCopy(root, name, size, hash.Sum(nil)) {
		if err := writeCopy(root, name, src); err != nil {
			return "", fmt.Errorf("cannot write %s: %w", path, err)
		}
	}
	return path, removeOthers(root, name)
}

// openCopies opens the directory of copies, and creates it if need be.
func openCopies(stateDir string) (*os.Root, error) {
	path := filepath.Join(stateDir, copyFolder)
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("cannot create %s: %w", path, err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("cannot open %s: %w: it is %s, not a directory", path, ErrUntrusted, info.Mode().Type())
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	copies := &folder{root: root, path: path}
	if err := copies.trust(info); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// equalCopy reports whether the copy is there, is ours and has the size and hash.
func equalCopy(root *os.Root, name string, size int64, want []byte) bool {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != size || looksOurs(info) != nil || executableBits && info.Mode().Perm() != 0o700 {
		return false
	}
	file, err := root.OpenFile(name, os.O_RDONLY|dontBlock, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	if after, err := file.Stat(); err != nil || !os.SameFile(info, after) || ours(file, after) != nil {
		return false // exchanged meanwhile: a new copy takes its place
	}
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return err == nil && string(hash.Sum(nil)) == string(want)
}

func writeCopy(root *os.Root, name string, src io.Reader) error {
	temp := rand.Text() + endTemp
	file, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, src)
	if err == nil {
		err = file.Chmod(0o700) // whatever the umask made of it
	}
	if err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = renameName(root, temp, name)
	}
	if err != nil {
		return errors.Join(err, removeName(root, temp))
	}
	return syncDir(root)
}

// removeOthers deletes every file but one. A running copy may be locked; it is
// deleted another time.
func removeOthers(root *os.Root, keep string) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", root.Name(), err)
	}
	for _, e := range entries {
		if e.Name() != keep {
			_ = removeName(root, e.Name())
		}
	}
	return nil
}
