// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const spdx = "SPDX-License-Identifier: Apache-2.0"

// TestLicenceLines looks at the first lines of everything we write by hand.
func TestLicenceLines(t *testing.T) {
	for _, f := range load(t).files {
		if !strings.HasPrefix(string(f.text), "// "+spdx+"\n") {
			t.Errorf("%s does not begin with // %s", f.path, spdx)
		}
	}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if b := d.Name(); name != root && (b == ".git" || b == "testdata" || b == "bin" || b == "dist" || b == "cache") {
				return filepath.SkipDir
			}
			return nil
		}
		ext := filepath.Ext(name)
		if !slices.Contains([]string{".sh", ".toml", ".yml", ".yaml", ".service", ".conf"}, ext) && d.Name() != "Makefile" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if head := text[:min(len(text), 200)]; !strings.Contains(string(head), spdx) {
			t.Errorf("%s does not begin with # %s", name, spdx)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPackagesTeach wants every package to say what its room is about.
func TestPackagesTeach(t *testing.T) {
	s := load(t)
	documented := map[string]bool{}
	for _, f := range s.files {
		if f.test || f.ast.Doc == nil {
			continue
		}
		text := f.ast.Doc.Text()
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + filepath.Base(f.dir) + " "
		}
		if !strings.HasPrefix(text, want) {
			t.Errorf("%s: the package comment begins with %q", f.path, want)
			continue
		}
		if documented[f.dir] {
			t.Errorf("%s: package %s is documented twice", f.path, f.dir)
		}
		documented[f.dir] = true
	}
	for _, dir := range s.dirs() {
		if !documented[dir] {
			t.Errorf("package %s has no package comment", dir)
		}
		for _, part := range strings.Split(dir, "/") {
			if slices.Contains([]string{"util", "utils", "common", "manager", "helper", "helpers", "misc", "shared", "lib"}, part) {
				t.Errorf("package %s: the name %q says nothing about what is in it", dir, part)
			}
		}
	}
}

// TestExportedIsDocumented wants a comment on what other packages may use.
func TestExportedIsDocumented(t *testing.T) {
	s := load(t)
	for _, f := range s.files {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		for _, c := range undocumented(f.ast) {
			t.Errorf("%s: %s", s.at(c.node), c.text)
		}
	}
}

// undocumented finds exported functions, types and values without a comment.
// One-line methods that satisfy an interface need none: the interface has it.
func undocumented(f *ast.File) []complaint {
	var out []complaint
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Recv == nil && d.Name.IsExported() {
				out = append(out, complaint{d, "exported function " + d.Name.Name + " has no comment"})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						out = append(out, complaint{spec, "exported type " + spec.Name.Name + " has no comment"})
					}
				case *ast.ValueSpec:
					if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						out = append(out, complaint{spec, "exported " + spec.Names[0].Name + " has no comment"})
					}
				}
			}
		}
	}
	return out
}

// TestSmallInterfaces keeps interfaces so small that a test can stand in for one.
func TestSmallInterfaces(t *testing.T) {
	const most = 5
	s := load(t)
	for _, f := range s.files {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if ts, ok := n.(*ast.TypeSpec); ok {
				if it, ok := ts.Type.(*ast.InterfaceType); ok {
					if n := s.methods(f.dir, it); n > most {
						t.Errorf("%s: interface %s has %d methods, at most %d: split it by who needs what", s.at(ts), ts.Name.Name, n, most)
					}
				}
			}
			return true
		})
	}
}

// methods counts an interface's methods; what it embeds from its own package is
// followed, what it embeds from elsewhere counts as one.
func (s *source) methods(dir string, it *ast.InterfaceType) int {
	n := 0
	for _, m := range it.Methods.List {
		if len(m.Names) > 0 {
			n += len(m.Names)
			continue
		}
		id, ok := m.Type.(*ast.Ident)
		if !ok {
			n++
			continue
		}
		for _, f := range s.files {
			if f.dir != dir {
				continue
			}
			for _, d := range f.ast.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range g.Specs {
					ts, ok := spec.(*ast.TypeSpec)
					if !ok || ts.Name.Name != id.Name {
						continue
					}
					if inner, ok := ts.Type.(*ast.InterfaceType); ok {
						n += s.methods(dir, inner)
					}
				}
			}
		}
	}
	return n
}

// TestShortFiles keeps every file one subject long.
func TestShortFiles(t *testing.T) {
	const most = 500
	for _, f := range load(t).files {
		if lines := strings.Count(string(f.text), "\n"); lines > most && !f.test {
			t.Errorf("%s has %d lines, at most %d: it holds more than one subject", f.path, lines, most)
		}
	}
}

// TestNobodySkipsAlone wants every skip to go through internal/needs, which
// gives the reason and fails where the need is promised.
func TestNobodySkipsAlone(t *testing.T) {
	s := load(t)
	for _, f := range s.files {
		if f.dir == "internal/needs" {
			continue
		}
		for _, n := range skips(f.ast) {
			t.Errorf("%s skips a test by itself: ask internal/needs", s.at(n))
		}
	}
}

// skips finds calls that end a test as skipped. rapid's Skip is none: it gives
// up one example of a property, not the test.
func skips(f *ast.File) []ast.Node {
	var out []ast.Node
	var visit func(n ast.Node, example bool)
	visit = func(root ast.Node, example bool) {
		ast.Inspect(root, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Body != nil {
					visit(n.Body, takesExample(n.Type))
				}
				return false
			case *ast.FuncLit:
				visit(n.Body, takesExample(n.Type) || example && n.Type.Params.NumFields() == 0)
				return false
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || example || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
					break
				}
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) {
					out = append(out, n)
				}
			}
			return true
		})
	}
	visit(f, false)
	return out
}

// takesExample reports whether a function is given a *rapid.T.
func takesExample(ft *ast.FuncType) bool {
	for _, p := range ft.Params.List {
		star, ok := p.Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		if sel, ok := star.X.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "rapid" && sel.Sel.Name == "T" {
				return true
			}
		}
	}
	return false
}

// TestStyleRulesBite makes sure that these rules can fail.
func TestStyleRulesBite(t *testing.T) {
	// Files of their own, so that nothing here reads like a skip. rapid's is none.
	for name, want := range map[string]int{"skipping.txt": 3, "skipping_example.txt": 1} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(skips(parse(t, string(text)))); n != want {
			t.Errorf("%s: found %d of %d skips", name, n, want)
		}
	}
	if n := len(undocumented(parse(t, "func F() {}\ntype T int\nvar V = 1\nfunc g() {}\n// H is.\nfunc H() {}"))); n != 3 {
		t.Errorf("found %d of 3 without a comment", n)
	}
}
