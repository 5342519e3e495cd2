// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestScanRoundTrip: whatever Encode writes comes back as encoding/json reads it.
func TestScanRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"`, `\`, "<&>", "\u2028", "\xff", "ä"}))
		message := func() Message {
			data, err := json.Marshal(rapid.SliceOf(rapid.MapOf(word, rapid.Float64())).Draw(t, "data"))
			if err != nil {
				t.Fatal(err)
			}
			return Message{Type: word.Draw(t, "type"), V: rapid.IntRange(-1, 3).Draw(t, "v"), Data: data}
		}
		r := Record{V: Format, Seq: rapid.Uint64().Draw(t, "seq"), Products: rapid.SliceOf(word).Draw(t, "products"),
			At:   time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC(),
			Boot: word.Draw(t, "boot"), BootMS: rapid.Int64().Draw(t, "ms"), Actor: word.Draw(t, "actor"),
			Build: word.Draw(t, "build"), Rules: rapid.Int().Draw(t, "rules"), Input: message(), Prev: word.Draw(t, "prev")}
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			r.Events = append(r.Events, message())
		}
		line, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeRecord(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		var want Record
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		want.Sum = r.Sum
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		slices.Reverse(line) // the record keeps nothing of the line
		if !reflect.DeepEqual(got, want) {
			t.Fatal("the record changes with the line it was read from")
		}
	})
}

// TestPrivateSpelling: private values stand in one spelling only, since no sum
// reaches them.
func TestPrivateSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"`, `\`, "<&>", "\u2028", "\x7f", "ä"}))
		parts := rapid.MapOfN(word, rapid.Custom(func(t *rapid.T) Part {
			return Part{Salt: word.Draw(t, "salt"), Value: word.Draw(t, "value")}
		}), 1, 4).Draw(t, "parts")
		text, err := marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		s := scan{text: text}
		got := s.parts()
		if s.end(); s.err != nil || !maps.Equal(got, parts) {
			t.Fatalf("%s: %v, got %v", text, s.err, got)
		}
	})
	for _, text := range []string{`{}`, `{"a":{"salt":"s","value":"v"},"a":{"salt":"s","value":"v"}}`,
		`{"b":{"salt":"s","value":"v"},"a":{"salt":"s","value":"v"}}`, `{"a":{"value":"v","salt":"s"}}`,
		`{"a":{"salt":"s","value":"\u0076"}}`, `{"a":{"salt":"s","value":"\u003c"}}`, `{"a":{"salt":"s","value":"\/"}}`,
		`{"a":{"Salt":"s","value":"v"}}`, `{"a":{"salt":"s","value":"v"}} `, `{"a":{"salt":"s","value":"v","x":1}}`,
		"{\"a\":{\"salt\":\"s\",\"value\":\"\xff\"}}", "{\"a\":{\"salt\":\"s\",\"value\":\"\u2028\"}}", `null`, `{"a":null}`, ``} {
		s := scan{text: []byte(text)}
		s.parts()
		if s.end(); !errors.Is(s.err, ErrNotARecord) {
			t.Errorf("%s: %v", text, s.err)
		}
	}
}

// TestTextSpelling: the short ways of writing a text give what encoding/json gives.
func TestTextSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`), rapid.StringMatching(`p[0-9]+\.[0-9]`))
		plain, ref, digest := word.Draw(t, "plain"), "p"+word.Draw(t, "ref"), word.Draw(t, "digest")
		for text, want := range map[Text]any{Plain(plain): plain, {ref: ref, digest: digest}: json.RawMessage(must(json.Marshal(sealedText{ref, digest})))} {
			if got := must(marshal(text)); !bytes.Equal(got, must(marshal(want))) {
				t.Fatalf("%q is written as %s", want, got)
			}
		}
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// FuzzSkipValue: the scan and encoding/json agree on what JSON without spaces is.
func FuzzSkipValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e+3,"x\u00e4\n",true,false,null,{},[]]}`, `{"a":1,}`, `[01]`, `[1.]`, `"\u12g4"`, `-`, `{1:2}`,
		`"\`, `[1e]`, `tru`, `{"a"}`, `[[`, strings.Repeat("[", 20_000)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var compact bytes.Buffer
		want := json.Compact(&compact, b) == nil && bytes.Equal(compact.Bytes(), b)
		if got := skipValue(b, 0, 0) == len(b) && len(b) > 0; got != want && !bytes.Contains(b, bytes.Repeat([]byte{'['}, 100)) {
			t.Errorf("%q: %v, encoding/json says %v", b, got, want)
		}
	})
}

// TestNotAsWritten: the members of a record stand in one order, and another
// format is told from a broken line.
func TestNotAsWritten(t *testing.T) {
	const good = `{"v":1,"seq":1,"products":[],"at":"2026-01-02T03:04:05Z","boot":"b","boot_ms":5,"actor":"a","build":"x","rules":1,` +
		`"input":{"type":"t","v":1,"data":{}},"events":[],"prev":""}`
	if _, err := scanBody([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{`"v":1,"seq":1`, `"seq":1,"v":1`}, {`"seq":1`, `"seq":-1`}, {`"seq":1`, `"seq":1.0`},
		{`"seq":1`, `"seq":18446744073709551616`}, {`[]`, `[1]`}, {`[]`, `["a",]`}, {`05Z`, `05`}, {`"2026-01-02T03:04:05Z"`, `0`},
		{`"boot":"b"`, `"Boot":"b"`}, {`"boot":"b"`, `"boot": "b"`}, {`"boot":"b"`, `"boot":null`}, {`{}`, `{`}, {`{}`, `{"a":1,}`},
		{`"prev":""`, `"prev":"","x":1`}, {`"prev":""`, ``}, {`""}`, `""}}`}} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s is not there", change[0])
		}
		if _, err := scanBody([]byte(bad)); !errors.Is(err, ErrNotARecord) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := scanBody([]byte(`{"v":2,"new":true}`)); !errors.Is(err, ErrUnknownType) {
		t.Errorf("another format: %v", err)
	}
}
