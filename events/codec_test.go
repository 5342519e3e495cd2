// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the first form of types that have none yet; existing forms are never rewritten")

// TestNamesOnDisk: every type has a written name of its own, and the first form
// of each is kept for ever and still decodes.
func TestNamesOnDisk(t *testing.T) {
	c := NewCodec()
	seen := map[string]bool{}
	check := func(kind string, m Message, err error, decode func(Message) error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		name := kind + "-" + m.Type
		if m.Type == "" || m.V < 1 || seen[name] {
			t.Errorf("%s: no written name, or not its own", name)
		}
		seen[name] = true
		file := filepath.Join("testdata", "v1", name+".json")
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) && *update {
			err = os.WriteFile(file, append(text, '\n'), 0o644)
			kept = text
		}
		if err != nil {
			t.Fatalf("%v (run with -update for a new type)", err)
		}
		var old Message
		if err := json.Unmarshal(kept, &old); err != nil {
			t.Fatal(err)
		}
		if err := decode(old); err != nil {
			t.Errorf("%s: its first form does not decode any more: %v", name, err)
		}
	}
	for _, in := range Inputs() {
		m, err := EncodeInput(in)
		check("input", m, err, func(m Message) error { _, err := c.Input(m); return err })
	}
	for _, e := range Events() {
		m, err := EncodeEvent(e)
		check("event", m, err, func(m Message) error { _, err := c.Event(m); return err })
	}
	files, _ := filepath.Glob("testdata/v1/*.json")
	if len(files) != len(seen) {
		t.Errorf("%d kept forms for %d types: a type was removed or renamed", len(files), len(seen))
	}
}

func TestUnknownType(t *testing.T) {
	c := NewCodec()
	for _, m := range []Message{{Type: "nonsense", V: 1}, {Type: "deferred", V: 2}, {Type: "deferred", V: 0}} {
		if _, err := c.Event(m); !errors.Is(err, ErrUnknownType) {
			t.Errorf("%v: %v", m, err)
		}
	}
}

// TestUpcast: an older version is brought up step by step.
func TestUpcast(t *testing.T) {
	c := NewCodec()
	d := c.events["deferred"]
	d.v = 3
	c.events["deferred"] = d
	rename := func(from, to string) Upcast {
		return func(b json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(strings.ReplaceAll(string(b), from, to)), nil
		}
	}
	c.upcasts[upcastKey{"deferred", 1}] = rename(`"id"`, `"name"`)
	c.upcasts[upcastKey{"deferred", 2}] = rename(`"name"`, `"product"`)
	e, err := c.Event(Message{Type: "deferred", V: 1, Data: json.RawMessage(`{"id":"firefox"}`)})
	if err != nil || e.About() != "firefox" {
		t.Fatalf("%v %v", e, err)
	}
	delete(c.upcasts, upcastKey{"deferred", 2})
	if _, err := c.Event(Message{Type: "deferred", V: 1, Data: json.RawMessage(`{}`)}); !errors.Is(err, ErrUnknownType) {
		t.Errorf("a gap between versions must not be guessed: %v", err)
	}
}

func testRecord(t testing.TB) Record {
	t.Helper()
	in, parts := Seal(ChecksObserved{Seen: Observation{
		Programs: []Process{
			{ProcessID: ProcessID{PID: 1, Start: 2}, Name: "a", Path: Secret(`/home/anna/"<b>&`)},
			{ProcessID: ProcessID{PID: 3, Start: 4}, Name: "b", Path: Plain("/opt/b")}},
		Sessions: []Session{{ID: "c2", User: Secret("anna")}, {ID: "c3", User: Secret("anna")}},
	}}, 7, func() string { return "salt" })
	m, err := EncodeInput(in)
	if err != nil {
		t.Fatal(err)
	}
	return Record{V: Format, Seq: 7, Products: []string{"a"}, At: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
		Boot: "b", BootMS: 5, Actor: "uid:1000", Build: "dev", Rules: 1, Input: m, Prev: "aa", Private: parts}
}

func TestRecord(t *testing.T) {
	r := testRecord(t)
	line, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Private) != 2 {
		t.Errorf("one part per private value: %v", r.Private)
	}
	if i, j := strings.Index(string(line), `,"private":{`), strings.Index(string(line), `,"sum":"`); i < 0 || j < i || strings.Contains(string(line[:i]), "anna") {
		t.Errorf("private and sum are the last members, and no value is in the body: %s", line)
	}
	got, err := DecodeRecord(line)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, r) && got.Sum != r.Sum {
		t.Errorf("got %+v\nwant %+v", got, r)
	}
	if err := got.Follows(6, "aa"); err != nil {
		t.Error(err)
	}
	for _, bad := range []struct {
		seq uint64
		sum string
	}{{5, "aa"}, {7, "aa"}, {6, "ab"}} {
		if err := got.Follows(bad.seq, bad.sum); !errors.Is(err, ErrChain) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	short, err := Redact(line)
	if err != nil || strings.Contains(string(short), "anna") {
		t.Fatalf("%s %v", short, err)
	}
	bare, err := DecodeRecord(short)
	if err != nil || bare.Sum != r.Sum || len(bare.Private) != 0 {
		t.Errorf("a redacted line still verifies: %v", err)
	}
	again, _ := Redact(short)
	if string(again) != string(short) {
		t.Error("redacting twice changes nothing more")
	}
}

// TestEveryByteCounts: no byte of a line can be changed unnoticed.
func TestEveryByteCounts(t *testing.T) {
	r := testRecord(t)
	line, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range line {
		for _, x := range []byte{1, 32, 128} {
			bad := slices.Clone(line)
			bad[i] ^= x
			if got, err := DecodeRecord(bad); err == nil {
				t.Fatalf("byte %d (%q) changed to %q unnoticed: %+v", i, line[i], bad[i], got)
			}
		}
	}
}

func TestUnsealedIsAnError(t *testing.T) {
	_, err := EncodeInput(TimeCame{Seen: Observation{Sessions: []Session{{User: Secret("anna")}}}})
	if err == nil || !errors.Is(err, errUnsealed) {
		t.Errorf("a private value must not reach the disk unsealed: %v", err)
	}
}

func TestReveal(t *testing.T) {
	in, parts := Seal(TimeCame{Seen: Observation{Sessions: []Session{{User: Secret("anna")}}}}, 3, func() string { return "s" })
	u := in.(TimeCame).Seen.Sessions[0].User
	if v, ok := u.Reveal(parts); !ok || v != "anna" || u.String() == "anna" {
		t.Errorf("%q %v", v, ok)
	}
	if _, ok := u.Reveal(nil); ok {
		t.Error("without its part a value is not at hand")
	}
	if !parts[u.Ref()].Proves(u) || (Part{Salt: "s", Value: "bert"}).Proves(u) {
		t.Error("a part proves its own text only")
	}
	if r := u.Revealed(parts); r.String() != "anna" || !r.IsSecret() {
		t.Error("a revealed text stays private")
	}
}

// TestTextRoundTrip: whatever a text holds comes back, public or sealed.
func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		var back Text
		b, err := json.Marshal(Plain(s))
		if err != nil || json.Unmarshal(b, &back) != nil {
			t.Fatal(err)
		}
		if back.String() != strings.ToValidUTF8(s, "\ufffd") {
			t.Fatalf("%q became %q", s, back)
		}
	})
}

// TestTextsOfAnyBytes: a file name is any bytes, and whoever runs a program may
// choose them. What is private of it must fit its digest when it is read back,
// and a log that is decided again must be equal to itself.
func TestTextsOfAnyBytes(t *testing.T) {
	const path = "/home/anna/\xff\xfe\\ufffd\\\xffb/\ufffd"
	in, parts := Seal(ChecksObserved{Seen: Observation{Programs: []Process{{Name: "\xff\\ufffd", Path: Secret(path)}}}}, 1, func() string { return "s" })
	m, err := EncodeInput(in)
	if err != nil {
		t.Fatal(err)
	}
	e := CloseAgreed{Product: "p", Targets: in.(ChecksObserved).Seen.Programs}
	did, err := EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	r := Record{V: Format, Seq: 1, Input: m, Events: []Message{did}, Private: parts}
	line, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeRecord(line)
	if err != nil {
		t.Fatalf("what was written is not read: %v\n%s", err, line)
	}
	c := NewCodec()
	s, err := c.Open(back)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := EncodeInput(s.In); err != nil || string(again.Data) != string(m.Data) {
		t.Errorf("the input\n%s\nis written again as\n%s, %v", m.Data, again.Data, err)
	}
	if !NewComparer().Same(s.Did[0], did) || !NewComparer().Same(e, did) {
		t.Errorf("the event decided again is not the one that was recorded: %s", did.Data)
	}
	got, ok := s.In.(ChecksObserved).Seen.Programs[0].Path.Reveal(back.Private)
	if want := "/home/anna/\ufffd\ufffd\\ufffd\\\ufffdb/\ufffd"; !ok || got != want || Secret(path).String() != want {
		t.Errorf("the path is %q, want %q", got, want)
	}
}

func TestTokens(t *testing.T) {
	for _, id := range []string{"firefox", "a.b", "a.1.2"} {
		if got, ok := ProductOfToken(Token("0123", id, 3, 2)); !ok || got != id {
			t.Errorf("%s: %s %v", id, got, ok)
		}
		if got, run, n, ok := SplitToken("0123", Token("0123", id, 3, 2)); !ok || got != id || run != 3 || n != 2 {
			t.Errorf("%s: %s %d %d %v", id, got, run, n, ok)
		}
		if _, _, _, ok := SplitToken("4567", Token("0123", id, 3, 2)); ok {
			t.Errorf("%s: another store's", id)
		}
	}
	if _, ok := ProductOfToken("a.b"); ok {
		t.Error("a token has four parts")
	}
}

// FuzzDecodeRecord: a line that decodes has one spelling, is redacted without its
// private texts and still decodes, and what can be opened can be written again.
func FuzzDecodeRecord(f *testing.F) {
	r := testRecord(f)
	line, _ := r.Encode()
	f.Add(line)
	f.Add([]byte(`{"v":1,"sum":"` + strings.Repeat("0", 64) + `"}`))
	f.Add([]byte(strings.Repeat(`{"v":`, 12_000)))
	c := NewCodec()
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err != nil {
			return
		}
		again := r
		if line, err := again.Encode(); err != nil || !bytes.Equal(line, b) {
			t.Fatalf("%s\nis written again as\n%s, %v", b, line, err)
		}
		open, err := Redact(b)
		if err != nil {
			t.Fatal("a line that decodes can be redacted")
		}
		if bare, err := DecodeRecord(open); err != nil || bare.Private != nil || bare.Sum != r.Sum {
			t.Fatalf("redacted to %s: %v", open, err)
		}
		for _, m := range append([]Message{r.Input}, r.Events...) {
			if !json.Valid(m.Data) {
				t.Fatalf("%s is no JSON", m.Data)
			}
		}
		s, err := c.Open(r)
		if err != nil {
			return
		}
		if _, err := EncodeInput(s.In); err != nil {
			t.Fatal(err)
		}
		for _, e := range s.Did {
			if _, err := EncodeEvent(e); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzRecord signs what it is given, so that what is fuzzed lies behind the sum:
// whoever can write as root can do the same.
func FuzzRecord(f *testing.F) {
	r := testRecord(f)
	f.Add(r.Seq, r.Products[0], r.Actor, r.Input.Type, []byte(r.Input.Data), "p1", "anna")
	f.Add(uint64(1)<<63, "\n", "\x1b[31m", `"`, []byte(`{"a":[1,{"v":1,"seq":2,"sum":"x"}]}`), `p"`, "\xff")
	f.Add(uint64(0), "", "", "", []byte(strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)), "", "")
	f.Fuzz(func(t *testing.T, seq uint64, product, actor, input string, data []byte, key, value string) {
		r := Record{V: Format, Seq: seq, Products: []string{product}, At: time.Unix(int64(seq%1e9), 0).UTC(), Actor: actor,
			Input: Message{Type: input, V: 1, Data: data}}
		if value != "" {
			r.Private = map[string]Part{readable(key): {Salt: "s", Value: readable(value)}} // as Seal makes them
		}
		line, err := r.Encode()
		if err != nil {
			return // not JSON: cannot stand in a record
		}
		if bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("a record is one line: %q", line)
		}
		back, err := DecodeRecord(line)
		if r.Private != nil && errors.Is(err, ErrPrivate) {
			return // nothing in the record refers to the private part
		}
		if err != nil && (!json.Valid(data) || bytes.ContainsAny(data, " \t") || deep(data)) {
			return
		}
		if err != nil || back.Seq != seq || back.Sum != r.Sum {
			t.Fatalf("%s\nreads as %+v, %v", line, back, err)
		}
	})
}

// deep: nested near the limit, which counts the record around the data too.
func deep(data []byte) bool {
	return bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > deepest-10
}
