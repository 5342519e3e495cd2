// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"strings"
	"unicode/utf8"
)

// ItemKind says what an Item is.
type ItemKind int

// The kinds of an Item.
const (
	ItemBlank   ItemKind = iota // a line with nothing on it
	ItemComment                 // a line with a comment alone
	ItemTable                   // [a.b]
	ItemElement                 // [[a.b]]
	ItemKey                     // a.b = value, over as many lines as the value takes
)

// Item is one thing of a text as it was written, for those who judge or rewrite
// the text and not its values.
type Item struct {
	Kind    ItemKind
	Line    int      // its first
	Table   string   // whole key of the table that it stands in or, for a table, its own
	Parts   []string // of the table's name or the key
	Raw     string   // the comment, "[a.b]", or the key before its "="
	Value   []Token  // of a key, whatever blanks and comments are in it included
	Comment string   // behind it on its last line, with its "#"; "" = none
}

// TokenKind says what a Token is.
type TokenKind int

// The kinds of a Token.
const (
	TokenWord    TokenKind = iota // a number, date, true or false, or a bare key
	TokenBasic                    // "…", with escapes
	TokenLiteral                  // '…', without
	TokenLong                     // a string between three quotes
	TokenMark                     // one of [ ] { } , =
	TokenComment
	TokenSpace // blanks and line ends
)

// Token is a stretch of a value. All of them together are the value's text.
type Token struct {
	Kind   TokenKind
	Text   string
	Line   int
	Column int // in characters, from 1
}

// String is what a string token says, and whether it is one that says anything.
func (t Token) String() (string, bool) {
	switch t.Kind {
	case TokenBasic, TokenLiteral, TokenLong:
	default:
		return "", false
	}
	values := map[string]any{}
	if err := decode("x = "+t.Text, &values); err != nil {
		return "", false
	}
	s, ok := values["x"].(string)
	return s, ok
}

// Items takes a text apart. Only a text that Parse reads should be given; the
// error is a Mistake.
func Items(file string, text []byte) ([]Item, error) {
	w := &walker{file: file, text: strings.TrimPrefix(string(text), byteOrderMark), line: 1, lines: map[string]int{}, tables: map[string]int{}}
	var out []Item
	within := ""
	for {
		w.spaces()
		if w.pos >= len(w.text) {
			return out, nil
		}
		item := Item{Line: w.line, Table: within}
		start := w.pos
		var err error
		switch c := w.peek(); {
		case c == '\n' || c == '\r':
			item.Kind = ItemBlank
		case c == '#':
			item.Kind, item.Raw = ItemComment, w.comment()
		case c == '[':
			item.Kind = ItemTable
			if strings.HasPrefix(w.text[w.pos:], "[[") {
				item.Kind = ItemElement
			}
			within, err = w.header()
			item.Table, item.Raw = within, w.text[start:w.pos]
			item.Parts = nameParts(item.Raw)
		default:
			err = w.item(&item)
		}
		if err != nil {
			return nil, err
		}
		w.spaces()
		if w.peek() == '#' {
			item.Comment = w.comment()
		}
		if w.peek() == '\r' {
			w.pos++
		}
		if c := w.peek(); w.pos < len(w.text) && c != '\n' {
			return nil, w.wrong(within, "expected the end of the line, found %q", c)
		}
		w.pos = min(w.pos+1, len(w.text))
		w.line++
		out = append(out, item)
	}
}

// comment takes the rest of the line, without blanks at its end.
func (w *walker) comment() string {
	start := w.pos
	for w.pos < len(w.text) && w.text[w.pos] != '\n' {
		w.pos++
	}
	return strings.TrimRight(w.text[start:w.pos], " \t\r")
}

// nameParts are the parts of a header that has been read.
func nameParts(raw string) []string {
	w := &walker{text: strings.TrimLeft(raw, "["), lines: map[string]int{}}
	parts, err := w.key()
	if err != nil {
		return nil
	}
	return parts
}

// item reads a key with its value.
func (w *walker) item(item *Item) error {
	item.Kind = ItemKey
	start := w.pos
	parts, err := w.key()
	if err != nil {
		return err
	}
	item.Parts, item.Raw = parts, strings.TrimRight(w.text[start:w.pos], " \t")
	if w.peek() != '=' {
		return w.wrong(item.Table, "expected = after the key")
	}
	w.pos++
	w.spaces()
	from, line := w.pos, w.line
	if err := w.value(item.Table, len(parts)); err != nil {
		return err
	}
	// A bare value takes all up to a comment or line end; the blanks are not its.
	end := from + len(strings.TrimRight(w.text[from:w.pos], " \t"))
	column := utf8.RuneCountInString(w.text[strings.LastIndexByte(w.text[:from], '\n')+1:from]) + 1
	item.Value, err = tokens(w.text[from:end], line, column)
	return err
}

// tokens takes a value apart.
func tokens(text string, line, column int) ([]Token, error) {
	w := &walker{text: text, line: line}
	var out []Token
	for w.pos < len(text) {
		start, at := w.pos, w.line
		kind := TokenWord
		var err error
		switch c := text[w.pos]; {
		case strings.HasPrefix(text[w.pos:], `"""`), strings.HasPrefix(text[w.pos:], `'''`):
			kind, err = TokenLong, w.longString("", text[w.pos:w.pos+3])
		case c == '"':
			kind = TokenBasic
			_, err = w.shortString("")
		case c == '\'':
			kind = TokenLiteral
			_, err = w.shortString("")
		case strings.IndexByte("[]{},=", c) >= 0:
			kind = TokenMark
			w.pos++
		case c == '#':
			kind = TokenComment
			w.comment()
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			kind = TokenSpace
			for w.pos < len(text) && strings.IndexByte(" \t\r\n", text[w.pos]) >= 0 {
				if text[w.pos] == '\n' {
					w.line++
				}
				w.pos++
			}
		default:
			for w.pos < len(text) && strings.IndexByte("[]{},=# \t\r\n\"'", text[w.pos]) < 0 {
				w.pos++
			}
		}
		if err != nil {
			return nil, err
		}
		t := Token{Kind: kind, Text: text[start:w.pos], Line: at, Column: column}
		out = append(out, t)
		if i := strings.LastIndexByte(t.Text, '\n'); i >= 0 {
			column = 1 + utf8.RuneCountInString(t.Text[i+1:])
		} else {
			column += utf8.RuneCountInString(t.Text)
		}
	}
	return out, nil
}
