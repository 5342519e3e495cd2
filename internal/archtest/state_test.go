// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// initialisers are calls whose result may stand in a package variable, each with
// its reason. Go has no constant for them, and nothing can change them.
func initialisers() map[string]string {
	return map[string]string{
		"errors.New":               "a sentinel: compared, never changed",
		"fmt.Errorf":               "a sentinel that wraps another",
		"regexp.MustCompile":       "immutable once compiled",
		"strings.NewReplacer":      "immutable once built",
		"language.MustParse":       "immutable once parsed",
		"windows.NewLazySystemDLL": "how a system library is named",
	}
}

// TestNoHiddenState finds package variables that could be changed while the
// program runs. Allowed are sentinels, compiled patterns, embedded files, tables
// of constants that no code writes to, assertions to _, and in a main package
// strings that the linker sets.
func TestNoHiddenState(t *testing.T) {
	s := load(t)
	written := map[string]map[string]bool{}
	for _, f := range s.files {
		if written[f.dir] == nil {
			written[f.dir] = map[string]bool{}
		}
		if !f.test {
			writes(f.ast, written[f.dir])
		}
	}
	for _, f := range s.files {
		if f.test {
			continue
		}
		for _, c := range hiddenState(f.ast, written[f.dir]) {
			t.Errorf("%s: %s", s.at(c.node), c.text)
		}
	}
}

// hiddenState finds the variables of a file that are not one of the allowed kinds.
func hiddenState(f *ast.File, written map[string]bool) []complaint {
	var out []complaint
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				out = append(out, complaint{d, "func init: nothing happens by import alone; list it where it is used"})
			}
		case *ast.GenDecl:
			if d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				v := spec.(*ast.ValueSpec)
				if embedded(d.Doc) || embedded(v.Doc) {
					continue
				}
				for i, name := range v.Names {
					if name.Name == "_" {
						continue
					}
					var value ast.Expr
					if i < len(v.Values) {
						value = v.Values[i]
					}
					mainString := f.Name.Name == "main" && literal(value)
					if written[name.Name] || value == nil || !(fixed(value) || mainString) {
						out = append(out, complaint{name, "package variable " + name.Name + " can change: make it a constant, a function, or a field of who owns it"})
					} else if name.IsExported() && table(value) {
						out = append(out, complaint{name, "exported table " + name.Name + " can be changed from outside: return it from a function"})
					}
				}
			}
		}
	}
	return out
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

func literal(e ast.Expr) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Kind == token.STRING
}

func table(e ast.Expr) bool {
	_, ok := e.(*ast.CompositeLit)
	return ok
}

// fixed reports whether an initialiser is an allowed call or a table made of
// constants only.
func fixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr: // another package's sentinel under a name of our own
		_, ok := e.X.(*ast.Ident)
		return ok && strings.HasPrefix(e.Sel.Name, "Err")
	case *ast.CallExpr:
		sel, ok := e.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		if sel.Sel.Name == "NewProc" {
			return true // an entry of a system library
		}
		x, ok := sel.X.(*ast.Ident)
		return ok && initialisers()[x.Name+"."+sel.Sel.Name] != ""
	case *ast.CompositeLit:
		for _, el := range e.Elts {
			if !constant(el) {
				return false
			}
		}
		return true
	}
	return false
}

// constant reports whether an element of a table is fixed at compile time.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.Ident, *ast.SelectorExpr:
		return true
	case *ast.KeyValueExpr:
		return constant(e.Key) && constant(e.Value)
	case *ast.CompositeLit:
		return fixed(e)
	case *ast.UnaryExpr:
		return e.Op != token.AND && constant(e.X)
	case *ast.BinaryExpr:
		return constant(e.X) && constant(e.Y)
	case *ast.ParenExpr:
		return constant(e.X)
	}
	return false
}

// writes adds the names that a file assigns to, by itself, by index, by field or
// by address. A local variable of the same name counts too: then it is renamed.
func writes(f *ast.File, into map[string]bool) {
	target := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.ParenExpr:
				e = x.X
			case *ast.Ident:
				into[x.Name] = true
				return
			default:
				return
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, l := range n.Lhs {
					target(l)
				}
			}
		case *ast.IncDecStmt:
			target(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				target(n.X)
			}
		}
		return true
	})
}

// parse reads a piece of Go as a file of package p.
func parse(t *testing.T, code string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", "package p\n"+code, parser.ParseComments)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return f
}

// TestHiddenState makes sure that the kinds are told apart.
func TestHiddenState(t *testing.T) {
	for code, want := range map[string]int{
		`var ErrX = errors.New("x")`:              0,
		`var ErrX = other.ErrY`:                   0,
		`var re = regexp.MustCompile("x")`:        0,
		`var _ io.Reader = T{}`:                   0,
		"//go:embed a\nvar files embed.FS":        0,
		`var names = []string{"a", "b"}`:          0,
		`var names = map[string]int{"a": 1}`:      0,
		`var Names = []string{"a"}`:               1,
		`var names = []string{f()}`:               1,
		`var hooks = []func(){func() {}}`:         1,
		`var x int`:                               1,
		`var mu sync.Mutex`:                       1,
		`var p = &T{}`:                            1,
		`var version = "dev"`:                     1,
		"var t = []int{1}\nfunc f() { t[0] = 2 }": 1,
		"var t = []int{1}\nfunc f() { g(&t) }":    1,
		`func init() {}`:                          1,
		`const x = 1`:                             0,
		`var now = time.Now`:                      1,
	} {
		f := parse(t, code)
		w := map[string]bool{}
		writes(f, w)
		if got := len(hiddenState(f, w)); got != want {
			t.Errorf("%s: %d complaints, want %d", code, got, want)
		}
	}
}
