// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/quietsetup/quietsetup"

// root is the top of the repository, seen from this package.
const root = "../.."

// file is one Go file of any platform, parsed with comments.
type file struct {
	path    string // slash path below the top: "store/append.go"
	dir     string // "store"
	test    bool   // _test.go, or in a package that only tests import
	text    []byte
	ast     *ast.File
	imports []string
}

// source is the whole repository.
type source struct {
	fset  *token.FileSet
	files []*file
}

// once reads the repository for all tests together; they only look at it.
var once = sync.OnceValues(read)

// load returns every Go file outside testdata and hidden directories, whatever
// platform it is built for.
func load(t *testing.T) *source {
	t.Helper()
	s, err := once()
	if err != nil {
		t.Fatalf("cannot read the source: %v", err)
	}
	if len(s.files) == 0 {
		t.Fatal("found no Go file: the tests would prove nothing")
	}
	return s
}

func read() (*source, error) {
	s := &source{fset: token.NewFileSet()}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			b := d.Name()
			if name != root && (b == "testdata" || b == "bin" || b == "dist" || strings.HasPrefix(b, ".") || strings.HasPrefix(b, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(s.fset, filepath.ToSlash(rel), text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := &file{path: filepath.ToSlash(rel), text: text, ast: parsed, test: strings.HasSuffix(rel, "_test.go")}
		f.dir = path.Dir(f.path)
		for _, im := range parsed.Imports {
			p, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, p)
		}
		s.files = append(s.files, f)
		return nil
	})
	return s, err
}

// dirs lists every directory that holds Go files, sorted.
func (s *source) dirs() []string {
	var out []string
	for _, f := range s.files {
		out = append(out, f.dir)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// at is the position of a node for messages: "store/append.go:12".
func (s *source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// own returns the package below the module that an import path names.
func own(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// standard reports whether an import path belongs to the standard library.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// within reports whether an import path is the module or package want, or lies below it.
func within(importPath, want string) bool {
	return importPath == want || strings.HasPrefix(importPath, want+"/")
}
