// SPDX-License-Identifier: Apache-2.0

package words

import (
	"embed"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/quietsetup/quietsetup/internal/i18n"
)

//go:embed active.*.toml
var files embed.FS

// limit is how much of a foreign text stands in a sentence, in characters.
const limit = 300

// Words finds the sentences in one language.
type Words struct {
	texts  *goi18n.Localizer
	shared *i18n.Localizer
	zone   *time.Location
}

// New returns the words in the first of the wanted languages that there is, and
// English without any. Times are told in the zone given.
func New(zone *time.Location, wanted ...string) (*Words, error) {
	shared, err := i18n.New(wanted...)
	if err != nil {
		return nil, err
	}
	bundle, err := i18n.Bundle(files)
	if err != nil {
		return nil, err
	}
	return &Words{texts: goi18n.NewLocalizer(bundle, shared.Language()), shared: shared, zone: zone}, nil
}

// Language is "en" or "de".
func (w *Words) Language() string { return w.shared.Language() }

// Text returns the sentence of a key, its places filled with cleaned values. A
// key without a sentence comes back in brackets; a test makes sure that none does.
func (w *Words) Text(key string, d i18n.Data) string {
	clean := i18n.Data{}
	for k, v := range d {
		if s, ok := v.(string); ok {
			v = i18n.Clean(s, limit)
		}
		clean[k] = v
	}
	s, err := w.texts.Localize(&goi18n.LocalizeConfig{MessageID: key, TemplateData: clean})
	if err != nil {
		return "[" + key + "]"
	}
	return s
}

// Phase, Outcome and Reason are the shared words of the core.
func (w *Words) Phase(s string) string   { return w.shared.Phase(s) }
func (w *Words) Outcome(s string) string { return w.shared.Outcome(s) }

// Reason says why a product waits, also for the reasons that only a reader has.
func (w *Words) Reason(s string) string {
	if t := w.Text("state."+s, nil); t != "[state."+s+"]" {
		return t
	}
	return w.shared.Reason(s)
}

// Time is a moment, exact and sortable.
func (w *Words) Time(t time.Time) string { return t.In(w.zone).Format("2006-01-02 15:04:05") }

// Clean makes foreign text fit for a terminal.
func Clean(s string) string { return i18n.Clean(s, limit) }
