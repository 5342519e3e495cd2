// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
)

//go:embed active.*.toml
var files embed.FS

// Languages are the languages there are texts in; the first is the last resort.
func Languages() []string { return []string{"en", "de"} }

// Data fills the places of a sentence.
type Data map[string]any

// Localizer finds texts in one language. It may be used by many goroutines.
type Localizer struct {
	texts *goi18n.Localizer
	lang  string
}

// New returns the texts in the first of the wanted languages that there is:
// "de-AT" is served by de. Without any it is English. The error can only be a
// damaged build.
func New(wanted ...string) (*Localizer, error) {
	bundle, err := Bundle(files)
	if err != nil {
		return nil, err
	}
	lang := choose(wanted)
	return &Localizer{texts: goi18n.NewLocalizer(bundle, lang), lang: lang}, nil
}

// Bundle reads texts in all languages, active.en.toml and so on, the first being
// the one that serves where another has none.
func Bundle(files fs.ReadFileFS) (*goi18n.Bundle, error) {
	var bundle *goi18n.Bundle
	read := map[string]goi18n.UnmarshalFunc{"toml": toml.Unmarshal}
	for _, lang := range Languages() {
		name := "active." + lang + ".toml"
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read the texts in %q: %w", lang, err)
		}
		f, err := goi18n.ParseMessageFileBytes(text, name, read)
		if err != nil {
			return nil, fmt.Errorf("cannot read the texts in %q: %w", lang, err)
		}
		if bundle == nil {
			bundle = goi18n.NewBundle(f.Tag)
		}
		if err := bundle.AddMessages(f.Tag, f.Messages...); err != nil {
			return nil, fmt.Errorf("cannot use the texts in %q: %w", lang, err)
		}
	}
	return bundle, nil
}

// choose finds the first wanted language that there are texts in; its region
// ("de-AT") does not matter.
func choose(wanted []string) string {
	for _, w := range wanted {
		base, _, _ := strings.Cut(strings.ToLower(w), "-")
		if slices.Contains(Languages(), base) {
			return base
		}
	}
	return Languages()[0]
}

// Language is the language of the texts: "en" or "de".
func (l *Localizer) Language() string { return l.lang }

// Text returns the text of a key. A key without a text comes back in brackets;
// a test makes sure that no key in use is one.
func (l *Localizer) Text(key string, d Data) string {
	return l.localize(key, &goi18n.LocalizeConfig{MessageID: key, TemplateData: d})
}

// Count returns the text of a key in the form that n of something take.
func (l *Localizer) Count(key string, n int, d Data) string {
	all := Data{"PluralCount": n}
	for k, v := range d {
		all[k] = v
	}
	return l.localize(key, &goi18n.LocalizeConfig{MessageID: key, TemplateData: all, PluralCount: n})
}

func (l *Localizer) localize(key string, c *goi18n.LocalizeConfig) string {
	s, err := l.texts.Localize(c)
	if err != nil {
		return "[" + key + "]"
	}
	return s
}

// has reports whether a key has a text.
func (l *Localizer) has(key string) bool {
	s, err := l.texts.Localize(&goi18n.LocalizeConfig{MessageID: key})
	return err == nil && s != ""
}
