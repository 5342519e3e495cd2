// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// Reader reads the packages of one depot. Its fields are set once.
type Reader struct {
	Depot     string    // absolute folder of packages
	Overlay   string    // absolute folder of <id>.toml files; "" = none
	Machine   Machine   // whom the installer must fit
	Constants Constants // of the machine; those of the package are added
	// CheckDir returns nil for a directory that may be searched for running
	// programs, whether it exists or not. Its error names the directory and says
	// why it must not be. Without the function no directory may.
	CheckDir func(dir string) error
	// CheckOverlay returns nil for a file of the overlay that may be believed: it
	// can name what is run. Its error names the file and says who could change it.
	// nil = each is believed.
	CheckOverlay func(path string, info fs.FileInfo) error
}

// Load reads one product's package. A Problem says why the package cannot be
// used; what was read before it was found is in Package. An error says that it
// could not be looked at, and then nothing is known; it wraps
// ErrDepotUnreachable when the depot as a whole is missing.
func (r Reader) Load(id string) (Package, *events.Problem, error) {
	p := Package{Package: events.Package{Product: id, Name: id, Background: true, ExitCodes: events.ExitCodes{OK: []int{0}}},
		Policy: policy.NewLayer(policy.Metadata)}
	if err := productid.Check(id); err != nil {
		return p, &events.Problem{Code: CodeMissing, Message: err.Error()}, nil
	}
	depot, err := r.openDepot()
	if err != nil {
		return p, nil, err
	}
	defer depot.Close()
	root, err := openPackage(depot, id)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotPlain) {
		return p, &events.Problem{Code: CodeMissing, Message: "the depot has no package folder " + id}, nil
	}
	if err != nil {
		return p, nil, err
	}
	defer root.Close()
	l := &loading{pkg: p, sum: sha256.New(), machine: r.Machine, checkDir: r.CheckDir}
	err = l.read(root, r)
	l.pkg.Digest = hex.EncodeToString(l.sum.Sum(nil))
	problem := (*found)(nil)
	if errors.As(err, &problem) {
		return l.pkg, &events.Problem{Code: problem.code, Message: problem.message}, nil
	}
	return l.pkg, nil, err
}

// found is a Problem on its way out of the reading.
type found struct{ code, message string }

func (f *found) Error() string { return f.message }

// loading is one package being read.
type loading struct {
	pkg       Package
	sum       hash.Hash // over every file read
	machine   Machine
	constants Constants
	checkDir  func(dir string) error
	badDirs   []tomlfile.Mistake
}

func (l *loading) read(root *os.Root, r Reader) error {
	control, err := l.file(root, controlFile, l.pkg.Product+"/"+controlFile)
	if err != nil {
		return err
	}
	if control == nil {
		what := "is missing"
		if _, err := root.Lstat(oldControl); err == nil {
			what = "is missing; there is only OPSI/control, and this version does not read that form"
		}
		return &found{CodeUnreadable, l.pkg.Product + "/" + controlFile + ": " + what}
	}
	if err := l.control(control); err != nil {
		return err
	}
	info, err := root.Lstat(clientData)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return &found{CodeUnreadable, l.pkg.Product + "/" + clientData + ": is not there, or not a plain folder"}
	}
	if err != nil {
		return err
	}
	l.pkg.Folder = filepath.Join(r.Depot, l.pkg.Product, clientData)
	l.constants = r.Constants.with(l.pkg, l.pkg.Folder)

	own, err := l.file(root, metaFile, l.pkg.Product+"/"+metaFile)
	if err != nil {
		return err
	}
	over, err := l.overlay(r.Overlay, r.CheckOverlay)
	if err != nil {
		return err
	}
	if own == nil && over == nil {
		return nil
	}
	return l.metadata(own, over)
}

// overlay reads the site's own file for the product, nil if there is none.
func (l *loading) overlay(folder string, check func(string, fs.FileInfo) error) (*tomlfile.Document, error) {
	if folder == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the overlay folder: %w", err)
	}
	defer root.Close()
	name := l.pkg.Product + ".toml"
	path := filepath.Join(folder, name)
	if info, err := root.Lstat(name); err == nil && info.Mode().IsRegular() && check != nil {
		if err := check(path, info); err != nil {
			return nil, &found{CodeUnreadable, err.Error()}
		}
	}
	return l.file(root, name, path)
}

// file reads and parses one file, nil if it is not there. Messages call it by
// the second name.
func (l *loading) file(root *os.Root, name, called string) (*tomlfile.Document, error) {
	text, err := readPlain(root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, errNotPlain), errors.Is(err, errTooLarge):
		return nil, &found{CodeUnreadable, called + ": " + err.Error()}
	case err != nil:
		return nil, err
	}
	fmt.Fprintf(l.sum, "%s %d\n", name, len(text))
	l.sum.Write(text)
	doc, err := tomlfile.Parse(called, text)
	if err != nil {
		return nil, &found{CodeUnreadable, err.Error()}
	}
	return doc, nil
}

// asFound turns mistakes into one Problem, nil without any. One line must do:
// the first mistake, and how many more there are.
func asFound(code string, mistakes []tomlfile.Mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	message := mistakes[0].Error()
	if n := len(mistakes) - 1; n > 0 {
		message += fmt.Sprintf(" (and %d more)", n)
	}
	return &found{code, message}
}
