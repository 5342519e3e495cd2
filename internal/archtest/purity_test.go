// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// impure are packages the core must not import, each with its reason.
func impure() map[string]string {
	const outside = "what the core knows of the outside came in with an input"
	const alone = "one goroutine owns the client; the core needs no lock and starts nothing"
	const chance = "a decision that rolls dice cannot be replayed"
	return map[string]string{
		"os": outside, "os/exec": outside, "os/signal": outside, "os/user": outside, "io/fs": outside, "io/ioutil": outside,
		"net": outside, "net/http": outside, "syscall": outside, "runtime": outside, "unsafe": outside, "path/filepath": "its rules change with the platform; a log is replayed on another one",
		"flag": "the core has no switches: policy is an input", "log": "a refusal is returned, the engine logs it", "log/slog": "a refusal is returned, the engine logs it",
		"sync": alone, "sync/atomic": alone, "context": alone,
		"math/rand": chance, "math/rand/v2": chance, "crypto/rand": chance,
	}
}

// clockCalls read or wait for the clock.
func clockCalls() []string {
	return []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Local", "LoadLocation"}
}

// TestPureCore keeps clock, files, chance and goroutines out of events and fsm.
func TestPureCore(t *testing.T) {
	s := load(t)
	for _, f := range s.files {
		if f.test || !(within(f.dir, "events") || within(f.dir, "fsm")) {
			continue
		}
		for _, im := range f.imports {
			reason, bad := impure()[im]
			// looplab's table is asked with a context; context.Background() carries nothing.
			if bad && !(im == "context" && f.dir == "fsm") {
				t.Errorf("%s imports %s: %s", f.path, im, reason)
			}
		}
		for _, complaint := range impurities(f.ast) {
			t.Errorf("%s: %s", s.at(complaint.node), complaint.text)
		}
	}
}

type complaint struct {
	node ast.Node
	text string
}

// impurities finds in a file what a pure function cannot contain.
func impurities(f *ast.File) []complaint {
	var out []complaint
	add := func(n ast.Node, text string) { out = append(out, complaint{n, text}) }
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			add(n, "starts a goroutine: the core is one function call after the other")
		case *ast.SelectStmt:
			add(n, "waits for a channel: the core never waits")
		case *ast.SendStmt, *ast.ChanType:
			add(n, "uses a channel: the core talks by return values")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				add(n, "waits for a channel: the core never waits")
			}
		case *ast.Ident:
			if n.Name == "float64" || n.Name == "float32" {
				add(n, "uses a floating number: its text and rounding are not the same everywhere")
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			if x.Name == "time" {
				for _, c := range clockCalls() {
					if n.Sel.Name == c {
						add(n, "time."+c+": time reaches the core only in an input's stamp, in UTC")
					}
				}
			}
			if x.Name == "context" && n.Sel.Name != "Background" {
				add(n, "context."+n.Sel.Name+": a cancelled context wedges the table's machine for good")
			}
			if x.Name == "fmt" && strings.HasPrefix(n.Sel.Name, "Print") {
				add(n, "fmt."+n.Sel.Name+": the core prints nothing")
			}
		}
		return true
	})
	return out
}

// TestImpurities makes sure that each kind of impurity is found.
func TestImpurities(t *testing.T) {
	for code, want := range map[string]int{
		`func f() { go g() }`:                                         1,
		`func f(c chan int) { c <- 1 }`:                               2,
		`func f() { select {} }`:                                      1,
		`func f() { _ = time.Now().Add(time.Second) }`:                1,
		`func f(x float64) {}`:                                        1,
		`func f() { fmt.Println(context.TODO()) }`:                    2,
		`func f() { _ = fmt.Sprint(time.Duration(1)) }`:               0,
		`func f(m T) { m.Now(); m.Event(context.Background(), "x") }`: 0,
	} {
		if got := len(impurities(parse(t, code))); got != want {
			t.Errorf("%s: %d complaints, want %d", code, got, want)
		}
	}
}
