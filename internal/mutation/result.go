// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant is a change that was tried, named by what it is and not by where it is.
type mutant struct {
	File string `json:"file" toml:"file"` // with its package: fsm/order.go
	Func string `json:"func" toml:"func"` // "" = outside of functions
	// Change is the changed expression.
	Change string `json:"change" toml:"change"`
	at     int
}

// result is what came out for one package. A mutant that does not compile is
// none. One that made the tests run without end is noticed: a build would stop.
type result struct {
	Package   string   `json:"package"`
	Killed    int      `json:"killed"`
	TimedOut  int      `json:"timed_out"`
	Lived     int      `json:"lived"`
	NotViable int      `json:"not_viable"`
	Score     float64  `json:"score"`
	Date      string   `json:"date"`
	Sample    int      `json:"sample"` // one mutant of so many was tried
	Believed  bool     `json:"believed,omitempty"`
	Endless   []mutant `json:"endless,omitempty"`
	survivors []mutant
}

func (r result) score() float64 {
	if all := r.Killed + r.TimedOut + r.Lived; all > 0 {
		return 100 * float64(r.Killed+r.TimedOut) / float64(all)
	}
	return 0
}

// read makes a result of what was measured.
func (m measured) read(name string) (result, error) {
	var out struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type, Status string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(m.Gremlins, &out); err != nil {
		return result{}, fmt.Errorf("cannot read what gremlins wrote of %s: %w", name, err)
	}
	r := result{Package: name, Date: m.Date, Sample: m.Sample, Believed: m.Believed}
	for _, f := range out.Files {
		src, err := readSource(name, f.Name)
		if err != nil {
			return result{}, err
		}
		for _, m := range f.Mutations {
			switch m.Status {
			case "KILLED":
				r.Killed++
			case "NOT VIABLE":
				r.NotViable++
			case "TIMED OUT":
				r.TimedOut++
				named, err := src.mutant(m.Type, m.Line, m.Column)
				if err != nil {
					return result{}, err
				}
				r.Endless = append(r.Endless, named)
			case "LIVED", "NOT COVERED":
				r.Lived++
				named, err := src.mutant(m.Type, m.Line, m.Column)
				if err != nil {
					return result{}, err
				}
				r.survivors = append(r.survivors, named)
			default:
				return result{}, fmt.Errorf("gremlins left %s:%d %s", f.Name, m.Line, m.Status)
			}
		}
	}
	for _, list := range [][]mutant{r.survivors, r.Endless} {
		slices.SortFunc(list, func(a, b mutant) int {
			if c := strings.Compare(a.File, b.File); c != 0 {
				return c
			}
			return a.at - b.at
		})
	}
	r.Score = r.score()
	return r, nil
}

// source is a file as it was before it was changed.
type source struct {
	name string
	text []byte
}

func readSource(dir, file string) (source, error) {
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		return source{}, fmt.Errorf("cannot read what was mutated: %w", err)
	}
	return source{name: filepath.ToSlash(path), text: text}, nil
}

// operators are what gremlins makes of each operator, by its name for the change.
// https://gremlins.dev/latest/usage/mutations/
func operators() map[string]map[token.Token]token.Token {
	return map[string]map[token.Token]token.Token{
		"ARITHMETIC_BASE":       {token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL},
		"CONDITIONALS_BOUNDARY": {token.GEQ: token.GTR, token.GTR: token.GEQ, token.LEQ: token.LSS, token.LSS: token.LEQ},
		"CONDITIONALS_NEGATION": {token.EQL: token.NEQ, token.NEQ: token.EQL, token.GEQ: token.LSS, token.LEQ: token.GTR, token.GTR: token.LEQ, token.LSS: token.GEQ},
		"INCREMENT_DECREMENT":   {token.INC: token.DEC, token.DEC: token.INC},
		"INVERT_NEGATIVES":      {token.SUB: token.ADD},
		"INVERT_LOGICAL":        {token.LAND: token.LOR, token.LOR: token.LAND},
	}
}

// mutant names the change at a place: the whole expression around it, as changed.
// The operator is changed in the tree, as gremlins does: what was bound more
// tightly gets parentheses.
func (s source) mutant(kind string, line, column int) (mutant, error) {
	m := mutant{File: s.name, at: line}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, s.name, s.text, 0)
	if err != nil {
		return m, err
	}
	var path []ast.Node // from the file down to the node that is looked at
	var changed ast.Node
	change := func(pos token.Pos, op *token.Token) {
		to, known := operators()[kind][*op]
		if at := set.Position(pos); !known || at.Line != line || at.Column != column {
			return
		}
		*op = to
		i := len(path) - 1
		for ; i > 0 && partOfExpression(path[i-1]); i-- {
		}
		changed = path[i]
		for _, n := range path {
			if f, ok := n.(*ast.FuncDecl); ok {
				m.Func = f.Name.Name
				if f.Recv != nil && len(f.Recv.List) == 1 {
					m.Func = receiver(f.Recv.List[0].Type) + "." + m.Func
				}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, n)
		switch n := n.(type) {
		case *ast.BinaryExpr:
			change(n.OpPos, &n.Op)
		case *ast.UnaryExpr:
			change(n.OpPos, &n.Op)
		case *ast.IncDecStmt:
			change(n.TokPos, &n.Tok)
		}
		return true
	})
	if changed == nil {
		return m, fmt.Errorf("%s:%d:%d: nothing to change by %s", s.name, line, column, kind)
	}
	var out bytes.Buffer
	if err := format.Node(&out, token.NewFileSet(), changed); err != nil { // without places: on one line
		return m, err
	}
	m.Change = strings.Join(strings.Fields(out.String()), " ")
	return m, nil
}

func partOfExpression(n ast.Node) bool {
	switch n.(type) {
	case *ast.BinaryExpr, *ast.UnaryExpr, *ast.ParenExpr:
		return true
	}
	return false
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// otherFiles are the arguments that keep gremlins from all files but those that match.
func otherFiles(dir, pattern string) ([]string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var args []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") && !re.MatchString(e.Name()) {
			args = append(args, "-E", "^"+regexp.QuoteMeta(e.Name())+"$")
		}
	}
	return args, nil
}
