// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"errors"
	"strings"
	"testing"
)

func twoCalls() ([]*Call, *[]string) {
	var got []string
	return []*Call{{Method: "a", Into: &got}, {Method: "b"}}, &got
}

// TestDecode holds each shape in which the server answers.
func TestDecode(t *testing.T) {
	denied := &RPCError{Method: "a", Class: "BackendPermissionDeniedError", Message: "No permission"}
	for _, c := range []struct {
		name, body string
		calls      int
		whole      bool   // an error about all of it
		first      string // what the first call got
	}{
		{"2.0", `{"jsonrpc":"2.0","id":1,"result":["x"]}`, 1, false, ""},
		{"1.0", `{"id":1,"result":["x"],"error":null}`, 1, false, ""},
		{"a batch of one as a batch", `[{"id":1,"result":["x"]}]`, 1, false, ""},
		{"a batch", `[{"id":2,"result":null},{"id":1,"result":["x"]}]`, 2, false, ""},
		{"2.0 error", `{"jsonrpc":"2.0","id":1,"error":{"message":"No permission","code":0,"data":{"class":"BackendPermissionDeniedError","details":null}}}`, 1, false, denied.Error()},
		{"1.0 error", `{"id":1,"result":null,"error":{"message":"No permission","class":"BackendPermissionDeniedError","details":"line\nline"}}`, 1, false, denied.Error()},
		{"one of two fails", `[{"id":1,"error":{"message":"x","class":"Y"}},{"id":2,"result":1}]`, 2, false, "a: x (Y)"},
		{"a string", `{"id":null,"result":null,"error":"Authentication\n error"}`, 1, false, "a: Authentication error"},
		{"a string for several", `{"id":null,"result":null,"error":"no"}`, 2, true, ""},
		{"an object for several", `{"id":0,"result":null,"error":{"message":"no","class":"ValueError"}}`, 2, true, ""},
		{"another shape", `{"id":1,"result":{"x":1}}`, 1, false, "a: " + ErrAnswer.Error()},
		{"neither", `{"id":1}`, 1, false, "a: " + ErrAnswer.Error()},
		{"an odd error", `{"id":1,"error":[1]}`, 1, false, "a: [1]"},
		{"one too few", `[{"id":1,"result":[]}]`, 2, true, ""},
		{"one too many", `[{"id":1,"result":[]},{"id":2,"result":[]},{"id":3,"result":[]}]`, 2, true, ""},
		{"the same twice", `[{"id":1,"result":[]},{"id":1,"result":[]}]`, 2, true, ""},
		{"a foreign one", `[{"id":1,"result":[]},{"id":7,"result":[]}]`, 2, true, ""},
		{"no number", `[{"id":1,"result":[]},{"id":"x","result":[]}]`, 2, true, ""},
		{"nothing", ``, 1, true, ""},
		{"not JSON", `<html>`, 1, true, ""},
		{"cut", `[{"id":1,"result":["x"]`, 1, true, ""},
		{"null", `null`, 1, false, "a: " + ErrAnswer.Error()},
		{"too deep", strings.Repeat("[", maxDepth+1), 1, true, ""},
		{"deep in a text", `{"id":1,"result":["x"],"other":"\"` + strings.Repeat("[", maxDepth+1) + `"}`, 1, false, ""},
	} {
		calls, got := twoCalls()
		calls = calls[:c.calls]
		err := decode([]byte(c.body), calls)
		if c.whole != (err != nil) || err != nil && (!errors.Is(err, ErrAnswer) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		first := calls[0].Err
		if c.first == "" && (first != nil || len(*got) != 1 || (*got)[0] != "x") {
			t.Errorf("%s: %v, %v", c.name, first, *got)
		}
		if c.first != "" && (first == nil || !strings.HasPrefix(first.Error(), c.first)) {
			t.Errorf("%s: %v, want %s", c.name, first, c.first)
		}
	}
	if !errors.Is(denied, ErrPermission) || !denied.lasting() || errors.Is(denied, ErrMethod) {
		t.Error("a permission that is missing is not known as one")
	}
	if e := (&RPCError{Class: "ValueError", Message: "Invalid method 'x'"}); !errors.Is(e, ErrMethod) {
		t.Error("a method that is missing is not known as one")
	}
	if e := (&RPCError{Class: "OperationalError", Message: "x"}); e.lasting() {
		t.Error("what fails in the server's database is taken for a refusal")
	}
}

func TestOneCallIsNoBatch(t *testing.T) {
	one, err := encode([]*Call{{Method: "a"}})
	if err != nil || string(one) != `{"jsonrpc":"2.0","id":1,"method":"a","params":[]}` {
		t.Errorf("%s, %v", one, err)
	}
	two, err := encode([]*Call{{Method: "a"}, {Method: "b", Params: []any{1, "x"}}})
	if err != nil || string(two) != `[{"jsonrpc":"2.0","id":1,"method":"a","params":[]},{"jsonrpc":"2.0","id":2,"method":"b","params":[1,"x"]}]` {
		t.Errorf("%s, %v", two, err)
	}
}

// FuzzDecode: whatever comes, every call has an end, and no text for people has
// more than one line.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"id":1,"result":["x"]},{"id":2,"error":{"message":"m","class":"c"}}]`))
	f.Add([]byte(`{"id":null,"error":"x"}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		calls, got := twoCalls()
		err := decode(body, calls)
		for _, e := range []error{err, calls[0].Err, calls[1].Err} {
			if e != nil && strings.ContainsAny(e.Error(), "\n\x1b") {
				t.Fatalf("%q", e.Error())
			}
		}
		if err != nil && (len(*got) != 0 || calls[0].Err != nil) {
			t.Fatalf("%v, and yet %v", err, *got)
		}
	})
}
