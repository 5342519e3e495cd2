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
	"strings"

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
	// OldFolders returns the folders of those programs in the machine's list of
	// installed ones whose name fits; nil = the machine keeps no such list.
	OldFolders func(fits func(displayName string) bool) ([]string, error)
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
	p := emptyPackage(id)
	if err := productid.Check(id); err != nil {
		return p, &events.Problem{Code: CodeMissing, Message: err.Error()}, nil
	}
	depot, err := r.openDepot()
	if err != nil {
		return p, nil, err
	}
	defer depot.Close()
	root, err := openPackage(depot, id)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotPlain) {
		return p, &events.Problem{Code: CodeMissing, Message: "the depot has no package folder " + id}, nil
	}
	if err != nil {
		return p, nil, err
	}
	defer root.Close()
	x, err := r.examine(root, p, filepath.Join(r.Depot, id, ClientData))
	return x.Package, x.problem(), err
}

// Exam is everything that was found in one package on one machine.
type Exam struct {
	Package    Package
	Candidates []Candidate // every installer of the metadata file
	// Mistakes keep the package from being used; they name files as Load does,
	// "<id>/OPSI/control.toml", each with its code.
	Mistakes []tomlfile.Mistake
	Doubts   []tomlfile.Mistake // what Package.Warnings says
	groups   []group            // the mistakes as they were found
}

// group are mistakes of one reason. One line must do for a Problem: the first
// mistake, and how many more there are.
type group struct {
	code     string
	mistakes []tomlfile.Mistake
}

func (x Exam) problem() *events.Problem {
	if len(x.groups) == 0 {
		return nil
	}
	g := x.groups[0]
	message := g.mistakes[0].Error()
	if n := len(g.mistakes) - 1; n > 0 {
		message += fmt.Sprintf(" (and %d more)", n)
	}
	return &events.Problem{Code: g.code, Message: message}
}

// Examine is Load for those who want to know all that is wrong at once. The
// package's folder is open already. It is judged as if it lay in the depot,
// which need not be there: the machine may be another than this.
func (r Reader) Examine(root *os.Root, id string) (Exam, error) {
	return r.examine(root, emptyPackage(id), r.folder(id))
}

// ExamineText is Examine for a metadata file without a package around it. Its
// mistakes name it as called.
func (r Reader) ExamineText(id, called string, text []byte) Exam {
	l := &loading{exam: Exam{Package: emptyPackage(id)}, sum: sha256.New(), machine: r.Machine, checkDir: r.CheckDir, oldFolders: r.OldFolders}
	l.pkg = &l.exam.Package
	l.constants = r.Constants.with(*l.pkg, r.folder(id))
	if doc := l.parse(called, text, tomlfile.Parse); doc != nil {
		l.metadata(doc, nil)
	}
	return l.done()
}

// ExamineControl is Examine for a control file without a package around it, of
// the old form or the newer one.
func ExamineControl(called string, text []byte, old bool) Exam {
	l := &loading{sum: sha256.New()}
	l.pkg = &l.exam.Package
	parse := tomlfile.Parse
	if old {
		parse = ParseOldControl
	}
	if doc := l.parse(called, text, parse); doc != nil {
		l.control(doc, old)
	}
	return l.done()
}

// folder is where a package lies on the machine.
func (r Reader) folder(id string) string {
	sep := "/"
	if r.Machine.OS == "windows" {
		sep = `\`
	}
	return strings.Join([]string{r.Depot, id, ClientData}, sep)
}

func emptyPackage(id string) Package {
	return Package{Package: events.Package{Product: id, Name: id, Background: true, ExitCodes: events.ExitCodes{OK: []int{0}}},
		Policy: policy.NewLayer(policy.Metadata)}
}

func (r Reader) examine(root *os.Root, p Package, folder string) (Exam, error) {
	l := &loading{exam: Exam{Package: p}, sum: sha256.New(), machine: r.Machine, checkDir: r.CheckDir, oldFolders: r.OldFolders}
	l.pkg = &l.exam.Package
	err := l.read(root, r, folder)
	if err == nil {
		err = l.unseen
	}
	return l.done(), err
}

func (l *loading) done() Exam {
	l.pkg.Digest = hex.EncodeToString(l.sum.Sum(nil))
	for _, g := range l.exam.groups {
		l.exam.Mistakes = append(l.exam.Mistakes, g.mistakes...)
	}
	return l.exam
}

// loading is one package being read.
type loading struct {
	exam      Exam
	pkg       *Package  // the exam's
	sum       hash.Hash // over every file read
	machine   Machine
	constants Constants
	checkDir  func(dir string) error
	badDirs   []tomlfile.Mistake

	oldFolders func(fits func(string) bool) ([]string, error)
	unseen     error // why the machine's list of installed programs could not be read
}

// found notes mistakes that keep the package from being used.
func (l *loading) found(code string, mistakes ...tomlfile.Mistake) {
	if len(mistakes) > 0 {
		l.exam.groups = append(l.exam.groups, group{code, mistakes})
	}
}

// take notes the mistakes of documents that were not noted yet.
func (l *loading) take(docs ...*tomlfile.Document) {
	seen := map[tomlfile.Mistake]bool{}
	for _, g := range l.exam.groups {
		for _, m := range g.mistakes {
			seen[m] = true
		}
	}
	var fresh []tomlfile.Mistake
	for _, d := range docs {
		for _, m := range d.Mistakes() {
			if !seen[m] {
				seen[m] = true
				fresh = append(fresh, m)
			}
		}
	}
	l.found(CodeUnreadable, fresh...)
}

// read reads the package's files. After a mistake it goes on, so that all are
// found; an error says that a file could not be looked at.
func (l *loading) read(root *os.Root, r Reader, folder string) error {
	if err := l.readControl(root); err != nil {
		return err
	}
	info, err := root.Lstat(ClientData)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		l.found(CodeUnreadable, tomlfile.Mistake{File: l.pkg.Product + "/" + ClientData, Code: CodeFiles, Text: "is not there, or not a plain folder"})
		return nil
	}
	if err != nil {
		return err
	}
	l.pkg.Folder = folder
	l.constants = r.Constants.with(*l.pkg, l.pkg.Folder)

	own, err := l.file(root, MetaFile, l.pkg.Product+"/"+MetaFile, tomlfile.Parse)
	if err != nil {
		return err
	}
	over, err := l.overlay(r.Overlay, r.CheckOverlay)
	if err != nil {
		return err
	}
	if own != nil || over != nil {
		l.metadata(own, over)
	}
	return nil
}

// readControl reads the control file in the newer form, or else in the old one.
func (l *loading) readControl(root *os.Root) error {
	called := l.pkg.Product + "/" + ControlFile
	groups := len(l.exam.groups)
	doc, err := l.file(root, ControlFile, called, tomlfile.Parse)
	old := err == nil && doc == nil && len(l.exam.groups) == groups
	if old {
		doc, err = l.file(root, OldControlFile, l.pkg.Product+"/"+OldControlFile, ParseOldControl)
	}
	switch {
	case err != nil:
		return err
	case doc != nil:
		l.control(doc, old)
	case len(l.exam.groups) == groups:
		l.found(CodeUnreadable, tomlfile.Mistake{File: called, Code: CodeFiles, Text: "is missing"})
	}
	return nil
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
	return l.judged(root, name, path, tomlfile.Parse, func(info fs.FileInfo) error {
		if check == nil {
			return nil
		}
		if err := check(path, info); err != nil {
			return unbelieved(strings.TrimPrefix(err.Error(), path+": "))
		}
		return nil
	})
}

// unbelieved says who could change a file that must not be believed.
type unbelieved string

func (u unbelieved) Error() string { return string(u) }

// file reads and parses one file, nil if it is not there or not readable as
// what it should be. Messages call it by the second name.
func (l *loading) file(root *os.Root, name, called string, parse func(string, []byte) (*tomlfile.Document, error)) (*tomlfile.Document, error) {
	return l.judged(root, name, called, parse, func(fs.FileInfo) error { return nil })
}

// judged is file for one that is judged once it is open: nobody can exchange it
// any more.
func (l *loading) judged(root *os.Root, name, called string, parse func(string, []byte) (*tomlfile.Document, error), judge func(fs.FileInfo) error) (*tomlfile.Document, error) {
	text, err := readPlain(root, name, judge)
	var u unbelieved
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, ErrNotPlain), errors.Is(err, ErrTooLarge), errors.As(err, &u):
		l.found(CodeUnreadable, tomlfile.Mistake{File: called, Code: CodeFiles, Text: err.Error()})
		return nil, nil
	case err != nil:
		return nil, err
	}
	fmt.Fprintf(l.sum, "%s %d\n", name, len(text))
	l.sum.Write(text)
	return l.parse(called, text, parse), nil
}

func (l *loading) parse(called string, text []byte, parse func(string, []byte) (*tomlfile.Document, error)) *tomlfile.Document {
	doc, err := parse(called, text)
	if err == nil {
		return doc
	}
	var m tomlfile.Mistake
	if !errors.As(err, &m) {
		m = tomlfile.Mistake{File: called, Code: tomlfile.CodeSyntax, Text: err.Error()}
	}
	l.found(CodeUnreadable, m)
	return nil
}
