// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// small is a package as gremlins sees it, and what gremlins says of it.
func small(t *testing.T) (result, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir("few", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "few/few.go", `package few

const limit = 2 * 3

func (c *Cup) Full(n int) bool {
	return n >= limit && c.open
}

func less(a, b int) bool { return a < b }
`)
	m := measured{Date: "2 March 2026", Sample: 1, Gremlins: []byte(`{"files":[{"file_name":"few.go","mutations":[
{"type":"ARITHMETIC_BASE","status":"NOT COVERED","line":3,"column":17},
{"type":"CONDITIONALS_BOUNDARY","status":"LIVED","line":6,"column":11},
{"type":"INVERT_LOGICAL","status":"KILLED","line":6,"column":20},
{"type":"CONDITIONALS_NEGATION","status":"TIMED OUT","line":9,"column":37},
{"type":"CONDITIONALS_BOUNDARY","status":"NOT VIABLE","line":9,"column":37}]}]}`)}
	return m.read("few")
}

// TestAResultNamesItsMutants: by function and changed line, and a mutant that no
// test reaches counts as one that lived.
func TestAResultNamesItsMutants(t *testing.T) {
	r, err := small(t)
	if err != nil {
		t.Fatal(err)
	}
	if r.Killed != 1 || r.TimedOut != 1 || r.Lived != 2 || r.NotViable != 1 || r.Score != 50 {
		t.Errorf("%+v", r)
	}
	want := []mutant{{"few/few.go", "", "2 / 3", 3}, {"few/few.go", "Cup.Full", "n > limit && c.open", 6}}
	if fmt.Sprint(r.survivors) != fmt.Sprint(want) {
		t.Errorf("%v", r.survivors)
	}
	if len(r.Endless) != 1 || r.Endless[0].Change != "a >= b" {
		t.Errorf("%v", r.Endless)
	}
}

// TestASurvivorNeedsAReason: one without is an error, one too low a score too,
// and a reason whose mutant is noticed by now is named.
func TestASurvivorNeedsAReason(t *testing.T) {
	r, err := small(t)
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := readReasons(write(t, "r.toml", `
[[survivor]]
file = "few/few.go"
func = "Cup.Full"
change = "n > limit && c.open"
kind = "equal"
why  = "n is never the limit"

[[survivor]]
file = "few/few.go"
func = "gone"
change = "a"
kind = "speed"
why  = "was so once"
`))
	if err != nil {
		t.Fatal(err)
	}
	said := judge([]result{r}, reasons, 85).Error()
	for _, want := range []string{"few: 50.0 %, wanted 85 %", "few/few.go:3: a survivor without a reason: 2 / 3"} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %s in %s", want, said)
		}
	}
	if strings.Contains(said, "few.go:6") {
		t.Error(said)
	}
	page := render([]result{r}, reasons)
	for _, want := range []string{"| `few` | 1 | 1 | 2 | 50.0 % | 2 March 2026 |", "n is never the limit", "without a reason (1)", "not needed any more"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if judge(nil, reasons, 85) == nil {
		t.Error("nothing was measured and nobody minds")
	}
}

func TestBadReasons(t *testing.T) {
	for _, bad := range []string{
		"[[survivor]]\nfile='a'\nchange='b'\nkind='because'\nwhy='x'",
		"[[survivor]]\nfile='a'\nchange='b'\nkind='equal'\nwhy=' '",
		"[[survivor]]\nfile='a'\nchange='b'\nkind='equal'\nreason='x'",
		"[[survivor]]\nfile='a'\nchange='b'\nkind='equal'\nwhy='x'\n[[survivor]]\nfile='a'\nchange='b'\nkind='speed'\nwhy='y'",
		"[[survivor",
	} {
		if _, err := readReasons(write(t, filepath.Join(t.TempDir(), "r.toml"), bad)); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
}

// TestTheReasonsOfThisTree can be read, and speak of functions and files that are there.
func TestTheReasonsOfThisTree(t *testing.T) {
	reasons, err := readReasons("survivors.toml")
	if err != nil {
		t.Fatal(err)
	}
	for m := range reasons {
		dir, name := filepath.Split(filepath.Join("..", "..", filepath.FromSlash(m.File)))
		src, err := readSource(dir, name)
		if err != nil {
			t.Error(err)
			continue
		}
		there := m.Func == ""
		name = m.Func[strings.LastIndex(m.Func, ".")+1:]
		for line := range strings.Lines(string(src.text)) {
			there = there || strings.HasPrefix(line, "func ") && strings.Contains(line, name+"(")
		}
		if !there {
			t.Errorf("%s has no function %s", m.File, m.Func)
		}
	}
}

// TestJudgeMutant: what does not compile is no mutant, what a test notices is
// remembered with the test, and a mutant that lived is not tried again in the same tree.
func TestJudgeMutant(t *testing.T) {
	dir, memory := t.TempDir(), t.TempDir()
	for k, v := range map[string]string{envGo: "go", envMemory: memory, envTree: "t1", envSlow: "^TestSlow$", envLeftOut: "^TestNever$"} {
		t.Setenv(k, v)
	}
	t.Setenv("GOFLAGS", "")
	write(t, filepath.Join(dir, "go.mod"), "module few\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "few_test.go"), `package few

import "testing"

func TestNever(t *testing.T) { t.Error("ran") }
func TestSlow(t *testing.T) {
	if n != 2 && n != 9 {
		t.Error(n)
	}
}
func TestQuick(t *testing.T) {
	if n == 4 {
		panic("four")
	}
	for n == 5 {
	}
}
`)
	for _, c := range []struct {
		n    string
		want int
		test string
	}{{"2", codeLived, ""}, {"3", codeNoticed, "TestSlow"}, {"4", codeNoticed, "TestQuick"}, {"4", codeNoticed, "TestQuick"}, {"5", codeNoticed, "TestQuick"}, {`"x" - "y"`, codeNotViable, ""}, {"9", codeLived, ""}} {
		write(t, filepath.Join(dir, "few.go"), "package few\n\nconst n = "+c.n+"\n")
		got, err := judgeMutant(dir, 5*time.Second)
		if err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.n, got, err, c.want)
		}
		source, err := hashSource(dir)
		if err != nil {
			t.Fatal(err)
		}
		m := memoryOf(memory)
		if m.noticedBy(source) != c.test || m.lived(source) != (c.want == codeLived) {
			t.Errorf("%s: remembered %q, %v", c.n, m.noticedBy(source), m.lived(source))
		}
	}
}

func memoryOf(dir string) memory { return memory{dir: dir, tree: "t1"} }

func TestCoverAll(t *testing.T) {
	got := string(coverAll([]byte("mode: set\nm/few/few.go:3.2,4.5 1 0\nm/few/few.go:7.2,8.5 1 1\nm/few/more.go:1.1,2.2 1 0\n")))
	if got != "mode: set\nm/few/few.go:1.1,1000000.1 1 1\nm/few/more.go:1.1,1000000.1 1 1\n" {
		t.Error(got)
	}
}

func TestLastTest(t *testing.T) {
	var l lastTest
	fmt.Fprint(&l, "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB/one two\npanic: ")
	if l.name() != "TestB" {
		t.Error(l.name())
	}
	fmt.Fprint(&l, "no\n--- FAIL: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n")
	if l.name() != "TestA" {
		t.Error(l.name())
	}
}

// TestParentheses: an operator that is changed keeps its operands.
func TestParentheses(t *testing.T) {
	s := source{name: "p.go", text: []byte("package p\n\nvar x = a && b && c // why\nvar y = -1\n\nfunc (p *P) f() { p.n++ }\n")}
	for _, c := range []struct {
		kind         string
		line, column int
		want         string
	}{
		{"INVERT_LOGICAL", 3, 11, "(a || b) && c"},
		{"INVERT_LOGICAL", 3, 16, "a && b || c"},
		{"INVERT_NEGATIVES", 4, 9, "+1"},
		{"INCREMENT_DECREMENT", 6, 22, "p.n--"},
	} {
		if m, err := s.mutant(c.kind, c.line, c.column); err != nil || m.Change != c.want {
			t.Errorf("%v %q, want %q", err, m.Change, c.want)
		}
	}
	if _, err := s.mutant("INVERT_LOGICAL", 4, 1); err == nil {
		t.Error("a change of nothing")
	}
}

// TestASampleIsDrawnBySource: always the same mutants, about one in so many.
func TestASampleIsDrawnBySource(t *testing.T) {
	n := 0
	for i := range 3000 {
		if drawn(fmt.Sprintf("%08x", i*2654435761%(1<<32)), "3") {
			n++
		}
	}
	if n < 900 || n > 1100 {
		t.Errorf("%d of 3000", n)
	}
	if !drawn("00000001", "1") || !drawn("00000001", "") {
		t.Error("without a sample every mutant counts")
	}
	page := render([]result{{Package: "few", Sample: 3, Believed: true}}, nil)
	if !strings.Contains(page, "one mutant in 3") || !strings.Contains(page, "not tried again") {
		t.Error(page)
	}
}

// TestWhatWasMeasuredIsKept until the package changes.
func TestWhatWasMeasuredIsKept(t *testing.T) {
	if _, err := small(t); err != nil {
		t.Fatal(err)
	}
	if _, err := readMeasured(".", "few"); err == nil {
		t.Error("nothing was measured")
	}
	source, err := hashSource("few")
	if err != nil {
		t.Fatal(err)
	}
	m := measured{Source: source, Date: "2 March 2026", Sample: 2, Gremlins: []byte(`{"files":[]}`)}
	if err := m.keep(".", "few"); err != nil {
		t.Fatal(err)
	}
	if got, err := readMeasured(".", "few"); err != nil || fmt.Sprint(got) != fmt.Sprint(m) {
		t.Errorf("%+v, %v", got, err)
	}
	write(t, "few/few_test.go", "package few\n")
	if _, err := readMeasured(".", "few"); err != nil {
		t.Errorf("a test is no change: %v", err)
	}
	write(t, "few/few.go", "package few\n")
	if _, err := readMeasured(".", "few"); err == nil {
		t.Error("it has changed")
	}
}
