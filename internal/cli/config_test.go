// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// policyFiles are the files of a site: a config, a depot with one package, an
// overlay.
type policyFiles struct {
	t   *testing.T
	dir string
}

// layer is one of the places that a file system knows.
type layer struct {
	name   string // as config show has it
	file   string // as config show names it
	before string // what stands in the file before the keys
	line   int    // of the first key
}

const packageFile = "notes/CLIENT_DATA/opsi-meta-data.toml"

// layers are the places, weakest first. The config file holds two of them; the
// second begins where the first ends, if that holds the keys.
func (p policyFiles) layers() []layer {
	config := filepath.Join(p.dir, "c.toml")
	return []layer{
		{"metadata", packageFile, "[quietsetup]\nversion = 1\n[[installers]]\nprocesses = ['notes']\n[quietsetup.policy]\n", 6},
		{"metadata", filepath.Join(p.dir, "overlay", "notes.toml"), "[quietsetup.policy]\n", 2},
		{"config", config, "[source]\ndepot = 'depot'\n[metadata]\noverlay = 'overlay'\n[policy]\n", 6},
		{"product", config, "[policy.product.notes]\n", 7 + len(policy.Keys())},
	}
}

// write writes the files; values are what each layer says about each key, nil =
// nothing about any.
func (p policyFiles) write(values [][]string) {
	p.t.Helper()
	text := map[string]string{filepath.Join(p.dir, "depot", "notes", "OPSI", "control.toml"): "[Package]\nversion = '1'\n[Product]\ntype = 'LocalbootProduct'\nid = 'notes'\nname = 'Notes'\nversion = '1.0'\nsetupScript = 'x'\n"}
	for i, l := range p.layers() {
		path := l.file
		if path == packageFile {
			path = filepath.Join(p.dir, "depot", filepath.FromSlash(path))
		}
		text[path] += l.before
		for n, v := range values[i] {
			text[path] += policy.Keys()[n].Name + " = " + v + "\n"
		}
	}
	for path, s := range text {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// run runs a command line and reads its JSON.
func run(t *testing.T, want int, into any, args ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	got := Run(context.Background(), Outside{Out: &out, Err: &errs, Getenv: func(string) string { return "" }}, append(args, "--json"))
	if got != want {
		t.Fatalf("%v: exit %d, want %d\n%s%s", args, got, want, errs.String(), out.String())
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
}

// goodValue is the n-th good value of a key as a file holds it, and as JSON does.
func goodValue(k policy.Key, n int) (file string, doc any) {
	switch k.Kind {
	case policy.Flag:
		return strconv.FormatBool(n%2 == 1), n%2 == 1
	case policy.Word:
		w := k.Words[(n+1)%len(k.Words)]
		return strconv.Quote(w), w
	case policy.Count:
		return strconv.Itoa(20 + n), float64(20 + n)
	case policy.Date:
		day := fmt.Sprintf("2026-12-0%dT18:00:00Z", 1+n)
		return strconv.Quote(day), day
	}
	return fmt.Sprintf(`"%dm"`, 10+n), float64(600 + 60*n)
}

func builtIn(k policy.Key) any {
	switch v := value(k.BuiltIn()).(type) {
	case int:
		return float64(v)
	case bool, string:
		return v
	default:
		f, _ := strconv.ParseFloat(fmt.Sprintf("%g", v), 64)
		return f
	}
}

// TestEveryKeyThroughTheFiles: each key from the package, the overlay, the
// config file and a product's own table: config show names its origin and place,
// and for a bad value the next weaker one counts, which config check says too.
func TestEveryKeyThroughTheFiles(t *testing.T) {
	p := policyFiles{t, t.TempDir()}
	file := filepath.Join(p.dir, "c.toml")
	keys := policy.Keys()
	const bad, badShown = `"\u001b[2Jnonsense"`, `"\x1b[2Jnonsense"`
	for n, l := range p.layers() {
		// This layer and all weaker ones say something good.
		values, good := make([][]string, 4), make([][]any, 4)
		for m := range n + 1 {
			for _, k := range keys {
				written, doc := goodValue(k, m)
				values[m], good[m] = append(values[m], written), append(good[m], doc)
			}
		}
		p.write(values)
		var doc configDoc
		run(t, exitOK, &doc, "config", "show", "notes", "--config", file)
		if len(doc.Policy) != len(keys) {
			t.Fatalf("%d keys are shown, want %d", len(doc.Policy), len(keys))
		}
		for i, k := range keys {
			got := doc.Policy[i]
			if got.Key != k.Name || got.Value != good[n][i] || got.Origin != l.name || got.File != l.file || got.Line != l.line+i || len(got.Said) != n+2 || !got.Said[0].Counts {
				t.Errorf("%s in layer %d: %+v\nwant %v from %s, %s:%d", k.Name, n, got, good[n][i], l.name, l.file, l.line+i)
			}
		}

		// The same, with something bad in this layer.
		for i := range keys {
			values[n][i] = bad
		}
		p.write(values)
		doc = configDoc{}
		run(t, exitOK, &doc, "config", "show", "notes", "--config", file)
		var check checkDoc
		run(t, exitOK, &check, "config", "check", file)
		for i, k := range keys {
			wantValue, wantOrigin, wantFile := builtIn(k), "built-in", ""
			if n > 0 {
				weaker := p.layers()[n-1]
				wantValue, wantOrigin, wantFile = good[n-1][i], weaker.name, weaker.file
			}
			got := doc.Policy[i]
			if got.Value != wantValue || got.Origin != wantOrigin || got.File != wantFile || !got.Said[1].Counts {
				t.Errorf("%s, bad in layer %d: %+v\nwant %v from %s, %s", k.Name, n, got, wantValue, wantOrigin, wantFile)
			}
			if s := got.Said[0]; s.Bad == "" || s.Value != nil || s.Counts || s.Origin != l.name || s.File != l.file || s.Line != l.line+i || s.Written != badShown {
				t.Errorf("%s, bad in layer %d: %+v", k.Name, n, s)
			}
			found := 0
			for _, f := range check.Findings {
				if f.Code == "bad-value" && f.File == l.file && f.Line == l.line+i && f.Severity == "warning" {
					found++
				}
			}
			want := 1
			if l.file == packageFile {
				want = 0 // the packager's file is not the site's to check
			}
			if found != want || check.Errors != 0 {
				t.Errorf("%s, bad in layer %d: found %d times: %+v", k.Name, n, found, check.Findings)
			}
		}
	}
}

// TestNoRightToReadTheConfig: that is no mistake in the file.
func TestNoRightToReadTheConfig(t *testing.T) {
	if got := exitCode(fmt.Errorf("%w: cannot read it: %w", config.ErrInvalid, fs.ErrPermission)); got != exitPrivileges {
		t.Errorf("exit %d, want %d", got, exitPrivileges)
	}
	if got := exitCode(fmt.Errorf("%w: cannot read it: %w", config.ErrInvalid, fs.ErrNotExist)); got != exitInvalid {
		t.Errorf("exit %d, want %d", got, exitInvalid)
	}
}
