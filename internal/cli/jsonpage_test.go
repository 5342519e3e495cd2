// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/demo"
	"github.com/quietsetup/quietsetup/internal/replay"
)

const jsonPage = "../../docs/json.md"

// Marks of the page: what stands below one is written by this test.
//
//	<!-- example later_then_closed 7: show editor --json -->
//	<!-- members apitypes.Status -->
var (
	exampleMark = regexp.MustCompile(`(?m)^<!-- example ([a-z_]+) (\d+): (.*) -->\n\n(?:` + "```json\n(?s:.*?)```" + `\n\n)?`)
	membersMark = regexp.MustCompile(`(?m)^<!-- members ([a-z]+)\.(\w+) -->\n\n(?:(?:\|.*\n)+\n?)?`)
)

// TestJSONPage: the examples of docs/json.md are what the commands print, and
// its tables are the comments of the types.
func TestJSONPage(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the daemon is played behind a unix socket
	}
	text, err := os.ReadFile(jsonPage)
	if err != nil {
		t.Fatal(err)
	}
	types := structs(t)
	n := 0
	page := exampleMark.ReplaceAllStringFunc(string(text), func(block string) string {
		n++
		m := exampleMark.FindStringSubmatch(block)
		mark, _, _ := strings.Cut(block, "\n")
		return mark + "\n\n```json\n" + exampleOf(t, m[1], m[2], m[3]) + "```\n\n"
	})
	page = membersMark.ReplaceAllStringFunc(page, func(block string) string {
		n++
		m := membersMark.FindStringSubmatch(block)
		mark, _, _ := strings.Cut(block, "\n")
		return mark + "\n\n" + membersOf(t, types, m[1], m[2]) + "\n"
	})
	page = strings.TrimRight(page, "\n") + "\n"
	if n < 20 {
		t.Errorf("%d examples and tables: the page has lost its marks", n)
	}
	if *update {
		if err := os.WriteFile(jsonPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if page != string(text) {
		t.Error("docs/json.md is not what the commands print: go test ./internal/cli -run JSONPage -update")
	}
	for _, schema := range schemas(t) {
		if !strings.Contains(page, "\n## "+schema+"\n") {
			t.Errorf("docs/json.md has no section of %s", schema)
		}
	}
}

// exampleOf is what a command prints while a service whose log is a history, up
// to a record, is running.
func exampleOf(t *testing.T, history, at, line string) string {
	t.Helper()
	if line == "demo --json" { // it needs the real program, and its folder has another name each time
		var out bytes.Buffer
		dir := "/tmp/quietsetup-demo-1234567890/state"
		err := (&app{Outside: Outside{Out: &out}}).document(demo.Result{Schema: demo.Schema, Product: "notes", StateDir: dir, Journal: dir + "/journal",
			DefersAfterRestart: 1, Final: demo.Final{Status: "installed", Version: "2.0-1", Result: "successful"}, Verdict: replay.VerdictOK})
		if err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if print := madeUp(line); print != nil { // it tells of this machine, or of a folder that changes
		var out bytes.Buffer
		if err := print(&app{Outside: Outside{Out: &out}}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	n, err := strconv.Atoi(at)
	if err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs("../replay/testdata/histories/ok/" + history + ".ndjson")
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	end, err := play(state, file, 3, n)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	var out, said bytes.Buffer
	o := Outside{In: os.Stdin, Out: &out, Err: &said, Version: "1.2.3", Getenv: func(string) string { return "" }}
	args := []string{"--state-dir", state}
	files := t.TempDir()
	if err := os.CopyFS(filepath.Join(files, "depot"), os.DirFS("testdata/json/depot")); err != nil {
		t.Fatal(err)
	}
	for _, w := range strings.Fields(line) {
		if strings.HasPrefix(w, "depot/") {
			w = filepath.Join(files, w)
		}
		if text, err := os.ReadFile(filepath.Join("testdata/json", w)); err == nil {
			w = filepath.Join(files, w) // root reads no config of anybody else
			if err := os.WriteFile(w, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		args = append(args, strings.ReplaceAll(w, "LOG", file))
	}
	if code := Run(t.Context(), o, args); code != exitOK && code != exitDeferred && code != exitDiverged {
		t.Fatalf("quietsetup %s: exit %d, %s", line, code, &said)
	}
	text := strings.NewReplacer(runtime.Version(), "go1.26.0", runtime.GOOS+"/"+runtime.GOARCH, "linux/amd64",
		file, "/srv/logs/editor.ndjson", files+"/depot", "/srv/depot", files+"/quietsetup.toml", "/etc/quietsetup/quietsetup.toml", files, "/srv/packages/editor/CLIENT_DATA").Replace(out.String())
	if !strings.HasPrefix(text, "{") {
		t.Fatalf("quietsetup %s prints no JSON: %s", line, text)
	}
	text = strings.Join(cutLists(strings.SplitAfter(text, "\n")), "")
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var doc map[string]any
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return text
		}
		if err != nil || doc["schema"] == nil {
			t.Fatalf("quietsetup %s: the example is no document: %v\n%s", line, err, text)
		}
	}
}

// cutLists leaves of each list of objects, indented as documents are, its first
// two members.
func cutLists(lines []string) []string {
	const keep = 2
	indent := func(l string) string { return l[:len(l)-len(strings.TrimLeft(l, " "))] }
	var out []string
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		if !strings.HasSuffix(lines[i], "[\n") {
			continue
		}
		in := indent(lines[i]) + "  "
		end := i + 1
		var members [][]string
		for ; !strings.HasPrefix(lines[end], indent(lines[i])+"]"); end++ {
			if strings.HasPrefix(lines[end], in+"{") {
				members = append(members, nil)
			}
			if n := len(members) - 1; n >= 0 {
				members[n] = append(members[n], lines[end])
			}
		}
		if len(members) == 0 {
			continue // a list of something else
		}
		for n, m := range members[:min(keep, len(members))] {
			m = cutLists(m)
			if n == min(keep, len(members))-1 {
				m[len(m)-1] = in + "}\n"
			}
			out = append(out, m...)
		}
		i = end - 1
	}
	return out
}

// documents are the packages, below internal, whose types go out as JSON.
func documents() []string {
	return []string{"apitypes", "cli", "demo", "metadata/lint", "replay", "storecheck", "../store"}
}

// structs are their types by "package.Type".
func structs(t *testing.T) map[string]*ast.StructType {
	t.Helper()
	out := map[string]*ast.StructType{}
	for _, name := range documents() {
		for _, f := range parsed(t, name) {
			ast.Inspect(f, func(n ast.Node) bool {
				if ts, ok := n.(*ast.TypeSpec); ok {
					if st, ok := ts.Type.(*ast.StructType); ok {
						out[filepath.Base(name)+"."+ts.Name.Name] = st
					}
				}
				return true
			})
		}
	}
	return out
}

func parsed(t *testing.T, pkg string) (out []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("../" + pkg + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// membersOf is the table of a type's members with their comments; what is
// embedded stands among them.
func membersOf(t *testing.T, types map[string]*ast.StructType, pkg, name string) string {
	t.Helper()
	return "| member | is | meaning |\n|---|---|---|\n" + strings.Join(rowsOfType(t, types, pkg, name), "")
}

func rowsOfType(t *testing.T, types map[string]*ast.StructType, pkg, name string) (out []string) {
	t.Helper()
	st := types[pkg+"."+name]
	if st == nil {
		t.Fatalf("docs/json.md names %s.%s, which is no type of JSON", pkg, name)
	}
	for _, f := range st.Fields.List {
		kind := kindOf(f.Type)
		if len(f.Names) == 0 {
			switch x := f.Type.(type) {
			case *ast.SelectorExpr:
				out = append(out, rowsOfType(t, types, x.X.(*ast.Ident).Name, x.Sel.Name)...)
			case *ast.Ident:
				out = append(out, rowsOfType(t, types, pkg, x.Name)...)
			}
			continue
		}
		if f.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		member, rest, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if member == "" || member == "-" {
			continue
		}
		said := f.Comment.Text()
		if said == "" {
			said = f.Doc.Text()
		}
		if strings.Contains(rest, "omit") {
			kind += ", may be missing"
		}
		if rest, ok := strings.CutPrefix(said, f.Names[0].Name+" "); ok {
			said = "`" + member + "` " + rest
		}
		said = strings.NewReplacer("|", `\|`, "<", `\<`).Replace(strings.Join(strings.Fields(said), " "))
		out = append(out, fmt.Sprintf("| `%s` | %s | %s |\n", member, kind, said))
	}
	return out
}

// kindOf says what a type is in JSON.
func kindOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return kindOf(e.X)
	case *ast.ArrayType:
		return "list of " + kindOf(e.Elt)
	case *ast.MapType:
		return "object of " + kindOf(e.Value)
	case *ast.SelectorExpr:
		switch e.Sel.Name {
		case "Time":
			return "time"
		case "RawMessage":
			return "any"
		}
		return kindOf(e.Sel)
	case *ast.Ident:
		switch e.Name {
		case "string", "Code", "Severity", "State":
			return "text"
		case "bool":
			return "true or false"
		case "int", "int64", "uint64":
			return "whole number"
		case "Seconds":
			return "seconds"
		case "any":
			return "any"
		}
		return strings.TrimSuffix(strings.ToLower(e.Name[:1])+e.Name[1:], "Doc")
	}
	return "?"
}

// schemas are the names of all documents that commands print. What the service
// and its agents say to each other is no such document.
func schemas(t *testing.T) []string {
	t.Helper()
	form := regexp.MustCompile(`^[a-z_-]+/v\d+$`)
	var out []string
	for _, name := range documents() {
		for _, f := range parsed(t, name) {
			ast.Inspect(f, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					if s, err := strconv.Unquote(l.Value); err == nil && form.MatchString(s) {
						out = append(out, s)
					}
				}
				return true
			})
		}
	}
	agents := []string{"welcome/v1", "prompt_event/v1", "answer_result/v1"}
	out = slices.DeleteFunc(out, func(s string) bool { return slices.Contains(agents, s) })
	slices.Sort(out)
	if out = slices.Compact(out); len(out) < 15 {
		t.Errorf("found the schemas %v only", out)
	}
	return out
}
