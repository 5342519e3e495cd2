// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	ordering "github.com/quietsetup/quietsetup/internal/order"
)

func TestParseOrderMistakes(t *testing.T) {
	dep := func(members string) string {
		return `{"products":[],"dependencies":[{"productId":"a","productAction":"setup","requiredProductId":"b"` + members + `}]}`
	}
	for _, c := range []struct{ text, want string }{
		{"", "f:1:1: not JSON: unexpected end of JSON input"},
		{"\n\n  x", "f:3:3: not JSON: invalid character 'x' looking for beginning of value"},
		{"{\"products\":[]}\n{}", "f:2:1: not JSON: invalid character '{' after top-level value"},
		{`{"products":[],}`, "f:1:16: not JSON: invalid character '}' looking for beginning of object key string"},
		{"{\"products\":[]\x00}", `f:1:15: not JSON: invalid character '\x00' after object key:value pair`},
		{"{\"products\":[{\"id\":\"a\x00\"}]}", `f:1:22: not JSON: invalid character '\x00' in string literal`},
		{"{\n\"products\":[{\"id\":\"\xff\"}]}", "f:2:20: not UTF-8 text"},
		{strings.Repeat("[", 20_000), "f:1:10001: not JSON: invalid character '[' exceeded max depth"},
		{`[]`, "f:1: must be an object, not a list"},
		{`null`, "f:1: must be an object, not null"},
		{`{}`, "f:1: products: is missing"},
		{`{"Products":[]}`, "f:1: products: is missing"},
		{`{"products":null}`, "f:1: products: must be a list, not null"},
		{`{"products":{}}`, "f:1: products: must be a list, not an object"},
		{`{"products":[],"products":[]}`, "f:1: products: is there twice"},
		{"{\"products\":[\n{\"id\":\"a\"},\n7]}", "f:3: products[1]: must be an object, not a number"},
		{`{"products":[{}]}`, "f:1: products[0].id: is missing"},
		{`{"products":[{"id":null}]}`, "f:1: products[0].id: is missing"},
		{`{"products":[{"ID":"a"}]}`, "f:1: products[0].id: is missing"},
		{`{"products":[{"id":""}]}`, "f:1: products[0].id: not a product id: it is empty"},
		{`{"products":[{"id":"../x"}]}`, `f:1: products[0].id: not a product id: "../x" holds a character that is not allowed there`},
		{`{"products":[{"id":7}]}`, "f:1: products[0].id: must be a text, not a number"},
		{`{"products":[{"id":["a"]}]}`, "f:1: products[0].id: must be a text, not a list"},
		{`{"products":[{"id":"a","id":"b"}]}`, "f:1: products[0].id: is there twice"},
		{`{"products":[{"id":"a"},{"id":"b"},{"id":"a"}]}`, `f:1: products[2].id: "a" is there already, as products[0]`},
		{`{"products":[{"id":"a","priority":"5"}]}`, "f:1: products[0].priority: must be a whole number, not a text"},
		{`{"products":[{"id":"a","priority":true}]}`, "f:1: products[0].priority: must be a whole number, not true"},
		{`{"products":[{"id":"a","priority":0.5}]}`, "f:1: products[0].priority: must be a whole number from -100 to 100, not 0.5"},
		{`{"products":[],"dependencies":{}}`, "f:1: dependencies: must be a list, not an object"},
		{`{"products":[],"dependencies":[null]}`, "f:1: dependencies[0]: must be an object, not null"},
		{`{"products":[],"dependencies":[{"productId":"a","productAction":"setup"}]}`, "f:1: dependencies[0].requiredProductId: is missing"},
		{`{"products":[],"dependencies":[{"requiredProductId":"a","productAction":"setup"}]}`, "f:1: dependencies[0].productId: is missing"},
		{`{"products":[],"dependencies":[{"requiredProductId":"a","productId":"b"}]}`, "f:1: dependencies[0].productAction: is missing"},
		{dep(`,"requirementType":"Before"`), `f:1: dependencies[0].requirementType: must be one of before, after, not "Before"`},
		{dep(`,"requirementType":1`), "f:1: dependencies[0].requirementType: must be a text, not a number"},
		{dep(`,"requiredAction":"install\u0000"`), `f:1: dependencies[0].requiredAction: must be one of setup, uninstall, update, always, once, custom, none, not "install"`},
		{dep(`,"requiredInstallationStatus":"setup"`), `f:1: dependencies[0].requiredInstallationStatus: must be one of installed, not_installed, unknown, not "setup"`},
		{dep(`,"productId":"c"`), "f:1: dependencies[0].productId: is there twice"},
	} {
		if in, err := parseOrder("f", []byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%.80q: %v %v\nwant %s", c.text, in, err, c.want)
		}
	}
}

func TestParseOrder(t *testing.T) {
	in, err := parseOrder("f", []byte("\ufeff"+`{"dependencies":[
		{"productId":"a","productAction":"setup","requiredProductId":"b","requiredAction":null,"requiredInstallationStatus":"installed","requirementType":"after"},
		{"productId":"b","productAction":"custom","requiredProductId":"c","requiredAction":"setup","requiredInstallationStatus":"","requirementType":null}],
		"products":[{"priority":-0,"id":"a"},{"id":"b","priority":1e2},{"id":"c","priority":-99999999999999999999}]}`))
	if err != nil {
		t.Fatal(err)
	}
	wantProducts := []ordering.Product{{ID: "a"}, {ID: "b", Priority: 100}, {ID: "c", Priority: -100}}
	wantDeps := []ordering.Dependency{
		{ProductID: "a", ProductAction: "setup", RequiredProductID: "b", RequiredInstallationStatus: "installed", RequirementType: "after"},
		{ProductID: "b", ProductAction: "custom", RequiredProductID: "c", RequiredAction: "setup"}}
	if fmt.Sprint(in.products) != fmt.Sprint(wantProducts) || fmt.Sprint(in.dependencies) != fmt.Sprint(wantDeps) {
		t.Errorf("%+v\n%+v", in.products, in.dependencies)
	}
	if len(in.warnings) != 1 || in.warnings[0].Code != "priority_clipped" || in.place(1) != "f:3, dependencies[1]" {
		t.Errorf("%+v %s", in.warnings, in.place(1))
	}
}

// TestOrderInputIsBounded: too much is refused, and not all of it read.
func TestOrderInputIsBounded(t *testing.T) {
	var out, errs bytes.Buffer
	endless := &spaces{}
	o := Outside{In: endless, Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	if code := Run(context.Background(), o, []string{"order", "--input", "-"}); code != exitInvalid || out.Len() > 0 {
		t.Errorf("exit %d, %s", code, out.String())
	}
	if !strings.Contains(errs.String(), "standard input is larger than 16 MB") || endless.read > maxOrderInput+1<<20 {
		t.Errorf("read %d bytes: %s", endless.read, errs.String())
	}
	// As many unknown members as fit: their names are not all kept, nor all shown.
	var b strings.Builder
	b.WriteString(`{"products":[]`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `,"k%d":[[0]]`, i)
	}
	b.WriteString("}")
	in, err := parseOrder("f", []byte(b.String()))
	if err != nil || len(in.unknown) != 20 {
		t.Errorf("%v", err)
	}
}

// spaces is an input without end.
type spaces struct{ read int }

func (s *spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	s.read += len(b)
	return len(b), nil
}

// TestOrderReadFails: an input that breaks off is an error, not a shorter input.
func TestOrderReadFails(t *testing.T) {
	var out, errs bytes.Buffer
	in := io.MultiReader(strings.NewReader(`{"products":[]}`), broken{})
	o := Outside{In: in, Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	if code := Run(context.Background(), o, []string{"order", "--input", "-"}); code != exitInvalid || out.Len() > 0 || !strings.Contains(errs.String(), "the line is cut") {
		t.Errorf("exit %d, %s, %s", code, out.String(), errs.String())
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line is cut") }

// FuzzParseOrder: whatever is read is checked, and what is refused says where.
func FuzzParseOrder(f *testing.F) {
	f.Add([]byte(`{"products":[{"id":"a","priority":5},{"id":"b"}],"dependencies":[{"productId":"a","productAction":"setup","requiredProductId":"b","requiredAction":"setup","requirementType":"before"}]}`))
	f.Add([]byte(`{"products":[{"id":"a","priority":1e999}],"x":[{}],"dependencies":null}`))
	f.Add([]byte("\ufeff{\n\"products\" : [ {\"id\":\"\\u0000\"} ] }"))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := parseOrder("f", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("no place: %v", err)
			}
			return
		}
		for _, p := range in.products {
			if productid.Check(p.ID) != nil || ordering.Clip(p.Priority) != p.Priority {
				t.Fatalf("%+v", p)
			}
		}
		for i, d := range in.dependencies {
			if productid.Check(d.ProductID) != nil || productid.Check(d.RequiredProductID) != nil || d.ProductAction == "" || in.place(i) == "" {
				t.Fatalf("%+v", d)
			}
		}
		var cycle *ordering.CycleError
		if _, err := ordering.Sequence(ordering.DependencyFirst, in.products, ordering.Pairs(in.dependencies)); err != nil && !errors.As(err, &cycle) {
			t.Fatal(err)
		}
	})
}
