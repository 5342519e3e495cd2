// SPDX-License-Identifier: Apache-2.0

package events

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Text is a string that may be private. The zero Text is the empty public
// string. A secret Text cannot be encoded before Seal has replaced it with a
// reference: forgetting to seal is an error, never a leak.
type Text struct {
	plain  string
	secret bool   // plain holds a private value that is not sealed yet
	ref    string // key of the private part that holds the value, "p<seq>.<n>"
	digest string // lower hex SHA-256 over salt and value
}

// Plain returns a public text. Bytes of s that are not UTF-8 become U+FFFD, as
// they would in the log: what is decided on is what can be read back.
func Plain(s string) Text { return Text{plain: readable(s)} }

// Secret returns a private text: a user's name, a path below a home. It is made
// UTF-8 as Plain does it, else its digest would be of another text than the one
// that is written. File names are any bytes, and anybody may choose them.
func Secret(s string) Text { return Text{plain: readable(s), secret: true} }

// readable puts U+FFFD in the place of each byte that is not UTF-8.
func readable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// String returns the value if it is at hand, else the reference in brackets.
func (t Text) String() string {
	if t.ref != "" {
		return "[" + t.ref + "]"
	}
	return t.plain
}

// Ref returns the key of the private part that holds the value, or "".
func (t Text) Ref() string { return t.ref }

// Digest returns the salted digest of a sealed text, or "".
func (t Text) Digest() string { return t.digest }

// IsZero reports whether the text is the empty public string.
func (t Text) IsZero() bool { return t == Text{} }

// IsSecret reports whether the text holds a private value, sealed or not.
func (t Text) IsSecret() bool { return t.secret || t.ref != "" }

// Reveal returns the value, looked up among the private parts if it is sealed.
// The second result is false when the part is not at hand (an export has none).
func (t Text) Reveal(parts map[string]Part) (string, bool) {
	if t.ref == "" {
		return t.plain, true
	}
	p, ok := parts[t.ref]
	if !ok {
		return "", false
	}
	return p.Value, true
}

// Revealed returns the text with its value in the open, for a worker that must
// act on it; without its part it stays a reference.
func (t Text) Revealed(parts map[string]Part) Text {
	if v, ok := t.Reveal(parts); ok {
		return Text{plain: v, secret: t.IsSecret()}
	}
	return t
}

type sealedText struct {
	Ref    string `json:"ref"`
	Digest string `json:"digest"`
}

var errUnsealed = errors.New("cannot encode a private text that was not sealed")

// MarshalJSON writes a public text as a string and a sealed one as its reference.
func (t Text) MarshalJSON() ([]byte, error) {
	switch {
	case t.secret:
		return nil, errUnsealed
	case t.ref != "" && isName(t.ref) && isName(t.digest): // as Seal makes them
		return []byte(`{"ref":"` + t.ref + `","digest":"` + t.digest + `"}`), nil
	case t.ref != "":
		return json.Marshal(sealedText{t.ref, t.digest})
	case isPlain(t.plain):
		return []byte(`"` + t.plain + `"`), nil
	}
	return marshal(t.plain)
}

// isName: letters, digits and dots are written as they are, whoever writes them.
func isName(s string) bool {
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '.') {
			return false
		}
	}
	return true
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var s sealedText
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		if s.Ref == "" || len(s.Digest) != 2*sha256.Size {
			return fmt.Errorf("cannot read a private text without reference and digest")
		}
		*t = Text{ref: s.Ref, digest: s.Digest}
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Text{plain: s}
	return nil
}

// Part is one private value of a record, with the salt of its digest.
type Part struct {
	Salt  string `json:"salt"`
	Value string `json:"value"`
}

// Digest is what the record's body holds in place of the value.
func (p Part) Digest() string {
	h := sha256.New()
	h.Write([]byte(p.Salt))
	h.Write([]byte{0})
	h.Write([]byte(p.Value))
	return hex.EncodeToString(h.Sum(nil))
}

// Proves reports whether the part is the one whose digest the text carries.
func (p Part) Proves(t Text) bool {
	return subtle.ConstantTimeCompare([]byte(p.Digest()), []byte(t.digest)) == 1
}

// textHolder is an input that may carry private texts.
type textHolder interface {
	mapTexts(f func(Text) Text) Input
}

// Seal replaces every secret of the input by a reference to a private part of
// the record with the given sequence number and returns these parts. salt
// returns a fresh random salt at each call. An input without secrets comes back
// unchanged with no parts.
func Seal(in Input, seq uint64, salt func() string) (Input, map[string]Part) {
	h, ok := in.(textHolder)
	if !ok {
		return in, nil
	}
	var parts map[string]Part
	known := map[string]Text{} // one part per value: a user name repeats in every session and program
	out := h.mapTexts(func(t Text) Text {
		if !t.secret {
			return t
		}
		if s, ok := known[t.plain]; ok {
			return s
		}
		if parts == nil {
			parts = map[string]Part{}
		}
		key := "p" + strconv.FormatUint(seq, 10) + "." + strconv.Itoa(len(parts)+1)
		p := Part{Salt: salt(), Value: t.plain}
		parts[key] = p
		s := Text{ref: key, digest: p.Digest()}
		known[t.plain] = s
		return s
	})
	return out, parts
}
