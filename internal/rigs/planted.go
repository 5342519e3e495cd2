// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// bugsWanted is how many planted bugs there must be at least, each found.
const bugsWanted = 20

// bug is a fault that a test builds in on purpose, to see that it would be found.
type bug struct {
	Bug   string `json:"bug"`  // what is wrong, in the words of its test
	Room  string `json:"room"` // the package whose rig looks for it
	Test  string `json:"test"`
	Found bool   `json:"found"`
	How   string `json:"how"` // what the rig said
}

// planted runs every test of a planted bug and writes down what found it.
func planted(ctx context.Context, root, out string, table io.Writer) error {
	bugs, err := bugsIn(root)
	if err != nil {
		return err
	}
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout", "30m", "-run", "^TestPlanted", "-json", "./...")
	test.Dir, test.Stderr = root, os.Stderr
	stdout, err := test.StdoutPipe()
	if err != nil {
		return err
	}
	if err := test.Start(); err != nil {
		return fmt.Errorf("cannot run the tests: %w", err)
	}
	var said strings.Builder
	readErr := hear(io.TeeReader(stdout, &said), bugs)
	if err := errors.Join(readErr, test.Wait()); err != nil {
		fmt.Fprint(table, said.String())
		return fmt.Errorf("a planted bug was not found: %w", err)
	}
	w := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	for _, b := range bugs {
		fmt.Fprintf(w, "%s\t%s\t%s\n", b.Room, b.Bug, b.How)
	}
	if err := errors.Join(w.Flush(), writeBugs(out, bugs)); err != nil {
		return err
	}
	return judgeBugs(bugs)
}

// judgeBugs returns an error that names every bug that was not found, or of which
// nobody says how.
func judgeBugs(bugs []*bug) error {
	var errs []error
	for _, b := range bugs {
		switch {
		case !b.Found:
			errs = append(errs, fmt.Errorf("%s %s: not found", b.Room, b.Test))
		case b.How == "" || b.Bug == "":
			errs = append(errs, fmt.Errorf("%s %s: does not say what the bug is and how it was found", b.Room, b.Test))
		}
	}
	if len(bugs) < bugsWanted {
		errs = append(errs, fmt.Errorf("%d planted bugs, %d wanted", len(bugs), bugsWanted))
	}
	return errors.Join(errs...)
}

// bugsIn reads from the source which bugs are planted. What a bug is stands in the
// comment of its test.
func bugsIn(root string) ([]*bug, error) {
	var out []*bug
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != root && strings.HasPrefix(e.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		room, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "TestPlanted") {
				continue
			}
			text := strings.TrimPrefix(strings.Join(strings.Fields(f.Doc.Text()), " "), f.Name.Name+": ")
			if first, rest, ok := strings.Cut(text, " "); ok && !strings.Contains(first, ".") {
				text = strings.ToUpper(first[:1]) + first[1:] + " " + rest
			}
			out = append(out, &bug{Bug: text, Room: filepath.ToSlash(room), Test: f.Name.Name})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot look for planted bugs: %w", err)
	}
	slices.SortFunc(out, func(a, b *bug) int { return strings.Compare(a.Room+" "+a.Test, b.Room+" "+b.Test) })
	return out, nil
}

// hear follows the output of "go test -json".
func hear(from io.Reader, bugs []*bug) error {
	s := bufio.NewScanner(from)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			continue // what the go command says beside its events
		}
		i := slices.IndexFunc(bugs, func(b *bug) bool {
			return b.Test == e.Test && (e.Package == b.Room || strings.HasSuffix(e.Package, "/"+b.Room))
		})
		if i < 0 {
			continue
		}
		_, said, _ := strings.Cut(e.Output, ".go:")
		if _, said, _ = strings.Cut(said, ": "); strings.HasPrefix(said, "found ") {
			bugs[i].How = strings.TrimSpace(strings.TrimPrefix(said, "found "))
		}
		bugs[i].Found = bugs[i].Found || e.Action == "pass"
	}
	return s.Err()
}

func writeBugs(path string, bugs []*bug) error {
	text, err := json.MarshalIndent(struct {
		Bugs []*bug `json:"bugs"`
	}{bugs}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
